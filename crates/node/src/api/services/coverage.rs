//! The service `coverage`: hotspots, the denylist, OUIs with their routes, batches of packets.

use super::page::page;
use crate::api::{
    App, PageQuery, Shared, Written,
    error::{ApiError, ApiResult},
    extract::{Params, Segment, page_after, page_limit},
};
use axum::{Json, extract::State};
use depin_client::api::{
    CoverageAppeal, CoverageBatch, CoverageBeacon, CoverageDenial, CoverageEuiPair, CoverageFilter, CoverageGate, CoverageHex,
    CoverageHotspot, CoverageLocation, CoverageNetwork, CoverageOui, CoveragePacket, CoverageRange, CoverageRoute,
    CoverageWitness, ErrorBody, HotspotQuery, PacketQuery, PacketStage, Page, Price,
};
use depin_economy::{Money, Reads};
use depin_quantity::{Address, UnitId, Units};
use depin_services::{
    Service as _,
    coverage::{
        self as service, BatchState, Coverage, Denied, EuiPair, Location, PACKETS_MAX, Region, SessionKey,
        poc::{Hex, InvalidReason},
    },
};
use depin_state::ReadState;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of this service.
pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(network))
        .routes(routes!(hotspots))
        .routes(routes!(hotspot))
        .routes(routes!(beacons))
        .routes(routes!(beacon))
        .routes(routes!(hexes))
        .routes(routes!(denials))
        .routes(routes!(ouis))
        .routes(routes!(oui))
        .routes(routes!(oui_routes))
        .routes(routes!(route))
        .routes(routes!(eui_pairs))
        .routes(routes!(filters))
        .routes(routes!(ranges))
        .routes(routes!(batches))
        .routes(routes!(batch))
}

impl App {
    fn coverage(&self) -> ApiResult<&Coverage> {
        let service = self.ledger.service();
        let coverage = service.coverage();
        coverage.ok_or_else(|| ApiError::not_found(format!("this network runs the service `{}`, not `coverage`", service.name())))
    }
}

/// Parameters of lists that come in pages.
type Paged = Params<PageQuery>;

/// What the network allows, and sums.
#[utoipa::path(get, path = "/v1/coverage", tag = "coverage",
    responses((status = 200, body = CoverageNetwork), (status = "default", body = ErrorBody)))]
pub(super) async fn network(State(app): State<Shared>) -> ApiResult<Json<CoverageNetwork>> {
    let coverage = app.coverage()?;
    let params = &coverage.params;
    let amount = |units: u64| app.tokens.amount(params.rules.currency, Units::new(units.into()));
    Ok(Json(app.read(|state, reads| CoverageNetwork {
        currency: params.rules.currency,
        price: params.rules.form.name().to_owned(),
        unit_bytes: params.packet.unit,
        late_after_ms: params.packet.late_after.get(),
        claim_within_ms: params.packet.claim_within.get(),
        packets_most: PACKETS_MAX as u32,
        interval_ms: params.beacon.interval.get(),
        entropy_valid_ms: params.beacon.entropy_valid.get(),
        reveal_within_ms: params.beacon.reveal_within.get(),
        reporter: params.reporter.and_then(|role| reads.role(role)),
        addresses_most: params.addresses.map(|addresses| addresses.most),
        gate: params.gate.map(|gate| CoverageGate { minimum: amount(gate.minimum), burn_from: amount(gate.burn_from) }),
        arbiter: params.arbiter.and_then(|role| reads.role(role)),
        totals: coverage.figures(state).into_iter().map(|figure| (figure.name.to_owned(), figure.value.to_string())).collect(),
    })))
}

/// A page of hotspots, by address. Those that are retired stay known.
#[utoipa::path(get, path = "/v1/coverage/hotspots", tag = "coverage", params(HotspotQuery),
    responses((status = 200, body = Page<CoverageHotspot>), (status = "default", body = ErrorBody)))]
pub(super) async fn hotspots(State(app): State<Shared>, Params(query): Params<HotspotQuery>) -> ApiResult<Written> {
    app.coverage()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<Address>(query.after.as_deref())?;
    let listed = app.list(move |_, state, _| {
        let rows: Box<dyn Iterator<Item = (Address, service::Hotspot)>> = match query.owner {
            Some(owner) => Box::new(service::hotspots_of_owner(state, owner, after)),
            None => Box::new(service::hotspots(state, after)),
        };
        Ok(page(rows, limit, |(address, _)| address.to_string(), |(address, row)| Some(wire_hotspot(state, address, &row))))
    });
    listed.await
}

