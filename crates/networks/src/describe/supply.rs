//! What there is of each token, who gets it, and how more is minted.

use super::{
    Line,
    file::{File, shown, string, tables},
    words::{amount, each, span, tenths_of_years, with_article, years},
};
use depin_quantity::group_digits;
use depin_services::descriptor::{self, Unit};
use toml::{Table, Value};

pub(super) fn service(file: &File<'_>) -> Vec<Line> {
    file.text(&["network", "service"]).map(Line::plain).into_iter().collect()
}

/// What the service counts and this network does something with.
pub(super) fn metrics(file: &File<'_>) -> Vec<Line> {
    let service = file.text(&["network", "service"]).and_then(descriptor::service);
    // What a founder calls its unit.
    let unit = service.and_then(|service| file.text(&["service", service.name.as_str(), "unit"]));
    let line = |(name, _): (&str, &Table)| {
        let metric = service.and_then(|service| service.metrics.iter().find(|metric| metric.name.as_str() == name));
        Line::plain(match metric.map(|metric| metric.unit) {
            Some(Unit::Byte) => format!("{name}: bytes"),
            Some(Unit::Each("unit")) => format!("{name}: one is {}", with_article(unit.unwrap_or("unit"))),
            Some(Unit::Each(unit)) => format!("{name}: one is {}", with_article(unit)),
            None => name.to_owned(),
        })
    };
    file.all(&["bind"]).into_iter().map(line).collect()
}

pub(super) fn tokens(file: &File<'_>) -> Vec<Line> {
    let line = |token: &Table| {
        let id = string(token, "id")?;
        let mut text = id.to_owned();
        if let Some(places) = shown(token, "decimals") {
            text += &format!(" ({places} places)");
        }
        if token.get("transferable").and_then(Value::as_bool) == Some(false) {
            text += ", not transferable";
        }
        if let Some(role) = string(token, "bridged-by") {
            text += &format!(", bridged (role `{role}`)");
        }
        Some(Line::of(text, token))
    };
    file.list("token").into_iter().filter_map(line).collect()
}

pub(super) fn launch(file: &File<'_>) -> Vec<Line> {
    let launch = file.table(&["network", "launch"]);
    let line = launch.and_then(|launch| Some(Line::of(shown(launch, "at")?, launch)));
    vec![line.unwrap_or_else(|| Line::plain("when somebody starts it: the file says no launch"))]
}

pub(super) fn genesis(file: &File<'_>) -> Vec<Line> {
    let line = |(token, supply): (&str, &Table)| {
        if let Some(genesis) = supply.get("genesis").and_then(Value::as_table) {
            return Some(Line::of(shown(genesis, "amount")?, genesis));
        }
        // Without a figure of its own, genesis is what of the cap no emission mints.
        let parts = minted_at_genesis(supply);
        let all = parts.iter().any(|part| string(part, "share") == Some("100%"));
        Some(Line::plain(if parts.is_empty() {
            format!("no {token}")
        } else if all {
            format!("all {token}")
        } else {
            let sum = parts.iter().filter_map(|part| percent(string(part, "share")?)).sum();
            let cap = supply.get("cap").and_then(Value::as_table).and_then(|cap| string(cap, "amount"));
            let share = percent_text(sum);
            cap.and_then(|cap| part_of(cap, &share))
                .map_or_else(|| format!("{share} of the cap"), |amount| format!("{amount} ({share} of the cap)"))
        }))
    };
    file.all(&["supply"]).into_iter().filter_map(line).collect()
}

/// Allocations that are minted at genesis: all but what an emission mints, and all of them when genesis has an amount of its own.
fn minted_at_genesis(supply: &Table) -> Vec<&Table> {
    let emitted = emission_of(supply).and_then(|(_, rule)| string(rule, "from"));
    let only_emission = emission_of(supply).is_some() && emitted.is_none() && !supply.contains_key("genesis");
    let minted = |part: &&Table| !only_emission && emitted.is_none_or(|from| string(part, "to") != Some(from));
    tables(supply, "allocation").into_iter().filter(minted).collect()
}

