//! `depin events`.

use super::metered::Named;
use crate::{
    args::EventsArgs,
    error::{CliError, Result},
    output::{Output, bytes, minute, plain, short_id, short_number, shorten, wrap},
    remote::{Remote, name_in},
    settings::Settings,
};
use depin_client::{
    Client,
    api::{DealQuery, EventQuery, EventRecord, Page, code},
};
use depin_economy::Spec;
use depin_quantity::{Address, Decimal18, Instant, Name, UnitId, Units};
use depin_services::descriptor::METERED;
use futures::StreamExt as _;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::IsTerminal as _,
};

/// Most events asked for at once.
const PAGE: u32 = 500;

pub async fn run(args: &EventsArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let account = remote.address_of(args.account.as_ref()).await?;
    let subject = match &args.subject {
        Some(text) => Some(subject(&remote, text, out).await?),
        None => None,
    };
    let query = EventQuery { from: args.from, limit: None, kind: args.kind.clone(), account, subject };
    let writer = Writer::new(&remote, &remote.spec().await?, out).await?;
    if !args.follow {
        let page = page(&remote.client, query, args.limit).await?;
        return out.result(&page, |_| {
            let lines: Vec<String> = page.items.iter().map(|event| writer.line(event)).collect();
            if lines.is_empty() { "nothing of that kind has happened yet".to_owned() } else { lines.join("\n") }
        });
    }
    let mut stream = remote.client.follow(query);
    loop {
        tokio::select! {
            event = stream.next() => match event {
                Some(event) => {
                    let event = event?;
                    out.line(&event, |_| writer.line(&event))?;
                }
                None => return Ok(()),
            },
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

/// The deal or order of that id, or whose id alone begins so. One that the ledger has forgotten is found by its whole id only.
async fn subject(remote: &Remote, text: &str, out: &Output) -> Result<UnitId> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    if remote.client.status().await?.service == METERED.name {
        return Ok(Named::new(remote, out).await?.order(text).await?.id);
    }
    let beginning = text.trim_end_matches('…').to_ascii_lowercase();
    let hex = !beginning.is_empty() && beginning.bytes().all(|b| b.is_ascii_hexdigit());
    let all = if hex { remote.client.storage().all_deals(DealQuery::default()).await? } else { Vec::new() };
    let found: Vec<UnitId> = all.iter().map(|deal| deal.id).filter(|id| id.to_string().starts_with(&beginning)).collect();
    match found[..] {
        [id] => Ok(id),
        [] => Err(CliError::refused("unknown-subject", format_args!("there is no deal `{text}`"))
            .hint("`depin storage deals` lists them; write an id, or the beginning of one")),
        _ => Err(CliError::refused("ambiguous", format_args!("{} deals begin with `{beginning}`", found.len()))
            .hint("write more of the id")),
    }
}

/// Up to `limit` events: from a position on, or the newest.
async fn page(client: &Client, query: EventQuery, limit: u32) -> Result<Page<EventRecord>> {
    if query.from.is_none() {
        return newest(client, query, limit).await;
    }
    let mut all = Page { items: Vec::new(), next: None };
    let mut query = query;
    loop {
        let left = limit - u32::try_from(all.items.len()).unwrap_or(u32::MAX).min(limit);
        query.limit = Some(left.min(PAGE));
        let page: Page<EventRecord> = client.events(&query).await?;
        let empty = page.items.is_empty();
        all.items.extend(page.items);
        all.next = page.next;
        query.from = all.next.as_ref().and_then(|next| next.parse().ok());
        if empty || query.from.is_none() || all.items.len() >= limit as usize {
            return Ok(all);
        }
    }
}

/// The newest events, oldest of them first. The history is only asked forwards: its end is found by halving, then windows behind the
/// end are searched, each twice as long as the one before.
async fn newest(client: &Client, query: EventQuery, limit: u32) -> Result<Page<EventRecord>> {
    let end = end_of_history(client).await?;
    let first = client.status().await?.history.event;
    let mut window = u64::from(limit);
    loop {
        let from = end.saturating_sub(window).max(first);
        let mut found = Vec::new();
        let mut next = Some(from);
        while let Some(from) = next {
            let page: Page<EventRecord> =
                client.events(&EventQuery { from: Some(from), limit: Some(PAGE), ..query.clone() }).await?;
            let empty = page.items.is_empty();
            found.extend(page.items);
            next = page.next.and_then(|next| next.parse().ok()).filter(|next| !empty && *next > from);
        }
        if found.len() >= limit as usize || from == first {
            let items = found.split_off(found.len().saturating_sub(limit as usize));
            let next = items.last().map(|last| (last.position + 1).to_string());
            return Ok(Page { items, next });
        }
        window = window.saturating_mul(4);
    }
}

/// The position that the next event will have.
async fn end_of_history(client: &Client) -> Result<u64> {
    let (mut known, mut probe) = (0u64, 1u64);
    while exists(client, probe - 1).await? {
        known = probe;
        probe = probe.saturating_mul(2);
    }
    // Below `known` all are there, at `probe - 1` none is.
    let (mut low, mut high) = (known, probe - 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if exists(client, middle).await? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

async fn exists(client: &Client, position: u64) -> Result<bool> {
    let query = EventQuery { from: Some(position), limit: Some(1), ..EventQuery::default() };
    match client.events(&query).await {
        // What was given up was there.
        Err(error) if error.code() == Some(code::PRUNED) => Ok(true),
        page => Ok(!page?.items.is_empty()),
    }
}

/// Writes events as lines.
pub(super) struct Writer {
    names: BTreeMap<Address, String>,
    tokens: Tokens,
    out: Output,
    /// Columns of a line.
    width: u16,
}

/// Columns of a line that no terminal reads.
const WIDTH: u16 = 80;
/// How far in stands what happened, where it has lines of its own.
const BELOW: usize = 9;

/// Which token an event's amounts are in, and how many places it has.
struct Tokens {
    decimals: BTreeMap<String, u8>,
    /// Pools, pledges, faults, streams and whatever else pays in one token, by the field that names it and its name.
    of: BTreeMap<(&'static str, String), String>,
    allowances: BTreeSet<String>,
    fees: String,
    deals: Option<String>,
    /// What metered orders, and deposits of their disputes, are paid in, where there is only one such token.
    orders: Option<String>,
    deposits: Option<String>,
}

impl Tokens {
    fn of(spec: &Spec) -> Self {
        let decimals = spec.tokens().iter().map(|(name, token)| (name.to_string(), token.decimals)).collect();
        let mut of = BTreeMap::new();
        let mut add = |field: &'static str, name: &Name, token: Name| of.insert((field, name.to_string()), token.to_string());
        // What any parameter version of the network declares may be in its history.
        for spec in std::iter::once(spec).chain(spec.later().iter().map(|version| &version.1)) {
            spec.pools().iter().for_each(|(name, pool)| drop(add("pool", name, pool.token)));
            spec.pledges().iter().for_each(|(name, pledge)| drop(add("kind", name, pledge.token)));
            spec.faults().iter().for_each(|(name, fault)| drop(add("kind", name, fault.token)));
            spec.stakings().iter().for_each(|(name, staking)| drop(add("staking", name, staking.token)));
            spec.locks().iter().for_each(|(name, lock)| drop(add("lock", name, lock.token)));
            for (name, credit) in spec.credits() {
                add("credit", name, *name);
                add("burnt-for", name, credit.from);
            }
            for (name, redeem) in spec.treasuries().iter().filter_map(|(name, treasury)| Some((name, treasury.redeem?))) {
                add("burned-at", name, redeem.burns);
                add("paid-by", name, redeem.pays);
            }
        }
        let allowances = spec.allowances().keys().map(ToString::to_string).collect();
        let deals = spec.stream(Name::literal("deal")).map(|deal| deal.token().to_string());
        let only = |charge: &str| {
            let charge = spec.charge(charge.parse().ok()?)?;
            let [one] = charge.currencies.as_slice() else { return None };
            Some(one.to_string())
        };
        let (orders, deposits) = (only("order"), only("dispute"));
        Self { decimals, of, allowances, fees: spec.fee().token.to_string(), deals, orders, deposits }
    }

    /// The token that an amount in an event is in: the one that the event names, else the one that what it names pays in.
    fn of_field(&self, key: &str, fields: &Fields) -> Option<&str> {
        let text = |key: &str| fields.get(key).and_then(|value| value.as_str());
        let named = |field: &'static str, key: &str| self.of.get(&(field, text(key)?.to_owned())).map(String::as_str);
        let declared = |token: &str| self.decimals.get_key_value(token).map(|(token, _)| token.as_str());
        let special = match key {
            "gives" => text("got").and_then(declared),
            "burnt" => named("burnt-for", "credit"),
            "burned" => named("burned-at", "treasury"),
            "paid" => named("paid-by", "treasury"),
            _ => None,
        };
        let own = || text("token").or_else(|| text("currency")).and_then(declared);
        let by_name = || ["pool", "kind", "staking", "lock", "credit"].into_iter().find_map(|field| named(field, field));
        let of_deals = ["stream", "deal", "escrow"].into_iter().any(|key| fields.contains_key(key));
        let by_field = || match () {
            () if fields.contains_key("base_fee") => Some(self.fees.as_str()),
            () if fields.contains_key("batch") && DEPOSITS.contains(&key) => self.deposits.as_deref(),
            () if fields.contains_key("order") => self.orders.as_deref(),
            () if of_deals => self.deals.as_deref().or(self.orders.as_deref()),
            // A debt is of faults, which networks charge in the token that fees are in.
            () if text("event") == Some("debt-changed") => Some(self.fees.as_str()),
            () => None,
        };
        special.or_else(own).or_else(by_name).or_else(by_field)
    }

    /// Whether an event is about an allowance, which is counted in bytes.
    fn is_allowance(&self, fields: &Fields) -> bool {
        fields.get("kind").and_then(|kind| kind.as_str()).is_some_and(|kind| self.allowances.contains(kind))
    }

    /// Base units of a token in words.
    fn amount(&self, digits: &str, token: &str) -> String {
        match (digits.parse::<u128>(), self.decimals.get(token)) {
            (Ok(units), Some(decimals)) => shorten(&format!("{} {token}", Units::new(units).to_decimal(*decimals))),
            _ => format!("{digits} base units of {token}"),
        }
    }
}

type Fields = serde_json::Map<String, serde_json::Value>;

impl Writer {
    /// A writer of events of the network that `remote` runs, by its rules.
    pub(super) async fn new(remote: &Remote, spec: &Spec, out: &Output) -> Result<Self> {
        let width = if std::io::stdout().is_terminal() { out.width } else { WIDTH };
        Ok(Self { names: remote.names().await?, tokens: Tokens::of(spec), out: *out, width })
    }

    /// One event: on one line where it fits, else with what happened below its head.
    fn line(&self, event: &EventRecord) -> String {
        let time = event.time.text.get(5..19).unwrap_or(&event.time.text).replace('T', " ");
        let (position, kind, details) = (format!("{:>7}", event.position), &event.kind, self.details(&event.event));
        let head = format!("{}  {}", self.out.dim(&format!("{position}  {time}")), self.out.bold(&format!("{kind:<18}")));
        let taken = position.len() + 2 + time.len() + 2 + kind.chars().count().max(18) + 1;
        if taken + details.chars().count() <= usize::from(self.width) {
            return format!("{head} {details}").trim_end().to_owned();
        }
        let below = wrap(&details, self.width, BELOW).into_iter().map(|line| format!("\n{}{line}", " ".repeat(BELOW)));
        format!("{}{}", head.trim_end(), below.collect::<String>())
    }

    /// What happened, without when.
    pub(super) fn details(&self, event: &serde_json::Value) -> String {
        // The ledger wraps each event in the name of what it belongs to.
        let inner = event.get("event").filter(|inner| inner.is_object()).unwrap_or(event);
        let Some(fields) = inner.as_object() else { return self.value(inner) };
        if let Some(text) = self.posting(fields) {
            return text;
        }
        // The tag that says which event it is stands at the head of the line already.
        let tag = if fields.contains_key("event") { "event" } else { "kind" };
        let shown = fields.iter().filter(|(key, value)| *key != "of" && *key != tag && !value.is_null());
        shown
            .map(|(key, value)| {
                format!("{} {}", key.replace('_', " ").replace("amm pool", "AMM pool"), self.field(key, value, fields))
            })
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// A movement of tokens reads as a sentence.
    fn posting(&self, fields: &Fields) -> Option<String> {
        let (from, to) = (fields.get("from")?, fields.get("to")?);
        let (amount, token) = (fields.get("amount")?.as_str()?, fields.get("token")?.as_str()?);
        let reason = fields.get("reason")?.as_str()?;
        Some(format!("{} from {} to {} ({reason})", self.tokens.amount(amount, token), self.value(from), self.value(to)))
    }

    /// A value by the name of its field: times, prices and amounts are written as such.
    fn field(&self, key: &str, value: &serde_json::Value, fields: &Fields) -> String {
        // The service agrees prices in base units, the economy takes reports in 10^-18 of the quote.
        let agreed = key == "price" && fields.contains_key("deal");
        let deposited = fields.contains_key("batch") && DEPOSITS.contains(&key);
        let is_amount = |key: &str| AMOUNTS.contains(&key) || agreed || deposited;
        let token = self.tokens.of_field(key, fields);
        match (key, value.as_u64(), value.as_str(), token) {
            ("amount", _, Some(digits), _) if self.tokens.is_allowance(fields) => digits.parse().map_or(digits.to_owned(), bytes),
            (key, Some(ms), ..) if TIMES.contains(&key) && ms > YEAR_2000 => minute(Instant::new(ms)),
            (key, _, Some(digits), Some(token)) if is_amount(key) && digits.len() < 39 => self.tokens.amount(digits, token),
            (key, _, Some(digits), None) if is_amount(key) => format!("{digits} base units"),
            ("price" | "usd", _, Some(digits), _) if !digits.contains('.') => match digits.parse::<u128>() {
                Ok(price) => short_number(&Decimal18::new(price).to_decimal(), 6),
                Err(_) => digits.to_owned(),
            },
            _ => self.value(value),
        }
    }

    fn value(&self, value: &serde_json::Value) -> String {
        match value {
            serde_json::Value::String(text) => self.text(text),
            serde_json::Value::Array(items) if items.len() > 3 => format!("{} entries", items.len()),
            serde_json::Value::Array(items) => items.iter().map(|item| self.value(item)).collect::<Vec<_>>().join(" "),
            // An account of the book: its kind and whose it is.
            serde_json::Value::Object(fields) => match (fields.get("kind").and_then(|k| k.as_str()), fields.get("id")) {
                (Some("wallet"), Some(id)) => self.value(id),
                (Some(kind), Some(id)) => format!("{kind} {}", self.value(id)),
                (Some(kind), None) if fields.len() == 1 => kind.to_owned(),
                _ => fields.iter().map(|(key, value)| format!("{key} {}", self.value(value))).collect::<Vec<_>>().join(" "),
            },
            other => other.to_string(),
        }
    }

    fn text(&self, text: &str) -> String {
        let text = plain(text);
        match text.parse::<Address>() {
            Ok(address) => name_in(&self.names, address),
            Err(_) if text.len() >= 40 && !text.contains(' ') => short_id(text),
            Err(_) => text.into_owned(),
        }
    }
}

/// Fields that are amounts of base units.
const AMOUNTS: [&str; 28] = [
    "amount", "total", "liquid", "locked", "paid", "fee", "base_fee", "unspent", "bond", "rate", "owed", "burnt", "burned",
    "credits", "given", "gives", "captured", "returned", "waiting", "dust", "stake", "slashed", "pledged", "accrued", "minted",
    "held", "cap", "spent",
];
/// Fields of disputes that are amounts of what deposits are in.
const DEPOSITS: [&str; 3] = ["deposit", "customer_paid", "operator_paid"];
/// Fields that are points in time, where the number is large enough to be one.
const TIMES: [&str; 12] = [
    "until",
    "closes",
    "since",
    "at",
    "activate_by",
    "lasts_until",
    "next",
    "jailed_until",
    "ends",
    "payable_at",
    "answer_by",
    "decide_by",
];
/// Milliseconds from 1970 to 2000: smaller numbers are periods, not times.
const YEAR_2000: u64 = 946_684_800_000;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn writer() -> Writer {
        let names = BTreeMap::from([(Address::new([1; 32]), "customer".to_owned())]);
        let tokens = Tokens::of(&Spec::parse(depin_networks::network_file("filecoin").unwrap()).unwrap());
        Writer { names, tokens, out: Output { json: false, colour: false, colour_err: false, width: 100 }, width: WIDTH }
    }

    #[test]
    fn every_line_fits_eighty_columns_and_loses_nothing() {
        let (order, batch) = ("ab".repeat(32), "cd".repeat(32));
        let event = |value: serde_json::Value| -> EventRecord {
            serde_json::from_value(json!({"position": 1_234, "height": 7, "index": 0, "kind": value["event"]["kind"],
                "time": {"ms": 1_790_000_000_000u64, "text": "2026-09-21T14:13:20Z"}, "event": value}))
            .unwrap()
        };
        let long = event(
            json!({"of": "metered", "event": {"kind": "batch-reported", "order": order, "batch": batch, "number": 17,
            "amount": "1500000000000000000", "payable_at": 1_790_000_000_000u64, "units": 32, "operator": Address::new([1; 32])}}),
        );
        let text = writer().line(&long);
        assert!(text.lines().count() > 1 && text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let told = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in ["1234 09-21 14:13:20 batch-reported", "units 32", "payable at 2026-09-21 14:13", "operator customer"] {
            assert!(told.contains(words), "{words}: {text}");
        }
        let short = event(json!({"of": "storage", "event": {"kind": "set-made", "set": 1}}));
        assert_eq!(writer().line(&short), "   1234  09-21 14:13:20  set-made           set 1");
    }

    #[test]
    fn a_movement_of_tokens_reads_as_a_sentence() {
        let event = json!({"of": "economy", "event": {"event": "posting", "token": "FIL", "amount": "1500000000000000000", "reason": "escrow-funded",
            "from": {"kind": "wallet", "id": Address::new([1; 32])}, "to": {"kind": "escrow", "id": "ab".repeat(32)}}});
        assert_eq!(writer().details(&event), "1.5 FIL from customer to escrow abababababab… (escrow-funded)");
    }

    /// A provider says in its own words why it refuses a deal.
    #[test]
    fn the_words_of_others_stay_on_their_line_and_do_nothing_to_the_terminal() {
        let event = json!({"of": "storage", "event": {"kind": "deal-refused", "reason": "\u{1b}]0;x\u{7}no\n  99  all good"}});
        assert_eq!(writer().details(&event), "reason \\u{1b}]0;x\\u{7}no\\n  99  all good");
    }

    #[test]
    fn other_events_list_their_fields() {
        let event = json!({"of": "storage", "event": {"kind": "window-opened", "set": 1, "provider": Address::new([1; 32])}});
        assert_eq!(writer().details(&event), "provider customer, set 1");
        let event =
            json!({"of": "economy", "event": {"event": "emission-minted", "amount": "153856777370956004119", "pool": "blocks"}});
        assert_eq!(writer().details(&event), "amount 153.856777 FIL, pool blocks");
        let event = json!({"of": "storage", "event": {"kind": "deal-activated", "until": 1_790_000_000_000u64}});
        assert_eq!(writer().details(&event), "until 2026-09-21 14:13");
        let event = json!({"of": "storage", "event": {"kind": "deal-proposed", "deal": "ab".repeat(32), "price": "500000000"}});
        assert_eq!(writer().details(&event), "deal abababababab…, price 500 pFIL");
    }

    #[test]
    fn orders_and_disputes_are_told_in_their_tokens() {
        let text = depin_networks::network_file("filecoin").unwrap();
        let name = Name::literal("tiles");
        let recipe = depin_networks::Recipe {
            name,
            service: "metered",
            emission: text,
            payment: text,
            stake: text,
            unit: Some("map tile"),
        };
        let spec = Spec::parse(&depin_networks::compose(&recipe).unwrap().toml).unwrap();
        let out = Output { json: false, colour: false, colour_err: false, width: 100 };
        let writer = Writer { names: BTreeMap::new(), tokens: Tokens::of(&spec), out, width: WIDTH };
        let (order, batch) = ("ab".repeat(32), "cd".repeat(32));
        let reported = json!({"of": "metered", "event": {"kind": "batch-reported", "order": order, "batch": batch,
            "amount": "1500000000000000000", "payable_at": 1_790_000_000_000u64, "units": 32}});
        let told = writer.details(&reported);
        assert!(told.contains("amount 1.5 FIL") && told.contains("payable at 2026-09-21 14:13"), "{told}");
        let opened = json!({"of": "metered", "event": {"kind": "dispute-opened", "order": order, "batch": batch,
            "deposit": "2000000000000000000"}});
        assert!(writer.details(&opened).contains("deposit 2 FIL"), "{}", writer.details(&opened));
    }

    #[test]
    fn amounts_have_the_places_of_the_token_that_the_event_is_about() {
        let text = depin_networks::network_file("filecoin").unwrap().replace("decimals = 18", "decimals = 10");
        let tokens = Tokens::of(&Spec::parse(&text).unwrap());
        let out = Output { json: false, colour: false, colour_err: false, width: 100 };
        let writer = Writer { names: BTreeMap::new(), tokens, out, width: WIDTH };
        let pledge = json!({"of": "economy", "event": {"event": "pledge-released", "kind": "sector", "amount": "15000000000"}});
        assert_eq!(writer.details(&pledge), "amount 1.5 FIL, kind sector");
        let price =
            json!({"of": "economy", "event": {"event": "price-reported", "pair": "FIL-USD", "price": "4125000000000000000"}});
        assert_eq!(writer.details(&price), "pair FIL-USD, price 4.125");
        let unknown = json!({"of": "economy", "event": {"event": "something", "amount": "7"}});
        assert_eq!(writer.details(&unknown), "amount 7 base units");
        let granted = json!({"of": "economy", "event": {"event": "allowance-granted", "kind": "datacap", "amount": "1024"}});
        assert_eq!(writer.details(&granted), "amount 1 KiB, kind datacap");
    }

    #[test]
    fn what_economies_do_with_tokens_is_told_in_their_tokens() {
        let out = Output { json: false, colour: false, colour_err: false, width: 100 };
        let told = |network: &str, event: serde_json::Value| {
            let tokens = Tokens::of(&Spec::parse(depin_networks::network_file(network).unwrap()).unwrap());
            Writer { names: BTreeMap::new(), tokens, out, width: WIDTH }.details(&json!({"of": "economy", "event": event}))
        };
        let minted = json!({"event": "credits-minted", "credit": "DC", "credits": "40000", "burnt": "100000000", "price": "4000000000000000000"});
        assert_eq!(told("helium", minted), "burnt 1 HNT, credit DC, credits 40,000 DC, price 4");
        let redeemed = json!({"event": "redeemed", "treasury": "iot", "burned": "5000000", "paid": "100000000"});
        assert_eq!(told("helium", redeemed), "burned 5 IOT, paid 1 HNT, treasury iot");
        let delegated =
            json!({"event": "undelegated", "staking": "validators", "amount": "2500000", "until": 1_790_000_000_000u64});
        assert_eq!(told("akash", delegated), "amount 2.5 AKT, staking validators, until 2026-09-21 14:13");
        let converted = json!({"event": "converted", "amm_pool": "IO-USDC", "token": "USDC", "given": "1000000", "got": "IO", "gives": "50000000"});
        assert_eq!(told("io.net", converted), "AMM pool IO-USDC, given 1 USDC, gives 0.5 IO, got IO, token USDC");
    }
}
