//! The service as the rest sees it: where messages enter, what it is called, what it counts.

use super::{error::StorageError, event::StorageEvent, message::StorageMessage, params::StorageParams, read};
use crate::{
    Deadlines, Draws,
    context::Context,
    descriptor::STORAGE,
    service::{Description, ErrorCode, EventInfo, Figure, MessageInfo, Service, Tables, Window},
};
use depin_economy::{Notice, Spec, SpecErrors};
use depin_quantity::{Address, Instant, Name, Seed, UnitId};
use depin_state::ReadState;

/// Pieces under deals, proven again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// The network's parameters.
    pub params: StorageParams,
}

impl Service for Storage {
    const DESCRIPTION: Description =
        Description { name: Name::literal("storage"), tables: Tables { first: 0x70, last: 0x79 }, descriptor: &STORAGE };
    type Message = StorageMessage;
    type Event = StorageEvent;
    type Error = StorageError;

    fn read(spec: &Spec, genesis: Instant) -> Result<Self, SpecErrors> {
        StorageParams::read(spec, genesis).map(|params| Self { params })
    }

    /// A proof window.
    fn shortest_window(&self) -> Option<Window> {
        Some(Window { key: "window.length", length: self.params.epochs(self.params.window) })
    }

    fn handle(cx: &mut Context<'_, Self>, sender: Address, message: &StorageMessage, unique: Seed) -> Result<(), StorageError> {
        match message {
            StorageMessage::RegisterProvider { name, url, capacity, ask } => cx.register(sender, *name, url, *capacity, ask),
            StorageMessage::SetAsk(ask) => cx.set_ask(sender, ask),
            StorageMessage::RemoveProvider => cx.remove_provider(sender),
            StorageMessage::ProposeDeals(proposals) => cx.propose(sender, proposals, unique),
            StorageMessage::AcceptDeals(deals) => cx.accept(sender, deals),
            StorageMessage::RefuseDeals { deals, reason } => cx.refuse(sender, deals, reason),
            StorageMessage::ProveSectors(proofs) => cx.prove_sectors(sender, proofs),
            StorageMessage::ProveSet { set, leaves } => cx.prove_set(sender, *set, leaves),
            StorageMessage::DeclareFaults(deals) => cx.declare_faults(sender, deals),
            StorageMessage::DeclareRecovered(deals) => cx.declare_recovered(sender, deals),
            StorageMessage::ExtendDeals { deals, epochs } => cx.extend(sender, deals, *epochs),
            StorageMessage::AcceptExtensions(deals) => cx.accept_extensions(sender, deals),
            StorageMessage::EndDeals(deals) => cx.ask_end(sender, deals),
            StorageMessage::AgreeEnds(deals) => cx.agree_end(sender, deals),
            StorageMessage::TerminateDeals(deals) => cx.give_up(sender, deals),
            StorageMessage::SettleDeals(deals) => cx.settle(deals),
        }
    }

    fn follow(cx: &mut Context<'_, Self>, notices: &[Notice]) {
        notices.iter().for_each(|notice| cx.heed(notice));
    }

    fn run_due(cx: &mut Context<'_, Self>, budget: u64) -> u64 {
        // What was fixed before is judged first; it is as much as blocks before this one asked for.
        let drawn = cx.run_draws(budget);
        drawn + cx.run_jobs(budget.saturating_sub(drawn))
    }

    fn next_due(&self, state: &dyn ReadState) -> Option<Instant> {
        <Self as Deadlines>::next_due(state)
    }

    fn awaits_seed(&self, state: &dyn ReadState) -> bool {
        <Self as Draws>::awaits_seed(state)
    }

    fn audit(&self, state: &dyn ReadState) -> Vec<String> {
        read::audit(state, self.params.set_sectors, |deal| self.params.quality(deal.size, deal.verified))
    }

    fn label(&self, state: &dyn ReadState, address: Address) -> Option<String> {
        read::provider(state, address).map(|provider| provider.name.to_string())
    }

    fn figures(&self, state: &dyn ReadState) -> Vec<Figure> {
        let totals = read::totals(state);
        let figure = |name, help, value| Figure { name, help, value };
        vec![
            figure("providers", "Registered providers", totals.providers.into()),
            figure("deals_active", "Active deals", totals.active.into()),
            figure("sectors_faulty", "Sectors faulty now", totals.faulty.into()),
            figure("deals_proposed", "Deals proposed so far", totals.proposed.into()),
            figure("raw_bytes", "Raw bytes with power", totals.raw_bytes),
            figure("quality_bytes", "Quality-adjusted bytes with power", totals.quality_bytes),
        ]
    }
}

impl MessageInfo for StorageMessage {
    fn name(&self) -> &'static str {
        self.name()
    }

    fn work(&self) -> u64 {
        self.work()
    }
}

impl EventInfo for StorageEvent {
    fn kind(&self) -> &'static str {
        self.kind()
    }

    fn subject(&self) -> Option<UnitId> {
        self.deal()
    }

    fn accounts(&self) -> Vec<Address> {
        self.accounts()
    }
}

impl ErrorCode for StorageError {
    fn code(&self) -> &'static str {
        self.code()
    }

    fn told(&self, spec: &Spec) -> String {
        self.told(spec)
    }
}
