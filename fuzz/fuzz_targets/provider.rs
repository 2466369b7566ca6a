//! A provider's requests: any headers are read or refused; whom they name has signed exactly what is wanted; a range lies in its payload.
#![no_main]
use arbitrary::Arbitrary;
use depin_provider::storage::{
    HEADER_CLIENT, HEADER_KEY, HEADER_SIGNATURE, HEADER_TIME, ProviderRequest, RequestKind, Signatures,
    fuzzing::{part, who},
};
use depin_quantity::{Address, Name};
use depin_services::storage::piece::Commitment;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

/// No signature scheme, but quick: half of a good signature follows from key and message, the other half is anything.
struct Digests;

impl Digests {
    fn sign(key: &[u8; 32], message: &[u8]) -> [u8; 64] {
        let half = blake3::Hasher::new().update(key).update(message).finalize();
        std::array::from_fn(|at| if at < 32 { half.as_bytes()[at] } else { 0 })
    }
}

impl Signatures for Digests {
    fn verify(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        Self::sign(key, message)[..32] == signature[..32]
    }
}

#[derive(Arbitrary, Debug)]
struct Input {
    key: [u8; 32],
    root: [u8; 32],
    payload_bytes: u64,
    time_ms: u64,
    now_ms: u64,
    /// Which header is another one, and what it is.
    changed: Option<(u8, Vec<u8>)>,
    range: String,
}

const NAMES: [&str; 4] = [HEADER_CLIENT, HEADER_KEY, HEADER_TIME, HEADER_SIGNATURE];

fuzz_target!(|input: Input| {
    let Input { key, mut root, payload_bytes, time_ms, now_ms, changed, range } = input;
    root[31] &= 0x3f;
    let Ok(cid) = Commitment::new(root) else { return };
    let (chain_id, provider) = (Name::literal("fuzz-1"), Address::new([9; 32]));
    let wanted = ProviderRequest { kind: RequestKind::Upload, chain_id, provider, cid, payload_bytes, time_ms };
    let client = Address::of_public_key(&key);
    let signature = Digests::sign(&key, &wanted.signed_bytes());
    let texts = [client.to_string(), hex::encode(key), time_ms.to_string(), hex::encode(signature)];
    let mut headers = HeaderMap::new();
    for (name, text) in NAMES.into_iter().zip(texts) {
        headers.insert(HeaderName::from_static(name), HeaderValue::try_from(text).unwrap());
    }
    let untouched = changed.is_none();
    if let Some((which, bytes)) = changed {
        let name = NAMES[usize::from(which) % NAMES.len()];
        match HeaderValue::from_bytes(&bytes) {
            Ok(value) => drop(headers.insert(HeaderName::from_static(name), value)),
            Err(_) => drop(headers.remove(name)),
        }
    }
    let near = time_ms.abs_diff(now_ms) <= 15 * 60 * 1000;
    match who(&headers, &wanted, now_ms, &Digests) {
        Some(found) => assert!(near && found == (client, time_ms), "{found:?}"),
        None => assert!(!untouched || !near, "a good request was refused"),
    }
    // What was signed for one request is good for no other.
    let other = ProviderRequest { payload_bytes: payload_bytes ^ 1, ..wanted };
    assert_eq!(who(&headers, &other, now_ms, &Digests), None);

    if let Some(part) = part(&range, payload_bytes) {
        assert!(part.start <= part.end && part.end <= payload_bytes && (!part.is_empty() || payload_bytes == 0), "{part:?}");
    }
});
