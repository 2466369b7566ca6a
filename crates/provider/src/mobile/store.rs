//! What a mobile access point keeps: its sessions, from their first record until they could not be reported any more.
//!
//! One SQLite file. Records are on the disk before they are answered, so a crash at any moment loses none that was. A session of one access
//! point goes by what that calls it and by how often it began anew; nothing of its subscriber is kept but whose subscriber it is.

use super::meter::{Metered, Taken};
use crate::operator::changed;
use depin_database::{Begun, Database, Durability, OpenError, Stopped};
use depin_quantity::{Address, UnitId};
use depin_radius::{Accounting, Status};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::{
    path::Path,
    sync::{Arc, Mutex},
};

/// The store's name in an access point's folder.
pub const STORE_FILE: &str = "mobile.db";
const FORMAT: &str = "1";
const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE radios (nas TEXT PRIMARY KEY, era INTEGER NOT NULL, since_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, nas TEXT NOT NULL, era INTEGER NOT NULL, carrier INTEGER NOT NULL, began_ms INTEGER NOT NULL,
    ledger_ms INTEGER, up INTEGER NOT NULL, down INTEGER NOT NULL, seconds INTEGER NOT NULL, begun INTEGER NOT NULL,
    stopped INTEGER NOT NULL, changed_ms INTEGER NOT NULL, told_up INTEGER NOT NULL DEFAULT 0,
    told_down INTEGER NOT NULL DEFAULT 0, told_stopped INTEGER NOT NULL DEFAULT 0, told_ms INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_open ON sessions (nas, era) WHERE stopped = 0;
CREATE INDEX sessions_due ON sessions (changed_ms) WHERE dropped = 0 AND (up <> told_up OR down <> told_down OR stopped <> told_stopped);
";

/// Why the store failed or refuses.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite.
    #[error("the access point's store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// It cannot be opened, or is lost.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nothing is written any more.
    #[error("{0}")]
    Failed(#[from] Stopped),
    /// Another access point's, or another program's.
    #[error("{0}")]
    Other(String),
}

type StoreResult<T> = Result<T, StoreError>;

/// A record that came, and was checked.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// Which radio says it.
    pub nas: String,
    /// What it says.
    pub says: Accounting,
    /// Whether it states gigawords.
    pub wide: bool,
    /// Who pays; zero for nobody.
    pub carrier: u32,
    /// When it came, wall time.
    pub at_ms: u64,
}

impl Record {
    /// When it happened.
    fn happened(&self) -> u64 {
        self.at_ms.saturating_sub(u64::from(self.says.delay) * 1_000)
    }
}

/// A session that the ledger does not know as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub id: UnitId,
    pub carrier: u32,
    /// When it began, wall time.
    pub began_ms: u64,
    /// When it began, ledger time, once it was reported.
    pub ledger_ms: Option<u64>,
    pub up: u64,
    pub down: u64,
    pub stopped: bool,
}

/// The store; clones share it.
#[derive(Clone, Debug)]
pub(super) struct Store {
    database: Arc<Mutex<Database>>,
}

impl Store {
    /// Opens the store of an access point in a folder, or makes it.
    pub(super) fn open(folder: &Path, access_point: Address) -> StoreResult<Self> {
        depin_files::private_folder(folder)
            .map_err(|source| StoreError::Other(format!("cannot use the folder {}: {source}", folder.display())))?;
        let mut database = Database::open(&folder.join(STORE_FILE), false, Durability::AtCommit)?;
        if database.begun()? == Begun::New {
            let (own, salt) = (access_point.to_string(), hex::encode(rand::random::<[u8; 32]>()));
            database.change(|rows| {
                rows.execute_batch(TABLES)?;
                rows.execute("INSERT INTO meta VALUES ('format', ?1), ('access-point', ?2), ('salt', ?3)", [FORMAT, &own, &salt])
            })?;
        }
        let meta = |key: &str| meta(database.connection(), key);
        let (format, of) = (meta("format")?.unwrap_or_default(), meta("access-point")?.unwrap_or_default());
        if format != FORMAT {
            return Err(StoreError::Other(format!("the access point's store has format {format}, this program writes {FORMAT}")));
        }
        if of != access_point.to_string() {
            let why =
                format!("the store in {} is of access point {of}; name its key, or choose another folder", folder.display());
            return Err(StoreError::Other(why));
        }
        Ok(Self { database: Arc::new(Mutex::new(database)) })
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> StoreResult<T> + Send + 'static) -> StoreResult<T> {
        changed(&self.database, work).await
    }

