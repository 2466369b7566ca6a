//! The stake's part: collateral, penalties, staking, locks, and the treasuries of all parts.

use super::{
    Mix, Part,
    donor::{at, names},
    emission,
    write::{Page, mark, set, string},
};
use depin_quantity::parse_span;
use depin_services::descriptor::{Counted, FaultKind, Gravity, PledgeKind, Unit};
use toml_edit::{Item, Table, TableLike, Value};

/// Bytes of a whole sector, in GiB: what one unit is worth in bytes.
const SECTOR_GIB: u128 = 32;

/// `[incentive.pledge.*]`.
pub(super) fn pledges(mix: &mut Mix<'_>, page: &mut Page) {
    let donors = mix.stake.names("incentive.pledge");
    if donors.is_empty() {
        let title = mix.stake.title.clone();
        if !mix.service.pledges.is_empty() {
            mix.note(format!("{title} asks for no collateral, so nothing is pledged."));
        }
        return;
    }
    for (i, kind) in mix.service.pledges.iter().enumerate() {
        let name = if mix.native(Part::Stake) { donors.iter().find(|name| *name == kind.name.as_str()) } else { donors.get(i) };
        let Some(table) = name.and_then(|name| mix.stake.table(&format!("incentive.pledge.{name}"))) else { continue };
        let table = if mix.native(Part::Stake) {
            in_token(mix, table)
        } else {
            for_kind(mix, kind, &name.cloned().unwrap_or_default(), &table)
        };
        mix.bound.add(kind.basis.as_str(), "pledge", string(kind.name.as_str()));
        page.table(&format!("incentive.pledge.{}", kind.name), &table);
    }
}

fn in_token(mix: &Mix<'_>, mut table: Table) -> Table {
    mix.rates.exchange(&mix.stake).apply(&mut table);
    table
}

/// A donor's pledge for another kind of unit: what a whole unit pledges there, a whole unit pledges here.
fn for_kind(mix: &mut Mix<'_>, kind: &PledgeKind, from: &str, donor: &Table) -> Table {
    let text = |key: &str| donor.get(key).and_then(Item::as_str).map(str::to_owned);
    let number = |key: &str| donor.get(key).and_then(Item::as_integer).and_then(|n| u128::try_from(n).ok()).unwrap_or(1);
    let exchange = mix.rates.exchange(&mix.stake);
    let there = from.parse().ok().and_then(|name| mix.stake.service.pledge(name)).map_or(1, |kind| u128::from(kind.whole));
    // What a whole unit pledges there, as an amount and a fraction to multiply it by.
    let (amount, times, parts) = match text("per-gib") {
        Some(amount) => (amount, SECTOR_GIB, 1),
        None => (text("per-unit").unwrap_or_default(), there, number("steps")),
    };
    let bytes = mix.service.metric(kind.basis).is_some_and(|metric| metric.unit == Unit::Byte);
    let mut table = Table::new();
    if bytes {
        set(&mut table, "per-gib", string(&exchange.scaled(&amount, times, parts * SECTOR_GIB).unwrap_or_default()));
    } else {
        set(&mut table, "per-unit", string(&exchange.scaled(&amount, times, parts).unwrap_or_default()));
        if kind.whole > 1 {
            set(&mut table, "steps", Value::from(i64::try_from(kind.whole).unwrap_or(1)));
        }
        set(&mut table, "least-units", Value::from(1));
    }
    if let Some(least) = text("least").and_then(|least| exchange.amount(&least)) {
        set(&mut table, "least", string(&least));
    }
    if let Some(span) = text("cool-down") {
        set(&mut table, "cool-down", string(&span));
    }
    for key in ["source", "why"] {
        if let Some(text) = text(key) {
            set(&mut table, key, string(&text));
        }
    }
    let (title, unit) = (mix.stake.title.clone(), if bytes { "GiB, a 32nd of a sector" } else { "unit" });
    let part = if exchange.is_same() { "" } else { ", the same part of the cap" };
    mark(&mut table, &format!("as a {from} of {title} pledges{part}, for each {unit}"));
    mix.note(format!("Pledge `{}` is counted like `{from}` of {title}: one whole unit there for one here.", kind.name));
    table
}

/// `[incentive.fault.*]`.
pub(super) fn faults(mix: &mut Mix<'_>, page: &mut Page) {
    for kind in mix.service.faults {
        let table = fault(mix, kind);
        wants(mix, &table);
        page.table(&format!("incentive.fault.{}", kind.name), &table);
    }
}

