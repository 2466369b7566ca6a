//! `depin metered order | raise | least-caps`.

use super::{act, look, named::Named};
use crate::{
    args::{LeastCapsArgs, OrderArgs, RaiseArgs},
    error::{CliError, Result},
    output::shorten,
};
use depin_client::api::{MeteredNetwork, MeteredQuoteQuery, OrderStage};
use depin_economy::{Money, USD};
use depin_quantity::{Name, Span};
use depin_services::metered::{MeteredError, MeteredMessage, NewOrder};

fn amount_text(money: &Money) -> String {
    shorten(&format!("{} {}", money.amount.to_decimal(), money.currency))
}

pub(super) async fn open(args: &OrderArgs, at: &Named<'_>) -> Result<()> {
    let operator = at.remote.address(&args.operator).await?;
    let network = at.metered().network().await?;
    let usual = *network.currencies.first().ok_or_else(|| CliError::broken("answer", "orders are paid in nothing here"))?;
    let cap = act::money(&args.cap, usual)?;
    let price = match &args.price {
        Some(typed) => Some(act::money(typed, asked_in(&network, cap.currency))?),
        None => {
            let query = MeteredQuoteQuery { operator, units: 1, currency: Some(cap.currency) };
            let asked = at.metered().quote(&query).await?.price;
            let typed = asked.map(|price| crate::args::AmountArg { number: price.amount, token: Some(price.currency) });
            typed.map(|typed| act::money(&typed, cap.currency)).transpose()?
        }
    };
    check(args, at, &network, cap, price).await?;
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

/// What operators ask in for orders that are paid in `currency`.
fn asked_in(network: &MeteredNetwork, currency: Name) -> Name {
    if network.price == "dollars" { USD } else { currency }
}

/// Refuses what the ledger would: a time that the network does not allow, an operator that takes no orders, a limit below what it asks.
async fn check(args: &OrderArgs, at: &Named<'_>, network: &MeteredNetwork, cap: Money, most: Option<Money>) -> Result<()> {
    let refuse = |error: MeteredError| Err(act::refusal(&error));
    let operator = at.remote.address(&args.operator).await?;
    let longest = Span::from_millis(network.open_most_ms);
    if args.open_for.0.get() == 0 || args.open_for.0 > longest {
        return refuse(MeteredError::OpenFor { given: args.open_for.0, most: longest });
    }
    if !network.currencies.contains(&cap.currency) {
        let known = network.currencies.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return refuse(MeteredError::Currency { given: cap.currency, known });
    }
    let asked_in = asked_in(network, cap.currency);
    match most {
        Some(_) if network.price == "network" => {
            return refuse(MeteredError::Ask("the network sets the price of a unit; leave the order's price out".to_owned()));
        }
        Some(most) if most.currency != asked_in => {
            return refuse(MeteredError::Ask(format!("name the most that one unit may cost, in {asked_in}")));
        }
        _ => {}
    }
    let entry = match at.metered().operator(operator).await? {
        None => return refuse(MeteredError::UnknownOperator(operator)),
        Some(entry) if entry.expelled => return refuse(MeteredError::Expelled(operator)),
        Some(entry) if !entry.active => return refuse(MeteredError::UnknownOperator(operator)),
        Some(entry) if entry.below_pledge => return refuse(MeteredError::BelowPledge(operator)),
        Some(entry) if !entry.takes_orders => return refuse(MeteredError::NotAccepting(operator)),
        Some(entry) => entry,
    };
    for least in &entry.least_caps {
        let typed = crate::args::AmountArg { number: least.amount.clone(), token: Some(least.currency) };
        let least = act::money(&typed, least.currency)?;
        if cap.currency == least.currency && cap.amount < least.amount {
            return refuse(MeteredError::CapBelowLeast { cap, least });
        }
    }
    for ask in &entry.asks {
        let each = act::money(&crate::args::AmountArg { number: ask.amount.clone(), token: Some(ask.currency) }, ask.currency)?;
        if let Some(most) = most.filter(|most| most.currency == each.currency && most.amount < each.amount) {
            return refuse(MeteredError::PriceAbove { ask: each, most });
        }
        if cap.currency == each.currency && cap.amount < each.amount {
            return refuse(MeteredError::CapBelowUnit { cap, each });
        }
    }
    Ok(())
}

pub(super) async fn raise(args: &RaiseArgs, at: &Named<'_>) -> Result<()> {
    let order = at.order(&args.order).await?;
    let by = act::money(&args.by, order.cap.token)?;
    if by.amount.get() == 0 {
        return Err(CliError::refused("amount", "a cap is raised by more than nothing; write how much more with --by"));
    }
    if order.state != OrderStage::Open {
        return Err(act::refusal(&MeteredError::Ended { order: order.id, until: order.until.instant() }));
    }
    let sender = at.sender(args.signer.from.as_deref(), Some(order.customer), "raise this order")?;
    at.out.note(format_args!("puts up {} more of {}", amount_text(&by), at.name(sender.address())));
    let receipt = act::send(at, &sender, MeteredMessage::RaiseCap { order: order.id, by }).await?;
    let order = at.order(&order.id.to_string()).await?;
    let text = format!("the cap of {} is {} now", args.order, shorten(&order.cap.display));
    act::report(at, &order, receipt, &text)
}

pub(super) async fn least_caps(args: &LeastCapsArgs, at: &Named<'_>) -> Result<()> {
    let network = at.metered().network().await?;
    let usual = *network.currencies.first().ok_or_else(|| CliError::broken("answer", "orders are paid in nothing here"))?;
    let least = args.caps.iter().map(|typed| act::money(typed, usual)).collect::<Result<Vec<_>>>()?;
    let sender = at.sender(Some(&args.from), None, "set least caps")?;
    let text = match least.as_slice() {
        [] => "orders of any cap are taken now".to_owned(),
        least => {
            let caps: Vec<String> = least.iter().map(amount_text).collect();
            format!("orders with a cap below {} are refused now; open ones stay", caps.join(" or "))
        }
    };
    let receipt = act::send(at, &sender, MeteredMessage::LeastCaps(least)).await?;
    let entry = at.metered().operator(sender.address()).await?;
    act::report(at, entry, receipt, &text)
}
