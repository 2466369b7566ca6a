//! The book: double entry. Every movement of tokens is one posting from one account to another.
//!
//! In: postings from the rules. Out: changed balances, supply and class sums, and one [`Event::Posting`] each. The sum of all
//! balances of a token equals what was minted less what was burnt, because nothing else writes these rows.

pub mod account;
pub mod base_fee;
pub mod bridge;
pub mod reason;
pub mod rows;

use crate::{
    Account, Cap, CapKind, Event, Limit, Money, Reason, Refusal, Spec, Topic,
    book::rows::{ClassRow, HoldingRow, SupplyRow, WalletRow},
    session::work::Work,
};
use depin_quantity::{Address, Name, Units};
use depin_state::ReadState;

/// A wallet that nothing ever entered.
pub const NO_WALLET: WalletRow = WalletRow { held: Units::ZERO, owed: Units::ZERO };

/// A token of which nothing was ever minted.
pub const NO_SUPPLY: SupplyRow = SupplyRow { minted: Units::ZERO, burned: Units::ZERO };

/// A party's wallet; empty when it has no row.
pub fn wallet(state: &dyn ReadState, party: Address, token: Name) -> WalletRow {
    state.get(&(party, token)).unwrap_or(NO_WALLET)
}

/// What parties hold of some tokens, each party above the one before: one walk from the first one's wallets to the last one's. Gives by token what
/// each party holds.
pub fn held_in_order(state: &dyn ReadState, tokens: &[Name], parties: &[Address]) -> Vec<Vec<Units>> {
    let mut held = vec![vec![Units::ZERO; parties.len()]; tokens.len()];
    let (Some(first), Some(least), mut at) = (parties.first(), tokens.iter().min(), 0) else { return held };
    state.scan_from(&(*first, *least), |(party, of): (Address, Name), row: WalletRow| {
        at += parties[at..].iter().take_while(|wanted| **wanted < party).count();
        if parties.get(at) == Some(&party)
            && let Some(token) = tokens.iter().position(|token| *token == of)
        {
            held[token][at] = row.held;
        }
        at < parties.len()
    });
    held
}

/// What an account holds. The supply and the block's fees hold nothing.
pub fn balance(state: &dyn ReadState, account: Account, token: Name) -> Units {
    match account {
        Account::Wallet(party) => wallet(state, party, token).held,
        Account::Supply | Account::Fees => Units::ZERO,
        _ => state.get::<HoldingRow>(&(account, token)).map_or(Units::ZERO, |row| row.held),
    }
}

/// What was ever minted and burnt.
pub fn supply(state: &dyn ReadState, token: Name) -> SupplyRow {
    state.get(&token).unwrap_or(NO_SUPPLY)
}

