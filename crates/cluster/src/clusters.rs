//! The nodes of hired clusters that this daemon runs: begun, watched, ended, and found again after a crash.

use crate::{
    backend::{Backend, Process, Ray, RayPython, Readiness},
    error::{ClusterError, TunnelError},
    ground::Ground,
    plan::{NodeId, Plan, Work},
    proxy,
    secret::Secret,
    store::{Record, Store},
    tunnel::{Links, Local, Running, Tunnels},
};
use axum::Router;
use depin_client::SigningKey;
use depin_quantity::{Address, Name as ChainName, UnitId};
use depin_sandbox::{LogOptions, Name, OutputStream, Usage};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    task::JoinHandle,
    time::{Instant, sleep},
};

/// Most nodes of one daemon, where nothing else is said.
pub const NODES_HERE_MAX: usize = 16;
/// How long the head of a cluster may take to be there.
const JOIN_TIME_MAX: Duration = Duration::from_secs(120);
/// Pause between two looks at something that is not there yet.
const PAUSE: Duration = Duration::from_millis(250);

/// How clusters are run here.
pub struct Config {
    /// The account's key: tunnels show it, tokens of hirers name its address.
    pub key: SigningKey,
    /// The chain whose accounts hirers and members are.
    pub chain: ChainName,
    /// This daemon's name among all of its machine.
    pub provider: Name,
    /// Its folder.
    pub state: PathBuf,
    /// The folder of the machine's numbers of rooms; none is the usual one.
    pub slots: Option<PathBuf>,
    /// The Python that has Ray; without one no cluster of Ray is run.
    pub python: Option<RayPython>,
    /// Most nodes at once.
    pub nodes_max: usize,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("key", &self.key).field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// How a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    /// Whether its programs run.
    pub running: bool,
    /// Why not, in words; empty while they run.
    pub why: String,
    /// What it takes, while it runs.
    pub usage: Usage,
}

/// What was found after a start.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Nodes that go on.
    pub resumed: Vec<NodeId>,
    /// Nodes that were to go on and cannot, each with why; they are removed.
    pub lost: Vec<(NodeId, String)>,
    /// Nodes that nobody wants any more, removed.
    pub removed: Vec<NodeId>,
}

/// The nodes of this daemon. Clones are the same.
#[derive(Clone)]
pub struct Clusters(Arc<Inner>);

struct Inner {
    account: Address,
    chain: ChainName,
    nodes_max: usize,
    ground: Arc<Ground>,
    process: Arc<dyn Backend>,
    ray: Option<Arc<dyn Backend>>,
    tunnels: Tunnels,
    store: Store,
    nodes: Mutex<BTreeMap<NodeId, Node>>,
}

/// A node of this daemon.
enum Node {
    /// Something is done with it by somebody.
    Busy,
    /// It was begun.
    Begun(Begun),
}

struct Begun {
    local: Arc<Local>,
    _links: Links,
    watch: JoinHandle<()>,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

/// Keeps others from doing something with a node at the same time.
struct Claim {
    inner: Arc<Inner>,
    id: NodeId,
    /// What stands there afterwards.
    then: Option<Begun>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let then = self.then.take();
        let mut nodes = self.inner.lock();
        match then {
            Some(begun) => _ = nodes.insert(self.id, Node::Begun(begun)),
            None => _ = nodes.remove(&self.id),
        }
    }
}

impl Clusters {
    /// Finds out whether this machine can run nodes. What an earlier one left is not touched: [`Clusters::recover`] comes first.
    ///
    /// # Errors
    /// [`ClusterError`], with what to install.
    pub async fn open(config: Config) -> Result<Self, ClusterError> {
        let Config { key, chain, provider, state, slots, python, nodes_max } = config;
        depin_files::private_folder(&state).map_err(ClusterError::file("making", &state))?;
        let ground = Arc::new(Ground::open(provider, &state, slots).await?);
        let store = Store::open(&state.join("nodes"))?;
        let process: Arc<dyn Backend> = Arc::new(Process { ground: Arc::clone(&ground) });
        let ray = python.map(|python| Arc::new(Ray { ground: Arc::clone(&ground), python }) as Arc<dyn Backend>);
        let (account, tunnels, nodes) = (key.address(), Tunnels::new(&key)?, Mutex::default());
        Ok(Self(Arc::new(Inner { account, chain, nodes_max, ground, process, ray, tunnels, store, nodes })))
    }

