//! What answering and checking cost, in operations: the same on every machine.

use crate::{delay::SQUARINGS, product::ELEMENTS, product::MATRIX_SIDE, work::Work};

/// Operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Blocks of 1 KiB that Argon2 compresses.
    pub fills: u64,
    /// Blocks of 1 KiB that are read where nothing foretold, and hashed.
    pub reads: u64,
    /// Multiplications in the field of products.
    pub products: u64,
    /// Squarings modulo `2^127 - 1`.
    pub squarings: u64,
    /// Hashes of states, leaves and nodes.
    pub hashes: u64,
}

impl Cost {
    /// One figure, by which costs are compared with each other: round numbers of picoseconds of a core. What a machine really takes, and
    /// how the kinds relate there, `benches/check.rs` measures.
    pub const fn weighed(&self) -> u64 {
        self.fills * 750_000 + self.reads * 1_200_000 + self.products * 1_200 + self.squarings * 5_000 + self.hashes * 120_000
    }

    /// Those of the delay alone.
    #[cfg(test)]
    pub(crate) const fn squarings_weighed(&self) -> f64 {
        (self.squarings * 5_000) as f64
    }
}

impl Work {
    /// What answering costs all cores together.
    pub fn cost(&self) -> Cost {
        let scale = self.scale();
        let (chains, roots) = self.chains();
        Cost {
            fills: self.blocks() * u64::from(scale.passes),
            reads: self.transitions() * u64::from(scale.reads),
            products: self.transitions() * products(scale.rounds),
            squarings: u64::from(chains) * u64::from(roots) * u64::from(SQUARINGS + 1),
            hashes: self.transitions() * 2 + self.states() * 2,
        }
    }

    /// What checking costs at most.
    pub fn check_cost(&self) -> Cost {
        let scale = self.scale();
        let (chains, roots) = self.chains();
        let probes = self.probes() as u64;
        let reads = probes * u64::from(scale.reads);
        Cost {
            fills: reads * u64::from(scale.region_kib) * u64::from(scale.passes),
            reads,
            products: probes * products(scale.rounds),
            squarings: u64::from(chains) * u64::from(roots),
            hashes: probes * 4 + 160,
        }
    }
}

const fn products(rounds: u32) -> u64 {
    rounds as u64 * (ELEMENTS * MATRIX_SIDE + ELEMENTS) as u64
}
