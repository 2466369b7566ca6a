//! The way to a hire's head: its dashboard and Jobs API, and where programs are given.

use super::named::{Named, short};
use crate::error::{CliError, Result};
use depin_client::{
    Barred, Reach, SigningKey,
    api::{ClusterHire, ClusterSlot},
    cluster::{Claims, mint},
    read_body, tls_failure,
};
use depin_quantity::ContentHash;
use depin_services::clusters::Stage;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longest wait for an answer; Ray takes some seconds to begin a job.
const ANSWER: Duration = Duration::from_secs(120);
/// No answer is read further than this, bytes.
const ANSWER_MAX: usize = 64 << 20;

/// A device's daemon, as a hirer talks to it.
pub(super) struct Desk {
    http: reqwest::Client,
    pub(super) url: String,
}

impl Desk {
    /// The daemon of a slot's device.
    pub(super) fn of(slot: &ClusterSlot, at: &Named<'_>, local_network: bool) -> Result<Self> {
        let is_local = local_network || at.is_home();
        let reach = if is_local { Reach::local() } else { Reach::public() };
        let barred = |error: String| {
            CliError::refused("device-address", format_args!("the device {} cannot be asked: {error}", short(slot.device)))
                .hint("--local-network lets devices be on this machine and in private networks")
        };
        let url = reach.base(&slot.url).map_err(|error| barred(error.to_string()))?;
        if url.scheme() == "http" && !is_local {
            return Err(barred("a token over plain HTTP is everybody's on the way; its owner must serve TLS".to_owned()));
        }
        let http = reach.guard(at.remote.settings.trust()?.http()).timeout(ANSWER).build();
        let http = http.map_err(|error| CliError::broken("http", error))?;
        Ok(Self { http, url: url.as_str().trim_end_matches('/').to_owned() })
    }

    /// Gives it the program that a hire runs.
    pub(super) async fn program(&self, hash: ContentHash, body: &[u8]) -> Result<()> {
        let request = self.http.put(format!("{}/v1/clusters/programs/{hash}", self.url)).body(body.to_vec());
        self.send(request).await.map(drop)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value> {
        let sent = request.send().await.map_err(|error| {
            if let Some(barred) = Barred::of(&error) {
                return CliError::refused("device-address", barred).hint("--local-network lets devices be in private networks");
            }
            let why = tls_failure(&error).unwrap_or_else(|| error.to_string());
            CliError::broken("device-away", format_args!("the device at {} does not answer: {why}", self.url))
                .hint("`depin cluster show` says whether it is still there")
        })?;
        let status = sent.status();
        let unreadable = |why: String| CliError::broken("device-answer", format_args!("{}: {why}", self.url));
        let body = read_body(sent, ANSWER_MAX).await.map_err(|error| unreadable(error.to_string()))?;
        if status.is_success() {
            if body.is_empty() {
                return Ok(Value::Null);
            }
            return serde_json::from_slice(&body).map_err(|error| unreadable(error.to_string()));
        }
        let error = serde_json::from_slice::<Value>(&body).ok();
        let field = |name: &str| error.as_ref()?.get("error")?.get(name)?.as_str().map(str::to_owned);
        // Ray answers with a traceback; its last line says what it is.
        let text =
            || String::from_utf8_lossy(&body).trim().lines().last().unwrap_or_default().chars().take(300).collect::<String>();
        let message = field("message").unwrap_or_else(|| format!("it answers with {status}: {}", text()));
        let code = field("code").unwrap_or_else(|| "device".to_owned());
        let error = if status.is_server_error() { CliError::broken(&code, message) } else { CliError::refused(&code, message) };
        Err(error.hint(field("hint").unwrap_or_default()))
    }
}

/// A cluster's head, for its hirer.
pub(super) struct Head {
    desk: Desk,
    base: String,
    key: SigningKey,
    claims: Claims,
}

/// The head of a hire: the last device that took slot 0's place.
pub(super) fn head_of(hire: &ClusterHire) -> Result<&ClusterSlot> {
    let mut seat = hire.slots.iter().filter(|slot| slot.replaces.is_none()).min_by_key(|slot| slot.slot);
    for _ in 0..hire.slots.len() {
        let next = seat.and_then(|seat| hire.slots.iter().find(|slot| slot.replaces == Some(seat.slot)));
        if next.is_none() {
            break;
        }
        seat = next;
    }
    seat.filter(|slot| slot.stage == Stage::Working && slot.end.is_none()).ok_or_else(|| {
        CliError::refused("no-head", format_args!("the head of hire {} works no more", short(hire.hire))).hint(format_args!(
            "`depin cluster show {0}` says why; `depin cluster replace {0}` takes another device",
            short(hire.hire)
        ))
    })
}

impl Head {
    pub(super) fn of(hire: &ClusterHire, key: SigningKey, at: &Named<'_>, local_network: bool) -> Result<Self> {
        let slot = head_of(hire)?;
        let desk = Desk::of(slot, at, local_network)?;
        let base = format!("{}/cluster/{}", desk.url, hire.hire);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims = Claims::new(&key, slot.owner, at.status.chain_id, hire.hire, now);
        Ok(Self { desk, base, key, claims })
    }

    /// Where the dashboard and the Jobs API are.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// A new token, and until when it is good, seconds since 1970.
    pub(super) fn token(&self) -> Result<(String, u64)> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let Claims { aud, chain, hire, .. } = self.claims.clone();
        let claims = Claims::new(&self.key, aud, chain, hire, now);
        let token = mint(&self.key, &claims).map_err(|error| CliError::refused("token", error))?;
        Ok((token, claims.exp))
    }

    /// Asks at a path below the base; what is answered is JSON.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let request = self.desk.http.request(method, format!("{}{path}", self.base)).bearer_auth(self.token()?.0);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        self.desk.send(request).await
    }
}
