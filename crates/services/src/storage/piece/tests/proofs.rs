//! What a proof must not get away with.

use super::super::{
    CacheError, Commitment, Hasher, LeafProof, PieceSize, ProofError, ProveError, Subtree, TreeCache, prove_leaf,
};
use super::{reference, scrambled};
use borsh::BorshDeserialize;
use proptest::prelude::*;

fn piece(length: usize) -> (Vec<u8>, Commitment, TreeCache) {
    let payload = scrambled(length, 7);
    let mut hasher = Hasher::new();
    hasher.update(&payload);
    let (commitment, cache) = hasher.finish_with_cache().unwrap();
    (payload, commitment, cache)
}

fn prove(payload: &[u8], commitment: &Commitment, cache: &TreeCache, index: u64) -> LeafProof {
    let range = Subtree::of_leaf(cache.size(), index).unwrap().payload;
    let clip = |at: u64| (at as usize).min(payload.len());
    cache.prove(commitment, index, &payload[clip(range.start)..clip(range.end)]).unwrap()
}

proptest! {
    /// Any one bit of leaf or path flipped, or any other index, and the proof fails.
    #[test]
    fn any_flipped_bit_or_other_index_fails(index in 0u64..2_048, node in 0usize..12, bit in 0usize..256, other in 0u64..2_048) {
        // The whole piece is payload: two zero leaves of the padding would rightly have the same proof.
        let (payload, commitment, cache) = piece(65_024);
        let size = cache.size();
        prop_assert_eq!(size.leaves(), 2_048);
        let proof = prove(&payload, &commitment, &cache, index);
        prop_assert_eq!(proof.verify(&commitment, size, index), Ok(()));

        let mut bent = proof.clone();
        let target = if node == 0 { &mut bent.leaf } else { &mut bent.path[node - 1] };
        target[bit / 8] ^= 1 << (bit % 8);
        let expected = if bit >= 254 { ProofError::TopBits { position: node } } else { ProofError::RootMismatch };
        prop_assert_eq!(bent.verify(&commitment, size, index), Err(expected));

        if other != index {
            prop_assert_eq!(proof.verify(&commitment, size, other), Err(ProofError::RootMismatch));
        }
        let mut root = *commitment.as_bytes();
        root[bit % 254 / 8] ^= 1 << (bit % 254 % 8);
        let elsewhere = Commitment::new(root).unwrap();
        prop_assert_eq!(proof.verify(&elsewhere, size, index), Err(ProofError::RootMismatch));
    }
}

#[test]
fn a_path_of_the_wrong_length_is_refused_by_name() {
    let (payload, commitment, cache) = piece(60_000);
    let size = cache.size();
    let proof = prove(&payload, &commitment, &cache, 5);
    for got in [0, 10, 12, 31] {
        let mut path = proof.path.clone();
        path.resize(got, [0; 32]);
        let bent = LeafProof { leaf: proof.leaf, path };
        assert_eq!(bent.verify(&commitment, size, 5), Err(ProofError::PathLength { got, expected: 11 }));
    }
    // An inner node offered as a leaf, with the path shortened to match, would prove possession of nothing.
    let inner = LeafProof { leaf: *cache.node(10, 0).unwrap(), path: vec![*cache.node(10, 1).unwrap()] };
    assert_eq!(inner.verify(&commitment, size, 0), Err(ProofError::PathLength { got: 1, expected: 11 }));
}

#[test]
fn an_index_outside_of_the_piece_is_refused_by_name() {
    let (payload, commitment, cache) = piece(127);
    let proof = prove(&payload, &commitment, &cache, 3);
    let error = ProofError::IndexOutOfRange { index: 4, last: 3 };
    assert_eq!(proof.verify(&commitment, cache.size(), 4), Err(error));
    assert_eq!(error.to_string(), "leaf 4 does not exist; the piece has leaves 0 to 3");
    assert_eq!(cache.prove(&commitment, 4, &payload), Err(ProveError::IndexOutOfRange { index: 4, last: 3 }));
}

#[test]
fn another_piece_size_is_refused_although_the_root_is_right() {
    let (payload, commitment, cache) = piece(60_000);
    let proof = prove(&payload, &commitment, &cache, 0);
    let half = PieceSize::new(cache.size().get() / 2).unwrap();
    assert_eq!(proof.verify(&commitment, half, 0), Err(ProofError::PathLength { got: 11, expected: 10 }));
}

