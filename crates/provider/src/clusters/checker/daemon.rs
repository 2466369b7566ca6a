//! The checker's daemon.

use super::{Presence, Seen, Timed};
use crate::{
    clusters::config::CheckerConfig,
    operator::{ApiError, blocking},
};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State, rejection::JsonRejection},
    http::StatusCode,
    routing::{get, post},
};
use depin_client::{Client, ClientError, SigningKey, read_body};
use depin_files::Readers;
use depin_quantity::{Address, Name, Seed, UnitId};
use depin_serve::{Limits, Listener, Port, json, serve};
use depin_services::{
    InnerSignature,
    clusters::{ANSWER_MAX, Answer, Attendance},
    coverage::{PublicKey, SignatureBytes},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    sync::{OnceCell, Semaphore, watch},
    task::JoinHandle,
    time::{Instant, sleep},
};

/// How often the hour that runs is asked for: a device's time counts from the first look that shows its seed.
const LOOK: Duration = Duration::from_millis(250);
/// Hours that are remembered.
const HOURS_KEPT: usize = 8;
/// Devices that are asked at once.
const ASKED_AT_ONCE: usize = 64;
/// Longest body that is read.
const BODY_MAX: usize = 2 * ANSWER_MAX + 1_024;
/// Longest wait for a device,
const DEVICE_TIME: Duration = Duration::from_secs(10);
/// and the longest answer of one.
const DEVICE_BYTES: usize = 4 << 10;
/// When seeds were seen; a checker that is started again goes on counting.
const SEEN_FILE: &str = "seen.json";

/// Why the checker does not start.
#[derive(Debug, thiserror::Error)]
pub enum CheckerError {
    /// Its address.
    #[error("cannot listen on {address}: {source}; use another port, or 0 for a free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Its folder.
    #[error("cannot use {}: {source}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What it asks devices with.
    #[error("no HTTP client can be made: {0}")]
    Http(reqwest::Error),
}

/// The checker; see [`ClustersChecker::start`].
#[derive(Debug)]
pub struct ClustersChecker;

/// A running checker. Dropped it ends as by a crash, which the next start goes on from.
#[derive(Debug)]
pub struct CheckerHandle {
    address: Address,
    url: String,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    looker: JoinHandle<()>,
    ended: watch::Receiver<bool>,
}

impl CheckerHandle {
    /// The account that signs.
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Base URL of its interface.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Resolves with the reason when it cannot go on: a defect of this program.
    pub fn failed(&self) -> impl Future<Output = String> + Send + 'static + use<> {
        let mut ended = self.ended.clone();
        async move {
            // The guard of what was seen is gone before anything is waited for.
            let has_ended = ended.wait_for(|ended| *ended).await.is_ok();
            if !has_ended {
                // Stopped without a failure.
                std::future::pending::<()>().await;
            }
            "the checker sees no hours any more: its task ended".to_owned()
        }
    }

    /// Stops in order.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        self.looker.abort();
        // The port has a bound for its own end.
        let _ = (&mut self.server).await;
    }
}

impl Drop for CheckerHandle {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.server.abort();
        self.looker.abort();
    }
}

/// When a seed was seen.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct SeenAt {
    seed: Seed,
    /// Milliseconds since 1970, for a checker that is started again.
    wall_ms: u64,
    /// Of this process, whose clock cannot be set.
    #[serde(skip)]
    at: Option<Instant>,
}

impl SeenAt {
    /// Milliseconds since then; by the system's clock where another process saw it.
    fn elapsed_ms(&self) -> u32 {
        let by_system = || wall_ms().saturating_sub(self.wall_ms);
        let passed = self.at.map_or_else(by_system, |at| u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX));
        u32::try_from(passed).unwrap_or(u32::MAX)
    }
}

fn wall_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

struct Shared {
    client: Client,
    key: SigningKey,
    /// Its node's chain, which signatures are bound to.
    chain: OnceCell<Name>,
    http: reqwest::Client,
    config: CheckerConfig,
    seen: Mutex<BTreeMap<u64, SeenAt>>,
    asked: Semaphore,
    /// Devices that are being asked: each once at a time, so that a slow one holds one place.
    asking: Mutex<BTreeSet<UnitId>>,
}

