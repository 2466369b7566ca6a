//! Moving shard payloads to and from providers.
//!
//! In: a provider, a piece CID, bytes. Out: the payload durable at the provider, a range of it, or its deletion. Implemented over the
//! providers' HTTP interface by [`HttpShards`]. Absent on purpose: choice of providers, retries, and checks of what comes back: the
//! reader does not trust a provider, whatever carries its bytes.

use crate::{clock::Clock, market::Provider};
use async_trait::async_trait;
use bytes::Bytes;
use depin_client::{Barred, Reach, SigningKey, Trust, tls_failure};
use depin_quantity::Address;
use depin_services::storage::piece::Commitment;
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Longest error text of a provider that is read.
const ERROR_MAX: usize = 16 << 10;
/// Longest wait for a provider to say why it broke off.
const SAID_WITHIN: Duration = Duration::from_secs(2);
/// Longest time of any request to a provider, its answer's last byte included. Whoever asks has a shorter patience of its own; this holds
/// for whoever forgets it.
const REQUEST_MOST: Duration = Duration::from_secs(600);
/// The same of a deletion, whose answer says nothing but yes or no.
const DELETE_MOST: Duration = Duration::from_secs(60);
/// Bytes of an upload handed over at a time.
const PIECE: usize = 64 << 10;

/// Why a provider did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// No connection, no answer, or a broken one.
    #[error("does not answer: {0}")]
    Unreachable(String),
    /// Answers too slowly, or not at all, to what it was sent.
    #[error("takes too long: {0}")]
    Stalled(String),
    /// Does not hold the piece.
    #[error("does not have the piece")]
    NotFound,
    /// Holds it, but its own checksum says that the bytes changed.
    #[error("has a damaged copy of the piece")]
    Damaged,
    /// No room.
    #[error("has no room: {0}")]
    Full(String),
    /// The account could not pay for what it wants kept.
    #[error("asks for funds: {0}")]
    Unfunded(String),
    /// The account has all there that one may have without deals.
    #[error("keeps no more without deals: {0}")]
    Limited(String),
    /// Its address is not one that this gateway connects to.
    #[error("is not connected to: {0}; on a network of your own, start the gateway with --local-network")]
    Barred(String),
    /// Answered something else than what was asked for.
    #[error("answered wrongly: {0}")]
    Wrong(String),
    /// Said no.
    #[error("refused ({code}): {message}")]
    Refused {
        /// HTTP status and error code.
        code: String,
        /// Its words, with its hint.
        message: String,
    },
}

/// How much of an upload was handed to the network. What is not told looks like an upload that stands still.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Bytes handed over so far.
    pub fn sent(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Some more were.
    pub fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Carries shard payloads.
#[async_trait]
pub trait Shards: Send + Sync + 'static {
    /// Stores a payload and tells how far it came. Returns when it is verified against the CID and durable at the provider. Storing it
    /// again is no error. Dropping the future ends the upload.
    async fn put(&self, at: &Provider, cid: &Commitment, payload: Bytes, progress: &Progress) -> Result<(), ShardError>;

    /// Bytes `range` of a payload: exactly that many, or an error.
    async fn get(&self, at: &Provider, cid: &Commitment, range: Range<u64>) -> Result<Bytes, ShardError>;

    /// Deletes a payload that no deal covers. One that is not there is no error.
    async fn delete(&self, at: &Provider, cid: &Commitment) -> Result<(), ShardError>;
}

/// Signs for the gateway's account.
pub trait Signer: Send + Sync + 'static {
    /// The account's address, bech32m text.
    fn address(&self) -> String;
    /// Its ed25519 public key.
    fn public_key(&self) -> [u8; 32];
    /// The ed25519 signature of `message`.
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

impl Signer for SigningKey {
    fn address(&self) -> String {
        Self::address(self).to_string()
    }

    fn public_key(&self) -> [u8; 32] {
        Self::public_key(self)
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        Self::sign(self, message)
    }
}

