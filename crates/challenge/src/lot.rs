//! Which transitions are checked.

use crate::{
    answer::{Root, nodes_most},
    tree::siblings,
    work::{Tag, Work},
};
use depin_quantity::Seed;
use std::collections::BTreeSet;

/// Sets that are drawn, at most, until one is found that an answer has room for.
const TURNS_MOST: u32 = 64;

/// What draws the transitions that are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lot {
    /// One message: the commitment itself, after the delay of square roots that it begins.
    Committed,
    /// Two messages: `root` was handed in in time, and `seed` drawn by the chain when it had been. No delay is computed, nothing can be
    /// drawn twice, and the check is cheaper: prefer it where two transactions an hour are affordable.
    Drawn {
        /// What was handed in.
        root: Root,
        /// What was drawn then.
        seed: Seed,
    },
}

/// A transition: lane, and number of the state before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) lane: u16,
    pub(crate) number: u32,
}

impl Place {
    /// The leaf of the state before; that of the state behind follows.
    pub(crate) const fn leaf(self, work: &Work) -> u64 {
        self.lane as u64 * (work.scale().steps as u64 + 1) + self.number as u64
    }
}

/// The drawn places, in the tree's order, each once.
///
/// Places are drawn by 64 bits times their number, which favours none by more than 2^-40. A set whose opening is too large for an answer
/// is drawn anew: it has many places at borders of large subtrees, which are few.
pub(crate) fn places(work: &Work, lot: Lot, root: &Root, chains: &[u128]) -> Vec<Place> {
    let probes = work.probes();
    let mut hasher = match lot {
        Lot::Committed => work.hash(Tag::Committed, &[root]),
        Lot::Drawn { seed, .. } => work.hash(Tag::Drawn, &[root, &seed.get()]),
    };
    for end in chains {
        hasher.update(&end.to_be_bytes());
    }
    let mut stream = hasher.finalize_xof();
    let mut places = BTreeSet::new();
    for _ in 0..TURNS_MOST {
        places.clear();
        while places.len() < probes {
            let mut word = [0; 8];
            stream.fill(&mut word);
            let at = (u128::from(u64::from_le_bytes(word)) * u128::from(work.transitions())) >> 64;
            let (lane, number) = (at as u64 / u64::from(work.scale().steps), at as u64 % u64::from(work.scale().steps));
            places.insert(Place { lane: lane as u16, number: number as u32 });
        }
        if siblings(work.states(), &leaves(work, &places)) <= nodes_most(probes) {
            break;
        }
    }
    // Whether or not the turns were enough, what is left fits: every place takes two paths to the root at most.
    while siblings(work.states(), &leaves(work, &places)) > nodes_most(probes) {
        places.pop_last();
    }
    places.into_iter().collect()
}

/// The leaves that an opening of the places shows, rising: the states before and behind.
pub(crate) fn leaves<'a>(work: &Work, places: impl IntoIterator<Item = &'a Place>) -> Vec<u64> {
    let mut leaves: Vec<u64> = places.into_iter().flat_map(|place| [place.leaf(work), place.leaf(work) + 1]).collect();
    leaves.dedup();
    leaves
}

#[cfg(test)]
mod tests;
