//! What the service asks of a provider of leases: an entry in line, bids on what it can run, leases held and ended, earnings collected.

use super::{
    availability::Tally,
    capacity::{Capacity, Inventory},
    config::LeasingConfig,
    desk::Standing,
    entry,
    judge::{WhyNot, admit},
    plan::{LeasePlan, plan},
    price::NoPrice,
    report::{self, Shared},
    rooms::Rooms,
    status::LeasingFigures,
    store::StoreError,
    task::LeaseTask,
    view::{Deposits, Verdict, View, dirtied},
    workload::likeness,
};
use crate::operator::{Agenda, DirtySet, Draft, Duty, Failure, Look, Prepared, Registration, RoundError, SharedStatus, Subject};
use depin_client::{
    Client, ClientError,
    api::{EventQuery, EventRecord, LeasingOrder},
    whole_list,
};
use depin_quantity::{Address, UnitId};
use depin_sdl::Price;
use depin_services::leasing::Reason;
use futures::stream::{self, StreamExt as _};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// Orders that are priced at once.
const AT_ONCE: usize = 32;
/// Time between two looks that is no outage, whatever the settings: the node may be busy.
const GAP_LEAST: Duration = Duration::from_secs(3);
/// Pages of the bids of an order.
const PAGES_MAX: usize = 8;

/// A provider's duty.
pub(super) struct LeasingDuty {
    pub config: LeasingConfig,
    pub url: String,
    pub client: Client,
    pub rooms: Arc<Rooms>,
    /// How available leases are.
    pub tally: Arc<Tally>,
    /// What tenants are told.
    pub standing: Arc<Mutex<Standing>>,
    /// What the owner is told.
    pub report: Shared,
    /// Changes when it is time to look at what passes with time alone.
    pub tick: watch::Receiver<u64>,
}

impl From<StoreError> for RoundError {
    fn from(error: StoreError) -> Self {
        Self::own("store", &error)
    }
}

/// What came of asking for a price.
enum Priced {
    Bid(Price),
    /// It was bid on before this process began, and that bid is over.
    Before,
    No(NoPrice),
}

impl LeasingDuty {
    /// Sets room aside for what is promised: for leases whatever is free, then for bids.
    fn set_aside(&self, view: &mut View) {
        if view.inventory.total() != self.config.capacity {
            view.inventory = Inventory::new(self.config.capacity);
        }
        let taken = |view: &View, order: &_| {
            let needed = view.groups.get(order).map(|group| Capacity::of(group, &self.config.offer.overcommit));
            needed.and_then(Result::ok).unwrap_or_default()
        };
        let leased: BTreeSet<_> = view.leases.keys().map(|lease| lease.order).collect();
        let bids: Vec<_> = view.bids.values().map(|bid| bid.id).collect();
        let kept: BTreeSet<_> = leased.iter().copied().chain(bids.iter().map(|bid| bid.order)).collect();
        view.inventory.keep(|order| kept.contains(order));
        for order in leased {
            let needed = taken(view, &order);
            view.inventory.hold(order, needed);
        }
        view.crowded.clear();
        for bid in bids {
            let needed = taken(view, &bid.order);
            if view.inventory.reserve(bid.order, needed).is_err() {
                view.crowded.insert(bid);
            }
        }
    }

    /// Which leases are collected from now.
    fn collect(&self, view: &mut View) {
        let due = view.collected.is_none_or(|last| view.now.since(last) >= self.config.collect_every);
        let earned = view.leases.values().filter(|lease| due && !lease.earned.units.is_zero());
        view.collect = earned.map(|lease| lease.id).collect();
    }

    /// Which leases are to end, since their tenants sent no manifest: by the ledger's time and by the time in which they were waited for.
    /// A lease whose provider promised notice is not ended so.
    async fn wait(&self, view: &mut View) -> Result<(), RoundError> {
        let held = self.rooms.leases();
        let without: Vec<_> = view.leases.keys().filter(|lease| !held.contains(lease)).copied().collect();
        view.waiting.look(Instant::now(), (self.config.tick * 3).max(GAP_LEAST), without.iter().copied());
        view.ending.clear();
        let Some(network) = &view.network else { return Ok(()) };
        if self.config.offer.reclaim_window.is_some() || without.is_empty() {
            return Ok(());
        }
        for (lease, reason, _) in self.rooms.store.decisions().await? {
            if without.contains(&lease) {
                view.ending.insert(lease, reason);
            }
        }
        for lease in view.waiting.over(Duration::from_millis(network.manifest_within_ms)) {
            if view.leases.get(&lease).is_some_and(|lease| lease.manifest_until.ms <= view.now.get()) {
                view.ending.insert(lease, Reason::ManifestTimeout);
            }
        }
        Ok(())
    }

