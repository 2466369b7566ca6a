//! `facts.toml`.

use super::{Fact, Measure, Set};
use crate::{
    results::column,
    scenario::{Diagnostic, Diagnostics, SCENARIOS},
};
use depin_quantity::{Instant, nearest_name};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

const KEYS: [&str; 11] =
    ["id", "network", "scenario", "title", "seen", "date", "observed", "measure", "expect", "used", "source"];
const MEASURES: [&str; 7] = ["ratio", "later", "change", "level", "peak", "kpi", "honesty"];

struct Reader<'t> {
    text: &'t str,
    file: &'t str,
    found: Vec<Diagnostic>,
}

pub(super) fn facts(text: &str, file: &str) -> Result<Vec<Fact>, Diagnostics> {
    let mut reader = Reader { text, file, found: Vec::new() };
    let (table, slips) = DeTable::parse_recoverable(text);
    for slip in &slips {
        reader.say(slip.span().unwrap_or(0..0), format!("this is not TOML: {}", slip.message()), "a text stands in quotes");
    }
    let mut facts = Vec::new();
    if slips.is_empty() {
        for (key, value) in table.get_ref() {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("fact", DeValue::Array(rows)) => facts = rows.iter().filter_map(|row| reader.fact(row)).collect(),
                (other, _) => reader.say(key.span(), format!("`{other}` is no list of facts"), "write [[fact]]"),
            }
        }
    }
    if reader.found.is_empty() { Ok(facts) } else { Err(Diagnostics::new(reader.found)) }
}

