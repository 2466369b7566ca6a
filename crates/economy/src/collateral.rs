//! Pledges: collateral that a unit's owner locks for as long as the unit is committed.
//!
//! In: lock, resize, release. Out: tokens between the owner's wallet and its pledge account, one row per unit. Absent on purpose:
//! amounts stated by a service.

use crate::{
    Accepted, Account, Answer, Component, Event, Limit, PledgeRecord, Refusal, Spec, Subject, Topic, Why,
    rows::PledgeRow,
    spec::PledgeRule,
    work::{Work, declared},
};
use depin_quantity::{Instant, Measured, Name, Rounding, Units};

/// Bytes of a GiB.
pub const GIB: u128 = 1 << 30;

/// The pledge for `basis`: `ceil(per_gib * basis / 2^30)`.
///
/// - Units: base units; basis in bytes.
/// - Rounding: up, so that no byte is pledged for less than its price.
/// - Source: document, collateral per pledged gigabyte; the figure is a parameter.
pub fn pledge_amount(rule: &PledgeRule, basis: Measured) -> Result<Units, Refusal> {
    Ok(rule.per_gib.mul_div(basis.get(), GIB, Rounding::Up)?)
}

/// The measure of a component, when the network lets this kind of pledge be counted on it.
pub fn pledge_basis(spec: &Spec, kind: Name, basis: Component) -> Result<Measured, Refusal> {
    let binding = spec.binding(basis.measure).filter(|b| b.pledge == Some(kind));
    declared(binding, Topic::Measure, basis.measure)?;
    if basis.quantity.is_zero() {
        return Err(Refusal::OutOfRange { what: Topic::Pledge, why: Limit::AboveZero });
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
                let amount = self.release_pledge(subject, kind, &rule)?;
                self.repay(subject.owner(), rule.token)?;
                Ok(Accepted::moved(rule.token, amount))
            }
        }
    }

    /// Order of refusals: kind, measure, range, duplicate, debt, funds.
    fn lock_pledge(&mut self, subject: Subject, kind: Name, basis: Component, until: Instant) -> Answer {
        let rule = declared(self.spec.pledge(kind), Topic::PledgeKind, kind)?;
        let quantity = pledge_basis(self.spec, kind, basis)?;
        let key = (subject.owner(), subject.unit(), kind);
        if self.state.has::<PledgeRow>(&key) {
            return Err(Refusal::Duplicate { what: Topic::Pledge });
        }
        self.owes_nothing(subject.owner(), rule.token)?;
        let amount = pledge_amount(&rule, quantity)?;
        let owner = subject.owner();
        self.post(rule.token, Account::Wallet(owner), Account::Pledge(owner), amount, Why::PledgeLocked)?;
        self.state.put(&key, &PledgeRow { amount, basis: quantity, since: self.now, until });
        self.say(Event::PledgeLocked { subject, kind, basis, total: amount, until });
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
        self.post(rule.token, Account::Wallet(owner), Account::Pledge(owner), more, Why::PledgeLocked)?;
        row.amount = row.amount.plus(more)?;
        row.basis = quantity;
        row.until = until;
        self.state.put(&key, &row);
        self.say(Event::PledgeLocked { subject, kind, basis, total: row.amount, until });
        Ok(Accepted::moved(rule.token, more))
    }

    /// Gives a pledge back whole; its row ends.
    pub fn release_pledge(&mut self, subject: Subject, kind: Name, rule: &PledgeRule) -> Result<Units, Refusal> {
        let owner = subject.owner();
        let key = (owner, subject.unit(), kind);
        let row = self.state.get::<PledgeRow>(&key).ok_or(Refusal::Unknown { what: Topic::Pledge })?;
        self.post(rule.token, Account::Pledge(owner), Account::Wallet(owner), row.amount, Why::PledgeReleased)?;
        self.state.delete::<PledgeRow>(&key);
        self.say(Event::PledgeReleased { subject, kind, amount: row.amount });
        Ok(row.amount)
    }
}
