//! What a device's daemon keeps: answers of hours that it worked on, what the checker signed of them, why an hour failed, the node that it runs, and
//! programs that hirers gave it.
//!
//! One SQLite file, for its owner alone. An answer is on the disk before the checker is asked: a daemon that was killed goes on from there.

use crate::operator::{changed, own_database};
use depin_database::{Database, OpenError, Stopped};
use depin_quantity::{ContentHash, Seed, UnitId};
use depin_services::clusters::{Answer, Attendance, Profile};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};
use std::{
    path::Path,
    sync::{Arc, Mutex},
};

/// The store's name in a device's folder.
pub const STORE_FILE: &str = "cluster.db";
/// Hours that are kept with what became of them.
pub const HOURS_KEPT: u64 = 168;
/// Programs that are kept.
const PROGRAMS_KEPT: u32 = 16;
const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE hours (
    hour INTEGER PRIMARY KEY, seed TEXT NOT NULL, answer BLOB, stamped TEXT, note TEXT NOT NULL) STRICT;
CREATE TABLE nodes (
    hire TEXT PRIMARY KEY, rank INTEGER NOT NULL, seats TEXT NOT NULL, stage TEXT NOT NULL, note TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE programs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, hash TEXT NOT NULL UNIQUE, body BLOB NOT NULL) STRICT;
";

/// Why the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite.
    #[error("the device's store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// It cannot be opened, or is lost.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nothing is written any more.
    #[error("{0}")]
    Failed(#[from] Stopped),
    /// Not as this program writes it, or another device's.
    #[error("the device's store cannot be used: {0}")]
    Record(String),
}

type StoreResult<T> = Result<T, StoreError>;

/// What the checker signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stamped {
    /// How long an answer took.
    Answer(Box<Answer>),
    /// That the device is there.
    Attendance(Box<Attendance>),
}

/// An hour that was worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HourKept {
    /// Which.
    pub hour: u64,
    /// The seed of its challenges.
    pub seed: Seed,
    /// The answer.
    pub answer: Option<Vec<u8>>,
    /// What the checker signed.
    pub stamped: Option<Stamped>,
    /// What stands in the way, or stood; empty when nothing did.
    pub note: String,
}

/// How far a node is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeStage {
    /// It is being begun.
    Beginning,
    /// It was begun.
    Begun,
    /// It ended, or never will be begun.
    Ended,
}

impl NodeStage {
    const fn word(self) -> &'static str {
        match self {
            Self::Beginning => "beginning",
            Self::Begun => "begun",
            Self::Ended => "ended",
        }
    }

    fn of(word: &str) -> StoreResult<Self> {
        let known = [Self::Beginning, Self::Begun, Self::Ended].into_iter().find(|stage| stage.word() == word);
        known.ok_or_else(|| StoreError::Record(format!("`{word}` is no stage of a node")))
    }
}

/// A node of a hire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeKept {
    /// The hire.
    pub hire: UnitId,
    /// Its number in it.
    pub rank: u8,
    /// The slots that the cluster was of, by rank.
    pub seats: Vec<u32>,
    /// How far it is.
    pub stage: NodeStage,
    /// Why it does not run.
    pub note: String,
}

/// The store; clones share it.
#[derive(Clone, Debug)]
pub(super) struct Store {
    database: Arc<Mutex<Database>>,
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> StoreResult<T> {
    text.parse().map_err(|error: T::Err| StoreError::Record(error.to_string()))
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> StoreResult<T> {
    serde_json::from_str(text).map_err(|error| StoreError::Record(error.to_string()))
}

fn text_of(value: &impl Serialize) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Record(error.to_string()))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Opens the database of a device, or makes it.
fn database_of(folder: &Path, device: UnitId) -> StoreResult<Database> {
    own_database(folder, STORE_FILE, TABLES, ("device", device), StoreError::Record)
}

/// The profile that a device's folder has; what is measured now is kept where there is none, or where it is to be measured anew. What is free
/// changes from start to start, and another profile begins the uptime on the ledger anew.
///
/// # Errors
/// [`StoreError`].
pub fn kept_profile(folder: &Path, device: UnitId, measured: Profile, anew: bool) -> StoreResult<Profile> {
    let mut database = database_of(folder, device)?;
    let sql = "SELECT value FROM meta WHERE key = 'profile'";
    let known: Option<String> = database.connection().query_row(sql, [], |row| row.get(0)).optional()?;
    if let Some(text) = known.filter(|_| !anew) {
        return json(&text);
    }
    let text = text_of(&measured)?;
    database.change(|rows| rows.execute("INSERT OR REPLACE INTO meta VALUES ('profile', ?1)", [text]))?;
    Ok(measured)
}

impl Store {
    /// Opens the store of a device, or makes it.
    pub(super) fn open(folder: &Path, device: UnitId) -> StoreResult<Self> {
        Ok(Self { database: Arc::new(Mutex::new(database_of(folder, device)?)) })
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> StoreResult<T> + Send + 'static) -> StoreResult<T> {
        changed(&self.database, work).await
    }

