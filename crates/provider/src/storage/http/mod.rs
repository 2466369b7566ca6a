//! The provider's face to customers.
//!
//! In: HTTP requests. Out: JSON, payload bytes. The data are in the [`Store`]; who signs, who can pay, what time it is and what is asked
//! for storage are passed in through [`ProviderHttp`]. Absent on purpose: deals (they are made on the ledger) and TLS (every byte
//! served is checked against its cid by the client, every change is signed; a proxy may add it).
//!
//! | request | answers |
//! |---|---|
//! | `PUT /pieces/{cid}` | 201 stored, 200 there already; 400 bad cid, header or body, 401 signature, 402 without funds for the hold, 408 too slow, 411 no length, 413 too large, 422 other bytes than the cid says, 429 too much or too many of one account, 503 busy or the node is away, 507 no room |
//! | `GET`, `HEAD /pieces/{cid}` | 200, 206 one range; 400, 404, 410 damaged, 416, 429, 503 |
//! | `DELETE /pieces/{cid}` | 204; 400, 401, 403 not the uploader, 404, 409 covered by a deal, or older than the upload |
//! | `GET /info` | 200 |
//!
//! `/health`, `/status` and `/metrics` come from the [shell](crate::operator::router).

mod auth;
mod download;
mod error;
mod metrics;
mod range;
mod seen;
mod upload;

pub use metrics::Transfers;

/// See [`fuzzing`](super::fuzzing).
pub(super) mod fuzzing {
    use super::super::request::{ProviderRequest, Signatures};
    use super::auth::{Here, caller};
    use super::range::{self, Wanted};
    use axum::http::HeaderMap;
    use depin_quantity::Address;
    use std::ops::Range;

    /// Who signed `wanted` by its headers, and when, at the wall time `now_ms`; none when that is refused.
    pub fn who(
        headers: &HeaderMap,
        wanted: &ProviderRequest,
        now_ms: u64,
        signatures: &dyn Signatures,
    ) -> Option<(Address, u64)> {
        let here = Here { chain_id: wanted.chain_id, provider: wanted.provider, now_ms, signatures };
        let caller = caller(headers, &here, wanted.kind, &wanted.cid, wanted.payload_bytes).ok()?;
        Some((caller.client, caller.signed_at_ms))
    }

    /// The bytes that a `Range` header's value asks for; all of them where it may be ignored, none where it asks for none.
    pub fn part(value: &str, length: u64) -> Option<Range<u64>> {
        match range::parse(Some(value), length) {
            Wanted::Whole => Some(0..length),
            Wanted::Part(range) => Some(range),
            Wanted::Unsatisfiable => None,
        }
    }
}

use super::funds::Funds;
use super::request::{RequestKind, Signatures};
use super::store::{Store, StoreError};
use crate::clock::Clock;
use crate::operator::{ApiError, Routes};
use auth::{Caller, Here};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use depin_client::api::DiskRoom;
use depin_quantity::{Address, Name};
use depin_serve::{Denied, Limits, Owner, Peer, Place, Places, Yields};
use depin_services::storage::piece::{Commitment, CommitmentError};
use futures::future::FutureExt as _;
use seen::Seen;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How the HTTP side is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// The provider's address on the ledger; clients sign it.
    pub address: Address,
    /// The chain on which the provider is registered; clients sign it.
    pub chain_id: Name,
    /// A name for people.
    pub name: String,
    /// Uploads handled at once, a quarter of them for one account. Each takes up to 640 KiB of memory and a thousandth of its payload. At
    /// a full house the one furthest behind makes room, then one of an account with several.
    pub uploads_max: usize,
    /// Downloads handled at once, half of them for one address; none for loopback. Each takes about 160 KiB of memory. They make room as
    /// uploads do.
    pub downloads_max: usize,
    /// How long one more waits before it is told to come back.
    pub place_time: Duration,
    /// What the port allows.
    pub limits: Limits,
}

impl HttpSettings {
    /// Settings for a provider of this address on this chain, with the usual limits.
    pub fn new(address: Address, chain_id: Name, name: impl Into<String>) -> Self {
        // A connection may need the file of its piece. The buffer is what each unread download holds beside its block.
        let limits = Limits { files_each: 2, buffer_bytes: 64 << 10, ..Limits::default() };
        let place_time = Duration::from_secs(5);
        Self { address, chain_id, name: name.into(), uploads_max: 64, downloads_max: 256, place_time, limits }
    }
}

/// Everything that the routes need.
pub struct ProviderHttp {
    settings: HttpSettings,
    store: Arc<Store>,
    signatures: Arc<dyn Signatures>,
    funds: Arc<dyn Funds>,
    clock: Arc<dyn Clock>,
    transfers: Transfers,
    seen: Seen,
    /// What `GET /info` shows under `ask`: asked anew each time, since an ask changes.
    ask: Box<dyn Fn() -> serde_json::Value + Send + Sync>,
    uploads: Places,
    downloads: Places,
    /// Turns to read from the disk.
    turns: Arc<Semaphore>,
}

