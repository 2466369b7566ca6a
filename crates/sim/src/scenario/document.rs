//! TOML texts as one tree that remembers which text a value stands in, and where.
//!
//! In: texts, each a [`Layer`]. Out: a [`Table`] of each, and several put over one another, the later one first. Absent on purpose:
//! what a key means.

use super::diagnostic::Diagnostic;
use depin_quantity::Instant;
use std::{collections::BTreeMap, ops::Range};
use toml::de::{DeTable, DeValue};

/// One text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layer {
    /// What it is called: a path, or what was typed.
    pub(super) file: String,
    pub(super) text: String,
}

/// A value, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// Number of the layer.
    pub(super) layer: usize,
    pub(super) key: Range<usize>,
    pub(super) span: Range<usize>,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(f64),
    Flag(bool),
    /// A date; none when it lies outside 1970 to 2200.
    Date(Option<Instant>),
    List(Vec<Node>),
    Table(Table),
}

impl Value {
    pub(super) const fn noun(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::Date(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    pub(super) entries: BTreeMap<String, Node>,
}

impl Layer {
    pub(super) fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        Self { file: file.into(), text: text.into() }
    }

    /// An error at a place of this text.
    pub(super) fn error(&self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) -> Diagnostic {
        Diagnostic::error(&self.file, &self.text, span, message, hint)
    }

    /// The text as a tree; every slip of syntax that can be told apart.
    pub(super) fn tree(&self, layer: usize) -> Result<Table, Vec<Diagnostic>> {
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        if errors.is_empty() {
            return Ok(convert_table(table.get_ref(), layer));
        }
        let say = |error: &toml::de::Error| {
            let span = error.span().unwrap_or(0..0);
            self.error(span, format!("this is not TOML: {}", error.message()), "a text stands in quotes, a number has none")
        };
        Err(errors.iter().map(say).collect())
    }
}

/// One value that was typed.
pub(super) fn typed_value(text: &str, layer: usize) -> Option<Value> {
    let (value, errors) = DeValue::parse_recoverable(text);
    errors.is_empty().then(|| convert(value.get_ref(), layer))
}

fn convert_table(table: &DeTable<'_>, layer: usize) -> Table {
    let entry = |(key, value): (&toml::Spanned<toml::de::DeString<'_>>, &toml::Spanned<DeValue<'_>>)| {
        // A table that only holds others stands nowhere itself: its name does.
        let span = if value.span().is_empty() { key.span() } else { value.span() };
        let node = Node { layer, key: key.span(), span, value: convert(value.get_ref(), layer) };
        (key.get_ref().to_string(), node)
    };
    Table { entries: table.iter().map(entry).collect() }
}

fn convert(value: &DeValue<'_>, layer: usize) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            let digits: String = number.as_str().chars().filter(|c| *c != '_' && *c != '+').collect();
            // Beyond 128 bits there is no number that anybody means; as not a number it is refused where it is read.
            Value::Number(i128::from_str_radix(&digits, number.radix()).map_or(f64::NAN, |n| n as f64))
        }
        DeValue::Float(number) => {
            let digits: String = number.as_str().chars().filter(|c| *c != '_').collect();
            Value::Number(digits.parse().unwrap_or(f64::NAN))
        }
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(date) => Value::Date(instant_of(date)),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Node { layer, key: item.span(), span: item.span(), value: convert(item.get_ref(), layer) })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(convert_table(table, layer)),
    }
}

/// Dates lie before this one, 2200-01-01.
const LAST_DATE: Instant = Instant::new(7_258_118_400_000);

/// Midnight without a time, UTC without an offset; from 1970 on and before 2200.
fn instant_of(date: &toml::value::Datetime) -> Option<Instant> {
    let text = match (date.time, date.offset) {
        (None, None) => format!("{date}T00:00:00Z"),
        (Some(_), None) => format!("{date}Z"),
        _ => date.to_string(),
    };
    let parsed = time::OffsetDateTime::parse(&text, &time::format_description::well_known::Rfc3339).ok()?;
    let millis = u64::try_from(parsed.unix_timestamp_nanos() / 1_000_000).ok()?;
    Some(Instant::new(millis)).filter(|at| *at < LAST_DATE)
}

