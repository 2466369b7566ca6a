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
    pub description: &'static str,
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
    /// A share in per cent.
    Share(&'static str),
    /// A name: a role, a token.
    Name(&'static str),
    /// A text.
    Text(&'static str),
    /// One of these words; the first is the usual one.
    Choice(&'static [&'static str]),
    /// One that may be left out; a table may be when all its figures may. New files have it.
    Optional(&'static Self),
    /// As [`Value::Optional`], and new files leave it out too: something that the service can do beyond what it does by itself.
    Extra(&'static Self),
}

impl Value {
    /// Whether it may be left out.
    pub const fn is_optional(&self) -> bool {
        matches!(self, Self::Optional(_) | Self::Extra(_))
    }

    /// Whether new files leave it out.
    pub const fn is_extra(&self) -> bool {
        matches!(self, Self::Extra(_))
    }
}

/// Where usual values come from.
#[derive(Clone, Copy, Debug)]
pub enum Provenance {
    /// Published there.
    Source(&'static str),
    /// A parameter, and why it has this value.
    Reason(&'static str),
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
            Self::Span(text)
            | Self::Bytes(text)
            | Self::Decimal(text)
            | Self::Share(text)
            | Self::Name(text)
            | Self::Text(text) => write!(f, "\"{text}\""),
            Self::Choice(words) => write!(f, "\"{}\"", words.first().copied().unwrap_or_default()),
            Self::Optional(value) | Self::Extra(value) => value.fmt(f),
            Self::Integer(number, _) => f.write_str(&group_digits(&number.to_string(), '_')),
        }
    }
}

impl Service {
    /// Reads `[service.<name>]` of a network's file by this descriptor.
    ///
    /// # Errors
    /// Every problem: a figure that is missing, unknown, out of range, or has no source.
    pub fn read_parameters(&self, spec: &Spec) -> Result<Vec<Setting>, SpecErrors> {
        spec.read_service(self.name.as_str(), |r| {
            let mut settings = Vec::new();
            let mut whole = true;
            for table in self.parameters {
                if !table.key.is_empty() && !r.has(table.key) && table.figures.iter().all(|figure| figure.value.is_optional()) {
                    continue;
                }
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

/// A figure of a table that could be read: nothing when it may be left out and is; else also its size where it is a number.
type Read = Option<(Setting, Option<u128>)>;

fn read_table(r: &mut Reader<'_>, table: &Table) -> Option<Vec<Setting>> {
    let read: Vec<Option<Read>> = table
        .figures
        .iter()
        .map(|figure| {
            if figure.value.is_optional() && !r.has(figure.key) {
                return Some(None);
            }
            let path = if table.key.is_empty() { figure.key.to_owned() } else { format!("{}.{}", table.key, figure.key) };
            let (value, size) = read_value(r, figure.key, &figure.value)?;
            Some(Some((Setting { path, value }, size)))
        })
        .collect();
    let sizes: Vec<Option<u128>> = read.iter().map(|read| read.as_ref()?.as_ref()?.1).collect();
    let in_order = bounds_are_in_order(r, table, &sizes);
    let read: Option<Vec<Read>> = read.into_iter().collect();
    Some(read?.into_iter().flatten().map(|(setting, _)| setting).collect()).filter(|_| in_order)
}

/// What is at least so much is not more than what is at most so much: `term-least` and `term-most`, `least` and `most`.
fn bounds_are_in_order(r: &mut Reader<'_>, table: &Table, sizes: &[Option<u128>]) -> bool {
    let size = |key: &str| table.figures.iter().position(|figure| figure.key == key).and_then(|at| sizes[at]);
    let mut in_order = true;
    for figure in table.figures {
        let Some(word) = figure.key.strip_suffix("least") else { continue };
        let most = format!("{word}most");
        if let (Some(low), Some(high)) = (size(figure.key), size(&most))
            && low > high
        {
            let message = format!("`{}` is above `{most}`, so nothing lies between them", figure.key);
            r.problem(figure.key, &message, "lower it, or raise the other");
            in_order = false;
        }
    }
    in_order
}

/// A text that people read beside numbers: one line of 1 to 60 characters.
pub(crate) fn read_label(r: &mut Reader<'_>, key: &str) -> Option<String> {
    let text = r.text(key)?;
    if let Err(message) = label(&text) {
        r.problem(key, &format!("`{key}` {message}"), "name it as people say it, like \"map tile\"");
        return None;
    }
    Some(text)
}

/// Whether a text can stand beside numbers, in files and in what is printed.
///
/// # Errors
/// What it must be and is not.
pub fn label(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() {
        return Err("is empty; say what one of it is, in 1 to 60 characters");
    }
    if text.trim() != text {
        return Err("begins or ends with a blank; write it without");
    }
    if text.chars().count() > 60 {
        return Err("is too long; at most 60 characters fit");
    }
    if text.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        return Err("has a line break, a quotation mark or a backslash in it; write one line of plain words");
    }
    Ok(())
}

/// The figure in plain words, and as a number where it is one.
fn read_value(r: &mut Reader<'_>, key: &str, value: &Value) -> Option<(String, Option<u128>)> {
    match value {
        Value::Span(_) => r.span(key).map(|span| (span.to_string(), Some(span.get().into()))),
        Value::Bytes(_) => r.bytes(key).map(|bytes| (bytes.to_string(), Some(bytes.into()))),
        Value::Integer(_, range) => r.integer(key, range.clone()).map(|number| (number.to_string(), Some(number.into()))),
        Value::Decimal(_) => r.decimal(key).map(|number| (number.to_string(), Some(number.get()))),
        Value::Share(_) => r.share(key).map(|share| (share.to_string(), Some(share.get().into()))),
        Value::Name(_) => r.name(key).map(|name| (name.to_string(), None)),
        Value::Text(_) => read_label(r, key).map(|text| (text, None)),
        Value::Choice(words) => {
            let words: Vec<(&str, &str)> = words.iter().map(|word| (*word, *word)).collect();
            r.choice(key, &words).map(|word| (word.to_owned(), None))
        }
        Value::Optional(value) | Value::Extra(value) => read_value(r, key, value),
    }
}
