//! The service `leasing`: providers, deployments, orders, bids, leases, what the network allows.

use super::page::page;
use crate::api::{
    App, PageQuery, Shared, Written,
    error::{ApiError, ApiResult},
    extract::{AllSegments, Params, Segment, page_after, page_limit},
};
use axum::{Json, extract::State};
use depin_client::api::{
    Amount, BidQuery, DenomPrice, DeploymentQuery, ErrorBody, LeaseAvailability, LeaseQuery, LeasingAudit, LeasingAvailability,
    LeasingBid, LeasingDeployment, LeasingGroup, LeasingLease, LeasingNetwork, LeasingOrder, LeasingProvider, LeasingTenant,
    Page, Price,
};
use depin_economy::{Component, Money, Reads};
use depin_quantity::{Address, Instant, Measured, Name, Units};
use depin_services::{
    Service as _,
    leasing::{self as service, Bid, BidId, DeployedGroup, DeploymentId, Funds, GroupId, LeaseState, Leasing, OrderId},
};
use depin_state::ReadState;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of this service.
pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(network))
        .routes(routes!(providers))
        .routes(routes!(provider))
        .routes(routes!(deployments))
        .routes(routes!(deployment))
        .routes(routes!(open_orders))
        .routes(routes!(order))
        .routes(routes!(bids))
        .routes(routes!(bids_of))
        .routes(routes!(leases))
        .routes(routes!(lease))
        .routes(routes!(tenant))
}

impl App {
    fn leasing(&self) -> ApiResult<&Leasing> {
        let service = self.ledger.service();
        let leasing = service.leasing();
        leasing.ok_or_else(|| ApiError::not_found(format!("this network runs the service `{}`, not `leasing`", service.name())))
    }
}

/// What is known of an account as a tenant. One that never ordered has the first generation of tokens.
#[utoipa::path(get, path = "/v1/leasing/tenants/{address}", tag = "leasing",
    params(("address" = String, Path, description = "Its address")),
    responses((status = 200, body = LeasingTenant), (status = "default", body = ErrorBody)))]
pub(super) async fn tenant(State(app): State<Shared>, Segment(address): Segment<Address>) -> ApiResult<Json<LeasingTenant>> {
    app.leasing()?;
    let token_generation = app.ledger.read(|state| service::token_generation(state, address));
    Ok(Json(LeasingTenant { address, token_generation }))
}

/// What the network allows, and sums.
#[utoipa::path(get, path = "/v1/leasing", tag = "leasing",
    responses((status = 200, body = LeasingNetwork), (status = "default", body = ErrorBody)))]
pub(super) async fn network(State(app): State<Shared>) -> ApiResult<Json<LeasingNetwork>> {
    let leasing = app.leasing()?;
    let params = &leasing.params;
    Ok(Json(app.read(|state, reads| {
        let pledge = |asked: bool, kind: &'static str, metric: &'static str| {
            let basis = Component { metric: Name::literal(metric), quantity: Measured::new(1) };
            let quoted = reads.quote_pledge(Name::literal(kind), basis).ok().filter(|_| asked);
            let rule = reads.spec().pledge(Name::literal(kind));
            quoted.zip(rule).map(|(units, rule)| app.tokens.amount(rule.token, units))
        };
        LeasingNetwork {
            currencies: params.rules.currencies.iter().map(|(name, _)| *name).collect(),
            denoms: params.denoms.all().map(|(denom, token)| (denom.to_owned(), token)).collect(),
            bids_most: params.bids_most,
            bid_open_for_ms: params.bid_open_for.get(),
            manifest_within_ms: params.manifest_within.get(),
            block_ms: block_ms(reads),
            reclaim_least_ms: params.reclaim.map(|window| window.least.get()),
            reclaim_most_ms: params.reclaim.map(|window| window.most.get()),
            resume_within_ms: params.resume_within.map(|span| span.get()),
            availability: params.availability.map(|each| LeasingAvailability {
                period_ms: each.period.get(),
                within_ms: each.within.get(),
                unreported: each.unreported.to_string(),
            }),
            reporter: params.reporter.and_then(|role| reads.role(role)),
            pledge: pledge(params.rules.pledges, "provider", "providers"),
            bid_deposit: pledge(params.rules.bid_deposits, "bid", "bids"),
            totals: leasing.figures(state).into_iter().map(|figure| (figure.name.to_owned(), figure.value.to_string())).collect(),
        }
    })))
}

