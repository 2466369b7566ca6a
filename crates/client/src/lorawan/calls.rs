//! Calls of a network server, over connections that are kept.

use super::{
    Acknowledged, Answer, BatchAnswer, BatchBody, DeviceView, NewDevice, OutcomeBody, ServerInfo, SignedHead, UplinkBody,
    UplinkPacket, UplinkView, sign_body,
};
use crate::{Barred, BodyError, Reach, SigningKey, Trust, read_body};
use depin_lorawan::Eui;
use depin_quantity::UnitId;
use serde::{Serialize, de::DeserializeOwned};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// Longest wait for an answer. Copies are waited for, and a disk is written.
const PATIENCE: Duration = Duration::from_secs(25);

/// No answer is read further, bytes: it may be anybody's server, since anybody may name one on the chain.
const ANSWER_MAX: usize = 4 << 20;

/// Why a network server gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkServerError {
    /// The address is no URL.
    #[error("`{0}` is no base URL of a network server; write it like \"http://127.0.0.1:8080\"")]
    Url(String),
    /// Nothing is sent there.
    #[error("nothing is sent to the network server: {0}; a hotspot in a network of one's own is started with --local-network")]
    Barred(Barred),
    /// Nobody answers.
    #[error("the network server at {url} does not answer: {why}")]
    Away {
        /// Where.
        url: String,
        /// What the network said.
        why: String,
    },
    /// It said no.
    #[error("the network server refused: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Short and stable.
        code: String,
        /// Its words, and what it says to do.
        message: String,
    },
}

impl NetworkServerError {
    /// Whether the same may be taken later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Away { .. } => true,
            // A clock that is off is set some time; a disk that is full is emptied.
            Self::Refused { status, code, .. } => matches!(status, 429 | 500 | 502 | 503 | 504 | 507) || code == "clock",
            Self::Url(_) | Self::Barred(_) => false,
        }
    }
}

/// A network server, as hotspots and the customer's tools reach it.
#[derive(Clone, Debug)]
pub struct NetworkServer {
    base: reqwest::Url,
    http: reqwest::Client,
}

/// Wall time, milliseconds since 1970.
fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

