//! What a hotspot keeps: packets that it heard until a customer answered, those that customers acknowledged until the ledger has them, and reports of
//! beacons until they are disclosed.
//!
//! One SQLite file. A packet that was heard is on the disk before it goes to a customer, and a commit is there before it counts as acknowledged
//! here, so a crash at any moment loses nothing of it: what was on its way is handed in once more, and customers say the same again. A
//! batch is kept as it was signed, so that it is the same batch whenever it is sent, and the ledger takes it once.

use crate::operator::changed;
use borsh::{BorshDeserialize, BorshSerialize};
use depin_client::lorawan::{Acknowledged, UplinkPacket};
use depin_database::{Begun, Database, Durability, OpenError, Stopped, is_damage};
use depin_quantity::{Address, UnitId};
use depin_services::coverage::{Disclosure, PacketBatch};
use rusqlite::{Connection, params};
use std::{
    path::Path,
    sync::{Arc, Mutex},
};

/// The store's name in a hotspot's folder.
pub const STORE_FILE: &str = "hotspot.db";
const FORMAT: &str = "1";
/// Stores that were made before packets were kept when they are heard lack it.
const HEARD: &str = "
CREATE TABLE IF NOT EXISTS heard (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, route TEXT NOT NULL, server TEXT NOT NULL, content TEXT NOT NULL) STRICT;
";
const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE packets (
    hash BLOB PRIMARY KEY, seq INTEGER NOT NULL, route TEXT NOT NULL, server TEXT NOT NULL, content TEXT NOT NULL, batch TEXT) STRICT;
CREATE INDEX packets_waiting ON packets (seq) WHERE batch IS NULL;
CREATE INDEX packets_batch ON packets (batch);
CREATE TABLE batches (id TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT, WITHOUT ROWID;
";
/// Stores that were made when there was one report of each beacon lack it.
const SEALS: &str = "
CREATE TABLE IF NOT EXISTS seals (
    place INTEGER PRIMARY KEY AUTOINCREMENT, beaconer TEXT NOT NULL, timestamp INTEGER NOT NULL, until_ms INTEGER NOT NULL,
    content BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS seals_of ON seals (beaconer, timestamp);
";
/// They have this table in its place, which goes.
const REPORTS: &str = "reports";
const FROM_REPORTS: &str = "
INSERT INTO seals (beaconer, timestamp, until_ms, content) SELECT beaconer, timestamp, until_ms, content FROM reports;
DROP TABLE reports;
";

/// Why the store failed or refuses.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite.
    #[error("the hotspot's store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// It cannot be opened, or is lost.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nothing is written any more.
    #[error("{0}")]
    Failed(#[from] Stopped),
    /// Not as this program writes it.
    #[error("a record of the hotspot's store cannot be read: {0}")]
    Record(String),
    /// Another hotspot's, or another program's.
    #[error("{0}")]
    Other(String),
}

impl StoreError {
    /// Whether the store, or a file beside it, is not there any more or not as it was written.
    pub fn is_lost(&self) -> bool {
        match self {
            Self::Open(error) => matches!(error, OpenError::Lost { .. }),
            Self::Sqlite(error) => is_damage(error),
            Self::Record(_) => true,
            Self::Failed(_) | Self::Other(_) => false,
        }
    }
}

type StoreResult<T> = Result<T, StoreError>;

/// A packet that was acknowledged, with where to have it acknowledged in a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub route: UnitId,
    pub server: String,
    pub packet: Acknowledged,
}

/// A packet that was heard, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeardPacket {
    /// When, by the wall clock.
    pub at_ms: u64,
    pub route: UnitId,
    pub server: String,
    pub packet: UplinkPacket,
}

/// A report that was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SealedAway {
    pub timestamp: u64,
    /// Until when others are sealed, ledger time in ms; behind that it is disclosed.
    pub until_ms: u64,
    pub disclosure: Disclosure,
}

/// The store; clones share it.
#[derive(Clone, Debug)]
pub(super) struct Store {
    database: Arc<Mutex<Database>>,
}

