//! Streams: a rate per period out of an escrow, for an agreed number of periods, with a bond of the payee.

use super::pays::Payment;
use crate::time::due::Job;
use crate::{
    Accepted, Account, Answer, Ended, Event, Limit, Notice, Reason, Refusal, StreamOpen, StreamRecord, Topic,
    collateral::pledge::GIB,
    params::{BondFate, BondLeast, StreamMethod, StreamRule},
    payment::rows::{EscrowRow, StreamRow},
    session::work::{Work, found},
};
use depin_quantity::{Instant, Measured, Name, Rounding, UnitId, Units};

/// How a stream ends.
pub struct StreamEnd {
    pub reason: Ended,
    pub fate: BondFate,
    /// What its payee got.
    pub paid: Units,
    /// What was reserved for it and goes back.
    pub unspent: Units,
}

/// Least bond for `basis`: `ceil(per_gib * basis / 2^30)`, `per_unit * basis`, or a fixed amount.
///
/// - Units: base units; basis in bytes.
/// - Rounding: up.
/// - Source: Filecoin, provider collateral by raw size; the figure is a parameter.
pub fn bond_minimum(rule: &StreamRule, basis: Measured) -> Result<Units, Refusal> {
    Ok(match rule.bond.map(|bond| bond.least) {
        None => Units::ZERO,
        Some(BondLeast::PerGib(each)) => each.mul_div(basis.get(), GIB, Rounding::Up)?,
        Some(BondLeast::PerUnit(each)) => each.times(basis.get())?,
        Some(BondLeast::Fixed(whole)) => whole,
    })
}

/// Periods that are due and not paid when `through` is the present period: `min(through, start + periods) - start - paid`.
///
/// The payment is `rate` times this: an exact product. Source: builtin-actors `actors/market`, FIP-0074 settlement.
pub fn due_periods(stream: &StreamRow, through: u64) -> u64 {
    let Some(start) = stream.start else { return 0 };
    through.saturating_sub(start).min(stream.periods).saturating_sub(stream.paid)
}

impl<'w> Work<'w> {
    pub fn stream(&mut self, record: &StreamRecord) -> Answer {
        match record {
            StreamRecord::Open(open) => self.open_stream(open),
            StreamRecord::Activate { id } => self.activate_stream(*id),
            StreamRecord::Extend { id, periods } => self.extend_stream(*id, *periods),
            StreamRecord::Settle { id } => self.settle_stream(*id),
            StreamRecord::ByMeasure { id } => {
                let (row, rule) = self.stream_and_rule(*id)?;
                self.pay_by_measure(*id, &row, rule)
            }
            StreamRecord::Measure { id, until, share } => {
                let (row, rule) = self.stream_and_rule(*id)?;
                self.measure_stream(*id, &row, rule, *until, *share)
            }
            StreamRecord::Close { id, reason, accrued_until } => self.close_stream(*id, *reason, *accrued_until),
        }
    }

    fn stream_and_rule(&self, id: UnitId) -> Result<(StreamRow, &'w StreamRule), Refusal> {
        let row = self.state.get::<StreamRow>(&id).ok_or(Refusal::Unknown { what: Topic::Stream })?;
        let rule = found(self.spec.stream(row.kind), Topic::StreamKind, row.kind)?;
        Ok((row, rule))
    }

    fn settle_stream(&mut self, id: UnitId) -> Answer {
        let (mut row, rule) = self.stream_and_rule(id)?;
        if open_ended(rule) {
            return self.collect(id, &row, rule);
        }
        let token = self.escrow_and_rule(row.escrow)?.0.token;
        let through = self.period(rule.clock);
        let paid = self.pay_stream(&mut row, rule, through)?;
        self.state.put(&id, &row);
        Ok(Accepted::moved(token, paid))
    }

