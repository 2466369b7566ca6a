//! The object map: what the gateway knows, in one SQLite file.
//!
//! In: buckets, objects, uploads, segments, shards and their deals, faults. Out: the same, after a crash too. One thread owns the
//! writing connection: it takes all jobs that wait, runs each in its own savepoint inside one transaction, commits once (WAL,
//! `synchronous = FULL`, so the commit is on the disk) and only then answers them all: group commit. Jobs run in the order in which
//! they were handed over. Reads use connections of their own and see committed rows only. A sync that failed ends the map: no more is
//! written, and whoever runs the gateway is told. Absent on purpose: network, keys in the clear.

mod compaction;
mod objects;
mod pins;
mod schema;
mod segments;
mod silences;
mod spending;
#[cfg(test)]
mod tests;
mod uploads;
mod view;

pub(crate) use compaction::Placed;
pub(crate) use objects::{
    Cursor, Declared, Entry, Extent, ExtentRow, ListPage, NewContent, NewObject, ObjectMeta, ObjectRow, SliceRow, Tags,
    WriteCondition,
};
pub(crate) use pins::{SegmentPin, SegmentPins};
pub(crate) use segments::{
    DurabilityRow, FaultKind, NewSegment, NewShard, RetiredRow, RetiredState, SegmentInfo, ShardPlace, ShardRow, ShardState,
};
pub(crate) use silences::{Held, Silence};
pub(crate) use uploads::{Completion, NewPart, PartRow, UploadRow};
pub(crate) use view::{FaultRow, ListedObject, ShardListing};

/// Statements over the tables; each runs inside the caller's transaction.
pub(crate) mod tables {
    pub(crate) use super::{
        compaction::tables::*, objects::tables::*, segments::tables::*, silences::tables::*, spending::tables::*,
    };

    /// Multipart uploads.
    pub(crate) mod multipart {
        pub(crate) use crate::map::uploads::tables::*;
    }

    /// What is shown.
    pub(crate) mod show {
        pub(crate) use crate::map::view::tables::*;
    }
}

use depin_database::{Database, Durability, OpenError, is_damage};
use rusqlite::{
    Connection, ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};
use std::{
    fmt::Display,
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, Mutex, PoisonError, mpsc},
};
use tokio::sync::{oneshot, watch};

/// Most jobs in one transaction: bounds how long the first one waits for its answer.
const GROUP_MAX: usize = 512;
/// Idle reading connections that are kept.
const READERS_KEPT: usize = 8;

