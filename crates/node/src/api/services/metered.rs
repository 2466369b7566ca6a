//! The service `metered`: operators, orders, batches, disputes, what the network allows, quotes.

use super::page::page;
use crate::api::{
    App, PageQuery, Shared, Written,
    error::{ApiError, ApiResult},
    extract::{Params, Segment, page_after, page_limit},
};
use axum::{Json, extract::State};
use depin_client::api::{
    BatchStage, DisputeAnswer, DisputeTerms, ErrorBody, EvidenceRef, MeteredBatch, MeteredDispute, MeteredNetwork,
    MeteredOperator, MeteredOrder, MeteredQuote, MeteredQuoteQuery, OrderQuery, OrderStage, Page, Price,
};
use depin_economy::{Money, Reads};
use depin_quantity::{Address, Name, UnitId, Units};
use depin_services::{
    Service as _,
    metered::{self as service, BatchState, ENTRIES_MAX, Evidence, Metered, MeteredError, MeteredParams, Undecided},
};
use depin_state::ReadState;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of this service.
pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(network))
        .routes(routes!(operators))
        .routes(routes!(operator))
        .routes(routes!(orders))
        .routes(routes!(order))
        .routes(routes!(batches))
        .routes(routes!(batch))
        .routes(routes!(disputes))
        .routes(routes!(dispute))
        .routes(routes!(quote))
}

impl App {
    fn metered(&self) -> ApiResult<&Metered> {
        let service = self.ledger.service();
        let metered = service.metered();
        metered.ok_or_else(|| ApiError::not_found(format!("this network runs the service `{}`, not `metered`", service.name())))
    }
}

/// What one unit is, what the network allows, and sums.
#[utoipa::path(get, path = "/v1/metered", tag = "metered",
    responses((status = 200, body = MeteredNetwork), (status = "default", body = ErrorBody)))]
pub(super) async fn network(State(app): State<Shared>) -> ApiResult<Json<MeteredNetwork>> {
    let metered = app.metered()?;
    let params = &metered.params;
    Ok(Json(app.read(|state, reads| MeteredNetwork {
        unit: params.unit.clone(),
        price: params.rules.form.name().to_owned(),
        currencies: params.rules.currencies.iter().map(|(name, _)| *name).collect(),
        reporter: params.reporter.and_then(|role| reads.role(role)),
        open_most_ms: params.open_most.get(),
        grace_ms: params.grace.get(),
        batches_most: params.batches_most,
        units_most: params.units_most,
        entries_most: ENTRIES_MAX as u32,
        disputes: wire_terms(&app, params, reads),
        totals: metered.figures(state).into_iter().map(|figure| (figure.name.to_owned(), figure.value.to_string())).collect(),
    })))
}

fn wire_terms(app: &App, params: &MeteredParams, reads: &Reads<'_>) -> Option<DisputeTerms> {
    let disputes = params.disputes?;
    Some(DisputeTerms {
        arbiter: reads.role(disputes.arbiter),
        window_ms: disputes.window.get(),
        answer_within_ms: disputes.answer_within.get(),
        decide_within_ms: disputes.decide_within.get(),
        undecided: match disputes.undecided {
            Undecided::Customer => "customer",
            Undecided::Operator => "operator",
            Undecided::Split => "split",
        }
        .to_owned(),
        undecided_cost: disputes.undecided_cost.to_string(),
        deposit: least_deposit(params, reads).map(|(token, units)| app.tokens.amount(token, units)),
    })
}

/// The least that either side of a dispute puts up, whatever is contested.
fn least_deposit(params: &MeteredParams, reads: &Reads<'_>) -> Option<(Name, Units)> {
    params.deposit(reads, params.rules.deposit?.token, Units::ZERO).ok()
}

/// Parameters of lists that come in pages.
type Paged = Params<PageQuery>;