/// One hotspot.
#[utoipa::path(get, path = "/v1/coverage/hotspots/{address}", tag = "coverage",
    params(("address" = String, Path, description = "Its key's address")),
    responses((status = 200, body = CoverageHotspot), (status = "default", body = ErrorBody)))]
pub(super) async fn hotspot(State(app): State<Shared>, Segment(address): Segment<Address>) -> ApiResult<Json<CoverageHotspot>> {
    app.coverage()?;
    let found = app.ledger.read(|state| service::hotspot(state, address).map(|row| wire_hotspot(state, address, &row)));
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("{address} is no hotspot here; its owner onboards it first")))
}

fn wire_hotspot(state: &dyn ReadState, address: Address, row: &service::Hotspot) -> CoverageHotspot {
    CoverageHotspot {
        address,
        key: row.key.to_string(),
        owner: row.owner,
        full: row.full,
        retired: row.retired,
        since: row.since.into(),
        location: row.location.as_ref().map(wire_location),
        asserted: row.asserted,
        denied: row.denied,
        claims: row.claims,
        packets: row.packets,
        units: row.units.to_string(),
        beacons: row.beacons,
        witnessed: row.witnessed,
        last_beacon: row.last_beacon.map(Into::into),
        counted_until: row.counted.map(|counted| counted.until.into()),
        beaconing: service::beaconing(state, address).is_some(),
    }
}

/// A page of what became of hotspots' last beacons, by hotspot.
#[utoipa::path(get, path = "/v1/coverage/beacons", tag = "coverage", params(PageQuery),
    responses((status = 200, body = Page<CoverageBeacon>), (status = "default", body = ErrorBody)))]
pub(super) async fn beacons(State(app): State<Shared>, Params(query): Paged) -> ApiResult<Written> {
    app.coverage()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<Address>(query.after.as_deref())?;
    let listed = app.list(move |_, state, _| {
        let wire = |(hotspot, row)| Some(wire_beacon(hotspot, row));
        Ok(page(service::last_beacons(state, after), limit, |(hotspot, _)| hotspot.to_string(), wire))
    });
    listed.await
}

/// What became of a hotspot's last beacon.
#[utoipa::path(get, path = "/v1/coverage/beacons/{hotspot}", tag = "coverage",
    params(("hotspot" = String, Path, description = "The beaconer's address")),
    responses((status = 200, body = CoverageBeacon), (status = "default", body = ErrorBody)))]
pub(super) async fn beacon(State(app): State<Shared>, Segment(hotspot): Segment<Address>) -> ApiResult<Json<CoverageBeacon>> {
    app.coverage()?;
    let row = app.ledger.read(|state| service::last_beacon(state, hotspot));
    let none = || ApiError::not_found(format!("no beacon of {hotspot} was judged yet"));
    Ok(Json(wire_beacon(hotspot, row.ok_or_else(none)?)))
}

/// A reason as it stands in events.
fn wire_reason(reason: Option<InvalidReason>) -> Option<String> {
    let text = serde_json::to_value(reason?).ok()?;
    text.as_str().map(str::to_owned)
}

fn wire_beacon(hotspot: Address, row: service::LastBeacon) -> CoverageBeacon {
    let witnesses = row.witnesses.into_iter();
    CoverageBeacon {
        hotspot,
        at: row.at.into(),
        timestamp: row.timestamp,
        reason: wire_reason(row.reason),
        scale: row.scale,
        beacon_units: row.beacon_units,
        witness_units: row.witness_units,
        witnesses: witnesses
            .map(|witness| CoverageWitness {
                hotspot: witness.hotspot,
                received: witness.received.into(),
                reason: wire_reason(witness.reason),
                selected: witness.selected,
            })
            .collect(),
    }
}

/// A page of hexes with somebody in them, by cell.
#[utoipa::path(get, path = "/v1/coverage/hexes", tag = "coverage", params(PageQuery),
    responses((status = 200, body = Page<CoverageHex>), (status = "default", body = ErrorBody)))]
pub(super) async fn hexes(State(app): State<Shared>, Params(query): Paged) -> ApiResult<Written> {
    app.coverage()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let after = query.after.as_deref().map(|text| number(text, hex)).transpose()?;
    let listed = app.list(move |_, state, _| {
        let wire =
            |(cell, hex): (u64, Hex)| Some(CoverageHex { cell: format!("{cell:x}"), there: hex.there, counted: hex.counted });
        Ok(page(service::hexes(state, after), limit, |(cell, _)| format!("{cell:x}"), wire))
    });
    listed.await
}