pub(super) fn cap(file: &File<'_>) -> Vec<Line> {
    let line = |(token, supply): (&str, &Table)| {
        let Some(cap) = supply.get("cap").and_then(Value::as_table) else { return Some(Line::plain(format!("{token}: none"))) };
        let kind = match string(cap, "kind") {
            Some("clamp") => "minting stops there",
            Some("net-emission") => "burnt tokens may be minted again below it",
            Some("model") => "shown, never enforced",
            _ => "",
        };
        let genesis = supply.get("genesis").and_then(Value::as_table).and_then(|genesis| string(genesis, "amount"));
        let more = genesis.and_then(|genesis| more_than(genesis, string(cap, "amount")?)).unwrap_or_default();
        let amount = shown(cap, "amount")?;
        Some(Line::of(format!("{amount}{more}{}{kind}", if kind.is_empty() { "" } else { ": " }), cap))
    };
    let mut lines: Vec<Line> = file.all(&["supply"]).into_iter().filter_map(line).collect();
    for (token, supply) in file.all(&["supply"]) {
        if let Some(net) = supply.get("net-emission").and_then(Value::as_table) {
            let most = shown(net, "most").unwrap_or_default();
            let clock = string(net, "clock").unwrap_or("period");
            lines.push(Line::of(format!("burnt {token} is minted again, at most {most} per {clock}"), net));
        }
    }
    lines
}

/// How much more a cap is than what there is at genesis: ` (300,000,000 IO more than at genesis, 60%)`.
fn more_than(genesis: &str, cap: &str) -> Option<String> {
    let whole = |amount: &str| amount.split_whitespace().next()?.replace('_', "").parse::<u128>().ok();
    let (genesis, token) = (whole(genesis)?, genesis.split_whitespace().last()?);
    let more = whole(cap)?.checked_sub(genesis).filter(|more| *more > 0)?;
    let tenths = (more.checked_mul(1_000)? + genesis / 2).checked_div(genesis)?;
    // Beyond that, what was there at genesis is nothing to compare with.
    let part = if tenths > 9_999 {
        String::new()
    } else if tenths.is_multiple_of(10) {
        format!(", {}%", tenths / 10)
    } else {
        format!(", {}.{}%", tenths / 10, tenths % 10)
    };
    Some(format!(" ({} {token} more than at genesis{part})", group_digits(&more.to_string(), ',')))
}

/// The one kind of emission of a supply.
fn emission_of(supply: &Table) -> Option<(&str, &Table)> {
    let kinds = supply.get("emission")?.as_table()?;
    kinds.iter().find_map(|(kind, rule)| Some((kind.as_str(), rule.as_table()?)))
}

pub(super) fn emission(file: &File<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (token, supply) in file.all(&["supply"]) {
        let Some((kind, rule)) = emission_of(supply) else { continue };
        let period = period(file, rule);
        match kind {
            "half-life" => {
                let (over, from) = (string(rule, "over").map(span).unwrap_or_default(), string(rule, "from").unwrap_or_default());
                lines.push(Line::of(format!("what is left of `{from}` halves every {over}, paid each {period}"), rule));
            }
            "table" => table(file, token, rule, &period, &mut lines),
            "decline" => decline(file, rule, &period, &mut lines),
            "flat" => {
                let amount = shown(rule, "amount").unwrap_or_default();
                lines.push(Line::of(format!("{amount} evenly over {}", lasting(file, rule, &period)), rule));
            }
            "inflation" => inflation(token, rule, &period, &mut lines),
            other => lines.push(Line::of(format!("{token}: {other}"), rule)),
        }
    }
    lines
}

/// The period of the clock that a rule names, as a noun: `hour`, `6 seconds`.
fn period(file: &File<'_>, rule: &Table) -> String {
    let clock = string(rule, "clock").unwrap_or_default();
    file.text(&["clock", clock, "every"]).map_or_else(|| clock.to_owned(), each)
}

/// Tenths of a year that the rows of a table and its limited tail come to.
fn all_years(file: &File<'_>, rule: &Table) -> Option<u128> {
    let every = file.text(&["clock", string(rule, "clock")?, "every"])?;
    let one = |row: &Table| match string(row, "for") {
        Some(length) => tenths_of_years(1, length),
        None => tenths_of_years(u128::try_from(row.get("periods")?.as_integer()?).ok()?, every),
    };
    let rows = tables(rule, "rows").into_iter().map(one).collect::<Option<Vec<u128>>>()?;
    let times = rule.get("then")?.get("rows")?.as_integer().and_then(|n| u128::try_from(n).ok())?;
    rows.last()?.checked_mul(times)?.checked_add(rows.iter().sum())
}

fn table(file: &File<'_>, token: &str, rule: &Table, period: &str, lines: &mut Vec<Line>) {
    let rows = tables(rule, "rows");
    let length = |row: &Table| row_length(row, period);
    lines.push(Line::of(format!("{token} by a table, in equal parts each {period}:"), rule));
    for row in &rows {
        let amount = shown(row, "amount").unwrap_or_else(|| token.to_owned());
        lines.push(Line::of(format!("{amount} in {}", length(row)), if remarked(row) { row } else { rule }));
    }
    if let (Some(then), Some(last)) = (rule.get("then").and_then(Value::as_table), rows.last()) {
        let times = string(then, "times").unwrap_or_default();
        let limit = match shown(then, "rows") {
            None => "without end".to_owned(),
            Some(times) => {
                let whole = all_years(file, rule).map(|tenths| format!(" ({} in all)", years(tenths)));
                format!("{times} times{}", whole.unwrap_or_default())
            }
        };
        let text = format!("then {times} of what came before in each further {}, {limit}", length(last));
        lines.push(Line::of(text, if remarked(then) { then } else { rule }));
    }
}

