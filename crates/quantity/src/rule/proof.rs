//! The test that every crate with rules runs over its cards.

use super::{Field, Kind, RuleCard, RuleError, value::conforms};
use crate::Int;
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Checks cards, and gives everything that is wrong with them: ids that repeat or are malformed, empty descriptions, examples whose
/// outputs are others, outputs that the card does not declare, and panics on hostile inputs (null, negative, past 256 bits, empty
/// and nested lists, wrong types, every field at its bounds).
///
/// Gives how many evaluations were made, or all complaints, one a line.
///
/// # Errors
/// The complaints.
pub fn check_cards(cards: impl IntoIterator<Item = &'static RuleCard>) -> Result<usize, String> {
    let mut complaints = Vec::new();
    let mut seen = BTreeMap::new();
    let mut evaluations = 0;
    for card in cards {
        if let Some(other) = seen.insert(card.id, card.title) {
            complaints.push(format!("{}: two cards have this id: \"{other}\" and \"{}\"", card.id, card.title));
        }
        check_texts(card, &mut complaints);
        for (inputs, outputs) in card.examples {
            evaluations += 1;
            check_example(card, inputs, outputs, &mut complaints);
        }
        check_bounds(card, &mut complaints);
        evaluations += check_hostile(card, &mut complaints);
    }
    if complaints.is_empty() { Ok(evaluations) } else { Err(complaints.join("\n")) }
}

fn check_texts(card: &RuleCard, complaints: &mut Vec<String>) {
    let mut parts = card.id.split('-');
    let prefix = parts.next().is_some_and(|p| ["HNT", "FIL", "RNDR", "AKT", "IO", "GEN"].contains(&p));
    let topics = ["EM", "SU", "PO", "PAY", "CR", "ST", "LO", "TR", "SL", "PL", "SV"];
    let topic = parts.next().is_some_and(|p| topics.contains(&p));
    let number = parts.next().is_some_and(|p| p.parse::<u16>().is_ok()) && parts.next().is_none();
    if !(prefix && topic && number) {
        complaints.push(format!("{}: an id is written like FIL-EM-2, with one of the topics {}", card.id, topics.join(", ")));
    }
    let texts = [card.title, card.description, card.formula, card.rounding, card.source];
    if texts.iter().any(|text| text.trim().is_empty()) || card.examples.is_empty() || card.outputs.is_empty() {
        complaints.push(format!(
            "{}: title, description, formula, rounding, source, outputs and an example must not be empty",
            card.id
        ));
    }
    if card.inputs.iter().chain(card.outputs).any(|f| f.name.is_empty() || f.description.is_empty()) {
        complaints.push(format!("{}: every input and output needs a name and a description", card.id));
    }
}

fn check_example(card: &RuleCard, inputs: &str, outputs: &str, complaints: &mut Vec<String>) {
    let expected: Value = match serde_json::from_str(outputs) {
        Ok(value) => value,
        Err(error) => return complaints.push(format!("{}: the example's outputs are not JSON: {error}", card.id)),
    };
    match guarded(card, || card.evaluate_text(inputs)) {
        Ok(Ok(given)) => {
            let value = serde_json::to_value(&given).unwrap_or(Value::Null);
            if value != expected {
                complaints.push(format!("{}: {inputs} gives {value}, the card says {expected}", card.id));
            }
            let names: Vec<_> = given.iter().map(|(name, _)| name).collect();
            let declared: Vec<_> = card.outputs.iter().map(|f| f.name).collect();
            if names != declared {
                complaints.push(format!("{}: it gives {names:?}, the card declares {declared:?}", card.id));
            }
            for field in card.outputs {
                if !given.get(field.name).is_some_and(|value| conforms(field.kind, value)) {
                    complaints.push(format!("{}: output `{}` is not {:?}", card.id, field.name, field.kind));
                }
            }
        }
        Ok(Err(error)) => complaints.push(format!("{}: {inputs} is refused: {error}", card.id)),
        Err(panic) => complaints.push(panic),
    }
}

/// Runs what must not panic, and says which card did.
fn guarded<T>(card: &RuleCard, run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| format!("{}: it panics", card.id))
}

