//! A provider of leases as a whole: its rooms, its ingress, its duty and its interface, put together and started.

use super::{
    availability::Tally,
    config::LeasingConfig,
    counter::Counter,
    desk::{Desk, Standing},
    duty::LeasingDuty,
    gateway::{self, Door, Gateway, LedgerGenerations},
    hosts::Proofs,
    images::Images,
    report::{self, Report, Shared},
    rooms::Rooms,
    status::{LeasingFigures, LeasingStatus},
    store::{Store, StoreError},
    workload::Ground,
};
use crate::operator::{Operator, OperatorConfig, OperatorHandle, Routes, StartError};
use depin_client::{Client, SigningKey, lease::CertificateError};
use depin_files::Floor;
use depin_quantity::Address;
use depin_sandbox::{Ingress, IngressError, RuntimeError, Supervisor};
use futures::{FutureExt as _, future::BoxFuture};
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch};

/// The file in a provider's folder that says whose host names are.
const HOSTS_FILE: &str = "hosts.json";
/// The folder of images that tenants pushed.
const PUSHED_FOLDER: &str = "pushed";

/// Why a provider of leases does not start.
#[derive(Debug, thiserror::Error)]
pub enum LeasingError {
    /// As any operator.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Its store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The owners of host names.
    #[error(transparent)]
    Hosts(#[from] IngressError),
    /// The client that looks at proofs of host names.
    #[error("cannot look at proofs of host names: {0}")]
    Proofs(#[from] reqwest::Error),
    /// The names in its URL, for which it makes a certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Its ingress.
    #[error(
        "cannot listen for HTTP of tenants' services on {address}: {source}; choose another port with --ingress, or 0 for a free one"
    )]
    Ingress {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// A provider of leases; see [`LeasingDaemon::start`].
#[derive(Debug)]
pub struct LeasingDaemon;

impl LeasingDaemon {
    /// Serves gateway, HTTP interface and ingress, goes on with what runs for leases that it knows, and starts to follow the ledger. Returns
    /// when the ports answer; [`LeasingHandle::ready`] waits for the rest, which goes on trying while node or runtime are away.
    ///
    /// # Errors
    /// [`LeasingError`]; then nothing runs that did not before.
    pub async fn start(config: LeasingConfig, client: Client, key: SigningKey) -> Result<LeasingHandle, LeasingError> {
        let store = Store::begin(&config.folder, key.address(), config.new_store)?;
        let ingress = Arc::new(Ingress::open(config.folder.join(HOSTS_FILE))?);
        let refused = |source| LeasingError::Ingress { address: config.ingress, source };
        let listener = TcpListener::bind(config.ingress).await.map_err(refused)?;
        let reached = listener.local_addr().map_err(refused)?;
        let ground = Ground { domain: config.domain.clone(), images: config.images.clone(), ..Ground::default() };
        let pushed = Images::new(config.folder.join(PUSHED_FOLDER), Floor::new(&config.folder, None));
        let supervisor = Supervisor::new(Arc::clone(&config.runtime), config.supervision);
        supervisor.count_on(Report::restarts(&config.folder, key.address()));
        let chain = config.operator.chain(&client).await.map_err(StartError::from)?;
        let names = (config.blocked.clone(), Proofs::new(&config.host_names, chain, key.address())?);
        let rooms = Rooms::open(supervisor.clone(), Arc::clone(&ingress), ground, pushed, names, store).await.map(Arc::new)?;
        let (gateway, url) = open_gateway(&config.operator, &key).await?;
        let own =
            OperatorConfig { listen: config.status, url: Some(url), tls: None, chain_id: Some(chain), ..config.operator.clone() };
        let operator = Operator::<LeasingFigures>::bind(own, client.clone(), key.clone()).await?;
        gateway.port().meters().register(operator.metrics().registry().sub_registry_with_prefix("gateway"));
        let standing: Arc<Mutex<Standing>> = Arc::default();
        let tally: Arc<Tally> = Arc::default();
        let shared: Shared = Arc::default();
        let desk: Arc<dyn Desk> = Arc::new(Counter {
            client: client.clone(),
            provider: operator.address(),
            rooms: Arc::clone(&rooms),
            tally: Arc::clone(&tally),
            key,
            chain,
            standing: Arc::clone(&standing),
            ingress_port: reached.port(),
            public: config.public,
        });
        let door = Door::new(Arc::clone(&desk), Arc::new(LedgerGenerations::new(client.clone())), chain);
        let (ticks, tick) = watch::channel(0);
        let (folder, every) = (config.folder.clone(), config.tick);
        let duty = LeasingDuty {
            url: operator.url().to_owned(),
            client,
            rooms: Arc::clone(&rooms),
            tally,
            standing,
            report: Arc::clone(&shared),
            tick,
            config,
        };
        let asked = Arc::clone(&rooms);
        let routes = Routes {
            health: Box::new(move || {
                let trouble = asked.trouble().map(|why| ("runtime", why));
                async { Ok(trouble.into_iter().collect()) }.boxed()
            }),
            ..Routes::none()
        };
        let helpers: Vec<BoxFuture<'static, ()>> = vec![
            Arc::clone(&rooms).run().boxed(),
            ingress.serve(listener).boxed(),
            gateway.serve(door, std::future::pending()).boxed(),
            report::write(folder, shared, rooms).boxed(),
            ticking(ticks, every).boxed(),
        ];
        let operator = operator.start(duty, routes, helpers);
        Ok(LeasingHandle { operator, desk, supervisor, ingress: reached })
    }
}

/// The gateway, and its URL: always TLS, by the certificate that was given or by one that the provider's own key signs.
async fn open_gateway(config: &OperatorConfig, key: &SigningKey) -> Result<(Gateway, String), LeasingError> {
    let address = config.listen;
    let refused = |source| StartError::Listen { address, source };
    let typed = config.url.as_deref().map(|url| url.trim_end_matches('/'));
    if typed.is_none() && address.ip().is_unspecified() {
        return Err(StartError::Url { address }.into());
    }
    let tls = match &config.tls {
        Some(tls) => tls.clone(),
        None => gateway::own_tls(key, &names(typed, address))?,
    };
    let gateway = Gateway::bind(address, Some(tls)).await.map_err(refused)?;
    let url = match typed {
        Some(url) => url.strip_prefix("http://").map_or_else(|| url.to_owned(), |rest| format!("https://{rest}")),
        None => gateway.url().map_err(refused)?,
    };
    Ok((gateway, url))
}

/// The names that tenants may reach a gateway by: the host of its URL, and the address that it listens on.
fn names(url: Option<&str>, listen: SocketAddr) -> Vec<String> {
    let host = url.and_then(|url| reqwest::Url::parse(url).ok()?.host_str().map(|host| host.trim_matches(['[', ']']).to_owned()));
    let own = (!listen.ip().is_unspecified()).then(|| listen.ip().to_string());
    let mut names: Vec<String> = host.into_iter().chain(own).collect();
    names.dedup();
    names
}

/// Has time noticed.
async fn ticking(ticks: watch::Sender<u64>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        ticks.send_modify(|ticks| *ticks += 1);
    }
}

