//! What a provider of leases keeps: manifests that it took, for which leases, and which leases it decided to end. All else is found again
//! on the ledger and in the runtime.
//!
//! One SQLite file, for its owner alone: manifests hold tenants' secrets. A manifest is on the disk before its tenant is told that it was
//! taken, and a decision before the ledger is told.

use crate::operator::changed;
use depin_database::{Database, Durability, OpenError, Stopped, is_damage};
use depin_quantity::Address;
use depin_sdl::{Manifest, ManifestHash};
use depin_services::leasing::{BidId, DeploymentId, Reason};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use std::{
    path::Path,
    sync::{Arc, Mutex},
};

/// The store's name in a provider's folder.
pub const STORE_FILE: &str = "leasing.db";
const FORMAT: &str = "1";
/// Endings that are kept, the newest.
const ENDINGS_KEPT: u32 = 200;
const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE manifests (
    deployment TEXT PRIMARY KEY, hash TEXT NOT NULL, generation INTEGER NOT NULL, content TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE leases (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, deployment TEXT NOT NULL, part TEXT NOT NULL) STRICT;
CREATE TABLE decided (id TEXT PRIMARY KEY, reason TEXT NOT NULL, why TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE ended (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, why TEXT NOT NULL, ledger_ms INTEGER NOT NULL) STRICT;
";

/// Why the store failed or refuses.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite.
    #[error("the provider's store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// It cannot be opened, or is lost.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nothing is written any more.
    #[error("{0}")]
    Failed(#[from] Stopped),
    /// Not as this program writes it.
    #[error("a record of the provider's store cannot be read: {0}")]
    Record(String),
    /// Another provider's, or another program's.
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

/// A manifest that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// Its hash.
    pub hash: ManifestHash,
    /// How many came before it for the deployment, and 1.
    pub generation: u64,
    /// What it says.
    pub manifest: Manifest,
}

/// A lease that runs a group of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// Which.
    pub lease: BidId,
    /// The group's name.
    pub group: String,
    /// Where the group stands.
    pub taken: Arc<Taken>,
}

/// A lease that ended, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Which.
    pub lease: BidId,
    /// Why, in words.
    pub why: String,
    /// When that was seen, ledger time in ms.
    pub ledger_ms: u64,
}

