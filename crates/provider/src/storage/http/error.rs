//! Errors as customers see them: a status, and `{"error":{"code","message","hint"}}`.

use crate::storage::store::StoreError;
use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A refusal or failure on its way to the client.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    /// Stable, for programs.
    code: &'static str,
    message: String,
    /// What to do about it; may be empty.
    hint: &'static str,
    /// A header with a value in ASCII.
    header: Option<(HeaderName, String)>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>, hint: &'static str) -> Self {
        Self { status, code, message: message.into(), hint, header: None }
    }

    pub(super) fn bad_request(code: &'static str, message: impl Into<String>, hint: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message, hint)
    }

    pub(super) fn unauthorized(code: &'static str, message: impl Into<String>, hint: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message, hint).with(header::WWW_AUTHENTICATE, "depin-signature")
    }

    /// Everything that may be in flight is in flight.
    pub(super) fn busy(what: &'static str) -> Self {
        let message = format!("this provider handles as many {what} as it can");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message, "try again in a few seconds").with(header::RETRY_AFTER, "5")
    }

    /// A bug or a machine at its end; the details are in the log only.
    pub(super) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        let message = "the provider failed to answer; its operator finds the reason in the log";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message, "try again, or use another provider")
    }

    pub(super) fn range(length: u64) -> Self {
        let message = format!("the range lies outside of the payload, which has {length} bytes");
        Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", message, "ask for bytes below the payload's length")
            .with(header::CONTENT_RANGE, format!("bytes */{length}"))
    }

    fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.header = Some((name, value.into()));
        self
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        use StatusCode as S;
        let (status, code, hint) = match &error {
            StoreError::Unknown { .. } => (S::NOT_FOUND, "unknown-piece", "ask another provider of the deal"),
            StoreError::Damaged { .. } => (S::GONE, "damaged", "fetch the piece from another provider, or upload it again"),
            StoreError::NoSuchLeaf { .. } => (S::BAD_REQUEST, "no-such-leaf", "ask for a leaf of the piece"),
            StoreError::TooLarge { .. } | StoreError::PieceSize(_) => {
                (S::PAYLOAD_TOO_LARGE, "too-large", "split the payload into smaller pieces")
            }
            StoreError::Truncated { .. } => (S::BAD_REQUEST, "truncated", "send exactly Content-Length bytes"),
            StoreError::TooLong { .. } => (S::BAD_REQUEST, "too-long", "send exactly Content-Length bytes"),
            StoreError::Mismatch { .. } => {
                (S::UNPROCESSABLE_ENTITY, "wrong-commitment", "compute the piece cid of exactly the bytes that you send")
            }
            StoreError::Covered { .. } => (S::CONFLICT, "covered", "end the deals first, or let them run out"),
            StoreError::NotHolder { .. } => (S::FORBIDDEN, "not-uploader", "sign with the key that signed the upload"),
            StoreError::Stale { .. } => (S::CONFLICT, "stale-request", "sign the request anew, with the time of now"),
            StoreError::CapacityFull { .. } => (S::INSUFFICIENT_STORAGE, "capacity", "choose another provider"),
            StoreError::DiskFull { .. } => {
                tracing::error!(%error, "the disk is full");
                (S::INSUFFICIENT_STORAGE, "disk-full", "choose another provider")
            }
            StoreError::InUse { .. } | StoreError::Format { .. } | StoreError::Io { .. } | StoreError::Index { .. } => {
                return Self::internal(&error);
            }
        };
        // Paths of the machine are the operator's business.
        let message = match error {
            StoreError::DiskFull { .. } => "the provider's disk is full".to_owned(),
            error => error.to_string(),
        };
        Self::new(status, code, message, hint)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": { "code": self.code, "message": self.message, "hint": self.hint } });
        let mut response = (self.status, Json(body)).into_response();
        if let Some((name, value)) = self.header {
            let value = HeaderValue::try_from(value).expect("only digits and ASCII signs are put into headers");
            response.headers_mut().insert(name, value);
        }
        response
    }
}
