//! Starting, asking and stopping a gateway.
//!
//! In: settings and the three ways to the outside (shards, market, clock). Out: an S3 endpoint, and a handle. One home belongs to one
//! running gateway.

use crate::{
    admin::{self, Admin},
    claims::Claims,
    clock::Clock,
    config::{Config, ConfigError},
    core::{Account, Core},
    crypt::MasterKey,
    directory::Directory,
    health::Health,
    keys::{self, KeyError},
    map::{Map, MapError, SegmentPins, tables},
    market::Market,
    proven::Proven,
    renewal::{RenewalReport, RenewalService},
    s3::Door,
    shards::Shards,
    spending::Spending,
    views::{self, FaultView, ObjectQuery, ObjectView, SegmentView, Status},
    writer::Writer,
};
use bytes::Bytes;
use depin_client::Keyring;
use depin_serve::{Limits, Listener, Port, Refusal};
use http_body_util::Full;
use hyper::{Request, Response, header};
use s3s::Body;
use std::{
    collections::HashMap,
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

/// Name of the master key in the home.
const MASTER_KEY: &str = "master.key";
/// Name of the map, and of the token for the gateway's own pages.
const MAP: &str = "meta.db";
const ADMIN_TOKEN: &str = "admin.token";
/// How long running requests may go on after a stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long uploads to providers may go on after a stop. Whoever waits for them hears then that nothing was stored.
const DRAIN: Duration = Duration::from_secs(30);

/// Why a gateway does not start or cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A secret file cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The home folder cannot be used.
    #[error("cannot use the gateway's home {path}: {source}", path = path.display())]
    Home {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another gateway runs in this home.
    #[error("another gateway uses {path}; stop it, or choose another home", path = path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The object map of before is not there any more, or cannot be read.
    #[error(
        "{path} {what}, although this gateway was used before: it is the map of everything stored here, and without it no object \
         can be found, read or renewed",
        path = path.display()
    )]
    Lost {
        /// The map's file.
        path: PathBuf,
        /// What is wrong with it: the rest of a sentence about it.
        what: String,
    },
    /// The object map failed.
    #[error("{0}")]
    Map(String),
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
    /// The error of a map that is lost from `folder`: `what` is the rest of a sentence about it.
    pub fn lost(folder: &Path, what: impl Into<String>) -> Self {
        Self::Lost { path: folder.join(MAP), what: what.into() }
    }

    /// What to do about it; empty when the error says that itself.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Lost { .. } => {
                "put a copy of it back, or of the whole folder; where there is none, --new-store begins an empty one on purpose: what was \
                 stored is not found again, and its deals are paid until they end"
            }
            _ => "",
        }
    }
}

impl From<MapError> for GatewayError {
    fn from(error: MapError) -> Self {
        Self::Map(error.to_string())
    }
}

/// The customer's S3 gateway.
pub struct Gateway;

/// A running gateway. Dropping it stops serving at once; [`Handle::stop`] does it in good order.
pub struct Handle {
    endpoint: String,
    address: SocketAddr,
    core: Arc<Core>,
    writer: Arc<Writer>,
    renewal: Arc<RenewalService>,
    stop: watch::Sender<bool>,
    server: Option<JoinHandle<()>>,
    keeping: Option<JoinHandle<()>>,
    /// Held while the gateway runs.
    _lock: fs::File,
}