fn row_length(row: &Table, period: &str) -> String {
    match (string(row, "for"), shown(row, "periods")) {
        (Some(text), _) => span(text),
        (None, Some(number)) => format!("{number} {period}s"),
        (None, None) => String::new(),
    }
}

fn remarked(table: &Table) -> bool {
    table.contains_key("source") || table.contains_key("why")
}

/// The periods of a rule with a last one, and about how many years they are: `175,319 hours (about 20 years)`.
fn lasting(file: &File<'_>, rule: &Table, period: &str) -> String {
    let Some(periods) = shown(rule, "periods") else { return String::new() };
    let number = periods.replace(',', "").parse().ok();
    let every = string(rule, "clock").and_then(|clock| file.text(&["clock", clock, "every"]));
    let tenths = number.zip(every).and_then(|(number, every)| tenths_of_years(number, every));
    format!("{periods} {period}s{}", tenths.map(|tenths| format!(" (about {})", years(tenths))).unwrap_or_default())
}

fn decline(file: &File<'_>, rule: &Table, period: &str, lines: &mut Vec<Line>) {
    let text = format!(
        "{} at a rate of {} per {period}, each {period} less by a share of {}, for {}",
        shown(rule, "base").unwrap_or_default(),
        string(rule, "rate").unwrap_or_default(),
        string(rule, "less").unwrap_or_default(),
        lasting(file, rule, period)
    );
    lines.push(Line::of(text, rule));
}

fn inflation(token: &str, rule: &Table, period: &str, lines: &mut Vec<Line>) {
    let figure = |key: &str| string(rule, key).unwrap_or_default();
    let text = format!(
        "{} to {} of the {token} in being a year, {} at first: falls while more than {} is staked, rises while less is, by at most {} \
         a year; minted each {period}, {} of them a year",
        figure("least"),
        figure("most"),
        figure("initial"),
        figure("goal"),
        figure("change"),
        shown(rule, "periods-per-year").unwrap_or_default()
    );
    lines.push(Line::of(text, rule));
}

/// What there is of the first token at most, and how it is minted, in few words.
pub(super) fn short(file: &File<'_>) -> Vec<Line> {
    let first = file.list("token").into_iter().find_map(|token| string(token, "id"));
    let Some((token, supply)) = first.and_then(|token| Some((token, file.table(&["supply", token])?))) else { return Vec::new() };
    let figure = |key: &str| supply.get(key).and_then(Value::as_table).and_then(|table| string(table, "amount"));
    let shares = || minted_at_genesis(supply).iter().filter_map(|part| percent(string(part, "share")?)).sum();
    let genesis = figure("genesis").map(str::to_owned).or_else(|| part_of(figure("cap")?, &percent_text(shares())));
    let mut text = match (genesis.as_deref().and_then(millions), figure("cap").and_then(millions)) {
        (Some(genesis), Some(cap)) => format!("{genesis} to {cap} M {token}"),
        (None, Some(cap)) => format!("{cap} M {token}"),
        (Some(genesis), None) => format!("{genesis} M {token}, no cap"),
        (None, None) => token.to_owned(),
    };
    if let Some((kind, rule)) = emission_of(supply) {
        let figure = |key: &str| string(rule, key).unwrap_or_default();
        text += &match kind {
            "half-life" => format!(", halving every {}", span(figure("over"))),
            "decline" => format!(", less each {}", period(file, rule)),
            "flat" => format!(", alike each {}", period(file, rule)),
            "inflation" => format!(", {} to {} a year", figure("least"), figure("most")),
            _ => {
                let times = rule.get("then").and_then(Value::as_table).and_then(|then| string(then, "times"));
                let rows = tables(rule, "rows");
                let last = rows.last().map(|row| row_length(row, &period(file, rule))).unwrap_or_default();
                match times {
                    Some("50%") => format!(", halving every {last}"),
                    Some(_) => ", by a table, then falling".to_owned(),
                    None => ", by a table".to_owned(),
                }
            }
        };
    }
    vec![Line::plain(text)]
}

/// `536_870_912 RENDER` as `536.9`: millions of whole tokens, rounded to tenths.
fn millions(amount: &str) -> Option<String> {
    let number = amount.split_whitespace().next()?.replace(['_', ','], "");
    let number: u128 = number.split('.').next()?.parse().ok()?;
    let tenths = (number + 50_000) / 100_000;
    let whole = group_digits(&(tenths / 10).to_string(), ',');
    Some(if tenths.is_multiple_of(10) { whole } else { format!("{whole}.{}", tenths % 10) })
}

