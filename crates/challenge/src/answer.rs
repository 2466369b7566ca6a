//! The answer, and its bytes.

use crate::{
    error::DecodeError,
    tree::{NODE_BYTES, Node},
};

/// Bytes of an answer at most.
pub const ANSWER_BYTES_MOST: usize = 2048;
/// Steps that a check looks at, at most.
pub const PROBES_MOST: usize = 16;
const FORMAT: u8 = 1;
/// Format, root, and three counts.
const HEAD_BYTES: usize = 1 + NODE_BYTES + 3;
const CHAINS_MOST: usize = 8;
const CHAIN_BYTES: usize = 16;
const STATE_BYTES: usize = 16;

/// A state of a lane.
pub type State = [u8; STATE_BYTES];
/// The commitment to all states of all lanes: a Merkle root of 96 bits. Who can find collisions of it needs 2^48 hashes before the work is due.
pub type Root = Node;

/// Nodes of the tree that fit into an answer with so many probes.
pub(crate) const fn nodes_most(probes: usize) -> usize {
    (ANSWER_BYTES_MOST - HEAD_BYTES - CHAINS_MOST * CHAIN_BYTES - probes * STATE_BYTES) / NODE_BYTES
}

/// What a device answers with.
///
/// ```text
/// format    1 byte, 1
/// root     12 bytes
/// chains    1 byte, 0 to 8, then 16 bytes each, big-endian: where the chains of square roots end
/// states    1 byte, 1 to 16, then 16 bytes each: the states before the drawn steps, in the tree's order
/// nodes     1 byte, 0 to 157, then 12 bytes each: siblings, level by level from the leaves, from left to right
/// ```
///
/// There is one sequence of bytes for an answer, and none is longer than [`ANSWER_BYTES_MOST`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub(crate) root: Root,
    pub(crate) chains: Vec<u128>,
    pub(crate) states: Vec<State>,
    pub(crate) nodes: Vec<Node>,
}

impl Answer {
    /// What it commits to.
    pub const fn root(&self) -> Root {
        self.root
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        bytes.extend_from_slice(&self.root);
        let count = |length: usize| u8::try_from(length).expect("an answer is built and decoded with counts below 256");
        bytes.push(count(self.chains.len()));
        bytes.extend(self.chains.iter().flat_map(|end| end.to_be_bytes()));
        bytes.push(count(self.states.len()));
        bytes.extend(self.states.iter().flatten());
        bytes.push(count(self.nodes.len()));
        bytes.extend(self.nodes.iter().flatten());
        bytes
    }

    /// Reads an answer. Never reads more than [`ANSWER_BYTES_MOST`], whatever it counts.
    ///
    /// Order of refusals: length, format, then each part's count and bytes, then what stands behind.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > ANSWER_BYTES_MOST {
            return Err(DecodeError::TooLong { got: bytes.len(), most: ANSWER_BYTES_MOST });
        }
        let mut reader = Reader { rest: bytes, got: bytes.len() };
        let [format] = reader.take("the format")?;
        if format != FORMAT {
            return Err(DecodeError::Format { got: format, known: FORMAT });
        }
        let root = reader.take("the root")?;
        let chains = reader.list("chains", 0, CHAINS_MOST)?.into_iter().map(u128::from_be_bytes).collect();
        let states = reader.list("states", 1, PROBES_MOST)?;
        let nodes = reader.list("nodes", 0, nodes_most(1))?;
        if !reader.rest.is_empty() {
            return Err(DecodeError::Behind(reader.rest.len()));
        }
        Ok(Self { root, chains, states, nodes })
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    got: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self, part: &'static str) -> Result<[u8; N], DecodeError> {
        let (first, rest) = self.rest.split_first_chunk::<N>().ok_or(DecodeError::Short { got: self.got, part })?;
        self.rest = rest;
        Ok(*first)
    }

    fn list<const N: usize>(&mut self, part: &'static str, least: usize, most: usize) -> Result<Vec<[u8; N]>, DecodeError> {
        let [count] = self.take(part)?;
        let got = usize::from(count);
        if got > most {
            return Err(DecodeError::Count { part, got, most });
        }
        if got < least {
            return Err(DecodeError::Short { got: self.got, part });
        }
        (0..got).map(|_| self.take(part)).collect()
    }
}