pub(super) fn wire_location(location: &Location) -> CoverageLocation {
    let (latitude, longitude) = location.degrees();
    CoverageLocation {
        cell: format!("{:x}", location.cell),
        latitude,
        longitude,
        gain: location.gain,
        elevation: location.elevation,
        region: match location.region {
            Region::Eu868 => "eu868",
            Region::Us915 => "us915",
        }
        .to_owned(),
    }
}

/// A page of the denylist, by entry.
#[utoipa::path(get, path = "/v1/coverage/denials", tag = "coverage", params(PageQuery),
    responses((status = 200, body = Page<CoverageDenial>), (status = "default", body = ErrorBody)))]
pub(super) async fn denials(State(app): State<Shared>, Params(query): Paged) -> ApiResult<Written> {
    app.coverage()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<UnitId>(query.after.as_deref())?;
    let listed = app.list(move |_, state, _| {
        Ok(page(service::denials(state, after), limit, |(id, _)| id.to_string(), |(id, row)| Some(wire_denial(id, row))))
    });
    listed.await
}

fn wire_denial(id: UnitId, row: service::Denial) -> CoverageDenial {
    let hotspots = match row.who {
        Denied::Hotspot(hotspot) => vec![hotspot],
        Denied::Edge(a, b) => vec![a, b],
    };
    let appeal = row.appeal.map(|appeal| CoverageAppeal { by: appeal.by, at: appeal.at.into(), text: appeal.text });
    CoverageDenial { id, hotspots, reason: row.reason, at: row.at.into(), appeal, upheld: row.upheld }
}

/// A page of OUIs, by number.
#[utoipa::path(get, path = "/v1/coverage/ouis", tag = "coverage", params(PageQuery),
    responses((status = 200, body = Page<CoverageOui>), (status = "default", body = ErrorBody)))]
pub(super) async fn ouis(State(app): State<Shared>, Params(query): Paged) -> ApiResult<Written> {
    app.coverage()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<u32>(query.after.as_deref())?;
    let listed = app.list(move |app, state, reads| {
        let wire = |(number, row): (u32, service::Oui)| Some(wire_oui(app, (state, reads), number, &row));
        Ok(page(service::ouis(state, after), limit, |(number, _)| number.to_string(), wire))
    });
    listed.await
}

/// One OUI.
#[utoipa::path(get, path = "/v1/coverage/ouis/{oui}", tag = "coverage", params(("oui" = u32, Path, description = "Its number")),
    responses((status = 200, body = CoverageOui), (status = "default", body = ErrorBody)))]
pub(super) async fn oui(State(app): State<Shared>, Segment(oui): Segment<u32>) -> ApiResult<Json<CoverageOui>> {
    app.coverage()?;
    let found = app.read(|state, reads| service::oui(state, oui).map(|row| wire_oui(&app, (state, reads), oui, &row)));
    found.map(Json).ok_or_else(|| no_oui(oui))
}

fn no_oui(oui: u32) -> ApiError {
    ApiError::not_found(format!("there is no OUI {oui}; OUIs are numbered from 1 in the order in which they were opened"))
}

fn wire_oui(app: &App, (state, reads): (&dyn ReadState, &Reads<'_>), oui: u32, row: &service::Oui) -> CoverageOui {
    let coverage = app.ledger.service().coverage();
    let currency = coverage.map_or_else(|| app.tokens.first(), |coverage| coverage.params.rules.currency);
    let amount = |units| app.tokens.amount(currency, units);
    CoverageOui {
        oui,
        owner: row.owner,
        keys: row.keys.iter().map(ToString::to_string).collect(),
        since: row.since.into(),
        price: row.price.map(|Money { currency, amount }| Price { currency, amount: Units::new(amount.get()).to_decimal(18) }),
        unit_cost: coverage.and_then(|coverage| service::unit_cost(coverage, reads, row)).map(amount),
        balance: amount(row.balance),
        pending: amount(row.pending),
        disabled: row.disabled,
        routes: row.routes,
        claims: row.claims,
        claims_refused: row.refused,
        claims_unanswered: row.unanswered,
        packets: row.packets,
        packets_refused: service::packets_refused(state, oui),
        spent: amount(row.spent),
    }
}

/// A page of an OUI's routes, by id.
#[utoipa::path(get, path = "/v1/coverage/ouis/{oui}/routes", tag = "coverage",
    params(("oui" = u32, Path, description = "Its number"), PageQuery),
    responses((status = 200, body = Page<CoverageRoute>), (status = "default", body = ErrorBody)))]