/// Why the map refuses or fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MapError {
    #[error("the object map failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the object map could not be made durable: {0}")]
    Commit(String),
    #[error("the object map is closed, since the gateway stops")]
    Closed,
    #[error("a record of the object map cannot be read: {0}")]
    Record(String),
    #[error("the object map has format {found}, this program writes {known}; use the program that wrote it")]
    Format { found: String, known: &'static str },
    /// No map, although it is a database; the rest of a sentence about it.
    #[error("the object map {0}")]
    NoMap(&'static str),
    #[error("there is no bucket {0}")]
    NoSuchBucket(String),
    #[error("the bucket {0} exists already and is yours")]
    BucketExists(String),
    #[error("the bucket {0} holds objects; delete them first")]
    BucketNotEmpty(String),
    #[error("there is no such object")]
    NoSuchKey,
    #[error("the object has no such version; objects here have no versions but null")]
    NoSuchVersion,
    #[error("there is no such multipart upload; it may have been completed or aborted")]
    NoSuchUpload,
    #[error("the precondition {0} does not hold")]
    Precondition(&'static str),
    #[error("part {0} was not uploaded, or its ETag is another one")]
    InvalidPart(u32),
    #[error("part {number} has {size} bytes; every part but the last must have at least 5 MiB")]
    PartTooSmall { number: u32, size: u64 },
    #[error("the object was replaced while it was copied; try again")]
    SourceChanged,
}

impl From<serde_json::Error> for MapError {
    fn from(error: serde_json::Error) -> Self {
        Self::Record(error.to_string())
    }
}

impl MapError {
    /// Which file is lost, and why, as the rest of a sentence about it; none for any other error. `path` is the map's.
    pub(crate) fn lost(&self, path: &Path) -> Option<(PathBuf, String)> {
        match self {
            Self::NoMap(what) => Some((path.to_owned(), (*what).to_owned())),
            Self::Open(OpenError::Lost { path, what }) => Some((path.clone(), what.clone())),
            Self::Sqlite(error) => is_damage(error).then(|| (path.to_owned(), format!("is damaged ({error})"))),
            _ => None,
        }
    }
}

type Reply = Box<dyn FnOnce(&Result<(), String>) + Send>;
/// Gets the connection in a transaction, or why none was begun.
type Job = Box<dyn FnOnce(Result<&Connection, &str>) -> Reply + Send>;

/// Handle to the object map.
pub(crate) struct Map {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
    readers: Arc<Readers>,
    failed: watch::Receiver<Option<String>>,
}

struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Map {
    /// Opens the map at `path`, or makes it unless it was `used` before.
    ///
    /// # Errors
    /// [`MapError::Open`] when the file cannot be used or is not what was written, [`MapError::Format`] when another format wrote it,
    /// [`MapError::NoMap`] when it is no map.
    pub(crate) fn open(path: &Path, used: bool) -> Result<Self, MapError> {
        let mut database = Database::open(path, used, Durability::AtCommit)?;
        schema::prepare(&mut database, used)?;
        let (jobs, waiting) = mpsc::channel();
        let (fail, failed) = watch::channel(None);
        let writer = std::thread::Builder::new()
            .name("object-map".to_owned())
            .spawn(move || {
                write_loop(&mut database, &waiting, &fail);
                database.close();
            })
            .map_err(|error| MapError::Commit(error.to_string()))?;
        let readers = Arc::new(Readers { path: path.to_owned(), idle: Mutex::new(Vec::new()) });
        Ok(Self { jobs: Mutex::new(Some(jobs)), writer: Mutex::new(Some(writer)), readers, failed })
    }

    /// Resolves with the reason when nothing can be written any more.
    pub(crate) fn failed(&self) -> impl Future<Output = String> + Send + use<> {
        let mut failed = self.failed.clone();
        async move {
            match failed.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone()) {
                Some(reason) => reason,
                // Closed without a failure.
                None => std::future::pending().await,
            }
        }
    }

    /// Runs `work` in the writer's next transaction. Handed over at the call, not at the first poll; dropping the future does not
    /// take it back.
    ///
    /// # Errors
    /// What `work` returns (its changes are undone then), or [`MapError::Commit`] and [`MapError::Closed`].
    pub(crate) fn write<T, F>(&self, work: F) -> impl Future<Output = Result<T, MapError>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, MapError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |begun| {
            let result = match begun {
                Ok(connection) => in_savepoint(connection, work),
                Err(why) => Err(MapError::Commit(why.to_owned())),
            };
            Box::new(move |committed| {
                let result = committed.clone().map_err(MapError::Commit).and(result);
                // The asker may have gone; the change stands all the same.
                let _ = answer.send(result);
            })
        });
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        async move { if sent { answered.await.unwrap_or(Err(MapError::Closed)) } else { Err(MapError::Closed) } }
    }

    /// Runs `work` on a reading connection, off the asynchronous threads.
    ///
    /// # Errors
    /// What `work` returns.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, MapError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, MapError> + Send + 'static,
    {
        let readers = self.readers.clone();
        tokio::task::spawn_blocking(move || readers.run(work)).await.map_err(|_| MapError::Closed)?
    }

    /// Runs `work` on a reading connection, on the calling thread.
    ///
    /// # Errors
    /// What `work` returns.
    pub(crate) fn read_now<T>(&self, work: impl FnOnce(&Connection) -> Result<T, MapError>) -> Result<T, MapError> {
        self.readers.run(work)
    }

    /// Finishes what was handed over and closes the file. Later writes are refused.
    pub(crate) fn close(&self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Readers would keep pages in the log.
        self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = writer.join();
        }
        self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Readers {
    fn run<T>(&self, work: impl FnOnce(&Connection) -> Result<T, MapError>) -> Result<T, MapError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => depin_database::reader(&self.path)?,
        };
        // One snapshot for the whole of `work`: an object and its extents belong together.
        connection.execute_batch("BEGIN DEFERRED")?;
        let result = work(&connection);
        connection.execute_batch("COMMIT")?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS_KEPT {
            idle.push(connection);
        }
        result
    }
}

fn write_loop(database: &mut Database, waiting: &mpsc::Receiver<Job>, fail: &watch::Sender<Option<String>>) {
    while let Ok(first) = waiting.recv() {
        let began = database.begin().map_err(|error| error.to_string());
        let more = std::iter::from_fn(|| waiting.try_recv().ok()).take(GROUP_MAX - 1);
        // Without a transaction each change would be committed by itself, and refused all the same.
        let begun = began.as_ref().map(|()| database.connection()).map_err(String::as_str);
        let replies: Vec<Reply> = std::iter::once(first).chain(more).map(|job| job(begun)).collect();
        let committed = began.and_then(|()| database.commit().map_err(|error| error.to_string()));
        if let Err(error) = &committed {
            tracing::error!(%error, "the object map could not be committed");
            database.roll_back();
        }
        if let Some(why) = database.failed() {
            fail.send_if_modified(|first| {
                let is_first = first.is_none();
                first.get_or_insert_with(|| why.to_owned());
                is_first
            });
        }
        for reply in replies {
            reply(&committed);
        }
    }
}

fn in_savepoint<T>(connection: &Connection, work: impl FnOnce(&Connection) -> Result<T, MapError>) -> Result<T, MapError> {
    connection.execute_batch("SAVEPOINT job")?;
    let result = work(connection);
    if result.is_err() {
        connection.execute_batch("ROLLBACK TO job")?;
    }
    connection.execute_batch("RELEASE job")?;
    result
}

/// As SQLite keeps it. Sizes and times are far below 2^63.
pub(crate) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// An address, an id or a commitment, which stand as text in rows.
struct Text<T>(T);

impl<T> FromSql for Text<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(Self).map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

impl<T: Display> ToSql for Text<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_string().into())
    }
}

/// As it is meant; rows never hold negative sizes.
pub(crate) fn uint(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