#[test]
fn damaged_payload_gives_an_error_and_no_proof() {
    let (mut payload, commitment, cache) = piece(60_000);
    payload[40_000] ^= 1;
    assert_eq!(cache.prove(&commitment, 0, &payload[..32_512]).unwrap().path.len(), 11);
    assert_eq!(cache.prove(&commitment, 1_024, &payload[32_512..]), Err(ProveError::PayloadDiffers { subtree: 1 }));
    assert_eq!(cache.prove(&commitment, 0, &payload[..32_511]), Err(ProveError::PayloadDiffers { subtree: 0 }));
    let too_much = ProveError::TooMuchPayload { got: 32_513, expected: 32_512 };
    assert_eq!(cache.prove(&commitment, 0, &payload[..32_513]), Err(too_much));
}

#[test]
fn a_damaged_cache_gives_an_error_and_no_proof() {
    let (payload, commitment, cache) = piece(200_000);
    let size = cache.size();
    let bend = |height, place| {
        let mut bytes = cache.as_bytes().to_vec();
        bytes[TreeCache::node_offset(size, height, place).unwrap() as usize] ^= 1;
        TreeCache::from_bytes(size, &bytes).unwrap()
    };
    assert_eq!(size.height(), 13);
    let subtree = &payload[..32_512];
    assert_eq!(bend(10, 0).prove(&commitment, 0, subtree), Err(ProveError::PayloadDiffers { subtree: 0 }));
    assert_eq!(bend(11, 1).prove(&commitment, 0, subtree), Err(ProveError::CacheDamaged));
    // A node beside the path does no harm.
    assert!(bend(11, 3).prove(&commitment, 0, subtree).is_ok());

    assert_eq!(bend(11, 3).check(&commitment), Err(CacheError::Node { height: 11, index: 3 }));
    assert_eq!(bend(10, 6).check(&commitment), Err(CacheError::Node { height: 11, index: 3 }));
    assert_eq!(bend(13, 0).check(&commitment), Err(CacheError::Node { height: 13, index: 0 }));
    let (_, other, _) = piece(199_999);
    assert_eq!(cache.check(&other), Err(CacheError::OtherPiece { found: commitment, expected: other }));
    let failed = prove_leaf(&commitment, size, 0, subtree, |_, _| Err("unreadable"));
    assert_eq!(failed, Err(ProveError::Cache("unreadable")));
}

#[test]
fn a_cache_of_the_wrong_length_is_refused() {
    let size = PieceSize::new(64 << 10).unwrap();
    assert_eq!(TreeCache::bytes_for(size), 96);
    for got in [0, 64, 95, 97, 128] {
        let refused = TreeCache::from_bytes(size, &vec![0; got]);
        assert_eq!(refused, Err(CacheError::Length { got: got as u64, expected: 96, size }));
    }
}

#[test]
fn the_cache_holds_every_layer_from_its_base_up_at_its_offset() {
    let (payload, _, cache) = piece(200_000);
    let (size, leaves) = (cache.size(), reference::leaves(&payload));
    let mut offsets = Vec::new();
    for height in 10..=13 {
        for place in 0..size.leaves() >> height {
            let from = (place << height) as usize;
            assert_eq!(*cache.node(height, place).unwrap(), reference::root(&leaves[from..from + (1 << height)]));
            offsets.push(TreeCache::node_offset(size, height, place).unwrap());
        }
        assert_eq!(TreeCache::node_offset(size, height, size.leaves() >> height), None);
    }
    assert!(offsets.iter().copied().eq((0..TreeCache::bytes_for(size)).step_by(32)));
    assert_eq!((TreeCache::node_offset(size, 9, 0), TreeCache::node_offset(size, 14, 0)), (None, None));
}

#[test]
fn a_shard_of_16_mib_keeps_a_cache_of_32_kib_and_proves_from_32512_payload_bytes() {
    let size = PieceSize::new(16 << 20).unwrap();
    assert_eq!(TreeCache::bytes_for(size), 32 * 1_023);
    let last = Subtree::of_leaf(size, size.leaves() - 1).unwrap();
    assert_eq!(last, Subtree { index: 511, payload: 511 * 32_512..512 * 32_512 });
    assert_eq!(last.payload.end, size.payload_capacity());
    assert_eq!(Subtree::of_leaf(size, size.leaves()), None);
}

#[test]
fn proofs_survive_binary_and_json() {
    let (payload, commitment, cache) = piece(1_000);
    let proof = prove(&payload, &commitment, &cache, 9);
    let bytes = borsh::to_vec(&proof).unwrap();
    assert_eq!(bytes.len() as u64, LeafProof::encoded_bytes(cache.size()));
    assert_eq!(LeafProof::try_from_slice(&bytes).unwrap(), proof);
    let json = serde_json::to_string(&proof).unwrap();
    assert!(json.starts_with(&format!("{{\"leaf\":\"{}\",\"path\":[\"", hex::encode(proof.leaf))), "{json}");
    assert_eq!(serde_json::from_str::<LeafProof>(&json).unwrap(), proof);
    assert!(serde_json::from_str::<LeafProof>(r#"{"leaf":"00","path":[]}"#).is_err());
}
