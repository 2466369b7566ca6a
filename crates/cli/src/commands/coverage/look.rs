//! Hotspots, beacons, customers, as the ledger has them.

use super::named::{Named, parts};
use crate::{
    args::{HotspotsArgs, ListRoutesArgs, ListSkfArgs, WitnessesArgs},
    error::Result,
    output::{Table, ago, shorten},
};
use depin_client::api::{CoverageBeacon, CoverageHotspot, CoverageOui, Page};
use depin_quantity::Address;
use serde::Serialize;
use std::collections::BTreeMap;

/// A list as it is printed in JSON: like a page of the node's API.
pub(super) fn page<T>(items: Vec<T>) -> Page<T> {
    Page { items, next: None }
}

pub(super) async fn hotspots(args: &HotspotsArgs, at: &Named<'_>) -> Result<()> {
    let owner = at.remote.address_of(args.owner.as_ref()).await?;
    let list = page(at.hotspots(owner).await?);
    at.out.result(&list, |out| {
        let mut table = Table::new(&["OWNER", "HOTSPOT", "PLACE", ">dBi", ">PACKETS", ">BEACONS", ">WITNESSED", "STATE"]);
        for hotspot in &list.items {
            let place = hotspot.location.as_ref();
            let state = match () {
                () if hotspot.retired => "retired",
                () if hotspot.denied.is_some() => "denied",
                () if hotspot.location.is_none() => "no place",
                () if !hotspot.full => "data only",
                () if hotspot.beaconing => "beaconing",
                () => "active",
            };
            table.row([
                at.name(hotspot.owner),
                hotspot.address.short(),
                place.map_or_else(|| "-".to_owned(), |there| format!("{:.4},{:.4}", there.latitude, there.longitude)),
                place.map_or_else(|| "-".to_owned(), |there| format!("{}.{}", there.gain / 10, there.gain % 10)),
                hotspot.packets.to_string(),
                hotspot.beacons.to_string(),
                hotspot.witnessed.to_string(),
                state.to_owned(),
            ]);
        }
        table.render_or(out, "no hotspots; `depin up --network helium` starts some, `depin provider coverage` one of your own")
    })
}

/// Owners of hotspots, by hotspot.
async fn owners(at: &Named<'_>) -> Result<BTreeMap<Address, CoverageHotspot>> {
    Ok(at.hotspots(None).await?.into_iter().map(|hotspot| (hotspot.address, hotspot)).collect())
}

fn called(hotspot: Address, owners: &BTreeMap<Address, CoverageHotspot>, at: &Named<'_>) -> String {
    owners.get(&hotspot).map_or_else(|| hotspot.short(), |known| at.name(known.owner))
}

pub(super) async fn beacons(at: &Named<'_>) -> Result<()> {
    let (owners, mut list) = (owners(at).await?, page(at.beacons().await?));
    list.items.sort_by_key(|beacon| std::cmp::Reverse(beacon.timestamp));
    at.out.result(&list, |out| {
        let mut table = Table::new(&["HOTSPOT OF", "WHEN", ">WITNESSES", ">COUNT", ">SCALE", ">UNITS", ">EACH WITNESS", "STATE"]);
        for beacon in &list.items {
            let counting = beacon.witnesses.iter().filter(|witness| witness.selected).count();
            table.row([
                called(beacon.hotspot, &owners, at),
                ago(at.now, beacon.at.instant()),
                beacon.witnesses.len().to_string(),
                counting.to_string(),
                parts(beacon.scale.into()),
                parts(beacon.beacon_units),
                parts(beacon.witness_units),
                beacon.reason.clone().unwrap_or_else(|| "valid".to_owned()),
            ]);
        }
        table.render_or(out, "no beacon was judged yet; each takes some minutes of ledger time")
    })
}

/// A witness of a beacon, for programs.
#[derive(Serialize)]
struct WitnessRow<'a> {
    beaconer: Address,
    timestamp: u64,
    #[serde(flatten)]
    witness: &'a depin_client::api::CoverageWitness,
}

