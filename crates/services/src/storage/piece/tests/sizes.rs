//! Piece sizes and what fits in them.

use super::super::{PieceSize, PieceSizeError};
use borsh::BorshDeserialize;
use proptest::prelude::*;

#[test]
fn only_powers_of_two_from_128_bytes_to_64_gib_are_sizes() {
    for exponent in 7..=36 {
        let size = PieceSize::new(1 << exponent).unwrap();
        assert_eq!((size.leaves(), size.height()), (1 << (exponent - 5), exponent - 5));
        assert_eq!(size.payload_capacity(), 127 << (exponent - 7));
    }
    for got in [0, 1, 64, 127, 129, 192, (64 << 30) + 1, 128 << 30, u64::MAX] {
        assert_eq!(PieceSize::new(got), Err(PieceSizeError::NotAllowed { got }));
        assert!(PieceSize::try_from_slice(&got.to_le_bytes()).is_err());
        assert!(serde_json::from_str::<PieceSize>(&got.to_string()).is_err());
    }
    assert_eq!(
        PieceSize::new(100).unwrap_err().to_string(),
        "piece size 100 bytes is not allowed; it must be a power of two from 128 to 68719476736"
    );
}

proptest! {
    #[test]
    fn a_payload_takes_the_smallest_piece_that_holds_it(payload in 0u64..=PieceSize::MAX.payload_capacity()) {
        let size = PieceSize::for_payload(payload).unwrap();
        prop_assert!(size.payload_capacity() >= payload);
        if let Ok(smaller) = PieceSize::new(size.get() / 2) {
            prop_assert!(smaller.payload_capacity() < payload);
        }
        prop_assert_eq!(PieceSize::try_from_slice(&borsh::to_vec(&size).unwrap()).unwrap(), size);
        prop_assert_eq!(serde_json::from_str::<PieceSize>(&serde_json::to_string(&size).unwrap()).unwrap(), size);
    }
}

#[test]
fn a_payload_larger_than_the_largest_piece_is_refused() {
    let most = PieceSize::MAX.payload_capacity();
    assert_eq!(PieceSize::for_payload(most), Ok(PieceSize::MAX));
    assert_eq!(PieceSize::for_payload(most + 1), Err(PieceSizeError::PayloadTooLarge { got: most + 1 }));
    assert_eq!(PieceSize::for_payload(u64::MAX), Err(PieceSizeError::PayloadTooLarge { got: u64::MAX }));
    assert_eq!(PieceSize::for_payload(127 << 17).unwrap().get(), 16 << 20);
}
