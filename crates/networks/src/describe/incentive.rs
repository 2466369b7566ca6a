//! Who is paid for what, and what they must put up.

use super::{
    Line,
    file::{File, remarked, shown, string, tables},
    supply::percent,
    words::{self, amount, destination, each, span},
};
use depin_quantity::{Units, shorten};
use depin_services::descriptor::{self, Aspect, Counted, Metric, Unit};
use toml::{Table, Value};

/// Bytes of the unit that prices and pledges of data go by.
const GIB: i64 = 1 << 30;

pub(super) fn pools(file: &File<'_>) -> Vec<Line> {
    let line = |(name, pool): (&str, &Table)| {
        with_most(name, one_pool(file, name, pool), pool, "ceiling", |most| ceiling(file, name, most))
    };
    file.all(&["incentive", "pool"]).into_iter().flat_map(line).collect()
}

/// A statement about a rule with what bounds it, which is a line of its own where it says itself where its figure comes from.
fn with_most(name: &str, text: String, rule: &Table, key: &str, told: impl FnOnce(&Table) -> String) -> Vec<Line> {
    match rule.get(key).and_then(Value::as_table) {
        None => vec![Line::of(text, rule)],
        Some(most) if remarked(most) => vec![Line::of(text, rule), Line::of(format!("{name}: {}", told(most)), most)],
        Some(most) => vec![Line::of(format!("{text}, {}", told(most)), rule)],
    }
}

/// What a pool pays for its weight at most: `at most 4.459 nFIL per GiB of quality-bytes a period`.
fn ceiling(file: &File<'_>, name: &str, ceiling: &Table) -> String {
    let bound = file.bound("pool", name);
    let service = file.text(&["network", "service"]).and_then(descriptor::service);
    let bytes = |name: &&str| {
        let metrics = service.iter().flat_map(|service| service.metrics.iter());
        metrics.filter(|metric| metric.name.as_str() == *name).any(|metric| metric.unit == Unit::Byte)
    };
    let of = if bound.is_empty() { "weight".to_owned() } else { bound.join(", ") };
    let per = match ceiling.get("per").and_then(Value::as_integer) {
        Some(GIB) if !bound.is_empty() && bound.iter().all(bytes) => format!("GiB of {of}"),
        None | Some(1) => format!("unit of {of}"),
        Some(_) => format!("{} of {of}", shown(ceiling, "per").unwrap_or_default()),
    };
    let amount = string(ceiling, "amount").unwrap_or_default();
    format!("at most {} per {per} a period", whole_tokens(file, amount).unwrap_or_else(|| words::amount(amount)))
}

/// `4459189498 base FIL` as `4.459 nFIL`; nothing for an amount that is not in base units of a token of the file.
fn whole_tokens(file: &File<'_>, amount: &str) -> Option<String> {
    let (number, token) = amount.split_once(" base ")?;
    let of = file.list("token").into_iter().find(|of| string(of, "id") == Some(token.trim()))?;
    let decimals = u8::try_from(of.get("decimals")?.as_integer()?).ok().filter(|decimals| *decimals <= 18)?;
    let units = Units::new(number.replace('_', "").trim().parse().ok()?);
    Some(shorten(&format!("{} {}", units.to_decimal(decimals), token.trim())))
}

fn one_pool(file: &File<'_>, name: &str, pool: &Table) -> String {
    let of = match (string(pool, "emission"), share(pool)) {
        (Some(token), Some(share)) => format!("{share} of the emission of {token}"),
        (Some(token), None) => format!("what the others leave of the emission of {token}"),
        (None, _) => "payments".to_owned(),
    };
    let metrics = || {
        let bound = file.metrics("pool", name);
        if bound.is_empty() { "weight".to_owned() } else { bound }
    };
    let period = string(pool, "clock")
        .and_then(|clock| file.text(&["clock", clock, "every"]))
        .map(|every| format!(" each {}", each(every)))
        .unwrap_or_default();
    let how = match string(pool, "method").unwrap_or_default() {
        "expected" | "accumulator" => format!("{}{period}", standing_or_accrued(file, name)),
        "batch" | "lazy" => format!("by {} of the period{period}", metrics()),
        "winners" => format!("to winners drawn by {}{period}", metrics()),
        "direct" => format!("to {}", string(pool, "to").map(destination).unwrap_or_default()),
        "staked" => format!("to `{}` and their delegators by stake", string(pool, "staking").unwrap_or("stakers")),
        "locked" => {
            let scope = string(pool, "scope").map(|scope| format!(" delegated to {scope}")).unwrap_or_default();
            format!("to holders of {}{scope}", string(pool, "lock").unwrap_or("locks"))
        }
        other => other.to_owned(),
    };
    let mut text = format!("{name}: {of}, {how}");
    if let Some(worth) = pool.get("worth").and_then(Value::as_table) {
        text += &format!(", at most {} a unit", string(worth, "usd-per-unit").unwrap_or_default());
        if let Some(overflow) = string(pool, "overflow") {
            text += &format!(", the rest to `{overflow}`");
        }
    }
    text
}