    /// What this daemon can run.
    pub fn offers(&self) -> Vec<&'static str> {
        if self.0.ray.is_some() { vec!["ray", "process"] } else { vec!["process"] }
    }

    /// The nodes that are here.
    pub fn nodes(&self) -> Vec<NodeId> {
        self.0.lock().keys().copied().collect()
    }

    /// Lets the daemons of other members in until `stop` resolves.
    pub async fn serve_tunnels(&self, listener: TcpListener, stop: impl Future<Output = ()>) {
        self.0.tunnels.clone().serve(listener, stop).await;
    }

    /// What hirers reach over HTTP, for a port of `depin-serve` with [`proxy_limits`](crate::proxy_limits).
    pub fn routes(&self) -> Router {
        let door = proxy::Door { account: self.0.account, chain: self.0.chain, now: proxy::now };
        proxy::routes(self.clone(), self.0.tunnels.clone(), door)
    }

    /// The same without `/health` and without a fallback, to be merged into the routes of a port that has both.
    pub fn paths(&self) -> Router {
        let door = proxy::Door { account: self.0.account, chain: self.0.chain, now: proxy::now };
        proxy::paths(self.clone(), self.0.tunnels.clone(), door)
    }

    /// Starts this daemon's node of a cluster, and returns when its programs begin. A node that is not the head waits up to two minutes for the head.
    /// Dropped unfinished it goes on; the node can be ended as any other.
    ///
    /// # Errors
    /// [`ClusterError`]; nothing is left of the node then.
    pub async fn begin(&self, plan: Plan, rank: u8) -> Result<NodeId, ClusterError> {
        plan.check()?;
        let id = NodeId::new(plan.hire, rank);
        let member = plan.member(rank).ok_or_else(|| {
            ClusterError::plan("the node's rank", rank, format!("the cluster has {} members, from 0 on", plan.members.len()))
        })?;
        if member.account != self.0.account {
            let allowed = format!("this daemon runs nodes of {}", self.0.account);
            return Err(ClusterError::plan(format!("the account of member {rank}"), member.account, allowed));
        }
        let backend = self.0.backend(&plan.work)?;
        let claim = self.0.claim_new(id)?;
        let inner = Arc::clone(&self.0);
        let begun = tokio::spawn(async move { inner.begin(claim, backend, plan, id).await });
        begun.await.map_err(|error| ClusterError::Ended { id, why: error.to_string() })??;
        Ok(id)
    }

    /// How a node is; none for one that is not here.
    pub async fn status(&self, id: NodeId) -> Option<NodeStatus> {
        self.0.local(id)?;
        let why = self.0.ground.ended(id);
        // One that ended meanwhile takes nothing.
        let usage = self.0.ground.usage(id).await.unwrap_or_default();
        Some(NodeStatus { running: why.is_none(), why: why.unwrap_or_default(), usage })
    }

    /// How far a cluster is whose head is here.
    ///
    /// # Errors
    /// [`ClusterError::NotHere`]; [`ClusterError::Ended`] when it never will be.
    pub async fn ready(&self, hire: UnitId) -> Result<Readiness, ClusterError> {
        let head = NodeId::new(hire, 0);
        let local = self.0.local(head).ok_or(ClusterError::NotHere(head))?;
        self.0.backend(&local.plan.work)?.ready(&local, &self.0.tunnels).await
    }

    /// Waits until a cluster whose head is here is ready, at most so long; gives how far it is then, and the time that it took.
    ///
    /// # Errors
    /// As [`Clusters::ready`].
    pub async fn until_ready(&self, hire: UnitId, patience: Duration) -> Result<(Readiness, Duration), ClusterError> {
        let begun = Instant::now();
        loop {
            let readiness = self.ready(hire).await?;
            if readiness.is_ready() || begun.elapsed() >= patience {
                return Ok((readiness, begun.elapsed()));
            }
            sleep(PAUSE).await;
        }
    }

    /// What a node's programs print.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub async fn logs(&self, id: NodeId, options: LogOptions) -> Result<OutputStream, ClusterError> {
        self.0.local(id).ok_or(ClusterError::NotHere(id))?;
        self.0.ground.logs(id, options).await
    }

    /// Ends a node to the last process and folder. Dropped unfinished it goes on.
    ///
    /// # Errors
    /// [`ClusterError::NotHere`]; of the sandbox, and then it can be called again.
    pub async fn end(&self, id: NodeId) -> Result<(), ClusterError> {
        let (claim, begun) = self.0.claim(id)?;
        let inner = Arc::clone(&self.0);
        let ended = tokio::spawn(async move { inner.end(claim, begun).await });
        ended.await.map_err(|error| ClusterError::Ended { id, why: error.to_string() })?
    }

    /// After a start, before all else: nodes in `keep` that still run go on, everything else of this daemon is removed, to the last process and folder.
    ///
    /// # Errors
    /// Of the sandbox or the disk; what was done until then stays, and it can be called again.
    pub async fn recover(&self, keep: &BTreeSet<NodeId>) -> Result<Recovered, ClusterError> {
        let mut found = Recovered::default();
        let records = self.0.store.all()?;
        let kept: BTreeSet<NodeId> = records.iter().map(|record| record.id).filter(|id| keep.contains(id)).collect();
        for room in self.0.process.clean_up(&kept).await? {
            tracing::info!(%room, "what was left of a node was removed");
        }
        for record in records {
            let id = record.id;
            if !kept.contains(&id) {
                self.0.store.forget(id)?;
                found.removed.push(id);
                continue;
            }
            // A second call finds those of the first one here.
            let Ok(claim) = self.0.claim_new(id) else { continue };
            match self.0.resume(claim, record).await {
                Ok(()) => found.resumed.push(id),
                Err(error) => {
                    self.0.ground.remove(id).await?;
                    self.0.store.forget(id)?;
                    found.lost.push((id, error.to_string()));
                }
            }
        }
        found.lost.extend(keep.difference(&kept).map(|id| (*id, "nothing is known of it here".to_owned())));
        Ok(found)
    }
}

