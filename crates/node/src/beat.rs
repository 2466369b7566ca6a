//! Whether blocks come: how long an idle chain may wait for the next one, and from when on waiting is no longer well.
//!
//! In: each block as it becomes final, and since when the pool has something for the next one. Out: a sentence while none has come for
//! ten heartbeats. A chain on which nothing happens has a longer heartbeat, which the engine stretches; here it is reckoned from the
//! same blocks, and such a chain is unwell after twice that and ten of the usual ones, which is sooner than ten of its own.

use depin_client::api::Stalled;
use depin_engine::Tip;
use depin_quantity::{Instant, Span};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{self, Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::watch;

/// Heartbeats without a block after which a node is unwell.
const HEARTBEATS_MAX: u32 = 10;
/// Stretched heartbeats after which it is, with [`HEARTBEATS_MAX`] of the usual ones: what is reckoned here may be half of what the engine
/// waits, which remembers an empty block more after a restart.
const STRETCHED_MAX: u32 = 2;

/// The longest heartbeat of a chain that runs at `speed` and whose ledger time goes on by at most `cap`, a quarter of its shortest
/// window, in one block: `idle` at most, and no more than a sixteenth of the window, so that whatever is due by time is done as if the
/// chain were busy.
pub(crate) fn longest(heartbeat: Duration, idle: Duration, cap: Span, speed: u32) -> Duration {
    idle.min(Duration::from_millis(cap.get() / 4 / u64::from(speed.max(1)))).max(heartbeat)
}

/// The newest block as this node saw it become final.
#[derive(Debug)]
struct Last {
    height: u64,
    seen: time::Instant,
    /// The wall clock then, milliseconds since 1970.
    wall: u64,
    /// Blocks without a transaction that the chain ends with.
    empty: u32,
}

/// What is remembered of the chain's blocks.
#[derive(Debug)]
pub(crate) struct Beat {
    heartbeat: Duration,
    longest: Duration,
    last: Mutex<Last>,
}

impl Beat {
    /// A chain whose block at `height` is final now.
    pub fn new(heartbeat: Duration, longest: Duration, height: u64) -> Self {
        let last = Last { height, seen: time::Instant::now(), wall: wall_ms(), empty: 0 };
        Self { heartbeat, longest, last: Mutex::new(last) }
    }

    /// Watches blocks become final until the engine ends.
    pub async fn watch(self: Arc<Self>, mut tips: watch::Receiver<Tip>) {
        while tips.changed().await.is_ok() {
            let (height, transactions) = {
                let tip = tips.borrow_and_update();
                (tip.height, tip.tx_count)
            };
            self.see(height, transactions);
        }
    }

    fn see(&self, height: u64, transactions: u32) {
        let mut last = self.lock();
        if height > last.height {
            let empty = if transactions == 0 { last.empty.saturating_add(1) } else { 0 };
            *last = Last { height, seen: time::Instant::now(), wall: wall_ms(), empty };
        }
    }

    /// How long ago the last block became final.
    pub fn age(&self) -> Duration {
        self.lock().seen.elapsed()
    }

    /// Since when no block came, and what to look at, once that is ten heartbeats. `waiting` is since when a transaction waits for one.
    pub fn stalled(&self, waiting: Option<time::Instant>) -> Option<Stalled> {
        let last = self.lock();
        let now = time::Instant::now();
        let over = |since: time::Instant, limit: Duration| (now.saturating_duration_since(since) >= limit).then_some(limit);
        let usual = self.heartbeat.saturating_mul(HEARTBEATS_MAX);
        let limit = waiting.and_then(|waiting| over(waiting.max(last.seen), usual));
        let limit = limit.or_else(|| over(last.seen, self.longest_wait(last.empty)))?;
        let (since, height) = (Instant::new(last.wall).to_rfc3339(), last.height);
        let (age, limit) = (span(now.saturating_duration_since(last.seen)), span(limit));
        let message = format!(
            "no block has become final for {age}: the last was block {height}, at {since}, and one comes within {limit} when all is well; \
             look at the node's log and its disk, and with other validators at whether more than two thirds of them can be reached; nothing \
             acknowledged is lost when the node is started again"
        );
        Some(Stalled { since_ms: last.wall, height, message })
    }

    /// How long a well chain that ends with `empty` blocks without a transaction waits for the next one, at the very most.
    fn longest_wait(&self, empty: u32) -> Duration {
        let usual = self.heartbeat.saturating_mul(HEARTBEATS_MAX);
        let stretched = self.heartbeat.saturating_mul(2u32.saturating_pow(empty)).min(self.longest);
        stretched.saturating_mul(STRETCHED_MAX).saturating_add(usual).min(stretched.saturating_mul(HEARTBEATS_MAX))
    }

    fn lock(&self) -> MutexGuard<'_, Last> {
        // Written at once.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whole seconds, where there are some.
fn span(duration: Duration) -> Span {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Span::from_millis(if millis < 1_000 { millis } else { millis / 1_000 * 1_000 })
}

fn wall_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_longest_heartbeat_is_a_sixteenth_of_the_shortest_window_and_at_least_the_usual_one() {
        let (second, cap) = (Duration::from_secs(1), Span::from_secs(450));
        let idle = |idle: u64, speed| longest(second, Duration::from_secs(idle), cap, speed);
        // Windows of half an hour: at most 112.5 s at speed 1.
        assert_eq!(idle(30, 1), Duration::from_secs(30));
        assert_eq!(idle(3_600, 1), Duration::from_millis(112_500));
        assert_eq!(idle(30, 10), Duration::from_millis(11_250));
        assert_eq!(idle(30, 450), second);
        assert_eq!(idle(0, 1), second);
    }

    #[test]
    fn ten_heartbeats_without_a_block_are_told_with_the_last_block_and_since_when() {
        let beat = Beat::new(5 * MS, 5 * MS, 7);
        assert_eq!(beat.stalled(None), None);
        beat.see(8, 1);
        std::thread::sleep(60 * MS);
        let stalled = beat.stalled(None).expect("no block for twelve heartbeats");
        assert!(stalled.message.contains("block 8, at 20") && stalled.message.contains("within 50ms"), "{stalled:?}");
        assert!(stalled.height == 8 && stalled.since_ms.abs_diff(wall_ms()) < 60_000, "{stalled:?}");
        beat.see(9, 0);
        assert_eq!(beat.stalled(None), None);
    }

    #[test]
    fn a_chain_at_rest_is_waited_for_twice_as_long_as_it_rests_and_ten_heartbeats() {
        let second = Duration::from_secs(1);
        let beat = Beat::new(second, Duration::from_millis(112_500), 0);
        let waits = |empty| beat.longest_wait(empty).as_secs();
        assert_eq!([0, 1, 2, 3, 6].map(waits), [10, 14, 18, 26, 138]);
        assert_eq!([7, 1_000].map(waits), [235, 235]);
    }

    #[test]
    fn an_idle_chain_has_longer_heartbeats_until_a_transaction_waits() {
        let beat = Beat::new(2 * MS, 10_000 * MS, 0);
        (1..20).for_each(|height| beat.see(height, 0));
        std::thread::sleep(50 * MS);
        assert_eq!(beat.stalled(None), None, "ten heartbeats of an idle chain are longer");
        assert_eq!(beat.stalled(Some(time::Instant::now())), None, "a transaction that has just come");
        let waits = time::Instant::now();
        std::thread::sleep(50 * MS);
        assert!(beat.stalled(Some(waits)).is_some());
        beat.see(20, 1);
        assert_eq!(beat.stalled(Some(waits)), None);
    }
}
