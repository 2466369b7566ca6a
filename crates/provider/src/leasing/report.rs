//! What a provider's owner reads of its leases: how each runs and why, what is free, why there was no bid.
//!
//! It is written into the provider's folder, for its owner alone: it names tenants, their host names, and why their services fail.

use super::{
    capacity::Capacity,
    rooms::Rooms,
    store::{Ended, StoreError},
    view::View,
    workload::room,
};
use depin_client::api::{Amount, DenomPrice};
use depin_files::Readers;
use depin_quantity::Address;
use depin_sandbox::{Description, InstanceId, Name, RoomStatus, State};
use depin_services::leasing::{BidId, LeaseState, OrderId};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The report's name in a provider's folder.
pub const REPORT_FILE: &str = "leases.json";
/// How often it is written when something changed.
const EVERY: Duration = Duration::from_secs(2);

/// What is told of a provider's leases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Whose leases they are.
    pub provider: Address,
    /// Ledger time at which the ledger was last looked at, ms.
    pub ledger_ms: u64,
    /// What runs containers.
    pub runtime: String,
    /// What the runtime is missing, each with what to do.
    pub notes: Vec<String>,
    /// Whether volumes have a fixed size; else they are measured.
    pub fixed_volumes: bool,
    /// Why the runtime cannot be worked with.
    pub trouble: Option<String>,
    /// What is sold.
    pub capacity: Capacity,
    /// What is set aside for bids and leases.
    pub held: Capacity,
    /// What is set aside for nobody.
    pub free: Capacity,
    /// Open orders, and what was decided about each.
    pub orders: Vec<Judged>,
    /// Leases that run.
    pub leases: Vec<LeaseReport>,
    /// Leases that ended, the newest first.
    pub ended: Vec<Ended>,
}

/// An order, and what was decided about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// Which.
    pub order: OrderId,
    /// The bid, or why there is none.
    pub verdict: String,
}

/// A lease that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseReport {
    /// Which.
    pub lease: BidId,
    /// How far it is on the ledger.
    pub state: LeaseState,
    /// What it pays for a block.
    pub price: DenomPrice,
    /// What was collected, before the network's part.
    pub collected: Amount,
    /// What it has earned and was not collected.
    pub earned: Amount,
    /// When it began, ledger time in ms.
    pub since_ms: u64,
    /// What it takes.
    pub takes: Capacity,
    /// How it is, in a word: `waiting`, `starting`, `well`, `unwell`.
    pub health: String,
    /// Why, in words; empty when all is well.
    pub why: String,
    /// Its services' replicas.
    pub services: Vec<ReplicaReport>,
    /// Host names that lead to it.
    pub hosts: Vec<String>,
}

/// A replica of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaReport {
    /// Its service.
    pub service: String,
    /// Its number.
    pub replica: u32,
    /// Where it stands.
    pub state: State,
    /// Why.
    pub why: String,
    /// How often it was started anew.
    pub restarts: u32,
}

/// The report as it is put together: the market's part by the duty, the rooms' part by whoever writes it.
pub(super) type Shared = Arc<Mutex<Report>>;

/// What the duty knows.
pub(super) fn of_market(view: &View, runtime: &Description) -> Report {
    let leases = view.leases.values().map(|lease| LeaseReport {
        lease: lease.id,
        state: lease.state,
        price: lease.price.clone(),
        collected: lease.collected.clone(),
        earned: lease.earned.clone(),
        since_ms: lease.created.ms,
        takes: view.inventory.of(lease.id.order).unwrap_or_default(),
        health: "waiting".to_owned(),
        why: "its tenant has sent no manifest yet".to_owned(),
        services: Vec::new(),
        hosts: Vec::new(),
    });
    Report {
        provider: view.address,
        ledger_ms: view.now.get(),
        runtime: runtime.name.clone(),
        notes: runtime.notes.clone(),
        fixed_volumes: runtime.fixed_volumes,
        trouble: None,
        capacity: view.inventory.total(),
        held: view.inventory.held(),
        free: view.inventory.free(),
        orders: view.verdicts.iter().map(|(order, verdict)| Judged { order: *order, verdict: verdict.words() }).collect(),
        leases: leases.collect(),
        ended: Vec::new(),
    }
}