/// The bytes that a client signs to have a provider store or delete a piece: one byte with the domain's length, the domain
/// (`depin-upload` or `depin-delete`), then the borsh encoding of the body: the chain id as text, the provider's address as 32 bytes, the
/// piece CID as text, the payload's length (0 for a deletion) and the wall time in milliseconds since 1970.
///
/// Restated here instead of called in the provider's crate, so that the two sides check each other.
pub fn request_message(domain: &str, chain_id: &str, provider: &Address, cid: &str, payload_bytes: u64, time_ms: u64) -> Vec<u8> {
    let mut bytes = vec![domain.len() as u8];
    bytes.extend_from_slice(domain.as_bytes());
    let body = (chain_id, provider.get(), cid, payload_bytes, time_ms);
    borsh::to_writer(&mut bytes, &body).expect("writing to memory does not fail");
    bytes
}

/// Shards over the providers' HTTP interface.
pub struct HttpShards {
    client: reqwest::Client,
    reach: Reach,
    signer: Arc<dyn Signer>,
    clock: Arc<dyn Clock>,
    chain_id: String,
}

impl HttpShards {
    /// Uses one connection pool for all providers, whose addresses must lie within `reach`. Those with `https` addresses show certificates
    /// that are trusted.
    ///
    /// # Errors
    /// [`ShardError::Unreachable`] when the HTTP client cannot be made.
    pub fn new(
        signer: Arc<dyn Signer>,
        clock: Arc<dyn Clock>,
        chain_id: impl Into<String>,
        reach: Reach,
        trust: &Trust,
    ) -> Result<Self, ShardError> {
        // A provider's answer decides nothing about where a customer's request and signature go.
        let client = reach
            .guard(trust.http())
            .connect_timeout(Duration::from_secs(5))
            .timeout(REQUEST_MOST)
            .pool_idle_timeout(Duration::from_secs(30))
            .tcp_nodelay(true)
            .build()
            .map_err(|error| unreachable(&error))?;
        Ok(Self { client, reach, signer, clock, chain_id: chain_id.into() })
    }

    fn request(&self, method: Method, at: &Provider, cid: &Commitment) -> Result<RequestBuilder, ShardError> {
        let mut url = self.reach.base(&at.url).map_err(|barred| ShardError::Barred(barred.to_string()))?;
        let path = format!("{}/pieces/{cid}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(self.client.request(method, url))
    }

    /// Whether a provider says that a payload is damaged.
    async fn is_damaged(&self, at: &Provider, cid: &Commitment) -> bool {
        let Ok(request) = self.request(Method::HEAD, at, cid) else { return false };
        let answer = request.timeout(SAID_WITHIN).send().await;
        answer.is_ok_and(|answer| answer.status() == StatusCode::GONE)
    }

    fn signed(
        &self,
        request: RequestBuilder,
        domain: &str,
        at: &Provider,
        cid: &Commitment,
        payload_bytes: u64,
    ) -> RequestBuilder {
        let time = self.clock.now_ms();
        let message = request_message(domain, &self.chain_id, &at.address, &cid.to_string(), payload_bytes, time);
        request
            .header("x-depin-client", self.signer.address())
            .header("x-depin-key", hex::encode(self.signer.public_key()))
            .header("x-depin-time", time)
            .header("x-depin-signature", hex::encode(self.signer.sign(&message)))
    }
}

#[async_trait]
impl Shards for HttpShards {
    async fn put(&self, at: &Provider, cid: &Commitment, payload: Bytes, progress: &Progress) -> Result<(), ShardError> {
        let length = payload.len() as u64;
        let request = self.signed(self.request(Method::PUT, at, cid)?, "depin-upload", at, cid, length);
        let response = request
            .header(header::CONTENT_LENGTH, length)
            .body(told(payload, progress.clone()))
            .send()
            .await
            .map_err(|error| unreachable(&error))?;
        match response.status() {
            StatusCode::OK | StatusCode::CREATED => Ok(()),
            _ => Err(failure(response).await),
        }
    }

    async fn get(&self, at: &Provider, cid: &Commitment, range: Range<u64>) -> Result<Bytes, ShardError> {
        let length = range.end.saturating_sub(range.start);
        if length == 0 {
            return Ok(Bytes::new());
        }
        let wanted = format!("bytes={}-{}", range.start, range.end - 1);
        let request = self.request(Method::GET, at, cid)?.header(header::RANGE, wanted);
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        match response.status() {
            StatusCode::OK if range.start == 0 => {}
            StatusCode::PARTIAL_CONTENT => {}
            status if status.is_success() => return Err(ShardError::Wrong(format!("status {status} to a range"))),
            _ => return Err(failure(response).await),
        }
        let length = usize::try_from(length).map_err(|_| ShardError::Wrong("a range beyond memory".to_owned()))?;
        match read_exactly(response, length).await {
            // Who finds damage on the way breaks off and can only say so when asked again.
            Err(broken @ ShardError::Unreachable(_)) => {
                Err(if self.is_damaged(at, cid).await { ShardError::Damaged } else { broken })
            }
            read => read,
        }
    }

