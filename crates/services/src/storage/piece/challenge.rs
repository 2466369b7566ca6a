//! Which leaf a possession proof must show.

use sha2::{Digest, Sha256};

/// Separates these digests from every other use of SHA-256. The fields behind it have fixed lengths, so no two inputs
/// give the same bytes.
const DOMAIN: &[u8] = b"depin storage possession challenge v1";

/// The `i`-th challenged leaf of a data set, from 0 to `leaves - 1`.
///
/// ```text
/// challenge = u128_be( SHA-256( DOMAIN ‖ seed ‖ set_id ‖ i_be32 )[0..16] )  mod  leaves
/// DOMAIN    = "depin storage possession challenge v1" (37 bytes of ASCII)
/// ```
///
/// - `seed`: 32 bytes that the chain drew after the data was promised; `set_id`: whose proof it is, so that two sets under
///   one seed are asked for different leaves.
/// - `leaves`: leaves of the whole set, its pieces in order. A set without leaves has nothing to challenge; the answer is 0,
///   which no proof of it can meet.
/// - Bias: reducing 128 uniform bits favours no leaf by more than leaves / 2^128, below 2^-85 for 2^43 leaves (256 TiB). A
///   rejection loop would buy nothing and make the work unbounded.
/// - Challenges are drawn with replacement: the same leaf may come up twice.
/// - Deviation: Filecoin's verifier takes keccak-256 and 256 bits; the structure (seed, set, counter, modulus) is the same.
pub fn challenge(seed: [u8; 32], set_id: [u8; 32], i: u32, leaves: u64) -> u64 {
    if leaves == 0 {
        return 0;
    }
    let digest = Sha256::new_with_prefix(DOMAIN).chain_update(seed).chain_update(set_id).chain_update(i.to_be_bytes()).finalize();
    let (head, _) = digest.split_at(16);
    let drawn = u128::from_be_bytes(head.try_into().expect("split at 16 bytes"));
    u64::try_from(drawn % u128::from(leaves)).expect("a remainder is below its 64-bit modulus")
}
