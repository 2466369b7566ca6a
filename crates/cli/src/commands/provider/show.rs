//! `depin provider show`: what an operator holds and earned, and what its hotspots did.

use crate::{
    args::ShowProviderArgs,
    error::Result,
    output::{Output, Table, shorten},
    remote::Remote,
    settings::Settings,
};
use depin_client::api::{Account, Amount, CoverageHotspot, HotspotQuery};
use depin_services::descriptor::COVERAGE;
use serde::Serialize;

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    account: Account,
    /// Its hotspots, on a network of coverage.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hotspots: Vec<CoverageHotspot>,
}

pub async fn show(args: &ShowProviderArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let address = remote.address(&args.name).await?;
    let account = remote.client.account(address).await?;
    let covers = remote.client.status().await?.service == COVERAGE.name;
    let hotspots = if covers {
        let query = HotspotQuery { owner: Some(address), limit: Some(1_000), ..HotspotQuery::default() };
        remote.client.coverage().hotspots(&query).await?.items
    } else {
        Vec::new()
    };
    let shown = Shown { account, hotspots };
    out.result(&shown, |out| text(&shown).render(out))
}

fn text(Shown { account, hotspots }: &Shown) -> Table {
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
    table
}
