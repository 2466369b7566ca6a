//! A node's life: opened in order, watched, stopped in order.

use crate::{
    api::{self, App, Costly, HandingIn, Server, Tokens},
    beat::{self, Beat},
    clock::{self, ClockConfig},
    disk::{Disk, NoSpace},
    history::{self, KEEP_HISTORY},
    home::{self, Home, HomeError},
    index::{self, FollowError, Index, IndexError, LogError, LogRecord, ReceiptLog},
    machine::LedgerMachine,
    metrics::Metrics,
    pool::{Pool, PoolLimits},
    signatures::CheckedSignatures,
    waiters::Waiters,
};
use depin_engine::{
    Clock, Config as EngineConfig, End, Engine, Handle, QueryError, Timeouts, Tip, VotesFault, damaged_files, public_key,
};
use depin_files::Floor;
use depin_ledger::{GenesisDoc, GenesisError, Ledger};
use depin_quantity::Span;
use depin_serve::{Listener, Tls};
use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle};

/// How long a chain waits before an empty block, usually, when there was something a short while ago.
pub const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long it waits at most when nothing happens, usually. A block costs some 120 KB on the disk however empty it is, and a chain at rest
/// may write 200 MB a day. With windows of half an hour their sixteenth, 112.5 s, is less.
pub const HEARTBEAT_IDLE: Duration = Duration::from_secs(120);

/// How long an engine that was opened may take to make again what the index read of it: the last blocks, of which it had not written down
/// that they were run.
const CATCH_UP: Duration = Duration::from_secs(30);

/// Settings of a node.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// The node's folder; made when missing.
    pub home: PathBuf,
    /// What the chain starts from; [`crate::stored_genesis`] when the folder has a chain already.
    pub genesis: GenesisDoc,
    /// Where the API listens; port zero picks a free one.
    pub listen: SocketAddr,
    /// Milliseconds of ledger time per millisecond of wall time.
    pub speed: u32,
    /// Seed of the node's ed25519 key.
    pub seed: [u8; 32],
    /// How long the chain waits before an empty block when there was something a short while ago.
    pub heartbeat: Duration,
    /// How long it waits at most when nothing happens; a sixteenth of the shortest window is the limit, whatever stands here.
    pub heartbeat_idle: Duration,
    /// Least wall time between two blocks.
    pub pace: Duration,
    /// Bounds of the pool.
    pub pool: PoolLimits,
    /// Whether the index is filled from its beginning again.
    pub rebuild_index: bool,
    /// Whether a damaged vote journal is set aside, and a new one begun above the last final block.
    pub forget_votes: bool,
    /// Whether the chain is known to have had final blocks in `home`: a folder without any is refused then, see
    /// [`VotesFault::Gone`].
    pub begun: bool,
    /// Free space on the disk of `home` below which no new transactions are taken.
    pub floor: Floor,
    /// How long final blocks, receipts and events are kept; `None` for ever. The last few always are.
    pub keep_history: Option<Duration>,
    /// Where the time comes from.
    pub clock: ClockConfig,
    /// Certificate and key of the API; plain HTTP when absent.
    pub tls: Option<Tls>,
}

