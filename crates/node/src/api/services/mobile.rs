//! The mobile part of the service `coverage`: access points, carriers, sessions.

use super::{coverage::wire_location, page::page};
use crate::api::{
    App, PageQuery, Shared, Written,
    error::{ApiError, ApiResult},
    extract::{Params, Segment, Segments, page_after, page_limit},
};
use axum::{Json, extract::State};
use depin_client::api::{
    AccessPointQuery, ErrorBody, MobileAccessPoint, MobileCap, MobileCarrier, MobileNetwork, MobileSession, MobileSpeed, Page,
    Price, SessionQuery,
};
use depin_economy::Money;
use depin_quantity::{Address, Instant, UnitId, Units};
use depin_services::coverage::mobile::{
    self as service, AccessPoint, MobileParams,
    points::{Figures, Kind},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of this part.
pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(network))
        .routes(routes!(access_points))
        .routes(routes!(access_point))
        .routes(routes!(carriers))
        .routes(routes!(carrier))
        .routes(routes!(cap))
        .routes(routes!(sessions))
        .routes(routes!(session))
}

impl App {
    fn mobile(&self) -> ApiResult<&MobileParams> {
        let params = self.ledger.service().coverage().and_then(|coverage| coverage.params.mobile.as_ref());
        params.ok_or_else(|| {
            ApiError::not_found("this network has no mobile coverage; its file would say [service.coverage.mobile]")
        })
    }
}

/// What the network allows access points and carriers.
#[utoipa::path(get, path = "/v1/coverage/mobile", tag = "coverage",
    responses((status = 200, body = MobileNetwork), (status = "default", body = ErrorBody)))]
pub(super) async fn network(State(app): State<Shared>) -> ApiResult<Json<MobileNetwork>> {
    let params = app.mobile()?;
    let (epoch, ends) = params.epoch_of(app.now());
    Ok(Json(app.read(|_, reads| {
        let role = |role: Option<depin_quantity::Name>| role.and_then(|role| reads.role(role));
        MobileNetwork {
            currency: params.rules.currency,
            price: params.rules.form.name().to_owned(),
            unit_bytes: params.unit,
            figures: match params.figures {
                Figures::Of2024 => "2024-10",
                Figures::Of2026 => "2026-01",
            }
            .to_owned(),
            epoch,
            epoch_ends: ends.into(),
            epoch_ms: params.epoch.get(),
            heartbeat_ms: params.heartbeat.get(),
            heartbeats_least: params.beats_least,
            speed_tests_within_ms: params.tests_within.get(),
            speed_tests_least: params.tests_least as u32,
            session_longest_ms: params.session_longest.get(),
            speed_server: role(params.speed_server),
            locator: role(params.locator),
            assigner: role(params.assigner),
        }
    })))
}

/// A page of access points, by address. Those that left stay known.
#[utoipa::path(get, path = "/v1/coverage/access-points", tag = "coverage", params(AccessPointQuery),
    responses((status = 200, body = Page<MobileAccessPoint>), (status = "default", body = ErrorBody)))]
pub(super) async fn access_points(State(app): State<Shared>, Params(query): Params<AccessPointQuery>) -> ApiResult<Written> {
    app.mobile()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<Address>(query.after.as_deref())?;
    let now = app.now();
    let listed = app.list(move |app, state, _| {
        let params = app.mobile()?;
        let rows: Box<dyn Iterator<Item = (Address, AccessPoint)>> = match query.owner {
            Some(owner) => Box::new(service::access_points_of_owner(state, owner, after)),
            None => Box::new(service::access_points(state, after)),
        };
        let wire = |(address, row): (Address, AccessPoint)| Some(wire_point(params, now, address, &row));
        Ok(page(rows, limit, |(address, _)| address.to_string(), wire))
    });
    listed.await
}

/// One access point.
#[utoipa::path(get, path = "/v1/coverage/access-points/{address}", tag = "coverage",
    params(("address" = String, Path, description = "Its key's address")),
    responses((status = 200, body = MobileAccessPoint), (status = "default", body = ErrorBody)))]
