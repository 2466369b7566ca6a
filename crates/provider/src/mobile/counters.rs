//! What a mobile access point counts since it was started.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters of the whole process.
        #[derive(Debug, Default)]
        pub(super) struct Counters {
            $($(#[$doc])* pub $name: AtomicU64,)*
        }
    };
}

counters! {
    /// Datagrams that came.
    datagrams,
    /// Of addresses that share no secret.
    foreign,
    /// That are no packet, or say nothing.
    malformed,
    /// Whose authenticator is not one with the secret.
    forged,
    /// That ask for something else than accounting: authentication is not served.
    other,
    /// Records that said something new.
    records,
    /// Records that were told before.
    duplicates,
    /// Records behind newer ones.
    stale,
    /// Radios that began anew.
    restarts,
    /// Records of subscribers that nobody pays for.
    unpaid,
    /// Records that could not be kept, and were not answered.
    failed,
    /// Answers sent.
    answers,
    /// Heartbeats that the ledger took.
    heartbeats,
    /// Speed tests that the ledger took.
    speed_tests,
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// What a counter says.
pub(super) fn value(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
