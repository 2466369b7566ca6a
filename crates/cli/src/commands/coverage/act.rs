//! What customers tell the ledger.

use super::named::Named;
use crate::{
    args::{AddRouteArgs, AddSkfArgs, AmountArg, MintCreditsArgs, NewOuiArgs, RemoveRouteArgs, RemoveSkfArgs},
    error::{CliError, Result},
    output::{Progress, short_id, shorten},
    remote::amount,
    sending::submit,
};
use depin_client::{
    Credit, Sender, ServiceFee,
    api::{CoverageRange, FinalReceipt},
};
use depin_economy::Money;
use depin_ledger::Message;
use depin_quantity::{Decimal18, Name, UnitId, Units};
use depin_services::coverage::{CoverageMessage, PublicKey, RouteTerms, SessionFilter, SessionKey};
use serde::Serialize;

/// What was done.
#[derive(Serialize)]
struct Done<T> {
    #[serde(flatten)]
    what: T,
    receipt: FinalReceipt,
}

#[derive(Serialize)]
struct OuiDone {
    oui: u32,
    credits: Units,
    minted: Units,
}

#[derive(Serialize)]
struct RouteDone {
    route: UnitId,
}

/// Sends a message and waits until it is final. What every ledger refuses is not sent.
pub(super) async fn send(at: &Named<'_>, sender: &Sender, message: CoverageMessage) -> Result<FinalReceipt> {
    message.check_bounds().map_err(|error| CliError::refused("bounds", error))?;
    let mut progress = Progress::start(at.out);
    progress.step("sending, and waiting until it is final");
    let receipt = submit(sender, Message::service(message), at.out).await?;
    progress.done();
    Ok(receipt)
}

pub(super) fn told<T: Serialize>(at: &Named<'_>, what: T, receipt: FinalReceipt, text: &str) -> Result<()> {
    let done = Done { what, receipt };
    at.out.result(&done, |_| {
        let FinalReceipt { height, fee, id, .. } = &done.receipt;
        format!("{text}\n(block {height}, fee {}, transaction {})", shorten(&fee.display), short_id(id))
    })
}

/// A field of an event of a receipt.
pub(super) fn field<'r>(receipt: &'r FinalReceipt, kind: &str, key: &str) -> Option<&'r serde_json::Value> {
    let inner = receipt.events.iter().map(|event| event.get("event").unwrap_or(event));
    inner.filter(|event| event["kind"] == kind).find_map(|event| event.get(key))
}

/// Credits as typed, in what packets are paid in.
pub(super) async fn credits(at: &Named<'_>, typed: &AmountArg) -> Result<(Name, Units)> {
    let currency = at.coverage().network().await?.currency;
    let typed = AmountArg { token: typed.token.or(Some(currency)), ..typed.clone() };
    let (token, units) = amount(&at.remote.spec().await?, &typed)?;
    if token == currency {
        return Ok((token, units));
    }
    Err(CliError::refused("currency", format_args!("packets are paid in {currency} here, not in {token}")))
}

/// Sees to it that the sender holds so many credits; how many were minted.
pub(super) async fn provide(at: &Named<'_>, sender: &Sender, token: Name, needed: Units) -> Result<Units> {
    match Credit::of(&at.remote.spec().await?, token) {
        Some(credit) => Ok(credit.provide(sender, needed).await?),
        None => Ok(Units::ZERO),
    }
}

pub(super) fn minted(units: Units, token: Name) -> String {
    if units.is_zero() { String::new() } else { format!("; {units} {token} were minted for it", units = units.get()) }
}

pub(super) async fn open_oui(args: &NewOuiArgs, at: &Named<'_>) -> Result<()> {
    let sender = at.remote.sender(&args.signer.from)?;
    let (token, units) = credits(at, &args.credits).await?;
    let mut keys = Vec::new();
    for key in &args.key {
        keys.push(key.parse::<PublicKey>().map_err(|error| CliError::refused("key", error))?);
    }
    if keys.is_empty() {
        keys.push(own_server_key(at).await?);
    }
    let price = args.price.as_ref().map(|price| {
        let amount = Decimal18::parse(&price.number).map_err(|error| CliError::refused("amount", error))?;
        Ok::<_, CliError>(Money { currency: price.token.unwrap_or(token), amount })
    });
    let price = price.transpose()?;
    let fee = ServiceFee::of(&at.remote.spec().await?, Name::literal("oui"));
    let needed = units.plus(ServiceFee::takes(fee.as_ref(), token)).map_err(|error| CliError::refused("amount", error))?;
    let more = provide(at, &sender, token, needed).await?;
    let receipt = send(at, &sender, CoverageMessage::OpenOui { keys, credits: units, price }).await?;
    let oui = field(&receipt, "oui-opened", "oui").and_then(serde_json::Value::as_u64).unwrap_or_default();
    let paid = fee.map_or_else(String::new, |fee| format!(", for a fee of {}", fee.display));
    let text = format!("OUI {oui} is open with {} {token}{paid}{}", units.get(), minted(more, token));
    let what = OuiDone { oui: u32::try_from(oui).unwrap_or(u32::MAX), credits: units, minted: more };
    told(at, what, receipt, &text)
}

