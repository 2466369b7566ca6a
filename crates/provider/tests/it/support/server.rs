//! A provider on a loopback port, and clients that sign with real ed25519 keys.

use super::{Bench, commit};
use bytes::Bytes;
use commonware_codec::{DecodeExt as _, Encode as _};
use commonware_cryptography::{Signer as _, Verifier as _, ed25519};
use depin_client::api::Amount;
use depin_provider::{
    Clock as _,
    operator::{Metrics, router},
    storage::{
        Funds, FundsError, HEADER_CLIENT, HEADER_KEY, HEADER_SIGNATURE, HEADER_TIME, HoldLimits, HttpSettings, ProviderHttp,
        ProviderRequest, RequestKind, Signatures, Transfers, routes,
    },
};
use depin_quantity::{Address, Name, Span, Units};
use depin_serve::{Port, json, serve};
use depin_services::storage::piece::Commitment;
use futures::future::{BoxFuture, FutureExt as _};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub const PROVIDER: Address = Address::new([9; 32]);
pub const CHAIN: Name = Name::literal("loopback-1");

/// The chain's rule (ZIP-215): the domain in front of the message is the signature's namespace.
pub struct Ed25519;

impl Signatures for Ed25519 {
    fn verify(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let (domain, body) = split(message);
        let Ok(key) = ed25519::PublicKey::decode(Bytes::copy_from_slice(key)) else { return false };
        let Ok(signature) = ed25519::Signature::decode(Bytes::copy_from_slice(signature)) else { return false };
        key.verify(domain, body, &signature)
    }
}

fn split(message: &[u8]) -> (&[u8], &[u8]) {
    message[1..].split_at(usize::from(message[0]))
}

/// Everybody can pay for so many bytes on hold.
pub struct Purses(pub AtomicU64);

impl Funds for Purses {
    fn cover(&self, client: Address, bytes: u64) -> BoxFuture<'_, Result<(), FundsError>> {
        let free = self.0.load(Ordering::Relaxed);
        let amount = |units: u64| Box::new(Amount::new(Name::literal("FIL"), Units::new(units.into()), 0));
        let short = || FundsError::Short {
            client,
            bytes,
            span: Span::from_secs(3_600),
            cost: amount(bytes),
            free: amount(free),
            escrow: amount(0),
            missing: amount(bytes - free),
        };
        let covered = if bytes <= free { Ok(()) } else { Err(short()) };
        std::future::ready(covered).boxed()
    }
}

/// Somebody with a key.
pub struct Person(ed25519::PrivateKey);

impl Person {
    pub fn new(seed: u64) -> Self {
        Self(ed25519::PrivateKey::from_seed(seed))
    }

    pub fn key(&self) -> [u8; 32] {
        self.0.public_key().encode().as_ref().try_into().unwrap()
    }

    pub fn address(&self) -> Address {
        Address::of_public_key(&self.key())
    }

    pub fn sign(&self, request: &ProviderRequest) -> [u8; 64] {
        let message = request.signed_bytes();
        let (domain, body) = split(&message);
        self.0.sign(domain, body).encode().as_ref().try_into().unwrap()
    }
}

pub fn request(kind: RequestKind, cid: Commitment, payload_bytes: u64, time_ms: u64) -> ProviderRequest {
    ProviderRequest { kind, chain_id: CHAIN, provider: PROVIDER, cid, payload_bytes, time_ms }
}

pub struct Server {
    pub bench: Bench,
    pub address: SocketAddr,
    pub client: reqwest::Client,
    pub purses: Arc<Purses>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn start(capacity_bytes: u64) -> Self {
        Self::start_with(capacity_bytes, |_| {}).await
    }

    pub async fn start_with(capacity_bytes: u64, change: impl FnOnce(&mut HttpSettings)) -> Self {
        Self::start_in(Bench::new(capacity_bytes), change).await
    }

    pub async fn start_holding(capacity_bytes: u64, holds: HoldLimits) -> Self {
        Self::start_in(Bench::with(capacity_bytes, holds), |_| {}).await
    }

    async fn start_in(bench: Bench, change: impl FnOnce(&mut HttpSettings)) -> Self {
        let mut settings = HttpSettings::new(PROVIDER, CHAIN, "the test's provider");
        change(&mut settings);
        let ask = || serde_json::json!({ "price": "17" });
        let (store, clock) = (bench.store.clone(), bench.clock.clone());
        let metrics = Arc::new(Metrics::new());
        let transfers = Transfers::register(&metrics, &store);
        let purses = Arc::new(Purses(AtomicU64::new(u64::MAX)));
        let funds = Arc::clone(&purses) as Arc<dyn Funds>;
        let http = Arc::new(ProviderHttp::new(settings, store, Arc::new(Ed25519), funds, clock, transfers, ask));
        let own = routes(http);
        let port = Port::new("provider", own.limits.clone(), json);
        let router = router(own, metrics, || serde_json::json!({}));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(serve(listener, router, port, std::future::pending()));
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        Self { bench, address, client, purses, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn piece_url(&self, cid: &Commitment) -> String {
        self.url(&format!("/pieces/{cid}"))
    }

    /// A request with the four headers, signed now by `person`.
    pub fn signed(&self, person: &Person, kind: RequestKind, cid: Commitment, payload_bytes: u64) -> RequestBuilder {
        self.signed_as(person, &request(kind, cid, payload_bytes, self.bench.clock.now_ms()))
    }

    /// A request to where `signed` says, with the signature over `signed`.
    pub fn signed_as(&self, person: &Person, signed: &ProviderRequest) -> RequestBuilder {
        let method = match signed.kind {
            RequestKind::Upload => Method::PUT,
            RequestKind::Delete => Method::DELETE,
        };
        self.client
            .request(method, self.piece_url(&signed.cid))
            .header(HEADER_CLIENT, person.address().to_string())
            .header(HEADER_KEY, super::hex(&person.key()))
            .header(HEADER_TIME, signed.time_ms.to_string())
            .header(HEADER_SIGNATURE, super::hex(&person.sign(signed)))
    }

    pub async fn put(&self, person: &Person, payload: &[u8]) -> Response {
        let request = self.signed(person, RequestKind::Upload, commit(payload), payload.len() as u64);
        request.body(payload.to_vec()).send().await.unwrap()
    }

    pub async fn delete(&self, person: &Person, cid: Commitment) -> Response {
        self.signed(person, RequestKind::Delete, cid, 0).send().await.unwrap()
    }

    pub async fn get(&self, cid: &Commitment, range: Option<&str>) -> Response {
        let mut request = self.client.get(self.piece_url(cid));
        if let Some(range) = range {
            request = request.header("range", range);
        }
        request.send().await.unwrap()
    }
}

/// Checks an error answer's status, code and form.
pub async fn assert_refused(response: Response, status: StatusCode, code: &str) -> serde_json::Value {
    let found = response.status();
    let body: serde_json::Value = response.json().await.unwrap();
    assert_eq!((found, body["error"]["code"].as_str()), (status, Some(code)), "{body}");
    for part in ["message", "hint"] {
        assert!(body["error"][part].as_str().is_some_and(|text| !text.is_empty()), "{part} missing in {body}");
    }
    body
}
