//! Shards whose deal failed: read or rebuild them, store them elsewhere.

use super::{RenewalError, next_try};
use crate::{
    core::Core,
    fetch,
    map::{SegmentInfo, ShardRow, ShardState, tables},
    piece,
    placement::{self, Candidate, Need},
    shards::Progress,
    upload::{Shard, upload},
};
use bytes::Bytes;
use depin_quantity::Address;
use std::sync::Arc;

/// Bytes read at a time.
const WINDOW: u64 = 4 << 20;

/// Providers that are tried in one round, each for as long as an upload may take.
const TRIES: usize = 3;

/// Moves at most a few shards; each is tried again later when it cannot be moved now.
pub(super) async fn failed_shards(core: &Arc<Core>) -> Result<usize, RenewalError> {
    let (now, limit) = (core.now_ms(), core.config.renewal.rebuilds);
    let collected = core.pins.collected();
    let rows = core.map.read(move |db| tables::due(db, &[ShardState::Failed], now, limit)).await?;
    // Some that were just collected are not looked for; the next round knows.
    let Some(_inside) = core.pins.pin_all(rows.iter().map(|row| row.place.segment), collected) else { return Ok(0) };
    if !rows.is_empty() {
        // An offer that is stale by seconds is no reason for a wrong placement.
        core.directory.forget_offers().await;
    }
    let mut moved = 0;
    for row in rows {
        match move_shard(core, &row).await? {
            Ok(provider) => {
                tracing::info!(
                    segment = row.place.segment,
                    shard = row.place.index,
                    from = %row.provider,
                    to = %provider,
                    "a shard was placed again"
                );
                moved += 1;
            }
            Err(reason) => postpone(core, &row, reason).await?,
        }
    }
    Ok(moved)
}

/// The new provider's address, or why the shard cannot be moved now.
async fn move_shard(core: &Arc<Core>, row: &ShardRow) -> Result<Result<Address, String>, RenewalError> {
    let id = row.place.segment;
    let segment = Arc::new(core.map.read(move |db| tables::segment(db, id)).await?);
    let candidates = candidates(core, row, &segment).await?;
    if candidates.is_empty() {
        return Ok(Err(format!("no other provider can take it ({})", row.reason)));
    }
    let payload = match whole_shard(core, &segment, row).await {
        Ok(payload) => payload,
        Err(reason) => return Ok(Err(reason)),
    };
    let mut tried = Vec::new();
    let sums = segment.shards[row.place.index].sums.clone();
    let shard = Shard { cid: row.cid, sums, bytes: payload };
    for Candidate { provider, price, .. } in candidates.into_iter().take(TRIES) {
        let Some(_claim) = core.claims.take(provider.address, row.cid) else {
            tried.push(format!("{provider} is deleting it"));
            continue;
        };
        let taken = match core.take(core.cost(price, row.piece_size)) {
            Ok(taken) => taken,
            Err(reached) => return Ok(Err(format!("{reached} ({})", row.reason))),
        };
        match upload(core, &provider, &shard, &Progress::default()).await {
            Ok(()) => {
                let (row, address, now) = (row.clone(), provider.address, core.now_ms());
                core.map
                    .write(move |db| {
                        tables::spend(db, taken)?;
                        tables::move_shard(db, &row, address, price, now)
                    })
                    .await?;
                return Ok(Ok(provider.address));
            }
            Err(error) => tried.push(format!("{provider} {error}")),
        }
        core.spending.give_back(taken);
    }
    Ok(Err(format!("no provider took it: {}", tried.join("; "))))
}

/// Providers that hold no shard of this segment and did not refuse this one, in the order to try them.
async fn candidates(core: &Core, row: &ShardRow, segment: &SegmentInfo) -> Result<Vec<Candidate>, RenewalError> {
    let offers = core.offers([]).await?;
    let need = Need { piece_size: row.piece_size, payload: row.payload, prices: core.prices(&offers) };
    let seed =
        core.config.placement_seed ^ row.place.segment.unsigned_abs() ^ (u64::from(row.attempts) << 32) ^ row.place.index as u64;
    let order = placement::order(&offers, &need, |address| core.standing(address), seed);
    let others: Vec<Address> = segment
        .shards
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != row.place.index)
        .map(|(_, shard)| shard.provider)
        .collect();
    // As in a new segment: providers that were never proven hold few of its shards while proven ones are there.
    let unknown = others.iter().filter(|address| !core.proven.has(**address)).count();
    let full = placement::is_settled(&order, segment.k) && unknown >= segment.n - segment.k;
    let free = order
        .into_iter()
        .filter(|candidate| !others.contains(&candidate.provider.address) && (candidate.standing.proven || !full));
    let (avoided, fresh): (Vec<Candidate>, Vec<Candidate>) =
        free.partition(|candidate| row.avoid.contains(&candidate.provider.address));
    // A refusal may have had a passing reason; with nobody else left it is tried once more, after the usual pause, and never for more
    // than was agreed on before.
    let again = avoided.into_iter().filter(|candidate| row.price.is_none_or(|agreed| candidate.price <= agreed));
    Ok(if fresh.is_empty() && row.attempts > 0 { again.collect() } else { fresh })
}

/// The shard's payload, from its provider or rebuilt, checked against its CID.
async fn whole_shard(core: &Arc<Core>, segment: &Arc<SegmentInfo>, row: &ShardRow) -> Result<Bytes, String> {
    let mut payload = Vec::with_capacity(usize::try_from(segment.payload).map_err(|error| error.to_string())?);
    let mut from = 0;
    while from < segment.payload {
        let to = (from + WINDOW).min(segment.payload);
        let piece = fetch::read(core, segment, row.place.index, from..to).await.map_err(|error| error.to_string())?;
        payload.extend_from_slice(&piece);
        from = to;
    }
    let payload = Bytes::from(payload);
    let bytes = payload.clone();
    let cid = tokio::task::spawn_blocking(move || piece::cid(&bytes)).await.map_err(|error| error.to_string())?;
    match cid {
        Ok(cid) if cid == row.cid => Ok(payload),
        Ok(cid) => Err(format!("the rebuilt shard is {cid}, not {}", row.cid)),
        Err(error) => Err(error.to_string()),
    }
}

async fn postpone(core: &Core, row: &ShardRow, reason: String) -> Result<(), RenewalError> {
    tracing::warn!(
        segment = row.place.segment,
        shard = row.place.index,
        reason,
        "a shard could not be placed again; it is tried later"
    );
    let (place, attempts, next, now) = (row.place, row.attempts.saturating_add(1), next_try(core, row.attempts), core.now_ms());
    core.map
        .write(move |db| {
            tables::set_attempts(db, place, attempts)?;
            tables::set_state(db, place, ShardState::Failed, &reason, next, now)
        })
        .await?;
    Ok(())
}
