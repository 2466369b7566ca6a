//! How long a tenant was waited for, counted only while this provider could hear it.
//!
//! A lease may be ended because its tenant sent no manifest. Time in which the node did not answer, or in which this process did not run,
//! is no fault of the tenant: it does not count, whatever the ledger's clock or the wall clock say.

use depin_services::leasing::BidId;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Times that were waited, by lease.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    waited: BTreeMap<BidId, Duration>,
    looked: Option<Instant>,
}

impl Waiting {
    /// The ledger answered at `now`, and these leases wait for their manifests. Of times between two looks those of at most `usual`
    /// count: in a longer one something was away.
    pub(super) fn look(&mut self, now: Instant, usual: Duration, leases: impl Iterator<Item = BidId>) {
        let gap = self.looked.map(|looked| now.saturating_duration_since(looked)).filter(|gap| *gap <= usual).unwrap_or_default();
        self.looked = Some(now);
        let known = std::mem::take(&mut self.waited);
        // One that was not known at the last look begins now.
        self.waited = leases.map(|lease| (lease, known.get(&lease).map_or(Duration::ZERO, |waited| *waited + gap))).collect();
    }

    /// Leases that were waited for as long as this.
    pub(super) fn over(&self, within: Duration) -> impl Iterator<Item = BidId> {
        self.waited.iter().filter(move |(_, waited)| **waited >= within).map(|(lease, _)| *lease)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leasing::tests::order;
    use depin_quantity::Address;

    #[test]
    fn only_time_in_which_the_tenant_could_be_heard_counts() {
        let (lease, begun, mut waiting) = (order(1).bid(Address::new([7; 32])), Instant::now(), Waiting::default());
        let mut look = |seconds: u64| {
            waiting.look(begun + Duration::from_secs(seconds), Duration::from_secs(15), std::iter::once(lease));
            waiting.over(Duration::from_secs(60)).count()
        };
        assert_eq!((0..=50).step_by(10).map(&mut look).sum::<usize>(), 0);
        assert_eq!(look(650), 0, "the node was away for ten minutes, and they do not count");
        assert_eq!(look(655), 0);
        assert_eq!(look(660), 1, "a minute in all");
        waiting.look(begun + Duration::from_secs(670), Duration::from_secs(15), std::iter::empty());
        assert_eq!(waiting.over(Duration::ZERO).count(), 0);
    }
}
