//! The rows that messages and jobs work with, and the records that they send to the meter.

use super::{
    error::StorageError,
    names::{DATACAP, DEAL, QUALITY_BYTES, RAW_BYTES, close_reason, fault_kind},
    params::StorageParams,
    rows::{ByClient, ByProvider, Deal, Provider, Totals},
    service::Storage,
};
use crate::context::Context;
use depin_economy::{
    AllowanceRecord, BondFate, Component, Components, Current, EscrowRecord, Fault, Money, PledgeRecord, Record, StreamOpen,
    StreamRecord, StreamRule, Subject,
};
use depin_quantity::{Address, Instant, Measured, Name, UnitId, Units};

impl<'a> Context<'a, Storage> {
    pub(super) const fn params(&self) -> &'a StorageParams {
        &self.service().params
    }

    pub(super) fn deal(&mut self, id: UnitId) -> Result<Deal, StorageError> {
        self.state().get::<Deal>(&id).ok_or(StorageError::UnknownDeal(id))
    }

    /// The deal, when `provider` is its provider.
    pub(super) fn deal_of_provider(&mut self, id: UnitId, provider: Address) -> Result<Deal, StorageError> {
        let deal = self.deal(id)?;
        if deal.provider == provider { Ok(deal) } else { Err(StorageError::NotYours { deal: id, owner: deal.provider }) }
    }

    /// The deal, when `client` is its client.
    pub(super) fn deal_of_client(&mut self, id: UnitId, client: Address) -> Result<Deal, StorageError> {
        let deal = self.deal(id)?;
        if deal.client == client { Ok(deal) } else { Err(StorageError::NotYours { deal: id, owner: deal.client }) }
    }

    pub(super) fn provider(&mut self, address: Address) -> Result<Provider, StorageError> {
        self.state().get::<Provider>(&address).ok_or(StorageError::UnknownProvider(address))
    }

    pub(super) fn put_deal(&mut self, id: UnitId, deal: &Deal) {
        self.state().put(&id, deal);
    }

    pub(super) fn list_deal(&mut self, id: UnitId, deal: &Deal) {
        self.state().put::<ByClient>(&(deal.client, id), &ByClient);
        self.state().put(&(deal.provider, id), &ByProvider::Waiting);
    }

    pub(super) fn unlist_deal(&mut self, id: UnitId, deal: &Deal) {
        self.state().delete::<ByClient>(&(deal.client, id));
        self.state().delete::<ByProvider>(&(deal.provider, id));
    }

    pub(super) fn totals(&mut self, change: impl FnOnce(&mut Totals)) {
        let mut totals = self.state().get::<Totals>(&()).unwrap_or_default();
        change(&mut totals);
        self.state().put(&(), &totals);
    }

    fn money(&self, amount: Units) -> Result<Money, StorageError> {
        let amount = self.params().to_meter(amount).map_err(depin_economy::Refusal::from)?;
        Ok(Money { currency: self.params().token, amount })
    }

    /// How much of a metric a deal's sector is.
    fn sector_in(&self, metric: Name, deal: &Deal) -> Component {
        sector_in(self.params(), metric, deal)
    }

    fn sector_of(id: UnitId, deal: &Deal) -> Subject {
        Subject::Unit { owner: deal.provider, unit: id }
    }

    fn send(&mut self, record: Record) -> Result<(), StorageError> {
        self.record(&record)?;
        Ok(())
    }

    // What the service says to the economy, one function a happening.

    pub(super) fn register_subject(&mut self, provider: Address) -> Result<(), StorageError> {
        let phase = self.params().epoch_of(self.now()) % self.params().proving_period;
        self.send(Record::Register(depin_economy::Register { subject: Subject::Party(provider), phase }))
    }

    /// Adds or removes a sector's power from its provider's current.
    pub(super) fn power(&mut self, provider: &mut Provider, deal: &Deal, on: bool) -> Result<(), StorageError> {
        let (raw, quality) = (u128::from(deal.size.get()), self.params().quality(deal.size, deal.verified));
        let change = |sum: &mut u128, by: u128| {
            *sum = if on { *sum + by } else { sum.checked_sub(by).expect("power is removed once per sector that has it") };
        };
        change(&mut provider.raw_bytes, raw);
        change(&mut provider.quality_bytes, quality);
        self.totals(|t| {
            change(&mut t.raw_bytes, raw);
            change(&mut t.quality_bytes, quality);
        });
        let rules = &self.params().rules;
        let metrics = [(rules.raw, RAW_BYTES, provider.raw_bytes), (rules.quality, QUALITY_BYTES, provider.quality_bytes)];
        let bound = metrics.into_iter().filter(|(bound, ..)| *bound);
        let components = bound.map(|(_, metric, sum)| Component { metric, quantity: Measured::new(sum) });
        let components = Components::new(components).expect("two metrics at most");
        self.send(Record::Current(Current { subject: Subject::Party(deal.provider), components }))
    }

    pub(super) fn escrow_deal(&mut self, id: UnitId, deal: &Deal) -> Result<(), StorageError> {
        let price = deal.price.times(deal.term.into()).map_err(depin_economy::Refusal::from)?;
        let deposit = self.money(price)?;
        self.send(Record::Escrow(EscrowRecord::Open { id, kind: DEAL, owner: deal.client, deposit }))?;
        if deal.verified {
            let amount = Measured::new(deal.size.get().into());
            let consume = AllowanceRecord::Consume { id, kind: DATACAP, party: deal.client, beneficiary: deal.provider, amount };
            self.send(Record::Allowance(consume))?;
        }
        Ok(())
    }

    /// The deal never began and no stream was opened: money and DataCap go back.
    pub(super) fn refund_proposal(&mut self, id: UnitId, deal: &Deal) -> Result<(), StorageError> {
        self.send(Record::Escrow(EscrowRecord::Close { id }))?;
        self.return_datacap(id, deal)
    }

    pub(super) fn return_datacap(&mut self, id: UnitId, deal: &Deal) -> Result<(), StorageError> {
        if !deal.verified {
            return Ok(());
        }
        self.send(Record::Allowance(AllowanceRecord::Return { id, kind: DATACAP }))
    }

    pub(super) fn commit_deal(&mut self, id: UnitId, deal: &Deal) -> Result<(), StorageError> {
        let basis = Component { metric: RAW_BYTES, quantity: Measured::new(deal.size.get().into()) };
        let open = StreamOpen {
            id,
            escrow: id,
            to: deal.provider,
            rate: self.money(deal.price)?,
            periods: deal.term,
            activate_by: deal.start_by,
            basis,
            bond: None,
        };
        self.send(Record::Stream(StreamRecord::Open(open)))?;
        let Some((kind, metric)) = self.params().rules.sector_pledge else { return Ok(()) };
        let (subject, basis) = (Self::sector_of(id, deal), self.sector_in(metric, deal));
        let until = deal.start_by.later(self.params().epochs(deal.term));
        self.send(Record::Pledge(PledgeRecord::Lock { subject, kind, basis, until }))
    }

    pub(super) fn start_stream(&mut self, id: UnitId) -> Result<(), StorageError> {
        self.send(Record::Stream(StreamRecord::Activate { id }))
    }

    pub(super) fn deposit(&mut self, id: UnitId, client: Address, amount: Units) -> Result<(), StorageError> {
        let deposit = self.money(amount)?;
        self.send(Record::Escrow(EscrowRecord::Deposit { id, from: client, deposit }))
    }

    pub(super) fn refund(&mut self, id: UnitId, amount: Units) -> Result<(), StorageError> {
        let amount = self.money(amount)?;
        self.send(Record::Escrow(EscrowRecord::Refund { id, amount }))
    }

    pub(super) fn extend_stream(&mut self, id: UnitId, deal: &Deal, periods: u64, until: Instant) -> Result<(), StorageError> {
        self.send(Record::Stream(StreamRecord::Extend { id, periods }))?;
        let Some((kind, metric)) = self.params().rules.sector_pledge else { return Ok(()) };
        let (subject, basis) = (Self::sector_of(id, deal), self.sector_in(metric, deal));
        self.send(Record::Pledge(PledgeRecord::Resize { subject, kind, basis, until }))
    }

    pub(super) fn settle_stream(&mut self, id: UnitId) -> Result<(), StorageError> {
        self.send(Record::Stream(StreamRecord::Settle { id }))
    }

    pub(super) fn close_stream(&mut self, id: UnitId, reason: Name) -> Result<(), StorageError> {
        let accrued_until = self.now();
        self.send(Record::Stream(StreamRecord::Close { id, reason, accrued_until }))
    }

    pub(super) fn release_sector(&mut self, id: UnitId, deal: &Deal) -> Result<(), StorageError> {
        let Some((kind, _)) = self.params().rules.sector_pledge else { return Ok(()) };
        self.send(Record::Pledge(PledgeRecord::Release { subject: Self::sector_of(id, deal), kind }))
    }

    pub(super) fn release_datacap(&mut self, id: UnitId, deal: &Deal) -> Result<(), StorageError> {
        if !deal.verified {
            return Ok(());
        }
        self.send(Record::Allowance(AllowanceRecord::Release { id, kind: DATACAP }))
    }

    pub(super) fn fault(&mut self, id: UnitId, deal: &Deal, kind: Name) -> Result<(), StorageError> {
        let rules = &self.params().rules;
        if !rules.faults.contains(&kind) {
            return Ok(());
        }
        let fault = fault_of(self.params(), id, deal, kind);
        self.send(Record::Fault(fault))
    }
}

