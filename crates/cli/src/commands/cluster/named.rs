//! Devices, hires and people as they are named on the command line.

use crate::{
    error::{CliError, Result},
    output::Output,
    remote::{RUNS_CLUSTERS, Remote, name_in, needs_service},
};
use depin_client::{
    Clusters, SigningKey,
    api::{ClusterDevice, ClusterDeviceQuery, ClusterHire, ClusterHireQuery, ClusterHour, ClustersNetwork, Status},
    whole_list,
};
use depin_devnet::home;
use depin_quantity::{Address, Instant, UnitId};
use std::collections::BTreeMap;

/// Pages of one list.
const PAGES_MAX: usize = 256;

/// Devices by what is asked; those that left stay where no owner is.
pub async fn devices(clusters: Clusters<'_>, owner: Option<Address>, hour: Option<u64>) -> Result<Vec<ClusterDevice>> {
    let page = |after| async move { clusters.devices(&ClusterDeviceQuery { owner, hour, after, limit: Some(500) }).await };
    Ok(whole_list(PAGES_MAX, page).await?)
}

/// What every command about clusters works with.
pub(super) struct Named<'a> {
    pub remote: &'a Remote,
    pub out: &'a Output,
    pub status: Status,
    pub now: Instant,
    names: BTreeMap<Address, String>,
}

impl<'a> Named<'a> {
    pub(super) async fn new(remote: &'a Remote, out: &'a Output) -> Result<Self> {
        let status = remote.client.status().await?;
        needs_service(status.network, status.service, "clusters", RUNS_CLUSTERS)?;
        let now = Instant::new(status.time_ms);
        Ok(Self { remote, out, now, names: remote.names().await?, status })
    }

    pub(super) const fn clusters(&self) -> Clusters<'_> {
        self.remote.client.clusters()
    }

    /// The name of an account, or the ends of its address.
    pub(super) fn name(&self, address: Address) -> String {
        name_in(&self.names, address)
    }

    pub(super) async fn network(&self) -> Result<ClustersNetwork> {
        Ok(self.clusters().network().await?)
    }

    /// The hour that the ledger's time lies in.
    pub(super) fn hour(&self, network: &ClustersNetwork) -> u64 {
        self.now.get().saturating_sub(network.begins.ms) / network.hour_ms.max(1)
    }

    /// Devices by what is asked; those that left stay where no owner is.
    pub(super) async fn devices(&self, owner: Option<Address>, hour: Option<u64>) -> Result<Vec<ClusterDevice>> {
        devices(self.clusters(), owner, hour).await
    }

    /// Hours that are kept, the oldest first.
    pub(super) async fn hours(&self) -> Result<Vec<ClusterHour>> {
        let page = |after: Option<String>| async move { self.clusters().hours(after.as_deref(), Some(500)).await };
        Ok(whole_list(PAGES_MAX, page).await?)
    }

    pub(super) async fn hires(&self, hirer: Option<Address>) -> Result<Vec<ClusterHire>> {
        let page = |after| async move { self.clusters().hires(&ClusterHireQuery { hirer, after, limit: Some(50) }).await };
        Ok(whole_list(PAGES_MAX, page).await?)
    }

    /// The device of that id, or whose id alone begins so.
    pub(super) async fn device(&self, text: &str) -> Result<ClusterDevice> {
        let unknown = || {
            CliError::refused("unknown-device", format_args!("there is no device `{text}`"))
                .hint("`depin cluster devices` lists them")
        };
        if let Ok(id) = text.parse::<UnitId>() {
            return self.clusters().device(id).await?.ok_or_else(unknown);
        }
        let all = self.devices(None, None).await?;
        one(all, text, "devices", |device| device.device)?.ok_or_else(unknown)
    }

    /// The hire of that id, or whose id alone begins so.
    pub(super) async fn hire(&self, text: &str) -> Result<ClusterHire> {
        let unknown = || {
            CliError::refused("unknown-hire", format_args!("there is no hire `{text}`"))
                .hint("`depin cluster list` lists them; closed ones are forgotten after a while")
        };
        if let Ok(id) = text.parse::<UnitId>() {
            return self.clusters().hire(id).await?.ok_or_else(unknown);
        }
        let all = self.hires(None).await?;
        let found = one(all, text, "hires", |hire| hire.hire)?.ok_or_else(unknown)?;
        // A list may leave the devices out.
        self.clusters().hire(found.hire).await?.ok_or_else(unknown)
    }

    /// The key that was named, or the home's key of whoever is to sign.
    pub(super) fn key(&self, key: Option<&str>, who: Address, what: &str) -> Result<SigningKey> {
        if let Some(key) = key {
            return self.remote.key(key);
        }
        let home = &self.remote.settings.home;
        for path in home::key_names(home)?.into_iter().map(|name| home.key(name)) {
            if home::address_of(&path).ok() == Some(who) {
                return home.load_key(&path);
            }
        }
        Err(CliError::refused("no-key", format_args!("it is {}'s to {what}, and this home has no such key", self.name(who)))
            .hint("name a key with --from: a name from `depin wallet show`, or a key file"))
    }

    /// Whether the network is the one that this home runs, and this machine's: its devices are here too.
    pub(super) fn is_home(&self) -> bool {
        let settings = &self.remote.settings;
        let own = settings.home.genesis().exists().then(|| settings.home.read_genesis().ok()).flatten();
        let node = self.remote.client.url();
        let here = ["http://127.", "http://[::1]", "http://localhost", "https://127.", "https://[::1]", "https://localhost"];
        own.is_some_and(|genesis| genesis.chain_id == self.status.chain_id) && here.iter().any(|start| node.starts_with(start))
    }
}

/// The one of a list whose id begins so; none when none does.
fn one<T>(all: Vec<T>, text: &str, what: &str, id: impl Fn(&T) -> UnitId) -> Result<Option<T>> {
    let beginning = text.trim_end_matches('…').to_ascii_lowercase();
    if beginning.is_empty() {
        return Ok(None);
    }
    let mut found = all.into_iter().filter(|one| id(one).to_string().starts_with(&beginning));
    match (found.next(), found.next()) {
        (found, None) => Ok(found),
        _ => {
            let error = CliError::refused("ambiguous", format_args!("several {what} begin with `{beginning}`"));
            Err(error.hint("write more of the id"))
        }
    }
}

/// An id as tables show it: enough to name it again.
pub(super) fn short(id: UnitId) -> String {
    id.to_string().chars().take(8).collect()
}

/// Tenths of a point, as people read them.
pub(super) fn points(tenths: &str) -> String {
    match tenths.parse::<u128>() {
        Ok(tenths) => format!("{}.{}", tenths / 10, tenths % 10),
        Err(_) => tenths.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_names_one_or_is_asked_for_more() {
        let ids = || vec![UnitId::new([0xab; 32]), UnitId::new([0xac; 32])];
        assert_eq!(one(ids(), "AB", "devices", |id| *id).unwrap(), Some(UnitId::new([0xab; 32])));
        assert_eq!(one(ids(), "ff", "devices", |id| *id).unwrap(), None);
        assert_eq!(one(ids(), "", "devices", |id| *id).unwrap(), None);
        assert_eq!(one(ids(), "a", "devices", |id| *id).unwrap_err().code, "ambiguous");
        assert_eq!((points("123"), points("x")), ("12.3".to_owned(), "x".to_owned()));
    }
}