    async fn delete(&self, at: &Provider, cid: &Commitment) -> Result<(), ShardError> {
        let request = self.signed(self.request(Method::DELETE, at, cid)?, "depin-delete", at, cid, 0);
        let response = request.timeout(DELETE_MOST).send().await.map_err(|error| unreachable(&error))?;
        match response.status() {
            status if status.is_success() || status == StatusCode::NOT_FOUND => Ok(()),
            _ => Err(failure(response).await),
        }
    }
}

/// A body that tells how far it came.
fn told(payload: Bytes, progress: Progress) -> reqwest::Body {
    let pieces = (0..payload.len()).step_by(PIECE).map(move |from| {
        let piece = payload.slice(from..payload.len().min(from + PIECE));
        progress.add(piece.len() as u64);
        Ok::<_, std::convert::Infallible>(piece)
    });
    reqwest::Body::wrap_stream(futures::stream::iter(pieces))
}

/// Reads a body that must have `length` bytes, never holding more of it.
async fn read_exactly(mut response: Response, length: usize) -> Result<Bytes, ShardError> {
    let mut bytes = Vec::with_capacity(length);
    while let Some(piece) = response.chunk().await.map_err(|error| unreachable(&error))? {
        if bytes.len() + piece.len() > length {
            return Err(ShardError::Wrong(format!("more than the {length} bytes asked for")));
        }
        bytes.extend_from_slice(&piece);
    }
    if bytes.len() == length { Ok(bytes.into()) } else { Err(ShardError::Wrong(format!("{} of {length} bytes", bytes.len()))) }
}

/// What a provider's error answer means.
async fn failure(mut response: Response) -> ShardError {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Body {
        error: Detail,
    }
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Detail {
        code: String,
        message: String,
        hint: String,
    }
    let status = response.status();
    let mut text = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        text.extend_from_slice(&piece[..piece.len().min(ERROR_MAX - text.len())]);
        if text.len() == ERROR_MAX {
            break;
        }
    }
    let Detail { code, message, hint } = serde_json::from_slice::<Body>(&text).unwrap_or_default().error;
    let message = match (message.is_empty(), hint.is_empty()) {
        (true, _) => String::from_utf8_lossy(&text).chars().take(200).collect(),
        (false, true) => message,
        (false, false) => format!("{message}; {hint}"),
    };
    match status {
        status if status.is_redirection() => {
            ShardError::Wrong(format!("a redirect ({}), which is not followed", status.as_u16()))
        }
        StatusCode::NOT_FOUND => ShardError::NotFound,
        StatusCode::GONE => ShardError::Damaged,
        StatusCode::INSUFFICIENT_STORAGE => ShardError::Full(message),
        StatusCode::PAYMENT_REQUIRED => ShardError::Unfunded(message),
        StatusCode::TOO_MANY_REQUESTS => ShardError::Limited(message),
        status => ShardError::Refused { code: format!("{} {code}", status.as_u16()).trim_end().to_owned(), message },
    }
}

