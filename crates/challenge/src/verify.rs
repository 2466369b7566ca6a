//! The ledger's side: a pure function of work, answer and lot, with bounded effort.

use crate::{
    answer::Answer,
    delay,
    error::VerifyError,
    lot::{Lot, Place, leaves, places},
    memory::Anew,
    product::Processor,
    step,
    tree::{leaf, root_of, siblings},
    work::Work,
};
use std::collections::BTreeMap;

/// Whether the answer is one to the work. What it costs is [`Work::check_cost`](crate::Work::check_cost), whatever the answer is.
///
/// Order of refusals: commitment, chains' number, delays, states' number, nodes' number, steps.
pub fn verify(work: &Work, answer: &Answer, lot: Lot) -> Result<(), VerifyError> {
    let needed = match lot {
        Lot::Committed => usize::from(work.chains().0),
        Lot::Drawn { root, .. } if root != answer.root => return Err(VerifyError::OtherRoot),
        Lot::Drawn { .. } => 0,
    };
    if answer.chains.len() != needed {
        return Err(VerifyError::Chains { got: answer.chains.len(), needed });
    }
    for (chain, end) in (0u8..).zip(&answer.chains) {
        if !delay::leads_to(work, &answer.root, chain, *end) {
            return Err(VerifyError::Delay(chain.into()));
        }
    }
    let places = places(work, lot, &answer.root, &answer.chains);
    let probes = places.len();
    if answer.states.len() != probes {
        return Err(VerifyError::Probes { got: answer.states.len(), needed: probes });
    }
    let needed = siblings(work.states(), &leaves(work, &places));
    if answer.nodes.len() != needed {
        return Err(VerifyError::Nodes { got: answer.nodes.len(), needed });
    }
    let known = recompute(work, answer, &places).ok_or(VerifyError::Work { probes })?;
    match root_of(work, known, &answer.nodes) {
        Some(root) if root == answer.root => Ok(()),
        _ => Err(VerifyError::Work { probes }),
    }
}

/// The leaves before and behind each drawn place; none when two places that follow each other do not agree on the state between them.
fn recompute(work: &Work, answer: &Answer, places: &[Place]) -> Option<BTreeMap<u64, crate::tree::Node>> {
    let mut known = BTreeMap::new();
    let mut blocks = Anew::new(work);
    for (place, before) in places.iter().zip(&answer.states) {
        if place.number == 0 && *before != step::start(work, place.lane) {
            return None;
        }
        let behind = step::next(work, (place.lane, place.number), before, &mut blocks, &Processor);
        for (at, state) in [(place.leaf(work), before), (place.leaf(work) + 1, &behind)] {
            let is = leaf(work, state);
            if known.insert(at, is).is_some_and(|was| was != is) {
                return None;
            }
        }
    }
    Some(known)
}
