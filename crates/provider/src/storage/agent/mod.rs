//! The daemon that runs a storage provider by itself.
//!
//! In: a [`ProviderConfig`], a client of a node, a key. Out: a [`ProviderHandle`] to a provider that registers, serves pieces, takes
//! and proves deals, declares and mends faults and claims rewards, until it is stopped.
//!
//! ```text
//! events, damage, timer ──> stale parts ──> view (ledger) ──┐
//!                                            store ─────────┴─> plan ──> pins, messages, proofs ──> ledger
//!                                                         decide.rs, errand.rs: pure
//! ```
//!
//! The agent keeps nothing of its own on the disk: everything it does follows from the store and the ledger, so it goes on after
//! `kill -9` as after a stop. Events only say what to read anew; everything is read anew at start and once a while, so that
//! nothing depends on having seen one. A message that is refused is halved until the deals that it is refused for stand alone.
//!
//! Absent on purpose: changing the ask and withdrawing (people do that, by the client; the agent reads its ask from the ledger),
//! settling deal payments (the chain does it at every window's close), terminating deals.

mod act;
mod config;
mod decide;
mod errand;
mod follow;
mod metrics;
mod prove;
mod register;
mod run;
mod status;
mod view;

pub use config::ProviderConfig;
pub use status::{Done, ProviderStatus};

use crate::storage::{Metrics, ProviderHttp, Signatures, Store, StoreError, StoreSettings, http::router, scrub};
use crate::{Clock, SystemClock};
use depin_client::{Client, ClientError, Sender, SenderConfig, SigningKey, Verifier};
use depin_quantity::{Address, Name};
use metrics::BoardMetrics;
use run::Agent;
use status::Board;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// Longest wait for requests under way when a provider is stopped.
const STOP_WAIT: Duration = Duration::from_secs(5);
/// How often uploads that nobody wants any more are dropped.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// Why a provider did not start.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; is another provider running? Use another port, or 0 for a free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Others could not reach the provider.
    #[error("{address} is no address that others can reach; give the provider's URL, such as http://203.0.113.5:4700")]
    Url {
        /// The address listened on.
        address: SocketAddr,
    },
    /// The chain is not known and the node does not say.
    #[error(transparent)]
    Node(#[from] ClientError),
}

impl Signatures for Verifier {
    fn verify(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        self.verify_one(key, message, signature)
    }
}

/// A storage provider; see [`Provider::start`].
#[derive(Debug)]
pub struct Provider;

impl Provider {
    /// Opens the store, serves the HTTP interface and starts to follow the ledger. Returns when the interface answers;
    /// [`ProviderHandle::ready`] waits for the rest, which goes on trying while the node is away.
    ///
    /// # Errors
    /// [`ProviderError`]; then nothing runs.
    pub async fn start(config: ProviderConfig, client: Client, key: SigningKey) -> Result<ProviderHandle, ProviderError> {
        let address = key.address();
        let chain_id = match config.chain_id {
            Some(chain_id) => chain_id,
            None => chain_of(&client, config.start_timeout).await?,
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = open_store(config.store(), &clock).await?;
        let listen = config.listen;
        let refused = |source| ProviderError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(refused)?;
        let url = public_url(&config, listener.local_addr().map_err(refused)?)?;
        let board = Board::new(address, config.name, url.clone());
        let (stop, stopping) = watch::channel(false);
        let metrics = Arc::new(Metrics::new());
        metrics.registry().register_collector(Box::new(BoardMetrics(board.clone())));
        let ask_board = board.clone();
        let http = ProviderHttp::new(
            config.http(address, chain_id),
            Arc::clone(&store),
            Arc::new(Verifier),
            clock,
            metrics,
            move || serde_json::to_value(ask_board.get().ask).unwrap_or_default(),
        );
        let server = tokio::spawn(serve(listener, Arc::new(http), stopping.clone()));
        let scrubbing = scrub::run(Arc::clone(&store), config.scrub, |_| {});
        let helpers = vec![tokio::spawn(scrubbing), tokio::spawn(sweep(Arc::clone(&store)))];
        let sender = SenderConfig { chain_id: Some(chain_id), ..SenderConfig::default() };
        let sender = Sender::with_config(client, key, sender);
        let agent = Agent::new(config, url.clone(), Arc::clone(&store), sender, board.clone(), stopping);
        let (ended, end) = watch::channel(None);
        let agent = tokio::spawn(agent.run());
        let watcher = tokio::spawn(watch_end(agent, ended));
        tracing::info!(%address, url, "the provider serves");
        Ok(ProviderHandle { address, url, board, store, stop, server, watcher, helpers, end })
    }
}

/// Opens the store. One that is in use is waited for a little: the process before may be about to end.
async fn open_store(settings: StoreSettings, clock: &Arc<dyn Clock>) -> Result<Arc<Store>, StoreError> {
    let begun = tokio::time::Instant::now();
    loop {
        let (settings, clock) = (settings.clone(), Arc::clone(clock));
        match blocking(move || Store::open(settings, clock)).await {
            Err(StoreError::InUse { .. }) if begun.elapsed() < STOP_WAIT => tokio::time::sleep(Duration::from_millis(50)).await,
            done => return done,
        }
    }
}

/// Asks the node for its chain until it answers or the time is over.
async fn chain_of(client: &Client, timeout: Duration) -> Result<Name, ClientError> {
    let begun = tokio::time::Instant::now();
    loop {
        match client.status().await {
            Ok(status) => return Ok(status.chain_id),
            Err(error) if error.is_passing() && begun.elapsed() < timeout => tokio::time::sleep(Duration::from_millis(200)).await,
            Err(error) => return Err(error),
        }
    }
}

fn public_url(config: &ProviderConfig, bound: SocketAddr) -> Result<String, ProviderError> {
    match &config.url {
        Some(url) => Ok(url.trim_end_matches('/').to_owned()),
        None if bound.ip().is_unspecified() => Err(ProviderError::Url { address: bound }),
        None => Ok(format!("http://{bound}")),
    }
}

async fn serve(listener: TcpListener, http: Arc<ProviderHttp>, mut stopping: watch::Receiver<bool>) -> io::Result<()> {
    let stopped = async move {
        // The sender is gone only when the handle is: that is a stop as well.
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    axum::serve(listener, router(http)).with_graceful_shutdown(stopped).await
}

async fn sweep(store: Arc<Store>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let swept = Arc::clone(&store);
        match blocking(move || swept.sweep()).await {
            Ok(gone) if !gone.is_empty() => tracing::info!(pieces = gone.len(), "dropped pieces that nobody wants any more"),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "could not drop unwanted pieces"),
        }
    }
}

