//! A mobile access point: the only place that starts them; and the one of a home, with a carrier and simulated subscribers.

use crate::{
    Error, Part, Result, Site,
    error::LOST,
    home,
    home::files,
    operators::{Daemon, not_started},
    ports,
};
use async_trait::async_trait;
use depin_air::{Subscribers, SubscribersConfig};
use depin_client::{
    Client, Credit, Keyring, Sender, SigningKey,
    api::{AccessPointQuery, MobileAccessPoint},
};
use depin_economy::{Money, Spec};
use depin_ledger::Message;
use depin_provider::{
    mobile::{
        MobileConfig, MobileDaemon, MobileError, MobileHandle, STORE_FILE, Site as CoverageSite, SpeedServer, SpeedServerConfig,
    },
    operator::{OperatorConfig, StartError},
};
use depin_quantity::{Address, Name, Units};
use depin_services::coverage::{
    CoverageMessage, Location, Region, cell_at,
    mobile::{MobileMessage, Place},
};
use std::{collections::BTreeMap, net::SocketAddr, path::Path, time::Duration};

/// The file of an access point's own key in its folder.
pub const POINT_KEY: &str = "access-point.key";
/// Whose key it is, and what is wanted where it is gone.
pub struct Owner<'a> {
    /// The node.
    pub client: &'a Client,
    /// The owner's account.
    pub address: Address,
    /// Whether another access point may join in the place of one whose key is lost.
    pub anew: bool,
}

/// The access point's key in a folder; made where none ran there before and its owner has none at this place. One that was lost is not replaced
/// unless that is wanted: another access point would join in its place, and pay for it. Nothing is written then.
///
/// # Errors
/// Refused for a key that is lost or cannot be read; broken when the node cannot be asked.
pub async fn own_key(folder: &Path, owner: Owner<'_>, location: &Location, keyring: &Keyring) -> Result<SigningKey> {
    let path = folder.join(POINT_KEY);
    match keyring.load(&path) {
        Ok(own) => return Ok(own.key),
        Err(error) if error.is_absent() => {}
        Err(error) => return Err(Error::refused(LOST, error)),
    }
    let store = folder.join(STORE_FILE);
    if !owner.anew {
        if store.exists() {
            return Err(lost_key(&path, &format!("{} is the store of the access point whose key it was", store.display())));
        }
        if let Some(point) = joined_at(owner.client, owner.address, location).await? {
            return Err(lost_key(&path, &format!("its owner's access point {point} stands at this place already")));
        }
    }
    if store.exists() {
        depin_files::set_database_aside(&store).map_err(|error| Error::file("set aside", &store, &error))?;
    }
    Ok(keyring.load_or_create(&path).map_err(|error| Error::refused("key", error))?.key)
}

/// The access point of an owner that the ledger has at a place.
async fn joined_at(client: &Client, owner: Address, location: &Location) -> Result<Option<Address>> {
    let mut query = AccessPointQuery { owner: Some(owner), limit: Some(1_000), ..AccessPointQuery::default() };
    loop {
        let page = client.coverage().access_points(&query).await?;
        let is_there = |point: &&MobileAccessPoint| {
            let cell = point.location.as_ref().and_then(|there| u64::from_str_radix(&there.cell, 16).ok());
            !point.retired && cell == Some(location.cell)
        };
        if let Some(found) = page.items.iter().find(is_there) {
            return Ok(Some(found.address));
        }
        if page.next.is_none() || page.next == query.after {
            return Ok(None);
        }
        query.after = page.next;
    }
}

fn lost_key(path: &Path, why: &str) -> Error {
    Error::refused(LOST, format_args!("there is no {}, and {why}", path.display())).hint(
        "put a copy of access-point.key back; where there is none, --new-store joins a new access point, for the fees of joining",
    )
}

/// Folder of the home's access point.
pub(super) const FOLDER: &str = "mobile";
/// What `endpoints.json` calls it.
const NAME: &str = "mobile";
/// What it covers, who may report, whose subscribers pay.
const SITE: &str = "coverage.json";
/// Where it stands: Berlin, Alexanderplatz.
const PLACE: (f64, f64) = (52.5219, 13.4132);
/// Bytes that the development carrier pays for at each access point.
const BYTES: u64 = 100_000_000_000;
/// Bytes that a simulated session carries between two records, on average: some hundred credits' worth at 24 bytes a credit.
const SESSION_BYTES: u64 = 2_400;
/// Distance of its HTTP port from the first port of the home.
const HTTP: u16 = 90;
/// Simulated subscribers.
const SUBSCRIBERS: u32 = 3;

