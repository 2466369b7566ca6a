//! How usage is paid, and where the money goes.

use super::{
    Line,
    file::{File, remarked, shown, string, tables},
    supply::{percent, percent_text},
    words::{amount, and, destination, each, span},
};
use depin_services::descriptor::{self, Unit};
use toml::{Table, Value};

/// Streams and charges with their names, streams first.
fn kinds<'a>(file: &File<'a>) -> Vec<(&'a str, &'a Table, bool)> {
    let streams = file.all(&["utility", "stream"]).into_iter().map(|(name, rule)| (name, rule, true));
    streams.chain(file.all(&["utility", "charge"]).into_iter().map(|(name, rule)| (name, rule, false))).collect()
}

/// The currencies of a stream or charge.
fn currencies(rule: &Table) -> Vec<String> {
    let list = rule.get("currencies").and_then(Value::as_array);
    let several = list.map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>());
    several.or_else(|| Some(vec![string(rule, "token")?.to_owned()])).unwrap_or_default()
}

pub(super) fn payment(file: &File<'_>) -> Vec<Line> {
    let line = |(name, rule, stream): (&str, &Table, bool)| {
        let currencies = currencies(rule).join(" or ");
        let text = if stream { stream_words(file, rule, &currencies) } else { charge_words(file, name, rule, &currencies) };
        let remarked = rule.contains_key("source") || rule.contains_key("why");
        let figures = ["priced", "rate"].iter().find_map(|key| rule.get(*key)?.as_table());
        Line::of(format!("{name}: {text}"), if remarked { rule } else { figures.unwrap_or(rule) })
    };
    kinds(file).into_iter().map(line).collect()
}

fn stream_words(file: &File<'_>, rule: &Table, currencies: &str) -> String {
    let period = string(rule, "clock").and_then(|clock| file.text(&["clock", clock, "every"])).map_or("period".to_owned(), each);
    let held = match string(rule, "method") {
        None | Some("reserved") => "out of a deposit for the whole term",
        Some("ordered") => "out of an escrow of ordered deposits, as long as it lasts",
        Some(_) => "out of an escrow, as long as it lasts",
    };
    let term = rule.get("term").and_then(Value::as_table).and_then(|term| string(term, "most"));
    let term = term.map(|most| format!(", terms up to {}", span(most))).unwrap_or_default();
    format!("streamed in {currencies} each {period} {held}{term}")
}

fn charge_words(file: &File<'_>, name: &str, rule: &Table, currencies: &str) -> String {
    if let Some(priced) = rule.get("priced").and_then(Value::as_table) {
        let price = shown(priced, "usd").or_else(|| shown(priced, "amount")).unwrap_or_default();
        let metric = file.metrics("charge", name);
        let service = file.text(&["network", "service"]).and_then(descriptor::service);
        let unit = service.and_then(|service| service.metrics.iter().find(|known| known.name.as_str() == metric));
        let unit = match unit.map(|unit| unit.unit) {
            Some(Unit::Each(unit)) => unit.to_owned(),
            Some(Unit::Byte) => "byte".to_owned(),
            None => "unit".to_owned(),
        };
        let per = shown(priced, "per")
            .filter(|per| per != "1")
            .map_or_else(|| format!("each {unit}"), |per| format!("{per} of {unit}"));
        return format!("{price} for {per}, in {currencies}");
    }
    if string(rule, "in-usd").is_some() {
        let most = string(rule, "hold-most").map(|most| format!(" for at most {}", span(most))).unwrap_or_default();
        return format!("priced in USD, held in {currencies} at the price of the hold{most}, paid on completion");
    }
    format!("agreed price in {currencies}")
}

