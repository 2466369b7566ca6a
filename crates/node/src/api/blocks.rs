//! Blocks.

use super::{
    App, PageQuery, Shared, Written,
    error::{ApiError, ApiResult},
    extract::{Params, Segment, page_after, page_limit},
    render::hex32,
};
use axum::{Json, extract::State};
use depin_client::api::{Block, BlockSummary, ErrorBody, Page};
use depin_engine::{Header, QueryError};
use depin_quantity::Instant;

/// Transactions never number more in a block.
const RECEIPTS_MAX: usize = depin_engine::MAX_TXS + 2;

/// Blocks, newest first. `next` is the height below which the next page begins.
#[utoipa::path(get, path = "/v1/blocks", tag = "chain", params(PageQuery),
    responses((status = 200, body = Page<BlockSummary>), (status = "default", body = ErrorBody)))]
pub(super) async fn blocks(State(app): State<Shared>, Params(query): Params<PageQuery>) -> ApiResult<Json<Page<BlockSummary>>> {
    let limit = page_limit(query.limit, 20, 100)?;
    let tip = app.engine.finalized().borrow().height;
    let before = page_after::<u64>(query.after.as_deref())?.unwrap_or(u64::MAX).min(tip.saturating_add(1));
    let mut items = Vec::new();
    let first = app.index.first().height;
    if (1..=first).contains(&before) {
        return Err(ApiError::pruned(format!("block {}", before - 1), first));
    }
    for height in (first..before).rev().take(limit) {
        // After a state sync the oldest blocks may be missing.
        let header = match app.engine.header(height).await {
            Ok(Some(header)) => header,
            // Given up since it was looked where history begins.
            Ok(None) | Err(QueryError::PrunedBlock { .. }) => break,
            Err(error) => return Err(error.into()),
        };
        items.push(summary(&app, &header).await?);
    }
    let next = items.last().map(|block| block.height).filter(|height| *height > first && items.len() == limit);
    Ok(Json(Page { items, next: next.map(|height| height.to_string()) }))
}

/// One block with the receipts of its transactions.
#[utoipa::path(get, path = "/v1/blocks/{height}", tag = "chain", params(("height" = u64, Path, description = "Its height")),
    responses((status = 200, body = Block), (status = "default", body = ErrorBody)))]
pub(super) async fn block(State(app): State<Shared>, Segment(height): Segment<u64>) -> ApiResult<Written> {
    let tip = app.engine.finalized().borrow().height;
    let missing = || ApiError::not_found(format!("there is no final block {height} here; the last one is {tip}"));
    if height > tip {
        return Err(missing());
    }
    let first = app.index.first().height;
    if (1..first).contains(&height) {
        return Err(ApiError::pruned(format!("block {height}"), first));
    }
    let header = app.engine.header(height).await?.ok_or_else(missing)?;
    app.index_caught_up().await?;
    let (summary, turn) = (summary(&app, &header).await?, app.turn().await?);
    let records = app.index.receipts_at(height, RECEIPTS_MAX).await?;
    let make = move |app: &App| {
        let mut receipts = Vec::with_capacity(records.len());
        for record in &records {
            receipts.extend(app.receipt(record).map_err(ApiError::internal)?);
        }
        Ok(Block {
            summary,
            parent: hex32(&header.parent()),
            state_root: hex32(&header.state_root()),
            receipts_root: hex32(&header.receipts_root()),
            receipts,
        })
    };
    app.written(turn, make).await
}

async fn summary(app: &Shared, header: &Header) -> ApiResult<BlockSummary> {
    let height = header.height();
    let events = app.index.block(height).await?.map_or(0, |block| block.events);
    Ok(BlockSummary {
        height,
        digest: hex32(&header.digest()),
        time: Instant::new(header.stamp().time).into(),
        wall_ms: header.stamp().wall,
        proposer: hex32(&header.proposer()),
        transactions: header.tx_count(),
        events: u32::try_from(events).unwrap_or(u32::MAX),
    })
}
