//! The index: which pieces there are, who holds them, which deals pin them, what is damaged. SQLite, one file.
//!
//! Why SQLite and not a file per piece: pins, holds and damage change in small steps that must be whole or absent after a
//! crash, and the daemon asks across pieces (what expires, what a deal pins, the sum of bytes). A commit is durable before it
//! returns, and a page that is not what was written is told when the index is opened ([`Database`]). The folder must be on a local disk: WAL needs shared memory, which network file
//! systems lack.
//!
//! Only this module speaks SQL. Times are wall time in ms; chunk checksums are 32 bytes per chunk, one after another.

use super::StoreError;
use super::holding::{Held, OnHold};
use super::layout::Layout;
use super::record::{Hold, PieceStatus};
use depin_database::{Begun, Database, Durability, OpenError, is_damage};
use depin_quantity::{Address, UnitId};
use depin_services::storage::piece::{Commitment, PieceSize};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Format of the folder, kept in SQLite's `user_version`.
const FORMAT: i64 = 1;

const SCHEMA: &str = "
CREATE TABLE piece (
    cid BLOB PRIMARY KEY,
    payload_bytes INTEGER NOT NULL,
    piece_size INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL,
    stored_at_ms INTEGER NOT NULL,
    checksums BLOB NOT NULL
) STRICT;
CREATE TABLE hold (
    cid BLOB NOT NULL REFERENCES piece ON DELETE CASCADE,
    client BLOB NOT NULL,
    signed_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (cid, client)
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_by_expiry ON hold (expires_at_ms);
CREATE TABLE pin (
    cid BLOB NOT NULL REFERENCES piece,
    deal BLOB NOT NULL,
    PRIMARY KEY (cid, deal)
) STRICT, WITHOUT ROWID;
CREATE INDEX pin_by_deal ON pin (deal);
CREATE TABLE damage (
    cid BLOB NOT NULL REFERENCES piece ON DELETE CASCADE,
    chunk INTEGER NOT NULL,
    PRIMARY KEY (cid, chunk)
) STRICT, WITHOUT ROWID;
";

/// What reading a piece needs.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) payload_bytes: u64,
    pub(super) piece_size: PieceSize,
    pub(super) stored_bytes: u64,
    pub(super) checksums: Vec<[u8; 32]>,
    pub(super) damaged: Vec<u32>,
}

/// A piece as it goes into the index.
pub(super) struct NewEntry<'a> {
    pub(super) cid: &'a Commitment,
    pub(super) payload_bytes: u64,
    pub(super) piece_size: PieceSize,
    pub(super) stored_bytes: u64,
    pub(super) stored_at_ms: u64,
    pub(super) checksums: &'a [[u8; 32]],
}

#[derive(Debug)]
pub(super) struct Index {
    /// There until it is closed.
    database: Option<Database>,
    held: Held,
    /// What SQLite said when it met a page that is not what was written.
    damage: RefCell<Option<String>>,
}

impl Drop for Index {
    fn drop(&mut self) {
        if let Some(database) = self.database.take() {
            database.close();
        }
    }
}

impl Index {
    /// Opens the folder's index, or makes it where there was none.
    pub(super) fn open(layout: &Layout) -> Result<Self, StoreError> {
        Self::open_file(layout, &layout.index(), layout.has_pieces()?)
    }

    /// Opens an index at `path`; `used` says that there must have been something in it.
    pub(super) fn open_file(layout: &Layout, path: &Path, used: bool) -> Result<Self, StoreError> {
        let mut database = Database::open(path, used, Durability::AtCommit).map_err(|error| match error {
            OpenError::Lost { path, what } => layout.index_lost(path, what),
            OpenError::File { path, source } => StoreError::io("open the index", &path, source),
            OpenError::Sqlite { path, source } if is_read_only(&source) => {
                StoreError::io("write to the index", &path, io::ErrorKind::PermissionDenied.into())
            }
            OpenError::Sqlite { source, .. } => StoreError::index("open", source),
        })?;
        let failed = |error: rusqlite::Error| match is_damage(&error) {
            true => layout.index_lost(path.to_owned(), format!("is damaged ({error})")),
            false => StoreError::index("prepare", error),
        };
        let begun = database.begun().map_err(failed)?;
        let format = "PRAGMA user_version";
        let found: i64 = database.connection().query_row(format, [], |row| row.get(0)).map_err(failed)?;
        match (found, begun) {
            (FORMAT, Begun::Before) => {}
            (FORMAT | 0, Begun::New) if used => return Err(layout.index_lost(path.to_owned(), "holds nothing".to_owned())),
            (FORMAT | 0, Begun::New) => {
                let made = format!("{SCHEMA} PRAGMA user_version={FORMAT};");
                database.change(|connection| connection.execute_batch(&made)).map_err(failed)?;
            }
            (0, Begun::Before) => {
                return Err(layout.index_lost(path.to_owned(), "is a database of another program".to_owned()));
            }
            (found, _) => return Err(StoreError::Format { folder: layout.root().to_owned(), found, supported: FORMAT }),
        }
        let held = all_held(database.connection()).map_err(failed)?;
        Ok(Self { database: Some(database), held, damage: RefCell::default() })
    }

