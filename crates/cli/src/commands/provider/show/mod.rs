//! `depin provider show`: what an operator holds, earned and spent, when its next deadlines are, what being away would cost, and what its
//! hotspots or its renderers did.
//!
//! In: the node's account, its flows by day, the price of now, and what the service knows. Out: one page, again and again with `--watch`, or the
//! days as comma-separated values.

mod away;
mod days;
mod margin;

pub use away::while_away;

use crate::{
    args::ShowProviderArgs,
    error::{CliError, Result},
    output::{Output, Table, dollars, minute, shorten, write_out},
    remote::Remote,
    settings::Settings,
    up::Interrupt,
};
use days::{Day, PriceNow};
use depin_client::api::{Absence, Account, Amount, CoverageHotspot, HotspotQuery, RenderingNode, RenderingNodeQuery, Status};
use depin_quantity::{Address, Instant, Name};
use depin_services::descriptor::{COVERAGE, RENDERING, STORAGE};
use margin::Margin;
use serde::Serialize;
use std::time::Duration;

/// Pause between two pages of `--watch`.
const LOOK: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Shown {
    /// Ledger time.
    time: String,
    #[serde(skip)]
    now: Instant,
    #[serde(flatten)]
    account: Account,
    /// The price of the token that fees are paid in; null where nobody reports one.
    price: Option<PriceNow>,
    /// What was earned and spent, by day of ledger time.
    days: Vec<Day>,
    /// What is left a day once power and hardware are paid; null where no cost was named.
    margin: Option<Margin>,
    /// What being away would cost, and the next deadlines; null where the service has none.
    absence: Option<Absence>,
    /// Its hotspots, on a network of coverage.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hotspots: Vec<CoverageHotspot>,
    /// Its nodes, on a network of renderers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<RenderingNode>,
    /// What their frames are priced in.
    #[serde(skip_serializing_if = "Option::is_none")]
    priced_in: Option<Name>,
}

pub async fn show(args: &ShowProviderArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let address = remote.address(&args.name).await?;
    let currency = currency(&remote).await?;
    if args.csv {
        let (days, price) = earned(args, &remote, address, currency).await?;
        return write_out(days::csv(&days, currency, price.as_ref()).as_bytes());
    }
    if !args.watch {
        let shown = page(args, &remote, address, currency).await?;
        return out.result(&shown, |out| text(&shown, args, currency, out));
    }
    let mut interrupt = Interrupt::listen()?;
    loop {
        let shown = page(args, &remote, address, currency).await?;
        if out.json {
            out.line(&shown, |_| String::new())?;
        } else {
            // The page before goes off the screen, and stays where it can be scrolled back to.
            let clear = if out.colour { "\x1b[2J\x1b[H" } else { "" };
            write_out(clear.as_bytes())?;
            out.result(&shown, |out| text(&shown, args, currency, out))?;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = interrupt.next() => return Ok(()),
        }
    }
}

/// The token that fees are paid in, and its places.
async fn currency(remote: &Remote) -> Result<(Name, u8)> {
    let spec = remote.spec().await?;
    let token = spec.fee().token;
    let places = spec.token(token).map(|rule| rule.decimals);
    Ok((token, places.ok_or_else(|| CliError::broken("network-file", format_args!("there is no token {token}")))?))
}

async fn earned(
    args: &ShowProviderArgs,
    remote: &Remote,
    address: Address,
    currency: (Name, u8),
) -> Result<(Vec<Day>, Option<PriceNow>)> {
    let price = PriceNow::of(currency.0, &remote.client.prices().await?.prices);
    let days = days::days(&remote.client.days(address, args.days).await?, currency, price.as_ref());
    Ok((days, price))
}

async fn page(args: &ShowProviderArgs, remote: &Remote, address: Address, currency: (Name, u8)) -> Result<Shown> {
    let account = remote.client.account(address).await?;
    let Status { service, time_ms, .. } = remote.client.status().await?;
    let (days, price) = earned(args, remote, address, currency).await?;
    let now = Instant::new(time_ms);
    let time = now.to_rfc3339();
    let margin = Margin::of(args, &days, time.get(..10).unwrap_or_default());
    let absence = if service == STORAGE.name { remote.client.storage().absence(address).await? } else { None };
    let hotspots = if service == COVERAGE.name {
        let query = HotspotQuery { owner: Some(address), limit: Some(1_000), ..HotspotQuery::default() };
        remote.client.coverage().hotspots(&query).await?.items
    } else {
        Vec::new()
    };
    let (mut nodes, mut priced_in) = (Vec::new(), None);
    if service == RENDERING.name {
        let query = RenderingNodeQuery { owner: Some(address), limit: Some(1_000), ..RenderingNodeQuery::default() };
        nodes = remote.client.rendering().nodes(&query).await?.items;
        priced_in = Some(remote.client.rendering().network().await?.priced_in);
    }
    Ok(Shown { time, now, account, price, days, margin, absence, hotspots, nodes, priced_in })
}

