//! Fees of a service: once, or again and again through the list of what is due.
//!
//! In: who pays which kind of fee, for how much of a metric. Out: payments by the kind's parts. A recurring fee that cannot be
//! taken (too little money, a stale price) is carried: the periods are counted, and the next one that can be taken takes them all.
//! Absent on purpose: what becomes of a service whose fees stay unpaid; a notice tells it, and it decides.

use super::{charge::priced_units, pays::Payment};
use crate::{
    Accepted, Account, Answer, Component, Each, Event, FeeAmount, FeeRecord, Limit, Notice, PaymentSource, Priced, Reason,
    Refusal, ServiceFeeRule, Spec, Topic,
    payment::rows::{EscrowRow, RecurringFeeRow},
    session::work::{Work, found},
};
use crate::{market::dollars::cost_in, time::due::Job};
use depin_quantity::{Address, Decimal18, Instant, Name, UnitId, Units};
use depin_state::ReadState;

/// What a fee comes to for `periods` of it: `periods * max(1, ceil(quantity / per)) * amount`, in the fee's token.
///
/// - Units: base units; an amount in dollars is multiplied first and converted once.
/// - Rounding: up to whole units of `per`, and up to the base unit.
pub fn fee_amount(
    spec: &Spec,
    state: &dyn ReadState,
    now: Instant,
    rule: &ServiceFeeRule,
    quantity: u128,
    periods: u64,
) -> Result<Units, Refusal> {
    let units = match rule.per {
        Some(per) => priced_units(quantity, &Priced { each: Each::Units(Units::ZERO), per, least: 0 }),
        None => 1,
    };
    let times = units.checked_mul(periods.into()).ok_or(Refusal::TooLarge)?;
    match rule.amount {
        FeeAmount::Units(each) => Ok(each.times(times)?),
        FeeAmount::Usd(each, rate) => {
            let usd = Decimal18::new(each.get().checked_mul(times).ok_or(Refusal::TooLarge)?);
            cost_in(spec, state, now, rule.token, usd, rate)
        }
    }
}

/// The quantity that a fee is counted on: of a bound metric when it is counted, nothing otherwise.
pub fn fee_quantity(spec: &Spec, kind: Name, rule: &ServiceFeeRule, basis: Option<Component>) -> Result<u128, Refusal> {
    match (rule.per, basis) {
        (Some(_), Some(component)) => {
            let bound = spec.binding(component.metric).filter(|b| b.service_fee == Some(kind));
            found(bound, Topic::Metric, component.metric)?;
            Ok(component.quantity.get())
        }
        (None, None) => Ok(0),
        _ => Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::OtherForm }),
    }
}

