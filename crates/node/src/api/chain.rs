//! Health, metrics, description, status.

use super::{Shared, chance, error::ApiError, error::ApiResult, render::hex32};
use crate::{
    clock,
    machine::{base_fee, row_base_fee, row_fee},
    metrics::{Scrape, SupplyFigure},
};
use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use depin_client::api::{ClockWarning, Content, DiskRoom, ErrorBody, History, Status};
use depin_quantity::Instant;
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};
use utoipa::ToSchema;

/// Type of Prometheus' text form.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /health`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always true; an unwell node answers 503.
    ok: bool,
    /// `ok`, or `degraded` while there is a reason.
    status: &'static str,
    /// What its owner should see to, by what it concerns.
    reasons: BTreeMap<&'static str, String>,
    /// Height of the last final block.
    height: u64,
    /// Records of the receipts log that the index has not read yet.
    index_lag: u64,
    /// Room on the node's disk, where its system says.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk: Option<DiskRoom>,
    /// Milliseconds by which the chain's clock is ahead of the wall clock, or behind it (negative); zero when it follows it.
    clock_off_ms: i64,
    /// Present while that is more than the drift.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_warning: Option<ClockWarning>,
}

/// Whether the node is well: its engine runs, its state is loaded, and blocks come. 503 `stalled` when none has become final for ten
/// heartbeats.
#[utoipa::path(get, path = "/health", tag = "node", responses((status = 200, body = Health), (status = 503, body = ErrorBody)))]
pub(super) async fn health(State(app): State<Shared>) -> ApiResult<Json<Health>> {
    app.well()?;
    let height = app.ledger.head().height;
    if height == 0 {
        return Err(ApiError::busy("there is no block yet"));
    }
    if let Some(stalled) = app.stalled() {
        return Err(ApiError::stalled(&stalled));
    }
    let (clock_off_ms, clock_warning) = clock_off(&app);
    let disk = disk(&app);
    let reasons: BTreeMap<_, _> = disk.and_then(|disk| disk.warning()).map(|why| ("disk", why)).into_iter().collect();
    let status = if reasons.is_empty() { "ok" } else { "degraded" };
    Ok(Json(Health { ok: true, status, reasons, height, index_lag: index_lag(&app), clock_off_ms, clock_warning, disk }))
}

fn clock_off(app: &Shared) -> (i64, Option<ClockWarning>) {
    clock::off(&app.clock, app.engine.finalized().borrow().stamp.wall)
}

fn disk(app: &Shared) -> Option<DiskRoom> {
    app.disk.level().map(DiskRoom::of_chain)
}

fn index_lag(app: &Shared) -> u64 {
    app.engine.receipts_len().saturating_sub(app.index.marks().next_receipt)
}

/// Metrics in Prometheus' text form.
#[utoipa::path(get, path = "/metrics", tag = "node", responses((status = 200, body = String, content_type = "application/openmetrics-text")))]
pub(super) async fn metrics(State(app): State<Shared>) -> ApiResult<Response> {
    let (log_len, indexed) = (app.engine.receipts_len(), app.index.marks().next_receipt);
    // Before the rows are read: the ledger is not asked again while it is.
    let rows = app.ledger.head().rows as u64;
    let disk = app.disk.level();
    let (clock_off_ms, _) = clock_off(&app);
    let scrape = app.read(|state, reads| {
        let figure = |token| {
            let supply = reads.issued(token)?;
            let whole = |units| app.tokens.whole(token, units);
            Some(SupplyFigure { token: token.to_string(), minted: whole(supply.minted), burned: whole(supply.burned) })
        };
        Scrape {
            pool: app.pool.size(),
            log_len,
            indexed,
            service: app.ledger.service().figures(state).iter().map(|figure| figure.value).collect(),
            rows,
            disk,
            clock_off_ms,
            clock_jump_ms: app.clock.jumped_ms(),
            block_age: app.beat.age(),
            supply: app.tokens.names().filter_map(figure).collect(),
        }
    });
    let page = app.metrics.page(&scrape).map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, METRICS_TYPE)], page).into_response())
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "node", responses((status = 200, description = "OpenAPI document")))]
pub(super) async fn openapi(State(app): State<Shared>) -> Json<utoipa::openapi::OpenApi> {
    Json(super::description(app.ledger.service()))
}

/// Where the chain stands.
#[utoipa::path(get, path = "/v1/status", tag = "chain", responses((status = 200, body = Status), (status = "default", body = ErrorBody)))]
pub(super) async fn status(State(app): State<Shared>) -> ApiResult<Json<Status>> {
    let header = app.tip_header().await?;
    let (height, stamp, doc) = (header.height(), header.stamp(), app.ledger.doc());
    let (service, figures) = (app.ledger.service(), app.ledger.read(|state| app.ledger.service().figures(state)));
    let (clock_off_ms, clock_warning) = clock::off(&app.clock, stamp.wall);
    Ok(Json(Status {
        chain_id: doc.chain_id,
        network: doc.network,
        service: service.name(),
        figures: figures.iter().map(|figure| (figure.name.to_owned(), figure.value.to_string())).collect(),
        height,
        time: Instant::new(stamp.time).to_rfc3339(),
        time_ms: stamp.time,
        wall_ms: stamp.wall,
        clock_off_ms,
        clock_warning,
        stalled: app.stalled(),
        chance: Some(chance::chance(&app)),
        speed: if height == 0 { app.speed } else { stamp.speed },
        state_root: hex32(&header.state_root()),
        receipts_root: hex32(&header.receipts_root()),
        base_fee: app.tokens.main(base_fee(&app.ledger)),
        row_fee: app.tokens.main(row_fee(&app.ledger)),
        row_base_fee: row_base_fee(&app.ledger).map(|units| app.tokens.main(units)),
        base_fee_least: Some(app.tokens.main(app.ledger.economy().spec().fee().minimum)),
        history: {
            let first = app.index.first();
            History { block: first.height, event: first.event }
        },
        version: env!("CARGO_PKG_VERSION").to_owned(),
        format: depin_ledger::FORMAT,
        disk: disk(&app),
    }))
}

/// The digest of all rows after the last final block, which depends on nothing but the rows: for comparing two states, or an export
/// with a node. No block holds it. It is made while blocks go on, takes about a microsecond a row, one at a time; a height is
/// digested once.
#[utoipa::path(get, path = "/v1/content", tag = "chain", responses((status = 200, body = Content), (status = "default", body = ErrorBody)))]
pub(super) async fn content(State(app): State<Shared>) -> ApiResult<Json<Content>> {
    let (ledger, height) = (Arc::clone(&app.ledger), app.ledger.head().height);
    let make = move || {
        let found = ledger.content_digest()?;
        Some((found.height, Content { height: found.height, rows: found.rows as u64, digest: found.digest }))
    };
    app.digested.get(height, make).await.map(Json)
}
