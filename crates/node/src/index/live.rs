//! Subscriptions: what is in the file, then what comes, without a seam.

use super::{EventRecord, Filter, Index, IndexError, write::Batch};
use std::sync::Arc;
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Events read from the file at once.
const PAGE: usize = 256;

/// A reader of events in order. It was registered for new ones before it read the first from the file, and knows the position that
/// it needs next; so what comes twice is left out, and what it was too slow for it reads from the file.
#[derive(Debug)]
pub struct Subscription {
    index: Arc<Index>,
    incoming: Receiver<Arc<Batch>>,
    filter: Filter,
    next: u64,
    behind: bool,
}

impl Subscription {
    pub(super) fn new(index: Arc<Index>, from: u64, filter: Filter) -> Self {
        let incoming = index.live.subscribe();
        Self { index, incoming, filter, next: from, behind: true }
    }

    /// Position up to which everything was delivered.
    pub const fn position(&self) -> u64 {
        self.next
    }

    /// The next events, at least one; waits for them. `None` when the index is closed. May be dropped unfinished and called again.
    ///
    /// # Errors
    /// [`IndexError::Database`].
    pub async fn next(&mut self) -> Result<Option<Vec<EventRecord>>, IndexError> {
        loop {
            let events = if self.behind { self.read().await? } else { self.receive().await };
            match events {
                None => return Ok(None),
                Some(events) if events.is_empty() => {}
                Some(events) => return Ok(Some(events)),
            }
        }
    }

    async fn read(&mut self) -> Result<Option<Vec<EventRecord>>, IndexError> {
        let page = match self.index.events(self.next, PAGE, self.filter.clone()).await {
            Err(IndexError::Closed) => return Ok(None),
            page => page?,
        };
        self.behind = page.next < page.end;
        self.next = page.next;
        Ok(Some(page.events))
    }

    async fn receive(&mut self) -> Option<Vec<EventRecord>> {
        let batch = match self.incoming.recv().await {
            Ok(batch) => batch,
            Err(RecvError::Lagged(_)) => {
                self.behind = true;
                return Some(Vec::new());
            }
            Err(RecvError::Closed) => return None,
        };
        if batch.first > self.next {
            // Not reached while batches come without gaps; reading is right in any case.
            self.behind = true;
            return Some(Vec::new());
        }
        let wanted = batch.events.iter().filter(|named| named.event.position >= self.next);
        let matching = wanted.filter(|named| self.filter.matches(&named.event, &named.names)).map(|named| named.event.clone());
        let events = matching.collect();
        self.next = self.next.max(batch.end);
        Some(events)
    }
}
