//! Escrows: purses with an owner, whose money streams reserve.

use crate::{
    Accepted, Account, Answer, EscrowRecord, Event, Limit, Money, Notice, Refusal, Topic, Why, book,
    rows::EscrowRow,
    spec::StreamRule,
    work::{Work, declared},
};
use depin_quantity::{Address, Name, UnitId, Units};

impl Work<'_> {
    pub fn escrow(&mut self, record: &EscrowRecord) -> Answer {
        match *record {
            EscrowRecord::Open { id, kind, owner, deposit } => self.open_escrow(id, kind, owner, deposit),
            EscrowRecord::Deposit { id, from, deposit } => self.fund_escrow(id, from, deposit),
            EscrowRecord::Refund { id, amount } => self.refund_escrow(id, amount),
            EscrowRecord::Close { id } => {
                let (row, rule) = self.escrow_and_rule(id)?;
                if row.streams > 0 {
                    return Err(Refusal::Engaged { open: row.streams });
                }
                let back = self.close_escrow(id, &row, rule.token)?;
                Ok(Accepted::moved(rule.token, back))
            }
        }
    }

    /// Order of refusals: kind, duplicate, amount, debt, funds. A debtor opens none: a stream to a friend would be a transfer.
    fn open_escrow(&mut self, id: UnitId, kind: Name, owner: Address, deposit: Money) -> Answer {
        let rule = declared(self.spec.stream(kind), Topic::StreamKind, kind)?;
        if self.state.has::<EscrowRow>(&id) {
            return Err(Refusal::Duplicate { what: Topic::Escrow });
        }
        let amount = self.units_of(deposit, rule.token, Topic::Amount)?;
        self.owes_nothing(owner, rule.token)?;
        self.state.put(&id, &EscrowRow { kind, owner, reserved: Units::ZERO, streams: 0 });
        self.say(Event::EscrowOpened { escrow: id, owner });
        self.post(rule.token, Account::Wallet(owner), Account::Escrow(id), amount, Why::EscrowFunded)?;
        Ok(Accepted::moved(rule.token, amount))
    }

    fn fund_escrow(&mut self, id: UnitId, from: Address, deposit: Money) -> Answer {
        let (_, rule) = self.escrow_and_rule(id)?;
        let amount = self.units_of(deposit, rule.token, Topic::Amount)?;
        if amount.is_zero() {
            return Err(Refusal::OutOfRange { what: Topic::Amount, why: Limit::AboveZero });
        }
        self.owes_nothing(from, rule.token)?;
        self.post(rule.token, Account::Wallet(from), Account::Escrow(id), amount, Why::EscrowFunded)?;
        Ok(Accepted::moved(rule.token, amount))
    }

    fn refund_escrow(&mut self, id: UnitId, amount: Money) -> Answer {
        let (row, rule) = self.escrow_and_rule(id)?;
        let amount = self.units_of(amount, rule.token, Topic::Amount)?;
        let free = self.escrow_free(id, &row, rule.token)?;
        if amount > free {
            return Err(Refusal::Underfunded { token: rule.token, needed: amount, has: free });
        }
        self.post(rule.token, Account::Escrow(id), Account::Wallet(row.owner), amount, Why::EscrowRefunded)?;
        Ok(Accepted::moved(rule.token, amount))
    }

    /// An escrow and the rules of its kind.
    pub fn escrow_and_rule(&self, id: UnitId) -> Result<(EscrowRow, StreamRule), Refusal> {
        let row = self.state.get::<EscrowRow>(&id).ok_or(Refusal::Unknown { what: Topic::Escrow })?;
        let rule = declared(self.spec.stream(row.kind), Topic::StreamKind, row.kind)?;
        Ok((row, rule))
    }

    /// What no stream has reserved.
    pub fn escrow_free(&self, id: UnitId, row: &EscrowRow, token: Name) -> Result<Units, Refusal> {
        Ok(book::balance(self.state.as_read(), Account::Escrow(id), token).minus(row.reserved)?)
    }

    /// Gives back what is left and ends the escrow.
    pub fn close_escrow(&mut self, id: UnitId, row: &EscrowRow, token: Name) -> Result<Units, Refusal> {
        let back = book::balance(self.state.as_read(), Account::Escrow(id), token);
        self.post(token, Account::Escrow(id), Account::Wallet(row.owner), back, Why::EscrowRefunded)?;
        self.state.delete::<EscrowRow>(&id);
        self.say(Event::EscrowClosed { escrow: id });
        self.tell(Notice::EscrowClosed { escrow: id });
        Ok(back)
    }
}