async fn watch_end(mut agent: JoinHandle<()>, ended: watch::Sender<Option<String>>) {
    struct Abort<'a>(&'a mut JoinHandle<()>);
    impl Drop for Abort<'_> {
        fn drop(&mut self) {
            self.0.abort();
        }
    }
    let guard = Abort(&mut agent);
    let reason = match (&mut *guard.0).await {
        Ok(()) => None,
        Err(error) => Some(format!("the provider's agent ended: {error}")),
    };
    ended.send_replace(reason);
}

/// Runs store work on a thread that may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// A running provider. Dropped without [`ProviderHandle::stop`] it is cut off as by a crash, which the next start recovers from.
#[derive(Debug)]
pub struct ProviderHandle {
    address: Address,
    url: String,
    board: Board,
    store: Arc<Store>,
    stop: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
    watcher: JoinHandle<()>,
    helpers: Vec<JoinHandle<()>>,
    end: watch::Receiver<Option<String>>,
}

impl ProviderHandle {
    /// Its address on the ledger.
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Base URL under which others reach it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it says of itself now.
    pub fn status(&self) -> ProviderStatus {
        self.board.get()
    }

    /// Its piece store.
    pub const fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Waits until it is registered and has gone through all its deals once. Goes on waiting while there are problems;
    /// [`ProviderHandle::status`] names them.
    pub async fn ready(&self) {
        let mut ready = self.board.ready();
        // The board, and with it the sender, lives as long as the handle.
        let _ = ready.wait_for(|ready| *ready).await;
    }

    /// Resolves with the reason when it cannot go on: a defect of this program.
    pub fn failed(&self) -> impl Future<Output = String> + Send + 'static {
        let mut end = self.end.clone();
        async move {
            let reason = end.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
            match reason {
                Some(reason) => reason,
                // Stopped without a failure.
                None => std::future::pending().await,
            }
        }
    }

    /// Stops in order: no new requests and no new messages, then the end of those under way, for at most some seconds.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let both = async {
            let _ = (&mut self.server).await;
            let _ = (&mut self.watcher).await;
        };
        if tokio::time::timeout(STOP_WAIT, both).await.is_err() {
            tracing::info!("requests under way were cut off");
        }
        for helper in &mut self.helpers {
            helper.abort();
            // Cancelled is what it should be; then it has let go of the store.
            let _ = helper.await;
        }
    }
}

impl Drop for ProviderHandle {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.server.abort();
        self.watcher.abort();
        self.helpers.iter().for_each(JoinHandle::abort);
    }
}
