//! The emission's part: supply, and pools that the service's metrics feed.

use super::{
    Mix, Part,
    donor::Donor,
    work,
    write::{Page, mark, set, string},
};
use depin_quantity::Units;
use depin_services::descriptor::{Aspect, Counted, Metric};
use toml_edit::{InlineTable, Item, Table, Value};

/// `[supply.<token>]`, word for word.
pub(super) fn supply(mix: &mut Mix<'_>, page: &mut Page) {
    let path = format!("supply.{}", mix.emission.token);
    let Some(table) = mix.emission.table(&path) else { return };
    if let Some(staking) = mix.emission.text(&format!("{path}.emission.inflation.staking")) {
        Mix::want(&mut mix.wanted.stakings, &staking, Part::Emission);
    }
    page.table(&path, &table);
}

/// `[incentive.pool.*]`.
pub(super) fn pools(mix: &mut Mix<'_>, page: &mut Page) {
    let names = mix.emission.names("incentive.pool");
    let (fed, others): (Vec<String>, Vec<String>) =
        names.into_iter().partition(|name| !mix.emission.feeders(name).is_empty() || is_accrued(&mix.emission, name));
    let split = if fed.is_empty() { work::pool(mix, page, &others) } else { None };
    if fed.is_empty() && split.is_none() {
        mix.note(format!(
            "No pool of {} is fed by what a service measures: whoever works is paid by customers alone.",
            mix.emission.title
        ));
    }
    if mix.native(Part::Emission) {
        native(mix, page, &fed);
    } else {
        for (aspect, group) in groups(mix, &fed) {
            merged(mix, page, aspect, &group);
        }
        unpaid(mix);
    }
    for name in others {
        let path = format!("incentive.pool.{name}");
        let halved = split.as_ref().filter(|(largest, _)| *largest == name).map(|(_, table)| table.clone());
        let Some(table) = halved.or_else(|| mix.emission.table(&path)) else { continue };
        wants(mix, &table);
        page.table(&path, &table);
    }
}

/// Whether a pool shares by what metrics say, bound or not.
fn is_accrued(donor: &Donor, pool: &str) -> bool {
    let method = donor.text(&format!("incentive.pool.{pool}.method")).unwrap_or_default();
    matches!(method.as_str(), "expected" | "accumulator" | "winners" | "batch" | "lazy")
}

/// What a pool refers to must be there too.
fn wants(mix: &mut Mix<'_>, table: &Table) {
    if let Some(name) = table.get("to").and_then(Item::as_str).and_then(|to| to.strip_prefix("treasury.")) {
        Mix::want(&mut mix.wanted.treasuries, name, Part::Emission);
    }
    if let Some(name) = table.get("staking").and_then(Item::as_str) {
        Mix::want(&mut mix.wanted.stakings, name, Part::Emission);
    }
}

/// The service is the emission's own: everything stays as it is bound there.
fn native(mix: &mut Mix<'_>, page: &mut Page, fed: &[String]) {
    for name in fed {
        let path = format!("incentive.pool.{name}");
        if let Some(table) = mix.emission.table(&path) {
            page.table(&path, &table);
        }
    }
    for metric in mix.emission.names("bind") {
        for key in ["pool", "times", "boost"] {
            let item = mix.emission.table(&format!("bind.{metric}")).and_then(|table| table.get(key).cloned());
            if let Some(value) = item.and_then(|item| item.into_value().ok()) {
                mix.bound.add(&metric, key, value);
            }
        }
    }
    for kind in mix.service.allowances {
        let path = format!("incentive.allowance.{}", kind.name);
        if let Some(table) = mix.emission.table(&path) {
            page.table(&path, &table);
        }
    }
}

/// Which metrics of the service feed which pools: capacity feeds capacity, usage usage, and the only ones that it has feed all.
fn groups(mix: &Mix<'_>, fed: &[String]) -> Vec<(Aspect, Vec<String>)> {
    let main = mix.service.metrics.iter().map(|metric| metric.aspect).find(|a| matches!(a, Aspect::Capacity | Aspect::Usage));
    let has = |aspect| mix.service.metrics_of(aspect).next().is_some();
    let (usage, capacity): (Vec<String>, Vec<String>) =
        fed.iter().cloned().partition(|pool| mix.emission.aspect(pool) == Some(Aspect::Usage));
    let (true, Some(main)) = (!fed.is_empty(), main) else { return Vec::new() };
    if usage.is_empty() || capacity.is_empty() || !has(Aspect::Usage) || !has(Aspect::Capacity) {
        return vec![(main, fed.to_vec())];
    }
    vec![(Aspect::Capacity, capacity), (Aspect::Usage, usage)]
}

/// Says which metrics earn nothing, though others do.
fn unpaid(mix: &mut Mix<'_>) {
    let earns = |name: &str| mix.bound.get(name, "pool").is_some();
    let paid = mix.service.metrics.iter().any(|metric| earns(metric.name.as_str()));
    let work = [Aspect::Capacity, Aspect::Usage].into_iter().flat_map(|aspect| mix.service.earning(aspect));
    let left: Vec<String> = work.filter(|m| !earns(m.name.as_str())).map(|metric| format!("`{}`", metric.name)).collect();
    if paid && !left.is_empty() {
        mix.note(format!("Nothing is accrued for {}: {} has no pool of that sort.", left.join(", "), mix.emission.title));
    }
}

