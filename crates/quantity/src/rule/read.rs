//! Reading one value of JSON as what a field takes, and saying what it takes.

use super::{BYTES_MAX, Field, Kind, LIST_MAX, RuleError, value::Read};
use crate::Int;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

pub(super) fn read(field: &Field, path: String, kind: Kind, value: &Value) -> Result<Read, RuleError> {
    let wrong = || {
        let large = if matches!(kind, Kind::Integer | Kind::Wide(_) | Kind::Signed) && value.is_f64() {
            "; write large numbers as text"
        } else {
            ""
        };
        RuleError::WrongType { field: path.clone(), got: shown(value), wanted: format!("{}{large}", wanted(field, kind)) }
    };
    match (kind, value) {
        (Kind::Flag, Value::Bool(flag)) => Ok(Read::Flag(*flag)),
        (Kind::Text, Value::String(text)) if text.len() <= 1_024 => Ok(Read::Text(text.clone())),
        (Kind::Bytes, Value::String(text)) => bytes(text).map(Read::Bytes).ok_or_else(wrong),
        (Kind::Choice(words), Value::String(text)) if words.contains(&text.as_str()) => Ok(Read::Text(text.clone())),
        (Kind::Share, Value::String(text)) => text.parse().map(Read::Share).map_err(|_| wrong()),
        (Kind::List(part), Value::Array(list)) => {
            let (least, most) = if matches!(field.kind, Kind::List(_)) && path == field.name {
                (field.least, field.most)
            } else {
                (0, LIST_MAX as u128)
            };
            if (list.len() as u128) < least || list.len() as u128 > most {
                let allowed = format!("between {least} and {most} entries");
                return Err(RuleError::OutOfRange { field: path, got: format!("a list of {}", list.len()), allowed });
            }
            let entry = |(at, value)| read(field, format!("{path}[{at}]"), *part, value);
            list.iter().enumerate().map(entry).collect::<Result<_, _>>().map(Read::List)
        }
        (Kind::Integer | Kind::Wide(_) | Kind::Signed | Kind::Decimal(_) | Kind::SignedDecimal(_), _) => {
            let number = number(kind, value).ok_or_else(wrong)?;
            in_range(field, &path, kind, number)?;
            Ok(Read::Whole(number))
        }
        _ => Err(wrong()),
    }
}

/// A number in units of its last place; `None` for what is not such a number.
fn number(kind: Kind, value: &Value) -> Option<Int> {
    let places = match kind {
        Kind::Decimal(places) | Kind::SignedDecimal(places) => places,
        _ => 0,
    };
    match value {
        Value::String(text) => decimal(text, places),
        Value::Number(number) => {
            let whole = number.as_u64().map(Int::from).or_else(|| number.as_i64().map(|v| Int::from(i128::from(v))))?;
            whole.times(ten_to(places)).ok()
        }
        _ => None,
    }
}

/// Bytes out of hex, or out of base64 behind its prefix; `None` for anything else, or too many.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let found = match text.strip_prefix("base64:") {
        Some(encoded) if encoded.len() <= BYTES_MAX / 3 * 4 + 4 => STANDARD.decode(encoded).ok()?,
        None if text.len() <= 2 * BYTES_MAX => hex::decode(text).ok()?,
        _ => return None,
    };
    (found.len() <= BYTES_MAX).then_some(found)
}

fn in_range(field: &Field, path: &str, kind: Kind, number: Int) -> Result<(), RuleError> {
    let bounded = !matches!(field.kind, Kind::List(_));
    let (least, most) = if bounded { (field.least, field.most) } else { (0, field.each) };
    let fits = match (kind, field.range) {
        (Kind::Signed, Some((low, high))) if bounded => (Int::from(low)..=Int::from(high)).contains(&number),
        (Kind::Signed | Kind::SignedDecimal(_), _) => number.bits() <= 256,
        (Kind::Wide(bits), _) => number >= Int::from(least) && number.bits() <= usize::from(bits),
        _ => (Int::from(least)..=Int::from(most)).contains(&number),
    };
    if !fits {
        let places = if let Kind::Decimal(places) | Kind::SignedDecimal(places) = kind { places } else { 0 };
        let got = short(&decimal_text(number, places));
        return Err(RuleError::OutOfRange { field: path.to_owned(), got, allowed: wanted(field, kind) });
    }
    Ok(())
}