fn wants(mix: &mut Mix<'_>, table: &Table) {
    for part in table.get("to").and_then(Item::as_array).iter().flat_map(|list| list.iter()) {
        let to = part.as_inline_table().and_then(|part| part.get("to")).and_then(Value::as_str);
        if let Some(name) = to.and_then(|to| to.strip_prefix("treasury.")) {
            Mix::want(&mut mix.wanted.treasuries, name, Part::Stake);
        }
    }
}

/// The donor's penalty for a failure that is as bad.
fn fault(mix: &mut Mix<'_>, kind: &FaultKind) -> Table {
    let like = |name: &String| mix.stake.service.fault(name.parse().ok()?).map(|fault| (name.clone(), fault.gravity));
    let donors: Vec<(String, Gravity)> = mix.stake.names("incentive.fault").iter().filter_map(like).collect();
    let found = if mix.native(Part::Stake) {
        donors.iter().find(|(name, _)| name == kind.name.as_str())
    } else {
        donors.iter().find(|(_, gravity)| *gravity == kind.gravity)
    };
    let title = mix.stake.title.clone();
    let Some((name, _)) = found.cloned() else {
        return nothing(mix, &format!("{title} has no penalty for it"));
    };
    let Some(mut table) = mix.stake.table(&format!("incentive.fault.{name}")) else { return nothing(mix, &title) };
    mix.rates.exchange(&mix.stake).apply(&mut table);
    set(&mut table, "token", string(&mix.rates.token));
    let pledge = pledge_for(mix, kind);
    match table.get("fee").and_then(Item::as_str).unwrap_or_default() {
        "nothing" => {
            if !mix.native(Part::Stake) {
                mark(&mut table, &format!("as `{name}` on {title}"));
            }
            table
        }
        "reward" => reward(mix, kind, table, &name, pledge.as_deref()),
        "termination" if mix.native(Part::Stake) => termination(mix, table, pledge.as_deref()),
        "termination" | "share-of-pledge" => share_of_pledge(mix, table, &name, pledge.as_deref()),
        _ if mix.native(Part::Stake) => table,
        _ => nothing(mix, &format!("`{name}` of {title} is counted on another metric")),
    }
}

fn nothing(mix: &Mix<'_>, why: &str) -> Table {
    let mut table = Table::new();
    set(&mut table, "token", string(&mix.rates.token));
    set(&mut table, "fee", string("nothing"));
    mark(&mut table, why);
    table
}

/// The kind of pledge that a failure is taken from: the one that is counted on what failed, else the first that there is.
fn pledge_for(mix: &Mix<'_>, kind: &FaultKind) -> Option<String> {
    let bound = |pledge: &&PledgeKind| mix.bound.get(pledge.basis.as_str(), "pledge") == Some(pledge.name.as_str());
    let there: Vec<&PledgeKind> = mix.service.pledges.iter().filter(bound).collect();
    let same = there.iter().find(|pledge| pledge.basis == kind.affected);
    same.or(there.first()).map(|pledge| pledge.name.to_string())
}

/// A penalty in days of reward needs a pool that what failed has weight in all the time.
fn reward(mix: &mut Mix<'_>, kind: &FaultKind, mut table: Table, name: &str, pledge: Option<&str>) -> Table {
    let title = mix.stake.title.clone();
    let pool = mix.bound.get(kind.affected.as_str(), "pool").map(str::to_owned);
    let stands = mix.service.metric(kind.affected).is_some_and(|metric| metric.counted == Counted::Current);
    if let Some(pool) = pool.as_ref().filter(|_| stands) {
        if mix.emission.name == mix.stake.name {
            return table;
        }
        let days = length_of(mix, &table);
        let period = emission::pool_period(mix, pool).and_then(|every| parse_span(&every).ok());
        if let (Some(length), Some(period)) = (days, period) {
            let periods = length.div_ceil(period.get().max(1)).max(1);
            set(&mut table, "pool", string(pool));
            set(&mut table, "periods", Value::from(i64::try_from(periods).unwrap_or(i64::MAX)));
            mark(&mut table, &format!("as `{name}` on {title}, as long a time of the pool `{pool}`"));
            return table;
        }
    }
    let Some(pledge) = pledge else {
        return nothing(
            mix,
            &format!("{title} takes a part of the reward, and nothing is accrued or pledged here that it could be of"),
        );
    };
    let mut share = Table::new();
    set(&mut share, "token", string(&mix.rates.token));
    set(&mut share, "fee", string("share-of-pledge"));
    set(&mut share, "pledge", string(pledge));
    set(&mut share, "share", string("1%"));
    mark(
        &mut share,
        &format!(
            "{title} takes some days of reward; what failed has no current weight here, so a small part of the pledge is taken"
        ),
    );
    mix.note(format!("Fault `{}` takes 1 % of the pledge, where {title} takes some days of reward.", kind.name));
    share
}

