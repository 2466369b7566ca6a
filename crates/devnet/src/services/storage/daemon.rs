//! A storage provider: the only place that starts them.

use super::settings::ProviderSettings;
use crate::{
    Error, Result,
    error::LOST,
    operators::{Daemon, Post, Trade, not_started},
};
use async_trait::async_trait;
use depin_files::Floor;
use depin_provider::operator::StartError;
use depin_provider::storage::{Provider, ProviderConfig, ProviderError, ProviderHandle, StoreError};
use depin_services::storage::{Ask, StorageParams};
use std::{collections::BTreeMap, fmt::Display, path::Path};

/// What storage providers have of their own.
pub(super) struct Storing(pub StorageParams);

#[async_trait]
impl Trade for Storing {
    type Settings = ProviderSettings;
    type Daemon = ProviderHandle;
    const NAME: &'static str = "the providers";

    fn usual(&self) -> ProviderSettings {
        ProviderSettings::new(&self.0, super::settings::CAPACITY)
    }

    async fn start(&self, post: Post, settings: ProviderSettings) -> Result<ProviderHandle> {
        start(post, &settings, &self.0).await
    }
}

/// Starts a provider; it serves and follows the ledger when this returns. All pieces and terms of the network are taken.
///
/// # Errors
/// Refused for a folder of another provider or in use; broken when it cannot start.
pub async fn start(post: Post, settings: &ProviderSettings, params: &StorageParams) -> Result<ProviderHandle> {
    let Post { operator, folder, client, key, disk_floor, new_store } = post;
    let (name, data) = (operator.name, folder.join("data"));
    if !new_store && !data.exists() {
        let entry = client.storage().provider(key.address()).await?;
        refuse_without_pieces(&name, &data, entry.map_or(0, |entry| entry.deals))?;
    }
    let ask = Ask {
        price: settings.price,
        verified_price: settings.verified_price,
        piece_min: params.piece_min,
        piece_max: params.piece_max,
        term_min: params.term_min,
        term_max: params.term_max,
        open: true,
    };
    let floor = Floor::new(&data, disk_floor);
    let config = ProviderConfig {
        floor,
        small_clients: settings.small_clients,
        ..ProviderConfig::new(operator, data, settings.capacity_bytes, ask)
    };
    Provider::start(config, client, key).await.map_err(|error| {
        let refused = matches!(
            error,
            ProviderError::Store(StoreError::InUse { .. } | StoreError::Format { .. })
                | ProviderError::Start(StartError::Url { .. })
        );
        let lost = matches!(error, ProviderError::Store(StoreError::IndexLost { .. }));
        let error = not_started(name, error, refused);
        if lost { Error { code: LOST.to_owned(), ..error } } else { error }
    })
}

/// Refuses to answer for `deals` with nothing: whoever has their pieces would be put out, and all of them would be faulty.
fn refuse_without_pieces(name: &dyn Display, data: &Path, deals: u32) -> Result<()> {
    if deals == 0 {
        return Ok(());
    }
    let message =
        format!("{name} has {deals} deals on this chain, and none of their pieces is here: there is no {}", data.display());
    let hint = "put a copy of the folder back, or name the one that has them with --dir; where there is none, --new-store begins an empty \
                one on purpose: the deals fail, at a cost";
    Err(Error::refused(LOST, message).hint(hint))
}

#[async_trait]
impl Daemon for ProviderHandle {
    async fn settled(&self) {
        self.ready().await;
    }

    fn remarks(&self) -> Vec<String> {
        self.store().recovery().rebuilt.into_iter().collect()
    }

    fn problems(&self) -> BTreeMap<String, String> {
        self.status().problems
    }

    async fn failed(&self) -> String {
        Self::failed(self).await
    }

    async fn stop(self) {
        Self::stop(self).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_with_deals_is_not_taken_over_by_an_empty_folder() {
        let refuse = |deals| refuse_without_pieces(&"garage", Path::new("/srv/garage/data"), deals);
        assert!(refuse(0).is_ok(), "a new provider");
        let refused = refuse(320).unwrap_err();
        assert_eq!(refused.code, LOST);
        assert!(refused.message.contains("320 deals") && refused.message.contains("/srv/garage/data"), "{refused}");
        assert!(refused.hint.contains("--new-store") && refused.hint.contains("--dir"), "{}", refused.hint);
    }
}
