//! A hotspot: the only place that starts them.

use super::settings::HotspotSettings;
use crate::{
    Error, Result,
    error::LOST,
    operators::{Daemon, Post, Trade, not_started},
};
use async_trait::async_trait;
use depin_client::{
    Client, Keyring, Reach, SigningKey, Trust,
    api::{CoverageHotspot, HotspotQuery},
};
use depin_provider::coverage::{CoverageConfig, HotspotDaemon, HotspotError, HotspotHandle, STORE_FILE};
use depin_provider::operator::StartError;
use depin_quantity::Address;
use depin_services::coverage::Location;
use std::{collections::BTreeMap, net::SocketAddr, path::Path, time::Duration};

/// The file of a hotspot's own key in its folder.
pub const HOTSPOT_KEY: &str = "hotspot.key";

/// What to do about a store that is lost.
const NEW_STORE: &str = "put a copy back; where there is none, start with --new-store, or delete hotspot.db, hotspot.db-wal and \
                         hotspot.db.sums: only packets of the last seconds that are not reported yet are not paid then";

/// What hotspots have of their own.
pub(super) struct Covering {
    pub trust: Trust,
    /// Where customers' network servers may be.
    pub reach: Reach,
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
        let location = settings.location()?;
        let own = own_key(&post, &location, &Keyring::default()).await?;
        let Post { operator, folder, client, key, new_store, .. } = post;
        let udp = SocketAddr::new(operator.listen.ip(), settings.udp);
        let config = CoverageConfig {
            udp,
            full: settings.full,
            report_every: report_every(self.speed),
            trust: self.trust.clone(),
            reach: self.reach.clone(),
            used: own.used,
            new_store,
            ..CoverageConfig::new(operator, folder, own.key, location)
        };
        start(config, client, key).await
    }
}

/// A hotspot's own key.
pub struct OwnKey {
    /// It.
    pub key: SigningKey,
    /// Whether it was in the folder before.
    pub used: bool,
}

/// The hotspot's key in a folder; made where no hotspot ran there before and the owner has none at this place. One that was lost is not
/// replaced unless [`Post::new_store`] says so: another hotspot would join in its place, and pay for it. Nothing is written then.
///
/// # Errors
/// Refused for a key that is lost or cannot be read; broken when the node cannot be asked.
pub async fn own_key(post: &Post, location: &Location, keyring: &Keyring) -> Result<OwnKey> {
    let path = post.folder.join(HOTSPOT_KEY);
    match keyring.load(&path) {
        Ok(own) => return Ok(OwnKey { key: own.key, used: true }),
        Err(error) if error.is_absent() => {}
        Err(error) => return Err(lost(format_args!("{} does not start: {error}", post.operator.name))),
    }
    let store = post.folder.join(STORE_FILE);
    let is_left = store.exists();
    if !post.new_store {
        if is_left {
            return Err(lost_key(&path, &format!("{} is the store of the hotspot whose key it was", store.display())));
        }
        if let Some(hotspot) = joined_at(&post.client, post.key.address(), location).await? {
            return Err(lost_key(&path, &format!("its owner's hotspot {hotspot} stands at this place already")));
        }
    }
    if is_left {
        depin_files::set_database_aside(&store).map_err(|error| Error::file("set aside", &store, &error))?;
    }
    let own = keyring.load_or_create(&path).map_err(|error| Error::refused("key", error))?;
    Ok(OwnKey { key: own.key, used: false })
}

/// The hotspot of an owner that the ledger has at a place.
async fn joined_at(client: &Client, owner: Address, location: &Location) -> Result<Option<Address>> {
    let mut query = HotspotQuery { owner: Some(owner), limit: Some(1_000), ..HotspotQuery::default() };
    let is_there = |hotspot: &CoverageHotspot| {
        let cell = hotspot.location.as_ref().and_then(|there| u64::from_str_radix(&there.cell, 16).ok());
        !hotspot.retired && cell == Some(location.cell)
    };
    loop {
        let page = client.coverage().hotspots(&query).await?;
        if let Some(found) = page.items.iter().find(|hotspot| is_there(hotspot)) {
            return Ok(Some(found.address));
        }
        if page.next.is_none() || page.next == query.after {
            return Ok(None);
        }
        query.after = page.next;
    }
}

