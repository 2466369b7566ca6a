//! The renewal service: everything that happens to stored data in the background.
//!
//! In: the map's shards, ledger time, states of deals, offers, funds, who answers. Out: deals proposed, extended and ended, shards rebuilt elsewhere,
//! half-empty segments written anew, dead ones collected, warnings. It works in rounds of two kinds, which wait for each other in nothing: one
//! asks the market only, the other providers; so no provider can keep deals from being made and renewed. A *tick* is one of each. A
//! round does a bounded amount of everything; rounds of a kind run one at a time, by a timer, when the market tells of a change, or when asked.
//! Every step is written to the map before the next one, so a kill at any moment repeats work but never pays twice: a proposal is marked as
//! under way before it is sent, and after a crash the market is asked what became of it.

mod compact;
mod deals;
mod delete;
mod extend;
mod late;
mod money;
mod repair;
mod retire;
mod silent;
mod spend;

pub(crate) use silent::told as silent_providers;

use crate::{
    core::Core,
    map::{MapError, tables},
    market::MarketError,
    writer::Writer,
};
use delete::Deletions;
use depin_quantity::Instant;
use late::Rounds;
use std::{sync::Arc, time::Duration};
use tokio::sync::{Notify, watch};

/// Shortest pause between two rounds of a kind, however often the market changes.
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
    /// Payloads deleted at providers since the last tick.
    pub deleted: usize,
    /// Steps that could not be done, in words.
    pub troubles: Vec<String>,
}

/// Runs ticks.
pub(crate) struct RenewalService {
    core: Arc<Core>,
    writer: Arc<Writer>,
    not_compacted: compact::Failures,
    deletions: Deletions,
    looks: silent::Looks,
    deals: Rounds,
    shards: Rounds,
    /// Told when a round looked after deals.
    looked: Notify,
}

/// What a round looks after.
#[derive(Clone, Copy)]
enum Kind {
    Deals,
    Shards,
}

impl RenewalService {
    pub(crate) fn new(core: Arc<Core>, writer: Arc<Writer>) -> Self {
        Self {
            core,
            writer,
            not_compacted: compact::Failures::default(),
            deletions: Deletions::default(),
            looks: silent::Looks::default(),
            deals: Rounds::of("looking after deals"),
            shards: Rounds::of("moving shards"),
            looked: Notify::new(),
        }
    }

    /// Works until told to stop; the rounds under way are finished.
    pub(crate) async fn run(&self, stop: watch::Receiver<bool>) {
        tokio::join!(self.run_rounds(Kind::Deals, stop.clone()), self.run_rounds(Kind::Shards, stop));
    }

    async fn run_rounds(&self, kind: Kind, mut stop: watch::Receiver<bool>) {
        let market = self.core.market.clone();
        while !*stop.borrow() {
            let mut report = RenewalReport::default();
            match kind {
                Kind::Deals => {
                    self.look_after_deals(&mut report).await;
                    self.looked.notify_one();
                }
                Kind::Shards => self.look_after_shards(&mut report).await,
            }
            tokio::select! {
                _ = stop.changed() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
            // Changes are told to one of those who wait for them; what they mean for shards shows when deals were looked at.
            let news = async {
                match kind {
                    Kind::Deals => market.changed().await,
                    Kind::Shards => self.looked.notified().await,
                }
            };
            tokio::select! {
                _ = stop.changed() => return,
                () = tokio::time::sleep(self.core.config.renewal.interval) => {}
                () = news => {}
            }
        }
    }

    /// Ends deletions that are under way; they are tried again after the next start.
    pub(crate) fn abort(&self) {
        self.deletions.abort();
    }

    /// What takes too long now, in words.
    pub(crate) fn late(&self) -> Option<String> {
        let most = self.core.config.renewal.late;
        self.deals.late(most).or_else(|| self.shards.late(most))
    }

    /// One bounded round of everything.
    pub(crate) async fn tick(&self) -> RenewalReport {
        let mut report = RenewalReport::default();
        self.look_after_deals(&mut report).await;
        self.look_after_shards(&mut report).await;
        report
    }

    /// What the market is needed for; no provider is asked for anything.
    async fn look_after_deals(&self, report: &mut RenewalReport) {
        let _turn = self.deals.begin().await;
        let core = &self.core;
        note(report, "collecting dead segments", collect(core).await).inspect(|count| report.collected = *count);
        let now = match money::look(core).await {
            Ok(now) => now,
            Err(error) => {
                report.troubles.push(format!("asking the market: {error}"));
                return;
            }
        };
        // An offer that is stale by seconds is no reason for a wrong placement.
        core.directory.forget_offers().await;
        note(report, "settling unknown proposals", deals::resolve(core).await);
        note(report, "proposing deals", deals::propose(core).await).inspect(|count| report.proposed = *count);
        note(report, "looking at deals", deals::check(core, now).await).inspect(|count| report.checked = *count);
        note(report, "extending deals", extend::renew(core, now).await).inspect(|count| report.extended = *count);
        note(report, "ending what is not wanted", retire::retired(core).await);
        note(report, "counting funds", money::warn(core).await);
    }

    /// What providers are needed for. While the market is away nothing new is placed.
    async fn look_after_shards(&self, report: &mut RenewalReport) {
        let _turn = self.shards.begin().await;
        let core = &self.core;
        if core.account().trouble.is_none() {
            note(report, "looking at providers", silent::round(core, &self.looks).await);
            note(report, "moving shards", repair::failed_shards(core).await).inspect(|count| report.moved = *count);
            let compacted = compact::one(core, &self.writer, &self.not_compacted).await;
            note(report, "writing half-empty segments anew", compacted).inspect(|count| report.compacted = *count);
        }
        note(report, "deleting payloads", self.deletions.start(core).await).inspect(|count| report.deleted = *count);
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
