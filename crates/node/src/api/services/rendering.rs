//! The service `rendering`: nodes, jobs, tickets, what the network allows.

use super::page::page;
use crate::api::{
    App, PageQuery, Shared, Written,
    error::{ApiError, ApiResult},
    extract::{Params, Segment, Segments, page_after, page_limit},
};
use axum::{Json, extract::State};
use depin_client::api::{
    ErrorBody, Page, RenderingEligible, RenderingJob, RenderingJobQuery, RenderingNetwork, RenderingNode, RenderingNodeQuery,
    RenderingPerson, RenderingTicket,
};
use depin_economy::{Account, Component, Reads};
use depin_quantity::{Address, Measured, Name, UnitId};
use depin_services::{
    Service as _,
    rendering::{self as service, Rendering, Tier},
};
use depin_state::ReadState;
use std::collections::BTreeMap;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of this service.
pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(network))
        .routes(routes!(nodes))
        .routes(routes!(node))
        .routes(routes!(node_tickets))
        .routes(routes!(jobs))
        .routes(routes!(job))
        .routes(routes!(job_nodes))
        .routes(routes!(tickets))
        .routes(routes!(ticket))
        .routes(routes!(person))
}

impl App {
    fn rendering(&self) -> ApiResult<&Rendering> {
        let service = self.ledger.service();
        let rendering = service.rendering();
        rendering
            .ok_or_else(|| ApiError::not_found(format!("this network runs the service `{}`, not `rendering`", service.name())))
    }
}

/// What the network allows, and sums.
#[utoipa::path(get, path = "/v1/rendering", tag = "rendering",
    responses((status = 200, body = RenderingNetwork), (status = "default", body = ErrorBody)))]
pub(super) async fn network(State(app): State<Shared>) -> ApiResult<Json<RenderingNetwork>> {
    let rendering = app.rendering()?;
    let params = &rendering.params;
    let windows = params.windows;
    let windows_ms = [
        ("approval", windows.approval),
        ("check", windows.check),
        ("deliver", windows.deliver),
        ("deliver-least", params.deliver_least),
        ("key", windows.key),
        ("open", windows.open_most),
        ("reveal", windows.reveal),
        ("agree", windows.agree),
        ("judge", windows.judge),
        ("secret", windows.secret),
        ("beat", params.beat),
    ];
    let tiers = |of: &dyn Fn(Tier) -> u64| Tier::ALL.map(|tier| (tier.word().to_owned(), of(tier)));
    let least = Tier::ALL.map(|tier| (tier.word().to_owned(), params.reputation_least[tier.index()]));
    Ok(Json(app.read(|state, reads| RenderingNetwork {
        priced_in: params.rules.priced_in(),
        currency: params.rules.currency,
        credit: params.credit,
        per_credit: BTreeMap::from(tiers(&|tier| params.per_credit(tier))),
        reputation_least: BTreeMap::from(least),
        check_least: params.check_least.to_string(),
        bond: params.bond.to_string(),
        frames_most: params.frames_most,
        re_renders_most: params.re_renders_most,
        nodes_most: params.nodes_most,
        jobs_most: params.per_artist,
        windows_ms: windows_ms.into_iter().map(|(name, span)| (name.to_owned(), span.get())).collect(),
        pays_idle: params.rules.idle_period.is_some(),
        pledge: {
            let basis = Component { metric: Name::literal("nodes"), quantity: Measured::new(1) };
            let quoted = reads.quote_pledge(Name::literal("node"), basis).ok().filter(|_| params.rules.pledges);
            let rule = reads.spec().pledge(Name::literal("node"));
            quoted.zip(rule).map(|(units, rule)| app.tokens.amount(rule.token, units))
        },
        totals: rendering.figures(state).into_iter().map(|figure| (figure.name.to_owned(), figure.value.to_string())).collect(),
    })))
}

/// A page of nodes, by id; those that left stay.
#[utoipa::path(get, path = "/v1/rendering/nodes", tag = "rendering", params(RenderingNodeQuery),
    responses((status = 200, body = Page<RenderingNode>), (status = "default", body = ErrorBody)))]
pub(super) async fn nodes(State(app): State<Shared>, Params(query): Params<RenderingNodeQuery>) -> ApiResult<Written> {
    app.rendering()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<UnitId>(query.after.as_deref())?;
    let listed = app.list(move |_, state, _| {
        let rows: Box<dyn Iterator<Item = _>> = match query.owner {
            Some(owner) => Box::new(service::nodes_of(state, owner, after)),
            None => Box::new(service::nodes(state, after)),
        };
        let wanted = |row: &service::Node| query.tier.is_none_or(|tier| row.terms.tiers.contains(&tier));
        let wire = |(id, row)| Some(row).filter(&wanted).map(|row| wire_node(id, row));
        Ok(page(rows, limit, |(id, _)| id.to_string(), wire))
    });
    listed.await
}

