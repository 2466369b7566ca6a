//! Reports go to the ledger, at most 64 in a message.
//!
//! What the ledger refuses is halved until the report that it refuses stands alone; the others go through. A report is taken there
//! once by its id, so whatever is left in doubt, by a lost answer or by `kill -9`, is simply sent again: a report that is known there
//! with the same content changes nothing and counts as reported.
//!
//! A refusal is final under its id, but for what passes by itself: while a price is stale, or the economy still closes ended periods,
//! a report stays queued and says why.

use crate::{
    node::{Core, Pause},
    store::{Queued, StoreError, reports},
    wire::Reason,
};
use depin_client::{ClientError, SubmitError};
use depin_ledger::Message;
use depin_quantity::UnitId;
use depin_services::metered::{ENTRIES_MAX, MeteredMessage};
use futures::{
    FutureExt as _,
    future::{self, BoxFuture},
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Messages under way at once.
const MESSAGES: usize = 4;
/// The queue is looked at this often although nobody said that something is in it.
const LOOK: Duration = Duration::from_secs(1);

/// The code of what the economy refuses. An order that cannot pay is told apart from it, so the rest passes.
const PASSING: &str = "economy";

/// Why a round was not finished.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error(transparent)]
    Node(#[from] ClientError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SendError {
    fn reason(&self, core: &Core) -> Reason {
        match self {
            Self::Submit(error) => Reason::of_sender(error, "reporter", core.reporter.address()),
            Self::Node(error) => Reason::of_node(error, "reporter", core.reporter.address()),
            Self::Store(error) => Reason::of_store(error),
        }
    }
}

/// Sends whatever is queued, for ever.
pub(crate) async fn run(core: Arc<Core>) {
    let mut pause = Pause::new();
    loop {
        match round(&core).await {
            Ok(0) => {
                core.problems.solved("reports");
                pause.reset();
                let _ = tokio::time::timeout(LOOK, core.reports.notified()).await;
            }
            Ok(_) => {
                core.problems.solved("reports");
                pause.reset();
            }
            Err(error) => {
                core.problems.note("reports", error.reason(&core), &error);
                pause.wait().await;
            }
        }
    }
}

/// Sends the oldest reports; gives how many there were.
async fn round(core: &Arc<Core>) -> Result<usize, SendError> {
    let queued = core.store.run(|db| reports::queued(db, wall_ms(), MESSAGES * ENTRIES_MAX)).await?;
    let count = queued.len();
    let sent = queued.chunks(ENTRIES_MAX).map(|chunk| send(core, chunk.to_vec()));
    future::join_all(sent).await.into_iter().collect::<Result<(), _>>()?;
    let left = core.store.run(reports::count_queued).await?;
    core.metrics.set_queued(left);
    Ok(count)
}

fn send(core: &Arc<Core>, queued: Vec<Queued>) -> BoxFuture<'_, Result<(), SendError>> {
    async move {
        let reports = queued.iter().map(|queued| queued.report.clone()).collect();
        match core.reporter.submit(Message::service(MeteredMessage::Report(reports))).await {
            Ok(receipt) => reported(core, &queued, Some(receipt.id)).await,
            Err(error) if queued.len() > 1 && error.refusal().is_some() => {
                let (first, second) = queued.split_at(queued.len() / 2);
                let (first, second) = future::join(send(core, first.to_vec()), send(core, second.to_vec())).await;
                first.and(second)
            }
            Err(error) => match error.refusal() {
                Some((code, message)) => refused(core, &queued, code, message).await,
                None => Err(error.into()),
            },
        }
    }
    .boxed()
}

fn wall_ms() -> u64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(passed.as_millis()).unwrap_or(u64::MAX)
}

async fn reported(core: &Core, queued: &[Queued], tx: Option<UnitId>) -> Result<(), SendError> {
    let seqs: Vec<i64> = queued.iter().map(|queued| queued.seq).collect();
    core.metrics.reported(seqs.len());
    Ok(core.store.run(move |db| reports::set_reported(db, &seqs, tx)).await?)
}

/// One that stands alone is refused for good, unless the ledger has it already: its order may have ended since it was taken there.
async fn refused(core: &Core, queued: &[Queued], code: String, message: String) -> Result<(), SendError> {
    let Some(one) = queued.first() else { return Ok(()) };
    if let Some(batch) = core.client.metered().batch(one.batch).await? {
        let report = &one.report;
        let evidence = (&batch.evidence.hash, &batch.evidence.pointer);
        if batch.units == report.units && evidence == (&report.evidence.hash, &report.evidence.pointer) {
            return reported(core, queued, None).await;
        }
    }
    tracing::info!(batch = %one.batch, code, message, "the ledger refused a report");
    let seq = one.seq;
    if code == PASSING {
        let until = wall_ms().saturating_add(u64::try_from(core.config.put_off.as_millis()).unwrap_or(u64::MAX));
        return Ok(core.store.run(move |db| reports::put_off(db, seq, &code, &message, until)).await?);
    }
    core.metrics.refused();
    Ok(core.store.run(move |db| reports::set_refused(db, seq, &code, &message)).await?)
}