impl Work<'_> {
    /// Moves `amount` of `token` from one account to another; nothing happens for zero.
    ///
    /// Leaving [`Account::Supply`] mints, entering it burns. [`Account::Fees`] has no row: what enters it is carried by
    /// [`crate::BlockFees`] and leaves it before the block ends.
    ///
    /// - Errors: [`Refusal::CapReached`] for a mint past the cap, [`Refusal::Underfunded`] when `from` holds less.
    pub fn post(&mut self, token: Name, from: Account, to: Account, amount: Units, reason: Reason) -> Result<(), Refusal> {
        if amount.is_zero() {
            return Ok(());
        }
        self.debit(token, from, amount)?;
        self.credit(token, to, amount)?;
        self.emit(Event::Posting { token, from, to, amount, reason });
        Ok(())
    }

    pub fn debit(&mut self, token: Name, account: Account, amount: Units) -> Result<(), Refusal> {
        match account {
            Account::Supply => self.mint(token, amount),
            Account::Fees => Ok(()),
            Account::Wallet(party) => {
                let mut row = wallet(self.state.as_read(), party, token);
                let short = Refusal::Underfunded { token, needed: amount, has: row.held };
                row.held = row.held.minus(amount).map_err(|_| short)?;
                self.put_wallet(party, token, &row);
                Ok(())
            }
            _ => {
                let held = balance(self.state.as_read(), account, token);
                let left = held.minus(amount).map_err(|_| Refusal::Underfunded { token, needed: amount, has: held })?;
                self.put_holding(account, token, left);
                self.change_class(account, token, |sum| sum.minus(amount))
            }
        }
    }

    /// Takes money out of the wallet of a party that owes nothing. Order of refusals: debt, funds.
    pub fn take_from_wallet(&mut self, party: Address, token: Name, amount: Units) -> Result<(), Refusal> {
        let spent = self.state.change(&(party, token), |row: Option<WalletRow>| {
            let mut row = row.unwrap_or(NO_WALLET);
            if !row.owed.is_zero() {
                return Err(Some(Refusal::InDebt { owed: row.owed }));
            }
            let has = row.held;
            row.held = has.minus(amount).map_err(|_| Some(Refusal::Underfunded { token, needed: amount, has }))?;
            if row.held.is_zero() { Err(None) } else { Ok(row) }
        });
        match spent {
            Err(Some(refusal)) => Err(refusal),
            // An empty wallet has no row.
            Err(None) => {
                self.state.delete::<WalletRow>(&(party, token));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    pub fn credit(&mut self, token: Name, account: Account, amount: Units) -> Result<(), Refusal> {
        match account {
            Account::Supply => self.burn(token, amount),
            Account::Fees => Ok(()),
            Account::Wallet(party) => self.credit_wallet(token, party, amount).map(drop),
            _ => {
                let held = balance(self.state.as_read(), account, token).plus(amount)?;
                self.put_holding(account, token, held);
                self.change_class(account, token, |sum| sum.plus(amount))
            }
        }
    }

    /// Adds to a wallet; gives what its owner owes. What something entered is not empty, so it has a row.
    pub fn credit_wallet(&mut self, token: Name, party: Address, amount: Units) -> Result<Units, Refusal> {
        let mut owed = Units::ZERO;
        self.state.change(&(party, token), |row: Option<WalletRow>| {
            let mut row = row.unwrap_or(NO_WALLET);
            row.held = row.held.plus(amount)?;
            owed = row.owed;
            Ok::<_, Refusal>(row)
        })?;
        Ok(owed)
    }

    /// A mint past a cap that is enforced is refused whole: of all that was ever minted, where burning makes no room, or of what
    /// exists, where it does.
    fn mint(&mut self, token: Name, amount: Units) -> Result<(), Refusal> {
        let mut row = supply(self.state.as_read(), token);
        row.minted = row.minted.plus(amount)?;
        let past = |cap: &Cap| match cap.kind {
            CapKind::Clamp => row.minted > cap.amount,
            CapKind::NetEmission => row.minted.minus_or_zero(row.burned) > cap.amount,
            CapKind::Model => false,
        };
        if self.spec.supply(token).is_some_and(|s| past(&s.cap)) {
            return Err(Refusal::CapReached { token, amount });
        }
        self.state.put(&token, &row);
        Ok(())
    }

    fn burn(&mut self, token: Name, amount: Units) -> Result<(), Refusal> {
        let mut row = supply(self.state.as_read(), token);
        row.burned = row.burned.plus(amount)?;
        self.state.put(&token, &row);
        Ok(())
    }

    /// Writes a wallet; an empty one without debt has no row.
    pub fn put_wallet(&mut self, party: Address, token: Name, row: &WalletRow) {
        if row.held.is_zero() && row.owed.is_zero() {
            self.state.delete::<WalletRow>(&(party, token));
        } else {
            self.state.put(&(party, token), row);
        }
    }

    fn put_holding(&mut self, account: Account, token: Name, held: Units) {
        if held.is_zero() {
            self.state.delete::<HoldingRow>(&(account, token));
        } else {
            self.state.put(&(account, token), &HoldingRow { held });
        }
    }

    /// Writes what many debits of one account left in it: `paid` together.
    pub fn write_paid(&mut self, account: Account, token: Name, left: Units, paid: Units) {
        self.put_holding(account, token, left);
        let sum = |sum: Units| sum.minus(paid);
        self.change_class(account, token, sum).expect("the sum of a class's accounts is at least one of them");
    }

    fn change_class(
        &mut self,
        account: Account,
        token: Name,
        change: impl FnOnce(Units) -> Result<Units, depin_quantity::QuantityError>,
    ) -> Result<(), Refusal> {
        let Some(class) = account.class() else { return Ok(()) };
        let key = (token, class.tag());
        self.state.change(&key, |row: Option<ClassRow>| Ok(ClassRow { held: change(row.map_or(Units::ZERO, |row| row.held))? }))
    }

    /// Refuses a party that owes fees in `token`.
    pub fn owes_nothing(&self, party: Address, token: Name) -> Result<(), Refusal> {
        let owed = wallet(self.state.as_read(), party, token).owed;
        if owed.is_zero() { Ok(()) } else { Err(Refusal::InDebt { owed }) }
    }

    /// Sends tokens from one party to another. Writes two rows, each with one look-up; a refusal leaves neither changed.
    ///
    /// A party in debt sends nothing (source: builtin-actors `actors/miner`, withdrawing requires that all fee debt is repaid).
    pub fn transfer(&mut self, from: Address, to: Address, token: Name, amount: Units) -> Result<(), Refusal> {
        let Some(rule) = self.spec.token(token) else { return Err(Refusal::Unbound { what: Topic::Token, name: token }) };
        if !rule.transferable {
            return Err(Refusal::OutOfRange { what: Topic::Token, reason: Limit::NotTransferable });
        }
        if amount.is_zero() {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero });
        }
        if from == to {
            self.owes_nothing(from, token)?;
            let has = wallet(self.state.as_read(), from, token).held;
            has.minus(amount).map_err(|_| Refusal::Underfunded { token, needed: amount, has })?;
        } else {
            let begun = self.begun();
            self.take_from_wallet(from, token, amount)?;
            if let Err(too_large) = self.credit_wallet(token, to, amount) {
                self.undo(begun);
                return Err(too_large);
            }
        }
        let (from, to) = (Account::Wallet(from), Account::Wallet(to));
        self.emit_each(|| Event::Posting { token, from, to, amount, reason: Reason::Transfer });
        Ok(())
    }

    /// Sends `token` from many parties to one, of each so much or all that it has; gives how much, in order. What is refused of one stops no other.
    /// Each sender's wallet is looked up once, and the one that all of them pay is written once.
    pub fn gather(
        &mut self,
        token: Name,
        to: Address,
        from: &mut dyn Iterator<Item = (Address, Units)>,
    ) -> Vec<Result<Units, Refusal>> {
        let refused = match self.spec.token(token) {
            Some(rule) if rule.transferable => None,
            Some(_) => Some(Refusal::OutOfRange { what: Topic::Token, reason: Limit::NotTransferable }),
            None => Some(Refusal::Unbound { what: Topic::Token, name: token }),
        };
        if let Some(refusal) = refused {
            return from.map(|_| Err(refusal.clone())).collect();
        }
        let (begun, mut sum, mut too_large) = (self.begun(), Units::ZERO, None);
        let answers = from.map(|(party, most)| {
            let taken = if party == to { Units::ZERO } else { self.take_up_to(party, token, most)? };
            if !taken.is_zero() {
                match sum.plus(taken) {
                    Ok(more) => sum = more,
                    Err(error) => too_large = Some(Refusal::from(error)),
                }
                let (from, to) = (Account::Wallet(party), Account::Wallet(to));
                self.emit_each(|| Event::Posting { token, from, to, amount: taken, reason: Reason::Transfer });
            }
            Ok(taken)
        });
        let answers: Vec<Result<Units, Refusal>> = answers.collect();
        if !sum.is_zero() {
            too_large = too_large.or(self.credit_wallet(token, to, sum).err());
        }
        if let Some(too_large) = too_large {
            self.undo(begun);
            return answers.iter().map(|_| Err(too_large.clone())).collect();
        }
        answers
    }

    /// Takes so much out of a wallet, or all that is there; gives how much. A party in debt gives nothing of what it has.
    fn take_up_to(&mut self, party: Address, token: Name, most: Units) -> Result<Units, Refusal> {
        let mut taken = Units::ZERO;
        let changed = self.state.change(&(party, token), |row: Option<WalletRow>| {
            let mut row = row.unwrap_or(NO_WALLET);
            let amount = most.min(row.held);
            if amount.is_zero() {
                return Err(None);
            }
            if !row.owed.is_zero() {
                return Err(Some(Refusal::InDebt { owed: row.owed }));
            }
            taken = amount;
            row.held = row.held.minus_or_zero(amount);
            if row.held.is_zero() { Err(None) } else { Ok(row) }
        });
        match changed {
            Err(Some(refusal)) => return Err(refusal),
            // An empty wallet has no row.
            Err(None) if !taken.is_zero() => self.state.delete::<WalletRow>(&(party, token)),
            _ => {}
        }
        Ok(taken)
    }

    /// An agreed amount in base units of `token`. Exact: what the token cannot express is refused.
    pub fn units_of(&self, money: Money, token: Name, what: Topic) -> Result<Units, Refusal> {
        units_of(self.spec, money, token, what)
    }
}

/// An agreed amount in base units of `token`. Exact: what the token cannot express is refused.
pub fn units_of(spec: &Spec, money: Money, token: Name, what: Topic) -> Result<Units, Refusal> {
    if money.currency != token {
        return Err(Refusal::OutOfRange { what, reason: Limit::OfToken(token) });
    }
    let grain = 10u128.pow(18 - u32::from(spec.token_of(token).decimals.min(18)));
    if grain == 1 {
        return Ok(Units::new(money.amount.get()));
    }
    if !money.amount.get().is_multiple_of(grain) {
        return Err(Refusal::OutOfRange { what, reason: Limit::TooFine });
    }
    Ok(Units::new(money.amount.get() / grain))
}