/// The store; clones share it.
#[derive(Clone, Debug)]
pub(super) struct Store {
    database: Arc<Mutex<Database>>,
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> StoreResult<T> {
    text.parse().map_err(|error: T::Err| StoreError::Record(error.to_string()))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Store {
    /// Opens the store of a provider in a folder, or makes it. Where it is lost and `new_store` says so, it is set aside and a new one is
    /// begun: tenants send their manifests again.
    pub(super) fn begin(folder: &Path, provider: Address, new_store: bool) -> StoreResult<Self> {
        let unusable = |source| StoreError::Other(format!("cannot use the folder {}: {source}", folder.display()));
        depin_files::private_folder(folder).map_err(unusable)?;
        match Self::open(folder, provider) {
            Err(error) if new_store && error.is_lost() => {
                let aside = depin_files::set_database_aside(&folder.join(STORE_FILE)).map_err(unusable)?;
                tracing::warn!(aside = %aside.display(), "begins a new store; what is left of the one before is kept");
                Self::open(folder, provider)
            }
            opened => opened,
        }
    }

    fn open(folder: &Path, provider: Address) -> StoreResult<Self> {
        let path = folder.join(STORE_FILE);
        let mut database = Database::open(&path, false, Durability::AtCommit)?;
        if database.begun()? == depin_database::Begun::New {
            let own = provider.to_string();
            database.change(|rows| {
                rows.execute_batch(TABLES)?;
                rows.execute("INSERT INTO meta VALUES ('format', ?1), ('provider', ?2)", [FORMAT, &own])
            })?;
        }
        let meta = "SELECT value FROM meta WHERE key = ?1";
        let meta = |key: &str| database.connection().query_row(meta, [key], |row| row.get::<_, String>(0));
        let (format, of) = (meta("format")?, meta("provider")?);
        if format != FORMAT {
            return Err(StoreError::Other(format!("the provider's store has format {format}, this program writes {FORMAT}")));
        }
        if of != provider.to_string() {
            let why = format!(
                "the store in {} is of the provider {of}, and the key is of {provider}; use the key of {of}",
                folder.display()
            );
            return Err(StoreError::Other(why));
        }
        Ok(Self { database: Arc::new(Mutex::new(database)) })
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> StoreResult<T> + Send + 'static) -> StoreResult<T> {
        changed(&self.database, work).await
    }

    /// Keeps a manifest for these leases, each with the name of its group. The one that is there already stays as it is; gives what is kept.
    pub(super) async fn take(
        &self,
        deployment: DeploymentId,
        manifest: Manifest,
        leases: Vec<(BidId, String)>,
    ) -> StoreResult<Taken> {
        self.run(move |rows| {
            let (id, hash) = (deployment.to_string(), manifest.hash());
            let known = rows.query_row("SELECT hash, generation FROM manifests WHERE deployment = ?1", [&id], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
            });
            let (same, before) =
                known.optional()?.map_or((false, 0), |(known, generation)| (known == hash.to_string(), generation));
            let generation = if same { before } else { before + 1 };
            if !same {
                let sql = "INSERT OR REPLACE INTO manifests VALUES (?1, ?2, ?3, ?4)";
                rows.execute(sql, params![id, hash.to_string(), signed(generation), manifest.to_json()])?;
            }
            for (lease, group) in leases {
                let sql = "INSERT OR IGNORE INTO leases (id, deployment, part) VALUES (?1, ?2, ?3)";
                rows.execute(sql, params![lease.to_string(), id, group])?;
                rows.execute("DELETE FROM decided WHERE id = ?1", [lease.to_string()])?;
            }
            Ok(Taken { hash, generation, manifest })
        })
        .await
    }

    /// All leases with what they run, in the order in which they were taken.
    pub(super) async fn kept(&self) -> StoreResult<Vec<Kept>> {
        self.run(|rows| {
            let sql =
                "SELECT l.id, l.part, m.generation, m.content FROM leases l JOIN manifests m USING (deployment) ORDER BY l.seq";
            let mut statement = rows.prepare_cached(sql)?;
            let mut found = statement.query([])?;
            let mut kept = Vec::new();
            while let Some(row) = found.next()? {
                let content: String = row.get(3)?;
                let manifest = Manifest::from_json(&content).map_err(|error| StoreError::Record(error.to_string()))?;
                let taken = Taken { hash: manifest.hash(), generation: row.get::<_, i64>(2)?.unsigned_abs(), manifest };
                let lease = parsed(&row.get::<_, String>(0)?)?;
                kept.push(Kept { lease, group: row.get(1)?, taken: Arc::new(taken) });
            }
            Ok(kept)
        })
        .await
    }

    /// Notes why a lease is to end, before the ledger is told.
    pub(super) async fn decide(&self, lease: BidId, reason: Reason, why: String) -> StoreResult<()> {
        self.run(move |rows| {
            rows.execute("INSERT OR IGNORE INTO decided VALUES (?1, ?2, ?3)", params![lease.to_string(), reason.word(), why])?;
            Ok(())
        })
        .await
    }

    /// Leases that it decided to end, with the reason; they may have ended since.
    pub(super) async fn decisions(&self) -> StoreResult<Vec<(BidId, Reason, String)>> {
        self.run(|rows| {
            let mut statement = rows.prepare_cached("SELECT id, reason, why FROM decided")?;
            let mut found = statement.query([])?;
            let mut decided = Vec::new();
            while let Some(row) = found.next()? {
                let word: String = row.get(1)?;
                let known = Reason::ALL.into_iter().find(|reason| reason.word() == word);
                let reason = known.ok_or_else(|| StoreError::Record(format!("`{word}` is no reason")))?;
                decided.push((parsed(&row.get::<_, String>(0)?)?, reason, row.get(2)?));
            }
            Ok(decided)
        })
        .await
    }

    /// A lease is over and nothing of it is left here: it is forgotten, and its manifest with the last lease of the deployment. Why it
    /// ended stays a while; what was decided here is told rather than what the ledger says.
    pub(super) async fn ended(&self, lease: BidId, why: String, ledger_ms: u64) -> StoreResult<()> {
        self.run(move |rows| {
            let id = lease.to_string();
            let decided = rows.query_row("SELECT why FROM decided WHERE id = ?1", [&id], |row| row.get::<_, String>(0));
            let why = decided.optional()?.unwrap_or(why);
            rows.execute("DELETE FROM decided WHERE id = ?1", [&id])?;
            rows.execute("DELETE FROM leases WHERE id = ?1", [&id])?;
            let sql = "DELETE FROM manifests WHERE deployment NOT IN (SELECT deployment FROM leases)";
            rows.execute(sql, [])?;
            rows.execute(
                "INSERT OR IGNORE INTO ended (id, why, ledger_ms) VALUES (?1, ?2, ?3)",
                params![id, why, signed(ledger_ms)],
            )?;
            let sql = "DELETE FROM ended WHERE seq <= (SELECT coalesce(max(seq), 0) FROM ended) - ?1";
            rows.execute(sql, [ENDINGS_KEPT])?;
            Ok(())
        })
        .await
    }

    /// Leases that ended, the newest first.
    pub(super) async fn endings(&self) -> StoreResult<Vec<Ended>> {
        self.run(|rows| {
            let mut statement = rows.prepare_cached("SELECT id, why, ledger_ms FROM ended ORDER BY seq DESC")?;
            let mut found = statement.query([])?;
            let mut ended = Vec::new();
            while let Some(row) = found.next()? {
                ended.push(Ended {
                    lease: parsed(&row.get::<_, String>(0)?)?,
                    why: row.get(1)?,
                    ledger_ms: row.get::<_, i64>(2)?.unsigned_abs(),
                });
            }
            Ok(ended)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leasing::tests::order;
    use std::os::unix::fs::PermissionsExt as _;

    const PROVIDER: Address = Address::new([7; 32]);

    fn manifest(image: &str) -> Manifest {
        let text = format!(
            "version: \"2.0\"\nservices:\n  web:\n    image: {image}\n    env: [\"KEY=secret\"]\n    expose: [{{port: 80, to: [{{global: true}}]}}]\n\
             profiles:\n  compute:\n    small: {{resources: {{cpu: {{units: 1}}, memory: {{size: 1Gi}}, storage: {{size: 1Gi}}}}}}\n  \
             placement:\n    west: {{pricing: {{small: {{denom: uakt, amount: 1}}}}}}\n\
             deployment:\n  web: {{west: {{profile: small, count: 1}}}}\n"
        );
        depin_sdl::read(&text).unwrap_or_else(|refused| panic!("{refused}")).manifest().clone()
    }

    #[tokio::test]
    async fn a_manifest_is_kept_as_it_came_until_its_last_lease_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (order(1).bid(PROVIDER), order(2).bid(PROVIDER));
        let deployment = first.deployment();
        let west = |lease| vec![(lease, "west".to_owned())];
        {
            let store = Store::begin(folder.path(), PROVIDER, false).unwrap();
            assert_eq!(store.take(deployment, manifest("a:1"), west(first)).await.unwrap().generation, 1);
            assert_eq!(store.take(deployment, manifest("a:1"), west(first)).await.unwrap().generation, 1, "the same again");
            assert_eq!(store.take(deployment, manifest("a:2"), west(second)).await.unwrap().generation, 2);
            let mode = std::fs::metadata(folder.path().join(STORE_FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "it holds tenants' secrets: {mode:o}");
        }
        let store = Store::begin(folder.path(), PROVIDER, false).unwrap();
        let kept = store.kept().await.unwrap();
        assert_eq!(kept.iter().map(|kept| kept.lease).collect::<Vec<_>>(), [first, second], "as they were taken");
        assert_eq!((kept[0].taken.manifest.clone(), kept[0].taken.generation), (manifest("a:2"), 2));
        store.ended(first, "the tenant closed it".to_owned(), 5).await.unwrap();
        assert_eq!(store.kept().await.unwrap().len(), 1);
        store.ended(second, "its money ran out".to_owned(), 6).await.unwrap();
        assert_eq!(store.kept().await.unwrap(), []);
        let told: Vec<String> = store.endings().await.unwrap().into_iter().map(|ended| ended.why).collect();
        assert_eq!(told, ["its money ran out", "the tenant closed it"]);
        assert!(Store::begin(folder.path(), Address::new([8; 32]), false).is_err(), "it is another provider's");
    }

    #[tokio::test]
    async fn what_was_decided_is_told_and_a_manifest_that_comes_after_all_takes_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let (lease, store) = (order(1).bid(PROVIDER), Store::begin(folder.path(), PROVIDER, false).unwrap());
        store.decide(lease, Reason::ManifestTimeout, "no manifest came".to_owned()).await.unwrap();
        assert_eq!(store.decisions().await.unwrap(), [(lease, Reason::ManifestTimeout, "no manifest came".to_owned())]);
        store.take(lease.deployment(), manifest("a:1"), vec![(lease, "west".to_owned())]).await.unwrap();
        assert_eq!(store.decisions().await.unwrap(), []);
        store.decide(lease, Reason::Unstable, "it crashed".to_owned()).await.unwrap();
        store.ended(lease, "manifest-timeout".to_owned(), 9).await.unwrap();
        assert_eq!(store.endings().await.unwrap()[0].why, "it crashed");
        assert_eq!(store.decisions().await.unwrap(), []);
    }
}
