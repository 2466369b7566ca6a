//! Operators come, change what they ask, fail, and go.

use super::{
    PriceForm,
    error::MeteredError,
    event::MeteredEvent,
    message::{ENTRIES_MAX, Failing},
    names::{EXPELLED, FAILED},
    reports::{check_name, check_url},
    rows::{NameOf, Operator},
    service::Metered,
};
use crate::context::Context;
use depin_economy::{Money, Refusal};
use depin_quantity::{Address, Decimal18, Name};

impl Context<'_, Metered> {
    pub(super) fn register(
        &mut self,
        sender: Address,
        name: Name,
        url: &str,
        asks: &[Money],
        accepts: bool,
    ) -> Result<(), MeteredError> {
        check_url(url)?;
        check_name(name)?;
        self.check_asks(asks)?;
        let known = self.state().get::<Operator>(&sender);
        if known.as_ref().is_some_and(|operator| operator.expelled) {
            return Err(MeteredError::Expelled(sender));
        }
        self.take_name(sender, name, known.as_ref().map(|operator| operator.name))?;
        if known.is_none() {
            self.register_subject(sender)?;
        }
        let mut operator = known.unwrap_or_else(|| Operator {
            name,
            url: String::new(),
            asks: Vec::new(),
            accepts,
            least_caps: Vec::new(),
            since: self.now(),
            active: false,
            expelled: false,
            pledged: false,
            below_pledge: false,
            open_orders: 0,
            delivered: 0,
            rejected: 0,
            failures: 0,
        });
        if !operator.active {
            self.take_registration(sender)?;
        }
        if self.params().rules.pledges {
            self.pledge(sender, operator.pledged)?;
            (operator.pledged, operator.below_pledge) = (true, false);
        }
        if !operator.active {
            self.stand(sender, true)?;
            self.totals(|totals| totals.operators += 1);
        }
        let (url, asks) = (url.to_owned(), asks.to_vec());
        let operator = Operator { name, url, asks, accepts, active: true, ..operator };
        self.state().put(&sender, &operator);
        self.emit(MeteredEvent::OperatorChanged { operator: sender });
        Ok(())
    }

    /// Gives an operator the name that it asks for, unless another has it, and frees the one that it had.
    fn take_name(&mut self, sender: Address, name: Name, before: Option<Name>) -> Result<(), MeteredError> {
        match self.state().get::<NameOf>(&name) {
            Some(NameOf(of)) if of != sender => return Err(MeteredError::NameTaken { name, by: of }),
            _ => {}
        }
        if let Some(before) = before.filter(|before| *before != name) {
            self.free_name(sender, before);
        }
        self.state().put(&name, &NameOf(sender));
        Ok(())
    }

    fn free_name(&mut self, of: Address, name: Name) {
        if self.state().get::<NameOf>(&name) == Some(NameOf(of)) {
            self.state().delete::<NameOf>(&name);
        }
    }

    fn check_asks(&self, asks: &[Money]) -> Result<(), MeteredError> {
        let wrong = |reason: String| Err(MeteredError::Ask(reason));
        if asks.len() > ENTRIES_MAX {
            return Err(MeteredError::Entries(asks.len()));
        }
        let params = self.params();
        match (params.rules.form, asks.is_empty()) {
            (PriceForm::Network, false) => return wrong("the network sets the price of a unit; ask for nothing".to_owned()),
            (PriceForm::Agreed | PriceForm::Dollars, true) => return wrong("ask for a price of one unit".to_owned()),
            _ => {}
        }
        for (i, ask) in asks.iter().enumerate() {
            if !params.may_ask_in(ask.currency) {
                return wrong(format!("units are not priced in `{}` here", ask.currency));
            }
            let places = params.decimals(params.asked_in(ask.currency)).unwrap_or(18);
            let grain = 10u128.pow(18 - u32::from(places.min(18)));
            if ask.amount == Decimal18::ZERO || !ask.amount.get().is_multiple_of(grain) {
                return wrong(format!("a price in {} is a multiple of 10^-{places}, and not zero", ask.currency));
            }
            if asks.iter().take(i).any(|other| other.currency == ask.currency) {
                return wrong(format!("two prices in {}; name one", ask.currency));
            }
        }
        Ok(())
    }

    /// An operator says which orders are too small for it. Orders that are open stay.
    pub(super) fn set_least_caps(&mut self, sender: Address, least: &[Money]) -> Result<(), MeteredError> {
        if least.len() > ENTRIES_MAX {
            return Err(MeteredError::Entries(least.len()));
        }
        for (i, cap) in least.iter().enumerate() {
            self.params().check_currency(cap.currency)?;
            if cap.amount == Decimal18::ZERO || least.iter().take(i).any(|other| other.currency == cap.currency) {
                return Err(MeteredError::LeastCap(*cap));
            }
        }
        let mut operator = self.operator(sender)?;
        if !operator.active {
            return Err(MeteredError::UnknownOperator(sender));
        }
        operator.least_caps = least.to_vec();
        self.state().put(&sender, &operator);
        self.emit(MeteredEvent::OperatorChanged { operator: sender });
        Ok(())
    }

    pub(super) fn leave(&mut self, sender: Address) -> Result<(), MeteredError> {
        let mut operator = self.operator(sender)?;
        if !operator.active {
            return Err(MeteredError::UnknownOperator(sender));
        }
        if operator.open_orders > 0 {
            return Err(MeteredError::OpenOrders(operator.open_orders));
        }
        self.retire(sender, &mut operator)?;
        self.free_name(sender, operator.name);
        self.state().put(&sender, &operator);
        self.emit(MeteredEvent::OperatorLeft { operator: sender });
        Ok(())
    }

    /// The operator takes no part any more. What it pledged stays while one of its orders may still be disputed.
    fn retire(&mut self, address: Address, operator: &mut Operator) -> Result<(), MeteredError> {
        if operator.active {
            self.stand(address, false)?;
            self.totals(|totals| totals.operators = totals.operators.saturating_sub(1));
        }
        operator.active = false;
        self.free_pledge(address, operator)
    }

    /// Gives the pledge of an operator that takes no part back, when its last order is closed.
    fn free_pledge(&mut self, address: Address, operator: &mut Operator) -> Result<(), MeteredError> {
        if operator.pledged && !operator.active && operator.open_orders == 0 {
            self.release_pledge(address)?;
            operator.pledged = false;
        }
        Ok(())
    }

    /// One of an operator's orders is closed. A pledge that a change of the file left without a rule stays where it is.
    pub(super) fn order_closed(&mut self, address: Address) -> Result<(), MeteredError> {
        let mut operator = self.operator(address)?;
        operator.open_orders = operator.open_orders.saturating_sub(1);
        match self.free_pledge(address, &mut operator) {
            Ok(()) | Err(MeteredError::Economy(Refusal::Unbound { .. } | Refusal::Unknown { .. })) => {}
            Err(error) => return Err(error),
        }
        self.state().put(&address, &operator);
        Ok(())
    }

    /// The network's reporter says that an operator failed.
    pub(super) fn fail(&mut self, sender: Address, address: Address, failing: Failing) -> Result<(), MeteredError> {
        let reporter = self.params().reporter.and_then(|role| self.role(role));
        if reporter != Some(sender) {
            return Err(MeteredError::NotTheNetworksReporter(reporter));
        }
        let operator = self.operator(address)?;
        let kind = match failing {
            Failing::Failed => FAILED,
            Failing::Expelled => EXPELLED,
        };
        self.fault(address, kind, operator.pledged, sender)?;
        let mut operator = Operator { failures: operator.failures.saturating_add(1), ..operator };
        if failing == Failing::Expelled {
            operator.expelled = true;
            self.retire(address, &mut operator)?;
        }
        self.state().put(&address, &operator);
        self.emit(MeteredEvent::OperatorFailed { operator: address, failing });
        Ok(())
    }

    /// The economy says that a fault left an operator's pledge too small.
    pub(super) fn below_pledge(&mut self, address: Address) {
        if let Some(mut operator) = self.state().get::<Operator>(&address) {
            operator.below_pledge = true;
            self.state().put(&address, &operator);
        }
    }
}