/// How long a fee of so many periods of reward is, in milliseconds.
fn length_of(mix: &Mix<'_>, table: &Table) -> Option<u64> {
    let periods = u64::try_from(table.get("periods")?.as_integer()?).ok()?;
    let pool = table.get("pool")?.as_str()?;
    let pool = mix.stake.table(&format!("incentive.pool.{pool}"))?;
    let own = pool.get("clock").and_then(Item::as_str).map(str::to_owned);
    let clock = own.or_else(|| {
        let path = format!("supply.{}.emission", mix.stake.token);
        let kind = mix.stake.names(&path).into_iter().next()?;
        mix.stake.text(&format!("{path}.{kind}.clock"))
    })?;
    let every = mix.stake.text(&format!("clock.{clock}.every"))?;
    parse_span(&every).ok()?.get().checked_mul(periods)
}

/// A termination counts age by a clock that must be here, and its floor must be no share of a pledge.
fn termination(mix: &mut Mix<'_>, mut table: Table, pledge: Option<&str>) -> Table {
    let Some(pledge) = pledge else { return nothing(mix, "nothing is pledged that it could be taken from") };
    set(&mut table, "pledge", string(pledge));
    if mix.stake.name != mix.emission.name {
        let every = table.get("clock").and_then(Item::as_str).and_then(|clock| mix.stake.text(&format!("clock.{clock}.every")));
        let clock = mix.clock(every.as_deref().unwrap_or("30s"));
        set(&mut table, "clock", string(&clock));
        let noted = mix.service.faults.iter().find(|fault| fault.gravity == Gravity::Noted);
        if let Some(noted) = noted {
            set(&mut table, "least-of", string(noted.name.as_str()));
        }
    }
    table
}

fn share_of_pledge(mix: &mut Mix<'_>, donor: Table, name: &str, pledge: Option<&str>) -> Table {
    let title = mix.stake.title.clone();
    let Some(pledge) = pledge else {
        return nothing(mix, &format!("{title} takes a part of the pledge, and nothing is pledged here"));
    };
    let mut table = Table::new();
    set(&mut table, "token", string(&mix.rates.token));
    set(&mut table, "fee", string("share-of-pledge"));
    set(&mut table, "pledge", string(pledge));
    for key in ["share", "to", "appeal", "source", "why", "parameter"] {
        if let Some(item) = donor.get(key) {
            table.insert(key, item.clone());
        }
    }
    if !mix.native(Part::Stake) {
        mark(&mut table, &format!("as `{name}` on {title}"));
    }
    table
}

/// `[incentive.staking.*]` and `[incentive.lock.*]`.
pub(super) fn stakings(mix: &mut Mix<'_>, page: &mut Page) {
    let own = mix.stake.names("incentive.staking");
    let wanted = mix.wanted.stakings.clone();
    for (name, part) in &wanted {
        // The emission's pool decides that there is staking, the stake's network how it works.
        let (part, from) = own.first().map_or((*part, name), |own| (Part::Stake, own));
        staking(mix, page, name, from, part);
    }
    if wanted.is_empty() {
        for name in &own {
            staking(mix, page, name, name, Part::Stake);
        }
    }
    for name in names(&mix.stake.last, "incentive.lock") {
        let path = format!("incentive.lock.{name}");
        let Some(mut table) = at(&mix.stake.last, &path).and_then(|item| item.clone().into_table().ok()) else { continue };
        mix.rates.exchange(&mix.stake).apply(&mut table);
        if table.remove("delegates-to").is_some() {
            let title = &mix.stake.title;
            mark(&mut table, &format!("as on {title}, without delegation to sub-networks, which are not here"));
        }
        let name = name.replace(&mix.stake.token, &mix.rates.token);
        page.table(&format!("incentive.lock.{name}"), &table);
    }
}

fn staking(mix: &mut Mix<'_>, page: &mut Page, name: &str, from: &str, part: Part) {
    let Some(mut table) = mix.donor(part).table(&format!("incentive.staking.{from}")) else { return };
    mix.rates.exchange(mix.donor(part)).apply(&mut table);
    page.table(&format!("incentive.staking.{name}"), &table);
}

/// `[treasury.*]` that anything refers to.
pub(super) fn treasuries(mix: &mut Mix<'_>, page: &mut Page) {
    for (name, part) in mix.wanted.treasuries.clone() {
        let path = format!("treasury.{name}");
        let Some(mut table) = mix.donor(part).table(&path) else { continue };
        mix.rates.exchange(mix.donor(part)).apply(&mut table);
        (&mut table as &mut dyn TableLike).remove("redeem");
        page.table(&path, &table);
    }
}