/// Starts an access point; it follows the ledger when this returns.
///
/// # Errors
/// Refused for a URL that others cannot reach, or a store of another access point; broken when it cannot start.
pub async fn start(config: MobileConfig, client: Client, key: SigningKey) -> Result<MobileHandle> {
    let name = config.operator.name;
    MobileDaemon::start(config, client, key).await.map_err(|error| {
        let refused =
            matches!(error, MobileError::Start(StartError::Url { .. }) | MobileError::Store(_) | MobileError::Radius { .. });
        not_started(name, &error, refused)
    })
}

#[async_trait]
impl Daemon for MobileHandle {
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

/// The home's access point, and who uses it.
pub(super) struct MobilePart {
    handle: MobileHandle,
    subscribers: Subscribers,
    speed: SpeedServer,
}

/// The file of the home's access point; made at the first start, and whoever edits it keeps what it says.
fn site_file(folder: &Path, carrier: u32) -> Result<CoverageSite> {
    let path = folder.join(SITE);
    if !path.exists() {
        let secret = hex::encode(rand::random::<[u8; 16]>());
        let hexes: Vec<serde_json::Value> = (-2..=2)
            .map(|step: i32| {
                let (signal, power) = if step == 0 { ("high", -600) } else { ("medium", -800) };
                let latitude = PLACE.0 + f64::from(step) * 0.000_4;
                serde_json::json!({ "latitude": latitude, "longitude": PLACE.1, "signal": signal, "power": power })
            })
            .collect();
        let file = serde_json::json!({
            "kind": "outdoor-wifi",
            "hexes": hexes,
            "access_points": [{ "from": "127.0.0.1", "secret": secret }],
            "carriers": { "*": carrier },
        });
        files::write_json(&path, &file, files::Readers::Owner)?;
    }
    CoverageSite::read(&path).map_err(|error| Error::refused("settings", error))
}

/// The customer's carrier: the one that it opened, or a new one.
async fn carrier(client: &Client, sender: &Sender, spec: &Spec, credits: Units, price: Option<Money>) -> Result<u32> {
    let own = sender.address();
    let page = client.coverage().carriers(None, Some(1_000)).await?;
    if let Some(known) = page.items.iter().find(|carrier| carrier.owner == own) {
        return Ok(known.carrier);
    }
    let token = client.coverage().mobile().await?.map(|network| network.currency);
    let refused = |error: depin_client::SubmitError| Error::refused("carrier", error);
    if let Some(credit) = token.and_then(|token| Credit::of(spec, token)) {
        credit.provide(sender, credits).await.map_err(refused)?;
    }
    let open = MobileMessage::OpenCarrier { credits, price };
    sender.submit(Message::service(CoverageMessage::Mobile(open))).await.map_err(refused)?;
    let page = client.coverage().carriers(None, Some(1_000)).await?;
    let opened = page.items.iter().find(|carrier| carrier.owner == own);
    let carrier = opened.ok_or_else(|| Error::broken("carrier", "the ledger has no carrier of the customer"))?.carrier;
    let bytes = MobileMessage::Authorise { carrier, access_point: None, bytes: BYTES };
    sender.submit(Message::service(CoverageMessage::Mobile(bytes))).await.map_err(refused)?;
    Ok(carrier)
}

impl MobilePart {
    /// Starts the home's access point, and simulated subscribers of its customer, who is a carrier.
    pub(super) async fn start(site: &mut Site<'_>, price: Option<Money>, credits: Units) -> Result<Self> {
        let folder = site.home.path().join(FOLDER);
        depin_files::private_folder(&folder).map_err(|error| Error::file("create", &folder, &error))?;
        let carrier = carrier(&site.client, &site.sender(home::CUSTOMER)?, site.rules(), credits, price).await?;
        let covers = site_file(&folder, carrier)?;
        let (listen, key) =
            (site.ports.choose("the mobile access point", 0, HTTP)?, site.home.load_key(&site.home.key(home::MOBILE))?);
        let none = || Error::broken("settings", "Berlin is no place");
        let cell = cell_at(PLACE.0, PLACE.1).ok_or_else(none)?;
        let location = Location { cell, gain: 30, elevation: 10, region: Region::Eu868 };
        let owner = Owner { client: &site.client, address: key.address(), anew: site.options.new_store };
        let own = own_key(&folder, owner, &location, &Keyring::default()).await?;
        let place = Place { latitude: (PLACE.0 * 1e7) as i32, longitude: (PLACE.1 * 1e7) as i32 };
        let url = ports::url(listen, site.options.tls.is_some());
        let name = Name::literal(NAME);
        let operator = OperatorConfig {
            listen,
            url: Some(url),
            tls: site.options.tls.clone(),
            chain_id: Some(site.genesis.chain_id),
            ..OperatorConfig::new(name)
        };
        let secret = covers.secrets.values().next().cloned().unwrap_or_default();
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        // Seconds of a whole line are enough on one machine, and leave it to others for the rest of the day.
        let measures = SpeedServerConfig { listen: loopback, length: Duration::from_secs(1) };
        let measuring = site.home.load_key(&site.home.key(home::REPORTER))?;
        let speed = SpeedServer::start(measures, site.client.clone(), site.genesis.chain_id, measuring).await;
        let speed = speed.map_err(|error| Error::broken("listen", error))?;
        let config = MobileConfig {
            speed_server: Some(speed.address().to_string()),
            radius: loopback,
            report_every: Duration::from_secs(5),
            ..MobileConfig::new(operator, folder, own, covers, (location, place))
        };
        let handle = start(config, site.client.clone(), key).await?;
        let subscribers = SubscribersConfig {
            server: handle.radius(),
            secret,
            radio: "simulated".to_owned(),
            realm: "carrier.example".to_owned(),
            subscribers: SUBSCRIBERS,
            interim: Duration::from_secs(10),
            bytes: SESSION_BYTES,
            seed: rand::random(),
        };
        let subscribers = Subscribers::start(subscribers).await.map_err(|error| Error::broken("radius", error))?;
        Ok(Self { handle, subscribers, speed })
    }
}

#[async_trait]
impl Part for MobilePart {
    fn name(&self) -> &'static str {
        "the mobile access point and its simulated subscribers"
    }

