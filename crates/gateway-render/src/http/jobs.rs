//! Jobs and frames, as their artist sees them.

use super::{
    Shared,
    error::{ApiError, ApiResult, Segments},
};
use crate::{
    board::Seen,
    plan::{FrameView, frames as frames_of, to_check},
    scenes::FrameFile,
    store::{Draft, DraftOf, drafts},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use depin_client::{
    api::RenderingTicket,
    render::{DeskFrame, DeskJob, DeskTicket, FrameStage, OpeningView, TicketStage},
};
use depin_quantity::UnitId;
use depin_services::rendering::{Format, JobState};
use std::{collections::BTreeMap, sync::Arc};

/// Most jobs in the list, the last ones first.
const JOBS_MAX: u32 = 500;

impl crate::desk::Desk {
    /// A job of this dispatcher as last seen; one that was closed before this process began is read once more.
    async fn seen(self: &Arc<Self>, job: UnitId) -> ApiResult<(Draft, Seen)> {
        let draft = self.draft(DraftOf::Job(job)).await?.ok_or_else(|| ApiError::no_job(job))?;
        if let Some(seen) = self.board.job(job) {
            return Ok((draft, seen));
        }
        let away = |error| {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "no-node", format!("the node does not answer the dispatcher: {error}"))
        };
        let forgotten = || ApiError::not_found(format!("the ledger has closed and forgotten job {job}"));
        let seen = self.look(&draft, job).await.map_err(away)?.ok_or_else(forgotten)?;
        Ok((draft, seen))
    }

    fn job_view(&self, draft: &Draft, id: UnitId, seen: Option<&Seen>) -> DeskJob {
        let mut frames = BTreeMap::<String, u32>::new();
        for frame in seen.into_iter().flat_map(|seen| self.desk_frames(id, seen)) {
            *frames.entry(frame.stage.word().to_owned()).or_default() += 1;
        }
        let nodes = seen.map_or(0, |seen| seen.view.nodes.len());
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        DeskJob {
            job: id,
            name: draft.name.clone(),
            closed: seen.is_none_or(|seen| seen.view.job.state == JobState::Closed),
            frames,
            scenes: (count(self.board.scenes(id)), count(nodes)),
            problems: self.board.problems(Some(id)),
        }
    }

    fn desk_frames(&self, id: UnitId, seen: &Seen) -> Vec<DeskFrame> {
        let by_number: BTreeMap<u32, &RenderingTicket> = seen.view.tickets.iter().map(|one| (one.number, one)).collect();
        let one = |frame: FrameView| self.desk_frame(id, seen, &by_number, frame);
        frames_of(&seen.view, &seen.book).into_iter().map(one).collect()
    }

    fn desk_frame(&self, job: UnitId, seen: &Seen, tickets: &BTreeMap<u32, &RenderingTicket>, frame: FrameView) -> DeskFrame {
        let ticket = frame.ticket.and_then(|number| tickets.get(&number));
        let told = frame.ticket.and_then(|number| self.board.told(job, number));
        let rendering = told.as_ref().is_some_and(|told| told.state == TicketStage::Rendering);
        let is_handed = ticket.is_some_and(|ticket| ticket.handed.is_some());
        let has = |kind| frame.ticket.is_some_and(|number| self.files.has(job, number, kind));
        let at_node = told.as_ref().filter(|_| frame.stage == FrameStage::Queued);
        DeskFrame {
            frame: seen.view.job.terms.frames.number(frame.index).unwrap_or_default(),
            index: frame.index,
            stage: if frame.stage == FrameStage::Queued && rendering { FrameStage::Rendering } else { frame.stage },
            progress: if is_handed { 1.0 } else { at_node.map_or(0.0, |told| told.progress.clamp(0.0, 1.0)) },
            attempts: frame.attempts,
            ticket: frame.ticket,
            node: ticket.map(|ticket| ticket.node),
            verified: ticket.is_some_and(|ticket| ticket.verified),
            price: ticket.map_or(0, |ticket| ticket.price),
            preview: has(FrameFile::Preview),
            sealed: has(FrameFile::Sealed),
            why: frame.why.or_else(|| at_node.and_then(|told| told.why.as_ref().map(|why| why.chars().take(300).collect()))),
        }
    }
}

pub(super) async fn list(State(desk): State<Shared>) -> ApiResult<Json<Vec<DeskJob>>> {
    let known = desk.store.run(|db| drafts::ordered(db, true, JOBS_MAX)).await?;
    let one = |draft: &Draft| draft.job.map(|id| desk.job_view(draft, id, desk.board.job(id).as_ref()));
    Ok(Json(known.iter().filter_map(one).collect()))
}

pub(super) async fn show(State(desk): State<Shared>, Segments(job): Segments<UnitId>) -> ApiResult<Json<DeskJob>> {
    let (draft, seen) = desk.seen(job).await?;
    Ok(Json(desk.job_view(&draft, job, Some(&seen))))
}

