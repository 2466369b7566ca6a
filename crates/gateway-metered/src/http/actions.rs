//! What the customer's key does: taken when it is on the disk, answered when the ledger decided or after a while.

use super::{
    Shared,
    error::{ApiError, ApiResult, Segment, body, json},
    reads,
    reports::{check_id, check_pointer},
};
use crate::{
    node::Core,
    store::{NewAction, actions},
    wire::{ActionView, NewDispute, NewOrder, RaiseOrder},
};
use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use depin_client::api::{MeteredQuoteQuery, Price};
use depin_economy::Money;
use depin_quantity::{Decimal18, UnitId, parse_span};
use depin_services::metered::{self, Evidence, MeteredMessage};

type Body = Result<Bytes, BytesRejection>;

fn money(price: &Price) -> ApiResult<Money> {
    // The underscores of a network file are for people; a program that writes one here meant something else.
    if !price.amount.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(ApiError::bad_request(format!(
            "`{}` is no amount; write digits and at most one point, such as \"1000.5\"",
            price.amount
        )));
    }
    let amount = Decimal18::parse(&price.amount).map_err(ApiError::bad_request)?;
    Ok(Money { currency: price.currency, amount })
}

/// Opens an order.
pub(super) async fn open(State(core): State<Shared>, bytes: Body) -> ApiResult<Response> {
    let new: NewOrder = json(&body(bytes)?)?;
    check_id(&new.id)?;
    check_no_ledger_id(&new.id)?;
    let content = serde_json::to_string(&("open", &new)).map_err(crate::store::StoreError::from)?;
    if let Some(known) = known(&core, &new.id, &content).await? {
        return answer(&core, known).await;
    }
    let cap = money(&new.cap)?;
    let open_for = parse_span(&new.open_for).map_err(ApiError::bad_request)?;
    let price = match &new.price {
        Some(price) => Some(money(price)?),
        None => asked(&core, &new).await?,
    };
    // Where the network has a reporter, orders name none.
    let reporter = core.config.params.reporter.is_none().then(|| core.reporter.address());
    let order = metered::NewOrder { operator: new.operator, cap, price, open_for, reporter };
    act(&core, NewAction { id: new.id, content, message: MeteredMessage::OpenOrder(order), order: None }).await
}

/// Refuses an id that could be the ledger's of another order, which it would hide.
fn check_no_ledger_id(id: &str) -> ApiResult<()> {
    if id.parse::<UnitId>().is_ok() {
        return Err(ApiError::bad_request(
            "an order's id cannot be 64 hexadecimal digits, since the ledger's ids are; choose another",
        ));
    }
    Ok(())
}

/// What the operator asks for a unit now.
async fn asked(core: &Core, new: &NewOrder) -> ApiResult<Option<Money>> {
    let query = MeteredQuoteQuery { operator: new.operator, units: 1, currency: Some(new.cap.currency) };
    core.client.metered().quote(&query).await?.price.as_ref().map(money).transpose()
}

/// Raises an order's cap.
pub(super) async fn raise(State(core): State<Shared>, Segment(order): Segment, bytes: Body) -> ApiResult<Response> {
    let new: RaiseOrder = json(&body(bytes)?)?;
    check_id(&new.id)?;
    let order = reads::order_of(&core, &order).await?;
    let content = serde_json::to_string(&("raise", order, &new)).map_err(crate::store::StoreError::from)?;
    let message = MeteredMessage::RaiseCap { order, by: money(&new.by)? };
    act(&core, NewAction { id: new.id, content, message, order: Some(order) }).await
}

/// Closes an order. It has no id of its own: an order is closed once.
pub(super) async fn close(State(core): State<Shared>, Segment(order): Segment) -> ApiResult<Response> {
    let order = reads::order_of(&core, &order).await?;
    let content = serde_json::to_string(&("close", order)).map_err(crate::store::StoreError::from)?;
    // A control character, which no caller's id has: nobody can take this id for something else.
    let id = format!("close\n{order}");
    act(&core, NewAction { id, content, message: MeteredMessage::CloseOrder(order), order: Some(order) }).await
}

/// Disputes a batch.
pub(super) async fn dispute(State(core): State<Shared>, bytes: Body) -> ApiResult<Response> {
    let new: NewDispute = json(&body(bytes)?)?;
    check_id(&new.id)?;
    check_pointer(new.pointer.as_deref())?;
    let content = serde_json::to_string(&("dispute", &new)).map_err(crate::store::StoreError::from)?;
    if let Some(known) = known(&core, &new.id, &content).await? {
        return answer(&core, known).await;
    }
    let batch = core.client.metered().batch(new.batch).await?;
    let order = batch.ok_or_else(|| ApiError::not_found(format!("there is no batch {}", new.batch)))?.order;
    let evidence = Evidence { hash: new.evidence, pointer: new.pointer };
    let message = MeteredMessage::Dispute { batch: new.batch, accepted: new.accepted, evidence };
    act(&core, NewAction { id: new.id, content, message, order: Some(order) }).await
}

async fn known(core: &Core, id: &str, content: &str) -> ApiResult<Option<ActionView>> {
    let (id, content) = (id.to_owned(), content.to_owned());
    Ok(core.store.run(move |db| actions::known(db, &id, &content)).await?)
}

/// Takes what a ledger could take: what it refuses whatever is in its rows would only wait.
async fn act(core: &Core, action: NewAction) -> ApiResult<Response> {
    action.message.check_bounds().map_err(ApiError::bad_request)?;
    let taken = core.store.run(move |db| actions::take(db, &action)).await?;
    core.actions.notify_one();
    answer(core, taken).await
}

/// Waits for the ledger's decision, for as long as the gateway's patience lasts.
async fn answer(core: &Core, mut view: ActionView) -> ApiResult<Response> {
    let mut decided = core.decided.subscribe();
    let until = tokio::time::Instant::now() + core.config.patience;
    while view.state == "waiting" {
        let id = view.id.clone();
        if let Some((now, _)) = core.store.run(move |db| actions::get(db, &id)).await? {
            view = now;
        }
        if view.state != "waiting" || tokio::time::timeout_at(until, decided.changed()).await.is_err() {
            break;
        }
    }
    view.id = view.id.replace('\n', " ");
    match (view.state.as_str(), &view.reason) {
        ("refused", Some(reason)) => Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, &reason.code, &reason.message)
            .hint("this id stays refused; mend what is wrong and use another id")),
        ("waiting", _) => Ok((StatusCode::ACCEPTED, Json(why_it_waits(core, view))).into_response()),
        _ => Ok(Json(view).into_response()),
    }
}

/// Adds what keeps an action that waits, if anything does.
pub(super) fn why_it_waits(core: &Core, mut view: ActionView) -> ActionView {
    if view.state == "waiting" {
        view.reason = core.problems.of("actions");
    }
    view
}

/// The order of an action of that id.
pub(super) async fn order_by_id(core: &Core, id: &str) -> ApiResult<Option<(ActionView, Option<UnitId>)>> {
    let wanted = id.to_owned();
    let found = core.store.run(move |db| actions::get(db, &wanted)).await?;
    Ok(found.map(|(view, _)| {
        let order = view.order;
        (view, order)
    }))
}