/// Length of a period of the clock that leases are paid by.
fn block_ms(reads: &Reads<'_>) -> u64 {
    let clock = reads.spec().stream(Name::literal("lease")).and_then(|rule| reads.spec().clock(rule.clock));
    clock.map_or(0, |clock| clock.every.get())
}

/// Parameters of lists that come in pages.
type Paged = Params<PageQuery>;

/// A page of providers, by address.
#[utoipa::path(get, path = "/v1/leasing/providers", tag = "leasing", params(PageQuery),
    responses((status = 200, body = Page<LeasingProvider>), (status = "default", body = ErrorBody)))]
pub(super) async fn providers(State(app): State<Shared>, Params(query): Paged) -> ApiResult<Written> {
    app.leasing()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<Address>(query.after.as_deref())?;
    let listed = app.list(move |_, state, _| {
        let wire = |(address, row)| Some(wire_provider(state, address, row));
        Ok(page(service::providers(state, after), limit, |(address, _)| address.to_string(), wire))
    });
    listed.await
}

/// One provider.
#[utoipa::path(get, path = "/v1/leasing/providers/{address}", tag = "leasing",
    params(("address" = String, Path, description = "Its address")),
    responses((status = 200, body = LeasingProvider), (status = "default", body = ErrorBody)))]
pub(super) async fn provider(State(app): State<Shared>, Segment(address): Segment<Address>) -> ApiResult<Json<LeasingProvider>> {
    app.leasing()?;
    let found = app.ledger.read(|state| service::provider(state, address).map(|row| wire_provider(state, address, row)));
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("{address} is no provider; it registers first")))
}

fn wire_provider(state: &dyn ReadState, address: Address, row: service::Provider) -> LeasingProvider {
    LeasingProvider {
        address,
        name: row.name,
        url: row.url,
        attributes: row.attributes,
        audits: service::audits(state, address)
            .map(|(auditor, row)| LeasingAudit { auditor, attributes: row.attributes })
            .collect(),
        active: row.active,
        below_pledge: row.below_pledge,
        bids: row.bids,
        leases: row.leases,
        leased_units: row.leased_units.to_string(),
        failures: row.failures,
        since: row.since.into(),
    }
}

/// A page of deployments, by owner and number. Closed ones stay.
#[utoipa::path(get, path = "/v1/leasing/deployments", tag = "leasing", params(DeploymentQuery),
    responses((status = 200, body = Page<LeasingDeployment>), (status = "default", body = ErrorBody)))]
pub(super) async fn deployments(State(app): State<Shared>, Params(query): Params<DeploymentQuery>) -> ApiResult<Written> {
    app.leasing()?;
    let limit = page_limit(query.limit, 50, 200)?;
    let after = page_after::<DeploymentId>(query.after.as_deref())?;
    let listed = app.list(move |app, state, reads| {
        let rows: Box<dyn Iterator<Item = _>> = match query.owner {
            Some(owner) => {
                let number = after.filter(|after| after.owner == owner).map(|after| after.dseq);
                Box::new(service::deployments_of(state, owner, number))
            }
            None => Box::new(service::deployments(state, after)),
        };
        let wanted = |row: &service::Deployment| query.state.is_none_or(|wanted| wanted == row.state);
        let wire = |(id, row)| Some(row).filter(&wanted).map(|row| wire_deployment(app, state, reads, id, &row));
        Ok(page(rows, limit, |(id, _)| id.to_string(), wire))
    });
    listed.await
}

