//! Placements that are no longer wanted: their deals end early. What comes after that is in `delete`.

use super::{RenewalError, next_try};
use crate::{
    core::Core,
    map::{RetiredRow, RetiredState, tables},
};
use depin_quantity::UnitId;
use std::sync::Arc;

/// Takes each placement one step further towards the end of its deal.
pub(super) async fn retired(core: &Arc<Core>) -> Result<(), RenewalError> {
    let (now, batch) = (core.now_ms(), core.config.renewal.batch);
    let rows = core.map.read(move |db| tables::retired(db, now, batch)).await?;
    let of = |state| rows.iter().filter(move |row| row.state == state).cloned().collect::<Vec<RetiredRow>>();
    unknown(core, of(RetiredState::Unknown)).await?;
    ending(core, of(RetiredState::Ending)).await
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

async fn write(core: &Core, steps: Vec<(RetiredRow, u64, String)>) -> Result<(), RenewalError> {
    core.map
        .write(move |db| steps.iter().try_for_each(|(row, next, reason)| tables::set_retired(db, row, *next, reason)))
        .await?;
    Ok(())
}
