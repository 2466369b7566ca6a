//! Writing receipts into the index.

use super::{
    IndexError, Marks,
    digest::{self, Named, ReceiptRecord},
    schema,
};
use depin_database::Database;
use depin_ledger::{Receipt, ReceiptBody};
use rusqlite::{Connection, params};
use std::sync::Arc;

/// A record of the durable receipts log: an encoded receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    /// Place among all records of the chain.
    pub position: u64,
    /// Height of its block.
    pub height: u64,
    /// The encoded receipt.
    pub bytes: Vec<u8>,
}

/// Receipts that became readable at once, with their events.
#[derive(Debug)]
pub(super) struct Batch {
    /// Position of the first event.
    pub first: u64,
    /// Position after the last event.
    pub end: u64,
    pub receipts: Vec<ReceiptRecord>,
    pub events: Vec<Named>,
}

/// Batches of blocks without transactions that are written together, and events of them.
const UNWRITTEN: (usize, usize) = (64, 1_024);

/// The one writing connection and how far it got. What is unwritten was told already; it is written before anybody asks the file, and
/// read from the log again when it was not.
#[derive(Debug)]
pub(super) struct Writer {
    /// None once the index is closed.
    pub database: Option<Database>,
    pub marks: Marks,
    unwritten: Vec<Arc<Batch>>,
}

impl Writer {
    pub const fn new(database: Database, marks: Marks) -> Self {
        Self { database: Some(database), marks, unwritten: Vec::new() }
    }

    /// The database, without what a holder that panicked left behind.
    pub fn database(&mut self) -> Result<&mut Database, IndexError> {
        let database = self.database.as_mut().ok_or(IndexError::Closed)?;
        database.roll_back();
        Ok(database)
    }

    /// Whether the file holds everything up to the marks.
    pub const fn is_written(&self) -> bool {
        self.unwritten.is_empty()
    }

    /// Takes the records of whole blocks. They are written at once where there is a transaction among them, else with some more: an idle
    /// chain writes little. Records that the index has already are left out; a gap is refused.
    pub fn apply(&mut self, records: &[LogRecord]) -> Result<Arc<Batch>, IndexError> {
        let before = self.marks;
        let batch = Arc::new(self.read(records)?);
        if batch.receipts.is_empty() {
            return Ok(batch);
        }
        self.unwritten.push(Arc::clone(&batch));
        let events: usize = self.unwritten.iter().map(|batch| batch.events.len()).sum();
        let many = self.unwritten.len() >= UNWRITTEN.0 || events >= UNWRITTEN.1;
        if many || batch.receipts.iter().any(|record| record.transaction().is_some()) {
            self.write().inspect_err(|_| {
                self.unwritten.pop();
                self.marks = before;
            })?;
        }
        Ok(batch)
    }

    /// Writes what is unwritten in one database transaction: all or none.
    pub fn write(&mut self) -> Result<(), IndexError> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let database = self.database.as_mut().ok_or(IndexError::Closed)?;
        // One that panicked left its transaction behind.
        database.roll_back();
        database.change(|connection| {
            for batch in &self.unwritten {
                write_receipts(connection, batch)?;
                write_events(connection, batch)?;
            }
            Ok::<_, IndexError>(schema::write_marks(connection, &self.marks)?)
        })?;
        self.unwritten.clear();
        Ok(())
    }

    fn read(&mut self, records: &[LogRecord]) -> Result<Batch, IndexError> {
        let mut marks = self.marks;
        let mut batch = Batch { first: marks.next_event, end: marks.next_event, receipts: Vec::new(), events: Vec::new() };
        for record in records.iter().filter(|record| record.position >= self.marks.next_receipt) {
            if record.position != marks.next_receipt {
                return Err(IndexError::Gap { got: record.position, expected: marks.next_receipt });
            }
            let receipt = decode(record, marks.height)?;
            marks = Marks { next_receipt: record.position + 1, height: receipt.height, time: receipt.time.get(), ..marks };
            join(&mut batch.receipts, record.position, receipt)?;
        }
        for record in &mut batch.receipts {
            record.first_event = batch.end;
            let malformed = |e: serde_json::Error| IndexError::Malformed { position: record.position, error: e.to_string() };
            batch.events.extend(digest::events(&record.receipt, batch.end).map_err(malformed)?);
            batch.end += record.receipt.events.len() as u64;
        }
        marks.next_event = batch.end;
        if !batch.receipts.is_empty() {
            self.marks = marks;
        }
        Ok(batch)
    }
}

