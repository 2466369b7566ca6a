//! Tokens of other chains: minted for deposits there, burnt for withdrawals.
//!
//! In: the word of the account that keeps the bridge; holders who withdraw. Out: minted and burnt tokens. Absent on purpose: proofs of
//! what happened on the other chain. Who holds such a token trusts whoever fills its role.

use crate::{
    Account, Event, Limit, Reason, Refusal, Topic,
    rows::row,
    session::{
        rows::RoleRow,
        work::{Work, declared},
    },
};
use depin_quantity::{Address, Name, UnitId, Units};

row! {
    /// A deposit elsewhere that was minted here: token, its id there.
    0x93 (Name, UnitId) => DepositRow {
        /// How much.
        amount: Units,
    }
}
row! {
    /// What came over a token's bridge.
    0x94 Name => BridgeRow {
        /// Minted for deposits.
        deposited: Units,
        /// Burnt for withdrawals.
        withdrawn: Units,
    }
}

impl Work<'_> {
    /// Mints tokens for a deposit elsewhere, once for each; only who fills the token's role may.
    pub fn bridge_in(&mut self, who: Address, token: Name, to: Address, amount: Units, deposit: UnitId) -> Result<(), Refusal> {
        let role = self.bridge_role(token)?;
        if self.state.get::<RoleRow>(&role).is_none_or(|row| row.account != who) {
            return Err(Refusal::NotAllowed { role });
        }
        if self.state.has::<DepositRow>(&(token, deposit)) {
            return Err(Refusal::Duplicate { what: Topic::Deposit });
        }
        above_zero(amount)?;
        self.state.put(&(token, deposit), &DepositRow { amount });
        let mut row = self.bridge_row(token);
        row.deposited = row.deposited.plus(amount)?;
        self.state.put(&token, &row);
        self.post(token, Account::Supply, Account::Wallet(to), amount, Reason::BridgedIn)?;
        self.emit(Event::Bridged { token, party: to, amount, inward: true, reference: deposit });
        Ok(())
    }

    /// Burns tokens that are to be paid out elsewhere, at `destination`.
    pub fn bridge_out(&mut self, who: Address, token: Name, amount: Units, destination: UnitId) -> Result<(), Refusal> {
        self.bridge_role(token)?;
        above_zero(amount)?;
        self.owes_nothing(who, token)?;
        let mut row = self.bridge_row(token);
        row.withdrawn = row.withdrawn.plus(amount)?;
        self.state.put(&token, &row);
        self.post(token, Account::Wallet(who), Account::Supply, amount, Reason::BridgedOut)?;
        self.emit(Event::Bridged { token, party: who, amount, inward: false, reference: destination });
        Ok(())
    }

    fn bridge_role(&self, token: Name) -> Result<Name, Refusal> {
        let rule = declared(self.spec.token(token), Topic::Token, token)?;
        rule.bridged_by.ok_or(Refusal::Unbound { what: Topic::Token, name: token })
    }

    fn bridge_row(&self, token: Name) -> BridgeRow {
        self.state.get(&token).unwrap_or(BridgeRow { deposited: Units::ZERO, withdrawn: Units::ZERO })
    }
}

fn above_zero(amount: Units) -> Result<(), Refusal> {
    if amount.is_zero() { Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero }) } else { Ok(()) }
}
