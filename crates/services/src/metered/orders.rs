//! Customers open orders, raise their caps and close them; time ends them.

use super::{
    PriceForm,
    due::Job,
    error::MeteredError,
    event::{MeteredEvent, Parties},
    message::NewOrder,
    names::ORDER,
    quote::price_of,
    reports::check_count,
    rows::{Batch, BatchOf, ByCustomer, ByOperator, Operator, Order, OrdersOf},
    service::Metered,
};
use crate::context::Context;
use depin_economy::Money;
use depin_quantity::{Address, Decimal18, Instant, Seed, Span, UnitId, Units};

/// The id of an order: that of its customer and of the transaction that opens it.
pub fn order_id(customer: Address, unique: Seed) -> UnitId {
    UnitId::derive("depin-metered-order", &[&customer.get(), &unique.get()])
}

/// Batches that one job forgets.
const FORGOTTEN_AT_ONCE: usize = 64;

impl Order {
    /// Its two sides.
    pub const fn parties(&self) -> Parties {
        Parties { customer: self.customer, operator: self.operator }
    }
}

impl Context<'_, Metered> {
    /// `unique` binds the order's id to the transaction that opens it.
    pub(super) fn open_order(&mut self, sender: Address, new: &NewOrder, unique: Seed) -> Result<(), MeteredError> {
        let mut operator = self.operator(new.operator)?;
        check_accepts(new.operator, &operator)?;
        let open_most = self.params().open_most;
        if new.open_for.get() == 0 || new.open_for > open_most {
            return Err(MeteredError::OpenFor { given: new.open_for, most: open_most });
        }
        if let (Some(role), Some(_)) = (self.params().reporter, new.reporter) {
            return Err(MeteredError::Reporter { role });
        }
        if new.cap.amount.get() == 0 {
            return Err(MeteredError::Cap);
        }
        let each = self.agree(&operator, new)?;
        self.check_cap(&operator, new.cap, each)?;
        self.check_sides(sender, new.operator)?;
        self.count_order(sender)?;
        let id = order_id(sender, unique);
        let cap = self.open_escrow(id, sender, new.cap)?;
        let (opened, until) = (self.now(), self.now().later(new.open_for));
        let order = Order {
            customer: sender,
            operator: new.operator,
            reporter: new.reporter,
            currency: new.cap.currency,
            each,
            cap,
            held: Units::ZERO,
            spent: Units::ZERO,
            returned: Units::ZERO,
            units: 0,
            batches: 0,
            pending: 0,
            opened,
            until,
            ended: false,
            closed: None,
        };
        operator.open_orders += 1;
        self.state().put(&new.operator, &operator);
        self.state().put(&id, &order);
        self.state().put::<ByCustomer>(&(order.customer, id), &ByCustomer);
        self.state().put::<ByOperator>(&(order.operator, id), &ByOperator);
        self.schedule(until, Job::End(id));
        self.totals(|totals| {
            totals.orders += 1;
            totals.open_orders += 1;
        });
        self.emit(MeteredEvent::OrderOpened { order: id, parties: order.parties(), currency: order.currency, cap, until });
        Ok(())
    }

    /// Refuses a cap that the operator does not take, or that pays for no unit at present prices.
    fn check_cap(&self, operator: &Operator, cap: Money, each: Option<Money>) -> Result<(), MeteredError> {
        let least = operator.least_caps.iter().find(|least| least.currency == cap.currency && least.amount > cap.amount);
        if let Some(least) = least {
            return Err(MeteredError::CapBelowLeast { cap, least: *least });
        }
        if let Some(each) = each.filter(|each| each.currency == cap.currency) {
            return if each.amount > cap.amount { Err(MeteredError::CapBelowUnit { cap, each }) } else { Ok(()) };
        }
        let (currency, units) = self.quote_charge(ORDER, Some(cap.currency), price_of(each, 1)?)?;
        let grain = 10u128.pow(18 - u32::from(self.params().decimals(currency).unwrap_or(18).min(18)));
        let each = Money { currency, amount: Decimal18::new(units.times(grain)?.get()) };
        if each.amount > cap.amount { Err(MeteredError::CapBelowUnit { cap, each }) } else { Ok(()) }
    }

    /// Refuses an order of, or with, whoever reports or decides: such a side would win by its own word, or by its silence.
    fn check_sides(&self, customer: Address, operator: Address) -> Result<(), MeteredError> {
        let params = self.params();
        let roles = params.reporter.into_iter().chain(params.disputes.map(|disputes| disputes.arbiter));
        for role in roles {
            if let Some(who) = self.role(role).filter(|who| [customer, operator].contains(who)) {
                return Err(MeteredError::RoleIsSide { role, who });
            }
        }
        Ok(())
    }

    /// Counts one order more of a customer, up to what the file allows.
    fn count_order(&mut self, customer: Address) -> Result<(), MeteredError> {
        let OrdersOf(kept) = self.state().get::<OrdersOf>(&customer).unwrap_or_default();
        let most = self.params().per_customer;
        if kept >= most {
            return Err(MeteredError::OrdersKept { kept, most });
        }
        self.state().put(&customer, &OrdersOf(kept + 1));
        Ok(())
    }

    fn forget_one(&mut self, customer: Address) {
        match self.state().get::<OrdersOf>(&customer) {
            Some(OrdersOf(kept)) if kept > 1 => self.state().put(&customer, &OrdersOf(kept - 1)),
            _ => self.state().delete::<OrdersOf>(&customer),
        }
    }

    /// The price of a unit that the order's limit and the operator's ask agree on: the ask.
    fn agree(&self, operator: &Operator, new: &NewOrder) -> Result<Option<Money>, MeteredError> {
        let params = self.params();
        let currency = new.cap.currency;
        params.check_currency(currency)?;
        let asked_in = params.asked_in(currency);
        let most = match (params.rules.form, new.price) {
            (PriceForm::Network, None) => return Ok(None),
            (PriceForm::Network, Some(_)) => {
                return Err(MeteredError::Ask("the network sets the price of a unit; leave the order's price out".to_owned()));
            }
            (_, Some(price)) if price.currency == asked_in => price,
            _ => return Err(MeteredError::Ask(format!("name the most that one unit may cost, in {asked_in}"))),
        };
        match params.ask_of(operator, currency)? {
            Some(ask) if ask.amount > most.amount => Err(MeteredError::PriceAbove { ask, most }),
            ask => Ok(ask),
        }
    }

    pub(super) fn raise_cap(&mut self, sender: Address, id: UnitId, by: Money) -> Result<(), MeteredError> {
        let mut order = self.order(id)?;
        if order.customer != sender {
            return Err(MeteredError::NotYours { order: id, owner: order.customer });
        }
        self.takes_units(id, &order)?;
        let more = self.raise_escrow(id, sender, by)?;
        order.cap = order.cap.plus(more)?;
        self.state().put(&id, &order);
        self.emit(MeteredEvent::CapRaised { order: id, parties: order.parties(), cap: order.cap });
        Ok(())
    }

    /// Refuses an order that takes no more units.
    pub(super) fn takes_units(&self, id: UnitId, order: &Order) -> Result<(), MeteredError> {
        if order.ended || self.now() >= order.until {
            return Err(MeteredError::Ended { order: id, until: order.until });
        }
        Ok(())
    }

    /// A customer's close leaves the operator a grace period to report what it has delivered; an operator has no need of one.
    pub(super) fn close_order(&mut self, sender: Address, id: UnitId) -> Result<(), MeteredError> {
        let mut order = self.order(id)?;
        let grace = match sender {
            sender if sender == order.operator => Span::from_millis(0),
            sender if sender == order.customer => self.params().grace,
            _ => return Err(MeteredError::NotYours { order: id, owner: order.customer }),
        };
        if self.takes_units(id, &order).is_err() {
            return Err(MeteredError::ClosedAlready { order: id, until: order.until });
        }
        let until = order.until.min(self.now().later(grace));
        self.unschedule(order.until, Job::End(id));
        order.until = until;
        self.emit(MeteredEvent::OrderEnding { order: id, parties: order.parties(), until });
        if until <= self.now() {
            return self.end(id, &mut order);
        }
        self.schedule(until, Job::End(id));
        self.state().put(&id, &order);
        Ok(())
    }

    /// Closes many orders, as each would be closed alone. One that takes no more units is over already: nothing is done about it.
    pub(super) fn close_orders(&mut self, sender: Address, orders: &[UnitId]) -> Result<(), MeteredError> {
        check_count(orders)?;
        for id in orders {
            match self.close_order(sender, *id) {
                Ok(()) | Err(MeteredError::ClosedAlready { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The order takes no more units: what no batch holds goes back now, the rest when the last batch is settled.
    pub(super) fn end(&mut self, id: UnitId, order: &mut Order) -> Result<(), MeteredError> {
        order.ended = true;
        if order.pending > 0 {
            self.refund(id, order)?;
            self.state().put(&id, order);
            return Ok(());
        }
        self.close(id, order)
    }

    /// The order is over and nothing of it is undecided.
    pub(super) fn close(&mut self, id: UnitId, order: &mut Order) -> Result<(), MeteredError> {
        self.close_escrow(id, order)?;
        order.closed = Some(self.now());
        self.state().put(&id, order);
        self.schedule(self.now().later(self.params().closed_kept), Job::Forget(id));
        self.order_closed(order.operator)?;
        self.totals(|totals| totals.open_orders = totals.open_orders.saturating_sub(1));
        let (units, spent, returned) = (order.units, order.spent, order.returned);
        self.emit(MeteredEvent::OrderClosed { order: id, parties: order.parties(), units, spent, returned });
        Ok(())
    }

    /// Forgets a closed order with its batches, some at a time. Gives how many batches it forgot.
    pub(super) fn forget(&mut self, id: UnitId) -> usize {
        let Some(order) = self.state().get::<Order>(&id) else { return 0 };
        let mut forgotten = 0;
        while forgotten < FORGOTTEN_AT_ONCE {
            let next = self.state().first_from::<BatchOf>(&(id, 0)).filter(|((of, _), _)| *of == id);
            let Some((key, BatchOf(batch))) = next else {
                self.state().delete::<ByCustomer>(&(order.customer, id));
                self.state().delete::<ByOperator>(&(order.operator, id));
                self.state().delete::<Order>(&id);
                self.forget_one(order.customer);
                return forgotten;
            };
            self.state().delete::<BatchOf>(&key);
            self.state().delete::<Batch>(&batch);
            forgotten += 1;
        }
        let next: Instant = self.now().later(Span::from_millis(1));
        self.schedule(next, Job::Forget(id));
        forgotten
    }
}

/// Refuses an operator that takes no new orders.
fn check_accepts(address: Address, operator: &Operator) -> Result<(), MeteredError> {
    if operator.expelled {
        return Err(MeteredError::Expelled(address));
    }
    if !operator.active {
        return Err(MeteredError::UnknownOperator(address));
    }
    if operator.below_pledge {
        return Err(MeteredError::BelowPledge(address));
    }
    if !operator.accepts {
        return Err(MeteredError::NotAccepting(address));
    }
    Ok(())
}
