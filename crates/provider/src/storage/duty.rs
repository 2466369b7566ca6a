//! What storage asks of its operators: deals taken and proven, damage declared, pieces kept as long as deals cover them.

use super::{
    clients::Clients,
    decide::{DealFacts, PieceFact},
    plan::{Plan, Situation, plan},
    prove,
    register::{contested, registration},
    status::{StorageFigures, count_stages},
    store::{PieceState, PieceStatus, Store, StoreError},
    task::StorageTask,
    view::View,
};
use crate::{
    operator::{
        Agenda, DirtySet, Draft, Duty, Failure, Look, Prepared, Registration, RoundError, SharedStatus, Subject, blocking,
    },
    storage::ProviderConfig,
};
use depin_client::api::{DealStage, EventRecord};
use depin_ledger::Message;
use depin_quantity::UnitId;
use depin_services::storage::{StorageMessage, piece::Commitment};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Events after which a deal is as it was in the provider's entry and its data sets.
const DEAL_ONLY: [&str; 5] = ["deal-proposed", "sector-challenged", "extension-asked", "deal-extended", "end-asked"];

/// A storage provider's duty. It keeps nothing of its own on the disk beside the store.
pub(super) struct StorageDuty {
    config: ProviderConfig,
    url: String,
    store: Arc<Store>,
}

impl StorageDuty {
    pub(super) const fn new(config: ProviderConfig, url: String, store: Arc<Store>) -> Self {
        Self { config, url, store }
    }

    /// Runs store work on a thread that may block.
    async fn with_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<Store>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, RoundError> {
        let store = Arc::clone(&self.store);
        blocking(move || work(&store)).await.map_err(|error| RoundError::own("store", &error))
    }

    /// Lets go of pins that no deal asks for.
    async fn release_orphans(&self, view: &View) -> Result<(), RoundError> {
        let known: BTreeSet<UnitId> = view.deals.keys().copied().collect();
        let release = move |store: &Arc<Store>| {
            let mut orphans = 0;
            for (cid, deal) in store.pins()? {
                if !known.contains(&deal) {
                    orphans += usize::from(store.unpin(&cid, &deal)?);
                }
            }
            if orphans > 0 {
                store.sweep()?;
            }
            Ok(orphans)
        };
        let orphans = self.with_store(release).await?;
        if orphans > 0 {
            tracing::info!(orphans, "let go of pieces of deals that are over");
        }
        Ok(())
    }

    /// What the store knows of these deals' pieces, and which deals it keeps them for.
    async fn read_pieces(&self, view: &mut View, deals: &BTreeSet<UnitId>) -> Result<(), RoundError> {
        let wanted: BTreeSet<Commitment> = deals.iter().filter_map(|id| view.deals.get(id)).map(|deal| deal.piece).collect();
        let read = move |store: &Arc<Store>| {
            let (mut facts, mut pinned) = (BTreeMap::new(), BTreeSet::new());
            for cid in wanted {
                let status = store.status(&cid)?;
                facts.insert(cid, status.as_ref().map_or(PieceFact::Absent, piece_fact));
                pinned.extend(status.into_iter().flat_map(|piece| piece.deals));
            }
            Ok((facts, pinned))
        };
        (view.pieces, view.pinned) = self.with_store(read).await?;
        Ok(())
    }

    /// Answers challenges of sectors.
    async fn prove_sectors(&self, view: &View, deals: &[UnitId]) -> Draft<StorageTask> {
        let facts: Vec<DealFacts> = deals.iter().filter_map(|id| view.deals.get(id).cloned()).collect();
        let store = Arc::clone(&self.store);
        let (proofs, failed) = blocking(move || prove::sectors(&store, &facts)).await;
        let failures = failed.into_iter().map(|(deal, error)| {
            tracing::warn!(deal = %deal.id, cid = %deal.piece, %error, "a challenge cannot be answered");
            Failure { subject: Subject::Unit(deal.id), task: StorageTask::Prove(vec![deal.id]), why: error.to_string() }
        });
        let message = (!proofs.is_empty()).then_some(Message::service(StorageMessage::ProveSectors(proofs)));
        Draft { message, failures: failures.collect(), dirty: DirtySet::default() }
    }

    /// Answers the open window of a data set.
    async fn prove_set(&self, view: &View, number: u32) -> Draft<StorageTask> {
        let Some(set) = view.sets.get(&number).cloned() else { return Draft::nothing() };
        let (store, own) = (Arc::clone(&self.store), view.address);
        match blocking(move || prove::set(&store, own, number, &set)).await {
            Ok(message) => Draft { message: message.map(Message::service), ..Draft::nothing() },
            Err(error) => {
                tracing::warn!(set = number, %error, "a window cannot be answered yet");
                let (subject, task) = (Subject::Group(number), StorageTask::ProveSet(number));
                // The store knows of the damage by now: its deals are looked at again.
                let dirty = DirtySet { entry: true, ..DirtySet::default() };
                Draft { message: None, failures: vec![Failure { subject, task, why: error.to_string() }], dirty }
            }
        }
    }
}

impl Duty for StorageDuty {
    const SERVICE: &'static str = "storage";

    type View = View;
    type Plan = Plan;
    type Task = StorageTask;
    type Figures = StorageFigures;

    /// The answer to a window: a leaf with its way to the root for each challenge.
    fn message_bytes(view: &View) -> u64 {
        view.answer_bytes()
    }

    /// An event about a deal concerns that deal, and most also the entry, which counts deals, and the data sets.
    fn dirtied(event: &EventRecord) -> DirtySet {
        let entry = !DEAL_ONLY.contains(&event.kind.as_str());
        DirtySet { entry, ..DirtySet::units(event.subject) }
    }

