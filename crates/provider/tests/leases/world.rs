//! A node on loopback that runs Akash's network, tenants, and providers of leases.

use crate::fake::Fake;
use depin_client::{
    Client, Sender, SigningKey,
    api::{LeasingBid, LeasingLease},
};
use depin_economy::{Money, Spec};
use depin_ledger::{GenesisAccount, GenesisDoc, Message};
use depin_node::{Node, NodeConfig, NodeHandle};
use depin_provider::{
    leasing::{LeasingConfig, LeasingDaemon, LeasingHandle, Offer, Pricing},
    operator::OperatorConfig,
};
use depin_quantity::{ContentHash, Decimal18, Instant, Name, Units};
use depin_sdl::{Deployment, bidding::ScalePrices};
use depin_services::leasing::{BidId, DeploymentId, Deposit, LeasingMessage, NewDeployment};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

const NETWORK: &str = include_str!("../../../../networks/akash/network.toml");
const NODE_SEED: [u8; 32] = [99; 32];
/// Nothing here takes longer, unless it hangs.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

/// Accounts 1 to 6 hold 100,000 AKT each. Tenants have `manifest` to send what they ordered; the network's file has `more`.
fn genesis(manifest: &str, more: &str) -> GenesisDoc {
    let account = |n: u8| GenesisAccount {
        address: key(n).address(),
        name: format!("account-{n}").parse().unwrap(),
        from: Name::literal("ecosystem"),
        amount: Units::new(100_000_000_000),
        token: None,
    };
    let within = "[service.leasing.manifest]\nwithin = \"5m\"";
    assert!(NETWORK.contains(within));
    let network_toml = NETWORK.replace(within, &format!("[service.leasing.manifest]\nwithin = \"{manifest}\""));
    let network_toml = format!("{network_toml}\n{more}");
    let spec = Spec::parse(&network_toml).unwrap();
    GenesisDoc {
        chain_id: Name::literal("lease-test"),
        network: Name::literal("akash"),
        variant: spec.network().variant,
        roles: spec.roles().into_iter().map(|role| (role, key(2).address())).collect(),
        network_toml,
        time: Instant::new(1_790_000_000_000),
        speed_max: 450,
        accounts: (1..=6).map(account).collect(),
        validators: vec![SigningKey::from_seed(&NODE_SEED).public_key()],
        beacon: None,
        randomness: None,
    }
}

/// A file of one web service; `more` goes before its ports.
pub fn file(price: &str, image: &str, more: &str) -> String {
    format!(
        "version: \"2.0\"\nservices:\n  web:\n    image: {image}\n{more}    \
         expose: [{{port: 8080, as: 80, accept: [shop.example.com], to: [{{global: true}}]}}, {{port: 9000, to: [{{global: true}}]}}]\n\
         profiles:\n  compute:\n    small: {{resources: {{cpu: {{units: 500m}}, memory: {{size: 128Mi}}, storage: {{size: 256Mi}}}}}}\n  \
         placement:\n    west:\n      attributes: {{region: eu}}\n      pricing: {{small: {{denom: uakt, amount: {price}}}}}\n\
         deployment:\n  web: {{west: {{profile: small, count: 1}}}}\n"
    )
}

pub fn sdl(text: &str) -> Deployment {
    depin_sdl::read(text).unwrap_or_else(|refused| panic!("{refused}"))
}

/// The file that most tests order.
pub fn usual() -> Deployment {
    sdl(&file("1000", "nginx:1.27", ""))
}

pub struct World {
    pub folder: TempDir,
    node: Option<NodeHandle>,
    listen: SocketAddr,
    speed: u32,
    terms: (&'static str, &'static str),
    pub client: Client,
    pub tenant: Sender,
}

impl World {
    pub async fn start() -> Self {
        Self::with(1, "5m").await
    }

    pub async fn with(speed: u32, manifest: &'static str) -> Self {
        Self::of(speed, manifest, "").await
    }

    /// A network whose file has more.
    pub async fn of(speed: u32, manifest: &'static str, more: &'static str) -> Self {
        let terms = (manifest, more);
        let folder = tempfile::tempdir().unwrap();
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let node = start_node(&folder.path().join("node"), free, speed, terms).await;
        let listen = node.api_url().strip_prefix("http://").unwrap().parse().unwrap();
        let client = Client::new(node.api_url()).unwrap();
        let tenant = Sender::new(client.clone(), key(1));
        Self { folder, node: Some(node), listen, speed, terms, client, tenant }
    }

