//! What the parts of a running dispatcher share.

use crate::{
    board::{Board, Seen},
    config::Config,
    plan::{Book, JobView},
    scenes::Files,
    store::{Draft, DraftOf, Store, StoreError, drafts, tickets},
};
use depin_client::{Client, ClientError, Sender, SigningKey, SubmitError, api::RenderingTicket};
use depin_quantity::{Instant, Name, UnitId};
use depin_services::rendering::JobState;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Tickets asked for at once.
const PAGE: u32 = 500;
/// How often all tickets of a job with many are read, decided ones too.
const WHOLE: Duration = Duration::from_secs(60);

/// The running dispatcher.
pub(crate) struct Desk {
    pub config: Config,
    pub client: Client,
    pub chain_id: Name,
    pub key: Arc<SigningKey>,
    pub sender: Sender,
    pub store: Store,
    pub files: Files,
    pub board: Board,
    /// One part of a scene is taken at a time.
    pub uploads: Arc<tokio::sync::Mutex<()>>,
    /// Jobs and nodes that something is brought to now.
    pub errands: Errands,
}

/// Who is on the way to which node for which job: at most one each.
#[derive(Debug, Default)]
pub(crate) struct Errands(Mutex<BTreeSet<(UnitId, UnitId)>>);

/// One that is under way; over when it is dropped.
pub(crate) struct Errand {
    desk: Arc<Desk>,
    to: (UnitId, UnitId),
}

impl Errand {
    /// Sets out, unless somebody is on the way there.
    pub(crate) fn begin(desk: &Arc<Desk>, job: UnitId, node: UnitId) -> Option<Self> {
        let begun = desk.errands.0.lock().unwrap_or_else(PoisonError::into_inner).insert((job, node));
        begun.then(|| Self { desk: Arc::clone(desk), to: (job, node) })
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        self.desk.errands.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.to);
    }
}

/// Why a look was not finished.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeskError {
    #[error(transparent)]
    Node(#[from] ClientError),
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the node lists {have} of the job's {of} tickets; nothing is planned from a part of them, and they are read again")]
    Incomplete { have: usize, of: u32 },
}

impl Desk {
    /// The turn to take a part of a scene.
    pub(crate) async fn uploads_turn(&self) -> tokio::sync::OwnedMutexGuard<()> {
        Arc::clone(&self.uploads).lock_owned().await
    }

    /// What the dispatcher knows of a drafted job, once that is on the ledger.
    async fn book(&self, draft: &Draft, job: UnitId) -> Result<Book, StoreError> {
        let (issued, compared) = self.store.run(move |db| Ok((tickets::issued(db, job)?, tickets::compared(db, job)?))).await?;
        Ok(Book { secret: draft.secret, issued, known: draft.known.clone(), compared })
    }

    /// The draft of a job.
    pub(crate) async fn draft(&self, of: DraftOf) -> Result<Option<Draft>, StoreError> {
        self.store.run(move |db| drafts::find(db, of)).await
    }

    /// What the ledger says of a job now, with what the dispatcher knows of it; none once the ledger forgot it.
    pub(crate) async fn look(&self, draft: &Draft, id: UnitId) -> Result<Option<Seen>, DeskError> {
        let calls = self.client.rendering();
        let now = Instant::new(self.client.status().await?.time_ms);
        let Some(job) = calls.job(id).await? else { return Ok(None) };
        let nodes = if job.drawn.is_some() { calls.job_nodes(id).await?.unwrap_or_default() } else { Vec::new() };
        let mut tickets = self.decided(id);
        let kept = self.board.job(id).map(|seen| seen.whole_at).filter(|_| !tickets.is_empty());
        while tickets.len() < job.tickets as usize {
            let after = tickets.last().map(|last| last.number.to_string());
            let page = calls.tickets(id, after.as_deref(), Some(PAGE)).await?;
            if page.items.is_empty() {
                // Those of a closed job are forgotten, some at a time.
                if job.state == JobState::Closed {
                    break;
                }
                return Err(DeskError::Incomplete { have: tickets.len(), of: job.tickets });
            }
            tickets.extend(page.items);
        }
        let view = Arc::new(JobView { job, nodes, tickets, now });
        let book = Arc::new(self.book(draft, id).await?);
        let seen = Seen { view, book, whole_at: kept.unwrap_or_else(std::time::Instant::now) };
        self.board.see(id, seen.clone());
        Ok(Some(seen))
    }

    /// The first tickets of a job that are decided, without a gap; none where they are few, or were not read for a while: the key of one that is
    /// paid may be disputed.
    fn decided(&self, id: UnitId) -> Vec<RenderingTicket> {
        let Some(Seen { view, whole_at, .. }) = self.board.job(id) else { return Vec::new() };
        if view.tickets.len() <= PAGE as usize || whole_at.elapsed() >= WHOLE {
            return Vec::new();
        }
        let (tickets, is_decided) = (&view.tickets, |ticket: &&RenderingTicket| ticket.done && ticket.comparison.is_none());
        tickets.iter().take_while(is_decided).cloned().collect()
    }
}