impl NodeConfig {
    /// A committee of one with the API on a free port of loopback: real time, a heartbeat of one second that
    /// stretches to two minutes, at most ten blocks a second.
    pub fn single(home: impl Into<PathBuf>, genesis: GenesisDoc, seed: [u8; 32]) -> Self {
        let home = home.into();
        Self {
            floor: Floor::of_chain(&home, None),
            home,
            genesis,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            speed: 1,
            seed,
            heartbeat: HEARTBEAT,
            heartbeat_idle: HEARTBEAT_IDLE,
            pace: Duration::from_millis(100),
            pool: PoolLimits::default(),
            rebuild_index: false,
            forget_votes: false,
            begun: false,
            keep_history: Some(KEEP_HISTORY),
            clock: ClockConfig::default(),
            tls: None,
        }
    }
}

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The genesis document cannot start a chain.
    #[error("the genesis document is wrong: {0}")]
    Genesis(#[from] GenesisError),
    /// Time would outrun the proofs.
    #[error("a speed of {given} is not possible: proof windows would close before a proof can come; 1 to {max} is")]
    Speed {
        /// Speed asked for.
        given: u32,
        /// Highest possible: what time may advance in one block, by the heartbeat.
        max: u32,
    },
    /// The chain's rules allow less.
    #[error(
        "a speed of {given} is not allowed: this chain began with at most {max}; use 1 to {max}, or --fresh to begin another chain"
    )]
    ChainSpeed {
        /// Speed asked for.
        given: u32,
        /// Highest that the genesis document allows.
        max: u32,
    },
    /// This node's key is not a validator's.
    #[error(
        "this home's key is not a validator of the chain, and following without voting is not built yet; use the validator's key"
    )]
    NotValidator,
    /// The chain has more than one validator.
    #[error("the chain has {0} validators, this build runs committees of one")]
    Committee(usize),
    /// Nothing can be written.
    #[error(transparent)]
    NoSpace(#[from] NoSpace),
    /// The wall clock is behind the last block, and that was not accepted.
    #[error(
        "the wall clock reads {wall}, {behind} behind the stamp of block {height}, {stamp}; set the clock right, or, where it is right, \
         start with --accept-clock: ledger time then goes on at half its speed until the clock has caught up"
    )]
    ClockBehind {
        /// Height of the last block.
        height: u64,
        /// By how much.
        behind: Span,
        /// Wall clock in the block's stamp, RFC 3339.
        stamp: String,
        /// What the wall clock reads, RFC 3339.
        wall: String,
    },
    /// The engine did not start.
    #[error(transparent)]
    Engine(#[from] depin_engine::StartError),
    /// Votes may have been forgotten, so none is cast.
    #[error(transparent)]
    Votes(#[from] VotesFault),
    /// The engine ended while it was opening.
    #[error("the engine ended while opening its store: {0}")]
    Opening(String),
    /// The index cannot be used.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The API's address cannot be listened on.
    #[error("cannot listen on {address}: {source}; is another node running? Use another port, or 0 for a free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// A node; see [`Node::start`].
#[derive(Debug)]
pub struct Node;

impl Node {
    /// Starts a node and returns when its API answers and its first block is final. Runs on the caller's tokio runtime; the engine
    /// has threads of its own.
    ///
    /// # Errors
    /// [`StartError`]; then nothing runs any more.
    pub async fn start(config: NodeConfig) -> Result<NodeHandle, StartError> {
        let disk = Disk::new(config.floor.clone());
        disk.check_start()?;
        Self::start_on(config, Arc::clone(&disk)).await.map_err(|error| disk.explain_start(error))
    }

    async fn start_on(config: NodeConfig, disk: Arc<Disk>) -> Result<NodeHandle, StartError> {
        let signatures = Arc::new(CheckedSignatures::default());
        let ledger = Arc::new(Ledger::new(config.genesis.clone(), Arc::clone(&signatures) as Arc<dyn depin_ledger::Signatures>)?);
        may_start(&config, &ledger)?;
        let home = Home::claim(&config.home, &config.genesis)?;
        let refused = |source| StartError::Listen { address: config.listen, source };
        let listener = Listener::bind(config.listen, config.tls.clone()).await.map_err(refused)?;
        let api_url = listener.url().map_err(refused)?;
        let port = api::port();
        let metrics = Metrics::new(ledger.service(), port.meters());
        let (pool, waiters) = (Arc::new(Pool::new(config.pool)), Waiters::default());
        let machine = LedgerMachine::new(Arc::clone(&ledger), Arc::clone(&pool), waiters.clone(), metrics.clone(), config.speed);
        let clock = clock::start(&home, &config.clock)?;
        let engine = Engine::start(engine_config(&config, &home, &clock, &ledger), Arc::new(machine))?;
        let (index, notes) = or_stop(open(&config, &home, &engine, &ledger, &clock).await, &engine).await?;
        let index = Arc::new(index);
        let beat = beat(&config, &ledger, &engine);
        let pruning = prune(config.keep_history, &home, &clock, &engine, &index);
        let (stop, stopping) = watch::channel(false);
        let (fail, failure) = watch::channel(None);
        let end = Ending { fail, stopping: stopping.clone(), disk: Arc::clone(&disk) };
        let feed = tokio::spawn(feed(Arc::clone(&index), &engine, &waiters, &metrics, end.clone()));
        let app = App {
            tokens: Tokens::of(ledger.economy().spec(), ledger.service().storage().map(|storage| &storage.params)),
            names: config.genesis.accounts.iter().map(|account| (account.address, account.name.to_string())).collect(),
            ledger: Arc::clone(&ledger),
            pool: Arc::clone(&pool),
            index: Arc::clone(&index),
            engine: engine.clone(),
            signatures,
            waiters,
            metrics,
            disk: Arc::clone(&disk),
            speed: config.speed,
            clock,
            beat: Arc::clone(&beat),
            failure: failure.clone(),
            stopping: stopping.clone(),
            audited: Costly::default(),
            digested: Costly::default(),
            scans: App::scan_permits(),
            handing_in: HandingIn::default(),
            streams: App::stream_places(),
        };
        let server = Server::start(listener, port, Arc::new(app), stopping);
        let watching = vec![
            tokio::spawn(beat.watch(engine.finalized())),
            tokio::spawn(watch_disk(Arc::clone(&disk), end.clone())),
            tokio::spawn(pruning),
        ];
        let watcher = tokio::spawn(watch_engine(engine.closed(), home.engine(), end));
        tracing::info!(api_url, chain = %config.genesis.chain_id, "the node runs");
        Ok(NodeHandle {
            api_url,
            ledger,
            pool,
            index,
            engine,
            server,
            feed,
            watcher,
            watching,
            disk,
            stop,
            failure,
            notes,
            _home: home,
        })
    }
}

/// Refuses what this node cannot run, before anything is made.
fn may_start(config: &NodeConfig, ledger: &Ledger) -> Result<(), StartError> {
    check_speed(config, ledger)?;
    check_committee(config)?;
    check_begun(config)
}

/// Stops the engine when what comes after it failed.
async fn or_stop<T>(opened: Result<T, StartError>, engine: &Handle) -> Result<T, StartError> {
    if opened.is_err() {
        engine.stop().await;
    }
    opened
}

/// The highest speed of a chain that makes one block per `heartbeat` when it is idle: ledger time advances by at most `cap` in one block.
pub fn highest_speed(cap: Span, heartbeat: Duration) -> u32 {
    u32::try_from(u128::from(cap.get()) / heartbeat.as_millis().max(1)).unwrap_or(u32::MAX).max(1)
}

fn check_speed(config: &NodeConfig, ledger: &Ledger) -> Result<(), StartError> {
    let by_window = highest_speed(ledger.time_cap(), config.heartbeat);
    let max = ledger.service().speed_most().map_or(by_window, |most| most.min(by_window));
    let given = config.speed;
    if given == 0 || given > max {
        return Err(StartError::Speed { given, max });
    }
    let max = config.genesis.speed_max;
    if given > max { Err(StartError::ChainSpeed { given, max }) } else { Ok(()) }
}

fn check_committee(config: &NodeConfig) -> Result<(), StartError> {
    match config.genesis.validators[..] {
        [validator] if validator == public_key(&config.seed) => Ok(()),
        [_] => Err(StartError::NotValidator),
        ref validators => Err(StartError::Committee(validators.len())),
    }
}

/// Refuses a folder that lost its chain before anything is made there.
fn check_begun(config: &NodeConfig) -> Result<(), StartError> {
    let store = home::store(&config.home);
    if config.begun && !store.is_dir() { Err(VotesFault::Gone(store).into()) } else { Ok(()) }
}

/// How long the chain of this node waits at most before an empty block.
fn longest_heartbeat(config: &NodeConfig, ledger: &Ledger) -> Duration {
    beat::longest(config.heartbeat, config.heartbeat_idle, ledger.time_cap(), config.speed)
}

/// Gives up history that is too old, while the node runs.
fn prune(
    keep: Option<Duration>,
    home: &Home,
    clock: &Arc<Clock>,
    engine: &Handle,
    index: &Arc<Index>,
) -> impl Future<Output = ()> + Send + 'static {
    let (path, clock, engine, index) = (home.history(), Arc::clone(clock), engine.clone(), Arc::clone(index));
    history::prune(keep, path, clock, engine, index)
}

/// What is remembered of the blocks of an engine that was opened.
fn beat(config: &NodeConfig, ledger: &Ledger, engine: &Handle) -> Arc<Beat> {
    let usual = config.heartbeat.max(config.pace);
    let longest = longest_heartbeat(config, ledger).max(usual);
    Arc::new(Beat::new(usual, longest, engine.finalized().borrow().height))
}

fn engine_config(config: &NodeConfig, home: &Home, clock: &Arc<Clock>, ledger: &Ledger) -> EngineConfig {
    let heartbeat_idle = longest_heartbeat(config, ledger);
    // A leader that is silent is waited for as long. With one validator there is no other that could go on without it.
    let longest = heartbeat_idle.max(config.pace);
    EngineConfig {
        heartbeat: config.heartbeat,
        heartbeat_idle,
        pace: config.pace,
        timeouts: Timeouts::for_heartbeat(longest),
        clock: Arc::clone(clock),
        forget_votes: config.forget_votes,
        begun: config.begun,
        ..EngineConfig::single(home.engine(), config.seed)
    }
}

/// Waits for the engine, opens the index, and waits for a state that can be asked about. With notes about how the chain was found.
async fn open(
    config: &NodeConfig,
    home: &Home,
    engine: &Handle,
    ledger: &Ledger,
    clock: &Clock,
) -> Result<(Index, Vec<String>), StartError> {
    let ended = || async {
        match engine.closed().await {
            End::ClockBehind(behind) => clock::behind(behind),
            End::Votes(fault) => StartError::Votes(fault),
            end => StartError::Opening(told(home.engine(), end).await),
        }
    };
    if engine.opened().await.is_err() {
        return Err(ended().await);
    }
    let mut notes = match clock.opening() {
        Some(opening) => clock::opened(home, &opening, config.speed, ledger.time_cap())?,
        None => Vec::new(),
    };
    notes.extend(home.notes().iter().cloned());
    let path = home.index();
    if config.rebuild_index {
        Index::delete(&path)?;
    }
    let opening = |error: QueryError| StartError::Opening(error.to_string());
    let first = history::begin(history::written(home)?, engine).await.map_err(opening)?;
    let index = Index::open(&path, &config.genesis.digest(), first)?;
    index.give_up(first)?;
    engine.prune(index.first().height);
    let parted = index.check(&mut EngineLog::of(engine), CATCH_UP).await.map_err(|error| match error {
        FollowError::Index(error) => error.into(),
        FollowError::Log(error) => StartError::Opening(error.to_string()),
    })?;
    for why in index.restarted().map(str::to_owned).into_iter().chain(parted) {
        tracing::warn!("{why}");
        notes.push(why);
    }
    if ledger.head().height == 0 {
        // The first block funds the accounts; before it every question would get an empty answer.
        let mut tips = engine.finalized();
        let first = async { tips.wait_for(|tip| tip.height > 0).await.is_ok() };
        tokio::select! {
            true = first => {}
            end = engine.closed() => return Err(StartError::Opening(end_text(end))),
        }
    }
    Ok((index, notes))
}

fn end_text(end: End) -> String {
    match end {
        End::Stopped => "it was stopped".to_owned(),
        End::Abandoned => "it was cut off".to_owned(),
        End::Failed(reason) => reason,
        End::ClockBehind(behind) => behind.to_string(),
        End::Votes(fault) => fault.to_string(),
    }
}

/// Why an engine ended, with the files of its `folder` that are damaged when it failed.
async fn told(folder: PathBuf, end: End) -> String {
    let failed = matches!(end, End::Failed(_));
    let text = end_text(end);
    if !failed || depin_files::tells_of_no_space(&text) {
        return text;
    }
    let engine = folder.clone();
    let found = tokio::task::spawn_blocking(move || damaged_files(&engine)).await.unwrap_or_default();
    match found.as_slice() {
        // Missing, or cut off by the store itself when it looked.
        [] => format!("{} cannot be used ({text})", folder.join("store").display()),
        [file] => format!("{file} ({text})"),
        [file, others @ ..] => format!("{file}, and {} more of its files are damaged ({text})", others.len()),
    }
}

/// Feeds the index, and tells waiters and metrics, until the engine ends.
fn feed(
    index: Arc<Index>,
    engine: &Handle,
    waiters: &Waiters,
    metrics: &Metrics,
    end: Ending,
) -> impl Future<Output = ()> + Send + 'static {
    let log = EngineLog::of(engine);
    let (waiters, metrics) = (waiters.clone(), metrics.clone());
    async move {
        let told = move |receipts: &[index::ReceiptRecord]| {
            waiters.include(receipts);
            receipts.iter().for_each(|record| metrics.receipt(&record.receipt.body));
        };
        if let Err(error) = index::follow(index, log, told).await {
            end.note(format!("the index stopped: {error}"));
        }
    }
}