pub(super) async fn access_point(
    State(app): State<Shared>,
    Segment(address): Segment<Address>,
) -> ApiResult<Json<MobileAccessPoint>> {
    let (params, now) = (app.mobile()?, app.now());
    let found = app.ledger.read(|state| service::access_point(state, address));
    let none = || ApiError::not_found(format!("{address} is no access point here; its owner joins it first"));
    Ok(Json(wire_point(params, now, address, &found.ok_or_else(none)?)))
}

fn wire_point(params: &MobileParams, now: Instant, address: Address, row: &AccessPoint) -> MobileAccessPoint {
    let kind = match row.kind {
        Kind::IndoorWifi => "indoor-wifi",
        Kind::OutdoorWifi => "outdoor-wifi",
        Kind::IndoorCbrs => "indoor-cbrs",
        Kind::OutdoorCbrs => "outdoor-cbrs",
    };
    let tests =
        row.tests.iter().map(|test| MobileSpeed { at: test.at.into(), down: test.down, up: test.up, latency_ms: test.latency });
    MobileAccessPoint {
        address,
        key: row.key.to_string(),
        owner: row.owner,
        kind: kind.to_owned(),
        retired: row.retired,
        since: row.since.into(),
        location: row.location.as_ref().map(wire_location),
        object: row.object.map_or(0, |object| object.number),
        hexes: row.object.map_or(0, |object| object.hexes),
        coming_object: row.coming.map_or(0, |coming| coming.number),
        coming_parts: row.coming.map_or(0, |coming| row.parts[usize::from(coming.slot)].into()),
        epoch_ends: row.closes.into(),
        beats: row.beats.hours.count_ones(),
        trust: (row.beats.trust / row.beats.count().max(1)) as u32,
        last_beat: row.last_beat.map(Into::into),
        senior: row.senior.into(),
        speed_tests: tests.collect(),
        speed: row.speed(now, params.tests_within, params.tests_least),
        connections: row.connections,
        banned: row.banned,
        ranked: row.ranked.is_some(),
        points: row.points,
        points_ever: row.points_ever.to_string(),
        sessions: row.sessions,
        bytes: row.bytes.to_string(),
        units: row.units.to_string(),
    }
}

/// A page of carriers, by number.
#[utoipa::path(get, path = "/v1/coverage/carriers", tag = "coverage", params(PageQuery),
    responses((status = 200, body = Page<MobileCarrier>), (status = "default", body = ErrorBody)))]
pub(super) async fn carriers(State(app): State<Shared>, Params(query): Params<PageQuery>) -> ApiResult<Written> {
    app.mobile()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<u32>(query.after.as_deref())?;
    let listed = app.list(move |app, state, _| {
        let params = app.mobile()?;
        let wire = |(number, row): (u32, service::Carrier)| Some(wire_carrier(app, params, number, &row));
        Ok(page(service::carriers(state, after), limit, |(number, _)| number.to_string(), wire))
    });
    listed.await
}

/// One carrier.
#[utoipa::path(get, path = "/v1/coverage/carriers/{carrier}", tag = "coverage",
    params(("carrier" = u32, Path, description = "Its number")),
    responses((status = 200, body = MobileCarrier), (status = "default", body = ErrorBody)))]
pub(super) async fn carrier(State(app): State<Shared>, Segment(carrier): Segment<u32>) -> ApiResult<Json<MobileCarrier>> {
    let params = app.mobile()?;
    let row = app.ledger.read(|state| service::carrier(state, carrier)).ok_or_else(|| no_carrier(carrier))?;
    Ok(Json(wire_carrier(&app, params, carrier, &row)))
}

fn no_carrier(carrier: u32) -> ApiError {
    ApiError::not_found(format!(
        "there is no carrier {carrier}; carriers are numbered from 1 in the order in which they were opened"
    ))
}