    /// Notes how available leases are, where they are paid by that, and what is to be handed in of it.
    fn look(&self, view: &mut View) {
        let Some(params) = view.network.as_ref().and_then(|network| network.availability.as_ref()) else { return };
        for (lease, held, status) in self.rooms.all() {
            let Some(found) = view.leases.get(&lease) else { continue };
            let healthy = status.as_ref().is_some_and(depin_sandbox::RoomStatus::is_healthy);
            let mut ways = held.plan.iter().flat_map(|plan| &plan.ways);
            let well = healthy && ways.all(|way| self.rooms.answers(lease, &way.service).is_some());
            self.tally.look(found, params.period_ms, view.now, well);
        }
        view.reports = self.tally.to_hand_in(view.leases.values());
    }

    /// Tells tenants, owner and figures how it stands.
    async fn tell(&self, view: &mut View) {
        let rooms = self.rooms.all();
        let well = rooms.iter().filter(|(_, _, status)| status.as_ref().is_some_and(depin_sandbox::RoomStatus::is_healthy));
        let here = rooms.iter().filter(|(lease, _, _)| view.leases.contains_key(lease));
        view.running = (view.leases.len() as u64, here.count() as u64, well.count() as u64);
        let reclaim = self.config.offer.reclaim_window.map(|window| window.get() / 1_000);
        let standing = view.standing(self.config.domain.clone(), reclaim);
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
        let report = report::of_market(view, self.config.runtime.describe());
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = report;
    }

    /// Whether this machine's runtime could run an order at all, and all else but its price.
    fn admit(&self, view: &mut View, order: &LeasingOrder) -> Result<(), WhyNot> {
        let Some(own) = &view.entry else { return Err(WhyNot::Runtime("this provider is not registered".to_owned())) };
        let like = likeness(order.id.bid(view.address), &order.group).map_err(|why| WhyNot::Runtime(why.to_string()))?;
        self.config.runtime.check(&like).map_err(|why| WhyNot::Runtime(why.to_string()))?;
        admit(order, own, &self.config.offer, &mut view.inventory)
    }

    async fn price(&self, own: Address, order: LeasingOrder) -> Result<(LeasingOrder, Priced), ClientError> {
        let id = order.id;
        let page = |after: Option<String>| async move { self.client.leasing().bids(id, after.as_deref(), None).await };
        if order.bids > 0 && whole_list(PAGES_MAX, page).await?.iter().any(|bid| bid.id.provider == own) {
            return Ok((order, Priced::Before));
        }
        let price = self.config.offer.pricing.price(&order.group, id.deployment().owner, rand::random()).await;
        Ok((order, price.map_or_else(Priced::No, Priced::Bid)))
    }

    /// Judges orders: what is bid on is set aside, and why there is no bid is remembered.
    async fn consider(&self, view: &mut View, orders: Vec<LeasingOrder>) -> Result<Vec<LeaseTask>, RoundError> {
        if let Some(why) = self.rooms.trouble() {
            let why = format!("nothing can be run now: {why}");
            orders.iter().for_each(|order| view.decided(order.id, Verdict::NotNow(why.clone())));
            return Ok(Vec::new());
        }
        let mut admitted = Vec::new();
        for order in orders {
            match self.admit(view, &order) {
                Ok(()) => admitted.push(order),
                Err(why @ WhyNot::NoRoom(_)) => view.decided(order.id, Verdict::NotNow(why.to_string())),
                Err(why) => view.decided(order.id, Verdict::No(why.to_string())),
            }
        }
        let own = view.address;
        let priced: Vec<_> = stream::iter(admitted).map(|order| self.price(own, order)).buffered(AT_ONCE).collect().await;
        let mut tasks = Vec::new();
        for one in priced {
            let (order, priced) = one?;
            let verdict = match priced {
                Priced::Bid(price) => match view.deposits.take() {
                    Ok(()) => {
                        let (bid, reclaim_window) =
                            (order.id.bid(own), order.reclaim_window_ms.and(self.config.offer.reclaim_window));
                        tasks.push(LeaseTask::Bid { bid, price, reclaim_window });
                        continue;
                    }
                    // What the ledger would refuse for a fee.
                    Err(why) => Verdict::NotNow(why),
                },
                Priced::Before => Verdict::No("this provider has bid on it before, and that bid is over".to_owned()),
                Priced::No(why @ (NoPrice::NotRun { .. } | NoPrice::Late | NoPrice::Failed { .. })) => {
                    Verdict::Later(why.to_string())
                }
                Priced::No(why) => Verdict::No(why.to_string()),
            };
            view.inventory.release(order.id);
            view.decided(order.id, verdict);
        }
        Ok(tasks)
    }
}

