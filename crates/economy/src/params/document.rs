//! A TOML text as an owned tree that remembers where everything stands.

use super::{
    problem::{Problem, Stage},
    slips,
};
use std::{collections::BTreeMap, ops::Range};
use toml::de::{DeTable, DeValue};

/// Where the figures of a table come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// Published there.
    Source(String),
    /// Nobody publishes it: a parameter, and why it has this value.
    Parameter(String),
}

/// One table of a network file.
#[derive(Clone, Debug, Default)]
pub struct Section {
    pub(super) entries: BTreeMap<String, Entry>,
    pub(super) span: Range<usize>,
    pub(super) path: String,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key_span: Range<usize>,
    pub(super) span: Range<usize>,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    /// A whole number as it is written, and its value when that is from zero to 128 bits.
    Integer {
        value: Option<u128>,
        text: String,
    },
    Flag(bool),
    Date(toml::value::Datetime),
    List(Vec<Entry>),
    Table(Section),
    Other,
}

impl Value {
    pub(super) const fn noun(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer { .. } => "a number",
            Self::Flag(_) => "true or false",
            Self::Date(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other => "a number with a point",
        }
    }
}

/// Parses TOML; syntax errors keep their place.
pub(super) fn parse(text: &str) -> Result<Section, Problem> {
    let document = DeTable::parse(text).map_err(|e| {
        let span = e.span().unwrap_or(0..0);
        let hint = slips::no_toml(text, span.start);
        let problem = Problem::new(span, format!("this is not TOML: {}", e.message()));
        hint.into_iter().fold(problem, Problem::hint).stage(Stage::Text)
    })?;
    let span = document.span();
    Ok(section(document.get_ref(), span, String::new()))
}

fn section(table: &DeTable<'_>, span: Range<usize>, path: String) -> Section {
    let entries = table
        .iter()
        .map(|(key, value)| {
            let name = key.get_ref().to_string();
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            // A table that only holds others stands nowhere itself: its name does.
            let own = if value.span().is_empty() { key.span() } else { value.span() };
            let entry = Entry { key_span: key.span(), span: own.clone(), value: convert(value.get_ref(), own, path) };
            (name, entry)
        })
        .collect();
    Section { entries, span, path }
}

fn convert(value: &DeValue<'_>, span: Range<usize>, path: String) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            let digits: String = number.as_str().chars().filter(|c| *c != '_' && *c != '+').collect();
            Value::Integer { value: u128::from_str_radix(&digits, number.radix()).ok(), text: number.as_str().to_owned() }
        }
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(date) => Value::Date(*date),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .enumerate()
                .map(|(i, item)| Entry {
                    key_span: item.span(),
                    span: item.span(),
                    value: convert(item.get_ref(), item.span(), format!("{path}[{i}]")),
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(section(table, span, path)),
        DeValue::Float(_) => Value::Other,
    }
}

impl Section {
    /// Whether the table has this key.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Where the value under a path of keys stands, or as much of it as there is. A table stands at its name; `[2]` is an entry of a
    /// list.
    pub(super) fn place(&self, path: &[&str]) -> Range<usize> {
        let (mut section, mut list): (Option<&Self>, Option<&[Entry]>) = (Some(self), None);
        let mut at = self.span.clone();
        for key in path {
            let entry = match (section, list) {
                (Some(section), _) => section.entries.get(*key),
                (None, Some(items)) => key
                    .strip_prefix('[')
                    .and_then(|key| key.strip_suffix(']'))
                    .and_then(|index| items.get(index.parse::<usize>().ok()?)),
                (None, None) => None,
            };
            let Some(entry) = entry else { break };
            (section, list) = (None, None);
            at = entry.span.clone();
            match &entry.value {
                Value::Table(inner) => {
                    at = entry.key_span.clone();
                    section = Some(inner);
                }
                Value::List(items) => {
                    if items.iter().any(|item| matches!(item.value, Value::Table(_))) {
                        at = entry.key_span.clone();
                    }
                    list = Some(items);
                }
                _ => {}
            }
        }
        at
    }

    /// The same for a dotted path, in which a name may hold points itself and a list may be followed by an index.
    pub(super) fn place_of(&self, path: &str) -> Range<usize> {
        let (mut section, mut rest) = (self, path);
        let mut keys = Vec::new();
        while !rest.is_empty() {
            // The longest key that fits comes first.
            let fits = |key: &&String| {
                rest.strip_prefix(key.as_str()).is_some_and(|after| after.is_empty() || after.starts_with(['.', '[']))
            };
            let Some(key) = section.entries.keys().filter(fits).max_by_key(|key| key.len()) else { break };
            keys.push(key.as_str());
            rest = rest[key.len()..].trim_start_matches('.');
            match &section.entries[key].value {
                Value::Table(inner) => section = inner,
                Value::List(_) => {
                    keys.extend(rest.split('.').filter(|index| !index.is_empty()));
                    break;
                }
                _ => break,
            }
        }
        self.place(&keys)
    }

    /// Whether there is anything at a dotted path.
    pub(super) fn is_there(&self, path: &str) -> bool {
        let (key, rest) = path.split_once('.').unwrap_or((path, ""));
        match self.entries.get(key).map(|entry| &entry.value) {
            Some(_) if rest.is_empty() => true,
            Some(Value::Table(inner)) => inner.is_there(rest),
            _ => false,
        }
    }

    /// Dotted path of the table in its file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The provenance that each table below states, by path.
    pub(super) fn provenance(&self, into: &mut BTreeMap<String, Provenance>) {
        let text = |key: &str| match self.entries.get(key).map(|e| &e.value) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        if let Some(source) = text("source") {
            into.insert(self.path.clone(), Provenance::Source(source));
        } else if let Some(reason) = text("why") {
            into.insert(self.path.clone(), Provenance::Parameter(reason));
        }
        for entry in self.entries.values() {
            entry.value.provenance(into);
        }
    }
}

impl Value {
    fn provenance(&self, into: &mut BTreeMap<String, Provenance>) {
        match self {
            Self::Table(section) => section.provenance(into),
            Self::List(items) => items.iter().for_each(|item| item.value.provenance(into)),
            _ => {}
        }
    }
}
