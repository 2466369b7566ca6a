//! AWS Signature Version 4, as S3 uses it.
//!
//! In: a request's method, path, query and payload hash. Out: the headers that prove who sends it. Also used by the tests, which is
//! why nothing else of this program is named here.

use depin_quantity::civil_date;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The account of a gateway.
#[derive(Clone)]
pub struct Keys {
    pub access_key: String,
    pub secret_key: String,
    pub region: String,
}

/// What is signed of a request.
pub struct Unsigned<'a> {
    pub method: &'a str,
    /// Host and port, as in the `host` header.
    pub host: &'a str,
    /// Path, percent-encoded by [`encode_path`].
    pub path: &'a str,
    /// Query parameters, not encoded.
    pub query: &'a [(&'a str, &'a str)],
    /// SHA-256 of the payload, hex.
    pub payload_sha256: &'a str,
}

/// Headers to send besides `host`.
pub struct Signed {
    pub date: String,
    pub authorization: String,
}

/// SHA-256 in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Signs a request for this moment.
pub fn sign(keys: &Keys, request: &Unsigned<'_>, now: SystemTime) -> Signed {
    let date = timestamp(now);
    let day = &date[..8];
    let scope = format!("{day}/{}/s3/aws4_request", keys.region);
    let canonical = format!(
        "{}\n{}\n{}\nhost:{}\nx-amz-content-sha256:{}\nx-amz-date:{date}\n\nhost;x-amz-content-sha256;x-amz-date\n{}",
        request.method,
        request.path,
        canonical_query(request.query),
        request.host,
        request.payload_sha256,
        request.payload_sha256
    );
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256_hex(canonical.as_bytes()));
    let key = [day, &keys.region, "s3", "aws4_request"]
        .iter()
        .fold(format!("AWS4{}", keys.secret_key).into_bytes(), |key, part| hmac(&key, part.as_bytes()));
    let signature = hex::encode(hmac(&key, to_sign.as_bytes()));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}",
        keys.access_key
    );
    Signed { date, authorization }
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length is a key");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// Sorted and encoded, as it is signed; the same text is good as the URL's query.
pub fn canonical_query(query: &[(&str, &str)]) -> String {
    let mut pairs: Vec<(String, String)> =
        query.iter().map(|(name, value)| (encode(name, false), encode(value, false))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// A bucket and a key as a URL path.
pub fn encode_path(bucket: &str, key: &str) -> String {
    if key.is_empty() {
        format!("/{}", encode(bucket, false))
    } else {
        format!("/{}/{}", encode(bucket, false), encode(key, true))
    }
}

fn encode(text: &str, keep_slash: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            b'/' if keep_slash => out.push('/'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// `20261122T150405Z`.
fn timestamp(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil_date(days);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: Amazon S3 API reference, "Signature Calculations for the Authorization Header", example GET Bucket (List Objects). The
    /// example has no other headers than those signed here.
    #[test]
    fn the_published_example_is_met() {
        let keys = Keys {
            access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            region: "us-east-1".to_owned(),
        };
        let request = Unsigned {
            method: "GET",
            host: "examplebucket.s3.amazonaws.com",
            path: "/",
            query: &[("prefix", "J"), ("max-keys", "2")],
            payload_sha256: &sha256_hex(b""),
        };
        // 2013-05-24T00:00:00Z
        let signed = sign(&keys, &request, UNIX_EPOCH + Duration::from_secs(1_369_353_600));
        assert_eq!(signed.date, "20130524T000000Z");
        assert!(
            signed.authorization.ends_with("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
            "{}",
            signed.authorization
        );
    }

    #[test]
    fn dates_are_right_around_leap_days() {
        let at = |seconds| timestamp(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "19700101T000000Z");
        assert_eq!(at(951_782_400), "20000229T000000Z");
        assert_eq!(at(1_709_251_199), "20240229T235959Z");
        assert_eq!(at(1_709_251_200), "20240301T000000Z");
    }

    #[test]
    fn keys_are_encoded_byte_by_byte() {
        assert_eq!(encode_path("docs", "a b/ü+1.txt"), "/docs/a%20b/%C3%BC%2B1.txt");
        assert_eq!(encode_path("docs", ""), "/docs");
        assert_eq!(canonical_query(&[("uploads", ""), ("a", "1/2")]), "a=1%2F2&uploads=");
    }
}