/// How many downloads read from the disk at once.
const READERS: usize = 16;

impl ProviderHttp {
    /// Puts the parts together. `ask` gives the provider's current ask as JSON, `null` while it has none.
    pub fn new(
        settings: HttpSettings,
        store: Arc<Store>,
        signatures: Arc<dyn Signatures>,
        funds: Arc<dyn Funds>,
        clock: Arc<dyn Clock>,
        transfers: Transfers,
        ask: impl Fn() -> serde_json::Value + Send + Sync + 'static,
    ) -> Self {
        let uploads = Places::new(settings.uploads_max, Yields::Slowest).shared(settings.uploads_max.div_ceil(4));
        let downloads = Places::new(settings.downloads_max, Yields::Slowest).shared(settings.downloads_max.div_ceil(2));
        let (seen, turns) = (Seen::default(), Arc::new(Semaphore::new(READERS)));
        Self { settings, store, signatures, funds, clock, transfers, seen, ask: Box::new(ask), uploads, downloads, turns }
    }

    /// A place for one more upload or download of somebody.
    ///
    /// # Errors
    /// When nobody made room for a while: 429 `too-many` for whoever has all that one may have, else 503 `busy`. `what` is a plural.
    async fn enter(
        &self,
        places: &Places,
        owner: Option<Owner>,
        peer: Option<&Peer>,
        what: &'static str,
    ) -> Result<Place, ApiError> {
        places.wait(owner, peer, self.settings.place_time).await.map_err(|denied| match denied {
            Denied::Full => ApiError::busy(what),
            Denied::Share(share) => ApiError::too_many(what, share),
        })
    }

    /// A turn to read from the disk; dropped when something was read. Nobody keeps one while a client is waited for.
    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        // Never closed, so there is always one in the end.
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }

    fn caller(&self, headers: &HeaderMap, kind: RequestKind, cid: &Commitment, length: u64) -> Result<Caller, ApiError> {
        let here = Here {
            chain_id: self.settings.chain_id,
            provider: self.settings.address,
            now_ms: self.clock.now_ms(),
            signatures: &*self.signatures,
        };
        auth::caller(headers, &here, kind, cid, length)
    }
}

/// Storage's routes, for the [shell's router](crate::operator::router).
pub fn routes(http: Arc<ProviderHttp>) -> Routes {
    let (store, limits) = (Arc::clone(&http.store), http.settings.limits.clone());
    let routes = Router::new()
        .route("/pieces/{cid}", get(download::get).put(upload::put).delete(withdraw))
        .route("/info", get(info))
        .with_state(http);
    Routes {
        limits,
        routes,
        // Healthy: the index answers.
        health: Box::new(move || {
            let store = Arc::clone(&store);
            store_work(move || {
                store.pieces()?;
                let warning = store.room().map(DiskRoom::from).and_then(|disk| disk.warning());
                Ok(warning.map(|why| ("disk", why)).into_iter().collect())
            })
            .boxed()
        }),
        paths: "see /pieces/{cid}, /info, /health, /status, /metrics",
        methods: "pieces take GET, HEAD, PUT and DELETE; the rest take GET and HEAD",
    }
}

async fn withdraw(
    State(http): State<Arc<ProviderHttp>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let cid = piece_cid(path)?;
    let Caller { client, signed_at_ms, .. } = http.caller(&headers, RequestKind::Delete, &cid, 0)?;
    let store = Arc::clone(&http.store);
    store_work(move || store.withdraw(&cid, &client, signed_at_ms)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn info(State(http): State<Arc<ProviderHttp>>) -> Result<Response, ApiError> {
    let store = Arc::clone(&http.store);
    let pieces = store_work(move || store.pieces()).await?;
    let usage = http.store.usage();
    let info = serde_json::json!({
        "address": http.settings.address,
        "chain_id": http.settings.chain_id.as_str(),
        "name": http.settings.name,
        "capacity_bytes": usage.capacity,
        "used_bytes": usage.used,
        "reserved_bytes": usage.reserved,
        "held_bytes": usage.held,
        "holds": http.store.settings().holds,
        "payload_bytes_max": http.store.settings().payload_bytes_max,
        "pieces": pieces,
        "ask": (http.ask)(),
    });
    Ok(Json(info).into_response())
}

fn piece_cid(path: Result<Path<String>, PathRejection>) -> Result<Commitment, ApiError> {
    let hint = "write the piece cid as the client library shows it";
    let Path(text) = path.map_err(|error| ApiError::bad_request("bad-cid", error.body_text(), hint))?;
    text.parse().map_err(|error: CommitmentError| ApiError::bad_request("bad-cid", error.to_string(), hint))
}

/// Runs store work on a thread that may block. A panic there fails the request alone.
async fn store_work<T: Send + 'static>(work: impl FnOnce() -> Result<T, StoreError> + Send + 'static) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::internal(&error))?;
    Ok(done?)
}
