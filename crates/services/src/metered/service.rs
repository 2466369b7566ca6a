//! The service as the rest sees it: where messages enter, what it is called, what it counts.

use super::{audit, error::MeteredError, event::MeteredEvent, message::MeteredMessage, params::MeteredParams, read};
use crate::{
    Deadlines,
    context::Context,
    descriptor::METERED,
    service::{Description, ErrorCode, EventInfo, Figure, MessageInfo, Service, Tables, Window},
};
use depin_economy::{Notice, Spec, SpecErrors};
use depin_quantity::{Address, Instant, Name, Seed, UnitId};
use depin_state::ReadState;

/// Units of a founder's own service, reported, disputed and paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metered {
    /// The network's parameters.
    pub params: MeteredParams,
}

impl Service for Metered {
    const DESCRIPTION: Description =
        Description { name: Name::literal("metered"), tables: Tables { first: 0x49, last: 0x53 }, descriptor: &METERED };
    type Message = MeteredMessage;
    type Event = MeteredEvent;
    type Error = MeteredError;

    fn read(spec: &Spec, _: Instant) -> Result<Self, SpecErrors> {
        MeteredParams::read(spec).map(|params| Self { params })
    }

    /// The shortest time of a dispute.
    fn shortest_window(&self) -> Option<Window> {
        let disputes = self.params.disputes?;
        let windows = [
            ("dispute.window", disputes.window),
            ("dispute.answer-within", disputes.answer_within),
            ("dispute.decide-within", disputes.decide_within),
        ];
        windows.into_iter().map(|(key, length)| Window { key, length }).min_by_key(|window| window.length)
    }

    fn handle(cx: &mut Context<'_, Self>, sender: Address, message: &MeteredMessage, unique: Seed) -> Result<(), MeteredError> {
        match message {
            MeteredMessage::Register { name, url, asks, accepts } => cx.register(sender, *name, url, asks, *accepts),
            MeteredMessage::Leave => cx.leave(sender),
            MeteredMessage::OpenOrder(order) => cx.open_order(sender, order, unique),
            MeteredMessage::RaiseCap { order, by } => cx.raise_cap(sender, *order, *by),
            MeteredMessage::CloseOrder(order) => cx.close_order(sender, *order),
            MeteredMessage::Report(reports) => cx.report(sender, reports),
            MeteredMessage::Dispute { batch, accepted, evidence } => cx.open_dispute(sender, *batch, *accepted, evidence),
            MeteredMessage::Answer { batch, evidence } => cx.answer_dispute(sender, *batch, evidence),
            MeteredMessage::Concede(batch) => cx.concede(sender, *batch),
            MeteredMessage::Decide { batch, counted } => cx.rule_on(sender, *batch, *counted),
            MeteredMessage::Fail { operator, failing } => cx.fail(sender, *operator, *failing),
            MeteredMessage::CloseOrders(orders) => cx.close_orders(sender, orders),
            MeteredMessage::LeastCaps(least) => cx.set_least_caps(sender, least),
        }
    }

    fn follow(cx: &mut Context<'_, Self>, notices: &[Notice]) {
        notices.iter().for_each(|notice| cx.heed(notice));
    }

    /// Faults that a job finds may leave a pledge too small, which is told behind the job.
    fn run_due(cx: &mut Context<'_, Self>, budget: u64) -> u64 {
        let used = cx.run_jobs(budget);
        let notices = cx.notices();
        Self::follow(cx, &notices);
        used
    }

    fn next_due(&self, state: &dyn ReadState) -> Option<Instant> {
        <Self as Deadlines>::next_due(state)
    }

    fn audit(&self, state: &dyn ReadState) -> Vec<String> {
        audit::audit(state)
    }

    fn label(&self, state: &dyn ReadState, address: Address) -> Option<String> {
        // Only who has a name alone goes by it: money is sent by names.
        let operator = read::operator(state, address)?;
        read::has_name(state, address, &operator).then(|| operator.name.to_string())
    }

    fn figures(&self, state: &dyn ReadState) -> Vec<Figure> {
        let totals = read::totals(state);
        let figure = |name, help, value| Figure { name, help, value };
        vec![
            figure("operators", "Operators that take part", totals.operators.into()),
            figure("orders_open", "Orders that are not closed", totals.open_orders.into()),
            figure("orders_opened", "Orders opened so far", totals.orders.into()),
            figure("batches_pending", "Batches that are reported and not settled", totals.pending_batches.into()),
            figure("batches_reported", "Batches reported so far", totals.batches.into()),
            figure("disputes_open", "Disputes that are not decided", totals.open_disputes.into()),
            figure("disputes_opened", "Disputes opened so far", totals.disputes.into()),
            figure("units_reported", "Units reported so far", totals.reported),
            figure("units_delivered", "Units paid so far", totals.delivered),
            figure("units_rejected", "Units reported that did not count", totals.rejected),
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

    fn bounds(&self) -> Result<(), String> {
        self.check_bounds().map_err(|error| error.to_string())
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

    fn told(&self, spec: &Spec) -> String {
        self.told(spec)
    }
}
