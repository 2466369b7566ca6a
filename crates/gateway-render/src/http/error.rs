//! Errors as callers see them: a status, and `{"error":{"code","message","hint"}}`.

use crate::{scenes::SceneError, store::StoreError};
use axum::{
    Json,
    body::Bytes,
    extract::{FromRequestParts, Path, Query, rejection::BytesRejection},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use depin_client::api::{ErrorBody, ErrorDetail, code};
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

    /// A job that this dispatcher did not draft, or has not seen on the ledger yet.
    pub(super) fn no_job(job: impl Display) -> Self {
        Self::not_found(format!("this dispatcher has no job {job}"))
            .hint("`depin render jobs` lists those that it has; one that was ordered just now is here a moment later")
    }

    /// Adds what to do.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Display) -> Self {
        self.body.hint = hint.to_string();
        self
    }

    /// A defect; its log says more.
    pub(super) fn internal(error: impl Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the dispatcher failed to answer")
            .hint("the dispatcher's log says why")
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
            StoreError::Closed => Self::new(StatusCode::SERVICE_UNAVAILABLE, code::BUSY, error).hint("try again in some seconds"),
            error if error.is_full() => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk-full", "the dispatcher's disk is full; nothing was taken")
                    .hint("send the same again when there is room; what it took before is kept")
            }
            error => Self::internal(error),
        }
    }
}

impl From<NoRoom> for ApiError {
    fn from(NoRoom { free, needed, .. }: NoRoom) -> Self {
        let message = format!("the dispatcher's disk is nearly full: {} free, {} needed", Size(free), Size(needed));
        Self::new(StatusCode::INSUFFICIENT_STORAGE, code::NO_ROOM, message)
            .hint("free some space there, and send the same again: an upload goes on where it stopped")
    }
}

impl From<SceneError> for ApiError {
    fn from(error: SceneError) -> Self {
        let (status, code) = match error {
            SceneError::Room(room) => return room.into(),
            SceneError::Io(error) => return Self::internal(error),
            SceneError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, code::TOO_LARGE),
            SceneError::Offset { .. } => (StatusCode::CONFLICT, "offset"),
            SceneError::Part { .. } => (StatusCode::BAD_REQUEST, code::BAD_REQUEST),
            SceneError::Other => (StatusCode::UNPROCESSABLE_ENTITY, "other-bytes"),
        };
        Self::new(status, code, error)
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

/// The parts of a path, with the refusal of what is none in this interface's form.
pub(super) struct Segments<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segments<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Path::<T>::from_request_parts(parts, state).await.map(|Path(found)| Self(found)).map_err(ApiError::bad_request)
    }
}

/// The refusal of a body that is too large.
pub(super) fn too_large() -> ApiError {
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, code::TOO_LARGE, format!("the body is larger than {} bytes", super::BODY_MAX))
        .hint("send a scene in parts of 4 MiB")
}

/// The bytes of a body within its bounds.
pub(super) fn body(bytes: Result<Bytes, BytesRejection>) -> ApiResult<Bytes> {
    bytes.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => ApiError::bad_request(error),
    })
}