/// One node.
#[utoipa::path(get, path = "/v1/rendering/nodes/{node}", tag = "rendering",
    params(("node" = String, Path, description = "Its id")),
    responses((status = 200, body = RenderingNode), (status = "default", body = ErrorBody)))]
pub(super) async fn node(State(app): State<Shared>, Segment(id): Segment<UnitId>) -> ApiResult<Json<RenderingNode>> {
    app.rendering()?;
    let found = app.ledger.read(|state| service::node(state, id).map(|row| wire_node(id, row)));
    found.map(Json).ok_or_else(|| no_node(id))
}

fn no_node(id: UnitId) -> ApiError {
    ApiError::not_found(format!("{id} is no node; its owner registers it first"))
}

fn wire_node(node: UnitId, row: service::Node) -> RenderingNode {
    RenderingNode {
        node,
        owner: row.owner,
        name: row.name,
        active: row.active,
        below_pledge: row.below_pledge,
        reputation: row.reputation(),
        judged: row.judged,
        right: row.right,
        open: row.open,
        pending: row.pending,
        frames: row.frames,
        work: row.work.to_string(),
        value: row.value.to_string(),
        beat: row.beat.map(Into::into),
        since: row.since.into(),
        terms: row.terms,
    }
}

/// Where a page of a node's tickets begins: `<job>/<number>`.
fn ticket_after(after: Option<&str>) -> ApiResult<Option<(UnitId, u32)>> {
    let Some(text) = after else { return Ok(None) };
    let parts = text.split_once('/').and_then(|(job, number)| Some((job.parse().ok()?, number.parse().ok()?)));
    parts.map(Some).ok_or_else(|| ApiError::bad_request(format!("`{text}` is no ticket"), "pass the `next` of the page before"))
}

/// A page of the tickets of a node that are not decided, by job and number.
#[utoipa::path(get, path = "/v1/rendering/nodes/{node}/tickets", tag = "rendering",
    params(("node" = String, Path, description = "Its id"), PageQuery),
    responses((status = 200, body = Page<RenderingTicket>), (status = "default", body = ErrorBody)))]
pub(super) async fn node_tickets(
    State(app): State<Shared>,
    Segment(id): Segment<UnitId>,
    Params(query): Params<PageQuery>,
) -> ApiResult<Written> {
    app.rendering()?;
    let limit = page_limit(query.limit, 100, 500)?;
    let after = ticket_after(query.after.as_deref())?;
    let listed = app.list(move |_, state, _| {
        if service::node(state, id).is_none() {
            return Err(no_node(id));
        }
        let wire = |((job, number), row)| Some(wire_ticket(state, job, number, row));
        Ok(page(service::tickets_of(state, id, after), limit, |((job, number), _)| format!("{job}/{number}"), wire))
    });
    listed.await
}

/// A page of jobs, by id.
#[utoipa::path(get, path = "/v1/rendering/jobs", tag = "rendering", params(RenderingJobQuery),
    responses((status = 200, body = Page<RenderingJob>), (status = "default", body = ErrorBody)))]
pub(super) async fn jobs(State(app): State<Shared>, Params(query): Params<RenderingJobQuery>) -> ApiResult<Written> {
    app.rendering()?;
    let limit = page_limit(query.limit, 50, 200)?;
    let after = page_after::<UnitId>(query.after.as_deref())?;
    let listed = app.list(move |app, state, reads| {
        let rows: Box<dyn Iterator<Item = _>> = match (query.artist, query.dispatcher) {
            (Some(artist), _) => Box::new(service::jobs_of(state, artist, after)),
            (None, Some(dispatcher)) => Box::new(service::jobs_by(state, dispatcher, after)),
            (None, None) => Box::new(service::jobs(state, after)),
        };
        let wanted = |row: &service::Job| {
            query.state.is_none_or(|wanted| wanted == row.state)
                && query.dispatcher.is_none_or(|dispatcher| dispatcher == row.terms.dispatcher)
        };
        let wire = |(id, row)| Some(row).filter(&wanted).map(|row| wire_job(app, reads, id, row));
        Ok(page(rows, limit, |(id, _)| id.to_string(), wire))
    });
    listed.await
}

/// One job.
#[utoipa::path(get, path = "/v1/rendering/jobs/{job}", tag = "rendering",
    params(("job" = String, Path, description = "Its id")),
    responses((status = 200, body = RenderingJob), (status = "default", body = ErrorBody)))]
