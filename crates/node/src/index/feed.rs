//! Following the receipts log.

use super::{Index, IndexError, LogRecord, ReceiptRecord};
use depin_ledger::Receipt;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::time::timeout;

/// Records read and written at once, unless one block has more.
const CHUNK: usize = 1_024;
/// How often a damaged index is begun anew until its disk is taken for broken.
const TRIES: u32 = 3;

/// The durable receipts log. Implemented over the engine's handle.
pub trait ReceiptLog: Send + 'static {
    /// Waits until the log holds more than `len` records; its length then, or `None` when no more will come.
    fn longer_than(&mut self, len: u64) -> impl Future<Output = Option<u64>> + Send;

    /// Reads records from position `from`, at most `max`; only durable ones.
    ///
    /// # Errors
    /// [`LogError`] when the log cannot be read.
    fn read(&mut self, from: u64, max: usize) -> impl Future<Output = Result<Vec<LogRecord>, LogError>> + Send;
}

/// The log cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the receipts log cannot be read: {0}")]
pub struct LogError(pub String);

/// Why following ended.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// Reads the log from where the index stands, in whole blocks, and goes on until the log ends. `told` learns of every receipt once it
/// can be found. An index that turns out to be damaged is begun anew, and told all of them again.
///
/// # Errors
/// [`FollowError`]; the index stays as it was after the last block written.
pub async fn follow(
    index: Arc<Index>,
    mut log: impl ReceiptLog,
    told: impl Fn(&[ReceiptRecord]) + Send,
) -> Result<(), FollowError> {
    let (mut chunk, mut tries) = (CHUNK, 0);
    loop {
        let from = index.marks().next_receipt;
        let longer = tokio::select! {
            longer = log.longer_than(from) => longer,
            () = index.damaged() => {
                begin_again(&index, &mut tries, None)?;
                continue;
            }
        };
        let Some(len) = longer else { return Ok(()) };
        let mut records = log.read(from, chunk).await?;
        if records.is_empty() {
            return Err(LogError(format!("it has {len} records but none from {from} on")).into());
        }
        if from + (records.len() as u64) < len && !cut_to_whole_blocks(&mut records) {
            chunk *= 2;
            continue;
        }
        chunk = CHUNK;
        let writer = Arc::clone(&index);
        let written = tokio::task::spawn_blocking(move || writer.apply(&records)).await;
        match written.map_err(|_| IndexError::Closed)? {
            Ok(receipts) => told(&receipts),
            Err(error) if error.is_damage() => begin_again(&index, &mut tries, Some(error))?,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Why the log does not go on where the index read to, if so. Blocks are final, so a record that comes once more says the same; another
/// engine's, such as an older copy of it that went on by itself, says another time.
pub(super) async fn parted(index: &Index, log: &mut impl ReceiptLog, patience: Duration) -> Result<Option<String>, LogError> {
    let marks = index.marks();
    if marks.next_receipt <= index.first().receipt {
        return Ok(None);
    }
    let last = marks.next_receipt - 1;
    match timeout(patience, log.longer_than(last)).await {
        Ok(Some(_)) => {}
        // The log ended, which whoever runs it tells.
        Ok(None) => return Ok(None),
        Err(_) => return Ok(Some(format!("it read up to record {} and the log has fewer", marks.next_receipt))),
    }
    let records = log.read(last, 1).await?;
    let found = records.first().filter(|record| record.position == last).and_then(|record| Receipt::decode(&record.bytes));
    let same = found.is_some_and(|receipt| (receipt.height, receipt.time.get()) == (marks.height, marks.time));
    Ok((!same).then(|| format!("record {last} of the log is not the one that it read")))
}

/// Begins a damaged index anew, unless that did not help before.
fn begin_again(index: &Index, tries: &mut u32, error: Option<IndexError>) -> Result<(), IndexError> {
    *tries += 1;
    let why = error.as_ref().map_or_else(|| "a question could not be answered".to_owned(), ToString::to_string);
    if *tries > TRIES {
        return Err(error.unwrap_or(IndexError::Broken { times: TRIES }));
    }
    tracing::warn!(why, "the index is damaged, and is filled from its beginning");
    index.begin_again()
}

/// Drops the records of the last block, which may have more of them; false when there is no other block.
fn cut_to_whole_blocks(records: &mut Vec<LogRecord>) -> bool {
    let Some(last) = records.last().map(|record| record.height) else { return false };
    let whole = records.partition_point(|record| record.height < last);
    records.truncate(whole);
    whole > 0
}
