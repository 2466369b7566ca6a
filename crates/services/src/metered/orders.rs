//! Operators come and go; customers order.

use super::{
    error::MeteredError,
    event::MeteredEvent,
    message::ENTRIES_MAX,
    names::{OPERATOR, ORDER, REGISTRATION, UNITS},
    params::PriceForm,
    rows::{Operator, Order},
    service::Metered,
};
use crate::context::Context;
use depin_economy::{ChargeRecord, Component, Enrol, FeeRecord, Money, PledgeRecord, Price, Purse, Record, Subject};
use depin_quantity::{Address, Decimal18, Instant, Measured, Name, QuantityError, Seed, Span, UnitId};

/// The pledge of an operator has no agreed end; rules that ask for one get this.
const NO_END: Instant = Instant::new(253_402_300_799_999);

impl Context<'_, Metered> {
    pub(super) fn register(&mut self, sender: Address, name: Name, asks: &[Money]) -> Result<(), MeteredError> {
        self.check_asks(asks)?;
        let known = self.state().get::<Operator>(&sender);
        if known.as_ref().is_some_and(|operator| operator.expelled) {
            return Err(MeteredError::Expelled(sender));
        }
        let joins = known.as_ref().is_none_or(|operator| !operator.active);
        if known.is_none() {
            self.send(Record::Enrol(Enrol { subject: Subject::Party(sender), phase: 0 }))?;
        }
        let mut operator = known.unwrap_or_else(|| Operator {
            name,
            asks: Vec::new(),
            since: self.now(),
            active: false,
            expelled: false,
            pledged: false,
            open_orders: 0,
            delivered: 0,
            failures: 0,
        });
        if joins {
            if self.params().registration {
                self.send(Record::Fee(FeeRecord::Once { kind: REGISTRATION, from: Purse::Wallet(sender), basis: None }))?;
            }
            if self.params().pledges {
                let lock = PledgeRecord::Lock { subject: Self::unit(sender), kind: OPERATOR, basis: Self::one(), until: NO_END };
                self.send(Record::Pledge(lock))?;
                operator.pledged = true;
            }
            self.stand(sender, true)?;
            self.totals(|totals| totals.operators += 1);
        }
        operator.active = true;
        operator.name = name;
        operator.asks = asks.to_vec();
        self.state().put(&sender, &operator);
        self.emit(MeteredEvent::OperatorChanged { operator: sender });
        Ok(())
    }

    fn check_asks(&self, asks: &[Money]) -> Result<(), MeteredError> {
        let wrong = |why: String| Err(MeteredError::Ask(why));
        if asks.len() > ENTRIES_MAX {
            return Err(MeteredError::Entries(asks.len()));
        }
        match (self.params().form, asks.is_empty()) {
            (PriceForm::Network, false) => return wrong("the network sets the price of a unit; ask for nothing".to_owned()),
            (PriceForm::Agreed | PriceForm::Dollars, true) => return wrong("ask for a price of one unit".to_owned()),
            _ => {}
        }
        for (i, ask) in asks.iter().enumerate() {
            if !self.params().may_ask_in(ask.currency) {
                return wrong(format!("units are not priced in `{}` here", ask.currency));
            }
            if ask.amount == Decimal18::ZERO {
                return wrong(format!("a unit for nothing in {}; ask for at least 10^-18", ask.currency));
            }
            if asks.iter().take(i).any(|other| other.currency == ask.currency) {
                return wrong(format!("two prices in {}; name one", ask.currency));
            }
        }
        Ok(())
    }

    pub(super) fn leave(&mut self, sender: Address) -> Result<(), MeteredError> {
        let mut operator = self.operator(sender)?;
        if operator.open_orders > 0 {
            return Err(MeteredError::OpenOrders(operator.open_orders));
        }
        if !operator.active {
            return Err(MeteredError::UnknownOperator(sender));
        }
        self.retire(sender, &mut operator)?;
        self.emit(MeteredEvent::OperatorLeft { operator: sender });
        Ok(())
    }

    /// The operator takes no orders any more, and what it pledged is free.
    pub(super) fn retire(&mut self, address: Address, operator: &mut Operator) -> Result<(), MeteredError> {
        if operator.active {
            self.stand(address, false)?;
            self.totals(|totals| totals.operators = totals.operators.saturating_sub(1));
        }
        if operator.pledged {
            self.send(Record::Pledge(PledgeRecord::Release { subject: Self::unit(address), kind: OPERATOR }))?;
        }
        operator.active = false;
        operator.pledged = false;
        self.state().put(&address, operator);
        Ok(())
    }

    pub(super) fn order(
        &mut self,
        sender: Address,
        operator: Address,
        units: u64,
        currency: Option<Name>,
        open_for: Span,
        unique: Seed,
    ) -> Result<UnitId, MeteredError> {
        let mut known = self.operator(operator)?;
        if known.expelled {
            return Err(MeteredError::Expelled(operator));
        }
        if !known.active {
            return Err(MeteredError::UnknownOperator(operator));
        }
        let (units_most, open_most) = (self.params().units_most, self.params().open_most);
        if units == 0 || units > units_most {
            return Err(MeteredError::Units { given: units, most: units_most });
        }
        if open_for.get() == 0 || open_for > open_most {
            return Err(MeteredError::OpenFor { given: open_for, most: open_most });
        }
        let each = self.each(&known, currency)?;
        let id = UnitId::derive("depin-metered-order", &[&sender.get(), &unique.get()]);
        let until = self.now().later(open_for);
        let order = Order { customer: sender, operator, open: units, units, each, until };
        let price = order.price(units)?;
        let hold = ChargeRecord::Hold { id, kind: ORDER, from: Purse::Wallet(sender), currency, price, until };
        self.send(Record::Charge(hold))?;
        known.open_orders += 1;
        self.state().put(&operator, &known);
        self.state().put(&id, &order);
        self.totals(|totals| totals.open_orders += 1);
        self.emit(MeteredEvent::Ordered { order: id, customer: sender, operator, units, until });
        Ok(id)
    }

    /// What the operator asks for a unit of an order that is paid in `currency`.
    fn each(&self, operator: &Operator, currency: Option<Name>) -> Result<Option<Money>, MeteredError> {
        if self.params().form == PriceForm::Network {
            return Ok(None);
        }
        let first = self.params().currencies.first().copied();
        let Some(asked_in) = currency.or(first).map(|currency| self.params().asked_in(currency)) else { return Ok(None) };
        let ask = operator.asks.iter().find(|ask| ask.currency == asked_in).copied();
        ask.map(Some).ok_or_else(|| {
            MeteredError::Ask(format!("the operator asks for no price in {asked_in}; choose a currency that it takes"))
        })
    }

    pub(super) fn finish(&mut self, sender: Address, id: UnitId) -> Result<(), MeteredError> {
        let order = self.state().get::<Order>(&id).ok_or(MeteredError::UnknownOrder(id))?;
        if order.customer != sender {
            return Err(MeteredError::NotYours { order: id, owner: order.customer, until: order.until });
        }
        self.send(Record::Charge(ChargeRecord::Void { id }))?;
        self.over(id, &order);
        Ok(())
    }
}

impl Order {
    /// What so many units of it cost, as the economy wants to hear it.
    pub(super) fn price(&self, units: u64) -> Result<Price, MeteredError> {
        let Some(each) = self.each else {
            return Ok(Price::Measured(Component { measure: UNITS, quantity: Measured::new(units.into()) }));
        };
        let amount =
            each.amount.get().checked_mul(units.into()).ok_or(QuantityError::TooLarge).map_err(depin_economy::Refusal::from)?;
        Ok(Price::Agreed(Money { currency: each.currency, amount: Decimal18::new(amount) }))
    }
}