async fn watch_engine(closed: impl Future<Output = End>, folder: PathBuf, end: Ending) {
    let engine_end = closed.await;
    end.note(format!("the engine ended: {}", told(folder, engine_end).await));
}

/// Ends the node in order while its stores can still be closed.
async fn watch_disk(disk: Arc<Disk>, end: Ending) {
    let full = disk.watch().await;
    end.note(full.to_string());
}

/// Where a part says that it ended.
#[derive(Clone)]
struct Ending {
    fail: watch::Sender<Option<String>>,
    stopping: watch::Receiver<bool>,
    disk: Arc<Disk>,
}

impl Ending {
    /// Makes it the node's failure, unless the node is stopping or another part was first.
    fn note(&self, reason: String) {
        if *self.stopping.borrow() {
            tracing::debug!(reason, "a part of the stopping node ended");
            return;
        }
        let reason = self.disk.explain(reason);
        if self.disk.ended_full() {
            // Whoever runs the node tells the reason, once.
            tracing::info!(reason, "the node cannot go on");
        } else {
            tracing::error!(reason, "the node cannot go on");
        }
        self.fail.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(reason);
            is_first
        });
    }
}

/// The engine's receipts as the index reads them.
struct EngineLog {
    tips: watch::Receiver<Tip>,
    engine: Handle,
}

