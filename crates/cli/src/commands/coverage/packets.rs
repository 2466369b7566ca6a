//! Packets: what is on the ledger, and what comes.

use super::{
    clear::{Clear, ClearPacket},
    named::Named,
};
use crate::{
    args::PacketsArgs,
    error::Result,
    output::{Table, ago, count, shorten},
};
use depin_client::api::{Amount, CoverageBatch, Currency, EventQuery, EventRecord, PacketQuery, PacketStage, Page};
use depin_quantity::{Address, Name, UnitId, Units};
use futures::StreamExt as _;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

pub(super) async fn run(args: &PacketsArgs, at: &Named<'_>) -> Result<()> {
    match () {
        () if args.follow => follow(args, at).await,
        () if args.history => history(args, at).await,
        () => list(args, at).await,
    }
}

/// A batch, and how many of its packets were refused, by reason.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    batch: CoverageBatch,
    refused: BTreeMap<String, usize>,
}

/// Why packets of a batch were refused, as the events of it say.
async fn reasons(batch: UnitId, at: &Named<'_>) -> Result<BTreeMap<String, usize>> {
    let kind = Some("packets-settled,packets-claimed".to_owned());
    let query = EventQuery { limit: Some(10), subject: Some(batch), kind, ..EventQuery::default() };
    let events = at.remote.client.events(&query).await?;
    // A claim that was paid is settled later: what was refused of it is in the first event.
    Ok(events.items.iter().map(|event| refusals(inner(event))).find(|refused| !refused.is_empty()).unwrap_or_default())
}

/// What an event says, without what it is of.
fn inner(event: &EventRecord) -> &Value {
    event.event.get("event").unwrap_or(&event.event)
}

/// What became of packets since the network began, as far back as the node keeps events, the last of it.
async fn history(args: &PacketsArgs, at: &Named<'_>) -> Result<()> {
    let amount = amounts(currency(at).await?);
    let owners = owners(at).await?;
    let mut query = EventQuery { limit: Some(1_000), kind: Some(KINDS.join(",")), ..EventQuery::default() };
    let mut last: VecDeque<EventRecord> = VecDeque::new();
    loop {
        let page = at.remote.client.events(&query).await?;
        for event in page.items {
            if is_of(args.oui, inner(&event)) {
                last.push_back(event);
            }
            if last.len() > args.limit as usize {
                last.pop_front();
            }
        }
        let Some(next) = page.next.and_then(|next| next.parse().ok()).filter(|next| Some(*next) != query.from) else { break };
        query.from = Some(next);
    }
    let list = Page { items: Vec::from(last), next: None };
    at.out.result(&list, |_| {
        let lines: Vec<String> = list.items.iter().map(|event| line(event, inner(event), &owners, at, &amount)).collect();
        if lines.is_empty() { "no packets were ever reported".to_owned() } else { lines.join("\n") }
    })
}

fn is_of(oui: Option<u32>, inner: &Value) -> bool {
    oui.is_none_or(|oui| inner["oui"].as_u64() == Some(oui.into()))
}

/// What packets are paid in, and its places.
async fn currency(at: &Named<'_>) -> Result<(Name, u8)> {
    let (network, spec) = (at.coverage().network().await?, at.remote.spec().await?);
    Ok((network.currency, spec.token(network.currency).map_or(0, |token| token.decimals)))
}

/// Base units of it for people.
fn amounts((currency, decimals): (Name, u8)) -> impl Fn(&str) -> String {
    move |digits| Amount::new(currency, Units::new(digits.parse().unwrap_or_default()), decimals).display
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
    let mut items = Vec::with_capacity(batches.len());
    for batch in batches {
        let refused = reasons(batch.id, at).await?;
        items.push(Told { batch, refused });
    }
    let list = Page { items, next: None };
    at.out.result(&list, |out| {
        let mut table = Table::new(&["WHEN", "HOTSPOT OF", ">OUI", ">PACKETS", ">BYTES", ">UNITS", ">COST", "STATE"]);
        for Told { batch, refused } in &list.items {
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
                format!("{state}{}", in_words(refused)),
            ]);
        }
        table.render_or(
            out,
            "no packets of late; the ledger forgets batches when none of them could be reported again, and --history shows those before",
        )
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

/// An event with the packets that it is about.
#[derive(Serialize)]
struct Followed<'a> {
    #[serde(flatten)]
    event: &'a EventRecord,
    packets: &'a [ClearPacket],
}

async fn follow(args: &PacketsArgs, at: &Named<'_>) -> Result<()> {
    let (token, decimals) = currency(at).await?;
    let amount = amounts((token, decimals));
    let owners = owners(at).await?;
    let query = EventQuery { kind: Some("coverage".to_owned()), ..EventQuery::default() };
    let mut stream = at.remote.client.follow(query);
    let mut clear = Clear::new(&args.server, Currency { token, decimals }, at).await?;
    at.out.note("packets as they are settled; Ctrl-C ends");
    loop {
        let event = tokio::select! {
            event = stream.next() => event,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        let Some(event) = event else { return Ok(()) };
        let event = event?;
        if KINDS.contains(&event.kind.as_str()) && is_of(args.oui, inner(&event)) {
            let packets = clear.packets(&event, inner(&event), at).await?;
            let told = Followed { event: &event, packets: &packets };
            at.out.line(&told, |_| {
                let batch = line(&event, inner(&event), &owners, at, &amount);
                std::iter::once(batch).chain(packets.iter().map(ClearPacket::line)).collect::<Vec<_>>().join("\n")
            })?;
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

/// How many packets an event refuses, by reason.
fn refusals(inner: &Value) -> BTreeMap<String, usize> {
    let mut reasons = BTreeMap::new();
    for one in inner["refused"].as_array().into_iter().flatten() {
        *reasons.entry(one["reason"].as_str().unwrap_or("unknown").to_owned()).or_default() += 1;
    }
    reasons
}

/// The same as the end of a sentence; nothing where none is refused.
fn in_words(reasons: &BTreeMap<String, usize>) -> String {
    if reasons.is_empty() {
        return String::new();
    }
    let told: Vec<String> = reasons.iter().map(|(reason, many)| format!("{many} {reason}")).collect();
    format!("; refused: {}", told.join(", "))
}

fn refused(inner: &Value) -> String {
    in_words(&refusals(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_by_their_reason() {
        let event = serde_json::json!({ "refused": [{ "reason": "late" }, { "reason": "copies" }, { "reason": "late" }] });
        assert_eq!(refused(&event), "; refused: 1 copies, 2 late");
        assert_eq!(refused(&serde_json::json!({ "refused": [] })), "");
        assert_eq!(refused(&serde_json::json!({})), "");
    }
}
