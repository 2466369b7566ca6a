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

/// Memory of successes and failures by provider address.
#[derive(Default)]
pub(crate) struct Health(Mutex<HashMap<Address, Record>>);

#[derive(Clone, Copy, Default)]
struct Record {
    failures: u32,
    doubtful_until_ms: u64,
}

impl Health {
    /// The provider did what it was asked.
    pub(crate) fn did_well(&self, provider: Address) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&provider);
    }

    /// The provider failed.
    pub(crate) fn failed(&self, provider: Address, now_ms: u64) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let record = records.entry(provider).or_default();
        record.failures = record.failures.saturating_add(1);
        let pause = COOL_MS.saturating_mul(1 << (record.failures - 1).min(10)).min(COOL_MAX_MS);
        record.doubtful_until_ms = now_ms.saturating_add(pause);
    }

    /// Whether the provider failed so lately that others are asked first.
    pub(crate) fn is_doubtful(&self, provider: Address, now_ms: u64) -> bool {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.get(&provider).is_some_and(|record| record.doubtful_until_ms > now_ms)
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
}
