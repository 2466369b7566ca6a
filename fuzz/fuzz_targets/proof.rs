//! No proof of arbitrary bytes verifies against a commitment that it was not made for, and none panics.
#![no_main]
use depin_services::storage::piece::{Commitment, LeafProof, PieceSize};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u64, Vec<u8>)| {
    let (height, index, bytes) = input;
    let Ok(size) = PieceSize::new(1 << (u32::from(height) % 37)) else { return };
    let commitment = Commitment::of_zeros(size);
    if let Ok(proof) = borsh::from_slice::<LeafProof>(&bytes) {
        if proof.verify(&commitment, size, index).is_ok() {
            assert!(index < size.leaves());
            assert_eq!(proof.leaf, [0; 32], "only zero leaves are under the commitment of zeros");
        }
    }
});