/// The key of the network server that runs beside this home.
async fn own_server_key(at: &Named<'_>) -> Result<PublicKey> {
    let none = || {
        CliError::refused("key", "nobody is named who acknowledges packets for the OUI")
            .hint("name the network server's key with --key; `curl SERVER/v1/network` says it. `depin gateway lorawan` opens an OUI of its own with --credits")
    };
    let endpoints = if at.remote.settings.names_node() { None } else { at.remote.settings.home.endpoints()? };
    let server = endpoints.and_then(|all| all.endpoints.into_iter().find(|one| one.name == "lorawan")).ok_or_else(none)?;
    let calls = super::devices::calls(&server.url, at)?;
    let info = calls.info().await.map_err(|error| super::devices::refused(&error))?;
    Ok(PublicKey::new(info.server_key))
}

pub(super) async fn mint(args: &MintCreditsArgs, at: &Named<'_>) -> Result<()> {
    let sender = at.remote.sender(&args.signer.from)?;
    let (token, units) = credits(at, &args.credits).await?;
    // Before anything is minted: what is minted stays on the account.
    let known = at.coverage().oui(args.oui).await?;
    match known {
        Some(oui) if oui.owner == sender.address() => {}
        Some(oui) => {
            let why = format!("OUI {} is {}'s, and only its owner puts credits into it", args.oui, at.name(oui.owner));
            return Err(CliError::refused("not-owner", why).hint("nothing was minted; name its owner with --from"));
        }
        None => {
            return Err(CliError::refused("unknown-oui", format_args!("there is no OUI {} on this chain", args.oui))
                .hint("nothing was minted; `depin coverage oui list` shows those that there are"));
        }
    }
    let more = provide(at, &sender, token, units).await?;
    let receipt = send(at, &sender, CoverageMessage::AddCredits { oui: args.oui, credits: units }).await?;
    let text = format!("OUI {} has {} {token} more{}", args.oui, units.get(), minted(more, token));
    told(at, OuiDone { oui: args.oui, credits: units, minted: more }, receipt, &text)
}

pub(super) async fn add_route(args: &AddRouteArgs, at: &Named<'_>) -> Result<()> {
    let sender = at.remote.sender(&args.signer.from)?;
    let (mut last, route) = match (&args.route, args.oui, &args.server) {
        (Some(text), ..) => {
            let route = at.route(text).await?.id;
            refuse_taken(at, args, Some(route)).await?;
            (None, route)
        }
        (None, Some(oui), Some(server)) => {
            let wrong = || CliError::refused("net-id", "a NetID has 6 hexadecimal digits, such as 00003C");
            let net_id = u32::from_str_radix(&args.net_id, 16).ok().filter(|id| id >> 24 == 0).ok_or_else(wrong)?;
            // Before the route is added: one without addresses would stay behind.
            refuse_taken(at, args, None).await?;
            let (server, max_copies) = (server.clone(), args.max_copies);
            let terms = RouteTerms { net_id, server, max_copies, active: true, ignore_empty_skf: false };
            let receipt = send(at, &sender, CoverageMessage::AddRoute { oui, terms }).await?;
            let route = field(&receipt, "route-changed", "route").and_then(|id| id.as_str()?.parse::<UnitId>().ok());
            let route = route.ok_or_else(|| CliError::broken("receipt", "the ledger did not say which route it added"))?;
            (Some(receipt), route)
        }
        _ => {
            return Err(CliError::refused(
                "route",
                "name the OUI of a new route with --oui and --server, or a route with --route",
            ));
        }
    };
    if !args.devaddr.is_empty() {
        let add = args.devaddr.iter().map(|range| range.0).collect();
        last = Some(send(at, &sender, CoverageMessage::ChangeRanges { route, add, remove: Vec::new() }).await?);
    }
    if !args.eui.is_empty() {
        let add = args.eui.iter().map(|eui| eui.0).collect();
        last = Some(send(at, &sender, CoverageMessage::ChangeEuis { route, add, remove: Vec::new() }).await?);
    }
    let nothing = || CliError::refused("route", "nothing is to be added; name --devaddr or --eui");
    let text =
        format!("route {} takes {} ranges and {} joins more", short_id(route.to_string()), args.devaddr.len(), args.eui.len());
    told(at, RouteDone { route }, last.ok_or_else(nothing)?, &text)
}

