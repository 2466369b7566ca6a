//! The service `clusters`: devices, hours, hires, what the network allows.

use super::page::page;
use crate::api::{
    App, PageQuery, Shared, Written,
    error::{ApiError, ApiResult},
    extract::{Params, Segment, page_after, page_limit},
};
use axum::{Json, extract::State};
use depin_client::api::{
    ClusterDevice, ClusterDeviceQuery, ClusterHire, ClusterHireQuery, ClusterHour, ClusterSlot, ClustersNetwork, ErrorBody, Page,
};
use depin_economy::{Account, Component, Reads};
use depin_quantity::{Measured, Name, UnitId};
use depin_services::{
    Service as _,
    clusters::{self as service, Clusters},
};
use depin_state::ReadState;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of this service.
pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(network))
        .routes(routes!(devices))
        .routes(routes!(device))
        .routes(routes!(hours))
        .routes(routes!(hour))
        .routes(routes!(hires))
        .routes(routes!(hire))
}

impl App {
    fn clusters(&self) -> ApiResult<&Clusters> {
        let service = self.ledger.service();
        let clusters = service.clusters();
        clusters.ok_or_else(|| ApiError::not_found(format!("this network runs the service `{}`, not `clusters`", service.name())))
    }
}

/// What the network allows, and sums.
#[utoipa::path(get, path = "/v1/clusters", tag = "clusters",
    responses((status = 200, body = ClustersNetwork), (status = "default", body = ErrorBody)))]
pub(super) async fn network(State(app): State<Shared>) -> ApiResult<Json<ClustersNetwork>> {
    let clusters = app.clusters()?;
    let params = &clusters.params;
    let (proof, rules) = (&params.proof, &params.rules);
    Ok(Json(app.read(|state, reads| ClustersNetwork {
        hour_ms: params.hour.get(),
        begins: params.start.into(),
        uptime: params.uptime,
        first_hire_after_ms: params.first_hire_after.get(),
        checker: reads.role(proof.checker),
        limit_ms: proof.limit.get(),
        within_ms: proof.within.get(),
        window: proof.window,
        misses: proof.misses,
        work: proof.work,
        lock_least: proof.lock_least.to_string(),
        slices: params.slices,
        hours_least: params.hours_least,
        devices_most: params.bounds.devices,
        stake: {
            let basis = Component { metric: Name::literal("stake-units"), quantity: Measured::new(4) };
            let quoted = reads.quote_pledge(Name::literal("device"), basis).ok().filter(|_| rules.pledges);
            let rule = reads.spec().pledge(Name::literal("device"));
            quoted.zip(rule).map(|(units, rule)| app.tokens.amount(rule.token, units))
        },
        rates_most: rules.currencies.iter().map(|one| app.tokens.amount(one.token, one.rate_most)).collect(),
        totals: clusters.figures(state).into_iter().map(|figure| (figure.name.to_owned(), figure.value.to_string())).collect(),
    })))
}

/// A page of devices, by id; those that left stay.
#[utoipa::path(get, path = "/v1/clusters/devices", tag = "clusters", params(ClusterDeviceQuery),
    responses((status = 200, body = Page<ClusterDevice>), (status = "default", body = ErrorBody)))]
pub(super) async fn devices(State(app): State<Shared>, Params(query): Params<ClusterDeviceQuery>) -> ApiResult<Written> {
    app.clusters()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<UnitId>(query.after.as_deref())?;
    let listed = app.list(move |_, state, _| {
        let rows: Box<dyn Iterator<Item = _>> = match (query.owner, query.hour) {
            (Some(owner), _) => Box::new(service::devices_of(state, owner, after)),
            (None, Some(hour)) => Box::new(service::waiting(state, hour, after)),
            (None, None) => Box::new(service::devices(state, after)),
        };
        let wanted = |row: &service::Device| query.hour.is_none_or(|hour| row.due == Some(hour));
        let wire = |(id, row)| Some(row).filter(&wanted).map(|row| wire_device(id, row));
        Ok(page(rows, limit, |(id, _)| id.to_string(), wire))
    });
    listed.await
}

/// One device.
#[utoipa::path(get, path = "/v1/clusters/devices/{device}", tag = "clusters",
    params(("device" = String, Path, description = "Its id")),
    responses((status = 200, body = ClusterDevice), (status = "default", body = ErrorBody)))]
pub(super) async fn device(State(app): State<Shared>, Segment(id): Segment<UnitId>) -> ApiResult<Json<ClusterDevice>> {
    app.clusters()?;
    let found = app.ledger.read(|state| service::device(state, id).map(|row| wire_device(id, row)));
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("{id} is no device; its owner registers it first")))
}

fn wire_device(device: UnitId, row: service::Device) -> ClusterDevice {
    ClusterDevice {
        device,
        owner: row.owner,
        name: row.name,
        active: row.active,
        below_pledge: row.below_pledge,
        due: row.due,
        nominated: row.nominated,
        uptime: row.uptime,
        reliability: row.reliability(),
        passed_hours: row.passed_hours,
        failed_hours: row.failed_hours,
        misses: row.misses,
        score: row.score.to_string(),
        hire: row.hire.map(|(hire, _)| hire),
        since: row.since.into(),
        terms: row.terms,
    }
}

