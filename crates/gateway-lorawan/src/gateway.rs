//! Starting, and stopping.

use crate::{
    config::Config,
    deliver::{Broker, Delivery, MQTT, Problems, WEBHOOK, Webhook},
    engine::{COMMANDS, Command, Engine, read},
    http,
    intake::{Acknowledge, BatchError, Intake, IntakeError},
    metrics::Metrics,
    recent::Recent,
    store::{Store, StoreError, count, forget_others, probe},
    suspects::Suspects,
};
use depin_client::{
    ACCESS_KEY_FILE, AccessKeyError, access_key,
    lorawan::{Answer, BatchBody, OutcomeBody, UplinkPacket, WireError},
};
use depin_lorawan::{
    gwmp::TxError,
    server::{ConfigError, TxOutcome},
};
use depin_serve::Listener;
use std::{
    collections::BTreeMap,
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    task::JoinHandle,
};
use zeroize::Zeroizing;

/// Name of the store in the gateway's folder.
pub const STORE: &str = "lorawan.db";
/// What a clock that is wrong concerns.
const CLOCK: &str = "clock";
/// What devices that send too much concern.
const DEVICES: &str = "devices";
/// Shortest pause between two tries whether the store can be written.
const PROBE_PAUSE: Duration = Duration::from_secs(1);

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The access key cannot be used.
    #[error(transparent)]
    Key(#[from] AccessKeyError),
    /// The network server's settings do not fit together.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Events cannot be posted there.
    #[error("no events can be posted: {0}")]
    Webhook(String),
    /// The folder cannot be used.
    #[error("cannot use the gateway's folder {path}: {source}", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another gateway runs in this folder.
    #[error("another gateway uses {path}; stop it, or choose another folder", path = path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The store of before is not there any more, or cannot be read.
    #[error(
        "{path} {what}. A gateway ran in this folder: without the store the DevNonces and counters of its devices are forgotten, and old \
         frames could be replayed. Put a copy back, or begin a new store on purpose with --new-store, and give the devices new keys",
        path = path.display()
    )]
    Lost {
        /// The store's file.
        path: PathBuf,
        /// What is wrong with it: the rest of a sentence about it.
        what: String,
    },
    /// A new store was asked for where one is.
    #[error("{path} is whole, so no new store is begun in its place", path = path.display())]
    Whole {
        /// The store's file.
        path: PathBuf,
    },
    /// The store cannot be used.
    #[error("{path}: {why}", path = path.display())]
    Store {
        /// The store's file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; choose another address or port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl GatewayError {
    fn of_store(path: &Path, error: &StoreError) -> Self {
        match error.lost(path) {
            Some((path, what)) => Self::Lost { path, what },
            None => Self::Store { path: path.to_owned(), why: error.to_string() },
        }
    }
}

/// The LoRaWAN gateway.
#[derive(Debug)]
pub struct Gateway;

/// A running gateway. Dropping it stops it at once, from which the next start recovers; [`Handle::stop`] does it in good order.
pub struct Handle {
    address: SocketAddr,
    key: Zeroizing<String>,
    server_key: [u8; 32],
    application: String,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    tasks: Vec<JoinHandle<()>>,
    /// Held while the gateway runs.
    _lock: fs::File,
}

/// What the ports of a running gateway share.
pub(crate) struct Shared {
    pub config: Arc<Config>,
    pub store: Store,
    pub metrics: Arc<Metrics>,
    pub problems: Arc<Problems>,
    /// Devices that send what no device does.
    suspects: Arc<Suspects>,
    /// Uplinks of late.
    pub recent: Arc<Recent>,
    pub commands: mpsc::Sender<Command>,
    pub server_key: [u8; 32],
    pub acknowledger: Arc<dyn Acknowledge>,
    pub application: String,
    /// The hotspot whose clock was last seen to be off, while that stands in the way.
    skewed: std::sync::Mutex<Option<[u8; 32]>>,
    /// When it was last tried whether the store can be written, and whether it could.
    probed: tokio::sync::Mutex<Option<(Instant, bool)>>,
}

