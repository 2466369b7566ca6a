//! Signed requests that were followed: each is good once.
//!
//! A request is good for 15 minutes around its time, and whoever saw it could send it again: to take one of its client's places and a part
//! of what the client may have on hold. So those of that time are remembered. What is forgotten at a restart is harmless by the rest of
//! the rules (see `auth`).

use super::auth::SKEW_MS_MAX;
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

/// Most requests remembered: 18 MiB. More than 140 a second for half an hour.
const MAX: usize = 1 << 18;

/// Why a request is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unwelcome {
    /// It was followed before.
    Replayed,
    /// There is no room to remember it.
    Full,
}

/// By time of signing, so that those out of date are found.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<BTreeSet<(u64, [u8; 32])>>);

impl Seen {
    /// Remembers a request by its digest.
    pub(super) fn enter(&self, signed_at_ms: u64, digest: [u8; 32], now_ms: u64) -> Result<(), Unwelcome> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now_ms.saturating_sub(SKEW_MS_MAX);
        if seen.first().is_some_and(|(oldest, _)| *oldest < since) {
            *seen = seen.split_off(&(since, [0; 32]));
        }
        if seen.contains(&(signed_at_ms, digest)) {
            return Err(Unwelcome::Replayed);
        }
        if seen.len() >= MAX {
            return Err(Unwelcome::Full);
        }
        seen.insert((signed_at_ms, digest));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_followed_once_for_as_long_as_it_is_good_and_forgotten_after() {
        let (seen, at) = (Seen::default(), 2 * SKEW_MS_MAX);
        assert_eq!(seen.enter(at, [1; 32], at), Ok(()));
        assert_eq!(seen.enter(at, [2; 32], at), Ok(()), "another one");
        assert_eq!(seen.enter(at + 1, [1; 32], at), Ok(()), "signed anew");
        for now in [at, at + SKEW_MS_MAX] {
            assert_eq!(seen.enter(at, [1; 32], now), Err(Unwelcome::Replayed));
        }
        assert_eq!(seen.enter(at + 2, [3; 32], at + SKEW_MS_MAX + 1), Ok(()));
        assert_eq!(seen.0.lock().unwrap().len(), 2, "those of before are out of date");
    }
}