/// A page of hours, the oldest that is kept first.
#[utoipa::path(get, path = "/v1/clusters/hours", tag = "clusters", params(PageQuery),
    responses((status = 200, body = Page<ClusterHour>), (status = "default", body = ErrorBody)))]
pub(super) async fn hours(State(app): State<Shared>, Params(query): Params<PageQuery>) -> ApiResult<Written> {
    app.clusters()?;
    let limit = page_limit(query.limit, 100, 500)?;
    let after = page_after::<u64>(query.after.as_deref())?;
    let listed = app.list(move |app, state, _| {
        let wire = |(number, row)| wire_hour(app, number, row);
        Ok(page(service::hours(state, after), limit, |(number, _)| number.to_string(), wire))
    });
    listed.await
}

/// One hour.
#[utoipa::path(get, path = "/v1/clusters/hours/{hour}", tag = "clusters",
    params(("hour" = u64, Path, description = "Its number, from the network's beginning on")),
    responses((status = 200, body = ClusterHour), (status = "default", body = ErrorBody)))]
pub(super) async fn hour(State(app): State<Shared>, Segment(number): Segment<u64>) -> ApiResult<Json<ClusterHour>> {
    app.clusters()?;
    let found = app.ledger.read(|state| service::hour(state, number).and_then(|row| wire_hour(&app, number, row)));
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("nobody waited for hour {number}, or it is forgotten")))
}

fn wire_hour(app: &App, hour: u64, row: service::Hour) -> Option<ClusterHour> {
    let params = &app.clusters().ok()?.params;
    Some(ClusterHour {
        hour,
        begins: params.hour_start(hour).into(),
        state: row.state,
        seed: row.opened.map(|(seed, _)| seed),
        opened: row.opened.map(|(_, at)| at.into()),
        waiting: row.waiting,
        nominated: row.nominated,
        completed: row.completed,
        failed: row.failed,
        spared: row.spared,
        left: row.left,
        probing: row.probing,
        score: row.score.to_string(),
    })
}

/// A page of hires, by id.
#[utoipa::path(get, path = "/v1/clusters/hires", tag = "clusters", params(ClusterHireQuery),
    responses((status = 200, body = Page<ClusterHire>), (status = "default", body = ErrorBody)))]
pub(super) async fn hires(State(app): State<Shared>, Params(query): Params<ClusterHireQuery>) -> ApiResult<Written> {
    app.clusters()?;
    let limit = page_limit(query.limit, 20, 50)?;
    let after = page_after::<UnitId>(query.after.as_deref())?;
    let listed = app.list(move |app, state, reads| {
        let rows: Box<dyn Iterator<Item = _>> = match query.hirer {
            Some(hirer) => Box::new(service::hires_of(state, hirer, after)),
            None => Box::new(service::hires(state, after)),
        };
        let wire = |(id, row)| Some(wire_hire(app, state, reads, id, row));
        Ok(page(rows, limit, |(id, _)| id.to_string(), wire))
    });
    listed.await
}

/// One hire with its devices.
#[utoipa::path(get, path = "/v1/clusters/hires/{hire}", tag = "clusters",
    params(("hire" = String, Path, description = "Its id")),
    responses((status = 200, body = ClusterHire), (status = "default", body = ErrorBody)))]
pub(super) async fn hire(State(app): State<Shared>, Segment(id): Segment<UnitId>) -> ApiResult<Json<ClusterHire>> {
    app.clusters()?;
    let found = app.read(|state, reads| service::hire(state, id).map(|row| wire_hire(&app, state, reads, id, row)));
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("there is no hire {id}; it may have been closed and forgotten")))
}

fn wire_hire(app: &App, state: &dyn ReadState, reads: &Reads<'_>, id: UnitId, row: service::Hire) -> ClusterHire {
    let currency = row.terms.currency;
    let amount = |units| app.tokens.amount(currency, units);
    let slot = |(number, slot): (u32, service::Slot)| ClusterSlot {
        slot: number,
        device: slot.device,
        owner: slot.owner,
        url: service::device(state, slot.device).map(|device| device.terms.url).unwrap_or_default(),
        processors: slot.processors,
        rate: amount(slot.rate),
        from: slot.from.into(),
        hours: slot.hours,
        stage: slot.stage,
        seen: slot.seen.into(),
        end: slot.end,
        owed: slot.owed,
        used: slot.counted,
        paid: amount(slot.paid),
        replaces: slot.replaces,
    };
    ClusterHire {
        hire: id,
        hirer: row.hirer,
        state: row.state,
        created: row.created.into(),
        until: row.until.into(),
        deposited: amount(row.deposited),
        paid: amount(row.paid),
        held: amount(reads.balance(Account::Escrow(id), currency)),
        closed: row.closed.map(Into::into),
        slots: service::slots(state, id, None).map(slot).collect(),
        terms: row.terms,
    }
}