    /// Takes records, all of them or none; they are on the disk when this returns.
    pub(super) async fn take(&self, records: Vec<Record>) -> StoreResult<Vec<Taken>> {
        self.run(move |rows| {
            let salt = meta(rows, "salt")?.unwrap_or_default();
            records.iter().map(|record| take(rows, &salt, record)).collect()
        })
        .await
    }

    /// Sessions that are to be reported, some at a time: those that are over, and of those that go on the ones that were not reported since
    /// `told_before_ms`, some seconds ago; nor a minute later, which is before the system's clock went back.
    pub(super) async fn due(&self, most: usize, told_before_ms: u64) -> StoreResult<Vec<Due>> {
        self.run(move |rows| {
            let sql = "SELECT id, carrier, began_ms, ledger_ms, up, down, stopped FROM sessions \
                       WHERE dropped = 0 AND (up <> told_up OR down <> told_down OR stopped <> told_stopped) \
                       AND (stopped = 1 OR told_ms <= ?2 OR told_ms > ?2 + 60000) ORDER BY stopped DESC, changed_ms LIMIT ?1";
            let mut statement = rows.prepare_cached(sql)?;
            let found = statement.query_map([i64::try_from(most).unwrap_or(i64::MAX), signed(told_before_ms)], |row| {
                Ok(Due {
                    id: row.get::<_, String>(0)?.parse().unwrap_or(UnitId::new([0; 32])),
                    carrier: row.get(1)?,
                    began_ms: row.get::<_, i64>(2)?.unsigned_abs(),
                    ledger_ms: row.get::<_, Option<i64>>(3)?.map(i64::unsigned_abs),
                    up: row.get::<_, i64>(4)?.unsigned_abs(),
                    down: row.get::<_, i64>(5)?.unsigned_abs(),
                    stopped: row.get(6)?,
                })
            })?;
            Ok(found.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// Keeps when sessions began, ledger time: before they are reported, so that every report says the same.
    pub(super) async fn began(&self, began: Vec<(UnitId, u64)>) -> StoreResult<()> {
        self.run(move |rows| {
            let mut statement = rows.prepare_cached("UPDATE sessions SET ledger_ms = ?2 WHERE id = ?1 AND ledger_ms IS NULL")?;
            began.iter().try_for_each(|(id, at)| statement.execute(params![id.to_string(), signed(*at)]).map(drop))?;
            Ok(())
        })
        .await
    }

    /// The ledger knows these sessions as far as this.
    pub(super) async fn told(&self, told: Vec<Due>, at_ms: u64) -> StoreResult<()> {
        self.run(move |rows| {
            let sql = "UPDATE sessions SET told_up = ?2, told_down = ?3, told_stopped = ?4, told_ms = ?5 WHERE id = ?1";
            let mut statement = rows.prepare_cached(sql)?;
            for Due { id, up, down, stopped, .. } in told {
                statement.execute(params![id.to_string(), signed(up), signed(down), stopped, signed(at_ms)])?;
            }
            Ok(())
        })
        .await
    }

    /// Leaves sessions be that the ledger takes no more.
    pub(super) async fn drop_sessions(&self, ids: Vec<UnitId>) -> StoreResult<()> {
        self.run(move |rows| {
            let mut statement = rows.prepare_cached("UPDATE sessions SET dropped = 1 WHERE id = ?1")?;
            ids.iter().try_for_each(|id| statement.execute([id.to_string()]).map(drop))?;
            Ok(())
        })
        .await
    }

    /// Forgets sessions without a record since then; gives how many are open, and how many there are.
    pub(super) async fn forget(&self, before_ms: u64) -> StoreResult<(u64, u64)> {
        self.run(move |rows| {
            rows.execute("DELETE FROM sessions WHERE changed_ms < ?1", [signed(before_ms)])?;
            let sums = "SELECT coalesce(sum(stopped = 0), 0), count(*) FROM sessions";
            Ok(rows.query_row(sums, [], |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs())))?)
        })
        .await
    }

    /// The number of the coverage object that these hexes are: the one that they had, or a new one.
    pub(super) async fn object(&self, hexes: String, at_least: u32) -> StoreResult<u32> {
        self.run(move |rows| {
            let number = meta(rows, "object")?.and_then(|text| text.parse().ok()).unwrap_or(0);
            if meta(rows, "hexes")? == Some(hexes.clone()) && number >= at_least {
                return Ok(number);
            }
            let number = number.max(at_least) + 1;
            rows.execute("INSERT OR REPLACE INTO meta VALUES ('object', ?1), ('hexes', ?2)", [number.to_string(), hexes])?;
            Ok(number)
        })
        .await
    }
}

fn meta(rows: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    rows.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()
}

/// Which time since it began to account a radio is in, and since when.
fn era_of(rows: &Connection, nas: &str) -> rusqlite::Result<(i64, u64)> {
    let sql = "SELECT era, since_ms FROM radios WHERE nas = ?1";
    let found = rows.query_row(sql, [nas], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))).optional()?;
    Ok(found.unwrap_or((0, 0)))
}

