//! What the gateway keeps: one SQLite file, committed to the disk before anything is answered.
//!
//! One connection does everything, on threads that may block. Write-ahead log with `synchronous = FULL`: a commit is on the disk.
//! The same id must get the same answer: reports stay for a stated time once they are settled or refused, and are known to the ledger
//! by their ids besides; actions, of which each costs its caller an order or a fee, stay for good.

pub(crate) mod actions;
pub(crate) mod reports;
mod schema;

pub(crate) use actions::{Action, ActionState, NewAction};
pub(crate) use reports::{Queued, ReportRow};

use depin_database::{Database, Durability, OpenError, Stopped, is_damage};
use depin_quantity::{Address, Name};
use rusqlite::{Connection, ErrorCode};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Why the store failed or refuses.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the gateway's store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nothing is written any more.
    #[error("{0}")]
    Failed(#[from] Stopped),
    #[error("a record of the gateway's store cannot be read: {0}")]
    Record(String),
    #[error("the gateway's store has format {found}, this program writes {known}; use the program that wrote it")]
    Format { found: String, known: &'static str },
    #[error(
        "this folder is of a gateway to chain `{found}`, the node serves `{asked}`; choose another folder, or a node of `{found}`"
    )]
    Chain { found: String, asked: String },
    #[error(
        "the orders of this folder are paid by {found}, and the key given is the one of {asked}; name the key of {found}, or choose \
         another folder"
    )]
    Customer { found: String, asked: String },
    /// No store, although it is a database; the rest of a sentence about it.
    #[error("the gateway's store {0}")]
    NoStore(&'static str),
    /// The id is known with other content.
    #[error("`{0}` is known with other content; choose another id, or send what was sent first")]
    Conflict(String),
    #[error("the gateway is stopping")]
    Closed,
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Record(error.to_string())
    }
}

impl StoreError {
    /// Whether there is no room on the disk.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull))
    }

    /// Whether the disk or the file system fails, which may pass.
    pub(crate) fn is_disk(&self) -> bool {
        let code = match self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            _ => None,
        };
        matches!(
            code,
            Some(
                ErrorCode::DiskFull
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::CannotOpen
                    | ErrorCode::ReadOnly
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::NoLargeFileSupport
            )
        )
    }

    /// Which file is lost, and why, as the rest of a sentence about it; none for any other error. `path` is the store's.
    pub(crate) fn lost(&self, path: &Path) -> Option<(PathBuf, String)> {
        match self {
            Self::NoStore(what) => Some((path.to_owned(), (*what).to_owned())),
            Self::Open(OpenError::Lost { path, what }) => Some((path.clone(), what.clone())),
            Self::Sqlite(error) => is_damage(error).then(|| (path.to_owned(), format!("is damaged ({error})"))),
            _ => None,
        }
    }
}

pub(crate) type StoreResult<T> = Result<T, StoreError>;

/// The store; clones share it.
#[derive(Clone)]
pub(crate) struct Store {
    database: Arc<Mutex<Option<Database>>>,
}

impl Store {
    /// Opens the store at `path`, or makes it unless it was `used` before. A store is of one chain and one customer.
    pub(crate) fn open(path: &Path, chain: Name, customer: Address, used: bool) -> StoreResult<Self> {
        let mut database = Database::open(path, used, Durability::AtCommit)?;
        schema::prepare(&mut database, chain.as_str(), &customer.to_string(), used)?;
        Ok(Self { database: Arc::new(Mutex::new(Some(database))) })
    }

    /// Runs `work` in one transaction, which is on the disk when this returns; an error undoes it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut held = store.held();
            held.as_mut().ok_or(StoreError::Closed)?.change_in_turn(work)
        });
        done.await.map_err(|_| StoreError::Closed)?
    }

    /// Why nothing is written any more, once that is so.
    pub(crate) fn failed(&self) -> Option<String> {
        self.held().as_ref().and_then(|database| database.failed().map(str::to_owned))
    }

    /// Closes the store; what is asked later is refused.
    pub(crate) fn close(&self) {
        if let Some(database) = self.held().take() {
            database.close();
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<Database>> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The wall clock, as columns hold it.
pub(crate) fn wall_ms() -> i64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// A time as columns hold it.
pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Writes a mark, to see whether anything can be written: more than what may be left in the log's last page.
pub(crate) fn probe(connection: &Connection) -> StoreResult<()> {
    let sql = "INSERT OR REPLACE INTO meta VALUES ('probe', hex(randomblob(8192)))";
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// Reads text of a column that holds an id, a hash or an address.
fn parsed<T: std::str::FromStr>(text: &str) -> StoreResult<T>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| StoreError::Record(error.to_string()))
}