/// What a pool that pays by the moment goes by: metrics that stand until they change as they are, those that are accrued anew in each
/// period by the whole of it, as [`depin_economy::Method::Expected`] pays them.
fn standing_or_accrued(file: &File<'_>, pool: &str) -> String {
    let service = file.text(&["network", "service"]).and_then(descriptor::service);
    let (mut standing, mut accrued) = (Vec::new(), Vec::new());
    for name in file.bound("pool", pool) {
        let metric = service.and_then(|service| service.metrics.iter().find(|metric| metric.name.as_str() == name));
        match metric {
            Some(Metric { counted: Counted::Accrued, aspect: Aspect::Paid, description, .. }) => {
                // The rest of a description says what follows from it.
                accrued.push(format!("{name} ({})", description.split(';').next().unwrap_or(description)));
            }
            Some(Metric { counted: Counted::Accrued, .. }) => accrued.push(name.to_owned()),
            Some(Metric { counted: Counted::Current, .. }) | None => standing.push(name.to_owned()),
        }
    }
    let standing = (!standing.is_empty()).then(|| format!("by current {}", standing.join(", ")));
    let accrued = (!accrued.is_empty()).then(|| format!("by {} of the period", accrued.join(", ")));
    let both: Vec<String> = standing.into_iter().chain(accrued).collect();
    if both.is_empty() { "by current weight".to_owned() } else { both.join(" and ") }
}

fn share(pool: &Table) -> Option<String> {
    match pool.get("share")? {
        Value::String(share) => Some(share.clone()),
        Value::Table(moving) => {
            let figure = |key: &str| string(moving, key).unwrap_or_default();
            let every = string(moving, "every").map(span).unwrap_or_default();
            let points = |share: &str| share.trim_end_matches('%').to_owned();
            let rises = percent(figure("first")) < percent(figure("until"));
            let way = if rises { "more" } else { "less" };
            let step = points(figure("step"));
            let plural = if step == "1" { "" } else { "s" };
            Some(format!("{} ({step} point{plural} {way} every {every}, to {})", figure("first"), figure("until")))
        }
        _ => None,
    }
}

pub(super) fn unlocking(file: &File<'_>) -> Vec<Line> {
    let line = |(name, pool): (&str, &Table)| {
        let vest = pool.get("vest")?.as_table()?;
        let figure = |key: &str| string(vest, key).map(span).unwrap_or_default();
        let text = format!(
            "{name}: {} at once, the rest over {} in steps of {}",
            string(vest, "immediate")?,
            figure("over"),
            figure("step")
        );
        Some(Line::of(text, vest))
    };
    file.all(&["incentive", "pool"]).into_iter().filter_map(line).collect()
}

pub(super) fn boosts(file: &File<'_>) -> Vec<Line> {
    let line = |(metric, bound): (&str, &Table)| {
        if let Some(boost) = bound.get("boost").and_then(Value::as_table) {
            let text = format!("{metric}: x{} of what `{}` backs", shown(boost, "times")?, string(boost, "allowance")?);
            return Some(Line::of(text, boost));
        }
        let times = string(bound, "times").filter(|times| *times != "1")?;
        Some(Line::of(format!("{metric} weighs x{times}"), bound))
    };
    file.all(&["bind"]).into_iter().filter_map(line).collect()
}

pub(super) fn collateral(file: &File<'_>) -> Vec<Line> {
    let pledge = |(name, rule): (&str, &Table)| {
        let metric = file.metrics("pledge", name);
        let metric = if metric.is_empty() { "it".to_owned() } else { metric };
        let size = match (shown(rule, "per-gib"), shown(rule, "per-unit")) {
            (Some(per), _) => format!("{per} per GiB of {metric}"),
            (_, Some(per)) => {
                let steps = shown(rule, "steps").filter(|n| n != "1");
                steps.map_or_else(|| format!("{per} per unit of {metric}"), |n| format!("{per} per {n} of {metric}"))
            }
            _ => return None,
        };
        let least = shown(rule, "least-units").filter(|n| n != "1").map(|n| format!(", at least for {n}")).unwrap_or_default();
        let wait = string(rule, "cool-down").map(|wait| format!(", back after {}", span(wait))).unwrap_or_default();
        Some(Line::of(format!("{name}: {size}{least}{wait}"), rule))
    };
    let bond = |(name, stream): (&str, &Table)| {
        let bond = stream.get("bond")?.as_table()?;
        let (text, flat) = match (shown(bond, "per-gib"), shown(bond, "per-unit"), shown(bond, "amount")) {
            (Some(per), ..) => (format!("{per} per GiB"), string(bond, "per-gib")),
            (_, Some(per), _) => (format!("{per} per unit"), string(bond, "per-unit")),
            (.., Some(flat)) => (flat, string(bond, "amount")),
            _ => return None,
        };
        let zero = flat.is_some_and(|flat| flat.starts_with("0 "));
        (!zero).then(|| Line::of(format!("bond of a {name}: {text}"), bond))
    };
    let pledges = file.all(&["incentive", "pledge"]).into_iter().filter_map(pledge);
    pledges.chain(file.all(&["utility", "stream"]).into_iter().filter_map(bond)).collect()
}

