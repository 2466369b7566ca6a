//! Shard payloads as Filecoin pieces: lengths and commitments.
//!
//! In: payload bytes. Out: the piece CID under which a provider stores them. The hashing is `depin-services`' own; this module only
//! knows which lengths fill a piece, because a shard must also be even to be erasure-coded.

use depin_services::storage::piece::{Commitment, Hasher, PieceSizeError};

/// Largest payload that the gateway makes: a piece of 32 GiB.
pub(crate) const PAYLOAD_MAX: u64 = 127 << 28;

/// Whether `bytes` is 127·2^j with j ≥ 1: fills a piece without padding and is even.
pub(crate) fn is_payload_length(bytes: u64) -> bool {
    bytes.is_multiple_of(127) && bytes / 127 >= 2 && (bytes / 127).is_power_of_two()
}

/// Smallest shard payload from `min` to `max` so that `k` of them hold `used` bytes.
///
/// `min` and `max` are payload lengths and `used` is at most `k * max`.
pub(crate) fn payload_for(used: u64, k: u64, min: u64, max: u64) -> u64 {
    let mut payload = min;
    while payload < max && payload * k < used {
        payload *= 2;
    }
    payload
}

/// Size of the padded piece that `payload` bytes fill (a payload length).
pub(crate) fn padded(payload: u64) -> u64 {
    payload / 127 * 128
}

/// The piece commitment of a payload.
///
/// # Errors
/// What `depin-services` says of a payload that fits no piece; unreachable for payload lengths.
pub(crate) fn cid(payload: &[u8]) -> Result<Commitment, PieceSizeError> {
    let mut hasher = Hasher::new();
    hasher.update(payload);
    Ok(hasher.finish()?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_takes_the_smallest_shards_that_hold_it() {
        let (min, max) = (127 << 1, 127 << 17);
        assert_eq!(payload_for(1, 2, min, max), 254);
        assert_eq!(payload_for(508, 2, min, max), 254);
        assert_eq!(payload_for(509, 2, min, max), 508);
        assert_eq!(payload_for(2 * (127 << 17), 2, min, max), 127 << 17);
        assert_eq!(payload_for(2 * (127 << 16) + 1, 2, min, max), 127 << 17);
        assert_eq!(payload_for(1, 2, 127 << 10, max), 127 << 10, "never below the smallest shard");
    }

    #[test]
    fn only_even_payloads_that_fill_a_piece_are_shard_lengths() {
        for good in [254, 508, 127 << 17, PAYLOAD_MAX] {
            assert!(is_payload_length(good), "{good}");
        }
        for bad in [0, 127, 255, 381, 127 * 6, 128 << 17] {
            assert!(!is_payload_length(bad), "{bad}");
        }
        assert_eq!(padded(127 << 17), 16 << 20);
    }

    #[test]
    fn a_shards_cid_is_a_filecoin_piece_cid() {
        assert!(cid(&[7; 254]).unwrap().to_string().starts_with("baga6ea4seaq"));
        assert_ne!(cid(&[7; 254]).unwrap(), cid(&[8; 254]).unwrap());
    }
}
