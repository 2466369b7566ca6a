//! One sender's pending transactions.

use super::Pending;
use depin_quantity::Units;
use std::{collections::BTreeMap, sync::Arc};

/// A pending transaction and what the pool noted about it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub pending: Arc<Pending>,
    /// Order of arrival; a replacement gets a new place.
    pub arrival: u64,
    /// Highest block, not final yet, that holds it.
    pub in_flight: Option<u64>,
    /// How often a block with room left it out.
    pub passes: u32,
    /// Until this height is final it wakes nobody.
    pub quiet_until: u64,
}

impl Entry {
    /// Whether a proposer should be woken for it.
    fn wakes(&self, height: u64, base_fee: Units) -> bool {
        self.in_flight.is_none() && self.quiet_until <= height && self.pending.base_fee_max >= base_fee
    }
}

/// Pending transactions of one sender by nonce. Those from the account's nonce on without a gap are includable, the rest waits.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// The account's nonce in the finalized state.
    pub nonce: u64,
    pub entries: BTreeMap<u64, Entry>,
}

/// What a full pool drops last: includable before waiting, then by the tip that the whole prefix pays at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Worth {
    pub includable: bool,
    pub tip: Units,
}

impl Queue {
    /// The transaction that may be included next.
    pub fn head(&self) -> Option<&Entry> {
        self.entries.get(&self.nonce)
    }

    /// The transaction with the highest nonce, and what it is worth to a full pool. A high tip behind a low one is not worth more
    /// than the low one, since it cannot be included before it.
    pub fn tail(&self) -> Option<(&Entry, Worth)> {
        let (_, last) = self.entries.last_key_value()?;
        let tip = self.entries.values().map(|e| e.pending.tip).min()?;
        let gapless = self.run().count() == self.entries.len();
        Some((last, Worth { includable: gapless, tip }))
    }

    /// The includable entries, in nonce order.
    pub fn run(&self) -> impl Iterator<Item = &Entry> {
        let first = self.nonce;
        self.entries.range(first..).enumerate().take_while(move |(i, (n, _))| **n - first == *i as u64).map(|(_, (_, e))| e)
    }

    /// Whether it holds something that a proposer should be woken for. What is in flight is stepped over; the rest counts only up
    /// to the first that cannot be included now.
    pub fn wakes(&self, height: u64, base_fee: Units) -> bool {
        self.run().find(|e| e.in_flight.is_none()).is_some_and(|e| e.wakes(height, base_fee))
    }
}
