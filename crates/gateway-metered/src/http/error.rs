//! Errors as callers see them: a status, and `{"error":{"code","message","hint"}}`.

use crate::{store::StoreError, wire::Reason};
use axum::{
    Json,
    body::Bytes,
    extract::{FromRequestParts, Path, Query, rejection::BytesRejection},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use depin_client::{
    ClientError,
    api::{ErrorBody, ErrorDetail, code},
};
use depin_files::{NoRoom, Size};
use serde::de::DeserializeOwned;
use std::fmt::Display;

/// A refusal or failure on its way to the caller.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    body: ErrorDetail,
}

pub(super) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Display) -> Self {
        Self { status, body: ErrorDetail { code: code.to_owned(), message: message.to_string(), hint: String::new() } }
    }

    pub(super) fn bad_request(message: impl Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code::BAD_REQUEST, message)
    }

    pub(super) fn not_found(message: impl Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, code::NOT_FOUND, message)
    }

    pub(super) fn busy(message: impl Display) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code::BUSY, message).hint("try again in some seconds")
    }

    /// Adds what to do.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Display) -> Self {
        self.body.hint = hint.to_string();
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(ErrorBody { error: self.body })).into_response()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(_) => Self::new(StatusCode::CONFLICT, "conflict", error),
            StoreError::Closed => Self::busy(error),
            error if error.is_disk() => {
                tracing::error!(%error, "the disk fails");
                let status = if error.is_full() { StatusCode::INSUFFICIENT_STORAGE } else { StatusCode::SERVICE_UNAVAILABLE };
                let Reason { code, message } = Reason::of_store(&error);
                Self::new(status, &code, format!("{message}; nothing of this request was taken"))
                    .hint("send the same again when there is room on the gateway's disk; what it took before is kept")
            }
            error => {
                tracing::error!(%error, "a request failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the gateway failed to answer; nothing was taken")
                    .hint("the gateway's log says why")
            }
        }
    }
}

impl From<NoRoom> for ApiError {
    fn from(NoRoom { free, needed, .. }: NoRoom) -> Self {
        let message = format!("the gateway's disk is nearly full: {} free, {} needed", Size(free), Size(needed));
        Self::new(StatusCode::INSUFFICIENT_STORAGE, code::NO_ROOM, message)
            .hint("nothing was taken; send it again when its operator has freed some space, reads go on")
    }
}

impl From<ClientError> for ApiError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused { status, code, message, hint } if status < 500 => {
                Self::new(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), &code, message).hint(hint)
            }
            error => {
                tracing::warn!(%error, "the node does not answer");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "no-node", "the node does not answer the gateway")
                    .hint("reports are taken meanwhile; try again in some seconds")
            }
        }
    }
}

/// The parameters behind a path's question mark, with the refusal of wrong ones in this interface's form.
pub(super) struct Params<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Query::try_from_uri(&parts.uri).map(|Query(params)| Self(params)).map_err(ApiError::bad_request)
    }
}

/// A part of the path, with the refusal of what is no text in this interface's form.
pub(super) struct Segment(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Path::<String>::from_request_parts(parts, state).await.map(|Path(text)| Self(text)).map_err(ApiError::bad_request)
    }
}

/// The refusal of a body that is too large.
pub(super) fn too_large() -> ApiError {
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, code::TOO_LARGE, format!("the body is larger than {} bytes", super::BODY_MAX))
        .hint("send fewer reports at once")
}

/// The bytes of a body within its bounds.
pub(super) fn body(bytes: Result<Bytes, BytesRejection>) -> ApiResult<Bytes> {
    bytes.map_err(
        |error| {
            if error.status() == StatusCode::PAYLOAD_TOO_LARGE { too_large() } else { ApiError::bad_request(error) }
        },
    )
}

/// Reads a body's JSON.
pub(super) fn json<T: DeserializeOwned>(bytes: &Bytes) -> ApiResult<T> {
    serde_json::from_slice(bytes).map_err(|error| ApiError::bad_request(format!("this is not what this path takes: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_or_failing_disk_is_told_apart_from_a_defect() {
        let failed = |code| StoreError::Sqlite(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        let full = ApiError::from(failed(rusqlite::ffi::SQLITE_FULL));
        assert_eq!((full.status, full.body.code.as_str()), (StatusCode::INSUFFICIENT_STORAGE, "disk-full"));
        assert!(full.body.message.contains("disk is full") && full.body.hint.contains("send the same again"), "{full:?}");
        let failing = ApiError::from(failed(rusqlite::ffi::SQLITE_IOERR));
        assert_eq!((failing.status, failing.body.code.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "store-failed"));
        let defect = ApiError::from(failed(rusqlite::ffi::SQLITE_CONSTRAINT));
        assert_eq!(defect.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}
