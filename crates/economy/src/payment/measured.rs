//! Streams whose payee is paid by measure: what accrues is theirs to collect once somebody has said how much of it was earned.
//!
//! In: that a stream is paid by measure, and for stretches of time the share that was earned. Out: what a payee may collect; what was
//! not earned, back in the escrow. A stream that ends is paid for what nobody measured at the share that was measured last, and in full
//! when nothing was: whoever ends it early gains nothing by that.
//!
//! Whose word the measure is, is the service's affair. Money that waits for its measure counts as spent: an escrow that runs out
//! meanwhile ends its streams, and what was not earned goes back with the rest.

use super::{claim::Claim, open_ended::ordered_due};
use crate::{
    Accepted, Answer, Event, Limit, Refusal, StreamMethod, Topic,
    params::StreamRule,
    payment::rows::{MeasuredRow, PaymentRow, StreamRow},
    session::work::Work,
};
use depin_quantity::{Instant, Share, UnitId, Units};
use depin_state::ReadState;
use ruint::aliases::U256;

/// What was earned of `amount` by a measured share: `floor(amount * share)`, in whole base units where deposits are ordered.
///
/// - Units: 10^-18 base units.
/// - Rounding: down; the payer keeps the part.
pub fn earned(method: StreamMethod, amount: Claim, share: Share) -> Claim {
    let part = Claim(amount.0.saturating_mul(U256::from(share.get())) / U256::from(Share::WHOLE.get()));
    if method == StreamMethod::Ordered { Claim::of(part.whole()) } else { part }
}

/// What a payee accrued and may not collect yet.
pub fn waiting(state: &dyn ReadState, escrow: UnitId, id: UnitId, payment: &PaymentRow) -> Claim {
    let measured = state.get::<MeasuredRow>(&(escrow, id));
    measured.map_or(Claim::ZERO, |measured| payment.balance.less(measured.earned))
}

impl Work<'_> {
    /// From now on the stream is paid by measure. Order of refusals: stream, method, begun, duplicate, exhausted.
    pub fn pay_by_measure(&mut self, id: UnitId, row: &StreamRow, rule: &StreamRule) -> Answer {
        if rule.method == StreamMethod::Reserved {
            return Err(Refusal::OutOfRange { what: Topic::Stream, reason: Limit::NotForThis });
        }
        if row.start.is_none() {
            return Err(Refusal::OutOfRange { what: Topic::Stream, reason: Limit::NotBegun });
        }
        if self.state.has::<MeasuredRow>(&(row.escrow, id)) {
            return Err(Refusal::Duplicate { what: Topic::Stream });
        }
        let through = self.period(rule.clock);
        if self.settle_open_ended(row.escrow, rule, through)? {
            return Err(Refusal::OutOfRange { what: Topic::Escrow, reason: Limit::Exhausted });
        }
        self.state
            .put(&(row.escrow, id), &MeasuredRow { through, last: Share::WHOLE, earned: self.payment(row.escrow, id).balance });
        Ok(Accepted::NOTHING)
    }

    /// Says what share was earned of what the stream accrued up to `until`, or up to where the escrow's money ends; the rest goes back to the
    /// escrow. It ends no stream: when the money is gone is found by the job that is planned for it. Refused for a stream that is not paid
    /// by measure.
    pub fn measure_stream(&mut self, id: UnitId, row: &StreamRow, rule: &StreamRule, until: Instant, share: Share) -> Answer {
        let measured = self.state.get::<MeasuredRow>(&(row.escrow, id));
        let measured = measured.ok_or(Refusal::OutOfRange { what: Topic::Stream, reason: Limit::NotForThis })?;
        let token = self.escrow_and_rule(row.escrow)?.0.token;
        let lasts = self.open_ended_row(row.escrow).out.map_or(u64::MAX, |out| out.saturating_sub(1));
        let through = self.period_at(rule.clock, until.min(self.now)).min(lasts);
        self.settle_open_ended(row.escrow, rule, through)?;
        let back = self.give_unearned_back(id, row, rule, MeasuredRow { last: share, ..measured }, Some(through))?;
        let escrow_row = self.open_ended_row(row.escrow);
        self.plan_end(row.escrow, rule, escrow_row);
        Ok(Accepted::moved(token, back.whole()))
    }

    /// What the stream accrued up to `through`, all of it for `None`, is measured. Gives what went back.
    fn give_unearned_back(
        &mut self,
        id: UnitId,
        row: &StreamRow,
        rule: &StreamRule,
        mut measured: MeasuredRow,
        through: Option<u64>,
    ) -> Result<Claim, Refusal> {
        let key = (row.escrow, id);
        let mut payment = self.payment(row.escrow, id);
        let mut escrow_row = self.open_ended_row(row.escrow);
        let (first, end) = (measured.through, through.unwrap_or(escrow_row.settled).max(measured.through));
        let waits = payment.balance.less(measured.earned);
        let amount = match (through, rule.method) {
            (None, _) => waits,
            (Some(_), StreamMethod::Ordered) => Claim::of(ordered_due(payment.rate, end - first)).min(waits),
            (Some(_), _) => payment.rate.times(end - first).min(waits),
        };
        let part = earned(rule.method, amount, measured.last);
        let back = amount.less(part);
        measured.earned = measured.earned.plus(part);
        measured.through = end;
        payment.balance = payment.balance.less(back);
        self.state.put(&key, &measured);
        self.state.put(&key, &payment);
        if back != Claim::ZERO {
            let owner = self.escrow_and_rule(row.escrow)?.0.owner;
            match rule.method {
                StreamMethod::Ordered => self.add_deposit(&mut escrow_row.deposits, owner, owner, back.whole())?,
                _ => escrow_row.funds = escrow_row.funds.plus(back),
            }
            self.state.put(&row.escrow, &escrow_row);
        }
        let share = measured.last;
        self.emit(Event::StreamMeasured { stream: id, first, end, share, unearned: back.whole() });
        Ok(back)
    }

    /// A payee collected so much.
    pub fn collected(&mut self, escrow: UnitId, id: UnitId, amount: Units) {
        if let Some(mut measured) = self.state.get::<MeasuredRow>(&(escrow, id)) {
            measured.earned = measured.earned.less(Claim::of(amount));
            self.state.put(&(escrow, id), &measured);
        }
    }

    /// A stream that is about to end is paid for what nobody measured at the share that was measured last.
    pub fn end_measuring(&mut self, id: UnitId, row: &StreamRow, rule: &StreamRule) -> Result<(), Refusal> {
        if let Some(measured) = self.state.get::<MeasuredRow>(&(row.escrow, id)) {
            self.give_unearned_back(id, row, rule, measured, None)?;
            self.state.delete::<MeasuredRow>(&(row.escrow, id));
        }
        Ok(())
    }
}
