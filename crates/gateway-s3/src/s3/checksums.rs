//! Checksum headers: what requests promise, what answers say.

use crate::{
    ingest::{ALGORITHMS, Promise, by_name, hashers},
    map::{Declared, PartRow},
};
use crc_fast::CrcAlgorithm;
use hyper::HeaderMap;
use s3s::{
    S3Error, S3Result, TrailingHeaders,
    crypto::{Checksum as _, Md5},
    dto::Checksum,
    s3_error,
};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a base64 checksum.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    base64_simd::STANDARD.decode_to_vec(text).ok()
}

fn invalid(what: &str) -> S3Error {
    s3_error!(InvalidDigest, "The {what} you specified is not valid")
}

fn md5_of(text: &str) -> S3Result<[u8; 16]> {
    decode(text).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok()).ok_or_else(|| invalid("Content-MD5"))
}

/// Bytes of a checksum by its algorithm.
fn length_of(algorithm: &str) -> usize {
    match algorithm {
        "crc32" | "crc32c" => 4,
        "crc64nvme" => 8,
        "sha1" => 20,
        _ => 32,
    }
}

/// Reads everything that the headers promise of a body. `besides` is computed although nothing promises it; without any wish the body
/// gets the checksum that S3 gives by itself.
pub(super) fn promise(
    headers: &HeaderMap,
    length: Option<i64>,
    md5: Option<&str>,
    besides: &[String],
    trailers: Option<TrailingHeaders>,
) -> S3Result<Promise> {
    let md5 = md5.map(md5_of).transpose()?;
    let length = length.map(u64::try_from).transpose().map_err(|_| s3_error!(InvalidArgument, "Content-Length is negative"))?;
    let behind: Vec<String> = headers
        .get_all("x-amz-trailer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let (mut checksums, mut announced) = (BTreeMap::new(), BTreeSet::new());
    for name in ALGORITHMS {
        let header = format!("x-amz-checksum-{name}");
        let value = headers.get(&header).map(|value| value.to_str().unwrap_or_default().to_owned());
        if let Some(value) = value {
            if decode(&value).is_none_or(|bytes| bytes.len() != length_of(name)) {
                return Err(s3_error!(InvalidRequest, "Value for {header} header is invalid."));
            }
            checksums.insert(name, value);
        } else if behind.contains(&header) {
            announced.insert(name);
            checksums.insert(name, String::new());
        } else if besides.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)) {
            checksums.insert(name, String::new());
        }
    }
    if checksums.is_empty() {
        checksums.insert("crc64nvme", String::new());
    }
    Ok(Promise { length, md5, checksums, announced, trailers })
}

/// Checks a document against what the headers before and behind it promise.
pub(super) fn document(headers: &HeaderMap, behind: &HeaderMap, bytes: &[u8]) -> S3Result<()> {
    if let Some(md5) = headers.get("content-md5") {
        let promised = md5_of(md5.to_str().unwrap_or_default())?;
        if Md5::checksum(bytes) != promised {
            return Err(s3_error!(BadDigest, "The Content-MD5 you specified did not match what we received."));
        }
    }
    for name in ALGORITHMS {
        let header = format!("x-amz-checksum-{name}");
        let Some(promised) = headers.get(&header).or_else(|| behind.get(&header)) else { continue };
        let mut hasher = hashers(|wanted| wanted == name);
        hasher.update(bytes);
        if by_name(hasher).get(name).map(String::as_bytes) != Some(promised.as_bytes()) {
            return Err(s3_error!(BadDigest, "The {name} you specified did not match what we received."));
        }
    }
    Ok(())
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
pub(super) fn multipart_etag<'a>(parts: impl Iterator<Item = &'a str>) -> Option<String> {
    let (mut md5, mut count) = (Md5::new(), 0u32);
    for etag in parts {
        md5.update(&hex::decode(etag).ok()?);
        count += 1;
    }
    Some(format!("{}-{count}", hex::encode(md5.finalize())))
}

