//! How far behind a peer is.

use crate::limits::Rate;
use std::time::Duration;
use tokio::time::Instant;

/// Time waited for a peer, less what its bytes would have taken at a rate; never below zero.
#[derive(Clone, Copy, Debug)]
struct Debt {
    bytes_per_second: u64,
    owed: Duration,
}

impl Debt {
    fn pay(&mut self, waited: Duration, bytes: usize) {
        let worth = (bytes as u64).saturating_mul(1_000_000) / self.bytes_per_second.max(1);
        self.owed = self.owed.saturating_add(waited).saturating_sub(Duration::from_micros(worth));
    }
}

/// One direction of one peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    waiting: Option<Instant>,
    least: Debt,
    crowded: Debt,
}

impl Pace {
    pub(crate) fn new(least: Rate, crowded: Rate) -> Self {
        let debt = |rate: Rate| Debt { bytes_per_second: rate.bytes_per_second, owed: Duration::ZERO };
        Self { waiting: None, least: debt(least), crowded: debt(crowded) }
    }

    /// The peer is waited for from now on, if it was not already. Since when.
    pub(crate) fn wait(&mut self, now: Instant) -> Instant {
        *self.waiting.get_or_insert(now)
    }

    /// Bytes went through; it is not waited for any more.
    pub(crate) fn moved(&mut self, now: Instant, bytes: usize) {
        let waited = self.waiting.take().map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        self.least.pay(waited, bytes);
        self.crowded.pay(waited, bytes);
    }

    /// For how long it has been waited for.
    pub(crate) fn waited(&self, now: Instant) -> Option<Duration> {
        self.waiting.map(|since| now.saturating_duration_since(since))
    }

    /// How far it is behind the least rate.
    pub(crate) fn behind(&self, now: Instant) -> Duration {
        self.least.owed.saturating_add(self.waited(now).unwrap_or_default())
    }

    /// How far it is behind what it must keep to when others wait for its place.
    pub(crate) fn behind_crowd(&self, now: Instant) -> Duration {
        self.crowded.owed.saturating_add(self.waited(now).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace() -> Pace {
        let rate = |bytes_per_second| Rate { bytes_per_second, grace: Duration::from_secs(20) };
        Pace::new(rate(100), rate(1_000))
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_byte_now_and_then_does_not_help() {
        let (mut pace, mut now) = (pace(), Instant::now());
        for _ in 0..20 {
            pace.wait(now);
            now += SECOND;
            pace.moved(now, 1);
        }
        assert_eq!(pace.behind(now), SECOND * 20 - Duration::from_millis(200), "one byte is worth 10 ms");
    }

    #[test]
    fn what_was_fast_has_no_credit() {
        let (mut pace, now) = (pace(), Instant::now());
        pace.moved(now, 1 << 30);
        pace.wait(now);
        assert_eq!(pace.behind(now + SECOND * 5), SECOND * 5);
    }

    #[test]
    fn the_least_rate_is_enough_and_time_on_this_side_is_free() {
        let (mut pace, mut now) = (pace(), Instant::now());
        for _ in 0..100 {
            pace.wait(now);
            now += SECOND;
            pace.moved(now, 100);
            // This side takes its time.
            now += SECOND * 10;
        }
        assert_eq!(pace.behind(now), Duration::ZERO);
        assert_eq!(pace.behind_crowd(now), SECOND * 90, "ten times as much is asked for in a crowd");
    }
}
