//! Typed inputs and outputs of a rule.

use super::{
    Field, Kind, RuleCard, RuleError,
    read::{decimal, decimal_text, names, read, short, shown, wanted},
};
use crate::{Decimal18, Int, Share, Units, nearest_name};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::fmt;

/// One input, read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Read {
    Whole(Int),
    Share(Share),
    Flag(bool),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Read>),
}

/// The inputs of a rule: every declared field is there, of its kind and in its range.
#[derive(Clone, Debug)]
pub struct Inputs {
    fields: &'static [Field],
    values: Vec<Read>,
}

impl Inputs {
    /// Reads a JSON object against a card.
    pub(super) fn read(card: &RuleCard, inputs: &Value) -> Result<Self, RuleError> {
        let Value::Object(object) = inputs else {
            return Err(RuleError::NotAnObject { names: names(card.inputs), got: shown(inputs) });
        };
        if let Some(given) = object.keys().find(|key| !card.inputs.iter().any(|f| f.name == key.as_str())) {
            let suggestion = nearest_name(given, card.inputs.iter().map(|f| f.name));
            return Err(RuleError::Unknown { given: short(given), suggestion, names: names(card.inputs) });
        }
        let mut values = Vec::with_capacity(card.inputs.len());
        for field in card.inputs {
            values.push(match (object.get(field.name), field.default) {
                (Some(value), _) => read(field, field.name.to_owned(), field.kind, value)?,
                (None, Some(default)) => {
                    let value = serde_json::from_str(default).map_err(|_| RuleError::Card(field.name))?;
                    read(field, field.name.to_owned(), field.kind, &value)?
                }
                (None, None) => {
                    return Err(RuleError::Missing {
                        field: field.name,
                        description: field.description,
                        wanted: wanted(field, field.kind),
                    });
                }
            });
        }
        Ok(Self { fields: card.inputs, values })
    }

    fn get(&self, name: &'static str) -> Result<&Read, RuleError> {
        let at = self.fields.iter().position(|f| f.name == name).ok_or(RuleError::Card(name))?;
        self.values.get(at).ok_or(RuleError::Card(name))
    }

    /// An `Integer`, or a `Decimal` in units of its last place.
    pub fn integer(&self, name: &'static str) -> Result<u128, RuleError> {
        self.signed(name)?.to_u128().map_err(|_| RuleError::Card(name))
    }

    /// An `Integer` of at most 64 bits; the field must be declared `.most(u64::MAX as u128)` or less.
    pub fn small(&self, name: &'static str) -> Result<u64, RuleError> {
        u64::try_from(self.integer(name)?).map_err(|_| RuleError::Card(name))
    }

    /// A whole number: `Signed`, `Wide`, `Integer`, or a decimal in units of its last place.
    pub fn signed(&self, name: &'static str) -> Result<Int, RuleError> {
        match self.get(name)? {
            Read::Whole(value) => Ok(*value),
            _ => Err(RuleError::Card(name)),
        }
    }

    /// An `Integer` as base units of a token.
    pub fn units(&self, name: &'static str) -> Result<Units, RuleError> {
        Ok(Units::new(self.integer(name)?))
    }

    /// A `Decimal(18)`.
    pub fn decimal(&self, name: &'static str) -> Result<Decimal18, RuleError> {
        Ok(Decimal18::new(self.integer(name)?))
    }

    /// A `Share`.
    pub fn share(&self, name: &'static str) -> Result<Share, RuleError> {
        match self.get(name)? {
            Read::Share(share) => Ok(*share),
            _ => Err(RuleError::Card(name)),
        }
    }

    /// A `Flag`.
    pub fn flag(&self, name: &'static str) -> Result<bool, RuleError> {
        match self.get(name)? {
            Read::Flag(flag) => Ok(*flag),
            _ => Err(RuleError::Card(name)),
        }
    }

    /// A `Text` or a `Choice`.
    pub fn text(&self, name: &'static str) -> Result<&str, RuleError> {
        match self.get(name)? {
            Read::Text(text) => Ok(text),
            _ => Err(RuleError::Card(name)),
        }
    }

    /// A `Bytes`.
    pub fn bytes(&self, name: &'static str) -> Result<&[u8], RuleError> {
        match self.get(name)? {
            Read::Bytes(bytes) => Ok(bytes),
            _ => Err(RuleError::Card(name)),
        }
    }

    /// A list of whole numbers or decimals, these in units of their last place.
    pub fn integers(&self, name: &'static str) -> Result<Vec<u128>, RuleError> {
        self.list(name, |read| match read {
            Read::Whole(value) => value.to_u128().ok(),
            _ => None,
        })
    }

    /// A list of whole numbers of either sign.
    pub fn signeds(&self, name: &'static str) -> Result<Vec<Int>, RuleError> {
        self.list(name, |read| match read {
            Read::Whole(value) => Some(*value),
            _ => None,
        })
    }

    /// A list of flags.
    pub fn flags(&self, name: &'static str) -> Result<Vec<bool>, RuleError> {
        self.list(name, |read| match read {
            Read::Flag(flag) => Some(*flag),
            _ => None,
        })
    }