impl Reader<'_> {
    fn say(&mut self, span: std::ops::Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.found.push(Diagnostic::error(self.file, self.text, span, message, hint));
    }

    fn fact(&mut self, row: &Spanned<DeValue<'_>>) -> Option<Fact> {
        let DeValue::Table(table) = row.get_ref() else {
            self.say(row.span(), "a fact is a table", "write [[fact]]");
            return None;
        };
        for key in table.keys().filter(|key| !KEYS.contains(&key.get_ref().as_ref())) {
            let near = nearest_name(key.get_ref(), KEYS);
            let hint = near.map_or_else(|| format!("it has {}", KEYS.join(", ")), |near| format!("did you mean `{near}`?"));
            self.say(key.span(), format!("`{}` is no key of a fact", key.get_ref()), hint);
        }
        let text = |key: &str| match table.get(key).map(Spanned::get_ref) {
            Some(DeValue::String(text)) => Some(text.to_string()),
            _ => None,
        };
        let id = text("id").unwrap_or_default();
        let missing = ["id", "network", "title", "seen", "used", "source"].into_iter().filter(|key| text(key).is_none());
        for key in missing {
            self.say(row.span(), format!("fact `{id}` has no {key}"), format!("add {key} = \"…\""));
        }
        let scenario = text("scenario").unwrap_or_else(|| "baseline".to_owned());
        if !SCENARIOS.iter().any(|(name, _)| *name == scenario) {
            self.say(row.span(), format!("no scenario is called `{scenario}`"), "depin scenario list");
        }
        let date = table.get("date").and_then(|value| date(value.get_ref()));
        if date.is_none() {
            self.say(row.span(), format!("fact `{id}` has no date"), "add date = 2024-12-31");
        }
        let observed = table.get("observed").and_then(|value| number(value.get_ref()));
        if observed.is_none() {
            self.say(row.span(), format!("fact `{id}` has no observed number"), "add observed = 0.04");
        }
        let expect = table.get("expect").and_then(|value| pair(value.get_ref())).filter(|(low, high)| low < high);
        if expect.is_none() {
            self.say(row.span(), format!("fact `{id}` has no range to expect"), "add expect = [0.01, 0.1]");
        }
        let measure = match table.get("measure").map(Spanned::get_ref) {
            Some(DeValue::Table(measure)) => self.measure(measure, row.span()),
            _ => {
                self.say(
                    row.span(),
                    format!("fact `{id}` has no measure"),
                    "add measure = { level = \"price\", months = [0, 12] }",
                );
                None
            }
        };
        let used = text("used");
        let set = used.as_deref().and_then(set);
        if used.is_some() && set.is_none() {
            let words = Set::ALL.map(Set::word).join(", ");
            self.say(row.span(), format!("fact `{id}` says not whether it set a default"), format!("`used` begins with {words}"));
        }
        Some(Fact {
            id,
            network: text("network")?,
            scenario,
            title: text("title")?,
            seen: text("seen")?,
            date: date?,
            observed: observed?,
            measure: measure?,
            expect: expect?,
            set: set?,
            used: used?,
            source: text("source")?,
        })
    }

    fn measure(&mut self, table: &DeTable<'_>, span: std::ops::Range<usize>) -> Option<Measure> {
        let months = table.get("months").and_then(|value| pair(value.get_ref()));
        let (key, value) = table.iter().find(|(key, _)| key.get_ref() != "months")?;
        let name = key.get_ref().as_ref();
        let columns = self.columns(name, value)?;
        let months = match (name, months) {
            ("kpi" | "honesty", _) => (0.0, 0.0),
            (_, Some((from, to))) if from < to => (from, to),
            _ => {
                self.say(span, format!("measure `{name}` says not over which months"), "add months = [0, 12]");
                return None;
            }
        };
        let one = || columns.first().cloned().unwrap_or_default();
        let two = || (one(), columns.get(1).cloned().unwrap_or_default());
        Some(match name {
            "ratio" => Measure::Ratio { over: two().0, under: two().1, months },
            "later" => Measure::Later { over: two().0, under: two().1, months },
            "change" => Measure::Change { column: one(), months },
            "level" => Measure::Level { column: one(), months },
            "peak" => Measure::Peak { column: one(), months },
            "kpi" => Measure::Kpi(one()),
            "honesty" => Measure::Honesty,
            other => {
                let near = nearest_name(other, MEASURES);
                let hint =
                    near.map_or_else(|| format!("there are {}", MEASURES.join(", ")), |near| format!("did you mean `{near}`?"));
                self.say(key.span(), format!("`{other}` is no measure"), hint);
                return None;
            }
        })
    }

    /// The columns that a measure names, as many as it takes, each there.
    fn columns(&mut self, measure: &str, value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
        let names: Vec<String> = match value.get_ref() {
            DeValue::String(name) => vec![name.to_string()],
            DeValue::Array(items) => items
                .iter()
                .filter_map(|item| match item.get_ref() {
                    DeValue::String(name) => Some(name.to_string()),
                    _ => None,
                })
                .collect(),
            DeValue::Boolean(true) if measure == "honesty" => return Some(Vec::new()),
            _ => Vec::new(),
        };
        let wanted = if matches!(measure, "ratio" | "later") { 2 } else { 1 };
        if names.len() != wanted {
            self.say(value.span(), format!("measure `{measure}` takes {wanted} names"), "name columns of the result table");
            return None;
        }
        if let Some(unknown) = names.iter().find(|name| measure != "kpi" && column(name).is_none()) {
            let near = nearest_name(unknown, crate::results::COLUMNS.iter().map(|column| column.name));
            let hint = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
            self.say(value.span(), format!("`{unknown}` is no column of the result table"), hint);
            return None;
        }
        Some(names)
    }
}

/// Whether it set a default, by the first words of what is said of it.
fn set(used: &str) -> Option<Set> {
    let says =
        |set: &Set| used.strip_prefix(set.word()).is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()));
    Set::ALL.into_iter().find(says)
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    let digits = |text: &str| text.replace('_', "").parse::<f64>().ok().filter(|number| number.is_finite());
    match value {
        DeValue::Integer(number) => digits(number.as_str()),
        DeValue::Float(number) => digits(number.as_str()),
        _ => None,
    }
}

fn pair(value: &DeValue<'_>) -> Option<(f64, f64)> {
    match value {
        DeValue::Array(items) => match items.iter().collect::<Vec<_>>().as_slice() {
            [low, high] => Some((number(low.get_ref())?, number(high.get_ref())?)),
            _ => None,
        },
        _ => None,
    }
}

fn date(value: &DeValue<'_>) -> Option<Instant> {
    let DeValue::Datetime(date) = value else { return None };
    let text = format!("{}T00:00:00Z", date.date?);
    let parsed = time::OffsetDateTime::parse(&text, &time::format_description::well_known::Rfc3339).ok()?;
    u64::try_from(parsed.unix_timestamp_nanos() / 1_000_000).ok().map(Instant::new)
}
