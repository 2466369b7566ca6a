//! Looks at signatures before and beside their verification.
//!
//! The signature itself is verified by `s3s`. Three things it does not see to are seen to here: a date or a scope that its parser cannot
//! stand (`digit` in its `utils/parser.rs` underflows), headers and parameters that the signature does not cover, and the date of the
//! older signature version, which it does not hold against the clock. Which of several signatures in one request counts is decided as
//! `s3s` decides it. Newer versions of `s3s` need a newer compiler than this workspace names.

use super::errors;
use hyper::{HeaderMap, StatusCode, header};
use s3s::{
    S3Result,
    dto::{Timestamp, TimestampFormat},
    s3_error,
};

/// Query parameters of a presigned URL's signature, in lower case.
pub(super) const PRESIGNED: [&str; 7] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-signedheaders",
    "x-amz-signature",
    "x-amz-content-sha256",
];

/// Parameters that a signature of version 2 covers, as `s3s` computes it (`INCLUDED_QUERY` in its `sig_v2/methods.rs`).
const COVERED_V2: [&str; 22] = [
    "acl",
    "delete",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "partNumber",
    "policy",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "tagging",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];
/// Parameters of version 2 itself.
pub(super) const OWN_V2: [&str; 3] = ["AWSAccessKeyId", "Signature", "Expires"];
/// Parameters of listings, which version 2 leaves open.
const LISTING: [&str; 15] = [
    "prefix",
    "delimiter",
    "marker",
    "max-keys",
    "list-type",
    "continuation-token",
    "start-after",
    "encoding-type",
    "fetch-owner",
    "key-marker",
    "version-id-marker",
    "upload-id-marker",
    "max-uploads",
    "max-parts",
    "part-number-marker",
];
/// How far a date of version 2 may be from the clock.
const SKEW: time::Duration = time::Duration::minutes(15);

/// Where a request's signature is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signed {
    /// Nowhere.
    Not,
    /// Of version 2, which covers every `x-amz-` header and the parameters of [`COVERED_V2`].
    V2,
    /// In the `Authorization` header or the URL, over these headers, for this region.
    V4 {
        /// Names of the signed headers, in lower case.
        headers: Vec<String>,
        /// Region of the credential's scope.
        region: String,
    },
}

/// Finds a request's signature and checks the form of its parts.
///
/// # Errors
/// S3's error for a signature of another version or form.
pub fn signed(headers: &HeaderMap, query: &[(String, String)]) -> S3Result<Signed> {
    let in_query = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let authorization = headers.get(header::AUTHORIZATION);
    if in_query("Signature").is_some() {
        return Ok(Signed::V2);
    }
    if authorization.is_some_and(|value| value.as_bytes().starts_with(b"AWS ")) {
        return fresh(headers).map(|()| Signed::V2);
    }
    if in_query("X-Amz-Signature").is_some() || in_query("X-Amz-Algorithm").is_some() {
        let part = |name: &str| in_query(name).ok_or_else(|| incomplete(name));
        date(part("X-Amz-Date")?)?;
        let expires = part("X-Amz-Expires")?;
        if !expires.parse::<u32>().is_ok_and(|seconds| seconds <= 604_800) {
            return Err(parameters("X-Amz-Expires must be a number of seconds up to a week, 604800"));
        }
        part("X-Amz-Signature")?;
        return v4(part("X-Amz-Credential")?, part("X-Amz-SignedHeaders")?);
    }
    let Some(authorization) = authorization else { return Ok(Signed::Not) };
    let text = authorization.to_str().map_err(|_| s3_error!(InvalidArgument, "The Authorization header is no plain text"))?;
    let Some(fields) = text.strip_prefix("AWS4-HMAC-SHA256") else {
        return Err(s3_error!(InvalidArgument, "Unsupported Authorization Type; use AWS4-HMAC-SHA256"));
    };
    let field = |name: &str| {
        let mut all = fields.split(',').filter_map(|field| field.trim().split_once('='));
        all.find(|(key, _)| *key == name).map(|(_, value)| value).ok_or_else(|| malformed(&format!("{name} is missing")))
    };
    field("Signature")?;
    let stamp = headers.get("x-amz-date").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if stamp.is_empty() {
        return Err(s3_error!(AccessDenied, "AWS authentication requires a valid x-amz-date header"));
    }
    date(stamp)?;
    v4(field("Credential")?, field("SignedHeaders")?)
}

/// Holds the date of version 2 against the clock.
fn fresh(headers: &HeaderMap) -> S3Result<()> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let date = text("x-amz-date").or_else(|| text("date")).unwrap_or_default();
    let date = Timestamp::parse(TimestampFormat::HttpDate, date)
        .map_err(|_| s3_error!(AccessDenied, "AWS authentication requires a valid Date or x-amz-date header"))?;
    let off = time::OffsetDateTime::now_utc() - time::OffsetDateTime::from(date);
    if off.abs() > SKEW {
        return Err(s3_error!(
            RequestTimeTooSkewed,
            "The difference between the request time and the current time is too large."
        ));
    }
    Ok(())
}

fn v4(credential: &str, signed: &str) -> S3Result<Signed> {
    let mut parts = credential.rsplit('/');
    let mut part = || parts.next().ok_or_else(|| malformed("the credential is not key/date/region/service/aws4_request"));
    let (_request, _service, region, day) = (part()?, part()?, part()?.to_owned(), part()?);
    if day.len() != 8 || !day.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed("the credential's date is not eight digits"));
    }
    let headers: Vec<String> = signed.split(';').map(str::to_ascii_lowercase).collect();
    if !headers.iter().any(|name| name == "host") {
        return Err(malformed("the host header is not signed"));
    }
    Ok(Signed::V4 { headers, region })
}