impl Work<'_> {
    pub fn fee_record(&mut self, record: &FeeRecord) -> Answer {
        match *record {
            FeeRecord::Once { kind, from, basis } => self.fee_once(kind, from, basis),
            FeeRecord::Begin { id, kind, from, basis } => self.fee_begins(id, kind, from, basis),
            FeeRecord::Resize { id, basis } => self.fee_resized(id, basis),
            FeeRecord::End { id } => self.fee_ends(id),
        }
    }

    /// Order of refusals: kind, metric, price, payment source, debt, funds.
    fn fee_once(&mut self, kind: Name, from: PaymentSource, basis: Option<Component>) -> Answer {
        let rule = found(self.spec.service_fee(kind), Topic::FeeKind, kind)?;
        let quantity = fee_quantity(self.spec, kind, rule, basis)?;
        let amount = self.take_fee(kind, rule, from, quantity, 1)?;
        Ok(Accepted::moved(rule.token, amount))
    }

    /// Takes `periods` of a fee from a payment source, whole or not at all.
    fn take_fee(
        &mut self,
        kind: Name,
        rule: &ServiceFeeRule,
        from: PaymentSource,
        quantity: u128,
        periods: u64,
    ) -> Result<Units, Refusal> {
        let amount = fee_amount(self.spec, self.state.as_read(), self.now, rule, quantity, periods)?;
        let (account, payer) = match from {
            PaymentSource::Wallet(payer) => {
                self.owes_nothing(payer, rule.token)?;
                (Account::Wallet(payer), payer)
            }
            PaymentSource::Escrow(id) => {
                let row = self.state.get::<EscrowRow>(&id).filter(|row| row.token == rule.token);
                let row = row.ok_or(Refusal::Unknown { what: Topic::Escrow })?;
                (Account::Escrow(id), row.owner)
            }
        };
        let has = match from {
            PaymentSource::Wallet(_) => crate::book::balance(self.state.as_read(), account, rule.token),
            PaymentSource::Escrow(id) => self.open_ended_funds(id)?,
        };
        if has < amount {
            return Err(Refusal::Underfunded { token: rule.token, needed: amount, has });
        }
        let payment = Payment { kind, token: rule.token, from: account, payee: payer, amount, reason: Reason::ServiceFee };
        self.pay_parts(&payment, &rule.pays)?;
        self.emit(Event::ServiceFeePaid { kind, payer, token: rule.token, amount, periods });
        Ok(amount)
    }

    /// What an escrow of a kind of charge holds; streams' escrows pay no fees.
    fn open_ended_funds(&self, id: UnitId) -> Result<Units, Refusal> {
        let row = self.state.get::<EscrowRow>(&id).filter(|row| self.spec.charge(row.kind).is_some());
        let row = row.ok_or(Refusal::Unknown { what: Topic::Escrow })?;
        Ok(crate::book::balance(self.state.as_read(), Account::Escrow(id), row.token))
    }

    /// The first one is due now, and must be paid; the others by the list.
    fn fee_begins(&mut self, id: UnitId, kind: Name, from: Address, basis: Option<Component>) -> Answer {
        let rule = found(self.spec.service_fee(kind), Topic::FeeKind, kind)?;
        let every = rule.every.ok_or(Refusal::OutOfRange { what: Topic::FeeKind, reason: Limit::NotForThis })?;
        if self.state.has::<RecurringFeeRow>(&id) {
            return Err(Refusal::Duplicate { what: Topic::Fee });
        }
        let quantity = fee_quantity(self.spec, kind, rule, basis)?;
        let amount = self.take_fee(kind, rule, PaymentSource::Wallet(from), quantity, 1)?;
        let next = self.now.later(every);
        self.state.put(&id, &RecurringFeeRow { kind, payer: from, quantity, next, unpaid: 0 });
        self.schedule(next, Job::FeeDue, id);
        self.emit(Event::ServiceFeeBegan { fee: id, kind, payer: from, next });
        Ok(Accepted::moved(rule.token, amount))
    }

    fn recurring(&self, id: UnitId) -> Result<RecurringFeeRow, Refusal> {
        self.state.get(&id).ok_or(Refusal::Unknown { what: Topic::Fee })
    }

    /// From the next time on it is counted on another quantity; periods that are unpaid are too.
    fn fee_resized(&mut self, id: UnitId, basis: Component) -> Answer {
        let mut row = self.recurring(id)?;
        let rule = found(self.spec.service_fee(row.kind), Topic::FeeKind, row.kind)?;
        row.quantity = fee_quantity(self.spec, row.kind, rule, Some(basis))?;
        self.state.put(&id, &row);
        Ok(Accepted::NOTHING)
    }

    fn fee_ends(&mut self, id: UnitId) -> Answer {
        let row = self.recurring(id)?;
        self.unschedule(row.next, Job::FeeDue, id);
        self.state.delete::<RecurringFeeRow>(&id);
        self.emit(Event::ServiceFeeEnded { fee: id, kind: row.kind, unpaid: row.unpaid });
        Ok(Accepted::NOTHING)
    }

    /// A recurring fee is due: it and all that was carried are taken, or carried on.
    pub fn fee_due(&mut self, id: UnitId) -> Result<(), Refusal> {
        let mut row = self.recurring(id).expect("a fee takes its job off the list when it ends");
        let rule = found(self.spec.service_fee(row.kind), Topic::FeeKind, row.kind)?;
        let periods = row.unpaid.saturating_add(1);
        match self.take_fee(row.kind, rule, PaymentSource::Wallet(row.payer), row.quantity, periods) {
            Ok(_) => row.unpaid = 0,
            Err(reason) => {
                row.unpaid = periods;
                let stale = matches!(reason, Refusal::PriceStale { .. });
                self.emit(Event::ServiceFeeUnpaid { fee: id, payer: row.payer, periods, stale });
                self.notify(Notice::FeeUnpaid { fee: id, payer: row.payer, periods });
            }
        }
        let every = rule.every.expect("only a fee that recurs was begun");
        row.next = row.next.later(every);
        self.schedule(row.next, Job::FeeDue, id);
        self.state.put(&id, &row);
        Ok(())
    }
}
