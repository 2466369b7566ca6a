//! What is final, applied and durable; shared by the adapter, which writes it, and the handle, which reads it.

use crate::{
    block::{Block, Header},
    clock::ClockBehind,
    history::History,
    machine::{Digest, Parent, Stamp},
    store::Pair,
};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::watch;

/// Headers kept in memory; a proof needs the one of the applied state, a block the one of its parent.
const RECENT: usize = 64;

/// The last block that is final and durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its height; zero before the first block.
    pub height: u64,
    /// Its digest.
    pub digest: Digest,
    /// Its clock readings.
    pub stamp: Stamp,
    /// Root of the rows after it.
    pub state_root: Digest,
    /// Number of its transactions.
    pub tx_count: u32,
    /// Number of receipts of all blocks up to and including it.
    pub receipts_len: u64,
}

impl Tip {
    pub(crate) fn of(header: &Header) -> Self {
        Self {
            height: header.height(),
            digest: header.digest(),
            stamp: header.stamp(),
            state_root: header.state_root(),
            tx_count: header.tx_count(),
            receipts_len: header.receipts_len(),
        }
    }
}

pub(crate) struct Progress {
    /// Headers of the last applied blocks, newest last, with their digests.
    recent: Mutex<VecDeque<(Digest, Header)>>,
    durable: watch::Sender<Tip>,
    /// Present as soon as the machine holds the rows of the databases.
    opened: watch::Sender<Option<Pair>>,
    /// Why the store was not opened.
    refused: watch::Sender<Option<ClockBehind>>,
    history: Arc<History>,
    /// Whether all parts stopped when they were asked to.
    in_order: AtomicBool,
}

impl Progress {
    /// Of a chain of whose history what is below `history` was given up.
    pub(crate) fn new(genesis: &Block, history: u64) -> Self {
        Self {
            recent: Mutex::new(VecDeque::new()),
            durable: watch::Sender::new(Tip::of(genesis.header())),
            opened: watch::Sender::new(None),
            refused: watch::Sender::new(None),
            history: History::from(history),
            in_order: AtomicBool::new(false),
        }
    }

    /// The databases hold the durable state of `header` and the machine has loaded it.
    pub(crate) fn open(&self, header: &Header, databases: Pair) {
        let mut recent = self.lock();
        recent.clear();
        recent.push_back((header.digest(), header.clone()));
        drop(recent);
        self.durable.send_replace(Tip::of(header));
        self.opened.send_replace(Some(databases));
    }

    /// The store is not to be opened with the clock as it is.
    pub(crate) fn refuse(&self, behind: ClockBehind) {
        self.refused.send_replace(Some(behind));
    }

    /// Resolves when the store is not opened because of the clock.
    pub(crate) async fn refused(&self) -> ClockBehind {
        let mut refused = self.refused.subscribe();
        let behind = refused.wait_for(Option::is_some).await.ok().and_then(|behind| *behind);
        match behind {
            Some(behind) => behind,
            None => std::future::pending().await,
        }
    }

    /// All parts stopped when they were asked to, so their files are as they should be.
    pub(crate) fn note_order(&self) {
        self.in_order.store(true, Ordering::Relaxed);
    }

    /// Whether all parts stopped when they were asked to.
    pub(crate) fn is_in_order(&self) -> bool {
        self.in_order.load(Ordering::Relaxed)
    }

    /// Lets go of the databases; the last tip stays.
    pub(crate) fn close(&self) {
        self.opened.send_replace(None);
    }

    /// The state of `header` is about to be applied.
    pub(crate) fn applying(&self, header: &Header) {
        let mut recent = self.lock();
        if recent.len() == RECENT {
            recent.pop_front();
        }
        recent.push_back((header.digest(), header.clone()));
    }

    /// The last block whose state was applied.
    pub(crate) fn applied(&self) -> Option<Tip> {
        self.lock().back().map(|(_, header)| Tip::of(header))
    }

    /// Everything up to `tip` is on disk.
    pub(crate) fn durable(&self, tip: Tip) {
        self.durable.send_replace(tip);
    }

    /// A recently applied block as a parent.
    pub(crate) fn parent(&self, digest: Digest) -> Option<Parent> {
        let recent = self.lock();
        let (digest, header) = recent.iter().rev().find(|(known, _)| *known == digest)?;
        Some(Parent { digest: *digest, height: header.height(), stamp: header.stamp() })
    }

    /// The header of a recent block that is final and durable.
    pub(crate) fn header(&self, height: u64) -> Option<Header> {
        if height > self.durable.borrow().height {
            return None;
        }
        self.lock().iter().rev().map(|(_, header)| header).find(|header| header.height() == height).cloned()
    }

    /// How many blocks without a transaction the chain ends with at `parent`, as far as is remembered.
    pub(crate) fn empty_blocks(&self, parent: &Header) -> u32 {
        let recent = self.lock();
        let before = recent.iter().rev().map(|(_, header)| header).filter(|header| header.height() < parent.height());
        let empty = std::iter::once(parent).chain(before).take_while(|header| header.tx_count() == 0).count();
        u32::try_from(empty).unwrap_or(u32::MAX)
    }

    /// The recently applied header with this state root.
    pub(crate) fn with_state_root(&self, root: Digest) -> Option<Header> {
        self.lock().iter().rev().find(|(_, header)| header.state_root() == root).map(|(_, header)| header.clone())
    }

    /// How far back history is kept.
    pub(crate) fn history(&self) -> &Arc<History> {
        &self.history
    }

    pub(crate) fn tips(&self) -> watch::Receiver<Tip> {
        self.durable.subscribe()
    }

    pub(crate) fn databases(&self) -> watch::Receiver<Option<Pair>> {
        self.opened.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Digest, Header)>> {
        // Every change is a single push or pop, so a panic elsewhere cannot leave it half-done.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
