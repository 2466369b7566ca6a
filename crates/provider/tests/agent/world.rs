//! A node on loopback, a provider, and a client who uploads and proposes.

use depin_client::{
    Client, Sender, SenderConfig, SigningKey,
    api::{Deal, DealQuery, DealStage, EventQuery, FinalReceipt},
};
use depin_ledger::{GenesisAccount, GenesisDoc, Message};
use depin_node::{Node, NodeConfig, NodeHandle};
use depin_provider::operator::OperatorConfig;
use depin_provider::storage::{
    HEADER_CLIENT, HEADER_KEY, HEADER_SIGNATURE, HEADER_TIME, Provider, ProviderConfig, ProviderHandle, ProviderRequest,
    RequestKind, scrub::ScrubSettings,
};
use depin_quantity::{Address, Instant, Name, UnitId, Units};
use depin_services::storage::{
    Ask, Proposal, StorageMessage,
    piece::{Commitment, Hasher, PieceSize},
};
use futures::StreamExt as _;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;

pub const FIL: u128 = 1_000_000_000_000_000_000;
const NETWORK: &str = include_str!("../../../../networks/filecoin/network.toml");
const NODE_SEED: [u8; 32] = [99; 32];
/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

/// The network with a proving period of half an hour and windows of ten minutes, so that a test sees several.
fn network() -> String {
    let change = |text: String, section: &str, from: &str, to: &str| {
        let at = text.find(section).unwrap_or_else(|| panic!("no {section}"));
        let (before, after) = text.split_at(at);
        assert!(after.contains(from), "no {from} in {section}");
        format!("{before}{}", after.replacen(from, to, 1))
    };
    let text = change(NETWORK.to_owned(), "[service.storage.proving]", "period = \"1d\"", "period = \"30m\"");
    change(text, "[service.storage.window]", "length = \"30m\"", "length = \"10m\"")
}

fn genesis() -> GenesisDoc {
    let account = |n: u8| GenesisAccount {
        address: key(n).address(),
        name: format!("account-{n}").parse().unwrap(),
        from: Name::literal("foundation"),
        amount: Units::new(1_000 * FIL),
        token: None,
    };
    GenesisDoc {
        chain_id: Name::literal("agent-test"),
        network: Name::literal("filecoin"),
        variant: Name::literal("document"),
        network_toml: network(),
        time: Instant::new(1_790_000_000_000),
        speed_max: 450,
        accounts: (1..=4).map(account).collect(),
        roles: [(Name::literal("notary"), key(1).address()), (Name::literal("price-feeder"), key(2).address())].into(),
        validators: vec![SigningKey::from_seed(&NODE_SEED).public_key()],
        beacon: None,
        randomness: None,
    }
}

/// A piece with its payload.
pub struct Piece {
    pub payload: Vec<u8>,
    pub cid: Commitment,
    pub size: PieceSize,
}

impl Piece {
    /// Bytes that differ from seed to seed.
    pub fn new(seed: u8, bytes: usize) -> Self {
        let payload: Vec<u8> = (0..bytes).map(|i| (i as u8).wrapping_mul(31).wrapping_add(seed) ^ (i >> 8) as u8).collect();
        let mut hasher = Hasher::new();
        hasher.update(&payload);
        let (cid, size) = hasher.finish().unwrap();
        Self { payload, cid, size }
    }
}

pub fn ask() -> Ask {
    Ask {
        price: Units::new(1 << 30),
        verified_price: Units::new(1 << 30),
        piece_min: PieceSize::MIN,
        piece_max: PieceSize::new(8 << 20).unwrap(),
        term_min: 120,
        term_max: 100_000,
        open: true,
    }
}

pub struct World {
    folder: TempDir,
    node: Option<NodeHandle>,
    listen: SocketAddr,
    speed: u32,
    pub client: Client,
    pub customer: Sender,
    http: reqwest::Client,
}

impl World {
    pub async fn start(speed: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = start_node(&folder.path().join("node"), SocketAddr::from(([127, 0, 0, 1], 0)), speed).await;
        let listen = node.api_url().strip_prefix("http://").unwrap().parse().unwrap();
        let client = Client::new(node.api_url()).unwrap();
        let customer = Sender::with_config(client.clone(), key(1), SenderConfig::default());
        Self { folder, node: Some(node), listen, speed, client, customer, http: reqwest::Client::new() }
    }

    pub async fn stop_node(&mut self) {
        self.node.take().unwrap().stop().await;
    }

    pub async fn restart_node(&mut self) {
        self.node = Some(start_node(&self.folder.path().join("node"), self.listen, self.speed).await);
    }

    pub fn provider_folder(&self) -> PathBuf {
        self.folder.path().join("provider")
    }

