//! From the gateway's errors to S3's.

use crate::{ingest::IngestError, map::MapError, reader::ReadError, writer::StoreError};
use depin_files::{NoRoom, Size};
use depin_serve::Refusal;
use s3s::{S3Error, S3ErrorCode, StdError, s3_error};

pub(super) fn map(error: MapError) -> S3Error {
    let message = error.to_string();
    let code = match error {
        MapError::NoSuchBucket(_) => S3ErrorCode::NoSuchBucket,
        MapError::BucketExists(_) => S3ErrorCode::BucketAlreadyOwnedByYou,
        MapError::BucketNotEmpty(_) => S3ErrorCode::BucketNotEmpty,
        MapError::NoSuchKey => S3ErrorCode::NoSuchKey,
        MapError::NoSuchVersion => S3ErrorCode::NoSuchVersion,
        MapError::NoSuchUpload => S3ErrorCode::NoSuchUpload,
        MapError::Precondition(_) => S3ErrorCode::PreconditionFailed,
        MapError::InvalidPart(_) => S3ErrorCode::InvalidPart,
        MapError::PartTooSmall { .. } => S3ErrorCode::EntityTooSmall,
        MapError::SourceChanged => S3ErrorCode::OperationAborted,
        MapError::Closed => S3ErrorCode::ServiceUnavailable,
        MapError::Sqlite(_)
        | MapError::Open(_)
        | MapError::Commit(_)
        | MapError::Record(_)
        | MapError::Format { .. }
        | MapError::NoMap(_) => {
            tracing::error!(%message, "the object map failed");
            S3ErrorCode::InternalError
        }
    };
    S3Error::with_message(code, message)
}

/// Clients come back by themselves after this one.
pub(super) fn no_room(error: &NoRoom) -> S3Error {
    tracing::debug!(%error, "a write was refused");
    let NoRoom { free, needed, .. } = *error;
    let message = format!(
        "The gateway's disk is nearly full ({} free, {} needed); nothing is written until its operator frees some, reads go on",
        Size(free),
        Size(needed)
    );
    S3Error::with_message(S3ErrorCode::SlowDown, message)
}

pub(super) fn store(error: &StoreError) -> S3Error {
    let code = match error {
        StoreError::Making(_) => S3ErrorCode::InternalError,
        StoreError::TooFewProviders { .. }
        | StoreError::Upload { .. }
        | StoreError::Market(_)
        | StoreError::FundsTooLow { .. }
        | StoreError::CapReached(_)
        | StoreError::MarketGone { .. }
        | StoreError::Stopping => S3ErrorCode::ServiceUnavailable,
    };
    S3Error::with_message(code, error.to_string())
}

pub(super) fn ingest(error: IngestError) -> S3Error {
    let message = error.to_string();
    match error {
        IngestError::Body(cause) => body(&cause),
        IngestError::Length { .. } => S3Error::with_message(S3ErrorCode::IncompleteBody, message),
        IngestError::Md5 | IngestError::Checksum { .. } => S3Error::with_message(S3ErrorCode::BadDigest, message),
        IngestError::Trailer(_) => named("MalformedTrailerError", hyper::StatusCode::BAD_REQUEST, message),
        IngestError::Store(error) => store(&error),
        IngestError::Hashing(_) => S3Error::with_message(S3ErrorCode::InternalError, message),
    }
}

/// The body's stream carries `s3s`' own errors, whose types are not public: their texts are the only sign.
pub(super) fn body(cause: &StdError) -> S3Error {
    let text = cause.to_string();
    if text.contains("Sha256Mismatch") {
        let message = "The body's SHA-256 is not the x-amz-content-sha256 of the request";
        return named("XAmzContentSHA256Mismatch", hyper::StatusCode::BAD_REQUEST, message);
    }
    if text.contains("SignatureMismatch") {
        return s3_error!(SignatureDoesNotMatch, "A chunk's signature does not match");
    }
    if text.contains("FormatError") || text.contains("TooLarge") || text.contains("TooMany") {
        return s3_error!(InvalidRequest, "The chunked body is malformed: {text}");
    }
    for refusal in [Refusal::Slow, Refusal::Silent] {
        if text.contains(refusal.message()) {
            return s3_error!(RequestTimeout, "{}", refusal.message());
        }
    }
    s3_error!(IncompleteBody, "The body ended before its promised length: {text}")
}

pub(super) fn read(error: &ReadError) -> S3Error {
    let code = match error {
        // It was deleted while it was looked for.
        ReadError::Map(MapError::NoSuchKey) => S3ErrorCode::NoSuchKey,
        ReadError::Fetch(_) | ReadError::Stopped(_) => S3ErrorCode::ServiceUnavailable,
        ReadError::Crypt(_) | ReadError::Map(_) | ReadError::Length { .. } => {
            tracing::error!(%error, "an object cannot be read");
            S3ErrorCode::InternalError
        }
    };
    S3Error::with_message(code, error.to_string())
}

/// An error with a code that `s3s` does not know, or whose status it does not know.
pub(super) fn named(code: &str, status: hyper::StatusCode, message: impl Into<std::borrow::Cow<'static, str>>) -> S3Error {
    let mut error =
        S3Error::with_message(S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::InvalidRequest), message);
    error.set_status_code(status);
    error
}
