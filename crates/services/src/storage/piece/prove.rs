//! Making a leaf's proof from a little payload and the tree cache.
//!
//! The caller asks [`Subtree::of_leaf`] which payload bytes matter, reads just those, and calls [`prove_leaf`] with a way to
//! read cache nodes (from memory or from a file). The proof is checked before it is handed out, so damaged payload or a
//! damaged cache gives an error and never a proof that the ledger would refuse.

use super::cache::{BASE_HEIGHT, TreeCache};
use super::commitment::Commitment;
use super::fr32::expand_into;
use super::layers::fold;
use super::node::{Node, zeros};
use super::proof::{LeafProof, ProofError};
use super::size::PieceSize;
use std::ops::Range;

/// The part of a piece below one node of the cache's base layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subtree {
    /// Place of its root in the base layer.
    pub index: u64,
    /// Its payload: byte offsets in the zero-padded payload. The stored payload may end before or within it.
    pub payload: Range<u64>,
}

/// Why no proof could be made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    /// The leaf lies outside of the piece.
    #[error("leaf {index} does not exist; the piece has leaves 0 to {last}")]
    IndexOutOfRange {
        /// The leaf asked for.
        index: u64,
        /// The last leaf.
        last: u64,
    },
    /// More payload than the subtree has.
    #[error("{got} payload bytes were given for a subtree that has {expected}; read just the range of the subtree")]
    TooMuchPayload {
        /// Bytes given.
        got: usize,
        /// Bytes that the subtree covers.
        expected: u64,
    },
    /// The payload does not hash to its node in the cache.
    #[error(
        "the payload of subtree {subtree} does not match the tree cache; payload or cache is damaged, or the range was cut short"
    )]
    PayloadDiffers {
        /// Place of the subtree in the base layer.
        subtree: u64,
    },
    /// The payload matches the cache, but the path does not reach the commitment.
    #[error("the tree cache does not lead to the piece's commitment; rebuild it from the payload")]
    CacheDamaged,
    /// Reading a cache node failed.
    #[error("a node of the tree cache could not be read")]
    Cache(#[source] E),
}

impl Subtree {
    /// The subtree that holds leaf `index`; `None` when the piece has no such leaf.
    pub fn of_leaf(size: PieceSize, index: u64) -> Option<Self> {
        if index >= size.leaves() {
            return None;
        }
        let height = TreeCache::base_height(size);
        let subtree = index >> height;
        // 127 payload bytes for every four leaves; a piece has at least four.
        let bytes = 127 << (height - 2);
        Some(Self { index: subtree, payload: subtree * bytes..(subtree + 1) * bytes })
    }
}

/// Proves leaf `index` of the piece `commitment` of `size`.
///
/// - `payload`: the stored bytes of [`Subtree::of_leaf`]'s range; what the stored payload does not reach is zero and left out.
/// - `node`: reads one node of the cache, by height and place; called at most 22 times.
/// - Cost: at most 1,023 + 31 node hashes.
/// - Errors: [`ProveError`]; the proof handed out always verifies.
pub fn prove_leaf<E>(
    commitment: &Commitment,
    size: PieceSize,
    index: u64,
    payload: &[u8],
    mut node: impl FnMut(u32, u64) -> Result<Node, E>,
) -> Result<LeafProof, ProveError<E>> {
    let out_of_range = ProveError::IndexOutOfRange { index, last: size.leaves() - 1 };
    let subtree = Subtree::of_leaf(size, index).ok_or(out_of_range)?;
    let expected = subtree.payload.end - subtree.payload.start;
    if payload.len() as u64 > expected {
        return Err(ProveError::TooMuchPayload { got: payload.len(), expected });
    }
    let base = TreeCache::base_height(size);
    let (leaf, mut path, root) = climb(payload, index & ((1 << base) - 1), base);
    if root != node(base, subtree.index).map_err(ProveError::Cache)? {
        return Err(ProveError::PayloadDiffers { subtree: subtree.index });
    }
    for height in base..size.height() {
        path.push(node(height, index >> height ^ 1).map_err(ProveError::Cache)?);
    }
    let proof = LeafProof { leaf, path };
    match proof.verify(commitment, size, index) {
        Ok(()) => Ok(proof),
        Err(ProofError::IndexOutOfRange { .. } | ProofError::PathLength { .. }) => {
            unreachable!("the index was checked and the path has one sibling per layer")
        }
        Err(ProofError::TopBits { .. } | ProofError::RootMismatch) => Err(ProveError::CacheDamaged),
    }
}

/// Leaf `place` of the subtree over `payload`, its siblings below the subtree's root, and that root.
fn climb(payload: &[u8], place: u64, height: u32) -> (Node, Vec<Node>, Node) {
    let mut layer = Vec::with_capacity(1 << BASE_HEIGHT);
    expand_into(payload, &mut layer);
    let at = |layer: &[Node], place: u64, height: u32| layer.get(place as usize).copied().unwrap_or(*zeros(height));
    let leaf = at(&layer, place, 0);
    let mut path = Vec::with_capacity(PieceSize::MAX.height() as usize);
    for level in 0..height {
        path.push(at(&layer, place >> level ^ 1, level));
        fold(&mut layer, level);
    }
    (leaf, path, at(&layer, 0, height))
}

impl TreeCache {
    /// [`prove_leaf`] with a cache in memory.
    ///
    /// - Errors: [`ProveError`], except `Cache`: every node that is asked for is there.
    pub fn prove(
        &self,
        commitment: &Commitment,
        index: u64,
        payload: &[u8],
    ) -> Result<LeafProof, ProveError<std::convert::Infallible>> {
        prove_leaf(commitment, self.size(), index, payload, |height, place| {
            Ok(*self.node(height, place).expect("a proof asks only for nodes that a cache of this size holds"))
        })
    }
}
