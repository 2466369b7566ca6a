//! Which providers did well lately.
//!
//! In: outcomes of requests. Out: whether a provider is worth asking first. In memory: a restart gives everybody a fresh chance.
//! Nobody is ever excluded by it, only asked later.

use depin_quantity::Address;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Pause after the first failure, in milliseconds; it doubles with every further one.
const COOL_MS: u64 = 2_000;
/// Longest pause, in milliseconds.
const COOL_MAX_MS: u64 = 120_000;
/// The same after uploads that stood still, which cost whoever waits for them most: a minute to an hour.
const STALL_MS: u64 = 60_000;
const STALL_MAX_MS: u64 = 3_600_000;

/// Memory of successes and failures by provider address.
#[derive(Default)]
pub(crate) struct Health(Mutex<HashMap<Address, Record>>);

#[derive(Clone, Copy, Default)]
struct Record {
    failures: Run,
    stalls: Run,
}

/// Failures in a row, and until when they count.
#[derive(Clone, Copy, Default)]
struct Run {
    times: u32,
    until_ms: u64,
}

impl Run {
    fn grow(&mut self, now_ms: u64, first_ms: u64, most_ms: u64) {
        self.times = self.times.saturating_add(1);
        let pause = first_ms.saturating_mul(1 << (self.times - 1).min(10)).min(most_ms);
        self.until_ms = now_ms.saturating_add(pause);
    }
}

impl Health {
    /// The provider did what it was asked. Uploads that stood still are not forgotten for reads that did not.
    pub(crate) fn did_well(&self, provider: Address) {
        if let Some(record) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&provider) {
            record.failures = Run::default();
        }
    }

    /// The provider took an upload and has it.
    pub(crate) fn did_store(&self, provider: Address) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&provider);
    }

    /// The provider failed.
    pub(crate) fn failed(&self, provider: Address, now_ms: u64) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.entry(provider).or_default().failures.grow(now_ms, COOL_MS, COOL_MAX_MS);
    }

    /// An upload to the provider stood still.
    pub(crate) fn stalled(&self, provider: Address, now_ms: u64) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.entry(provider).or_default().stalls.grow(now_ms, STALL_MS, STALL_MAX_MS);
    }

    /// Whether the provider failed so lately that others are asked first.
    pub(crate) fn is_doubtful(&self, provider: Address, now_ms: u64) -> bool {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.get(&provider).is_some_and(|record| record.failures.until_ms > now_ms)
    }

    /// The same for uploads: whether it failed or stood still.
    pub(crate) fn is_doubtful_to_store(&self, provider: Address, now_ms: u64) -> bool {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.get(&provider).is_some_and(|record| record.failures.until_ms.max(record.stalls.until_ms) > now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Address = Address::new([1; 32]);
    const B: Address = Address::new([2; 32]);

    #[test]
    fn a_failing_provider_is_doubtful_longer_each_time_and_clean_after_a_success() {
        let health = Health::default();
        health.failed(A, 1_000);
        assert!(health.is_doubtful(A, 2_999) && !health.is_doubtful(A, 3_000));
        health.failed(A, 10_000);
        assert!(health.is_doubtful(A, 13_999) && !health.is_doubtful(A, 14_000));
        for _ in 0..100 {
            health.failed(A, 20_000);
        }
        assert!(!health.is_doubtful(A, 20_000 + COOL_MAX_MS));
        assert!(!health.is_doubtful(B, 0));
        health.did_well(A);
        assert!(!health.is_doubtful(A, 20_001));
    }

    #[test]
    fn an_upload_that_stood_still_is_remembered_for_a_minute_to_an_hour_whatever_is_read() {
        let health = Health::default();
        health.stalled(A, 0);
        health.did_well(A);
        assert!(health.is_doubtful_to_store(A, 59_999) && !health.is_doubtful_to_store(A, 60_000));
        assert!(!health.is_doubtful(A, 1), "it is read from as before");
        for _ in 0..100 {
            health.stalled(A, 100_000);
        }
        assert!(health.is_doubtful_to_store(A, 100_000 + STALL_MAX_MS - 1));
        assert!(!health.is_doubtful_to_store(A, 100_000 + STALL_MAX_MS));
        health.did_store(A);
        assert!(!health.is_doubtful_to_store(A, 100_001));
    }
}
