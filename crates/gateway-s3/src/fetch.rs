//! Reading ranges of shards, round providers that are dead, slow or lying.
//!
//! In: a segment, a data shard, a range of it. Out: exactly the bytes that were stored there. Called by `reader` and by the renewal service's
//! rebuilding. Every range is fetched in whole chunks and checked against the map's checksums before anybody sees it, so a provider
//! that serves other bytes is known by name. When the shard's own provider fails, or says nothing for a while, the same range of k
//! other shards is fetched and the wanted one rebuilt; whatever comes first wins.

use crate::{
    core::Core,
    erasure::{self, CHUNK},
    map::{FaultKind, SegmentInfo, ShardPlace},
    market::Provider,
    shards::ShardError,
};
use bytes::Bytes;
use futures::{StreamExt as _, stream::FuturesUnordered};
use std::{ops::Range, sync::Arc};

/// Why bytes cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("segment {segment} needs any {k} of its {n} shards, but only {have} can be read: {missing}")]
    NotEnoughShards { segment: i64, k: usize, n: usize, have: usize, missing: String },
    #[error("segment {segment} cannot be decoded: {reason}")]
    Decoding { segment: i64, reason: String },
}

/// One shard that could not be read.
struct Missing {
    index: usize,
    provider: Provider,
    error: ShardError,
}

/// Bytes `range` of shard `index`.
///
/// # Errors
/// [`FetchError::NotEnoughShards`] naming every shard that failed, with its provider.
pub(crate) async fn read(
    core: &Arc<Core>,
    segment: &Arc<SegmentInfo>,
    index: usize,
    range: Range<u64>,
) -> Result<Bytes, FetchError> {
    let chunks = range.start / CHUNK * CHUNK..(range.end.div_ceil(CHUNK) * CHUNK).min(segment.payload);
    let bytes = read_chunks(core, segment, index, chunks.clone()).await?;
    let from = (range.start - chunks.start) as usize;
    Ok(bytes.slice(from..from + (range.end - range.start) as usize))
}

async fn read_chunks(
    core: &Arc<Core>,
    segment: &Arc<SegmentInfo>,
    index: usize,
    chunks: Range<u64>,
) -> Result<Bytes, FetchError> {
    let provider = segment.shards[index].provider;
    let doubtful = core.health.is_doubtful(provider, core.now_ms());
    if doubtful {
        // Others first; the doubtful one is asked only when they are not enough.
        return match rebuild(core, segment, index, chunks.clone(), Vec::new()).await {
            Ok(bytes) => Ok(bytes),
            Err(error) => verified(core, segment, index, chunks).await.map_err(|_| error),
        };
    }
    let mut direct = Box::pin(verified(core, segment, index, chunks.clone()));
    tokio::select! {
        answer = &mut direct => match answer {
            Ok(bytes) => Ok(bytes),
            Err(missing) => rebuild(core, segment, index, chunks, vec![missing]).await,
        },
        () = tokio::time::sleep(core.config.hedge) => hedge(core, segment, index, chunks, direct).await,
    }
}

/// Races the late direct answer against a rebuild.
async fn hedge(
    core: &Arc<Core>,
    segment: &Arc<SegmentInfo>,
    index: usize,
    chunks: Range<u64>,
    mut direct: impl Future<Output = Result<Bytes, Missing>> + Unpin,
) -> Result<Bytes, FetchError> {
    let mut rebuilt = Box::pin(rebuild(core, segment, index, chunks, Vec::new()));
    tokio::select! {
        answer = &mut direct => match answer {
            Ok(bytes) => Ok(bytes),
            Err(_) => rebuilt.await,
        },
        answer = &mut rebuilt => match answer {
            Ok(bytes) => {
                let shard = &segment.shards[index];
                let provider = core.directory.provider(shard.provider);
                core.health.failed(shard.provider, core.now_ms());
                let detail = format!("no answer within {:?}; {} other shards were quicker", core.config.hedge, segment.k);
                core.fault(FaultKind::Slow, &provider, shard.cid, Some(ShardPlace { segment: segment.id, index }), &detail);
                Ok(bytes)
            }
            Err(error) => direct.await.map_err(|_| error),
        },
    }
}