/// The whole chain of causes: reqwest's own text names the URL only.
fn unreachable(error: &reqwest::Error) -> ShardError {
    if let Some(why) = tls_failure(error) {
        return ShardError::Unreachable(why);
    }
    if let Some(barred) = Barred::of(error) {
        return ShardError::Barred(barred.to_string());
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    ShardError::Unreachable(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    #[tokio::test]
    async fn a_provider_cannot_send_requests_elsewhere() {
        let inner = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = format!("http://{}/secrets", inner.local_addr().unwrap());
        let outer = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", outer.local_addr().unwrap());
        let answering = tokio::spawn(async move {
            let (mut connection, _) = outer.accept().await.unwrap();
            let _ = connection.read(&mut [0; 4096]).await.unwrap();
            let answer = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
            connection.write_all(answer.as_bytes()).await.unwrap();
        });
        let key = SigningKey::from_seed(&[7; 32]);
        let trust = Trust::default();
        let shards = HttpShards::new(Arc::new(key), Arc::new(SystemClock), "test-1", Reach::local(), &trust).unwrap();
        let provider = Provider { address: Address::new([1; 32]), name: "outer".to_owned(), url };
        let cid = "baga6ea4seaqdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy".parse().unwrap();
        let refused = shards.get(&provider, &cid, 0..9).await.unwrap_err();
        assert_eq!(refused, ShardError::Wrong("a redirect (307), which is not followed".to_owned()));
        answering.await.unwrap();
        let asked = tokio::time::timeout(Duration::from_millis(200), inner.accept()).await;
        assert!(asked.is_err(), "the redirect was followed");
    }

    /// Providers check what they send as they send it.
    #[tokio::test]
    async fn a_provider_that_breaks_off_is_asked_whether_the_payload_is_damaged() {
        let provider = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", provider.local_addr().unwrap());
        let broken = "HTTP/1.1 206 Partial Content\r\ncontent-length: 9\r\n\r\nfour";
        let answers = [broken, "HTTP/1.1 410 Gone\r\n\r\n", broken, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"];
        let answering = tokio::spawn(async move {
            let mut asked = Vec::new();
            for answer in answers {
                let (mut connection, _) = provider.accept().await.unwrap();
                let mut head = vec![0; 4096];
                let length = connection.read(&mut head).await.unwrap();
                asked.push(String::from_utf8_lossy(&head[..length]).split(' ').next().unwrap().to_owned());
                connection.write_all(answer.as_bytes()).await.unwrap();
            }
            asked
        });
        let (key, trust) = (SigningKey::from_seed(&[7; 32]), Trust::default());
        let shards = HttpShards::new(Arc::new(key), Arc::new(SystemClock), "test-1", Reach::local(), &trust).unwrap();
        let at = Provider { address: Address::new([1; 32]), name: "p".to_owned(), url };
        let cid = "baga6ea4seaqdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy".parse().unwrap();
        assert_eq!(shards.get(&at, &cid, 0..9).await, Err(ShardError::Damaged));
        assert!(matches!(shards.get(&at, &cid, 0..9).await, Err(ShardError::Unreachable(_))));
        assert_eq!(answering.await.unwrap(), ["GET", "HEAD", "GET", "HEAD"]);
    }

    #[tokio::test]
    async fn nothing_is_sent_to_a_private_address_whether_it_is_a_number_or_a_name() {
        let inner = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = inner.local_addr().unwrap().port();
        let key = SigningKey::from_seed(&[7; 32]);
        let shards = HttpShards::new(Arc::new(key), Arc::new(SystemClock), "test-1", Reach::public(), &Trust::default()).unwrap();
        let cid = "baga6ea4seaqdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy".parse().unwrap();
        for host in ["127.0.0.1", "localhost"] {
            let url = format!("http://{host}:{port}");
            let provider = Provider { address: Address::new([1; 32]), name: "inner".to_owned(), url };
            let refused = [
                shards.get(&provider, &cid, 0..9).await.unwrap_err(),
                shards.put(&provider, &cid, Bytes::from_static(b"x"), &Progress::default()).await.unwrap_err(),
                shards.delete(&provider, &cid).await.unwrap_err(),
            ];
            for error in refused {
                let said = error.to_string();
                assert!(matches!(error, ShardError::Barred(_)), "{said}");
                assert!(said.contains("is a loopback address") && said.contains(host), "{said}");
            }
        }
        let asked = tokio::time::timeout(Duration::from_millis(200), inner.accept()).await;
        assert!(asked.is_err(), "somebody was connected to");
    }

    /// The bytes that the provider's own test pins.
    #[test]
    fn the_signed_bytes_are_domain_then_fields_in_order() {
        let cid = "baga6ea4seaqdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy";
        let mut expected = b"\x0cdepin-upload\x06\0\0\0test-1".to_vec();
        expected.extend([7; 32]);
        expected.extend(b"\x40\0\0\0");
        expected.extend(cid.as_bytes());
        expected.extend([127, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(request_message("depin-upload", "test-1", &Address::new([7; 32]), cid, 127, 258), expected);
    }
}
