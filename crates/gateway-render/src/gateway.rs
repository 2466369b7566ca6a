//! Starting, and stopping.

use crate::{
    board::Board,
    config::Config,
    desk::{Desk, Errands},
    http, round,
    scenes::Files,
    store::{Store, StoreError},
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
use tokio::{sync::watch, task::JoinHandle};
use zeroize::Zeroizing;

/// Name of the store in the dispatcher's folder.
pub(crate) const STORE: &str = "rendering.db";

/// Why a dispatcher does not start.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The access key cannot be used.
    #[error(transparent)]
    Key(#[from] AccessKeyError),
    /// The folder cannot be used.
    #[error("cannot use the dispatcher's folder {path}: {source}", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another dispatcher runs in this folder.
    #[error("another dispatcher uses {path}; stop it, or choose another folder", path = path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The store of before is not there any more, or cannot be read.
    #[error(
        "{path} {what}, although a dispatcher ran in this folder: the secrets of its open jobs would be forgotten, and whoever cannot \
         open a secret in time loses the bond of its job",
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
                    "put a copy of {name} back; or, where there is none, look with `depin render jobs` what is open and begin a new store on \
                     purpose with --new-store, which keeps what is left of the old one beside it"
                )
            }
            Self::Whole { .. } => "leave --new-store away; for a second dispatcher name another folder".to_owned(),
            _ => String::new(),
        }
    }
}

/// The dispatcher.
#[derive(Debug)]
pub struct Gateway;

/// A running dispatcher. Dropping it stops it at once, from which the next start recovers; [`Handle::stop`] does it in good order.
pub struct Handle {
    address: SocketAddr,
    key: Zeroizing<String>,
    dispatcher: Address,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    looks: JoinHandle<()>,
    store: Store,
    /// Held while the dispatcher runs.
    _lock: fs::File,
}

impl Gateway {
    /// Opens the folder, goes on with what is in it, and serves. `key` is the account that jobs name as their dispatcher; it pays the fees
    /// of what it sends, and is best used by this dispatcher alone.
    ///
    /// # Errors
    /// [`GatewayError`]; nothing runs then.
    pub async fn start(config: Config, client: Client, chain_id: Name, key: SigningKey) -> Result<Handle, GatewayError> {
        let lock = lock(&config)?;
        let dispatcher = key.address();
        let store = open_store(&config, chain_id, dispatcher)?;
        // After the store: so the key says that there was one.
        let access = access_key(&config.folder, "render")?;
        let folder = |source| GatewayError::Folder { path: config.folder.clone(), source };
        let files = Files::open(&config.folder, config.scene_most, config.floor.clone()).map_err(folder)?;
        let listen = config.listen;
        let error = |source| GatewayError::Listen { address: listen, source };
        let listener = Listener::bind(listen, config.tls.clone()).await.map_err(error)?;
        let address = listener.local_addr().map_err(error)?;
        let sender = SenderConfig { chain_id: Some(chain_id), ..SenderConfig::default() };
        let desk = Arc::new(Desk {
            sender: Sender::with_config(client.clone(), key.clone(), sender),
            key: Arc::new(key),
            config,
            client,
            chain_id,
            store: store.clone(),
            files,
            board: Board::default(),
            uploads: Arc::default(),
            errands: Errands::default(),
        });
        let (stop, stopping) = watch::channel(false);
        let server = tokio::spawn(http::serve(listener, Arc::clone(&desk), &access, stopping));
        let looks = tokio::spawn(round::run(desk));
        tracing::info!(%address, %dispatcher, "the dispatcher serves");
        Ok(Handle { address, key: access, dispatcher, stop, server, looks, store, _lock: lock })
    }
}

/// Opens the folder's store, or makes it at the first start. One that was there and is not any more is not made anew silently.
fn open_store(config: &Config, chain: Name, dispatcher: Address) -> Result<Store, GatewayError> {
    let path = config.folder.join(STORE);
    let folder = |source| GatewayError::Folder { path: config.folder.clone(), source };
    let used = config.folder.join(ACCESS_KEY_FILE).exists();
    let open = |used| Store::open(&path, chain, dispatcher, used).map_err(|error| GatewayError::of_store(&path, &error));
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

impl Handle {
    /// Address that is listened on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the artist's tools show.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The account that jobs name as their dispatcher.
    pub const fn dispatcher(&self) -> Address {
        self.dispatcher
    }

    /// Resolves when it does not serve any more, a defect of this program, or when its store can write nothing any more.
    pub async fn failed(&self) -> String {
        while !self.server.is_finished() && !self.looks.is_finished() {
            if let Some(why) = self.store.failed() {
                return why;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        "the dispatcher ended".to_owned()
    }

    /// Stops in good order: no new requests, running ones end (some seconds at most). Frames that are out wait for the next start.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        self.looks.abort();
        // A panic was reported where it happened.
        let _ = (&mut self.server).await;
        let _ = (&mut self.looks).await;
        let store = self.store.clone();
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.server.abort();
        self.looks.abort();
    }
}