/// One pool out of those of a group, fed by the service's metrics of one aspect.
fn merged(mix: &mut Mix<'_>, page: &mut Page, aspect: Aspect, group: &[String]) {
    let tables: Vec<Table> = group.iter().filter_map(|name| mix.emission.table(&format!("incentive.pool.{name}"))).collect();
    // A pool that overflows into another is the smaller half of both.
    let Some(at) =
        tables.iter().position(|table| !table.contains_key("overflow")).or(if tables.is_empty() { None } else { Some(0) })
    else {
        return;
    };
    let (name, mut pool) = (group[at].clone(), tables[at].clone());
    let title = mix.emission.title.clone();
    let mut changes = Vec::new();
    if tables.len() > 1 {
        let shares: Vec<&Item> = tables.iter().filter_map(|table| table.get("share")).collect();
        if let Some(sum) = sum_of_shares(&shares) {
            set(&mut pool, "share", sum);
        }
        changes.push(format!("one pool out of {}", group.join(" and ")));
    }
    if pool.get("overflow").and_then(Item::as_str).is_some_and(|to| group.iter().any(|name| name == to)) {
        pool.remove("overflow");
    }
    let first = mix.service.earning(aspect).next();
    changes.extend(first.and_then(|metric| fit_worth(&mut pool, metric)));
    for metric in mix.service.earning(aspect) {
        mix.bound.add(metric.name.as_str(), "pool", string(&name));
    }
    let fed = mix.service.earning(aspect).map(|metric| format!("`{}`", metric.name)).collect::<Vec<_>>().join(", ");
    if !changes.is_empty() {
        mark(&mut pool, &format!("as on {title}, {}", changes.join("; ")));
    }
    let by = if changes.is_empty() { String::new() } else { format!(": {}", changes.join("; ")) };
    mix.note(format!("Pool `{name}` of {title} is fed by {fed}{by}."));
    why_paid(mix, &name);
    page.table(&format!("incentive.pool.{name}"), &pool);
}

/// Why a pool shares by what was paid, where the service says that.
pub(super) fn why_paid(mix: &mut Mix<'_>, pool: &str) {
    let paid = mix.service.metrics_of(Aspect::Paid).find(|metric| mix.bound.get(metric.name.as_str(), "pool") == Some(pool));
    let (Some(paid), Some(usage)) = (paid, mix.service.metrics_of(Aspect::Usage).next()) else { return };
    mix.note(format!(
        "Pool `{pool}` shares by `{}` and not by `{}`: a pool pays a whole period to whoever settles anything in it, so that an operator \
         who orders from itself at a price of next to nothing would take the emission with invented units. By what was paid, trade with \
         oneself costs what payments lose on their way: what is burnt and what others get. Where nothing of a payment is burnt or kept \
         (`pays`), it costs only fees; burn a part of each payment there before the pool is worth much.",
        paid.name, usage.name
    ));
}

/// A ceiling by worth needs weights of one period, and what one of them is worth.
fn fit_worth(pool: &mut Table, metric: &Metric) -> Option<String> {
    if metric.counted == Counted::Current {
        pool.remove("worth")?;
        return Some("without a ceiling by worth, since the metric stands until it changes".to_owned());
    }
    if metric.aspect != Aspect::Paid {
        return None;
    }
    pool.remove("worth")?;
    Some("without a ceiling by worth, since nothing says what a base unit of what was paid is worth".to_owned())
}

/// The clock that a pool closes by: its own, or its emission's.
fn clock_of(mix: &Mix<'_>, pool: &Table) -> Option<String> {
    if let Some(clock) = pool.get("clock").and_then(Item::as_str) {
        return Some(clock.to_owned());
    }
    let path = format!("supply.{}.emission", mix.emission.token);
    let kind = mix.emission.names(&path).into_iter().next()?;
    mix.emission.text(&format!("{path}.{kind}.clock"))
}

/// A share that stays, or moves in steps; in millionths of a per cent.
#[derive(Clone, Copy)]
struct Moving {
    first: u128,
    until: u128,
    steps: u128,
}

/// The sum of shares, when those that move do so in as many steps.
fn sum_of_shares(shares: &[&Item]) -> Option<Value> {
    let percent = |text: &str| Units::parse_decimal(text.trim().strip_suffix('%')?, 6).ok().map(Units::get);
    let (mut sum, mut steps, mut every) = (Moving { first: 0, until: 0, steps: 0 }, None, None);
    for share in shares {
        let moving = match share.as_table_like() {
            None => {
                let part = percent(share.as_str()?)?;
                Moving { first: part, until: part, steps: 0 }
            }
            Some(table) => {
                let of = |key: &str| table.get(key).and_then(Item::as_str).and_then(percent);
                let (first, until, step) = (of("first")?, of("until")?, of("step")?);
                every = every.or_else(|| table.get("every").cloned());
                Moving { first, until, steps: first.abs_diff(until).div_ceil(step.max(1)) }
            }
        };
        if moving.steps > 0 {
            steps = Some(steps.unwrap_or(moving.steps).max(moving.steps));
        }
        sum = Moving { first: sum.first + moving.first, until: sum.until + moving.until, steps: 0 };
    }
    let text = |millionths: u128| {
        let text = Units::new(millionths).to_decimal(6);
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        string(&format!("{text}%"))
    };
    match steps {
        Some(steps) if sum.first != sum.until => {
            let mut table = InlineTable::new();
            table.insert("first", text(sum.first));
            table.insert("until", text(sum.until));
            table.insert("step", text(sum.first.abs_diff(sum.until) / steps));
            table.insert("every", every?.into_value().ok()?);
            Some(Value::InlineTable(table))
        }
        _ => Some(text(sum.first)),
    }
}

/// The length of the pool's periods, when it has a fixed one.
pub(super) fn pool_period(mix: &Mix<'_>, pool: &str) -> Option<String> {
    let table = mix.emission.table(&format!("incentive.pool.{pool}"))?;
    mix.emission.text(&format!("clock.{}.every", clock_of(mix, &table)?))
}