    /// Order of refusals: escrow, duplicate, term, deadline, metric, bond, currency, rate, debt, escrow's funds, payee's funds.
    fn open_stream(&mut self, open: &StreamOpen) -> Answer {
        let (mut escrow, rule) = self.escrow_and_rule(open.escrow)?;
        if self.state.has::<StreamRow>(&open.id) {
            return Err(Refusal::Duplicate { what: Topic::Stream });
        }
        if !open_ended(rule) || open.periods > 0 {
            term_fits(open.periods, rule)?;
        }
        if open.activate_by < self.now {
            return Err(Refusal::OutOfRange { what: Topic::Deadline, reason: Limit::Passed });
        }
        let bond = self.agreed_bond(open, escrow.kind, rule)?;
        if open_ended(rule) {
            return self.open_running(open, escrow, rule, bond);
        }
        let token = escrow.token;
        let rate = self.units_of(open.rate, token, Topic::Rate)?;
        if rate > rule.rate_most(token) {
            return Err(Refusal::OutOfRange { what: Topic::Rate, reason: Limit::AtMost(rule.rate_most(token)) });
        }
        self.owes_nothing(open.to, token)?;
        let whole = rate.times(open.periods.into())?;
        self.reserve(open.escrow, &mut escrow, whole)?;
        escrow.streams += 1;
        self.state.put(&open.escrow, &escrow);
        let bonded = rule.bond.map_or(token, |bond| bond.token);
        self.post(bonded, Account::Wallet(open.to), Account::Bond(open.id), bond, Reason::BondLocked)?;
        let &StreamOpen { id, escrow: from, to, periods, activate_by, .. } = open;
        let row = StreamRow { kind: escrow.kind, escrow: from, to, rate, periods, bond, activate_by, start: None, paid: 0 };
        self.state.put(&id, &row);
        self.schedule(deadline(&row), Job::Unactivated, id);
        self.emit(Event::StreamOpened { stream: id, escrow: from, to, rate, periods, bond, activate_by });
        Ok(Accepted::moved(bonded, bond))
    }

    fn agreed_bond(&self, open: &StreamOpen, kind: Name, rule: &StreamRule) -> Result<Units, Refusal> {
        let metric = open.basis.metric;
        if rule.bond.is_some_and(|bond| bond.counted()) {
            found(self.spec.binding(metric).filter(|b| b.bond == Some(kind)), Topic::Metric, metric)?;
        }
        let least = bond_minimum(rule, open.basis.quantity)?;
        let (Some(offered), Some(bond)) = (open.bond, rule.bond) else { return Ok(least) };
        let offered = self.units_of(offered, bond.token, Topic::Bond)?;
        if offered < least {
            return Err(Refusal::OutOfRange { what: Topic::Bond, reason: Limit::AtLeast(least) });
        }
        Ok(offered)
    }

    fn reserve(&self, id: UnitId, escrow: &mut EscrowRow, amount: Units) -> Result<(), Refusal> {
        let free = self.escrow_free(id, escrow)?;
        if amount > free {
            return Err(Refusal::Underfunded { token: escrow.token, needed: amount, has: free });
        }
        escrow.reserved = escrow.reserved.plus(amount)?;
        Ok(())
    }

    /// Periods count from the one in progress, so the first payment is due when it ends.
    fn activate_stream(&mut self, id: UnitId) -> Answer {
        let (mut row, rule) = self.stream_and_rule(id)?;
        if row.start.is_some() {
            return Err(Refusal::OutOfRange { what: Topic::Stream, reason: Limit::Begun });
        }
        if self.now > row.activate_by {
            return Err(Refusal::OutOfRange { what: Topic::Deadline, reason: Limit::Passed });
        }
        self.unschedule(deadline(&row), Job::Unactivated, id);
        let start = self.period(rule.clock);
        if open_ended(rule) {
            self.run_stream(id, &mut row, rule)?;
        } else {
            row.start = Some(start);
            self.state.put(&id, &row);
            self.schedule_end(id, &row, rule);
        }
        self.emit(Event::StreamActivated { stream: id, start, end: start.saturating_add(row.periods) });
        Ok(Accepted::NOTHING)
    }

    fn extend_stream(&mut self, id: UnitId, more: u64) -> Answer {
        let (mut row, rule) = self.stream_and_rule(id)?;
        if more == 0 {
            return Err(Refusal::OutOfRange { what: Topic::Term, reason: Limit::AboveZero });
        }
        if open_ended(rule) {
            return self.extend_running(id, row, rule, more);
        }
        let elapsed = row.start.map_or(0, |start| self.period(rule.clock).saturating_sub(start));
        if elapsed >= row.periods {
            return Err(Refusal::OutOfRange { what: Topic::Term, reason: Limit::Passed });
        }
        let periods = row.periods.checked_add(more).ok_or(Refusal::TooLarge)?;
        term_fits(periods.saturating_sub(elapsed), rule)?;
        let mut escrow = self.escrow_and_rule(row.escrow)?.0;
        let amount = row.rate.times(more.into())?;
        // What the whole term pays is summed up when it ends, and an end must not fail.
        row.rate.times(periods.into())?;
        self.reserve(row.escrow, &mut escrow, amount)?;
        self.state.put(&row.escrow, &escrow);
        if row.start.is_some() {
            self.unschedule_end(id, &row, rule);
        }
        row.periods = periods;
        if row.start.is_some() {
            self.schedule_end(id, &row, rule);
        }
        self.state.put(&id, &row);
        self.emit(Event::StreamExtended { stream: id, periods });
        Ok(Accepted::moved(escrow.token, amount))
    }

