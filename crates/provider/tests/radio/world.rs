//! A chain, a customer with a network server, hotspots, and a simulated air between devices and forwarders.

use depin_air::{
    AirConfig, Antenna, Conduct, DaemonConfig, DeviceConfig, Handle as Air, HotspotConfig, Position, WorldConfig, start,
};
use depin_client::{
    Client, Reach, Sender, SigningKey,
    lorawan::{NetworkServer, NewDevice},
};
use depin_economy::{Action, DEVELOPMENT};
use depin_gateway_lorawan::{ChainConfig, Config, Customer, CustomerHandle, Hotspots};
use depin_ledger::{GenesisAccount, GenesisDoc, Message};
use depin_lorawan::{
    Eui, Key, Micros, NetId,
    device::Identity,
    region::Region as Channels,
    server::{AddressRange, ServerConfig},
};
use depin_node::{Node, NodeConfig, NodeHandle};
use depin_provider::{
    coverage::{CoverageConfig, HotspotDaemon, HotspotHandle},
    operator::OperatorConfig,
};
use depin_quantity::{Decimal18, Instant, Name, Units};
use depin_services::coverage::{Location, Region, cell_at};
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tempfile::TempDir;

pub const NETWORK: &str = include_str!("../../../../networks/helium/network.toml");
const HNT: u128 = 100_000_000;
const NODE_SEED: [u8; 32] = [99; 32];
/// Nothing here takes longer, unless it hangs.
pub const PATIENCE: Duration = Duration::from_secs(240);

pub fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

fn genesis(network_toml: &str) -> GenesisDoc {
    let account = |n: u8| GenesisAccount {
        address: key(n).address(),
        name: format!("account-{n}").parse().unwrap(),
        from: DEVELOPMENT,
        amount: Units::new(10_000 * HNT),
        token: Some(Name::literal("HNT")),
    };
    let spec = depin_economy::Spec::parse(network_toml).unwrap();
    let feeder = key(2).address();
    GenesisDoc {
        chain_id: Name::literal("radio-test"),
        network: Name::literal("helium"),
        variant: spec.network().variant,
        network_toml: network_toml.to_owned(),
        // Before the sub-networks.
        time: Instant::new(1_650_000_000_000),
        speed_max: 200,
        accounts: (1..=12).map(account).collect(),
        roles: spec.roles().into_iter().map(|role| (role, feeder)).collect(),
        validators: vec![SigningKey::from_seed(&NODE_SEED).public_key()],
        beacon: None,
        randomness: None,
    }
}

pub struct World {
    pub folder: TempDir,
    node: Option<NodeHandle>,
    listen: SocketAddr,
    speed: u32,
    network: String,
    pub client: Client,
    feeder: tokio::task::JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.feeder.abort();
    }
}

async fn node(folder: PathBuf, listen: SocketAddr, speed: u32, network: &str) -> NodeHandle {
    let mut config = NodeConfig::single(&folder, genesis(network), NODE_SEED);
    (config.listen, config.speed, config.pace) = (listen, speed, Duration::from_millis(50));
    config.heartbeat_idle = Duration::ZERO;
    Node::start(config).await.unwrap()
}