fn hostile() -> Vec<Value> {
    let texts = [
        "",
        " ",
        "abc",
        "-1",
        "0",
        "1",
        "1.5",
        "0.000000000000000001",
        "1e5",
        "NaN",
        "101%",
        "50%",
        "0x10",
        "１",
        "18446744073709551616",
        "340282366920938463463374607431768211455",
        "340282366920938463463374607431768211456",
        "115792089237316195423570985008687907853269984665640564039457584007913129639935",
        "-115792089237316195423570985008687907853269984665640564039457584007913129639935",
        // 2^300
        "2037035976334486086268445688409378161051468393665936250636140449354381299763336706183397376",
    ];
    let mut all: Vec<Value> = texts.iter().map(|text| Value::String((*text).to_owned())).collect();
    all.push(Value::String("9".repeat(5_000)));
    all.extend([Value::Null, Value::Bool(true), Value::from(-1), Value::from(0), Value::from(u64::MAX), Value::from(1.5)]);
    all.push(Value::Array(Vec::new()));
    all.push(Value::Array(vec![Value::Array(Vec::new()), Value::Null]));
    all.push(Value::Object(Map::new()));
    let lists: Vec<Value> = all.iter().map(|value| Value::Array(vec![value.clone(); 3])).collect();
    let longs = [Value::from(0), Value::from(1), Value::from("340282366920938463463374607431768211455")];
    all.extend(lists);
    all.extend(longs.iter().map(|value| Value::Array(vec![value.clone(); 5_000])));
    all.extend(longs.iter().map(|value| Value::Array(vec![value.clone(); super::LIST_MAX])));
    all
}

/// The greatest whole number of so many bits.
fn top(bits: u16) -> Int {
    Int::power_of_two(bits.into()).and_then(|over| over.minus(Int::from(1_u64))).unwrap_or(Int::ZERO)
}

/// What lies just inside and just outside of what a field of one whole number takes.
fn edges(field: &Field) -> Option<([Int; 2], [Int; 2])> {
    let (low, high) = match (field.kind, field.range) {
        (Kind::Integer, _) => (Int::from(field.least), Int::from(field.most)),
        (Kind::Wide(bits), _) => (Int::from(field.least), top(bits)),
        (Kind::Signed, Some((low, high))) => (Int::from(low), Int::from(high)),
        (Kind::Signed, None) => (top(256).negated(), top(256)),
        _ => return None,
    };
    let one = Int::from(1_u64);
    Some(([low, high], [low.minus(one).ok()?, high.plus(one).ok()?]))
}

/// Whether an entry just past what the list says is refused for its range.
fn passes_no_entry(card: &RuleCard, field: &Field, base: &Map<String, Value>) -> bool {
    let Ok(past) = Int::from(field.each).plus(Int::from(1_u64)) else { return false };
    let mut inputs = base.clone();
    let entries = vec![Value::String(past.to_string()); field.least.max(1) as usize];
    inputs.insert(field.name.to_owned(), Value::Array(entries));
    matches!(card.evaluate(&Value::Object(inputs)), Err(RuleError::OutOfRange { field: named, .. }) if named.starts_with(field.name))
}

/// Whole numbers are refused for their range just past the bounds that the field states, and not at them.
fn check_bounds(card: &RuleCard, complaints: &mut Vec<String>) {
    let base = card.examples.first().and_then(|(inputs, _)| serde_json::from_str::<Map<String, Value>>(inputs).ok());
    let Some(base) = base else { return };
    for field in card.inputs {
        if field.kind == Kind::List(&Kind::Integer) && !passes_no_entry(card, field, &base) {
            complaints.push(format!("{}: entries of `{}` may pass {}", card.id, field.name, field.each));
        }
        let Some((inside, outside)) = edges(field) else { continue };
        let refused = |number: Int| {
            let mut inputs = base.clone();
            inputs.insert(field.name.to_owned(), Value::String(number.to_string()));
            match card.evaluate(&Value::Object(inputs)) {
                Err(RuleError::OutOfRange { field: named, allowed, .. }) => named == field.name && allowed == field.takes(),
                _ => false,
            }
        };
        for number in inside.into_iter().filter(|number| refused(*number)) {
            complaints.push(format!("{}: input `{}` refuses its bound {number}", card.id, field.name));
        }
        for number in outside.into_iter().filter(|number| !refused(*number)) {
            complaints.push(format!("{}: input `{}` does not refuse {number}, past its bound", card.id, field.name));
        }
    }
}

