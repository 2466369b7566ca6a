//! The customer's network server of a home, and how one is started at all.

use crate::{
    Error, Kind, Part, Result, Site,
    error::LOST,
    home::{self, Endpoint},
    ports,
};
use async_trait::async_trait;
use depin_client::{Keyring, Sender, SigningKey};
use depin_files::Floor;
use depin_gateway_lorawan::{ChainConfig, ChainError, Config, Customer, CustomerHandle, GatewayError, STORE};
use depin_lorawan::{
    DevAddr, NetId,
    region::Region,
    server::{AddressRange, ServerConfig},
};
use depin_quantity::Units;
use std::{collections::BTreeMap, path::Path, sync::Arc};

/// Folder of its store and its keys in a home.
pub(super) const FOLDER: &str = "lorawan";
/// What its entry there calls its access key, and where in a home it is written.
pub const KEY: &str = "key";
/// See [`KEY`].
pub const KEY_FILE: &str = "lorawan/access.key";
/// What `endpoints.json` calls it.
pub const NAME: &str = "lorawan";
/// The file of the key that acknowledges packets.
pub const SERVER_KEY: &str = "server.key";
/// Credits with which a development customer opens its OUI, base units: 100 dollars' worth where a credit costs 0.0001.
const CREDITS: Units = Units::new(1_000_000);

/// A network server that runs.
pub struct NetworkServerPart {
    handle: CustomerHandle,
    url: String,
    /// What is to be told about how it started.
    remarks: Vec<String>,
}

/// Settings of a network server with the usual addresses of development: 2,048 of NetID 00003C.
///
/// # Errors
/// Never, with these addresses.
pub fn server_config(region: Region, first: DevAddr, last: DevAddr) -> Result<ServerConfig> {
    let wrong = |error: &dyn std::fmt::Display| Error::refused("addresses", error);
    let addresses = AddressRange::new(first, last).map_err(|error| wrong(&error))?;
    Ok(ServerConfig::new(region, NetId::new(0x3c).map_err(|error| wrong(&error))?, addresses))
}

impl NetworkServerPart {
    /// Starts the home's network server on its port, as the customer's.
    pub(super) async fn start(site: &mut Site<'_>, price: Option<depin_economy::Money>, credits: Units) -> Result<Self> {
        let listen = site.ports.named(NAME)?;
        let folder = site.home.path().join(FOLDER);
        // Before keys are made: those of a server whose folder is gone are gone with it.
        if !site.options.new_store && site.home.has_lost_told(FOLDER, STORE)? {
            let lost = GatewayError::Lost { path: folder.join(STORE), what: "is gone".to_owned() };
            return Err(not_started(&ChainError::Gateway(lost)));
        }
        let server = server_config(Region::Eu868, DevAddr::new(0x4800_0000), DevAddr::new(0x4800_07ff))?;
        let mut config = Config::new(folder, server);
        (config.listen, config.tls) = (listen, None);
        config.floor = Floor::new(&config.folder, site.options.disk_floor);
        config.trust = site.trust.clone();
        let wishes =
            ChainConfig { open_with: Some(credits), keep: Some(Units::new(credits.get() / 10)), price, ..ChainConfig::default() };
        let sender = site.sender(home::CUSTOMER)?;
        let opened = Self::open(config.clone(), wishes.clone(), sender, &Keyring::default()).await;
        let part = match opened {
            // `--new-store` is for whatever was lost in the home; what is whole stays.
            Err(error) if site.options.new_store && error.code == LOST => {
                config.new_store = true;
                Self::open(config, wishes, site.sender(home::CUSTOMER)?, &Keyring::default()).await?
            }
            opened => opened?,
        };
        site.home.keep_begun(FOLDER)?;
        Ok(part)
    }

    /// Starts a network server that acknowledges with the key in its folder.
    ///
    /// # Errors
    /// Refused for a folder in use, an OUI that is another's, a store that was lost; broken when it cannot listen or use its folder.
    pub async fn open(config: Config, wishes: ChainConfig, sender: Sender, keyring: &Keyring) -> Result<Self> {
        depin_files::private_folder(&config.folder).map_err(|error| Error::file("create", &config.folder, &error))?;
        let path = config.folder.join(SERVER_KEY);
        let remarks = renewed(&path, config.folder.join(STORE).exists()).into_iter().collect();
        let key = keyring.load_or_create(&path).map_err(|error| Error::refused("key", error))?;
        let key: Arc<SigningKey> = Arc::new(key.key);
        let tls = config.tls.is_some();
        let handle = Customer::start(config, wishes, sender, key).await.map_err(|error| not_started(&error))?;
        let url = ports::url(handle.gateway().address(), tls);
        Ok(Self { handle, url, remarks })
    }

    /// What is to be told about how it started, a sentence each.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// What stands in its way now, by what it concerns.
    pub fn problems(&self) -> BTreeMap<String, String> {
        self.handle.gateway().problems()
    }

    /// The running network server.
    pub const fn handle(&self) -> &CustomerHandle {
        &self.handle
    }

    /// Its entry of `endpoints.json`.
    pub fn endpoint(&self) -> Endpoint {
        let (oui, route) = (self.handle.oui().to_string(), self.handle.route().to_string());
        let gateway = self.handle.gateway();
        let settings =
            [(KEY, gateway.key()), ("oui", oui.as_str()), ("route", route.as_str()), ("application", gateway.application_id())];
        Endpoint::new(NAME, &self.url, settings)
    }

    /// Stops it; requests under way end first.
    pub async fn close(self) {
        self.handle.stop().await;
    }
}

fn not_started(error: &ChainError) -> Error {
    let lost =
        matches!(error, ChainError::Gateway(GatewayError::Lost { .. } | GatewayError::Store { .. } | GatewayError::Key(_)));
    let broken =
        matches!(error, ChainError::Gateway(GatewayError::Folder { .. } | GatewayError::Listen { .. }) | ChainError::Node(_));
    Error {
        kind: if broken { Kind::Broken } else { Kind::Refused },
        code: if lost { LOST.to_owned() } else { "gateway".to_owned() },
        message: format!("the network server does not start: {error}"),
        hint: String::new(),
    }
}

/// What is told where the key that acknowledges packets is gone from a folder that has a store.
fn renewed(path: &Path, has_store: bool) -> Option<String> {
    let told = format!(
        "{} was gone: a new key acknowledges packets from now on and was added to the OUI's, and the old one stays among them. Packets that \
         the old one acknowledged and that are not on the ledger yet are claimed by hotspots instead",
        path.display()
    );
    (has_store && !path.exists()).then_some(told)
}

/// Credits of a development customer.
pub(super) const fn credits() -> Units {
    CREDITS
}

#[async_trait]
impl Part for NetworkServerPart {
    fn name(&self) -> &'static str {
        "the LoRaWAN network server"
    }

    async fn ready(&self) -> Vec<String> {
        self.remarks.clone()
    }

    async fn failed(&self) -> Error {
        Error::failed(self.handle.gateway().failed().await)
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        vec![self.endpoint()]
    }

    async fn stop(self: Box<Self>) {
        self.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_made_anew_is_told_and_a_first_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SERVER_KEY);
        assert_eq!(renewed(&path, false), None, "a first start");
        assert!(renewed(&path, true).unwrap().contains(SERVER_KEY));
        std::fs::write(&path, b"key").unwrap();
        assert_eq!(renewed(&path, true), None, "it is there");
    }
}
