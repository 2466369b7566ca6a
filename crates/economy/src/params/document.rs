//! A TOML text as an owned tree that remembers where everything stands.

use super::problem::Problem;
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
    Integer(Option<u128>),
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
            Self::Integer(_) => "a number",
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
        Problem::new(span, format!("this is not TOML: {}", e.message()))
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
            let entry = Entry { key_span: key.span(), span: value.span(), value: convert(value.get_ref(), value.span(), path) };
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
            Value::Integer(u128::from_str_radix(&digits, number.radix()).ok())
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
        } else if let Some(why) = text("why") {
            into.insert(self.path.clone(), Provenance::Parameter(why));
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