/// `20261129T130137Z`: nothing else may reach the verification.
fn date(text: &str) -> S3Result<()> {
    let bytes = text.as_bytes();
    let form = |(at, byte): (usize, &u8)| match at {
        8 => *byte == b'T',
        15 => *byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    if bytes.len() == 16 && bytes.iter().enumerate().all(form) {
        return Ok(());
    }
    Err(s3_error!(AccessDenied, "The date of the signature must be like 20261129T130137Z"))
}

/// Refuses headers and parameters with a meaning that the signature does not cover.
///
/// # Errors
/// `AccessDenied` with their names.
pub fn only_signed(signed: &Signed, headers: &HeaderMap, query: &[(String, String)]) -> S3Result<()> {
    let amz = headers.iter().filter(|(name, _)| name.as_str().starts_with("x-amz-"));
    let mut open: Vec<&str> = match signed {
        Signed::Not => Vec::new(),
        Signed::V4 { headers: covered, .. } => {
            amz.map(|(name, _)| name.as_str()).filter(|name| !covered.iter().any(|known| known == name)).collect()
        }
        Signed::V2 => {
            // Values that are no text are not part of what is signed, nor are parameters that are given twice.
            let once = |name: &str| query.iter().filter(|(key, _)| key == name).count() == 1;
            let covered = |name: &str| COVERED_V2.contains(&name) || OWN_V2.contains(&name);
            let parameters = query.iter().map(|(name, _)| name.as_str());
            let parameters = parameters.filter(|name| !(LISTING.contains(name) || (covered(name) && once(name))));
            amz.filter(|(_, value)| std::str::from_utf8(value.as_bytes()).is_err())
                .map(|(name, _)| name.as_str())
                .chain(parameters)
                .collect()
        }
    };
    if open.is_empty() {
        return Ok(());
    }
    open.sort_unstable();
    open.dedup();
    Err(s3_error!(AccessDenied, "There were headers present in the request which were not signed: {}", open.join(", ")))
}

fn incomplete(name: &str) -> s3s::S3Error {
    parameters(&format!("Query-string authentication version 4 requires {name}"))
}

fn parameters(message: &str) -> s3s::S3Error {
    errors::named("AuthorizationQueryParametersError", StatusCode::BAD_REQUEST, message.to_owned())
}

fn malformed(what: &str) -> s3s::S3Error {
    s3_error!(AuthorizationHeaderMalformed, "The authorization header is malformed; {what}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn with(authorization: &str, date: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(authorization).unwrap());
        headers.insert("x-amz-date", HeaderValue::from_str(date).unwrap());
        headers
    }

    const GOOD: &str =
        "AWS4-HMAC-SHA256 Credential=KEY/with/20261129/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=00";

    #[test]
    fn a_signature_names_its_headers_and_its_region() {
        let found = signed(&with(GOOD, "20261129T130137Z"), &[]).unwrap();
        let headers = vec!["host".to_owned(), "x-amz-date".to_owned()];
        assert_eq!(found, Signed::V4 { headers, region: "us-east-1".to_owned() });
    }

    #[test]
    fn dates_and_scopes_of_another_form_do_not_reach_the_verification() {
        for date in ["", "2026112 T130137Z", "!!!!!!!!!!!!!!!!", "20261129T130137", "20261129 130137Z"] {
            assert!(signed(&with(GOOD, date), &[]).is_err(), "{date}");
        }
        for authorization in [
            "AWS4-HMAC-SHA256 Credential=KEY/!!!!!!!!/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00",
            "AWS4-HMAC-SHA256 Credential=KEY, SignedHeaders=host, Signature=00",
            "AWS4-HMAC-SHA256 Credential=KEY/20261129/us-east-1/s3/aws4_request, SignedHeaders=x, Signature=00",
            "AWS4-HMAC-SHA256",
            "Bearer x",
        ] {
            assert!(signed(&with(authorization, "20261129T130137Z"), &[]).is_err(), "{authorization}");
        }
    }

    #[test]
    fn headers_that_are_not_signed_are_named() {
        let found = signed(&with(GOOD, "20261129T130137Z"), &[]).unwrap();
        let mut headers = with(GOOD, "20261129T130137Z");
        assert!(only_signed(&found, &headers, &[]).is_ok());
        headers.insert("x-amz-copy-source", HeaderValue::from_static("/b/k"));
        let error = only_signed(&found, &headers, &[]).unwrap_err();
        assert!(error.message().unwrap().ends_with("x-amz-copy-source"));
    }

    #[test]
    fn version_2_covers_what_it_covers_and_has_a_date() {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("AWS KEY:c2lnbmF0dXJl"));
        for date in ["", "Thu, 01 Jan 1970 00:00:00 GMT", "20261129T130137Z"] {
            headers.insert(header::DATE, HeaderValue::from_str(date).unwrap());
            assert!(signed(&headers, &[]).is_err(), "{date}");
        }
        let link = |more: &[(&str, &str)]| {
            let own = [("AWSAccessKeyId", "KEY"), ("Signature", "c2ln"), ("Expires", "1")];
            own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
        };
        let check = |more: &[(&str, &str)]| only_signed(&Signed::V2, &HeaderMap::new(), &link(more));
        // A link counts before a header beside it, as it does for the verification.
        assert_eq!(signed(&with(GOOD, "20261129T130137Z"), &link(&[])).unwrap(), Signed::V2);
        assert!(check(&[("versionId", "null"), ("prefix", "a")]).is_ok());
        for open in [&[("attributes", "")][..], &[("x-amz-acl", "private")], &[("tagging", ""), ("tagging", "")]] {
            assert!(check(open).is_err(), "{open:?}");
        }
    }
}
