//! Allowances: a non-transferable right that a notary grants and a unit of work uses up, like verified storage.
//!
//! In: grants by the notary's account, uses reported by the service. Out: what is left to each party, and what backs the boosted
//! metric of each beneficiary, so that no service can report a boost that nobody granted. An allowance is consumed once; it goes
//! back only when the work never began.

use crate::{
    Accepted, AllowanceRecord, Answer, Event, Limit, Refusal, Topic,
    params::Boost,
    reward::rows::{AllowanceRow, AllowanceUseRow, BackingRow},
    session::{
        rows::RoleRow,
        work::{Work, declared},
    },
};
use depin_quantity::{Address, Measured, Name, UnitId, Units};
use depin_state::ReadState;

const NONE: AllowanceRow = AllowanceRow { granted: Measured::ZERO, left: Measured::ZERO };

/// A party's allowance.
pub fn allowance(state: &dyn ReadState, kind: Name, party: Address) -> AllowanceRow {
    state.get(&(kind, party)).unwrap_or(NONE)
}

/// The most of a boosted metric that is backed: `plain + (times - 1) * backing`.
///
/// - Units: the metric's own, bytes.
/// - Source: Filecoin, quality-adjusted power of verified deals: ten times their bytes; the plain bytes count once either way.
pub fn boost_ceiling(boost: &Boost, plain: Measured, backing: Measured) -> Result<Measured, Refusal> {
    Ok(plain.plus(backing.times(u128::from(boost.times) - 1)?)?)
}

impl Work<'_> {
    /// Grants allowance; only the account that fills the kind's role may.
    pub fn grant_allowance(&mut self, notary: Address, kind: Name, party: Address, amount: Measured) -> Result<(), Refusal> {
        let rule = declared(self.spec.allowance(kind), Topic::AllowanceKind, kind)?;
        if self.state.get::<RoleRow>(&rule.granted_by).is_none_or(|role| role.account != notary) {
            return Err(Refusal::NotAllowed { role: rule.granted_by });
        }
        if amount.is_zero() {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero });
        }
        let mut row = allowance(self.state.as_read(), kind, party);
        row.granted = row.granted.plus(amount)?;
        row.left = row.left.plus(amount)?;
        self.state.put(&(kind, party), &row);
        self.emit(Event::AllowanceGranted { kind, party, amount });
        Ok(())
    }

    pub fn allowance_record(&mut self, record: &AllowanceRecord) -> Answer {
        match *record {
            AllowanceRecord::Consume { id, kind, party, beneficiary, amount } => {
                self.consume(id, kind, party, beneficiary, amount)
            }
            AllowanceRecord::Return { id, kind } => self.end_use(id, kind, true),
            AllowanceRecord::Release { id, kind } => self.end_use(id, kind, false),
        }
    }

    /// Order of refusals: kind, duplicate, range, allowance.
    fn consume(&mut self, id: UnitId, kind: Name, party: Address, beneficiary: Address, amount: Measured) -> Answer {
        let rule = declared(self.spec.allowance(kind), Topic::AllowanceKind, kind)?;
        if self.state.has::<AllowanceUseRow>(&(kind, id)) {
            return Err(Refusal::Duplicate { what: Topic::AllowanceUse });
        }
        if amount < rule.least || amount.is_zero() {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AtLeast(Units::new(rule.least.get())) });
        }
        let mut row = allowance(self.state.as_read(), kind, party);
        let short = Refusal::NoAllowance { kind, needed: Units::new(amount.get()), has: Units::new(row.left.get()) };
        row.left = row.left.minus(amount).map_err(|_| short)?;
        self.state.put(&(kind, party), &row);
        self.state.put(&(kind, id), &AllowanceUseRow { party, beneficiary, amount });
        let backing = self.backing(kind, beneficiary).plus(amount)?;
        self.state.put(&(kind, beneficiary), &BackingRow { amount: backing });
        self.emit(Event::AllowanceConsumed { kind, unit: id, party, beneficiary, amount });
        Ok(Accepted::NOTHING)
    }

    fn end_use(&mut self, id: UnitId, kind: Name, returned: bool) -> Answer {
        declared(self.spec.allowance(kind), Topic::AllowanceKind, kind)?;
        let used = self.state.get::<AllowanceUseRow>(&(kind, id)).ok_or(Refusal::Unknown { what: Topic::AllowanceUse })?;
        self.state.delete::<AllowanceUseRow>(&(kind, id));
        let backing = self.backing(kind, used.beneficiary).minus(used.amount)?;
        if backing.is_zero() {
            self.state.delete::<BackingRow>(&(kind, used.beneficiary));
        } else {
            self.state.put(&(kind, used.beneficiary), &BackingRow { amount: backing });
        }
        if returned {
            let mut row = allowance(self.state.as_read(), kind, used.party);
            row.left = row.left.plus(used.amount)?;
            self.state.put(&(kind, used.party), &row);
        }
        self.emit(Event::AllowanceEnded { kind, unit: id, returned });
        Ok(Accepted::NOTHING)
    }

    /// What backs a beneficiary.
    pub fn backing(&self, kind: Name, beneficiary: Address) -> Measured {
        self.state.get::<BackingRow>(&(kind, beneficiary)).map_or(Measured::ZERO, |row| row.amount)
    }
}