/// Refuses addresses that a route has already; `own` is the one that more are added to.
async fn refuse_taken(at: &Named<'_>, args: &AddRouteArgs, own: Option<UnitId>) -> Result<()> {
    if args.devaddr.is_empty() {
        return Ok(());
    }
    let wanted: Vec<(u32, u32)> = args.devaddr.iter().map(|range| (range.0.start, range.0.end)).collect();
    for range in at.ranges().await? {
        let bounds = u32::from_str_radix(&range.start, 16).ok().zip(u32::from_str_radix(&range.end, 16).ok());
        if bounds.is_some_and(|there| wanted.iter().any(|wanted| overlap(*wanted, there))) {
            let whose = if own == Some(range.route) { "this route" } else { "the route" };
            let why =
                format!("{whose} {} has the addresses {}-{} already", short_id(range.route.to_string()), range.start, range.end);
            return Err(CliError::refused("taken", why).hint("nothing was added; name addresses that no route has"));
        }
    }
    Ok(())
}

/// Whether two ranges share an address.
const fn overlap(a: (u32, u32), b: (u32, u32)) -> bool {
    a.0 <= b.1 && b.0 <= a.1
}

pub(super) async fn remove_route(args: &RemoveRouteArgs, at: &Named<'_>) -> Result<()> {
    let sender = at.remote.sender(&args.signer.from)?;
    let route = at.route(&args.route).await?.id;
    let receipt = send(at, &sender, CoverageMessage::RemoveRoute(route)).await?;
    told(at, RouteDone { route }, receipt, &format!("route {} is gone", short_id(route.to_string())))
}

/// A device address as typed.
fn devaddr(typed: &str) -> Result<u32> {
    let wrong = || CliError::refused("devaddr", "a device address has 8 hexadecimal digits");
    let digits = Some(typed).filter(|text| text.len() == 8).ok_or_else(wrong)?;
    u32::from_str_radix(digits, 16).map_err(|_| wrong())
}

pub(super) async fn remove_filter(args: &RemoveSkfArgs, at: &Named<'_>) -> Result<()> {
    let sender = at.remote.sender(&args.signer.from)?;
    let devaddr = devaddr(&args.devaddr)?;
    let key: SessionKey = args.key.parse().map_err(|error| CliError::refused("key", error))?;
    let route = at.route(&args.route).await?.id;
    let listed = at.filters(route).await?;
    let found = listed.iter().find(|filter| {
        u32::from_str_radix(&filter.devaddr, 16) == Ok(devaddr) && filter.key.parse::<SessionKey>().is_ok_and(|one| one == key)
    });
    let found = found.ok_or_else(|| {
        CliError::refused("unknown-key", format_args!("the route has no such session key of {}", args.devaddr))
            .hint("`depin coverage skf list ROUTE` shows those that it has")
    })?;
    let remove = vec![SessionFilter { devaddr, key, max_copies: found.max_copies }];
    let receipt = send(at, &sender, CoverageMessage::ChangeFilters { route, add: Vec::new(), remove }).await?;
    let text = format!("packets of {} with this key go by route {} no more", args.devaddr, short_id(route.to_string()));
    told(at, RouteDone { route }, receipt, &text)
}

pub(super) async fn add_filter(args: &AddSkfArgs, at: &Named<'_>) -> Result<()> {
    let sender = at.remote.sender(&args.signer.from)?;
    let devaddr = devaddr(&args.devaddr)?;
    let key = args.key.parse().map_err(|error| CliError::refused("key", error))?;
    let route = at.route(&args.route).await?.id;
    let is_there = |range: &CoverageRange| {
        let (start, end) = (u32::from_str_radix(&range.start, 16), u32::from_str_radix(&range.end, 16));
        start.is_ok_and(|start| start <= devaddr) && end.is_ok_and(|end| devaddr <= end)
    };
    match at.ranges().await?.into_iter().find(is_there) {
        Some(range) if range.route == route => {}
        // The ledger would take it, for everybody to read, and no packet would ever be compared with it.
        Some(range) => {
            let why =
                format!("{} is an address of the route {}, and not of this one", args.devaddr, short_id(range.route.to_string()));
            return Err(CliError::refused("taken", why).hint("nothing was listed; name the route that has the address"));
        }
        None => at.out.warn(format_args!(
            "no route has the address {} yet: add it with `depin coverage route add --route {} --devaddr`",
            args.devaddr,
            short_id(route.to_string())
        )),
    }
    let add = vec![SessionFilter { devaddr, key, max_copies: args.max_copies }];
    let receipt = send(at, &sender, CoverageMessage::ChangeFilters { route, add, remove: Vec::new() }).await?;
    let text = format!("packets of {} with this key go by route {}", args.devaddr, short_id(route.to_string()));
    told(at, RouteDone { route }, receipt, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_share_an_address_overlap() {
        for (a, b, shared) in [((0, 15), (16, 31), false), ((0, 16), (16, 31), true), ((20, 21), (16, 31), true)] {
            assert_eq!((overlap(a, b), overlap(b, a)), (shared, shared), "{a:?} {b:?}");
        }
    }
}