pub(super) fn distribution(file: &File<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let several = file.all(&["supply"]).len() > 1;
    for (token, supply) in file.all(&["supply"]) {
        let whole = supply.get("genesis").or_else(|| supply.get("cap")).and_then(Value::as_table);
        let whole = whole.and_then(|whole| string(whole, "amount"));
        let emission = emission_of(supply);
        let emitted = emission.and_then(|(_, rule)| string(rule, "from"));
        for part in tables(supply, "allocation") {
            let to = string(part, "to").unwrap_or_default();
            let share = string(part, "share");
            let stated = string(part, "amount").map(amount);
            let size = stated.or_else(|| part_of(whole?, share?));
            let mut text = format!("{} {to}", share.map_or_else(|| size.clone().unwrap_or_default(), str::to_owned));
            if several {
                text += &format!(" of {token}");
            }
            if let (Some(_), Some(size)) = (share, &size) {
                text += &format!(" ({size})");
            }
            if to == "unallocated" {
                text += ", owned by nobody";
            } else if emitted == Some(to) || emission.is_some() && emitted.is_none() && !supply.contains_key("genesis") {
                text += ", by emission";
            } else {
                text += &vesting(&tables(part, "vest"));
            }
            lines.push(Line::of(text, part));
        }
    }
    lines
}

/// Parts of ten million that one per cent has here: shares have at most seven places.
const PERCENT: u128 = 10_000_000;

/// `34.5%` in ten-millionths of a per cent.
pub(super) fn percent(share: &str) -> Option<u128> {
    let text = share.strip_suffix('%')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 7 {
        return None;
    }
    format!("{whole}{fraction:0<7}").parse().ok()
}

pub(super) fn percent_text(parts: u128) -> String {
    let fraction = format!("{:07}", parts % PERCENT);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{}%", parts / PERCENT) } else { format!("{}.{fraction}%", parts / PERCENT) }
}

/// `34.5%` of `100_000_000 AKT`, exactly: a share of whole tokens has at most nine places.
fn part_of(whole: &str, share: &str) -> Option<String> {
    let (number, unit) = whole.split_once(' ')?;
    let number: u128 = number.replace('_', "").parse().ok()?;
    let product = number.checked_mul(percent(share)?)?;
    let scale = 100 * PERCENT;
    let fraction = format!("{:09}", product % scale);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{}{point}{fraction} {unit}", group_digits(&(product / scale).to_string(), ',')))
}

fn vesting(rows: &[&Table]) -> String {
    const MOST: usize = 5;
    let one = |row: &&Table| {
        let part =
            string(row, "share").or_else(|| string(row, "amount")).map(|part| format!("{} ", amount(part))).unwrap_or_default();
        let at_once = row.contains_key("at-once");
        let when = match (string(row, "after").map(span), string(row, "over").map(span)) {
            (None, _) if at_once => "at once".to_owned(),
            (Some(after), _) if at_once => format!("after {after}"),
            (None, Some(over)) => format!("over {over}"),
            (Some(after), Some(over)) => format!("after {after} over {over}"),
            (_, None) => String::new(),
        };
        let steps = string(row, "every").map(|every| format!(", each {}", each(every))).unwrap_or_default();
        format!("{part}{when}{steps}")
    };
    match rows {
        [] => String::new(),
        rows if rows.len() <= MOST => format!(", vests {}", rows.iter().map(one).collect::<Vec<_>>().join("; ")),
        rows => {
            let last =
                rows.iter().filter_map(|row| string(row, "over")).max_by_key(|over| over.len()).map(span).unwrap_or_default();
            format!(", vests in {} parts, the last over {last}", rows.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millions_are_rounded_to_tenths() {
        assert_eq!(millions("536_870_912 RENDER").as_deref(), Some("536.9"));
        assert_eq!(millions("2_000_000_000 FIL").as_deref(), Some("2,000"));
    }

    #[test]
    fn a_share_is_worked_out_exactly() {
        assert_eq!(part_of("100_000_000 AKT", "34.5%").as_deref(), Some("34,500,000 AKT"));
        assert_eq!(part_of("536_870_912 RENDER", "65%").as_deref(), Some("348,966,092.8 RENDER"));
        assert_eq!(part_of("much", "65%"), None);
        assert_eq!(percent_text(percent("5.8%").unwrap() + percent("94.2%").unwrap()), "100%");
        assert_eq!(percent_text(percent("18.08%").unwrap()), "18.08%");
    }
}
