//! What a hotspot counts since it was started.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters of the whole process.
        #[derive(Debug, Default)]
        pub(super) struct Counters {
            $($(#[$doc])* pub $name: AtomicU64,)*
            refused: Mutex<BTreeMap<String, u64>>,
        }
    };
}

counters! {
    /// Datagrams of the forwarder.
    datagrams,
    /// Datagrams of others, or that say nothing.
    foreign,
    /// Times that the system was told to keep out datagrams of others, since there were too many.
    floods,
    /// Packets with a checksum that fits.
    heard,
    /// Packets heard twice within a moment.
    repeated,
    /// Packets that customers acknowledged.
    acknowledged,
    /// Packets that waited too long for a customer.
    expired,
    /// Packets to emit that the forwarder took.
    emitted,
    /// Packets to emit that it did not take.
    missed,
    /// Beacons sent.
    beacons,
    /// Beacons of others that were reported.
    witnessed,
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// What a counter says.
pub(super) fn value(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Counters {
    /// A packet goes nowhere, for this reason.
    pub(super) fn refuse(&self, reason: &str) {
        // Reasons come from this program and from customers: a customer that makes some up fills no memory.
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let reason: String = reason.chars().take(32).collect();
        let reason = if refused.len() >= 64 && !refused.contains_key(&reason) { "other".to_owned() } else { reason };
        *refused.entry(reason).or_default() += 1;
    }

    /// How many went nowhere, by reason.
    pub(super) fn refused(&self) -> BTreeMap<String, u64> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
