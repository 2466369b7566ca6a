//! A running operator, as whoever started it holds it.

use super::{metrics::Figures, status::SharedStatus, status::Status};
use depin_quantity::Address;
use std::time::Duration;
use tokio::{sync::watch, task::JoinHandle};

/// Longest wait for requests under way when an operator is stopped.
const STOP_WAIT: Duration = Duration::from_secs(5);

/// A running operator. Dropped without [`OperatorHandle::stop`] it is cut off as by a crash, which the next start recovers from.
#[derive(Debug)]
pub struct OperatorHandle<F> {
    pub(super) address: Address,
    pub(super) url: String,
    pub(super) status: SharedStatus<F>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) server: JoinHandle<()>,
    pub(super) watcher: JoinHandle<()>,
    pub(super) helpers: Vec<JoinHandle<()>>,
    pub(super) end: watch::Receiver<Option<String>>,
}

impl<F: Figures> OperatorHandle<F> {
    /// Its address on the ledger.
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Base URL under which others reach it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it says of itself now.
    pub fn status(&self) -> Status<F> {
        self.status.get()
    }

    /// Waits until it is registered and has gone through everything once. Goes on waiting while there are problems;
    /// [`OperatorHandle::status`] names them.
    pub async fn ready(&self) {
        let mut ready = self.status.ready();
        // The status, and with it the sender, lives as long as the handle.
        let _ = ready.wait_for(|ready| *ready).await;
    }
}

impl<F> OperatorHandle<F> {
    /// Resolves with the reason when it cannot go on: a defect of this program.
    pub fn failed(&self) -> impl Future<Output = String> + Send + 'static + use<F> {
        let mut end = self.end.clone();
        async move {
            let reason = end.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
            match reason {
                Some(reason) => reason,
                // Stopped without a failure.
                None => std::future::pending().await,
            }
        }
    }

    /// Stops in order: no new requests and no new messages, then the end of those under way, for at most some seconds.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let both = async {
            let _ = (&mut self.server).await;
            let _ = (&mut self.watcher).await;
        };
        if tokio::time::timeout(STOP_WAIT, both).await.is_err() {
            tracing::info!("requests under way were cut off");
        }
        for helper in &mut self.helpers {
            helper.abort();
            // Cancelled is what it should be; then it has let go of what it holds.
            let _ = helper.await;
        }
    }
}

impl<F> Drop for OperatorHandle<F> {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.server.abort();
        self.watcher.abort();
        self.helpers.iter().for_each(JoinHandle::abort);
    }
}
