//! A gateway that runs, with its people.

use crate::desk::Fake;
use async_trait::async_trait;
use depin_client::{
    Reach, SigningKey, Trust,
    lease::{self, Claims, Leases, Pass},
};
use depin_provider::{
    Clock,
    leasing::gateway::{Door, Gateway, Generations},
};
use depin_quantity::{Address, Name};
use depin_serve::Tls;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{sync::oneshot, task::JoinHandle};

/// Longest that anything here may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
pub const TENANT: u8 = 1;
pub const STRANGER: u8 = 2;
pub const PROVIDER: u8 = 9;
/// The generation of the tenant's tokens.
pub const GENERATION: u64 = 5;

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

pub fn chain() -> Name {
    Name::literal("test-1")
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The ledger's part: the same generation for everybody, or none when the node is away.
#[derive(Debug)]
pub struct Ledger(pub AtomicU64);

#[async_trait]
impl Generations for Ledger {
    async fn current(&self, _: Address, _: u64) -> Result<u64, String> {
        match self.0.load(Ordering::SeqCst) {
            u64::MAX => Err("the node does not answer".to_owned()),
            generation => Ok(generation),
        }
    }
}

/// A clock that is off by so much.
#[derive(Debug)]
struct Off(i64);

impl Clock for Off {
    fn now_ms(&self) -> u64 {
        (now() as i64 + self.0) as u64 * 1_000
    }
}

pub struct World {
    pub desk: Arc<Fake>,
    pub ledger: Arc<Ledger>,
    pub url: String,
    pub address: SocketAddr,
    pub http: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl World {
    pub async fn start() -> Self {
        Self::with(None, 0).await
    }

    /// With TLS, and a clock that is off by so many seconds.
    pub async fn with(tls: Option<Tls>, off: i64) -> Self {
        let (desk, ledger) = (Arc::new(Fake::default()), Arc::new(Ledger(AtomicU64::new(GENERATION))));
        let gateway = Gateway::bind(SocketAddr::from(([127, 0, 0, 1], 0)), tls).await.unwrap();
        let (url, address) = (gateway.url().unwrap(), gateway.local_addr().unwrap());
        let door = Door { clock: Arc::new(Off(off)), ..Door::new(desk.clone(), ledger.clone(), chain()) };
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(gateway.serve(door, async move { stopped.await.unwrap_or_default() }));
        Self { desk, ledger, url, address, http: reqwest::Client::new(), stop: Some(stop), serving }
    }

    pub async fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        tokio::time::timeout(PATIENCE, &mut self.serving).await.unwrap().unwrap();
    }

    /// A client with the tenant's key.
    pub fn tenant(&self) -> lease::Gateway {
        self.client(Pass::Key { key: Box::new(key(TENANT)), chain: chain(), generation: GENERATION })
    }

    /// A client with a token.
    pub fn guest(&self, token: String) -> lease::Gateway {
        self.client(Pass::Token(token))
    }

    pub fn client(&self, pass: Pass) -> lease::Gateway {
        lease::Gateway::new(&self.url, key(PROVIDER).address(), pass, &Trust::default(), &Reach::local()).unwrap()
    }

    /// Status and error code of a request with what it shows.
    pub async fn asked(&self, path: &str, authorization: Option<&str>) -> (u16, String) {
        let mut request = self.http.get(format!("{}{path}", self.url));
        if let Some(shown) = authorization {
            request = request.header("authorization", shown);
        }
        told(request.send().await.unwrap()).await
    }
}

pub async fn told(answer: reqwest::Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: serde_json::Value = answer.json().await.unwrap_or_default();
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

/// What the tenant says in a token for the provider.
pub fn claims(leases: Leases) -> Claims {
    Claims::new(&key(TENANT), key(PROVIDER).address(), chain(), GENERATION, now(), leases)
}

/// A token of the tenant's.
pub fn token(claims: &Claims) -> String {
    lease::mint(&key(TENANT), claims).unwrap()
}
