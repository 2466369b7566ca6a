//! Forgetting what is older than history is kept.
//!
//! First the mark that says from where on there is something, then the rows, some at a time, so that nobody waits long for the file.
//! What a stop leaves behind the mark is asked for by nobody, and goes with the next round.

use super::{
    First, IndexError, digest, query,
    schema::{self, FREE_PAGES},
    write::integer,
};
use depin_database::Database;
use rusqlite::Connection;

/// Receipts forgotten in one database transaction.
const RECEIPTS: usize = 512;

/// Moves the mark.
pub(super) fn mark(database: &mut Database, first: &First) -> Result<(), IndexError> {
    Ok(database.change(|connection| schema::write_first(connection, first))?)
}

/// Forgets some of what is below `height`; says whether that was all.
pub(super) fn some(database: &mut Database, height: u64) -> Result<bool, IndexError> {
    let height = integer(height)?;
    let ended = database.change(|connection| forget(connection, height))?;
    // Gives the pages back to the disk. Each step of the statement frees one.
    database.change(|connection| {
        let mut statement = connection.prepare(FREE_PAGES)?;
        let mut steps = statement.query([])?;
        while steps.next()?.is_some() {}
        Ok::<_, IndexError>(())
    })?;
    Ok(ended)
}

fn forget(connection: &Connection, height: i64) -> Result<bool, IndexError> {
    let old = query::oldest(connection, height, RECEIPTS)?;
    for record in &old {
        let malformed = |e: serde_json::Error| IndexError::Malformed { position: record.position, error: e.to_string() };
        for named in digest::events(&record.receipt, record.first_event).map_err(malformed)? {
            let event = integer(named.event.position)?;
            for account in &named.names.accounts {
                connection
                    .prepare_cached("DELETE FROM event_accounts WHERE account = ?1 AND event = ?2")?
                    .execute((account.get(), event))?;
            }
            for unit in &named.names.units {
                connection
                    .prepare_cached("DELETE FROM event_units WHERE unit = ?1 AND event = ?2")?
                    .execute((unit.get(), event))?;
            }
        }
        let position = integer(record.position)?;
        connection.prepare_cached("DELETE FROM events WHERE receipt = ?1")?.execute([position])?;
        connection.prepare_cached("DELETE FROM receipts WHERE position = ?1")?.execute([position])?;
    }
    let ended = old.len() < RECEIPTS;
    if ended {
        connection.prepare_cached("DELETE FROM blocks WHERE height < ?1")?.execute([height])?;
    }
    Ok(ended)
}
