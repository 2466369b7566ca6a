//! Pending transactions.
//!
//! In: transactions whose admission and signature were checked, and for every final block the new nonces and base fee. Out: the
//! best candidates for a block, and a wake-up for the proposer when there are any. The API puts in, the machine takes out.
//!
//! Across senders the highest tip per work unit goes first, the older one on a tie; inside one sender the nonce decides. What comes
//! behind a nonce gap waits. Counts, bytes and each sender's share are bounded; a full pool drops the tail that pays least, waiting
//! ones first, so that nothing dropped leaves a gap. Absent on purpose: durability (clients resend; resending is idempotent) and
//! any rule about what a transaction may do.

mod book;
mod queue;
#[cfg(test)]
mod tests;

use book::Book;
use bytes::Bytes;
use depin_economy::Spec;
use depin_ledger::Transaction;
use depin_quantity::{Address, UnitId, Units};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// Bounds of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Transactions in all.
    pub count_max: usize,
    /// Encoded bytes in all.
    pub bytes_max: usize,
    /// Transactions of one sender.
    pub sender_max: usize,
    /// How far ahead of the account's nonce a nonce may lie.
    pub nonce_ahead_max: u64,
    /// How long a transaction may wait.
    pub lifetime: Duration,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self {
            count_max: 50_000,
            bytes_max: 128 << 20,
            sender_max: 1_024,
            nonce_ahead_max: 1_024,
            lifetime: Duration::from_secs(3 * 3_600),
        }
    }
}

/// A transaction that waits for a block.
#[derive(Debug)]
pub struct Pending {
    /// Its id.
    pub id: UnitId,
    /// Who sent it.
    pub sender: Address,
    /// The sender's nonce.
    pub nonce: u64,
    /// Work units.
    pub work: u64,
    /// Tip per work unit, base units of the fee token: what the pool sorts by.
    pub tip: Units,
    /// Highest base fee per work unit that is paid.
    pub base_fee_max: Units,
    /// The canonical encoding.
    pub bytes: Bytes,
    /// The transaction itself.
    pub transaction: Arc<Transaction>,
    /// When it came.
    pub arrived: Instant,
}

impl Pending {
    /// Notes what the pool sorts by; hashes the body once.
    pub fn new(transaction: Transaction, bytes: Bytes, arrived: Instant) -> Self {
        let body = &transaction.body;
        Self {
            id: transaction.id(),
            sender: body.sender(),
            nonce: body.nonce,
            work: body.work(),
            tip: body.tip,
            base_fee_max: body.base_fee_max,
            bytes,
            transaction: Arc::new(transaction),
            arrived,
        }
    }
}

/// Why the pool does not take a transaction. Checked in this order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The nonce was used already.
    #[error("nonce {nonce} was used already, the account's next nonce is {expected}")]
    NonceUsed {
        /// Nonce given.
        nonce: u64,
        /// The account's nonce.
        expected: u64,
    },
    /// The nonce is too far ahead.
    #[error("nonce {nonce} is too far ahead of the account's next nonce {expected}; at most {limit} ahead are kept")]
    NonceTooFar {
        /// Nonce given.
        nonce: u64,
        /// The account's nonce.
        expected: u64,
        /// How far ahead is allowed.
        limit: u64,
    },
    /// Another transaction with that nonce waits and pays as much.
    #[error(
        "another transaction with nonce {nonce} waits; a tip of at least {needed} base units per work unit replaces it, not {tip}"
    )]
    ReplacementTooCheap {
        /// The nonce of both.
        nonce: u64,
        /// Tip given.
        tip: Units,
        /// Lowest tip that replaces.
        needed: Units,
    },
    /// The sender has its share of the pool.
    #[error("{limit} transactions of this sender wait already, the most allowed")]
    SenderFull {
        /// Transactions allowed per sender.
        limit: usize,
    },
    /// The pool is full of transactions that pay more.
    #[error("the pool is full of transactions that pay at least as much per work unit")]
    PoolFull,
}

impl PoolError {
    /// The refusal with its amounts in whole tokens, as the network with these parameters writes them.
    pub fn told(&self, spec: &Spec) -> String {
        match self {
            Self::ReplacementTooCheap { nonce, tip, needed } => {
                let [tip, needed] = [tip, needed].map(|units| spec.amount_text(spec.fee().token, *units));
                format!(
                    "another transaction with nonce {nonce} waits; a tip of at least {needed} per work unit replaces it, not {tip}"
                )
            }
            other => other.to_string(),
        }
    }
}