fn decode(record: &LogRecord, height_before: u64) -> Result<Receipt, IndexError> {
    let malformed = |error: String| IndexError::Malformed { position: record.position, error };
    let receipt = Receipt::decode(&record.bytes).ok_or_else(|| malformed("its encoding is not known".to_owned()))?;
    if receipt.height != record.height || receipt.height < height_before {
        return Err(malformed(format!("it says height {}, its place is in block {}", receipt.height, record.height)));
    }
    Ok(receipt)
}

/// Adds a receipt. One that continues the receipt before it becomes a part of that.
fn join(receipts: &mut Vec<ReceiptRecord>, position: u64, mut receipt: Receipt) -> Result<(), IndexError> {
    let ReceiptBody::Continued { of } = receipt.body else {
        receipts.push(ReceiptRecord { position, first_event: 0, receipt });
        return Ok(());
    };
    let before = receipts.last_mut().map(|record| &mut record.receipt);
    match before.filter(|before| before.height == receipt.height && before.index == of) {
        Some(before) => before.events.append(&mut receipt.events),
        None => {
            return Err(IndexError::Malformed { position, error: format!("it continues receipt {of}, which is not before it") });
        }
    }
    Ok(())
}

fn write_receipts(connection: &Connection, batch: &Batch) -> Result<(), IndexError> {
    let mut receipts = connection.prepare_cached(
        "INSERT INTO receipts (position, height, place, time, tx, sender, first_event, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let mut blocks = connection.prepare_cached(
        "INSERT INTO blocks (height, time, receipts, transactions, failed, first_event, events) VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6)
         ON CONFLICT (height) DO UPDATE SET receipts = receipts + 1, transactions = transactions + excluded.transactions,
             failed = failed + excluded.failed, events = events + excluded.events",
    )?;
    for record in &batch.receipts {
        let receipt = &record.receipt;
        let (tx, sender) = record.transaction().map(|(id, sender)| (id.get(), sender.get())).unzip();
        let failed = matches!(&receipt.body, ReceiptBody::Transaction { failure: Some(_), .. });
        let (height, time, first) = (integer(receipt.height)?, integer(receipt.time.get())?, integer(record.first_event)?);
        receipts.execute(params![integer(record.position)?, height, receipt.index, time, tx, sender, first, receipt.encode()])?;
        blocks.execute(params![height, time, tx.is_some(), failed, first, integer(receipt.events.len() as u64)?])?;
    }
    Ok(())
}

fn write_events(connection: &Connection, batch: &Batch) -> Result<(), IndexError> {
    let mut events =
        connection.prepare_cached("INSERT INTO events (position, receipt, source, kind, body) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let mut accounts = connection.prepare_cached("INSERT INTO event_accounts (account, event) VALUES (?1, ?2)")?;
    let mut units = connection.prepare_cached("INSERT INTO event_units (unit, event) VALUES (?1, ?2)")?;
    let mut named = batch.events.iter();
    for record in &batch.receipts {
        for Named { event, names } in named.by_ref().take(record.receipt.events.len()) {
            let position = integer(event.position)?;
            events.execute(params![position, integer(record.position)?, event.source, event.kind, event.body])?;
            for account in &names.accounts {
                accounts.execute(params![account.get(), position])?;
            }
            for unit in &names.units {
                units.execute(params![unit.get(), position])?;
            }
        }
    }
    Ok(())
}

/// SQLite's integers have a sign.
pub(super) fn integer(value: u64) -> Result<i64, IndexError> {
    i64::try_from(value).map_err(|_| IndexError::TooLarge { value })
}