impl Report {
    /// Adds how the rooms are now.
    pub(super) fn with_rooms(mut self, rooms: &Rooms) -> Self {
        self.trouble = rooms.trouble();
        for (id, held, status) in rooms.all() {
            let Some(lease) = self.leases.iter_mut().find(|lease| lease.lease == id) else { continue };
            let plan = match &held.plan {
                Ok(plan) => plan,
                Err(why) => {
                    (lease.health, lease.why) = ("unwell".to_owned(), why.clone());
                    continue;
                }
            };
            lease.hosts = plan.ways.iter().flat_map(|way| way.hosts.clone()).collect();
            let problem = held.problem.clone().or_else(|| self.trouble.clone());
            (lease.health, lease.why) = health(status.as_ref(), problem);
            let instances = status.map(|status| status.instances).unwrap_or_default();
            lease.services = instances
                .into_iter()
                .map(|instance| ReplicaReport {
                    service: instance.id.service.to_string(),
                    replica: instance.id.replica,
                    state: instance.status.state,
                    why: instance.status.reason,
                    restarts: instance.status.restarts,
                })
                .collect();
        }
        self
    }

    /// How often each replica was started anew, by the last report of a provider's run before this one; nothing where there is none that can
    /// be read.
    pub(super) fn restarts(folder: &Path, provider: Address) -> BTreeMap<InstanceId, u32> {
        let report = Self::read(folder).ok().flatten().filter(|report| report.provider == provider).unwrap_or_default();
        let of_lease = |lease: &LeaseReport| {
            let room = room(lease.lease);
            let replicas = lease.services.iter().filter_map(move |one| {
                let service = Name::new(one.service.as_str()).ok()?;
                Some((InstanceId::new(room.clone(), service, one.replica), one.restarts))
            });
            replicas.collect::<Vec<_>>()
        };
        report.leases.iter().flat_map(of_lease).collect()
    }

    /// Reads what a provider wrote into its folder; none when it wrote nothing yet.
    ///
    /// # Errors
    /// The file system's, and for what is no report.
    pub fn read(folder: &Path) -> std::io::Result<Option<Self>> {
        match std::fs::read(folder.join(REPORT_FILE)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// How a room is, in a word, and why.
pub(super) fn health(status: Option<&RoomStatus>, problem: Option<String>) -> (String, String) {
    let told = |word: &str, why: String| (word.to_owned(), why);
    let Some(status) = status else { return told("starting", problem.unwrap_or_default()) };
    if let Some(problem) = problem.or_else(|| status.problem.clone()) {
        return told("unwell", problem);
    }
    if status.is_healthy() {
        return told("well", String::new());
    }
    let bad = status.instances.iter().filter(|i| !matches!(i.status.state, State::Healthy | State::Completed));
    // What waits for another says less than the other.
    let first = bad.min_by_key(|i| matches!(i.status.state, State::Waiting | State::Starting));
    let Some(first) = first else { return told("starting", "it is being updated".to_owned()) };
    let why = match first.status.reason.as_str() {
        "" => format!("{} is {}", first.id.service, first.status.state),
        reason => format!("{} is {}: {reason}", first.id.service, first.status.state),
    };
    match first.status.state {
        State::Waiting | State::Starting => told("starting", why),
        _ => told("unwell", why),
    }
}

/// Writes the report whenever it changed, for ever.
pub(super) async fn write(folder: std::path::PathBuf, shared: Shared, rooms: Arc<Rooms>) {
    let mut written = None;
    loop {
        tokio::time::sleep(EVERY).await;
        let market = shared.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let report = Report { ended: or_none(rooms.store.endings().await), ..market }.with_rooms(&rooms);
        if written.as_ref() == Some(&report) {
            continue;
        }
        let path = folder.join(REPORT_FILE);
        let text = serde_json::to_vec_pretty(&report).unwrap_or_default();
        let done = crate::operator::blocking(move || depin_files::replace(&path, &text, Readers::Owner)).await;
        match done {
            Ok(()) => written = Some(report),
            Err(error) => tracing::warn!(%error, "the report of leases cannot be written"),
        }
    }
}

/// What ended, or nothing where the store cannot say.
fn or_none(ended: Result<Vec<Ended>, StoreError>) -> Vec<Ended> {
    ended.unwrap_or_else(|error| {
        tracing::warn!(%error, "what ended cannot be read");
        Vec::new()
    })
}