    pub async fn stop_node(&mut self) {
        self.node.take().unwrap().stop().await;
    }

    pub async fn restart_node(&mut self) {
        self.node = Some(start_node(&self.folder.path().join("node"), self.listen, self.speed, self.terms).await);
    }

    pub fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Settings of a provider in Europe that asks half a uakt for a thousandth of a CPU.
    pub fn config(&self, name: &'static str, runtime: &Fake) -> LeasingConfig {
        let operator = OperatorConfig { resync: Duration::from_secs(2), ..OperatorConfig::new(Name::literal(name)) };
        let storage = [("ephemeral".to_owned(), Decimal18::ZERO)].into();
        let scale = ScalePrices { cpu: Decimal18::parse("0.5").unwrap(), storage, ..ScalePrices::default() };
        let capacity = "cpu=2,memory=4Gi,storage=20Gi".parse().unwrap();
        let runtime = Arc::new(runtime.clone());
        let mut config = LeasingConfig::new(operator, self.folder(name), runtime, Offer::new(Pricing::Scale(scale)), capacity);
        config.attributes.push(depin_sdl::Attribute::new("region", "eu"));
        config.domain = Some(format!("{name}.example"));
        config.tick = Duration::from_millis(300);
        config.supervision.every = Duration::from_millis(50);
        config
    }

    pub async fn provider(&self, config: LeasingConfig, account: u8) -> LeasingHandle {
        let provider = LeasingDaemon::start(config, self.client.clone(), key(account)).await.unwrap();
        tokio::time::timeout(PATIENCE, provider.ready()).await.unwrap_or_else(|_| panic!("{:?}", provider.status()));
        provider
    }

    pub async fn send(&self, message: LeasingMessage) {
        self.tenant.submit(Message::service(message)).await.unwrap();
    }

    /// What a tenant orders with so many AKT.
    pub fn ordered(dseq: u64, file: &Deployment, deposit: &str) -> NewDeployment {
        let amount = Money { currency: Name::literal("AKT"), amount: Decimal18::parse(deposit).unwrap() };
        NewDeployment {
            dseq,
            groups: file.groups().to_vec(),
            hash: ContentHash::new(file.hash().get()),
            deposit: Deposit { amount, sources: Vec::new() },
            reclaim_window: None,
        }
    }

    /// Orders a deployment with so many AKT.
    pub async fn order(&self, dseq: u64, file: &Deployment, deposit: &str) -> DeploymentId {
        self.send(LeasingMessage::CreateDeployment(Self::ordered(dseq, file, deposit))).await;
        DeploymentId { owner: self.tenant.address(), dseq }
    }

    /// The bids on the first order of a deployment, once there are so many.
    pub async fn bids(&self, deployment: DeploymentId, count: usize) -> Vec<LeasingBid> {
        let order = deployment.group(1).order(1);
        let mut found = Vec::new();
        self.until("bids", async || {
            found = self.client.leasing().bids(order, None, None).await.unwrap().items;
            found.len() == count
        })
        .await;
        found
    }

    /// A deployment with its lease.
    pub async fn lease(&self, dseq: u64, file: &Deployment) -> BidId {
        let deployment = self.order(dseq, file, "5").await;
        let bid = self.bids(deployment, 1).await.remove(0).id;
        self.send(LeasingMessage::CreateLease(bid)).await;
        bid
    }

    pub async fn leased(&self, lease: BidId) -> LeasingLease {
        self.client.leasing().lease(lease).await.unwrap().unwrap()
    }

    /// Waits until something holds.
    pub async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let waiting = async {
            while !holds().await {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("{what} did not come about");
        }
    }
}

async fn start_node(home: &Path, listen: SocketAddr, speed: u32, (manifest, more): (&str, &str)) -> NodeHandle {
    let config = NodeConfig {
        listen,
        speed,
        pace: Duration::from_millis(20),
        heartbeat: Duration::from_millis(250),
        ..NodeConfig::single(home, genesis(manifest, more), NODE_SEED)
    };
    Node::start(config).await.unwrap()
}
