//! A device's face to hirers and to the checker.
//!
//! | request | answers |
//! |---|---|
//! | `GET /v1/clusters/device` | 200, to anybody: what it is, where its tunnels are, what it can run, how its node is |
//! | `GET /v1/clusters/present?device&hour&nonce` | 200 the owner's signature; 409 while its hire's node cannot run |
//! | `PUT /v1/clusters/programs/{hash}` | 204; 404 no hire here waits for it, 413, 422 other bytes than the ledger says |
//! | `/cluster/{hire}…` | the dashboard and the Jobs API, as `depin-cluster` has them, where the head is here |
//!
//! A program needs no token: it is taken for its hash alone, which its hirer signed on the ledger.

use super::{
    checker::Presence,
    duty::SharedImage,
    host::{NodeNow, SharedNode, now},
    store::Store,
    view::program_of,
};
use crate::operator::{ApiError, Routes};
use axum::{
    Json, Router,
    body::{Bytes, to_bytes},
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    http::StatusCode,
    routing::{get, put},
};
use depin_client::{SigningKey, render::content_of};
use depin_cluster::{Clusters, WORDS_BYTES_MAX, proxy_limits};
use depin_quantity::{ContentHash, UnitId};
use depin_serve::Limits;
use depin_services::clusters::Profile;
use futures::FutureExt as _;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};
use tokio::sync::watch;

/// Longest program, bytes: its command and environment, as JSON.
const PROGRAM_MAX: usize = 4 * WORDS_BYTES_MAX;

/// What the routes need.
pub(super) struct Door {
    pub(super) key: SigningKey,
    pub(super) device: UnitId,
    pub(super) profile: Profile,
    /// Where tunnels listen, as other members reach them.
    pub(super) tunnel: Option<String>,
    /// Why it can run no node; none where it can.
    pub(super) cannot: Option<String>,
    pub(super) clusters: Option<Clusters>,
    pub(super) node: SharedNode,
    pub(super) image: SharedImage,
    pub(super) store: Store,
    pub(super) changes: watch::Sender<u64>,
}

/// What a device's daemon says of itself.
#[derive(Debug, Serialize)]
struct Info {
    device: UnitId,
    profile: Profile,
    tunnel: Option<String>,
    /// What it can run: `ray`, `process`.
    offers: Vec<&'static str>,
    node: NodeNow,
}

impl Door {
    /// Its part of an operator's interface.
    pub(super) fn routes(self: Arc<Self>) -> Routes {
        let own = Router::new()
            .route("/v1/clusters/device", get(info))
            .route("/v1/clusters/present", get(present))
            .route("/v1/clusters/programs/{hash}", put(program))
            .with_state(Arc::clone(&self));
        let routes = match &self.clusters {
            Some(clusters) => own.merge(clusters.paths()),
            None => own,
        };
        let health = move || {
            let reasons: BTreeMap<&'static str, String> = self.cannot.iter().map(|why| ("nodes", why.clone())).collect();
            async move { Ok::<_, ApiError>(reasons) }.boxed()
        };
        Routes {
            limits: Limits { connections: 256, open_paths: &["/health", "/metrics"], ..proxy_limits() },
            routes,
            health: Box::new(health),
            paths: "see /v1/clusters/device, /cluster/ID, /health, /status and /metrics",
            methods: "programs take PUT, all else of the daemon GET",
        }
    }
}

async fn info(State(door): State<Arc<Door>>) -> Json<Info> {
    let offers = door.clusters.as_ref().map_or_else(Vec::new, Clusters::offers);
    let (device, profile, tunnel) = (door.device, door.profile, door.tunnel.clone());
    // Words about this machine are its owner's.
    let node = NodeNow { why: String::new(), ..now(&door.node) };
    Json(Info { device, profile, tunnel, offers, node })
}

/// What the checker asks.
#[derive(Debug, Deserialize)]
struct Asked {
    device: UnitId,
    hour: u64,
    nonce: UnitId,
}

async fn present(State(door): State<Arc<Door>>, asked: Result<Query<Asked>, QueryRejection>) -> Result<Json<Presence>, ApiError> {
    let hint = "ask with device, hour and nonce: two of 64 hexadecimal digits around a number";
    let Query(asked) = asked.map_err(|error| ApiError::bad_request("bad-query", error.body_text(), hint))?;
    if asked.device != door.device {
        let message = format!("this is {}, not {}", door.device, asked.device);
        return Err(ApiError::new(StatusCode::NOT_FOUND, "other-device", message, "ask at the URL that the ledger has"));
    }
    let node = now(&door.node);
    if !node.running && !node.coming {
        let message = "the node of the device's hire does not run";
        return Err(ApiError::new(StatusCode::CONFLICT, "no-node", message, "its operator finds the reason in its status"));
    }
    Ok(Json(Presence::new(&door.key, asked.device, asked.hour, asked.nonce)))
}

async fn program(State(door): State<Arc<Door>>, Path(hash): Path<String>, request: Request) -> Result<StatusCode, ApiError> {
    let wanted = *door.image.lock().unwrap_or_else(PoisonError::into_inner);
    let is_wanted = |hash: &ContentHash| Some(*hash) == wanted;
    let hash = hash.parse::<ContentHash>().ok().filter(is_wanted).ok_or_else(|| {
        let message = "no hire of this device waits for a program of this hash";
        let hint = "give a program once its hire is on the ledger, to a device of that hire";
        ApiError::new(StatusCode::NOT_FOUND, "no-hire", message, hint)
    })?;
    let body: Bytes = to_bytes(request.into_body(), PROGRAM_MAX).await.map_err(|_| {
        let message = format!("a program is longer than {PROGRAM_MAX} bytes, or broke off");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too-long", message, "put data into the job, not into its command")
    })?;
    let unlike = |message: String| {
        let hint = "send the JSON whose SHA-256 the hire has: {\"command\":[…],\"env\":[]}";
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "other-program", message, hint)
    };
    if content_of(&body) != hash {
        return Err(unlike(format!("the bytes have the hash {}, not {hash}", content_of(&body))));
    }
    program_of(&body).map_err(unlike)?;
    door.store.keep_program(hash, body.to_vec()).await.map_err(|error| ApiError::internal(&error))?;
    door.changes.send_modify(|n| *n += 1);
    Ok(StatusCode::NO_CONTENT)
}
