//! Errors as callers see them: a status, and `{"error":{"code","message","hint"}}`.

use crate::{
    engine::ChangeError,
    intake::{BatchError, IntakeError},
};
use axum::{
    Json,
    body::Bytes,
    extract::rejection::BytesRejection,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use depin_client::lorawan::WireError;
use depin_files::{NoRoom, Size};
use depin_lorawan::server::QueueError;
use serde::de::DeserializeOwned;
use std::fmt::Display;

/// A refusal or failure on its way to the caller.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    hint: String,
}

pub(super) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Display) -> Self {
        Self { status, code, message: message.to_string(), hint: String::new() }
    }

    pub(super) fn bad_request(message: impl Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", message)
    }

    pub(super) fn not_found(message: impl Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", message)
    }

    /// Adds what to do.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Display) -> Self {
        self.hint = hint.to_string();
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self { status, code, message, hint } = self;
        (status, Json(serde_json::json!({ "error": { "code": code, "message": message, "hint": hint } }))).into_response()
    }
}

impl From<NoRoom> for ApiError {
    fn from(NoRoom { free, needed, .. }: NoRoom) -> Self {
        let message = format!("the gateway's disk is nearly full: {} free, {} needed", Size(free), Size(needed));
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "no-room", message)
            .hint("nothing was taken; send it again when there is room")
    }
}

impl From<IntakeError> for ApiError {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Stranger => Self::new(StatusCode::FORBIDDEN, "stranger", error),
            IntakeError::Full(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", error),
            IntakeError::Store => Self::new(StatusCode::SERVICE_UNAVAILABLE, "store-failed", error),
            IntakeError::Closed => Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", error),
        }
    }
}

impl From<BatchError> for ApiError {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::NoChain => Self::new(StatusCode::CONFLICT, "no-chain", error),
            BatchError::OtherRoute(_) => Self::new(StatusCode::FORBIDDEN, "other-route", error)
                .hint("read the routes of the ledger again; it may have been changed"),
            BatchError::NotAcknowledged(_) => Self::new(StatusCode::FORBIDDEN, "not-acknowledged", error),
            BatchError::Join(_) => Self::bad_request(error),
        }
    }
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Store { full: true } => Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk-full", error),
            ChangeError::Store { full: false } => Self::new(StatusCode::SERVICE_UNAVAILABLE, "store-failed", error),
            ChangeError::Refused(refused) => match refused {
                QueueError::UnknownDevice(_) => Self::not_found(refused),
                QueueError::Conflict(_) | QueueError::OtherDevice(_) => Self::new(StatusCode::CONFLICT, "conflict", refused),
                QueueError::Full => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", refused),
                QueueError::Port(_) | QueueError::TooLong(_) | QueueError::Id(_) | QueueError::Name(_) => {
                    Self::bad_request(refused)
                }
            },
        }
    }
}

impl From<WireError> for ApiError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Header(_) | WireError::Signature => Self::new(StatusCode::UNAUTHORIZED, "signature", error),
            WireError::OtherServer(_) => Self::new(StatusCode::MISDIRECTED_REQUEST, "other-server", error)
                .hint("take the key from GET /v1/network of this network server"),
            WireError::Clock { .. } => Self::new(StatusCode::CONFLICT, "clock", error)
                .hint("set the clock that is wrong, the hotspot's or this machine's, and sign again"),
            WireError::Body(_) | WireError::Packets(_) | WireError::Payload { .. } => Self::bad_request(error),
        }
    }
}

/// The bytes of a body within its bounds.
pub(super) fn body(bytes: Result<Bytes, BytesRejection>) -> ApiResult<Bytes> {
    bytes.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let message = format!("the body is larger than {} bytes", super::BODY_MAX);
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", message).hint("send fewer packets at once")
        }
        _ => ApiError::bad_request(error),
    })
}

/// Reads a body's JSON.
pub(super) fn json<T: DeserializeOwned>(bytes: &Bytes) -> ApiResult<T> {
    serde_json::from_slice(bytes).map_err(|error| ApiError::bad_request(format!("this is not what this path takes: {error}")))
}
