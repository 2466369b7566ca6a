//! Errors as the API answers them: always `{"error": {"code", "message", "hint"}}`.

use crate::{index::IndexError, pool::PoolError};
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use depin_client::api::{ErrorBody, ErrorDetail, Stalled, code};
use depin_economy::{Refusal, Spec};
use depin_engine::QueryError;
use depin_files::NoRoom;
use depin_ledger::{AdmitError, DecodeError};
use std::fmt::Display;

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub status: StatusCode,
    pub code: String,
    pub message: String,
    pub hint: String,
}

pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub fn new(status: StatusCode, code: &str, message: impl Display, hint: impl Display) -> Self {
        Self { status, code: code.to_owned(), message: message.to_string(), hint: hint.to_string() }
    }

    pub fn bad_request(message: impl Display, hint: impl Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code::BAD_REQUEST, message, hint)
    }

    pub fn not_found(what: impl Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, code::NOT_FOUND, what, "")
    }

    pub fn too_large(bytes_max: usize) -> Self {
        let message = format!("the body is too large, at most {bytes_max} bytes are allowed");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code::TOO_LARGE, message, "split the work over several transactions")
    }

    pub fn busy(message: impl Display) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code::BUSY, message, "try again in a moment")
    }

    /// History that was given up.
    pub fn pruned(what: impl Display, first: u64) -> Self {
        let message = format!("{what} is older than the history of this node, which begins at block {first}");
        let hint = "a node keeps 30 days, or as many as `--keep-history DAYS` says; one started with `--keep-history all` has everything since";
        Self::new(StatusCode::GONE, code::PRUNED, message, hint)
    }

    /// No blocks come.
    pub fn stalled(stalled: &Stalled) -> Self {
        let hint = "reads go on, and what was handed in waits; tell the node's operator";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code::STALLED, &stalled.message, hint)
    }

    /// The answer's body.
    pub fn body(self) -> ErrorBody {
        let Self { code, message, hint, .. } = self;
        ErrorBody { error: ErrorDetail { code, message, hint } }
    }

    /// Something that is wrong with the node, not with the request.
    pub fn internal(message: impl Display) -> Self {
        tracing::error!(error = %message, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message, "look into the node's log")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body())).into_response()
    }
}

impl From<IndexError> for ApiError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Closed => Self::busy("the node is stopping"),
            error => Self::internal(error),
        }
    }
}

impl From<NoRoom> for ApiError {
    fn from(error: NoRoom) -> Self {
        let hint = "send it again when the node's operator has freed some space; blocks and reads go on";
        Self::new(StatusCode::INSUFFICIENT_STORAGE, code::NO_ROOM, error, hint)
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Closed => Self::busy("the node is stopping"),
            QueryError::NoState => Self::busy("there is no block yet"),
            QueryError::PrunedBlock { first } => Self::pruned("the block", first),
            QueryError::PrunedReceipts { height, .. } => Self::pruned("the receipt", height),
            error => Self::internal(error),
        }
    }
}

impl From<DecodeError> for ApiError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::TooLarge { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, code::TOO_LARGE, error, ""),
            DecodeError::Malformed(_) => Self::new(StatusCode::BAD_REQUEST, code::MALFORMED, error, ""),
        }
    }
}

impl ApiError {
    /// A transaction that cannot be included, with amounts as the network writes them.
    pub fn inadmissible(error: &AdmitError, spec: &Spec) -> Self {
        let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
        let (status, code, hint) = match error {
            AdmitError::Chain { .. } => (unprocessable, code::WRONG_CHAIN, ""),
            AdmitError::Replayed { .. } => {
                (StatusCode::CONFLICT, code::NONCE_TOO_LOW, "sign it again with the account's next nonce")
            }
            AdmitError::Ahead { .. } => (StatusCode::CONFLICT, code::NONCE_TOO_HIGH, "send those before it first"),
            AdmitError::BaseFee { .. } => (unprocessable, code::FEE_TOO_LOW, ""),
            AdmitError::Fee(Refusal::Underfunded { .. }) => (unprocessable, code::BALANCE_TOO_LOW, "fund the account first"),
            _ => (unprocessable, error.code(), ""),
        };
        Self::new(status, code, error.told(spec), hint)
    }

    /// A transaction that the pool does not take, likewise.
    pub fn not_pooled(error: &PoolError, spec: &Spec) -> Self {
        let (status, code, hint) = match error {
            PoolError::NonceUsed { .. } => {
                (StatusCode::CONFLICT, code::NONCE_TOO_LOW, "sign it again with the account's next nonce")
            }
            PoolError::NonceTooFar { .. } => (StatusCode::CONFLICT, code::NONCE_TOO_HIGH, "send those before it first"),
            PoolError::ReplacementTooCheap { .. } => {
                (StatusCode::CONFLICT, code::NONCE_TAKEN, "use the next nonce, or raise the tip")
            }
            PoolError::SenderFull { .. } => (StatusCode::TOO_MANY_REQUESTS, code::BUSY, "wait until some of them are final"),
            PoolError::PoolFull => (StatusCode::SERVICE_UNAVAILABLE, code::BUSY, "raise the tip, or try again later"),
        };
        Self::new(status, code, error.told(spec), hint)
    }
}
