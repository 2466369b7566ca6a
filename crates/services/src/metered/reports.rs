//! What the reporter says: deliveries and failures.

use super::{
    error::MeteredError,
    event::MeteredEvent,
    message::{Delivery, ENTRIES_MAX, Failing},
    names::{EXPELLED, FAILED, UNITS},
    rows::Order,
    service::Metered,
};
use crate::context::Context;
use depin_economy::{ChargeRecord, Component, Earned, Fault, Record, Subject};
use depin_quantity::{Address, Measured};

impl Context<'_, Metered> {
    fn check_reporter(&self, sender: Address) -> Result<(), MeteredError> {
        let role = self.params().reporter;
        let is = self.role(role);
        if is == Some(sender) { Ok(()) } else { Err(MeteredError::NotTheReporter { role, is }) }
    }

    pub(super) fn report(&mut self, sender: Address, deliveries: &[Delivery]) -> Result<(), MeteredError> {
        self.check_reporter(sender)?;
        if deliveries.is_empty() || deliveries.len() > ENTRIES_MAX {
            return Err(MeteredError::Entries(deliveries.len()));
        }
        deliveries.iter().try_for_each(|delivery| self.deliver(*delivery))
    }

    fn deliver(&mut self, Delivery { order: id, units }: Delivery) -> Result<(), MeteredError> {
        let mut order = self.state().get::<Order>(&id).ok_or(MeteredError::UnknownOrder(id))?;
        if units == 0 || units > order.open {
            return Err(MeteredError::TooMany { order: id, given: units, open: order.open });
        }
        let operator = order.operator;
        self.send(Record::Charge(ChargeRecord::Capture { id, to: operator, price: order.price(units)? }))?;
        self.earned(operator, units)?;
        order.open -= units;
        let mut known = self.operator(operator)?;
        known.delivered = known.delivered.saturating_add(units.into());
        self.state().put(&operator, &known);
        self.state().put(&id, &order);
        self.totals(|totals| totals.delivered = totals.delivered.saturating_add(units.into()));
        self.emit(MeteredEvent::Delivered { order: id, operator, units, open: order.open });
        if order.open == 0 {
            self.over(id, &order);
        }
        Ok(())
    }

    fn earned(&mut self, operator: Address, units: u64) -> Result<(), MeteredError> {
        if !self.params().earns {
            return Ok(());
        }
        let components = vec![Component { measure: UNITS, quantity: Measured::new(units.into()) }];
        self.send(Record::Earned(Earned { subject: Subject::Party(operator), components }))
    }

    pub(super) fn fail(&mut self, sender: Address, address: Address, failing: Failing) -> Result<(), MeteredError> {
        self.check_reporter(sender)?;
        let mut operator = self.operator(address)?;
        let (kind, declared) = match failing {
            Failing::Failed => (FAILED, self.params().faults.0),
            Failing::Expelled => (EXPELLED, self.params().faults.1),
        };
        if declared && (operator.pledged || !self.params().pledges) {
            let subject = Self::unit(address);
            self.send(Record::Fault(Fault { subject, kind, affected: Self::one(), reporter: Some(sender) }))?;
        }
        operator.failures = operator.failures.saturating_add(1);
        if failing == Failing::Expelled {
            operator.expelled = true;
            self.retire(address, &mut operator)?;
        }
        self.state().put(&address, &operator);
        self.emit(MeteredEvent::OperatorFailed { operator: address, failing });
        Ok(())
    }
}
