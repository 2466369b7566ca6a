//! Escrows: open-ended escrows with an owner, whose money streams reserve or use up, or which charges of one kind are paid from.

use super::{open_ended::Deposit, running::DEPOSITS_MOST};
use crate::{
    Accepted, Account, Answer, ChargeRule, EscrowRecord, Event, Limit, Money, Notice, Reason, Refusal, StreamMethod, Topic, book,
    params::StreamRule,
    payment::rows::{EscrowRow, OpenEscrowRow},
    session::work::{Work, found},
};
use depin_quantity::{Address, Name, UnitId, Units};

/// What an escrow is for.
#[derive(Clone, Copy)]
pub enum EscrowRule<'s> {
    Stream(&'s StreamRule),
    Charge(&'s ChargeRule),
}

impl EscrowRule<'_> {
    fn currencies(&self) -> &[Name] {
        match self {
            Self::Stream(rule) => &rule.currencies,
            Self::Charge(rule) => &rule.currencies,
        }
    }

    fn deposit_least(&self, token: Name) -> Units {
        match self {
            Self::Stream(rule) => rule.deposit_least.get(&token).copied().unwrap_or(Units::ZERO),
            Self::Charge(_) => Units::ZERO,
        }
    }

    /// How its streams use its money up; `None` when they reserve it, or when it has no streams.
    pub fn open_ended(&self) -> Option<(&StreamRule, StreamMethod)> {
        match self {
            Self::Stream(rule) if rule.method != StreamMethod::Reserved => Some((rule, rule.method)),
            _ => None,
        }
    }
}

impl<'w> Work<'w> {
    pub fn escrow(&mut self, record: &EscrowRecord) -> Answer {
        match *record {
            EscrowRecord::Open { id, kind, owner, deposit } => self.open_escrow(id, kind, owner, deposit),
            EscrowRecord::Deposit { id, from, deposit } => self.fund_escrow(id, from, deposit),
            EscrowRecord::Refund { id, amount } => self.refund_escrow(id, amount),
            EscrowRecord::Close { id } => self.end_escrow(id),
        }
    }

