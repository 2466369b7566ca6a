//! What the service says to the economy, one function a happening, and the rows that all messages work with.

use super::{
    error::ClustersError,
    names::{DEVICE, DEVICE_SCORE, ENDED, FAILED, HIRE, HIRED_HOURS, STAKE_UNITS},
    params::ClustersParams,
    rows::{ClustersTotals, Device, Found, Hire, Hour, Id, IndexKey, Kept, Person, Slot, Thing},
    score,
    service::Clusters,
};
use crate::context::Context;
use depin_economy::{
    Accrued, Component, Components, Current, EscrowRecord, Fault, Money, PledgeRecord, Record, Refusal, Register, StreamOpen,
    StreamRecord, Subject,
};
use depin_quantity::{Address, Decimal18, Instant, Measured, Name, Span, UnitId, Units};

/// The pledge of a device has no agreed end; rules that ask for one get this.
const NO_END: Instant = Instant::new(253_402_300_799_999);
/// Streams are activated by a job that is due; one that is late by so much loses nothing by it.
const ACTIVATE_SLACK: Span = Span::from_days(365);

/// The id of a device: its owner's, and its name among its owner's devices.
pub fn device_id(owner: Address, name: Name) -> UnitId {
    UnitId::derive("depin-clusters-device", &[&owner.get(), name.as_bytes()])
}

/// The id of the stream that pays a device's part in a hire.
pub fn stream_id(hire: UnitId, slot: u32) -> UnitId {
    UnitId::derive("depin-clusters-stream", &[&hire.get(), &slot.to_be_bytes()])
}