impl ClustersChecker {
    /// Listens, looks for the hour that runs, and signs what it sees.
    ///
    /// # Errors
    /// [`CheckerError`]; then nothing runs.
    pub async fn start(config: CheckerConfig, client: Client, key: SigningKey) -> Result<CheckerHandle, CheckerError> {
        let folder = |source| CheckerError::Folder { path: config.folder.clone(), source };
        depin_files::private_folder(&config.folder).map_err(folder)?;
        let seen = read_seen(&config).map_err(folder)?;
        let http = config.reach.guard(config.trust.http()).timeout(DEVICE_TIME).build().map_err(CheckerError::Http)?;
        let listen = |source| CheckerError::Listen { address: config.listen, source };
        let listener = Listener::bind(config.listen, config.tls.clone()).await.map_err(listen)?;
        let url = listener.url().map_err(listen)?;
        let address = key.address();
        let asked = Semaphore::new(ASKED_AT_ONCE);
        let shared = Arc::new(Shared {
            client,
            key,
            chain: OnceCell::new(),
            http,
            config,
            seen: Mutex::new(seen),
            asked,
            asking: Mutex::default(),
        });
        let routes = Router::new()
            .route("/health", get(health))
            .route("/v1/checker/answers", post(time))
            .route("/v1/checker/attendances", post(see))
            .layer(DefaultBodyLimit::max(BODY_MAX))
            .fallback(|| async {
                let hint = "POST to /v1/checker/answers or /v1/checker/attendances";
                ApiError::new(StatusCode::NOT_FOUND, "no-route", "there is nothing at this path", hint)
            })
            .with_state(Arc::clone(&shared));
        let (stop, mut stopping) = watch::channel(false);
        let port = Port::new("checker", Limits { connections: 1_024, ..Limits::default() }, json);
        let server = tokio::spawn(serve(listener, routes, port, async move {
            // The sender is gone only when the handle is: that is a stop as well.
            let _ = stopping.wait_for(|stop| *stop).await;
        }));
        let (ending, ended) = watch::channel(false);
        let looker = tokio::spawn(async move {
            // Told when the task unwinds, too.
            let _guard = Ending(ending);
            look(shared).await;
        });
        Ok(CheckerHandle { address, url, stop, server, looker, ended })
    }
}

/// Tells that a task which has no end ended.
struct Ending(watch::Sender<bool>);

impl Drop for Ending {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.send_replace(true);
        }
    }
}

fn read_seen(config: &CheckerConfig) -> io::Result<BTreeMap<u64, SeenAt>> {
    match std::fs::read(config.folder.join(SEEN_FILE)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(error),
    }
}

/// Looks for the seed of the hour that runs, for ever.
async fn look(shared: Arc<Shared>) {
    let mut told = false;
    loop {
        match shared.look().await {
            Ok(()) => told = false,
            Err(error) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(%error, "the checker sees no hour");
                }
            }
        }
        sleep(LOOK).await;
    }
}

#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error(transparent)]
    Node(#[from] ClientError),
    #[error("cannot write when the hour's seed was seen: {0}")]
    File(#[from] io::Error),
}

impl Shared {
    async fn look(&self) -> Result<(), LookError> {
        let (network, status) = (self.client.clusters().network().await?, self.client.status().await?);
        let hour = status.time_ms.saturating_sub(network.begins.ms) / network.hour_ms.max(1);
        let Some(seed) = self.client.clusters().hour(hour).await?.and_then(|hour| hour.seed) else { return Ok(()) };
        let kept = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if seen.get(&hour).is_some_and(|known| known.seed == seed) {
                return Ok(());
            }
            seen.insert(hour, SeenAt { seed, wall_ms: wall_ms(), at: Some(Instant::now()) });
            while seen.len() > HOURS_KEPT {
                seen.pop_first();
            }
            seen.clone()
        };
        let path = self.config.folder.join(SEEN_FILE);
        let bytes = serde_json::to_vec(&kept).map_err(io::Error::other)?;
        blocking(move || depin_files::replace(&path, &bytes, Readers::Owner)).await?;
        Ok(())
    }

    fn seen(&self, hour: u64) -> Result<SeenAt, ApiError> {
        let found = self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&hour).copied();
        found.ok_or_else(|| {
            let message = format!("the checker has not seen the challenges of hour {hour}");
            ApiError::new(StatusCode::CONFLICT, "not-open", message, "ask in the hour itself, once its seed is drawn")
        })
    }
}

async fn health(State(shared): State<Arc<Shared>>) -> Result<Json<serde_json::Value>, ApiError> {
    match shared.client.status().await {
        Ok(status) => Ok(Json(serde_json::json!({ "status": "ok", "height": status.height }))),
        Err(error) => Err(ApiError::internal(&error)),
    }
}

fn body<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, ApiError> {
    let hint = "send JSON: {\"device\",\"hour\",\"answer\"}, or {\"device\",\"hour\"} for an attendance";
    body.map(|Json(body)| body).map_err(|error| ApiError::bad_request("bad-body", error.body_text(), hint))
}

