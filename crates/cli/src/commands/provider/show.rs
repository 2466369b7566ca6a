//! `depin provider show`: what an operator holds and earned, and what its hotspots or its renderers did.

use crate::{
    args::ShowProviderArgs,
    error::Result,
    output::{Output, Table, shorten},
    remote::Remote,
    settings::Settings,
};
use depin_client::api::{Account, Amount, CoverageHotspot, HotspotQuery, RenderingNode, RenderingNodeQuery};
use depin_quantity::Name;
use depin_services::descriptor::{COVERAGE, RENDERING};
use serde::Serialize;

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    account: Account,
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
    let account = remote.client.account(address).await?;
    let service = remote.client.status().await?.service;
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
    let shown = Shown { account, hotspots, nodes, priced_in };
    out.result(&shown, |out| text(&shown).render(out))
}

fn text(Shown { account, hotspots, nodes, priced_in }: &Shown) -> Table {
    let mut table = Table::new(&["", ""]);
    let mut row = |name: &str, value: String| table.own_row([name.to_owned(), value]);
    let told = |amounts: Vec<&Amount>| {
        let some = amounts.into_iter().filter(|amount| !amount.units.is_zero());
        let some: Vec<String> = some.map(|amount| shorten(&amount.display)).collect();
        if some.is_empty() { "nothing".to_owned() } else { some.join("\n") }
    };
    row("Address", account.address.to_string());
    row("Balance", told(account.balances.iter().collect()));
    let claimable = std::iter::once(&account.claimable).chain(account.other.iter().map(|held| &held.claimable));
    row("Earned, to claim", told(claimable.collect()));
    let vesting = std::iter::once(&account.vesting).chain(account.other.iter().map(|held| &held.vesting));
    row("Earned, vesting", told(vesting.map(|vesting| &vesting.locked).collect()));
    let pledged = std::iter::once(&account.pledged).chain(account.other.iter().map(|held| &held.pledged));
    row("Pledged", told(pledged.collect()));
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
