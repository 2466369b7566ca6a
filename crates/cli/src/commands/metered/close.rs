//! `depin metered close`: one order, or many by as few messages as there can be.

use super::{act, named::Named};
use crate::{
    args::CloseArgs,
    error::{CliError, Result},
    output::shorten,
};
use depin_client::{
    api::{FinalReceipt, MeteredOrder, OrderQuery, OrderStage},
    whole_list,
};
use depin_quantity::{Address, UnitId};
use depin_services::metered::{ENTRIES_MAX, MeteredMessage};
use serde::Serialize;
use std::collections::BTreeSet;

pub(super) async fn close(args: &CloseArgs, at: &Named<'_>) -> Result<()> {
    match args.orders.as_slice() {
        [order] => one(order, args, at).await,
        _ => many(args, at).await,
    }
}

async fn one(text: &str, args: &CloseArgs, at: &Named<'_>) -> Result<()> {
    let order = at.order(text).await?;
    let sender = at.sender(args.signer.from.as_deref(), Some(order.customer), "close this order")?;
    let receipt = act::send(at, &sender, MeteredMessage::CloseOrder(order.id)).await?;
    let order = at.order(&order.id.to_string()).await?;
    let text = match &order.closed {
        Some(_) => format!("{text} is closed; {} came back", shorten(&order.returned.display)),
        None => format!("{text} takes units until {}, and closes when its last batch is settled", order.until.text),
    };
    act::report(at, &order, receipt, &text)
}

/// What was done about many orders.
#[derive(Serialize)]
struct Closed {
    orders: BTreeSet<UnitId>,
    receipts: Vec<FinalReceipt>,
}

async fn many(args: &CloseArgs, at: &Named<'_>) -> Result<()> {
    let mut named = Vec::new();
    for text in &args.orders {
        named.push(at.order(text).await?);
    }
    let sender = at.sender(args.signer.from.as_deref(), named.first().map(|order| order.customer), "close these orders")?;
    let orders: BTreeSet<UnitId> =
        if args.all { open_orders(sender.address(), at).await? } else { named.iter().map(|order| order.id).collect() };
    if orders.is_empty() {
        return Err(CliError::refused("no-orders", "no order is open there").hint("`depin metered orders` lists them"));
    }
    let ids: Vec<UnitId> = orders.iter().copied().collect();
    let mut closed = Closed { orders, receipts: Vec::new() };
    for some in ids.chunks(ENTRIES_MAX) {
        closed.receipts.push(act::send(at, &sender, MeteredMessage::CloseOrders(some.to_vec())).await?);
    }
    at.out.result(&closed, |_| {
        let (orders, messages) = (closed.orders.len(), closed.receipts.len());
        format!("{orders} orders take no units after this, or after their customer's time of grace (messages: {messages})")
    })
}

/// Orders that are open and of which `who` is a side.
async fn open_orders(who: Address, at: &Named<'_>) -> Result<BTreeSet<UnitId>> {
    let mut found = BTreeSet::new();
    for (operator, customer) in [(Some(who), None), (None, Some(who))] {
        let orders = whole_list(usize::MAX, |after| async move {
            let query = OrderQuery { state: Some(OrderStage::Open), operator, customer, after, limit: Some(1_000) };
            at.metered().orders(&query).await
        });
        found.extend(orders.await?.into_iter().map(|order: MeteredOrder| order.id));
    }
    Ok(found)
}
