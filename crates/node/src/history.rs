//! How much of the past a node keeps: final blocks, certificates, receipts and what the index says of them.
//!
//! In: the stamps of blocks, and the node's clock. Out: where history begins, written down before anything is deleted, so that whatever
//! a stop leaves is told as given up and goes later. What the ledger is, its rows, its sums and its audit, needs no history. Absent on
//! purpose: what the engine has of the past of its rows, which it gives up by itself.

use crate::{
    home::{Home, HomeError},
    index::{First, Index, IndexError},
};
use depin_engine::{Clock, Handle, QueryError};
use depin_files::Readers;
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How long history is kept, usually.
pub const KEEP_HISTORY: Duration = Duration::from_secs(30 * 86_400);
/// Blocks that are kept however old they are: an answer about the newest ones is always there.
const BLOCKS_MIN: u64 = 64;
/// How often it is looked for what has become too old, at most and at least.
const EVERY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(3_600));
/// When it is looked for first: a node that never runs for an hour gives up history as well.
const FIRST: Duration = Duration::from_secs(5);
/// Receipts read at once where the log begins in the middle of a block.
const CHUNK: usize = 1_024;

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    height: u64,
    receipt: u64,
    event: u64,
    /// Beginning of the digest of the others: with a digit changed, more would be given up.
    check: String,
}

impl Written {
    fn of(First { height, receipt, event }: First) -> Self {
        let check = blake3::hash(format!("{height} {receipt} {event}").as_bytes()).to_hex();
        Self { height, receipt, event, check: check[..16].to_owned() }
    }
}

/// Why nothing could be given up this time.
#[derive(Debug, thiserror::Error)]
enum PruneError {
    #[error(transparent)]
    Engine(#[from] QueryError),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error("cannot write {}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
}

/// Where history begins by the word of the file. One that cannot be read says nothing: the engine and the index know it as well, but for
/// the positions of events where the index is lost too.
pub(crate) fn written(home: &Home) -> Result<First, HomeError> {
    let path = home.history();
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(First::default()),
        Err(source) => return Err(HomeError::Io { path, source }),
    };
    let read = serde_json::from_slice(&text).map_err(|error| error.to_string()).and_then(|written: Written| {
        let first = First { height: written.height, receipt: written.receipt, event: written.event };
        if written == Written::of(first) { Ok(first) } else { Err("it does not match its check".to_owned()) }
    });
    match read {
        Ok(first) => Ok(first),
        Err(error) => {
            let path = path.display();
            tracing::warn!(%path, %error, "the file does not say where history begins; the index and the engine are asked instead");
            Ok(First::default())
        }
    }
}

/// Where an index can begin: as written, or where the engine's receipts do when they begin later.
pub(crate) async fn begin(written: First, engine: &Handle) -> Result<First, QueryError> {
    let (mut receipt, of) = match engine.receipts(written.receipt, 1).await {
        Err(QueryError::PrunedReceipts { first, height }) => (first, height),
        answer => return answer.map(|_| written),
    };
    // The log may begin in the middle of a block, and an index holds whole ones.
    loop {
        let records = engine.receipts(receipt, CHUNK).await?;
        if let Some(next) = records.iter().find(|record| record.height > of) {
            return Ok(First { height: next.height, receipt: next.position, event: written.event });
        }
        match records.last() {
            Some(last) => receipt = last.position + 1,
            None => return Ok(First { height: of + 1, receipt, event: written.event }),
        }
    }
}

/// Finishes what a stop left, then gives up what is older than `keep`, now and then, for ever.
pub(crate) async fn prune(keep: Option<Duration>, path: PathBuf, clock: Arc<Clock>, engine: Handle, index: Arc<Index>) {
    if let Err(error) = delete(&index).await {
        tracing::warn!(%error, "what was given up of the index stays for now");
    }
    let Some(keep) = keep else { return };
    let every = (keep / 24).clamp(EVERY.0, EVERY.1);
    let mut pause = every.min(FIRST);
    loop {
        tokio::time::sleep(pause).await;
        pause = every;
        match round(keep, &path, &clock, &engine, &index).await {
            Ok(()) | Err(PruneError::Engine(QueryError::Closed) | PruneError::Index(IndexError::Closed)) => {}
            Err(error) => tracing::warn!(%error, "history that is too old stays for now"),
        }
    }
}

async fn round(keep: Duration, path: &Path, clock: &Clock, engine: &Handle, index: &Arc<Index>) -> Result<(), PruneError> {
    let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
    let oldest = clock.now_ms().saturating_sub(keep);
    let tip = engine.finalized().borrow().height;
    let (from, read) = (index.first().height.max(1), index.marks().height);
    let height = first_since(engine, from, tip, oldest).await?.min(tip.saturating_sub(BLOCKS_MIN)).min(read);
    if height <= from {
        return Ok(());
    }
    let Some(first) = index.begin_of(height).await? else { return Ok(()) };
    let text = serde_json::json!(Written::of(first)).to_string();
    depin_files::replace(path, text.as_bytes(), Readers::Everybody)
        .map_err(|source| PruneError::File { path: path.to_owned(), source })?;
    engine.prune(first.height);
    index.give_up(first)?;
    delete(index).await?;
    tracing::debug!(height = first.height, "history begins here now");
    Ok(())
}

async fn delete(index: &Arc<Index>) -> Result<(), IndexError> {
    let index = Arc::clone(index);
    tokio::task::spawn_blocking(move || index.delete_given_up()).await.map_err(|_| IndexError::Closed)?
}

/// The lowest height from `low` on whose block was stamped at `since` or later; `high` when none below it was.
async fn first_since(engine: &Handle, mut low: u64, mut high: u64, since: u64) -> Result<u64, QueryError> {
    while low < high {
        let middle = low + (high - low) / 2;
        // A block that is not there, after a state sync, is older than those that are.
        let stamped = engine.header(middle).await?.map(|header| header.stamp().wall);
        if stamped.is_some_and(|wall| wall >= since) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}