    fn watch(&self) -> Option<tokio::sync::watch::Receiver<u64>> {
        Some(self.store.watch_damage())
    }

    /// Deals whose pieces are damaged, and faulty ones, whose pieces may be back.
    async fn changed(&self, view: &View) -> Result<BTreeSet<UnitId>, RoundError> {
        let damaged = self.with_store(|store| store.damaged()).await?;
        let damaged: BTreeSet<Commitment> = damaged.into_iter().map(|piece| piece.cid).collect();
        let hit = view.deals.values().filter(|deal| damaged.contains(&deal.piece));
        Ok(hit.chain(view.faulty()).map(|deal| deal.id).collect())
    }

    async fn refresh(&self, view: &mut View, look: Look<'_>) -> Result<BTreeSet<UnitId>, RoundError> {
        view.small_clients = self.config.small_clients;
        let mut deals = view.read(look).await?;
        if look.dirty.all {
            view.forget_failed_accepts();
            self.release_orphans(view).await?;
        }
        deals.extend(&look.dirty.own);
        self.read_pieces(view, &deals).await?;
        Ok(deals)
    }

    fn registration(&self, view: &View, begun: bool) -> Registration {
        if let Some(why) = contested(&self.config, &self.url, view, begun) {
            return Registration::Contested { why };
        }
        match registration(&self.config, &self.url, view, begun) {
            Some(message) => {
                Registration::Differs { message: Box::new(Message::service(message)), serving: view.entry.is_some() }
            }
            None if view.removed => Registration::Removed,
            None => Registration::InLine,
        }
    }

    fn plan(view: &View, agenda: &Agenda) -> Plan {
        // Without an entry there is nothing to decide: it is registered first.
        let (Some(ask), Some(currency), Some(_)) = (&view.ask, view.currency, &view.entry) else { return Plan::default() };
        let hopeless = view.hopeless();
        let situation = Situation { ask, currency, now: view.now, room: view.room(), hopeless: &hopeless };
        let deals = agenda.units.iter().filter_map(|id| view.deals.get(id));
        // Counted anew where something is to be taken only: that looks at every deal.
        let proposed = deals.clone().any(|deal| deal.stage == DealStage::Proposed);
        let clients = if proposed { view.clients() } else { Clients::default() };
        let mut plan = plan(deals, &view.pieces, &situation, clients);
        plan.pin.retain(|(_, deal)| !view.pinned.contains(deal));
        let sets = view.waiting_sets().filter(|number| agenda.allows(Subject::Group(*number)));
        plan.tasks.splice(0..0, sets.map(StorageTask::ProveSet));
        plan
    }

    /// Notes in the store which deals cover which pieces.
    async fn prepare(&self, view: &mut View, plan: Plan) -> Result<Prepared<StorageTask>, RoundError> {
        let Plan { pin, unpin, tasks } = plan;
        let gone = self.with_store(move |store| keep(store, pin, unpin)).await?;
        view.forget_closed();
        if gone.is_empty() {
            return Ok(tasks.into());
        }
        // Dropped since they were looked at. Nothing may be promised about them; the next look sees that they are absent.
        Ok(Prepared { tasks: tasks.iter().filter_map(|task| task.without(&gone)).collect(), again: gone })
    }

    async fn message(&self, view: &View, task: &StorageTask) -> Draft<StorageTask> {
        match task {
            StorageTask::Prove(deals) => self.prove_sectors(view, deals).await,
            StorageTask::ProveSet(number) => self.prove_set(view, *number).await,
            other => Draft { message: other.message().map(Message::service), ..Draft::nothing() },
        }
    }

    fn settle(
        &self,
        view: &mut View,
        failures: &[Failure<StorageTask>],
        status: &SharedStatus<StorageFigures>,
    ) -> BTreeSet<Subject> {
        let mut resting = BTreeSet::new();
        for failure in failures {
            if let (Subject::Unit(id), StorageTask::Accept(_)) = (failure.subject, &failure.task) {
                // Not before everything is read anew: every try costs a fee.
                resting.insert(failure.subject);
                status.problem("deals", format!("a deal could not be taken: {}", failure.why));
                view.accept_failed(id, &failure.why);
            }
        }
        if resting.is_empty() && view.failed_accepts.is_empty() {
            status.solved("deals");
        }
        resting
    }

    fn count(figures: &mut StorageFigures, task: &StorageTask, failed: usize) {
        figures.done.count(task, failed);
    }

    fn show(view: &View, figures: &mut StorageFigures) {
        figures.ask = view.entry.as_ref().map(|entry| entry.ask.clone());
        figures.deals = count_stages(view.deals.values().map(|deal| deal.stage));
    }
}

/// Pins and unpins. Returns the deals whose pieces are not there any more.
fn keep(
    store: &Arc<Store>,
    pin: Vec<(Commitment, UnitId)>,
    unpin: Vec<(Commitment, UnitId)>,
) -> Result<BTreeSet<UnitId>, StoreError> {
    let mut gone = BTreeSet::new();
    for (cid, deal) in pin {
        match store.pin(&cid, &deal) {
            Ok(_) => {}
            Err(StoreError::Unknown { .. }) => _ = gone.insert(deal),
            Err(error) => return Err(error),
        }
    }
    let mut let_go = false;
    for (cid, deal) in unpin {
        let_go |= store.unpin(&cid, &deal)?;
    }
    if let_go {
        store.sweep()?;
    }
    Ok(gone)
}

fn piece_fact(piece: &PieceStatus) -> PieceFact {
    if piece.state() == PieceState::Damaged { PieceFact::Damaged } else { PieceFact::Whole { size: piece.piece_size } }
}
