//! Storing one shard at one provider.
//!
//! In: a payload, its commitment and checksums, a provider. Out: the word that it is there, after a part of it was read back. How it went
//! is remembered. Absent on purpose: which provider, and who comes next (`placement`, `writer`).

use crate::{
    core::Core,
    erasure::{self, CHUNK},
    map::FaultKind,
    market::Provider,
    shards::ShardError,
};
use bytes::Bytes;
use depin_services::storage::piece::Commitment;
use rand::RngExt as _;

/// Stores one shard at one provider in bounded time, reads a part of it back, and remembers how that went.
pub(crate) async fn upload(
    core: &Core,
    provider: &Provider,
    cid: &Commitment,
    shard: Bytes,
    sums: &[u8],
) -> Result<(), ShardError> {
    let (limit, length) = (core.config.upload_timeout, shard.len() as u64);
    let stored = tokio::time::timeout(limit, core.shards.put(provider, cid, shard)).await;
    let stored = stored.unwrap_or_else(|_| Err(ShardError::Unreachable(format!("no answer to an upload within {limit:?}"))));
    let stored = match stored {
        Ok(()) => read_back(core, provider, cid, length, sums).await,
        failed => failed,
    };
    match &stored {
        Ok(()) => core.health.did_well(provider.address),
        // What is wrong is this account's, at every provider.
        Err(ShardError::Unfunded(_)) => {}
        Err(error) => {
            core.health.failed(provider.address, core.now_ms());
            // Being full is no fault.
            if !matches!(error, ShardError::Full(_) | ShardError::Limited(_)) {
                core.fault(FaultKind::Upload, provider, *cid, None, &error.to_string());
            }
        }
    }
    stored
}

/// Reads a chunk of a shard that was just stored, which one is chance: whoever says that it is stored and throws it away is found out
/// before anything is acknowledged.
async fn read_back(core: &Core, provider: &Provider, cid: &Commitment, length: u64, sums: &[u8]) -> Result<(), ShardError> {
    let chunk = rand::rng().random_range(0..length.div_ceil(CHUNK).max(1));
    let range = chunk * CHUNK..(chunk * CHUNK + CHUNK).min(length);
    let limit = core.config.read_timeout;
    let read = tokio::time::timeout(limit, core.shards.get(provider, cid, range.clone())).await;
    let read = read.unwrap_or_else(|_| Err(ShardError::Unreachable(format!("no answer within {limit:?}"))));
    let wrong =
        |why: String| ShardError::Wrong(format!("it said that the shard is stored, and reading a part of it back: {why}"));
    match read {
        Ok(bytes) if bytes.len() as u64 != range.end - range.start => Err(wrong(format!("{} bytes came", bytes.len()))),
        Ok(bytes) if erasure::first_altered(&bytes, chunk, sums).is_some() => Err(wrong("other bytes came".to_owned())),
        Ok(_) => Ok(()),
        Err(error) => Err(wrong(format!("it {error}"))),
    }
}
