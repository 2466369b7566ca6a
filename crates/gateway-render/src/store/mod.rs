//! What the dispatcher keeps: one SQLite file, committed to the disk before anything is answered or sent.
//!
//! A job's secret is there before its hash is told, and what a ticket is for before the ticket is given out: whoever loses them cannot keep
//! the dispatcher's word, which costs the artist the bond. One connection does everything, on threads that may block.

pub(crate) mod drafts;
pub(crate) mod tickets;

pub(crate) use drafts::{Draft, DraftOf};

use depin_database::{Begun, Database, Durability, OpenError, Stopped, is_damage};
use depin_quantity::{Address, Name};
use rusqlite::{Connection, ErrorCode};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

const FORMAT: &str = "1";

/// `drafts`: jobs by what the dispatcher committed to; `job` is there once the ledger has it. `issued`: what a ticket is for, by its hash, as
/// borsh. `compared`: pairs of tickets that are compared no more.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS drafts (
    commitment TEXT PRIMARY KEY, secret BLOB NOT NULL, name TEXT NOT NULL, sealed TEXT NOT NULL, scene_key BLOB NOT NULL,
    known TEXT NOT NULL, job TEXT UNIQUE, closed INTEGER NOT NULL DEFAULT 0, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS issued (
    job TEXT NOT NULL, hash TEXT NOT NULL, node TEXT NOT NULL, frame INTEGER NOT NULL, attempt INTEGER NOT NULL, purpose BLOB NOT NULL,
    PRIMARY KEY (job, hash)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS compared (
    job TEXT NOT NULL, first INTEGER NOT NULL, second INTEGER NOT NULL, PRIMARY KEY (job, first, second)) STRICT, WITHOUT ROWID;
";

/// Why the store failed or refuses.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the dispatcher's store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nothing is written any more.
    #[error("{0}")]
    Failed(#[from] Stopped),
    #[error("a record of the dispatcher's store cannot be read: {0}")]
    Record(String),
    #[error("the dispatcher's store has format {0}, this program writes {FORMAT}; use the program that wrote it")]
    Format(String),
    #[error(
        "this folder is of a dispatcher on chain `{found}`, the node serves `{asked}`; choose another folder, or a node of `{found}`"
    )]
    Chain { found: String, asked: String },
    #[error(
        "the jobs of this folder are given out by {found}, and the key given is the one of {asked}; name the key of {found}, or choose another folder"
    )]
    Account { found: String, asked: String },
    #[error("the dispatcher's store {0}")]
    NoStore(&'static str),
    #[error("the dispatcher is stopping")]
    Closed,
}

impl StoreError {
    /// Whether there is no room on the disk.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull))
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

/// The wall clock.
pub(crate) fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Store {
    /// Opens the store at `path`, or makes it unless it was `used` before. A store is of one chain and one dispatcher.
    pub(crate) fn open(path: &Path, chain: Name, dispatcher: Address, used: bool) -> StoreResult<Self> {
        let mut database = Database::open(path, used, Durability::AtCommit)?;
        let own = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('meta', 'drafts', 'issued', 'compared')";
        let own: i64 = database.connection().query_row(own, [], |row| row.get(0))?;
        match (database.begun()?, own) {
            (Begun::New, _) if used => return Err(StoreError::NoStore("holds nothing")),
            (Begun::New, _) | (Begun::Before, 4) => {}
            _ => return Err(StoreError::NoStore("is a database of another program")),
        }
        database.change(|connection| {
            connection.execute_batch(TABLES)?;
            let meta = "INSERT OR IGNORE INTO meta VALUES ('format', ?1), ('chain', ?2), ('dispatcher', ?3)";
            connection.execute(meta, [FORMAT, chain.as_str(), &dispatcher.to_string()])
        })?;
        let connection = database.connection();
        let meta =
            |key: &str| connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get::<_, String>(0));
        let (format, found, account) = (meta("format")?, meta("chain")?, meta("dispatcher")?);
        if format != FORMAT {
            return Err(StoreError::Format(format));
        }
        if found != chain.as_str() {
            return Err(StoreError::Chain { found, asked: chain.to_string() });
        }
        if account != dispatcher.to_string() {
            return Err(StoreError::Account { found: account, asked: dispatcher.to_string() });
        }
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

/// Reads text of a column that holds an id or a hash.
fn parsed<T: std::str::FromStr>(text: &str) -> StoreResult<T>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| StoreError::Record(error.to_string()))
}

/// Reads 32 bytes.
fn bytes32(bytes: Vec<u8>) -> StoreResult<[u8; 32]> {
    bytes.try_into().map_err(|_| StoreError::Record("a secret has another length".to_owned()))
}