/// A page of operators, by address.
#[utoipa::path(get, path = "/v1/metered/operators", tag = "metered", params(PageQuery),
    responses((status = 200, body = Page<MeteredOperator>), (status = "default", body = ErrorBody)))]
pub(super) async fn operators(State(app): State<Shared>, Params(query): Paged) -> ApiResult<Written> {
    app.metered()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<Address>(query.after.as_deref())?;
    let listed = app.list(move |_, state, _| {
        let rows = service::operators(state, after);
        Ok(page(rows, limit, |(address, _)| address.to_string(), |(address, row)| Some(wire_operator(address, row))))
    });
    listed.await
}

/// One operator.
#[utoipa::path(get, path = "/v1/metered/operators/{address}", tag = "metered",
    params(("address" = String, Path, description = "Its address")),
    responses((status = 200, body = MeteredOperator), (status = "default", body = ErrorBody)))]
pub(super) async fn operator(State(app): State<Shared>, Segment(address): Segment<Address>) -> ApiResult<Json<MeteredOperator>> {
    app.metered()?;
    Ok(Json(wire_operator(address, known(&app, address)?)))
}

fn known(app: &App, address: Address) -> ApiResult<service::Operator> {
    let row = app.ledger.read(|state| service::operator(state, address));
    row.ok_or_else(|| ApiError::not_found(format!("{address} is no operator; it registers first")))
}

fn wire_price(money: Money) -> Price {
    Price { currency: money.currency, amount: Units::new(money.amount.get()).to_decimal(18) }
}

fn wire_operator(address: Address, row: service::Operator) -> MeteredOperator {
    MeteredOperator {
        address,
        name: row.name,
        url: row.url,
        asks: row.asks.into_iter().map(wire_price).collect(),
        least_caps: row.least_caps.into_iter().map(wire_price).collect(),
        takes_orders: row.active && row.accepts && !row.below_pledge,
        active: row.active,
        expelled: row.expelled,
        below_pledge: row.below_pledge,
        open_orders: row.open_orders,
        delivered: row.delivered.to_string(),
        rejected: row.rejected.to_string(),
        failures: row.failures,
        since: row.since.into(),
    }
}

/// A page of orders, by id. Closed ones are kept for a while.
#[utoipa::path(get, path = "/v1/metered/orders", tag = "metered", params(OrderQuery),
    responses((status = 200, body = Page<MeteredOrder>), (status = "default", body = ErrorBody)))]
pub(super) async fn orders(State(app): State<Shared>, Params(query): Params<OrderQuery>) -> ApiResult<Written> {
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<UnitId>(query.after.as_deref())?;
    let listed = app.list(move |app, state, reads| {
        let params = &app.metered()?.params;
        let wanted = |order: &service::Order| {
            query.customer.is_none_or(|customer| customer == order.customer)
                && query.operator.is_none_or(|operator| operator == order.operator)
                && query.state.is_none_or(|stage| stage == self::stage(order))
        };
        let wire = |(id, order)| Some(order).filter(&wanted).map(|order| wire_order(app, params, reads, id, &order));
        Ok(page(narrowest(state, &query, after), limit, |(id, _)| id.to_string(), wire))
    });
    listed.await
}

/// The shortest list that holds everything asked for.
fn narrowest<'a>(
    state: &'a dyn ReadState,
    query: &OrderQuery,
    after: Option<UnitId>,
) -> Box<dyn Iterator<Item = (UnitId, service::Order)> + 'a> {
    match (query.customer, query.operator) {
        (Some(customer), _) => Box::new(service::orders_of_customer(state, customer, after)),
        (None, Some(operator)) => Box::new(service::orders_of_operator(state, operator, after)),
        (None, None) => Box::new(service::orders(state, after)),
    }
}

/// One order.
#[utoipa::path(get, path = "/v1/metered/orders/{id}", tag = "metered",
    params(("id" = String, Path, description = "Its id, 64 hexadecimal digits")),
    responses((status = 200, body = MeteredOrder), (status = "default", body = ErrorBody)))]
