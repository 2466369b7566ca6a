//! The index's file: tables, version, and when to start over.
//!
//! Everything in it follows from the receipts log, so nothing is ever migrated: a file of another version or chain, a damaged one,
//! and one that does not read as far as the log begins are deleted and filled again.

use super::IndexError;
use depin_database::{Database, Durability, OpenError};
use rusqlite::{Connection, OptionalExtension, params};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Version of the tables below; raised with every change of them or of what is written into them.
const VERSION: i64 = 3;
/// Gives free pages at the file's end back to the disk.
pub(super) const FREE_PAGES: &str = "PRAGMA incremental_vacuum(4096)";

const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE blocks (
    height INTEGER PRIMARY KEY, time INTEGER NOT NULL, receipts INTEGER NOT NULL, transactions INTEGER NOT NULL,
    failed INTEGER NOT NULL, first_event INTEGER NOT NULL, events INTEGER NOT NULL
) STRICT;
CREATE TABLE receipts (
    position INTEGER PRIMARY KEY, height INTEGER NOT NULL, place INTEGER NOT NULL, time INTEGER NOT NULL,
    tx BLOB, sender BLOB, first_event INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX receipts_by_tx ON receipts (tx) WHERE tx IS NOT NULL;
CREATE INDEX receipts_by_sender ON receipts (sender, position) WHERE sender IS NOT NULL;
CREATE INDEX receipts_by_height ON receipts (height, place);
CREATE TABLE events (
    position INTEGER PRIMARY KEY, receipt INTEGER NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_kind ON events (kind, position);
CREATE INDEX events_by_source ON events (source, position);
CREATE INDEX events_by_receipt ON events (receipt, position);
CREATE TABLE event_accounts (account BLOB NOT NULL, event INTEGER NOT NULL, PRIMARY KEY (account, event)) WITHOUT ROWID, STRICT;
CREATE TABLE event_units (unit BLOB NOT NULL, event INTEGER NOT NULL, PRIMARY KEY (unit, event)) WITHOUT ROWID, STRICT;
";

/// Where history begins: what is older was given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct First {
    /// Lowest height that is kept; zero while nothing was given up.
    pub height: u64,
    /// Position of its first record in the receipts log.
    pub receipt: u64,
    /// Position of its first event among all events.
    pub event: u64,
}

impl First {
    /// The marks of an index that has read nothing from here on.
    pub(super) fn marks(&self) -> Marks {
        Marks { next_receipt: self.receipt, next_event: self.event, height: self.height.saturating_sub(1), time: 0 }
    }
}

/// How far the index has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Position of the next record to read from the receipts log.
    pub next_receipt: u64,
    /// Position that the next event gets.
    pub next_event: u64,
    /// Height of the last receipt read.
    pub height: u64,
    /// Ledger time of the last receipt read, milliseconds.
    pub time: u64,
}

/// What was opened.
pub(super) struct Opened {
    pub database: Database,
    pub marks: Marks,
    pub first: First,
    /// Why it started over, if it did.
    pub restarted: Option<String>,
}

/// Opens the database, with fresh tables when the file cannot be continued. The log has records from `log.receipt` on.
pub(super) fn open(path: &Path, chain: &[u8; 32], log: First) -> Result<Opened, IndexError> {
    let existed = path.exists();
    let reason = match open_existing(path, chain, log.receipt)? {
        Ok((database, marks, first)) => return Ok(Opened { database, marks, first, restarted: None }),
        Err(reason) => reason,
    };
    let database = make(path, chain, &log)?;
    Ok(Opened { database, marks: log.marks(), first: log, restarted: existed.then_some(reason) })
}

/// Makes the tables anew, with nothing read from `log` on; what is there is deleted.
pub(super) fn make(path: &Path, chain: &[u8; 32], log: &First) -> Result<Database, IndexError> {
    delete(path).map_err(|e| IndexError::File { path: path.to_owned(), error: e.to_string() })?;
    let mut database = Database::open(path, false, Durability::Later)?;
    database.change(|connection| {
        connection.execute_batch(TABLES)?;
        let mut put = connection.prepare("INSERT INTO meta (key, value) VALUES (?1, ?2)")?;
        put.execute(params!["version", VERSION.to_be_bytes()])?;
        put.execute(params!["chain", chain])?;
        write_marks(connection, &log.marks())?;
        write_first(connection, log)
    })?;
    Ok(database)
}

