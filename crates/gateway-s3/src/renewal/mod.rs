//! The renewal service: everything that happens to stored data in the background.
//!
//! In: the map's shards, ledger time, states of deals, offers, funds. Out: deals proposed, extended and ended, shards rebuilt elsewhere,
//! half-empty segments written anew, dead ones collected, warnings. One *tick* does a bounded amount of each; ticks run one at a time, by a timer, when the market
//! tells of a change, or when asked. Every step is written to the map before the next one, so a kill at any moment repeats work but
//! never pays twice: a proposal is marked as under way before it is sent, and after a crash the market is asked what became of it.

mod compact;
mod deals;
mod extend;
mod money;
mod repair;
mod retire;
mod spend;

use crate::{
    core::Core,
    map::{MapError, tables},
    market::MarketError,
    writer::Writer,
};
use depin_quantity::Instant;
use std::{sync::Arc, time::Duration};
use tokio::sync::{Mutex, watch};

/// Shortest pause between two ticks, however often the market changes.
const PAUSE: Duration = Duration::from_millis(250);

/// Why a step of a tick stopped; the next tick tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenewalError {
    #[error(transparent)]
    Map(#[from] MapError),
    #[error(transparent)]
    Market(#[from] MarketError),
}

/// What one tick did.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct RenewalReport {
    /// Deals proposed.
    pub proposed: usize,
    /// Deals whose state was looked at.
    pub checked: usize,
    /// Extensions asked for.
    pub extended: usize,
    /// Shards stored at another provider.
    pub moved: usize,
    /// Half-empty segments whose live bytes were moved into others.
    pub compacted: usize,
    /// Segments without live bytes that were given up.
    pub collected: usize,
    /// Payloads deleted at providers.
    pub deleted: usize,
    /// Steps that could not be done, in words.
    pub troubles: Vec<String>,
}

/// Runs ticks.
pub(crate) struct RenewalService {
    core: Arc<Core>,
    writer: Arc<Writer>,
    not_compacted: compact::Failures,
    one_at_a_time: Mutex<()>,
}

impl RenewalService {
    pub(crate) fn new(core: Arc<Core>, writer: Arc<Writer>) -> Self {
        Self { core, writer, not_compacted: compact::Failures::default(), one_at_a_time: Mutex::new(()) }
    }

    /// Ticks until told to stop; the tick under way is finished.
    pub(crate) async fn run(&self, mut stop: watch::Receiver<bool>) {
        let market = self.core.market.clone();
        while !*stop.borrow() {
            self.tick().await;
            tokio::select! {
                _ = stop.changed() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
            tokio::select! {
                _ = stop.changed() => return,
                () = tokio::time::sleep(self.core.config.renewal.interval) => {}
                () = market.changed() => {}
            }
        }
    }

    /// One bounded round of everything.
    pub(crate) async fn tick(&self) -> RenewalReport {
        let _turn = self.one_at_a_time.lock().await;
        let core = &self.core;
        let mut report = RenewalReport::default();
        note(&mut report, "collecting dead segments", collect(core).await).inspect(|count| report.collected = *count);
        let now = match money::look(core).await {
            Ok(now) => now,
            Err(error) => {
                report.troubles.push(format!("asking the market: {error}"));
                return report;
            }
        };
        // An offer that is stale by seconds is no reason for a wrong placement.
        core.directory.forget_offers().await;
        note(&mut report, "settling unknown proposals", deals::resolve(core).await);
        note(&mut report, "proposing deals", deals::propose(core).await).inspect(|count| report.proposed = *count);
        note(&mut report, "looking at deals", deals::check(core, now).await).inspect(|count| report.checked = *count);
        note(&mut report, "extending deals", extend::renew(core, now).await).inspect(|count| report.extended = *count);
        note(&mut report, "moving shards", repair::failed_shards(core).await).inspect(|count| report.moved = *count);
        let compacted = compact::one(core, &self.writer, &self.not_compacted).await;
        note(&mut report, "writing half-empty segments anew", compacted).inspect(|count| report.compacted = *count);
        note(&mut report, "ending what is not wanted", retire::retired(core).await).inspect(|count| report.deleted = *count);
        note(&mut report, "counting funds", money::warn(core).await);
        report
    }
}

fn note<T>(report: &mut RenewalReport, what: &str, outcome: Result<T, RenewalError>) -> Option<T> {
    outcome
        .inspect_err(|error| {
            tracing::warn!(%error, "{what} stopped");
            report.troubles.push(format!("{what}: {error}"));
        })
        .ok()
}

/// Gives up segments that no object needs and nobody reads or writes.
async fn collect(core: &Arc<Core>) -> Result<usize, RenewalError> {
    let batch = core.config.renewal.batch;
    let (mut collected, mut after) = (0, 0);
    loop {
        let dead = core.map.read(move |db| tables::dead_segments(db, after, batch)).await?;
        let Some(last) = dead.last() else { return Ok(collected) };
        after = *last;
        // Pinned ones are passed over, so that they cannot hide others behind them.
        let free: Vec<i64> = dead.iter().copied().filter(|id| !core.pins.is_pinned(*id)).take(batch - collected).collect();
        for id in free {
            // Closed until the map says that it is gone: whoever comes to read meanwhile asks the map again.
            let Some(_closed) = core.pins.close(id) else { continue };
            collected += usize::from(core.map.write(move |db| tables::collect_segment(db, id)).await?);
        }
        if dead.len() < batch || collected == batch {
            return Ok(collected);
        }
    }
}

/// When to try again after `attempts` failures in a row.
fn next_try(core: &Core, attempts: u32) -> u64 {
    let policy = &core.config.renewal;
    let pause = policy.backoff.saturating_mul(1 << attempts.min(16)).min(policy.backoff_max);
    core.now_ms().saturating_add(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX))
}

fn after(core: &Core, pause: Duration) -> u64 {
    core.now_ms().saturating_add(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX))
}

fn ms(instant: Instant) -> u64 {
    instant.get()
}
