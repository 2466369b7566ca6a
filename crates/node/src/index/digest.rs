//! What the index keeps of a receipt: its events with their kinds, and the accounts and ids that each of them names.

use depin_ledger::{Event, Receipt, ReceiptBody};
use depin_quantity::{Address, Instant, UnitId};
use serde_json::Value;
use std::collections::BTreeSet;

/// A receipt of the log with its place in it; what continued it in the log is part of it here.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiptRecord {
    /// Place of its first record in the receipts log.
    pub position: u64,
    /// Place that its first event has among all events; the next receipt's first event when it has none.
    pub first_event: u64,
    /// The receipt.
    pub receipt: Receipt,
}

impl ReceiptRecord {
    /// Its transaction's id and sender, unless the block itself made it.
    pub fn transaction(&self) -> Option<(UnitId, Address)> {
        transaction(&self.receipt)
    }
}

/// One event with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// Place among all events of the chain, from zero without gaps.
    pub position: u64,
    /// Height of its block.
    pub height: u64,
    /// Ledger time of its block.
    pub time: Instant,
    /// The transaction that caused it and who sent that; `None` for the block's own work.
    pub transaction: Option<(UnitId, Address)>,
    /// Who tells: `economy`, or the service by its name.
    pub source: String,
    /// What happened, such as `posting` or `deal-activated`.
    pub kind: String,
    /// The event as JSON, as its type writes it.
    pub body: String,
}

impl EventRecord {
    /// The event as a JSON value.
    ///
    /// # Errors
    /// When the body is no JSON, which nobody writes.
    pub fn value(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(&self.body)
    }

    /// The event itself.
    ///
    /// # Errors
    /// When the body is no event, which nobody writes.
    pub fn event(&self) -> Result<Event, serde_json::Error> {
        serde_json::from_str(&self.body)
    }
}

/// The accounts and ids that an event names, with who sent its transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Accounts.
    pub accounts: BTreeSet<Address>,
    /// Units of the service, escrows, streams and other ids.
    pub units: BTreeSet<UnitId>,
}

impl Names {
    /// What `event` names, and the sender of the transaction that caused it.
    pub fn of(event: &Event, transaction: Option<(UnitId, Address)>) -> Self {
        let names = event.names();
        let accounts = names.accounts.into_iter().chain(transaction.map(|(_, sender)| sender)).collect();
        Self { accounts, units: names.units.into_iter().collect() }
    }
}

/// An event and what it names.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub event: EventRecord,
    pub names: Names,
}

/// Names the events of a receipt whose first event has the position `first`. Who sent the transaction counts as named.
pub(super) fn events(record: &Receipt, first: u64) -> Result<Vec<Named>, serde_json::Error> {
    let transaction = transaction(record);
    let mut named = Vec::with_capacity(record.events.len());
    for (position, event) in (first..).zip(&record.events) {
        let body = serde_json::to_value(event)?;
        let names = Names::of(event, transaction);
        let (source, kind) = tags(&body);
        let event = EventRecord {
            position,
            height: record.height,
            time: record.time,
            transaction,
            source: source.to_owned(),
            kind: kind.to_owned(),
            body: body.to_string(),
        };
        named.push(Named { event, names });
    }
    Ok(named)
}

/// The transaction behind a receipt and its sender, unless the block itself made it.
pub(super) fn transaction(receipt: &Receipt) -> Option<(UnitId, Address)> {
    match &receipt.body {
        ReceiptBody::Transaction { id, sender, .. } => Some((*id, *sender)),
        ReceiptBody::Begin | ReceiptBody::Continued { .. } | ReceiptBody::End => None,
    }
}

/// Who tells and what: the tags by which the ledger's event and the one inside tell their variants apart.
fn tags(body: &Value) -> (&str, &str) {
    let source = body.get("of").and_then(Value::as_str).unwrap_or("unknown");
    let inner = body.get("event").unwrap_or(body);
    let kind = ["event", "kind"].iter().find_map(|key| inner.get(key)?.as_str());
    (source, kind.or_else(|| inner.as_str()).unwrap_or("unknown"))
}
