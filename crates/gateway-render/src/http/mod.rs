//! The HTTP interface: of the artist's own tools.
//!
//! In: requests with `Authorization: Bearer KEY`. Out: JSON, images; errors are `{"error":{"code","message","hint"}}` like the node's.
//!
//! | request | answers |
//! |---|---|
//! | `GET /health` | for anybody: whether it serves and what stands in its way |
//! | `GET /v1/desk` | its account, its bounds |
//! | `GET /v1/scenes/{sealed}`, `PUT …?at=&of=` | how much of a sealed scene is here; takes a part of at most 4 MiB that begins there |
//! | `POST /v1/drafts` | commits to a secret for a job that is about to be ordered |
//! | `GET /v1/jobs`, `/v1/jobs/{job}`, `/v1/jobs/{job}/frames` | jobs and how far their frames are |
//! | `GET /v1/jobs/{job}/frames/{frame}/preview`, `/image`, `/tickets` | a preview; a finished frame; who rendered and who checked |
//! | `GET /v1/jobs/{job}/tickets/{number}/opening` | what opens a ticket, to reject it |

mod error;
mod jobs;
mod scenes;

use crate::desk::Desk;
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use depin_client::{
    api::DiskRoom,
    render::{DeskInfo, SCENE_PART},
};
use depin_serve::{Limits, Listener, Port};
use error::{ApiError, ApiResult};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Largest body: a part of a scene.
const BODY_MAX: usize = SCENE_PART;
/// Requests worked on at once.
const REQUESTS_MAX: usize = 64;
/// Longest time to an answer.
const REQUEST_TIME: Duration = Duration::from_secs(60);

type Shared = Arc<Desk>;

#[derive(Clone)]
struct Guard {
    key: blake3::Hash,
}

/// Serves until `stopping` turns true, or whoever would turn it is gone.
pub(crate) fn serve(
    listener: Listener,
    desk: Shared,
    key: &str,
    mut stopping: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send + use<> {
    let limits = Limits {
        connections: 256,
        requests: REQUESTS_MAX,
        body_ahead_bytes: BODY_MAX,
        answer_time: Some(REQUEST_TIME),
        ..Limits::default()
    };
    let port = Port::new("rendering", limits, depin_serve::json);
    let router = router(desk, blake3::hash(key.as_bytes()));
    let stopped = async move {
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    depin_serve::serve(listener, router, port, stopped)
}

/// What there is, for who asks for something else.
const PATHS: &str = "there are /v1/desk, /v1/scenes/HASH, /v1/drafts, /v1/jobs, /v1/jobs/ID, /v1/jobs/ID/frames, \
    /v1/jobs/ID/frames/N/preview, /image and /tickets, /v1/jobs/ID/tickets/N/opening, and /health";

fn router(desk: Shared, key: blake3::Hash) -> Router {
    let own = Router::new()
        .route("/v1/desk", get(info))
        .route("/v1/scenes/{sealed}", get(scenes::have).put(scenes::take))
        .route("/v1/drafts", post(scenes::draft))
        .route("/v1/jobs", get(jobs::list))
        .route("/v1/jobs/{job}", get(jobs::show))
        .route("/v1/jobs/{job}/frames", get(jobs::frames))
        .route("/v1/jobs/{job}/frames/{frame}/preview", get(jobs::preview))
        .route("/v1/jobs/{job}/frames/{frame}/image", get(jobs::image))
        .route("/v1/jobs/{job}/frames/{frame}/tickets", get(jobs::tickets))
        .route("/v1/jobs/{job}/tickets/{number}/opening", get(jobs::opening))
        .route_layer(middleware::from_fn_with_state(Guard { key }, with_key));
    Router::new()
        .route("/health", get(health))
        .merge(own)
        .fallback(|| async { ApiError::not_found("there is nothing at this path").hint(PATHS) })
        .method_not_allowed_fallback(|| async {
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "no-method", "this path does not take this method")
        })
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn(bounded))
        .with_state(desk)
}

/// Lets through who shows the key. Hashes are compared, and in constant time, so that nothing is learnt from how long it takes.
async fn with_key(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // The scheme's name is the same in any letters (RFC 9110, section 11.1).
    let key = given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map_or("", |(_, key)| key.trim());
    if blake3::hash(key.as_bytes()) == guard.key {
        return next.run(request).await;
    }
    ApiError::new(StatusCode::UNAUTHORIZED, "no-key", "this needs the dispatcher's key")
        .hint("send `Authorization: Bearer KEY` with the key from access.key in the dispatcher's folder")
        .into_response()
}

/// Refuses what announces too much, before anything of it is read.
async fn bounded(request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > BODY_MAX as u64) {
        return error::too_large().into_response();
    }
    next.run(request).await
}

/// `ok`; `degraded` when something stands in its way; `failing`, with 503, when nothing can be taken.
async fn health(State(desk): State<Shared>) -> Response {
    let disk = desk.config.floor.level().map(DiskRoom::from);
    let problems = desk.board.problems(None);
    let fails = desk.store.failed().is_some() || disk.as_ref().is_some_and(|disk| disk.refuses);
    let (status, text) = match (fails, problems.is_empty()) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "failing"),
        (false, false) => (StatusCode::OK, "degraded"),
        (false, true) => (StatusCode::OK, "ok"),
    };
    let concerned: Vec<&String> = problems.keys().collect();
    (status, Json(serde_json::json!({ "status": text, "problems": concerned, "disk": disk }))).into_response()
}

async fn info(State(desk): State<Shared>) -> ApiResult<Json<DeskInfo>> {
    let open = desk.store.run(|db| crate::store::drafts::ordered(db, false, u32::MAX)).await?;
    Ok(Json(DeskInfo {
        dispatcher: desk.sender.address(),
        chain: desk.chain_id,
        scene_most: desk.files.scene_most(),
        jobs: u32::try_from(open.len()).unwrap_or(u32::MAX),
        problems: desk.board.problems(None),
    }))
}
