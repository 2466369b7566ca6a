//! What a node keeps: orders for tickets, what it committed to and the keys that open it, whose scenes it has, images of comparisons.
//!
//! One SQLite file, for its owner alone: it holds the keys of scenes and of frames that are not paid yet. Images stand in files beside it.

use crate::operator::{changed, own_database};
use depin_client::render::Order;
use depin_database::{Database, OpenError, Stopped};
use depin_quantity::{ContentHash, UnitId};
use depin_services::rendering::{FrameKey, Salt};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};
use std::{
    path::Path,
    sync::{Arc, Mutex},
};

/// The store's name in a node's folder.
pub const STORE_FILE: &str = "rendering.db";
const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE scenes (job TEXT PRIMARY KEY, key TEXT NOT NULL, whole INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tickets (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, number INTEGER NOT NULL, frame INTEGER NOT NULL, place INTEGER NOT NULL,
    stage TEXT NOT NULL, why TEXT, commitment TEXT, at INTEGER NOT NULL, UNIQUE (job, number)) STRICT;
CREATE TABLE given (
    job TEXT NOT NULL, first INTEGER NOT NULL, side TEXT NOT NULL, verdict TEXT, PRIMARY KEY (job, first, side)) STRICT, WITHOUT ROWID;
";

/// Why the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite.
    #[error("the node's store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// It cannot be opened, or is lost.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nothing is written any more.
    #[error("{0}")]
    Failed(#[from] Stopped),
    /// Not as this program writes it, or another node's.
    #[error("the node's store cannot be used: {0}")]
    Record(String),
}

type StoreResult<T> = Result<T, StoreError>;

/// How far a ticket is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It was ordered.
    Queued,
    /// It is rendered.
    Ready(Box<Commitment>),
    /// It cannot be rendered.
    Failed(String),
}

/// What is handed in for a ticket, and what opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    /// The hash of the decoded pixels.
    pub pixels: ContentHash,
    /// The salt of the commitment.
    pub salt: Salt,
    /// What the frame is sealed with.
    pub key: FrameKey,
    /// SHA-256 of the sealed frame.
    pub sealed: ContentHash,
    /// SHA-256 of the preview.
    pub preview: ContentHash,
    /// The hash of the preview's watermark.
    pub watermark: ContentHash,
    /// How long it was worked on, milliseconds.
    pub milliseconds: u64,
}

/// A ticket that was ordered here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The job.
    pub job: UnitId,
    /// The ticket.
    pub number: u32,
    /// What was ordered.
    pub order: Order,
    /// How far it is.
    pub stage: Stage,
    /// When it came so far, milliseconds since 1970.
    pub at_ms: u64,
}

/// What a node found when it looked at the sides of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Of one of its two nodes: whether the other's is within the bounds of its own.
    Alike(bool),
    /// Of one of its two nodes: rendered again, its own frame is another one than it handed in.
    OwnWrong,
    /// Of a third node: whether the sides are right.
    Right {
        /// The first ticket.
        left: bool,
        /// What it is compared with.
        right: bool,
    },
    /// Of a third node: it cannot say.
    Unclear,
}

/// A comparison of which images were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The job.
    pub job: UnitId,
    /// The first ticket.
    pub first: u32,
    /// The words of the sides that are here.
    pub sides: Vec<String>,
    /// What was found.
    pub verdict: Option<Verdict>,
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

impl Store {
    /// Opens the store of a node, or makes it.
    pub(super) fn open(folder: &Path, node: UnitId) -> StoreResult<Self> {
        let database = own_database(folder, STORE_FILE, TABLES, ("node", node), StoreError::Record)?;
        Ok(Self { database: Arc::new(Mutex::new(database)) })
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> StoreResult<T> + Send + 'static) -> StoreResult<T> {
        changed(&self.database, work).await
    }

    /// Keeps what opens a job's scene, and whether it is all here.
    pub(super) async fn scene(&self, job: UnitId, key: [u8; 32], whole: bool) -> StoreResult<()> {
        self.run(move |rows| {
            let sql = "INSERT INTO scenes VALUES (?1, ?2, ?3) ON CONFLICT (job) DO UPDATE SET key = ?2, whole = ?3";
            rows.execute(sql, params![job.to_string(), hex::encode(key), whole])?;
            Ok(())
        })
        .await
    }

    /// What opens a job's scene, if all of it is here.
    pub(super) async fn scene_key(&self, job: UnitId) -> StoreResult<Option<[u8; 32]>> {
        self.run(move |rows| {
            let sql = "SELECT key FROM scenes WHERE job = ?1 AND whole";
            let text = rows.query_row(sql, [job.to_string()], |row| row.get::<_, String>(0)).optional()?;
            text.map(|text| {
                let mut key = [0; 32];
                hex::decode_to_slice(text, &mut key).map_err(|error| StoreError::Record(error.to_string()))?;
                Ok(key)
            })
            .transpose()
        })
        .await
    }

