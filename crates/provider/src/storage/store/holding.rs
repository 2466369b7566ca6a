//! What clients have on hold: pieces that they uploaded and no deal covers yet, by client and in all.
//!
//! Kept in step with the index by its changes: each notes the pieces that it touches, and how they are held before and after.

use depin_quantity::Address;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Who holds one piece, and how much that is. Nobody does, for these books, once a deal covers it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OnHold {
    pub(super) bytes: u64,
    pub(super) clients: Vec<Address>,
}

/// The sums.
#[derive(Debug, Default)]
pub(super) struct Held {
    by_client: HashMap<Address, u64>,
    all: Arc<AtomicU64>,
}

impl Held {
    /// All bytes on hold, each piece once.
    pub(super) fn all(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.all)
    }

    /// Bytes that a client has on hold; a piece that several hold counts for each.
    pub(super) fn of(&self, client: &Address) -> u64 {
        self.by_client.get(client).copied().unwrap_or(0)
    }

    /// One piece is held otherwise now.
    pub(super) fn change(&mut self, before: &OnHold, after: &OnHold) {
        if !before.clients.is_empty() {
            self.all.fetch_sub(before.bytes, Ordering::SeqCst);
        }
        for client in &before.clients {
            let left = self.of(client).saturating_sub(before.bytes);
            if left == 0 {
                self.by_client.remove(client);
            } else {
                self.by_client.insert(*client, left);
            }
        }
        if !after.clients.is_empty() {
            self.all.fetch_add(after.bytes, Ordering::SeqCst);
        }
        for client in &after.clients {
            *self.by_client.entry(*client).or_default() += after.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_counts_once_in_all_and_for_each_client() {
        let [one, other] = [1, 2].map(|n| Address::new([n; 32]));
        let (mut held, nobody) = (Held::default(), OnHold::default());
        let on_hold = |bytes, clients: &[Address]| OnHold { bytes, clients: clients.to_vec() };
        let (first, both) = (on_hold(10, &[one]), on_hold(12, &[one, other]));
        let empty = on_hold(0, &[other]);
        held.change(&nobody, &first);
        held.change(&nobody, &empty);
        held.change(&first, &both);
        let all = held.all();
        assert_eq!((held.of(&one), held.of(&other), all.load(Ordering::SeqCst)), (12, 12, 12));
        held.change(&both, &on_hold(12, &[]));
        assert_eq!((held.of(&one), held.of(&other), all.load(Ordering::SeqCst)), (0, 0, 0));
        assert!(held.by_client.is_empty(), "who has nothing takes no memory");
    }
}