pub(super) async fn oui_routes(
    State(app): State<Shared>,
    Segment(oui): Segment<u32>,
    Params(query): Paged,
) -> ApiResult<Written> {
    app.coverage()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<UnitId>(query.after.as_deref())?;
    let listed = app.list(move |_, state, _| {
        service::oui(state, oui).ok_or_else(|| no_oui(oui))?;
        let rows = service::routes(state, oui, after);
        Ok(page(rows, limit, |(id, _)| id.to_string(), |(id, row)| Some(wire_route(id, row))))
    });
    listed.await
}

/// One route.
#[utoipa::path(get, path = "/v1/coverage/routes/{id}", tag = "coverage",
    params(("id" = String, Path, description = "Its id, 64 hexadecimal digits")),
    responses((status = 200, body = CoverageRoute), (status = "default", body = ErrorBody)))]
pub(super) async fn route(State(app): State<Shared>, Segment(id): Segment<UnitId>) -> ApiResult<Json<CoverageRoute>> {
    app.coverage()?;
    let row = app.ledger.read(|state| service::route(state, id)).ok_or_else(|| no_route(id))?;
    Ok(Json(wire_route(id, row)))
}

fn no_route(id: UnitId) -> ApiError {
    ApiError::not_found(format!("there is no route {id}; it may be removed"))
}

fn wire_route(id: UnitId, row: service::Route) -> CoverageRoute {
    CoverageRoute {
        id,
        oui: row.oui,
        net_id: row.terms.net_id,
        server: row.terms.server,
        max_copies: row.terms.max_copies,
        active: row.terms.active,
        ignore_empty_skf: row.terms.ignore_empty_skf,
        euis: row.euis,
        ranges: row.ranges,
        filters: row.filters,
    }
}

/// One of the two halves of where a page begins.
fn halves(after: Option<&str>) -> ApiResult<Option<(&str, &str)>> {
    let wrong = || ApiError::bad_request("`after` is no place in this list", "pass the `next` of the page before as it is");
    after.map(|text| text.split_once(':').ok_or_else(wrong)).transpose()
}

fn number<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> ApiResult<T> {
    let wrong = || ApiError::bad_request("`after` is no place in this list", "pass the `next` of the page before as it is");
    read(text).ok_or_else(wrong)
}

/// A page of a route's EUI pairs.
#[utoipa::path(get, path = "/v1/coverage/routes/{id}/euis", tag = "coverage",
    params(("id" = String, Path, description = "The route's id, 64 hexadecimal digits"), PageQuery),
    responses((status = 200, body = Page<CoverageEuiPair>), (status = "default", body = ErrorBody)))]
pub(super) async fn eui_pairs(
    State(app): State<Shared>,
    Segment(id): Segment<UnitId>,
    Params(query): Paged,
) -> ApiResult<Written> {
    app.coverage()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let after = match halves(query.after.as_deref())? {
        Some((app_eui, dev_eui)) => Some(EuiPair { app_eui: number(app_eui, hex)?, dev_eui: number(dev_eui, hex)? }),
        None => None,
    };
    let listed = app.list(move |_, state, _| {
        service::route(state, id).ok_or_else(|| no_route(id))?;
        let key = |pair: &EuiPair| format!("{:016x}:{:016x}", pair.app_eui, pair.dev_eui);
        let wire = |pair: EuiPair| {
            Some(CoverageEuiPair { app_eui: format!("{:016x}", pair.app_eui), dev_eui: format!("{:016x}", pair.dev_eui) })
        };
        Ok(page(service::eui_pairs(state, id, after), limit, key, wire))
    });
    listed.await
}

/// A page of a route's session-key filters. Whoever reads a key here can make frames with a good MIC for its device.
#[utoipa::path(get, path = "/v1/coverage/routes/{id}/filters", tag = "coverage",
    params(("id" = String, Path, description = "The route's id, 64 hexadecimal digits"), PageQuery),
    responses((status = 200, body = Page<CoverageFilter>), (status = "default", body = ErrorBody)))]
