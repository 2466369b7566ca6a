//! Refusals as hirers see them: a status, and `{"error":{"code","message","hint"}}`.

use crate::error::ClusterError;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use depin_client::lease::TokenError;

/// A refusal.
#[derive(Debug)]
pub(super) struct ProxyError {
    status: StatusCode,
    code: &'static str,
    message: String,
    hint: &'static str,
}

impl ProxyError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>, hint: &'static str) -> Self {
        Self { status, code, message: message.into(), hint }
    }

    /// 401: a token that is none, or not good here and now.
    pub(super) fn token(error: &TokenError) -> Self {
        let code = match error {
            TokenError::Expired { .. } | TokenError::Early { .. } | TokenError::TooLong { .. } => "token-time",
            TokenError::OtherProvider(_) | TokenError::OtherChain(_) => "token-place",
            TokenError::Form(_) | TokenError::Claims(_) | TokenError::Signature | TokenError::Revoked { .. } => "bad-token",
        };
        Self::unauthorized(code, error.to_string())
    }

    pub(super) fn unauthorized(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message, "send `Authorization: Bearer TOKEN` with a token of this hire's")
    }

    /// 404. The same for hires that are not here and for those of others: who asks learns nothing of others' hires.
    pub(super) fn not_here() -> Self {
        let hint = "the chain says which provider has the head of a hire";
        Self::new(StatusCode::NOT_FOUND, "no-cluster", "no cluster of this hire has its head here for you", hint)
    }

    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message, "try again in some seconds")
    }

    pub(super) fn cluster(error: &ClusterError) -> Self {
        match error {
            ClusterError::NotHere(_) => Self::not_here(),
            error => Self::unavailable(error.to_string()),
        }
    }
}

impl IntoResponse for ProxyError {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": { "code": self.code, "message": self.message, "hint": self.hint } });
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        match self.status {
            StatusCode::UNAUTHORIZED => _ = headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        response
    }
}
