//! One operator's daemon: the only place that starts them.

use crate::{Error, Kind, Result};
use depin_client::{Client, SigningKey};
use depin_provider::metered::{MeteredConfig, MeteredHandle, MeteredOperator};
use depin_provider::operator::StartError;
use std::time::Duration;
use tokio::time;

/// Longest wait until an operator has registered; it goes on by itself after that.
const READY: Duration = Duration::from_secs(60);

/// A running operator.
pub struct Daemon(MeteredHandle);

impl Daemon {
    /// Starts an operator; it follows the ledger when this returns, see [`Daemon::ready`] for the rest.
    ///
    /// # Errors
    /// Refused for a URL that others cannot reach; broken when it cannot start.
    pub async fn start(config: MeteredConfig, client: Client, key: SigningKey) -> Result<Self> {
        let name = config.name;
        let handle = MeteredOperator::start(config, client, key).await.map_err(|error| Error {
            kind: if matches!(error, StartError::Url { .. }) { Kind::Refused } else { Kind::Broken },
            code: "provider".to_owned(),
            message: format!("{name} does not start: {error}"),
            hint: String::new(),
        })?;
        Ok(Self(handle))
    }

    /// Waits until it is registered; gives what stands in its way when that takes too long.
    pub async fn ready(&self) -> Option<String> {
        if time::timeout(READY, self.0.ready()).await.is_ok() {
            return None;
        }
        let problems = self.0.status().problems;
        let text: Vec<String> = problems.into_iter().map(|(what, why)| format!("{what}: {why}")).collect();
        Some(if text.is_empty() { "it is still registering".to_owned() } else { text.join("; ") })
    }

    /// Resolves with the reason when it cannot go on.
    pub async fn failed(&self) -> String {
        self.0.failed().await
    }

    /// Stops it.
    pub async fn stop(self) {
        self.0.stop().await;
    }
}
