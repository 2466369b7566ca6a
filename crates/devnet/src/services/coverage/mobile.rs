//! A mobile access point: the only place that starts them; and the one of a home, with a carrier and simulated subscribers.

use crate::{
    Error, Part, Result, Site, home,
    home::files,
    operators::{Daemon, not_started},
    ports,
};
use async_trait::async_trait;
use depin_air::{Subscribers, SubscribersConfig};
use depin_client::{Client, Credit, Keyring, Sender, SigningKey};
use depin_economy::{Money, Spec};
use depin_ledger::Message;
use depin_provider::{
    mobile::{MobileConfig, MobileDaemon, MobileError, MobileHandle, Site as CoverageSite, SpeedServer, SpeedServerConfig},
    operator::{OperatorConfig, StartError},
};
use depin_quantity::{Name, Units};
use depin_services::coverage::{
    CoverageMessage, Location, Region, cell_at,
    mobile::{MobileMessage, Place},
};
use std::{collections::BTreeMap, net::SocketAddr, path::Path, time::Duration};

/// The file of an access point's own key in its folder.
pub const POINT_KEY: &str = "access-point.key";
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
        let own = Keyring::default().load_or_create(&folder.join(POINT_KEY)).map_err(|error| Error::refused("key", error))?.key;
        let none = || Error::broken("settings", "Berlin is no place");
        let cell = cell_at(PLACE.0, PLACE.1).ok_or_else(none)?;
        let location = Location { cell, gain: 30, elevation: 10, region: Region::Eu868 };
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
