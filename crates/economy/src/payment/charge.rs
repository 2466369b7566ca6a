//! Charges: one payment, made now, or held first and captured in parts.
//!
//! In: amounts that two parties agreed (in a token or in dollars), or a quantity that the economy prices. Out: payments by the
//! kind's parts; held money in an account of its own, which only captures, a void or its expiry take anything out of.
//!
//! A hold in dollars keeps the tokens that it cost when it was made. A capture takes its part of what is still held, so the last
//! one takes all of it, whatever the price did since. Many charges of one kind out of wallets are taken as one run. Absent on purpose: refunds of what was captured.

use super::pays::{Payment, counted, go_straight};
use crate::{
    Accepted, Account, Answer, ChargePrice, ChargeRecord, ChargeRule, Each, Event, HoldEnd, Limit, Notice, PaymentSource, Price,
    Priced, Reason, Record, Refusal, Spec, Topic, USD,
    book::{balance, units_of, wallet},
    payment::rows::{EscrowRow, HoldRow},
    session::work::{Work, found},
};
use crate::{market::dollars::cost_in, time::due::Job};
use depin_quantity::{Address, Decimal18, Instant, Name, QuantityError, Rounding, Span, UnitId, Units};
use depin_state::ReadState;

/// How many units of `per` are charged for `quantity`: `max(least, ceil(quantity / per))`.
///
/// - Units: the metric's smallest step.
/// - Rounding: up to whole units.
/// - Source: helium oracles `iot_packet_verifier`: ceil(max(bytes, 24) / 24) data credits.
pub fn priced_units(quantity: u128, priced: &Priced) -> u128 {
    quantity.div_ceil(u128::from(priced.per)).max(priced.least.into())
}

/// An amount of a charge: tokens, and what a part of it is counted in (base units, 10^-18 dollars, or the metric's step).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    /// In base units.
    pub units: Units,
    /// The same in the unit in which it was stated.
    pub stated: u128,
}

/// The amount of a price in `token`.
///
/// Order of refusals: form, currency or metric, price, zero.
pub fn charged(
    spec: &Spec,
    state: &dyn ReadState,
    now: Instant,
    kind: Name,
    rule: &ChargeRule,
    token: Name,
    price: Price,
) -> Result<Charged, Refusal> {
    let stated = stated(spec, kind, rule, token, price)?;
    let usd = |amount: Decimal18, rates: &std::collections::BTreeMap<Name, crate::UsdRate>| {
        let rate = rates.get(&token).copied().ok_or(Refusal::Unbound { what: Topic::Token, name: token })?;
        cost_in(spec, state, now, token, amount, rate)
    };
    let units = match &rule.price {
        ChargePrice::Agreed => Units::new(stated),
        ChargePrice::Usd(rates) => usd(Decimal18::new(stated), rates)?,
        ChargePrice::Priced(priced) => {
            let count = priced_units(stated, priced);
            match &priced.each {
                Each::Units(each) => each.times(count)?,
                Each::Usd(each, rates) => usd(Decimal18::new(each.get().checked_mul(count).ok_or(Refusal::TooLarge)?), rates)?,
            }
        }
    };
    if units.is_zero() {
        return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero });
    }
    Ok(Charged { units, stated })
}

/// A price as a number of the unit that its kind asks for.
fn stated(spec: &Spec, kind: Name, rule: &ChargeRule, token: Name, price: Price) -> Result<u128, Refusal> {
    Ok(match (&rule.price, price) {
        (ChargePrice::Agreed, Price::Agreed(money)) => units_of(spec, money, token, Topic::Amount)?.get(),
        (ChargePrice::Usd(_), Price::Agreed(money)) if money.currency == USD => money.amount.get(),
        (ChargePrice::Usd(_), Price::Agreed(_)) => {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::OfToken(USD) });
        }
        (ChargePrice::Priced(_), Price::Measured(component)) => {
            let bound = spec.binding(component.metric).filter(|b| b.charge == Some(kind));
            found(bound, Topic::Metric, component.metric)?;
            component.quantity.get()
        }
        _ => return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::OtherForm }),
    })
}

