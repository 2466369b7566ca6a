//! What became of reported batches: asked when something must have happened, and kept for a while, since the ledger forgets closed
//! orders.

use crate::{
    node::{Core, Pause},
    store::{StoreError, millis, reports, wall_ms},
    wire::Reason,
};
use depin_client::{
    ClientError,
    api::{BatchStage, MeteredBatch},
};
use depin_quantity::UnitId;
use futures::stream::{self, TryStreamExt as _};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Pause between two looks, wall time.
const LOOK: Duration = Duration::from_secs(1);
/// Batches asked about in one look, and at once.
const BATCHES: usize = 256;
const AT_ONCE: usize = 8;
/// Reports that are forgotten in one transaction, and the pause until more are looked for.
const FORGOTTEN: usize = 1_000;
const FORGET: Duration = Duration::from_secs(60);
/// A batch whose end has no time is asked about again this much later, in ms of ledger time.
const AGAIN_MS: u64 = 60_000;

#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error(transparent)]
    Node(#[from] ClientError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FollowError {
    fn reason(&self, core: &Core) -> Reason {
        match self {
            Self::Node(error) => Reason::of_node(error, "reporter", core.reporter.address()),
            Self::Store(error) => Reason::of_store(error),
        }
    }
}

/// Follows reported batches until they are settled, for ever.
pub(crate) async fn run(core: Arc<Core>) {
    let mut pause = Pause::new();
    let mut forgotten = None::<Instant>;
    loop {
        if forgotten.is_none_or(|at| at.elapsed() >= FORGET) {
            match forget(&core).await {
                Ok(FORGOTTEN) => {}
                Ok(_) => forgotten = Some(Instant::now()),
                Err(error) => core.problems.note("store", Reason::of_store(&error), &error),
            }
        }
        match look(&core).await {
            Ok(BATCHES) => {}
            Ok(_) => {
                core.problems.solved("following");
                pause.reset();
                tokio::time::sleep(LOOK).await;
            }
            Err(error) => {
                core.problems.note("following", error.reason(&core), &error);
                pause.wait().await;
            }
        }
    }
}

/// Forgets what ended longer ago than reports are kept; gives how many.
async fn forget(core: &Arc<Core>) -> Result<usize, StoreError> {
    let before = kept_since(core);
    core.store.run(move |db| reports::prune(db, before, FORGOTTEN)).await
}

/// The wall time before which what ended is not kept.
fn kept_since(core: &Core) -> i64 {
    wall_ms().saturating_sub(millis(core.config.keep))
}

async fn look(core: &Arc<Core>) -> Result<usize, FollowError> {
    // Nothing is asked of the node while nothing is under way.
    if core.store.run(|db| reports::due(db, u64::MAX, 1)).await?.is_empty() {
        return Ok(0);
    }
    let now = core.client.status().await?.time_ms;
    let due = core.store.run(move |db| reports::due(db, now, BATCHES)).await?;
    let count = due.len();
    stream::iter(due.into_iter().map(Ok::<_, FollowError>))
        .try_for_each_concurrent(AT_ONCE, |(seq, batch)| async move { ask(core, seq, batch, now).await.map(drop) })
        .await?;
    Ok(count)
}

/// Asks about one batch and keeps the answer.
async fn ask(core: &Core, seq: i64, id: UnitId, now_ms: u64) -> Result<Option<MeteredBatch>, FollowError> {
    let batch = core.client.metered().batch(id).await?;
    let next = match batch.as_ref() {
        Some(MeteredBatch { state: BatchStage::Pending, payable_at: Some(at), .. }) => at.ms.max(now_ms + 1),
        _ => now_ms.saturating_add(AGAIN_MS),
    };
    let (kept, since) = (batch.clone(), kept_since(core));
    core.store
        .run(move |db| {
            reports::set_batch(db, seq, kept.as_ref(), next)?;
            if kept.is_none() { reports::forget_lost(db, seq, since) } else { Ok(()) }
        })
        .await?;
    if batch.as_ref().is_some_and(|batch| batch.state == BatchStage::Settled) {
        core.metrics.settled();
    }
    Ok(batch)
}
