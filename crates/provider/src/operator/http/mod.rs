//! An operator's HTTP interface: what every service's has, around the routes of the service.
//!
//! In: HTTP requests. Out: JSON, metrics. Absent on purpose: TLS (a proxy may add it) and who may ask for what (the service's
//! routes know that).
//!
//! | request | answers |
//! |---|---|
//! | `GET /health` | 200 when the service can work, `degraded` with reasons where something should be seen to; 500 |
//! | `GET /status` | 200: registered, balance, pledge, what was done, what stands in the way (by what it concerns) |
//! | `GET /metrics` | 200, OpenMetrics text |
//! | anything else | the service's; 404 `no-route`, 405 `no-method` |

mod error;
mod metrics;

pub use error::ApiError;
pub use metrics::Metrics;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use depin_serve::Limits;
use futures::future::{BoxFuture, FutureExt};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use tower_http::trace::TraceLayer;

/// Whether a service can work, and what stands in its way although it can, by what it concerns.
type Health = Box<dyn Fn() -> BoxFuture<'static, Result<BTreeMap<&'static str, String>, ApiError>> + Send + Sync>;
type ShowStatus = Box<dyn Fn() -> serde_json::Value + Send + Sync>;

/// A service's part of the interface.
pub struct Routes {
    /// What its port allows.
    pub limits: Limits,
    /// Its routes. They may not have `/health`, `/status`, `/metrics`, or a fallback.
    pub routes: Router,
    /// Whether the service can work: its index answers, its folder can be written; and what its owner should see to.
    pub health: Health,
    /// What whoever asks for a path that is not there is told: the paths that are.
    pub paths: &'static str,
    /// What whoever uses a wrong method is told: the methods that the paths take.
    pub methods: &'static str,
}

impl Routes {
    /// No part of its own: for a service that can work whenever it runs.
    pub fn none() -> Self {
        Self {
            limits: Limits { connections: 256, ..Limits::default() },
            routes: Router::new(),
            health: Box::new(|| async { Ok(BTreeMap::new()) }.boxed()),
            paths: "see /health, /status and /metrics",
            methods: "all paths take GET",
        }
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes").field("paths", &self.paths).finish_non_exhaustive()
    }
}

/// What the shell's own routes need.
struct Shell {
    health: Health,
    status: ShowStatus,
    metrics: Arc<Metrics>,
}

/// The whole interface. `status` gives what `GET /status` shows, asked anew each time.
pub fn router(own: Routes, metrics: Arc<Metrics>, status: impl Fn() -> serde_json::Value + Send + Sync + 'static) -> Router {
    let Routes { routes, health, paths, methods, .. } = own;
    let shell = Arc::new(Shell { health, status: Box::new(status), metrics: Arc::clone(&metrics) });
    Router::new()
        .route("/health", get(check_health))
        .route("/status", get(show_status))
        .route("/metrics", get(metrics_page))
        .with_state(shell)
        .merge(routes)
        .fallback(move || async move { ApiError::new(StatusCode::NOT_FOUND, "no-route", "there is nothing at this path", paths) })
        .method_not_allowed_fallback(move || async move {
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "no-method", "this path does not take this method", methods)
        })
        .layer(middleware::from_fn_with_state(metrics, count))
        .layer(TraceLayer::new_for_http())
}

async fn check_health(State(shell): State<Arc<Shell>>) -> Result<Response, ApiError> {
    let reasons = (shell.health)().await?;
    let answer = match reasons.is_empty() {
        true => serde_json::json!({ "status": "ok" }),
        false => serde_json::json!({ "status": "degraded", "reasons": reasons }),
    };
    Ok(Json(answer).into_response())
}

async fn show_status(State(shell): State<Arc<Shell>>) -> Response {
    Json((shell.status)()).into_response()
}

async fn metrics_page(State(shell): State<Arc<Shell>>) -> Result<Response, ApiError> {
    // Collectors may read a disk.
    let page = tokio::task::spawn_blocking(move || shell.metrics.page()).await;
    let page = page.map_err(|error| ApiError::internal(&error))??;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], page).into_response())
}

/// Counts every answer by method, route and status. Labels come from fixed lists, so strangers cannot make new series.
async fn count(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "PUT" | "DELETE" | "POST" | "OPTIONS" | "PATCH") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let response = next.run(request).await;
    metrics.count_request(&method, &route, response.status());
    response
}
