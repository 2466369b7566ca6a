//! Pledges: collateral that a unit's owner locks for as long as the unit is committed.
//!
//! In: lock, resize, release. Out: tokens between the owner's wallet and its pledge account, one row per unit. Absent on purpose:
//! amounts stated by a service.

use crate::{
    Accepted, Account, Answer, Component, Event, Limit, PledgeRecord, Reason, Refusal, Spec, Subject, Topic,
    collateral::rows::PledgeRow,
    params::{PledgeRule, PledgeSize},
    session::work::{Work, declared},
    staking::{Leaving, LeavingRow},
};
use depin_quantity::{Instant, Measured, Name, Rounding, Span, Units};

/// Bytes of a GiB.
pub const GIB: u128 = 1 << 30;

/// The pledge for `basis`, at least `least`: by size `ceil(per_gib * basis / 2^30)`; by unit
/// `ceil(each * max(basis, least_units * steps) / steps)`.
///
/// - Units: base units; basis in bytes, or in steps of a unit.
/// - Rounding: up, so that nothing is pledged for less than its price.
/// - Source: document, collateral per pledged gigabyte; io.net documentation, staking: 200 x max(1, multiplier) x processors.
pub fn pledge_amount(rule: &PledgeRule, basis: Measured) -> Result<Units, Refusal> {
    let amount = match rule.size {
        PledgeSize::PerGib(per_gib) => per_gib.mul_div(basis.get(), GIB, Rounding::Up)?,
        PledgeSize::PerUnit { each, steps, least_units } => {
            let least = Measured::new(least_units.into()).times(steps.into())?;
            each.mul_div(basis.max(least).get(), steps.into(), Rounding::Up)?
        }
    };
    Ok(amount.max(rule.least))
}

/// The metric of a component, when the network lets this kind of pledge be counted on it.
pub fn pledge_basis(spec: &Spec, kind: Name, basis: Component) -> Result<Measured, Refusal> {
    let binding = spec.binding(basis.metric).filter(|b| b.pledge == Some(kind));
    declared(binding, Topic::Metric, basis.metric)?;
    if basis.quantity.is_zero() {
        return Err(Refusal::OutOfRange { what: Topic::Pledge, reason: Limit::AboveZero });
    }
    Ok(basis.quantity)
}

impl Work<'_> {
    pub fn pledge(&mut self, record: &PledgeRecord) -> Answer {
        match *record {
            PledgeRecord::Lock { subject, kind, basis, until } => self.lock_pledge(subject, kind, basis, until),
            PledgeRecord::Resize { subject, kind, basis, until } => self.resize_pledge(subject, kind, basis, until),
            PledgeRecord::Release { subject, kind } => {
                let rule = declared(self.spec.pledge(kind), Topic::PledgeKind, kind)?;
                let amount = match rule.cool_down {
                    Some(after) => self.cool_pledge(subject, kind, &rule, after)?,
                    None => self.release_pledge(subject, kind, &rule)?,
                };
                self.repay(subject.owner(), rule.token)?;
                Ok(Accepted::moved(rule.token, amount))
            }
        }
    }

    /// Order of refusals: kind, metric, range, duplicate, debt, funds.
    fn lock_pledge(&mut self, subject: Subject, kind: Name, basis: Component, until: Instant) -> Answer {
        let rule = declared(self.spec.pledge(kind), Topic::PledgeKind, kind)?;
        let quantity = pledge_basis(self.spec, kind, basis)?;
        let key = (subject.owner(), subject.unit(), kind);
        if self.state.has::<PledgeRow>(&key) {
            return Err(Refusal::Duplicate { what: Topic::Pledge });
        }
        if self.state.has::<LeavingRow>(&Self::cooling_id(subject, kind)) {
            return Err(Refusal::Duplicate { what: Topic::Unbonding });
        }
        self.owes_nothing(subject.owner(), rule.token)?;
        let amount = pledge_amount(&rule, quantity)?;
        let owner = subject.owner();
        self.post(rule.token, Account::Wallet(owner), Account::Pledge(owner), amount, Reason::PledgeLocked)?;
        self.state.put(&key, &PledgeRow { amount, basis: quantity, since: self.now, until });
        self.emit(Event::PledgeLocked { subject, kind, basis, total: amount, until });
        Ok(Accepted::moved(rule.token, amount))
    }

    /// `new = max(old, pledge of the new basis)`: topped up, never lowered.
    ///
    /// - Source: Filecoin, pledge at upgrade or extension.
    fn resize_pledge(&mut self, subject: Subject, kind: Name, basis: Component, until: Instant) -> Answer {
        let rule = declared(self.spec.pledge(kind), Topic::PledgeKind, kind)?;
        let quantity = pledge_basis(self.spec, kind, basis)?;
        let owner = subject.owner();
        let key = (owner, subject.unit(), kind);
        let mut row = self.state.get::<PledgeRow>(&key).ok_or(Refusal::Unknown { what: Topic::Pledge })?;
        let more = pledge_amount(&rule, quantity)?.minus_or_zero(row.amount);
        if !more.is_zero() {
            self.owes_nothing(owner, rule.token)?;
        }
        self.post(rule.token, Account::Wallet(owner), Account::Pledge(owner), more, Reason::PledgeLocked)?;
        row.amount = row.amount.plus(more)?;
        row.basis = quantity;
        row.until = until;
        self.state.put(&key, &row);
        self.emit(Event::PledgeLocked { subject, kind, basis, total: row.amount, until });
        Ok(Accepted::moved(rule.token, more))
    }

    /// Ends a pledge that stays bound for a time: from now on it counts no more, and a fault can still reach it. A unit pledges again
    /// when that time is over.
    ///
    /// - Source: io.net documentation, unstaking: 14 days, the whole amount, no new stake until it is done.
    fn cool_pledge(&mut self, subject: Subject, kind: Name, rule: &PledgeRule, after: Span) -> Result<Units, Refusal> {
        let (owner, unit) = (subject.owner(), subject.unit());
        let key = (owner, unit, kind);
        let row = self.state.get::<PledgeRow>(&key).ok_or(Refusal::Unknown { what: Topic::Pledge })?;
        self.state.delete::<PledgeRow>(&key);
        self.post(rule.token, Account::Pledge(owner), Account::Unbonding(kind), row.amount, Reason::PledgeCooling)?;
        if !row.amount.is_zero() {
            let id = Self::cooling_id(subject, kind);
            self.leave(id, owner, Leaving::Pledge { kind, unit }, rule.token, row.amount, after, 0)?;
        }
        self.emit(Event::PledgeReleased { subject, kind, amount: row.amount });
        Ok(row.amount)
    }

    /// Gives a pledge back whole; its row ends.
    pub fn release_pledge(&mut self, subject: Subject, kind: Name, rule: &PledgeRule) -> Result<Units, Refusal> {
        let owner = subject.owner();
        let key = (owner, subject.unit(), kind);
        let row = self.state.get::<PledgeRow>(&key).ok_or(Refusal::Unknown { what: Topic::Pledge })?;
        self.post(rule.token, Account::Pledge(owner), Account::Wallet(owner), row.amount, Reason::PledgeReleased)?;
        self.state.delete::<PledgeRow>(&key);
        self.emit(Event::PledgeReleased { subject, kind, amount: row.amount });
        Ok(row.amount)
    }
}
