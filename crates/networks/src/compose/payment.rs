//! The payment's part: streams, charges, credits, fees, prices and AMM pools.

use super::{
    Mix, Part,
    write::{Page, mark, set, string, table},
};
use depin_quantity::group_digits;
use depin_services::descriptor::{Aspect, ChargeKind, Metric, StreamKind, Term, Unit};
use toml_edit::{Array, InlineTable, Item, Table, TableLike, Value};

/// How the payment's network lets usage be paid.
struct Model {
    /// Path of the table that it is taken from.
    path: String,
    table: Table,
}

/// The donor's kind to follow: of the same sort where it has one.
fn model(mix: &Mix<'_>, stream: bool) -> Option<Model> {
    let of = |sort: &str| {
        let name = mix.payment.names(&format!("utility.{sort}")).into_iter().next()?;
        let path = format!("utility.{sort}.{name}");
        Some(Model { table: mix.payment.table(&path)?, path })
    };
    if stream { of("stream").or_else(|| of("charge")) } else { of("charge").or_else(|| of("stream")) }
}

/// Whether some kind of the service's payments would reach nobody: all of it is burnt, or goes to funds and pools.
pub(super) fn burns_all(mix: &Mix<'_>) -> bool {
    let to_payee = |table: &Table, key: &str| {
        let Some(parts) = table.get(key).and_then(Item::as_array) else { return true };
        let is_payee = |part: &Value| part.as_inline_table().and_then(|part| part.get("to")?.as_str()) == Some("payee");
        parts.iter().any(is_payee)
    };
    let kinds = [(true, !mix.service.streams.is_empty()), (false, !mix.service.charges.is_empty())];
    let models = kinds.into_iter().filter(|(_, used)| *used).filter_map(|(stream, _)| model(mix, stream));
    models.into_iter().any(|model| !to_payee(&model.table, "pays") || !to_payee(&model.table, "pays-other"))
}

/// `[utility.stream.*]`.
pub(super) fn streams(mix: &mut Mix<'_>, page: &mut Page) {
    for kind in mix.service.streams {
        let path = format!("utility.stream.{}", kind.name);
        let own = mix.native(Part::Payment).then(|| mix.payment.table(&path)).flatten();
        let stream = match own {
            Some(table) => native_stream(mix, table),
            None => stream(mix, kind),
        };
        if stream.get("bond").and_then(Item::as_table_like).is_some_and(|bond| !bond.contains_key("amount")) {
            mix.bound.add(kind.basis.as_str(), "bond", string(kind.name.as_str()));
        }
        page.table(&path, &stream);
    }
}

/// The network's own kind of stream, in the new token and on a clock that is here.
fn native_stream(mix: &mut Mix<'_>, mut table: Table) -> Table {
    mix.rates.exchange(&mix.payment).apply(&mut table);
    if mix.payment.name != mix.emission.name {
        let every = table.get("clock").and_then(Item::as_str).and_then(|clock| mix.payment.text(&format!("clock.{clock}.every")));
        let clock = mix.clock(every.as_deref().unwrap_or("30s"));
        set(&mut table, "clock", string(&clock));
    }
    settle(mix, &mut table);
    table
}

