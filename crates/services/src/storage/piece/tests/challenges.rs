//! The draw of challenged leaves.

use super::super::challenge;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

/// The formula of the documentation, restated: long division of the first 16 digest bytes, byte by byte.
fn restated(seed: [u8; 32], set: [u8; 32], i: u32, leaves: u64) -> u64 {
    let mut message = b"depin storage possession challenge v1".to_vec();
    message.extend(seed);
    message.extend(set);
    message.extend(i.to_be_bytes());
    let digest = Sha256::digest(&message);
    digest[..16].iter().fold(0u128, |rest, byte| (rest * 256 + u128::from(*byte)) % u128::from(leaves)) as u64
}

proptest! {
    #[test]
    fn a_challenge_follows_the_formula_and_stays_within_the_set(seed: [u8; 32], set: [u8; 32], i: u32, leaves in 1u64..) {
        let drawn = challenge(seed, set, i, leaves);
        prop_assert!(drawn < leaves);
        prop_assert_eq!(drawn, restated(seed, set, i, leaves));
    }

    #[test]
    fn seed_set_and_counter_each_change_the_draw(seed: [u8; 32], set: [u8; 32], i in 0u32..1_000, byte in 0usize..32) {
        let leaves = u64::MAX;
        let drawn = challenge(seed, set, i, leaves);
        let (mut other_seed, mut other_set) = (seed, set);
        other_seed[byte] ^= 1;
        other_set[byte] ^= 1;
        prop_assert_ne!(drawn, challenge(other_seed, set, i, leaves));
        prop_assert_ne!(drawn, challenge(seed, other_set, i, leaves));
        prop_assert_ne!(drawn, challenge(seed, set, i + 1, leaves));
    }
}

/// Pins the encoding: changing it would make old proofs unverifiable. Values computed with Python's hashlib.
#[test]
fn the_draw_is_pinned() {
    let drawn: Vec<u64> = (0..5).map(|i| challenge([1; 32], [2; 32], i, 1 << 19)).collect();
    assert_eq!(drawn, PINNED);
}

const PINNED: [u64; 5] = [517_607, 313_376, 385_883, 488_897, 151_908];

#[test]
fn a_set_without_leaves_challenges_nothing() {
    assert_eq!(challenge([1; 32], [2; 32], 0, 0), 0);
    assert_eq!(challenge([1; 32], [2; 32], 0, 1), 0);
}

/// 16,000 draws over 16 leaves: each is expected 1,000 times with a deviation of 31; 200 is beyond six deviations.
#[test]
fn no_leaf_is_favoured() {
    let mut counts = [0i64; 16];
    for i in 0..16_000 {
        counts[challenge([9; 32], [8; 32], i, 16) as usize] += 1;
    }
    assert!(counts.iter().all(|count| (count - 1_000).abs() < 200), "{counts:?}");
}
