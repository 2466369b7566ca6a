//! Answers of nodes and dispatchers, read to a bound.

use crate::{Barred, BodyError, api::ErrorBody, read_body, tls_failure};
use serde::de::DeserializeOwned;

/// Longest answer in JSON that is read.
const JSON_MAX: usize = 8 << 20;

/// Why a node or a dispatcher gave no answer that is of use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderCallError {
    /// The address is no URL, or nothing is sent there.
    #[error("nothing is sent to {0}")]
    Barred(String),
    /// What opens a scene would go over an open network.
    #[error("{0} is reached without TLS over a network, and what opens the scene is not sent there")]
    Open(String),
    /// Nobody answers.
    #[error("{url} does not answer: {why}")]
    Away {
        /// Where.
        url: String,
        /// What the network said.
        why: String,
    },
    /// It said no.
    #[error("{message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Short and stable.
        code: String,
        /// Its words.
        message: String,
        /// What it says to do.
        hint: String,
    },
    /// It answered something else.
    #[error("{url} answers what cannot be read: {why}")]
    Answer {
        /// Where.
        url: String,
        /// What is wrong with it.
        why: String,
    },
}

impl RenderCallError {
    /// The code of a refusal.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The HTTP status of a refusal.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the same may be taken later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Away { .. } => true,
            Self::Refused { status, .. } => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504 | 507),
            _ => false,
        }
    }

    /// Of what reqwest says.
    pub(super) fn of(url: &str, error: &reqwest::Error) -> Self {
        if let Some(barred) = Barred::of(error) {
            return Self::Barred(barred.to_string());
        }
        let (mut why, mut cause) = (error.to_string(), std::error::Error::source(error));
        while let Some(inner) = cause {
            why = inner.to_string();
            cause = inner.source();
        }
        Self::Away { url: url.to_owned(), why: tls_failure(error).unwrap_or(why) }
    }
}

/// The bytes of an answer that says yes, at most so many.
pub(super) async fn bytes_of(url: &str, request: reqwest::RequestBuilder, most: usize) -> Result<Vec<u8>, RenderCallError> {
    let answer = request.send().await.map_err(|error| RenderCallError::of(url, &error))?;
    let status = answer.status();
    let most = if status.is_success() { most } else { JSON_MAX };
    let bytes = read_body(answer, most).await.map_err(|error| match error {
        BodyError::Broken(error) => RenderCallError::of(url, &error),
        BodyError::TooLong(_) => RenderCallError::Answer { url: url.to_owned(), why: error.to_string() },
    })?;
    if status.is_success() {
        return Ok(bytes);
    }
    let told = serde_json::from_slice::<ErrorBody>(&bytes).ok().map(|body| body.error);
    let short = |text: String| text.chars().take(512).collect::<String>();
    Err(match told {
        Some(told) => RenderCallError::Refused {
            status: status.as_u16(),
            code: short(told.code),
            message: short(told.message),
            hint: short(told.hint),
        },
        None => RenderCallError::Refused {
            status: status.as_u16(),
            code: String::new(),
            message: format!("{url} answered {status}"),
            hint: String::new(),
        },
    })
}

/// An answer in JSON.
pub(super) async fn json_of<T: DeserializeOwned>(url: &str, request: reqwest::RequestBuilder) -> Result<T, RenderCallError> {
    let bytes = bytes_of(url, request, JSON_MAX).await?;
    serde_json::from_slice(&bytes).map_err(|error| RenderCallError::Answer { url: url.to_owned(), why: error.to_string() })
}
