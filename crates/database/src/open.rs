//! Opening, committing and closing a database.

use crate::{
    log,
    sums::{State, Sums},
};
use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig, ffi};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

/// How long a connection waits for another one of this process.
const BUSY: Duration = Duration::from_secs(10);
/// Bytes of log from which on pages move into the database.
const LOG_FROM: u64 = 4 << 20;
/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 128;

/// When a commit is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When it returns.
    AtCommit,
    /// Later: a crash of the machine may lose the newest ones. For what can be made again.
    Later,
}

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// What was written there is not there any more, or not as it was.
    #[error("{path} {what}", path = path.display())]
    Lost {
        /// The database, or the file beside it that is lost.
        path: PathBuf,
        /// What is wrong with it: the rest of a sentence about it.
        what: String,
    },
    /// A file cannot be used.
    #[error("cannot use {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite cannot use it.
    #[error("cannot use {path}: {source}", path = path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

/// Nothing is written any more, and why.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Stopped(String);

/// Whether there was something in a database when it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is new: it has no tables.
    New,
    /// It has tables.
    Before,
}

/// A database that this process writes.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    path: PathBuf,
    sums: Sums,
    /// Pages went into the database, and there was no room for their sums.
    is_unsummed: bool,
    /// Why no more is written.
    failed: Option<String>,
}

impl Database {
    /// Opens the database at `path`, for its owner alone, or makes it unless it was `used` before. Nothing is changed where it is lost.
    ///
    /// # Errors
    /// [`OpenError`]; [`OpenError::Lost`] when it, or the log beside it, is missing, empty, cut short, changed or no database.
    pub fn open(path: &Path, used: bool, durability: Durability) -> Result<Self, OpenError> {
        let file = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::File { path, source }
        };
        if let Some(what) = depin_files::database_lost(path, used).map_err(file(path))? {
            return Err(OpenError::Lost { path: path.to_owned(), what: what.to_owned() });
        }
        let is_new = fs::metadata(path).map_or(true, |file| file.len() == 0);
        let known = if is_new { None } else { check(path, durability)? };
        depin_files::private_file(path).map_err(file(path))?;
        let connection = connect(path, known.is_none() && !is_new, durability).map_err(|source| match is_damage(&source) {
            true => OpenError::Lost { path: path.to_owned(), what: format!("is damaged ({source})") },
            false => OpenError::Sqlite { path: path.to_owned(), source },
        })?;
        // Until something is in the log, a log that is empty says nothing.
        let sums_path = beside(path, ".sums");
        let sums = match known {
            Some(sums) => sums.left(State::Open),
            None => Sums::of(path, State::Open).map_err(file(path))?,
        };
        sums.store(&sums_path).map_err(file(&sums_path))?;
        Ok(Self { connection, path: path.to_owned(), sums, is_unsummed: false, failed: None })
    }

    /// Whether there are tables, of whoever made them.
    ///
    /// # Errors
    /// SQLite's.
    pub fn begun(&self) -> rusqlite::Result<Begun> {
        let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table'";
        let tables: i64 = self.connection.query_row(tables, [], |row| row.get(0))?;
        Ok(if tables == 0 { Begun::New } else { Begun::Before })
    }

    /// The writing connection, to ask.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why nothing is written any more, once that is so.
    pub fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// Begins a transaction that writes.
    ///
    /// # Errors
    /// SQLite's; an I/O error for good once a sync failed.
    pub fn begin(&mut self) -> rusqlite::Result<()> {
        self.check_failed()?;
        if self.is_unsummed {
            self.renew_sums(State::Open)?;
        }
        self.connection.execute_batch("BEGIN IMMEDIATE")
    }

    /// Commits it; rolled back when that fails. Now and then moves pages from the log into the database.
    ///
    /// # Errors
    /// SQLite's. When a sync failed, nothing is written any more.
    pub fn commit(&mut self) -> rusqlite::Result<()> {
        let done = self.check_failed().and_then(|()| self.connection.execute_batch("COMMIT"));
        let done = done.map_err(|error| self.noted(error));
        if done.is_err() {
            self.roll_back();
            return done;
        }
        let log = fs::metadata(beside(&self.path, "-wal")).map_or(0, |file| file.len());
        if log >= LOG_FROM.max(self.sums.bytes() * 4)
            && let Err(error) = self.move_pages(State::Open)
        {
            // The commit is on the disk; what failed is told by the next one, or by the end.
            tracing::warn!(path = %self.path.display(), %error, "pages of the log could not be moved into the database");
        }
        Ok(())
    }

    /// Undoes what was begun, if anything was.
    pub fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            // After a full disk there may be no transaction left to roll back.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }

    /// Runs `work` in a transaction that is committed when it succeeds, and undone when it does not.
    ///
    /// # Errors
    /// Those of `work`, and those of [`Database::begin`] and [`Database::commit`].
    pub fn change<T, E: From<rusqlite::Error>>(&mut self, work: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        self.begin()?;
        let done = work(&self.connection);
        match done {
            Ok(value) => {
                self.commit()?;
                Ok(value)
            }
            Err(error) => {
                self.roll_back();
                Err(error)
            }
        }
    }

    /// As [`Database::change`], for one that several hold by turns: a holder that panicked may have left its transaction behind, and one
    /// that writes nothing any more says why.
    ///
    /// # Errors
    /// [`Stopped`], SQLite's, and those of `work`.
    pub fn change_in_turn<T, E: From<rusqlite::Error> + From<Stopped>>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.roll_back();
        if let Some(why) = self.failed() {
            return Err(Stopped(why.to_owned()).into());
        }
        self.change(work)
    }

    /// Moves everything into the database and closes it. Readers must be closed before.
    pub fn close(mut self) {
        if self.failed.is_some() {
            return;
        }
        match self.move_pages(State::Closed) {
            Ok(true) => {}
            // The next start finds everything in the log.
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "a database could not be closed in order");
                return;
            }
        }
        let Self { connection, path, .. } = self;
        let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        if matches!(emptied, Ok(0)) && connection.close().is_ok() {
            for suffix in ["-wal", "-shm"] {
                // Made again by the next start.
                let _ = fs::remove_file(beside(&path, suffix));
            }
        }
    }

    /// Moves the pages of the log into the database, and sums them. False when a reader kept some of them in the log.
    fn move_pages(&mut self, state: State) -> rusqlite::Result<bool> {
        self.check_failed()?;
        let pages = "PRAGMA wal_checkpoint(PASSIVE)";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
        let (busy, logged, moved) = self.connection.query_row(pages, [], read).map_err(|error| self.noted(error))?;
        if busy != 0 || logged != moved {
            return Ok(false);
        }
        self.renew_sums(state).map(|()| true)
    }

    /// Sums the pages that went from the log into the database. The log stays as it is until the next commit, so until the sums are there
    /// it vouches for its pages; without room for them the next commit waits.
    fn renew_sums(&mut self, state: State) -> rusqlite::Result<()> {
        let renew = || {
            let log = log::read(&beside(&self.path, "-wal"), &beside(&self.path, "-shm"), false)?;
            let mut sums = self.sums.left(state);
            sums.renew(&self.path, &log.pages)?;
            sums.store(&beside(&self.path, ".sums"))?;
            Ok(sums)
        };
        match renew() {
            Ok(sums) => {
                (self.sums, self.is_unsummed) = (sums, false);
                Ok(())
            }
            Err(error) if is_full(&error) => {
                self.is_unsummed = true;
                let why = format!("there is no room for the sums of {}: {error}", self.path.display());
                Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), Some(why)))
            }
            Err(error) => Err(self.give_up(&error)),
        }
    }

    /// From now on nothing is written: the log would be used again without sums for the pages that went from it.
    fn give_up(&mut self, error: &io::Error) -> rusqlite::Error {
        let why = format!("the sums of {} cannot be written: {error}", self.path.display());
        self.failed = Some(why.clone());
        io_error(why)
    }

    /// Remembers a sync that failed.
    fn noted(&mut self, error: rusqlite::Error) -> rusqlite::Error {
        if is_failed_sync(&error) {
            self.failed.get_or_insert_with(|| {
                format!("a write to {} could not be made durable ({error}); nothing more is written there", self.path.display())
            });
        }
        error
    }

    fn check_failed(&self) -> rusqlite::Result<()> {
        self.failed.as_ref().map_or(Ok(()), |why| Err(io_error(why.clone())))
    }
}