fn take(rows: &Connection, salt: &str, record: &Record) -> StoreResult<Taken> {
    if record.says.status.is_of_all() {
        return begin_anew(rows, record);
    }
    let (now, since) = era_of(rows, &record.nas)?;
    // What happened before the radio began anew is of a session of before, however late it is told. What was not delayed did not: then the
    // system's clock went back meanwhile.
    let era = if record.says.delay > 0 && record.happened() < since { now - 1 } else { now };
    let parts: [&[u8]; 4] = [salt.as_bytes(), record.nas.as_bytes(), &era.to_be_bytes(), &record.says.session];
    let id = UnitId::derive("depin-mobile-session", &parts).to_string();
    let sql = "SELECT up, down, seconds, begun, stopped FROM sessions WHERE id = ?1";
    let known = rows
        .prepare_cached(sql)?
        .query_row([&id], |row| {
            Ok(Metered {
                up: row.get::<_, i64>(0)?.unsigned_abs(),
                down: row.get::<_, i64>(1)?.unsigned_abs(),
                seconds: row.get(2)?,
                begun: row.get(3)?,
                stopped: row.get(4)?,
            })
        })
        .optional()?;
    let mut metered = known.unwrap_or_default();
    let taken = metered.take(&record.says, record.wide);
    if taken != Taken::New {
        return Ok(taken);
    }
    let Metered { up, down, seconds, begun, stopped } = metered;
    if known.is_some() {
        let sql = "UPDATE sessions SET up = ?2, down = ?3, seconds = ?4, begun = ?5, stopped = ?6, changed_ms = ?7 WHERE id = ?1";
        let values = params![id, signed(up), signed(down), seconds, begun, stopped, signed(record.at_ms)];
        rows.prepare_cached(sql)?.execute(values)?;
        return Ok(taken);
    }
    let began = record.happened().saturating_sub(u64::from(record.says.seconds) * 1_000);
    let sql = "INSERT INTO sessions (id, nas, era, carrier, began_ms, up, down, seconds, begun, stopped, changed_ms, dropped) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    rows.prepare_cached(sql)?.execute(params![
        id,
        record.nas,
        era,
        record.carrier,
        signed(began),
        signed(up),
        signed(down),
        seconds,
        begun,
        stopped,
        signed(record.at_ms),
        // Nobody pays for it.
        record.carrier == 0,
    ])?;
    Ok(taken)
}

/// All sessions of a radio are over, and what it calls sessions from now on are others. A second such record changes nothing.
fn begin_anew(rows: &Connection, record: &Record) -> StoreResult<Taken> {
    let (era, _) = era_of(rows, &record.nas)?;
    let sql = "SELECT count(*) FROM sessions WHERE nas = ?1 AND era = ?2";
    let sessions: i64 = rows.query_row(sql, params![record.nas, era], |row| row.get(0))?;
    if sessions == 0 {
        return Ok(Taken::Duplicate);
    }
    let sql = "UPDATE sessions SET stopped = 1, changed_ms = ?3 WHERE nas = ?1 AND era = ?2 AND stopped = 0";
    rows.execute(sql, params![record.nas, era, signed(record.at_ms)])?;
    let sql = "INSERT OR REPLACE INTO radios VALUES (?1, ?2, ?3)";
    rows.execute(sql, params![record.nas, era + 1, signed(record.happened())])?;
    Ok(Taken::New)
}

