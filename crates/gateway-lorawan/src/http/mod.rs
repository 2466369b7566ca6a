//! The HTTP interface.
//!
//! | request | answers |
//! |---|---|
//! | `GET /health`, `/metrics`, `/v1/network` | for anybody: whether it serves; OpenMetrics text; region, application, the network server's key |
//! | `GET`, `POST /v1/devices` | with the access key: all devices, without their keys; adds one |
//! | `GET`, `DELETE /v1/devices/{eui}` | one device |
//! | `POST /v1/devices/{eui}/queue`, `DELETE …/queue/{id}` | a downlink for it, as ChirpStack's commands say it |
//! | `GET /v1/uplinks?after=N&limit=N` | with the access key: uplinks of late in the clear, by the hash that the ledger knows |
//! | `POST /v1/uplinks`, `/v1/outcomes` | signed by a hotspot: what it heard, what became of a downlink |
//! | `POST /v1/batches` | signed by a hotspot: packets that were acknowledged to it, to be acknowledged together for the ledger |
//!
//! Errors are `{"error":{"code","message","hint"}}`.

mod devices;
mod error;
mod hotspots;

use crate::gateway::Shared;
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{delete, get, post},
};
use depin_serve::{Limits, Listener, Port};
use error::ApiError;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Largest body: 64 packets fit.
const BODY_MAX: usize = 64 * 1024;
/// Requests worked on at once: each of a hotspot lasts as long as copies are waited for.
const REQUESTS_MAX: usize = 1_024;
/// Longest time to an answer.
const REQUEST_TIME: Duration = Duration::from_secs(20);

type Core = Arc<Shared>;

/// What the gateway's port allows: the customer's software, and many hotspots.
pub(crate) fn port() -> Arc<Port> {
    let limits = Limits {
        connections: 4_096,
        requests: REQUESTS_MAX,
        body_ahead_bytes: BODY_MAX,
        answer_time: Some(REQUEST_TIME),
        ..Limits::default()
    };
    Port::new("lorawan", limits, depin_serve::json)
}

/// Serves until `stopping` turns true, or whoever would turn it is gone.
pub(crate) fn serve(
    listener: Listener,
    port: Arc<Port>,
    core: Core,
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
const PATHS: &str = "there are /v1/devices, /v1/devices/EUI, /v1/devices/EUI/queue, /v1/uplinks, /v1/outcomes, /v1/batches, /v1/network, /health and /metrics";

fn router(core: Core, key: blake3::Hash) -> Router {
    let own = Router::new()
        .route("/v1/devices", get(devices::list).post(devices::add))
        .route("/v1/devices/{eui}", get(devices::show).delete(devices::remove))
        .route("/v1/devices/{eui}/queue", post(devices::enqueue))
        .route("/v1/devices/{eui}/queue/{id}", delete(devices::dequeue))
        .route(hotspots::UPLINKS, get(devices::uplinks))
        .route_layer(middleware::from_fn_with_state(key, with_key));
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/v1/network", get(network))
        .route(hotspots::UPLINKS, post(hotspots::uplinks))
        .route(hotspots::OUTCOMES, post(hotspots::outcomes))
        .route(hotspots::BATCHES, post(hotspots::batches))
        .merge(own)
        .fallback(|| async { ApiError::not_found("there is nothing at this path").hint(PATHS) })
        .method_not_allowed_fallback(|| async {
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "no-method", "this path does not take this method")
        })
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&core), room))
        .with_state(core)
}

/// Lets through who shows the key. Hashes are compared, and in constant time, so that nothing is learnt from how long it takes.
async fn with_key(State(expected): State<blake3::Hash>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // The scheme's name is the same in any letters (RFC 9110, section 11.1).
    let key = given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, key)| key.trim());
    if blake3::hash(key.unwrap_or_default().as_bytes()) == expected {
        return next.run(request).await;
    }
    ApiError::new(StatusCode::UNAUTHORIZED, "no-key", "this needs the gateway's key")
        .hint("send `Authorization: Bearer KEY` with the key from access.key in the gateway's folder")
        .into_response()
}

/// What is asked to be kept needs room; reads go on.
async fn room(State(core): State<Core>, request: Request, next: Next) -> Response {
    match core.config.floor.admit(0) {
        Err(full) if matches!(*request.method(), Method::POST | Method::DELETE) => ApiError::from(full).into_response(),
        _ => next.run(request).await,
    }
}

/// `ok`; `degraded` when something waits, while uplinks are taken; `failing`, with 503, when nothing can be taken.
async fn health(State(core): State<Core>) -> Response {
    let writes = core.writes().await;
    let full = core.metrics.queued() > core.config.queue_max || core.config.floor.admit(0).is_err();
    let mut reasons = core.reasons();
    if !writes {
        reasons.insert("store", "the store cannot be written, so nothing is taken".to_owned());
    }
    let (status, text) = match (writes && !full, reasons.is_empty()) {
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "failing"),
        (true, false) => (StatusCode::OK, "degraded"),
        (true, true) => (StatusCode::OK, "ok"),
    };
    let body = serde_json::json!({ "status": text, "reasons": reasons, "deliveries_queued": core.metrics.queued() });
    (status, Json(body)).into_response()
}

async fn metrics(State(core): State<Core>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], core.metrics.page(core.config.floor.level())).into_response()
}

/// What hotspots and integrations need to know.
async fn network(State(core): State<Core>) -> Response {
    let server = &core.config.server;
    let body = serde_json::json!({
        "server_key": hex::encode(core.server_key),
        "application_id": core.application,
        "region": server.region,
        "net_id": server.net_id,
        "addresses": server.addresses,
        "dedup_us": server.dedup,
        "rx1_delay_s": server.rx1_delay,
    });
    Json(body).into_response()
}