impl Table {
    /// What stands at a path of keys.
    pub(super) fn get(&self, path: &[&str]) -> Option<&Node> {
        let (first, rest) = path.split_first()?;
        let node = self.entries.get(*first)?;
        match (&node.value, rest) {
            (_, []) => Some(node),
            (Value::Table(inner), rest) => inner.get(rest),
            _ => None,
        }
    }

    /// The table at a path of keys.
    pub(super) fn table(&self, path: &[&str]) -> Option<&Self> {
        match &self.get(path)?.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The text at a key.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.entries.get(key)?.value.as_text()
    }

    /// Whether this is a figure with a ground or a range of its own: it takes the place of one below as a whole. One that only has a
    /// value keeps the range that it lies in.
    fn is_whole_figure(&self) -> bool {
        let has = |key: &str| self.entries.contains_key(key);
        has("value") && ["source", "why", "range"].into_iter().any(has)
    }

    /// Puts another tree over this one: its values win, its lists of events come behind.
    pub(super) fn put(&mut self, over: Self) {
        for (key, node) in over.entries {
            match self.entries.get_mut(&key) {
                None => drop(self.entries.insert(key, node)),
                Some(old) => old.put(&key, node),
            }
        }
    }
}

impl Node {
    /// Where it stands, and everything in it: keys and values.
    pub(super) fn places(&self, places: &mut Vec<Range<usize>>) {
        places.extend([self.key.clone(), self.span.clone()]);
        match &self.value {
            Value::Table(table) => table.entries.values().for_each(|node| node.places(places)),
            Value::List(items) => items.iter().for_each(|node| node.places(places)),
            _ => {}
        }
    }

    fn put(&mut self, key: &str, over: Self) {
        match (&mut self.value, over.value) {
            (Value::Table(old), Value::Table(new)) if !new.is_whole_figure() => {
                old.put(new);
                (self.layer, self.key, self.span) = (over.layer, over.key, over.span);
            }
            (Value::List(old), Value::List(new)) if key == EVENTS => old.extend(new),
            (_, value) => *self = Self { value, ..over },
        }
    }
}

/// The one list that grows where texts are put over one another.
const EVENTS: &str = "event";

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str, layer: usize) -> Table {
        Layer::new("a.toml", text).tree(layer).unwrap()
    }

    #[test]
    fn a_later_text_wins_key_by_key_and_its_events_come_behind() {
        let mut below = tree("a = 1\nb = { value = 2, range = [1, 3] }\n[[event]]\nat = \"1y\"", 0);
        below.put(tree("a = 5\nb = { value = 3 }\n[[event]]\nat = \"2y\"", 1));
        assert_eq!(below.get(&["a"]).map(|node| (&node.value, node.layer)), Some((&Value::Number(5.0), 1)));
        assert_eq!(below.get(&["b", "value"]).map(|node| &node.value), Some(&Value::Number(3.0)));
        assert_eq!(below.get(&["b", "range"]).map(|node| node.layer), Some(0));
        assert!(matches!(&below.get(&["event"]).unwrap().value, Value::List(events) if events.len() == 2));
    }

    #[test]
    fn a_plain_number_and_a_figure_with_a_ground_take_the_place_of_a_whole_figure() {
        let mut below = tree("b = { value = 2, range = [1, 3] }\nc = { value = 2, range = [1, 3] }", 0);
        below.put(tree("b = 9\nc = { value = 9, source = \"a\" }", 1));
        assert_eq!(below.get(&["b"]).map(|node| &node.value), Some(&Value::Number(9.0)));
        assert_eq!(below.get(&["c", "range"]), None);
    }

    #[test]
    fn every_slip_of_syntax_is_told_with_its_line() {
        let found = Layer::new("a.toml", "a = 1\nb = = 2\nc = 2,5\n").tree(0).unwrap_err();
        assert!(found.iter().any(|one| one.line == 2), "{found:?}");
        assert!(found.iter().all(|one| one.message.starts_with("this is not TOML")));
    }

    #[test]
    fn dates_are_midnight_in_utc_unless_they_say_otherwise() {
        let table = tree("a = 2025-01-01\nb = 2025-01-01T01:00:00+01:00\nc = 1969-01-01", 0);
        let at = Value::Date(Some(Instant::new(1_735_689_600_000)));
        assert_eq!((&table.entries["a"].value, &table.entries["b"].value), (&at, &at));
        assert_eq!(table.entries["c"].value, Value::Date(None));
    }
}