    /// Jobs whose scenes are whole.
    pub(super) async fn scenes(&self) -> StoreResult<Vec<UnitId>> {
        self.run(|rows| {
            let mut statement = rows.prepare_cached("SELECT job FROM scenes WHERE whole")?;
            let found: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            found.iter().map(|text| parsed(text)).collect()
        })
        .await
    }

    /// Jobs of whose scenes anything is here, and whether it is all.
    pub(super) async fn begun_scenes(&self) -> StoreResult<Vec<(UnitId, bool)>> {
        self.run(|rows| {
            let mut statement = rows.prepare_cached("SELECT job, whole FROM scenes")?;
            let found: Vec<(String, bool)> =
                statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
            found.iter().map(|(text, whole)| Ok::<_, StoreError>((parsed::<UnitId>(text)?, *whole))).collect()
        })
        .await
    }

    /// Forgets a job's scene.
    pub(super) async fn forget_scene(&self, job: UnitId) -> StoreResult<()> {
        self.run(move |rows| Ok(rows.execute("DELETE FROM scenes WHERE job = ?1", [job.to_string()]).map(drop)?)).await
    }

    /// Takes an order; the first one for a ticket counts.
    pub(super) async fn order(&self, job: UnitId, number: u32, order: Order, at_ms: u64) -> StoreResult<()> {
        self.run(move |rows| {
            let sql =
                "INSERT OR IGNORE INTO tickets (job, number, frame, place, stage, at) VALUES (?1, ?2, ?3, ?4, 'queued', ?5)";
            rows.execute(sql, params![job.to_string(), number, order.frame, order.index, signed(at_ms)])?;
            Ok(())
        })
        .await
    }

    /// A ticket.
    pub(super) async fn ticket(&self, job: UnitId, number: u32) -> StoreResult<Option<Kept>> {
        let found = self.select("WHERE job = ?1 AND number = ?2", vec![job.to_string(), number.to_string()]).await?;
        Ok(found.into_iter().next())
    }

    /// All tickets, in the order in which they came.
    pub(super) async fn tickets(&self) -> StoreResult<Vec<Kept>> {
        self.select("", Vec::new()).await
    }

    /// The first ticket that waits for its turn and has its scene here, and is none of these.
    pub(super) async fn next(&self, without: Vec<(UnitId, u32)>) -> StoreResult<Option<Kept>> {
        let waiting = "WHERE stage = 'queued' AND job IN (SELECT job FROM scenes WHERE whole)";
        let found = self.select(waiting, Vec::new()).await?;
        Ok(found.into_iter().find(|kept| !without.contains(&(kept.job, kept.number))))
    }

    async fn select(&self, which: &'static str, with: Vec<String>) -> StoreResult<Vec<Kept>> {
        self.run(move |rows| {
            let sql = format!("SELECT job, number, frame, place, stage, why, commitment, at FROM tickets {which} ORDER BY seq");
            let mut statement = rows.prepare_cached(&sql)?;
            let mut found = statement.query(rusqlite::params_from_iter(with))?;
            let mut kept = Vec::new();
            while let Some(row) = found.next()? {
                kept.push(kept_of(row)?);
            }
            Ok(kept)
        })
        .await
    }

    /// Notes how far a ticket is.
    pub(super) async fn stage(&self, job: UnitId, number: u32, stage: Stage, at_ms: u64) -> StoreResult<()> {
        self.run(move |rows| {
            let (word, why, commitment) = match stage {
                Stage::Queued => ("queued", None, None),
                Stage::Failed(why) => ("failed", Some(why), None),
                Stage::Ready(commitment) => ("ready", None, Some(text_of(&commitment)?)),
            };
            let sql = "UPDATE tickets SET stage = ?3, why = ?4, commitment = ?5, at = ?6 WHERE job = ?1 AND number = ?2";
            rows.execute(sql, params![job.to_string(), number, word, why, commitment, signed(at_ms)])?;
            Ok(())
        })
        .await
    }

    /// Forgets a ticket.
    pub(super) async fn forget(&self, job: UnitId, number: u32) -> StoreResult<()> {
        self.run(move |rows| {
            rows.execute("DELETE FROM tickets WHERE job = ?1 AND number = ?2", params![job.to_string(), number])?;
            Ok(())
        })
        .await
    }

    /// Notes that an image of a comparison is here; what was found before is found anew.
    pub(super) async fn give(&self, job: UnitId, first: u32, side: &'static str) -> StoreResult<()> {
        self.run(move |rows| {
            rows.execute("INSERT OR REPLACE INTO given VALUES (?1, ?2, ?3, NULL)", params![job.to_string(), first, side])?;
            rows.execute("UPDATE given SET verdict = NULL WHERE job = ?1 AND first = ?2", params![job.to_string(), first])?;
            Ok(())
        })
        .await
    }

