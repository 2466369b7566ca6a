//! What hirers reach over HTTP: the dashboard and the Jobs API of the clusters whose head is here, behind the hirer's key.
//!
//! In: requests with a token of the hirer's ([`depin_client::cluster`]). Out: what Ray's dashboard answers, as it answers it: documents, streams,
//! WebSockets. Called by hirers' programs: `ray job submit --address URL/cluster/ID --headers '{"Authorization": "Bearer TOKEN"}'`, or any client of the
//! Jobs API. Absent on purpose: Ray's own token, which this side adds and takes out of answers, and every other port of a cluster.
//!
//! | request | answers |
//! |---|---|
//! | `GET /health` | `well` |
//! | `GET /cluster/ID` | how far the cluster of that hire is: `{"alive","of","waits_for"}` |
//! | `ANY /cluster/ID/…` | what the dashboard answers at `/…` |
//!
//! | bound | |
//! |---|---|
//! | requests and streams of one hire at once | 64 |
//! | bytes of a request's body | 512 MiB; Ray itself takes packages of 100 MiB |
//! | time until an answer begins | 120 s |
//! | all else | [`limits`], as `depin-serve` keeps them |

mod entry;
mod error;
mod forward;

use crate::{backend::Readiness, clusters::Clusters, tunnel::Tunnels};
use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::{any, get},
};
use depin_quantity::{Address, Name};
use depin_serve::Limits;
use error::ProxyError;
use std::{sync::Arc, time::SystemTime};

/// Who stands at the door, and by which time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Door {
    pub(crate) account: Address,
    pub(crate) chain: Name,
    /// Seconds since 1970.
    pub(crate) now: fn() -> u64,
}

/// This machine's time.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

struct Shared {
    /// None in tests of what needs no sandbox.
    clusters: Option<Clusters>,
    tunnels: Tunnels,
    door: Door,
}

/// What a port of it allows: bodies are streamed, and answers may be for hours.
pub fn limits() -> Limits {
    Limits { connections: 1_024, files_each: 2, requests: 512, answer_time: None, open_paths: &["/health"], ..Limits::default() }
}

pub(crate) fn routes(clusters: Clusters, tunnels: Tunnels, door: Door) -> Router {
    of(Shared { clusters: Some(clusters), tunnels, door })
}

/// The same without `/health` and without a word for paths that are not there, for a port that has both.
pub(crate) fn paths(clusters: Clusters, tunnels: Tunnels, door: Door) -> Router {
    paths_of(Shared { clusters: Some(clusters), tunnels, door })
}

fn of(shared: Shared) -> Router {
    paths_of(shared).route("/health", get(|| async { "well" })).fallback(|| async {
        ProxyError::new(StatusCode::NOT_FOUND, "no-route", "there is nothing at this path", "see /cluster/ID and /cluster/ID/…")
    })
}

fn paths_of(shared: Shared) -> Router {
    Router::new()
        .route("/cluster/{hire}", get(readiness))
        .route("/cluster/{hire}/", any(dashboard))
        .route("/cluster/{hire}/{*path}", any(dashboard))
        .with_state(Arc::new(shared))
}

type Segments = Path<Vec<(String, String)>>;

async fn readiness(shared: State<Arc<Shared>>, path: Segments, headers: HeaderMap) -> Result<Json<Readiness>, ProxyError> {
    let hire = entry::hire(&path)?;
    shared.to_head(&headers, hire)?;
    let clusters = shared.clusters.as_ref().ok_or_else(ProxyError::not_here)?;
    clusters.ready(hire).await.map(Json).map_err(|error| ProxyError::cluster(&error))
}

async fn dashboard(shared: State<Arc<Shared>>, path: Segments, request: Request) -> Result<Response, ProxyError> {
    let hire = entry::hire(&path)?;
    let head = shared.to_head(request.headers(), hire)?;
    forward::forward(&head, hire, request).await
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
