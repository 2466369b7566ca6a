//! Tests of the piece rules: published vectors, an independent slow reference, and every way a proof can be wrong.

mod challenges;
mod commitments;
mod golden;
mod proofs;
mod reference;
mod sizes;

/// Bytes that look random but are the same in every run: a 64-bit linear congruential generator's high bytes.
fn scrambled(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect()
}
