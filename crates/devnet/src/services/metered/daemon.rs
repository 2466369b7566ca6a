//! An operator of a metered service: the only place that starts them.

use super::settings::{OperatorSettings, asks};
use crate::{
    Error, Result,
    operators::{Daemon, Post, Trade, started},
};
use async_trait::async_trait;
use depin_client::{Client, SigningKey};
use depin_provider::metered::{MeteredConfig, MeteredHandle, MeteredOperator};
use std::collections::BTreeMap;

/// What operators of a metered service have of their own.
pub(super) struct Delivering(pub OperatorSettings);

#[async_trait]
impl Trade for Delivering {
    type Settings = OperatorSettings;
    type Daemon = MeteredHandle;
    const NAME: &'static str = "the operators";

    fn usual(&self) -> OperatorSettings {
        self.0.clone()
    }

    async fn start(&self, post: Post, settings: OperatorSettings) -> Result<MeteredHandle> {
        let Post { operator, folder, client, key, .. } = post;
        let path = folder.join("settings.json");
        let wrong = |error| Error::refused("settings", format_args!("{}: {error}", path.display()));
        let config = MeteredConfig {
            accepts: settings.accepts,
            disputes: settings.disputes,
            folder: Some(folder),
            ..MeteredConfig::new(operator, asks(&settings.asks).map_err(wrong)?)
        };
        start(config, client, key).await
    }
}

/// Starts an operator; it follows the ledger when this returns.
///
/// # Errors
/// Refused for a URL that others cannot reach; broken when it cannot start.
pub async fn start(config: MeteredConfig, client: Client, key: SigningKey) -> Result<MeteredHandle> {
    let name = config.operator.name;
    started(name, MeteredOperator::start(config, client, key).await)
}

#[async_trait]
impl Daemon for MeteredHandle {
    async fn settled(&self) {
        self.ready().await;
    }

    fn problems(&self) -> BTreeMap<String, String> {
        self.status().problems
    }

    fn while_away(&self) -> Option<String> {
        match self.status().service.disputes_lost_away {
            0 => None,
            1 => Some("while away: 1 dispute lost".to_owned()),
            lost => Some(format!("while away: {lost} disputes lost")),
        }
    }

    async fn failed(&self) -> String {
        Self::failed(self).await
    }

    async fn stop(self) {
        Self::stop(self).await;
    }
}