/// Values at the bounds of a field: the least and the most that it takes.
fn bounds(kind: Kind, least: u128, most: u128) -> Vec<Value> {
    match kind {
        Kind::Wide(bits) => vec![Value::String(least.to_string()), Value::String(top(bits).to_string())],
        Kind::Integer => vec![Value::String(least.to_string()), Value::String(most.to_string())],
        Kind::Signed => {
            let top = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
            vec![Value::String(format!("-{top}")), Value::String(top.to_owned()), Value::from(0)]
        }
        Kind::Decimal(_) => vec![Value::from(0), Value::from(1), Value::String("100000000000000000000".to_owned())],
        Kind::SignedDecimal(_) => vec![Value::from(-1), Value::String("100000000000000000000".to_owned())],
        Kind::Share => vec![Value::from("0%"), Value::from("100%")],
        Kind::Flag => vec![Value::Bool(false), Value::Bool(true)],
        Kind::Bytes => vec![Value::from(""), Value::from("00ff"), Value::from("base64:AAEC")],
        Kind::Text => vec![Value::from(""), Value::String("z".repeat(1_024))],
        Kind::Choice(words) => words.iter().map(|word| Value::from(*word)).collect(),
        Kind::List(part) => {
            let parts = bounds(*part, 0, u128::MAX);
            let lengths = [least.max(1), 2, most.min(64)];
            lengths.iter().flat_map(|n| parts.iter().map(|p| Value::Array(vec![p.clone(); *n as usize]))).collect()
        }
    }
}

fn check_hostile(card: &RuleCard, complaints: &mut Vec<String>) -> usize {
    let base = card.examples.first().and_then(|(inputs, _)| serde_json::from_str::<Map<String, Value>>(inputs).ok());
    let Some(base) = base else { return 0 };
    let mut tried = 0;
    let mut try_one = |inputs: Value| {
        tried += 1;
        match guarded(card, || card.evaluate(&inputs)) {
            Ok(Ok(given)) => {
                let fits = |f: &Field| given.get(f.name).is_some_and(|value| conforms(f.kind, value));
                if let Some(field) = card.outputs.iter().find(|f| !fits(f)) {
                    let got = given.get(field.name).cloned().unwrap_or(Value::Null);
                    complaints.push(format!("{}: output `{}` is {got} for {}", card.id, field.name, cut(&inputs)));
                }
            }
            Ok(Err(RuleError::Card(name))) => complaints.push(format!("{}: it misreads its input `{name}`", card.id)),
            Ok(Err(_)) => {}
            Err(panic) => complaints.push(format!("{panic} on {}", cut(&inputs))),
        }
    };
    for odd in hostile() {
        try_one(odd.clone());
        for field in card.inputs {
            let mut inputs = base.clone();
            inputs.insert(field.name.to_owned(), odd.clone());
            try_one(Value::Object(inputs));
        }
    }
    let of = |f: &Field| match f.range {
        Some((low, high)) => vec![Value::String(low.to_string()), Value::String(high.to_string())],
        None => bounds(f.kind, f.least, f.most),
    };
    let sides: Vec<Vec<Value>> = card.inputs.iter().map(of).collect();
    for (at, field) in card.inputs.iter().enumerate() {
        let mut inputs = base.clone();
        inputs.remove(field.name);
        try_one(Value::Object(inputs));
        for (other, partner) in card.inputs.iter().enumerate() {
            for (a, b) in sides[at].iter().flat_map(|a| sides[other].iter().map(move |b| (a, b))) {
                let mut inputs = base.clone();
                inputs.insert(field.name.to_owned(), a.clone());
                inputs.insert(partner.name.to_owned(), b.clone());
                try_one(Value::Object(inputs));
            }
        }
    }
    for side in 0..8 {
        let all = card.inputs.iter().zip(&sides);
        let pick = |values: &[Value]| values[side % values.len()].clone();
        try_one(Value::Object(all.map(|(f, values)| (f.name.to_owned(), pick(values))).collect()));
    }
    tried
}

fn cut(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 300 { text.chars().take(300).chain("…".chars()).collect() } else { text }
}
