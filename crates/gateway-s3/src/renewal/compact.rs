//! Segments of which much was deleted: what is left of them moves into others, so that nobody keeps and pays for what nobody wants.
//!
//! ```text
//! half-empty segment ─▶ its live ciphertext, read and checked ─▶ the writer, as any upload's ─▶ the map points there, in one transaction
//! ```
//!
//! The old segment has no live bytes then, and is collected like any other. A kill before the map points there leaves bytes in new segments
//! that no object needs: these are collected; a kill after it leaves the old segment to be collected.

use super::{RenewalError, next_try};
use crate::{
    core::Core,
    fetch,
    map::{Extent, Placed, SegmentInfo, tables},
    writer::{UploadLog, Writer},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Bytes read at a time.
const WINDOW: u64 = 4 << 20;
/// Segments looked at for one that is not in use and did not fail lately.
const CANDIDATES: usize = 64;

/// Segments that could not be compacted: how often, and when they are tried again.
#[derive(Default)]
pub(super) struct Failures(Mutex<HashMap<i64, (u32, u64)>>);

impl Failures {
    fn rests(&self, segment: i64, now_ms: u64) -> bool {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(&segment).is_some_and(|(_, next)| now_ms < *next)
    }

    fn note(&self, core: &Core, segment: i64, failed: bool) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let attempts = failures.remove(&segment).map_or(0, |(attempts, _)| attempts);
        // A segment may be deleted while it rests, and is not heard of again.
        failures.retain(|_, (_, next)| core.now_ms() < *next);
        if failed {
            failures.insert(segment, (attempts.saturating_add(1), next_try(core, attempts)));
        }
    }
}

/// Compacts one segment, if one needs it; counts it.
pub(super) async fn one(core: &Arc<Core>, writer: &Arc<Writer>, failures: &Failures) -> Result<usize, RenewalError> {
    let (now, least) = (core.now_ms(), core.config.shard_payload_min);
    let age = u64::try_from(core.config.renewal.compact_after.as_millis()).unwrap_or(u64::MAX);
    let Some(before) = now.checked_sub(age) else { return Ok(0) };
    let collected = core.pins.collected();
    let found = core.map.read(move |db| tables::half_empty(db, least, before, CANDIDATES)).await?;
    // One that somebody is inside of may be one that is being filled.
    let Some(id) = found.into_iter().find(|id| !core.pins.is_pinned(*id) && !failures.rests(*id, now)) else { return Ok(0) };
    // What cannot be paid for does not move.
    if let Err(error) = writer.check_prospects().await {
        tracing::debug!(segment = id, %error, "a half-empty segment stays for now");
        return Ok(0);
    }
    let Some(_pins) = core.pins.pin_all([id], collected) else { return Ok(0) };
    let moved = compact(core, writer, id).await?;
    failures.note(core, id, moved.is_err());
    match moved {
        Ok(bytes) => {
            tracing::info!(segment = id, bytes, "what was left of a segment was moved");
            Ok(1)
        }
        Err(reason) => {
            tracing::warn!(segment = id, reason, "what is left of a segment could not be moved; it is tried later");
            Ok(0)
        }
    }
}

/// Bytes moved, or why they cannot be moved now.
async fn compact(core: &Arc<Core>, writer: &Arc<Writer>, id: i64) -> Result<Result<u64, String>, RenewalError> {
    let (segment, placed) = core.map.read(move |db| Ok((tables::segment(db, id)?, tables::placed(db, id)?))).await?;
    let mut log = UploadLog::default();
    if let Err(reason) = rewrite(core, writer, &Arc::new(segment), &placed, &mut log).await {
        return Ok(Err(reason));
    }
    let bytes = placed.iter().map(|placed| placed.extent.length).sum();
    let moves = places(&placed, &log.extents);
    core.map.write(move |db| moves.iter().try_for_each(|(placed, to)| tables::move_extent(db, *placed, to))).await?;
    // The segments that were written are kept from being collected until here.
    drop(log);
    Ok(Ok(bytes))
}

/// Reads everything that lies in a segment and stores it anew.
async fn rewrite(
    core: &Arc<Core>,
    writer: &Arc<Writer>,
    segment: &Arc<SegmentInfo>,
    placed: &[Placed],
    log: &mut UploadLog,
) -> Result<(), String> {
    for Placed { extent, .. } in placed {
        let (mut at, end) = (extent.at, extent.at + extent.length);
        while at < end {
            let (shard, from) = (at / segment.payload, at % segment.payload);
            let to = (from + (end - at).min(WINDOW)).min(segment.payload);
            let index = usize::try_from(shard).map_err(|error| error.to_string())?;
            let bytes = fetch::read(core, segment, index, from..to).await.map_err(|error| error.to_string())?;
            writer.append(log, &bytes).await.map_err(|error| error.to_string())?;
            at += to - from;
        }
    }
    writer.settle(log).await.map_err(|error| error.to_string())
}

/// Where each run lies now: `written` holds all of them, one behind the other.
fn places(placed: &[Placed], written: &[Extent]) -> Vec<(Placed, Vec<Extent>)> {
    let mut written = written.iter().copied();
    let mut rest: Option<Extent> = None;
    placed
        .iter()
        .map(|one| {
            let (mut left, mut parts) = (one.extent.length, Vec::new());
            while left > 0 {
                let Some(Extent { segment, at, length }) = rest.take().or_else(|| written.next()) else { break };
                let length_here = length.min(left);
                parts.push(Extent { segment, at, length: length_here });
                left -= length_here;
                rest = (length > length_here).then(|| Extent { segment, at: at + length_here, length: length - length_here });
            }
            (*one, parts)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(segment: i64, at: u64, length: u64) -> Extent {
        Extent { segment, at, length }
    }

    #[test]
    fn each_run_is_found_where_it_was_written() {
        let placed = [(7, 100, 5), (7, 200, 10), (8, 0, 3)].map(|(content, at, length)| Placed {
            content,
            start: 0,
            extent: extent(1, at, length),
        });
        let moved = places(&placed, &[extent(2, 50, 8), extent(3, 0, 10)]);
        let parts: Vec<_> = moved.into_iter().map(|(_, parts)| parts).collect();
        assert_eq!(parts, [vec![extent(2, 50, 5)], vec![extent(2, 55, 3), extent(3, 0, 7)], vec![extent(3, 7, 3)],]);
    }
}
