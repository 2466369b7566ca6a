//! A leaf with its path to the root, and the check that a ledger runs on it.

use super::commitment::Commitment;
use super::node::{Node, TOP_BITS, parent};
use super::size::PieceSize;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// One leaf of a piece and the siblings on its way to the root, lowest first.
///
/// Whether it stands for a given leaf of a given piece is what [`LeafProof::verify`] says. JSON form: hex text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct LeafProof {
    /// The 32 bytes of the challenged leaf.
    #[serde(with = "hex_node")]
    pub leaf: [u8; 32],
    /// Siblings, from the leaf's own layer upwards; exactly as many as the tree is high.
    #[serde(with = "hex_path")]
    pub path: Vec<[u8; 32]>,
}

/// Why a proof is refused. When several apply, the first in this order is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The index lies outside of the piece.
    #[error("leaf {index} does not exist; the piece has leaves 0 to {last}")]
    IndexOutOfRange {
        /// The challenged leaf.
        index: u64,
        /// The last leaf of the piece.
        last: u64,
    },
    /// The path is shorter or longer than the tree is high.
    #[error("the path has {got} siblings; a piece of this size needs exactly {expected}")]
    PathLength {
        /// Siblings given.
        got: usize,
        /// Height of the piece's tree.
        expected: u32,
    },
    /// A node uses one of the two bits that 254-bit values leave zero.
    #[error("node {position} of the proof (0 is the leaf) has one of its top two bits set; nodes have 254 bits")]
    TopBits {
        /// 0 for the leaf, then the siblings from 1.
        position: usize,
    },
    /// The path leads to another root: wrong leaf, wrong sibling, wrong index or wrong piece.
    #[error("leaf and path do not lead to the piece's commitment; prove the challenged leaf from undamaged data")]
    RootMismatch,
}

impl LeafProof {
    /// Checks that this is leaf `index` of the piece. Costs `size.height()` node hashes.
    ///
    /// - Errors: [`ProofError`], whose order of variants is the order of the checks.
    pub fn verify(&self, commitment: &Commitment, size: PieceSize, index: u64) -> Result<(), ProofError> {
        if index >= size.leaves() {
            return Err(ProofError::IndexOutOfRange { index, last: size.leaves() - 1 });
        }
        if self.path.len() != size.height() as usize {
            return Err(ProofError::PathLength { got: self.path.len(), expected: size.height() });
        }
        let mut nodes = std::iter::once(&self.leaf).chain(&self.path);
        // Hashing binds these bits as well; the check names the mistake, usually a leaf cut from the payload before Fr32.
        if let Some(position) = nodes.position(|node| node[31] & TOP_BITS != 0) {
            return Err(ProofError::TopBits { position });
        }
        let root = self.path.iter().enumerate().fold(self.leaf, |node, (height, sibling)| {
            if index >> height & 1 == 0 { parent(&node, sibling) } else { parent(sibling, &node) }
        });
        if root == *commitment.as_bytes() { Ok(()) } else { Err(ProofError::RootMismatch) }
    }

    /// Bytes of a proof in its binary form for a piece of `size`: leaf, length prefix, path.
    pub const fn encoded_bytes(size: PieceSize) -> u64 {
        32 + 4 + 32 * size.height() as u64
    }
}

/// A node as 64 hex digits.
mod hex_node {
    use super::Node;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(node: &Node, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(node))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        let mut node = [0; 32];
        hex::decode_to_slice(String::deserialize(deserializer)?, &mut node).map_err(serde::de::Error::custom)?;
        Ok(node)
    }
}

/// A path as a list of such texts.
mod hex_path {
    use super::{Node, hex_node};
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    struct HexNode(#[serde(with = "hex_node")] Node);

    pub(super) fn serialize<S: Serializer>(path: &[Node], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(path.iter().map(hex::encode))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Node>, D::Error> {
        let nodes = Vec::<HexNode>::deserialize(deserializer)?;
        Ok(nodes.into_iter().map(|node| node.0).collect())
    }
}
