//! The provider's face to customers.
//!
//! In: HTTP requests. Out: JSON, payload bytes, metrics. The data are in the [`Store`]; who signs, what time it is and what is
//! asked for storage are passed in through [`ProviderHttp`]. Absent on purpose: deals (they are made on the ledger) and TLS
//! (every byte served is checked against its cid by the client, every change is signed; a proxy may add it).
//!
//! | request | answers |
//! |---|---|
//! | `PUT /pieces/{cid}` | 201 stored, 200 there already; 400 bad cid, header or body, 401 signature, 408 too slow, 411 no length, 413 too large, 422 other bytes than the cid says, 503 busy, 507 no room |
//! | `GET`, `HEAD /pieces/{cid}` | 200, 206 one range; 400, 404, 410 damaged, 416, 503 |
//! | `DELETE /pieces/{cid}` | 204; 400, 401, 403 not the uploader, 404, 409 covered by a deal, or older than the upload |
//! | `GET /info`, `/health`, `/metrics` | 200 |

mod auth;
mod download;
mod error;
mod metrics;
mod range;
mod upload;

pub use metrics::Metrics;

use crate::clock::Clock;
use crate::storage::request::{RequestKind, Signatures};
use crate::storage::store::{Store, StoreError};
use auth::{Caller, Here};
use axum::extract::rejection::PathRejection;
use axum::extract::{MatchedPath, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use depin_quantity::{Address, Name};
use depin_services::storage::piece::{Commitment, CommitmentError};
use error::ApiError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tower_http::trace::TraceLayer;

/// How the HTTP side is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// The provider's address on the ledger; clients sign it.
    pub address: Address,
    /// The chain on which the provider is registered; clients sign it.
    pub chain_id: Name,
    /// A name for people.
    pub name: String,
    /// Uploads handled at once; more are told to come back. Each takes a thread while it lasts.
    pub uploads_max: usize,
    /// Downloads handled at once; more are told to come back. Each takes about 2 MiB of memory.
    pub downloads_max: usize,
    /// How long an upload may pause.
    pub idle_timeout: Duration,
}

impl HttpSettings {
    /// Settings for a provider of this address on this chain, with the usual limits.
    pub fn new(address: Address, chain_id: Name, name: impl Into<String>) -> Self {
        let idle_timeout = Duration::from_secs(30);
        Self { address, chain_id, name: name.into(), uploads_max: 16, downloads_max: 256, idle_timeout }
    }
}

/// Everything that the routes need.
pub struct ProviderHttp {
    settings: HttpSettings,
    store: Arc<Store>,
    signatures: Arc<dyn Signatures>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// What `GET /info` shows under `ask`: asked anew each time, since an ask changes.
    ask: Box<dyn Fn() -> serde_json::Value + Send + Sync>,
    uploads: Semaphore,
    downloads: Arc<Semaphore>,
}

impl ProviderHttp {
    /// Puts the parts together. `ask` gives the provider's current ask as JSON, `null` while it has none.
    pub fn new(
        settings: HttpSettings,
        store: Arc<Store>,
        signatures: Arc<dyn Signatures>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        ask: impl Fn() -> serde_json::Value + Send + Sync + 'static,
    ) -> Self {
        let uploads = Semaphore::new(settings.uploads_max.min(Semaphore::MAX_PERMITS));
        let downloads = Arc::new(Semaphore::new(settings.downloads_max.min(Semaphore::MAX_PERMITS)));
        Self { settings, store, signatures, clock, metrics, ask: Box::new(ask), uploads, downloads }
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

/// The routes; serve them with `axum::serve`, or nest them.
pub fn router(http: Arc<ProviderHttp>) -> Router {
    Router::new()
        .route("/pieces/{cid}", get(download::get).put(upload::put).delete(withdraw))
        .route("/info", get(info))
        .route("/health", get(health))
        .route("/metrics", get(metrics_page))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&http), count))
        .layer(TraceLayer::new_for_http())
        .with_state(http)
}

async fn withdraw(
    State(http): State<Arc<ProviderHttp>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let cid = piece_cid(path)?;
    let Caller { client, signed_at_ms } = http.caller(&headers, RequestKind::Delete, &cid, 0)?;
    let store = Arc::clone(&http.store);
    blocking(move || store.withdraw(&cid, &client, signed_at_ms)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn info(State(http): State<Arc<ProviderHttp>>) -> Result<Response, ApiError> {
    let store = Arc::clone(&http.store);
    let pieces = blocking(move || store.pieces()).await?;
    let usage = http.store.usage();
    let info = serde_json::json!({
        "address": http.settings.address,
        "chain_id": http.settings.chain_id.as_str(),
        "name": http.settings.name,
        "capacity_bytes": usage.capacity,
        "used_bytes": usage.used,
        "reserved_bytes": usage.reserved,
        "payload_bytes_max": http.store.settings().payload_bytes_max,
        "pieces": pieces,
        "ask": (http.ask)(),
    });
    Ok(Json(info).into_response())
}

/// Healthy: the index answers.
async fn health(State(http): State<Arc<ProviderHttp>>) -> Result<Response, ApiError> {
    let store = Arc::clone(&http.store);
    blocking(move || store.pieces()).await?;
    Ok(Json(serde_json::json!({ "status": "ok" })).into_response())
}

async fn metrics_page(State(http): State<Arc<ProviderHttp>>) -> Result<Response, ApiError> {
    let page = tokio::task::spawn_blocking(move || http.metrics.page(&http.store)).await;
    let page = page.map_err(|error| ApiError::internal(&error))??;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], page).into_response())
}

async fn no_route() -> ApiError {
    let hint = "see /pieces/{cid}, /info, /health, /metrics";
    ApiError::new(StatusCode::NOT_FOUND, "no-route", "there is nothing at this path", hint)
}

async fn no_method() -> ApiError {
    let hint = "pieces take GET, HEAD, PUT and DELETE; the rest take GET and HEAD";
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "no-method", "this path does not take this method", hint)
}

/// Counts every answer by method, route and status. Labels come from fixed lists, so strangers cannot make new series.
async fn count(State(http): State<Arc<ProviderHttp>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "PUT" | "DELETE" | "POST" | "OPTIONS" | "PATCH") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let response = next.run(request).await;
    http.metrics.count_request(&method, &route, response.status());
    response
}

fn piece_cid(path: Result<Path<String>, PathRejection>) -> Result<Commitment, ApiError> {
    let hint = "write the piece cid as the client library shows it";
    let Path(text) = path.map_err(|error| ApiError::bad_request("bad-cid", error.body_text(), hint))?;
    text.parse().map_err(|error: CommitmentError| ApiError::bad_request("bad-cid", error.to_string(), hint))
}

/// Runs store work on a thread that may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, StoreError> + Send + 'static) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::internal(&error))?;
    Ok(done?)
}