pub(super) async fn order(State(app): State<Shared>, Segment(id): Segment<UnitId>) -> ApiResult<Json<MeteredOrder>> {
    let params = &app.metered()?.params;
    let found = app.read(|state, reads| service::order(state, id).map(|order| wire_order(&app, params, reads, id, &order)));
    found.map(Json).ok_or_else(|| no_order(id))
}

fn no_order(id: UnitId) -> ApiError {
    ApiError::not_found(format!("there is no order {id}; it never was, or it closed long ago"))
}

const fn stage(order: &service::Order) -> OrderStage {
    match (order.closed, order.ended) {
        (Some(_), _) => OrderStage::Closed,
        (None, true) => OrderStage::Ending,
        (None, false) => OrderStage::Open,
    }
}

fn wire_order(app: &App, params: &MeteredParams, reads: &Reads<'_>, id: UnitId, order: &service::Order) -> MeteredOrder {
    let amount = |units| app.tokens.amount(order.currency, units);
    MeteredOrder {
        id,
        customer: order.customer,
        operator: order.operator,
        reporter: match params.reporter {
            Some(role) => reads.role(role),
            None => Some(order.reporter.unwrap_or(order.operator)),
        },
        price: order.each.map(wire_price),
        cap: amount(order.cap),
        held: amount(order.held),
        spent: amount(order.spent),
        returned: amount(order.returned),
        left: amount(order.left()),
        units: order.units,
        batches: order.batches,
        pending: order.pending,
        state: stage(order),
        opened: order.opened.into(),
        until: order.until.into(),
        closed: order.closed.map(Into::into),
    }
}

/// A page of an order's batches, in the order in which they were reported.
#[utoipa::path(get, path = "/v1/metered/orders/{id}/batches", tag = "metered",
    params(("id" = String, Path, description = "The order's id, 64 hexadecimal digits"), PageQuery),
    responses((status = 200, body = Page<MeteredBatch>), (status = "default", body = ErrorBody)))]
pub(super) async fn batches(State(app): State<Shared>, Segment(id): Segment<UnitId>, Params(query): Paged) -> ApiResult<Written> {
    app.metered()?;
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<u32>(query.after.as_deref())?;
    let listed = app.list(move |app, state, _| {
        let currency = service::order(state, id).ok_or_else(|| no_order(id))?.currency;
        let rows = service::batches(state, id, after);
        let wire = |(batch, row)| Some(wire_batch(app, currency, batch, row));
        Ok(page(rows, limit, |(_, row)| row.number.to_string(), wire))
    });
    listed.await
}

/// One batch. It is kept as long as its order.
#[utoipa::path(get, path = "/v1/metered/batches/{id}", tag = "metered",
    params(("id" = String, Path, description = "Its id, 64 hexadecimal digits")),
    responses((status = 200, body = MeteredBatch), (status = "default", body = ErrorBody)))]
pub(super) async fn batch(State(app): State<Shared>, Segment(id): Segment<UnitId>) -> ApiResult<Json<MeteredBatch>> {
    app.metered()?;
    let found = app.ledger.read(|state| {
        let row = service::batch(state, id)?;
        let currency = service::order(state, row.order)?.currency;
        Some(wire_batch(&app, currency, id, row))
    });
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("there is no batch {id}; it may be forgotten with its order")))
}

fn wire_evidence(evidence: Evidence) -> EvidenceRef {
    EvidenceRef { hash: evidence.hash, pointer: evidence.pointer }
}

