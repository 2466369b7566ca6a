//! A device and the checker: the only place that starts them.

use crate::{
    Error, Result,
    operators::{Daemon, not_started},
};
use async_trait::async_trait;
use depin_client::{Client, SigningKey};
use depin_provider::{
    clusters::{
        CheckerConfig, CheckerHandle, ClusterConfig, ClusterDevice, ClusterHandle, ClustersChecker, DeviceError, Machine, Wish,
        kept_profile, profile, shortfall,
    },
    operator::StartError,
};
use depin_quantity::UnitId;
use depin_services::clusters::Profile;
use std::{collections::BTreeMap, path::Path};

/// What a device claims: what its machine was measured to have when its folder was new, or is measured to have now where that is wished.
///
/// # Errors
/// Refused where the machine cannot be measured, or its folder is another device's; the node's when it cannot be asked.
pub async fn claim(client: &Client, folder: &Path, device: UnitId, wish: &Wish, anew: bool) -> Result<Profile> {
    let network = client.clusters().network().await?;
    depin_files::private_folder(folder)
        .map_err(|error| Error::broken("folder", format_args!("{}: {error}", folder.display())))?;
    let machine = Machine::measure(Path::new("/"), folder).map_err(|error| Error::refused("machine", error))?;
    let measured = profile(&machine, &network, wish);
    let kept = kept_profile(folder, device, measured, anew).map_err(|error| Error::refused("store", error))?;
    if let Some(short) = shortfall(&kept, &measured) {
        tracing::warn!("{short}");
    }
    Ok(kept)
}

/// Starts a device; it follows the ledger when this returns.
///
/// # Errors
/// Refused for a URL that others cannot reach; broken when it cannot start.
pub async fn start(config: ClusterConfig, client: Client, key: SigningKey) -> Result<ClusterHandle> {
    let name = config.operator.name;
    ClusterDevice::start(config, client, key).await.map_err(|error| {
        let refused = matches!(error, DeviceError::Start(StartError::Url { .. }) | DeviceError::Store(_));
        not_started(name, &error, refused)
    })
}

/// Starts the checker; it looks for hours when this returns.
///
/// # Errors
/// Broken when it cannot start.
pub async fn start_checker(config: CheckerConfig, client: Client, key: SigningKey) -> Result<CheckerHandle> {
    ClustersChecker::start(config, client, key).await.map_err(|error| not_started("the checker", &error, false))
}

#[async_trait]
impl Daemon for ClusterHandle {
    async fn settled(&self) {
        self.ready().await;
    }

    fn remarks(&self) -> Vec<String> {
        let words = |why: &str| format!("the device is not for hire, since this machine cannot run nodes: {why}");
        self.cannot().map(words).into_iter().collect()
    }

    /// What stands in its way, and why the last hour failed: an hour that failed is over, and its reason is what its owner can mend.
    fn problems(&self) -> BTreeMap<String, String> {
        let status = self.status();
        let mut problems = status.problems;
        if let Some(last) = status.service.failures.last() {
            let why = format!("block {} failed ({}): {}", last.hour, last.reason, last.why);
            problems.insert("last failed hour".to_owned(), why);
        }
        if !status.service.hour_waits.is_empty() {
            problems.insert("this hour".to_owned(), status.service.hour_waits);
        }
        problems
    }

    async fn failed(&self) -> String {
        Self::failed(self).await
    }

    async fn stop(self) {
        Self::stop(self).await;
    }
}

#[async_trait]
impl Daemon for CheckerHandle {
    async fn settled(&self) {}

    fn problems(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    async fn failed(&self) -> String {
        Self::failed(self).await
    }

    async fn stop(self) {
        Self::stop(self).await;
    }
}
