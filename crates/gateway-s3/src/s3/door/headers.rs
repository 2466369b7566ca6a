//! What a request's `x-amz-` headers may say.
//!
//! A header that asks for what is not kept is refused by its name: nothing is taken and dropped. Headers that only name what is anyway
//! so (a private ACL, the standard class, encryption by the service) are taken.

use super::{errors, operations::Operation};
use crate::ingest::ALGORITHMS;
use hyper::{HeaderMap, StatusCode};
use s3s::{S3Result, s3_error};

/// Headers of the protocol itself, for every operation.
const PROTOCOL: [&str; 8] = [
    "x-amz-api-version",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-trailer",
    "x-amz-user-agent",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-te",
];
const CLASSES: [&str; 11] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "OUTPOSTS",
    "GLACIER_IR",
    "SNOW",
    "EXPRESS_ONEZONE",
];

/// Checks every `x-amz-` header of a request.
///
/// # Errors
/// The first one, by name, that asks for what is not kept or is no value of its kind.
pub(super) fn check(operation: &Operation, headers: &HeaderMap, owner: &str) -> S3Result<()> {
    let mut names: Vec<&str> = headers.keys().map(|name| name.as_str()).filter(|name| name.starts_with("x-amz-")).collect();
    names.sort_unstable();
    for name in names {
        for value in headers.get_all(name) {
            let value = String::from_utf8_lossy(value.as_bytes());
            one(operation, name, value.trim(), owner)?;
        }
    }
    Ok(())
}

fn one(operation: &Operation, name: &str, value: &str, owner: &str) -> S3Result<()> {
    match name {
        "x-amz-expected-bucket-owner" => same_owner(name, value, owner),
        "x-amz-source-expected-bucket-owner" if operation.takes_header(name) => same_owner(name, value, owner),
        "x-amz-request-payer" => one_of(name, value, &["requester"]),
        "x-amz-security-token" => Err(s3_error!(
            InvalidToken,
            "The provided token is malformed or otherwise invalid; this gateway gives no session tokens"
        )),
        "x-amz-acl" => acl(value),
        "x-amz-storage-class" => storage_class(value),
        "x-amz-server-side-encryption" => encryption(value),
        "x-amz-bucket-object-lock-enabled" if operation.takes_header(name) => match value {
            "false" | "False" => Ok(()),
            _ => Err(unsupported(name, value)),
        },
        "x-amz-object-ownership" if operation.takes_header(name) => match value {
            "BucketOwnerEnforced" => Ok(()),
            _ => Err(unsupported(name, value)),
        },
        "x-amz-metadata-directive" | "x-amz-tagging-directive" if operation.takes_header(name) => {
            one_of(name, value, &["COPY", "REPLACE"])
        }
        "x-amz-checksum-type" if operation.takes_header(name) => one_of(name, value, &["COMPOSITE", "FULL_OBJECT"]),
        "x-amz-checksum-algorithm" if operation.takes_header(name) => algorithm(value),
        "x-amz-sdk-checksum-algorithm" => algorithm(value),
        "x-amz-trailer" => trailer(value),
        _ if name.starts_with("x-amz-object-lock-") && operation.has_content() => {
            Err(s3_error!(InvalidRequest, "Bucket is missing Object Lock Configuration; {name} cannot be kept"))
        }
        _ if name.starts_with("x-amz-grant-") => {
            Err(s3_error!(AccessControlListNotSupported, "The bucket does not allow ACLs; leave {name} out"))
        }
        _ if PROTOCOL.contains(&name) || operation.takes_header(name) => Ok(()),
        _ => Err(unsupported(name, value)),
    }
}

fn unsupported(name: &str, value: &str) -> s3s::S3Error {
    // A customer's key must not be repeated in an error.
    let shown = if name.contains("customer-key") { String::new() } else { format!(": {value}") };
    s3_error!(NotImplemented, "A header you provided implies functionality that is not implemented: {name}{shown}")
}

fn one_of(name: &str, value: &str, allowed: &[&str]) -> S3Result<()> {
    if allowed.contains(&value) {
        return Ok(());
    }
    Err(s3_error!(InvalidArgument, "{name} is {value}; it can be {}", allowed.join(" or ")))
}

fn same_owner(name: &str, value: &str, owner: &str) -> S3Result<()> {
    if value == owner {
        return Ok(());
    }
    Err(s3_error!(AccessDenied, "Access Denied: {name} is not the owner of the bucket"))
}

fn acl(value: &str) -> S3Result<()> {
    match value {
        "private" | "bucket-owner-full-control" => Ok(()),
        "public-read" | "public-read-write" | "authenticated-read" | "aws-exec-read" | "bucket-owner-read"
        | "log-delivery-write" => {
            Err(s3_error!(AccessControlListNotSupported, "The bucket does not allow ACLs: {value}; only private is kept"))
        }
        _ => Err(s3_error!(InvalidArgument, "x-amz-acl is {value}; it can be private")),
    }
}

