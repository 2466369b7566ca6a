//! Tree nodes and the one hash over them.

use sha2::block_api::compress256;
use std::sync::LazyLock;

/// A leaf or an inner node of a piece's tree: 32 bytes, of which the top two bits of the last are zero.
pub type Node = [u8; 32];

/// Bits of a node's last byte that a 254-bit value cannot use.
pub(super) const TOP_BITS: u8 = 0b1100_0000;

/// Initial state of SHA-256 (FIPS 180-4, section 5.3.3).
const INITIAL: [u32; 8] = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

/// The second block of every node hash: SHA-256's padding of a message of exactly 64 bytes.
const PADDING: [u8; 64] = {
    let mut block = [0; 64];
    block[0] = 0x80;
    // The message length in bits, 512, as a big-endian u64 at the end.
    block[62] = 0x02;
    block
};

/// SHA-256 of `left ‖ right` with the top two bits of the last byte cleared.
///
/// Calls the raw compression function: the message is always one block, so its padding block is a constant, and the
/// general hasher's buffering would cost more than a tenth of the time.
#[inline]
pub(super) fn parent(left: &Node, right: &Node) -> Node {
    let mut blocks = [[0; 64], PADDING];
    blocks[0][..32].copy_from_slice(left);
    blocks[0][32..].copy_from_slice(right);
    let mut state = INITIAL;
    compress256(&mut state, &blocks);
    let mut node = [0; 32];
    for (bytes, word) in node.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    node[31] &= !TOP_BITS;
    node
}

/// Roots of all-zero subtrees by height, from one leaf to the largest piece.
static ZEROS: LazyLock<[Node; 32]> = LazyLock::new(|| {
    let mut roots = [[0; 32]; 32];
    for height in 1..roots.len() {
        roots[height] = parent(&roots[height - 1], &roots[height - 1]);
    }
    roots
});

/// Root of a subtree of `height` whose leaves are all zero. Heights above 31 exist in no piece.
pub(super) fn zeros(height: u32) -> &'static Node {
    &ZEROS[height as usize]
}
