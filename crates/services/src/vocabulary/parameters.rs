//! A service's own parameters: tables of figures with their usual values, and reading them out of a network's file.

use super::Service;
use depin_economy::{Reader, Spec, SpecErrors};
use depin_quantity::group_digits;
use std::{fmt, ops::RangeInclusive};

/// One table of `[service.<name>]`.
#[derive(Debug)]
pub struct Table {
    /// Its key, or nothing for figures that stand in `[service.<name>]` itself.
    pub key: &'static str,
    /// Its figures.
    pub figures: &'static [Figure],
    /// Where the usual values come from.
    pub provenance: Provenance,
}

/// One figure.
#[derive(Debug)]
pub struct Figure {
    /// Its key.
    pub key: &'static str,
    /// What it may be, and its usual value.
    pub value: Value,
    /// What it is.
    pub words: &'static str,
}

/// What a figure may be, and its usual value as a network's file writes it.
#[derive(Debug)]
pub enum Value {
    /// A length of time.
    Span(&'static str),
    /// A size in bytes.
    Bytes(&'static str),
    /// A whole number within a range.
    Integer(u64, RangeInclusive<u64>),
    /// A decimal number.
    Decimal(&'static str),
    /// A name: a role, a token.
    Name(&'static str),
    /// A text.
    Text(&'static str),
}

/// Where usual values come from.
#[derive(Clone, Copy, Debug)]
pub enum Provenance {
    /// Published there.
    Source(&'static str),
    /// A parameter, and why it has this value.
    Why(&'static str),
}

/// A figure as a network's file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Table and key, like `proving.period`.
    pub path: String,
    /// The value, in plain words.
    pub value: String,
}

impl fmt::Display for Value {
    /// As TOML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Span(text) | Self::Bytes(text) | Self::Decimal(text) | Self::Name(text) | Self::Text(text) => {
                write!(f, "\"{text}\"")
            }
            Self::Integer(number, _) => f.write_str(&group_digits(&number.to_string(), '_')),
        }
    }
}

impl Service {
    /// Reads `[service.<name>]` of a network's file by this vocabulary.
    ///
    /// # Errors
    /// Every problem: a figure that is missing, unknown, out of range, or has no source.
    pub fn read_parameters(&self, spec: &Spec) -> Result<Vec<Setting>, SpecErrors> {
        spec.read_service(self.name.as_str(), |r| {
            let mut settings = Vec::new();
            let mut whole = true;
            for table in self.parameters {
                let read = if table.key.is_empty() { read_table(r, table) } else { r.table(table.key, |r| read_table(r, table)) };
                match read {
                    Some(read) => settings.extend(read),
                    None => whole = false,
                }
            }
            whole.then_some(settings)
        })
    }
}

fn read_table(r: &mut Reader<'_>, table: &Table) -> Option<Vec<Setting>> {
    let read: Vec<Option<Setting>> = table
        .figures
        .iter()
        .map(|figure| {
            let path = if table.key.is_empty() { figure.key.to_owned() } else { format!("{}.{}", table.key, figure.key) };
            Some(Setting { path, value: read_figure(r, figure)? })
        })
        .collect();
    read.into_iter().collect()
}

fn read_figure(r: &mut Reader<'_>, figure: &Figure) -> Option<String> {
    match &figure.value {
        Value::Span(_) => r.span(figure.key).map(|span| span.to_string()),
        Value::Bytes(_) => r.bytes(figure.key).map(|bytes| bytes.to_string()),
        Value::Integer(_, range) => r.integer(figure.key, range.clone()).map(|number| number.to_string()),
        Value::Decimal(_) => r.decimal(figure.key).map(|number| number.to_string()),
        Value::Name(_) => r.name(figure.key).map(|name| name.to_string()),
        Value::Text(_) => r.text(figure.key),
    }
}
