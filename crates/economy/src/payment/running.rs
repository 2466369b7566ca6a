//! Open-ended streams: payments that run until their escrow is empty, their term ends, or somebody closes them.
//!
//! In: rates, deposits, time. Out: what payees accrued, kept inside the escrow until they collect it; the moment at which the money
//! is gone, kept on the list of what is due, so that streams end when it comes and not when somebody looks.
//!
//! An escrow is settled whenever something touches it: its streams earn for the periods since the last time, by the kind's method.
//! Collecting pays whole base units; a part of one that is left when a stream ends goes back to the escrow.
//!
//! - Source: akash-network/node `x/escrow/keeper/keeper.go`, v0.38.0 (weighted) and v1.1.0 (ordered).
//! - Deviations: an empty escrow is found at the end of the first period that it cannot pay, not when it is touched, so the
//!   unsettled debt is at most one period's; streams are served in the order of their ids; streams that have ended leave their
//!   part of a base unit to the escrow's owner.

use super::{
    claim::Claim,
    measured::waiting,
    open_ended::{ordered_due, ordered_lasts, settle_ordered, settle_weighted, weighted_lasts},
    pays::Payment,
    stream::StreamEnd,
};
use crate::{
    Accepted, Account, Answer, Ended, Event, Limit, Reason, Refusal, StreamMethod, StreamOpen, Topic,
    params::{BondFate, StreamRule},
    payment::rows::{EscrowRow, OpenEscrowRow, PaymentRow, StreamRow},
    session::work::Work,
    time::due::Job,
};
use depin_quantity::{UnitId, Units};
use depin_state::ReadState;
use ruint::aliases::U256;

/// Most streams of one open-ended escrow: settling it touches each of them.
pub const RUNNING_MOST: usize = 64;

/// Highest rate per period, in base units: what 64 streams owe for a period fits 128 bits.
const RATE_MOST: Units = Units::new(1 << 112);

/// Most deposits that one ordered escrow tells apart.
pub const DEPOSITS_MOST: usize = 32;

/// The streams of an escrow that run, in the order of their ids.
pub fn running(state: &dyn ReadState, escrow: UnitId) -> Vec<(UnitId, PaymentRow)> {
    let rows = state.rows_with::<PaymentRow>(&escrow).filter(|(_, row)| row.runs);
    rows.map(|((_, stream), row)| (stream, row)).collect()
}

/// The first period that an escrow cannot pay, when its streams go on as they are; `None` when nothing runs.
pub fn runs_out(method: StreamMethod, escrow_row: &OpenEscrowRow, running: &[(UnitId, PaymentRow)]) -> Option<u64> {
    let rates: Vec<Claim> = running.iter().map(|(_, row)| row.rate).collect();
    if rates.is_empty() {
        return None;
    }
    let lasts = match method {
        StreamMethod::Ordered => ordered_lasts(escrow_row.deposited(), &rates),
        _ => weighted_lasts(escrow_row.funds, &rates),
    };
    Some(escrow_row.settled.saturating_add(lasts).saturating_add(1))
}

/// Settles an escrow up to `through`, in rows only: what streams accrued and are owed, and whether the money is gone.
pub fn settle(method: StreamMethod, escrow_row: &mut OpenEscrowRow, running: &mut [(UnitId, PaymentRow)], through: u64) -> bool {
    let through = through.min(escrow_row.out.unwrap_or(u64::MAX));
    let periods = through.saturating_sub(escrow_row.settled);
    escrow_row.settled = escrow_row.settled.max(through);
    if periods == 0 || running.is_empty() {
        return false;
    }
    let rates: Vec<Claim> = running.iter().map(|(_, row)| row.rate).collect();
    if method == StreamMethod::Ordered {
        let dues: Vec<Units> = rates.iter().map(|rate| ordered_due(*rate, periods)).collect();
        let settlement = settle_ordered(&mut escrow_row.deposits, &dues);
        for (i, (_, row)) in running.iter_mut().enumerate() {
            row.balance = row.balance.plus(Claim::of(settlement.paid[i]));
            row.owed = settlement.unsettled[i];
        }
        return settlement.exhausted();
    }
    let settlement = settle_weighted(escrow_row.funds, &rates, periods);
    escrow_row.funds = settlement.left;
    for ((_, row), accrued) in running.iter_mut().zip(settlement.accrued) {
        row.balance = row.balance.plus(accrued);
    }
    settlement.exhausted
}

impl OpenEscrowRow {
    /// What is left of all deposits.
    pub fn deposited(&self) -> Units {
        Units::new(self.deposits.iter().fold(0u128, |sum, deposit| sum.saturating_add(deposit.left.get())))
    }
}