fn storage_class(value: &str) -> S3Result<()> {
    match value {
        "STANDARD" => Ok(()),
        _ if CLASSES.contains(&value) => {
            Err(s3_error!(NotImplemented, "x-amz-storage-class {value} is not implemented; everything is STANDARD"))
        }
        _ => Err(s3_error!(InvalidStorageClass, "The storage class you specified is not valid: {value}")),
    }
}

fn encryption(value: &str) -> S3Result<()> {
    match value {
        "AES256" => Ok(()),
        "aws:kms" | "aws:kms:dsse" | "aws:fsx" => Err(unsupported("x-amz-server-side-encryption", value)),
        _ => Err(errors::named(
            "InvalidEncryptionAlgorithmError",
            StatusCode::BAD_REQUEST,
            format!("The encryption request you specified is not valid: {value}; it can be AES256"),
        )),
    }
}

fn algorithm(value: &str) -> S3Result<()> {
    if ALGORITHMS.iter().any(|known| known.eq_ignore_ascii_case(value)) {
        return Ok(());
    }
    Err(s3_error!(
        InvalidRequest,
        "Checksum algorithm provided is unsupported: {value}. Please try again with any of the valid types: \
         [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"
    ))
}

fn trailer(value: &str) -> S3Result<()> {
    for name in value.split(',').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()) {
        let known = name.strip_prefix("x-amz-checksum-").is_some_and(|name| ALGORITHMS.contains(&name));
        if !known && name != "x-amz-trailer-signature" {
            return Err(s3_error!(InvalidRequest, "The value specified in the x-amz-trailer header is not supported: {name}"));
        }
    }
    Ok(())
}

/// What is refused although a client could read past it: for the pages that say so.
pub(crate) const REFUSED: [(&str, &str); 8] = [
    ("`versionId` other than `null`", "`InvalidArgument`; in a deletion of many, `NoSuchVersion` for that key"),
    ("`x-amz-object-lock-*`, `x-amz-bypass-governance-retention`, `x-amz-mfa`", "`InvalidRequest` or `NotImplemented`"),
    ("`x-amz-server-side-encryption` other than `AES256`, every `…-customer-*` and `…-aws-kms-*`", "`NotImplemented`"),
    (
        "`x-amz-acl` other than `private` and `bucket-owner-full-control`, every `x-amz-grant-*`",
        "`AccessControlListNotSupported`",
    ),
    ("`x-amz-storage-class` other than `STANDARD`", "`NotImplemented`, or `InvalidStorageClass` when S3 has no such class"),
    ("`x-amz-expected-bucket-owner` of another account", "`AccessDenied`"),
    ("`x-amz-security-token`", "`InvalidToken`"),
    ("any other `x-amz-` header that the operation does not take", "`NotImplemented`, with the header's name"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::door::operations::OPERATIONS;
    use s3s::S3ErrorCode;

    fn verdict(operation: &str, name: &str, value: &str) -> Option<S3ErrorCode> {
        let operation = OPERATIONS.iter().find(|known| known.name == operation).unwrap();
        one(operation, name, value, "me").err().map(|error| error.code().clone())
    }

    #[test]
    fn headers_that_ask_for_what_is_not_kept_are_refused() {
        for (name, value) in [
            ("x-amz-server-side-encryption", "aws:kms"),
            ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
            ("x-amz-storage-class", "GLACIER"),
            ("x-amz-bypass-governance-retention", "true"),
            ("x-amz-write-offset-bytes", "10"),
            ("x-amz-never-heard-of", "1"),
            ("x-amz-checksum-xxhash64", "AAAA"),
        ] {
            assert_eq!(verdict("PutObject", name, value), Some(S3ErrorCode::NotImplemented), "{name}");
        }
        assert_eq!(verdict("PutObject", "x-amz-object-lock-mode", "COMPLIANCE"), Some(S3ErrorCode::InvalidRequest));
        assert_eq!(verdict("PutObject", "x-amz-acl", "public-read"), Some(S3ErrorCode::AccessControlListNotSupported));
        assert_eq!(verdict("PutObject", "x-amz-storage-class", "NONSENSE"), Some(S3ErrorCode::InvalidStorageClass));
        assert_eq!(
            verdict("GetObject", "x-amz-copy-source", "/b/k"),
            Some(S3ErrorCode::NotImplemented),
            "where it means nothing"
        );
        assert_eq!(verdict("GetObject", "x-amz-expected-bucket-owner", "you"), Some(S3ErrorCode::AccessDenied));
    }

    #[test]
    fn headers_that_name_what_is_so_are_taken() {
        for (name, value) in [
            ("x-amz-server-side-encryption", "AES256"),
            ("x-amz-storage-class", "STANDARD"),
            ("x-amz-acl", "private"),
            ("x-amz-expected-bucket-owner", "me"),
            ("x-amz-meta-anything", "at all"),
            ("x-amz-trailer", "x-amz-checksum-crc64nvme"),
        ] {
            assert_eq!(verdict("PutObject", name, value), None, "{name}");
        }
    }
}
