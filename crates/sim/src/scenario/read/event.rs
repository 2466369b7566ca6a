//! Events: what happens at a date.

use super::{Reader, bare};
use crate::scenario::{
    Change, Event, EventAt, Horizon,
    document::{Node, Table, Value},
    fields::Field,
    keys::near_key,
};
use depin_quantity::{Instant, Span, nearest_name, parse_span};

const EVENT_KEYS: [&str; 5] = ["at", "set", "shock", "source", "why"];

impl Reader<'_> {
    pub(super) fn events(&mut self, horizon: &Horizon) -> Vec<Event> {
        let tree = self.tree;
        let Some(node) = tree.get(&["event"]) else { return Vec::new() };
        let Value::List(items) = &node.value else {
            self.say(node, "events are a list of tables", "write [[event]], with two brackets");
            return Vec::new();
        };
        let mut events = Vec::new();
        for item in items {
            if let Some(event) = self.event(item, horizon) {
                events.push(event);
                self.events.push(item);
            }
        }
        events
    }

    fn event(&mut self, item: &Node, horizon: &Horizon) -> Option<Event> {
        let Value::Table(table) = &item.value else {
            self.say(item, "an event is a table", "write [[event]]");
            return None;
        };
        for (key, node) in table.entries.iter().filter(|(key, _)| !EVENT_KEYS.contains(&key.as_str())) {
            let near = nearest_name(key, EVENT_KEYS);
            let hint = near.map_or_else(|| format!("it has {}", EVENT_KEYS.join(", ")), |near| format!("did you mean `{near}`?"));
            self.say_of(node, format!("`{key}` is no key of an event"), hint);
        }
        let at = self.event_at(item, table, horizon)?;
        let mut changes = self.shock(table);
        changes.extend(self.set(table));
        if changes.is_empty() && !(table.entries.contains_key("set") || table.entries.contains_key("shock")) {
            self.say(item, "nothing happens at this event", "add set = { \"scenario.…\" = … }, or shock = { price = -0.8 }");
        }
        Some(Event { at, changes })
    }

    fn event_at(&mut self, item: &Node, table: &Table, horizon: &Horizon) -> Option<EventAt> {
        let Some(node) = table.entries.get("at") else {
            self.say(item, "an event without a time", "add at = \"2y\", or a date");
            return None;
        };
        let (at, when) = match &node.value {
            Value::Date(Some(date)) => (EventAt::Date(*date), *date),
            Value::Text(text) => match parse_span(text) {
                Ok(span) => (EventAt::After(span), horizon.start.later(span)),
                Err(_) => {
                    let (message, hint) = match text.parse::<toml::value::Datetime>() {
                        Ok(date) => {
                            (format!("`at` is the text \"{text}\", and a date has no quotes"), format!("write at = {date}"))
                        }
                        Err(_) => {
                            let hint = "write at = \"18w\" or \"2y\", or a date without quotes".to_owned();
                            (format!("`{text}` is no length of time"), hint)
                        }
                    };
                    self.say(node, message, hint);
                    return None;
                }
            },
            other => {
                let noun = other.noun();
                self.say(node, format!("`at` must be a date or a length of time, and is {noun}"), "write at = \"2y\"");
                return None;
            }
        };
        let end = end_of(horizon);
        if when < horizon.start || when >= end {
            let (from, to) = (day(horizon.start), day(end));
            let message = format!("this happens on {}, and runs go from {from} to {to}", day(when));
            // A text above that wants shorter runs has not to take out what would have happened later.
            if when >= end && self.cut_above(node) {
                self.warn(node, message, "in so short a run it does not happen");
            } else {
                self.say(node, message, "choose a date within, or more years");
            }
        }
        Some(at)
    }

    /// Whether the length of a run is said by a text above the one of an event.
    fn cut_above(&self, event: &Node) -> bool {
        self.tree.get(&["scenario", "years"]).is_some_and(|years| years.layer > event.layer)
    }

    fn shock(&mut self, table: &Table) -> Vec<Change> {
        let Some(node) = table.entries.get("shock") else { return Vec::new() };
        let price = match &node.value {
            Value::Table(shock) if shock.entries.len() == 1 => shock.entries.get("price").map(|price| &price.value),
            _ => None,
        };
        match price {
            Some(Value::Number(part)) if *part > -1.0 && *part <= 1e3 => vec![Change::Price(*part)],
            _ => {
                let message = "a shock is a part of the token's price, above -1";
                self.say(node, message, "write shock = { price = -0.8 } for four fifths down");
                Vec::new()
            }
        }
    }

    fn set(&mut self, table: &Table) -> Vec<Change> {
        let Some(node) = table.entries.get("set") else { return Vec::new() };
        let Value::Table(set) = &node.value else {
            self.say(node, "`set` is a table of keys and values", "write set = { \"scenario.demand.x.growth\" = 0.2 }");
            return Vec::new();
        };
        let mut changes = Vec::new();
        for (key, inner) in &set.entries {
            let change = if key.starts_with("network.") {
                self.set_network(key, inner)
            } else if key.starts_with("scenario.") {
                self.set_figure(key, inner)
            } else {
                let message = format!("`{key}` begins with neither scenario. nor network.");
                self.say_of(inner, message, "write the whole key in quotes, as `depin sim keys` lists it");
                None
            };
            changes.extend(change);
        }
        changes
    }

    fn set_figure(&mut self, key: &str, node: &Node) -> Option<Change> {
        let Some(field) = Field::of(bare(key)).filter(|_| self.there(key)) else {
            let hint = near_key(key, self.tree).map_or_else(
                || "keys of figures: depin sim keys; a setting cannot change while it runs".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            self.say_of(node, format!("`{key}` is no figure of this scenario"), hint);
            return None;
        };
        let value = self.figure_at(field, node, key).value;
        value.is_finite().then(|| Change::Figure(key.to_owned(), value))
    }

    /// Whether what a key is about is part of the scenario.
    fn there(&self, key: &str) -> bool {
        let path = bare(key);
        let Some(field) = Field::of(path) else { return false };
        let keys = super::segments(field.path, path);
        !field.path.contains('*') || self.tree.table(&keys[..2]).is_some()
    }

    fn set_network(&mut self, key: &str, node: &Node) -> Option<Change> {
        let value = match &node.value {
            Value::Text(text) => text.clone(),
            Value::Number(number) if number.is_finite() => number.to_string(),
            Value::Flag(flag) => flag.to_string(),
            other => {
                let noun = other.noun();
                self.say(node, format!("a key of the network takes a text or a number, and this is {noun}"), "write \"60%\"");
                return None;
            }
        };
        Some(Change::Network(key.to_owned(), value))
    }
}

/// When runs are over.
pub(in super::super) fn end_of(horizon: &Horizon) -> Instant {
    // Whole days, as runs count them.
    let days = (horizon.years.clamp(0.0, 200.0) * 365.0) as u64;
    horizon.start.later(Span::from_days(days))
}

/// A date without its time.
fn day(at: Instant) -> String {
    at.to_rfc3339().chars().take(10).collect()
}