/// The token that a charge is paid in: what the payment source is in, what the amount is in, what is asked for, else the first currency.
pub fn charge_token(rule: &ChargeRule, price: Price, asked: Option<Name>) -> Result<Name, Refusal> {
    let agreed = match (&rule.price, price) {
        (ChargePrice::Agreed, Price::Agreed(money)) => Some(money.currency),
        _ => None,
    };
    let first = *rule.currencies.first().expect("the parser asks for a currency");
    let token = asked.or(agreed).unwrap_or(first);
    if rule.currencies.contains(&token) { Ok(token) } else { Err(Refusal::Unbound { what: Topic::Token, name: token }) }
}

/// What a capture takes: `floor(left * part / rest)`, all of it when `part` is all that is left.
///
/// - Units: base units for `left` and the result; `part` and `rest` in the unit in which the hold was stated.
/// - Rounding: down, so that parts never take more than is held.
pub fn captured(left: Units, part: u128, rest: u128) -> Result<Units, QuantityError> {
    left.mul_div(part, rest, Rounding::Down)
}

impl Work<'_> {
    pub fn charge_record(&mut self, record: &ChargeRecord) -> Answer {
        match *record {
            ChargeRecord::Now { kind, from, to, currency, price } => self.charge_now(kind, from, to, currency, price),
            ChargeRecord::Hold { id, kind, from, currency, price, until } => self.hold(id, kind, from, currency, price, until),
            ChargeRecord::Add { id, price } => self.raise_hold(id, price),
            ChargeRecord::Capture { id, to, price } => self.capture(id, to, price),
            ChargeRecord::Void { id } => self.void_hold(id),
        }
    }

    /// The account of a payment source, whose it is, and what it is in when that is settled.
    fn source(
        &self,
        kind: Name,
        source: PaymentSource,
        token: Option<Name>,
    ) -> Result<(Account, Address, Option<Name>), Refusal> {
        match source {
            PaymentSource::Wallet(owner) => Ok((Account::Wallet(owner), owner, token)),
            PaymentSource::Escrow(id) => {
                let row = self.state.get::<EscrowRow>(&id).filter(|row| row.kind == kind);
                let row = row.ok_or(Refusal::Unknown { what: Topic::Escrow })?;
                Ok((Account::Escrow(id), row.owner, Some(row.token)))
            }
        }
    }

    /// Order of refusals: kind, payment source, token, amount, price, debt, funds.
    fn charge_now(&mut self, kind: Name, from: PaymentSource, to: Address, asked: Option<Name>, price: Price) -> Answer {
        let rule = found(self.spec.charge(kind), Topic::ChargeKind, kind)?;
        let (account, payer, asked) = self.source(kind, from, asked)?;
        let token = charge_token(rule, price, asked)?;
        let amount = charged(self.spec, self.state.as_read(), self.now, kind, rule, token, price)?.units;
        let payment = Payment { kind, token, from: account, payee: to, amount, reason: Reason::ChargePaid };
        let parts = rule.pays.of(token, &rule.currencies);
        match from {
            PaymentSource::Wallet(_) if go_straight(parts) => {
                let burnt = self.pay_straight(payer, &payment, parts)?;
                self.count_paid(kind, token, amount, burnt);
            }
            _ => {
                self.has_funds(from, payer, &payment)?;
                self.pay_parts(&payment, parts)?;
            }
        }
        self.emit(Event::Charged { kind, payer, to, token, amount, hold: None });
        Ok(Accepted::moved(token, amount))
    }

    /// Takes charges of the first one's kind and token out of wallets, up to the first other one; see [`Work::in_a_row`].
    pub fn charges_in_a_row(
        &mut self,
        first: &ChargeRecord,
        records: &[Record],
        refused: &mut dyn FnMut(usize, Refusal),
    ) -> usize {
        let ChargeRecord::Now { kind, currency, price, .. } = *first else { return 0 };
        let Some(rule) = self.spec.charge(kind) else { return 0 };
        let Ok(token) = charge_token(rule, price, currency) else { return 0 };
        let parts = rule.pays.of(token, &rule.currencies);
        if !go_straight(parts) {
            return 0;
        }
        let (mut count, mut all_paid, mut all_burnt) = (0, Units::ZERO, Units::ZERO);
        for record in records {
            let Record::Charge(ChargeRecord::Now { kind: own, from, to, currency, price }) = *record else { break };
            let PaymentSource::Wallet(payer) = from else { break };
            if own != kind || charge_token(rule, price, currency) != Ok(token) {
                break;
            }
            let begun = self.begun();
            count += 1;
            let amount = charged(self.spec, self.state.as_read(), self.now, kind, rule, token, price).map(|amount| amount.units);
            let taken = amount.and_then(|amount| {
                let from = Account::Wallet(payer);
                let payment = Payment { kind, token, from, payee: to, amount, reason: Reason::ChargePaid };
                Ok((amount, self.pay_straight(payer, &payment, parts)?))
            });
            match taken {
                Ok((amount, burnt)) => {
                    (all_paid, all_burnt) = (counted(all_paid, amount), counted(all_burnt, burnt));
                    self.emit(Event::Charged { kind, payer, to, token, amount, hold: None });
                }
                Err(refusal) => {
                    self.undo(begun);
                    refused(count - 1, refusal);
                }
            }
        }
        if !all_paid.is_zero() {
            self.count_paid(kind, token, all_paid, all_burnt);
        }
        count
    }

    /// Order of refusals: debt, funds.
    fn has_funds(&self, from: PaymentSource, payer: Address, payment: &Payment) -> Result<(), Refusal> {
        let Payment { token, amount, .. } = *payment;
        let has = match from {
            PaymentSource::Wallet(_) => {
                let wallet = wallet(self.state.as_read(), payer, token);
                if !wallet.owed.is_zero() {
                    return Err(Refusal::InDebt { owed: wallet.owed });
                }
                wallet.held
            }
            PaymentSource::Escrow(_) => balance(self.state.as_read(), payment.from, token),
        };
        if has < amount { Err(Refusal::Underfunded { token, needed: amount, has }) } else { Ok(()) }
    }

    /// Order of refusals: kind, holds allowed, duplicate, deadline, payment source, token, amount, price, debt, funds.
    fn hold(&mut self, id: UnitId, kind: Name, from: PaymentSource, asked: Option<Name>, price: Price, until: Instant) -> Answer {
        let rule = found(self.spec.charge(kind), Topic::ChargeKind, kind)?;
        let most = rule.hold_most.ok_or(Refusal::OutOfRange { what: Topic::Hold, reason: Limit::NotForThis })?;
        if self.state.has::<HoldRow>(&id) {
            return Err(Refusal::Duplicate { what: Topic::Hold });
        }
        if until <= self.now {
            return Err(Refusal::OutOfRange { what: Topic::Deadline, reason: Limit::Passed });
        }
        if until > self.now.later(most) {
            return Err(Refusal::OutOfRange { what: Topic::Deadline, reason: Limit::AtMost(Units::new(most.get().into())) });
        }
        let (account, owner, asked) = self.source(kind, from, asked)?;
        let token = charge_token(rule, price, asked)?;
        let Charged { units, stated } = charged(self.spec, self.state.as_read(), self.now, kind, rule, token, price)?;
        let escrow = match from {
            PaymentSource::Wallet(_) => {
                self.owes_nothing(owner, token)?;
                None
            }
            PaymentSource::Escrow(escrow) => {
                self.engage(escrow, true);
                Some(escrow)
            }
        };
        self.post(token, account, Account::Hold(id), units, Reason::ChargeHeld)?;
        self.state.put(&id, &HoldRow { kind, owner, escrow, token, left: units, rest: stated, captured: Units::ZERO, until });
        self.schedule(past(until), Job::HoldExpires, id);
        self.emit(Event::HoldOpened { hold: id, kind, payer: owner, token, amount: units, until });
        Ok(Accepted::moved(token, units))
    }

    /// Counts a hold among what is open on an escrow.
    fn engage(&mut self, escrow: UnitId, more: bool) {
        if let Some(mut row) = self.state.get::<EscrowRow>(&escrow) {
            row.streams = if more { row.streams.saturating_add(1) } else { row.streams.saturating_sub(1) };
            self.state.put(&escrow, &row);
        }
    }

    fn hold_row(&self, id: UnitId) -> Result<HoldRow, Refusal> {
        self.state.get(&id).ok_or(Refusal::Unknown { what: Topic::Hold })
    }

    /// More money on a hold, at the price of now.
    fn raise_hold(&mut self, id: UnitId, price: Price) -> Answer {
        let mut row = self.hold_row(id)?;
        let rule = found(self.spec.charge(row.kind), Topic::ChargeKind, row.kind)?;
        if charge_token(rule, price, None)? != row.token && matches!(rule.price, ChargePrice::Agreed) {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::OfToken(row.token) });
        }
        let more = charged(self.spec, self.state.as_read(), self.now, row.kind, rule, row.token, price)?;
        let from = match row.escrow {
            Some(escrow) => Account::Escrow(escrow),
            None => {
                self.owes_nothing(row.owner, row.token)?;
                Account::Wallet(row.owner)
            }
        };
        self.post(row.token, from, Account::Hold(id), more.units, Reason::ChargeHeld)?;
        row.left = row.left.plus(more.units)?;
        row.rest = row.rest.checked_add(more.stated).ok_or(Refusal::TooLarge)?;
        let (token, until) = (row.token, row.until);
        self.state.put(&id, &row);
        self.emit(Event::HoldOpened { hold: id, kind: row.kind, payer: row.owner, token, amount: row.left, until });
        Ok(Accepted::moved(token, more.units))
    }

    /// Order of refusals: hold, form, zero, more than is left.
    fn capture(&mut self, id: UnitId, to: Address, price: Price) -> Answer {
        let mut row = self.hold_row(id)?;
        let rule = found(self.spec.charge(row.kind), Topic::ChargeKind, row.kind)?;
        let part = stated(self.spec, row.kind, rule, row.token, price)?;
        if part == 0 {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero });
        }
        if part > row.rest {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AtMost(Units::new(row.rest)) });
        }
        let amount = captured(row.left, part, row.rest)?;
        let payment =
            Payment { kind: row.kind, token: row.token, from: Account::Hold(id), payee: to, amount, reason: Reason::ChargePaid };
        self.pay_parts(&payment, rule.pays.of(row.token, &rule.currencies))?;
        row.left = row.left.minus(amount)?;
        row.rest -= part;
        row.captured = row.captured.plus(amount)?;
        self.emit(Event::Charged { kind: row.kind, payer: row.owner, to, token: row.token, amount, hold: Some(id) });
        if row.rest == 0 {
            self.end_hold(id, &row, HoldEnd::Captured)?;
        } else {
            self.state.put(&id, &row);
        }
        Ok(Accepted::moved(row.token, amount))
    }

    fn void_hold(&mut self, id: UnitId) -> Answer {
        let row = self.hold_row(id)?;
        self.end_hold(id, &row, HoldEnd::Voided)?;
        Ok(Accepted::moved(row.token, row.left))
    }

    /// Nobody captured or voided it in time: what is left goes back.
    pub fn hold_expired(&mut self, id: UnitId) -> Result<(), Refusal> {
        let row = self.hold_row(id).expect("a hold takes its job off the list when it ends");
        self.end_hold(id, &row, HoldEnd::Expired)?;
        self.notify(Notice::HoldExpired { hold: id, returned: row.left });
        Ok(())
    }

    /// What is left goes back to where it came from, and the hold ends.
    fn end_hold(&mut self, id: UnitId, row: &HoldRow, reason: HoldEnd) -> Result<(), Refusal> {
        self.unschedule(past(row.until), Job::HoldExpires, id);
        let back = match row.escrow {
            Some(escrow) => {
                self.engage(escrow, false);
                Account::Escrow(escrow)
            }
            None => Account::Wallet(row.owner),
        };
        self.post(row.token, Account::Hold(id), back, row.left, Reason::HoldReturned)?;
        self.state.delete::<HoldRow>(&id);
        self.emit(Event::HoldEnded { hold: id, reason, captured: row.captured, returned: row.left });
        Ok(())
    }
}

/// The first moment at which a hold has expired.
fn past(until: Instant) -> Instant {
    until.later(Span::from_millis(1))
}