/// How far an index read, and where it begins; or why it cannot be continued.
type Read<T> = Result<T, String>;

fn open_existing(path: &Path, chain: &[u8; 32], from: u64) -> Result<Read<(Database, Marks, First)>, IndexError> {
    if !path.exists() {
        return Ok(Err("there is none yet".to_owned()));
    }
    let database = match Database::open(path, false, Durability::Later) {
        Ok(database) => database,
        Err(lost @ OpenError::Lost { .. }) => return Ok(Err(lost.to_string())),
        Err(error) => return Err(error.into()),
    };
    match marks_of(database.connection(), chain, from) {
        Ok(Ok((marks, first))) => Ok(Ok((database, marks, first))),
        Ok(Err(reason)) => Ok(Err(reason)),
        Err(error) if is_unusable(&error) => Ok(Err(format!("it is damaged ({error})"))),
        Err(error) => Err(error.into()),
    }
}

/// How far the index in the database read, or why it cannot be continued.
fn marks_of(connection: &Connection, chain: &[u8; 32], from: u64) -> rusqlite::Result<Read<(Marks, First)>> {
    let has_meta: Option<i64> = connection
        .query_row("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'", [], |row| row.get(0))
        .optional()?;
    if has_meta.is_none() {
        return Ok(Err("it holds no index".to_owned()));
    }
    if meta(connection, "version")?.as_deref() != Some(&VERSION.to_be_bytes()[..]) {
        return Ok(Err("it was written by another version".to_owned()));
    }
    if meta(connection, "chain")?.as_deref() != Some(&chain[..]) {
        return Ok(Err("it belongs to another chain".to_owned()));
    }
    let Some(marks) = meta(connection, "marks")?.as_deref().and_then(decode_marks) else {
        return Ok(Err("it does not say how far it read".to_owned()));
    };
    let Some(first) = meta(connection, "first")?.as_deref().and_then(decode_first) else {
        return Ok(Err("it does not say where it begins".to_owned()));
    };
    if marks.next_receipt < from {
        return Ok(Err(format!("it read up to record {} and the log has those from {from} on", marks.next_receipt)));
    }
    Ok(Ok((marks, first)))
}

/// Deletes the index's files, if there are any.
pub(super) fn delete(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal", ".sums"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(PathBuf::from(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn write_marks(connection: &Connection, marks: &Marks) -> rusqlite::Result<()> {
    put_words(connection, "marks", &[marks.next_receipt, marks.next_event, marks.height, marks.time])
}

pub(super) fn write_first(connection: &Connection, first: &First) -> rusqlite::Result<()> {
    put_words(connection, "first", &[first.height, first.receipt, first.event])
}

fn put_words(connection: &Connection, key: &str, words: &[u64]) -> rusqlite::Result<()> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    connection.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?.execute(params![key, bytes])?;
    Ok(())
}

fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()
}

fn decode_marks(bytes: &[u8]) -> Option<Marks> {
    let [next_receipt, next_event, height, time] = words(bytes)?;
    Some(Marks { next_receipt, next_event, height, time })
}

fn decode_first(bytes: &[u8]) -> Option<First> {
    let [height, receipt, event] = words(bytes)?;
    Some(First { height, receipt, event })
}

fn words<const N: usize>(bytes: &[u8]) -> Option<[u64; N]> {
    let (words, []) = bytes.as_chunks::<8>() else { return None };
    let words: &[[u8; 8]; N] = words.try_into().ok()?;
    Some(words.map(u64::from_be_bytes))
}

/// Whether the error says that the file is no usable index, rather than that it could not be reached.
pub(super) fn is_unusable(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, InvalidColumnType};
    // Columns or types that are not ours, or rows that are there already behind what it says it read.
    depin_database::is_damage(error)
        || matches!(error, InvalidColumnType(..) | FromSqlConversionFailure(..))
        || error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}
