//! What a device says that it is, and how much work it is to prove it by.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Cores of a claim at most.
pub(crate) const CORES_MOST: u16 = 256;
/// Memory of a claim at most, MiB: 1 TiB.
pub(crate) const MEMORY_MIB_MOST: u32 = 1 << 20;
/// States of all lanes of one work at most: the device keeps some 40 bytes for each.
pub(crate) const STATES_MOST: u64 = 1 << 24;
/// KiB of a region that are filled for one step's check at most: reads of a step, times a region's KiB, times passes.
const STEP_FILL_KIB_MOST: u64 = 1 << 16;

/// What is to be proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Claim {
    /// Cores that work at once, 1 to 256: as many lanes of work are drawn.
    pub cores: u16,
    /// Memory that the work needs all of, MiB, 1 to 2^20 (1 TiB).
    pub memory_mib: u32,
}

/// How much work a claim is proved by. Its figures are a network's parameters; a test takes [`Scale::TRIAL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scale {
    /// KiB of a region of memory, a power of two from 8 to 1024: what a check computes anew to know one block of it.
    pub region_kib: u32,
    /// Passes that fill a region, 1 to 4.
    pub passes: u32,
    /// Blocks of 1 KiB that a step reads, each where the one before says, 4 to 64.
    pub reads: u32,
    /// Products of matrices of 16 by 16 that a step computes, each of the one before, 1 to 65 536.
    pub rounds: u32,
    /// Steps of each lane, 64 to 2^22.
    pub steps: u32,
    /// Square roots, one after the other, that each core's lane adds to what it costs to draw what is checked, 1 to 2^22.
    pub delay: u32,
}

/// What is wrong with a claim or a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// A figure outside its range.
    #[error("{what} is {is}, and may be {least} to {most}")]
    Range {
        /// Which figure.
        what: &'static str,
        /// What it is.
        is: u64,
        /// The least that is allowed.
        least: u64,
        /// The most that is allowed.
        most: u64,
    },
    /// A region's size is no power of two.
    #[error("a region of {0} KiB is no power of two; take 8, 16, 32, 64, 128, 256, 512 or 1024")]
    Region(u32),
    /// A step would be too much to check.
    #[error(
        "a step's check would fill {is} KiB ({reads} reads × {region_kib} KiB × {passes} passes), at most {most}; lower one of them"
    )]
    Step {
        /// What it would fill.
        is: u64,
        /// Reads of a step.
        reads: u32,
        /// KiB of a region.
        region_kib: u32,
        /// Passes of a region.
        passes: u32,
        /// The most that is allowed.
        most: u64,
    },
    /// More states than a device is asked to keep.
    #[error("{cores} cores × {steps} steps are {is} states, at most {most}; lower the steps")]
    States {
        /// Cores of the claim.
        cores: u16,
        /// Steps of the scale.
        steps: u32,
        /// States of both.
        is: u64,
        /// The most that is allowed.
        most: u64,
    },
}

impl Claim {
    /// Order of refusals: cores, memory.
    pub fn check(&self) -> Result<(), ClaimError> {
        range("cores", self.cores.into(), 1, CORES_MOST.into())?;
        range("memory in MiB", self.memory_mib.into(), 1, MEMORY_MIB_MOST.into())
    }
}

impl Scale {
    /// Meant for more than 20 s of work for each core of a current processor; what was measured stands in `docs/cluster-checks.md`.
    pub const PRODUCTION: Self = Self { region_kib: 32, passes: 3, reads: 24, rounds: 48, steps: 65_535, delay: 800_000 };
    /// Milliseconds of work, for tests. It proves nothing about a machine.
    pub const TRIAL: Self = Self { region_kib: 8, passes: 1, reads: 4, rounds: 1, steps: 64, delay: 16 };

    /// Memory that a device needs beside what it claims, MiB, rounded up: 64 bytes for each state of each core, and 2 MiB a thread.
    pub fn beside_mib(&self, cores: u16) -> u32 {
        let bytes = u64::from(cores) * ((u64::from(self.steps) + 1) * 64 + (2 << 20));
        // At most 2^16 cores and 2^32 steps: below 2^35 MiB, and within bounds far less.
        u32::try_from(bytes.div_ceil(1 << 20)).unwrap_or(u32::MAX)
    }

    /// Order of refusals: region, passes, reads, rounds, steps, delay, what a step's check fills.
    pub fn check(&self) -> Result<(), ClaimError> {
        range("a region in KiB", self.region_kib.into(), 8, 1024)?;
        if !self.region_kib.is_power_of_two() {
            return Err(ClaimError::Region(self.region_kib));
        }
        range("passes", self.passes.into(), 1, 4)?;
        range("reads of a step", self.reads.into(), 4, 64)?;
        range("products of a step", self.rounds.into(), 1, 65_536)?;
        range("steps of a lane", self.steps.into(), 64, 1 << 22)?;
        range("square roots of the delay", self.delay.into(), 1, 1 << 22)?;
        let is = u64::from(self.reads) * u64::from(self.region_kib) * u64::from(self.passes);
        if is > STEP_FILL_KIB_MOST {
            let (reads, region_kib, passes) = (self.reads, self.region_kib, self.passes);
            return Err(ClaimError::Step { is, reads, region_kib, passes, most: STEP_FILL_KIB_MOST });
        }
        Ok(())
    }
}

fn range(what: &'static str, is: u64, least: u64, most: u64) -> Result<(), ClaimError> {
    if (least..=most).contains(&is) { Ok(()) } else { Err(ClaimError::Range { what, is, least, most }) }
}
