//! Forgetting what is older than history is kept.
//!
//! First the mark that says from where on there is something, then the rows, some at a time, so that nobody waits long for the file.
//! What a stop leaves behind the mark is asked for by nobody, and goes with the next round.

use super::{
    First, IndexError, digest, query,
    schema::{self, FREE_PAGES},
    write::integer,
};
use rusqlite::Connection;

/// Receipts forgotten in one database transaction.
const RECEIPTS: usize = 512;

/// Moves the mark.
pub(super) fn mark(connection: &Connection, first: &First) -> Result<(), IndexError> {
    Ok(schema::write_first(connection, first)?)
}

/// Forgets some of what is below `height`; says whether that was all.
pub(super) fn some(connection: &mut Connection, height: u64) -> Result<bool, IndexError> {
    let height = integer(height)?;
    let transaction = connection.transaction()?;
    let old = query::oldest(&transaction, height, RECEIPTS)?;
    for record in &old {
        let malformed = |e: serde_json::Error| IndexError::Malformed { position: record.position, error: e.to_string() };
        for named in digest::events(&record.receipt, record.first_event).map_err(malformed)? {
            let event = integer(named.event.position)?;
            for account in &named.names.accounts {
                transaction
                    .prepare_cached("DELETE FROM event_accounts WHERE account = ?1 AND event = ?2")?
                    .execute((account.get(), event))?;
            }
            for unit in &named.names.units {
                transaction
                    .prepare_cached("DELETE FROM event_units WHERE unit = ?1 AND event = ?2")?
                    .execute((unit.get(), event))?;
            }
        }
        let position = integer(record.position)?;
        transaction.prepare_cached("DELETE FROM events WHERE receipt = ?1")?.execute([position])?;
        transaction.prepare_cached("DELETE FROM receipts WHERE position = ?1")?.execute([position])?;
    }
    let ended = old.len() < RECEIPTS;
    if ended {
        transaction.prepare_cached("DELETE FROM blocks WHERE height < ?1")?.execute([height])?;
    }
    transaction.commit()?;
    // Gives the pages back to the disk. Each step of the statement frees one.
    let mut statement = connection.prepare(FREE_PAGES)?;
    let mut steps = statement.query([])?;
    while steps.next()?.is_some() {}
    Ok(ended)
}
