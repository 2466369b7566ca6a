//! The dispatcher of a home, and how one is started at all.

use crate::{
    Error, Kind, Part, Result, Site,
    error::LOST,
    home::{self, Endpoint},
    ports,
};
use async_trait::async_trait;
use depin_client::{Client, SigningKey};
use depin_files::Floor;
use depin_gateway_render::{Config, Gateway, GatewayError, Handle};
use depin_quantity::Name;

/// Folder of its store, its scenes and its key in a home.
pub(super) const FOLDER: &str = "rendering";
const STORE: &str = "rendering.db";
/// What its entry there calls its access key, and where in a home it is written.
pub const KEY: &str = "key";
/// See [`KEY`].
pub const KEY_FILE: &str = "rendering/access.key";
/// What `endpoints.json` calls it.
pub const NAME: &str = "rendering";

/// A dispatcher that runs.
pub struct Dispatcher {
    handle: Handle,
    url: String,
}

impl Dispatcher {
    /// Starts the home's dispatcher on its port.
    pub(super) async fn start(site: &mut Site<'_>) -> Result<Self> {
        let listen = site.ports.named(NAME)?;
        let folder = site.home.path().join(FOLDER);
        if !site.options.new_store && site.home.has_lost(FOLDER, STORE)? {
            let path = folder.join(STORE);
            return Err(not_started(&GatewayError::Lost { path, what: "is gone".to_owned() }));
        }
        let config = Config {
            listen,
            floor: Floor::new(&folder, site.options.disk_floor),
            tls: site.options.tls.clone(),
            new_store: site.options.new_store,
            trust: site.trust.clone(),
            reach: site.reach([]),
            ..Config::new(folder)
        };
        let key = site.home.load_key(&site.home.key(home::DISPATCHER))?;
        let opened = Self::open(config, site.client.clone(), site.genesis.chain_id, key).await?;
        site.home.keep_begun(FOLDER)?;
        Ok(opened)
    }

    /// Starts a dispatcher whose account is `key`.
    ///
    /// # Errors
    /// Refused for a folder in use, a key that others can read, a store that was lost; broken when it cannot listen or use its folder.
    pub async fn open(config: Config, client: Client, chain_id: Name, key: SigningKey) -> Result<Self> {
        let tls = config.tls.is_some();
        let handle = Gateway::start(config, client, chain_id, key).await.map_err(|error| not_started(&error))?;
        let url = ports::url(handle.address(), tls);
        Ok(Self { handle, url })
    }

    /// Its entry of `endpoints.json`.
    pub fn endpoint(&self) -> Endpoint {
        let dispatcher = self.handle.dispatcher().to_string();
        Endpoint::new(NAME, &self.url, [(KEY, self.handle.key()), ("dispatcher", dispatcher.as_str())])
    }

    /// Stops it; requests under way end first.
    pub async fn close(self) {
        self.handle.stop().await;
    }
}

/// Why a dispatcher does not start, for people.
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
        message: format!("the dispatcher does not start: {error}"),
        hint: error.hint(),
    }
}

#[async_trait]
impl Part for Dispatcher {
    fn name(&self) -> &'static str {
        "the dispatcher"
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
