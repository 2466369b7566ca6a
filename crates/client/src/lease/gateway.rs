//! Calls of a provider's gateway.

use super::{
    socket::{self, Lines, Shell},
    status::{ImageTaken, LeaseEvent, LeaseStatus, LogLine, ServiceStatus},
    token::{self, Claims, Leases, TokenError},
};
use crate::{Barred, BodyError, Reach, SigningKey, Trust, api::ErrorBody, read_body, tls_failure};
use depin_quantity::{Address, Name};
use depin_sdl::{Manifest, ManifestGroup};
use depin_services::leasing::{BidId, SignedReport};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url, header};
use serde::de::DeserializeOwned;
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// No answer is read further than this, bytes.
const ANSWER_MAX: usize = 8 << 20;
/// Longest wait for a connection,
const CONNECT: Duration = Duration::from_secs(5);
/// for an answer,
const ANSWER: Duration = Duration::from_secs(30);
/// and for a manifest to be taken: upstream's.
const MANIFEST: Duration = Duration::from_secs(120);

/// Why a gateway did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// The provider names no address that can be asked.
    #[error("the provider's address `{url}` cannot be asked: {why}")]
    Url {
        /// The address.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nobody answered.
    #[error("the provider does not answer at {url}: {reason}")]
    Unreachable {
        /// Its address.
        url: String,
        /// What the network said.
        reason: String,
    },
    /// Somebody answered that is not the provider; nothing was sent.
    #[error("who answers at {url} is not the provider: {why}")]
    Tls {
        /// The address.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// The provider said no.
    #[error("the provider refused: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Short and stable.
        code: String,
        /// Its words.
        message: String,
        /// What it says to do; may be empty.
        hint: String,
    },
    /// What it answered makes no sense.
    #[error("the provider's answer to `{what}` cannot be read: {reason}")]
    Answer {
        /// What was asked.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The provider ended a stream.
    #[error("the provider ended the stream: {why}")]
    Ended {
        /// What it said.
        why: String,
        /// Its code: 1008 for who breaks a rule, 4001 for a lease that is over, upstream's others.
        code: u16,
    },
    /// A stream broke off.
    #[error("the connection to the provider broke off: {0}")]
    Broken(String),
    /// No token can be made.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl GatewayError {
    /// Whether the same may succeed later, without anything being changed.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Refused { status: 429 | 502 | 503 | 504, .. })
    }

    /// Its code, if it is a refusal.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// By what one is let in.
#[derive(Clone)]
pub enum Pass {
    /// The tenant's own key, with which a new token for everything is made for each call.
    Key {
        /// The key.
        key: Box<SigningKey>,
        /// The chain.
        chain: Name,
        /// The generation of its tokens; [`Leasing::tenant`](crate::Leasing::tenant) tells it.
        generation: u64,
    },
    /// A token that somebody made.
    Token(String),
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { key, .. } => f.debug_tuple("Key").field(&key.address()).finish(),
            Self::Token(_) => f.debug_tuple("Token").finish_non_exhaustive(),
        }
    }
}

impl Pass {
    /// What is shown to a provider.
    fn token(&self, provider: Address) -> Result<String, TokenError> {
        match self {
            Self::Token(token) => Ok(token.clone()),
            Self::Key { key, chain, generation } => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
                token::mint(key, &Claims::new(key, provider, *chain, *generation, now, Leases::full()))
            }
        }
    }
}

/// A lease of whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeaseRef {
    /// Number of the deployment.
    pub dseq: u64,
    /// Of the group.
    pub gseq: u32,
    /// Of the order.
    pub oseq: u32,
}

impl From<BidId> for LeaseRef {
    fn from(lease: BidId) -> Self {
        Self { dseq: lease.deployment().dseq, gseq: lease.order.group.gseq, oseq: lease.order.oseq }
    }
}

impl LeaseRef {
    fn path(self, what: &str) -> String {
        format!("lease/{}/{}/{}/{what}", self.dseq, self.gseq, self.oseq)
    }
}

/// Which logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Of which services; none means all.
    pub services: Vec<String>,
    /// Go on with what comes.
    pub follow: bool,
    /// Only so many of the last lines of each replica.
    pub tail: Option<u32>,
}

/// What to run, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShellQuery {
    /// In a replica of which service.
    pub service: String,
    /// Which replica, from 0.
    pub replica: u32,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// Whether it has a terminal.
    pub tty: bool,
    /// Whether it reads what is sent.
    pub stdin: bool,
}

/// A provider's gateway. Cheap to clone; all clones share their connections.
#[derive(Clone, Debug)]
pub struct Gateway {
    http: reqwest::Client,
    base: Url,
    provider: Address,
    pass: Arc<Pass>,
}