impl Work<'_> {
    /// Opens a stream that does not run yet. The caller has checked id, currency, term and deadline.
    ///
    /// Order of refusals: rate, exhausted, room, bond, debt, payee's funds.
    pub fn open_running(&mut self, open: &StreamOpen, mut escrow: EscrowRow, rule: &StreamRule, bond: Units) -> Answer {
        let rate = self.fine_rate(open, &escrow, rule)?;
        if !self.open_ended_row(open.escrow).owed.is_zero() {
            return Err(Refusal::OutOfRange { what: Topic::Escrow, reason: Limit::Exhausted });
        }
        if escrow.streams as usize >= RUNNING_MOST {
            let most = Units::new(RUNNING_MOST as u128);
            return Err(Refusal::OutOfRange { what: Topic::Escrow, reason: Limit::AtMost(most) });
        }
        self.owes_nothing(open.to, escrow.token)?;
        escrow.streams += 1;
        self.state.put(&open.escrow, &escrow);
        let bonded = rule.bond.map_or(escrow.token, |bond| bond.token);
        self.post(bonded, Account::Wallet(open.to), Account::Bond(open.id), bond, Reason::BondLocked)?;
        let &StreamOpen { id, escrow: from, to, periods, activate_by, .. } = open;
        let whole = rate.whole();
        let row =
            StreamRow { kind: escrow.kind, escrow: from, to, rate: whole, periods, bond, activate_by, start: None, paid: 0 };
        self.state.put(&id, &row);
        let none = Units::ZERO;
        let payment = PaymentRow { to, rate, balance: Claim::ZERO, paid: none, owed: none, runs: false };
        self.state.put(&(from, id), &payment);
        self.schedule(super::stream::deadline(&row), Job::Unactivated, id);
        self.emit(Event::StreamOpened { stream: id, escrow: from, to, rate: whole, periods, bond, activate_by });
        Ok(Accepted::moved(bonded, bond))
    }

    /// The rate in 10^-18 base units: `amount * 10^decimals`, exact.
    fn fine_rate(&self, open: &StreamOpen, escrow: &EscrowRow, rule: &StreamRule) -> Result<Claim, Refusal> {
        if open.rate.currency != escrow.token {
            return Err(Refusal::OutOfRange { what: Topic::Rate, reason: Limit::OfToken(escrow.token) });
        }
        if open.rate.amount.is_zero() {
            return Err(Refusal::OutOfRange { what: Topic::Rate, reason: Limit::AboveZero });
        }
        let places = self.spec.token_of(escrow.token).decimals.min(18);
        let rate = Claim(U256::from(open.rate.amount.get()) * U256::from(10u128.pow(places.into())));
        let most = rule.rate_most(escrow.token).min(RATE_MOST);
        if rate > Claim::of(most) {
            return Err(Refusal::OutOfRange { what: Topic::Rate, reason: Limit::AtMost(most) });
        }
        Ok(rate)
    }

    /// A stream begins to run: it earns from the period in progress, and its escrow ends sooner.
    pub fn run_stream(&mut self, id: UnitId, row: &mut StreamRow, rule: &StreamRule) -> Result<(), Refusal> {
        let present = self.period(rule.clock);
        if self.settle_open_ended(row.escrow, rule, present)? {
            return Err(Refusal::OutOfRange { what: Topic::Escrow, reason: Limit::Exhausted });
        }
        let mut payment = self.payment(row.escrow, id);
        payment.runs = true;
        row.start = Some(present);
        self.state.put(&(row.escrow, id), &payment);
        self.state.put(&id, &*row);
        if row.periods > 0 {
            self.schedule(self.stream_ends(row), Job::Over, id);
        }
        let mut escrow_row = self.open_ended_row(row.escrow);
        escrow_row.settled = present;
        self.plan_end(row.escrow, rule, escrow_row);
        Ok(())
    }

    pub fn payment(&self, escrow: UnitId, stream: UnitId) -> PaymentRow {
        self.state.get(&(escrow, stream)).expect("an open-ended stream has this row for as long as it lives")
    }

    /// Pays a payee the whole base units that it accrued, without what waits for its measure; a part of one stays.
    pub fn collect(&mut self, id: UnitId, row: &StreamRow, rule: &StreamRule) -> Answer {
        let token = self.escrow_and_rule(row.escrow)?.0.token;
        if self.settle_open_ended(row.escrow, rule, self.period(rule.clock))? {
            return Ok(Accepted::NOTHING);
        }
        let mut payment = self.payment(row.escrow, id);
        let paid = self.pay_balance(id, row, rule, &mut payment)?;
        self.state.put(&(row.escrow, id), &payment);
        Ok(Accepted::moved(token, paid))
    }

    /// Pays what waits for no measure.
    fn pay_balance(
        &mut self,
        id: UnitId,
        row: &StreamRow,
        rule: &StreamRule,
        payment: &mut PaymentRow,
    ) -> Result<Units, Refusal> {
        let waits = waiting(self.state.as_read(), row.escrow, id, payment);
        let amount = payment.balance.less(waits).whole();
        let (escrow, _) = self.escrow_and_rule(row.escrow)?;
        let (kind, token, from) = (row.kind, escrow.token, Account::Escrow(row.escrow));
        let parts = rule.pays.of(token, &rule.currencies);
        self.pay_parts(&Payment { kind, token, from, payee: row.to, amount, reason: Reason::StreamPaid }, parts)?;
        payment.balance = payment.balance.less(Claim::of(amount));
        payment.paid = payment.paid.plus(amount)?;
        self.collected(row.escrow, id, amount);
        Ok(amount)
    }

    /// Ends a stream early: it earns up to `through`. What an earlier settlement gave it beyond that, and it did not collect,
    /// goes back.
    pub fn close_running(
        &mut self,
        id: UnitId,
        row: &StreamRow,
        rule: &StreamRule,
        through: u64,
        reason: Ended,
        fate: BondFate,
    ) -> Answer {
        let (escrow, _) = self.escrow_and_rule(row.escrow)?;
        if row.start.is_some() && self.settle_open_ended(row.escrow, rule, through)? {
            return Ok(Accepted::NOTHING);
        }
        let mut escrow_row = self.open_ended_row(row.escrow);
        let beyond = row.start.map_or(0, |start| escrow_row.settled.saturating_sub(through.max(start)));
        if beyond > 0 {
            let mut payment = self.payment(row.escrow, id);
            let back = if rule.method == StreamMethod::Ordered {
                Claim::of(ordered_due(payment.rate, beyond)).min(payment.balance)
            } else {
                payment.rate.times(beyond).min(payment.balance)
            };
            payment.balance = payment.balance.less(back);
            self.state.put(&(row.escrow, id), &payment);
            match rule.method {
                StreamMethod::Ordered if back == Claim::ZERO => {}
                StreamMethod::Ordered => {
                    self.add_deposit(&mut escrow_row.deposits, escrow.owner, escrow.owner, back.whole())?;
                }
                _ => escrow_row.funds = escrow_row.funds.plus(back),
            }
            self.state.put(&row.escrow, &escrow_row);
        }
        let paid = self.finish_running(id, row, rule, reason, fate)?;
        self.after_end(row, rule)?;
        Ok(Accepted::moved(escrow.token, paid))
    }

    /// A stream's term is over.
    pub fn running_over(&mut self, id: UnitId, row: &StreamRow, rule: &StreamRule) -> Result<(), Refusal> {
        let end = row.start.unwrap_or_default().saturating_add(row.periods);
        if self.settle_open_ended(row.escrow, rule, end)? {
            return Ok(());
        }
        self.finish_running(id, row, rule, Ended::Completed, BondFate::Return)?;
        self.after_end(row, rule)
    }

    /// The escrow goes on without a stream that ended, or closes with its last one when that one had a term.
    fn after_end(&mut self, row: &StreamRow, rule: &StreamRule) -> Result<(), Refusal> {
        let (escrow, _) = self.escrow_and_rule(row.escrow)?;
        if escrow.streams == 0 && row.periods > 0 {
            self.close_escrow(row.escrow, &escrow)?;
            return Ok(());
        }
        let escrow_row = self.open_ended_row(row.escrow);
        self.plan_end(row.escrow, rule, escrow_row);
        if escrow.streams > 0 {
            self.settle_open_ended(row.escrow, rule, self.period(rule.clock))?;
        }
        Ok(())
    }

    /// Pays a stream out and ends it; its part of a base unit goes back to the escrow.
    pub fn finish_running(
        &mut self,
        id: UnitId,
        row: &StreamRow,
        rule: &StreamRule,
        reason: Ended,
        fate: BondFate,
    ) -> Result<Units, Refusal> {
        self.end_measuring(id, row, rule)?;
        let mut payment = self.payment(row.escrow, id);
        let paid = self.pay_balance(id, row, rule, &mut payment)?;
        if payment.balance != Claim::ZERO {
            let mut escrow_row = self.open_ended_row(row.escrow);
            escrow_row.funds = escrow_row.funds.plus(payment.balance);
            self.state.put(&row.escrow, &escrow_row);
        }
        self.state.delete::<PaymentRow>(&(row.escrow, id));
        match row.start {
            None => self.unschedule(super::stream::deadline(row), Job::Unactivated, id),
            Some(_) if row.periods > 0 => self.unschedule(self.stream_ends(row), Job::Over, id),
            Some(_) => {}
        }
        let (mut escrow, _) = self.escrow_and_rule(row.escrow)?;
        let end = StreamEnd { reason, fate, paid: payment.paid, unspent: Units::ZERO };
        self.remove_stream(id, row, rule, &mut escrow, end)?;
        Ok(paid)
    }
}
