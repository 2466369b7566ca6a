//! Placements that are no longer wanted: their deals end early, their payloads are deleted.

use super::{RenewalError, next_try};
use crate::{
    core::Core,
    map::{RetiredRow, RetiredState, tables},
};
use depin_quantity::UnitId;
use std::sync::Arc;

/// After so many failed deletions a payload is left to its provider, which drops what no deal covers.
const DELETIONS_MAX: u32 = 12;

/// Takes each placement one step further; counts deleted payloads.
pub(super) async fn retired(core: &Arc<Core>) -> Result<usize, RenewalError> {
    let (now, batch) = (core.now_ms(), core.config.renewal.batch);
    let rows = core.map.read(move |db| tables::retired(db, now, batch)).await?;
    let of = |state| rows.iter().filter(move |row| row.state == state).cloned().collect::<Vec<RetiredRow>>();
    unknown(core, of(RetiredState::Unknown)).await?;
    ending(core, of(RetiredState::Ending)).await?;
    deleting(core, of(RetiredState::Deleting)).await
}

async fn unknown(core: &Core, rows: Vec<RetiredRow>) -> Result<(), RenewalError> {
    if rows.is_empty() {
        return Ok(());
    }
    let found = core.market.find(rows.iter().map(|row| (row.provider, row.cid)).collect()).await?;
    let steps: Vec<RetiredRow> = rows
        .into_iter()
        .zip(found)
        .map(|(row, deal)| {
            let state = if deal.is_some() { RetiredState::Ending } else { RetiredState::Deleting };
            RetiredRow { deal, state, attempts: 0, ..row }
        })
        .collect();
    write(core, steps.into_iter().map(|row| (row, 0, String::new())).collect()).await
}

async fn ending(core: &Core, rows: Vec<RetiredRow>) -> Result<(), RenewalError> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<UnitId> = rows.iter().map(|row| row.deal.unwrap_or_default()).collect();
    let deals = core.market.deals(ids.clone()).await?;
    let over = |deal: &crate::market::Deal| deal.state.as_ref().is_none_or(crate::market::DealState::is_final);
    let running: Vec<UnitId> = deals.iter().filter(|deal| !over(deal)).map(|deal| deal.id).collect();
    let refused: Vec<String> = if running.is_empty() {
        Vec::new()
    } else {
        core.market
            .end(running)
            .await?
            .into_iter()
            .map(|answer| answer.err().map(|error| error.to_string()).unwrap_or_default())
            .collect()
    };
    let mut refused = refused.into_iter();
    let steps = rows
        .into_iter()
        .zip(&deals)
        .map(|(row, deal)| {
            if over(deal) {
                (RetiredRow { state: RetiredState::Deleting, attempts: 0, ..row }, 0, String::new())
            } else {
                // Both sides must sign; the provider's answer is looked for later.
                let next = next_try(core, row.attempts.min(4));
                (RetiredRow { attempts: row.attempts.saturating_add(1), ..row }, next, refused.next().unwrap_or_default())
            }
        })
        .collect();
    write(core, steps).await
}

async fn deleting(core: &Core, rows: Vec<RetiredRow>) -> Result<usize, RenewalError> {
    let mut deleted = 0;
    for row in rows {
        let (address, cid) = (row.provider, row.cid);
        let wanted_again = core.map.read(move |db| tables::is_placed(db, address, cid)).await?;
        let outcome =
            if wanted_again { Ok(()) } else { core.shards.delete(&core.directory.provider(row.provider), &row.cid).await };
        match outcome {
            Ok(()) => {
                deleted += usize::from(!wanted_again);
                core.map.write(move |db| tables::forget_retired(db, row.id)).await?;
            }
            Err(error) if row.attempts >= DELETIONS_MAX => {
                tracing::warn!(provider = %row.provider, cid = %row.cid, %error, "a payload is left for its provider to drop");
                core.map.write(move |db| tables::forget_retired(db, row.id)).await?;
            }
            Err(error) => {
                let next = next_try(core, row.attempts);
                write(core, vec![(RetiredRow { attempts: row.attempts + 1, ..row }, next, error.to_string())]).await?;
            }
        }
    }
    Ok(deleted)
}

async fn write(core: &Core, steps: Vec<(RetiredRow, u64, String)>) -> Result<(), RenewalError> {
    core.map
        .write(move |db| steps.iter().try_for_each(|(row, next, reason)| tables::set_retired(db, row, *next, reason)))
        .await?;
    Ok(())
}