fn wire_batch(app: &App, currency: Name, id: UnitId, row: service::Batch) -> MeteredBatch {
    let (state, payable_at, settled) = match row.state {
        BatchState::Pending { payable_at } => (BatchStage::Pending, Some(payable_at), None),
        BatchState::Disputed => (BatchStage::Disputed, None, None),
        BatchState::Settled { at } => (BatchStage::Settled, None, Some(at)),
    };
    MeteredBatch {
        id,
        order: row.order,
        report_id: row.id,
        number: row.number,
        units: row.units,
        evidence: wire_evidence(row.evidence),
        reported: row.at.into(),
        amount: app.tokens.amount(currency, row.amount),
        counted: row.counted,
        paid: app.tokens.amount(currency, row.paid),
        open: row.open,
        state,
        payable_at: payable_at.map(Into::into),
        settled: settled.map(Into::into),
    }
}

/// A page of disputes that are not decided, by batch.
#[utoipa::path(get, path = "/v1/metered/disputes", tag = "metered", params(PageQuery),
    responses((status = 200, body = Page<MeteredDispute>), (status = "default", body = ErrorBody)))]
pub(super) async fn disputes(State(app): State<Shared>, Params(query): Paged) -> ApiResult<Written> {
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<UnitId>(query.after.as_deref())?;
    let listed = app.list(move |app, state, _| {
        let params = &app.metered()?.params;
        let wire = |(batch, row)| wire_dispute(app, params, state, batch, row);
        Ok(page(service::disputes(state, after), limit, |(batch, _)| batch.to_string(), wire))
    });
    listed.await
}

/// The dispute of a batch, while it is not decided.
#[utoipa::path(get, path = "/v1/metered/disputes/{batch}", tag = "metered",
    params(("batch" = String, Path, description = "The batch's id, 64 hexadecimal digits")),
    responses((status = 200, body = MeteredDispute), (status = "default", body = ErrorBody)))]
pub(super) async fn dispute(State(app): State<Shared>, Segment(batch): Segment<UnitId>) -> ApiResult<Json<MeteredDispute>> {
    let params = &app.metered()?.params;
    let found =
        app.ledger.read(|state| service::dispute(state, batch).and_then(|row| wire_dispute(&app, params, state, batch, row)));
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("batch {batch} is not in dispute")))
}

fn wire_dispute(
    app: &App,
    params: &MeteredParams,
    state: &dyn ReadState,
    batch: UnitId,
    row: service::Dispute,
) -> Option<MeteredDispute> {
    let order = service::order(state, row.order)?;
    let token = params.rules.deposit.map_or(app.tokens.main, |rule| rule.token);
    let amount = |units| app.tokens.amount(token, units);
    Some(MeteredDispute {
        batch,
        order: row.order,
        customer: order.customer,
        operator: order.operator,
        contested: row.contested,
        opened: row.opened.into(),
        deposit: amount(row.deposit),
        evidence: wire_evidence(row.evidence),
        answer: row.answer.map(|answer| DisputeAnswer {
            at: answer.at.into(),
            deposit: amount(answer.deposit),
            evidence: wire_evidence(answer.evidence),
        }),
        due: row.due.into(),
    })
}

/// What units would cost if they were reported now, in one batch.
#[utoipa::path(get, path = "/v1/metered/quote", tag = "metered", params(MeteredQuoteQuery),
    responses((status = 200, body = MeteredQuote), (status = "default", body = ErrorBody)))]
pub(super) async fn quote(State(app): State<Shared>, Params(query): Params<MeteredQuoteQuery>) -> ApiResult<Json<MeteredQuote>> {
    let params = &app.metered()?.params;
    let operator = known(&app, query.operator)?;
    let quoted = app.read(|_, reads| params.quote(reads, &operator, query.currency, query.units));
    let (currency, cost) = quoted.map_err(refused)?;
    let price = params.ask_of(&operator, currency).map_err(refused)?.map(wire_price);
    Ok(Json(MeteredQuote { units: query.units, price, cost: app.tokens.amount(currency, cost) }))
}

fn refused(error: MeteredError) -> ApiError {
    ApiError::bad_request(error, "see /v1/metered for what the network allows")
}