    fn escrow_rule(&self, kind: Name) -> Result<EscrowRule<'w>, Refusal> {
        match self.spec.charge(kind) {
            Some(rule) => Ok(EscrowRule::Charge(rule)),
            None => found(self.spec.stream(kind), Topic::StreamKind, kind).map(EscrowRule::Stream),
        }
    }

    /// Order of refusals: kind, duplicate, currency, amount, debt, funds. A debtor opens none: a stream to a friend would be a
    /// transfer.
    fn open_escrow(&mut self, id: UnitId, kind: Name, owner: Address, deposit: Money) -> Answer {
        let rule = self.escrow_rule(kind)?;
        if self.state.has::<EscrowRow>(&id) {
            return Err(Refusal::Duplicate { what: Topic::Escrow });
        }
        let token = currency_of(rule.currencies(), deposit.currency)?;
        let amount = self.units_of(deposit, token, Topic::Amount)?;
        if amount < rule.deposit_least(token) {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AtLeast(rule.deposit_least(token)) });
        }
        self.owes_nothing(owner, token)?;
        self.state.put(&id, &EscrowRow { kind, owner, token, reserved: Units::ZERO, streams: 0 });
        if let Some((stream, method)) = rule.open_ended() {
            let settled = self.period(stream.clock);
            self.open_open_ended(id, method, owner, amount, settled);
        }
        self.emit(Event::EscrowOpened { escrow: id, owner });
        self.post(token, Account::Wallet(owner), Account::Escrow(id), amount, Reason::EscrowFunded)?;
        Ok(Accepted::moved(token, amount))
    }

    /// Order of refusals: escrow, currency, amount, transferable, exhausted, room, debt, funds.
    fn fund_escrow(&mut self, id: UnitId, from: Address, deposit: Money) -> Answer {
        let (row, rule) = self.any_escrow(id)?;
        let amount = self.units_of(deposit, row.token, Topic::Amount)?;
        if amount.is_zero() {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero });
        }
        // What is left goes to the owner: somebody else's deposit would send what cannot be sent.
        if from != row.owner && !self.spec.token_of(row.token).transferable {
            return Err(Refusal::OutOfRange { what: Topic::Token, reason: Limit::NotTransferable });
        }
        self.owes_nothing(from, row.token)?;
        if let Some((stream, _)) = rule.open_ended() {
            return self.fund_open_ended(id, &row, stream, from, amount);
        }
        self.post(row.token, Account::Wallet(from), Account::Escrow(id), amount, Reason::EscrowFunded)?;
        Ok(Accepted::moved(row.token, amount))
    }

    fn refund_escrow(&mut self, id: UnitId, amount: Money) -> Answer {
        let (row, rule) = self.any_escrow(id)?;
        let amount = self.units_of(amount, row.token, Topic::Amount)?;
        if let Some((stream, _)) = rule.open_ended() {
            return self.refund_open_ended(id, &row, stream, amount);
        }
        let free = self.escrow_free(id, &row)?;
        if amount > free {
            return Err(Refusal::Underfunded { token: row.token, needed: amount, has: free });
        }
        self.post(row.token, Account::Escrow(id), Account::Wallet(row.owner), amount, Reason::EscrowRefunded)?;
        Ok(Accepted::moved(row.token, amount))
    }

    fn end_escrow(&mut self, id: UnitId) -> Answer {
        let (row, _) = self.any_escrow(id)?;
        if row.streams > 0 {
            return Err(Refusal::Engaged { open: row.streams });
        }
        if self.state.get::<OpenEscrowRow>(&id).is_some_and(|escrow_row| !escrow_row.owed.is_zero()) {
            return Err(Refusal::OutOfRange { what: Topic::Escrow, reason: Limit::Exhausted });
        }
        let back = self.close_escrow(id, &row)?;
        Ok(Accepted::moved(row.token, back))
    }

    /// An escrow and what it is for.
    fn any_escrow(&self, id: UnitId) -> Result<(EscrowRow, EscrowRule<'w>), Refusal> {
        let row = self.state.get::<EscrowRow>(&id).ok_or(Refusal::Unknown { what: Topic::Escrow })?;
        let rule = self.escrow_rule(row.kind)?;
        Ok((row, rule))
    }

    /// An escrow and the rules of its kind of stream.
    pub fn escrow_and_rule(&self, id: UnitId) -> Result<(EscrowRow, &'w StreamRule), Refusal> {
        let row = self.state.get::<EscrowRow>(&id).ok_or(Refusal::Unknown { what: Topic::Escrow })?;
        let rule = found(self.spec.stream(row.kind), Topic::StreamKind, row.kind)?;
        Ok((row, rule))
    }

    /// What no stream has reserved.
    pub fn escrow_free(&self, id: UnitId, row: &EscrowRow) -> Result<Units, Refusal> {
        Ok(book::balance(self.state.as_read(), Account::Escrow(id), row.token).minus(row.reserved)?)
    }

    /// Gives back what is left and ends the escrow: to its owner, or to the depositors of an ordered one.
    pub fn close_escrow(&mut self, id: UnitId, row: &EscrowRow) -> Result<Units, Refusal> {
        let back = book::balance(self.state.as_read(), Account::Escrow(id), row.token);
        let mut rest = back;
        for Deposit { owner, left } in self.close_open_ended(id) {
            self.post(row.token, Account::Escrow(id), Account::Wallet(owner), left, Reason::DepositReturned)?;
            rest = rest.minus(left)?;
        }
        self.post(row.token, Account::Escrow(id), Account::Wallet(row.owner), rest, Reason::EscrowRefunded)?;
        self.state.delete::<EscrowRow>(&id);
        self.emit(Event::EscrowClosed { escrow: id });
        self.notify(Notice::EscrowClosed { escrow: id });
        Ok(back)
    }

    /// Adds a deposit to the list of an ordered escrow: to its last one when that is the same party's.
    pub fn add_deposit(
        &self,
        deposits: &mut Vec<Deposit>,
        owner: Address,
        holder: Address,
        amount: Units,
    ) -> Result<(), Refusal> {
        if let Some(last) = deposits.last_mut().filter(|last| last.owner == owner) {
            last.left = last.left.plus(amount)?;
            return Ok(());
        }
        // One place is kept for the escrow's owner, so that small deposits of others never shut it out.
        let most = if owner == holder { DEPOSITS_MOST } else { DEPOSITS_MOST - 1 };
        if deposits.len() < most {
            deposits.push(Deposit { owner, left: amount });
            return Ok(());
        }
        match deposits.iter_mut().rev().find(|deposit| deposit.owner == owner) {
            Some(own) => {
                own.left = own.left.plus(amount)?;
                Ok(())
            }
            None => Err(Refusal::OutOfRange { what: Topic::Escrow, reason: Limit::AtMost(Units::new(most as u128)) }),
        }
    }
}

/// The token of a currency, when it is one that may be paid in.
fn currency_of(currencies: &[Name], currency: Name) -> Result<Name, Refusal> {
    let first = currencies.first().copied().unwrap_or(currency);
    let wrong = Refusal::OutOfRange { what: Topic::Amount, reason: Limit::OfToken(first) };
    if currencies.contains(&currency) { Ok(currency) } else { Err(wrong) }
}
