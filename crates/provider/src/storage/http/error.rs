//! What the store says, as customers see it.

use super::seen::Unwelcome;
use crate::operator::ApiError;
use crate::storage::funds::FundsError;
use crate::storage::store::StoreError;
use axum::http::{StatusCode, header};
use depin_files::{NoRoom, Size};

/// 401: the signature headers do not do.
pub(super) fn unauthorized(code: &'static str, message: impl Into<String>, hint: &'static str) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, code, message, hint).with(header::WWW_AUTHENTICATE, "depin-signature")
}

/// 416, for a payload of `length` bytes.
pub(super) fn out_of_range(length: u64) -> ApiError {
    let message = format!("the range lies outside of the payload, which has {length} bytes");
    ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", message, "ask for bytes below the payload's length")
        .with(header::CONTENT_RANGE, format!("bytes */{length}"))
}

impl From<FundsError> for ApiError {
    fn from(error: FundsError) -> Self {
        let message = error.to_string();
        match error {
            FundsError::Short { .. } => {
                let hint = "send tokens to the account: nothing is taken for a hold, but who gets one must be able to pay for it";
                Self::new(StatusCode::PAYMENT_REQUIRED, "unfunded", message, hint)
            }
            FundsError::Unknown { .. } => {
                tracing::warn!(%error, "an upload was refused");
                let hint = "choose another provider, or come back in a while";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "node-away", message, hint).with(header::RETRY_AFTER, "5")
            }
        }
    }
}

impl From<Unwelcome> for ApiError {
    fn from(unwelcome: Unwelcome) -> Self {
        match unwelcome {
            Unwelcome::Replayed => {
                let message = "this signed request was followed before, and each is good once";
                unauthorized("replayed", message, "sign the request anew, with the time of now")
            }
            Unwelcome::Many => {
                let message = "this account signed as many uploads for half an hour as one may have remembered";
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", message, "send fewer and larger pieces, or wait")
            }
            Unwelcome::Full => Self::busy("requests"),
        }
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
            StoreError::HoldLimit { .. } => {
                (S::TOO_MANY_REQUESTS, "hold-limit", "propose deals for what is there, delete it, or wait until it is dropped")
            }
            StoreError::HoldsFull { .. } => {
                (S::INSUFFICIENT_STORAGE, "holds-full", "choose another provider, or come back later")
            }
            StoreError::CapacityFull { .. } => (S::INSUFFICIENT_STORAGE, "capacity", "choose another provider"),
            StoreError::NoRoom(_) => {
                tracing::warn!(%error, "an upload was refused");
                (S::INSUFFICIENT_STORAGE, "disk-full", "choose another provider, or come back later")
            }
            StoreError::DiskFull { .. } => {
                tracing::error!(%error, "the disk is full");
                (S::INSUFFICIENT_STORAGE, "disk-full", "choose another provider")
            }
            StoreError::InUse { .. }
            | StoreError::Format { .. }
            | StoreError::IndexLost { .. }
            | StoreError::Io { .. }
            | StoreError::Index { .. } => {
                return Self::internal(&error);
            }
        };
        // Paths of the machine are the operator's business.
        let message = match error {
            StoreError::DiskFull { .. } => "the provider's disk is full".to_owned(),
            StoreError::NoRoom(NoRoom { free, needed, .. }) => {
                format!("the provider's disk is nearly full: {} free, {} needed", Size(free), Size(needed))
            }
            error => error.to_string(),
        };
        Self::new(status, code, message, hint)
    }
}