impl Gateway {
    /// Opens the folder, goes on with what is in it, and serves. `acknowledger` signs packet reports; its key is the network server's name.
    ///
    /// # Errors
    /// [`GatewayError`]; nothing runs then.
    pub async fn start(config: Config, acknowledger: Arc<dyn Acknowledge>) -> Result<Handle, GatewayError> {
        config.server.check()?;
        let lock = lock(&config)?;
        let store = open_store(&config)?;
        // After the store: so the key says that there was one.
        let key = access_key(&config.folder, "lorawan")?;
        let path = config.folder.join(STORE);
        let failed = |error: StoreError| GatewayError::of_store(&path, &error);
        let sinks = [config.mqtt.as_ref().map(|_| MQTT), config.webhook.as_ref().map(|_| WEBHOOK)];
        let sinks: Vec<&'static str> = sinks.into_iter().flatten().collect();
        let kept = sinks.clone();
        let gone = store.run(move |db| forget_others(db, &kept)).await.map_err(failed)?;
        if gone > 0 {
            tracing::warn!(gone, "deliveries to sinks that are not there any more are forgotten");
        }
        let server = read(&config, &store).await.map_err(failed)?;
        let (port, server_key, application) = (http::port(), acknowledger.public_key(), server.application_id());
        let metrics = Arc::new(Metrics::new(port.meters(), config.mqtt.is_some()));
        metrics.set_queued(store.run(count).await.map_err(failed)?);
        let listen = config.listen;
        let error = |source| GatewayError::Listen { address: listen, source };
        let listener = Listener::bind(listen, config.tls.clone()).await.map_err(error)?;
        let address = listener.local_addr().map_err(error)?;

        let (config, notify, problems) = (Arc::new(config), Arc::new(Notify::new()), Arc::new(Problems::default()));
        let (commands, receiver) = mpsc::channel(COMMANDS);
        let delivery = Arc::new(Delivery {
            config: Arc::clone(&config),
            store: store.clone(),
            metrics: Arc::clone(&metrics),
            notify: Arc::clone(&notify),
            problems: Arc::clone(&problems),
            commands: commands.clone(),
        });
        let webhook = config.webhook.as_deref().map(|url| Webhook::new(Arc::clone(&delivery), url));
        let webhook = webhook.transpose().map_err(GatewayError::Webhook)?;
        let broker = config.mqtt.as_ref().map(|broker| Broker::new(Arc::clone(&delivery), broker, application.clone()));
        let all = (Arc::clone(&config), store.clone(), server);
        let (suspects, recent) = (Arc::new(Suspects::default()), Arc::new(Recent::new()));
        let tellers = (Arc::clone(&metrics), Arc::clone(&suspects), Arc::clone(&recent));
        let engine = Engine::new(all, tellers, Arc::clone(&acknowledger), notify, sinks);
        let mut tasks = vec![tokio::spawn(engine.run(receiver))];
        tasks.extend(webhook.map(|webhook| tokio::spawn(webhook.run())));
        tasks.extend(broker.map(|broker| tokio::spawn(broker.run())));
        let shared = Arc::new(Shared {
            config,
            store,
            metrics,
            problems,
            suspects,
            recent,
            commands,
            server_key,
            acknowledger,
            application: application.clone(),
            skewed: std::sync::Mutex::default(),
            probed: tokio::sync::Mutex::new(None),
        });
        let (stop, stopping) = watch::channel(false);
        let server = tokio::spawn(http::serve(listener, port, Arc::clone(&shared), &key, stopping));
        tracing::info!(%address, "the LoRaWAN gateway serves");
        Ok(Handle { address, key, server_key, application, shared, stop, server, tasks, _lock: lock })
    }
}

/// Opens the folder's store, or makes it at the first start. One that was there and is not any more is not made anew silently.
fn open_store(config: &Config) -> Result<Store, GatewayError> {
    let path = config.folder.join(STORE);
    let folder = |source| GatewayError::Folder { path: config.folder.clone(), source };
    let used = config.folder.join(ACCESS_KEY_FILE).exists();
    let open = |used| Store::open(&path, used).map_err(|error| GatewayError::of_store(&path, &error));
    match open(used) {
        Err(GatewayError::Lost { .. }) if config.new_store => {
            let aside = depin_files::set_database_aside(&path).map_err(folder)?;
            tracing::warn!(aside = %aside.display(), "begins a new store; what is left of the one before is kept");
            open(false)
        }
        Ok(_) if config.new_store && used => Err(GatewayError::Whole { path }),
        opened => opened,
    }
}

fn lock(config: &Config) -> Result<fs::File, GatewayError> {
    let path = config.folder.clone();
    let error = |source| GatewayError::Folder { path: config.folder.clone(), source };
    depin_files::private_folder(&path).map_err(error)?;
    depin_files::lock(&path.join("lock")).map_err(error)?.ok_or(GatewayError::Busy { path })
}

impl Shared {
    /// Whether the store can be written now: tried at most once a second, since whoever asks for it needs no key.
    pub(crate) async fn writes(&self) -> bool {
        let mut probed = self.probed.lock().await;
        match *probed {
            Some((at, writes)) if at.elapsed() < PROBE_PAUSE => writes,
            _ => {
                let writes = self.store.run(probe).await.is_ok();
                *probed = Some((Instant::now(), writes));
                writes
            }
        }
    }

