//! Who waits for which transaction.
//!
//! In: receipts as they become searchable, and ids that the pool dropped. Out: one answer to each waiting request. Entries vanish
//! with their answer, or with the request that gave up.

use crate::index::ReceiptRecord;
use depin_quantity::UnitId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// It is in a final block.
    Final(Box<ReceiptRecord>),
    /// It left the pool without having been included.
    Dropped,
}

type Waiting = HashMap<UnitId, Vec<(u64, oneshot::Sender<Fate>)>>;

/// Requests that wait. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Waiters {
    waiting: Arc<Mutex<(u64, Waiting)>>,
}

/// One waiting request; stops waiting when dropped.
#[derive(Debug)]
pub struct Waiter {
    waiters: Waiters,
    id: UnitId,
    number: u64,
    fate: oneshot::Receiver<Fate>,
}

impl Waiters {
    fn lock(&self) -> MutexGuard<'_, (u64, Waiting)> {
        // Every change is a single insertion or removal.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to wait for a transaction. Look for it only after this: what happens from here on is told.
    pub fn register(&self, id: UnitId) -> Waiter {
        let (sender, fate) = oneshot::channel();
        let mut waiting = self.lock();
        waiting.0 += 1;
        let number = waiting.0;
        waiting.1.entry(id).or_default().push((number, sender));
        drop(waiting);
        Waiter { waiters: self.clone(), id, number, fate }
    }

    /// Tells those who wait for these receipts' transactions.
    pub fn include(&self, receipts: &[ReceiptRecord]) {
        for receipt in receipts {
            if let Some((id, _)) = receipt.transaction() {
                self.notify(&id, || Fate::Final(Box::new(receipt.clone())));
            }
        }
    }

    /// Tells those who wait for these transactions that they were dropped.
    pub fn drop_all(&self, ids: &[UnitId]) {
        ids.iter().for_each(|id| self.notify(id, || Fate::Dropped));
    }

    fn notify(&self, id: &UnitId, fate: impl Fn() -> Fate) {
        let Some(waiting) = self.lock().1.remove(id) else { return };
        for (_, waiter) in waiting {
            // One that gave up meanwhile does not listen.
            let _ = waiter.send(fate());
        }
    }
}

impl Waiter {
    /// Resolves with the transaction's fate.
    pub async fn fate(&mut self) -> Fate {
        match (&mut self.fate).await {
            Ok(fate) => fate,
            // Only the end of the process drops a sender unsent.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut waiting = self.waiters.lock();
        if let Some(list) = waiting.1.get_mut(&self.id) {
            list.retain(|(number, _)| *number != self.number);
            if list.is_empty() {
                waiting.1.remove(&self.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_who_wait_are_told_and_nobody_is_kept() {
        let waiters = Waiters::default();
        let id = UnitId::new([1; 32]);
        let (mut a, mut b, gone) = (waiters.register(id), waiters.register(id), waiters.register(id));
        let other = waiters.register(UnitId::new([2; 32]));
        drop(gone);
        waiters.drop_all(&[id]);
        assert_eq!((a.fate().await, b.fate().await), (Fate::Dropped, Fate::Dropped));
        assert_eq!(waiters.lock().1.len(), 1);
        drop((a, b, other));
        assert!(waiters.lock().1.is_empty());
    }
}
