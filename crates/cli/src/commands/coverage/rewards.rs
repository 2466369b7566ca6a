//! `depin coverage rewards`: what hotspots and access points earned, period by period, and what is due to them.
//!
//! In: the node's events of payouts, as far back as it keeps them, and what it says is due. Amounts are base units, summed exactly.

use super::named::{Named, PAGES_MAX};
use crate::{
    args::RewardsArgs,
    error::{CliError, Result},
    output::{Output, Table, shorten},
};
use depin_client::{
    api::{AccessPointQuery, Amount, EventQuery, RewardDue, Time},
    whole_list,
};
use depin_economy::{Event, Spec, Subject};
use depin_quantity::{Address, Instant, Name, UnitId, Units};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of events that tell what a unit was paid; no payout is told by both.
const KINDS: &str = "batch-paid,reward-paid";

/// A hotspot or an access point, and what it did.
struct Point {
    address: Address,
    owner: Address,
    kind: &'static str,
    packets: u64,
    packet_units: String,
    beacons: u64,
    witnessed: u64,
}

/// One payout.
#[derive(Clone, Serialize)]
struct Round {
    /// When it was paid: just after the end of the period that earned it.
    paid: Time,
    owner: Address,
    point: Address,
    #[serde(skip)]
    unit: UnitId,
    pool: Name,
    amount: Amount,
    /// Places behind the point of its token.
    #[serde(skip)]
    places: u8,
}

/// What one point earned, for programs.
#[derive(Serialize)]
struct Earned {
    owner: Address,
    /// Its key's address.
    point: Address,
    /// `hotspot` or `access-point`.
    kind: &'static str,
    packets: u64,
    packet_units: String,
    beacons: u64,
    witnessed: u64,
    /// Paid to its owner for it, by token, as far back as the node keeps events.
    earned: Vec<Amount>,
    /// What is due for it, by pool.
    due: Vec<RewardDue>,
}

/// A list, and where history begins: zero while all of it is kept.
#[derive(Serialize)]
struct Listed<T> {
    items: Vec<T>,
    since_block: u64,
}

pub(super) async fn run(args: &RewardsArgs, at: &Named<'_>) -> Result<()> {
    let points = points(args, at).await?;
    let owners: BTreeSet<Address> = points.iter().map(|point| point.owner).collect();
    let only = args.who.as_ref().and_then(|_| owners.first().copied()).filter(|_| owners.len() == 1);
    let since_block = at.remote.client.status().await?.history.block;
    if since_block > 0 {
        at.out.warn(format_args!("the node keeps no events from before block {since_block}; what was paid before is not in it"));
    }
    let units: BTreeMap<UnitId, Address> = points.iter().map(|point| (UnitId::new(point.address.get()), point.address)).collect();
    let rounds = rounds(only, &units, at).await?;
    if args.by_period {
        return by_period(Listed { items: rounds, since_block }, args.limit, at);
    }
    let mut due: BTreeMap<UnitId, Vec<RewardDue>> = BTreeMap::new();
    for owner in owners {
        for one in at.remote.client.rewards(owner).await?.items {
            due.entry(one.unit.unwrap_or_default()).or_default().push(one);
        }
    }
    let items = points.into_iter().map(|point| {
        let unit = UnitId::new(point.address.get());
        let Point { address, owner, kind, packets, packet_units, beacons, witnessed } = point;
        let earned = sums(rounds.iter().filter(|round| round.unit == unit));
        let due = due.remove(&unit).unwrap_or_default();
        Earned { owner, point: address, kind, packets, packet_units, beacons, witnessed, earned, due }
    });
    let list = Listed { items: items.collect(), since_block };
    at.out.result(&list, |out| table(&list.items, at, out))
}