    /// Begins an hour's work, or finds what there is of it. What was done for another seed, which a chain that began anew may have, is nothing.
    pub(super) async fn begin_hour(&self, hour: u64, seed: Seed) -> StoreResult<HourKept> {
        self.run(move |rows| {
            let sql = "INSERT INTO hours VALUES (?1, ?2, NULL, NULL, '') ON CONFLICT (hour) DO UPDATE \
                       SET seed = ?2, answer = NULL, stamped = NULL, note = '' WHERE seed <> ?2";
            rows.execute(sql, params![signed(hour), seed.to_string()])?;
            rows.execute("DELETE FROM hours WHERE hour < ?1", [signed(hour.saturating_sub(HOURS_KEPT))])?;
            let sql = "SELECT hour, seed, answer, stamped, note FROM hours WHERE hour = ?1";
            let mut statement = rows.prepare_cached(sql)?;
            let mut found = statement.query([signed(hour)])?;
            let row = found.next()?.ok_or_else(|| StoreError::Record(format!("hour {hour} is gone")))?;
            hour_of(row)
        })
        .await
    }

    /// Keeps an hour's answer.
    pub(super) async fn answered(&self, hour: u64, answer: Vec<u8>) -> StoreResult<()> {
        self.run(move |rows| {
            rows.execute("UPDATE hours SET answer = ?2 WHERE hour = ?1", params![signed(hour), answer])?;
            Ok(())
        })
        .await
    }

    /// Keeps what the checker signed, and what is wrong with it.
    pub(super) async fn stamped(&self, hour: u64, stamped: Stamped, note: String) -> StoreResult<()> {
        self.run(move |rows| {
            let text = text_of(&stamped)?;
            rows.execute("UPDATE hours SET stamped = ?2, note = ?3 WHERE hour = ?1", params![signed(hour), text, note])?;
            Ok(())
        })
        .await
    }

    /// Notes what stands in an hour's way; nothing of an hour that was not begun.
    pub(super) async fn note(&self, hour: u64, note: String) -> StoreResult<()> {
        self.run(move |rows| {
            rows.execute("UPDATE hours SET note = ?2 WHERE hour = ?1", params![signed(hour), note])?;
            Ok(())
        })
        .await
    }

    /// Hours that were worked on, the latest first.
    pub(super) async fn hours(&self) -> StoreResult<Vec<HourKept>> {
        self.run(|rows| {
            let sql = "SELECT hour, seed, answer, stamped, note FROM hours ORDER BY hour DESC";
            let mut statement = rows.prepare_cached(sql)?;
            let mut found = statement.query([])?;
            let mut all = Vec::new();
            while let Some(row) = found.next()? {
                all.push(hour_of(row)?);
            }
            Ok(all)
        })
        .await
    }

    /// Notes how far a node is.
    pub(super) async fn keep_node(&self, node: NodeKept) -> StoreResult<()> {
        self.run(move |rows| {
            let seats = text_of(&node.seats)?;
            let with = params![node.hire.to_string(), node.rank, seats, node.stage.word(), node.note];
            rows.execute("INSERT OR REPLACE INTO nodes VALUES (?1, ?2, ?3, ?4, ?5)", with)?;
            Ok(())
        })
        .await
    }

    /// Nodes that are kept.
    pub(super) async fn nodes(&self) -> StoreResult<Vec<NodeKept>> {
        self.run(|rows| {
            let mut statement = rows.prepare_cached("SELECT hire, rank, seats, stage, note FROM nodes ORDER BY hire")?;
            let mut found = statement.query([])?;
            let mut all = Vec::new();
            while let Some(row) = found.next()? {
                all.push(NodeKept {
                    hire: parsed(&row.get::<_, String>(0)?)?,
                    rank: row.get(1)?,
                    seats: json(&row.get::<_, String>(2)?)?,
                    stage: NodeStage::of(&row.get::<_, String>(3)?)?,
                    note: row.get(4)?,
                });
            }
            Ok(all)
        })
        .await
    }

