//! Rounds of randomness, and the one rule of what they judge.
//!
//! A chain, or a simulation, gives one seed after the other, each a round. Whatever a lottery draw or a challenge judges is fixed first
//! ([`BlockContext::fixed`](crate::BlockContext::fixed)): which sectors, which weights. The seed that judges it is that of the round
//! [`SEED_LAG`] rounds later ([`Reads::seed_for`](crate::Reads::seed_for)), and of no other, however late the draw is run: so nobody who has seen a seed can change
//! what it judges, nor have another by putting the draw off. There is no other way to a seed: contexts keep theirs to themselves.
//!
//! In: the round and the seed of the block. Out: seeds for what was fixed. Absent on purpose: where seeds come from, which the chain
//! knows.

use crate::{rows::row, session::work::Work};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::Seed;
use depin_state::{KeyBytes, ReadState, RowKey};
use serde::{Deserialize, Serialize};

/// Rounds from the one in which something is fixed to the one whose seed judges it. The round after the fixing may be known already
/// while a block is made; the one after that is drawn when the block is final.
pub const SEED_LAG: u64 = 2;

/// Rounds whose seeds are kept, for draws that work in blocks was too short for. A draw that comes later still takes the oldest kept.
pub const SEEDS_KEPT: u64 = 256;

/// The newest round of randomness that a block knows, and its seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    pub(crate) round: u64,
    pub(crate) seed: Seed,
}

impl Chance {
    /// No randomness: what waits for it goes on waiting.
    pub const NONE: Self = Self { round: 0, seed: Seed::new([0; 32]) };

    /// Round `round`, from 1 on, with its seed. Rounds rise by one; a block without a new one repeats that of the block before.
    pub const fn new(round: u64, seed: Seed) -> Self {
        Self { round, seed }
    }

    /// The round.
    pub const fn round(&self) -> u64 {
        self.round
    }
}

/// The round in which something was fixed that a later one judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fixed(u64);

impl Fixed {
    pub(crate) const fn of(chance: Chance) -> Self {
        Self(chance.round)
    }

    /// The round.
    pub const fn round(self) -> u64 {
        self.0
    }
}

impl RowKey for Fixed {
    fn write(&self, out: &mut KeyBytes) {
        self.0.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        u64::read(bytes).map(Self)
    }
}

row! {
    /// The seed of a round.
    0x9b u64 => SeedRow {
        /// The seed.
        seed: Seed,
    }
}

/// The seed that judges what was fixed then; `None` until its round has come.
pub fn seed_for(state: &dyn ReadState, fixed: Fixed) -> Option<Seed> {
    state.first_from::<SeedRow>(&fixed.0.saturating_add(SEED_LAG)).map(|(_, row)| row.seed)
}

impl Work<'_> {
    /// Keeps the seed of a round that is new, and forgets the one that is too long ago.
    pub fn keep_seed(&mut self) {
        let Chance { round, seed } = self.chance;
        if round == 0 || self.state.has::<SeedRow>(&round) {
            return;
        }
        self.state.put(&round, &SeedRow { seed });
        if let Some((old, _)) = self.state.first_from::<SeedRow>(&0).filter(|(old, _)| old + SEEDS_KEPT <= round) {
            self.state.delete::<SeedRow>(&old);
        }
    }
}