impl fmt::Debug for Clusters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clusters").field("account", &self.0.account).field("nodes", &self.nodes()).finish_non_exhaustive()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeId, Node>> {
        // Nothing under this lock panics; were it to, the map would still be whole.
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn local(&self, id: NodeId) -> Option<Arc<Local>> {
        match self.lock().get(&id)? {
            Node::Begun(begun) => Some(Arc::clone(&begun.local)),
            Node::Busy => None,
        }
    }

    fn backend(&self, work: &Work) -> Result<Arc<dyn Backend>, ClusterError> {
        match work {
            Work::Process(_) => Ok(Arc::clone(&self.process)),
            Work::Ray => self.ray.clone().ok_or_else(|| ClusterError::NoBackend(work.word().to_owned())),
        }
    }

    fn claim_new(self: &Arc<Self>, id: NodeId) -> Result<Claim, ClusterError> {
        let mut nodes = self.lock();
        if nodes.contains_key(&id) {
            return Err(ClusterError::Twice(id));
        }
        if nodes.len() >= self.nodes_max {
            return Err(ClusterError::Full { limit: self.nodes_max });
        }
        nodes.insert(id, Node::Busy);
        Ok(Claim { inner: Arc::clone(self), id, then: None })
    }

    fn claim(self: &Arc<Self>, id: NodeId) -> Result<(Claim, Begun), ClusterError> {
        let mut nodes = self.lock();
        match nodes.insert(id, Node::Busy) {
            Some(Node::Begun(begun)) => Ok((Claim { inner: Arc::clone(self), id, then: None }, begun)),
            Some(Node::Busy) => Err(ClusterError::Twice(id)),
            None => {
                nodes.remove(&id);
                Err(ClusterError::NotHere(id))
            }
        }
    }

    async fn begin(self: Arc<Self>, claim: Claim, backend: Arc<dyn Backend>, plan: Plan, id: NodeId) -> Result<(), ClusterError> {
        let versions = backend.versions();
        let secret = if id.is_head() { Secret::generate()? } else { self.join(&plan, id, &versions).await? };
        self.store.keep(&Record { id, plan: plan.clone(), secret: secret.clone() })?;
        let local = Arc::new(Local::new(id, Arc::new(plan), secret, versions));
        let started = async {
            let space = if id.is_head() { backend.start_head(&local).await? } else { backend.start_worker(&local).await? };
            self.connect(&local, space).await
        };
        match started.await {
            Ok(links) => {
                self.settle(claim, local, links);
                Ok(())
            }
            Err(error) => {
                self.tunnels.remove(id);
                // What cannot be removed now is removed at the next start: its record stays.
                backend.stop(id).await?;
                self.store.forget(id)?;
                Err(error)
            }
        }
    }

    /// The cluster's secret, of its head, as soon as that is there.
    async fn join(&self, plan: &Plan, id: NodeId, versions: &BTreeMap<String, String>) -> Result<Secret, ClusterError> {
        let begun = Instant::now();
        loop {
            match self.tunnels.join(plan, id.rank, versions.clone()).await {
                Ok(joined) => return Ok(joined.secret),
                Err(TunnelError::Refused { why, for_good: true, .. }) => return Err(ClusterError::NotTaken(why)),
                Err(error) if begun.elapsed() >= JOIN_TIME_MAX => return Err(error.into()),
                Err(error) => {
                    tracing::debug!(node = %id, %error, "the head is not there yet");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Opens tunnels both ways, and lets the node's programs begin.
    async fn connect(&self, local: &Arc<Local>, space: crate::space::Space) -> Result<Links, ClusterError> {
        let links = Links::open(&self.tunnels, local, &space).await?;
        local.set_running(Some(Running(space)));
        self.tunnels.add(Arc::clone(local));
        self.ground.begin(local.id)?;
        Ok(links)
    }

    /// From now on the node is here, and its end is taken notice of.
    fn settle(self: &Arc<Self>, mut claim: Claim, local: Arc<Local>, links: Links) {
        let (ground, watched) = (Arc::clone(&self.ground), Arc::clone(&local));
        let watch = tokio::spawn(async move {
            ground.until_ended(watched.id).await;
            let why = ground.ended(watched.id).unwrap_or_default();
            tracing::info!(node = %watched.id, why, "a node of a cluster ended");
            watched.set_running(None);
        });
        claim.then = Some(Begun { local, _links: links, watch });
    }

    async fn resume(self: &Arc<Self>, claim: Claim, record: Record) -> Result<(), ClusterError> {
        let Record { id, plan, secret } = record;
        let backend = self.backend(&plan.work)?;
        let local = Arc::new(Local::new(id, Arc::new(plan), secret, backend.versions()));
        let space = backend.resume(&local).await?;
        match self.connect(&local, space).await {
            Ok(links) => self.settle(claim, local, links),
            Err(error) => {
                self.tunnels.remove(id);
                return Err(error);
            }
        }
        Ok(())
    }

    async fn end(self: Arc<Self>, mut claim: Claim, begun: Begun) -> Result<(), ClusterError> {
        let id = claim.id;
        self.tunnels.remove(id);
        let stopped = async {
            self.backend(&begun.local.plan.work)?.stop(id).await?;
            self.store.forget(id)
        };
        let outcome = stopped.await;
        if outcome.is_err() {
            // It is still here, and can be ended again.
            claim.then = Some(begun);
        }
        outcome
    }
}