    fn database(&self) -> &Database {
        self.database.as_ref().expect("only a drop closes it")
    }

    /// Why the index can be used no more, once that is so.
    pub(super) fn failed(&self) -> Option<String> {
        self.damage.borrow().clone().or_else(|| self.database().failed().map(str::to_owned))
    }

    /// Takes note of damage that SQLite met.
    fn noted<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Index { source, .. }) = &done
            && is_damage(source)
        {
            self.damage.replace(Some(format!("{} is damaged ({source})", self.database().path().display())));
        }
        done
    }

    /// Undoes what a change that panicked left behind.
    pub(super) fn roll_back(&self) {
        self.database().roll_back();
    }

    /// What clients have on hold.
    pub(super) const fn held(&self) -> &Held {
        &self.held
    }

    /// Runs `change` whole or not at all; durable once this returns.
    pub(super) fn change<T>(
        &mut self,
        action: &'static str,
        change: impl FnOnce(&Changes<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let failed = |error| StoreError::index(action, error);
        let database = self.database.as_mut().expect("only a drop closes it");
        database.begin().map_err(failed)?;
        let changed = Changes::of(database.connection(), action, change);
        let committed = changed.and_then(|changed| database.commit().map_err(failed).map(|()| changed));
        if committed.is_err() {
            database.roll_back();
        }
        let (out, moved) = self.noted(committed)?;
        for (before, after) in moved {
            self.held.change(&before, &after);
        }
        Ok(out)
    }

    pub(super) fn entry(&self, cid: &Commitment) -> Result<Option<Entry>, StoreError> {
        self.noted(entry(self.database().connection(), "look a piece up", cid))
    }

    pub(super) fn status(&self, cid: &Commitment) -> Result<Option<PieceStatus>, StoreError> {
        self.list_where("WHERE cid = ?1", params![key(cid)]).map(|mut found| found.pop())
    }

    pub(super) fn list(&self, after: Option<&Commitment>, limit: u32) -> Result<Vec<PieceStatus>, StoreError> {
        let after = after.map(key).unwrap_or_default();
        self.list_where("WHERE cid > ?1 ORDER BY cid LIMIT ?2", params![after, limit])
    }

    /// Every damaged piece.
    pub(super) fn damaged(&self) -> Result<Vec<PieceStatus>, StoreError> {
        self.list_where("WHERE cid IN (SELECT cid FROM damage) ORDER BY cid", params![])
    }

    /// Every pin, by piece and deal.
    pub(super) fn pins(&self) -> Result<Vec<(Commitment, UnitId)>, StoreError> {
        let pins = || -> rusqlite::Result<Vec<_>> {
            let mut query = self.database().connection().prepare_cached("SELECT cid, deal FROM pin ORDER BY cid, deal")?;
            query.query_map([], |row| Ok((cid_at(row, 0)?, UnitId::new(row.get(1)?))))?.collect()
        };
        self.noted(pins().map_err(|error| StoreError::index("list pins", error)))
    }

    /// Pieces and bytes stored.
    pub(super) fn totals(&self) -> Result<(u64, u64), StoreError> {
        let totals = "SELECT count(*), coalesce(sum(stored_bytes), 0) FROM piece";
        let found = self.database().connection().query_row(totals, [], |row| Ok((count_at(row, 0)?, count_at(row, 1)?)));
        self.noted(found.map_err(|error| StoreError::index("add up", error)))
    }

    fn list_where(&self, filter: &str, arguments: &[&dyn rusqlite::ToSql]) -> Result<Vec<PieceStatus>, StoreError> {
        self.noted(list_where(self.database().connection(), filter, arguments))
    }
}