pub(super) async fn frames(State(desk): State<Shared>, Segments(job): Segments<UnitId>) -> ApiResult<Json<Vec<DeskFrame>>> {
    let (_, seen) = desk.seen(job).await?;
    Ok(Json(desk.desk_frames(job, &seen)))
}

/// The frame with a number of the scene's.
async fn frame(desk: &Shared, job: UnitId, number: i64) -> ApiResult<(Seen, FrameView)> {
    let (_, seen) = desk.seen(job).await?;
    let range = seen.view.job.terms.frames;
    let off = || ApiError::not_found(format!("the job has frames {}, and {number} is none of them", range_text(&seen)));
    let found = frames_of(&seen.view, &seen.book).into_iter().find(|frame| range.number(frame.index) == Some(number));
    let found = found.ok_or_else(off)?;
    Ok((seen, found))
}

fn range_text(seen: &Seen) -> String {
    let range = seen.view.job.terms.frames;
    match range.step {
        1 => format!("{} to {}", range.first, range.last),
        step => format!("{} to {} in steps of {step}", range.first, range.last),
    }
}

/// A file of the ticket that counts for a frame.
async fn file(desk: &Shared, job: UnitId, ticket: Option<u32>, kind: FrameFile) -> ApiResult<Option<Vec<u8>>> {
    let Some(ticket) = ticket else { return Ok(None) };
    let desk = Arc::clone(desk);
    let read = tokio::task::spawn_blocking(move || desk.files.read(job, ticket, kind)).await;
    read.map_err(ApiError::internal)?.map_err(ApiError::internal)
}

pub(super) async fn preview(State(desk): State<Shared>, Segments((job, number)): Segments<(UnitId, i64)>) -> ApiResult<Response> {
    let (_, found) = frame(&desk, job, number).await?;
    let bytes = file(&desk, job, found.ticket, FrameFile::Preview).await?;
    let bytes = bytes.ok_or_else(|| ApiError::not_found(format!("there is no preview of frame {number} yet")))?;
    Ok(([(header::CONTENT_TYPE, "image/png")], bytes).into_response())
}

pub(super) async fn image(State(desk): State<Shared>, Segments((job, number)): Segments<(UnitId, i64)>) -> ApiResult<Response> {
    let (seen, found) = frame(&desk, job, number).await?;
    let ticket = seen.view.tickets.iter().find(|ticket| Some(ticket.number) == found.ticket);
    let Some((ticket, key)) = ticket.and_then(|ticket| Some((ticket.clone(), ticket.key?))) else {
        let stage = found.stage.word();
        let error =
            ApiError::new(StatusCode::CONFLICT, "not-done", format!("frame {number} is {stage}, and its key is not open"));
        return Err(error.hint("look at its preview and approve it; its node then opens its key"));
    };
    let sealed = file(&desk, job, found.ticket, FrameFile::Sealed).await?;
    let sealed = sealed.ok_or_else(|| ApiError::not_found(format!("frame {number} is not here; its node is asked for it")))?;
    let format = seen.view.job.terms.format;
    let opened = tokio::task::spawn_blocking(move || crate::open::frame(&ticket, key, &sealed, format)).await;
    let bytes = opened.map_err(ApiError::internal)?.map_err(|wrong| {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong-key", format!("frame {number}: {wrong}"))
            .hint(format!("`depin render dispute {job} {number}` has a third node look at it"))
    })?;
    let kind = match format {
        Format::Png => "image/png",
        Format::Exr => "image/x-exr",
        Format::Outputs => "application/zip",
    };
    Ok(([(header::CONTENT_TYPE, kind)], bytes).into_response())
}

pub(super) async fn tickets(
    State(desk): State<Shared>,
    Segments((job, number)): Segments<(UnitId, i64)>,
) -> ApiResult<Json<Vec<DeskTicket>>> {
    let (seen, found) = frame(&desk, job, number).await?;
    let own = |ticket: &RenderingTicket| {
        let issuance = seen.book.issued.get(&ticket.hash).filter(|issuance| issuance.frame == found.index)?;
        Some(DeskTicket {
            number: ticket.number,
            purpose: issuance.purpose.clone(),
            attempt: issuance.attempt,
            node: ticket.node,
            state: ticket.state.clone(),
            verified: ticket.verified,
            to_check: to_check(&seen.view, &seen.book, ticket.number),
            pixels: None,
        })
    };
    Ok(Json(seen.view.tickets.iter().filter_map(own).collect()))
}

pub(super) async fn opening(
    State(desk): State<Shared>,
    Segments((job, number)): Segments<(UnitId, u32)>,
) -> ApiResult<Json<OpeningView>> {
    let (_, seen) = desk.seen(job).await?;
    let ticket = seen.view.tickets.iter().find(|ticket| ticket.number == number);
    let issuance = ticket.and_then(|ticket| seen.book.issued.get(&ticket.hash));
    let issuance =
        issuance.ok_or_else(|| ApiError::not_found(format!("this dispatcher gave no ticket {number} of the job out")))?;
    Ok(Json(OpeningView { number, opening: issuance.opening(seen.book.secret, job) }))
}
