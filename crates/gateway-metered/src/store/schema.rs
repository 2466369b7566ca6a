//! Tables of the store.

use super::{StoreError, StoreResult, wall_ms};
use depin_database::{Begun, Database};
use rusqlite::Connection;

const FORMAT: &str = "2";
/// The format before, whose reports had no time.
const BEFORE: &str = "1";

/// `seq` is the order in which things came. `batch_json` is what the ledger last said of a report's batch; `due_ms` is when something
/// is to be tried again: of a queued report, wall time at which it is sent; of a reported one, ledger time at which its batch is asked
/// about. `at_ms` is the wall time at which a report came to its state. `message` is what an action says to the ledger, fixed when it was taken; `signatures` hold every
/// transaction that was ever signed for it, written before it was sent.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS reports (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, order_id TEXT NOT NULL, batch TEXT NOT NULL,
    units INTEGER NOT NULL, evidence TEXT NOT NULL, pointer TEXT,
    state TEXT NOT NULL, tx TEXT, code TEXT, reason TEXT, batch_json TEXT, due_ms INTEGER NOT NULL DEFAULT 0,
    at_ms INTEGER NOT NULL DEFAULT 0) STRICT;
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

/// Reports that nothing happens to any more, by when they ended.
const ENDED: &str = "CREATE INDEX IF NOT EXISTS reports_ended ON reports (at_ms) WHERE state IN ('settled', 'refused');";

/// Brings a store of the format before to this one: its reports count as ended now.
fn upgrade(connection: &Connection) -> StoreResult<()> {
    let has = "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'";
    if connection.query_row(has, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(());
    }
    let is = "SELECT count(*) FROM meta WHERE key = 'format' AND value = ?1";
    if connection.query_row(is, [BEFORE], |row| row.get::<_, i64>(0))? == 1 {
        connection.execute_batch("ALTER TABLE reports ADD COLUMN at_ms INTEGER NOT NULL DEFAULT 0")?;
        connection.execute("UPDATE reports SET at_ms = ?1", [wall_ms()])?;
        connection.execute("UPDATE meta SET value = ?1 WHERE key = 'format'", [FORMAT])?;
    }
    Ok(())
}

/// Makes missing tables. A store is of one chain, and its orders are one customer's. A database of something else is left as it is, and
/// so is one without tables that was `used` before.
pub(super) fn prepare(database: &mut Database, chain: &str, customer: &str, used: bool) -> StoreResult<()> {
    let own = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('meta', 'reports', 'actions', 'signatures')";
    let own: i64 = database.connection().query_row(own, [], |row| row.get(0))?;
    match (database.begun()?, own) {
        (Begun::New, _) if used => return Err(StoreError::NoStore("holds nothing")),
        (Begun::New, _) | (Begun::Before, 4) => {}
        _ => return Err(StoreError::NoStore("is a database of another program")),
    }
    database.change(|connection| {
        upgrade(connection)?;
        connection.execute_batch(TABLES)?;
        connection.execute_batch(ENDED)?;
        let meta = "INSERT OR IGNORE INTO meta VALUES ('format', ?1), ('chain', ?2), ('customer', ?3)";
        Ok::<_, StoreError>(connection.execute(meta, [FORMAT, chain, customer])?)
    })?;
    let connection = database.connection();
    let meta = |key: &str| connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get::<_, String>(0));
    let (format, found, pays) = (meta("format")?, meta("chain")?, meta("customer")?);
    if format != FORMAT {
        return Err(StoreError::Format { found: format, known: FORMAT });
    }
    if found != chain {
        return Err(StoreError::Chain { found, asked: chain.to_owned() });
    }
    if pays == customer { Ok(()) } else { Err(StoreError::Customer { found: pays, asked: customer.to_owned() }) }
}
