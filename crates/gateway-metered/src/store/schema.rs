//! Tables of the store.

use super::{StoreError, StoreResult};
use rusqlite::Connection;
use std::time::Duration;

const FORMAT: &str = "1";

/// `seq` is the order in which things came. `batch_json` is what the ledger last said of a report's batch; `due_ms` is when something
/// is to be tried again: of a queued report, wall time at which it is sent; of a reported one, ledger time at which its batch is asked about. `message` is what an action says to the ledger, fixed when it was taken; `signatures` hold every
/// transaction that was ever signed for it, written before it was sent.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS reports (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, order_id TEXT NOT NULL, batch TEXT NOT NULL,
    units INTEGER NOT NULL, evidence TEXT NOT NULL, pointer TEXT,
    state TEXT NOT NULL, tx TEXT, code TEXT, reason TEXT, batch_json TEXT, due_ms INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX IF NOT EXISTS reports_queued ON reports (seq) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS reports_due ON reports (due_ms) WHERE state = 'reported';

CREATE TABLE IF NOT EXISTS actions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, content TEXT NOT NULL, message BLOB NOT NULL,
    state TEXT NOT NULL, order_id TEXT, tx TEXT, code TEXT, reason TEXT) STRICT;
CREATE INDEX IF NOT EXISTS actions_waiting ON actions (seq) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS signatures (
    action INTEGER NOT NULL REFERENCES actions (seq), number INTEGER NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (action, number)) STRICT, WITHOUT ROWID;
";

/// Sets the connection's rules and makes missing tables. A store is of one chain.
pub(super) fn prepare(connection: &Connection, chain: &str) -> StoreResult<()> {
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    connection.execute_batch(TABLES)?;
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('format', ?1), ('chain', ?2)", [FORMAT, chain])?;
    connection.execute_batch("COMMIT")?;
    let meta = |key: &str| connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get::<_, String>(0));
    let (format, found) = (meta("format")?, meta("chain")?);
    if format != FORMAT {
        return Err(StoreError::Format { found: format, known: FORMAT });
    }
    if found == chain { Ok(()) } else { Err(StoreError::Chain { found, asked: chain.to_owned() }) }
}
