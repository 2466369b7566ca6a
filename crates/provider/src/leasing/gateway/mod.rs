//! What tenants reach over HTTP: upstream's gateway (`akash-network/provider`, `gateway/rest`), in front of a [`Desk`].
//!
//! In: requests with a token of the tenant's. Out: what the desk says, in upstream's JSON; logs, events and shells over WebSockets. Called by
//! tenants' clients. Absent on purpose: containers and the ledger; the desk knows them.
//!
//! | request | scope | answers |
//! |---|---|---|
//! | `GET /version`, `/address`, `/status` | none | who this is, what it has |
//! | `PUT /deployment/{dseq}/manifest` | `send-manifest` | takes a manifest; 422 when it is none, or not the one on the ledger |
//! | `PUT /lease/{dseq}/{gseq}/{oseq}/image` | `send-manifest` | takes a part of an OCI archive: `name`, `at` which byte, `of` how many. Not upstream's |
//! | `PUT /lease/{dseq}/{gseq}/{oseq}/availability` | `status` | signs what the tenant signed of a period's availability. Not upstream's |
//! | `GET /lease/{dseq}/{gseq}/{oseq}/manifest` | `get-manifest` | what was taken |
//! | `GET …/status` | `status` | how all services are, and where they are reached |
//! | `GET …/service/{name}/status` | any | how one is |
//! | `GET …/kubeevents` (WebSocket) | `events` | each replica's state, and with `follow` its changes |
//! | `GET …/logs` (WebSocket) | `logs` | lines, by `service`, `tail`, `follow` |
//! | `GET …/shell` (WebSocket) | `shell` | a command: `cmd0`, `cmd1`…, `service`, `podIndex`, `tty`, `stdin` |
//!
//! Who asks is the issuer of its token, or somebody whom the issuer gave one: a lease is always one of the issuer's own. Upstream also knows
//! tenants by certificates (mTLS); here tokens are the one way. Errors are `{"error":{"code","message","hint"}}`; upstream writes plain text.
//! `/status` is upstream's, not an operator's own: [`routes`] are for a port of their own ([`limits`], [`Gateway::bind`]), [`tenant_routes`]
//! for an operator's port, which has a status of its own.

mod answers;
mod entry;
mod error;
mod events;
mod generations;
mod logs;
mod query;
mod shell;
mod status;
mod streams;

pub use generations::{Generations, LedgerGenerations};

use super::Desk;
use crate::{
    clock::{Clock, SystemClock},
    operator::ApiError,
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    routing::{any, get, post, put},
};
use depin_client::{
    SigningKey,
    lease::{CertificateError, OwnCertificate},
};
use depin_quantity::Name;
use depin_serve::{Limits, Listener, Port, Tls, json, serve};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use streams::Streams;

/// Longest manifest, in bytes; a deployment file has as many at most.
pub const MANIFEST_BYTES_MAX: usize = 1 << 20;
/// Most bytes of a part of an image: as much as is read ahead.
pub const IMAGE_PART_BYTES_MAX: usize = MANIFEST_BYTES_MAX;
/// Most WebSockets of one lease at once,
pub const STREAMS_PER_LEASE: usize = 16;
/// and of all leases.
pub const STREAMS_MAX: usize = 768;

/// What a gateway works with.
pub struct Door {
    /// Whoever runs the leases.
    pub desk: Arc<dyn Desk>,
    /// Who knows which tokens were taken back.
    pub generations: Arc<dyn Generations>,
    /// The chain whose accounts tenants are.
    pub chain: Name,
    /// The time by which tokens are good.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("chain", &self.chain).finish_non_exhaustive()
    }
}

impl Door {
    /// A door of this machine's clock.
    pub fn new(desk: Arc<dyn Desk>, generations: Arc<dyn Generations>, chain: Name) -> Self {
        Self { desk, generations, chain, clock: Arc::new(SystemClock) }
    }
}

/// What handlers share.
struct Shared {
    door: Door,
    streams: Streams,
}

type State = axum::extract::State<Arc<Shared>>;

/// What tenants ask for, to be served beside an operator's own paths: all but `/status` and `/health`, and no answers for other paths.
pub fn tenant_routes(door: Door) -> Router {
    of(Arc::new(Shared { door, streams: Streams::new(STREAMS_PER_LEASE, STREAMS_MAX) }))
}