/// What was given is looked at for its length only: the ledger checks it.
async fn time(State(shared): State<Arc<Shared>>, given: Result<Json<Timed>, JsonRejection>) -> Result<Json<Answer>, ApiError> {
    let Timed { device, hour, answer } = body(given)?;
    let millis = shared.seen(hour)?.elapsed_ms();
    let answer = hex::decode(answer).ok().filter(|answer| !answer.is_empty() && answer.len() <= ANSWER_MAX);
    let answer = answer.ok_or_else(|| {
        let message = format!("an answer has 1 to {ANSWER_MAX} bytes, in hexadecimal digits");
        ApiError::bad_request("bad-answer", message, "send the answer's bytes as `depin_challenge` encodes them")
    })?;
    let (key, signature) = (PublicKey::new(shared.key.public_key()), SignatureBytes::new([0; 64]));
    let mut signed = Answer { device, hour, answer, millis, key, signature };
    signed.signature = shared.signs(&signed.signed()).await?;
    Ok(Json(signed))
}

async fn see(State(shared): State<Arc<Shared>>, given: Result<Json<Seen>, JsonRejection>) -> Result<Json<Attendance>, ApiError> {
    let Seen { device, hour } = body(given)?;
    shared.seen(hour)?;
    let _alone = Asking::begin(&shared, device)?;
    let _place = shared.asked.try_acquire().map_err(|_| ApiError::busy("devices"))?;
    shared.ask(device, hour).await?;
    let signature = shared.signs(&Attendance::signed(device, hour)).await?;
    Ok(Json(Attendance { device, hour, key: PublicKey::new(shared.key.public_key()), signature }))
}

/// One device that is being asked.
struct Asking<'s> {
    shared: &'s Shared,
    device: UnitId,
}

impl<'s> Asking<'s> {
    fn begin(shared: &'s Shared, device: UnitId) -> Result<Self, ApiError> {
        let is_new = shared.asking.lock().unwrap_or_else(PoisonError::into_inner).insert(device);
        if is_new { Ok(Self { shared, device }) } else { Err(ApiError::too_many("questions to one device", 1)) }
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.shared.asking.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.device);
    }
}

impl Shared {
    /// Signs for the chain of its node, and for no other.
    async fn signs(&self, message: &[u8]) -> Result<SignatureBytes, ApiError> {
        let of_node = async || Ok::<_, ClientError>(self.client.status().await?.chain_id);
        let chain = self.chain.get_or_try_init(of_node).await.map_err(|error| ApiError::internal(&error))?;
        Ok(SignatureBytes::new(self.key.sign(&InnerSignature::signed_bytes(*chain, message))))
    }

    /// Asks a device where it is registered to show its owner's key.
    async fn ask(&self, device: UnitId, hour: u64) -> Result<(), ApiError> {
        let known = self.client.clusters().device(device).await.map_err(|error| ApiError::internal(&error))?;
        let known = known.filter(|known| known.active && known.hire.is_some()).ok_or_else(|| {
            let message = format!("{device} is no hired device");
            ApiError::new(StatusCode::NOT_FOUND, "no-device", message, "only hired devices need an attendance")
        })?;
        let absent = |why: String| {
            let hint = "run the device's daemon, reachable at the URL that it registered";
            ApiError::new(StatusCode::BAD_GATEWAY, "absent", format!("the device shows nothing at its URL: {why}"), hint)
        };
        let base = self.config.reach.base(&known.terms.url).map_err(|error| absent(error.to_string()))?;
        let nonce = UnitId::new(rand::random());
        let base = base.as_str().trim_end_matches('/');
        let url = format!("{base}/v1/clusters/present?device={device}&hour={hour}&nonce={nonce}");
        let answer = self.http.get(url).send().await.map_err(|error| absent(error.without_url().to_string()))?;
        if !answer.status().is_success() {
            return Err(absent(format!("it answers with {}", answer.status())));
        }
        let body = read_body(answer, DEVICE_BYTES).await.map_err(|error| absent(error.to_string()))?;
        let shown: Presence = serde_json::from_slice(&body).map_err(|error| absent(error.to_string()))?;
        if shown.is_of(known.owner, device, hour, nonce) {
            return Ok(());
        }
        Err(absent("who answers there has not the key of the device's owner".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checker_that_is_started_again_counts_from_when_it_saw_the_seed() {
        let before = SeenAt { seed: Seed::new([1; 32]), wall_ms: wall_ms() - 90_000, at: Some(Instant::now()) };
        let written = serde_json::to_vec(&BTreeMap::from([(7_u64, before)])).unwrap();
        let read: BTreeMap<u64, SeenAt> = serde_json::from_slice(&written).unwrap();
        assert!(read[&7].at.is_none() && read[&7].elapsed_ms() >= 90_000);
        assert!(SeenAt { wall_ms: u64::MAX, at: None, ..before }.elapsed_ms() == 0, "a clock that was set back");
    }
}