/// A kind of stream in the manner of the payment's network.
fn stream(mix: &mut Mix<'_>, kind: &StreamKind) -> Table {
    let title = mix.payment.title.clone();
    let model = model(mix, true);
    let of = |key: &str| model.as_ref().and_then(|model| model.table.get(key).cloned());
    let is_stream = model.as_ref().is_some_and(|model| model.path.starts_with("utility.stream"));
    let mut stream = Table::new();
    let method =
        of("method").and_then(|item| item.as_str().map(str::to_owned)).filter(|method| is_stream && method != "reserved");
    match (kind.term, method) {
        (Term::Fixed, _) => {}
        (Term::Open, Some(method)) => set(&mut stream, "method", string(&method)),
        (Term::Open, None) => set(&mut stream, "method", string("weighted")),
    }
    copy_pays(&mut stream, &of);
    mix.rates.exchange(&mix.payment).apply(&mut stream);
    let clock = mix.clock(kind.period);
    set(&mut stream, "clock", string(&clock));
    if let Some(rate) = rate(mix, &stream, of("rate").filter(|_| is_stream).as_ref()) {
        stream.insert("rate", Item::Value(Value::InlineTable(rate)));
    }
    if kind.term == Term::Fixed {
        stream.insert("term", inline(&[("most", kind.longest)], "the service's usual longest term"));
    }
    if let Some(bond) = bond(mix, kind, of("bond").filter(|_| is_stream).as_ref()) {
        stream.insert("bond", Item::Value(Value::InlineTable(bond)));
    }
    stream.insert("warn", inline(&[("before", kind.warn)], "long enough to agree what comes next"));
    if stated(&mut stream, model.as_ref()) {
        mark(&mut stream, &format!("as {title} lets usage be paid"));
    }
    stream.insert("close", Item::Table(close(kind, of("close").as_ref(), &title)));
    settle(mix, &mut stream);
    mix.note(format!("`{}` is paid as {title} lets usage be paid.", kind.name));
    stream
}

/// Currencies and shares of a payment.
fn copy_pays(into: &mut Table, of: &impl Fn(&str) -> Option<Item>) {
    match (of("currencies"), of("token")) {
        (Some(all), _) => drop(into.insert("currencies", all)),
        (None, Some(one)) => {
            let mut list = Array::new();
            list.extend(one.as_str());
            into.insert("currencies", Item::Value(Value::Array(list)));
        }
        (None, None) => {}
    }
    for key in ["pays", "pays-other"] {
        if let Some(item) = of(key) {
            into.insert(key, item);
        }
    }
}

/// Takes over where the figures of a whole table come from; whether it says so at all.
fn stated(into: &mut Table, model: Option<&Model>) -> bool {
    let words = model.and_then(|model| ["source", "why"].iter().find_map(|key| model.table.get(key).cloned()));
    let stated = words.is_some();
    if let Some(words) = words {
        into.insert("source", words);
    }
    stated
}

fn inline(figures: &[(&str, &str)], why: &str) -> Item {
    let mut table = InlineTable::new();
    for (key, value) in figures {
        table.insert(*key, string(value));
    }
    mark(&mut table, why);
    Item::Value(Value::InlineTable(table))
}

/// The highest rate: the donor's, or the whole cap of the token.
fn rate(mix: &Mix<'_>, stream: &Table, donor: Option<&Item>) -> Option<InlineTable> {
    if let Some(donor) = donor.and_then(Item::as_inline_table) {
        let mut rate = donor.clone();
        mix.rates.exchange(&mix.payment).apply(&mut rate);
        if !mix.native(Part::Payment) {
            mark(&mut rate, &format!("as on {}", mix.payment.title));
        }
        return Some(rate);
    }
    let first = stream.get("currencies")?.as_array()?.get(0)?.as_str()?.to_owned();
    if first != mix.rates.token {
        return None;
    }
    let mut rate = InlineTable::new();
    rate.insert("most", string(&mix.rates.whole_cap()));
    mark(&mut rate, "anything up to the whole supply");
    Some(rate)
}

/// What the payee puts up, counted on the service's own metric.
fn bond(mix: &Mix<'_>, kind: &StreamKind, donor: Option<&Item>) -> Option<InlineTable> {
    let donor = donor?.as_inline_table()?;
    let exchange = mix.rates.exchange(&mix.payment);
    let bytes = mix.service.metric(kind.basis).is_some_and(|metric| metric.unit == Unit::Byte);
    let text = |key: &str| donor.get(key).and_then(Value::as_str);
    let mut bond = InlineTable::new();
    for key in ["source", "parameter", "why"] {
        if let Some(value) = donor.get(key) {
            bond.insert(key, value.clone());
        }
    }
    let (key, amount) = match (text("amount"), text("per-gib"), text("per-unit")) {
        (Some(amount), _, _) => ("amount", exchange.amount(amount)?),
        (_, Some(amount), _) if bytes => ("per-gib", exchange.amount(amount)?),
        (_, Some(amount), _) => ("per-unit", exchange.scaled(amount, 32, 1)?),
        (_, _, Some(amount)) if bytes => ("per-gib", exchange.scaled(amount, 1, 32)?),
        (_, _, Some(amount)) => ("per-unit", exchange.amount(amount)?),
        _ => return None,
    };
    bond.insert(key, string(&amount));
    let part = if exchange.is_same() { "" } else { ", the same part of the cap" };
    mark(&mut bond, &format!("as on {}{part}; 32 GiB for one unit", mix.payment.title));
    Some(bond)
}