/// The gateway's routes with answers for all other paths, for a port of its own.
pub fn routes(door: Door) -> Router {
    let shared = Arc::new(Shared { door, streams: Streams::new(STREAMS_PER_LEASE, STREAMS_MAX) });
    let own = Router::new().route("/status", get(answers::status)).with_state(Arc::clone(&shared));
    of(shared)
        .merge(own)
        .route("/health", get(|| async { "well" }))
        .fallback(|| async {
            let hint = "see /version, /address, /status, /deployment/N/manifest and /lease/N/GROUP/ORDER/…";
            ApiError::new(StatusCode::NOT_FOUND, "no-route", "there is nothing at this path", hint)
        })
        .method_not_allowed_fallback(|| async {
            let hint = "manifests are PUT, all else is read with GET";
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "no-method", "this path does not take this method", hint)
        })
}

fn of(shared: Arc<Shared>) -> Router {
    const LEASE: &str = "/lease/{dseq}/{gseq}/{oseq}";
    let of_lease = |rest: &str| format!("{LEASE}/{rest}");
    Router::new()
        .route("/version", get(answers::version))
        .route("/address", get(answers::address))
        .route("/deployment/{dseq}/manifest", put(answers::take_manifest))
        .route(&of_lease("manifest"), get(answers::manifest))
        .route(&of_lease("image"), put(answers::take_image))
        .route(&of_lease("availability"), put(answers::report))
        .route(&of_lease("status"), get(answers::lease_status))
        .route(&of_lease("service/{service}/status"), get(answers::service_status))
        .route(&of_lease("kubeevents"), get(events::serve))
        .route(&of_lease("logs"), get(logs::serve))
        .route(&of_lease("shell"), any(shell::serve))
        .route("/hostname/migrate", post(answers::no_migration))
        .route("/endpoint/migrate", post(answers::no_migration))
        .layer(DefaultBodyLimit::max(MANIFEST_BYTES_MAX))
        .with_state(shared)
}

/// What the gateway's port allows.
pub fn limits() -> Limits {
    Limits {
        connections: 1_024,
        body_ahead_bytes: MANIFEST_BYTES_MAX,
        bodies_bytes: 32 << 20,
        requests: 256,
        // A manifest may be taken for so long, as upstream has it.
        answer_time: Some(Duration::from_secs(120)),
        open_paths: &["/health"],
        ..Limits::default()
    }
}

/// TLS 1.3 with a certificate that the provider's own key signs, for these host names and addresses: tenants know the key by the account.
///
/// # Errors
/// [`CertificateError`] for what is no host name.
pub fn own_tls(key: &SigningKey, names: &[String]) -> Result<Tls, CertificateError> {
    let OwnCertificate { certificate, key } = OwnCertificate::make(key, names)?;
    Ok(Tls::made(certificate, &key).expect("the certificate was made with this key"))
}

/// A gateway that listens and answers nothing yet.
#[derive(Debug)]
pub struct Gateway {
    listener: Listener,
    port: Arc<Port>,
}

impl Gateway {
    /// Listens. Without TLS only on this machine's own addresses, since tokens and secrets would be seen on the way.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::InvalidInput`] for plain HTTP where others could reach it.
    pub async fn bind(listen: SocketAddr, tls: Option<Tls>) -> io::Result<Self> {
        if tls.is_none() && !listen.ip().is_loopback() {
            let why = "plain HTTP would show tokens and secrets on the way; give the gateway TLS, or let it listen on 127.0.0.1";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Ok(Self { listener: Listener::bind(listen, tls).await?, port: Port::new("gateway", limits(), json) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Base URL of that address.
    ///
    /// # Errors
    /// The system's.
    pub fn url(&self) -> io::Result<String> {
        self.listener.url()
    }

    /// Its port, for its counters.
    pub const fn port(&self) -> &Arc<Port> {
        &self.port
    }

    /// Answers until `stop` resolves.
    pub async fn serve(self, door: Door, stop: impl Future<Output = ()>) {
        serve(self.listener, routes(door), self.port, stop).await;
    }
}