impl<'a> Context<'a, Clusters> {
    pub(super) const fn params(&self) -> &'a ClustersParams {
        &self.service().params
    }

    pub(super) fn load<R: Kept>(&mut self, id: Id) -> Option<R> {
        self.state().get::<Thing>(&id).and_then(R::of)
    }

    pub(super) fn save<R: Kept>(&mut self, id: Id, row: R) {
        self.state().put(&id, &row.thing());
    }

    pub(super) fn forget(&mut self, id: Id) {
        self.state().delete::<Thing>(&id);
    }

    pub(super) fn list(&mut self, key: IndexKey, found: Found) {
        self.state().put(&key, &found);
    }

    pub(super) fn unlist(&mut self, key: IndexKey) {
        self.state().delete::<Found>(&key);
    }

    pub(super) fn device(&mut self, id: UnitId) -> Result<Device, ClustersError> {
        self.load(Id::Device(id)).ok_or(ClustersError::UnknownDevice(id))
    }

    /// A device that the sender speaks for and that takes part.
    pub(super) fn own_device(&mut self, sender: Address, id: UnitId) -> Result<Device, ClustersError> {
        let device = self.device(id)?;
        if device.owner != sender {
            return Err(ClustersError::NotYourDevice { device: id, owner: device.owner });
        }
        if device.active { Ok(device) } else { Err(ClustersError::HasLeft(id)) }
    }

    pub(super) fn hire_row(&mut self, id: UnitId) -> Result<Hire, ClustersError> {
        self.load(Id::Hire(id)).ok_or(ClustersError::UnknownHire(id))
    }

    pub(super) fn slot(&mut self, hire: UnitId, number: u32) -> Result<Slot, ClustersError> {
        self.load(Id::Slot(hire, number)).ok_or(ClustersError::UnknownSlot { hire, slot: number })
    }

    pub(super) fn totals(&mut self, change: impl FnOnce(&mut ClustersTotals)) {
        let mut totals = self.load::<ClustersTotals>(Id::Totals()).unwrap_or_default();
        change(&mut totals);
        self.save(Id::Totals(), totals);
    }

    pub(super) fn hour(&mut self, hour: u64, change: impl FnOnce(&mut Hour)) {
        let mut row = self.load::<Hour>(Id::Hour(hour)).unwrap_or(Hour::EMPTY);
        change(&mut row);
        self.save(Id::Hour(hour), row);
    }

    /// Changes what is known of somebody; who has nothing any more has no row.
    pub(super) fn person(&mut self, who: Address, change: impl FnOnce(&mut Person)) {
        let mut person = self.load::<Person>(Id::Person(who)).unwrap_or_default();
        change(&mut person);
        if person == Person::default() {
            self.forget(Id::Person(who));
        } else {
            self.save(Id::Person(who), person);
        }
    }

    fn send(&mut self, record: Record) -> Result<Units, ClustersError> {
        Ok(self.record(&record)?.moved)
    }

    /// A device, as the economy knows it.
    const fn subject(owner: Address, device: UnitId) -> Subject {
        Subject::Unit { owner, unit: device }
    }

    /// What a device's pledge, bond and faults are counted on.
    fn basis(&self, device: &Device) -> Result<Component, ClustersError> {
        Ok(Component {
            metric: STAKE_UNITS,
            quantity: Measured::new(score::stake_units(&self.params().score, &device.terms.profile)?),
        })
    }

    pub(super) fn register_subject(&mut self, owner: Address, device: UnitId) -> Result<(), ClustersError> {
        self.send(Record::Register(Register { subject: Self::subject(owner, device), phase: 0 })).map(drop)
    }

    /// Locks the pledge, or tops it up.
    pub(super) fn pledge(&mut self, id: UnitId, device: &Device) -> Result<(), ClustersError> {
        let (subject, kind, basis, until) = (Self::subject(device.owner, id), DEVICE, self.basis(device)?, NO_END);
        let record = if device.pledged {
            PledgeRecord::Resize { subject, kind, basis, until }
        } else {
            PledgeRecord::Lock { subject, kind, basis, until }
        };
        self.send(Record::Pledge(record)).map(drop)
    }

    /// From now on the pledge cools down.
    pub(super) fn release_pledge(&mut self, id: UnitId, owner: Address) -> Result<(), ClustersError> {
        self.send(Record::Pledge(PledgeRecord::Release { subject: Self::subject(owner, id), kind: DEVICE })).map(drop)
    }

    /// What a device stands at, for networks that bind it to something; nothing of one that takes no part.
    pub(super) fn stand(&mut self, id: UnitId, device: &Device, stands: bool) -> Result<(), ClustersError> {
        if !self.params().rules.units_stand {
            return Ok(());
        }
        let whole = self.basis(device)?;
        let component = if stands { whole } else { Component { quantity: Measured::ZERO, ..whole } };
        let (subject, components) = (Self::subject(device.owner, id), Components::one(component));
        self.send(Record::Current(Current { subject, components })).map(drop)
    }

    /// A device failed; nothing is said where the file has no rule for it, or nothing was ever pledged for it.
    pub(super) fn fault(&mut self, id: UnitId, device: &Device, kind: Name, by: Option<Address>) -> Result<(), ClustersError> {
        let rules = &self.params().rules;
        if !rules.faults.contains(&kind) || (rules.pledges && !device.pledged) {
            return Ok(());
        }
        let (subject, affected) = (Self::subject(device.owner, id), self.basis(device)?);
        self.send(Record::Fault(Fault { subject, kind, affected, reporter: by })).map(drop)
    }

    /// A nominated device passed, and is weight in the period that runs.
    pub(super) fn accrue_score(&mut self, id: UnitId, owner: Address, score: u128) -> Result<(), ClustersError> {
        if !self.params().rules.score_earns || score == 0 {
            return Ok(());
        }
        self.accrue(id, owner, DEVICE_SCORE, score)
    }

    /// A device was used for so many hours more.
    pub(super) fn accrue_hours(&mut self, slot: &Slot, hours: u32) -> Result<(), ClustersError> {
        let seconds = u128::from(self.params().hour.get() / 1_000) * u128::from(hours) * u128::from(slot.processors);
        if !self.params().rules.hours_earn || seconds == 0 {
            return Ok(());
        }
        self.accrue(slot.device, slot.owner, HIRED_HOURS, seconds)
    }

    fn accrue(&mut self, id: UnitId, owner: Address, metric: Name, quantity: u128) -> Result<(), ClustersError> {
        let components = Components::one(Component { metric, quantity: Measured::new(quantity) });
        self.send(Record::Accrued(Accrued { subject: Self::subject(owner, id), components })).map(drop)
    }

    /// Base units of a currency as the economy wants to hear them.
    fn money(&self, currency: Name, units: Units) -> Result<Money, ClustersError> {
        let known = self.params().rules.currency(currency).ok_or(ClustersError::Currency(currency))?;
        let amount = units.times(10u128.pow(u32::from(18 - known.decimals.min(18))))?;
        Ok(Money { currency, amount: Decimal18::new(amount.get()) })
    }

    /// Puts so much into a new escrow out of the hirer's wallet.
    pub(super) fn open_escrow(&mut self, id: UnitId, hirer: Address, currency: Name, units: Units) -> Result<(), ClustersError> {
        let deposit = self.money(currency, units)?;
        self.send(Record::Escrow(EscrowRecord::Open { id, kind: HIRE, owner: hirer, deposit })).map(drop)
    }

    /// Puts more into it.
    pub(super) fn raise_escrow(&mut self, id: UnitId, hirer: Address, currency: Name, units: Units) -> Result<(), ClustersError> {
        let deposit = self.money(currency, units)?;
        self.send(Record::Escrow(EscrowRecord::Deposit { id, from: hirer, deposit })).map(drop)
    }

    /// Reserves the hours of a device out of its hire's escrow.
    pub(super) fn open_stream(&mut self, hire: UnitId, number: u32, currency: Name, slot: &Slot) -> Result<(), ClustersError> {
        let device = self.device(slot.device)?;
        let (rate, basis) = (self.money(currency, slot.rate)?, self.basis(&device)?);
        let activate_by = self.params().pays_from(slot.from).later(ACTIVATE_SLACK);
        let (id, to, periods) = (stream_id(hire, number), slot.owner, slot.hours.into());
        let open = StreamOpen { id, escrow: hire, to, rate, periods, activate_by, basis, bond: None };
        self.send(Record::Stream(StreamRecord::Open(open))).map(drop)
    }

    pub(super) fn activate_stream(&mut self, hire: UnitId, number: u32) -> Result<(), ClustersError> {
        self.send(Record::Stream(StreamRecord::Activate { id: stream_id(hire, number) })).map(drop)
    }

    pub(super) fn extend_stream(&mut self, hire: UnitId, number: u32, hours: u32) -> Result<(), ClustersError> {
        let record = StreamRecord::Extend { id: stream_id(hire, number), periods: hours.into() };
        self.send(Record::Stream(record)).map(drop)
    }

    /// Pays a device up to now.
    pub(super) fn settle_stream(&mut self, hire: UnitId, number: u32) -> Result<Units, ClustersError> {
        self.send(Record::Stream(StreamRecord::Settle { id: stream_id(hire, number) }))
    }

    /// Ends the payment of a device: periods that began by `until` are paid, but for that one.
    pub(super) fn close_stream(&mut self, hire: UnitId, number: u32, broken: bool, until: Instant) -> Result<(), ClustersError> {
        let reason = if broken { FAILED } else { ENDED };
        let record = StreamRecord::Close { id: stream_id(hire, number), reason, accrued_until: until };
        self.send(Record::Stream(record)).map(drop)
    }

    /// Base units of an ask, where the network takes its currency.
    pub(super) fn ask_units(&self, ask: Money) -> Result<Units, ClustersError> {
        let known = self.params().rules.currency(ask.currency).ok_or(ClustersError::Currency(ask.currency))?;
        let step = 10u128.pow(u32::from(18 - known.decimals.min(18)));
        let units = Units::new(ask.amount.get() / step);
        if !ask.amount.get().is_multiple_of(step) || units.is_zero() || units > known.rate_most {
            return Err(ClustersError::Ask { ask, least: Units::new(1), most: known.rate_most });
        }
        Ok(units)
    }

    /// Refuses what is not from the network's checker.
    pub(super) fn only_checker(&self, given: Address) -> Result<(), ClustersError> {
        let is = self.role(self.params().proof.checker);
        if is == Some(given) { Ok(()) } else { Err(ClustersError::NotTheChecker { is, given }) }
    }
}

impl From<depin_quantity::QuantityError> for ClustersError {
    fn from(error: depin_quantity::QuantityError) -> Self {
        Self::Economy(Refusal::from(error))
    }
}
