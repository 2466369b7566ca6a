//! Tokens for trying things on a network whose rules give nobody any at the start.
//!
//! In: who gets how much of which token, when a development network starts. Out: tokens minted ahead of the schedule, recorded as an
//! allocation called `development`, given away whole. The cap holds all the same: what is advanced is missing at its end. Called by
//! the ledger at genesis only; no message leads here. Absent on purpose: advances later on.

use crate::{Account, Limit, Reason, Refusal, Session, Topic, session::work::Work, supply::rows::AllocationRow};
use depin_quantity::{Address, Name, Units};

/// Name under which advances stand among the allocations.
pub const DEVELOPMENT: Name = Name::literal("development");

impl Session<'_> {
    /// Mints `amount` of `token` for `to` ahead of the network's schedule, for a development network that starts now.
    ///
    /// # Errors
    /// A token without supply rules, one whose file has an allocation of that name, zero, a mint past the cap.
    pub fn advance(&mut self, token: Name, to: Address, amount: Units) -> Result<(), Refusal> {
        self.atomically(|work| work.advance(token, to, amount))
    }
}

impl Work<'_> {
    fn advance(&mut self, token: Name, to: Address, amount: Units) -> Result<(), Refusal> {
        let supply = self.spec.supply(token).ok_or(Refusal::Unbound { what: Topic::Token, name: token })?;
        if supply.allocations.iter().any(|part| part.to == DEVELOPMENT) {
            return Err(Refusal::Duplicate { what: Topic::Allocation });
        }
        if amount.is_zero() {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero });
        }
        let none = AllocationRow { amount: Units::ZERO, granted: Units::ZERO, released: Units::ZERO, owner: None };
        let mut row = self.state.get::<AllocationRow>(&(token, DEVELOPMENT)).unwrap_or(none);
        row.amount = row.amount.plus(amount)?;
        row.granted = row.amount;
        self.state.put(&(token, DEVELOPMENT), &row);
        self.post(token, Account::Supply, Account::Wallet(to), amount, Reason::Grant)
    }
}