/// Hotspots and access points, all or of whom the command names.
async fn points(args: &RewardsArgs, at: &Named<'_>) -> Result<Vec<Point>> {
    let hotspots = at.hotspots(None).await?.into_iter().map(|hotspot| Point {
        address: hotspot.address,
        owner: hotspot.owner,
        kind: "hotspot",
        packets: hotspot.packets,
        packet_units: hotspot.units,
        beacons: hotspot.beacons,
        witnessed: hotspot.witnessed,
    });
    let ask =
        |after| async move { at.coverage().access_points(&AccessPointQuery { owner: None, after, limit: Some(1_000) }).await };
    let access_points = whole_list(PAGES_MAX, ask).await?.into_iter().map(|point| Point {
        address: point.address,
        owner: point.owner,
        kind: "access-point",
        packets: 0,
        packet_units: "0".to_owned(),
        beacons: 0,
        witnessed: 0,
    });
    let mut all: Vec<Point> = hotspots.chain(access_points).collect();
    if let Some(who) = at.remote.address_of(args.who.as_ref()).await? {
        all.retain(|point| point.owner == who || point.address == who);
        if all.is_empty() {
            return Err(CliError::refused("unknown-hotspot", "no hotspot or access point is theirs, and none has that address")
                .hint("`depin coverage hotspots` and `depin coverage access-points` list all"));
        }
    }
    Ok(all)
}

/// What was paid for these units, oldest first. `only`: to one owner.
async fn rounds(only: Option<Address>, units: &BTreeMap<UnitId, Address>, at: &Named<'_>) -> Result<Vec<Round>> {
    let spec = at.remote.spec().await?;
    let tokens = tokens_of_pools(&spec, at.now);
    let mut query = EventQuery { limit: Some(1_000), kind: Some(KINDS.to_owned()), account: only, ..EventQuery::default() };
    let mut rounds = Vec::new();
    loop {
        let page = at.remote.client.events(&query).await?;
        for record in page.items {
            let Some(event) = record.event.get("event").and_then(|inner| serde_json::from_value::<Event>(inner.clone()).ok())
            else {
                continue;
            };
            for (pool, token, owner, unit, amount) in paid(&event, &tokens) {
                let Some(point) = units.get(&unit).copied().filter(|_| !amount.is_zero()) else { continue };
                let places = spec.token(token).map_or(0, |token| token.decimals);
                let amount = Amount::new(token, amount, places);
                rounds.push(Round { paid: record.time.clone(), owner, point, unit, pool, amount, places });
            }
        }
        match page.next.and_then(|next| next.parse().ok()) {
            Some(next) if Some(next) != query.from => query.from = Some(next),
            _ => return Ok(rounds),
        }
    }
}

/// In which token each pool pays, of all versions of the rules that may have begun.
fn tokens_of_pools(spec: &Spec, now: Instant) -> BTreeMap<Name, Name> {
    let versions = spec.versions(now);
    versions.flat_map(|(_, version)| version.pools().iter().map(|(name, pool)| (*name, pool.token))).collect()
}