    /// A list of shares.
    pub fn shares(&self, name: &'static str) -> Result<Vec<Share>, RuleError> {
        self.list(name, |read| match read {
            Read::Share(share) => Some(*share),
            _ => None,
        })
    }

    /// A list of texts.
    pub fn texts(&self, name: &'static str) -> Result<Vec<&str>, RuleError> {
        let Read::List(list) = self.get(name)? else { return Err(RuleError::Card(name)) };
        list.iter().map(|read| if let Read::Text(text) = read { Ok(text.as_str()) } else { Err(RuleError::Card(name)) }).collect()
    }

    /// A list of lists of whole numbers or decimals.
    pub fn tables(&self, name: &'static str) -> Result<Vec<Vec<u128>>, RuleError> {
        self.list(name, |read| {
            let Read::List(row) = read else { return None };
            row.iter().map(|cell| if let Read::Whole(value) = cell { value.to_u128().ok() } else { None }).collect()
        })
    }

    fn list<T>(&self, name: &'static str, part: impl Fn(&Read) -> Option<T>) -> Result<Vec<T>, RuleError> {
        let Read::List(list) = self.get(name)? else { return Err(RuleError::Card(name)) };
        list.iter().map(part).collect::<Option<_>>().ok_or(RuleError::Card(name))
    }
}

/// The outputs of a rule, in the order in which they were given; amounts are text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outputs(Vec<(&'static str, Value)>);

impl Outputs {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a whole number.
    pub fn integer(self, name: &'static str, value: impl Into<Int>) -> Self {
        self.with(name, Value::String(value.into().to_string()))
    }

    /// Adds base units of a token.
    pub fn units(self, name: &'static str, value: Units) -> Self {
        self.integer(name, value.get())
    }

    /// Adds a number given in units of its `places`th decimal place.
    pub fn decimal(self, name: &'static str, value: impl Into<Int>, places: u8) -> Self {
        self.with(name, Value::String(decimal_text(value.into(), places)))
    }

    /// Adds a share.
    pub fn share(self, name: &'static str, value: Share) -> Self {
        self.with(name, Value::String(value.to_string()))
    }

    /// Adds a flag.
    pub fn flag(self, name: &'static str, value: bool) -> Self {
        self.with(name, Value::Bool(value))
    }

    /// Adds text.
    pub fn text(self, name: &'static str, value: impl Into<String>) -> Self {
        self.with(name, Value::String(value.into()))
    }

    /// Adds a list of whole numbers.
    pub fn integers<T: Into<Int>>(self, name: &'static str, values: impl IntoIterator<Item = T>) -> Self {
        self.with(name, values.into_iter().map(|v| Value::String(v.into().to_string())).collect())
    }

    /// Adds a list of numbers given in units of their `places`th decimal place.
    pub fn decimals<T: Into<Int>>(self, name: &'static str, values: impl IntoIterator<Item = T>, places: u8) -> Self {
        self.with(name, values.into_iter().map(|v| Value::String(decimal_text(v.into(), places))).collect())
    }

    /// Adds a list of flags.
    pub fn flags(self, name: &'static str, values: impl IntoIterator<Item = bool>) -> Self {
        self.with(name, values.into_iter().map(Value::Bool).collect())
    }

    /// Adds a list of texts.
    pub fn texts<T: Into<String>>(self, name: &'static str, values: impl IntoIterator<Item = T>) -> Self {
        self.with(name, values.into_iter().map(|v| Value::String(v.into())).collect())
    }

    fn with(mut self, name: &'static str, value: Value) -> Self {
        self.0.push((name, value));
        self
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    /// One output.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(given, _)| *given == name).map(|(_, value)| value)
    }
}

impl Serialize for Outputs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// One line of JSON, in the order of the card.
impl fmt::Display for Outputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// Whether a value is of a kind; bounds aside. For outputs, which are written by rules.
pub(super) fn conforms(kind: Kind, value: &Value) -> bool {
    match (kind, value) {
        (Kind::Flag, Value::Bool(_)) | (Kind::Text, Value::String(_)) => true,
        (Kind::Choice(words), Value::String(text)) => words.contains(&text.as_str()),
        (Kind::Share, Value::String(text)) => text.parse::<Share>().is_ok(),
        (Kind::Signed, Value::String(text)) => text.parse::<Int>().is_ok(),
        (Kind::Integer, Value::String(text)) => text.parse::<Int>().is_ok_and(|v| !v.is_negative()),
        (Kind::Wide(bits), Value::String(text)) => {
            text.parse::<Int>().is_ok_and(|v| !v.is_negative() && v.bits() <= usize::from(bits))
        }
        (Kind::Decimal(places), Value::String(text)) => decimal(text, places).is_some_and(|v| !v.is_negative()),
        (Kind::SignedDecimal(places), Value::String(text)) => decimal(text, places).is_some(),
        (Kind::List(part), Value::Array(list)) => list.iter().all(|value| conforms(*part, value)),
        _ => false,
    }
}
