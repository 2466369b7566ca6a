//! Receipts and events, searchable.
//!
//! In: the engine's durable receipts log, by position. Out: answers by transaction, account, kind, id and height; the newest blocks;
//! live subscriptions without a seam. One writing connection, a few reading ones, WAL between them. A record is written together
//! with the mark that says so, hence once, whatever crashes. The file can be deleted at any time: the log fills it again with the
//! same positions. So a damaged one is, at the start or when it is found while running ([`Index::begin_again`]). Absent on purpose:
//! anything that is not in a receipt.

mod digest;
mod feed;
mod live;
mod prune;
mod query;
mod schema;
#[cfg(test)]
mod tests;
mod write;

pub use digest::{EventRecord, Names, ReceiptRecord};
pub use feed::{FollowError, LogError, ReceiptLog, follow};
pub use live::Subscription;
pub use query::{BlockRecord, EventPage, Filter};
pub use schema::{First, Marks};
pub use write::LogRecord;

use depin_quantity::{Address, Instant, UnitId};
use rusqlite::Connection;
use schema::Opened;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, Semaphore, broadcast, watch};
use write::{Batch, Writer};

/// Events that a walk through the history reads at once.
const WALK_PAGE: usize = 1_000;
/// Reading connections open at once.
const READERS: usize = 4;
/// Batches that a slow subscriber may lag behind before it reads from the file again.
const LIVE_BATCHES: usize = 256;

/// What can go wrong with the index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The database answered with an error.
    #[error("index database: {0}; delete the index file to have it filled again")]
    Database(#[from] rusqlite::Error),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] depin_database::OpenError),
    /// The file cannot be written or deleted.
    #[error("index file {path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: String,
    },
    /// A receipt is missing.
    #[error("receipt {got} came where receipt {expected} was due")]
    Gap {
        /// Position that came.
        got: u64,
        /// Position due.
        expected: u64,
    },
    /// A receipt of the log cannot be read.
    #[error("receipt {position} cannot be read: {error}; the log was written by another version")]
    Malformed {
        /// Its position.
        position: u64,
        /// What is wrong.
        error: String,
    },
    /// A number has no place in the file.
    #[error("{value} is larger than the index can hold")]
    TooLarge {
        /// The number.
        value: u64,
    },
    /// It was begun anew again and again.
    #[error("the index was damaged {times} times in this run; look at the disk below it")]
    Broken {
        /// How often it was begun anew.
        times: u32,
    },
    /// The index is closing.
    #[error("the index is closed")]
    Closed,
}

impl IndexError {
    /// Whether the file is no usable index any more, so that it is to be filled anew.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, Self::Database(error) if schema::is_unusable(error))
    }
}

/// Idle reading connections, all to the file of one filling.
#[derive(Debug, Default)]
struct Readers {
    filling: u64,
    idle: Vec<Connection>,
}

/// The index; shared by reference.
#[derive(Debug)]
pub struct Index {
    path: PathBuf,
    chain: [u8; 32],
    /// Why it was begun anew when it was opened.
    restarted: Option<String>,
    writer: Mutex<Writer>,
    readers: Mutex<Readers>,
    /// Told when a reader found the file damaged.
    damaged: Notify,
    permits: Arc<Semaphore>,
    live: broadcast::Sender<Arc<Batch>>,
    marks: watch::Sender<Marks>,
    first: watch::Sender<First>,
    /// Whether something that was told is not in the file yet.
    unwritten: AtomicBool,
}

fn filled_anew(path: &Path, why: &str) -> String {
    format!("the index {} is filled from its beginning: {why}", path.display())
}

impl Drop for Index {
    fn drop(&mut self) {
        self.close();
    }
}

impl Index {
    /// Opens the index of the chain whose genesis has the digest `chain`. A file that cannot be continued is deleted and begun
    /// again: another version's or chain's, a damaged one, or one that did not read as far as where the log begins. One that begins again
    /// begins at `log`. Whether the log goes on where it read to is for [`Index::check`].
    ///
    /// # Errors
    /// [`IndexError::File`] and [`IndexError::Database`] when the file cannot be used at all.
    pub fn open(path: &Path, chain: &[u8; 32], log: First) -> Result<Self, IndexError> {
        let Opened { database, marks, first, restarted } = schema::open(path, chain, log)?;
        Ok(Self {
            path: path.to_owned(),
            chain: *chain,
            restarted: restarted.map(|why| filled_anew(path, &why)),
            writer: Mutex::new(Writer::new(database, marks)),
            readers: Mutex::default(),
            damaged: Notify::new(),
            permits: Arc::new(Semaphore::new(READERS)),
            live: broadcast::Sender::new(LIVE_BATCHES),
            marks: watch::Sender::new(marks),
            first: watch::Sender::new(first),
            unwritten: AtomicBool::new(false),
        })
    }

