//! What the gateway keeps: one SQLite file, committed to the disk before anything is answered, delivered or emitted.
//!
//! One connection does everything, on threads that may block. A commit is on the disk, and what was written there is noticed when it is not what it was
//! ([`Database`]). Devices, nonces and duty cycles are the network server's rows; events wait until each of their sinks took them.

use depin_database::{Begun, Database, Durability, OpenError, Stopped, is_damage};
use depin_lorawan::{Eui, region::Duty, server::Write};
use rusqlite::{Connection, ErrorCode, params};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

const FORMAT: &str = "1";

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS devices (dev_eui TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS nonces (dev_eui TEXT NOT NULL, nonce INTEGER NOT NULL, PRIMARY KEY (dev_eui, nonce)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS duty (gateway TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, device TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS deliveries (
    sink TEXT NOT NULL, device TEXT NOT NULL, seq INTEGER NOT NULL REFERENCES events (seq), due_ms INTEGER NOT NULL, tries INTEGER NOT NULL,
    PRIMARY KEY (sink, device, seq)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS deliveries_seq ON deliveries (seq);
";

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
    #[error("the gateway's store has format {0}, this program writes {FORMAT}; use the program that wrote it")]
    Format(String),
    #[error("the gateway's store {0}")]
    NoStore(&'static str),
    #[error("the gateway is stopping")]
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

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Record(error.to_string())
    }
}

pub(crate) type StoreResult<T> = Result<T, StoreError>;

/// An event to keep.
#[derive(Clone, Debug)]
pub(crate) struct NewEvent {
    pub at_ms: i64,
    pub device: Eui,
    pub kind: &'static str,
    pub body: String,
}

/// An event that a sink has not taken.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub seq: i64,
    pub at_ms: i64,
    pub device: String,
    pub kind: String,
    pub body: String,
    pub tries: u32,
}

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
    /// Opens the store at `path`, or makes it unless it was `used` before.
    pub(crate) fn open(path: &Path, used: bool) -> StoreResult<Self> {
        let mut database = Database::open(path, used, Durability::AtCommit)?;
        let own = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' \
                   AND name IN ('meta', 'devices', 'nonces', 'duty', 'events', 'deliveries')";
        let own: i64 = database.connection().query_row(own, [], |row| row.get(0))?;
        match (database.begun()?, own) {
            (Begun::New, _) if used => return Err(StoreError::NoStore("holds nothing")),
            (Begun::New, _) | (Begun::Before, 6) => {}
            _ => return Err(StoreError::NoStore("is a database of another program")),
        }
        database.change(|connection| {
            connection.execute_batch(TABLES)?;
            connection.execute("INSERT OR IGNORE INTO meta VALUES ('format', ?1)", [FORMAT])
        })?;
        let format = "SELECT value FROM meta WHERE key = 'format'";
        let format: String = database.connection().query_row(format, [], |row| row.get(0))?;
        if format != FORMAT {
            return Err(StoreError::Format(format));
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

/// Everything that the network server remembers.
pub(crate) fn load(connection: &Connection) -> StoreResult<Vec<Write>> {
    let mut all = Vec::new();
    let record = |error: &dyn std::fmt::Display| StoreError::Record(error.to_string());
    let mut statement = connection.prepare("SELECT content FROM devices ORDER BY dev_eui")?;
    for content in statement.query_map([], |row| row.get::<_, String>(0))? {
        all.push(Write::Device(Box::new(serde_json::from_str(&content?)?)));
    }
    let mut statement = connection.prepare("SELECT dev_eui, nonce FROM nonces")?;
    for row in statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u16>(1)?)))? {
        let (device, nonce) = row?;
        all.push(Write::Nonce { device: device.parse().map_err(|error| record(&error))?, nonce });
    }
    let mut statement = connection.prepare("SELECT gateway, content FROM duty")?;
    for row in statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))? {
        let (gateway, content) = row?;
        let duty: Duty = serde_json::from_str(&content)?;
        all.push(Write::Duty { gateway: gateway.parse().map_err(|error| record(&error))?, duty });
    }
    Ok(all)
}

