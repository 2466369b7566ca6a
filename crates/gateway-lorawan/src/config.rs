//! Settings of a gateway.

use depin_client::Trust;
use depin_files::Floor;
use depin_lorawan::server::ServerConfig;
use depin_serve::Tls;
use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

/// Says of a hotspot's key whether its uplinks are taken, by a list that changes.
pub trait Known: std::fmt::Debug + Send + Sync {
    /// Whether uplinks of this key are taken now.
    fn knows(&self, hotspot: &[u8; 32]) -> bool;
}

/// Whose uplinks are taken.
#[derive(Clone, Debug)]
pub enum Hotspots {
    /// Everybody's: copies are paid for, so only where nobody is.
    Anyone,
    /// Those of these keys.
    Keys(BTreeSet<[u8; 32]>),
    /// Those that are on a list that changes, as of a ledger.
    Listed(Arc<dyn Known>),
}

/// A broker.
#[derive(Clone, Debug)]
pub struct Mqtt {
    /// Its host.
    pub host: String,
    /// Its port, usually 1883.
    pub port: u16,
    /// User and password, where it asks for them.
    pub credentials: Option<(String, String)>,
}

/// Settings of a LoRaWAN gateway.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its folder: the store and the access key.
    pub folder: PathBuf,
    /// Address that it listens on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The network server's.
    pub server: ServerConfig,
    /// Whose uplinks are taken.
    pub hotspots: Hotspots,
    /// Where events are posted to, as ChirpStack's HTTP integration does.
    pub webhook: Option<String>,
    /// Whose certificates the webhook may have.
    pub trust: Trust,
    /// Where events are published, and downlinks come from.
    pub mqtt: Option<Mqtt>,
    /// Most events that wait to be delivered; no uplink is taken beyond.
    pub queue_max: usize,
    /// Longest pause between two tries to deliver an event.
    pub pause_max: Duration,
    /// For how long delivering an event is tried.
    pub keep: Duration,
    /// Begins a new store where the folder's own is lost; the nonces that it held are forgotten.
    pub new_store: bool,
    /// Free space on the folder's disk below which nothing is taken.
    pub floor: Floor,
    /// Certificate and key of its interface; plain HTTP when absent.
    pub tls: Option<Tls>,
}

impl Config {
    /// A gateway on a free port of loopback that delivers nowhere, with the usual limits.
    pub fn new(folder: impl Into<PathBuf>, server: ServerConfig) -> Self {
        let folder = folder.into();
        Self {
            floor: Floor::new(&folder, None),
            folder,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            server,
            hotspots: Hotspots::Keys(BTreeSet::new()),
            webhook: None,
            trust: Trust::default(),
            mqtt: None,
            queue_max: 100_000,
            pause_max: Duration::from_secs(30),
            keep: Duration::from_secs(7 * 24 * 60 * 60),
            new_store: false,
            tls: None,
        }
    }
}