/// The changes of one transaction.
pub(super) struct Changes<'a> {
    transaction: &'a Connection,
    action: &'static str,
    /// Pieces that are, perhaps, held otherwise after this; and how they were before.
    touched: RefCell<BTreeMap<Commitment, OnHold>>,
}

impl<'a> Changes<'a> {
    /// Makes a change; what it gives, and of the pieces that it touched how they were held before and are now.
    fn of<T>(
        transaction: &'a Connection,
        action: &'static str,
        change: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<(T, Vec<(OnHold, OnHold)>), StoreError> {
        let changes = Self { transaction, action, touched: RefCell::default() };
        let out = change(&changes)?;
        let now = |(cid, before)| on_hold(transaction, &cid).map(|after| (before, after));
        let moved = changes.touched.take().into_iter().map(now).collect::<rusqlite::Result<_>>();
        Ok((out, moved.map_err(|error| StoreError::index(action, error))?))
    }

    fn run(&self, sql: &str, arguments: &[&dyn rusqlite::ToSql]) -> Result<usize, StoreError> {
        let mut statement = self.transaction.prepare_cached(sql).map_err(|error| StoreError::index(self.action, error))?;
        statement.execute(arguments).map_err(|error| StoreError::index(self.action, error))
    }

    /// Called before any change of a piece, its holds or its pins.
    fn touch(&self, cid: &Commitment) -> Result<(), StoreError> {
        let mut touched = self.touched.borrow_mut();
        if !touched.contains_key(cid) {
            let before = on_hold(self.transaction, cid).map_err(|error| StoreError::index(self.action, error))?;
            touched.insert(*cid, before);
        }
        Ok(())
    }

    pub(super) fn entry(&self, cid: &Commitment) -> Result<Option<Entry>, StoreError> {
        entry(self.transaction, self.action, cid)
    }

    pub(super) fn holds(&self, cid: &Commitment) -> Result<Vec<Hold>, StoreError> {
        holds(self.transaction, self.action, cid)
    }

    pub(super) fn deals(&self, cid: &Commitment) -> Result<Vec<UnitId>, StoreError> {
        deals(self.transaction, self.action, cid)
    }

    /// Writes a new piece, or the new facts of one that an upload repaired or extended; what was damaged is whole again.
    pub(super) fn put_piece(&self, new: &NewEntry<'_>) -> Result<(), StoreError> {
        self.touch(new.cid)?;
        self.run(
            "INSERT INTO piece (cid, payload_bytes, piece_size, stored_bytes, stored_at_ms, checksums) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (cid) DO UPDATE SET payload_bytes = ?2, piece_size = ?3, stored_bytes = ?4, checksums = ?6",
            params![
                key(new.cid),
                signed(new.payload_bytes),
                signed(new.piece_size.get()),
                signed(new.stored_bytes),
                signed(new.stored_at_ms),
                new.checksums.as_flattened()
            ],
        )?;
        self.run("DELETE FROM damage WHERE cid = ?1", params![key(new.cid)]).map(drop)
    }

    /// Adds a client's hold, or replaces the one it has.
    pub(super) fn put_hold(&self, cid: &Commitment, hold: &Hold) -> Result<(), StoreError> {
        self.touch(cid)?;
        self.run(
            "INSERT OR REPLACE INTO hold (cid, client, signed_at_ms, expires_at_ms) VALUES (?1, ?2, ?3, ?4)",
            params![key(cid), hold.client.get(), signed(hold.signed_at_ms), signed(hold.expires_at_ms)],
        )
        .map(drop)
    }

    pub(super) fn remove_hold(&self, cid: &Commitment, client: &Address) -> Result<(), StoreError> {
        self.touch(cid)?;
        self.run("DELETE FROM hold WHERE cid = ?1 AND client = ?2", params![key(cid), client.get()]).map(drop)
    }

    /// Removes the holds that ended; says how many.
    pub(super) fn remove_expired_holds(&self, now_ms: u64) -> Result<usize, StoreError> {
        let failed = |error| StoreError::index(self.action, error);
        let sql = "SELECT DISTINCT cid FROM hold WHERE expires_at_ms <= ?1";
        let mut query = self.transaction.prepare_cached(sql).map_err(failed)?;
        for cid in query.query_map(params![signed(now_ms)], |row| cid_at(row, 0)).map_err(failed)? {
            self.touch(&cid.map_err(failed)?)?;
        }
        self.run("DELETE FROM hold WHERE expires_at_ms <= ?1", params![signed(now_ms)])
    }

    /// Pieces that nobody holds and no deal pins, with the bytes they take.
    pub(super) fn unclaimed(&self, limit: u32) -> Result<Vec<(Commitment, u64)>, StoreError> {
        let failed = |error| StoreError::index(self.action, error);
        let sql = "SELECT cid, stored_bytes FROM piece WHERE NOT EXISTS (SELECT 1 FROM hold WHERE hold.cid = piece.cid)
                   AND NOT EXISTS (SELECT 1 FROM pin WHERE pin.cid = piece.cid) ORDER BY cid LIMIT ?1";
        let mut query = self.transaction.prepare_cached(sql).map_err(failed)?;
        let rows = query.query_map(params![limit], |row| Ok((cid_at(row, 0)?, count_at(row, 1)?))).map_err(failed)?;
        rows.collect::<Result<_, _>>().map_err(failed)
    }

    pub(super) fn remove_piece(&self, cid: &Commitment) -> Result<(), StoreError> {
        self.touch(cid)?;
        self.run("DELETE FROM piece WHERE cid = ?1", params![key(cid)]).map(drop)
    }

    /// False when the deal pinned the piece already.
    pub(super) fn pin(&self, cid: &Commitment, deal: &UnitId) -> Result<bool, StoreError> {
        self.touch(cid)?;
        self.run("INSERT OR IGNORE INTO pin (cid, deal) VALUES (?1, ?2)", params![key(cid), deal.get()]).map(|rows| rows == 1)
    }

    /// False when the deal did not pin the piece.
    pub(super) fn unpin(&self, cid: &Commitment, deal: &UnitId) -> Result<bool, StoreError> {
        self.touch(cid)?;
        self.run("DELETE FROM pin WHERE cid = ?1 AND deal = ?2", params![key(cid), deal.get()]).map(|rows| rows == 1)
    }

    /// False when the chunk was known to be damaged, or the piece is gone.
    pub(super) fn add_damage(&self, cid: &Commitment, chunk: u32) -> Result<bool, StoreError> {
        let sql = "INSERT OR IGNORE INTO damage (cid, chunk) SELECT cid, ?2 FROM piece WHERE cid = ?1";
        self.run(sql, params![key(cid), chunk]).map(|rows| rows == 1)
    }

    /// False when the chunk was not known to be damaged.
    pub(super) fn remove_damage(&self, cid: &Commitment, chunk: u32) -> Result<bool, StoreError> {
        self.run("DELETE FROM damage WHERE cid = ?1 AND chunk = ?2", params![key(cid), chunk]).map(|rows| rows == 1)
    }
}

fn list_where(connection: &Connection, filter: &str, arguments: &[&dyn rusqlite::ToSql]) -> Result<Vec<PieceStatus>, StoreError> {
    let failed = |error| StoreError::index("list pieces", error);
    let columns = "SELECT cid, payload_bytes, piece_size, stored_bytes, stored_at_ms FROM piece";
    let mut query = connection.prepare_cached(&format!("{columns} {filter}")).map_err(failed)?;
    let rows = query.query_map(arguments, |row| {
        Ok(PieceStatus {
            cid: cid_at(row, 0)?,
            payload_bytes: count_at(row, 1)?,
            piece_size: size_at(row, 2)?,
            stored_bytes: count_at(row, 3)?,
            stored_at_ms: count_at(row, 4)?,
            holds: Vec::new(),
            deals: Vec::new(),
            damaged: Vec::new(),
        })
    });
    let mut pieces = rows.map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    for piece in &mut pieces {
        piece.holds = holds(connection, "list holds", &piece.cid)?;
        piece.deals = deals(connection, "list pins", &piece.cid)?;
        piece.damaged = damaged(connection, "list damage", &piece.cid)?;
    }
    Ok(pieces)
}

fn entry(connection: &Connection, action: &'static str, cid: &Commitment) -> Result<Option<Entry>, StoreError> {
    let failed = |error| StoreError::index(action, error);
    let sql = "SELECT payload_bytes, piece_size, stored_bytes, checksums FROM piece WHERE cid = ?1";
    let mut query = connection.prepare_cached(sql).map_err(failed)?;
    let found = query.query_row(params![key(cid)], |row| {
        let checksums: Vec<u8> = row.get(3)?;
        Ok(Entry {
            payload_bytes: count_at(row, 0)?,
            piece_size: size_at(row, 1)?,
            stored_bytes: count_at(row, 2)?,
            checksums: checksums.as_chunks::<32>().0.to_vec(),
            damaged: Vec::new(),
        })
    });
    let Some(mut found) = found.optional().map_err(failed)? else { return Ok(None) };
    found.damaged = damaged(connection, action, cid)?;
    Ok(Some(found))
}

/// What counts as on hold: a hold, where no deal pins the piece.
const HELD: &str = "FROM hold JOIN piece USING (cid) WHERE NOT EXISTS (SELECT 1 FROM pin WHERE pin.cid = hold.cid)";

fn on_hold(connection: &Connection, cid: &Commitment) -> rusqlite::Result<OnHold> {
    let mut query = connection.prepare_cached(&format!("SELECT stored_bytes, client {HELD} AND hold.cid = ?1"))?;
    let mut found = OnHold::default();
    let mut rows = query.query(params![key(cid)])?;
    while let Some(row) = rows.next()? {
        found.bytes = count_at(row, 0)?;
        found.clients.push(Address::new(row.get(1)?));
    }
    Ok(found)
}

fn all_held(connection: &Connection) -> rusqlite::Result<Held> {
    let mut query = connection.prepare(&format!("SELECT stored_bytes, client, hold.cid {HELD} ORDER BY hold.cid"))?;
    let (mut held, mut last) = (Held::default(), None);
    let mut piece = OnHold::default();
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let cid = Some(cid_at(row, 2)?);
        if cid != last {
            held.change(&OnHold::default(), &std::mem::take(&mut piece));
            last = cid;
        }
        piece.bytes = count_at(row, 0)?;
        piece.clients.push(Address::new(row.get(1)?));
    }
    held.change(&OnHold::default(), &piece);
    Ok(held)
}

