//! The rooms of leases: what runs in them, which host names lead there, and their end.
//!
//! In: manifests that were taken, and what the ledger says of their leases. Out: containers that run as long as their leases do. A lease
//! that the ledger could not be asked about goes on; only one that the ledger calls over is ended. All work with containers is done by
//! one task ([`Rooms::run`]), so that neither a slow runtime nor a node that is away keeps tenants or bids waiting.

use super::{
    desk::{DeskError, ImagePart, ImageTaken},
    hosts::{Claim, Proofs},
    images::Images,
    store::{Store, StoreError, Taken},
    workload::{Ground, NotHere, Planned, Way, planned, room},
};
use crate::operator::blocking;
use depin_quantity::Address;
use depin_sandbox::{Ingress, IngressError, Name, RoomStatus, Route, Supervisor};
use depin_sdl::{Manifest, hosts::HostBlockList};
use depin_services::leasing::{BidId, DeploymentId};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{net::TcpStream, sync::Notify, time};

/// How often rooms are looked after when nothing nudges.
const EVERY: Duration = Duration::from_millis(500);
/// Pause before what the runtime could not do is tried again.
const AGAIN: Duration = Duration::from_secs(3);
/// Proofs of host names that are looked at at once.
const PROOFS_AT_ONCE: usize = 8;
/// How long a new replica may take to answer a connection, before its host names lead there.
const KNOCK: Duration = Duration::from_millis(300);

/// A lease that has a manifest.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// The name of its group.
    pub group: String,
    /// What was sent.
    pub taken: Arc<Taken>,
    /// What runs; or why the runtime of this start cannot run it.
    pub plan: Result<Arc<Planned>, String>,
    /// Whether the supervisor has the plan.
    pub deployed: bool,
    /// What keeps it from running, besides what its room says.
    pub problem: Option<String>,
    /// Whether its end has begun.
    pub ending: bool,
}

impl Held {
    /// Host names that it claims.
    fn claims(&self) -> impl Iterator<Item = &String> {
        self.plan.iter().flat_map(|plan| &plan.ways).flat_map(|way| &way.hosts)
    }
}

/// What is known of all of them.
#[derive(Default)]
struct Known {
    held: BTreeMap<BidId, Held>,
    /// Which lease a host name leads to: of a tenant's leases the last that claimed it.
    hosts: BTreeMap<String, BidId>,
    /// Ends that wait to be begun: why, and when by the ledger.
    ends: BTreeMap<BidId, (String, u64)>,
    /// Leases that run by the ledger, once it was read.
    active: Option<BTreeSet<BidId>>,
    /// Why the runtime cannot be worked with.
    trouble: Option<String>,
    /// Services whose host names lead to a replica that takes connections; whether all of these run what they should by now.
    answering: BTreeMap<(BidId, Name), bool>,
}

impl Known {
    /// Notes which host names a lease claims, by what is held of it, without those that are another tenant's by now; one that is ending claims
    /// none. Gives those that led to it and that no
    /// lease claims any more; what another lease of its tenant claims, too, leads there from now.
    fn claim(&mut self, lease: BidId, is_own: impl Fn(&str) -> bool) -> Vec<String> {
        let claims = |held: &Held, host: &String| !held.ending && held.claims().any(|claimed| claimed == host);
        let own: Vec<String> = match self.held.get(&lease) {
            Some(held) if !held.ending => held.claims().filter(|host| is_own(host)).cloned().collect(),
            _ => Vec::new(),
        };
        let left = self.hosts.iter().filter(|(host, of)| **of == lease && !own.contains(host));
        let left: Vec<String> = left.map(|(host, _)| host.clone()).collect();
        self.hosts.extend(own.into_iter().map(|host| (host, lease)));
        let mut free = Vec::new();
        for host in left {
            let others = self.held.iter().filter(|(other, _)| **other != lease && other.owner() == lease.owner());
            match others.filter(|(_, held)| claims(held, &host)).map(|(other, _)| *other).next_back() {
                Some(other) => {
                    self.hosts.insert(host, other);
                }
                None => {
                    self.hosts.remove(&host);
                    free.push(host);
                }
            }
        }
        free
    }
}

