//! Reports: taken when they are on the disk, and what became of them.

use super::{
    Shared,
    error::{ApiError, ApiResult, Params, Segment, body, json},
};
use crate::{
    node::Core,
    store::{ReportRow, reports},
    wire::{NewReport, ReportState, ReportView},
};
use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use depin_client::api::Page;
use depin_quantity::ContentHash;
use depin_services::metered::{ENTRIES_MAX, Evidence, check_evidence, check_report_id};
use serde::Deserialize;
use std::time::Duration;

/// Most entries of a page.
const PAGE_MAX: usize = 1_000;
/// Longest wait for the node when a report is shown; what is kept is shown then.
const ASK: Duration = Duration::from_secs(3);

/// An id that a caller chose.
pub(super) fn check_id(id: &str) -> ApiResult<()> {
    check_report_id(id).map_err(ApiError::bad_request)
}

/// A pointer to evidence, by the ledger's rule: so that it is not refused much later.
pub(super) fn check_pointer(pointer: Option<&str>) -> ApiResult<()> {
    let evidence = Evidence { hash: ContentHash::new([0; 32]), pointer: pointer.map(str::to_owned) };
    check_evidence(&evidence).map_err(ApiError::bad_request)
}

fn check(core: &Core, report: &NewReport) -> ApiResult<()> {
    check_id(&report.id)?;
    check_pointer(report.pointer.as_deref())?;
    let most = core.config.params.units_most;
    if report.units == 0 || report.units > most {
        return Err(ApiError::bad_request(format!(
            "report `{}` is of {} units; a batch has 1 to {most}",
            report.id, report.units
        )));
    }
    Ok(())
}

/// Takes one report or a list of them: all, or none.
pub(super) async fn take(State(core): State<Shared>, bytes: Result<Bytes, BytesRejection>) -> ApiResult<Response> {
    let bytes = body(bytes)?;
    let many = bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[');
    let all: Vec<NewReport> = if many { json(&bytes)? } else { vec![json(&bytes)?] };
    if all.is_empty() || all.len() > ENTRIES_MAX {
        return Err(ApiError::bad_request(format!("{} reports at once; send 1 to {ENTRIES_MAX}", all.len())));
    }
    all.iter().try_for_each(|report| check(&core, report))?;
    if core.metrics.queued().saturating_add(all.len()) > core.config.queue_max {
        return Err(ApiError::busy(format!(
            "{} reports wait already, which is as many as this gateway keeps",
            core.metrics.queued()
        )));
    }
    let taken = core.store.run(move |db| reports::take(db, &all)).await?;
    if taken.new > 0 {
        core.metrics.taken(taken.new);
        core.reports.notify_one();
    }
    let mut views: Vec<ReportView> = taken.rows.into_iter().map(|row| row.view).collect();
    if many {
        return Ok((StatusCode::ACCEPTED, Json(views)).into_response());
    }
    Ok((StatusCode::ACCEPTED, Json(views.pop())).into_response())
}

/// A report as it stands now: what the ledger says is asked first, where it can be.
pub(super) async fn show(State(core): State<Shared>, Segment(id): Segment) -> ApiResult<Json<ReportView>> {
    let wanted = id.clone();
    let found = core.store.run(move |db| reports::get(db, &wanted)).await?;
    let ReportRow { view, .. } = found.ok_or_else(|| unknown(&id))?;
    let under_way = matches!(view.state, ReportState::Reported | ReportState::Pending | ReportState::Disputed);
    if !under_way {
        return Ok(Json(why_it_waits(&core, view)));
    }
    let batch = tokio::time::timeout(ASK, core.client.metered().batch(view.batch)).await;
    Ok(Json(match batch {
        Ok(Ok(batch)) => view.with_batch(batch.as_ref()),
        Ok(Err(_)) | Err(_) => view,
    }))
}

/// Adds what keeps a report that waits, if anything does.
fn why_it_waits(core: &Core, mut view: ReportView) -> ReportView {
    if view.state == ReportState::Queued && view.reason.is_none() {
        view.reason = core.problems.of("reports");
    }
    view
}

fn unknown(id: &str) -> ApiError {
    ApiError::not_found(format!("no report `{id}` was handed in here"))
}

/// Sends a refused report again.
pub(super) async fn retry(State(core): State<Shared>, Segment(id): Segment) -> ApiResult<Response> {
    let wanted = id.clone();
    let (again, row) = core.store.run(move |db| Ok((reports::retry(db, &wanted)?, reports::get(db, &wanted)?))).await?;
    let row = row.ok_or_else(|| unknown(&id))?;
    if again {
        core.metrics.taken(1);
        core.reports.notify_one();
    }
    Ok((StatusCode::ACCEPTED, Json(row.view)).into_response())
}

/// Which page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Paged {
    after: Option<i64>,
    limit: Option<usize>,
}

/// A page of reports, in the order in which they came, as they were last seen.
pub(super) async fn list(State(core): State<Shared>, Params(page): Params<Paged>) -> ApiResult<Json<Page<ReportView>>> {
    let limit = page.limit.unwrap_or(100);
    if limit == 0 || limit > PAGE_MAX {
        return Err(ApiError::bad_request(format!("`limit` is 1 to {PAGE_MAX}")));
    }
    let after = page.after.unwrap_or(0);
    let rows = core.store.run(move |db| reports::list(db, after, limit)).await?;
    let next = rows.last().filter(|_| rows.len() == limit).map(|row| row.seq.to_string());
    Ok(Json(Page { items: rows.into_iter().map(|row| why_it_waits(&core, row.view)).collect(), next }))
}
