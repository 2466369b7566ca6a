//! The service as the rest sees it, and what its messages share.

use super::{
    error::MeteredError,
    event::MeteredEvent,
    message::MeteredMessage,
    names::{OPERATOR, OPERATORS},
    params::MeteredParams,
    read,
    rows::{MeteredTotals, Operator, Order},
};
use crate::{
    context::Context,
    service::{Description, ErrorCode, EventInfo, Figure, MessageInfo, Service, Tables},
    vocabulary::METERED,
};
use depin_economy::{Component, Notice, Record, Spec, SpecErrors, Standing, Subject};
use depin_quantity::{Address, Instant, Measured, Name, Seed, Span, UnitId};
use depin_state::ReadState;

/// Units of one's own, as a reporter counts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metered {
    /// The network's parameters.
    pub params: MeteredParams,
}

impl Service for Metered {
    const DESCRIPTION: Description =
        Description { name: Name::literal("metered"), tables: Tables { first: 0x48, last: 0x4f }, vocabulary: &METERED };
    type Message = MeteredMessage;
    type Event = MeteredEvent;
    type Error = MeteredError;

    fn read(spec: &Spec, _: Instant) -> Result<Self, SpecErrors> {
        MeteredParams::read(spec).map(|params| Self { params })
    }

    fn shortest_window(&self) -> Option<Span> {
        None
    }

    fn handle(cx: &mut Context<'_, Self>, sender: Address, message: &MeteredMessage, unique: Seed) -> Result<(), MeteredError> {
        match message {
            MeteredMessage::Register { name, asks } => cx.register(sender, *name, asks),
            MeteredMessage::Leave => cx.leave(sender),
            MeteredMessage::Order { operator, units, currency, open_for } => {
                cx.order(sender, *operator, *units, *currency, *open_for, unique).map(drop)
            }
            MeteredMessage::Report(deliveries) => cx.report(sender, deliveries),
            MeteredMessage::Finish(order) => cx.finish(sender, *order),
            MeteredMessage::Fail { operator, failing } => cx.fail(sender, *operator, *failing),
        }
    }

    /// Holds whose time is over end their orders.
    fn follow(cx: &mut Context<'_, Self>, notices: &[Notice]) {
        for notice in notices {
            if let Notice::HoldExpired { hold, .. } = notice
                && let Some(order) = cx.state().get::<Order>(hold)
            {
                cx.over(*hold, &order);
            }
        }
    }

    /// Its orders end by the economy's own list of what is due.
    fn run_due(_: &mut Context<'_, Self>, _: u64) -> u64 {
        0
    }

    fn audit(&self, state: &dyn ReadState) -> Vec<String> {
        read::audit(state)
    }

    fn label(&self, state: &dyn ReadState, address: Address) -> Option<String> {
        read::operator(state, address).map(|operator| operator.name.to_string())
    }

    fn figures(&self, state: &dyn ReadState) -> Vec<Figure> {
        let totals = read::totals(state);
        let figure = |name, help, value| Figure { name, help, value };
        vec![
            figure("operators", "Operators that take orders", totals.operators.into()),
            figure("open_orders", "Orders that are open", totals.open_orders.into()),
            figure("delivered_units", "Units ever delivered", totals.delivered),
        ]
    }
}

impl MessageInfo for MeteredMessage {
    fn name(&self) -> &'static str {
        self.name()
    }

    fn work(&self) -> u64 {
        self.work()
    }
}

impl EventInfo for MeteredEvent {
    fn kind(&self) -> &'static str {
        self.kind()
    }

    fn subject(&self) -> Option<UnitId> {
        self.order()
    }

    fn accounts(&self) -> Vec<Address> {
        self.accounts()
    }
}

impl ErrorCode for MeteredError {
    fn code(&self) -> &'static str {
        self.code()
    }
}

impl<'a> Context<'a, Metered> {
    pub(super) const fn params(&self) -> &'a MeteredParams {
        &self.service().params
    }

    pub(super) fn send(&mut self, record: Record) -> Result<(), MeteredError> {
        self.record(&record)?;
        Ok(())
    }

    pub(super) fn operator(&mut self, address: Address) -> Result<Operator, MeteredError> {
        self.state().get::<Operator>(&address).ok_or(MeteredError::UnknownOperator(address))
    }

    pub(super) fn totals(&mut self, change: impl FnOnce(&mut MeteredTotals)) {
        let mut totals = self.state().get::<MeteredTotals>(&()).unwrap_or_default();
        change(&mut totals);
        self.state().put(&(), &totals);
    }

    /// One operator, as pledges and faults count it.
    pub(super) const fn one() -> Component {
        Component { measure: OPERATORS, quantity: Measured::new(1) }
    }

    /// Whether an operator stands, for networks that bind it to something.
    pub(super) fn stand(&mut self, operator: Address, stands: bool) -> Result<(), MeteredError> {
        if !self.params().stands {
            return Ok(());
        }
        let quantity = Measured::new(u128::from(stands));
        let components = vec![Component { measure: OPERATORS, quantity }];
        self.send(Record::Standing(Standing { subject: Subject::Party(operator), components }))
    }

    /// The unit that an operator's pledge stands for.
    pub(super) fn unit(operator: Address) -> Subject {
        Subject::Unit { owner: operator, unit: UnitId::derive("depin-metered-operator", &[&operator.get(), OPERATOR.as_bytes()]) }
    }

    /// An order is over: what was held and not captured is back already.
    pub(super) fn over(&mut self, id: UnitId, order: &Order) {
        self.state().delete::<Order>(&id);
        if let Some(mut operator) = self.state().get::<Operator>(&order.operator) {
            operator.open_orders = operator.open_orders.saturating_sub(1);
            self.state().put(&order.operator, &operator);
        }
        self.totals(|totals| totals.open_orders = totals.open_orders.saturating_sub(1));
        let Order { customer, operator, open, .. } = *order;
        self.emit(MeteredEvent::Finished { order: id, customer, operator, undelivered: open });
    }
}