fn lost(what: impl std::fmt::Display) -> Error {
    Error::refused(LOST, what)
}

fn lost_key(path: &Path, why: &str) -> Error {
    lost(format_args!("there is no {}, and {why}", path.display()))
        .hint("put a copy of hotspot.key back; where there is none, --new-store joins a new hotspot, for the fees of joining")
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
        let told = not_started(name, &error, refused);
        match &error {
            HotspotError::Store(store) if store.is_lost() => Error { code: LOST.to_owned(), ..told }.hint(NEW_STORE),
            HotspotError::Store(_) => Error { code: LOST.to_owned(), ..told },
            _ => told,
        }
    })
}

#[async_trait]
impl Daemon for HotspotHandle {
    async fn settled(&self) {
        self.ready().await;
    }

    fn remarks(&self) -> Vec<String> {
        let told = |folder: &Path| {
            format!(
                "a new store was begun in {}: packets that customers acknowledged and that were not reported yet are not paid",
                folder.display()
            )
        };
        self.began_anew().map(told).into_iter().collect()
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
    use crate::Kind;
    use depin_provider::operator::OperatorConfig;
    use depin_quantity::Name;
    use std::fs;

    /// Where no node is: what is refused here is refused before one is asked.
    fn post(folder: &Path) -> Post {
        let operator = OperatorConfig { chain_id: Some(Name::literal("chain")), ..OperatorConfig::new(Name::literal("roof")) };
        Post {
            operator,
            folder: folder.to_owned(),
            client: Client::new("http://127.0.0.1:9").unwrap(),
            key: SigningKey::from_seed(&[1; 32]),
            disk_floor: None,
            new_store: false,
        }
    }

    #[tokio::test]
    async fn a_hotspot_whose_store_is_damaged_is_one_that_is_left_out_with_a_way_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(STORE_FILE), vec![0; 8_192]).unwrap();
        let Post { operator, folder, client, key, .. } = post(folder.path());
        let own = SigningKey::from_seed(&[2; 32]);
        let config = CoverageConfig::new(operator, folder, own, HotspotSettings::new(1).location().unwrap());
        let error = start(config, client, key).await.unwrap_err();
        assert_eq!(error.code, LOST, "{error}");
        assert!(error.hint.contains("--new-store") && error.hint.contains("hotspot.db.sums"), "{}", error.hint);
    }

    #[tokio::test]
    async fn a_key_that_is_lost_is_told_and_no_other_takes_its_place_unless_that_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let location = HotspotSettings::new(1).location().unwrap();
        let (path, store) = (folder.path().join(HOTSPOT_KEY), folder.path().join(STORE_FILE));
        fs::write(&store, b"left").unwrap();
        let own = async |new_store| own_key(&Post { new_store, ..post(folder.path()) }, &location, &Keyring::default()).await;
        let error = own(false).await.err().unwrap();
        assert_eq!((error.code.as_str(), path.exists()), (LOST, false), "{error}");
        assert!(error.message.contains("hotspot.key") && error.hint.contains("--new-store"), "{error}");
        fs::remove_file(&store).unwrap();
        let error = own(false).await.err().unwrap();
        assert_eq!((error.kind, path.exists()), (Kind::Broken, false), "the ledger is asked first: {error}");
        fs::write(&store, b"left").unwrap();
        assert!(!own(true).await.unwrap().used && path.exists() && !store.exists(), "wanted");
        assert!(own(false).await.unwrap().used);
        fs::write(&path, b"x").unwrap();
        assert_eq!(own(false).await.err().unwrap().code, LOST, "the other hotspots run");
    }
}
