//! The Merkle tree over all states, and openings of several leaves at once.

use crate::{answer::State, work::Tag, work::Work};
use std::collections::BTreeMap;

/// Bytes of a node: 96 bits. A second preimage costs 2^96 hashes, a collision 2^48, and either must be found before the work is due.
pub(crate) const NODE_BYTES: usize = 12;
/// A node or leaf.
pub(crate) type Node = [u8; NODE_BYTES];

/// What stands where the last lane's states end before the tree does.
const NONE: Node = [0; NODE_BYTES];

/// Levels between the leaves and the root.
pub(crate) const fn depth(leaves: u64) -> usize {
    leaves.next_power_of_two().ilog2() as usize
}

/// All levels, leaves first; a level of odd length ends with a sibling of zeros that is not kept.
pub(crate) struct Tree {
    levels: Vec<Vec<Node>>,
}

/// The leaf of a state.
pub(crate) fn leaf(work: &Work, state: &State) -> Node {
    cut(work.hash(Tag::Leaf, &[state]))
}

fn node(work: &Work, left: &Node, right: &Node) -> Node {
    cut(work.hash(Tag::Node, &[left, right]))
}

fn cut(hasher: blake3::Hasher) -> Node {
    let hash = hasher.finalize();
    *hash.as_bytes().first_chunk().expect("a hash has 32 bytes")
}

impl Tree {
    /// Over the leaves in order.
    pub(crate) fn new(work: &Work, leaves: Vec<Node>) -> Self {
        let mut levels = vec![leaves];
        for level in 0..depth(levels[0].len() as u64) {
            let above = levels[level].chunks(2).map(|pair| node(work, &pair[0], pair.get(1).unwrap_or(&NONE))).collect();
            levels.push(above);
        }
        Self { levels }
    }

    /// The commitment.
    pub(crate) fn root(&self) -> Node {
        self.levels.last().and_then(|level| level.first()).copied().unwrap_or(NONE)
    }

    /// The siblings that lead from the leaves `places`, which rise, to the root.
    pub(crate) fn open(&self, places: &[u64]) -> Vec<Node> {
        let mut siblings = Vec::new();
        let mut places = places.to_vec();
        for level in &self.levels[..self.levels.len() - 1] {
            for place in lone(&places) {
                siblings.push(level.get((place ^ 1) as usize).copied().unwrap_or(NONE));
            }
            places = above(&places);
        }
        siblings
    }
}

/// Those whose sibling is not there as well.
fn lone(places: &[u64]) -> impl Iterator<Item = u64> {
    places.iter().copied().filter(|place| places.binary_search(&(place ^ 1)).is_err())
}

fn above(places: &[u64]) -> Vec<u64> {
    let mut above: Vec<u64> = places.iter().map(|place| place / 2).collect();
    above.dedup();
    above
}

/// How many siblings an opening of the leaves `places`, which rise, has.
pub(crate) fn siblings(leaves: u64, places: &[u64]) -> usize {
    let mut places = places.to_vec();
    let mut count = 0;
    for _ in 0..depth(leaves) {
        count += lone(&places).count();
        places = above(&places);
    }
    count
}

/// The root that leaves and siblings lead to; the siblings are as many as [`siblings`] says.
pub(crate) fn root_of(work: &Work, leaves: BTreeMap<u64, Node>, siblings: &[Node]) -> Option<Node> {
    let mut siblings = siblings.iter();
    let mut level = leaves;
    for _ in 0..depth(work.states()) {
        let mut above = BTreeMap::new();
        for (place, known) in &level {
            let parent = place / 2;
            if above.contains_key(&parent) {
                continue;
            }
            let other = match level.get(&(place ^ 1)) {
                Some(other) => other,
                None => siblings.next()?,
            };
            let (left, right) = if place.is_multiple_of(2) { (known, other) } else { (other, known) };
            above.insert(parent, node(work, left, right));
        }
        level = above;
    }
    siblings.next().is_none().then(|| level.into_values().next())?
}

#[cfg(test)]
mod tests;
