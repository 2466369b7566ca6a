//! An independent, slow commitment: bit by bit, recursive, with the general SHA-256. It shares nothing with the code under
//! test but the payload.

use super::super::{Hasher, TreeCache, prove_leaf};
use super::scrambled;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

/// All leaves of the padded piece, moved one bit at a time.
pub(super) fn leaves(payload: &[u8]) -> Vec<[u8; 32]> {
    let mut padded = payload.to_vec();
    let mut size = 127;
    while size < payload.len() {
        size *= 2;
    }
    padded.resize(size, 0);
    let bits = size * 8;
    let mut leaves = vec![[0u8; 32]; bits / 254];
    for bit in 0..bits {
        if padded[bit / 8] >> (bit % 8) & 1 == 1 {
            let (leaf, within) = (bit / 254, bit % 254);
            leaves[leaf][within / 8] |= 1 << (within % 8);
        }
    }
    leaves
}

/// The root of a power of two of leaves.
pub(super) fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    if let [leaf] = leaves {
        return *leaf;
    }
    let (left, right) = leaves.split_at(leaves.len() / 2);
    let mut node: [u8; 32] = Sha256::new().chain_update(root(left)).chain_update(root(right)).finalize().into();
    node[31] &= 0b0011_1111;
    node
}

fn hash_in_parts(payload: &[u8], parts: &[usize]) -> Hasher {
    let mut hasher = Hasher::new();
    let mut rest = payload;
    for part in parts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (head, tail) = rest.split_at(rest.len().min(*part));
        hasher.update(head);
        rest = tail;
    }
    hasher
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However the payload is cut into updates, the root is the reference's, with and without the cache.
    #[test]
    fn the_streaming_hasher_agrees_with_the_reference(
        length in prop_oneof![0usize..2_000, 31_000usize..34_000, 60_000usize..140_000],
        seed: u64,
        parts in prop::collection::vec(1usize..50_000, 1..6),
    ) {
        let payload = scrambled(length, seed);
        let expected_leaves = leaves(&payload);
        let expected = root(&expected_leaves);
        let hasher = hash_in_parts(&payload, &parts);
        prop_assert_eq!(hasher.payload_bytes(), length as u64);
        let (commitment, size) = hasher.clone().finish().unwrap();
        prop_assert_eq!(*commitment.as_bytes(), expected);
        prop_assert_eq!(size.leaves(), expected_leaves.len() as u64);

        let (again, cache) = hasher.finish_with_cache().unwrap();
        prop_assert_eq!(again, commitment);
        prop_assert_eq!(cache.size(), size);
        prop_assert_eq!(cache.as_bytes().len() as u64, TreeCache::bytes_for(size));
        prop_assert_eq!(cache.check(&commitment), Ok(()));
        prop_assert_eq!(TreeCache::from_bytes(size, cache.as_bytes()).unwrap(), cache);
    }

    /// Every leaf of a piece is proven, from its subtree's payload and the stored bytes of the cache alone.
    #[test]
    fn every_leaf_proof_verifies_and_carries_the_reference_leaf(
        length in prop_oneof![0usize..600, 32_000usize..33_100, 64_000usize..66_000],
        seed: u64,
        start in 0u64..97,
    ) {
        let payload = scrambled(length, seed);
        let expected = leaves(&payload);
        let (commitment, cache) = hash_in_parts(&payload, &[length.max(1)]).finish_with_cache().unwrap();
        let size = cache.size();
        // Small pieces in full; of larger ones every 97th leaf from a random start, which meets every subtree.
        let step = if size.leaves() <= 64 { 1 } else { 97 };
        for index in (start % step..size.leaves()).step_by(step as usize) {
            let range = super::super::Subtree::of_leaf(size, index).unwrap().payload;
            let (from, to) = ((range.start as usize).min(length), (range.end as usize).min(length));
            let proof = prove_leaf(&commitment, size, index, &payload[from..to], |height, place| {
                let at = TreeCache::node_offset(size, height, place).ok_or("no such node")? as usize;
                Ok::<_, &str>(cache.as_bytes()[at..at + 32].try_into().unwrap())
            });
            let proof = proof.unwrap();
            prop_assert_eq!(proof.verify(&commitment, size, index), Ok(()));
            prop_assert_eq!(proof.leaf, expected[index as usize]);
        }
    }
}