fn decoded<T: BorshDeserialize>(bytes: &[u8]) -> StoreResult<T> {
    borsh::from_slice(bytes).map_err(|error| StoreError::Record(error.to_string()))
}

fn encoded(value: &impl BorshSerialize) -> Vec<u8> {
    borsh::to_vec(value).expect("writing to memory does not fail")
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> StoreResult<T> {
    text.parse().map_err(|error: T::Err| StoreError::Record(error.to_string()))
}

impl Store {
    /// Opens the store of a hotspot in a folder, or makes it.
    #[cfg(test)]
    pub(super) fn open(folder: &Path, hotspot: Address) -> StoreResult<Self> {
        Self::begin(folder, hotspot, false).map(|(store, _)| store)
    }

    /// Opens the store of a hotspot in a folder, or makes it; whether it is new. Where it is lost and `new_store` says so, it is set aside
    /// and a new one is begun.
    pub(super) fn begin(folder: &Path, hotspot: Address, new_store: bool) -> StoreResult<(Self, Begun)> {
        let unusable = |source| StoreError::Other(format!("cannot use the folder {}: {source}", folder.display()));
        depin_files::private_folder(folder).map_err(unusable)?;
        match Self::open_as_it_is(folder, hotspot) {
            Err(error) if new_store && error.is_lost() => {
                let aside = depin_files::set_database_aside(&folder.join(STORE_FILE)).map_err(unusable)?;
                tracing::warn!(aside = %aside.display(), "begins a new store; what is left of the one before is kept");
                Self::open_as_it_is(folder, hotspot)
            }
            opened => opened,
        }
    }

    fn open_as_it_is(folder: &Path, hotspot: Address) -> StoreResult<(Self, Begun)> {
        let mut database = Database::open(&folder.join(STORE_FILE), false, Durability::AtCommit)?;
        let begun = database.begun()?;
        if begun == Begun::New {
            let own = hotspot.to_string();
            database.change(|rows| {
                rows.execute_batch(TABLES)?;
                rows.execute("INSERT INTO meta VALUES ('format', ?1), ('hotspot', ?2)", [FORMAT, &own])
            })?;
        }
        database.change(|rows| {
            rows.execute_batch(HEARD)?;
            rows.execute_batch(SEALS)?;
            if rows.table_exists(None, REPORTS)? { rows.execute_batch(FROM_REPORTS) } else { Ok(()) }
        })?;
        let meta = "SELECT value FROM meta WHERE key = ?1";
        let meta = |key: &str| database.connection().query_row(meta, [key], |row| row.get::<_, String>(0));
        let (format, of) = (meta("format")?, meta("hotspot")?);
        if format != FORMAT {
            return Err(StoreError::Other(format!("the hotspot's store has format {format}, this program writes {FORMAT}")));
        }
        if of != hotspot.to_string() {
            let why = format!(
                "the store in {} is of the hotspot {of}, and hotspot.key there is the key of {hotspot}; put the key of {of} back",
                folder.display()
            );
            return Err(StoreError::Other(why));
        }
        Ok((Self { database: Arc::new(Mutex::new(database)) }, begun))
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> StoreResult<T> + Send + 'static) -> StoreResult<T> {
        changed(&self.database, work).await
    }

    /// Keeps packets that were heard, until a customer answered; their places.
    pub(super) async fn hear(&self, packets: Vec<HeardPacket>) -> StoreResult<Vec<i64>> {
        self.run(move |rows| {
            let mut statement =
                rows.prepare_cached("INSERT INTO heard (at_ms, route, server, content) VALUES (?1, ?2, ?3, ?4)")?;
            let mut places = Vec::with_capacity(packets.len());
            for HeardPacket { at_ms, route, server, packet } in packets {
                let content = serde_json::to_string(&packet).map_err(|error| StoreError::Record(error.to_string()))?;
                places.push(statement.insert(params![signed(at_ms), route.to_string(), server, content])?);
            }
            Ok(places)
        })
        .await
    }

    /// Packets that were heard and that no customer answered yet, in their order, with their places.
    pub(super) async fn heard(&self) -> StoreResult<Vec<(i64, HeardPacket)>> {
        self.run(|rows| {
            let mut statement = rows.prepare_cached("SELECT seq, at_ms, route, server, content FROM heard ORDER BY seq")?;
            let found = statement.query_map([], |row| {
                let (seq, at, route) = (row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?);
                Ok((seq, at, route, row.get::<_, String>(3)?, row.get::<_, String>(4)?))
            })?;
            let mut heard = Vec::new();
            for row in found {
                let (seq, at, route, server, content) = row?;
                let packet = serde_json::from_str(&content).map_err(|error| StoreError::Record(error.to_string()))?;
                heard.push((seq, HeardPacket { at_ms: at.unsigned_abs(), route: parsed(&route)?, server, packet }));
            }
            Ok(heard)
        })
        .await
    }

    /// Keeps packets that a customer acknowledged, and forgets that they were heard, with others that it answered; a packet that is known stays as it
    /// is.
    pub(super) async fn keep(&self, packets: Vec<Waiting>, answered: Vec<i64>) -> StoreResult<()> {
        self.run(move |rows| {
            let mut statement = rows.prepare_cached("DELETE FROM heard WHERE seq = ?1")?;
            answered.iter().try_for_each(|seq| statement.execute([seq]).map(drop))?;
            let sql = "INSERT OR IGNORE INTO packets (hash, seq, route, server, content) \
                       VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM packets), ?2, ?3, ?4)";
            let mut statement = rows.prepare_cached(sql)?;
            for Waiting { route, server, packet } in packets {
                let content = serde_json::to_string(&packet).map_err(|error| StoreError::Record(error.to_string()))?;
                statement.execute(params![packet.report.hash, route.to_string(), server, content])?;
            }
            Ok(())
        })
        .await
    }

    /// Packets that are in no batch, in the order in which they were acknowledged.
    pub(super) async fn waiting(&self, most: usize) -> StoreResult<Vec<Waiting>> {
        self.run(move |rows| {
            let sql = "SELECT route, server, content FROM packets WHERE batch IS NULL ORDER BY seq LIMIT ?1";
            let mut statement = rows.prepare_cached(sql)?;
            let found = statement.query_map([i64::try_from(most).unwrap_or(i64::MAX)], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
            })?;
            let mut waiting = Vec::new();
            for row in found {
                let (route, server, content) = row?;
                let packet = serde_json::from_str(&content).map_err(|error| StoreError::Record(error.to_string()))?;
                waiting.push(Waiting { route: parsed(&route)?, server, packet });
            }
            Ok(waiting)
        })
        .await
    }

    /// Keeps a batch, and that its packets are in it.
    pub(super) async fn batch(&self, id: UnitId, batch: PacketBatch) -> StoreResult<()> {
        self.run(move |rows| {
            let id = id.to_string();
            rows.prepare_cached("INSERT OR IGNORE INTO batches VALUES (?1, ?2)")?.execute(params![id, encoded(&batch)])?;
            let mut statement = rows.prepare_cached("UPDATE packets SET batch = ?1 WHERE hash = ?2")?;
            for packet in &batch.packets {
                statement.execute(params![id, packet.hash.get()])?;
            }
            Ok(())
        })
        .await
    }

    /// Batches that are not known to be on the ledger.
    pub(super) async fn batches(&self) -> StoreResult<Vec<(UnitId, PacketBatch)>> {
        self.run(|rows| {
            let mut statement = rows.prepare_cached("SELECT id, content FROM batches")?;
            let found = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
            found
                .map(|row| row.map_err(StoreError::from).and_then(|(id, content)| Ok((parsed(&id)?, decoded(&content)?))))
                .collect()
        })
        .await
    }

    /// Forgets a batch with its packets: the ledger has it, or takes it no more.
    pub(super) async fn forget(&self, id: UnitId) -> StoreResult<()> {
        self.run(move |rows| {
            rows.execute("DELETE FROM packets WHERE batch = ?1", [id.to_string()])?;
            rows.execute("DELETE FROM batches WHERE id = ?1", [id.to_string()])?;
            Ok(())
        })
        .await
    }

    /// Forgets packets that can be in no batch any more.
    pub(super) async fn drop_packets(&self, hashes: Vec<[u8; 32]>) -> StoreResult<()> {
        self.run(move |rows| {
            let mut statement = rows.prepare_cached("DELETE FROM packets WHERE hash = ?1 AND batch IS NULL")?;
            hashes.iter().try_for_each(|hash| statement.execute([hash.as_slice()]).map(drop))?;
            Ok(())
        })
        .await
    }

    /// Keeps what was sealed, where fewer than `most` reports of its beacon are kept; gives whether it is kept.
    pub(super) async fn seal(&self, sealed: SealedAway, most: usize) -> StoreResult<bool> {
        self.run(move |rows| {
            let content = encoded(&sealed.disclosure);
            let (beaconer, timestamp) = (sealed.disclosure.beaconer.to_string(), signed(sealed.timestamp));
            let sql = "INSERT INTO seals (beaconer, timestamp, until_ms, content) SELECT ?1, ?2, ?3, ?4 \
                       WHERE (SELECT count(*) FROM seals WHERE beaconer = ?1 AND timestamp = ?2) < ?5";
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let added =
                rows.prepare_cached(sql)?.execute(params![beaconer, timestamp, signed(sealed.until_ms), content, most])?;
            Ok(added == 1)
        })
        .await
    }

    /// What was sealed and is not disclosed, each with its place.
    pub(super) async fn sealed(&self) -> StoreResult<Vec<(i64, SealedAway)>> {
        self.run(|rows| {
            let sql = "SELECT place, timestamp, until_ms, content FROM seals ORDER BY until_ms, place";
            let mut statement = rows.prepare_cached(sql)?;
            let found = statement.query_map([], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get::<_, Vec<u8>>(3)?))
            })?;
            let read = |(place, timestamp, until, content): (i64, i64, i64, Vec<u8>)| {
                let (timestamp, until_ms) = (timestamp.unsigned_abs(), until.unsigned_abs());
                Ok((place, SealedAway { timestamp, until_ms, disclosure: decoded(&content)? }))
            };
            found.map(|row| row.map_err(StoreError::from).and_then(read)).collect()
        })
        .await
    }

    /// Forgets reports that were disclosed, or are too late for it.
    pub(super) async fn disclosed(&self, places: Vec<i64>) -> StoreResult<()> {
        self.run(move |rows| {
            let mut statement = rows.prepare_cached("DELETE FROM seals WHERE place = ?1")?;
            places.iter().try_for_each(|place| statement.execute([place]).map(drop))?;
            Ok(())
        })
        .await
    }
}