impl Gateway {
    /// Opens the home, starts the renewal service and serves S3.
    ///
    /// # Errors
    /// [`GatewayError`]; nothing runs then.
    pub async fn start(
        config: Config,
        shards: Arc<dyn Shards>,
        market: Arc<dyn Market>,
        clock: Arc<dyn Clock>,
    ) -> Result<Handle, GatewayError> {
        config.check()?;
        let lock = lock_home(&config)?;
        let home = config.home.clone();
        let map = open_map(&config)?;
        let master = master_key(&home, &map, &config.keyring)?;
        let token = keys::secret(&home.join(ADMIN_TOKEN), true).map_err(KeyError::of_token)?;
        let directory = Directory::load(&map)?;
        let (spending, proven) = (Spending::load(&map, market.currency())?, Proven::load(&map)?);
        let (listen, tls) = (config.listen, config.tls.clone());
        let core = Arc::new(Core {
            map,
            master,
            shards,
            market,
            clock,
            directory,
            config,
            health: Health::default(),
            pins: SegmentPins::default(),
            claims: Claims::default(),
            account: Mutex::new(Account::default()),
            spending,
            proven,
            noted: Mutex::new(HashMap::new()),
        });
        let writer = Writer::new(core.clone())?;
        let renewal = Arc::new(RenewalService::new(core.clone(), writer.clone()));
        let listen_error = |source| GatewayError::Listen { address: listen, source };
        let listener = Listener::bind(listen, tls).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let endpoint = listener.url().map_err(listen_error)?;

        // Providers may have moved while nobody looked; reads ask where they were.
        let learning = core.clone();
        tokio::spawn(async move {
            if let Err(error) = learning.directory.look(&learning.map, learning.market.as_ref(), &learning.proven.all()).await {
                tracing::debug!(%error, "where providers are now is learnt with the next question to the market");
            }
        });
        let (stop, stopped) = watch::channel(false);
        let s3 = Door::new(&core, &writer);
        let token = blake3::hash(hex::encode(token.as_slice()).as_bytes());
        let port = port();
        let (own, meters) = (endpoint.clone(), port.meters());
        let admin = Arc::new(Admin::new(core.clone(), renewal.clone(), own, token, meters));
        let server = tokio::spawn(serve(listener, port, s3, admin, stopped.clone()));
        let keeping = core.config.renewal.automatic.then(|| {
            let renewal = renewal.clone();
            tokio::spawn(async move { renewal.run(stopped).await })
        });
        tracing::info!(endpoint, home = %home.display(), "the S3 gateway serves");
        Ok(Handle { endpoint, address, core, writer, renewal, stop, server: Some(server), keeping, _lock: lock })
    }
}

/// Opens the home's map, or makes it at the first start. The master key and the admin token are made after it, so each says that there
/// was one.
fn open_map(config: &Config) -> Result<Map, GatewayError> {
    let path = config.home.join(MAP);
    let used = [MASTER_KEY, ADMIN_TOKEN].iter().any(|made| config.home.join(made).exists());
    let open = |used| {
        Map::open(&path, used).map_err(|error| match error.lost(&path) {
            Some((path, what)) => GatewayError::Lost { path, what },
            None => error.into(),
        })
    };
    match open(used) {
        Err(GatewayError::Lost { .. }) if config.new_store => {
            let failed = |source| GatewayError::Home { path: config.home.clone(), source };
            let aside = depin_files::set_database_aside(&path).map_err(failed)?;
            tracing::warn!(aside = %aside.display(), "begins a new object map; what is left of the one before is kept");
            open(false)
        }
        opened => opened,
    }
}

/// Reads the master key, which must be the one that the map was begun with: another one reads nothing of what is stored, and what it
/// wrote would be lost with it.
fn master_key(home: &Path, map: &Map, keyring: &Keyring) -> Result<MasterKey, GatewayError> {
    let (totals, newest) = map.read_now(|db| Ok((tables::show::totals(db)?, tables::newest_key(db)?)))?;
    let path = home.join(MASTER_KEY);
    // A new key for old data would be a loss that shows only on reading.
    let key = MasterKey::new(keys::master(&path, totals.segments == 0, keyring)?);
    match newest {
        Some(wrapped) if key.open(&wrapped).is_err() => Err(KeyError::Foreign { path }.into()),
        _ => Ok(key),
    }
}

fn lock_home(config: &Config) -> Result<fs::File, GatewayError> {
    let path = config.home.clone();
    let error = |source| GatewayError::Home { path: config.home.clone(), source };
    fs::create_dir_all(&path).map_err(error)?;
    let lock = fs::File::create(path.join("lock")).map_err(error)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => Err(GatewayError::Busy { path }),
        Err(fs::TryLockError::Error(source)) => Err(error(source)),
    }
}

/// What the gateway's port allows. An upload or a download may use files and connections of its own.
fn port() -> Arc<Port> {
    let limits = Limits {
        files_each: 2,
        body_idle_time: Duration::from_secs(60),
        buffer_bytes: 1 << 20,
        stop_time: GRACE,
        open_paths: admin::OPEN_PATHS,
        ..Limits::default()
    };
    Port::new("s3", limits, refuse)
}