    /// What stands in the way now: what was noted, and what keeps it from taking anything.
    pub(crate) fn reasons(&self) -> BTreeMap<&'static str, String> {
        let (mut reasons, queued) = (self.problems.all(), self.metrics.queued());
        if let Err(full) = self.config.floor.admit(0) {
            reasons.insert("disk", format!("the disk is nearly full, so nothing is taken: {full}"));
        }
        if let Some(told) = self.suspects.told() {
            reasons.insert(DEVICES, told);
        }
        if queued > self.config.queue_max {
            reasons.insert("deliveries", IntakeError::Full(queued).to_string());
        }
        reasons
    }

    /// Notes whether a hotspot's clock fits, by what came of reading what it signed.
    pub(crate) fn clock<T>(&self, hotspot: &[u8; 32], read: &Result<T, WireError>) {
        let mut skewed = self.skewed.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Err(error @ WireError::Clock { .. }) if self.admits(hotspot).is_ok() => {
                let why =
                    format!("nothing of the hotspot {} is taken: {error}; set the clock that is wrong", hex::encode(hotspot));
                self.problems.note(CLOCK, why);
                *skewed = Some(*hotspot);
            }
            // Of several hotspots the one that was named.
            Ok(_) if skewed.as_ref() == Some(hotspot) => {
                *skewed = None;
                self.problems.solved(CLOCK);
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// Asks the engine; its answer.
    async fn ask<T>(&self, command: Command, answer: oneshot::Receiver<Result<T, IntakeError>>) -> Result<T, IntakeError> {
        self.commands.send(command).await.map_err(|_| IntakeError::Closed)?;
        answer.await.unwrap_or(Err(IntakeError::Closed))
    }

    /// Acknowledges a batch of packets for the ledger: all that the ledger checks of it was said to this hotspot before, packet by packet.
    pub(crate) fn settle(&self, hotspot: [u8; 32], batch: &BatchBody) -> Result<[u8; 64], BatchError> {
        for (place, one) in batch.packets.iter().enumerate() {
            if one.report.hotspot != hotspot || !one.is_of(&self.server_key) {
                return Err(BatchError::NotAcknowledged(place));
            }
            if one.report.join {
                return Err(BatchError::Join(place));
            }
        }
        self.acknowledger.settle(hotspot, batch)
    }

    fn admits(&self, hotspot: &[u8; 32]) -> Result<(), IntakeError> {
        match &self.config.hotspots {
            crate::Hotspots::Anyone => Ok(()),
            crate::Hotspots::Keys(keys) if keys.contains(hotspot) => Ok(()),
            crate::Hotspots::Listed(list) if list.knows(hotspot) => Ok(()),
            crate::Hotspots::Keys(_) | crate::Hotspots::Listed(_) => Err(IntakeError::Stranger),
        }
    }
}

impl Intake for Shared {
    async fn hand_in(&self, hotspot: [u8; 32], packets: Vec<UplinkPacket>) -> Result<Answer, IntakeError> {
        self.admits(&hotspot)?;
        let (reply, answer) = oneshot::channel();
        let packets = packets.into_iter().map(Into::into).collect();
        self.ask(Command::Hear { hotspot, packets, reply }, answer).await
    }

    async fn outcome(&self, hotspot: [u8; 32], outcome: OutcomeBody) -> Result<(), IntakeError> {
        self.admits(&hotspot)?;
        let OutcomeBody { id, window, errors, .. } = outcome;
        let outcome = match window {
            Some(window) => TxOutcome::Emitted { window, power_dbm: None },
            None => TxOutcome::Failed(errors.iter().take(4).map(|error| TxError::from_name(error)).collect()),
        };
        let (reply, answer) = oneshot::channel();
        self.ask(Command::Outcome { hotspot, id, outcome, reply }, answer).await
    }
}

impl Intake for Handle {
    async fn hand_in(&self, hotspot: [u8; 32], packets: Vec<UplinkPacket>) -> Result<Answer, IntakeError> {
        self.shared.hand_in(hotspot, packets).await
    }

    async fn outcome(&self, hotspot: [u8; 32], outcome: OutcomeBody) -> Result<(), IntakeError> {
        self.shared.outcome(hotspot, outcome).await
    }
}

impl Handle {
    /// What its ports share.
    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Address that is listened on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the customer's software shows.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The key by which hotspots name this network server.
    pub const fn server_key(&self) -> [u8; 32] {
        self.server_key
    }

    /// What stands in the way now, by what it concerns.
    pub fn problems(&self) -> BTreeMap<String, String> {
        self.shared.reasons().into_iter().map(|(concerns, why)| (concerns.to_owned(), why)).collect()
    }

    /// The application's id in topics of MQTT.
    pub fn application_id(&self) -> &str {
        &self.application
    }

    /// Stops in good order: no new requests, running ones end (some seconds at most). What waits to be delivered waits for the next start.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // A panic was reported where it happened.
        let _ = (&mut self.server).await;
        self.tasks.iter().for_each(JoinHandle::abort);
        for task in self.tasks.drain(..) {
            let _ = task.await;
        }
        let store = self.shared.store.clone();
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
    }

    /// Resolves when it does not serve any more, a defect of this program, or when its store can write nothing any more.
    pub async fn failed(&self) -> String {
        while !self.server.is_finished() && self.tasks.iter().all(|task| !task.is_finished()) {
            if let Some(why) = self.shared.store.failed() {
                return why;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        "the network server ended".to_owned()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.server.abort();
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
