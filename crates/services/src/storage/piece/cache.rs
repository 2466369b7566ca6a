//! The upper layers of a piece's tree, kept by a provider beside the payload.
//!
//! Proving a leaf needs every sibling on its path. Hashing a 16 MiB piece anew for each would cost half a million hashes;
//! keeping the whole tree would double the disk. The cache keeps the layers from [`BASE_HEIGHT`] up: 1/512 of the piece, so
//! that a proof reads 32 KiB of payload and hashes 1,023 nodes.

use super::commitment::Commitment;
use super::layers;
use super::node::{Node, zeros};
use super::size::PieceSize;

/// Height of the lowest layer kept: each of its nodes stands for 2^10 leaves, 32 KiB of piece, 32,512 bytes of payload.
/// Smaller pieces keep their root only.
pub(super) const BASE_HEIGHT: u32 = 10;

/// The layers of a tree from the base layer to the root, lowest first, each from left to right.
///
/// The bytes are the nodes one after another and nothing else, so that a file of them can be read at
/// [`TreeCache::node_offset`] without loading it whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeCache {
    size: PieceSize,
    nodes: Vec<Node>,
}

/// Why bytes are not a sound cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// Another length than the piece size demands.
    #[error("the tree cache has {got} bytes, a piece of {size} bytes needs exactly {expected}; rebuild it from the payload")]
    Length {
        /// Bytes given.
        got: u64,
        /// Bytes needed.
        expected: u64,
        /// The piece size.
        size: PieceSize,
    },
    /// A node is not the hash of the two below it.
    #[error(
        "node {index} at height {height} of the tree cache does not follow from the layer below; rebuild it from the payload"
    )]
    Node {
        /// Height of the wrong node above the leaves.
        height: u32,
        /// Its place in its layer.
        index: u64,
    },
    /// The layers agree with each other, but belong to another piece.
    #[error("the tree cache belongs to piece {found}, not to {expected}; rebuild it from the payload")]
    OtherPiece {
        /// The piece whose root the cache ends in.
        found: Commitment,
        /// The piece it was meant for.
        expected: Commitment,
    },
}

impl TreeCache {
    /// Height of the lowest layer in the cache of a piece: 10, or the piece's own height where that is less.
    pub const fn base_height(size: PieceSize) -> u32 {
        if size.height() < BASE_HEIGHT { size.height() } else { BASE_HEIGHT }
    }

    /// Length in bytes of the cache of a piece: 32 × (2 × base nodes − 1), at most 1/512 of the piece or 32 bytes.
    pub const fn bytes_for(size: PieceSize) -> u64 {
        32 * nodes_for(size)
    }

    /// Byte offset in the cache of node `index` of the layer at `height`; `None` when the cache holds no such node.
    pub const fn node_offset(size: PieceSize, height: u32, index: u64) -> Option<u64> {
        if height < Self::base_height(size) || height > size.height() || index >= size.leaves() >> height {
            return None;
        }
        // Layers below `height` hold 2^(H-base+1) - 2^(H-height+1) nodes, H being the piece's height.
        let before = nodes_for(size) + 1 - ((size.leaves() >> height) << 1);
        Some(32 * (before + index))
    }

    /// Takes the bytes of a stored cache. Only the length is checked: a proof made with a damaged cache fails its own check,
    /// and [`TreeCache::check`] finds the damage without the payload.
    ///
    /// - Errors: [`CacheError::Length`].
    pub fn from_bytes(size: PieceSize, bytes: &[u8]) -> Result<Self, CacheError> {
        if bytes.len() as u64 != Self::bytes_for(size) {
            return Err(CacheError::Length { got: bytes.len() as u64, expected: Self::bytes_for(size), size });
        }
        let (nodes, _) = bytes.as_chunks::<32>();
        Ok(Self { size, nodes: nodes.to_vec() })
    }

    /// Hashes the upper layers from a base layer, which is filled up with zero subtrees on its right.
    pub(super) fn build(size: PieceSize, mut base: Vec<Node>) -> Self {
        let bottom = Self::base_height(size);
        let mut nodes = Vec::with_capacity(nodes_for(size) as usize);
        for height in bottom..=size.height() {
            let full = nodes.len() + (size.leaves() >> height) as usize;
            nodes.extend_from_slice(&base);
            nodes.resize(full, *zeros(height));
            if height < size.height() {
                layers::fold(&mut base, height);
            }
        }
        Self { size, nodes }
    }

    /// Checks that every node follows from the layer below and that the root is `commitment`. Costs one hash per node above
    /// the base layer; the base layer itself is bound by the root.
    ///
    /// - Errors: [`CacheError::Node`] for the first wrong node, [`CacheError::OtherPiece`] for another root.
    pub fn check(&self, commitment: &Commitment) -> Result<(), CacheError> {
        let bottom = Self::base_height(self.size);
        let rebuilt = Self::build(self.size, self.nodes[..(self.size.leaves() >> bottom) as usize].to_vec());
        if let Some(wrong) = rebuilt.nodes.iter().zip(&self.nodes).position(|(right, kept)| right != kept) {
            let (height, index) = place(self.size, wrong as u64);
            return Err(CacheError::Node { height, index });
        }
        let found = *self.root();
        if found == *commitment.as_bytes() {
            Ok(())
        } else {
            // A root with its top bits set was not hashed here, so it cannot be named; mask it for the message only.
            let mut root = found;
            root[31] &= 0x3f;
            Err(CacheError::OtherPiece { found: Commitment::of_root(root), expected: *commitment })
        }
    }

    /// The piece's size.
    pub const fn size(&self) -> PieceSize {
        self.size
    }

    /// The root, which is the piece's commitment when the cache is sound.
    pub fn root(&self) -> &Node {
        self.nodes.last().expect("a cache holds at least the root")
    }

    /// Node `index` of the layer at `height`; `None` when the cache holds no such node.
    pub fn node(&self, height: u32, index: u64) -> Option<&Node> {
        let offset = Self::node_offset(self.size, height, index)?;
        self.nodes.get((offset / 32) as usize)
    }

    /// The bytes to store: [`TreeCache::bytes_for`] of them.
    pub fn as_bytes(&self) -> &[u8] {
        self.nodes.as_flattened()
    }
}

const fn nodes_for(size: PieceSize) -> u64 {
    ((size.leaves() >> TreeCache::base_height(size)) << 1) - 1
}

/// Height and place in its layer of the n-th node of a cache.
fn place(size: PieceSize, nth: u64) -> (u32, u64) {
    let mut left = nth;
    for height in TreeCache::base_height(size)..size.height() {
        let layer = size.leaves() >> height;
        if left < layer {
            return (height, left);
        }
        left -= layer;
    }
    (size.height(), left)
}
