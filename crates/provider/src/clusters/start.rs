//! A device's daemon as a whole: its store, its solver, its nodes, its duty and its interface, put together and started.

use super::{
    address::tunnel_of,
    answer::Solver,
    checker::Checker,
    config::ClusterConfig,
    duty::{ClusterDuty, SharedImage},
    host::{Host, SharedNode, Wish},
    http::Door,
    status::{ClusterFigures, ClusterStatus},
    store::{Store, StoreError},
};
use crate::operator::{Operator, OperatorConfig, OperatorHandle, StartError};
use depin_client::{Client, SigningKey};
use depin_cluster::Clusters;
use depin_quantity::{Address, Name, UnitId};
use futures::{FutureExt as _, future::BoxFuture};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch};

/// Nodes of one device: that of its hire.
const NODES_MAX: usize = 1;

/// Why a device's daemon does not start.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// As any operator.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Its store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The port of its tunnels.
    #[error(
        "cannot listen on {address} for tunnels, which is the port after the URL's: {source}; use another port, or name one by --tunnels"
    )]
    Tunnels {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// A device's daemon; see [`ClusterDevice::start`].
#[derive(Debug)]
pub struct ClusterDevice;

impl ClusterDevice {
    /// Serves its interface and its tunnels, goes on with what was begun, and starts to follow the ledger. Returns when the interface answers;
    /// [`ClusterHandle::ready`] waits for the rest, which goes on trying while the ledger's node is away.
    ///
    /// A machine that cannot run nodes is a device all the same, and not for hire: [`ClusterHandle::cannot`] says why.
    ///
    /// # Errors
    /// [`DeviceError`]; then nothing runs.
    pub async fn start(config: ClusterConfig, client: Client, key: SigningKey) -> Result<ClusterHandle, DeviceError> {
        let device = config.device(key.address());
        let store = Store::open(&config.folder, device)?;
        let chain = config.operator.chain(&client).await.map_err(StartError::from)?;
        let own = OperatorConfig { chain_id: Some(chain), ..config.operator.clone() };
        let operator = Operator::<ClusterFigures>::bind(own, client, key.clone()).await?;
        let url = operator.url().to_owned();
        let (clusters, cannot) = match nodes(&config, &url, &key, chain).await {
            Ok(clusters) => (Some(clusters), None),
            Err(why) => (None, Some(why)),
        };
        let tunnels = match &clusters {
            Some(_) => Some(listen(&config, &url).await?),
            None => None,
        };
        let (node, image, bench) = (SharedNode::default(), SharedImage::default(), Arc::default());
        let (sought, wish, changes) = (watch::Sender::new(None), watch::Sender::new(Wish::default()), watch::Sender::new(0));
        let door = Arc::new(Door {
            key,
            device,
            profile: config.profile,
            tunnel: tunnel_of(&url).ok().filter(|_| clusters.is_some()),
            cannot: cannot.clone(),
            clusters: clusters.clone(),
            node: Arc::clone(&node),
            image: Arc::clone(&image),
            store: store.clone(),
            changes: changes.clone(),
        });
        let host = Host {
            clusters: clusters.clone(),
            store: store.clone(),
            wish: wish.subscribe(),
            shown: Arc::clone(&node),
            changes: changes.clone(),
        };
        let solver = Solver {
            device,
            store: store.clone(),
            checker: checker(&config),
            sought: sought.subscribe(),
            changes: changes.clone(),
            bench,
        };
        let mut helpers: Vec<BoxFuture<'static, ()>> =
            vec![host.run().boxed(), solver.run().boxed(), ticking(changes.clone(), config.tick).boxed()];
        if let (Some(clusters), Some(tunnels)) = (clusters, tunnels) {
            helpers.push(async move { clusters.serve_tunnels(tunnels, std::future::pending()).await }.boxed());
        }
        let can_run = cannot.is_none();
        let duty = ClusterDuty { config, url, device, can_run, store, node, image, sought, wish, changes };
        let operator = operator.start(duty, door.routes(), helpers);
        Ok(ClusterHandle { operator, device, cannot })
    }
}

/// The checker that the owner named, or what to do about none.
fn checker(config: &ClusterConfig) -> Result<Checker, String> {
    let none = "no checker was named, and without its word no hour is passed: name its URL with --checker";
    let url = config.checker.as_deref().ok_or_else(|| none.to_owned())?;
    Checker::new(url, &config.trust).map_err(|error| error.to_string())
}

/// What runs nodes here, or why nothing does.
async fn nodes(config: &ClusterConfig, url: &str, key: &SigningKey, chain: Name) -> Result<Clusters, String> {
    tunnel_of(url).map_err(|error| error.to_string())?;
    // A name of its own among all of the machine: two owners may call their devices alike.
    let device = config.device(key.address()).to_string();
    let provider = format!("device-{}", device.chars().take(24).collect::<String>());
    let provider = depin_sandbox::Name::new(provider).map_err(|error| error.to_string())?;
    let settings = depin_cluster::Config {
        key: key.clone(),
        chain,
        provider,
        state: config.folder.join("nodes"),
        slots: config.slots.clone(),
        python: config.python.clone(),
        nodes_max: NODES_MAX,
    };
    Clusters::open(settings).await.map_err(|error| error.to_string())
}

/// Listens for tunnels: where the owner said, else at the interface's address and the port after its URL's.
async fn listen(config: &ClusterConfig, url: &str) -> Result<TcpListener, DeviceError> {
    let port = tunnel_of(url).ok().and_then(|tunnel| tunnel.rsplit_once(':')?.1.parse::<u16>().ok());
    let own = SocketAddr::new(config.operator.listen.ip(), port.unwrap_or(0));
    let address = config.tunnels.unwrap_or(own);
    TcpListener::bind(address).await.map_err(|source| DeviceError::Tunnels { address, source })
}

/// Has time noticed: hours open by the ledger's time, which passes without events of the device.
async fn ticking(changes: watch::Sender<u64>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        changes.send_modify(|n| *n += 1);
    }
}

/// A running device. Dropped without [`ClusterHandle::stop`] it is cut off as by a crash, which the next start recovers from.
#[derive(Debug)]
pub struct ClusterHandle {
    operator: OperatorHandle<ClusterFigures>,
    device: UnitId,
    cannot: Option<String>,
}

impl ClusterHandle {
    /// Its owner's address on the ledger.
    pub const fn address(&self) -> Address {
        self.operator.address()
    }

    /// Its id on the ledger.
    pub const fn device(&self) -> UnitId {
        self.device
    }

    /// Why it can run no nodes, and is not for hire; none where it can.
    pub fn cannot(&self) -> Option<&str> {
        self.cannot.as_deref()
    }

    /// Base URL under which hirers and the checker reach it.
    pub fn url(&self) -> &str {
        self.operator.url()
    }

    /// What it says of itself now.
    pub fn status(&self) -> ClusterStatus {
        self.operator.status()
    }

    /// Waits until it is registered and has gone through everything once. Goes on waiting while there are problems;
    /// [`ClusterHandle::status`] names them.
    pub async fn ready(&self) {
        self.operator.ready().await;
    }

    /// Resolves with the reason when it cannot go on: a defect of this program.
    pub fn failed(&self) -> impl Future<Output = String> + Send + 'static + use<> {
        self.operator.failed()
    }

    /// Stops in order, within some seconds. An answer that is being computed is begun anew by the next start; nodes go on.
    pub async fn stop(self) {
        self.operator.stop().await;
    }
}