pub(super) async fn job(State(app): State<Shared>, Segment(id): Segment<UnitId>) -> ApiResult<Json<RenderingJob>> {
    app.rendering()?;
    let found = app.read(|state, reads| service::job(state, id).map(|row| wire_job(&app, reads, id, row)));
    found.map(Json).ok_or_else(|| no_job(id))
}

fn no_job(id: UnitId) -> ApiError {
    ApiError::not_found(format!("there is no job {id}; it may have been closed and forgotten"))
}

fn wire_job(app: &App, reads: &Reads<'_>, id: UnitId, row: service::Job) -> RenderingJob {
    let currency = app.rendering().map(|rendering| rendering.params.rules.currency).unwrap_or_else(|_| app.tokens.first());
    RenderingJob::of(id, row, app.tokens.amount(currency, reads.balance(Account::Hold(id), currency)))
}

/// The nodes that a job's frames may go to, in the order in which they are drawn from.
#[utoipa::path(get, path = "/v1/rendering/jobs/{job}/nodes", tag = "rendering",
    params(("job" = String, Path, description = "Its id")),
    responses((status = 200, body = Vec<RenderingEligible>), (status = "default", body = ErrorBody)))]
pub(super) async fn job_nodes(
    State(app): State<Shared>,
    Segment(id): Segment<UnitId>,
) -> ApiResult<Json<Vec<RenderingEligible>>> {
    app.rendering()?;
    let found = app.ledger.read(|state| {
        service::job(state, id)?;
        let nodes = service::eligible(state, id).into_iter();
        let wire = |one: service::Eligible| {
            let row = service::node(state, one.node)?;
            let (url, active) = (row.terms.url, row.active && !row.below_pledge);
            Some(RenderingEligible { node: one.node, owner: one.owner, weight: one.weight, url, active })
        };
        Some(nodes.filter_map(wire).collect())
    });
    found.map(Json).ok_or_else(|| no_job(id))
}

/// A page of the tickets of a job, in the order in which they were given out.
#[utoipa::path(get, path = "/v1/rendering/jobs/{job}/tickets", tag = "rendering",
    params(("job" = String, Path, description = "Its id"), PageQuery),
    responses((status = 200, body = Page<RenderingTicket>), (status = "default", body = ErrorBody)))]
pub(super) async fn tickets(
    State(app): State<Shared>,
    Segment(id): Segment<UnitId>,
    Params(query): Params<PageQuery>,
) -> ApiResult<Written> {
    app.rendering()?;
    let limit = page_limit(query.limit, 100, 500)?;
    let after = page_after::<u32>(query.after.as_deref())?;
    let listed = app.list(move |_, state, _| {
        if service::job(state, id).is_none() {
            return Err(no_job(id));
        }
        let wire = |(number, row)| Some(wire_ticket(state, id, number, row));
        Ok(page(service::tickets(state, id, after), limit, |(number, _)| number.to_string(), wire))
    });
    listed.await
}

/// One ticket of a job.
#[utoipa::path(get, path = "/v1/rendering/jobs/{job}/tickets/{number}", tag = "rendering",
    params(("job" = String, Path, description = "The job"), ("number" = u32, Path, description = "The ticket's number")),
    responses((status = 200, body = RenderingTicket), (status = "default", body = ErrorBody)))]
pub(super) async fn ticket(
    State(app): State<Shared>,
    Segments(id, number): Segments<UnitId, u32>,
) -> ApiResult<Json<RenderingTicket>> {
    app.rendering()?;
    let found = app.ledger.read(|state| service::ticket(state, id, number).map(|row| wire_ticket(state, id, number, row)));
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("there is no ticket {number} of a job {id}")))
}

fn wire_ticket(state: &dyn ReadState, job: UnitId, number: u32, row: service::Ticket) -> RenderingTicket {
    RenderingTicket::of(job, number, row, service::comparison(state, job, number))
}

/// What somebody did as an artist and as a dispatcher.
#[utoipa::path(get, path = "/v1/rendering/people/{address}", tag = "rendering",
    params(("address" = String, Path, description = "Whose")),
    responses((status = 200, body = RenderingPerson), (status = "default", body = ErrorBody)))]
pub(super) async fn person(State(app): State<Shared>, Segment(who): Segment<Address>) -> ApiResult<Json<RenderingPerson>> {
    app.rendering()?;
    let row = app.ledger.read(|state| service::person(state, who));
    let service::Person { jobs, nodes, paid, rejected, unfounded, broken } = row;
    Ok(Json(RenderingPerson { jobs, nodes, paid, rejected, unfounded, broken }))
}