/// Decimal text in units of the `places`th place; underscores may group digits.
pub(super) fn decimal(text: &str, places: u8) -> Option<Int> {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let pointed = text.contains('.');
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let whole: String = whole.split('_').collect();
    if whole.is_empty()
        || !digits(&whole)
        || !digits(fraction)
        || fraction.len() > usize::from(places)
        || pointed == fraction.is_empty()
    {
        return None;
    }
    format!("{sign}{whole}{fraction:0<width$}", width = usize::from(places)).parse().ok()
}

fn ten_to(places: u8) -> Int {
    format!("1{}", "0".repeat(usize::from(places))).parse().expect("a power of ten of at most 255 digits is a whole number")
}

pub(super) fn decimal_text(value: Int, places: u8) -> String {
    let digits = value.absolute().to_string();
    let places = usize::from(places);
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    let fraction = fraction.trim_end_matches('0');
    let sign = if value.is_negative() { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// What a field takes, for an error or a page.
pub(super) fn wanted(field: &Field, kind: Kind) -> String {
    let bounded = !matches!(field.kind, Kind::List(_));
    let (least, most) = if bounded { (field.least, field.most) } else { (0, field.each) };
    let range = |places: u8| format!(" from {} to {}", bound(least, places), bound(most, places));
    match kind {
        Kind::Integer => format!("a whole number{}", range(0)),
        Kind::Wide(bits) => format!("a whole number from {} to 2^{bits} - 1", bound(least, 0)),
        Kind::Signed => match field.range {
            Some((low, high)) if bounded => format!("a whole number from {low} to {}", signed_bound(high)),
            _ => "a whole number from -(2^256 - 1) to 2^256 - 1".to_owned(),
        },
        Kind::Decimal(places) => format!("a number{} with at most {places} places, as text", range(places)),
        Kind::SignedDecimal(places) => {
            format!("a number of either sign with at most {places} places, below 2^256 of the last one, as text")
        }
        Kind::Share => "a share like \"34.5%\"".to_owned(),
        Kind::Flag => "true or false".to_owned(),
        Kind::Bytes => format!("at most {} bytes, as hex or as \"base64:…\"", BYTES_MAX),
        Kind::Text => "text of at most 1024 bytes".to_owned(),
        Kind::Choice(words) => format!("one of {}", words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", ")),
        Kind::List(part) => {
            let (least, most) = (field.least, field.most.min(LIST_MAX as u128));
            format!("a list of {least} to {most} entries, each {}", wanted(field, *part))
        }
    }
}

fn signed_bound(value: i128) -> String {
    u128::try_from(value).map_or_else(|_| value.to_string(), |value| bound(value, 0))
}

/// A bound as people read it: large powers of two as such.
fn bound(value: u128, places: u8) -> String {
    let power = |v: u128| (v.is_power_of_two() && v >= 1 << 24).then(|| v.ilog2());
    match (places, power(value), value.checked_add(1).and_then(power)) {
        (0, Some(bits), _) => format!("2^{bits}"),
        (0, _, Some(bits)) => format!("2^{bits} - 1"),
        _ if value > 1 << 90 && places > 0 => format!("about 10^{}", value.ilog10().saturating_sub(places.into())),
        _ => decimal_text(Int::from(value), places),
    }
}

pub(super) fn names(fields: &[Field]) -> String {
    fields.iter().map(|f| format!("`{}`", f.name)).collect::<Vec<_>>().join(", ")
}

pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("a list of {}", list.len()),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) => format!("the text \"{}\"", short(text)),
        other => short(&other.to_string()),
    }
}

pub(super) fn short(text: &str) -> String {
    if text.chars().count() > 60 { text.chars().take(60).chain("…".chars()).collect() } else { text.to_owned() }
}
