//! Reading a chunk in blocks: checked whole once, then block by block, so that whoever sends it needs a block's memory and not a chunk's.
//!
//! A chunk's checksum is the root of BLAKE3's tree over it, and a block is a subtree of that. So reading through a chunk gives its blocks'
//! values, and they give its root: a block is checked by its own value later, with no more hashing than the whole would need.

use super::{CHUNK_BYTES, PieceReader, StoreError, reading::Failed};
use blake3::hazmat::{ChainingValue, HasherExt as _, Mode, left_subtree_len, merge_subtrees_non_root, merge_subtrees_root};
use std::ops::Range;

/// Bytes of payload that are read and checked at once; the last block of a payload may be shorter.
pub const BLOCK_BYTES: u64 = 64 << 10;

/// A chunk that was read through and found sound: what its blocks must be.
#[derive(Clone, Debug)]
pub struct CheckedChunk {
    chunk: u32,
    /// Never empty.
    blocks: Vec<ChainingValue>,
}

impl CheckedChunk {
    /// Which chunk it is.
    pub const fn chunk(&self) -> u32 {
        self.chunk
    }
}

impl PieceReader {
    /// Reads through a chunk and checks it. Found damaged, it is marked so.
    ///
    /// - Errors: [`StoreError::Damaged`] when the chunk fails its checksum, ends early, or the disk cannot read it.
    pub fn check_chunk(&self, chunk: u32) -> Result<CheckedChunk, StoreError> {
        let range = self.chunk_range(chunk);
        let mut blocks = Vec::new();
        let mut buffer = vec![0; BLOCK_BYTES.min(range.end - range.start) as usize];
        for block in blocks_of(&range) {
            let bytes = &mut buffer[..(block.end - block.start) as usize];
            match self.read_exactly(bytes, block.start) {
                Ok(()) => blocks.push(value(bytes, block.start - range.start, range.end - range.start)),
                Err(failed) => return Err(self.failed(chunk, failed)),
            }
        }
        let root = root(&blocks, range.end - range.start);
        if self.is_checksum(chunk, &root) { Ok(CheckedChunk { chunk, blocks }) } else { Err(self.failed(chunk, Failed::Damaged)) }
    }

    /// The block of a checked chunk that payload byte `at` lies in, checked, and the bytes of the payload that it covers; the first or the
    /// last block for a byte before or behind the chunk.
    ///
    /// - Errors: as [`PieceReader::check_chunk`].
    pub fn read_block(&self, checked: &CheckedChunk, at: u64) -> Result<(Range<u64>, Vec<u8>), StoreError> {
        let chunk = self.chunk_range(checked.chunk);
        let index = (at.saturating_sub(chunk.start) / BLOCK_BYTES).min(checked.blocks.len() as u64 - 1);
        let start = chunk.start + index * BLOCK_BYTES;
        let block = start..chunk.end.min(start + BLOCK_BYTES);
        let mut bytes = vec![0; (block.end - block.start) as usize];
        self.read_exactly(&mut bytes, block.start).map_err(|failed| self.failed(checked.chunk, failed))?;
        let found = value(&bytes, block.start - chunk.start, chunk.end - chunk.start);
        if found == checked.blocks[index as usize] {
            Ok((block, bytes))
        } else {
            Err(self.failed(checked.chunk, Failed::Damaged))
        }
    }
}

/// The blocks of a chunk; an empty chunk has one, empty.
fn blocks_of(chunk: &Range<u64>) -> impl Iterator<Item = Range<u64>> + use<> {
    let (start, end) = (chunk.start, chunk.end);
    let count = (end - start).div_ceil(BLOCK_BYTES).max(1);
    (0..count).map(move |index| start + index * BLOCK_BYTES..end.min(start + (index + 1) * BLOCK_BYTES))
}

/// A block's value in the tree of a chunk of `length` bytes: the root itself, where it is all of it.
fn value(bytes: &[u8], offset: u64, length: u64) -> ChainingValue {
    if length <= BLOCK_BYTES {
        return *blake3::hash(bytes).as_bytes();
    }
    blake3::Hasher::new().set_input_offset(offset).update(bytes).finalize_non_root()
}

/// The root of a chunk of `length` bytes over its blocks' values.
fn root(blocks: &[ChainingValue], length: u64) -> [u8; 32] {
    match blocks {
        [only] => *only,
        several => {
            let (left, right) = halves(several, length);
            *merge_subtrees_root(&left, &right, Mode::Hash).as_bytes()
        }
    }
}

fn subtree(blocks: &[ChainingValue], length: u64) -> ChainingValue {
    match blocks {
        [only] => *only,
        several => {
            let (left, right) = halves(several, length);
            merge_subtrees_non_root(&left, &right, Mode::Hash)
        }
    }
}

/// BLAKE3's left subtree is the largest power of two that leaves something to the right: whole blocks, where there is more than one.
fn halves(blocks: &[ChainingValue], length: u64) -> (ChainingValue, ChainingValue) {
    let left = left_subtree_len(length);
    let (first, rest) = blocks.split_at((left / BLOCK_BYTES) as usize);
    (subtree(first, left), subtree(rest, length - left))
}

const _: () = assert!(CHUNK_BYTES.is_multiple_of(BLOCK_BYTES) && BLOCK_BYTES.is_power_of_two() && BLOCK_BYTES >= 1024);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_give_the_checksum_of_their_chunk_whatever_its_length() {
        let bytes: Vec<u8> = (0..CHUNK_BYTES).map(|at| (at.wrapping_mul(0x9E37_79B9) >> 13) as u8).collect();
        let odd = [0, 1, 1_023, 1_025, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES, 5 * BLOCK_BYTES + 7];
        for length in odd.into_iter().chain([CHUNK_BYTES - 1, CHUNK_BYTES]) {
            let chunk = &bytes[..length as usize];
            let blocks: Vec<_> = blocks_of(&(0..length))
                .map(|block| value(&chunk[block.start as usize..block.end as usize], block.start, length))
                .collect();
            assert_eq!(root(&blocks, length), *blake3::hash(chunk).as_bytes(), "{length}");
        }
    }
}