/// What becomes of bonds: burnt when a word was broken, where the donor burns at all.
fn close(kind: &StreamKind, donor: Option<&Item>, title: &str) -> Table {
    let fates = donor.and_then(Item::as_table_like).map(|table| {
        table.iter().any(|(_, reason)| reason.as_table_like().and_then(|r| r.get("bond")).and_then(Item::as_str) == Some("burn"))
    });
    let burns = fates.unwrap_or(false);
    let mut close = Table::new();
    for reason in kind.reasons {
        let fate = if reason.broken && burns { "burn" } else { "return" };
        let why = format!(
            "{}; {title} {}",
            reason.description,
            if burns { "burns bonds of those who break their word" } else { "burns no bonds" }
        );
        close.insert(reason.name.as_str(), inline(&[("bond", fate)], &why));
    }
    close
}

/// `[utility.charge.*]`.
pub(super) fn charges(mix: &mut Mix<'_>, page: &mut Page) {
    for kind in mix.service.charges {
        let path = format!("utility.charge.{}", kind.name);
        let own = mix.native(Part::Payment).then(|| mix.payment.table(&path)).flatten();
        let table = match own {
            Some(mut table) => {
                mix.rates.exchange(&mix.payment).apply(&mut table);
                one_currency(mix, kind, &mut table);
                settle(mix, &mut table);
                table
            }
            None if kind.deposit => deposit(mix, kind),
            None => charge(mix, kind),
        };
        mix.bound.add(kind.basis.as_str(), "charge", string(kind.name.as_str()));
        page.table(&path, &table);
    }
}

/// A deposit in the main token, a share of what is contested with a least amount; what a side loses is paid to the other.
fn deposit(mix: &mut Mix<'_>, kind: &ChargeKind) -> Table {
    let (per, least, amount, in_all) = mix.rates.share_at_least(10, 10_000_000_000);
    let mut priced = InlineTable::new();
    for (key, number) in [("per", per), ("least", least)] {
        let grouped = group_digits(&number.to_string(), '_');
        priced.insert(key, grouped.parse().unwrap_or_else(|_| Value::from(number)));
    }
    priced.insert("amount", string(&amount));
    let why = format!(
        "a tenth of what is contested, and at least {in_all}, a ten-thousand-millionth of the cap: enough that nobody disputes for nothing, \
         and so little that an operator can stand by many small batches at once; `per` counts base units of {}",
        mix.rates.token
    );
    mark(&mut priced, &why);
    let mut payee = InlineTable::new();
    payee.insert("to", string("payee"));
    payee.insert("share", string("100%"));
    mark(&mut payee, "the winner gets what the loser loses; burn a part of it where two sides may be one person");
    let (mut currencies, mut pays, mut table) = (Array::new(), Array::new(), Table::new());
    currencies.push(mix.rates.token.as_str());
    pays.push(payee);
    table.insert("currencies", Item::Value(Value::Array(currencies)));
    table.insert("pays", Item::Value(Value::Array(pays)));
    table.insert("priced", Item::Value(Value::InlineTable(priced)));
    set(&mut table, "hold-most", string("30d"));
    mark(&mut table, "the service's own; longer than a dispute can last");
    mix.note(format!(
        "`{}` is a deposit of a tenth of what is contested, at least {in_all}, a ten-thousand-millionth of the cap; the winner gets it.",
        kind.name
    ));
    table
}