impl NetworkServer {
    /// The network server at a base URL, which may be anybody's: it must lie within `reach`.
    ///
    /// # Errors
    /// [`NetworkServerError::Url`] where it is none, [`NetworkServerError::Barred`] for an address beyond `reach`; one that a name stands for is
    /// found when it is connected to.
    pub fn new(url: &str, trust: &Trust, reach: &Reach) -> Result<Self, NetworkServerError> {
        let bad = || NetworkServerError::Url(url.chars().take(256).collect());
        // What is no base URL in no reach is no base URL.
        let base = Reach::local().base(url.trim_end_matches('/')).map_err(|_| bad())?;
        reach.base(base.as_str()).map_err(NetworkServerError::Barred)?;
        let http = reach.guard(trust.http()).connect_timeout(CONNECT).timeout(PATIENCE);
        Ok(Self { base, http: http.build().map_err(|_| bad())? })
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<Vec<u8>, NetworkServerError> {
        let away = |error: &reqwest::Error| {
            if let Some(barred) = Barred::of(error) {
                return NetworkServerError::Barred(barred.clone());
            }
            let source = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
            NetworkServerError::Away { url: self.url().to_owned(), why: source }
        };
        let answer = request.send().await.map_err(|error| away(&error))?;
        let status = answer.status();
        let bytes = read_body(answer, ANSWER_MAX).await.map_err(|error| match error {
            BodyError::Broken(error) => away(&error),
            BodyError::TooLong(_) => {
                NetworkServerError::Refused { status: status.as_u16(), code: "answer".to_owned(), message: error.to_string() }
            }
        })?;
        if status.is_success() {
            return Ok(bytes);
        }
        let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let text = |key: &str| body["error"][key].as_str().unwrap_or_default().chars().take(512).collect::<String>();
        let (message, hint) = (text("message"), text("hint"));
        let message = match (message.is_empty(), hint.is_empty()) {
            (true, _) => format!("it answered {status}"),
            (false, true) => message,
            (false, false) => format!("{message}; {hint}"),
        };
        Err(NetworkServerError::Refused { status: status.as_u16(), code: text("code"), message })
    }

    fn read<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, NetworkServerError> {
        serde_json::from_slice(bytes).map_err(|error| NetworkServerError::Refused {
            status: 200,
            code: "answer".to_owned(),
            message: format!("its answer cannot be read ({error}); is it a network server of this version?"),
        })
    }

    async fn signed<T: DeserializeOwned>(
        &self,
        key: &SigningKey,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Option<T>, NetworkServerError> {
        // Bodies are plain values, which always have a form in JSON.
        let body = serde_json::to_vec(body).unwrap_or_default();
        let (public, signature) = sign_body(key, path, &body);
        let request = self.http.post(format!("{}{path}", self.url())).header(SignedHead::KEY, public);
        let bytes = self.ask(request.header(SignedHead::SIGNATURE, signature).body(body)).await?;
        if bytes.is_empty() { Ok(None) } else { self.read(&bytes).map(Some) }
    }

    /// What hotspots need to know of it.
    ///
    /// # Errors
    /// [`NetworkServerError`].
    pub async fn info(&self) -> Result<ServerInfo, NetworkServerError> {
        let bytes = self.ask(self.http.get(format!("{}/v1/network", self.url()))).await?;
        self.read(&bytes)
    }

    /// Hands in packets that a hotspot heard; `server` is the network server's key.
    ///
    /// # Errors
    /// [`NetworkServerError`].
    pub async fn hand_in(
        &self,
        hotspot: &SigningKey,
        server: [u8; 32],
        packets: Vec<UplinkPacket>,
    ) -> Result<Answer, NetworkServerError> {
        let body = UplinkBody { server, at_ms: now_ms(), packets };
        self.signed(hotspot, "/v1/uplinks", &body).await?.ok_or_else(|| self.silent())
    }

    /// Says what became of a downlink.
    ///
    /// # Errors
    /// [`NetworkServerError`].
    pub async fn outcome(
        &self,
        hotspot: &SigningKey,
        server: [u8; 32],
        id: u32,
        window: Option<usize>,
        errors: Vec<String>,
    ) -> Result<(), NetworkServerError> {
        let body = OutcomeBody { server, at_ms: now_ms(), id, window, errors };
        self.signed::<serde_json::Value>(hotspot, "/v1/outcomes", &body).await.map(drop)
    }

    /// Has packets acknowledged together, for the ledger.
    ///
    /// # Errors
    /// [`NetworkServerError`].
    pub async fn acknowledge(
        &self,
        hotspot: &SigningKey,
        server: [u8; 32],
        route: UnitId,
        packets: Vec<Acknowledged>,
    ) -> Result<BatchAnswer, NetworkServerError> {
        let body = BatchBody { server, at_ms: now_ms(), route, packets };
        self.signed(hotspot, "/v1/batches", &body).await?.ok_or_else(|| self.silent())
    }

    /// All devices, without their keys; `key` is the network server's access key.
    ///
    /// # Errors
    /// [`NetworkServerError`].
    pub async fn devices(&self, key: &str) -> Result<Vec<DeviceView>, NetworkServerError> {
        let bytes = self.ask(self.http.get(format!("{}/v1/devices", self.url())).bearer_auth(key)).await?;
        self.read(&bytes)
    }

    /// Uplinks of late in the clear, oldest first, from behind number `after` on; `key` is the network server's access key.
    ///
    /// # Errors
    /// [`NetworkServerError`].
    pub async fn uplinks(&self, key: &str, after: u64) -> Result<Vec<UplinkView>, NetworkServerError> {
        let bytes = self.ask(self.http.get(format!("{}/v1/uplinks?after={after}", self.url())).bearer_auth(key)).await?;
        self.read(&bytes)
    }

    /// Adds a device.
    ///
    /// # Errors
    /// [`NetworkServerError`].
    pub async fn add_device(&self, key: &str, device: &NewDevice) -> Result<DeviceView, NetworkServerError> {
        let request = self.http.post(format!("{}/v1/devices", self.url())).bearer_auth(key).json(device);
        let bytes = self.ask(request).await?;
        self.read(&bytes)
    }

    /// Removes a device.
    ///
    /// # Errors
    /// [`NetworkServerError`].
    pub async fn remove_device(&self, key: &str, device: Eui) -> Result<(), NetworkServerError> {
        self.ask(self.http.delete(format!("{}/v1/devices/{device}", self.url())).bearer_auth(key)).await.map(drop)
    }

    fn silent(&self) -> NetworkServerError {
        NetworkServerError::Away { url: self.url().to_owned(), why: "it answered with nothing".to_owned() }
    }
}