    /// Pays what is due when `through` is the present period; the caller writes the row.
    fn pay_stream(&mut self, row: &mut StreamRow, rule: &StreamRule, through: u64) -> Result<Units, Refusal> {
        let periods = due_periods(row, through);
        let amount = row.rate.times(periods.into())?;
        row.paid += periods;
        let mut escrow = self.escrow_and_rule(row.escrow)?.0;
        escrow.reserved = escrow.reserved.minus(amount)?;
        self.state.put(&row.escrow, &escrow);
        let (kind, token, from) = (row.kind, escrow.token, Account::Escrow(row.escrow));
        let parts = rule.pays.of(token, &rule.currencies);
        self.pay_parts(&Payment { kind, token, from, payee: row.to, amount, reason: Reason::StreamPaid }, parts)?;
        Ok(amount)
    }

    fn close_stream(&mut self, id: UnitId, reason: Name, accrued_until: Instant) -> Answer {
        let (mut row, rule) = self.stream_and_rule(id)?;
        let fate = *found(rule.close.get(&reason), Topic::CloseReason, reason)?;
        let through = self.period_at(rule.clock, accrued_until.min(self.now));
        if open_ended(rule) {
            return self.close_running(id, &row, rule, through, Ended::Closed(reason), fate);
        }
        match row.start {
            Some(_) => self.unschedule_end(id, &row, rule),
            None => self.unschedule(deadline(&row), Job::Unactivated, id),
        }
        let token = self.escrow_and_rule(row.escrow)?.0.token;
        let paid = self.pay_stream(&mut row, rule, through)?;
        self.end_stream(id, &row, rule, Ended::Closed(reason), fate)?;
        Ok(Accepted::moved(token, paid))
    }

    /// Not activated in time: the bond is burnt, the money goes back.
    ///
    /// - Source: builtin-actors `actors/market`, a deal not activated by its start loses the whole provider collateral.
    pub fn stream_not_activated(&mut self, id: UnitId, row: StreamRow) -> Result<(), Refusal> {
        let rule = found(self.spec.stream(row.kind), Topic::StreamKind, row.kind)?;
        if open_ended(rule) {
            self.close_running(id, &row, rule, 0, Ended::NotActivated, BondFate::Burn)?;
            return Ok(());
        }
        self.end_stream(id, &row, rule, Ended::NotActivated, BondFate::Burn)
    }

    /// The term is over: the rest is paid and the bond goes back.
    pub fn stream_over(&mut self, id: UnitId, mut row: StreamRow) -> Result<(), Refusal> {
        let rule = found(self.spec.stream(row.kind), Topic::StreamKind, row.kind)?;
        if open_ended(rule) {
            return self.running_over(id, &row, rule);
        }
        self.pay_stream(&mut row, rule, u64::MAX)?;
        self.end_stream(id, &row, rule, Ended::Completed, BondFate::Return)
    }

    /// Frees what was reserved and not paid, sends the bond where it belongs, and closes the escrow with its last stream.
    fn end_stream(
        &mut self,
        id: UnitId,
        row: &StreamRow,
        rule: &StreamRule,
        reason: Ended,
        fate: BondFate,
    ) -> Result<(), Refusal> {
        let paid = row.rate.times(row.paid.into())?;
        let unspent = row.rate.times((row.periods - row.paid).into())?;
        let mut escrow = self.escrow_and_rule(row.escrow)?.0;
        escrow.reserved = escrow.reserved.minus(unspent)?;
        self.remove_stream(id, row, rule, &mut escrow, StreamEnd { reason, fate, paid, unspent })?;
        if escrow.streams == 0 {
            self.close_escrow(row.escrow, &escrow)?;
        }
        Ok(())
    }

