//! The metering gateway of a home, and how one is started at all.

use crate::{
    Error, Kind, Part, Result, Site,
    error::LOST,
    home::{self, Endpoint},
    ports,
};
use async_trait::async_trait;
use depin_client::{Client, SigningKey};
use depin_files::Floor;
use depin_gateway_metered::{Config, Gateway, GatewayError, Handle};
use depin_quantity::{Address, Name};
use depin_services::metered::MeteredParams;

/// Folder of its store and its key in a home.
pub(super) const FOLDER: &str = "metering";
const STORE: &str = "metering.db";
/// What its entry there calls its access key, and where in a home it is written.
pub const KEY: &str = "key";
/// See [`KEY`].
pub const KEY_FILE: &str = "metering/access.key";
/// What `endpoints.json` calls it.
pub const NAME: &str = "metering";

/// A metering gateway that runs.
pub struct MeteringGateway {
    handle: Handle,
    url: String,
    reporter: Address,
}

impl MeteringGateway {
    /// Starts the home's gateway on its port.
    pub(super) async fn start(site: &mut Site<'_>, params: MeteredParams) -> Result<Self> {
        let listen = site.ports.named(NAME)?;
        let folder = site.home.path().join(FOLDER);
        if !site.options.new_store && site.home.has_lost(FOLDER, STORE)? {
            let path = folder.join(STORE);
            return Err(not_started(&GatewayError::Lost { path, what: "is gone".to_owned() }));
        }
        let floor = Floor::new(&folder, site.options.disk_floor);
        let tls = site.options.tls.clone();
        let config = Config { listen, floor, tls, new_store: site.options.new_store, ..Config::new(folder, params) };
        let key = |name| site.home.load_key(&site.home.key(name));
        let (client, chain_id) = (site.client.clone(), site.genesis.chain_id);
        let opened = Self::open(config, client, chain_id, key(home::CUSTOMER)?, key(home::REPORTER)?).await?;
        site.home.keep_begun(FOLDER)?;
        Ok(opened)
    }

    /// Starts a gateway whose orders `customer` pays and whose reports `reporter` signs.
    ///
    /// # Errors
    /// Refused for a folder in use, a key that others can read, a store that was lost; broken when it cannot listen or use its folder.
    pub async fn open(
        config: Config,
        client: Client,
        chain_id: Name,
        customer: SigningKey,
        reporter: SigningKey,
    ) -> Result<Self> {
        let (by, tls) = (reporter.address(), config.tls.is_some());
        let handle = Gateway::start(config, client, chain_id, customer, reporter).await.map_err(|error| not_started(&error))?;
        let url = ports::url(handle.address(), tls);
        Ok(Self { handle, url, reporter: by })
    }

    /// Its entry of `endpoints.json`.
    pub fn endpoint(&self) -> Endpoint {
        let (customer, reporter) = (self.handle.customer().to_string(), self.reporter.to_string());
        let settings = [(KEY, self.handle.key()), ("customer", customer.as_str()), ("reporter", reporter.as_str())];
        Endpoint::new(NAME, &self.url, settings)
    }

    /// Stops it; requests under way end first.
    pub async fn close(self) {
        self.handle.stop().await;
    }
}

/// Why a gateway does not start, for people.
fn not_started(error: &GatewayError) -> Error {
    Error {
        kind: match error {
            GatewayError::Folder { .. } | GatewayError::Listen { .. } => Kind::Broken,
            _ => Kind::Refused,
        },
        code: match error {
            GatewayError::Lost { .. } | GatewayError::Store { .. } | GatewayError::Key(_) => LOST.to_owned(),
            _ => "gateway".to_owned(),
        },
        message: format!("the metering gateway does not start: {error}"),
        hint: error.hint(),
    }
}

#[async_trait]
impl Part for MeteringGateway {
    fn name(&self) -> &'static str {
        "the metering gateway"
    }

    async fn failed(&self) -> Error {
        Error::failed(self.handle.failed().await)
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        vec![self.endpoint()]
    }

    async fn stop(self: Box<Self>) {
        self.close().await;
    }
}
