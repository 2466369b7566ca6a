//! What a session works in: time and randomness, both given from outside.

use depin_quantity::{Instant, Seed};

/// The time and the randomness of a block, or of a simulation's step. There is no default: randomness that is forgotten is
/// randomness that everybody foresees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockContext {
    /// Ledger time.
    pub now: Instant,
    /// What lottery draws and challenges are drawn by: fixed after whatever they judge was committed, the same for the whole block.
    pub seed: Seed,
}

impl BlockContext {
    /// The context of a block at `now` whose randomness is `seed`.
    pub const fn new(now: Instant, seed: Seed) -> Self {
        Self { now, seed }
    }
}