/// What an event pays: pool, token, owner, unit and amount.
fn paid(event: &Event, tokens: &BTreeMap<Name, Name>) -> Vec<(Name, Name, Address, UnitId, Units)> {
    match event {
        Event::BatchPaid { pool, token, payouts } => {
            payouts.iter().map(|payout| (*pool, *token, payout.to, payout.unit, payout.amount)).collect()
        }
        Event::RewardPaid { pool, subject: Subject::Unit { owner, unit }, liquid, locked } => {
            let amount = Units::new(liquid.get().saturating_add(locked.get()));
            tokens.get(pool).map(|token| (*pool, *token, *owner, *unit, amount)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The sums of payouts by token.
fn sums<'a>(rounds: impl Iterator<Item = &'a Round>) -> Vec<Amount> {
    let mut sums: BTreeMap<Name, (u128, u8)> = BTreeMap::new();
    for Round { amount, places, .. } in rounds {
        let sum = sums.entry(amount.token).or_insert((0, *places));
        sum.0 = sum.0.saturating_add(amount.units.get());
    }
    sums.into_iter().map(|(token, (units, places))| Amount::new(token, Units::new(units), places)).collect()
}

fn table(items: &[Earned], at: &Named<'_>, out: &Output) -> String {
    let mut table = Table::new(&["HOTSPOT OF", ">PACKETS", ">BEACONS", ">WITNESSED", ">EARNED", ">DUE"]);
    let mut of_owner: BTreeMap<Address, usize> = BTreeMap::new();
    items.iter().for_each(|one| *of_owner.entry(one.owner).or_default() += 1);
    for one in items {
        let name = at.name(one.owner);
        let does = |count: u64| if one.kind == "hotspot" { count.to_string() } else { "-".to_owned() };
        let earned: Vec<String> = one.earned.iter().map(|amount| shorten(&amount.display)).collect();
        table.own_row([
            if of_owner[&one.owner] > 1 { format!("{name} {}", one.point.short()) } else { name },
            does(one.packets),
            does(one.beacons),
            does(one.witnessed),
            if earned.is_empty() { "-".to_owned() } else { earned.join("\n") },
            due_in_words(&one.due),
        ]);
    }
    let text = table.render_or(out, "no hotspots, so no rewards");
    let ends = items.iter().flat_map(|one| &one.due).filter_map(|due| due.ends.as_ref()).min_by_key(|time| time.ms);
    let Some(ends) = ends else { return text };
    format!("{text}~ what the open period gives at its end, {}, if nothing changes\n--by-period shows each payout\n", ends.text)
}

/// What is due by token: what is owed as it is, what the open period would give behind `~`.
fn due_in_words(due: &[RewardDue]) -> String {
    let mut told = Vec::new();
    for one in due {
        told.extend((!one.owed.units.is_zero()).then(|| shorten(&one.owed.display)));
        match &one.expected {
            Some(expected) if expected.units.is_zero() => {}
            Some(expected) => told.push(format!("~{}", shorten(&expected.display))),
            None => told.push("no price".to_owned()),
        }
    }
    if told.is_empty() { "-".to_owned() } else { told.join("\n") }
}

/// Each payout, the last first.
fn by_period(mut list: Listed<Round>, limit: u32, at: &Named<'_>) -> Result<()> {
    list.items.reverse();
    if list.items.len() > limit as usize {
        list.items.truncate(limit as usize);
        at.out.warn("there are older payouts; --limit shows more");
    }
    at.out.result(&list, |out| {
        let mut table = Table::new(&["AGO", "HOTSPOT OF", "HOTSPOT", "POOL", ">EARNED"]);
        for round in &list.items {
            let paid = at.now.since(round.paid.instant()).to_string();
            table.row([paid, at.name(round.owner), round.point.short(), round.pool.to_string(), shorten(&round.amount.display)]);
        }
        table.render_or(out, "nothing was paid yet: the first payout comes when a period ends in which something was done")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_economy::Payout;

    const TOKEN: Name = Name::literal("IOT");
    const POOL: Name = Name::literal("coverage");

    fn amount(units: u128) -> Amount {
        Amount::new(TOKEN, Units::new(units), 6)
    }

    #[test]
    fn a_payout_is_read_from_either_kind_of_event_once() {
        let (owner, unit) = (Address::new([1; 32]), UnitId::new([2; 32]));
        let batch =
            Event::BatchPaid { pool: POOL, token: TOKEN, payouts: vec![Payout { to: owner, unit, amount: Units::new(5) }] };
        let tokens = [(POOL, TOKEN)].into();
        assert_eq!(paid(&batch, &tokens), [(POOL, TOKEN, owner, unit, Units::new(5))]);
        let subject = Subject::Unit { owner, unit };
        let reward = Event::RewardPaid { pool: POOL, subject, liquid: Units::new(2), locked: Units::new(6) };
        assert_eq!(paid(&reward, &tokens), [(POOL, TOKEN, owner, unit, Units::new(8))]);
        let won = Event::DrawWon { pool: POOL, number: 1, subject, amount: Units::new(8) };
        assert_eq!(paid(&won, &tokens), [], "the reward itself is told by another event");
    }

    #[test]
    fn what_is_owed_is_told_apart_from_what_the_open_period_would_give() {
        let due = |owed, expected: Option<u128>| RewardDue {
            pool: POOL,
            unit: None,
            owed: amount(owed),
            weight: "1".to_owned(),
            of: "2".to_owned(),
            expected: expected.map(amount),
            ends: None,
        };
        assert_eq!(due_in_words(&[due(1_500_000, Some(2_000_000)), due(0, None)]), "1.5 IOT\n~2 IOT\nno price");
        assert_eq!(due_in_words(&[due(0, Some(0))]), "-");
    }
}
