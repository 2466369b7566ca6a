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
    speed: u32,
}

impl BlockContext {
    /// The context of a block at `now` that knows this randomness.
    pub const fn new(now: Instant, chance: Chance) -> Self {
        Self { now, chance, speed: 1 }
    }

    /// The same where ledger time runs at so many milliseconds a millisecond, as a development chain's may. Rules that wait for machines
    /// and radios, which no chain makes quicker, count by it.
    #[must_use]
    pub const fn at_speed(self, speed: u32) -> Self {
        Self { speed: if speed == 0 { 1 } else { speed }, ..self }
    }

    /// Milliseconds of ledger time in one of the wall clock.
    pub const fn speed(&self) -> u32 {
        self.speed
    }

    /// The round in which whatever this block fixes is fixed: a seed that is not drawn yet judges it, see [`crate::Reads::seed_for`].
    pub const fn fixed(&self) -> Fixed {
        Fixed::of(self.chance)
    }
}