/// Counters and times fit: what is more is cut.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Whether a record is about all sessions; for callers that count.
pub(super) const fn is_restart(record: &Accounting) -> bool {
    matches!(record.status, Status::On | Status::Off)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(status: Status, session: &str, up: u64, seconds: u32, at_ms: u64) -> Record {
        let session = session.as_bytes().to_vec();
        let says = Accounting { status, session, up, down: 2 * up, seconds, ..Accounting::default() };
        Record { nas: "192.0.2.7".to_owned(), says, wide: false, carrier: 1, at_ms }
    }

    fn open(folder: &Path) -> Store {
        Store::open(folder, Address::new([1; 32])).unwrap()
    }

    #[tokio::test]
    async fn what_was_answered_is_there_after_a_crash_and_reported_until_the_ledger_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let records = vec![
            record(Status::Start, "a", 0, 0, 1_000_000),
            record(Status::Interim, "a", 100, 60, 1_060_000),
            record(Status::Interim, "a", 100, 60, 1_061_000),
            record(Status::Stop, "b", 7, 30, 1_070_000),
        ];
        let taken = store.take(records).await.unwrap();
        assert_eq!(taken, [Taken::New, Taken::New, Taken::Duplicate, Taken::New]);
        drop(store);
        let store = open(folder.path());
        let due = store.due(10, 1_085_000).await.unwrap();
        let told: Vec<_> = due.iter().map(|due| (due.began_ms, due.up, due.down, due.stopped)).collect();
        assert_eq!(told, [(1_040_000, 7, 14, true), (1_000_000, 100, 200, false)]);
        store.began(vec![(due[0].id, 5), (due[1].id, 6)]).await.unwrap();
        store.began(vec![(due[0].id, 9)]).await.unwrap();
        store.told(vec![due[0], due[1]], 1_080_000).await.unwrap();
        assert!(store.due(10, 1_085_000).await.unwrap().is_empty());
        store.take(vec![record(Status::Stop, "a", 150, 90, 1_090_000)]).await.unwrap();
        let due = store.due(10, 1_085_000).await.unwrap();
        assert_eq!((due[0].ledger_ms, due[0].up, due[0].stopped), (Some(6), 150, true), "when it began is told alike");
        assert_eq!(store.forget(1_080_000).await.unwrap(), (0, 1));
        assert!(Store::open(folder.path(), Address::new([2; 32])).unwrap_err().to_string().contains("is of access point"));
    }

    #[tokio::test]
    async fn a_radio_that_begins_anew_ends_its_sessions_and_calls_others_by_the_same_names() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        store.take(vec![record(Status::Start, "1", 0, 0, 1_000), record(Status::Interim, "1", 50, 10, 11_000)]).await.unwrap();
        let on = || record(Status::On, "", 0, 0, 20_000);
        assert_eq!(store.take(vec![on(), on()]).await.unwrap(), [Taken::New, Taken::Duplicate]);
        store.take(vec![record(Status::Start, "1", 0, 0, 25_000), record(Status::Interim, "1", 3, 5, 30_000)]).await.unwrap();
        let mut due: Vec<_> = store.due(10, 1_085_000).await.unwrap().iter().map(|due| (due.up, due.stopped)).collect();
        due.sort_unstable();
        assert_eq!(due, [(3, false), (50, true)]);
        // A stop of before that was on its way for 15 s: the session of before is over already, and the new one is not touched.
        let mut late = record(Status::Stop, "1", 60, 12, 31_000);
        late.says.delay = 15;
        assert_eq!(store.take(vec![late]).await.unwrap(), [Taken::Duplicate]);
        assert_eq!(store.due(10, 1_085_000).await.unwrap().iter().filter(|due| !due.stopped).count(), 1);
    }

    #[tokio::test]
    async fn sessions_that_nobody_pays_are_kept_and_not_reported() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let free = Record { carrier: 0, ..record(Status::Stop, "1", 50, 10, 11_000) };
        assert_eq!(store.take(vec![free.clone(), free]).await.unwrap(), [Taken::New, Taken::Duplicate]);
        assert!(store.due(10, 1_085_000).await.unwrap().is_empty());
        assert_eq!((store.object("x".to_owned(), 0).await.unwrap(), store.object("x".to_owned(), 0).await.unwrap()), (1, 1));
        assert_eq!((store.object("y".to_owned(), 0).await.unwrap(), store.object("y".to_owned(), 7).await.unwrap()), (2, 8));
    }

    /// A clock that is set right goes back: sessions go on, and are none of before.
    #[tokio::test]
    async fn a_clock_that_goes_back_stops_no_session() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        store.take(vec![record(Status::Stop, "1", 50, 10, 7_000_000), record(Status::On, "", 0, 0, 7_200_000)]).await.unwrap();
        store.take(vec![record(Status::Interim, "2", 10, 10, 7_300_000)]).await.unwrap();
        let due = store.due(10, 7_290_000).await.unwrap();
        assert_eq!(due.len(), 2);
        store.told(due, 7_301_000).await.unwrap();
        // An hour back: the radio calls a new session as it called one before it began anew.
        let now = 3_700_000;
        assert_eq!(store.take(vec![record(Status::Stop, "1", 9, 5, now)]).await.unwrap(), [Taken::New]);
        assert_eq!(store.take(vec![record(Status::Interim, "2", 30, 400, now)]).await.unwrap(), [Taken::New]);
        let mut due: Vec<_> = store.due(10, now - 10_000).await.unwrap().iter().map(|due| (due.up, due.stopped)).collect();
        due.sort_unstable();
        assert_eq!(due, [(9, true), (30, false)]);
    }
}
