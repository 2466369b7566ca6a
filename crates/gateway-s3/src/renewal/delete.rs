//! Payloads that no deal covers any more are deleted at their providers.
//!
//! In: retired placements whose deal is over. Out: a request to each provider, in a task of its own, so that one that does not answer holds up
//! neither the others nor anything else. Every request is bounded in time; who is silent rests, with all that is left there.

use super::{RenewalError, next_try};
use crate::{
    core::Core,
    map::{RetiredRow, tables},
    shards::ShardError,
};
use depin_quantity::Address;
use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

/// After so many failed deletions a payload is left to its provider, which drops what no deal covers.
const DELETIONS_MAX: u32 = 12;
/// Providers asked at once.
const PROVIDERS_MAX: usize = 32;
/// How long a round waits for those it asks, so that it can tell of what was deleted at once.
const QUICK: Duration = Duration::from_millis(250);

/// Deletions under way.
#[derive(Default)]
pub(super) struct Deletions {
    busy: Arc<Mutex<HashSet<Address>>>,
    tasks: Mutex<JoinSet<()>>,
    deleted: Arc<AtomicUsize>,
}

/// A provider that is asked, while it lives.
struct Busy {
    all: Arc<Mutex<HashSet<Address>>>,
    provider: Address,
}

impl Drop for Busy {
    fn drop(&mut self) {
        lock(&self.all).remove(&self.provider);
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Deletions {
    /// Asks providers that are not asked already; counts what was deleted since the last round.
    pub(super) async fn start(&self, core: &Arc<Core>) -> Result<usize, RenewalError> {
        let (now, batch) = (core.now_ms(), core.config.renewal.batch);
        let busy: Vec<Address> = lock(&self.busy).iter().copied().collect();
        let mut room = PROVIDERS_MAX.saturating_sub(busy.len());
        let rows = core.map.read(move |db| tables::to_delete(db, now, &busy, batch)).await?;
        let mut by_provider: BTreeMap<Address, Vec<RetiredRow>> = BTreeMap::new();
        for row in rows {
            by_provider.entry(row.provider).or_default().push(row);
        }
        let (running, mut ended) = mpsc::channel::<()>(1);
        for (provider, rows) in by_provider {
            if room == 0 {
                break;
            }
            room -= 1;
            lock(&self.busy).insert(provider);
            let busy = Busy { all: Arc::clone(&self.busy), provider };
            let (core, deleted, running) = (Arc::clone(core), Arc::clone(&self.deleted), running.clone());
            let mut tasks = lock(&self.tasks);
            while tasks.try_join_next().is_some() {}
            tasks.spawn(async move {
                let _held = (busy, running);
                if let Err(error) = at_provider(&core, provider, rows, &deleted).await {
                    tracing::warn!(%provider, %error, "deleting payloads stopped");
                }
            });
        }
        drop(running);
        // Nothing is ever sent: it ends when all that began with this round have ended.
        let _ = timeout(QUICK, ended.recv()).await;
        Ok(self.deleted.swap(0, Ordering::Relaxed))
    }

    /// Ends whatever is under way; it is tried again after the next start.
    pub(super) fn abort(&self) {
        lock(&self.tasks).abort_all();
    }
}

/// Deletes what is left at one provider, until it is silent.
async fn at_provider(
    core: &Arc<Core>,
    provider: Address,
    rows: Vec<RetiredRow>,
    deleted: &AtomicUsize,
) -> Result<(), RenewalError> {
    for row in rows {
        // Whoever stores it there again meanwhile is not disturbed; it is asked for in a later round.
        let Some(_claim) = core.claims.take(provider, row.cid) else { continue };
        let cid = row.cid;
        let wanted_again = core.map.read(move |db| tables::is_placed(db, provider, cid)).await?;
        let outcome = if wanted_again { Ok(()) } else { delete(core, &row).await };
        match outcome {
            Ok(()) => {
                deleted.fetch_add(usize::from(!wanted_again), Ordering::Relaxed);
                core.map.write(move |db| tables::forget_retired(db, row.id)).await?;
            }
            Err(error) => {
                let silent = matches!(error, ShardError::Unreachable(_) | ShardError::Stalled(_) | ShardError::Barred(_));
                failed(core, row, &error, silent).await?;
                if silent {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

async fn delete(core: &Core, row: &RetiredRow) -> Result<(), ShardError> {
    let limit = core.config.delete_timeout;
    let answer = timeout(limit, core.shards.delete(&core.directory.provider(row.provider), &row.cid)).await;
    answer.unwrap_or_else(|_| Err(ShardError::Stalled(format!("no answer to a deletion within {limit:?}"))))
}

/// Puts a deletion off, and with a silent provider all others there; one that failed too often is given up.
async fn failed(core: &Core, row: RetiredRow, error: &ShardError, silent: bool) -> Result<(), RenewalError> {
    let (next, reason, provider) = (next_try(core, row.attempts), error.to_string(), row.provider);
    let gives_up = row.attempts >= DELETIONS_MAX;
    if gives_up {
        tracing::warn!(%provider, cid = %row.cid, %error, "a payload is left for its provider to drop");
    }
    core.map
        .write(move |db| {
            if gives_up {
                tables::forget_retired(db, row.id)?;
            } else {
                tables::set_retired(db, &RetiredRow { attempts: row.attempts + 1, ..row }, next, &reason)?;
            }
            if silent { tables::put_off(db, provider, next) } else { Ok(()) }
        })
        .await?;
    Ok(())
}