fn text(shown: &Shown, args: &ShowProviderArgs, currency: (Name, u8), out: &Output) -> String {
    let now = shown.now;
    let mut text = holds(shown).render(out);
    let at = shown.price.as_ref().map_or_else(
        || "no fresh price, so nothing in dollars".to_owned(),
        |price| format!("USD at the price of now, {}{}", price.usd, by(&price.reporters)),
    );
    text += &format!("\n{} ({at})\n", out.bold("Earned and spent by day"));
    text += &by_day(&shown.days, currency).render_or(out, "nothing yet");
    if let Some(margin) = &shown.margin {
        let mut table = Table::new(&["", ">"]);
        margin.rows(args).into_iter().for_each(|row| table.row(row));
        text += &format!("\n{}\n{}", out.bold("Margin a day"), table.render(out));
    }
    if let Some(absence) = &shown.absence {
        text += &away::text(absence, now, out);
    }
    let more = more(shown);
    if !more.is_empty() {
        text += &format!("\n{}", more.render(out));
    }
    text
}

/// Who reports a price, where that is known.
fn by(reporters: &[String]) -> String {
    if reporters.is_empty() { String::new() } else { format!(" by {}", reporters.join(", ")) }
}

fn by_day(days: &[Day], currency: (Name, u8)) -> Table {
    let mut table = Table::new(&["DAY", ">REWARDS", ">CUSTOMERS", ">FEES", ">PENALTIES", ">NET"]);
    for day in days {
        let short = |amount: &Amount| shorten(&amount.display);
        table.row([
            day.day.clone(),
            short(&day.rewards),
            short(&day.customers),
            short(&day.fees),
            short(&day.penalties),
            day.net_micro_usd.map_or_else(|| days::signed(&day.net_units, currency), dollars),
        ]);
    }
    table
}

fn holds(Shown { account, now, .. }: &Shown) -> Table {
    let mut table = Table::new(&["", ""]);
    let mut row = |name: &str, value: String| table.own_row([name.to_owned(), value]);
    let told = |amounts: Vec<&Amount>| {
        let some = amounts.into_iter().filter(|amount| !amount.units.is_zero());
        let some: Vec<String> = some.map(|amount| shorten(&amount.display)).collect();
        if some.is_empty() { "nothing".to_owned() } else { some.join("\n") }
    };
    row("Address", account.address.to_string());
    row("Ledger time", format!("{} UTC", minute(*now)));
    row("Balance", told(account.balances.iter().collect()));
    let claimable = std::iter::once(&account.claimable).chain(account.other.iter().map(|held| &held.claimable));
    row("Earned, to claim", told(claimable.collect()));
    let vesting = std::iter::once(&account.vesting).chain(account.other.iter().map(|held| &held.vesting));
    row("Earned, vesting", told(vesting.map(|vesting| &vesting.locked).collect()));
    let pledged = std::iter::once(&account.pledged).chain(account.other.iter().map(|held| &held.pledged));
    row("Pledged", told(pledged.collect()));
    let owed: Vec<&Amount> = std::iter::once(&account.debt).chain(account.other.iter().map(|held| &held.debt)).collect();
    if owed.iter().any(|debt| !debt.units.is_zero()) {
        row("Owed", format!("{}; what it earns or is sent repays that first", told(owed)));
    }
    table
}

/// What the service's own devices did.
fn more(Shown { hotspots, nodes, priced_in, .. }: &Shown) -> Table {
    let mut table = Table::new(&["", ""]);
    let mut row = |name: &str, value: String| table.own_row([name.to_owned(), value]);
    for hotspot in hotspots {
        row("Hotspot", hotspot.address.to_string());
        row("  packets paid", format!("{} ({} units)", hotspot.packets, hotspot.units));
        row("  beacons that counted", hotspot.beacons.to_string());
        row("  witness of beacons", hotspot.witnessed.to_string());
    }
    for node in nodes {
        let thousandths =
            |digits: &str| digits.parse::<u64>().map_or_else(|_| digits.to_owned(), |n| format!("{:.3}", n as f64 / 1e3));
        let millionths =
            |digits: &str| digits.parse::<u64>().map_or_else(|_| digits.to_owned(), |n| format!("{:.6}", n as f64 / 1e6));
        row("Node", format!("{} {}", node.name, node.node));
        let engines = node.terms.engines.iter().map(|engine| format!("{} {}", engine.name, engine.build));
        row("  renders with", engines.collect::<Vec<_>>().join("\n"));
        row("  points", node.terms.score.to_string());
        row("  reputation", format!("{:.1} %, of {} frames judged", f64::from(node.reputation) / 10.0, node.judged));
        let price = priced_in.map_or_else(String::new, |token| format!(" {token}"));
        row("  frames paid", format!("{}, {} OBh, {}{price}", node.frames, thousandths(&node.work), millionths(&node.value)));
        row("  frames under way", format!("{} to hand in, {} undecided", node.open, node.pending));
    }
    table
}