impl EngineLog {
    fn of(engine: &Handle) -> Self {
        Self { tips: engine.finalized(), engine: engine.clone() }
    }
}

impl ReceiptLog for EngineLog {
    async fn longer_than(&mut self, len: u64) -> Option<u64> {
        let closed = self.engine.closed();
        tokio::select! {
            tip = self.tips.wait_for(|tip| tip.receipts_len > len) => tip.ok().map(|tip| tip.receipts_len),
            _ = closed => None,
        }
    }

    async fn read(&mut self, from: u64, max: usize) -> Result<Vec<LogRecord>, LogError> {
        let receipts = self.engine.receipts(from, max).await.map_err(|e| LogError(e.to_string()))?;
        let record = |r: depin_engine::Receipt| LogRecord { position: r.position, height: r.height, bytes: r.bytes };
        Ok(receipts.into_iter().map(record).collect())
    }
}

/// A running node. Dropped without [`NodeHandle::stop`], it is cut off as by a crash, which the next start recovers from.
pub struct NodeHandle {
    api_url: String,
    ledger: Arc<Ledger>,
    pool: Arc<Pool>,
    index: Arc<Index>,
    engine: Handle,
    server: Server,
    feed: JoinHandle<()>,
    watcher: JoinHandle<()>,
    /// What only looks, and is cut off.
    watching: Vec<JoinHandle<()>>,
    disk: Arc<Disk>,
    stop: watch::Sender<bool>,
    failure: watch::Receiver<Option<String>>,
    notes: Vec<String>,
    /// Holds the folder's lock; dropped last.
    _home: Home,
}