/// Times in seconds and milliseconds fit into a column for 292 million years.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::lorawan::PacketReport;
    use depin_quantity::Instant;
    use depin_services::coverage::{Disclosed, Packet, PacketHash, Payload, PublicKey, Salt, SignatureBytes, poc::WitnessReport};

    fn waiting(n: u8) -> Waiting {
        let report = PacketReport { hotspot: [1; 32], hash: [n; 32], bytes: 20, received_ms: 5, join: false };
        Waiting {
            route: UnitId::new([3; 32]),
            server: "a:1".to_owned(),
            packet: Acknowledged { report, signature: "00".to_owned() },
        }
    }

    #[test]
    fn a_store_that_is_lost_is_made_anew_only_on_purpose_and_kept_beside() {
        let (folder, own) = (tempfile::tempdir().unwrap(), Address::new([1; 32]));
        assert_eq!(Store::begin(folder.path(), own, false).unwrap().1, Begun::New);
        assert_eq!(Store::begin(folder.path(), own, true).unwrap().1, Begun::Before, "it is whole");
        std::fs::write(folder.path().join(STORE_FILE), vec![0; 8_192]).unwrap();
        assert!(Store::begin(folder.path(), own, false).unwrap_err().is_lost());
        assert_eq!(Store::begin(folder.path(), own, true).unwrap().1, Begun::New);
        assert!(folder.path().join("hotspot.db.lost-1").exists());
    }

    #[tokio::test]
    async fn what_was_acknowledged_stays_until_its_batch_is_on_the_ledger_whatever_comes() {
        let (folder, own) = (tempfile::tempdir().unwrap(), Address::new([1; 32]));
        let store = Store::open(folder.path(), own).unwrap();
        store.keep(vec![waiting(1), waiting(2), waiting(1)], vec![]).await.unwrap();
        assert_eq!(store.waiting(10).await.unwrap(), [waiting(1), waiting(2)]);
        let packet = Packet { hash: PacketHash::new([1; 32]), bytes: 20, received: Instant::new(5) };
        let (key, signature) = (PublicKey::new([1; 32]), SignatureBytes::new([0; 64]));
        let batch = PacketBatch { route: UnitId::new([3; 32]), key, packets: vec![packet], signature, acknowledged: None };
        let id = UnitId::new([9; 32]);
        store.batch(id, batch.clone()).await.unwrap();
        drop(store);

        let store = Store::open(folder.path(), own).unwrap();
        assert_eq!(store.waiting(10).await.unwrap(), [waiting(2)], "the other one is in a batch");
        assert_eq!(store.batches().await.unwrap(), [(id, batch)]);
        store.forget(id).await.unwrap();
        store.drop_packets(vec![[2; 32]]).await.unwrap();
        assert!(store.batches().await.unwrap().is_empty() && store.waiting(10).await.unwrap().is_empty());
        drop(store);
        let other = Store::open(folder.path(), Address::new([2; 32])).unwrap_err().to_string();
        assert!(other.contains("is of the hotspot"), "{other}");
    }

    fn sealed(n: u8) -> SealedAway {
        let report = WitnessReport { payload: Payload::new([n; 51]), frequency: 0, rssi_ddbm: 0, snr_ddb: 0, heard_ns: 0 };
        let (beaconer, reporter, salt) = (Address::new([4; 32]), Address::new([1; 32]), Salt::new([n; 32]));
        let disclosure = Disclosure { beaconer, reporter, salt, report: Disclosed::Witness(report) };
        SealedAway { timestamp: 7, until_ms: 9, disclosure }
    }

    #[tokio::test]
    async fn as_many_reports_of_a_beacon_are_kept_as_the_ledger_takes_and_those_of_an_earlier_store_too() {
        let (folder, own) = (tempfile::tempdir().unwrap(), Address::new([1; 32]));
        let store = Store::open(folder.path(), own).unwrap();
        // As stores were when there was one report of each beacon.
        let before = "CREATE TABLE reports (
            beaconer TEXT NOT NULL, timestamp INTEGER NOT NULL, until_ms INTEGER NOT NULL, content BLOB NOT NULL,
            PRIMARY KEY (beaconer, timestamp)) STRICT, WITHOUT ROWID; DROP TABLE seals;";
        let old = sealed(1);
        let content = encoded(&old.disclosure);
        store
            .run(move |rows| {
                rows.execute_batch(before)?;
                rows.execute("INSERT INTO reports VALUES (?1, 7, 9, ?2)", params![old.disclosure.beaconer.to_string(), content])?;
                Ok(())
            })
            .await
            .unwrap();
        drop(store);
        let store = Store::open(folder.path(), own).unwrap();
        let mut kept = Vec::new();
        for n in 2..=5 {
            kept.push(store.seal(sealed(n), 4).await.unwrap());
        }
        assert_eq!(kept, [true, true, true, false]);
        let found = store.sealed().await.unwrap();
        let (places, reports): (Vec<i64>, Vec<SealedAway>) = found.into_iter().unzip();
        assert_eq!(reports, [sealed(1), sealed(2), sealed(3), sealed(4)]);
        store.disclosed(places[1..].to_vec()).await.unwrap();
        assert_eq!(store.sealed().await.unwrap(), [(places[0], sealed(1))]);
    }
}