/// A refusal as S3 says it.
fn refuse(refusal: Refusal) -> Response<Full<Bytes>> {
    let code = match refusal {
        Refusal::Busy | Refusal::Unread | Refusal::Late => "SlowDown",
        Refusal::Slow | Refusal::Silent => "RequestTimeout",
        Refusal::Broken => "IncompleteBody",
        Refusal::Bug => "InternalError",
    };
    let (message, hint) = (refusal.message(), refusal.hint());
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}; {hint}</Message></Error>"
    );
    let mut response = Response::new(Full::new(Bytes::from(xml)));
    *response.status_mut() = refusal.status();
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/xml"));
    response
}

async fn serve(listener: Listener, port: Arc<Port>, s3: Door, admin: Arc<Admin>, mut stop: watch::Receiver<bool>) {
    let service = tower::service_fn(move |request: Request<depin_serve::Body>| {
        let (s3, admin) = (s3.clone(), admin.clone());
        async move {
            let request = request.map(Body::http_body_unsync);
            if admin::is_admin(request.uri().path()) {
                return Ok::<_, s3s::HttpError>(admin.answer(request).await);
            }
            s3.answer(request).await
        }
    });
    // A vanished sender means the same.
    let stopped = async move { drop(stop.wait_for(|stop| *stop).await) };
    depin_serve::serve(listener, service, port, stopped).await;
}

impl Handle {
    /// URL of the S3 endpoint.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The gateway's state.
    ///
    /// # Errors
    /// [`GatewayError::Map`] when the object map cannot be read; so do all the following.
    pub async fn status(&self) -> Result<Status, GatewayError> {
        Ok(views::status(&self.core, &self.endpoint, self.renewal.late()).await?)
    }

    /// Objects with how well they are secured, how long they are paid and how long the funds last.
    ///
    /// # Errors
    /// As [`Handle::status`].
    pub async fn objects(&self, query: ObjectQuery) -> Result<Vec<ObjectView>, GatewayError> {
        Ok(views::objects(&self.core, query).await?)
    }

    /// Segments above `after` and where their shards lie; those of one object (bucket, key) when it is named.
    ///
    /// # Errors
    /// As [`Handle::status`], and when there is no such object.
    pub async fn segments(
        &self,
        of: Option<(String, String)>,
        after: i64,
        limit: Option<usize>,
    ) -> Result<Vec<SegmentView>, GatewayError> {
        Ok(views::segments(&self.core, of, after, limit).await?)
    }

    /// Faults of providers, newest first.
    ///
    /// # Errors
    /// As [`Handle::status`].
    pub async fn faults(&self, limit: Option<usize>) -> Result<Vec<FaultView>, GatewayError> {
        Ok(views::faults(&self.core, limit).await?)
    }

    /// One tick of the renewal service, now; waits for one that is under way.
    pub async fn keep(&self) -> RenewalReport {
        self.renewal.tick().await
    }

    /// Resolves with the reason when the gateway can write nothing any more.
    pub fn failed(&self) -> impl Future<Output = String> + Send + use<> {
        self.core.map.failed()
    }

    /// Stops in good order: no new connections, running requests end (10 s at most), waiting tails are stored (30 s at most), rounds of the
    /// renewal service end, the map is closed. What is not done by then is ended as by a kill.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let end = Instant::now() + DRAIN;
        // Uploads wait for their tails, so those are stored before the requests are waited for.
        let drained = timeout_at(end, self.writer.drain()).await.is_ok();
        let end = end.min(Instant::now() + GRACE) + Duration::from_secs(1);
        for mut task in [self.server.take(), self.keeping.take()].into_iter().flatten() {
            if timeout_at(end, &mut task).await.is_err() {
                tracing::warn!("something did not end in time and is ended as by a kill");
                task.abort();
                let _ = task.await;
            }
        }
        self.renewal.abort();
        if drained {
            let _ = timeout_at(end, self.writer.drain()).await;
        }
        let core = self.core.clone();
        let _ = tokio::task::spawn_blocking(move || core.map.close()).await;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        for task in [self.server.take(), self.keeping.take()].into_iter().flatten() {
            task.abort();
        }
        self.renewal.abort();
    }
}
