//! What tickets are for, and what was compared.

use super::{StoreError, StoreResult, parsed};
use crate::plan::Issuance;
use depin_quantity::UnitId;
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, BTreeSet};

/// Keeps what tickets are for that are about to be given out; one that is known stays as it is.
pub(crate) fn keep(connection: &Connection, job: UnitId, tickets: &[(UnitId, Issuance)]) -> StoreResult<()> {
    let sql = "INSERT OR IGNORE INTO issued (job, hash, node, frame, attempt, purpose) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    for (hash, issuance) in tickets {
        let purpose = borsh::to_vec(&issuance.purpose).map_err(|error| StoreError::Record(error.to_string()))?;
        let (job, hash, node) = (job.to_string(), hash.to_string(), issuance.node.to_string());
        connection.prepare_cached(sql)?.execute(params![job, hash, node, issuance.frame, issuance.attempt, purpose])?;
    }
    Ok(())
}

/// What the tickets of a job are for, by their hashes.
pub(crate) fn issued(connection: &Connection, job: UnitId) -> StoreResult<BTreeMap<UnitId, Issuance>> {
    let sql = "SELECT hash, node, frame, attempt, purpose FROM issued WHERE job = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([job.to_string()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get(3)?, row.get::<_, Vec<u8>>(4)?))
    })?;
    let one = |row: rusqlite::Result<(String, String, u32, u8, Vec<u8>)>| {
        let (hash, node, frame, attempt, purpose) = row?;
        let purpose = borsh::from_slice(&purpose).map_err(|error| StoreError::Record(error.to_string()))?;
        Ok((parsed(&hash)?, Issuance { node: parsed(&node)?, frame, attempt, purpose }))
    };
    rows.map(one).collect()
}

/// A pair of tickets is compared no more.
pub(crate) fn set_compared(connection: &Connection, job: UnitId, (first, second): (u32, u32)) -> StoreResult<()> {
    let sql = "INSERT OR IGNORE INTO compared (job, first, second) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute(params![job.to_string(), first, second])?;
    Ok(())
}

/// Pairs of a job that are compared no more.
pub(crate) fn compared(connection: &Connection, job: UnitId) -> StoreResult<BTreeSet<(u32, u32)>> {
    let mut statement = connection.prepare_cached("SELECT first, second FROM compared WHERE job = ?1")?;
    let rows = statement.query_map([job.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.map(|row| Ok(row?)).collect()
}
