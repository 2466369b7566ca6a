//! Packets: what is on the ledger, and what comes.

use super::named::Named;
use crate::{
    args::PacketsArgs,
    error::Result,
    output::{Table, ago, count, shorten},
};
use depin_client::api::{Amount, CoverageBatch, EventQuery, EventRecord, PacketQuery, PacketStage, Page};
use depin_quantity::{Address, Units};
use futures::StreamExt as _;
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) async fn run(args: &PacketsArgs, at: &Named<'_>) -> Result<()> {
    if args.follow { follow(args, at).await } else { list(args, at).await }
}

async fn list(args: &PacketsArgs, at: &Named<'_>) -> Result<()> {
    let mut query = PacketQuery { oui: args.oui, limit: Some(1_000), ..PacketQuery::default() };
    let mut batches: Vec<CoverageBatch> = Vec::new();
    loop {
        let page = at.coverage().batches(&query).await?;
        batches.extend(page.items);
        if page.next.is_none() || page.next == query.after {
            break;
        }
        query.after = page.next;
    }
    batches.sort_by_key(|batch| std::cmp::Reverse(batch.at.ms));
    let more = batches.len() > args.limit as usize;
    batches.truncate(args.limit as usize);
    if more {
        at.out.warn("there are older batches; --limit shows more");
    }
    let owners = owners(at).await?;
    let list = Page { items: batches, next: None };
    at.out.result(&list, |out| {
        let mut table = Table::new(&["WHEN", "HOTSPOT OF", ">OUI", ">PACKETS", ">BYTES", ">UNITS", ">COST", "STATE"]);
        for batch in &list.items {
            let state = match batch.state {
                PacketStage::Claimed => "claimed, not acknowledged",
                PacketStage::Settled if batch.packets.is_empty() => "none paid",
                PacketStage::Settled => "paid",
                PacketStage::Closed => "claim refused",
            };
            table.row([
                ago(at.now, batch.at.instant()),
                owner(&owners, batch.hotspot, at),
                batch.oui.to_string(),
                batch.packets.len().to_string(),
                batch.packets.iter().map(|packet| u64::from(packet.bytes)).sum::<u64>().to_string(),
                batch.units.to_string(),
                shorten(&batch.cost.display),
                state.to_owned(),
            ]);
        }
        table.render_or(out, "no packets of late; the ledger forgets batches when none of them could be reported again")
    })
}

async fn owners(at: &Named<'_>) -> Result<BTreeMap<Address, Address>> {
    Ok(at.hotspots(None).await?.into_iter().map(|hotspot| (hotspot.address, hotspot.owner)).collect())
}

fn owner(owners: &BTreeMap<Address, Address>, hotspot: Address, at: &Named<'_>) -> String {
    owners.get(&hotspot).map_or_else(|| hotspot.short(), |owner| at.name(*owner))
}

/// Kinds of events about packets.
const KINDS: [&str; 4] = ["packets-settled", "packets-claimed", "claim-closed", "oui-disabled"];

async fn follow(args: &PacketsArgs, at: &Named<'_>) -> Result<()> {
    let (network, spec) = (at.coverage().network().await?, at.remote.spec().await?);
    let decimals = spec.token(network.currency).map_or(0, |token| token.decimals);
    let amount = |digits: &str| Amount::new(network.currency, Units::new(digits.parse().unwrap_or_default()), decimals).display;
    let owners = owners(at).await?;
    let query = EventQuery { kind: Some("coverage".to_owned()), ..EventQuery::default() };
    let mut stream = at.remote.client.follow(query);
    at.out.note("packets as they are settled; Ctrl-C ends");
    loop {
        let event = tokio::select! {
            event = stream.next() => event,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        let Some(event) = event else { return Ok(()) };
        let event = event?;
        let inner = event.event.get("event").unwrap_or(&event.event);
        let is_wanted = args.oui.is_none_or(|oui| inner["oui"].as_u64() == Some(oui.into()));
        if KINDS.contains(&event.kind.as_str()) && is_wanted {
            at.out.line(&event, |_| line(&event, inner, &owners, at, &amount))?;
        }
    }
}

fn line(
    event: &EventRecord,
    inner: &Value,
    owners: &BTreeMap<Address, Address>,
    at: &Named<'_>,
    amount: &impl Fn(&str) -> String,
) -> String {
    let time = event.time.text.get(11..19).unwrap_or(&event.time.text);
    let whose = inner["hotspot"].as_str().and_then(|text| text.parse().ok()).map(|hotspot| owner(owners, hotspot, at));
    let (whose, oui) = (whose.unwrap_or_default(), inner["oui"].as_u64().unwrap_or_default());
    let text = match event.kind.as_str() {
        "packets-settled" => {
            let (paid, units) = (inner["paid"].as_u64().unwrap_or_default(), inner["units"].as_u64().unwrap_or_default());
            let cost = shorten(&amount(inner["cost"].as_str().unwrap_or("0")));
            format!("{} paid, {units} units, {cost}{}", count(paid, "packet", "packets"), refused(inner))
        }
        "packets-claimed" => {
            format!(
                "{} claimed, not acknowledged{}",
                count(inner["packets"].as_u64().unwrap_or_default(), "packet", "packets"),
                refused(inner)
            )
        }
        "claim-closed" => "a claim ended unpaid".to_owned(),
        _ => "switched off: too few credits".to_owned(),
    };
    format!("{time}  OUI {oui}  {whose:<12}  {text}").trim_end().to_owned()
}

/// How many packets were refused, by reason.
fn refused(inner: &Value) -> String {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for one in inner["refused"].as_array().into_iter().flatten() {
        *reasons.entry(one["reason"].as_str().unwrap_or("unknown")).or_default() += 1;
    }
    if reasons.is_empty() {
        return String::new();
    }
    let told: Vec<String> = reasons.iter().map(|(reason, many)| format!("{many} {reason}")).collect();
    format!("; refused: {}", told.join(", "))
}