/// One deployment.
#[utoipa::path(get, path = "/v1/leasing/deployments/{owner}/{dseq}", tag = "leasing",
    params(("owner" = String, Path, description = "Who deploys"), ("dseq" = u64, Path, description = "Its number")),
    responses((status = 200, body = LeasingDeployment), (status = "default", body = ErrorBody)))]
pub(super) async fn deployment(
    State(app): State<Shared>,
    AllSegments((owner, dseq)): AllSegments<(Address, u64)>,
) -> ApiResult<Json<LeasingDeployment>> {
    app.leasing()?;
    let id = DeploymentId { owner, dseq };
    let found = app.read(|state, reads| service::deployment(state, id).map(|row| wire_deployment(&app, state, reads, id, &row)));
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("there is no deployment {id}")))
}

fn wire_deployment(
    app: &App,
    state: &dyn ReadState,
    reads: &Reads<'_>,
    id: DeploymentId,
    row: &service::Deployment,
) -> LeasingDeployment {
    let escrow = id.unit();
    let (funds, resumes_until) = match row.funds {
        Funds::Open => ("open", None),
        Funds::Gone => ("gone", None),
        Funds::Suspended { until } => ("suspended", Some(until)),
        Funds::Closed => ("closed", None),
    };
    let left = reads.escrow_free(escrow).filter(|_| row.funds == Funds::Open).unwrap_or(Units::ZERO);
    LeasingDeployment {
        id,
        escrow,
        state: row.state,
        hash: row.hash,
        denom: row.denom.clone(),
        funds: funds.to_owned(),
        left: app.tokens.amount(row.currency, left),
        lasts_until: reads.escrow_lasts_until(escrow).map(Into::into),
        owed: app.tokens.amount(row.currency, row.owed),
        resumes_until: resumes_until.map(Into::into),
        reclaim_window_ms: row.reclaim_window.map(|window| window.get()),
        groups: service::groups(state, id).filter_map(|(group, row)| wire_group(state, group, row)).collect(),
        leases: row.leases,
        created: row.created.into(),
        closed: row.closed.map(Into::into),
    }
}

fn wire_group(state: &dyn ReadState, id: GroupId, row: DeployedGroup) -> Option<LeasingGroup> {
    let order = id.order(row.orders);
    let last = service::order(state, order)?;
    let lease = last.lease.map(|provider| order.bid(provider));
    Some(LeasingGroup { id, state: row.state, group: row.group, order, order_state: last.state, lease })
}

/// A page of orders that take bids, by owner and number.
#[utoipa::path(get, path = "/v1/leasing/orders", tag = "leasing", params(PageQuery),
    responses((status = 200, body = Page<LeasingOrder>), (status = "default", body = ErrorBody)))]
pub(super) async fn open_orders(State(app): State<Shared>, Params(query): Paged) -> ApiResult<Written> {
    app.leasing()?;
    let limit = page_limit(query.limit, 50, 200)?;
    let after = page_after::<OrderId>(query.after.as_deref())?;
    let listed = app.list(move |_, state, _| {
        let wire = |(id, row)| wire_order(state, id, row);
        Ok(page(service::open_orders(state, after), limit, |(id, _)| id.to_string(), wire))
    });
    listed.await
}

/// The parts of an order's path.
type OrderPath = AllSegments<(Address, u64, u32, u32)>;

const fn order_id((owner, dseq, gseq, oseq): (Address, u64, u32, u32)) -> OrderId {
    DeploymentId { owner, dseq }.group(gseq).order(oseq)
}

/// One order.
#[utoipa::path(get, path = "/v1/leasing/orders/{owner}/{dseq}/{gseq}/{oseq}", tag = "leasing",
    params(("owner" = String, Path, description = "Who orders"), ("dseq" = u64, Path, description = "The deployment's number"),
        ("gseq" = u32, Path, description = "The group's"), ("oseq" = u32, Path, description = "Its own")),
    responses((status = 200, body = LeasingOrder), (status = "default", body = ErrorBody)))]
