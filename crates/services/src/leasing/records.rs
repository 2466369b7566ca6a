//! What the service says to the economy, one function a happening, and the rows that all messages work with.

use super::{
    error::LeasingError,
    ids::{BidId, DeploymentId, GroupId, OrderId},
    names::{BID, BIDS, LEASE, LEASED_UNITS, PROVIDER, PROVIDERS},
    params::LeasingParams,
    rows::{Bid, DeployedGroup, Deployment, Found, IndexKey, Lease, LeasingTotals, Order, Provider},
    service::Leasing,
    states::{DeploymentState, Reason},
};
use crate::context::Context;
use depin_economy::{
    Accepted, Component, Components, Current, EscrowRecord, Fault, Money, PledgeRecord, Record, Register, StreamOpen,
    StreamRecord, Subject,
};
use depin_quantity::{Address, Decimal18, Instant, Measured, Name, Share, UnitId, Units};

/// Pledges and deposits have no agreed end; rules that ask for one get this.
const NO_END: Instant = Instant::new(253_402_300_799_999);

impl<'a> Context<'a, Leasing> {
    pub(super) const fn params(&self) -> &'a LeasingParams {
        &self.service().params
    }

    pub(super) fn provider(&mut self, address: Address) -> Result<Provider, LeasingError> {
        self.state().get::<Provider>(&address).ok_or(LeasingError::UnknownProvider(address))
    }

    pub(super) fn deployment(&mut self, id: DeploymentId) -> Result<Deployment, LeasingError> {
        self.state().get::<Deployment>(&id).ok_or(LeasingError::UnknownDeployment(id))
    }

    /// A deployment that is active and has money.
    pub(super) fn running_deployment(&mut self, id: DeploymentId) -> Result<Deployment, LeasingError> {
        let deployment = self.deployment(id)?;
        deployment.check_funds(id)?;
        Ok(deployment)
    }

    pub(super) fn group(&mut self, id: GroupId) -> Result<DeployedGroup, LeasingError> {
        self.state().get::<DeployedGroup>(&id).ok_or(LeasingError::UnknownGroup(id))
    }

    pub(super) fn order(&mut self, id: OrderId) -> Result<Order, LeasingError> {
        self.state().get::<Order>(&id).ok_or(LeasingError::UnknownOrder(id))
    }

    pub(super) fn bid(&mut self, id: BidId) -> Result<Bid, LeasingError> {
        self.state().get::<Bid>(&id).ok_or(LeasingError::UnknownBid(id))
    }

    /// A bid with the lease that it became, while that runs.
    pub(super) fn running_lease(&mut self, id: BidId) -> Result<(Bid, Lease), LeasingError> {
        let bid = self.bid(id)?;
        let lease = bid.lease.clone().ok_or(LeasingError::UnknownLease(id))?;
        if !lease.state.runs() {
            return Err(LeasingError::LeaseNotActive { lease: id, is: lease.state, reason: lease.reason });
        }
        Ok((bid, lease))
    }

    pub(super) fn list(&mut self, key: IndexKey, found: Found) {
        self.state().put(&key, &found);
    }

    pub(super) fn unlist(&mut self, key: IndexKey) {
        self.state().delete::<Found>(&key);
    }

    pub(super) fn find(&mut self, key: IndexKey) -> Option<Found> {
        self.state().get::<Found>(&key)
    }

    pub(super) fn totals(&mut self, change: impl FnOnce(&mut LeasingTotals)) {
        let mut totals = self.state().get::<LeasingTotals>(&()).unwrap_or_default();
        change(&mut totals);
        self.state().put(&(), &totals);
    }

    fn send(&mut self, record: Record) -> Result<Accepted, LeasingError> {
        Ok(self.record(&record)?)
    }

    // What the service says to the economy.

    pub(super) fn register_subject(&mut self, provider: Address) -> Result<(), LeasingError> {
        self.send(Record::Register(Register { subject: Subject::Party(provider), phase: 0 })).map(drop)
    }

    /// One provider, as pledges and faults count it.
    const fn one_provider() -> Component {
        Component { metric: PROVIDERS, quantity: Measured::new(1) }
    }

    /// The unit that a provider's pledge stands for.
    pub(super) fn unit_of(provider: Address) -> Subject {
        let unit = UnitId::derive("depin-leasing-provider", &[&provider.get(), PROVIDER.as_bytes()]);
        Subject::Unit { owner: provider, unit }
    }

    /// Locks the pledge, or tops it up.
    pub(super) fn pledge(&mut self, provider: Address, pledged: bool) -> Result<(), LeasingError> {
        let (subject, kind, basis, until) = (Self::unit_of(provider), PROVIDER, Self::one_provider(), NO_END);
        let record = if pledged {
            PledgeRecord::Resize { subject, kind, basis, until }
        } else {
            PledgeRecord::Lock { subject, kind, basis, until }
        };
        self.send(Record::Pledge(record)).map(drop)
    }

    pub(super) fn release_pledge(&mut self, provider: Address) -> Result<(), LeasingError> {
        self.send(Record::Pledge(PledgeRecord::Release { subject: Self::unit_of(provider), kind: PROVIDER })).map(drop)
    }

    /// Whether a provider stands, for networks that bind it to something.
    pub(super) fn stand(&mut self, provider: Address, stands: bool) -> Result<(), LeasingError> {
        if !self.params().rules.providers_stand {
            return Ok(());
        }
        self.current(provider, PROVIDERS, u128::from(stands))
    }

    /// What a provider has under lease, for networks where that earns.
    pub(super) fn leased(&mut self, provider: Address, units: u128) -> Result<(), LeasingError> {
        if !self.params().rules.units_earn {
            return Ok(());
        }
        self.current(provider, LEASED_UNITS, units)
    }

    fn current(&mut self, provider: Address, metric: Name, quantity: u128) -> Result<(), LeasingError> {
        let components = Components::one(Component { metric, quantity: Measured::new(quantity) });
        self.send(Record::Current(Current { subject: Subject::Party(provider), components })).map(drop)
    }

    /// A provider failed; nothing is said where the file has no rule for it, or nothing is pledged any more.
    pub(super) fn fault(&mut self, provider: Address, kind: Name, pledged: bool, by: Address) -> Result<(), LeasingError> {
        let rules = &self.params().rules;
        if !rules.faults.contains(&kind) || (rules.pledges && !pledged) {
            return Ok(());
        }
        let (subject, affected) = (Self::unit_of(provider), Self::one_provider());
        self.send(Record::Fault(Fault { subject, kind, affected, reporter: Some(by) })).map(drop)
    }

    const fn bid_subject(id: BidId, unit: UnitId) -> Subject {
        Subject::Unit { owner: id.provider, unit }
    }

    /// Takes the deposit of a bid.
    pub(super) fn hold_bid(&mut self, id: BidId) -> Result<(), LeasingError> {
        if !self.params().rules.bid_deposits {
            return Ok(());
        }
        let (subject, basis) = (Self::bid_subject(id, id.unit()), Component { metric: BIDS, quantity: Measured::new(1) });
        self.send(Record::Pledge(PledgeRecord::Lock { subject, kind: BID, basis, until: NO_END })).map(drop)
    }

    /// Gives the deposit of a bid back.
    pub(super) fn release_bid(&mut self, id: BidId) -> Result<(), LeasingError> {
        if !self.params().rules.bid_deposits {
            return Ok(());
        }
        let subject = Self::bid_subject(id, id.unit());
        self.send(Record::Pledge(PledgeRecord::Release { subject, kind: BID })).map(drop)
    }

    pub(super) fn open_escrow(&mut self, id: DeploymentId, deposit: Money) -> Result<Units, LeasingError> {
        let open = EscrowRecord::Open { id: id.unit(), kind: LEASE, owner: id.owner, deposit };
        Ok(self.send(Record::Escrow(open))?.moved)
    }

    pub(super) fn raise_escrow(&mut self, id: DeploymentId, from: Address, deposit: Money) -> Result<Units, LeasingError> {
        Ok(self.send(Record::Escrow(EscrowRecord::Deposit { id: id.unit(), from, deposit }))?.moved)
    }

    pub(super) fn close_escrow(&mut self, id: DeploymentId) -> Result<(), LeasingError> {
        self.send(Record::Escrow(EscrowRecord::Close { id: id.unit() })).map(drop)
    }

    /// A lease begins to be paid.
    pub(super) fn open_stream(&mut self, id: BidId, rate: Money, units: u128) -> Result<(), LeasingError> {
        let basis = Component { metric: LEASED_UNITS, quantity: Measured::new(units) };
        let open = StreamOpen {
            id: id.unit(),
            escrow: id.deployment().unit(),
            to: id.provider,
            rate,
            periods: 0,
            activate_by: self.now(),
            basis,
            bond: None,
        };
        self.send(Record::Stream(StreamRecord::Open(open)))?;
        self.send(Record::Stream(StreamRecord::Activate { id: id.unit() })).map(drop)
    }

    /// From now on a lease is paid by what is measured.
    pub(super) fn pay_by_measure(&mut self, id: BidId) -> Result<(), LeasingError> {
        self.send(Record::Stream(StreamRecord::ByMeasure { id: id.unit() })).map(drop)
    }

    /// Says what was earned of a lease up to then; gives what is the tenant's again, in base units.
    pub(super) fn measure(&mut self, id: BidId, until: Instant, share: Share) -> Result<Units, LeasingError> {
        Ok(self.send(Record::Stream(StreamRecord::Measure { id: id.unit(), until, share }))?.moved)
    }

    /// Pays a lease up to now.
    pub(super) fn settle_stream(&mut self, id: BidId) -> Result<Units, LeasingError> {
        let answer = self.send(Record::Stream(StreamRecord::Settle { id: id.unit() }))?;
        Self::unless_gone(id, answer)
    }

    /// Pays a lease up to now and ends its payment.
    pub(super) fn close_stream(&mut self, id: BidId, reason: Reason) -> Result<Units, LeasingError> {
        let reason = reason.word().parse().expect("reasons are names");
        let close = StreamRecord::Close { id: id.unit(), reason, accrued_until: self.now() };
        let answer = self.send(Record::Stream(close))?;
        Self::unless_gone(id, answer)
    }

    /// The economy answers with nothing at all when it found that the money was gone, and then all leases of the escrow have ended. Blocks
    /// find that first, unless they are behind with what is due; then it is theirs, and the message is refused.
    fn unless_gone(id: BidId, answer: Accepted) -> Result<Units, LeasingError> {
        if answer.token.is_none() { Err(LeasingError::OutOfFunds(id.deployment())) } else { Ok(answer.moved) }
    }

    /// Base units of a currency in 10^-18 of it.
    pub(super) fn money(&self, currency: Name, units: Units) -> Result<Money, LeasingError> {
        let places = 18 - self.params().rules.decimals(currency).unwrap_or(18).min(18);
        Ok(Money { currency, amount: Decimal18::new(units.times(10u128.pow(places.into()))?.get()) })
    }
}

impl Deployment {
    /// Refuses a deployment that is over, or whose money is gone.
    fn check_funds(&self, id: DeploymentId) -> Result<(), LeasingError> {
        use super::rows::Funds;
        match (self.state, self.funds) {
            (DeploymentState::Closed, _) | (_, Funds::Closed) => Err(LeasingError::DeploymentClosed(id)),
            (_, Funds::Gone) => Err(LeasingError::OutOfFunds(id)),
            (_, Funds::Suspended { until }) => Err(LeasingError::Suspended { id, until }),
            (DeploymentState::Active, Funds::Open) => Ok(()),
        }
    }
}
