//! What the desk refuses, as tenants are told.

use crate::{leasing::DeskError, operator::ApiError};
use axum::http::{StatusCode, header};
use depin_client::lease::TokenError;

/// A refusal of the desk.
pub(super) fn desk(error: DeskError) -> ApiError {
    let (status, code, hint) = match &error {
        DeskError::NoLease(_) => (StatusCode::NOT_FOUND, "no-lease", "`depin lease status N` shows the leases of a deployment"),
        DeskError::NoDeployment(_) => (StatusCode::NOT_FOUND, "no-deployment", "`depin lease bids N` shows the bids on it"),
        DeskError::Hash { .. } => {
            (StatusCode::UNPROCESSABLE_ENTITY, "hash-mismatch", "`depin lease update N FILE` sends another file")
        }
        DeskError::HostTaken(_) => {
            let hint = "take it out of `accept`; who has a name of the public DNS proves it by `depin lease host`";
            (StatusCode::CONFLICT, "host-taken", hint)
        }
        DeskError::HostUnproven { .. } => {
            let hint = "`depin lease host N NAME` makes a file to be served under that name; or take it out of `accept`";
            (StatusCode::FORBIDDEN, "host-unproven", hint)
        }
        DeskError::NoManifest(_) => (StatusCode::NOT_FOUND, "no-manifest", "`depin lease send N FILE` sends it"),
        DeskError::NoService(_) => (StatusCode::NOT_FOUND, "no-service", "`depin lease status N` lists services and replicas"),
        DeskError::Manifest(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "manifest", "change the file, or take the bid of another provider")
        }
        DeskError::Image(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "bad-image", "`podman save --format oci-archive -o FILE IMAGE` makes an archive")
        }
        DeskError::Report(_) => {
            (StatusCode::CONFLICT, "report-refused", "a period that not both sign is paid as the network's file says")
        }
        DeskError::Refused(_) => (StatusCode::NOT_IMPLEMENTED, "not-offered", "another provider may offer it"),
        DeskError::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "try again in some seconds"),
    };
    let told = ApiError::new(status, code, error.to_string(), hint);
    if status == StatusCode::SERVICE_UNAVAILABLE { told.with(header::RETRY_AFTER, "5") } else { told }
}

/// 401: a token that is none, or not good here and now.
pub(super) fn token(error: &TokenError) -> ApiError {
    let code = match error {
        TokenError::Form(_) | TokenError::Claims(_) => "bad-token",
        TokenError::Signature => "bad-signature",
        TokenError::Early { .. } => "token-early",
        TokenError::Expired { .. } => "token-expired",
        TokenError::TooLong { .. } => "token-too-long",
        TokenError::OtherProvider(_) => "other-provider",
        TokenError::OtherChain(_) => "other-chain",
        TokenError::Revoked { .. } => "token-revoked",
    };
    unauthorized(code, error.to_string(), "`depin lease token` makes one")
}

/// 401.
pub(super) fn unauthorized(code: &'static str, message: impl Into<String>, hint: &'static str) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, code, message, hint).with(header::WWW_AUTHENTICATE, "Bearer")
}

/// 403: a good token for something else.
pub(super) fn forbidden(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "not-allowed", message, "ask the tenant for a token that allows it")
}
