//! Questions to the index. Every answer comes from one snapshot.

use super::{
    First, IndexError, Marks,
    digest::{EventRecord, Names, ReceiptRecord},
};
use depin_ledger::Receipt;
use depin_quantity::{Address, Instant, UnitId};
use rusqlite::{Connection, OptionalExtension, Row, ToSql};

/// Which events are wanted. Everything given must hold; nothing given means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The event's kind is one of these, or its source is (`storage`, `economy`); any when empty.
    pub kinds: Vec<String>,
    /// It names this account, or a transaction of this account caused it.
    pub account: Option<Address>,
    /// It names this id: a deal, an escrow, a stream.
    pub unit: Option<UnitId>,
}

impl Filter {
    /// The same question as the index answers, for an event that has just come.
    pub(super) fn matches(&self, event: &EventRecord, names: &Names) -> bool {
        (self.kinds.is_empty() || self.kinds.iter().any(|kind| *kind == event.kind || *kind == event.source))
            && self.account.is_none_or(|account| names.accounts.contains(&account))
            && self.unit.is_none_or(|unit| names.units.contains(&unit))
    }
}

/// A part of the events, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// The events.
    pub events: Vec<EventRecord>,
    /// Where to go on reading. Nothing that matches lies between the events here and it.
    pub next: u64,
    /// How many events there were in all when this was read.
    pub end: u64,
}

/// What the index knows about a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRecord {
    /// Its height.
    pub height: u64,
    /// Its ledger time.
    pub time: Instant,
    /// Number of its receipts.
    pub receipts: u64,
    /// Number of its transactions.
    pub transactions: u64,
    /// How many of them failed.
    pub failed: u64,
    /// Position of its first event.
    pub first_event: u64,
    /// Number of its events.
    pub events: u64,
}

const EVENT: &str = "e.position, r.height, r.time, r.tx, r.sender, e.source, e.kind, e.body";
const BLOCK: &str = "height, time, receipts, transactions, failed, first_event, events";
const RECEIPT: &str = "position, first_event, body";

/// Events from position `from` on that match, at most `limit`.
pub(super) fn events(
    connection: &Connection,
    marks: &Marks,
    from: u64,
    limit: usize,
    filter: &Filter,
) -> Result<EventPage, IndexError> {
    let end = marks.next_event;
    if from >= end || limit == 0 {
        return Ok(EventPage { events: Vec::new(), next: from, end });
    }
    let (sql, values) = event_query(from, end, limit, filter)?;
    let mut statement = connection.prepare_cached(&sql)?;
    let values: Vec<&dyn ToSql> = values.iter().map(AsRef::as_ref).collect();
    let rows = statement.query_and_then(&values[..], event)?;
    let events = rows.collect::<Result<Vec<_>, IndexError>>()?;
    let full = events.len() >= limit;
    let next = events.last().filter(|_| full).map_or(end, |last| last.position + 1);
    Ok(EventPage { events, next, end })
}

/// The narrowest index drives the search: an id, then an account, then a kind.
fn event_query(from: u64, end: u64, limit: usize, filter: &Filter) -> Result<(String, Vec<Box<dyn ToSql>>), IndexError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut values: Vec<Box<dyn ToSql>> =
        vec![Box::new(super::write::integer(from)?), Box::new(super::write::integer(end)?), Box::new(limit)];
    let mut bind = |value: Box<dyn ToSql>| {
        values.push(value);
        format!("?{}", values.len())
    };
    let mut conditions = Vec::new();
    let (tables, position) = match (filter.unit, filter.account) {
        (Some(unit), account) => {
            conditions.push(format!("u.unit = {}", bind(Box::new(unit.get()))));
            if let Some(account) = account {
                let account = bind(Box::new(account.get()));
                conditions
                    .push(format!("EXISTS (SELECT 1 FROM event_accounts a WHERE a.account = {account} AND a.event = u.event)"));
            }
            ("event_units u CROSS JOIN events e ON e.position = u.event", "u.event")
        }
        (None, Some(account)) => {
            conditions.push(format!("a.account = {}", bind(Box::new(account.get()))));
            ("event_accounts a CROSS JOIN events e ON e.position = a.event", "a.event")
        }
        (None, None) => ("events e", "e.position"),
    };
    if !filter.kinds.is_empty() {
        let kinds: Vec<String> = filter.kinds.iter().map(|kind| bind(Box::new(kind.clone()))).collect();
        let kinds = kinds.join(", ");
        conditions.push(format!("(e.kind IN ({kinds}) OR e.source IN ({kinds}))"));
    }
    conditions.push(format!("{position} >= ?1 AND {position} < ?2"));
    let conditions = conditions.join(" AND ");
    let sql = format!(
        "SELECT {EVENT} FROM {tables} CROSS JOIN receipts r ON r.position = e.receipt WHERE {conditions} ORDER BY {position} LIMIT ?3"
    );
    Ok((sql, values))
}

