//! One turn of the service: the rows, the meter and the moment that a message runs in.

use super::{
    error::MeteredError,
    event::MeteredEvent,
    message::MeteredMessage,
    names::{OPERATOR, OPERATORS},
    params::MeteredParams,
    rows::{MeteredTotals, Operator, Order},
};
use crate::storage::Ground;
use depin_economy::{Component, Notice, Record, Standing, Subject};
use depin_quantity::{Address, Instant, Measured, Seed, UnitId};
use depin_state::State;

/// Everything that a message works with.
pub struct MeteredTurn<'a> {
    pub(super) params: &'a MeteredParams,
    pub(super) ground: &'a mut dyn Ground,
    pub(super) now: Instant,
    /// Who fills the reporter's role.
    pub(super) reporter: Option<Address>,
    pub(super) events: &'a mut Vec<MeteredEvent>,
}

impl<'a> MeteredTurn<'a> {
    /// A turn at `now`, in a network in which `reporter` fills the reporter's role.
    pub fn new(
        params: &'a MeteredParams,
        ground: &'a mut dyn Ground,
        now: Instant,
        reporter: Option<Address>,
        events: &'a mut Vec<MeteredEvent>,
    ) -> Self {
        Self { params, ground, now, reporter, events }
    }

    /// Runs `sender`'s message. `unique` is bound to the transaction that carries it.
    ///
    /// # Errors
    /// [`MeteredError`]; the caller rolls back whatever was written before it was found.
    pub fn handle(&mut self, sender: Address, message: &MeteredMessage, unique: Seed) -> Result<(), MeteredError> {
        match message {
            MeteredMessage::Register { name, asks } => self.register(sender, *name, asks),
            MeteredMessage::Leave => self.leave(sender),
            MeteredMessage::Order { operator, units, currency, open_for } => {
                self.order(sender, *operator, *units, *currency, *open_for, unique).map(drop)
            }
            MeteredMessage::Report(deliveries) => self.report(sender, deliveries),
            MeteredMessage::Finish(order) => self.finish(sender, *order),
            MeteredMessage::Fail { operator, failing } => self.fail(sender, *operator, *failing),
        }
    }

    /// Takes what the economy had to tell since the last call.
    pub fn notices(&mut self) -> Vec<Notice> {
        self.ground.notices()
    }

    /// Follows what the economy did by itself: holds whose time is over.
    pub fn follow(&mut self, notices: &[Notice]) {
        for notice in notices {
            if let Notice::HoldExpired { hold, .. } = notice
                && let Some(order) = self.state().get::<Order>(hold)
            {
                self.over(*hold, &order);
            }
        }
    }

    pub(super) fn state(&mut self) -> &mut dyn State {
        self.ground.state()
    }

    pub(super) fn record(&mut self, record: Record) -> Result<(), MeteredError> {
        self.ground.record(&record)?;
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
        if !self.params.stands {
            return Ok(());
        }
        let quantity = Measured::new(u128::from(stands));
        let components = vec![Component { measure: OPERATORS, quantity }];
        self.record(Record::Standing(Standing { subject: Subject::Party(operator), components }))
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
        self.events.push(MeteredEvent::Finished { order: id, customer, operator, undelivered: open });
    }
}