    pub fn provider_config(&self) -> ProviderConfig {
        let mut config =
            ProviderConfig::new(OperatorConfig::new(Name::literal("garage")), self.provider_folder(), 64 << 20, ask());
        config.scrub = ScrubSettings { bytes_per_second: 1 << 30, rest: Duration::from_millis(200) };
        config.operator.resync = Duration::from_secs(2);
        config.operator.claim_every = depin_quantity::Span::from_secs(1800);
        config
    }

    /// The provider of account 3, registered.
    pub async fn provider(&self) -> ProviderHandle {
        self.provider_with(self.provider_config(), key(3)).await
    }

    pub async fn provider_with(&self, config: ProviderConfig, key: SigningKey) -> ProviderHandle {
        let provider = Provider::start(config, self.client.clone(), key).await.unwrap();
        tokio::time::timeout(PATIENCE, provider.ready()).await.unwrap_or_else(|_| panic!("{:?}", provider.status()));
        provider
    }

    /// Status of an upload signed by the customer.
    pub async fn upload(&self, provider: &ProviderHandle, piece: &Piece) -> u16 {
        self.upload_as(self.customer.key(), provider, piece).await.0
    }

    /// Status and answer of an upload.
    pub async fn upload_as(&self, key: &SigningKey, provider: &ProviderHandle, piece: &Piece) -> (u16, serde_json::Value) {
        let time_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
        let request = ProviderRequest {
            kind: RequestKind::Upload,
            chain_id: Name::literal("agent-test"),
            provider: provider.address(),
            cid: piece.cid,
            payload_bytes: piece.payload.len() as u64,
            time_ms,
        };
        let response = self
            .http
            .put(format!("{}/pieces/{}", provider.url(), piece.cid))
            .header(HEADER_CLIENT, key.address().to_string())
            .header(HEADER_KEY, hex::encode(key.public_key()))
            .header(HEADER_TIME, time_ms)
            .header(HEADER_SIGNATURE, hex::encode(key.sign(&request.signed_bytes())))
            .body(piece.payload.clone())
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Status and bytes of a download.
    pub async fn download(&self, provider: &ProviderHandle, piece: &Piece) -> (u16, Vec<u8>) {
        let response = self.http.get(format!("{}/pieces/{}", provider.url(), piece.cid)).send().await.unwrap();
        (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
    }

    pub fn proposal(&self, provider: Address, piece: &Piece) -> Proposal {
        Proposal {
            provider,
            piece: piece.cid,
            size: piece.size,
            price: ask().price_per_epoch(piece.size, false),
            term: 2_880,
            start_within: 2_000,
            verified: false,
            label: String::new(),
        }
    }

    /// Proposes deals and gives their ids.
    pub async fn propose(&self, proposals: Vec<Proposal>) -> Vec<UnitId> {
        let receipt = self.send(StorageMessage::ProposeDeals(proposals)).await;
        let proposed = |event: &serde_json::Value| {
            let event = &event["event"];
            (event["kind"] == "deal-proposed").then(|| event["deal"].as_str().unwrap().parse().unwrap())
        };
        receipt.events.iter().filter_map(proposed).collect()
    }

    pub async fn send(&self, message: StorageMessage) -> FinalReceipt {
        self.customer.submit(Message::service(message)).await.unwrap()
    }

    /// Waits until the deal is as `wanted` says, looking whenever something happens on the ledger.
    pub async fn until(&self, id: UnitId, what: &str, wanted: impl Fn(&Deal) -> bool) -> Deal {
        let mut last = None;
        let waiting = async {
            let mut events = self.client.follow(EventQuery { kind: Some("storage".to_owned()), ..EventQuery::default() });
            loop {
                last = self.client.storage().deal(id).await.unwrap();
                if let Some(deal) = last.as_ref().filter(|deal| wanted(deal)) {
                    return deal.clone();
                }
                // The bound covers what happened before the stream stood.
                let _ = tokio::time::timeout(Duration::from_secs(1), events.next()).await;
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(deal) => deal,
            Err(_) => panic!("{what} did not come about: {last:?}"),
        }
    }

    pub async fn until_stage(&self, id: UnitId, stage: DealStage) -> Deal {
        self.until(id, stage.as_str(), |deal| deal.state == stage).await
    }

    pub async fn deals_of(&self, provider: Address) -> Vec<Deal> {
        self.client.storage().all_deals(DealQuery { provider: Some(provider), ..DealQuery::default() }).await.unwrap()
    }

    /// Waits until something holds that no event tells of.
    pub async fn wait(&self, what: &str, holds: impl Fn() -> bool) {
        let waiting = async {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("{what} did not come about");
        }
    }
}

async fn start_node(home: &Path, listen: SocketAddr, speed: u32) -> NodeHandle {
    let config = NodeConfig {
        listen,
        speed,
        pace: Duration::from_millis(20),
        heartbeat: Duration::from_millis(250),
        ..NodeConfig::single(home, genesis(), NODE_SEED)
    };
    Node::start(config).await.unwrap()
}
