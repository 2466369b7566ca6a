//! What customers give back: addresses, joins, session keys, and whole OUIs.

use super::{
    act::{field, send, told},
    named::Named,
};
use crate::{
    args::{CloseOuiArgs, ReleaseArgs},
    error::{CliError, Result},
    output::short_id,
};
use depin_client::{
    Sender,
    api::{CoverageEuiPair, CoverageFilter, CoverageRange, FinalReceipt},
};
use depin_quantity::{UnitId, Units};
use depin_services::coverage::{CoverageMessage, ENTRIES_MAX, EuiPair, FILTERS_MAX, Range, SessionFilter};
use serde::Serialize;

#[derive(Serialize)]
struct Released {
    route: UnitId,
    ranges: usize,
    joins: usize,
    session_keys: usize,
}

#[derive(Serialize)]
struct Closed {
    oui: u32,
    routes: usize,
    credits: Units,
}

fn hex32(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 16).ok()
}

fn hex64(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

fn range(range: &CoverageRange) -> Option<Range> {
    Some(Range { start: hex32(&range.start)?, end: hex32(&range.end)? })
}

fn pair(pair: &CoverageEuiPair) -> Option<EuiPair> {
    Some(EuiPair { app_eui: hex64(&pair.app_eui)?, dev_eui: hex64(&pair.dev_eui)? })
}

fn filter(filter: &CoverageFilter) -> Option<SessionFilter> {
    Some(SessionFilter { devaddr: hex32(&filter.devaddr)?, key: filter.key.parse().ok()?, max_copies: filter.max_copies })
}

/// What is taken off a route.
struct Listed {
    ranges: Vec<Range>,
    joins: Vec<EuiPair>,
    filters: Vec<SessionFilter>,
}

impl Listed {
    /// Everything that is listed under a route.
    async fn all(route: UnitId, at: &Named<'_>) -> Result<Self> {
        let ranges = at.ranges().await?.iter().filter(|one| one.route == route).filter_map(range).collect();
        let joins = at.eui_pairs(route).await?.iter().filter_map(pair).collect();
        let filters = at.filters(route).await?.iter().filter_map(filter).collect();
        Ok(Self { ranges, joins, filters })
    }

    /// Takes it off, in as many messages as that needs; the last receipt, where anything was to be done.
    async fn give_back(&self, route: UnitId, sender: &Sender, at: &Named<'_>) -> Result<Option<FinalReceipt>> {
        let mut last = None;
        for part in self.filters.chunks(FILTERS_MAX) {
            let change = CoverageMessage::ChangeFilters { route, add: Vec::new(), remove: part.to_vec() };
            last = Some(send(at, sender, change).await?);
        }
        for part in self.joins.chunks(ENTRIES_MAX) {
            let change = CoverageMessage::ChangeEuis { route, add: Vec::new(), remove: part.to_vec() };
            last = Some(send(at, sender, change).await?);
        }
        for part in self.ranges.chunks(ENTRIES_MAX) {
            let change = CoverageMessage::ChangeRanges { route, add: Vec::new(), remove: part.to_vec() };
            last = Some(send(at, sender, change).await?);
        }
        Ok(last)
    }
}

pub(super) async fn release(args: &ReleaseArgs, at: &Named<'_>) -> Result<()> {
    let sender = at.remote.sender(&args.signer.from)?;
    let route = at.route(&args.route).await?.id;
    let listed = if args.all {
        Listed::all(route, at).await?
    } else {
        let ranges = args.devaddr.iter().map(|range| range.0).collect();
        Listed { ranges, joins: args.eui.iter().map(|eui| eui.0).collect(), filters: Vec::new() }
    };
    let nothing = || {
        CliError::refused("route", format_args!("nothing is listed under route {}", short_id(route.to_string())))
            .hint("`depin coverage route remove` takes it away")
    };
    let receipt = listed.give_back(route, &sender, at).await?.ok_or_else(nothing)?;
    let (ranges, joins, session_keys) = (listed.ranges.len(), listed.joins.len(), listed.filters.len());
    let text =
        format!("route {} gave back {ranges} ranges, {joins} joins and {session_keys} session keys", short_id(route.to_string()));
    told(at, Released { route, ranges, joins, session_keys }, receipt, &text)
}

pub(super) async fn close_oui(args: &CloseOuiArgs, at: &Named<'_>) -> Result<()> {
    let (sender, oui) = (at.remote.sender(&args.signer.from)?, args.oui);
    let known = at.coverage().oui(oui).await?.ok_or_else(|| {
        CliError::refused("unknown-oui", format_args!("there is no OUI {oui} on this chain"))
            .hint("`depin coverage oui list` shows those that there are")
    })?;
    // Before its routes are taken apart: what stands in the way of closing it stays in the way.
    if known.owner != sender.address() {
        let why = format!("OUI {oui} is {}'s, and only its owner closes it", at.name(known.owner));
        return Err(CliError::refused("not-owner", why).hint("nothing was changed; name its owner with --from"));
    }
    if known.claims > 0 {
        return Err(CliError::refused("claims", format_args!("{} claims against OUI {oui} are open", known.claims))
            .hint("nothing was changed; `depin coverage claim list` shows them, `claim pay` or `claim refuse` answers one"));
    }
    let routes = at.routes(Some(oui)).await?;
    for route in &routes {
        Listed::all(route.id, at).await?.give_back(route.id, &sender, at).await?;
        send(at, &sender, CoverageMessage::RemoveRoute(route.id)).await?;
    }
    let receipt = send(at, &sender, CoverageMessage::CloseOui(oui)).await?;
    let credits = field(&receipt, "oui-closed", "credits").and_then(|text| text.as_str()?.parse().ok()).map(Units::new);
    let credits = credits.unwrap_or(Units::ZERO);
    let token = known.balance.token;
    let text = format!("OUI {oui} is closed: {} routes are gone, {} {token} are back", routes.len(), credits.get());
    told(at, Closed { oui, routes: routes.len(), credits }, receipt, &text)
}