fn holds(connection: &Connection, action: &'static str, cid: &Commitment) -> Result<Vec<Hold>, StoreError> {
    let sql = "SELECT client, signed_at_ms, expires_at_ms FROM hold WHERE cid = ?1 ORDER BY client";
    collect(connection, action, sql, cid, |row| {
        Ok(Hold { client: Address::new(row.get(0)?), signed_at_ms: count_at(row, 1)?, expires_at_ms: count_at(row, 2)? })
    })
}

fn deals(connection: &Connection, action: &'static str, cid: &Commitment) -> Result<Vec<UnitId>, StoreError> {
    collect(connection, action, "SELECT deal FROM pin WHERE cid = ?1 ORDER BY deal", cid, |row| Ok(UnitId::new(row.get(0)?)))
}

fn damaged(connection: &Connection, action: &'static str, cid: &Commitment) -> Result<Vec<u32>, StoreError> {
    collect(connection, action, "SELECT chunk FROM damage WHERE cid = ?1 ORDER BY chunk", cid, |row| row.get(0))
}

fn collect<T>(
    connection: &Connection,
    action: &'static str,
    sql: &str,
    cid: &Commitment,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let failed = |error| StoreError::index(action, error);
    let mut query = connection.prepare_cached(sql).map_err(failed)?;
    let rows = query.query_map(params![key(cid)], read).map_err(failed)?;
    rows.collect::<Result<_, _>>().map_err(failed)
}

fn is_read_only(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ReadOnly)
}

fn key(cid: &Commitment) -> &[u8] {
    cid.as_bytes()
}

/// SQLite's integers are signed; what is stored here (sizes up to 64 GiB, times, sums of sizes) stays below 2^63.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn count_at(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

fn cid_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Commitment> {
    Commitment::new(row.get(column)?).map_err(|error| unreadable(column, error))
}

fn size_at(row: &Row<'_>, column: usize) -> rusqlite::Result<PieceSize> {
    PieceSize::new(count_at(row, column)?).map_err(|error| unreadable(column, error))
}

fn unreadable(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, Box::new(error))
}