    /// Forgets a node.
    pub(super) async fn forget_node(&self, hire: UnitId) -> StoreResult<()> {
        self.run(move |rows| Ok(rows.execute("DELETE FROM nodes WHERE hire = ?1", [hire.to_string()]).map(drop)?)).await
    }

    /// Keeps a program; of many the oldest are forgotten.
    pub(super) async fn keep_program(&self, hash: ContentHash, body: Vec<u8>) -> StoreResult<()> {
        self.run(move |rows| {
            rows.execute("INSERT OR IGNORE INTO programs (hash, body) VALUES (?1, ?2)", params![hash.to_string(), body])?;
            let sql = "DELETE FROM programs WHERE seq NOT IN (SELECT seq FROM programs ORDER BY seq DESC LIMIT ?1)";
            rows.execute(sql, [PROGRAMS_KEPT])?;
            Ok(())
        })
        .await
    }

    /// A program.
    pub(super) async fn program(&self, hash: ContentHash) -> StoreResult<Option<Vec<u8>>> {
        self.run(move |rows| {
            let sql = "SELECT body FROM programs WHERE hash = ?1";
            Ok(rows.query_row(sql, [hash.to_string()], |row| row.get(0)).optional()?)
        })
        .await
    }
}

fn hour_of(row: &Row<'_>) -> StoreResult<HourKept> {
    Ok(HourKept {
        hour: row.get::<_, i64>(0)?.unsigned_abs(),
        seed: parsed(&row.get::<_, String>(1)?)?,
        answer: row.get(2)?,
        stamped: row.get::<_, Option<String>>(3)?.map(|text| json(&text)).transpose()?,
        note: row.get(4)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_services::clusters::ProcessorKind;

    const DEVICE: UnitId = UnitId::new([9; 32]);

    #[tokio::test]
    async fn an_answer_is_there_after_a_restart_and_not_for_another_seed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), DEVICE).unwrap();
        let seed = Seed::new([1; 32]);
        assert_eq!(store.begin_hour(7, seed).await.unwrap().answer, None);
        store.answered(7, vec![1, 2, 3]).await.unwrap();
        store.note(7, "the checker is away".to_owned()).await.unwrap();
        drop(store);
        let store = Store::open(folder.path(), DEVICE).unwrap();
        let kept = store.begin_hour(7, seed).await.unwrap();
        assert_eq!((kept.answer, kept.note.as_str()), (Some(vec![1, 2, 3]), "the checker is away"));
        assert_eq!(store.begin_hour(7, Seed::new([2; 32])).await.unwrap().answer, None);
        store.begin_hour(7 + HOURS_KEPT + 1, seed).await.unwrap();
        assert_eq!(store.hours().await.unwrap().len(), 1, "old hours are forgotten");
        drop(store);
        assert!(Store::open(folder.path(), UnitId::new([8; 32])).unwrap_err().to_string().contains("not of"));
    }

    #[tokio::test]
    async fn nodes_and_programs_are_kept_within_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), DEVICE).unwrap();
        let hire = UnitId::new([3; 32]);
        let node = NodeKept { hire, rank: 2, seats: vec![0, 1, 5], stage: NodeStage::Beginning, note: String::new() };
        store.keep_node(node.clone()).await.unwrap();
        store.keep_node(NodeKept { stage: NodeStage::Begun, ..node.clone() }).await.unwrap();
        assert_eq!(store.nodes().await.unwrap(), [NodeKept { stage: NodeStage::Begun, ..node }]);
        store.forget_node(hire).await.unwrap();
        assert!(store.nodes().await.unwrap().is_empty());
        for n in 0..20 {
            store.keep_program(ContentHash::new([n; 32]), vec![n]).await.unwrap();
        }
        assert_eq!(store.program(ContentHash::new([3; 32])).await.unwrap(), None);
        assert_eq!(store.program(ContentHash::new([19; 32])).await.unwrap(), Some(vec![19]));
    }

    #[test]
    fn a_claim_stays_what_it_was_until_it_is_measured_anew() {
        let folder = tempfile::tempdir().unwrap();
        let profile = |memory_mib| Profile {
            kind: ProcessorKind::Cpu,
            processors: 2,
            memory_mib,
            disk_gib: 1,
            download_mbps: 0,
            upload_mbps: 0,
            slice: false,
        };
        let kept = |memory, anew| kept_profile(folder.path(), DEVICE, profile(memory), anew).unwrap().memory_mib;
        assert_eq!([kept(100, false), kept(90, false), kept(80, true), kept(95, false)], [100, 100, 80, 80]);
    }
}
