//! A digest of all rows that depends on nothing but them.
//!
//! State roots depend on the history of operations; this digest lets anybody compare two states, or check an export, whatever their
//! histories were. It is SHA-256 over the number of rows, then `key length, key, value length, value` of each in key order, lengths as
//! eight bytes, the first one first. No block holds it: it is made when somebody asks, while the chain goes on.

use depin_quantity::UnitId;
use depin_state::ReadState;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Digest of all rows of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ContentDigest {
    /// Height of the block after which these were the rows.
    pub height: u64,
    /// How many there were.
    pub rows: usize,
    /// The digest.
    pub digest: UnitId,
}

impl ContentDigest {
    /// Of a state that has so many rows.
    pub(crate) fn of(state: &dyn ReadState, height: u64, rows: usize) -> Self {
        let mut hash = Sha256::new().chain_update((rows as u64).to_be_bytes());
        state.scan(&[], true, &mut |key, value| {
            for part in [key, value] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            true
        });
        Self { height, rows, digest: UnitId::new(hash.finalize().into()) }
    }
}