/// How much of a metric a deal's sector is.
fn sector_in(params: &StorageParams, metric: Name, deal: &Deal) -> Component {
    let quantity = match metric {
        QUALITY_BYTES => params.quality(deal.size, deal.verified),
        _ => deal.size.get().into(),
    };
    Component { metric, quantity: Measured::new(quantity) }
}

fn fault_of(params: &StorageParams, id: UnitId, deal: &Deal, kind: Name) -> Fault {
    let subject = Subject::Unit { owner: deal.provider, unit: id };
    Fault { subject, kind, affected: sector_in(params, params.rules.affected(), deal), reporter: None }
}

/// What the economy is told of a sector that is still faulty when its proving period ends; none where the network has no rule for it.
pub fn continued_fault(params: &StorageParams, id: UnitId, deal: &Deal) -> Option<Fault> {
    let kind = fault_kind::CONTINUED;
    params.rules.faults.contains(&kind).then(|| fault_of(params, id, deal, kind))
}

/// What the economy is told of a sector that is ended for being faulty; none where the network has no rule for it.
pub fn terminated_fault(params: &StorageParams, id: UnitId, deal: &Deal) -> Option<Fault> {
    let kind = fault_kind::TERMINATED;
    params.rules.faults.contains(&kind).then(|| fault_of(params, id, deal, kind))
}

/// Whether the bond of a deal is burnt when its sector is ended for being faulty.
pub fn termination_burns_bond(rule: &StreamRule) -> bool {
    rule.close.get(&close_reason::TERMINATED) == Some(&BondFate::Burn)
}
