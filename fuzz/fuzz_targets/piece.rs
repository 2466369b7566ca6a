//! Hashing in any slices gives one commitment, and text that parses as one writes itself back.
#![no_main]
use depin_services::storage::piece::{Commitment, Hasher};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, cuts) = input;
    let mut whole = Hasher::new();
    whole.update(&bytes);
    let mut sliced = Hasher::new();
    let mut rest = bytes.as_slice();
    for cut in cuts {
        let (head, tail) = rest.split_at(usize::from(cut).min(rest.len()));
        sliced.update(head);
        rest = tail;
    }
    sliced.update(rest);
    assert_eq!(whole.finish().ok(), sliced.finish().ok());
    if let Ok(commitment) = String::from_utf8_lossy(&bytes).parse::<Commitment>() {
        assert_eq!(commitment.to_string().parse::<Commitment>().ok(), Some(commitment));
    }
});