/// Rebuilds a range of shard `wanted` from the same range of k others. Failures name these and the `missing` ones.
async fn rebuild(
    core: &Arc<Core>,
    segment: &Arc<SegmentInfo>,
    wanted: usize,
    chunks: Range<u64>,
    mut missing: Vec<Missing>,
) -> Result<Bytes, FetchError> {
    let now = core.now_ms();
    let mut others: Vec<usize> = (0..segment.n).filter(|index| *index != wanted).collect();
    // Data shards first: with all of them there is nothing to decode.
    others.sort_by_key(|index| (core.health.is_doubtful(segment.shards[*index].provider, now), *index));
    let mut waiting = others.into_iter();
    let ask = |index: usize| {
        let chunks = chunks.clone();
        async move { verified(core, segment, index, chunks).await.map(|bytes| (index, bytes)) }
    };
    let mut asked: FuturesUnordered<_> = waiting.by_ref().take(segment.k).map(ask).collect();
    let mut have: Vec<(usize, Bytes)> = Vec::with_capacity(segment.k);
    while have.len() < segment.k {
        match asked.next().await {
            Some(Ok(shard)) => have.push(shard),
            Some(Err(failed)) => {
                missing.push(failed);
                if let Some(index) = waiting.next() {
                    asked.push(ask(index));
                }
            }
            None => return Err(not_enough(segment, wanted, &have, missing)),
        }
    }
    let (k, n, id) = (segment.k, segment.n, segment.id);
    let decoded = tokio::task::spawn_blocking(move || erasure::rebuild(&have, wanted, k, n)).await;
    let failed = |reason: String| FetchError::Decoding { segment: id, reason };
    Ok(decoded.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?.into())
}

fn not_enough(segment: &SegmentInfo, wanted: usize, have: &[(usize, Bytes)], mut missing: Vec<Missing>) -> FetchError {
    missing.sort_by_key(|shard| shard.index);
    let mut named: Vec<String> =
        missing.iter().map(|Missing { index, provider, error }| format!("shard {index} at {provider} {error}")).collect();
    if missing.iter().all(|shard| shard.index != wanted) {
        named.push(format!("shard {wanted} is the one wanted"));
    }
    FetchError::NotEnoughShards { segment: segment.id, k: segment.k, n: segment.n, have: have.len(), missing: named.join("; ") }
}

/// Whether the provider of a shard answers a read of whole chunks of it, with whatever; what it says is remembered like any read's outcome.
pub(crate) async fn answers(core: &Arc<Core>, segment: &Arc<SegmentInfo>, index: usize, chunks: Range<u64>) -> bool {
    match verified(core, segment, index, chunks).await {
        Ok(_) => true,
        Err(missing) => Core::read_fault(&missing.error) != FaultKind::Dead,
    }
}

/// Whole chunks of one shard from its provider, checked. Failures are remembered and written down.
async fn verified(core: &Arc<Core>, segment: &Arc<SegmentInfo>, index: usize, chunks: Range<u64>) -> Result<Bytes, Missing> {
    let shard = &segment.shards[index];
    let provider = core.directory.provider(shard.provider);
    let limit = core.config.read_timeout;
    let answer = tokio::time::timeout(limit, core.shards.get(&provider, &shard.cid, chunks.clone())).await;
    let answer = answer.unwrap_or_else(|_| Err(ShardError::Unreachable(format!("no answer to a read within {limit:?}"))));
    let checked = answer.and_then(|bytes| {
        if bytes.len() as u64 != chunks.end - chunks.start {
            return Err(ShardError::Wrong(format!("{} bytes instead of {}", bytes.len(), chunks.end - chunks.start)));
        }
        match erasure::first_altered(&bytes, chunks.start / CHUNK, &shard.sums) {
            None => Ok(bytes),
            Some(chunk) => Err(ShardError::Wrong(format!("chunk {chunk} is not what was stored"))),
        }
    });
    match checked {
        Ok(bytes) => {
            core.health.did_well(provider.address);
            Ok(bytes)
        }
        Err(error) => {
            core.health.failed(provider.address, core.now_ms());
            core.fault(
                Core::read_fault(&error),
                &provider,
                shard.cid,
                Some(ShardPlace { segment: segment.id, index }),
                &error.to_string(),
            );
            Err(Missing { index, provider, error })
        }
    }
}
