//! The work that a seed draws for a device.

use crate::{
    answer::PROBES_MOST,
    answer::nodes_most,
    claim::{Claim, ClaimError, STATES_MOST, Scale},
    tree::depth,
};
use depin_quantity::{Seed, UnitId};

/// Chains of square roots at most: each has 16 bytes of the answer.
const CHAINS_MOST: u16 = 8;

/// What one device is to do now. Everything in it follows from seed, device, claim and scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    claim: Claim,
    scale: Scale,
    key: [u8; 32],
}

impl Work {
    /// Draws the work. `seed` is randomness that nobody knew before the claim was fixed; `device` makes the work of any two devices differ.
    ///
    /// `key = BLAKE3 derive-key("depin 2026-11 challenge of cores and memory", seed ‖ device ‖ borsh(claim) ‖ borsh(scale))`
    ///
    /// Order of refusals: claim, scale, states of both.
    pub fn draw(seed: Seed, device: UnitId, claim: Claim, scale: Scale) -> Result<Self, ClaimError> {
        claim.check()?;
        scale.check()?;
        let is = u64::from(claim.cores) * (u64::from(scale.steps) + 1);
        if is > STATES_MOST {
            return Err(ClaimError::States { cores: claim.cores, steps: scale.steps, is, most: STATES_MOST });
        }
        let mut hasher = blake3::Hasher::new_derive_key("depin 2026-11 challenge of cores and memory");
        hasher.update(&seed.get()).update(&device.get());
        hasher.update(&borsh::to_vec(&(claim, scale)).expect("writing to memory does not fail"));
        Ok(Self { claim, scale, key: *hasher.finalize().as_bytes() })
    }

    /// What is to be proved.
    pub const fn claim(&self) -> Claim {
        self.claim
    }

    /// How much work it is proved by.
    pub const fn scale(&self) -> Scale {
        self.scale
    }

    /// Blocks of 1 KiB that the claimed memory holds: whole regions; what is left of the last MiB is none, as a region divides it.
    pub const fn blocks(&self) -> u64 {
        self.claim.memory_mib as u64 * 1024
    }

    /// Regions of the claimed memory.
    pub(crate) const fn regions(&self) -> u64 {
        self.blocks() / self.scale.region_kib as u64
    }

    /// Transitions from one state to the next, over all lanes: what checks are drawn from.
    pub const fn transitions(&self) -> u64 {
        self.claim.cores as u64 * self.scale.steps as u64
    }

    /// States over all lanes: the leaves of the commitment.
    pub(crate) const fn states(&self) -> u64 {
        self.claim.cores as u64 * (self.scale.steps as u64 + 1)
    }

    /// Transitions that a check looks at: as many as fit into an answer, 16 at most.
    pub fn probes(&self) -> usize {
        let depth = depth(self.states());
        let fits = |probes: &usize| probes * (depth - probes.ilog2() as usize + 2) <= nodes_most(*probes);
        (1..=PROBES_MOST).rev().find(fits).unwrap_or(1)
    }

    /// Chains of square roots that the device computes at once, and the roots of each.
    pub(crate) fn chains(&self) -> (u8, u32) {
        let chains = self.claim.cores.min(CHAINS_MOST);
        (chains as u8, self.scale.delay * u32::from(self.claim.cores.div_ceil(chains)))
    }

    /// BLAKE3 under the work's key, with `tag` in front.
    pub(crate) fn hash(&self, tag: Tag, parts: &[&[u8]]) -> blake3::Hasher {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&[tag as u8]);
        for part in parts {
            hasher.update(part);
        }
        hasher
    }
}

/// Keeps the uses of one key apart. The parts behind a tag have fixed lengths.
#[derive(Clone, Copy)]
pub(crate) enum Tag {
    /// The password of a region's Argon2.
    Region = 1,
    /// The first state of a lane.
    Start = 2,
    /// What a step begins with.
    Step = 3,
    /// What a step ends with.
    End = 4,
    /// A leaf of the tree.
    Leaf = 5,
    /// A node of the tree.
    Node = 6,
    /// Where a chain of square roots begins, and its constant.
    Chain = 7,
    /// Which transitions are checked, by the commitment itself.
    Committed = 8,
    /// Which transitions are checked, by randomness that was drawn later.
    Drawn = 9,
}
