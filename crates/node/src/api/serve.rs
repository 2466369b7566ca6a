//! Serving: what holds for every request, and the life of the server.

use super::{Shared, error::ApiError};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use futures::FutureExt as _;
use std::{future::IntoFuture as _, io, net::SocketAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinHandle,
};

/// Longest time to the beginning of an answer; longer than `wait=final` waits.
const REQUEST_TIME: Duration = Duration::from_secs(45);
/// Requests worked on at once.
const REQUESTS_MAX: usize = 2_048;
/// How long a stopping server lets requests finish.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Guard {
    app: Shared,
    permits: Arc<Semaphore>,
}

/// Puts the guard round all routes.
pub(super) fn guarded(router: Router, app: &Shared) -> Router {
    let guard = Guard { app: Arc::clone(app), permits: Arc::new(Semaphore::new(REQUESTS_MAX)) };
    router.layer(middleware::from_fn_with_state(guard, watch_over))
}

/// Bounds number and time of requests, turns a panic into an answer, opens reads to pages of any origin.
async fn watch_over(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    guard.app.metrics.request();
    let Ok(_permit) = guard.permits.try_acquire() else {
        return ApiError::busy("too many requests at once").into_response();
    };
    let work = AssertUnwindSafe(next.run(request)).catch_unwind();
    let mut response = match tokio::time::timeout(REQUEST_TIME, work).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => ApiError::internal("a bug stopped the answer").into_response(),
        Err(_) => ApiError::busy("the answer took too long").into_response(),
    };
    // Nothing here depends on who asks: there are no cookies and no keys, and transactions carry their own signature.
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// Reserves an address.
///
/// # Errors
/// The system's, such as an address that is in use.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    task: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Serves until `stopping` turns true.
    pub fn start(listener: TcpListener, app: Shared, mut stopping: watch::Receiver<bool>) -> Self {
        let router = super::router(app);
        let stop = async move {
            // A vanished sender means the same.
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        let serve = axum::serve(listener, router).with_graceful_shutdown(stop);
        Self { task: tokio::spawn(serve.into_future()) }
    }

    /// Waits for open requests, for a bounded time; call it after `stopping` was set.
    pub async fn stopped(&mut self) {
        if tokio::time::timeout(GRACE, &mut self.task).await.is_err() {
            tracing::warn!("some requests were cut off");
            self.task.abort();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