pub(super) async fn witnesses(args: &WitnessesArgs, at: &Named<'_>) -> Result<()> {
    let (owners, only) = (owners(at).await?, at.remote.address_of(args.hotspot.as_ref()).await?);
    let is_wanted = |beacon: &CoverageBeacon| {
        only.is_none_or(|only| beacon.hotspot == only || owners.get(&beacon.hotspot).is_some_and(|known| known.owner == only))
    };
    let beacons: Vec<CoverageBeacon> = at.beacons().await?.into_iter().filter(is_wanted).collect();
    let rows = beacons.iter().flat_map(|beacon| {
        beacon.witnesses.iter().map(|witness| WitnessRow { beaconer: beacon.hotspot, timestamp: beacon.timestamp, witness })
    });
    let list = page(rows.collect());
    at.out.result(&list, |out| {
        let mut table = Table::new(&["BEACON OF", "WITNESS", "CAME", "STATE"]);
        for row in &list.items {
            let state = match (&row.witness.reason, row.witness.selected) {
                (Some(reason), _) => reason.clone(),
                (None, true) => "counts".to_owned(),
                (None, false) => "valid, not among the first".to_owned(),
            };
            let (of, by) = (called(row.beaconer, &owners, at), called(row.witness.hotspot, &owners, at));
            table.row([of, by, ago(at.now, row.witness.received.instant()), state]);
        }
        table.render_or(out, "nobody witnessed a beacon yet")
    })
}

/// Whether packets are carried for an OUI.
fn state(oui: &CoverageOui) -> &'static str {
    match () {
        () if oui.disabled => "off: too few",
        () if oui.balance.units <= oui.pending.units => "no credits left",
        () => "on",
    }
}

pub(super) async fn ouis(at: &Named<'_>) -> Result<()> {
    let list = page(at.ouis().await?);
    at.out.result(&list, |out| {
        let mut table = Table::new(&[
            ">OUI",
            "OWNER",
            ">CREDITS",
            ">OWED",
            ">ROUTES",
            ">PACKETS",
            ">REFUSED",
            ">SPENT",
            ">CLAIMS LEFT",
            "STATE",
        ]);
        for oui in &list.items {
            table.row([
                oui.oui.to_string(),
                at.name(oui.owner),
                shorten(&oui.balance.display),
                shorten(&oui.pending.display),
                oui.routes.to_string(),
                oui.packets.to_string(),
                oui.packets_refused.to_string(),
                shorten(&oui.spent.display),
                (oui.claims_refused + oui.claims_unanswered).to_string(),
                state(oui).to_owned(),
            ]);
        }
        table.render_or(out, "no OUIs; `depin coverage oui new` opens one")
    })
}

/// What is left in an OUI, and what it paid.
pub(super) async fn credits(at: &Named<'_>) -> Result<()> {
    let list = page(at.ouis().await?);
    at.out.result(&list, |out| {
        let mut table = Table::new(&[">OUI", "OWNER", ">CREDITS", ">OWED", ">SPENT", "STATE"]);
        for oui in &list.items {
            table.row([
                oui.oui.to_string(),
                at.name(oui.owner),
                shorten(&oui.balance.display),
                shorten(&oui.pending.display),
                shorten(&oui.spent.display),
                state(oui).to_owned(),
            ]);
        }
        table.render_or(out, "no OUIs, so no credits; `depin coverage oui new` opens one")
    })
}

pub(super) async fn routes(args: &ListRoutesArgs, at: &Named<'_>) -> Result<()> {
    let list = page(at.routes(args.oui).await?);
    at.out.result(&list, |out| {
        let mut table = Table::new(&["ROUTE", ">OUI", "SERVER", ">COPIES", ">JOINS", ">RANGES", ">KEYS", "STATE"]);
        for route in &list.items {
            table.row([
                crate::output::short_id(route.id.to_string()),
                route.oui.to_string(),
                route.server.clone(),
                route.max_copies.to_string(),
                route.euis.to_string(),
                route.ranges.to_string(),
                route.filters.to_string(),
                if route.active { "active" } else { "inactive" }.to_owned(),
            ]);
        }
        table.render_or(out, "no routes; `depin coverage route add` adds one, `depin gateway lorawan` its own")
    })
}

pub(super) async fn filters(args: &ListSkfArgs, at: &Named<'_>) -> Result<()> {
    let route = at.route(&args.route).await?;
    let list = at.coverage().filters(route.id, None, Some(1_000)).await?;
    at.out.result(&list, |out| {
        let mut table = Table::new(&["DEVADDR", "KEY", ">COPIES"]);
        for filter in &list.items {
            let copies = if filter.max_copies == 0 { route.max_copies } else { filter.max_copies };
            table.row([filter.devaddr.clone(), filter.key.clone(), copies.to_string()]);
        }
        table.render_or(out, "no session keys: every packet of the route's addresses goes there")
    })
}
