//! Checksum headers: what requests promise, what answers say.

use crate::{
    ingest::{ALGORITHMS, Promise},
    map::PartRow,
};
use hyper::HeaderMap;
use s3s::{
    S3Result, TrailingHeaders,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Crc32, Crc32c, Md5, Sha1, Sha256},
    dto::{Checksum, ChecksumAlgorithm},
    s3_error,
};
use std::collections::BTreeMap;

/// Bytes of a base64 checksum.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    base64_simd::STANDARD.decode_to_vec(text).ok()
}

/// Reads everything that the headers promise of a body.
pub(super) fn promise(
    headers: &HeaderMap,
    length: Option<i64>,
    md5: Option<&str>,
    algorithm: Option<&ChecksumAlgorithm>,
    trailers: Option<TrailingHeaders>,
) -> S3Result<Promise> {
    let invalid = |what: &str| s3_error!(InvalidDigest, "The {what} you specified is not valid");
    let md5 = md5
        .map(|text| decode(text).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok()).ok_or_else(|| invalid("Content-MD5")))
        .transpose()?;
    let length = length.map(u64::try_from).transpose().map_err(|_| s3_error!(InvalidArgument, "Content-Length is negative"))?;
    let announced: Vec<String> = headers
        .get_all("x-amz-trailer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let mut checksums = BTreeMap::new();
    for name in ALGORITHMS {
        let header = format!("x-amz-checksum-{name}");
        let value = headers.get(&header).map(|value| value.to_str().unwrap_or_default().to_owned());
        let wanted = algorithm.is_some_and(|algorithm| algorithm.as_str().eq_ignore_ascii_case(name));
        if let Some(value) = value {
            if decode(&value).is_none_or(|bytes| bytes.is_empty()) {
                return Err(invalid(&header));
            }
            checksums.insert(name, value);
        } else if wanted || announced.contains(&header) {
            checksums.insert(name, String::new());
        }
    }
    Ok(Promise { length, md5, checksums, trailers })
}

/// Checksums by name as the answers' structure.
pub(super) fn answer(checksums: &BTreeMap<String, String>) -> Checksum {
    let get = |name: &str| checksums.get(name).cloned();
    Checksum {
        checksum_crc32: get("crc32"),
        checksum_crc32c: get("crc32c"),
        checksum_crc64nvme: get("crc64nvme"),
        checksum_sha1: get("sha1"),
        checksum_sha256: get("sha256"),
        ..Checksum::default()
    }
}

/// ETag of a multipart object: the MD5 of its parts' MD5s, a hyphen, their number.
pub(super) fn multipart_etag(parts: &[PartRow]) -> Option<String> {
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(&hex::decode(&part.etag).ok()?);
    }
    Some(format!("{}-{}", hex::encode(md5.finalize()), parts.len()))
}

/// Checksums of a multipart object's parts' checksums, for the algorithms that every part has. The CRC of NVMe is only defined over
/// whole objects, so it has none.
pub(super) fn composite(parts: &[PartRow]) -> BTreeMap<String, String> {
    let mut sums = BTreeMap::new();
    for name in ALGORITHMS.into_iter().filter(|name| *name != "crc64nvme") {
        let Some(raw) = parts.iter().map(|part| part.checksums.get(name).and_then(|sum| decode(sum))).collect::<Option<Vec<_>>>()
        else {
            continue;
        };
        let mut hasher = ChecksumHasher {
            crc32: (name == "crc32").then(Crc32::new),
            crc32c: (name == "crc32c").then(Crc32c::new),
            sha1: (name == "sha1").then(Sha1::new),
            sha256: (name == "sha256").then(Sha256::new),
            crc64nvme: None,
        };
        raw.iter().for_each(|sum| hasher.update(sum));
        let sum = hasher.finalize();
        let sum = sum.checksum_crc32.or(sum.checksum_crc32c).or(sum.checksum_sha1).or(sum.checksum_sha256);
        if let Some(sum) = sum {
            sums.insert(name.to_owned(), format!("{sum}-{}", parts.len()));
        }
    }
    sums
}
