//! A node on loopback with funded accounts, and people who use it.

use depin_client::{Client, SigningKey, api::Posted, sign};
use depin_economy::Action;
use depin_ledger::{GenesisAccount, GenesisDoc, Message, Transaction};
use depin_networks::{Recipe, compose};
use depin_node::{Node, NodeConfig, NodeHandle};
use depin_quantity::{Address, Instant, Name, Units};
use depin_services::ServiceMessage;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::{path::Path, time::Duration};
use tempfile::TempDir;

pub const NETWORK: &str = include_str!("../../../../networks/filecoin/network.toml");
pub const FIL: u128 = 1_000_000_000_000_000_000;
pub const NODE_SEED: [u8; 32] = [99; 32];

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

/// Accounts 1 to 4 hold 1,000 FIL each; 1 is notary, 2 feeds prices.
pub fn doc(chain: &str) -> GenesisDoc {
    let account = |n: u8| GenesisAccount {
        address: key(n).address(),
        name: name(&format!("account-{n}")),
        from: name("foundation"),
        amount: Units::new(1_000 * FIL),
        token: None,
    };
    GenesisDoc {
        chain_id: name(chain),
        network: name("filecoin"),
        variant: name("document"),
        network_toml: NETWORK.to_owned(),
        time: Instant::new(1_790_000_000_000),
        speed_max: 450,
        accounts: (1..=4).map(account).collect(),
        roles: [(name("notary"), key(1).address()), (name("price-feeder"), key(2).address())].into(),
        validators: vec![SigningKey::from_seed(&NODE_SEED).public_key()],
        beacon: None,
        randomness: None,
    }
}

/// Blocks come every second, idle or not: tests wait for them.
pub fn config(home: &Path) -> NodeConfig {
    let heartbeat_idle = Duration::ZERO;
    NodeConfig { heartbeat_idle, pace: Duration::from_millis(20), ..NodeConfig::single(home, doc("test-chain"), NODE_SEED) }
}

pub struct World {
    pub folder: TempDir,
    pub node: NodeHandle,
    pub client: Client,
    pub http: reqwest::Client,
}

impl World {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut NodeConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        change(&mut config);
        let node = Node::start(config).await.unwrap();
        let client = Client::new(node.api_url()).unwrap();
        Self { folder, node, client, http: reqwest::Client::new() }
    }

    /// One that runs `service` under Filecoin's economy, where accounts have tokens from the start.
    pub async fn of_service(service: &'static str) -> Self {
        Self::start_with(|config| {
            let recipe = Recipe { name: name("mynet"), service, emission: NETWORK, payment: NETWORK, stake: NETWORK, unit: None };
            let network_toml = compose(&recipe).unwrap().toml;
            let spec = depin_economy::Spec::parse(&network_toml).unwrap();
            let roles = spec.roles().into_iter().map(|role| (role, key(2).address())).collect();
            let variant = spec.network().variant;
            config.genesis = GenesisDoc { network: name("mynet"), variant, network_toml, roles, ..config.genesis.clone() };
        })
        .await
    }

    /// Sends a service's message, and waits until it is done.
    pub async fn done(&self, from: &SigningKey, message: impl Into<ServiceMessage>) {
        let receipt = self.send(from, Message::service(message)).await.receipt.unwrap();
        assert_eq!(receipt.failure.map(|failure| failure.message), None);
    }

    /// A signed transaction with the sender's next nonce, as the node knows it.
    pub async fn transaction(&self, from: &SigningKey, message: Message) -> Transaction {
        let nonce = self.client.account(from.address()).await.unwrap().next_nonce;
        self.transaction_at(from, nonce, message)
    }

    pub fn transaction_at(&self, from: &SigningKey, nonce: u64, message: Message) -> Transaction {
        sign(from, name("test-chain"), nonce, Units::new(FIL / 1_000_000), Units::ZERO, message)
    }

    /// Sends and waits until it is final.
    pub async fn send(&self, from: &SigningKey, message: Message) -> Posted {
        let transaction = self.transaction(from, message).await;
        self.client.post_transaction(&transaction, true).await.unwrap()
    }

    /// Status and body of a call.
    pub async fn call(&self, method: Method, path: &str, body: Option<&str>) -> (StatusCode, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.node.api_url()));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.call(Method::GET, path, None).await
    }

    /// Status and code of what the node says to these transaction bytes.
    pub async fn post_bytes(&self, bytes: &[u8]) -> (StatusCode, String) {
        let body = format!("{{\"transaction\":\"{}\"}}", hex::encode(bytes));
        let (status, answer) = self.call(Method::POST, "/v1/transactions", Some(&body)).await;
        (status, error_code(&answer))
    }

    pub async fn post(&self, transaction: &Transaction) -> (StatusCode, String) {
        self.post_bytes(&transaction.encode()).await
    }
}

/// The code of an error answer, whose form is checked; empty for another answer.
pub fn error_code(answer: &Value) -> String {
    let Some(error) = answer.get("error") else { return String::new() };
    for field in ["code", "message", "hint"] {
        assert!(error[field].is_string(), "an error has {field}: {answer}");
    }
    assert!(!error["code"].as_str().unwrap().is_empty() && !error["message"].as_str().unwrap().is_empty(), "{answer}");
    error["code"].as_str().unwrap().to_owned()
}

pub fn transfer(to: Address, units: u128) -> Message {
    Message::Act(Action::Transfer { to, token: name("FIL"), amount: Units::new(units) })
}