    /// Comparisons of which images are here.
    pub(super) async fn given(&self) -> StoreResult<Vec<Given>> {
        self.run(|rows| {
            let mut statement = rows.prepare_cached("SELECT job, first, side, verdict FROM given ORDER BY job, first, side")?;
            let mut found = statement.query([])?;
            let mut all: Vec<Given> = Vec::new();
            while let Some(row) = found.next()? {
                let (job, first): (UnitId, u32) = (parsed(&row.get::<_, String>(0)?)?, row.get(1)?);
                let verdict = row.get::<_, Option<String>>(3)?.map(|text| json(&text)).transpose()?;
                match all.last_mut().filter(|last| (last.job, last.first) == (job, first)) {
                    Some(last) => last.sides.push(row.get(2)?),
                    None => all.push(Given { job, first, sides: vec![row.get(2)?], verdict }),
                }
            }
            Ok(all)
        })
        .await
    }

    /// Notes what was found about a comparison.
    pub(super) async fn found(&self, job: UnitId, first: u32, verdict: Verdict) -> StoreResult<()> {
        self.run(move |rows| {
            let sql = "UPDATE given SET verdict = ?3 WHERE job = ?1 AND first = ?2";
            rows.execute(sql, params![job.to_string(), first, text_of(&verdict)?])?;
            Ok(())
        })
        .await
    }

    /// Forgets a comparison.
    pub(super) async fn forget_given(&self, job: UnitId, first: u32) -> StoreResult<()> {
        self.run(move |rows| {
            rows.execute("DELETE FROM given WHERE job = ?1 AND first = ?2", params![job.to_string(), first])?;
            Ok(())
        })
        .await
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn kept_of(row: &Row<'_>) -> StoreResult<Kept> {
    let (word, why): (String, Option<String>) = (row.get(4)?, row.get(5)?);
    let stage = match (word.as_str(), row.get::<_, Option<String>>(6)?) {
        ("queued", _) => Stage::Queued,
        ("ready", Some(text)) => Stage::Ready(json(&text)?),
        ("failed", _) => Stage::Failed(why.unwrap_or_default()),
        _ => return Err(StoreError::Record(format!("`{word}` is no stage"))),
    };
    Ok(Kept {
        job: parsed(&row.get::<_, String>(0)?)?,
        number: row.get(1)?,
        order: Order { frame: row.get(2)?, index: row.get(3)? },
        stage,
        at_ms: row.get::<_, i64>(7)?.unsigned_abs(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const JOB: UnitId = UnitId::new([1; 32]);

    pub(in crate::rendering) fn commitment() -> Commitment {
        let hash = ContentHash::new([2; 32]);
        let (salt, key) = (Salt::new([3; 32]), FrameKey::new([4; 32]));
        Commitment { pixels: hash, salt, key, sealed: hash, preview: hash, watermark: hash, milliseconds: 5 }
    }

    #[tokio::test]
    async fn what_was_committed_to_is_there_after_a_restart_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let node = UnitId::new([9; 32]);
        let store = Store::open(folder.path(), node).unwrap();
        store.order(JOB, 3, Order { frame: 7, index: 6 }, 10).await.unwrap();
        store.order(JOB, 3, Order { frame: 8, index: 7 }, 11).await.unwrap();
        assert_eq!(store.next(Vec::new()).await.unwrap(), None, "its scene is not here");
        store.scene(JOB, [5; 32], false).await.unwrap();
        assert_eq!(store.scene_key(JOB).await.unwrap(), None);
        assert_eq!(store.begun_scenes().await.unwrap(), [(JOB, false)], "a part of it is known, too");
        store.scene(JOB, [5; 32], true).await.unwrap();
        let next = store.next(Vec::new()).await.unwrap().unwrap();
        assert_eq!((next.number, next.order), (3, Order { frame: 7, index: 6 }), "the first order counts");
        assert_eq!(store.next(vec![(JOB, 3)]).await.unwrap(), None);
        store.stage(JOB, 3, Stage::Ready(Box::new(commitment())), 20).await.unwrap();
        drop(store);
        let store = Store::open(folder.path(), node).unwrap();
        let kept = store.ticket(JOB, 3).await.unwrap().unwrap();
        assert_eq!((kept.stage, kept.at_ms), (Stage::Ready(Box::new(commitment())), 20));
        assert_eq!(store.scene_key(JOB).await.unwrap(), Some([5; 32]));
        let mode = std::fs::metadata(folder.path().join(STORE_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(store);
        assert!(Store::open(folder.path(), UnitId::new([8; 32])).unwrap_err().to_string().contains("not of"));
    }

    #[tokio::test]
    async fn a_new_image_of_a_comparison_makes_it_looked_at_anew() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), UnitId::new([9; 32])).unwrap();
        store.give(JOB, 3, "left").await.unwrap();
        store.found(JOB, 3, Verdict::Alike(true)).await.unwrap();
        assert_eq!(store.given().await.unwrap()[0].verdict, Some(Verdict::Alike(true)));
        store.give(JOB, 3, "right").await.unwrap();
        let given = store.given().await.unwrap();
        assert_eq!((given.len(), given[0].sides.len(), given[0].verdict), (1, 2, None));
        store.forget_given(JOB, 3).await.unwrap();
        assert!(store.given().await.unwrap().is_empty());
    }
}
