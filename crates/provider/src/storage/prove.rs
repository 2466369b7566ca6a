//! Answering challenges from the store. Reads the disk: call it from threads that may block.

use super::{
    decide::DealFacts,
    store::{Store, StoreError},
    view::SetFacts,
};
use depin_quantity::Address;
use depin_services::storage::{SectorProof, StorageMessage, sector_challenges, window_challenges};
use std::sync::Arc;

/// Proofs for those of `deals` whose pieces are whole, and the errors of the others.
///
/// A piece that turns out to be damaged is marked so by the store, which wakes the agent to declare it.
pub(super) fn sectors(store: &Arc<Store>, deals: &[DealFacts]) -> (Vec<SectorProof>, Vec<(DealFacts, StoreError)>) {
    let (mut proofs, mut failed) = (Vec::new(), Vec::new());
    for deal in deals {
        // Challenges may have been answered since; then there is nothing to prove.
        let Some((seed, count)) = deal.challenge else { continue };
        let leaves = sector_challenges(seed, deal.id, deal.size, count);
        match leaves.into_iter().map(|leaf| store.prove(&deal.piece, leaf)).collect() {
            Ok(leaves) => proofs.push(SectorProof { deal: deal.id, leaves }),
            Err(error) => failed.push((deal.clone(), error)),
        }
    }
    (proofs, failed)
}

/// The answer to the open window of a data set; `None` when no window is open.
///
/// - Errors: the first leaf that cannot be proven. Its sector will be declared faulty, the others proven then.
pub(super) fn set(store: &Arc<Store>, own: Address, number: u32, set: &SetFacts) -> Result<Option<StorageMessage>, StoreError> {
    let Some(window) = &set.window else { return Ok(None) };
    let challenges = window_challenges(own, number, window, set.leaves);
    let leaves = challenges.into_iter().map(|(sector, leaf)| store.prove(&window.sectors[sector].piece, leaf));
    Ok(Some(StorageMessage::ProveSet { set: number, leaves: leaves.collect::<Result<_, _>>()? }))
}
