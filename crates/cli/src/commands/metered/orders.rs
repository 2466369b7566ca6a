//! `depin metered order | raise | close`.

use super::{act, look, named::Named};
use crate::{
    args::{OneOrderArgs, OrderArgs, RaiseArgs},
    error::{CliError, Result},
    output::shorten,
};
use depin_client::api::MeteredQuoteQuery;
use depin_economy::Money;
use depin_services::metered::{MeteredMessage, NewOrder};

fn amount_text(money: &Money) -> String {
    shorten(&format!("{} {}", money.amount.to_decimal(), money.currency))
}

pub(super) async fn open(args: &OrderArgs, at: &Named<'_>) -> Result<()> {
    let operator = at.remote.address(&args.operator).await?;
    let network = at.metered().network().await?;
    let usual = *network.currencies.first().ok_or_else(|| CliError::broken("answer", "orders are paid in nothing here"))?;
    let cap = act::money(&args.cap, usual)?;
    let price = match &args.price {
        Some(typed) => Some(act::money(typed, cap.currency)?),
        None => {
            let query = MeteredQuoteQuery { operator, units: 1, currency: Some(cap.currency) };
            let asked = at.metered().quote(&query).await?.price;
            let typed = asked.map(|price| crate::args::AmountArg { number: price.amount, token: Some(price.currency) });
            typed.map(|typed| act::money(&typed, cap.currency)).transpose()?
        }
    };
    let reporter = at.remote.address_of(args.reporter.as_ref()).await?;
    let sender = at.remote.sender(args.signer.from.as_deref().unwrap_or("customer"))?;
    let each = price.as_ref().map_or_else(|| "the network's price".to_owned(), |price| format!("at most {}", amount_text(price)));
    at.out.note(format_args!(
        "puts up {} of {}; one {} costs {each}",
        amount_text(&cap),
        at.name(sender.address()),
        network.unit
    ));
    let new = NewOrder { operator, cap, price, open_for: args.open_for.0, reporter };
    let receipt = act::send(at, &sender, MeteredMessage::OpenOrder(new)).await?;
    let id = act::opened(&receipt).ok_or_else(|| CliError::broken("answer", "the receipt names no order"))?;
    let order = at.order(&id.to_string()).await?;
    let text = look::text(&order, at).render(at.out);
    act::report(at, &order, receipt, text.trim_end())
}

pub(super) async fn raise(args: &RaiseArgs, at: &Named<'_>) -> Result<()> {
    let order = at.order(&args.order).await?;
    let by = act::money(&args.by, order.cap.token)?;
    let sender = at.sender(args.signer.from.as_deref(), Some(order.customer), "raise this order")?;
    at.out.note(format_args!("puts up {} more of {}", amount_text(&by), at.name(sender.address())));
    let receipt = act::send(at, &sender, MeteredMessage::RaiseCap { order: order.id, by }).await?;
    let order = at.order(&order.id.to_string()).await?;
    let text = format!("the cap of {} is {} now", args.order, shorten(&order.cap.display));
    act::report(at, &order, receipt, &text)
}

pub(super) async fn close(args: &OneOrderArgs, at: &Named<'_>) -> Result<()> {
    let order = at.order(&args.order).await?;
    let sender = at.sender(args.signer.from.as_deref(), Some(order.customer), "close this order")?;
    let receipt = act::send(at, &sender, MeteredMessage::CloseOrder(order.id)).await?;
    let order = at.order(&order.id.to_string()).await?;
    let text = match &order.closed {
        Some(_) => format!("{} is closed; {} came back", args.order, shorten(&order.returned.display)),
        None => format!("{} takes units until {}, and closes when its last batch is settled", args.order, order.until.text),
    };
    act::report(at, &order, receipt, &text)
}