pub(super) async fn order(State(app): State<Shared>, AllSegments(path): OrderPath) -> ApiResult<Json<LeasingOrder>> {
    app.leasing()?;
    let id = order_id(path);
    let found = app.ledger.read(|state| service::order(state, id).and_then(|row| wire_order(state, id, row)));
    found.map(Json).ok_or_else(|| no_order(id))
}

fn no_order(id: OrderId) -> ApiError {
    ApiError::not_found(format!("there is no order {id}"))
}

fn wire_order(state: &dyn ReadState, id: OrderId, row: service::Order) -> Option<LeasingOrder> {
    let deployment = service::deployment(state, id.deployment())?;
    let group = service::group(state, id.group)?.group;
    let price = group.price().ok().flatten()?;
    Some(LeasingOrder {
        id,
        state: row.state,
        price: wire_price(&price),
        group,
        hash: deployment.hash,
        reclaim_window_ms: deployment.reclaim_window.map(|window| window.get()),
        bids: row.bids,
        lease: row.lease,
        created: row.created.into(),
        closed: row.closed.map(Into::into),
    })
}

fn wire_price(price: &depin_sdl::Price) -> DenomPrice {
    DenomPrice { denom: price.denom.clone(), amount: price.amount.to_decimal() }
}

fn wire_rate(money: Money) -> Price {
    Price { currency: money.currency, amount: Units::new(money.amount.get()).to_decimal(18) }
}

/// A page of the bids on an order, by provider.
#[utoipa::path(get, path = "/v1/leasing/orders/{owner}/{dseq}/{gseq}/{oseq}/bids", tag = "leasing",
    params(("owner" = String, Path, description = "Who orders"), ("dseq" = u64, Path, description = "The deployment's number"),
        ("gseq" = u32, Path, description = "The group's"), ("oseq" = u32, Path, description = "The order's own"), PageQuery),
    responses((status = 200, body = Page<LeasingBid>), (status = "default", body = ErrorBody)))]
pub(super) async fn bids(State(app): State<Shared>, AllSegments(path): OrderPath, Params(query): Paged) -> ApiResult<Written> {
    app.leasing()?;
    let limit = page_limit(query.limit, 100, 500)?;
    let after = page_after::<Address>(query.after.as_deref())?;
    let id = order_id(path);
    let listed = app.list(move |_, state, _| {
        if service::order(state, id).is_none() {
            return Err(no_order(id));
        }
        let wire = |(bid, row)| wire_bid(state, bid, row);
        Ok(page(service::bids(state, id, after), limit, |(bid, _)| bid.provider.to_string(), wire))
    });
    listed.await
}

/// A page of the bids of a provider, by order.
#[utoipa::path(get, path = "/v1/leasing/bids", tag = "leasing", params(BidQuery),
    responses((status = 200, body = Page<LeasingBid>), (status = "default", body = ErrorBody)))]
pub(super) async fn bids_of(State(app): State<Shared>, Params(query): Params<BidQuery>) -> ApiResult<Written> {
    app.leasing()?;
    let limit = page_limit(query.limit, 100, 500)?;
    let after = page_after::<OrderId>(query.after.as_deref())?;
    let listed = app.list(move |_, state, _| {
        let wanted = |row: &Bid| query.state.is_none_or(|wanted| wanted == row.state);
        let wire = |(id, row)| Some(row).filter(&wanted).and_then(|row| wire_bid(state, id, row));
        Ok(page(service::bids_of(state, query.provider, after), limit, |(id, _)| id.order.to_string(), wire))
    });
    listed.await
}

fn wire_bid(state: &dyn ReadState, id: BidId, row: Bid) -> Option<LeasingBid> {
    Some(LeasingBid {
        id,
        provider: service::provider(state, id.provider)?.name,
        state: row.state,
        price: wire_price(&row.price),
        rate: wire_rate(row.rate),
        reclaim_window_ms: row.reclaim_window.map(|window| window.get()),
        created: row.created.into(),
        until: row.until.into(),
        closed: row.closed.map(Into::into),
    })
}

