//! The HTTP interface.
//!
//! In: requests with `Authorization: Bearer KEY`, JSON. Out: JSON; errors are `{"error":{"code","message","hint"}}` like the node's.
//!
//! | request | answers |
//! |---|---|
//! | `GET /health`, `GET /metrics` | for anybody: whether it serves and what stands in its way; OpenMetrics text |
//! | `GET /v1/network`, `/v1/operators`, `/v1/quote` | what a unit is, who delivers, what it costs, as the node says it |
//! | `POST /v1/orders` | opens an order: 200 when it is open, 202 while the ledger has not decided, 422 when it refused |
//! | `GET /v1/orders`, `/v1/orders/{id}` | the customer's orders; one by the caller's id or the ledger's |
//! | `POST /v1/orders/{id}/raise`, `/close` | as for opening |
//! | `POST /v1/reports` | one report or a list of at most 64: 202 when all are on the disk, 409 when one is known with other content |
//! | `GET /v1/reports`, `/v1/reports/{id}` | what became of them |
//! | `POST /v1/reports/{id}/retry` | sends one that the ledger refused again, after a cap was raised for instance |
//! | `GET /v1/disputes`, `POST /v1/disputes` | those of the customer's orders; opens one |

mod actions;
mod error;
mod reads;
mod reports;

use crate::node::Core;
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use depin_client::api::DiskRoom;
use depin_serve::{Limits, Listener, Port};
use error::ApiError;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Largest body: 64 reports with long pointers fit.
const BODY_MAX: usize = 256 * 1024;
/// Requests worked on at once.
const REQUESTS_MAX: usize = 128;
/// Longest time to an answer.
const REQUEST_TIME: Duration = Duration::from_secs(45);

type Shared = Arc<Core>;

#[derive(Clone)]
struct Guard {
    core: Shared,
    key: blake3::Hash,
}

/// What the gateway's port allows: the founder's own software, and few others.
pub(crate) fn port() -> Arc<Port> {
    let limits = Limits {
        connections: 512,
        requests: REQUESTS_MAX,
        body_ahead_bytes: BODY_MAX,
        answer_time: Some(REQUEST_TIME),
        ..Limits::default()
    };
    Port::new("metering", limits, depin_serve::json)
}

/// Serves until `stopping` turns true, or whoever would turn it is gone.
pub(crate) fn serve(
    listener: Listener,
    port: Arc<Port>,
    core: Shared,
    key: &str,
    mut stopping: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send + use<> {
    let router = router(core, blake3::hash(key.as_bytes()));
    let stopped = async move {
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    depin_serve::serve(listener, router, port, stopped)
}

/// What there is, for who asks for something else.
const PATHS: &str = "there are /v1/network, /v1/operators, /v1/quote, /v1/orders, /v1/orders/ID, /v1/orders/ID/raise and /close, \
    /v1/reports, /v1/reports/ID and /retry, /v1/disputes, /health and /metrics";

fn router(core: Shared, key: blake3::Hash) -> Router {
    let guard = Guard { core: Arc::clone(&core), key };
    let own = Router::new()
        .route("/v1/network", get(reads::network))
        .route("/v1/operators", get(reads::operators))
        .route("/v1/quote", get(reads::quote))
        .route("/v1/orders", get(reads::orders).post(actions::open))
        .route("/v1/orders/{id}", get(reads::order))
        .route("/v1/orders/{id}/raise", post(actions::raise))
        .route("/v1/orders/{id}/close", post(actions::close))
        .route("/v1/reports", get(reports::list).post(reports::take))
        .route("/v1/reports/{id}", get(reports::show))
        .route("/v1/reports/{id}/retry", post(reports::retry))
        .route("/v1/disputes", get(reads::disputes).post(actions::dispute))
        .route_layer(middleware::from_fn_with_state(guard.clone(), with_key));
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .merge(own)
        .fallback(|| async { ApiError::not_found("there is nothing at this path").hint(PATHS) })
        .method_not_allowed_fallback(|| async {
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "no-method", "this path does not take this method")
        })
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(guard, count))
        .with_state(core)
}

/// Lets through who shows the key. Hashes are compared, and in constant time, so that nothing is learnt from how long it takes.
async fn with_key(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    // The scheme's name is the same in any letters (RFC 9110, section 11.1).
    let bearer = |value: &'_ str| {
        value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, key)| key.trim().to_owned())
    };
    let given = given.and_then(bearer).unwrap_or_default();
    if blake3::hash(given.as_bytes()) == guard.key {
        // What is asked to be kept needs room; reads go on.
        return match guard.core.config.floor.admit(0) {
            Err(full) if request.method() == Method::POST => ApiError::from(full).into_response(),
            _ => next.run(request).await,
        };
    }
    ApiError::new(StatusCode::UNAUTHORIZED, "no-key", "this needs the gateway's key")
        .hint("send `Authorization: Bearer KEY` with the key from access.key in the gateway's folder")
        .into_response()
}

/// Counts, and refuses what announces too much.
async fn count(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    guard.core.metrics.request();
    // Said before anything of it is read: a caller that announces more than is ever taken is not waited for.
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > BODY_MAX as u64) {
        return error::too_large().into_response();
    }
    next.run(request).await
}

/// `ok`; `degraded` when something waits, while reports are taken; `failing`, with 503, when nothing can be taken.
async fn health(State(core): State<Shared>) -> Response {
    let disk = core.config.floor.level().map(DiskRoom::from);
    let writes = core.writes().await && !disk.is_some_and(|disk| disk.refuses);
    let reasons = core.problems.all();
    let (status, text) = match (writes, reasons.is_empty()) {
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "failing"),
        (true, false) => (StatusCode::OK, "degraded"),
        (true, true) => (StatusCode::OK, "ok"),
    };
    let problems: Vec<&str> = reasons.keys().copied().collect();
    (status, Json(serde_json::json!({ "status": text, "problems": problems, "reasons": reasons, "disk": disk }))).into_response()
}

async fn metrics(State(core): State<Shared>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], core.metrics.page(core.config.floor.level())).into_response()
}
