//! What a port says when it does not let a request through to its service.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, StatusCode, header};

/// Why a request is not answered by the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// As many requests as possible are worked on, or as many connections are open.
    Busy,
    /// As many bytes of answers wait for their readers as may.
    Unread,
    /// The body came too slowly.
    Slow,
    /// No byte of the body came for too long.
    Silent,
    /// The body broke off.
    Broken,
    /// The service did not answer in time.
    Late,
    /// The service failed by a bug.
    Bug,
}

/// Writes a refusal in a port's own form.
pub type Refuse = fn(Refusal) -> Response<Full<Bytes>>;

impl Refusal {
    /// The status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Busy | Self::Unread | Self::Late => StatusCode::SERVICE_UNAVAILABLE,
            Self::Slow | Self::Silent => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
            Self::Bug => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A stable word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Busy | Self::Unread | Self::Late => "busy",
            Self::Slow | Self::Silent => "too-slow",
            Self::Broken => "truncated",
            Self::Bug => "internal",
        }
    }

    /// What was wrong.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Busy => "too many requests at once",
            Self::Unread => "too many long answers wait for their readers",
            Self::Slow => "the request's body came too slowly",
            Self::Silent => "no byte of the request's body came for too long",
            Self::Broken => "the request's body broke off",
            Self::Late => "the answer took too long",
            Self::Bug => "a bug stopped the answer",
        }
    }

    /// What to do.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Busy | Self::Unread | Self::Late => "try again in some seconds",
            Self::Slow | Self::Silent => "send it again, on a better line",
            Self::Broken => "send exactly Content-Length bytes",
            Self::Bug => "the log says more; please report it",
        }
    }
}

/// What a port that speaks TLS says to who does not.
pub(crate) const PLAIN_TO_TLS: &str = concat!(
    "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 101\r\nConnection: close\r\n\r\n",
    r#"{"error":{"code":"tls","message":"this port speaks TLS","hint":"ask it by an address with https://"}}"#
);

/// `{"error":{"code","message","hint"}}`.
pub fn json(refusal: Refusal) -> Response<Full<Bytes>> {
    let error = serde_json::json!({ "code": refusal.code(), "message": refusal.message(), "hint": refusal.hint() });
    let body = serde_json::json!({ "error": error }).to_string();
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = refusal.status();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    if refusal.status() == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
    }
    response
}
