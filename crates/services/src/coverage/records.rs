//! What the service says to the economy, one function a happening, and the rows that all messages work with.

use super::{
    error::CoverageError,
    names::{ASSERT_LOCATION, DENIED, HOTSPOT, HOTSPOTS, ONBOARDING, OUI},
    params::CoverageParams,
    rows::{CoverageTotals, Hotspot, Oui, Route},
    service::Coverage,
};
use crate::context::Context;
use depin_economy::{Component, Components, Current, Fault, FeeRecord, PaymentSource, PledgeRecord, Record, Register, Subject};
use depin_quantity::{Address, Instant, Measured, Name, UnitId, Units};

/// The pledge of a hotspot has no agreed end; rules that ask for one get this.
const NO_END: Instant = Instant::new(253_402_300_799_999);

impl<'a> Context<'a, Coverage> {
    pub(super) const fn params(&self) -> &'a CoverageParams {
        &self.service().params
    }

    pub(super) fn hotspot(&mut self, hotspot: Address) -> Result<Hotspot, CoverageError> {
        self.state().get::<Hotspot>(&hotspot).ok_or(CoverageError::UnknownHotspot(hotspot))
    }

    /// A hotspot of the sender's that takes part.
    pub(super) fn own_hotspot(&mut self, sender: Address, hotspot: Address) -> Result<Hotspot, CoverageError> {
        let row = self.active_hotspot(hotspot)?;
        if row.owner == sender { Ok(row) } else { Err(CoverageError::NotYourHotspot { hotspot, owner: row.owner }) }
    }

    /// A hotspot that takes part.
    pub(super) fn active_hotspot(&mut self, hotspot: Address) -> Result<Hotspot, CoverageError> {
        let row = self.hotspot(hotspot)?;
        if row.retired { Err(CoverageError::Retired(hotspot)) } else { Ok(row) }
    }

    pub(super) fn oui(&mut self, oui: u32) -> Result<Oui, CoverageError> {
        self.state().get::<Oui>(&oui).ok_or(CoverageError::UnknownOui(oui))
    }

    /// An OUI of the sender's.
    pub(super) fn own_oui(&mut self, sender: Address, oui: u32) -> Result<Oui, CoverageError> {
        let row = self.oui(oui)?;
        if row.owner == sender { Ok(row) } else { Err(CoverageError::NotYourOui { oui, owner: row.owner }) }
    }

    pub(super) fn route(&mut self, route: UnitId) -> Result<Route, CoverageError> {
        self.state().get::<Route>(&route).ok_or(CoverageError::UnknownRoute(route))
    }

    pub(super) fn totals(&mut self, change: impl FnOnce(&mut CoverageTotals)) {
        let mut totals = self.state().get::<CoverageTotals>(&()).unwrap_or_default();
        change(&mut totals);
        self.state().put(&(), &totals);
    }

    /// Sends a record; returns the amount it moved.
    pub(super) fn send(&mut self, record: Record) -> Result<Units, CoverageError> {
        Ok(self.record(&record)?.moved)
    }

    /// The unit that a hotspot is to the economy.
    pub(super) const fn unit(owner: Address, hotspot: Address) -> Subject {
        Subject::Unit { owner, unit: UnitId::new(hotspot.get()) }
    }

    /// One hotspot, as pledges and faults count it.
    const fn one() -> Component {
        Component { metric: HOTSPOTS, quantity: Measured::new(1) }
    }

    pub(super) fn register(&mut self, owner: Address, hotspot: Address) -> Result<(), CoverageError> {
        self.send(Record::Register(Register { subject: Self::unit(owner, hotspot), phase: 0 })).map(drop)
    }

    /// The fee for joining, where there is one.
    pub(super) fn take_onboarding(&mut self, owner: Address) -> Result<Units, CoverageError> {
        self.take_fee(self.params().rules.onboarding, ONBOARDING, owner)
    }

    /// The fee for a location, where there is one.
    pub(super) fn take_location(&mut self, owner: Address) -> Result<Units, CoverageError> {
        self.take_fee(self.params().rules.assert_location, ASSERT_LOCATION, owner)
    }

    /// The fee for an OUI, where there is one.
    pub(super) fn take_opening(&mut self, owner: Address) -> Result<Units, CoverageError> {
        self.take_fee(self.params().rules.opening, OUI, owner)
    }

    fn take_fee(&mut self, is_taken: bool, kind: Name, owner: Address) -> Result<Units, CoverageError> {
        if !is_taken {
            return Ok(Units::ZERO);
        }
        self.send(Record::Fee(FeeRecord::Once { kind, from: PaymentSource::Wallet(owner), basis: None }))
    }

    /// Locks a hotspot's pledge, where hotspots pledge.
    pub(super) fn pledge(&mut self, owner: Address, hotspot: Address) -> Result<(), CoverageError> {
        if !self.params().rules.pledges {
            return Ok(());
        }
        let (subject, kind, basis, until) = (Self::unit(owner, hotspot), HOTSPOT, Self::one(), NO_END);
        self.send(Record::Pledge(PledgeRecord::Lock { subject, kind, basis, until })).map(drop)
    }

    /// Gives a hotspot's pledge back.
    pub(super) fn release_pledge(&mut self, owner: Address, hotspot: Address) -> Result<(), CoverageError> {
        if !self.params().rules.pledges {
            return Ok(());
        }
        self.send(Record::Pledge(PledgeRecord::Release { subject: Self::unit(owner, hotspot), kind: HOTSPOT })).map(drop)
    }

    /// Whether a hotspot stands somewhere, for networks that bind it to a pool.
    pub(super) fn stand(&mut self, owner: Address, hotspot: Address, stands: bool) -> Result<(), CoverageError> {
        if !self.params().rules.hotspots_stand {
            return Ok(());
        }
        let components = Components::one(Component { metric: HOTSPOTS, quantity: Measured::new(u128::from(stands)) });
        self.send(Record::Current(Current { subject: Self::unit(owner, hotspot), components })).map(drop)
    }

    /// A hotspot is on the denylist, for networks whose file says what that costs.
    pub(super) fn fault_denied(&mut self, owner: Address, hotspot: Address, by: Address) -> Result<(), CoverageError> {
        if !self.params().rules.denied {
            return Ok(());
        }
        let (subject, affected) = (Self::unit(owner, hotspot), Self::one());
        self.send(Record::Fault(Fault { subject, kind: DENIED, affected, reporter: Some(by) })).map(drop)
    }
}
