//! Fr32 expansion: 127 payload bytes become four 32-byte leaves of 254 bits each.
//!
//! The 1,016 bits are read little-endian, least significant bit first, and cut into four runs of 254; each run is written as
//! 32 little-endian bytes, whose top two bits stay zero. So every leaf is an element of BLS12-381's scalar field.

use super::node::Node;

/// Payload bytes that one expansion step takes.
pub(super) const BLOCK_BYTES: usize = 127;

/// Leaves that one expansion step gives.
pub(super) const BLOCK_LEAVES: usize = 4;

/// The 62 bits that a leaf's last word may use.
const LAST_WORD: u64 = u64::MAX >> 2;

/// Expands one block.
#[inline]
pub(super) fn expand_block(block: &[u8; BLOCK_BYTES]) -> [Node; BLOCK_LEAVES] {
    let mut padded = [0; BLOCK_BYTES + 1];
    padded[..BLOCK_BYTES].copy_from_slice(block);
    let mut words = [0u64; 16];
    for (word, bytes) in words.iter_mut().zip(padded.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    // Leaf i starts at bit 254·i, that is at word 4·i, less 2·i bits: shift that many bits up from the word before.
    let mut leaves = [[0; 32]; BLOCK_LEAVES];
    for (i, leaf) in leaves.iter_mut().enumerate() {
        for (j, bytes) in leaf.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            let at = 4 * i + j;
            let carried = if i == 0 { 0 } else { words[at - 1] >> (64 - 2 * i) };
            let mut word = words[at] << (2 * i) | carried;
            if j == 3 {
                word &= LAST_WORD;
            }
            *bytes = word.to_le_bytes();
        }
    }
    leaves
}

/// Expands `payload`, zero-padded to whole blocks, and appends the leaves to `leaves`.
pub(super) fn expand_into(payload: &[u8], leaves: &mut Vec<Node>) {
    let (blocks, rest) = payload.as_chunks::<BLOCK_BYTES>();
    for block in blocks {
        leaves.extend_from_slice(&expand_block(block));
    }
    if !rest.is_empty() {
        let mut last = [0; BLOCK_BYTES];
        last[..rest.len()].copy_from_slice(rest);
        leaves.extend_from_slice(&expand_block(&last));
    }
}
