//! Receipts: records of the append-only log, and how to find one by its position.
//!
//! The log mixes receipts with one commit per block. Every record, commits included, carries the number of receipts before it and
//! its height, so a position is found by bisection, without an index and without blocks, also on a node that synced its state.

use crate::store::{Family, ReceiptsDb};
use commonware_storage::{mmr::Location, qmdb::Error};

/// A receipt of a finalized block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its place among all receipts of the chain, from zero, without gaps.
    pub position: u64,
    /// Height of its block.
    pub height: u64,
    /// What the machine reported.
    pub bytes: Vec<u8>,
}

/// Bytes that a record has besides the receipt.
pub(crate) const PLACE: usize = 1 + 8 + 8;
const RECEIPT: u8 = 0;
const COMMIT: u8 = 1;
/// Records read at once.
const CHUNK: u64 = 256;

/// A record of the log: a receipt, or the end of a block (`bytes` is `None`, `position` counts the receipts so far).
#[derive(Debug, PartialEq, Eq)]
struct Record {
    position: u64,
    height: u64,
    bytes: Option<Vec<u8>>,
}

/// Encodes a receipt.
pub(crate) fn receipt(position: u64, height: u64, bytes: &[u8]) -> Vec<u8> {
    encode(RECEIPT, position, height, bytes)
}

/// Encodes the metadata of a block's commit.
pub(crate) fn commit(position: u64, height: u64) -> Vec<u8> {
    encode(COMMIT, position, height, &[])
}

fn encode(kind: u8, position: u64, height: u64, bytes: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(PLACE + bytes.len());
    record.push(kind);
    record.extend_from_slice(&position.to_be_bytes());
    record.extend_from_slice(&height.to_be_bytes());
    record.extend_from_slice(bytes);
    record
}

fn decode(record: &[u8]) -> Option<Record> {
    let (kind, rest) = record.split_first()?;
    let (position, rest) = rest.split_first_chunk::<8>()?;
    let (height, bytes) = rest.split_first_chunk::<8>()?;
    Some(Record {
        position: u64::from_be_bytes(*position),
        height: u64::from_be_bytes(*height),
        bytes: (*kind == RECEIPT).then(|| bytes.to_vec()),
    })
}

/// Number of receipts before the block of `height`, whose first record would be at `size`.
pub(crate) fn position_at(size: Location, height: u64) -> u64 {
    // One commit from the log's creation and one for each of the `height - 1` blocks before.
    (*size).saturating_sub(height)
}

/// What a reading of the log found.
pub(crate) enum Found {
    /// Receipts without gaps; fewer than wanted at the end of the log.
    Receipts(Vec<Receipt>),
    /// The log begins later now: with this position, in the block of this height.
    Pruned { first: u64, height: u64 },
}

/// Reads receipts from position `start`, at most `max`, none at or above position `end`.
pub(crate) async fn read(db: &ReceiptsDb, start: u64, max: usize, end: u64) -> Result<Found, Error<Family>> {
    if let Some(first) = first(db).await?
        && start < first.position
    {
        return Ok(Found::Pruned { first: first.position, height: first.height });
    }
    let end = end.min(start.saturating_add(max as u64));
    let size = *db.bounds().end;
    let mut found = Vec::new();
    let mut next = start;
    while next < end {
        let Some(first) = locate(db, next, size).await? else { break };
        let last = first.saturating_add(CHUNK.min(end - next)).min(size);
        let places: Vec<Location> = (first..last).map(Location::new).collect();
        for record in db.get_many(&places).await?.into_iter().flatten() {
            if let Some(Record { position, height, bytes: Some(bytes) }) = decode(&record)
                && position == next
                && next < end
            {
                found.push(Receipt { position, height, bytes });
                next += 1;
            }
        }
    }
    Ok(Found::Receipts(found))
}

/// Location of the receipt with `position`, if the log of `size` records holds it.
async fn locate(db: &ReceiptsDb, position: u64, size: u64) -> Result<Option<u64>, Error<Family>> {
    // The first record that has more than `position` receipts up to and including itself is the receipt.
    let after = |record: &Record| record.position + u64::from(record.bytes.is_some()) > position;
    let found = bisect(db, size, after).await?;
    Ok((found < size).then_some(found))
}

/// The first record of the log, if it has one of a block.
async fn first(db: &ReceiptsDb) -> Result<Option<Record>, Error<Family>> {
    let start = oldest(db);
    if start >= *db.bounds().end {
        return Ok(None);
    }
    Ok(db.get(Location::new(start)).await?.as_deref().and_then(decode))
}

/// Where the records of the block of `height` and those after it begin: the end of the log, if there are none.
pub(crate) async fn first_of(db: &ReceiptsDb, height: u64) -> Result<Location, Error<Family>> {
    let found = bisect(db, *db.bounds().end, |record| record.height >= height).await?;
    // The commit that the log was created with belongs to no block.
    Ok(Location::new(if found <= 1 { 0 } else { found }))
}

/// The first record that says where it stands.
fn oldest(db: &ReceiptsDb) -> u64 {
    (*db.bounds().start).max(1)
}

/// Location of the first record below `size` for which `after` holds, as it does for all behind it; `size` when there is none.
async fn bisect(db: &ReceiptsDb, size: u64, after: impl Fn(&Record) -> bool) -> Result<u64, Error<Family>> {
    let (mut low, mut high) = (oldest(db).min(size), size);
    while low < high {
        let middle = low + (high - low) / 2;
        let record = db.get(Location::new(middle)).await?.as_deref().and_then(decode);
        if record.is_some_and(|record| after(&record)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}
