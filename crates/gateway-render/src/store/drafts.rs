//! Jobs by what the dispatcher committed to.

use super::{StoreError, StoreResult, bytes32, parsed, wall_ms};
use depin_client::render::KnownFrame;
use depin_quantity::{ContentHash, UnitId};
use depin_services::rendering::Secret;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use zeroize::Zeroizing;

/// A job that is drafted, or was ordered.
#[derive(Clone)]
pub(crate) struct Draft {
    /// What the dispatcher committed to: the hash of the secret.
    pub commitment: ContentHash,
    pub secret: Secret,
    /// What people call it.
    pub name: String,
    /// SHA-256 of the sealed scene.
    pub sealed: ContentHash,
    /// What opens it.
    pub scene_key: Zeroizing<[u8; 32]>,
    pub known: Vec<KnownFrame>,
    /// Its id on the ledger, once it is there.
    pub job: Option<UnitId>,
}

/// What a draft is found by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DraftOf {
    Commitment(ContentHash),
    Job(UnitId),
}

const COLUMNS: &str = "commitment, secret, name, sealed, scene_key, known, job";

type Raw = (String, Vec<u8>, String, String, Vec<u8>, String, Option<String>);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
}

fn draft((commitment, secret, name, sealed, scene_key, known, job): Raw) -> StoreResult<Draft> {
    Ok(Draft {
        commitment: parsed(&commitment)?,
        secret: Secret::new(bytes32(secret)?),
        name,
        sealed: parsed(&sealed)?,
        scene_key: Zeroizing::new(bytes32(scene_key)?),
        known: serde_json::from_str(&known).map_err(|error| StoreError::Record(error.to_string()))?,
        job: job.as_deref().map(parsed).transpose()?,
    })
}

/// Keeps a new draft.
pub(crate) fn add(connection: &Connection, draft: &Draft) -> StoreResult<()> {
    let known = serde_json::to_string(&draft.known).map_err(|error| StoreError::Record(error.to_string()))?;
    let sql =
        "INSERT INTO drafts (commitment, secret, name, sealed, scene_key, known, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let (commitment, sealed) = (draft.commitment.to_string(), draft.sealed.to_string());
    let values = params![commitment, draft.secret.get(), draft.name, sealed, draft.scene_key.as_slice(), known, wall_ms()];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// One draft.
pub(crate) fn find(connection: &Connection, of: DraftOf) -> StoreResult<Option<Draft>> {
    let (column, text) = match of {
        DraftOf::Commitment(hash) => ("commitment", hash.to_string()),
        DraftOf::Job(job) => ("job", job.to_string()),
    };
    let sql = format!("SELECT {COLUMNS} FROM drafts WHERE {column} = ?1");
    connection.prepare_cached(&sql)?.query_row([text], raw).optional()?.map(draft).transpose()
}

/// Drafts that were ordered, the last first; those that are closed too where asked for.
pub(crate) fn ordered(connection: &Connection, closed: bool, most: u32) -> StoreResult<Vec<Draft>> {
    let sql = format!("SELECT {COLUMNS} FROM drafts WHERE job IS NOT NULL AND closed <= ?1 ORDER BY at_ms DESC LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![i64::from(closed), most], raw)?;
    rows.map(|row| draft(row?)).collect()
}

/// The ledger has the job of a draft.
pub(crate) fn is_ordered(connection: &Connection, commitment: ContentHash, job: UnitId) -> StoreResult<()> {
    let sql = "UPDATE drafts SET job = ?2 WHERE commitment = ?1 AND job IS NULL";
    connection.prepare_cached(sql)?.execute([commitment.to_string(), job.to_string()])?;
    Ok(())
}

/// The ledger closed a job.
pub(crate) fn close(connection: &Connection, job: UnitId) -> StoreResult<()> {
    connection.prepare_cached("UPDATE drafts SET closed = 1 WHERE job = ?1")?.execute([job.to_string()])?;
    Ok(())
}

/// Whether a sealed scene is of a draft that is not closed.
pub(crate) fn needs_scene(connection: &Connection, sealed: ContentHash) -> StoreResult<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM drafts WHERE sealed = ?1 AND closed = 0)";
    Ok(connection.prepare_cached(sql)?.query_row([sealed.to_string()], |row| row.get(0))?)
}