/// A running provider of leases. Dropped without [`LeasingHandle::stop`] it is cut off as by a crash, which the next start recovers from.
pub struct LeasingHandle {
    operator: OperatorHandle<LeasingFigures>,
    desk: Arc<dyn Desk>,
    supervisor: Supervisor,
    ingress: SocketAddr,
}

impl LeasingHandle {
    /// Its address on the ledger.
    pub const fn address(&self) -> Address {
        self.operator.address()
    }

    /// Base URL under which tenants reach it.
    pub fn url(&self) -> &str {
        self.operator.url()
    }

    /// Where HTTP for its tenants' services comes in.
    pub const fn ingress(&self) -> SocketAddr {
        self.ingress
    }

    /// What tenants may ask of it.
    pub fn desk(&self) -> Arc<dyn Desk> {
        Arc::clone(&self.desk)
    }

    /// What it says of itself now.
    pub fn status(&self) -> LeasingStatus {
        self.operator.status()
    }

    /// Waits until it is registered and has gone through everything once. Goes on waiting while there are problems;
    /// [`LeasingHandle::status`] names them.
    pub async fn ready(&self) {
        self.operator.ready().await;
    }

    /// Resolves with the reason when it cannot go on: a defect of this program.
    pub fn failed(&self) -> impl Future<Output = String> + Send + 'static + use<> {
        self.operator.failed()
    }

    /// Stops in order, within some seconds. What runs for tenants goes on without it, as after a crash, and the next start takes it over.
    pub async fn stop(self) {
        self.operator.stop().await;
    }

    /// Stops, and leaves no container and no network on the machine. Volumes stay; the next start brings the services up again.
    ///
    /// # Errors
    /// The runtime's; what was left then is found again by the next start.
    pub async fn suspend(self) -> Result<(), RuntimeError> {
        self.operator.stop().await;
        self.supervisor.suspend().await
    }
}

impl std::fmt::Debug for LeasingHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LeasingHandle").field("operator", &self.operator).field("ingress", &self.ingress).finish_non_exhaustive()
    }
}