/// A kind of charge in the manner of the payment's network.
fn charge(mix: &mut Mix<'_>, kind: &ChargeKind) -> Table {
    let title = mix.payment.title.clone();
    let model = model(mix, false);
    let of = |key: &str| model.as_ref().and_then(|model| model.table.get(key).cloned());
    let is_charge = model.as_ref().is_some_and(|model| model.path.starts_with("utility.charge"));
    let mut charge = Table::new();
    copy_pays(&mut charge, &of);
    for key in ["in-usd", "priced"] {
        if let Some(item) = of(key).filter(|_| is_charge) {
            charge.insert(key, item);
        }
    }
    mix.rates.exchange(&mix.payment).apply(&mut charge);
    if let Some(priced) = charge.get_mut("priced").and_then(Item::as_table_like_mut) {
        let each = mix.service.metric(kind.basis).map_or_else(|| "unit".to_owned(), |metric| mix.one_of(metric));
        mark(priced, &format!("the price of a unit on {title}; here a unit is one {each}"));
    }
    let held = of("hold-most").and_then(|span| span.as_str().map(str::to_owned)).filter(|_| is_charge);
    if kind.held {
        set(&mut charge, "hold-most", string(held.as_deref().unwrap_or("30d")));
    }
    let sourced = stated(&mut charge, model.as_ref());
    if sourced || kind.held {
        let bound = if kind.held && held.is_none() { ", and money is held for 30 days at most" } else { "" };
        mark(&mut charge, &format!("as {title} lets usage be paid{bound}"));
    }
    one_currency(mix, kind, &mut charge);
    settle(mix, &mut charge);
    mix.note(format!("`{}` is paid as {title} lets usage be paid.", kind.name));
    charge
}

/// Where a pool shares by what was paid, that is in one currency: amounts of several cannot be added.
fn one_currency(mix: &mut Mix<'_>, kind: &ChargeKind, charge: &mut Table) {
    let earns = |metric: &Metric| mix.bound.get(metric.name.as_str(), "pool").is_some();
    let Some(paid) = mix.service.metrics_of(Aspect::Paid).find(|metric| earns(metric)) else { return };
    let Some(list) = charge.get("currencies").and_then(Item::as_array).filter(|list| list.len() > 1 && !kind.deposit) else {
        return;
    };
    let names: Vec<String> = list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let Some(first) = names.first().cloned() else { return };
    set(charge, "currencies", Value::Array(Array::from_iter([first.as_str()])));
    if first == mix.rates.token {
        charge.remove("pays-other");
    }
    mark(
        charge,
        &format!("in {first} alone: a pool shares by `{}`, and amounts of several currencies cannot be added", paid.name),
    );
    mix.note(format!(
        "`{}` is paid in {first} alone, not in {}: a pool shares by `{}`, and amounts of several currencies cannot be added.",
        kind.name,
        names[1..].join(" or "),
        paid.name
    ));
}