/// What taking a transaction did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It waits now; these had to go.
    New {
        /// Transactions that were replaced or pushed out.
        dropped: Vec<UnitId>,
    },
    /// It waited already; nothing changed.
    Known,
}

/// What a final block means to the pool.
#[derive(Clone, Debug)]
pub struct FinalBlock<'a> {
    /// Its height.
    pub height: u64,
    /// Base fee of the next block, base units per work unit.
    pub base_fee: Units,
    /// Ids of its transactions.
    pub included: &'a [UnitId],
    /// Senders of its transactions and their nonces after it.
    pub nonces: &'a [(Address, u64)],
    /// The time now, for expiry.
    pub now: Instant,
}

/// Size of the pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolSize {
    /// Transactions.
    pub count: usize,
    /// Their encoded bytes.
    pub bytes: usize,
    /// Distinct senders.
    pub senders: usize,
}

/// The pool; shared by reference.
#[derive(Debug)]
pub struct Pool {
    book: Mutex<Book>,
    wake: Notify,
}

impl Pool {
    /// An empty pool.
    pub fn new(limits: PoolLimits) -> Self {
        Self { book: Mutex::new(Book::new(limits)), wake: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        // The book's calls leave it whole at every point where they could panic.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a transaction whose admission and signature were checked. `account_nonce` is asked while the pool is locked: a block that
    /// becomes final in between is seen either by it or by the [`Pool::finalized`] that follows.
    ///
    /// # Errors
    /// [`PoolError`], in the order of its variants. A transaction that waits already is no error.
    pub fn insert(&self, pending: Pending, account_nonce: impl FnOnce() -> u64) -> Result<Inserted, PoolError> {
        let (result, woken) = {
            let mut book = self.lock();
            let nonce = account_nonce();
            let result = book.insert(Arc::new(pending), nonce);
            (result, book.has_ready())
        };
        if woken {
            self.wake.notify_waiters();
        }
        result
    }

    /// The transaction, if it waits.
    pub fn get(&self, id: &UnitId) -> Option<Arc<Pending>> {
        self.lock().get(id)
    }

    /// The next nonce that continues the sender's includable transactions, if any wait.
    pub fn next_nonce(&self, sender: &Address) -> Option<u64> {
        self.lock().next_nonce(sender)
    }

    /// Candidates for a block, best first, up to about `work_max` work units and `bytes_max` bytes. Holds everything from the
    /// finalized nonces on, also what an unfinalized ancestor may hold already: only the one who chooses knows the parent.
    pub fn best(&self, work_max: u64, bytes_max: usize) -> Vec<Arc<Pending>> {
        self.lock().best(work_max, bytes_max)
    }

    /// Notes that these are in an unfinalized block of that height: no need to wake a proposer for them.
    pub fn in_flight(&self, height: u64, ids: &[UnitId]) {
        self.lock().in_flight(height, ids);
    }

    /// Notes that a block with room left these out. Each wakes nobody for a while, longer every time, and is checked again then.
    pub fn passed_over(&self, height: u64, ids: &[UnitId]) {
        self.lock().passed_over(height, ids);
    }

    /// Drops what a final block made stale: used nonces, transactions past their lifetime, and those left out before that `admit` no
    /// longer takes. Returns what was dropped without having been included.
    pub fn finalized(&self, block: &FinalBlock<'_>, admit: impl Fn(&Transaction) -> bool) -> Vec<UnitId> {
        let (dropped, woken) = {
            let mut book = self.lock();
            (book.finalized(block, admit), book.has_ready())
        };
        if woken {
            self.wake.notify_waiters();
        }
        dropped
    }

    /// Since when a transaction waits whose nonce is its account's next, also one that nobody is woken for now: its fee is too low yet,
    /// or a block left it out.
    pub fn waiting_since(&self) -> Option<Instant> {
        self.lock().next_since()
    }

    /// Resolves when there is something to put into a block.
    pub async fn ready(&self) {
        loop {
            let woken = self.wake.notified();
            tokio::pin!(woken);
            // Registered before looking, so that a wake-up in between is not lost.
            woken.as_mut().enable();
            if self.lock().has_ready() {
                return;
            }
            woken.await;
        }
    }

    /// Size now.
    pub fn size(&self) -> PoolSize {
        self.lock().size()
    }
}
