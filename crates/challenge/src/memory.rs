//! The claimed memory: regions that Argon2d fills, each by itself, from the work's key and the region's number.
//!
//! A region's blocks cost a pass over all blocks before them to know, so whoever keeps the memory reads a block at once, and whoever does
//! not computes a region for it. The ledger is one who does not: it computes the few regions that drawn steps read, and so needs no
//! commitment to the memory.

use crate::{
    error::SolveError,
    work::{Tag, Work},
};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use std::sync::atomic::{AtomicBool, Ordering};

/// Words of a block of 1 KiB.
pub(crate) const WORDS: usize = 128;

/// Where a step reads blocks.
pub(crate) trait Blocks {
    /// A block's words; `index` is below [`Work::blocks`].
    fn block(&mut self, index: u64) -> &[u64; WORDS];
}

/// Fills a region. Source: RFC 9106, Argon2d version 0x13, one lane, memory of the region's size, `passes` iterations; password
/// `BLAKE3-keyed(1 ‖ region_be64)`, salt `depin-region`; what Argon2 would make of the memory in the end is not computed.
fn fill(work: &Work, region: u64, blocks: &mut [Block]) {
    let scale = work.scale();
    let params = Params::new(scale.region_kib, scale.passes, 1, None).expect("a scale's figures are within Argon2's");
    let password = work.hash(Tag::Region, &[&region.to_be_bytes()]).finalize();
    Argon2::new(Algorithm::Argon2d, Version::V0x13, params)
        .fill_memory(password.as_bytes(), b"depin-region", blocks)
        .expect("the blocks are as many as the parameters say");
}

fn words(block: &Block) -> &[u64; WORDS] {
    block.as_ref().first_chunk().expect("a block of Argon2 has 128 words")
}

/// All of it, in one part for each core.
pub(crate) struct Memory {
    parts: Vec<Vec<Block>>,
    part_blocks: u64,
}

impl Memory {
    /// Fills it, each part by a thread; `None` when `stop` was set.
    pub(crate) fn fill(work: &Work, stop: &AtomicBool) -> Result<Option<Self>, SolveError> {
        let claim = work.claim();
        let part_regions = work.regions().div_ceil(claim.cores.into());
        let region_blocks = work.scale().region_kib as usize;
        let fill_part = |first: u64| -> Result<Vec<Block>, SolveError> {
            let end = (first + part_regions).min(work.regions());
            let length = usize::try_from(end.saturating_sub(first)).unwrap_or(usize::MAX).saturating_mul(region_blocks);
            let mut part = Vec::new();
            part.try_reserve_exact(length).map_err(|_| SolveError::Memory { mib: claim.memory_mib })?;
            let mut room = vec![Block::new(); region_blocks];
            for region in first..end {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                fill(work, region, &mut room);
                part.extend_from_slice(&room);
            }
            Ok(part)
        };
        let firsts: Vec<u64> = (0..u64::from(claim.cores)).map(|core| core * part_regions).collect();
        let parts = crate::solve::each_on_a_thread(&firsts, |first| fill_part(*first))?;
        let parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        Ok(Some(Self { parts, part_blocks: part_regions * region_blocks as u64 }))
    }
}

impl Blocks for &Memory {
    fn block(&mut self, index: u64) -> &[u64; WORDS] {
        words(&self.parts[(index / self.part_blocks) as usize][(index % self.part_blocks) as usize])
    }
}

/// None of it but the region that was read last.
pub(crate) struct Anew<'a> {
    work: &'a Work,
    region: Option<u64>,
    room: Vec<Block>,
    /// Regions that were filled.
    pub(crate) filled: u64,
}

impl<'a> Anew<'a> {
    pub(crate) fn new(work: &'a Work) -> Self {
        Self { work, region: None, room: vec![Block::new(); work.scale().region_kib as usize], filled: 0 }
    }
}

impl Blocks for Anew<'_> {
    fn block(&mut self, index: u64) -> &[u64; WORDS] {
        let region_blocks = u64::from(self.work.scale().region_kib);
        let region = index / region_blocks;
        if self.region != Some(region) {
            fill(self.work, region, &mut self.room);
            self.region = Some(region);
            self.filled += 1;
        }
        words(&self.room[(index % region_blocks) as usize])
    }
}

#[cfg(test)]
mod tests;