/// See the module.
pub(super) struct Rooms {
    pub supervisor: Supervisor,
    pub ingress: Arc<Ingress>,
    pub ground: Ground,
    images: Arc<Images>,
    /// Host names that no tenant may claim.
    blocked: HostBlockList,
    /// Says whose the others are.
    proofs: Proofs,
    pub store: Store,
    known: Mutex<Known>,
    nudge: Notify,
}

/// What the task remembers between its steps.
#[derive(Default)]
struct Steps {
    taken_over: bool,
    swept: bool,
    /// Where host names lead now.
    led: BTreeMap<String, Route>,
    /// Replicas that took a connection, by the service's port.
    reached: BTreeMap<(BidId, Name, u16), Vec<SocketAddr>>,
}

impl Rooms {
    /// With what the store has.
    pub(super) async fn open(
        supervisor: Supervisor,
        ingress: Arc<Ingress>,
        ground: Ground,
        images: Images,
        (blocked, proofs): (HostBlockList, Proofs),
        store: Store,
    ) -> Result<Self, StoreError> {
        let ground = Ground { pushed: images.folder().to_owned(), ..ground };
        let (images, known, nudge) = (Arc::new(images), Mutex::default(), Notify::new());
        let rooms = Self { supervisor, ingress, ground, images, blocked, proofs, known, nudge, store };
        for kept in rooms.store.kept().await? {
            let group = kept.taken.manifest.groups.iter().find(|group| group.name == kept.group);
            let plan = match group {
                Some(group) => rooms.plan(kept.lease, group).map_err(|why| why.to_string()),
                None => Err(format!("its manifest has no group `{}` any more", kept.group)),
            };
            rooms.hold(kept.lease, kept.group, kept.taken, plan);
        }
        Ok(rooms)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Plain values: whole at every point where a holder could panic.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan(&self, lease: BidId, group: &depin_sdl::ManifestGroup) -> Result<Arc<Planned>, NotHere> {
        let plan = planned(lease, group, &self.ground)?;
        self.supervisor.runtime().check(&plan.workload)?;
        Ok(Arc::new(plan))
    }

    /// From now on a lease runs this. Host names that it claimed and claims no more are given back at once; those of a plan that cannot be
    /// run stay as they are.
    fn hold(&self, lease: BidId, group: String, taken: Arc<Taken>, plan: Result<Arc<Planned>, String>) {
        let mut known = self.lock();
        let same = known.held.get(&lease).is_some_and(|held| held.plan == plan && held.deployed);
        if !same {
            // Whoever answers is of before, until it was looked.
            known.answering.iter_mut().filter(|((of, _), _)| *of == lease).for_each(|(_, current)| *current = false);
        }
        let runs = plan.is_ok();
        known.held.insert(lease, Held { group, taken, plan, deployed: same, problem: None, ending: false });
        drop(known);
        if runs && let Err(error) = self.claim_hosts(lease) {
            tracing::warn!(%lease, %error, "host names that are claimed no more cannot be given back yet; they lead nowhere");
        }
    }

    /// Host names that a lease claims are its own from now, and what nobody claims any more is given back; what cannot be leads nowhere, and
    /// is given back next time.
    fn claim_hosts(&self, lease: BidId) -> Result<(), IngressError> {
        let owner = lease.owner().to_string();
        // Under the lock: the task that leads names to replicas must not lead these again.
        let mut known = self.lock();
        let is_own = |host: &str| self.ingress.owner(host).is_none_or(|of| of == owner);
        let free = known.claim(lease, is_own);
        let given = free.iter().try_for_each(|host| self.ingress.give_back(host, &owner));
        if given.is_err() {
            free.iter().for_each(|host| self.ingress.stop(host));
            for host in free {
                known.hosts.entry(host).or_insert(lease);
            }
        }
        given
    }

    /// Takes a manifest for leases, each with the name of its group: refused as a whole, or kept and run.
    pub(super) async fn take(
        &self,
        deployment: DeploymentId,
        manifest: Manifest,
        leases: Vec<(BidId, String)>,
    ) -> Result<(), DeskError> {
        let owner = deployment.owner.to_string();
        let mut plans = Vec::new();
        for (lease, name) in &leases {
            let group = manifest.groups.iter().find(|group| group.name == *name);
            let group =
                group.ok_or_else(|| DeskError::Manifest(format!("the manifest has no group `{name}`, which is leased here")))?;
            let plan = self.plan(*lease, group).map_err(|why| DeskError::Manifest(why.to_string()))?;
            plans.push((*lease, name.clone(), plan));
        }
        self.check_hosts(deployment.owner, plans.iter().flat_map(|(_, _, plan)| &plan.ways)).await?;
        // From here on nobody else gets them. Until the service is well its names lead nowhere.
        let mut reserved = Vec::new();
        let hosts = plans.iter().flat_map(|(_, _, plan)| &plan.ways).flat_map(|way| &way.hosts);
        let taken = async {
            for host in hosts.filter(|host| self.ingress.owner(host).is_none()) {
                let led = self.ingress.lead(host, &owner, Route::new(Vec::new()));
                led.map_err(|error| DeskError::Manifest(error.to_string()))?;
                reserved.push(host.clone());
            }
            let taken = self.store.take(deployment, manifest, leases).await;
            taken.map_err(|error| DeskError::Unavailable(error.to_string()))
        };
        let taken = match taken.await {
            Ok(taken) => Arc::new(taken),
            Err(error) => {
                reserved.iter().for_each(|host| drop(self.ingress.give_back(host, &owner)));
                return Err(error);
            }
        };
        // What others had and this tenant has proven to be its own.
        for host in plans.iter().flat_map(|(_, _, plan)| &plan.ways).flat_map(|way| &way.hosts) {
            if let Err(error) = self.ingress.hand_over(host, &owner) {
                tracing::warn!(host, %error, "a host name that was proven to be another's stays whose it was");
            }
        }
        for (lease, group, plan) in plans {
            self.hold(lease, group, Arc::clone(&taken), Ok(plan));
            // Whoever sends the same again has mended what it lacked. A slow runtime keeps no tenant waiting.
            let supervisor = self.supervisor.clone();
            tokio::spawn(async move { supervisor.try_again(&room(lease)).await });
        }
        self.nudge.notify_one();
        Ok(())
    }

    /// Whether a tenant may have the host names that its manifest claims. Those below the provider's own domain are given, not claimed.
    async fn check_hosts(&self, tenant: Address, ways: impl Iterator<Item = &Way>) -> Result<(), DeskError> {
        let own = self.ground.domain.as_ref().map(|domain| format!(".{}", domain.trim_end_matches('.')));
        let own = HostBlockList::new(own);
        let hosts: BTreeSet<&String> = ways.flat_map(|way| &way.hosts).filter(|host| own.blocks(host).is_none()).collect();
        if let Some(blocked) = hosts.iter().find(|host| self.blocked.blocks(host).is_some()) {
            return Err(DeskError::HostTaken((*blocked).clone()));
        }
        let hosts: Vec<String> = hosts.into_iter().cloned().collect();
        for some in hosts.chunks(PROOFS_AT_ONCE) {
            let looks = some.iter().map(|host| self.check_host(tenant, host));
            futures::future::try_join_all(looks).await?;
        }
        Ok(())
    }

    async fn check_host(&self, tenant: Address, host: &str) -> Result<(), DeskError> {
        let holder = self.ingress.owner(host);
        self.proofs.check(host, tenant, holder.as_deref()).await.map_err(|why| match why {
            Claim::Taken => DeskError::HostTaken(host.to_owned()),
            Claim::Unproven(why) => DeskError::HostUnproven { host: host.to_owned(), why },
        })
    }

    /// Takes a part of an image; one that is whole is run by all services of the lease that name it.
    pub(super) async fn image(&self, lease: BidId, part: ImagePart) -> Result<ImageTaken, DeskError> {
        let (images, name) = (Arc::clone(&self.images), room(lease));
        let taken = blocking(move || images.take(&name, &part)).await?;
        let Some(held) = self.held(lease).filter(|held| taken.whole && !held.ending) else { return Ok(taken) };
        if let Some(group) = held.taken.manifest.groups.iter().find(|group| group.name == held.group) {
            let plan = self.plan(lease, group).map_err(|why| why.to_string());
            self.hold(lease, held.group, Arc::clone(&held.taken), plan);
            self.nudge.notify_one();
        }
        Ok(taken)
    }

    /// Whether a service's host names lead to a replica that takes connections: none if not, else whether all run what they should.
    pub(super) fn answers(&self, lease: BidId, service: &Name) -> Option<bool> {
        self.lock().answering.get(&(lease, service.clone())).copied()
    }

    /// A lease that has a manifest.
    pub(super) fn held(&self, lease: BidId) -> Option<Held> {
        self.lock().held.get(&lease).cloned()
    }

    /// All leases that have one, with their rooms.
    pub(super) fn all(&self) -> Vec<(BidId, Held, Option<RoomStatus>)> {
        let held = self.lock().held.clone();
        held.into_iter().map(|(lease, held)| (lease, held, self.supervisor.status(&room(lease)))).collect()
    }

    /// Leases that have a manifest.
    pub(super) fn leases(&self) -> BTreeSet<BidId> {
        self.lock().held.keys().copied().collect()
    }

    /// Why the runtime cannot be worked with.
    pub(super) fn trouble(&self) -> Option<String> {
        let known = self.lock().trouble.clone();
        known.or_else(|| self.supervisor.runtime().trouble())
    }

    /// The ledger was read: these leases run.
    pub(super) fn active(&self, leases: BTreeSet<BidId>) {
        self.lock().active = Some(leases);
    }

    /// The ledger says that a lease is over: its room is closed, to the last volume.
    pub(super) fn end(&self, lease: BidId, why: String, ledger_ms: u64) {
        let mut known = self.lock();
        if known.held.get(&lease).is_some_and(|held| !held.ending) {
            known.ends.insert(lease, (why, ledger_ms));
            drop(known);
            self.nudge.notify_one();
        }
    }

    /// Looks after the rooms, for ever.
    pub(super) async fn run(self: Arc<Self>) {
        let mut steps = Steps::default();
        loop {
            let pause = match self.step(&mut steps).await {
                Ok(()) => {
                    self.lock().trouble = None;
                    EVERY
                }
                Err(why) => {
                    let before = self.lock().trouble.replace(why.clone());
                    if before.as_ref() != Some(&why) {
                        tracing::warn!(why, "the runtime cannot be worked with; it is tried again, and no lease is ended for it");
                    }
                    AGAIN
                }
            };
            let _ = time::timeout(pause, self.nudge.notified()).await;
        }
    }

    async fn step(self: &Arc<Self>, steps: &mut Steps) -> Result<(), String> {
        if !steps.taken_over {
            self.take_over().await?;
            steps.taken_over = true;
        }
        self.begin_ends();
        let deployed = self.deploy().await;
        // Whoever takes their place may have their address.
        steps.reached.retain(|(lease, _, _), _| !deployed.contains(lease));
        if !steps.swept {
            steps.swept = self.sweep().await?;
        }
        self.lead(steps).await;
        Ok(())
    }

    /// At the start of the process: what runs goes on, what does not is started.
    async fn take_over(&self) -> Result<(), String> {
        let wanted: Vec<(BidId, Arc<Planned>)> = {
            let known = self.lock();
            let wanted = known.held.iter().filter(|(_, held)| !held.deployed);
            wanted.filter_map(|(lease, held)| Some((*lease, Arc::clone(held.plan.as_ref().ok()?)))).collect()
        };
        let workloads = wanted.iter().map(|(_, plan)| plan.workload.clone()).collect();
        let done = self.supervisor.take_over(workloads).await.map_err(|error| error.to_string())?;
        if !done.adopted.is_empty() {
            tracing::info!(instances = done.adopted.len(), "goes on with what runs");
        }
        let mut known = self.lock();
        for (lease, plan) in wanted {
            let same = known.held.get_mut(&lease).filter(|held| held.plan.as_ref() == Ok(&plan));
            same.into_iter().for_each(|held| held.deployed = true);
        }
        Ok(())
    }

    /// Hands plans that are new to the supervisor; says of which leases.
    async fn deploy(&self) -> BTreeSet<BidId> {
        let new: Vec<(BidId, Arc<Planned>)> = {
            let known = self.lock();
            let new = known.held.iter().filter(|(_, held)| !held.deployed && !held.ending);
            new.filter_map(|(lease, held)| Some((*lease, Arc::clone(held.plan.as_ref().ok()?)))).collect()
        };
        let leases = new.iter().map(|(lease, _)| *lease).collect();
        for (lease, plan) in new {
            let deployed = self.supervisor.deploy(plan.workload.clone()).await;
            let mut known = self.lock();
            let Some(held) = known.held.get_mut(&lease).filter(|held| held.plan.as_ref() == Ok(&plan)) else { continue };
            (held.deployed, held.problem) = (deployed.is_ok(), deployed.err().map(|error| error.to_string()));
        }
        leases
    }

    fn begin_ends(self: &Arc<Self>) {
        let mut known = self.lock();
        for (lease, (why, ledger_ms)) in std::mem::take(&mut known.ends) {
            if let Some(held) = known.held.get_mut(&lease) {
                held.ending = true;
                tokio::spawn(Arc::clone(self).close(lease, why, ledger_ms));
            }
        }
    }

    /// Closes the room of a lease that is over. Goes on trying until nothing of it is left.
    async fn close(self: Arc<Self>, lease: BidId, why: String, ledger_ms: u64) {
        loop {
            let closed = async {
                self.supervisor.close(&room(lease)).await.map_err(|error| error.to_string())?;
                let (images, name) = (Arc::clone(&self.images), room(lease));
                blocking(move || images.remove(&name)).await.map_err(|error| error.to_string())?;
                self.claim_hosts(lease).map_err(|error| error.to_string())?;
                self.store.ended(lease, why.clone(), ledger_ms).await.map_err(|error| error.to_string())
            };
            match closed.await {
                Ok(()) => break,
                Err(error) => {
                    tracing::warn!(%lease, error, "the room of a lease that is over cannot be closed; it is tried again");
                    let mut known = self.lock();
                    known.held.get_mut(&lease).into_iter().for_each(|held| held.problem = Some(error.clone()));
                }
            }
            time::sleep(AGAIN).await;
        }
        tracing::info!(%lease, why, "a lease is over; nothing of it is left");
        let mut known = self.lock();
        known.held.remove(&lease);
        known.answering.retain(|(of, _), _| *of != lease);
    }

    /// Once the ledger was read: rooms of no lease that runs are removed. Rooms of leases that run and whose manifest is not here stay;
    /// their tenants send it again.
    async fn sweep(&self) -> Result<bool, String> {
        let keep: BTreeSet<Name> = {
            let known = self.lock();
            let Some(active) = &known.active else { return Ok(false) };
            active.iter().chain(known.held.keys()).map(|lease| room(*lease)).collect()
        };
        let swept = self.supervisor.sweep(&keep).await.map_err(|error| error.to_string())?;
        if !swept.is_empty() {
            tracing::info!(rooms = swept.len(), "removed rooms of leases that are over");
        }
        self.free_names();
        for over in self.images.rooms().into_iter().filter(|name| !keep.contains(name)) {
            self.images.remove(&over).map_err(|error| error.to_string())?;
        }
        Ok(true)
    }

    /// Gives back host names that a crash or another start left reserved: those that no lease claims, of tenants all of whose leases have
    /// their manifests here.
    fn free_names(&self) {
        let known = self.lock();
        let active = known.active.iter().flatten();
        let unsure = active.filter(|lease| known.held.get(lease).is_none_or(|held| held.plan.is_err()));
        let unsure: BTreeSet<String> = unsure.map(|lease| lease.owner().to_string()).collect();
        // As the ingress writes them.
        let claimed: BTreeSet<&str> = known.hosts.keys().map(|host| host.trim_end_matches('.')).collect();
        let owners = self.ingress.owners();
        for (host, owner) in owners.iter().filter(|(host, owner)| !claimed.contains(host.as_str()) && !unsure.contains(*owner)) {
            match self.ingress.give_back(host, owner) {
                Ok(()) => tracing::info!(host, "a host name that no lease claims is given back"),
                Err(error) => tracing::warn!(host, %error, "a host name that no lease claims cannot be given back"),
            }
        }
    }

    /// Leads host names to the replicas that are well.
    async fn lead(&self, steps: &mut Steps) {
        let Steps { led, reached, .. } = steps;
        let (running, hosts) = {
            let known = self.lock();
            let running = known.held.iter().filter(|(_, held)| held.deployed && !held.ending);
            let running: Vec<(BidId, Arc<Planned>)> =
                running.filter_map(|(lease, held)| Some((*lease, Arc::clone(held.plan.as_ref().ok()?)))).collect();
            (running, known.hosts.clone())
        };
        led.retain(|host, _| hosts.contains_key(host));
        reached.retain(|(lease, _, _), _| running.iter().any(|(known, _)| known == lease));
        for (lease, plan) in running {
            for way in &plan.ways {
                let key = (lease, way.service.clone(), way.port);
                let is_rolled = self.is_rolled(&plan.workload.room, &way.service);
                let backends = self.supervisor.backends(&plan.workload.room, &way.service, way.port).await;
                let backends = answering(backends, reached.get(&key).map_or(&[][..], Vec::as_slice)).await;
                self.note(lease, &way.service, (!backends.is_empty()).then_some(is_rolled));
                if is_rolled {
                    reached.insert(key, backends.clone());
                } else {
                    reached.remove(&key);
                }
                let route = Route { backends, body_bytes_max: way.body_bytes_max, answer_time_max: way.answer_time_max };
                for host in way.hosts.iter().filter(|host| hosts.get(*host) == Some(&lease)) {
                    if led.get(host) == Some(&route) {
                        continue;
                    }
                    let known = self.lock();
                    // It may have been given back meanwhile.
                    if known.hosts.get(host) != Some(&lease) {
                        continue;
                    }
                    match self.ingress.lead(host, &lease.owner().to_string(), route.clone()) {
                        Ok(()) => drop(led.insert(host.clone(), route.clone())),
                        Err(error) => tracing::warn!(%lease, %error, "a host name leads nowhere"),
                    }
                }
            }
        }
    }

    /// Whether all replicas of a service run what its manifest says now.
    fn is_rolled(&self, room: &Name, service: &Name) -> bool {
        let status = self.supervisor.status(room).unwrap_or_default();
        status.instances.iter().all(|one| one.id.service != *service || !one.outdated)
    }

    /// Remembers whether a service answers.
    fn note(&self, lease: BidId, service: &Name, answers: Option<bool>) {
        let (key, mut known) = ((lease, service.clone()), self.lock());
        match answers {
            Some(rolled) => known.answering.insert(key, rolled),
            None => known.answering.remove(&key),
        };
    }
}

/// Those of new replicas that take connections by now, and those that did before: who was reached once is believed.
async fn answering(backends: Vec<SocketAddr>, known: &[SocketAddr]) -> Vec<SocketAddr> {
    let tried = backends.into_iter().map(async |backend| {
        let reached = known.contains(&backend) || matches!(time::timeout(KNOCK, TcpStream::connect(backend)).await, Ok(Ok(_)));
        reached.then_some(backend)
    });
    futures::future::join_all(tried).await.into_iter().flatten().collect()
}