pub(super) async fn filters(State(app): State<Shared>, Segment(id): Segment<UnitId>, Params(query): Paged) -> ApiResult<Written> {
    app.coverage()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = match halves(query.after.as_deref())? {
        Some((devaddr, key)) => {
            let devaddr = number(devaddr, |text| u32::from_str_radix(text, 16).ok())?;
            Some((devaddr, number(key, |text| text.parse::<SessionKey>().ok())?))
        }
        None => None,
    };
    let listed = app.list(move |_, state, _| {
        service::route(state, id).ok_or_else(|| no_route(id))?;
        let key = |filter: &service::SessionFilter| format!("{:08x}:{}", filter.devaddr, filter.key);
        let wire = |filter: service::SessionFilter| {
            let (devaddr, key) = (format!("{:08x}", filter.devaddr), filter.key.to_string());
            Some(CoverageFilter { devaddr, key, max_copies: filter.max_copies })
        };
        Ok(page(service::filters(state, id, after), limit, key, wire))
    });
    listed.await
}

/// A page of all ranges of device addresses, by their last one. No two share an address.
#[utoipa::path(get, path = "/v1/coverage/ranges", tag = "coverage", params(PageQuery),
    responses((status = 200, body = Page<CoverageRange>), (status = "default", body = ErrorBody)))]
pub(super) async fn ranges(State(app): State<Shared>, Params(query): Paged) -> ApiResult<Written> {
    app.coverage()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let hex = |text: &str| u32::from_str_radix(text, 16).ok();
    let after = query.after.as_deref().map(|text| number(text, hex)).transpose()?;
    let listed = app.list(move |_, state, _| {
        let wire = |(range, route): (service::Range, UnitId)| {
            Some(CoverageRange { start: format!("{:08x}", range.start), end: format!("{:08x}", range.end), route })
        };
        Ok(page(service::ranges(state, after), limit, |(range, _)| format!("{:08x}", range.end), wire))
    });
    listed.await
}

/// A page of batches of packets that are not forgotten, by id.
#[utoipa::path(get, path = "/v1/coverage/batches", tag = "coverage", params(PacketQuery),
    responses((status = 200, body = Page<CoverageBatch>), (status = "default", body = ErrorBody)))]
pub(super) async fn batches(State(app): State<Shared>, Params(query): Params<PacketQuery>) -> ApiResult<Written> {
    app.coverage()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<UnitId>(query.after.as_deref())?;
    let listed = app.list(move |app, state: &dyn ReadState, _| {
        let open = |row: &service::Batch| !query.open.unwrap_or(false) || matches!(row.state, BatchState::Claimed { .. });
        let wire = |(id, row): (UnitId, service::Batch)| {
            let wanted = open(&row) && query.oui.is_none_or(|oui| oui == row.oui);
            wanted.then(|| wire_batch(app, id, row))
        };
        Ok(page(service::batches(state, after), limit, |(id, _)| id.to_string(), wire))
    });
    listed.await
}

/// One batch of packets.
#[utoipa::path(get, path = "/v1/coverage/batches/{id}", tag = "coverage",
    params(("id" = String, Path, description = "Its id, 64 hexadecimal digits")),
    responses((status = 200, body = CoverageBatch), (status = "default", body = ErrorBody)))]
pub(super) async fn batch(State(app): State<Shared>, Segment(id): Segment<UnitId>) -> ApiResult<Json<CoverageBatch>> {
    app.coverage()?;
    let row = app.ledger.read(|state| service::batch(state, id));
    let none = || ApiError::not_found(format!("there is no batch {id}; batches are forgotten when their packets are too late"));
    Ok(Json(wire_batch(&app, id, row.ok_or_else(none)?)))
}

fn wire_batch(app: &App, id: UnitId, row: service::Batch) -> CoverageBatch {
    let currency = app.ledger.service().coverage().map_or_else(|| app.tokens.first(), |coverage| coverage.params.rules.currency);
    let (state, until) = match row.state {
        BatchState::Claimed { until } => (PacketStage::Claimed, Some(until)),
        BatchState::Settled => (PacketStage::Settled, None),
        BatchState::Closed => (PacketStage::Closed, None),
    };
    let packets = row.packets.into_iter();
    CoverageBatch {
        id,
        route: row.route,
        oui: row.oui,
        hotspot: row.hotspot,
        at: row.at.into(),
        packets: packets
            .map(|packet| CoveragePacket { hash: packet.hash.to_string(), bytes: packet.bytes, received: packet.received.into() })
            .collect(),
        units: row.units,
        cost: app.tokens.amount(currency, row.cost),
        state,
        until: until.map(Into::into),
    }
}
