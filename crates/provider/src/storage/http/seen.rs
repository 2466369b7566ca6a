//! Signed requests that were followed: each is good once.
//!
//! A request is good for 15 minutes around its time, and whoever saw it could send it again: to take one of its client's places and a part
//! of what the client may have on hold. So those of that time are remembered. What is forgotten at a restart is harmless by the rest of
//! the rules (see `auth`).

use super::auth::SKEW_MS_MAX;
use depin_quantity::Address;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

/// Most requests remembered: 26 MiB. More than 140 a second for half an hour.
const MAX: usize = 1 << 18;
/// Most of one account, so that none of them takes the others' room: nine a second for half an hour.
const SHARE: usize = MAX / 16;

/// Why a request is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unwelcome {
    /// It was followed before.
    Replayed,
    /// Its account has as many as one may have.
    Many,
    /// There is no room to remember it.
    Full,
}

/// By time of signing, so that those out of date are found.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    requests: BTreeMap<(u64, [u8; 32]), Address>,
    /// How many there are of an account.
    of: HashMap<Address, usize>,
}

impl Remembered {
    fn forget(&mut self, since: u64) {
        while let Some(entry) = self.requests.first_entry().filter(|entry| entry.key().0 < since) {
            let account = entry.remove();
            if let Some(count) = self.of.get_mut(&account) {
                *count -= 1;
                if *count == 0 {
                    self.of.remove(&account);
                }
            }
        }
    }
}

impl Seen {
    /// Remembers a request of an account by its digest.
    pub(super) fn enter(&self, account: Address, signed_at_ms: u64, digest: [u8; 32], now_ms: u64) -> Result<(), Unwelcome> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forget(now_ms.saturating_sub(SKEW_MS_MAX));
        if seen.requests.contains_key(&(signed_at_ms, digest)) {
            return Err(Unwelcome::Replayed);
        }
        if seen.of.get(&account).is_some_and(|count| *count >= SHARE) {
            return Err(Unwelcome::Many);
        }
        if seen.requests.len() >= MAX {
            return Err(Unwelcome::Full);
        }
        seen.requests.insert((signed_at_ms, digest), account);
        *seen.of.entry(account).or_default() += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_followed_once_for_as_long_as_it_is_good_and_forgotten_after() {
        let (seen, at, account) = (Seen::default(), 2 * SKEW_MS_MAX, Address::new([7; 32]));
        assert_eq!(seen.enter(account, at, [1; 32], at), Ok(()));
        assert_eq!(seen.enter(account, at, [2; 32], at), Ok(()), "another one");
        assert_eq!(seen.enter(account, at + 1, [1; 32], at), Ok(()), "signed anew");
        for now in [at, at + SKEW_MS_MAX] {
            assert_eq!(seen.enter(account, at, [1; 32], now), Err(Unwelcome::Replayed));
        }
        assert_eq!(seen.enter(account, at + 2, [3; 32], at + SKEW_MS_MAX + 1), Ok(()));
        assert_eq!(seen.0.lock().unwrap().requests.len(), 2, "those of before are out of date");
        assert_eq!(seen.0.lock().unwrap().of[&account], 2);
    }

    #[test]
    fn an_account_is_remembered_so_often_and_leaves_room_for_others() {
        let (seen, at) = (Seen::default(), 2 * SKEW_MS_MAX);
        let (greedy, other) = (Address::new([1; 32]), Address::new([2; 32]));
        let digest = |n: usize| depin_quantity::UnitId::derive("test-request", &[&n.to_be_bytes()]).get();
        for n in 0..SHARE {
            assert_eq!(seen.enter(greedy, at + n as u64 % 1_000, digest(n), at), Ok(()));
        }
        assert_eq!(seen.enter(greedy, at, digest(SHARE), at), Err(Unwelcome::Many));
        assert_eq!(seen.enter(other, at, digest(SHARE), at), Ok(()));
        let later = at + SKEW_MS_MAX + 1_000;
        assert_eq!(seen.enter(greedy, later, digest(0), later), Ok(()), "they are forgotten");
        assert_eq!(seen.0.lock().unwrap().of[&greedy], 1);
    }
}