/// The receipt of a transaction.
pub(super) fn receipt_of(connection: &Connection, id: &UnitId) -> Result<Option<ReceiptRecord>, IndexError> {
    let sql = format!("SELECT {RECEIPT} FROM receipts WHERE tx = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_and_then([id.get()], receipt)?.next().transpose()
}

/// Receipts of a block in order, at most `limit`.
pub(super) fn receipts_at(connection: &Connection, height: u64, limit: usize) -> Result<Vec<ReceiptRecord>, IndexError> {
    let Ok(height) = super::write::integer(height) else { return Ok(Vec::new()) };
    let sql = format!("SELECT {RECEIPT} FROM receipts WHERE height = ?1 ORDER BY place LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_and_then((height, i64::try_from(limit).unwrap_or(i64::MAX)), receipt)?.collect()
}

/// The oldest receipts below `height`, at most `limit`.
pub(super) fn oldest(connection: &Connection, height: i64, limit: usize) -> Result<Vec<ReceiptRecord>, IndexError> {
    let sql = format!("SELECT {RECEIPT} FROM receipts WHERE height < ?1 ORDER BY height, place LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_and_then((height, i64::try_from(limit).unwrap_or(i64::MAX)), receipt)?.collect()
}

/// Where the block of `height`, or the first after it that left a receipt, begins.
pub(super) fn begin_of(connection: &Connection, height: u64) -> Result<Option<First>, IndexError> {
    let sql = "SELECT height, position, first_event FROM receipts WHERE height >= ?1 ORDER BY height, place LIMIT 1";
    let first = |row: &Row<'_>| Ok(First { height: unsigned(row, 0)?, receipt: unsigned(row, 1)?, event: unsigned(row, 2)? });
    Ok(connection.prepare_cached(sql)?.query_row([super::write::integer(height)?], first).optional()?)
}

/// Receipts of a sender's transactions, newest first, below position `before`, at most `limit`.
pub(super) fn receipts_by(
    connection: &Connection,
    sender: &Address,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<ReceiptRecord>, IndexError> {
    let before = before.and_then(|b| i64::try_from(b).ok()).unwrap_or(i64::MAX);
    let sql = format!("SELECT {RECEIPT} FROM receipts WHERE sender = ?1 AND position < ?2 ORDER BY position DESC LIMIT ?3");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_and_then((sender.get(), before, i64::try_from(limit).unwrap_or(i64::MAX)), receipt)?.collect()
}

/// The block of a height, if it left a receipt.
pub(super) fn block(connection: &Connection, height: u64) -> Result<Option<BlockRecord>, IndexError> {
    let Ok(height) = super::write::integer(height) else { return Ok(None) };
    let sql = format!("SELECT {BLOCK} FROM blocks WHERE height = ?1");
    Ok(connection.prepare_cached(&sql)?.query_row([height], block_row).optional()?)
}

/// Position of the first event of a block whose ledger time is `time` or later; where the next event will be, when there is no such block.
pub(super) fn event_at(connection: &Connection, marks: &Marks, time: Instant) -> Result<u64, IndexError> {
    let sql = format!("SELECT {BLOCK} FROM blocks WHERE height >= ?1 ORDER BY height LIMIT 1");
    let mut statement = connection.prepare_cached(&sql)?;
    // Times of blocks never fall, so the first one is found by halving.
    let (mut low, mut high, mut found) = (0, marks.height.saturating_add(1), marks.next_event);
    while low < high {
        let middle = low + (high - low) / 2;
        match statement.query_row([super::write::integer(middle)?], block_row).optional()? {
            Some(block) if block.time < time => low = block.height.saturating_add(1),
            Some(block) => (found, high) = (block.first_event, middle),
            None => high = middle,
        }
    }
    Ok(found)
}

/// Blocks, newest first, below `before`, at most `limit`.
pub(super) fn blocks(connection: &Connection, before: Option<u64>, limit: usize) -> Result<Vec<BlockRecord>, IndexError> {
    let before = before.and_then(|b| i64::try_from(b).ok()).unwrap_or(i64::MAX);
    let sql = format!("SELECT {BLOCK} FROM blocks WHERE height < ?1 ORDER BY height DESC LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map((before, i64::try_from(limit).unwrap_or(i64::MAX)), block_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

fn block_row(row: &Row<'_>) -> rusqlite::Result<BlockRecord> {
    Ok(BlockRecord {
        height: unsigned(row, 0)?,
        time: Instant::new(unsigned(row, 1)?),
        receipts: unsigned(row, 2)?,
        transactions: unsigned(row, 3)?,
        failed: unsigned(row, 4)?,
        first_event: unsigned(row, 5)?,
        events: unsigned(row, 6)?,
    })
}

fn receipt(row: &Row<'_>) -> Result<ReceiptRecord, IndexError> {
    let position = unsigned(row, 0)?;
    let bytes: Vec<u8> = row.get(2)?;
    let malformed = || IndexError::Malformed { position, error: "its encoding is not known".to_owned() };
    let receipt = Receipt::decode(&bytes).ok_or_else(malformed)?;
    Ok(ReceiptRecord { position, first_event: unsigned(row, 1)?, receipt })
}

fn event(row: &Row<'_>) -> Result<EventRecord, IndexError> {
    let (id, sender): (Option<[u8; 32]>, Option<[u8; 32]>) = (row.get(3)?, row.get(4)?);
    Ok(EventRecord {
        position: unsigned(row, 0)?,
        height: unsigned(row, 1)?,
        time: Instant::new(unsigned(row, 2)?),
        transaction: id.map(UnitId::new).zip(sender.map(Address::new)),
        source: row.get(5)?,
        kind: row.get(6)?,
        body: row.get(7)?,
    })
}
