//! Operators, orders, batches and disputes, as the ledger has them.

use super::named::{Named, short};
use crate::{
    args::{BatchesArgs, MeteredQuoteArgs, OrdersArgs},
    error::Result,
    output::{Table, count, in_time, minute, shorten, units},
    remote::PROVIDERS_SHOWN,
};
use depin_client::api::{BatchStage, MeteredBatch, MeteredOrder, MeteredQuoteQuery, OrderQuery, OrderStage, Page, Price};

fn priced(price: &Price) -> String {
    shorten(&format!("{} {}", price.amount, price.currency))
}

fn stage(text: &str) -> Option<OrderStage> {
    [OrderStage::Open, OrderStage::Ending, OrderStage::Closed].into_iter().find(|stage| stage.as_str() == text)
}

pub(super) async fn operators(at: &Named<'_>) -> Result<()> {
    let mut list = at.metered().operators(None, Some(1_000)).await?;
    while let Some(after) = list.next.take().filter(|_| list.items.len() < PROVIDERS_SHOWN) {
        let page = at.metered().operators(Some(&after), Some(1_000)).await?;
        list.items.extend(page.items);
        // A node that answers with the place asked from would have us ask for ever.
        list.next = page.next.filter(|next| *next != after);
    }
    if list.items.len() >= PROVIDERS_SHOWN {
        at.out.note(format_args!(
            "the first {} operators by address; `/v1/metered/operators` of the node has the others",
            list.items.len()
        ));
    }
    // As people count: provider-2 before provider-10.
    list.items.sort_by_key(|operator| (operator.name.as_str().len(), operator.name, operator.address));
    at.out.result(&list, |out| {
        let mut table = Table::new(&["NAME", "ADDRESS", ">ASKS", ">ORDERS", ">DELIVERED", ">REJECTED", "STATE"]);
        for operator in &list.items {
            let asks: Vec<String> = operator.asks.iter().map(priced).collect();
            let state = match () {
                () if operator.expelled => "expelled",
                () if !operator.active => "left",
                () if operator.below_pledge => "below pledge",
                () if operator.takes_orders => "open",
                () => "closed",
            };
            table.own_row([
                operator.name.to_string(),
                operator.address.short(),
                if asks.is_empty() { "the network's".to_owned() } else { asks.join("\n") },
                operator.open_orders.to_string(),
                operator.delivered.clone(),
                operator.rejected.clone(),
                state.to_owned(),
            ]);
        }
        table.render_or(out, "no operators; `depin up` starts some, `depin provider metered` one of your own")
    })
}

pub(super) async fn quote(args: &MeteredQuoteArgs, at: &Named<'_>) -> Result<()> {
    let operator = at.remote.address(&args.operator).await?;
    let query = MeteredQuoteQuery { operator, units: args.units, currency: args.currency };
    let quote = at.metered().quote(&query).await?;
    at.out.result(&quote, |_| {
        let each = quote.price.as_ref().map_or_else(|| "the network's price".to_owned(), priced);
        format!(
            "{} of {} {} {} now ({each} each, one batch)",
            units(quote.units),
            args.operator,
            if quote.units == 1 { "costs" } else { "cost" },
            shorten(&quote.cost.display)
        )
    })
}

pub(super) async fn orders(args: &OrdersArgs, at: &Named<'_>) -> Result<()> {
    let query = OrderQuery {
        customer: at.remote.address_of(args.customer.as_ref()).await?,
        operator: at.remote.address_of(args.operator.as_ref()).await?,
        state: args.state.as_deref().and_then(stage),
        after: None,
        limit: Some(args.limit),
    };
    let page = at.metered().orders(&query).await?;
    if page.next.is_some() {
        at.out.warn(format_args!("there are more orders; --limit shows more"));
    }
    at.out.result(&page, |out| {
        let mut table = Table::new(&["ORDER", "OPERATOR", ">CAP", ">PAID", ">UNITS", ">UNDECIDED", "STATE"]);
        for order in &page.items {
            table.row([
                short(order.id),
                at.name(order.operator),
                shorten(&order.cap.display),
                shorten(&order.spent.display),
                order.units.to_string(),
                order.pending.to_string(),
                order.state.as_str().to_owned(),
            ]);
        }
        table.render_or(out, "no orders; `depin metered order OPERATOR --cap AMOUNT --for TIME` opens one")
    })
}

pub(super) async fn show(order: &str, at: &Named<'_>) -> Result<()> {
    let order = at.order(order).await?;
    at.out.result(&order, |out| text(&order, at).render(out))
}