/// A page of the leases of a provider or a tenant, by order. Those that ended stay.
#[utoipa::path(get, path = "/v1/leasing/leases", tag = "leasing", params(LeaseQuery),
    responses((status = 200, body = Page<LeasingLease>), (status = "default", body = ErrorBody)))]
pub(super) async fn leases(State(app): State<Shared>, Params(query): Params<LeaseQuery>) -> ApiResult<Written> {
    app.leasing()?;
    let limit = page_limit(query.limit, 100, 500)?;
    let after = page_after::<OrderId>(query.after.as_deref())?;
    let listed = app.list(move |app, state, reads| {
        let state_of = |row: &Bid| row.lease.as_ref().map(|lease| lease.state);
        let wanted = |row: &Bid| query.state.is_none_or(|wanted: LeaseState| Some(wanted) == state_of(row));
        let wire = |(id, row)| Some(row).filter(&wanted).and_then(|row| wire_lease(app, state, reads, id, row));
        Ok(page(service::leases_of(state, query.account, after), limit, |(id, _)| id.order.to_string(), wire))
    });
    listed.await
}

/// One lease.
#[utoipa::path(get, path = "/v1/leasing/leases/{owner}/{dseq}/{gseq}/{oseq}/{provider}", tag = "leasing",
    params(("owner" = String, Path, description = "Who ordered"), ("dseq" = u64, Path, description = "The deployment's number"),
        ("gseq" = u32, Path, description = "The group's"), ("oseq" = u32, Path, description = "The order's"),
        ("provider" = String, Path, description = "Whose bid was taken")),
    responses((status = 200, body = LeasingLease), (status = "default", body = ErrorBody)))]
pub(super) async fn lease(
    State(app): State<Shared>,
    AllSegments((owner, dseq, gseq, oseq, provider)): AllSegments<(Address, u64, u32, u32, Address)>,
) -> ApiResult<Json<LeasingLease>> {
    app.leasing()?;
    let id = order_id((owner, dseq, gseq, oseq)).bid(provider);
    let found = app.read(|state, reads| service::bid(state, id).and_then(|row| wire_lease(&app, state, reads, id, row)));
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("there is no lease {id}; its bid was not taken")))
}

/// How available a lease was, while it runs on a network that pays by that.
fn wire_availability(app: &App, state: &dyn ReadState, lease: BidId, waits: Amount) -> Option<LeaseAvailability> {
    let params = app.leasing().ok()?.params.availability?;
    let row = service::availability(state, lease)?;
    let ends = params.ends(row.began, row.next);
    Some(LeaseAvailability {
        began: row.began.into(),
        next: row.next,
        ends: ends.into(),
        closes: ends.later(params.within).into(),
        probes: row.probes,
        answered: row.answered,
        unreported: row.unreported,
        waits,
    })
}

fn wire_lease(app: &App, state: &dyn ReadState, reads: &Reads<'_>, id: BidId, row: Bid) -> Option<LeasingLease> {
    let lease = row.lease?;
    let provider = service::provider(state, id.provider)?;
    let deployment = service::deployment(state, id.deployment())?;
    let stream = reads.stream(id.unit());
    let (collected, earned, waits) = match &stream {
        Some(now) => (now.running.as_ref().map_or(Units::ZERO, |running| running.paid), now.due, now.waits),
        None => (lease.paid, Units::ZERO, Units::ZERO),
    };
    let amount = |units| app.tokens.amount(row.rate.currency, units);
    let time = |at: Option<Instant>| at.map(Into::into);
    Some(LeasingLease {
        id,
        provider: provider.name,
        url: provider.url,
        state: lease.state,
        reason: lease.reason,
        price: wire_price(&row.price),
        rate: wire_rate(row.rate),
        units: lease.units.to_string(),
        collected: amount(collected),
        earned: amount(earned),
        availability: wire_availability(app, state, id, amount(waits)),
        hash: deployment.hash,
        created: lease.created.into(),
        manifest_until: lease.manifest_until.into(),
        reclaim_until: time(lease.reclaim_until),
        closed: time(lease.closed),
    })
}
