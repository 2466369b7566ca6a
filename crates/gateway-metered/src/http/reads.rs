//! What the node says, for callers who know only the gateway.

use super::{
    Shared,
    actions::{self, order_by_id},
    error::{ApiError, ApiResult, Params, Segment},
};
use crate::{node::Core, wire::ActionView};
use axum::{Json, extract::State};
use depin_client::api::{
    MeteredDispute, MeteredNetwork, MeteredOperator, MeteredOrder, MeteredQuote, MeteredQuoteQuery, OrderQuery, Page,
};
use depin_quantity::{Address, UnitId};
use serde::{Deserialize, Serialize};

/// What this gateway works with.
#[derive(Serialize)]
pub(super) struct About {
    /// Who opens orders and pays.
    customer: Address,
    /// Who reports what is handed in here: the network's `reporter`, or reports of this gateway will be refused.
    reports_as: Address,
    #[serde(flatten)]
    network: MeteredNetwork,
}

pub(super) async fn network(State(core): State<Shared>) -> ApiResult<Json<About>> {
    let network = core.client.metered().network().await?;
    Ok(Json(About { customer: core.customer.address(), reports_as: core.reporter.address(), network }))
}

/// Which page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Paged {
    after: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn operators(State(core): State<Shared>, Params(page): Params<Paged>) -> ApiResult<Json<Page<MeteredOperator>>> {
    Ok(Json(core.client.metered().operators(page.after.as_deref(), page.limit).await?))
}

pub(super) async fn quote(State(core): State<Shared>, Params(query): Params<MeteredQuoteQuery>) -> ApiResult<Json<MeteredQuote>> {
    Ok(Json(core.client.metered().quote(&query).await?))
}

/// A page of the customer's orders.
pub(super) async fn orders(State(core): State<Shared>, Params(query): Params<OrderQuery>) -> ApiResult<Json<Page<MeteredOrder>>> {
    let query = OrderQuery { customer: Some(core.customer.address()), ..query };
    Ok(Json(core.client.metered().orders(&query).await?))
}

/// An order, as this gateway and as the ledger knows it.
#[derive(Serialize)]
pub(super) struct OrderView {
    /// What this gateway did to open it; none when it was opened elsewhere, or is asked for by the ledger's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<ActionView>,
    /// Its entry on the ledger; none before it is open, and when it was forgotten.
    order: Option<MeteredOrder>,
}

pub(super) async fn order(State(core): State<Shared>, Segment(id): Segment) -> ApiResult<Json<OrderView>> {
    let by_id = order_by_id(&core, &id).await?;
    let (action, on_ledger) = match by_id {
        Some((action, order)) => (Some(actions::why_it_waits(&core, action)), order),
        None => (None, id.parse::<UnitId>().ok()),
    };
    let order = match on_ledger {
        Some(order) => core.client.metered().order(order).await?,
        None => None,
    };
    if action.is_none() && order.is_none() {
        return Err(unknown(&id));
    }
    Ok(Json(OrderView { action, order }))
}

fn unknown(id: &str) -> ApiError {
    ApiError::not_found(format!("there is no order `{id}`")).hint("give the id that it was opened under here, or the ledger's")
}

/// The ledger's id of an order that a caller names by either id.
pub(super) async fn order_of(core: &Core, id: &str) -> ApiResult<UnitId> {
    match order_by_id(core, id).await? {
        Some((_, Some(order))) => Ok(order),
        Some((_, None)) => {
            Err(ApiError::new(axum::http::StatusCode::CONFLICT, "not-open", format!("order `{id}` is not open yet")))
        }
        None => id.parse().map_err(|_| unknown(id)),
    }
}

/// Pages of the node's list that one answer looks through at most. A page may be short, or empty, and have a next one.
const LOOKED_THROUGH: usize = 16;

/// A page of open disputes, those of the customer's orders.
pub(super) async fn disputes(State(core): State<Shared>, Params(page): Params<Paged>) -> ApiResult<Json<Page<MeteredDispute>>> {
    let (mut found, mut after) = (Page { items: Vec::new(), next: None }, page.after);
    for _ in 0..LOOKED_THROUGH {
        let looked = core.client.metered().disputes(after.as_deref(), page.limit).await?;
        found.items.extend(looked.items.into_iter().filter(|dispute| dispute.customer == core.customer.address()));
        found.next = looked.next;
        if found.next.is_none() || !found.items.is_empty() {
            break;
        }
        after.clone_from(&found.next);
    }
    Ok(Json(found))
}