pub(super) fn text(order: &MeteredOrder, at: &Named<'_>) -> Table {
    let mut table = Table::new(&["", ""]);
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    row("Order", order.id.to_string());
    row("Customer", at.name(order.customer));
    row("Operator", at.name(order.operator));
    row("Reporter", order.reporter.map_or_else(|| "nobody".to_owned(), |who| at.name(who)));
    row("Price", order.price.as_ref().map_or_else(|| "the network's".to_owned(), priced));
    row("Cap", shorten(&order.cap.display));
    row("Paid", format!("{} for {}", shorten(&order.spent.display), units(order.units)));
    row("Undecided", format!("{} in {}", shorten(&order.held.display), count(order.pending.into(), "batch", "batches")));
    row("Returned", shorten(&order.returned.display));
    row("Left", shorten(&order.left.display));
    let state = match (&order.closed, order.state) {
        (Some(closed), _) => format!("closed {}", minute(closed.instant())),
        (None, OrderStage::Open) => format!("open, ends {}", in_time(at.now, order.until.instant())),
        (None, other) => other.as_str().to_owned(),
    };
    row("State", state);
    table
}

pub(super) async fn batches(args: &BatchesArgs, at: &Named<'_>) -> Result<()> {
    let order = at.order(&args.order).await?;
    let page = wanted(args, &order, at).await?;
    if let Some(next) = &page.next {
        at.out.warn(format_args!("there are more batches; --from {next} goes on, --newest shows the last ones"));
    }
    at.out.result(&page, |out| {
        let mut table = Table::new(&["BATCH", ">UNITS", ">COST", ">COUNTED", ">PAID", "STATE"]);
        for batch in &page.items {
            table.row([
                format!("{}/{}", short(batch.order), batch.number),
                batch.units.to_string(),
                shorten(&batch.amount.display),
                batch.counted.to_string(),
                shorten(&batch.paid.display),
                state(batch, at),
            ]);
        }
        table.render_or(out, "no batches; `depin metered report ORDER …` or the gateway reports some")
    })
}

/// The batches that were asked for, through as many pages of the node as they are in; `next` is the number at which more begin.
async fn wanted(args: &BatchesArgs, order: &MeteredOrder, at: &Named<'_>) -> Result<Page<MeteredBatch>> {
    let limit = args.limit as usize;
    let first = if args.newest { order.batches.saturating_sub(args.limit) } else { args.from.unwrap_or(0) };
    let (mut items, mut after) = (Vec::new(), first.checked_sub(1).map(|before| before.to_string()));
    loop {
        let page = at.metered().batches(order.id, after.as_deref(), Some(1_000)).await?;
        items.extend(page.items.into_iter().filter(|batch| args.state.is_none_or(|state| state.0 == batch.state)));
        if items.len() > limit || page.next.is_none() || page.next == after {
            break;
        }
        after = page.next;
    }
    let next = items.get(limit).map(|batch: &MeteredBatch| batch.number.to_string());
    items.truncate(limit);
    if args.newest {
        items.reverse();
    }
    Ok(Page { items, next: next.filter(|_| !args.newest) })
}

fn state(batch: &MeteredBatch, at: &Named<'_>) -> String {
    match (batch.state, &batch.payable_at) {
        (BatchStage::Pending, Some(payable)) => format!("paid {}", in_time(at.now, payable.instant())),
        (BatchStage::Pending, None) => "pending".to_owned(),
        (BatchStage::Disputed, _) => format!("{} disputed", batch.open),
        (BatchStage::Settled, _) => "settled".to_owned(),
    }
}

pub(super) async fn disputes(at: &Named<'_>) -> Result<()> {
    let page = at.metered().disputes(None, Some(1_000)).await?;
    let mut names = Vec::new();
    for dispute in &page.items {
        let number = at.metered().batch(dispute.batch).await?.map(|batch| batch.number);
        names.push(number.map_or_else(|| short(dispute.batch), |number| format!("{}/{number}", short(dispute.order))));
    }
    at.out.result(&page, |out| {
        let mut table = Table::new(&["BATCH", "CUSTOMER", "OPERATOR", ">UNITS", ">DEPOSIT", "WAITS FOR"]);
        for (dispute, name) in page.items.iter().zip(&names) {
            let whom = if dispute.answer.is_some() { "arbiter" } else { "operator" };
            table.row([
                name.clone(),
                at.name(dispute.customer),
                at.name(dispute.operator),
                dispute.contested.to_string(),
                shorten(&dispute.deposit.display),
                format!("{whom}, {}", in_time(at.now, dispute.due.instant())),
            ]);
        }
        table.render_or(out, "no disputes")
    })
}