/// Reports what HNT is worth, for ever.
async fn feed(client: Client) {
    let sender = Sender::new(client, key(2));
    loop {
        let price = Decimal18::parse("4").unwrap();
        let report = Action::ReportPrice { pair: Name::literal("HNT-USD"), price };
        let _ = sender.submit(Message::Act(report)).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

impl World {
    pub async fn start(network: &str, speed: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = node(folder.path().join("node"), SocketAddr::from(([127, 0, 0, 1], 0)), speed, network).await;
        let listen = node.api_url().strip_prefix("http://").unwrap().parse().unwrap();
        let client = Client::new(node.api_url()).unwrap();
        let feeder = tokio::spawn(feed(client.clone()));
        let world = Self { folder, node: Some(node), listen, speed, network: network.to_owned(), client, feeder };
        world
            .until("a price", || async {
                let prices = world.client.prices().await.unwrap().prices;
                prices.iter().any(|price| price.price.is_some() && !price.stale).then_some(())
            })
            .await;
        world
    }

    pub async fn stop_node(&mut self) {
        self.node.take().unwrap().stop().await;
    }

    pub async fn restart_node(&mut self) {
        self.node = Some(node(self.folder.path().join("node"), self.listen, self.speed, &self.network).await);
    }

    /// What a look gives, once it gives something.
    pub async fn until<T, F: Future<Output = Option<T>>>(&self, what: &str, mut look: impl FnMut() -> F) -> T {
        let begun = tokio::time::Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "{what} was waited for");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// The customer of account 1, with an OUI and credits.
    pub async fn customer(&self, listen: SocketAddr) -> CustomerHandle {
        self.customer_with(listen, |_| {}).await
    }

    /// The same with other settings.
    pub async fn customer_with(&self, listen: SocketAddr, change: impl FnOnce(&mut Config)) -> CustomerHandle {
        let addresses = AddressRange::new("48000000".parse().unwrap(), "4800000f".parse().unwrap()).unwrap();
        let server = ServerConfig::new(Channels::Eu868, NetId::new(0x3c).unwrap(), addresses);
        let mut config = Config::new(self.folder.path().join("customer"), server);
        (config.hotspots, config.listen) = (Hotspots::Keys([].into()), listen);
        change(&mut config);
        let wishes =
            ChainConfig { open_with: Some(Units::new(10_000)), poll: Duration::from_millis(500), ..ChainConfig::default() };
        let sender = Sender::new(self.client.clone(), key(1));
        Customer::start(config, wishes, sender, Arc::new(key(60))).await.unwrap()
    }

    /// Adds a device to the customer's network server.
    pub async fn add_device(&self, customer: &CustomerHandle, number: u64) {
        let calls = NetworkServer::new(
            &format!("http://{}", customer.gateway().address()),
            &depin_client::Trust::default(),
            &Reach::local(),
        )
        .unwrap();
        let Identity { dev_eui, join_eui, root } = identity(number);
        let new = NewDevice { dev_eui, join_eui, app_key: root, name: format!("device-{number}") };
        calls.add_device(customer.gateway().key(), &new).await.unwrap();
    }

    /// The same, and waits until its joins are routed.
    pub async fn device(&self, customer: &CustomerHandle, number: u64) {
        self.add_device(customer, number).await;
        let Identity { dev_eui, .. } = identity(number);
        self.until("the device's join on the ledger", || async {
            let pairs = self.client.coverage().eui_pairs(customer.route(), None, None).await.unwrap().items;
            pairs.iter().any(|pair| pair.dev_eui == dev_eui.to_string()).then_some(())
        })
        .await;
    }

    pub fn hotspot_config(&self, number: u8) -> CoverageConfig {
        let there = place(number);
        let cell = cell_at(there.latitude(), there.longitude()).unwrap();
        let location = Location { cell, gain: 30, elevation: 25, region: Region::Eu868 };
        let operator = OperatorConfig::new(format!("hotspot-{number}").parse().unwrap());
        let folder = self.folder.path().join(format!("hotspot-{number}"));
        let mut config = CoverageConfig::new(operator, folder, key(100 + number), location);
        (config.report_every, config.reach) = (Duration::from_secs(1), Reach::local());
        config
    }

    /// A hotspot whose owner is account `2 + number`.
    pub async fn hotspot(&self, number: u8, config: CoverageConfig) -> HotspotHandle {
        let hotspot = HotspotDaemon::start(config, self.client.clone(), key(2 + number)).await.unwrap();
        tokio::time::timeout(PATIENCE, hotspot.ready()).await.unwrap_or_else(|_| panic!("{:?}", hotspot.status()));
        hotspot
    }
}

pub fn identity(number: u64) -> Identity {
    Identity { dev_eui: Eui::new(0xd000 + number), join_eui: Eui::new(0xaa), root: Key::new([number as u8; 16]) }
}

/// Hotspots stand 1,200 m from each other, on a line.
pub fn place(number: u8) -> Position {
    Position::new(52.52, 13.405, 25.0).unwrap().moved(1_200.0 * f64::from(number), 0.0)
}

/// Forwarders of these hotspots, and devices between the first two.
pub async fn air(hotspots: &[(u8, SocketAddr)], devices: u64, every: Micros) -> Air {
    let config = |number: u8| HotspotConfig {
        gateway: Eui::new(0xa0 + u64::from(number)),
        position: place(number),
        antenna: Antenna { gain_dbi: 3.0 },
        power_dbm_max: 27,
        conduct: Conduct::default(),
    };
    let device = |number| DeviceConfig {
        identity: identity(number),
        position: place(1).moved(600.0, 10.0 * number as f64),
        data_rate: 5,
        every,
        payload_bytes: 12,
        confirmed: false,
        dev_nonce: 0,
    };
    let world = WorldConfig {
        air: AirConfig { shadowing_db: 0.0, loss: depin_air::Loss::FreeSpace, ..AirConfig::new(11) },
        region: Channels::Eu868,
        hotspots: hotspots.iter().map(|(number, _)| config(*number)).collect(),
        devices: (0..devices).map(device).collect(),
    };
    let mut config = DaemonConfig::new(world, hotspots[0].1);
    config.servers = hotspots.iter().map(|(number, to)| (Eui::new(0xa0 + u64::from(*number)), *to)).collect();
    config.keepalive = Duration::from_secs(2);
    start(config).await.unwrap()
}

pub const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);
