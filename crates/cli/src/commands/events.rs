//! `depin events`.

use crate::{
    args::EventsArgs,
    error::Result,
    output::{Output, minute, short_id, shorten},
    remote::Remote,
    settings::Settings,
};
use depin_client::{
    Client,
    api::{EventQuery, EventRecord, Page},
};
use depin_quantity::{Address, Instant, Units};
use futures::StreamExt as _;
use std::collections::BTreeMap;

/// Most events asked for at once.
const PAGE: u32 = 500;

pub async fn run(args: &EventsArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let account = remote.address_of(args.account.as_ref()).await?;
    let query = EventQuery { from: args.from, limit: None, kind: args.kind.clone(), account, deal: args.deal };
    let token = remote.client.status().await?.base_fee.token.to_string();
    let writer = Writer { names: remote.names().await?, token, out: *out };
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
    let mut window = u64::from(limit);
    loop {
        let from = end.saturating_sub(window);
        let mut found = Vec::new();
        let mut next = Some(from);
        while let Some(from) = next {
            let page: Page<EventRecord> =
                client.events(&EventQuery { from: Some(from), limit: Some(PAGE), ..query.clone() }).await?;
            let empty = page.items.is_empty();
            found.extend(page.items);
            next = page.next.and_then(|next| next.parse().ok()).filter(|next| !empty && *next > from);
        }
        if found.len() >= limit as usize || from == 0 {
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
    Ok(!client.events(&query).await?.items.is_empty())
}

/// Writes events as lines.
struct Writer {
    names: BTreeMap<Address, String>,
    /// The network's main token.
    token: String,
    out: Output,
}

impl Writer {
    fn line(&self, event: &EventRecord) -> String {
        let time = event.time.text.get(5..19).unwrap_or(&event.time.text).replace('T', " ");
        let head = self.out.dim(&format!("{:>7}  {time}", event.position));
        format!("{head}  {} {}", self.out.bold(&format!("{:<18}", event.kind)), self.details(&event.event)).trim_end().to_owned()
    }

    fn details(&self, event: &serde_json::Value) -> String {
        // The ledger wraps each event in the name of what it belongs to.
        let inner = event.get("event").filter(|inner| inner.is_object()).unwrap_or(event);
        let Some(fields) = inner.as_object() else { return self.value(inner) };
        if let Some(text) = self.posting(fields) {
            return text;
        }
        let shown = fields.iter().filter(|(key, _)| !matches!(key.as_str(), "kind" | "event" | "of"));
        shown.map(|(key, value)| format!("{key} {}", self.field(key, value))).collect::<Vec<_>>().join(", ")
    }

    /// A movement of tokens reads as a sentence.
    fn posting(&self, fields: &serde_json::Map<String, serde_json::Value>) -> Option<String> {
        let (from, to) = (fields.get("from")?, fields.get("to")?);
        let (amount, token) = (fields.get("amount")?.as_str()?, fields.get("token")?.as_str()?);
        let why = fields.get("why")?.as_str()?;
        Some(format!("{} from {} to {} ({why})", units(amount, token), self.value(from), self.value(to)))
    }

    /// A value by the name of its field: times and amounts are written as such.
    fn field(&self, key: &str, value: &serde_json::Value) -> String {
        match (key, value.as_u64(), value.as_str()) {
            ("until" | "closes" | "since" | "at", Some(ms), _) => minute(Instant::new(ms)),
            ("amount" | "total" | "liquid" | "locked" | "paid" | "fee" | "base_fee" | "price", _, Some(digits))
                if digits.len() < 39 =>
            {
                units(digits, &self.token)
            }
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
        match text.parse::<Address>() {
            Ok(address) => self.names.get(&address).cloned().unwrap_or_else(|| address.short()),
            Err(_) if text.len() >= 40 && !text.contains(' ') => short_id(text),
            Err(_) => text.to_owned(),
        }
    }
}

/// Base units of a token in words. Tokens of this history have 18 places unless the number says that it is no such amount.
fn units(amount: &str, token: &str) -> String {
    match amount.parse::<u128>() {
        Ok(units) => shorten(&format!("{} {token}", Units::new(units).to_decimal(18))),
        Err(_) => format!("{amount} {token}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn writer() -> Writer {
        let names = BTreeMap::from([(Address::new([1; 32]), "customer".to_owned())]);
        Writer { names, token: "FIL".to_owned(), out: Output { json: false, colour: false, colour_err: false, width: 100 } }
    }

    #[test]
    fn a_movement_of_tokens_reads_as_a_sentence() {
        let event = json!({"of": "economy", "event": {"event": "posting", "token": "FIL", "amount": "1500000000000000000", "why": "escrow-funded",
            "from": {"kind": "wallet", "id": Address::new([1; 32])}, "to": {"kind": "escrow", "id": "ab".repeat(32)}}});
        assert_eq!(writer().details(&event), "1.5 FIL from customer to escrow abababababab… (escrow-funded)");
    }

    #[test]
    fn other_events_list_their_fields() {
        let event = json!({"of": "storage", "event": {"kind": "window-opened", "set": 1, "provider": Address::new([1; 32])}});
        assert_eq!(writer().details(&event), "provider customer, set 1");
        let event =
            json!({"of": "economy", "event": {"event": "emission-minted", "amount": "153856777370956004119", "pool": "blocks"}});
        assert_eq!(writer().details(&event), "amount 153.856777 FIL, pool blocks");
        let event = json!({"of": "storage", "event": {"kind": "deal-activated", "until": 86_400_000}});
        assert_eq!(writer().details(&event), "until 1970-01-02 00:00");
    }
}