/// Opens a connection that only reads. While it is in a transaction, pages stay in the log.
///
/// # Errors
/// SQLite's.
pub fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// Whether the error says that the database is not what was written, rather than that it could not be reached.
pub fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Whether the error says that something could not be made durable. The system says that once, and takes it for written afterwards, so
/// trying again would hide it.
pub fn is_failed_sync(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_extended_error_code(), Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC))
}

/// Whether there is no room, which may come again.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// Holds the database at `path` and its log against the sums; gives those, or none where there are none.
fn check(path: &Path, durability: Durability) -> Result<Option<Sums>, OpenError> {
    let (log_path, index, sums_path) = (beside(path, "-wal"), beside(path, "-shm"), beside(path, ".sums"));
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::File { path, source }
    };
    let lost = |path: &Path, what: &str| Err(OpenError::Lost { path: path.to_owned(), what: what.to_owned() });
    let log = log::read(&log_path, &index, durability == Durability::AtCommit).map_err(file(&log_path))?;
    if let (Some(what), Durability::AtCommit) = (log.damage, durability) {
        return lost(&log_path, &format!("{what}, and what was written last is in it"));
    }
    let sums = Sums::load(&sums_path).map_err(file(&sums_path))?;
    if let Some(sums) = &sums {
        if sums.state == State::Open && !log.begun && durability == Durability::AtCommit {
            let what = if log_path.exists() { "is empty" } else { "is missing" };
            return lost(&log_path, &format!("{what}, and what was written last was in it"));
        }
        if let Some(page) = sums.first_wrong(path, &log).map_err(file(path))? {
            let what = format!(
                "is damaged: page {page} of it is not what was written there; if it was changed on purpose, delete {}",
                sums_path.display()
            );
            return lost(path, &what);
        }
    }
    log.cut(&log_path).map_err(file(&log_path))?;
    Ok(sums)
}

/// Opens the writing connection, and has something in the log. `look`: whether SQLite is to look at the whole of it.
fn connect(path: &Path, look: bool, durability: Durability) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    // Before anything is written: pages move into the database only where they are summed. A log that begins anew gives back its room, so
    // that its length says how much is in it.
    connection.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 0;")?;
    // What is deleted can be given back to the disk by whoever wants that; for good from the first page on.
    connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL;")?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;")?;
    connection.execute_batch(match durability {
        Durability::AtCommit => "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;",
        Durability::Later => "PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;",
    })?;
    if look {
        let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            let failure = ffi::Error::new(ffi::SQLITE_CORRUPT);
            return Err(rusqlite::Error::SqliteFailure(failure, Some(found)));
        }
    }
    connection.execute_batch(&format!("BEGIN IMMEDIATE; PRAGMA user_version = {version}; COMMIT;"))?;
    Ok(connection)
}

fn io_error(why: String) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR), Some(why))
}

/// `path` with something behind its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