fn wire_carrier(app: &App, params: &MobileParams, carrier: u32, row: &service::Carrier) -> MobileCarrier {
    let amount = |units| app.tokens.amount(params.rules.currency, units);
    MobileCarrier {
        carrier,
        owner: row.owner,
        since: row.since.into(),
        price: row.price.map(|Money { currency, amount }| Price { currency, amount: Units::new(amount.get()).to_decimal(18) }),
        balance: amount(row.balance),
        usual_bytes: row.usual,
        bytes: row.bytes.to_string(),
        units: row.units.to_string(),
        spent: amount(row.spent),
    }
}

/// What a carrier pays for at an access point.
#[utoipa::path(get, path = "/v1/coverage/carriers/{carrier}/caps/{access_point}", tag = "coverage",
    params(("carrier" = u32, Path, description = "Its number"), ("access_point" = String, Path, description = "The access point's address")),
    responses((status = 200, body = MobileCap), (status = "default", body = ErrorBody)))]
pub(super) async fn cap(
    State(app): State<Shared>,
    Segments(carrier, access_point): Segments<u32, Address>,
) -> ApiResult<Json<MobileCap>> {
    app.mobile()?;
    let found =
        app.ledger.read(|state| service::carrier(state, carrier).map(|_| service::authorised(state, carrier, access_point)));
    let (bytes, used) = found.ok_or_else(|| no_carrier(carrier))?;
    Ok(Json(MobileCap { bytes, used }))
}

/// Where a page of sessions begins: access point and session.
fn place(after: &str) -> ApiResult<(Address, UnitId)> {
    let both = after.split_once(':').and_then(|(point, session)| Some((point.parse().ok()?, session.parse().ok()?)));
    both.ok_or_else(|| ApiError::bad_request("`after` is no place in this list", "pass the `next` of the page before as it is"))
}

/// A page of sessions that are not forgotten, by access point and session.
#[utoipa::path(get, path = "/v1/coverage/sessions", tag = "coverage", params(SessionQuery),
    responses((status = 200, body = Page<MobileSession>), (status = "default", body = ErrorBody)))]
pub(super) async fn sessions(State(app): State<Shared>, Params(query): Params<SessionQuery>) -> ApiResult<Written> {
    app.mobile()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = query.after.as_deref().map(place).transpose()?;
    let listed = app.list(move |app, state, _| {
        let params = app.mobile()?;
        let key = |((point, session), _): &((Address, UnitId), service::Session)| format!("{point}:{session}");
        let wire = |((point, session), row): ((Address, UnitId), service::Session)| {
            let wanted =
                query.access_point.is_none_or(|only| only == point) && query.carrier.is_none_or(|only| only == row.carrier);
            wanted.then(|| wire_session(app, params, point, session, &row))
        };
        Ok(page(service::sessions(state, after), limit, key, wire))
    });
    listed.await
}

/// One session.
#[utoipa::path(get, path = "/v1/coverage/sessions/{access_point}/{session}", tag = "coverage",
    params(("access_point" = String, Path, description = "The access point's address"),
        ("session" = String, Path, description = "The session, 64 hexadecimal digits")),
    responses((status = 200, body = MobileSession), (status = "default", body = ErrorBody)))]
pub(super) async fn session(
    State(app): State<Shared>,
    Segments(access_point, session): Segments<Address, UnitId>,
) -> ApiResult<Json<MobileSession>> {
    let params = app.mobile()?;
    let row = app.ledger.read(|state| service::session(state, access_point, session));
    let none = || ApiError::not_found("there is no such session; it was never reported, or could not be reported any more");
    Ok(Json(wire_session(&app, params, access_point, session, &row.ok_or_else(none)?)))
}

fn wire_session(
    app: &App,
    params: &MobileParams,
    access_point: Address,
    session: UnitId,
    row: &service::Session,
) -> MobileSession {
    MobileSession {
        access_point,
        session,
        carrier: row.carrier,
        started: row.started.into(),
        reported: row.reported.into(),
        up: row.up,
        down: row.down,
        paid: row.paid,
        units: row.units,
        cost: app.tokens.amount(params.rules.currency, row.cost),
        stopped: row.stopped,
    }
}
