//! A hotspot: the only place that starts them.

use super::settings::HotspotSettings;
use crate::{
    Error, Result,
    operators::{Daemon, Post, Trade, not_started},
};
use async_trait::async_trait;
use depin_client::{Client, Keyring, SigningKey, Trust};
use depin_provider::coverage::{CoverageConfig, HotspotDaemon, HotspotError, HotspotHandle};
use depin_provider::operator::StartError;
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

/// The file of a hotspot's own key in its folder.
pub const HOTSPOT_KEY: &str = "hotspot.key";

/// What hotspots have of their own.
pub(super) struct Covering {
    pub trust: Trust,
    /// Milliseconds of ledger time per millisecond.
    pub speed: u32,
}

/// How often packets are reported at a speed: so that they are never late for the ledger.
const fn report_every(speed: u32) -> Duration {
    Duration::from_secs(if speed >= 20 { 2 } else { 5 })
}

#[async_trait]
impl Trade for Covering {
    type Settings = HotspotSettings;
    type Daemon = HotspotHandle;
    const NAME: &'static str = "the hotspots";

    fn usual(&self) -> HotspotSettings {
        HotspotSettings::new(1)
    }

    async fn start(&self, post: Post, settings: HotspotSettings) -> Result<HotspotHandle> {
        let Post { operator, folder, client, key, .. } = post;
        let own = Keyring::default().load_or_create(&folder.join(HOTSPOT_KEY));
        let own = own.map_err(|error| Error::refused("key", error))?.key;
        let udp = SocketAddr::new(operator.listen.ip(), settings.udp);
        let config = CoverageConfig {
            udp,
            full: settings.full,
            report_every: report_every(self.speed),
            trust: self.trust.clone(),
            ..CoverageConfig::new(operator, folder, own, settings.location()?)
        };
        start(config, client, key).await
    }
}

/// Starts a hotspot; it follows the ledger when this returns.
///
/// # Errors
/// Refused for a URL that others cannot reach, or a store of another hotspot; broken when it cannot start.
pub async fn start(config: CoverageConfig, client: Client, key: SigningKey) -> Result<HotspotHandle> {
    let name = config.operator.name;
    HotspotDaemon::start(config, client, key).await.map_err(|error| {
        let refused =
            matches!(error, HotspotError::Start(StartError::Url { .. }) | HotspotError::Store(_) | HotspotError::Udp { .. });
        not_started(name, &error, refused)
    })
}

#[async_trait]
impl Daemon for HotspotHandle {
    async fn settled(&self) {
        self.ready().await;
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
