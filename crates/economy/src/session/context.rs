//! What a session works in: time and randomness, both given from outside.

use crate::{Chance, Fixed};
use depin_quantity::Instant;

/// The time and the randomness of a block, or of a simulation's step. There is no default: randomness that is forgotten is
/// randomness that everybody foresees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockContext {
    /// Ledger time.
    pub now: Instant,
    pub(crate) chance: Chance,
}

impl BlockContext {
    /// The context of a block at `now` that knows this randomness.
    pub const fn new(now: Instant, chance: Chance) -> Self {
        Self { now, chance }
    }

    /// The round in which whatever this block fixes is fixed: a seed that is not drawn yet judges it, see [`crate::Reads::seed_for`].
    pub const fn fixed(&self) -> Fixed {
        Fixed::of(self.chance)
    }
}
