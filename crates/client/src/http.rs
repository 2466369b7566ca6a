//! Calls over HTTP: status codes into typed errors, idempotent calls tried again.

use crate::{
    BodyError,
    api::{ErrorBody, code},
    body::read_body,
    client::ClientConfig,
    error::ClientError,
    trust::tls_failure,
};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// No error body is read further than this, bytes,
const ERROR_MAX: usize = 64 * 1024;
/// and no other answer than this: pages are bounded, and the largest is far smaller.
const ANSWER_MAX: usize = 64 << 20;

/// An answer that takes longer is said to be waited for,
const SILENCE: Duration = Duration::from_secs(3);
/// and that at most so often.
const TOLD_PAUSE: Duration = Duration::from_secs(30);

/// A base URL and a pool of connections to it.
#[derive(Debug)]
pub(crate) struct Transport {
    http: reqwest::Client,
    base: Url,
    config: ClientConfig,
    /// When it was last said that an answer is waited for.
    told: Mutex<Option<Instant>>,
}

impl Transport {
    pub(crate) fn new(url: &str, config: ClientConfig) -> Result<Self, ClientError> {
        let bad = |why: &str| ClientError::Url { url: url.to_owned(), why: why.to_owned() };
        let base = Url::parse(url.trim()).map_err(|e| bad(&e.to_string()))?;
        if !["http", "https"].contains(&base.scheme()) {
            return Err(bad("only http and https are spoken"));
        }
        if base.host_str().is_none_or(str::is_empty) || base.query().is_some() || base.fragment().is_some() {
            return Err(bad("it must be a host, with a port if needed, and nothing after the path"));
        }
        let http = config
            .trust
            .http()
            .connect_timeout(config.connect_timeout)
            .pool_idle_timeout(Duration::from_secs(30))
            .build()
            .map_err(|e| bad(&e.to_string()))?;
        Ok(Self { http, base, config, told: Mutex::new(None) })
    }

    pub(crate) fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    pub(crate) const fn config(&self) -> &ClientConfig {
        &self.config
    }

    fn url(&self, path: &str, query: &Query) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        if !query.0.is_empty() {
            url.query_pairs_mut().extend_pairs(query.0.iter().map(|(name, value)| (*name, value.as_str())));
        }
        url
    }

    pub(crate) fn request(&self, method: Method, path: &str, query: &Query) -> RequestBuilder {
        self.http.request(method, self.url(path, query))
    }

    /// A read, tried again while the error may pass.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str, query: &Query) -> Result<T, ClientError> {
        let body = self.get_text(path, query).await?;
        serde_json::from_str(&body).map_err(|e| self.unreadable(path, &e.to_string()))
    }

    /// A read that the node works long for.
    pub(crate) async fn get_slow<T: DeserializeOwned>(&self, path: &str, query: &Query) -> Result<T, ClientError> {
        let body = self.read(path, query, self.config.request_timeout).await?;
        serde_json::from_str(&body).map_err(|e| self.unreadable(path, &e.to_string()))
    }

    /// A read whose answer is text, tried again while the error may pass.
    pub(crate) async fn get_text(&self, path: &str, query: &Query) -> Result<String, ClientError> {
        self.read(path, query, self.config.read_timeout.min(self.config.request_timeout)).await
    }

    async fn read(&self, path: &str, query: &Query, longest: Duration) -> Result<String, ClientError> {
        let mut pause = Backoff::new(self.config.retry_pause, self.config.retry_pause_max);
        for _ in 1..self.config.attempts {
            match self.told(self.once(self.request(Method::GET, path, query), path, longest)).await {
                Err(error) if error.is_passing() && !matches!(error, ClientError::Timeout { .. }) => {
                    tracing::debug!(%error, path, "trying again");
                    pause.wait().await;
                }
                done => return done,
            }
        }
        self.told(self.once(self.request(Method::GET, path, query), path, longest)).await
    }

    /// Says that an answer is waited for, when it takes long: once in a while, however many wait.
    async fn told<T>(&self, answer: impl Future<Output = T>) -> T {
        let mut answer = std::pin::pin!(answer);
        if let Ok(answer) = tokio::time::timeout(SILENCE, &mut answer).await {
            return answer;
        }
        if self.may_tell() {
            tracing::warn!("the node at {} has not answered for {} s; waiting", self.base(), SILENCE.as_secs());
        }
        answer.await
    }

    fn may_tell(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let may = told.is_none_or(|at| at.elapsed() >= TOLD_PAUSE);
        if may {
            *told = Some(Instant::now());
        }
        may
    }

    /// A write, tried once: only the caller knows whether it may be repeated.
    pub(crate) async fn post<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        query: &Query,
        body: &B,
    ) -> Result<T, ClientError> {
        let text = self.once(self.request(Method::POST, path, query).json(body), path, self.config.request_timeout).await?;
        serde_json::from_str(&text).map_err(|e| self.unreadable(path, &e.to_string()))
    }

    async fn once(&self, request: RequestBuilder, path: &str, longest: Duration) -> Result<String, ClientError> {
        let failed = |error: reqwest::Error| match self.failed(&error, path) {
            ClientError::Timeout { url, what, .. } => ClientError::Timeout { url, what, after: longest },
            other => other,
        };
        let response = request.timeout(longest).send().await.map_err(failed)?;
        let response = self.check(response, path).await?;
        match read_body(response, ANSWER_MAX).await {
            Ok(body) => String::from_utf8(body).map_err(|error| self.unreadable(path, &error.to_string())),
            Err(BodyError::Broken(error)) => Err(failed(error)),
            Err(error @ BodyError::TooLong(_)) => Err(self.unreadable(path, &error.to_string())),
        }
    }

    /// The response when it is a success, otherwise the error it stands for.
    pub(crate) async fn check(&self, mut response: Response, path: &str) -> Result<Response, ClientError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let mut body = Vec::new();
        while body.len() < ERROR_MAX {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) | Err(_) => break,
            }
        }
        Err(match serde_json::from_slice::<ErrorBody>(&body) {
            Ok(ErrorBody { error }) => {
                ClientError::Refused { status: status.as_u16(), code: error.code, message: error.message, hint: error.hint }
            }
            // Something between us and the node, or no node at all.
            Err(_) => ClientError::Refused {
                status: status.as_u16(),
                code: if status.as_u16() == 404 { code::NOT_FOUND.to_owned() } else { format!("http-{}", status.as_u16()) },
                message: format!("{} answers `{path}` with status {status}", self.base()),
                hint: "check that this is a node's address".to_owned(),
            },
        })
    }

    pub(crate) fn failed(&self, error: &reqwest::Error, path: &str) -> ClientError {
        if let Some(why) = tls_failure(error) {
            return ClientError::Tls { url: self.base().to_owned(), why };
        }
        if error.is_timeout() && !error.is_connect() {
            let (url, what) = (self.base().to_owned(), path.to_owned());
            return ClientError::Timeout { url, what, after: self.config.request_timeout };
        }
        ClientError::Unreachable { url: self.base().to_owned(), reason: root_cause(error), connected: !error.is_connect() }
    }

    pub(crate) fn unreadable(&self, path: &str, reason: &str) -> ClientError {
        ClientError::Answer { url: self.base().to_owned(), what: path.to_owned(), reason: reason.to_owned() }
    }
}

