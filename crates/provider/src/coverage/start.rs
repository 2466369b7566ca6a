//! A hotspot as a whole: its UDP port, what carries and proves beside the duty, put together and started.

use super::{
    batches::Batcher,
    beacons::Prover,
    config::CoverageConfig,
    counters::Counters,
    deliver::{Carrier, Parts},
    duty::CoverageDuty,
    forwarder::Front,
    status::{HotspotFigures, HotspotStatus},
    store::{Store, StoreError},
    table::{self, KnownRoutes},
    view::Running,
};
use crate::operator::{Operator, OperatorHandle, Routes, StartError};
use depin_client::{Client, SigningKey, api::EventQuery};
use depin_database::Begun;
use depin_quantity::Address;
use futures::{FutureExt as _, StreamExt as _, future::BoxFuture};
use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{mpsc, watch};

/// Packets that wait to be routed; more are dropped.
const HEARD: usize = 4_096;
/// Beacons that wait to be reported.
const BEACONS: usize = 64;
/// How often all routes are read although nobody said that one changed.
const TABLE: Duration = Duration::from_secs(30);
/// How often figures are brought up to date.
const FIGURES: Duration = Duration::from_secs(5);

/// Why a hotspot does not start.
#[derive(Debug, thiserror::Error)]
pub enum HotspotError {
    /// As any operator.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Its store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its UDP port.
    #[error(
        "cannot listen for a packet forwarder on UDP {address}: {source}; choose another port with --udp, or 0 for a free one"
    )]
    Udp {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// A hotspot; see [`HotspotDaemon::start`].
#[derive(Debug)]
pub struct HotspotDaemon;

impl HotspotDaemon {
    /// Listens for a packet forwarder, serves the HTTP interface and starts to follow the ledger. `key` is the owner's: it joins the hotspot, pays
    /// fees and sends what the hotspot signs. Returns when the ports answer; [`HotspotHandle::ready`] waits for the rest.
    ///
    /// # Errors
    /// [`HotspotError`]; then nothing runs.
    pub async fn start(config: CoverageConfig, client: Client, key: SigningKey) -> Result<HotspotHandle, HotspotError> {
        let chain_id = config.operator.chain(&client).await.map_err(StartError::from)?;
        let (store, begun) = Store::begin(&config.folder, config.hotspot.address(), config.new_store)?;
        let anew = (config.used && begun == Begun::New).then(|| config.folder.clone());
        let counters = Arc::new(Counters::default());
        let refused = |source| HotspotError::Udp { address: config.udp, source };
        let front =
            Arc::new(Front::bind(config.udp, (config.eui, config.forwarder), Arc::clone(&counters)).await.map_err(refused)?);
        let udp = front.address().map_err(refused)?;
        let operator = Operator::<HotspotFigures>::bind(config.operator.clone(), client.clone(), key).await?;
        let table = Arc::new(KnownRoutes::new());
        let (heard, hears) = mpsc::channel(HEARD);
        let (beacons, proves) = mpsc::channel(BEACONS);
        let carrier = Arc::new(Carrier::new(Parts {
            hotspot: config.hotspot.clone(),
            trust: config.trust.clone(),
            reach: config.reach.clone(),
            hold: config.hold,
            gain_dbi: i8::try_from(config.location.gain / 10).unwrap_or_default(),
            front: Arc::clone(&front),
            store: store.clone(),
            counters: Arc::clone(&counters),
            table: Arc::clone(&table),
            beacons,
        }));
        let (made, batches) = watch::channel(0);
        let batcher = Batcher {
            hotspot: config.hotspot.clone(),
            chain_id,
            client: client.clone(),
            store: store.clone(),
            carrier: Arc::clone(&carrier),
            every: config.report_every,
            made: made.clone(),
        };
        let prover = Arc::new(Prover {
            sender: operator.sender().clone(),
            hotspot: config.hotspot.clone(),
            chain_id,
            location: config.location,
            front: Arc::clone(&front),
            store: store.clone(),
            counters: Arc::clone(&counters),
            disclosing: tokio::sync::Mutex::default(),
        });
        let (hotspot, full) = (config.hotspot.address(), config.full);
        let duty = CoverageDuty {
            owner: operator.address(),
            chain_id,
            sender: operator.sender().clone(),
            store,
            running: Running { counters, front: Arc::clone(&front), carrier: Arc::clone(&carrier) },
            table: Arc::clone(&table),
            made: batches,
            config,
        };
        let mut helpers: Vec<BoxFuture<'static, ()>> = vec![
            front.serve(heard).boxed(),
            carrier.run(hears).boxed(),
            batcher.run().boxed(),
            follow_routes(client, table).boxed(),
            refresh(made).boxed(),
        ];
        if full {
            helpers.push(prover.run(proves).boxed());
        }
        // Everything that it knows is in its store, which opened: it can work when it runs.
        Ok(HotspotHandle { operator: operator.start(duty, Routes::none(), helpers), hotspot, udp, anew })
    }
}

/// Reads the routes anew whenever one changed, and once a while, for ever.
async fn follow_routes(client: Client, table: Arc<KnownRoutes>) {
    let query = EventQuery { kind: Some("route-changed".to_owned()), ..EventQuery::default() };
    let mut events = client.follow(query.clone());
    loop {
        match table::read(&client).await {
            Ok(read) => table.set(read),
            Err(error) => tracing::debug!(%error, "routes cannot be read"),
        }
        match tokio::time::timeout(TABLE, events.next()).await {
            Ok(None) => {
                tokio::time::sleep(FIGURES).await;
                events = client.follow(query.clone());
            }
            // Several changes of one moment are read once.
            Ok(Some(_)) => tokio::time::sleep(Duration::from_millis(200)).await,
            Err(_) => {}
        }
    }
}

/// Has figures brought up to date once a while.
async fn refresh(made: watch::Sender<u64>) {
    loop {
        tokio::time::sleep(FIGURES).await;
        made.send_modify(|made| *made += 1);
    }
}

/// A running hotspot. Dropped without [`HotspotHandle::stop`] it is cut off as by a crash, which the next start recovers from.
#[derive(Debug)]
pub struct HotspotHandle {
    operator: OperatorHandle<HotspotFigures>,
    hotspot: Address,
    udp: SocketAddr,
    /// The folder whose store was begun anew, although the hotspot ran there before.
    anew: Option<PathBuf>,
}

impl HotspotHandle {
    /// The hotspot's own address on the ledger.
    pub const fn hotspot(&self) -> Address {
        self.hotspot
    }

    /// The owner's address.
    pub const fn owner(&self) -> Address {
        self.operator.address()
    }

    /// Where its packet forwarder sends to.
    pub const fn udp(&self) -> SocketAddr {
        self.udp
    }

    /// The folder in which it began a new store although it ran there before; what the store before it held is not reported.
    pub fn began_anew(&self) -> Option<&Path> {
        self.anew.as_deref()
    }

    /// Base URL of its HTTP interface.
    pub fn url(&self) -> &str {
        self.operator.url()
    }

    /// What it says of itself now.
    pub fn status(&self) -> HotspotStatus {
        self.operator.status()
    }

    /// Waits until it is joined, located, and has gone through everything once.
    pub async fn ready(&self) {
        self.operator.ready().await;
    }

    /// Resolves with the reason when it cannot go on: a defect of this program.
    pub fn failed(&self) -> impl Future<Output = String> + Send + 'static + use<> {
        self.operator.failed()
    }

    /// Stops in order, within some seconds.
    pub async fn stop(self) {
        self.operator.stop().await;
    }
}