    /// Begins it anew where the log's last record that it read is not the log's, or does not come back within `patience`: an engine that
    /// is opened makes the newest blocks once more, so the log may be some of them behind at first. Says why, in a sentence, if so.
    ///
    /// # Errors
    /// [`FollowError`] when the log or the file cannot be used.
    pub async fn check(&self, log: &mut impl ReceiptLog, patience: Duration) -> Result<Option<String>, FollowError> {
        let Some(why) = feed::parted(self, log, patience).await? else { return Ok(None) };
        self.begin_again()?;
        Ok(Some(filled_anew(&self.path, &why)))
    }

    /// Why it is filled from its beginning, in a sentence; none when what was there is gone on with, or there was nothing.
    pub fn restarted(&self) -> Option<&str> {
        self.restarted.as_deref()
    }

    /// Deletes what there is and begins anew where history begins, while it is in use: the log has to be followed from there then. For a
    /// file that turned out to be damaged.
    ///
    /// # Errors
    /// [`IndexError::File`], [`IndexError::Open`] and [`IndexError::Database`] when no new file can be made.
    pub fn begin_again(&self) -> Result<(), IndexError> {
        let mut writer = self.lock();
        let first = self.first();
        *writer = Writer::new(schema::make(&self.path, &self.chain, &first)?, first.marks());
        self.unwritten.store(false, Ordering::Release);
        let mut readers = self.readers();
        *readers = Readers { filling: readers.filling + 1, idle: Vec::new() };
        drop(readers);
        self.marks.send_replace(first.marks());
        Ok(())
    }

    /// Resolves when a question found the file damaged.
    pub(crate) async fn damaged(&self) {
        self.damaged.notified().await;
    }