/// What a multipart object has for checksums, and whether they are of its parts' checksums.
///
/// An upload that declared one has that one. One that did not has those that every part has, or the whole object's CRC of NVMe.
pub(super) fn of_parts(parts: &[PartRow], declared: Option<&Declared>) -> (BTreeMap<String, String>, bool) {
    match declared {
        Some(Declared { algorithm, whole: true }) => (whole(parts, algorithm), false),
        Some(Declared { algorithm, whole: false }) => (composite(parts, |name| name == algorithm), true),
        None => {
            let sums = composite(parts, |name| name != "crc64nvme");
            if sums.is_empty() { (whole(parts, "crc64nvme"), false) } else { (sums, true) }
        }
    }
}

/// Checksums of the parts' checksums, for the algorithms that every part has.
fn composite(parts: &[PartRow], wanted: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    let mut sums = BTreeMap::new();
    for name in ALGORITHMS.into_iter().filter(|name| wanted(name)) {
        let Some(raw) = parts.iter().map(|part| part.checksums.get(name).and_then(|sum| decode(sum))).collect::<Option<Vec<_>>>()
        else {
            continue;
        };
        let mut hasher = hashers(|wanted| wanted == name);
        raw.iter().for_each(|sum| hasher.update(sum));
        for (name, sum) in by_name(hasher) {
            sums.insert(name, format!("{sum}-{}", parts.len()));
        }
    }
    sums
}

/// The whole object's CRC out of its parts'; nothing when a part has none, or for an algorithm that cannot be put together.
fn whole(parts: &[PartRow], algorithm: &str) -> BTreeMap<String, String> {
    let crc = match algorithm {
        "crc32" => CrcAlgorithm::Crc32IsoHdlc,
        "crc32c" => CrcAlgorithm::Crc32Iscsi,
        "crc64nvme" => CrcAlgorithm::Crc64Nvme,
        _ => return BTreeMap::new(),
    };
    let value = |part: &PartRow| {
        let bytes = part.checksums.get(algorithm).and_then(|sum| decode(sum)).filter(|bytes| bytes.len() <= 8)?;
        Some(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    };
    let mut sum = None;
    for part in parts {
        let Some(next) = value(part) else { return BTreeMap::new() };
        sum = Some(match sum {
            None => next,
            Some(sum) => crc_fast::checksum_combine(crc, sum, next, part.size),
        });
    }
    let Some(sum) = sum else { return BTreeMap::new() };
    let bytes = sum.to_be_bytes();
    let text = base64_simd::STANDARD.encode_to_string(&bytes[8 - length_of(algorithm)..]);
    BTreeMap::from([(algorithm.to_owned(), text)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u32, bytes: &[u8]) -> PartRow {
        let mut hasher = hashers(|_| true);
        hasher.update(bytes);
        PartRow { number, blob: 0, size: bytes.len() as u64, etag: String::new(), modified_ms: 0, checksums: by_name(hasher) }
    }

    #[test]
    fn whole_checksums_of_parts_are_those_of_the_object() {
        let (a, b, c) = (vec![1u8; 70_000], vec![2u8; 1], vec![3u8; 123_457]);
        let parts = [part(1, &a), part(2, &b), part(3, &[]), part(4, &c)];
        let object = part(1, &[a, b, c].concat());
        for algorithm in ["crc32", "crc32c", "crc64nvme"] {
            let declared = Declared { algorithm: algorithm.to_owned(), whole: true };
            let (sums, composite) = of_parts(&parts, Some(&declared));
            assert_eq!((sums.get(algorithm), composite), (object.checksums.get(algorithm), false), "{algorithm}");
        }
    }

    #[test]
    fn the_known_value_of_each_algorithm() {
        // The check values of the algorithms' published descriptions, over the digits.
        let sums = part(1, b"123456789").checksums;
        let hex = |name: &str| hex::encode(decode(&sums[name]).unwrap());
        assert_eq!([hex("crc32"), hex("crc32c"), hex("crc64nvme")], ["cbf43926", "e3069283", "ae8b14860a799888"]);
    }
}
