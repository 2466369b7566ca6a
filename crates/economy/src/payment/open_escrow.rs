//! Open-ended escrows: money that streams use up, when it will be gone, and what is owed when it is.
//!
//! In: deposits, refunds, time. Out: settlements of all running streams, the planned end on the list of what is due, debts that a
//! later deposit settles. The streams themselves are in `running`, the two rules in `open_ended`.

use super::{
    claim::Claim,
    open_ended::Deposit,
    pays::Payment,
    running::{running, runs_out, settle},
};
use crate::{
    Accepted, Account, Answer, Ended, Event, Limit, Notice, Reason, Refusal, StreamMethod, Topic,
    params::{BondFate, StreamRule},
    payment::rows::{EscrowRow, OpenEscrowRow, PaymentRow, StreamRow},
    session::work::Work,
    time::due::Job,
};
use depin_quantity::{Address, Instant, Span, UnitId, Units};

impl Work<'_> {
    /// Begins an open-ended escrow.
    pub fn open_open_ended(&mut self, id: UnitId, method: StreamMethod, owner: Address, amount: Units, settled: u64) {
        let mut row =
            OpenEscrowRow { settled, funds: Claim::ZERO, deposits: Vec::new(), out: None, warn: None, owed: Units::ZERO };
        match method {
            StreamMethod::Ordered if amount.is_zero() => {}
            StreamMethod::Ordered => row.deposits.push(Deposit { owner, left: amount }),
            _ => row.funds = Claim::of(amount),
        }
        self.state.put(&id, &row);
    }

    pub fn open_ended_row(&self, id: UnitId) -> OpenEscrowRow {
        self.state.get(&id).expect("an open-ended escrow has this row for as long as it lives")
    }

    /// Ends the row of an open-ended escrow; gives the deposits that go back.
    pub fn close_open_ended(&mut self, id: UnitId) -> Vec<Deposit> {
        let Some(escrow_row) = self.state.get::<OpenEscrowRow>(&id) else { return Vec::new() };
        let rule = self.escrow_and_rule(id).ok().map(|(_, rule)| rule);
        if let Some(rule) = rule {
            self.forget_end(id, &escrow_row, rule);
        }
        self.state.delete::<OpenEscrowRow>(&id);
        escrow_row.deposits
    }

    /// More money: it lasts longer, or it settles what an exhausted escrow owes.
    pub fn fund_open_ended(&mut self, id: UnitId, row: &EscrowRow, rule: &StreamRule, from: Address, amount: Units) -> Answer {
        if !self.open_ended_row(id).owed.is_zero() {
            return self.pay_unsettled(id, row, rule, from, amount);
        }
        if self.settle_open_ended(id, rule, self.period(rule.clock))? {
            return Err(Refusal::OutOfRange { what: Topic::Escrow, reason: Limit::Exhausted });
        }
        let mut escrow_row = self.open_ended_row(id);
        match rule.method {
            StreamMethod::Ordered => self.add_deposit(&mut escrow_row.deposits, from, row.owner, amount)?,
            _ => escrow_row.funds = escrow_row.funds.plus(Claim::of(amount)),
        }
        self.post(row.token, Account::Wallet(from), Account::Escrow(id), amount, Reason::EscrowFunded)?;
        self.plan_end(id, rule, escrow_row);
        Ok(Accepted::moved(row.token, amount))
    }

    /// Gives back what has not run out: to the owner, or of an ordered escrow the newest deposits to their depositors.
    pub fn refund_open_ended(&mut self, id: UnitId, row: &EscrowRow, rule: &StreamRule, amount: Units) -> Answer {
        if self.settle_open_ended(id, rule, self.period(rule.clock))? {
            return Err(Refusal::OutOfRange { what: Topic::Escrow, reason: Limit::Exhausted });
        }
        let mut escrow_row = self.open_ended_row(id);
        let has = if rule.method == StreamMethod::Ordered { escrow_row.deposited() } else { escrow_row.funds.whole() };
        if amount > has || !escrow_row.owed.is_zero() {
            return Err(Refusal::Underfunded { token: row.token, needed: amount, has });
        }
        if rule.method == StreamMethod::Ordered {
            let mut open = amount;
            while let Some(last) = escrow_row.deposits.last_mut().filter(|_| !open.is_zero()) {
                let part = open.min(last.left);
                last.left = last.left.minus(part)?;
                open = open.minus(part)?;
                let owner = last.owner;
                if last.left.is_zero() {
                    escrow_row.deposits.pop();
                }
                self.post(row.token, Account::Escrow(id), Account::Wallet(owner), part, Reason::DepositReturned)?;
            }
        } else {
            escrow_row.funds = escrow_row.funds.less(Claim::of(amount));
            self.post(row.token, Account::Escrow(id), Account::Wallet(row.owner), amount, Reason::EscrowRefunded)?;
        }
        self.plan_end(id, rule, escrow_row);
        Ok(Accepted::moved(row.token, amount))
    }

    /// Settles an escrow up to the period `through`; says whether its money was gone, and then its streams have ended.
    pub fn settle_open_ended(&mut self, id: UnitId, rule: &StreamRule, through: u64) -> Result<bool, Refusal> {
        let mut escrow_row = self.open_ended_row(id);
        if !escrow_row.owed.is_zero() {
            return Ok(true);
        }
        let mut streams = running(self.state.as_read(), id);
        let first = escrow_row.settled;
        let exhausted = settle(rule.method, &mut escrow_row, &mut streams, through);
        if escrow_row.settled == first {
            return Ok(false);
        }
        for (stream, row) in &streams {
            self.state.put(&(id, *stream), row);
        }
        if !streams.is_empty() {
            self.emit(Event::EscrowSettled { escrow: id, first, end: escrow_row.settled });
        }
        if exhausted {
            self.exhaust(id, rule, escrow_row)?;
            return Ok(true);
        }
        self.plan_end(id, rule, escrow_row);
        Ok(false)
    }

    /// The money is gone: every stream of the escrow is paid out and ends. Debts of an ordered escrow stay; else it closes.
    fn exhaust(&mut self, id: UnitId, rule: &StreamRule, mut escrow_row: OpenEscrowRow) -> Result<(), Refusal> {
        let rows: Vec<_> = self.state.as_read().rows_with::<PaymentRow>(&id).collect();
        escrow_row.owed = Units::new(rows.iter().fold(0u128, |sum, (_, row)| sum.saturating_add(row.owed.get())));
        self.forget_end(id, &escrow_row, rule);
        (escrow_row.out, escrow_row.warn) = (None, None);
        let owed = escrow_row.owed;
        self.state.put(&id, &escrow_row);
        self.emit(Event::EscrowExhausted { escrow: id, owed });
        self.notify(Notice::EscrowExhausted { escrow: id, owed });
        for ((_, stream), payment) in rows {
            let row = self.state.get::<StreamRow>(&stream).expect("a payment row has a stream until it has ended");
            self.finish_running(stream, &row, rule, Ended::Exhausted, BondFate::Return)?;
            if !payment.owed.is_zero() {
                let debt = PaymentRow { balance: Claim::ZERO, runs: false, ..payment };
                self.state.put(&(id, stream), &debt);
            }
        }
        if owed.is_zero() {
            let escrow = self.state.get::<EscrowRow>(&id).expect("an escrow outlives its streams");
            self.close_escrow(id, &escrow)?;
        }
        Ok(())
    }

    /// A deposit into an exhausted escrow pays its debts in order; with the last of them it closes.
    fn pay_unsettled(&mut self, id: UnitId, row: &EscrowRow, rule: &StreamRule, from: Address, amount: Units) -> Answer {
        let mut escrow_row = self.open_ended_row(id);
        let taken = amount.min(escrow_row.owed);
        self.post(row.token, Account::Wallet(from), Account::Escrow(id), taken, Reason::EscrowFunded)?;
        let debts: Vec<_> = self.state.as_read().rows_with::<PaymentRow>(&id).collect();
        let mut open = taken;
        for (key, mut debt) in debts {
            let part = open.min(debt.owed);
            open = open.minus(part)?;
            debt.owed = debt.owed.minus(part)?;
            let payment = Payment {
                kind: row.kind,
                token: row.token,
                from: Account::Escrow(id),
                payee: debt.to,
                amount: part,
                reason: Reason::UnsettledPaid,
            };
            self.pay_parts(&payment, rule.pays.of(row.token, &rule.currencies))?;
            if debt.owed.is_zero() {
                self.state.delete::<PaymentRow>(&key);
            } else {
                self.state.put(&key, &debt);
            }
        }
        escrow_row.owed = escrow_row.owed.minus(taken)?;
        let settled = escrow_row.owed.is_zero();
        self.state.put(&id, &escrow_row);
        if settled {
            self.close_escrow(id, row)?;
        }
        Ok(Accepted::moved(row.token, taken))
    }

    /// Writes an escrow's row, with the moment at which its money is gone and the warning before it on the list.
    pub fn plan_end(&mut self, id: UnitId, rule: &StreamRule, mut escrow_row: OpenEscrowRow) {
        let streams = running(self.state.as_read(), id);
        let out = runs_out(rule.method, &escrow_row, &streams);
        if out != escrow_row.out {
            self.forget_end(id, &escrow_row, rule);
            (escrow_row.out, escrow_row.warn) = (out, None);
            if let Some(out) = out {
                let ends = self.period_start(rule.clock, out);
                self.schedule(ends, Job::EscrowOut, id);
                if rule.warn_before.get() > 0 {
                    let at = Instant::new(ends.get().saturating_sub(rule.warn_before.get()));
                    let warn = at.max(self.now.later(Span::from_millis(1)));
                    if warn < ends {
                        escrow_row.warn = Some(warn);
                        self.schedule(warn, Job::EscrowLow, id);
                    }
                }
            }
        }
        self.state.put(&id, &escrow_row);
    }

    fn forget_end(&mut self, id: UnitId, escrow_row: &OpenEscrowRow, rule: &StreamRule) {
        if let Some(out) = escrow_row.out {
            self.unschedule(self.period_start(rule.clock, out), Job::EscrowOut, id);
        }
        if let Some(warn) = escrow_row.warn {
            self.unschedule(warn, Job::EscrowLow, id);
        }
    }

    /// The money of an open-ended escrow ends soon.
    pub fn escrow_low(&mut self, id: UnitId) -> Result<(), Refusal> {
        let (_, rule) = self.escrow_and_rule(id)?;
        let mut escrow_row = self.open_ended_row(id);
        escrow_row.warn = None;
        self.state.put(&id, &escrow_row);
        let out = escrow_row.out.expect("a warning stands only before an end");
        // Streams are paid for whole periods that come before the one that the escrow cannot pay.
        let lasts_until = self.period_start(rule.clock, out.saturating_sub(1));
        self.notify(Notice::EscrowLow { escrow: id, lasts_until });
        self.emit(Event::EscrowLow { escrow: id, lasts_until });
        Ok(())
    }

    /// The money of an open-ended escrow is gone.
    pub fn escrow_out(&mut self, id: UnitId) -> Result<(), Refusal> {
        let (_, rule) = self.escrow_and_rule(id)?;
        let out = self.open_ended_row(id).out.expect("an end stands on the list only while money runs");
        self.settle_open_ended(id, rule, out)?;
        Ok(())
    }
}