/// Notes what a payment refers to: tokens, treasuries, and pools that payments feed.
fn settle(mix: &mut Mix<'_>, payment: &mut Table) {
    let currencies: Vec<String> = match payment.get("currencies").and_then(Item::as_array) {
        Some(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => payment.get("token").and_then(Item::as_str).map(str::to_owned).into_iter().collect(),
    };
    for token in currencies.iter().filter(|token| **token != mix.rates.token) {
        Mix::want(&mut mix.wanted.tokens, token, Part::Payment);
    }
    for key in ["pays", "pays-other"] {
        for part in payment.get(key).and_then(Item::as_array).iter().flat_map(|list| list.iter()) {
            let to = part.as_inline_table().and_then(|part| part.get("to")).and_then(Value::as_str).unwrap_or_default();
            if let Some(name) = to.strip_prefix("treasury.") {
                Mix::want(&mut mix.wanted.treasuries, name, Part::Payment);
            } else if let Some(name) = to.strip_prefix("pool.") {
                Mix::want(&mut mix.wanted.pools, name, Part::Payment);
            }
        }
    }
}

/// `[incentive.pool.*]` that payments feed, where the emission has no such pool.
pub(super) fn pools(mix: &mut Mix<'_>, page: &mut Page) {
    for (name, _) in mix.wanted.pools.clone() {
        let path = format!("incentive.pool.{name}");
        if mix.emission.table(&path).is_some() {
            continue;
        }
        let Some(donor) = mix.payment.table(&path) else { continue };
        let clock = mix.clock("1d");
        let mut pool = table([("funded", Value::from(true)), ("token", string(&mix.rates.token)), ("clock", string(&clock))]);
        for key in ["method", "staking", "lock", "scope", "source", "why"] {
            if let Some(item) = donor.get(key) {
                pool.insert(key, item.clone());
            }
        }
        mark(&mut pool, &format!("fed by payments alone; as on {}", mix.payment.title));
        if let Some(staking) = pool.get("staking").and_then(Item::as_str) {
            Mix::want(&mut mix.wanted.stakings, staking, Part::Payment);
        }
        mix.note(format!("Pool `{name}` of {} is here fed by payments alone.", mix.payment.title));
        page.table(&path, &pool);
    }
}

/// `[utility.credit.*]` of the currencies that are credits.
pub(super) fn credits(mix: &mut Mix<'_>, page: &mut Page) {
    for (token, _) in mix.wanted.tokens.clone() {
        let path = format!("utility.credit.{token}");
        if let Some(mut table) = mix.payment.table(&path) {
            mix.rates.exchange(&mix.payment).apply(&mut table);
            page.table(&path, &table);
        }
    }
}

/// `[utility.service-fee.*]` for the fees that the service has.
pub(super) fn service_fees(mix: &mut Mix<'_>, page: &mut Page) {
    let donors = mix.payment.names("utility.service-fee");
    for (i, kind) in mix.service.fees.iter().enumerate() {
        let same = donors.iter().find(|name| *name == kind.name.as_str());
        let Some(name) = same.or_else(|| donors.get(i)).cloned() else { continue };
        let Some(mut table) = mix.payment.table(&format!("utility.service-fee.{name}")) else { continue };
        mix.rates.exchange(&mix.payment).apply(&mut table);
        if !mix.native(Part::Payment) {
            mark(&mut table, &format!("as `{name}` on {}", mix.payment.title));
        }
        let token = table.get("in").and_then(Item::as_str).map(str::to_owned);
        if let Some(token) = token.filter(|token| *token != mix.rates.token) {
            Mix::want(&mut mix.wanted.tokens, &token, Part::Payment);
        }
        page.table(&format!("utility.service-fee.{}", kind.name), &table);
    }
}

/// `[utility.fee]`, of the network whose token it is.
pub(super) fn transaction_fee(mix: &mut Mix<'_>, page: &mut Page) {
    if let Some(fee) = mix.emission.table("utility.fee") {
        page.table("utility.fee", &fee);
    }
}

/// `[amm-pool.*]` and `[price.*]` between tokens that are here.
pub(super) fn market(mix: &mut Mix<'_>, page: &mut Page) {
    let known: Vec<String> =
        std::iter::once(mix.rates.token.clone()).chain(mix.wanted.tokens.iter().map(|(name, _)| name.clone())).collect();
    let here = |name: &str| name.split('-').all(|token| token == "USD" || known.iter().any(|known| known == token));
    let mut written: Vec<String> = Vec::new();
    for part in [Part::Payment, Part::Emission] {
        for section in ["amm-pool", "price"] {
            for name in mix.donor(part).names(section) {
                let exchange = mix.rates.exchange(mix.donor(part));
                let new = exchange.name(&name).unwrap_or_else(|| name.clone());
                let path = format!("{section}.{new}");
                if written.contains(&path) || !here(&new) {
                    continue;
                }
                let Some(mut table) = mix.donor(part).table(&format!("{section}.{name}")) else { continue };
                exchange.apply(&mut table);
                page.table(&path, &table);
                written.push(path);
            }
        }
    }
    let dollars = format!("price.{}-USD", mix.rates.token);
    if !written.contains(&dollars) {
        let price = table([
            ("reporters", Value::Array(Array::from_iter(["price-feeder"]))),
            ("stale-after", string("1h")),
            ("quorum", Value::from(1)),
            ("parameter", Value::from(true)),
            ("why", string("shows costs in dollars; no other network of the mix has a price of this token")),
        ]);
        page.table(&dollars, &price as &dyn TableLike);
    }
}
