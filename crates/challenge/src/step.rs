//! One step of a lane: reads that depend on each other, then products of what was read.

use crate::{
    answer::State,
    memory::{Blocks, WORDS},
    product::{ELEMENTS, Kernel, Matrix},
    work::{Tag, Work},
};

/// The state that a lane begins with.
pub(crate) fn start(work: &Work, lane: u16) -> State {
    state(work.hash(Tag::Start, &[&lane.to_be_bytes()]))
}

/// The state behind `before`, which is the lane's `number`-th from 0.
///
/// ```text
/// y(0)   = BLAKE3-keyed(3 ‖ lane_be16 ‖ number_be32 ‖ before)
/// i(r)   = floor(le64(y(r)[0..8]) * blocks / 2^64)
/// y(r+1) = BLAKE3(key = y(r), block i(r))                           r = 0 … reads-1
/// a, b   = the last four blocks read, two for each matrix
/// after  = BLAKE3-keyed(4 ‖ y(reads) ‖ x(rounds))[0..16]            x as `Kernel::iterate` says, words in little-endian order
/// ```
///
/// Lane and number are in it, so that no two transitions are the same work, whatever states a device puts before them.
pub(crate) fn next(
    work: &Work,
    (lane, number): (u16, u32),
    before: &State,
    blocks: &mut impl Blocks,
    kernel: &dyn Kernel,
) -> State {
    let scale = work.scale();
    let mut y = *work.hash(Tag::Step, &[&lane.to_be_bytes(), &number.to_be_bytes(), before]).finalize().as_bytes();
    let mut operands = [[0; ELEMENTS]; 2];
    let mut bytes = [0; WORDS * 8];
    for read in 0..scale.reads {
        let first = u64::from_le_bytes(*y.first_chunk().expect("a hash has 32 bytes"));
        let index = (u128::from(first) * u128::from(work.blocks())) >> 64;
        let block = blocks.block(index as u64);
        for (bytes, word) in bytes.chunks_exact_mut(8).zip(block) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        if let Some(last) = (read + 4).checked_sub(scale.reads) {
            let half = &mut operands[last as usize / 2];
            half[last as usize % 2 * WORDS..][..WORDS].copy_from_slice(block);
        }
        y = *blake3::keyed_hash(&y, &bytes).as_bytes();
    }
    let [a, b] = &operands;
    let x = kernel.iterate(&Matrix::of_words(a), &Matrix::of_words(b), scale.rounds);
    let mut hasher = work.hash(Tag::End, &[&y]);
    for element in x.elements() {
        hasher.update(&element.to_le_bytes());
    }
    state(hasher)
}

fn state(hasher: blake3::Hasher) -> State {
    *hasher.finalize().as_bytes().first_chunk().expect("a hash has 32 bytes")
}