    async fn failed(&self) -> Error {
        Error::failed(self.handle.failed().await)
    }

    fn endpoints(&self) -> Vec<home::Endpoint> {
        let radius = self.handle.radius().to_string();
        vec![home::Endpoint::new(NAME, self.handle.url(), [("radius", radius.as_str())])]
    }

    async fn stop(self: Box<Self>) {
        self.subscribers.stop().await;
        self.handle.stop().await;
        self.speed.stop().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    #[tokio::test]
    async fn a_key_that_is_lost_is_told_and_no_other_takes_its_place_unless_that_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location { cell: cell_at(PLACE.0, PLACE.1).unwrap(), gain: 30, elevation: 10, region: Region::Eu868 };
        let (path, store) = (folder.path().join(POINT_KEY), folder.path().join(STORE_FILE));
        // Where no node is: what is refused before one is asked is refused all the same.
        let client = Client::new("http://127.0.0.1:9").unwrap();
        let own = async |anew| {
            let owner = Owner { client: &client, address: Address::new([1; 32]), anew };
            own_key(folder.path(), owner, &location, &Keyring::default()).await
        };
        std::fs::write(&store, b"left").unwrap();
        let error = own(false).await.unwrap_err();
        assert_eq!((error.code.as_str(), path.exists()), (LOST, false), "{error}");
        assert!(error.message.contains("access-point.key") && error.hint.contains("--new-store"), "{error}");
        std::fs::remove_file(&store).unwrap();
        assert_eq!((own(false).await.unwrap_err().kind, path.exists()), (Kind::Broken, false), "the ledger is asked first");
        std::fs::write(&store, b"left").unwrap();
        let made = own(true).await.unwrap();
        assert!(path.exists() && !store.exists(), "wanted");
        assert_eq!(own(false).await.unwrap().address(), made.address());
        std::fs::write(&path, b"x").unwrap();
        assert_eq!(own(false).await.unwrap_err().code, LOST);
    }
}