impl Gateway {
    /// The gateway of a provider at its URL. Nothing is sent yet. Plain HTTP is spoken only to this machine; over TLS the gateway is known by
    /// its account's key, or by what `trust` trusts.
    ///
    /// # Errors
    /// [`GatewayError::Url`], also for addresses that `reach` does not let through.
    pub fn new(url: &str, provider: Address, pass: Pass, trust: &Trust, reach: &Reach) -> Result<Self, GatewayError> {
        let bad = |why: String| GatewayError::Url { url: url.chars().take(200).collect(), why };
        let mut base = reach.base(url).map_err(|barred| bad(barred.to_string()))?;
        if base.scheme() == "http" && !is_loopback(&base) {
            return Err(bad(
                "plain HTTP would show tokens and secrets to everybody on the way; it is spoken to this machine only".to_owned(),
            ));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let http = reach
            .guard(trust.http_with_account(provider))
            .connect_timeout(CONNECT)
            .pool_idle_timeout(Duration::from_secs(30))
            .build()
            .map_err(|error| bad(error.to_string()))?;
        Ok(Self { http, base, provider, pass: Arc::new(pass) })
    }

    /// Its address.
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// What the provider has and does.
    ///
    /// # Errors
    /// [`GatewayError`], as for every call below.
    pub async fn status(&self) -> Result<serde_json::Value, GatewayError> {
        self.get("status").await
    }

    /// Hands a deployment's manifest in.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn send_manifest(&self, dseq: u64, manifest: &Manifest) -> Result<(), GatewayError> {
        let path = format!("deployment/{dseq}/manifest");
        let request = self.request(Method::PUT, &path)?.timeout(MANIFEST);
        let request = request.header(header::CONTENT_TYPE, "application/json").body(manifest.to_json());
        self.answer(request, &path).await.map(drop)
    }

