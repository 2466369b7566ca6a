//! A running engine as the rest of the program sees it. Works on any runtime.

use crate::{
    block::{Block, Header},
    clock::ClockBehind,
    intact::VotesFault,
    limits::MAX_ROW_KEY,
    progress::{Progress, Tip},
    proof::Proof,
    receipt::Receipt,
    requests::{Reply, Request},
};
use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{mpsc, oneshot, watch};

/// How an engine ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// [`Handle::stop`] was called and every part stopped.
    Stopped,
    /// The last handle was dropped: everything was cut off, as by a crash. Recovery handles it.
    Abandoned,
    /// A part failed or panicked; the reason. The node must not go on without its engine.
    Failed(String),
    /// The store was not opened: the wall clock is behind the last block, and that was not accepted.
    ClockBehind(ClockBehind),
    /// Consensus did not begin: votes may have been forgotten.
    Votes(VotesFault),
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The engine does not run any more.
    #[error("the engine has ended; see `closed` for the reason")]
    Closed,
    /// A key that no row can have.
    #[error("key of {got} bytes, at most {MAX_ROW_KEY} are allowed")]
    KeyTooLong {
        /// Bytes of the key.
        got: usize,
    },
    /// There is no block with a state yet.
    #[error("no state to prove anything about yet; wait for the first block")]
    NoState,
    /// A block that is not kept any more.
    #[error("blocks below {first} were given up here")]
    PrunedBlock {
        /// The lowest height that is kept.
        first: u64,
    },
    /// Receipts that are not kept any more.
    #[error("receipts below {first}, which is in block {height}, were given up here")]
    PrunedReceipts {
        /// The lowest position that is kept.
        first: u64,
        /// Height of its block.
        height: u64,
    },
    /// The store failed.
    #[error("the store cannot be read: {0}")]
    Store(String),
}

/// A running engine. Clones are the same engine; when the last one is dropped without [`Handle::stop`], the engine is cut off.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

struct Shared {
    requests: mpsc::Sender<Request>,
    stop: Mutex<Option<oneshot::Sender<()>>>,
    ended: watch::Receiver<Option<End>>,
    progress: Arc<Progress>,
    genesis: Block,
    public_key: [u8; 32],
}

impl Handle {
    pub(crate) fn new(
        requests: mpsc::Sender<Request>,
        stop: oneshot::Sender<()>,
        ended: watch::Receiver<Option<End>>,
        progress: Arc<Progress>,
        genesis: Block,
        public_key: [u8; 32],
    ) -> Self {
        Self { shared: Arc::new(Shared { requests, stop: Mutex::new(Some(stop)), ended, progress, genesis, public_key }) }
    }

    /// Public key of this node.
    pub fn public_key(&self) -> [u8; 32] {
        self.shared.public_key
    }

    /// Follows the last block that is final and durable here. A slow reader misses heights; [`Handle::block`] and
    /// [`Handle::receipts`] have them all. Starts with the genesis block, then with the block that the store was opened at.
    pub fn finalized(&self) -> watch::Receiver<Tip> {
        self.shared.progress.tips()
    }

    /// Resolves when the store is open and the machine holds its rows (after a state sync: when the sync is done).
    pub async fn opened(&self) -> Result<(), QueryError> {
        let mut databases = self.shared.progress.databases();
        let opened = async { databases.wait_for(Option::is_some).await.map(|_| ()) };
        tokio::select! {
            opened = opened => opened.map_err(|_| QueryError::Closed),
            _ = self.closed() => Err(QueryError::Closed),
        }
    }

    /// The final block of `height`; `None` when it is not final yet or, after a state sync, was never fetched. [`QueryError::PrunedBlock`]
    /// below what history is kept from.
    pub async fn block(&self, height: u64) -> Result<Option<Arc<Block>>, QueryError> {
        if height == 0 {
            return Ok(Some(Arc::new(self.shared.genesis.clone())));
        }
        self.ask(|reply| Request::Block(height, reply)).await
    }

    /// The header of the final block of `height`, see [`Handle::block`]. Those of the last blocks are in memory and need no store.
    pub async fn header(&self, height: u64) -> Result<Option<Header>, QueryError> {
        if let Some(header) = self.shared.progress.header(height) {
            return Ok(Some(header));
        }
        Ok(self.block(height).await?.map(|block| block.header().clone()))
    }

    /// Gives up final blocks, their certificates and receipts below `height`. Files go when all that is in them was given up, within some
    /// blocks; receipts that every node has for its peers stay. What the rows are is not touched. Whoever starts the engine again says
    /// so by [`Config::history`](crate::Config::history).
    pub fn prune(&self, height: u64) {
        let durable = self.shared.progress.tips().borrow().height;
        self.shared.progress.history().prune(height.min(durable));
    }

    /// Number of durable receipts.
    pub fn receipts_len(&self) -> u64 {
        self.shared.progress.tips().borrow().receipts_len
    }

    /// Durable receipts from position `start` on, at most `max`; fewer at the end of the log. [`QueryError::PrunedReceipts`] where the
    /// log begins later.
    pub async fn receipts(&self, start: u64, max: usize) -> Result<Vec<Receipt>, QueryError> {
        self.ask(|reply| Request::Receipts { start, max, reply }).await
    }

    /// Proves the row of `key`, or that there is none, under the header whose state is applied now.
    pub async fn prove(&self, key: Vec<u8>) -> Result<Proof, QueryError> {
        if key.len() > MAX_ROW_KEY {
            return Err(QueryError::KeyTooLong { got: key.len() });
        }
        self.ask(|reply| Request::Prove(key, reply)).await
    }

    /// Stops the engine cleanly and waits for its end. Returns how it ended, also when it had ended before.
    pub async fn stop(&self) -> End {
        let stop = self.shared.stop.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(stop) = stop {
            // An engine that ended already does not listen.
            let _ = stop.send(());
        }
        self.closed().await
    }

    /// Resolves with the reason when the engine ends, whatever the reason is. Does not keep the engine running.
    pub fn closed(&self) -> impl Future<Output = End> + Send + 'static {
        let mut ended = self.shared.ended.clone();
        async move {
            match ended.wait_for(Option::is_some).await {
                Ok(end) => end.clone().expect("waited for it"),
                Err(_) => End::Failed("the engine's thread vanished without a reason".into()),
            }
        }
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, QueryError> {
        let (reply, answer) = oneshot::channel();
        self.shared.requests.send(request(reply)).await.map_err(|_| QueryError::Closed)?;
        answer.await.map_err(|_| QueryError::Closed)?
    }
}
