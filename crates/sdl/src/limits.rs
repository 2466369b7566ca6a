//! How much a replica and a group may take. Storage has no limit by group, and neither units nor replicas are counted: upstream has
//! the figures and does not use them.

use std::ops::RangeInclusive;

/// Thousandths of a CPU of one replica.
pub const CPU_MILLI: RangeInclusive<u64> = 10..=384_000;
/// GPUs of one replica.
pub const GPU: RangeInclusive<u64> = 0..=24;
/// Bytes of memory of one replica: 1 MiB to 2 TiB.
pub const MEMORY: RangeInclusive<u64> = 1 << 20..=2 << 40;
/// Bytes of one volume: 5 MiB to 32 TiB.
pub const VOLUME: RangeInclusive<u64> = 5 << 20..=32 << 40;
/// A group takes at most so many times what a replica may.
pub const GROUP_FACTOR: u128 = 50;

/// What the replicas of a group take together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    cpu: u128,
    gpu: u128,
    memory: u128,
}

impl Totals {
    /// With `count` more replicas of so much. 64 bits by 32 bits, some thousand times, stay far below 128 bits.
    pub fn with(self, cpu: u64, gpu: u64, memory: u64, count: u32) -> Self {
        let times = |value: u64| u128::from(value) * u128::from(count);
        Self { cpu: self.cpu + times(cpu), gpu: self.gpu + times(gpu), memory: self.memory + times(memory) }
    }

    /// What of it is too much, or nothing at all: what it is called, how much, and how much may be.
    pub fn wrong(self) -> Option<(&'static str, u128, u128)> {
        let most = |range: RangeInclusive<u64>| u128::from(*range.end()) * GROUP_FACTOR;
        [
            ("thousandths of a CPU", self.cpu, most(CPU_MILLI), false),
            ("GPUs", self.gpu, most(GPU), true),
            ("bytes of memory", self.memory, most(MEMORY), false),
        ]
        .into_iter()
        .find(|(_, total, most, nothing_is_fine)| total > most || (*total == 0 && !nothing_is_fine))
        .map(|(what, total, most, _)| (what, total, most))
    }
}