pub(super) fn penalties(file: &File<'_>) -> Vec<Line> {
    let fault = |(name, rule): (&str, &Table)| {
        let figure = |key: &str| shown(rule, key).unwrap_or_default();
        let mut text = match string(rule, "fee").unwrap_or_default() {
            "nothing" => format!("{name}: no fee"),
            "reward" => format!("{name}: {} periods of expected reward of `{}`", figure("periods"), figure("pool")),
            "per-gib" => format!("{name}: {} per GiB", figure("amount")),
            "per-unit" => format!("{name}: {} per unit", figure("amount")),
            "termination" => format!(
                "{name}: {} of the pledge, growing with age for {}, at least {}",
                figure("share"),
                string(rule, "full-after").map(span).unwrap_or_default(),
                figure("least-share")
            ),
            "share-of-pledge" => format!("{name}: {} of the pledge", figure("share")),
            other => format!("{name}: {other}"),
        };
        let to = tables(rule, "to");
        if !to.is_empty() {
            let part = |to: &&Table| {
                let share =
                    string(to, "share").filter(|share| *share != "100%").map(|share| format!("{share} ")).unwrap_or_default();
                format!("{share}{}", string(to, "to").map(destination).unwrap_or_default())
            };
            text += &format!(", {}", to.iter().map(part).collect::<Vec<_>>().join(", "));
        } else if string(rule, "fee") != Some("nothing") {
            text += ", burnt";
        }
        if let Some(appeal) = rule.get("appeal").and_then(Value::as_table) {
            let within = string(appeal, "within").map(span).unwrap_or_default();
            text += &format!("; appeal within {within} to the {}", string(appeal, "judge").unwrap_or("judge"));
        }
        with_most(name, text, rule, "at-most", |most| {
            format!("at most {} of the pledge", string(most, "share").unwrap_or_default())
        })
    };
    let close = |(stream, rule): (&str, &Table)| {
        let close = rule.get("close")?.as_table()?;
        let burns = close.iter().filter_map(|(reason, fate)| Some((reason, fate.as_table()?)));
        let burns = burns.filter(|(_, fate)| string(fate, "bond") == Some("burn"));
        Some(
            burns
                .map(|(reason, fate)| Line::of(format!("{stream} closed as {reason}: the bond is burnt"), fate))
                .collect::<Vec<_>>(),
        )
    };
    let faults = file.all(&["incentive", "fault"]).into_iter().flat_map(fault);
    faults.chain(file.all(&["utility", "stream"]).into_iter().filter_map(close).flatten()).collect()
}

pub(super) fn staking(file: &File<'_>) -> Vec<Line> {
    let line = |(name, rule): (&str, &Table)| {
        let mut text = format!("{name}: delegated {}", string(rule, "token").unwrap_or("tokens"));
        let mut add = |key: &str, before: &str, after: &str| {
            if let Some(figure) = shown(rule, key).filter(|figure| figure != "0%") {
                text += &format!(", {before}{}{after}", span(&figure));
            }
        };
        add("unbonding", "back after ", "");
        add("commission-least", "commission at least ", "");
        add("most-validators", "at most ", " of them");
        if let Some(slash) = rule.get("slash").and_then(Value::as_table) {
            let slashes = slash.iter().filter_map(|(reason, share)| Some(format!("{} for {reason}", share.as_str()?)));
            text += &format!("; slashed {}", slashes.collect::<Vec<_>>().join(", "));
        }
        Line::of(text, rule)
    };
    file.all(&["incentive", "staking"]).into_iter().map(line).collect()
}

pub(super) fn locks(file: &File<'_>) -> Vec<Line> {
    let lock = |(name, rule): (&str, &Table)| {
        let longest = string(rule, "longest").map(span).unwrap_or_default();
        let times = shown(rule, "most-times").unwrap_or_default();
        let mut text = format!(
            "{name}: {} locked for {longest} weighs x{times}, in proportion when shorter",
            string(rule, "token").unwrap_or_default()
        );
        if let Some(bonus) = rule.get("bonus").and_then(Value::as_table) {
            let within = string(bonus, "within").map(span).unwrap_or_default();
            text += &format!("; times {} for locks of the first {within}", shown(bonus, "times").unwrap_or_default());
        }
        if let Some(least) = string(rule, "least") {
            text += &format!("; at least {}", amount(least));
        }
        Line::of(text, rule)
    };
    let score = |(name, rule): (&str, &Table)| {
        let pools = shown(rule, "pools").unwrap_or_default();
        let how = match string(rule, "score").unwrap_or_default() {
            "utility" => "utility score (locked weight x credits burnt x active devices)",
            "locked" => "locked weight, smoothed over 30 days",
            other => other,
        };
        Line::of(format!("{name}: {pools} share by {how}"), rule)
    };
    let locks = file.all(&["incentive", "lock"]).into_iter().map(lock);
    locks.chain(file.all(&["incentive", "score"]).into_iter().map(score)).collect()
}