impl NodeHandle {
    /// Base URL of the API.
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// The ledger, to read.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// The transaction pool.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// The event index.
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// The engine: final blocks, receipts, proofs.
    pub fn engine(&self) -> &Handle {
        &self.engine
    }

    /// How the chain was found, where that is worth telling: how long it stood still, or by how much its stamps are ahead.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Resolves with the reason when the node cannot go on. The caller stops it then and ends with an error.
    pub fn failed(&self) -> impl Future<Output = String> + Send + 'static {
        let mut failure = self.failure.clone();
        async move {
            let reason = failure.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
            match reason {
                Some(reason) => reason,
                // Stopped without a failure.
                None => std::future::pending().await,
            }
        }
    }

    /// Whether the reason of [`NodeHandle::failed`] is that nothing could be written, which it says by itself then.
    pub fn is_out_of_space(&self) -> bool {
        self.disk.ended_full()
    }

    /// The same, to be asked when the handle may be gone.
    pub fn out_of_space(&self) -> impl Fn() -> bool + Send + 'static {
        let disk = Arc::clone(&self.disk);
        move || disk.ended_full()
    }

    /// Stops in order: no new requests and the end of event streams, the engine, the index. Returns why the engine ended.
    pub async fn stop(mut self) -> End {
        self.stop.send_replace(true);
        self.watching.iter().for_each(JoinHandle::abort);
        self.server.stopped().await;
        let end = self.engine.stop().await;
        for task in [&mut self.feed, &mut self.watcher] {
            // Both end with the engine; a panic in one was reported where it happened.
            let _ = task.await;
        }
        let index = Arc::clone(&self.index);
        let _ = tokio::task::spawn_blocking(move || index.close()).await;
        end
    }
}

impl Drop for NodeHandle {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.feed.abort();
        self.watcher.abort();
        self.watching.iter().for_each(JoinHandle::abort);
    }
}
