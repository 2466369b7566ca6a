//! Serving: what the API's port allows, and the life of the server.

use super::{BATCH_BYTES, Shared};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response,
};
use bytes::Bytes;
use depin_serve::{Limits, Listener, Port, Refusal};
use http_body_util::Full;
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle};

/// What the API's port allows. Answers may take longer than `wait=final` waits.
pub(crate) fn port() -> Arc<Port> {
    let limits = Limits {
        connections: 2_048,
        requests: 2_048,
        body_ahead_bytes: BATCH_BYTES,
        answer_time: Some(Duration::from_secs(45)),
        ..Limits::default()
    };
    Port::new("api", limits, refuse)
}

/// Nothing here depends on who asks: there are no cookies and no keys, and transactions carry their own signature.
const ANY_ORIGIN: HeaderValue = HeaderValue::from_static("*");

fn refuse(refusal: Refusal) -> Response<Full<Bytes>> {
    let mut response = depin_serve::json(refusal);
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY_ORIGIN);
    response
}

/// Puts what holds for every answer round all routes.
pub(super) fn guarded(router: Router, app: &Shared) -> Router {
    router.layer(middleware::from_fn_with_state(Arc::clone(app), watch_over))
}

/// Counts requests, opens reads to pages of any origin.
async fn watch_over(State(app): State<Shared>, request: Request, next: Next) -> Response {
    app.metrics.request();
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY_ORIGIN);
    response
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    task: JoinHandle<()>,
}

impl Server {
    /// Serves until `stopping` turns true.
    pub fn start(listener: Listener, port: Arc<Port>, app: Shared, mut stopping: watch::Receiver<bool>) -> Self {
        let router = super::router(app);
        let stop = async move {
            // A vanished sender means the same.
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        Self { task: tokio::spawn(depin_serve::serve(listener, router, port, stop)) }
    }

    /// Waits for open requests, for a bounded time; call it after `stopping` was set.
    pub async fn stopped(&mut self) {
        // A panic was reported where it happened.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
