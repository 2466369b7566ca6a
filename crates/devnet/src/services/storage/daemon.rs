//! One storage provider daemon: the only place that starts them.

use crate::{Error, Kind, Result};
use depin_client::{Client, SigningKey};
use depin_provider::operator::StartError;
use depin_provider::storage::{Provider, ProviderConfig, ProviderError, ProviderHandle, StoreError};
use depin_quantity::{Name, Units};
use depin_services::storage::{Ask, StorageParams};
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use tokio::time;

/// Longest wait until a provider has registered and looked through its deals; it goes on by itself after that.
const READY: Duration = Duration::from_secs(60);

/// How a provider is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Name for people.
    pub name: Name,
    /// Folder of its pieces.
    pub folder: PathBuf,
    /// Address on which it listens.
    pub listen: SocketAddr,
    /// URL under which others reach it.
    pub url: String,
    /// Bytes offered in all.
    pub capacity_bytes: u64,
    /// Price per GiB and epoch, base units; counts for the first registration, later the ledger's entry does.
    pub price: Units,
    /// The same for verified deals.
    pub verified_price: Units,
    /// The chain that uploads must be signed for.
    pub chain_id: Name,
    /// Rules of the network's storage service: all its pieces and terms are taken.
    pub params: StorageParams,
}

/// A running provider.
pub struct Daemon {
    handle: ProviderHandle,
}

impl Daemon {
    /// Starts a provider; it serves and follows the ledger when this returns, see [`Daemon::ready`] for the rest.
    ///
    /// # Errors
    /// Refused for a folder of another provider or in use; broken when it cannot start.
    pub async fn start(setup: Setup, client: Client, key: SigningKey) -> Result<Self> {
        let Setup { name, folder, listen, url, capacity_bytes, price, verified_price, chain_id, params } = setup;
        let ask = Ask {
            price,
            verified_price,
            piece_min: params.piece_min,
            piece_max: params.piece_max,
            term_min: params.term_min,
            term_max: params.term_max,
            open: true,
        };
        let config = ProviderConfig {
            listen,
            url: Some(url),
            chain_id: Some(chain_id),
            ..ProviderConfig::new(name, folder, capacity_bytes, ask)
        };
        let handle = Provider::start(config, client, key).await.map_err(|error| {
            let kind = match error {
                ProviderError::Store(StoreError::InUse { .. } | StoreError::Format { .. })
                | ProviderError::Start(StartError::Url { .. }) => Kind::Refused,
                _ => Kind::Broken,
            };
            Error { kind, code: "provider".to_owned(), message: format!("{name} does not start: {error}"), hint: String::new() }
        })?;
        Ok(Self { handle })
    }

    /// Waits until it is registered and has gone through its deals; gives what stands in its way when that takes too long.
    pub async fn ready(&self) -> Option<String> {
        if time::timeout(READY, self.handle.ready()).await.is_ok() {
            return None;
        }
        let problems = self.handle.status().problems;
        let text: Vec<String> = problems.into_iter().map(|(what, why)| format!("{what}: {why}")).collect();
        Some(if text.is_empty() { "it is still looking through its deals".to_owned() } else { text.join("; ") })
    }

    /// Resolves with the reason when it cannot go on.
    pub async fn failed(&self) -> String {
        self.handle.failed().await
    }

    /// Stops it; what it was sent is finished first.
    pub async fn stop(self) {
        self.handle.stop().await;
    }
}