/// What usage is paid in, and how much of it who does the work gets, in few words.
pub(super) fn short(file: &File<'_>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (_, rule, _) in kinds(file) {
        let currencies = currencies(rule);
        let name = |token: &String| match file.text(&["utility", "credit", token, "from"]) {
            Some(burnt) => format!("{token} (burnt {burnt})"),
            None => token.clone(),
        };
        let paid_in = currencies.iter().map(name).collect::<Vec<_>>().join(" or ");
        let dollars = if rule.contains_key("in-usd") { ", priced in USD" } else { "" };
        let line = Line::plain(format!("{paid_in}{dollars}: {}", receives(rule)));
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// Who gets most of a payment.
fn receives(rule: &Table) -> String {
    let part = |key: &str, to: &str| {
        let parts = tables(rule, key);
        let share = parts.iter().find(|part| string(part, "to") == Some(to)).and_then(|part| string(part, "share"));
        share.map(str::to_owned)
    };
    let payee = part("pays", "payee").or_else(|| tables(rule, "pays").is_empty().then(|| "100%".to_owned()));
    let others = part("pays-other", "payee").map(|share| format!(" or {share}")).unwrap_or_default();
    match (payee, part("pays", "burn")) {
        (Some(share), _) => format!("{share}{others} to the provider"),
        (None, Some(share)) => format!("{share} burnt"),
        (None, None) => "to the network".to_owned(),
    }
}

pub(super) fn destinations(file: &File<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (name, rule, _) in kinds(file) {
        let currencies = currencies(rule);
        let (first, others) = currencies.split_first().map_or(("", &[][..]), |(first, others)| (first.as_str(), others));
        let pays = tables(rule, "pays");
        if pays.is_empty() {
            lines.push(Line::plain(format!("{name}: 100% to the provider")));
        }
        // Only where other currencies go elsewhere does the currency say anything.
        let other = tables(rule, "pays-other");
        let paid_in = if other.is_empty() { String::new() } else { format!(" in {first}") };
        lines.extend(pays.iter().map(|part| one(&format!("{name}{paid_in}"), part, &pays, rule)));
        lines.extend(other.iter().map(|part| one(&format!("{name} in {}", others.join(", ")), part, &other, rule)));
    }
    lines
}

fn one(name: &str, part: &Table, all: &[&Table], rule: &Table) -> Line {
    let to = string(part, "to").unwrap_or_default();
    let way = if to == "burn" { "burnt".to_owned() } else { format!("to {}", destination(to)) };
    let swapped = string(part, "convert").map(|amm_pool| format!(", swapped at {amm_pool}")).unwrap_or_default();
    let remarked = part.contains_key("source") || part.contains_key("why");
    // What the provider does not get is the rate that the network takes.
    let rest =
        all.iter().filter(|other| string(other, "to") != Some("payee")).filter_map(|other| percent(string(other, "share")?));
    let rest: u128 = rest.sum();
    let taken = if to == "payee" && rest > 0 { format!(" ({} are taken)", percent_text(rest)) } else { String::new() };
    let text = format!("{name}: {} {way}{swapped}{taken}", string(part, "share").unwrap_or("100%"));
    Line::of(text, if remarked { part } else { rule })
}

pub(super) fn credits(file: &File<'_>) -> Vec<Line> {
    let line = |(name, rule): (&str, &Table)| {
        let (from, usd) = (string(rule, "from").unwrap_or_default(), string(rule, "usd").unwrap_or_default());
        Line::of(format!("{name}: minted only by burning {from}, {usd} each"), rule)
    };
    file.all(&["utility", "credit"]).into_iter().map(line).collect()
}

pub(super) fn service_fees(file: &File<'_>) -> Vec<Line> {
    let line = |(name, rule): (&str, &Table)| {
        let mut text = format!("{name}: {}", shown(rule, "amount").unwrap_or_default());
        if let Some(token) = string(rule, "in") {
            text += &format!(" in {token}");
        }
        if let Some(every) = string(rule, "every") {
            text += &format!(" each {}", each(every));
        }
        let to = string(rule, "to").map(destination).unwrap_or_default();
        Line::of(format!("{text}, {}{to}", if to == "burnt" { "" } else { "to " }), rule)
    };
    file.all(&["utility", "service-fee"]).into_iter().map(line).collect()
}

pub(super) fn conversion(file: &File<'_>) -> Vec<Line> {
    let redeem = |(name, treasury): (&str, &Table)| {
        let redeem = treasury.get("redeem")?.as_table()?;
        let mut text = format!(
            "{} to {} at treasury `{name}`, by its share of the reserve",
            string(redeem, "burns")?,
            string(redeem, "pays")?
        );
        if let Some(breaker) = treasury.get("breaker").and_then(Value::as_table) {
            let window = string(breaker, "window").map(span).unwrap_or_default();
            text += &format!("; at most {} of it in {window}", string(breaker, "most").unwrap_or_default());
        }
        Some(Line::of(text, if remarked(redeem) { redeem } else { treasury }))
    };
    let amm_pool = |(name, amm_pool): (&str, &Table)| {
        let fee = string(amm_pool, "fee").unwrap_or_default();
        Line::of(format!("{name}: an AMM pool both ways, fee {fee}"), amm_pool)
    };
    let treasuries = file.all(&["treasury"]).into_iter().filter_map(redeem);
    treasuries.chain(file.all(&["amm-pool"]).into_iter().map(amm_pool)).collect()
}

pub(super) fn treasuries(file: &File<'_>) -> Vec<Line> {
    let line = |(name, treasury): (&str, &Table)| {
        let title = string(treasury, "title").filter(|title| !title.eq_ignore_ascii_case(name));
        let title = title.map(|title| format!(": {title}")).unwrap_or_default();
        let spends = string(treasury, "spends").map(|role| format!("; spent by the {role}")).unwrap_or_default();
        Line::of(format!("{name}{title}{spends}"), treasury)
    };
    file.all(&["treasury"]).into_iter().map(line).collect()
}

pub(super) fn transactions(file: &File<'_>) -> Vec<Line> {
    let Some(fee) = file.table(&["utility", "fee"]) else { return Vec::new() };
    let figure = |key: &str| fee.get(key).and_then(Value::as_table);
    let minimum = figure("minimum").and_then(|table| Some((table, amount(string(table, "amount")?))));
    let Some((table, minimum)) = minimum else { return Vec::new() };
    let mut lines = vec![Line::of(format!("at least {minimum} per unit of work, burnt; a tip to the proposer"), table)];
    if let Some(owed) = figure("owed") {
        lines.push(Line::of("who has too little may owe fees, up to what it has pledged", owed));
    }
    lines
}

pub(super) fn prices(file: &File<'_>) -> Vec<Line> {
    let line = |(pair, price): (&str, &Table)| {
        let reporters = price.get("reporters").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let reporters = and(&reporters.map(str::to_owned).collect::<Vec<_>>());
        let stale = string(price, "stale-after").map(span).unwrap_or_default();
        Line::of(format!("{pair}: median of reports by {reporters}, each good for {stale}"), price)
    };
    file.all(&["price"]).into_iter().map(line).collect()
}