impl Duty for LeasingDuty {
    const SERVICE: &'static str = "leasing";

    type View = View;
    type Plan = LeasePlan;
    type Task = LeaseTask;
    type Figures = LeasingFigures;

    /// Orders are anybody's.
    fn events(_: Address) -> EventQuery {
        EventQuery { kind: Some(Self::SERVICE.to_owned()), ..EventQuery::default() }
    }

    fn dirtied(event: &EventRecord) -> DirtySet {
        dirtied(event)
    }

    fn watch(&self) -> Option<watch::Receiver<u64>> {
        Some(self.tick.clone())
    }

    /// Time passes for leases.
    async fn changed(&self, view: &View) -> Result<BTreeSet<UnitId>, RoundError> {
        Ok(view.leases.keys().map(|lease| lease.unit()).collect())
    }

    async fn refresh(&self, view: &mut View, look: Look<'_>) -> Result<BTreeSet<UnitId>, RoundError> {
        (view.address, view.now) = (look.address, look.now);
        if look.dirty.all || look.dirty.entry || !look.dirty.units.is_empty() {
            let over = view.read(look.client, self.rooms.leases(), look.dirty.all).await?;
            for (lease, why) in over {
                self.rooms.end(lease, why, look.now.get());
            }
            self.rooms.active(view.leases.keys().copied().collect());
            self.set_aside(view);
            self.collect(view);
        }
        self.wait(view).await?;
        self.look(view);
        self.tell(view).await;
        Ok(view.units())
    }

    fn registration(&self, view: &View, begun: bool) -> Registration {
        entry::registration(&self.config, &self.url, view, begun)
    }

    fn plan(view: &View, agenda: &Agenda) -> LeasePlan {
        plan(view, agenda)
    }

    async fn prepare(&self, view: &mut View, plan: LeasePlan) -> Result<Prepared<LeaseTask>, RoundError> {
        let mut tasks = plan.tasks;
        for task in &tasks {
            match task {
                LeaseTask::Close { lease, reason } => {
                    let why = "its tenant sent no manifest in time; this provider ended it".to_owned();
                    self.rooms.store.decide(*lease, *reason, why).await?;
                }
                LeaseTask::Collect(_) => view.collected = Some(view.now),
                LeaseTask::Bid { .. } | LeaseTask::Drop(_) | LeaseTask::Report { .. } => {}
            }
        }
        // Below its pledge the ledger takes no bid of it.
        if view.entry.as_ref().is_some_and(|entry| entry.active && !entry.below_pledge) {
            let orders = plan.consider.iter().filter_map(|order| view.orders.get(order).cloned()).collect();
            tasks.extend(self.consider(view, orders).await?);
        }
        Ok(tasks.into())
    }

    async fn message(&self, _: &View, task: &LeaseTask) -> Draft<LeaseTask> {
        task.message().into()
    }

    /// What the ledger refuses costs a fee each time: an order whose bid was refused is not bid on again.
    fn settle(
        &self,
        view: &mut View,
        failures: &[Failure<LeaseTask>],
        status: &SharedStatus<LeasingFigures>,
    ) -> BTreeSet<Subject> {
        for failure in failures {
            if let LeaseTask::Bid { bid, .. } = &failure.task {
                view.decided(bid.order, Verdict::No(format!("the ledger refuses the bid: {}", failure.why)));
                view.inventory.release(bid.order);
            }
        }
        let other = failures.iter().find(|failure| !matches!(failure.task, LeaseTask::Bid { .. } | LeaseTask::Drop(_)));
        match other {
            Some(failure) => {
                let name = crate::operator::Task::name(&failure.task);
                status.problem("leases", format!("the ledger refuses to {name}: {}", failure.why));
            }
            None => status.solved("leases"),
        }
        match self.rooms.trouble() {
            Some(why) => status.problem("runtime", format!("{why}; leases go on, and none is ended for it")),
            None => status.solved("runtime"),
        }
        match &view.deposits {
            Deposits::Short(why) => status.problem("deposit", why.clone()),
            Deposits::Free | Deposits::Paid(_) => status.solved("deposit"),
        }
        let script = view.verdicts.values().find_map(|verdict| match verdict {
            Verdict::Later(why) if !why.starts_with("the price script ended") => Some(why.clone()),
            _ => None,
        });
        match script {
            Some(why) => status.problem("price", why),
            None => status.solved("price"),
        }
        failures.iter().map(|failure| failure.subject).collect()
    }

    fn count(figures: &mut LeasingFigures, task: &LeaseTask, _: usize) {
        figures.count(task);
    }

    fn show(view: &View, figures: &mut LeasingFigures) {
        figures.show(view);
    }
}
