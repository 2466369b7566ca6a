//! Starting, and stopping.

use crate::{
    config::Config,
    following, http,
    metrics::Metrics,
    node::{Core, Problems},
    outbox, sending,
    store::{Store, StoreError, reports},
};
use depin_client::{ACCESS_KEY_FILE, AccessKeyError, Client, Sender, SenderConfig, SigningKey, access_key};
use depin_quantity::{Address, Name};
use depin_serve::Listener;
use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};
use zeroize::Zeroizing;

/// Name of the store in the gateway's folder.
const STORE: &str = "metering.db";

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The access key cannot be used.
    #[error(transparent)]
    Key(#[from] AccessKeyError),
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
        "{path} {what}, although a gateway ran in this folder: the ids of its orders and the reports that wait to be sent would be \
         forgotten, and an order that is sent again would be opened a second time",
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

    /// What to do about it; empty when the error says that itself.
    pub fn hint(&self) -> String {
        match self {
            Self::Lost { path, .. } => {
                let name = path.file_name().unwrap_or_default().display();
                format!(
                    "put a copy of {name} back; or, where there is none, look with `depin metered orders` what is open and begin a \
                     new store on purpose with --new-store, which keeps what is left of the old one beside it"
                )
            }
            Self::Whole { .. } => "leave --new-store away; for a second gateway name another folder".to_owned(),
            _ => String::new(),
        }
    }
}

/// The metering gateway.
#[derive(Debug)]
pub struct Gateway;

/// A running gateway. Dropping it stops it at once, from which the next start recovers; [`Handle::stop`] does it in good order.
pub struct Handle {
    address: SocketAddr,
    key: Zeroizing<String>,
    customer: Address,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    loops: Vec<JoinHandle<()>>,
    store: Store,
    /// Held while the gateway runs.
    _lock: fs::File,
}

impl Gateway {
    /// Opens the folder, goes on with what is in it, and serves. `customer` opens orders and pays for them, `reporter` reports; each is
    /// best used by this gateway alone.
    ///
    /// # Errors
    /// [`GatewayError`]; nothing runs then.
    pub async fn start(
        config: Config,
        client: Client,
        chain_id: Name,
        customer: SigningKey,
        reporter: SigningKey,
    ) -> Result<Handle, GatewayError> {
        let lock = lock(&config)?;
        let store = open_store(&config, chain_id, customer.address())?;
        // After the store: so the key says that there was one.
        let key = access_key(&config.folder, "meter")?;
        let port = http::port();
        let metrics = Metrics::new(port.meters());
        let queued = store.run(reports::count_queued).await;
        metrics.set_queued(queued.map_err(|error| GatewayError::of_store(&config.folder.join(STORE), &error))?);
        let listen = config.listen;
        let error = |source| GatewayError::Listen { address: listen, source };
        let listener = Listener::bind(listen, config.tls.clone()).await.map_err(error)?;
        let address = listener.local_addr().map_err(error)?;
        let sender = SenderConfig { chain_id: Some(chain_id), ..SenderConfig::default() };
        let core = Arc::new(Core {
            reporter: Sender::with_config(client.clone(), reporter, sender),
            customer,
            chain_id,
            client,
            store,
            metrics,
            config,
            problems: Problems::default(),
            probed: tokio::sync::Mutex::new(None),
            reports: Notify::new(),
            actions: Notify::new(),
            decided: watch::Sender::new(0),
        });
        let (stop, stopping) = watch::channel(false);
        let (store, customer) = (core.store.clone(), core.customer.address());
        let server = tokio::spawn(http::serve(listener, port, Arc::clone(&core), &key, stopping));
        let loops = vec![
            tokio::spawn(sending::run(Arc::clone(&core))),
            tokio::spawn(outbox::run(Arc::clone(&core))),
            tokio::spawn(following::run(core)),
        ];
        tracing::info!(%address, %customer, "the metering gateway serves");
        Ok(Handle { address, key, customer, stop, server, loops, store, _lock: lock })
    }
}

/// Opens the folder's store, or makes it at the first start. One that was there and is not any more is not made anew silently.
fn open_store(config: &Config, chain: Name, customer: Address) -> Result<Store, GatewayError> {
    let path = config.folder.join(STORE);
    let folder = |source| GatewayError::Folder { path: config.folder.clone(), source };
    let used = config.folder.join(ACCESS_KEY_FILE).exists();
    let open = |used| Store::open(&path, chain, customer, used).map_err(|error| GatewayError::of_store(&path, &error));
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
    let lock = fs::File::create(path.join("lock")).map_err(error)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => Err(GatewayError::Busy { path }),
        Err(fs::TryLockError::Error(source)) => Err(error(source)),
    }
}

impl Handle {
    /// Address that is listened on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the founder's software shows.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Who opens orders and pays.
    pub const fn customer(&self) -> Address {
        self.customer
    }

    /// Resolves when it does not serve any more, a defect of this program, or when its store can write nothing any more.
    pub async fn failed(&self) -> String {
        while !self.server.is_finished() && self.loops.iter().all(|task| !task.is_finished()) {
            if let Some(why) = self.store.failed() {
                return why;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        "the metering gateway ended".to_owned()
    }

    /// Stops in good order: no new requests, running ones end (some seconds at most). What is queued waits for the next start.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        self.loops.iter().for_each(JoinHandle::abort);
        // A panic was reported where it happened.
        let _ = (&mut self.server).await;
        for task in &mut self.loops {
            let _ = task.await;
        }
        let store = self.store.clone();
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.server.abort();
        self.loops.iter().for_each(JoinHandle::abort);
    }
}
