//! Calls of the checker, by a device's daemon.

use super::{Seen, Timed};
use depin_client::{Trust, read_body};
use depin_quantity::UnitId;
use depin_services::clusters::{Answer, Attendance};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// Longest wait for a connection,
const CONNECT: Duration = Duration::from_secs(5);
/// and for an answer; the checker asks the device in between.
const ANSWER: Duration = Duration::from_secs(20);
/// No answer is read further than this, bytes.
const ANSWER_BYTES_MAX: usize = 16 << 10;

/// Why the checker signed nothing.
#[derive(Debug, thiserror::Error)]
pub(in crate::clusters) enum CallError {
    /// It may later.
    #[error("the checker at {url}: {why}")]
    Passing {
        /// Where.
        url: String,
        /// What was said.
        why: String,
    },
    /// It will not.
    #[error("the checker at {url} refused: {why}")]
    Refused {
        /// Where.
        url: String,
        /// What was said.
        why: String,
    },
}

/// The network's checker, as a device's daemon knows it.
#[derive(Clone, Debug)]
pub(in crate::clusters) struct Checker {
    http: reqwest::Client,
    url: String,
}

impl Checker {
    /// # Errors
    /// [`CallError::Refused`] for a text that is no URL of http or https.
    pub(in crate::clusters) fn new(url: &str, trust: &Trust) -> Result<Self, CallError> {
        let refused = |why: String| CallError::Refused { url: url.to_owned(), why };
        let parsed = reqwest::Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        parsed.ok_or_else(|| refused("it is no URL of http or https; write http://HOST:PORT".to_owned()))?;
        let http = trust.http().connect_timeout(CONNECT).timeout(ANSWER).build();
        let http = http.map_err(|error| refused(error.to_string()))?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned() })
    }

    /// An answer's time, signed.
    pub(in crate::clusters) async fn time(&self, device: UnitId, hour: u64, answer: &[u8]) -> Result<Answer, CallError> {
        let signed: Answer = self.post("answers", &Timed { device, hour, answer: hex::encode(answer) }).await?;
        if (signed.device, signed.hour) == (device, hour) && signed.answer == answer {
            return Ok(signed);
        }
        Err(self.refused("it signed another answer than it was given"))
    }

    /// That a device is there, signed.
    pub(in crate::clusters) async fn see(&self, device: UnitId, hour: u64) -> Result<Attendance, CallError> {
        let signed: Attendance = self.post("attendances", &Seen { device, hour }).await?;
        if (signed.device, signed.hour) == (device, hour) {
            return Ok(signed);
        }
        Err(self.refused("it signed for another device or hour than it was asked about"))
    }

    fn refused(&self, why: &str) -> CallError {
        CallError::Refused { url: self.url.clone(), why: why.to_owned() }
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, CallError> {
        let passing = |why: String| CallError::Passing { url: self.url.clone(), why };
        let sent = self.http.post(format!("{}/v1/checker/{path}", self.url)).json(body).send().await;
        let answer = sent.map_err(|error| passing(error.without_url().to_string()))?;
        let status = answer.status();
        let body = read_body(answer, ANSWER_BYTES_MAX).await.map_err(|error| passing(error.to_string()))?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| self.refused(&format!("its answer cannot be read: {error}")));
        }
        let why = words(&body).unwrap_or_else(|| format!("it answers with {status}"));
        // That an hour is not open yet at the checker's node passes, too.
        let is_passing = status.is_server_error() || matches!(status.as_u16(), 409 | 429);
        Err(if is_passing { passing(why) } else { self.refused(&why) })
    }
}

/// The message of an error's body.
fn words(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let message = value.get("error")?.get("message")?.as_str()?;
    Some(message.chars().take(300).collect())
}