/// The innermost error: the outer ones only say that a request failed.
fn root_cause(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string().to_lowercase()
}

/// Parameters of a call; absent ones are left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// A page of a list: from the entry after that one, of so many at most.
    pub(crate) fn page(after: Option<&str>, limit: Option<u32>) -> Self {
        Self::default().with("after", after).with("limit", limit)
    }

    pub(crate) fn with(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.0.extend(value.map(|value| (name, value.to_string())));
        self
    }
}

/// Pauses that double up to a limit, each shortened by up to a half at random so that many clients don't come at once.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    next: Duration,
    max: Duration,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, max: Duration) -> Self {
        Self { first, next: first, max }
    }

    pub(crate) const fn reset(&mut self) {
        self.next = self.first;
    }

    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.next.min(self.max);
        self.next = pause.saturating_mul(2);
        pause.mul_f64(rand::random_range(0.5..=1.0))
    }

    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.next()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit_and_start_over() {
        let ms = Duration::from_millis;
        let mut pause = Backoff::new(ms(100), ms(1000));
        for expected in [100, 200, 400, 800, 1000, 1000] {
            let got = pause.next();
            assert!(got <= ms(expected) && got >= ms(expected / 2), "{got:?} for {expected}");
        }
        pause.reset();
        assert!(pause.next() <= ms(100));
    }

    #[test]
    fn urls_are_put_together_with_escaped_parameters() {
        let transport = Transport::new("http://127.0.0.1:1/node/", ClientConfig::default()).unwrap();
        let query = Query::default().with("kind", Some("a b&c")).with("from", None::<u64>).with("limit", Some(3));
        assert_eq!(transport.url("/v1/events", &query).as_str(), "http://127.0.0.1:1/node/v1/events?kind=a+b%26c&limit=3");
        assert_eq!(transport.url("/health", &Query::default()).as_str(), "http://127.0.0.1:1/node/health");
    }

    #[test]
    fn texts_that_are_no_base_url_are_refused() {
        for url in ["", "127.0.0.1:4610", "ftp://a", "http://", "https://", "http://a/?b=c", "http://a/#b"] {
            assert!(matches!(Transport::new(url, ClientConfig::default()), Err(ClientError::Url { .. })), "{url}");
        }
    }
}