    /// What was handed in for a lease.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn manifest(&self, lease: LeaseRef) -> Result<ManifestGroup, GatewayError> {
        let path = lease.path("manifest");
        let groups: Vec<ManifestGroup> = self.get(&path).await?;
        let none = || GatewayError::Answer { what: path.clone(), reason: "there is no group in it".to_owned() };
        groups.into_iter().next().ok_or_else(none)
    }

    /// Asks the provider to sign a report of a lease's availability that its tenant signed; gives the provider's signature of the same.
    ///
    /// # Errors
    /// [`GatewayError`]; refused where the provider counted something else.
    pub async fn report(&self, lease: LeaseRef, report: &SignedReport) -> Result<SignedReport, GatewayError> {
        let path = lease.path("availability");
        let body = serde_json::to_vec(report).map_err(|error| unreadable(&path, &error))?;
        let request = self.request(Method::PUT, &path)?.timeout(ANSWER);
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        let body = self.answer(request, &path).await?;
        serde_json::from_slice(&body).map_err(|error| unreadable(&path, &error))
    }

    /// Hands a part of an image's OCI archive in: of `of` bytes those from byte `at` on. Parts come in order, the first at 0.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn push_image(
        &self,
        lease: LeaseRef,
        image: &str,
        at: u64,
        of: u64,
        bytes: Vec<u8>,
    ) -> Result<ImageTaken, GatewayError> {
        let path = lease.path("image");
        let query = [("name", image.to_owned()), ("at", at.to_string()), ("of", of.to_string())];
        // The last one is judged before it is answered.
        let request = self.request_with(Method::PUT, &path, &query)?.timeout(MANIFEST);
        let request = request.header(header::CONTENT_TYPE, "application/octet-stream").body(bytes);
        let body = self.answer(request, &path).await?;
        serde_json::from_slice(&body).map_err(|error| unreadable(&path, &error))
    }

    /// How the services of a lease are.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn lease_status(&self, lease: LeaseRef) -> Result<LeaseStatus, GatewayError> {
        self.get(&lease.path("status")).await
    }

    /// How one service is.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn service_status(&self, lease: LeaseRef, service: &str) -> Result<ServiceStatus, GatewayError> {
        self.get(&lease.path(&format!("service/{service}/status"))).await
    }

    /// What services write, line by line.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn logs(&self, lease: LeaseRef, query: &LogQuery) -> Result<Lines<LogLine>, GatewayError> {
        let mut pairs = vec![("follow", query.follow.to_string())];
        pairs.push(("tail", query.tail.map_or_else(|| "-1".to_owned(), |lines| lines.to_string())));
        if !query.services.is_empty() {
            pairs.push(("service", query.services.join(",")));
        }
        self.socket(&lease.path("logs"), &pairs).await.map(Lines::new)
    }

    /// What happens to replicas: how they are now, and with `follow` what comes.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn events(&self, lease: LeaseRef, follow: bool) -> Result<Lines<LeaseEvent>, GatewayError> {
        self.socket(&lease.path("kubeevents"), &[("follow", follow.to_string())]).await.map(Lines::new)
    }

    /// Runs a command in a container.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn shell(&self, lease: LeaseRef, query: &ShellQuery) -> Result<Shell, GatewayError> {
        let flag = |set: bool| u8::from(set).to_string();
        let mut pairs = vec![
            ("service".to_owned(), query.service.clone()),
            ("podIndex".to_owned(), query.replica.to_string()),
            ("tty".to_owned(), flag(query.tty)),
            ("stdin".to_owned(), flag(query.stdin)),
        ];
        pairs.extend(query.command.iter().enumerate().map(|(i, word)| (format!("cmd{i}"), word.clone())));
        self.socket(&lease.path("shell"), &pairs).await.map(Shell::new)
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, GatewayError> {
        self.request_with(method, path, &[] as &[(&str, &str)])
    }

    fn request_with<K: AsRef<str>, V: AsRef<str>>(
        &self,
        method: Method,
        path: &str,
        query: &[(K, V)],
    ) -> Result<RequestBuilder, GatewayError> {
        let mut url = self.base.join(path).map_err(|error| GatewayError::Url { url: path.to_owned(), why: error.to_string() })?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(self.http.request(method, url).bearer_auth(self.pass.token(self.provider)?))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, GatewayError> {
        let body = self.answer(self.request(Method::GET, path)?.timeout(ANSWER), path).await?;
        serde_json::from_slice(&body).map_err(|error| unreadable(path, &error))
    }

    async fn answer(&self, request: RequestBuilder, path: &str) -> Result<Vec<u8>, GatewayError> {
        let answer = request.send().await.map_err(|error| self.failed(&error))?;
        let status = answer.status();
        match read_body(answer, ANSWER_MAX).await {
            Ok(body) if status.is_success() => Ok(body),
            Ok(body) => Err(refused(status, &body, path)),
            Err(BodyError::Broken(error)) => Err(self.failed(&error)),
            Err(error @ BodyError::TooLong(_)) => Err(unreadable(path, &error)),
        }
    }

    /// Opens a WebSocket: an HTTP request that the same client sends, and the bytes of its connection.
    async fn socket<K: AsRef<str>, V: AsRef<str>>(&self, path: &str, query: &[(K, V)]) -> Result<socket::Socket, GatewayError> {
        let key = socket::key();
        let request = self
            .request_with(Method::GET, path, query)?
            .header(header::CONNECTION, "upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_KEY, &key);
        let sent = tokio::time::timeout(ANSWER, request.send()).await;
        let late = |_| GatewayError::Unreachable { url: self.url().to_owned(), reason: "it takes too long to answer".to_owned() };
        let answer: Response = sent.map_err(late)?.map_err(|error| self.failed(&error))?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            let status = answer.status();
            let body = read_body(answer, ANSWER_MAX).await.unwrap_or_default();
            return Err(refused(status, &body, path));
        }
        let accepted = answer.headers().get(header::SEC_WEBSOCKET_ACCEPT).is_some_and(|shown| *shown == socket::accepts(&key));
        if !accepted {
            return Err(unreadable(path, &"it is no WebSocket"));
        }
        let stream = answer.upgrade().await.map_err(|error| self.failed(&error))?;
        Ok(socket::open(stream).await)
    }

    fn failed(&self, error: &reqwest::Error) -> GatewayError {
        let url = self.url().to_owned();
        if let Some(barred) = Barred::of(error) {
            return GatewayError::Url { url, why: barred.to_string() };
        }
        if let Some(why) = tls_failure(error) {
            return GatewayError::Tls { url, why };
        }
        let mut inner: &dyn std::error::Error = error;
        while let Some(source) = inner.source() {
            inner = source;
        }
        GatewayError::Unreachable { url, reason: inner.to_string().to_lowercase() }
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

fn unreadable(path: &str, why: &dyn fmt::Display) -> GatewayError {
    GatewayError::Answer { what: path.to_owned(), reason: why.to_string() }
}

fn refused(status: StatusCode, body: &[u8], path: &str) -> GatewayError {
    match serde_json::from_slice::<ErrorBody>(body) {
        Ok(ErrorBody { error }) => {
            GatewayError::Refused { status: status.as_u16(), code: error.code, message: error.message, hint: error.hint }
        }
        Err(_) => GatewayError::Refused {
            status: status.as_u16(),
            code: format!("http-{}", status.as_u16()),
            message: format!("`{path}` is answered with status {status}"),
            hint: "check that this is a provider's gateway".to_owned(),
        },
    }
}