    /// Writes what is unwritten and moves everything into one file. Nothing is written afterwards. What could not be written is read
    /// from the log again, which is no loss.
    pub fn close(&self) {
        self.readers().idle.clear();
        let mut writer = self.lock();
        if writer.database.is_some()
            && let Err(error) = writer.write()
        {
            tracing::debug!(%error, "the newest blocks will be read from the log again");
        }
        if let Some(database) = writer.database.take() {
            database.close();
        }
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Deletes an index that is not open, so that the next one is filled from its beginning.
    ///
    /// # Errors
    /// [`IndexError::File`] when a file cannot be deleted.
    pub fn delete(path: &Path) -> Result<(), IndexError> {
        schema::delete(path).map_err(|e| IndexError::File { path: path.to_owned(), error: e.to_string() })
    }

    /// How far it has read.
    pub fn marks(&self) -> Marks {
        *self.marks.borrow()
    }

    /// Where what it has begins.
    pub fn first(&self) -> First {
        *self.first.borrow()
    }

    /// Where the block of `height`, or the first after it that is read, begins; `None` when there is none.
    ///
    /// # Errors
    /// As [`Index::events`].
    pub async fn begin_of(self: &Arc<Self>, height: u64) -> Result<Option<First>, IndexError> {
        self.read(move |connection, _| query::begin_of(connection, height)).await
    }

    /// Gives up what is before `first`: from now on nobody is told of it. [`Index::delete_given_up`] deletes it.
    ///
    /// # Errors
    /// [`IndexError::Database`]; then nothing was given up.
    pub fn give_up(&self, first: First) -> Result<(), IndexError> {
        if first.height > self.first().height {
            prune::mark(self.lock().database()?, &first)?;
            self.first.send_replace(first);
        }
        Ok(())
    }

    /// Deletes what was given up, a little at a time. Blocks the thread.
    ///
    /// # Errors
    /// [`IndexError::Database`]; what is left goes with the next call.
    pub fn delete_given_up(&self) -> Result<(), IndexError> {
        // The lock is let go in between: blocks are written meanwhile.
        loop {
            let some = prune::some(self.lock().database()?, self.first().height);
            if some.as_ref().is_err_and(IndexError::is_damage) {
                self.damaged.notify_one();
            }
            if some? {
                return Ok(());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        // A panic inside rolls the database back and leaves the marks as they were.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whenever it has read further.
    pub fn watch(&self) -> watch::Receiver<Marks> {
        self.marks.subscribe()
    }

    /// Writes records of the log and tells subscribers. Records that it has already change nothing. Returns the new receipts.
    ///
    /// # Errors
    /// [`IndexError`]; then nothing of it was written.
    pub fn apply(&self, records: &[LogRecord]) -> Result<Vec<ReceiptRecord>, IndexError> {
        let mut writer = self.lock();
        let batch = writer.apply(records)?;
        self.unwritten.store(!writer.is_written(), Ordering::Release);
        let receipts = batch.receipts.clone();
        if !receipts.is_empty() {
            self.marks.send_replace(writer.marks);
            // Sent under the lock, so that batches come in order. No subscriber is no error.
            let _ = self.live.send(batch);
        }
        Ok(receipts)
    }

    /// Events from position `from` on that match `filter`, at most `limit`.
    ///
    /// # Errors
    /// [`IndexError::Database`], [`IndexError::Closed`].
    pub async fn events(self: &Arc<Self>, from: u64, limit: usize, filter: Filter) -> Result<EventPage, IndexError> {
        self.read(move |connection, marks| query::events(connection, &marks, from, limit, &filter)).await
    }

    /// Goes through the events since `time` that match `filter`, in order, on one snapshot; nothing when there are more than `most`.
    ///
    /// # Errors
    /// As [`Index::events`].
    pub async fn walk_since<T: Default + Send + 'static>(
        self: &Arc<Self>,
        time: Instant,
        most: usize,
        filter: Filter,
        each: impl Fn(&mut T, EventRecord) + Send + 'static,
    ) -> Result<Option<T>, IndexError> {
        self.read(move |connection, marks| {
            let (mut at, mut seen, mut all) = (query::event_at(connection, &marks, time)?, 0, T::default());
            loop {
                let page = query::events(connection, &marks, at, WALK_PAGE, &filter)?;
                seen += page.events.len();
                if seen > most {
                    return Ok(None);
                }
                page.events.into_iter().for_each(|event| each(&mut all, event));
                if page.next >= page.end {
                    return Ok(Some(all));
                }
                at = page.next;
            }
        })
        .await
    }

    /// Events and the receipt of a transaction, if it is final and read.
    ///
    /// # Errors
    /// As [`Index::events`].
    pub async fn receipt(self: &Arc<Self>, id: UnitId) -> Result<Option<ReceiptRecord>, IndexError> {
        self.read(move |connection, _| query::receipt_of(connection, &id)).await
    }

    /// Receipts of the block at `height`, in order, at most `limit`.
    ///
    /// # Errors
    /// As [`Index::events`].
    pub async fn receipts_at(self: &Arc<Self>, height: u64, limit: usize) -> Result<Vec<ReceiptRecord>, IndexError> {
        self.read(move |connection, _| query::receipts_at(connection, height, limit)).await
    }

    /// Receipts of a sender's transactions, newest first, below position `before`, at most `limit`.
    ///
    /// # Errors
    /// As [`Index::events`].
    pub async fn receipts_by(
        self: &Arc<Self>,
        sender: Address,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<ReceiptRecord>, IndexError> {
        self.read(move |connection, _| query::receipts_by(connection, &sender, before, limit)).await
    }

    /// The block at `height`, if it left a receipt and is read.
    ///
    /// # Errors
    /// As [`Index::events`].
    pub async fn block(self: &Arc<Self>, height: u64) -> Result<Option<BlockRecord>, IndexError> {
        self.read(move |connection, _| query::block(connection, height)).await
    }

    /// Blocks, newest first, below height `before`, at most `limit`.
    ///
    /// # Errors
    /// As [`Index::events`].
    pub async fn blocks(self: &Arc<Self>, before: Option<u64>, limit: usize) -> Result<Vec<BlockRecord>, IndexError> {
        self.read(move |connection, _| query::blocks(connection, before, limit)).await
    }

    /// Events from position `from` on, first those that are there, then each as it comes: every one once, in order.
    pub fn subscribe(self: &Arc<Self>, from: u64, filter: Filter) -> Subscription {
        Subscription::new(Arc::clone(self), from, filter)
    }

    /// Writes what was told and is not in the file yet.
    fn write(&self) -> Result<(), IndexError> {
        if self.unwritten.load(Ordering::Acquire) {
            let mut writer = self.lock();
            writer.write()?;
            self.unwritten.store(false, Ordering::Release);
        }
        Ok(())
    }

    /// Runs a question on a reading connection, off the async threads.
    async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&Connection, Marks) -> Result<T, IndexError> + Send + 'static,
    ) -> Result<T, IndexError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| IndexError::Closed)?;
        let index = Arc::clone(self);
        let answer = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let answer = index.ask(ask);
            if answer.as_ref().is_err_and(IndexError::is_damage) {
                index.damaged.notify_one();
            }
            answer
        });
        answer.await.map_err(|_| IndexError::Closed)?
    }

    fn ask<T>(&self, ask: impl FnOnce(&Connection, Marks) -> Result<T, IndexError>) -> Result<T, IndexError> {
        let (filling, idle) = {
            let mut readers = self.readers();
            (readers.filling, readers.idle.pop())
        };
        let connection = idle.map_or_else(|| depin_database::reader(&self.path), Ok)?;
        // Taken before the snapshot, and what they cover written: the rows below these marks are in it for certain.
        let marks = self.marks();
        self.write()?;
        let snapshot = connection.unchecked_transaction()?;
        let answer = ask(&snapshot, marks);
        snapshot.finish()?;
        let mut readers = self.readers();
        if readers.filling == filling {
            readers.idle.push(connection);
        }
        answer
    }
}