    /// Takes a stream out of its escrow, sends its bond where it belongs, and tells it.
    pub fn remove_stream(
        &mut self,
        id: UnitId,
        row: &StreamRow,
        rule: &StreamRule,
        escrow: &mut EscrowRow,
        end: StreamEnd,
    ) -> Result<(), Refusal> {
        let StreamEnd { reason, fate, paid, unspent } = end;
        escrow.streams -= 1;
        self.state.put(&row.escrow, escrow);
        self.send_bond(id, row, rule, escrow.token, fate)?;
        self.state.delete::<StreamRow>(&id);
        self.emit(Event::StreamEnded { stream: id, reason, paid, unspent });
        self.notify(Notice::StreamEnded { stream: id, reason, paid });
        Ok(())
    }

    /// Sends the bond of a stream where it belongs.
    pub fn send_bond(
        &mut self,
        id: UnitId,
        row: &StreamRow,
        rule: &StreamRule,
        token: Name,
        fate: BondFate,
    ) -> Result<(), Refusal> {
        let bonded = rule.bond.map_or(token, |bond| bond.token);
        match fate {
            BondFate::Return => self.post(bonded, Account::Bond(id), Account::Wallet(row.to), row.bond, Reason::BondReturned),
            BondFate::Burn => self.post(bonded, Account::Bond(id), Account::Supply, row.bond, Reason::BondBurnt),
        }
    }

    /// A longer term for an open-ended stream that has one. Nothing is reserved: the escrow lasts as long as its money.
    fn extend_running(&mut self, id: UnitId, mut row: StreamRow, rule: &StreamRule, more: u64) -> Answer {
        if row.periods == 0 {
            return Err(Refusal::OutOfRange { what: Topic::Term, reason: Limit::NotForThis });
        }
        let elapsed = row.start.map_or(0, |start| self.period(rule.clock).saturating_sub(start));
        if elapsed >= row.periods {
            return Err(Refusal::OutOfRange { what: Topic::Term, reason: Limit::Passed });
        }
        let periods = row.periods.checked_add(more).ok_or(Refusal::TooLarge)?;
        term_fits(periods.saturating_sub(elapsed), rule)?;
        if row.start.is_some() {
            self.unschedule(self.stream_ends(&row), Job::Over, id);
        }
        row.periods = periods;
        if row.start.is_some() {
            self.schedule(self.stream_ends(&row), Job::Over, id);
        }
        self.state.put(&id, &row);
        self.emit(Event::StreamExtended { stream: id, periods });
        Ok(Accepted::NOTHING)
    }

    /// When the last period of an active stream ends.
    pub fn stream_ends(&self, row: &StreamRow) -> Instant {
        let rule = self.spec.stream(row.kind).expect("only streams of declared kinds were opened");
        let start = row.start.unwrap_or_else(|| self.period(rule.clock));
        self.period_start(rule.clock, start.saturating_add(row.periods))
    }

    fn schedule_end(&mut self, id: UnitId, row: &StreamRow, rule: &StreamRule) {
        let ends = self.stream_ends(row);
        self.schedule(ends, Job::Over, id);
        self.schedule(warning(ends, rule), Job::Low, id);
    }

    fn unschedule_end(&mut self, id: UnitId, row: &StreamRow, rule: &StreamRule) {
        let ends = self.stream_ends(row);
        self.unschedule(ends, Job::Over, id);
        self.unschedule(warning(ends, rule), Job::Low, id);
    }
}

/// Whether streams of this kind use an escrow up instead of reserving it.
fn open_ended(rule: &StreamRule) -> bool {
    rule.method != StreamMethod::Reserved
}

fn term_fits(periods: u64, rule: &StreamRule) -> Result<(), Refusal> {
    if periods == 0 {
        return Err(Refusal::OutOfRange { what: Topic::Term, reason: Limit::AboveZero });
    }
    if periods > rule.periods_most {
        return Err(Refusal::OutOfRange { what: Topic::Term, reason: Limit::AtMost(Units::new(rule.periods_most.into())) });
    }
    Ok(())
}

/// The first moment at which activating is too late.
pub(super) fn deadline(row: &StreamRow) -> Instant {
    row.activate_by.later(depin_quantity::Span::from_millis(1))
}

pub(super) fn warning(ends: Instant, rule: &StreamRule) -> Instant {
    Instant::new(ends.get().saturating_sub(rule.warn_before.get()))
}