/// Makes changes and events durable; each event waits for each sink.
pub(crate) fn keep(connection: &Connection, writes: &[Write], events: &[NewEvent], sinks: &[&'static str]) -> StoreResult<()> {
    for write in writes {
        match write {
            Write::Device(row) => {
                let sql = "INSERT OR REPLACE INTO devices VALUES (?1, ?2)";
                connection.prepare_cached(sql)?.execute(params![row.spec.dev_eui.to_string(), serde_json::to_string(row)?])?;
            }
            Write::Removed(device) => {
                connection.prepare_cached("DELETE FROM devices WHERE dev_eui = ?1")?.execute([device.to_string()])?;
            }
            Write::Nonce { device, nonce } => {
                let sql = "INSERT OR IGNORE INTO nonces VALUES (?1, ?2)";
                connection.prepare_cached(sql)?.execute(params![device.to_string(), nonce])?;
            }
            Write::Duty { gateway, duty } => {
                let sql = "INSERT OR REPLACE INTO duty VALUES (?1, ?2)";
                connection.prepare_cached(sql)?.execute(params![gateway.to_string(), serde_json::to_string(duty)?])?;
            }
        }
    }
    if sinks.is_empty() {
        return Ok(());
    }
    for event in events {
        let device = event.device.to_string();
        let sql = "INSERT INTO events (at_ms, device, kind, body) VALUES (?1, ?2, ?3, ?4)";
        connection.prepare_cached(sql)?.execute(params![event.at_ms, device, event.kind, event.body])?;
        let seq = connection.last_insert_rowid();
        for sink in sinks {
            let sql = "INSERT INTO deliveries VALUES (?1, ?2, ?3, 0, 0)";
            connection.prepare_cached(sql)?.execute(params![sink, device, seq])?;
        }
    }
    Ok(())
}

/// How many deliveries wait.
pub(crate) fn count(connection: &Connection) -> StoreResult<usize> {
    let count: i64 = connection.prepare_cached("SELECT count(*) FROM deliveries")?.query_row([], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// Forgets deliveries to sinks that there are no more; how many.
pub(crate) fn forget_others(connection: &Connection, sinks: &[&'static str]) -> StoreResult<usize> {
    let known = serde_json::to_string(sinks)?;
    let gone = connection.execute("DELETE FROM deliveries WHERE sink NOT IN (SELECT value FROM json_each(?1))", [known])?;
    connection.execute("DELETE FROM events WHERE seq NOT IN (SELECT seq FROM deliveries)", [])?;
    Ok(gone)
}

/// The oldest event of each device that a sink has not taken and that is due, in the order in which they came. What is due later than any pause
/// lasts was put off before the system's clock went back, and is due too.
pub(crate) fn next(
    connection: &Connection,
    sink: &str,
    now_ms: i64,
    pause_max_ms: i64,
    limit: usize,
) -> StoreResult<Vec<Waiting>> {
    let sql = "SELECT e.seq, e.at_ms, e.device, e.kind, e.body, d.tries
        FROM (SELECT device, min(seq) AS seq FROM deliveries WHERE sink = ?1 GROUP BY device) first
        JOIN deliveries d ON d.sink = ?1 AND d.device = first.device AND d.seq = first.seq
        JOIN events e ON e.seq = first.seq WHERE d.due_ms <= ?2 OR d.due_ms > ?2 + ?3 ORDER BY e.seq LIMIT ?4";
    let mut statement = connection.prepare_cached(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![sink, now_ms, pause_max_ms, limit], |row| {
        let (seq, at_ms, device) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Waiting { seq, at_ms, device, kind: row.get(3)?, body: row.get(4)?, tries: row.get(5)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A sink took an event, or it is given up.
pub(crate) fn done(connection: &Connection, sink: &str, event: &Waiting) -> StoreResult<()> {
    let sql = "DELETE FROM deliveries WHERE sink = ?1 AND device = ?2 AND seq = ?3";
    connection.prepare_cached(sql)?.execute(params![sink, event.device, event.seq])?;
    let sql = "DELETE FROM events WHERE seq = ?1 AND NOT EXISTS (SELECT 1 FROM deliveries WHERE seq = ?1)";
    connection.prepare_cached(sql)?.execute([event.seq])?;
    Ok(())
}

/// A sink did not take an event: it is tried again later.
pub(crate) fn put_off(connection: &Connection, sink: &str, event: &Waiting, due_ms: i64) -> StoreResult<()> {
    let sql = "UPDATE deliveries SET due_ms = ?4, tries = tries + 1 WHERE sink = ?1 AND device = ?2 AND seq = ?3";
    connection.prepare_cached(sql)?.execute(params![sink, event.device, event.seq, due_ms])?;
    Ok(())
}

/// Writes a mark, to see whether anything can be written.
pub(crate) fn probe(connection: &Connection) -> StoreResult<()> {
    connection.prepare_cached("INSERT OR REPLACE INTO meta VALUES ('probe', hex(randomblob(8192)))")?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(device: u64, body: &str) -> NewEvent {
        NewEvent { at_ms: 5, device: Eui::new(device), kind: "up", body: body.to_owned() }
    }

    #[tokio::test]
    async fn events_wait_for_each_sink_in_the_order_of_their_device() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = Store::open(&path, false).unwrap();
        let events = [event(1, "1a"), event(2, "2a"), event(1, "1b")];
        store.run(move |db| keep(db, &[], &events, &["mqtt", "webhook"])).await.unwrap();
        let bodies = |sink: &'static str, now| {
            let store = store.clone();
            async move { store.run(move |db| next(db, sink, now, 1_000, 10)).await.unwrap() }
        };
        let waiting = bodies("webhook", 10).await;
        assert_eq!(waiting.iter().map(|one| one.body.as_str()).collect::<Vec<_>>(), ["1a", "2a"]);
        let (first, second) = (waiting[0].clone(), waiting[1].clone());
        store
            .run(move |db| {
                put_off(db, "webhook", &first, 50)?;
                done(db, "webhook", &second)
            })
            .await
            .unwrap();
        assert!(bodies("webhook", 49).await.is_empty(), "what comes later waits for what came first");
        assert_eq!(bodies("webhook", 50).await[0].tries, 1);
        // The system's clock went back by more than any pause lasts.
        assert!(bodies("webhook", -950).await.is_empty());
        assert_eq!(bodies("webhook", -951).await[0].tries, 1);
        assert_eq!(bodies("mqtt", 0).await.len(), 2);
        assert_eq!(store.run(count).await.unwrap(), 5);
        assert_eq!(store.run(|db| forget_others(db, &["webhook"])).await.unwrap(), 3);
        assert_eq!(store.run(count).await.unwrap(), 2);
    }

    #[test]
    fn a_store_that_is_none_is_not_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        assert!(Store::open(&path, true).err().unwrap().lost(&path).is_some(), "it is missing");
        Store::open(&path, false).unwrap().close();
        Store::open(&path, true).unwrap().close();
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert!(Store::open(&path, true).err().unwrap().lost(&path).is_some(), "a flipped bit is noticed");
        let other = folder.path().join("b.db");
        Connection::open(&other).unwrap().execute_batch("CREATE TABLE x (y TEXT)").unwrap();
        assert!(matches!(Store::open(&other, false), Err(StoreError::NoStore("is a database of another program"))));
        std::fs::write(&other, vec![7; 8192]).unwrap();
        assert!(Store::open(&other, false).err().unwrap().lost(&other).is_some());
    }
}
