//! One figure: a plain number, or a table with a value, a range and a ground.

use super::{Reader, field_of, segments};
use crate::scenario::{
    Figure, Provenance,
    document::{Node, Table, Value},
    fields::Field,
};
use depin_quantity::nearest_name;

/// The keys of a figure that is written as a table.
pub(in super::super) const FIGURE_KEYS: [&str; 5] = ["value", "range", "log", "source", "why"];

impl Reader<'_> {
    /// The figure of a key.
    pub(super) fn figure(&mut self, key: &str) -> Figure {
        let field = field_of(key);
        let path = segments(field.path, super::bare(key));
        let tree = self.tree;
        let Some(node) = tree.get(&path) else {
            // Start price and depth are looked up by token later.
            if field.default.is_none() && !PRICED.contains(&field.path) {
                self.missing(&path, format!("add {} = {}: {}", path[path.len() - 1], example(field), field.about));
            }
            return Figure::plain(field.default.unwrap_or(f64::NAN));
        };
        let section = tree.table(&path[..path.len() - 1]);
        let mut figure = self.figure_at(field, node, path[path.len() - 1]);
        if node.layer >= self.typed {
            figure.provenance = Provenance::Assumption("set by hand".to_owned());
        } else if figure.provenance == Provenance::Unstated {
            figure.provenance = section.map_or(Provenance::Unstated, provenance);
            if figure.provenance == Provenance::Unstated && figure.range.is_none() && !figure.value.is_nan() {
                let message = format!("`{}` says neither where it comes from nor how sure it is", path.join("."));
                self.warn(node, message, "add a source, or a range and why it is assumed");
            }
        }
        figure
    }

    /// A figure at a node, under a field's bounds.
    pub(in super::super) fn figure_at(&mut self, field: &Field, node: &Node, key: &str) -> Figure {
        match &node.value {
            Value::Table(table) => self.figure_table(field, node, table, key),
            _ => Figure::plain(self.within(field, node, key).unwrap_or(f64::NAN)),
        }
    }

    fn figure_table(&mut self, field: &Field, node: &Node, table: &Table, key: &str) -> Figure {
        for (name, inner) in table.entries.iter().filter(|(name, _)| !FIGURE_KEYS.contains(&name.as_str())) {
            let hint = nearest_name(name, FIGURE_KEYS)
                .map_or_else(|| format!("it has {}", FIGURE_KEYS.join(", ")), |near| format!("did you mean `{near}`?"));
            self.say_of(inner, format!("`{name}` is no key of a figure"), hint);
        }
        let value = match table.entries.get("value") {
            Some(inner) => self.within(field, inner, key),
            None => {
                self.say(node, format!("`{key}` has no value"), format!("add value = {}", example(field)));
                None
            }
        };
        let log = table.entries.get("log").is_some_and(|inner| match inner.value {
            Value::Flag(log) => log,
            _ => {
                self.say(inner, "`log` is true or false", "write log = true, or leave it out");
                false
            }
        });
        let range = table.entries.get("range").and_then(|inner| self.range(field, inner, log, key));
        if let (Some(value), Some((low, high))) = (value, range)
            && !(low..=high).contains(&value)
        {
            // Of the two the later one was changed.
            let places = ["value", "range"].into_iter().filter_map(|name| table.entries.get(name));
            let changed = places.max_by_key(|place| place.layer).unwrap_or(node);
            let message = format!("`{key}` is {value}, which its own range [{low}, {high}] does not hold");
            self.say(changed, message, "widen the range, or change the value");
        }
        let mut silent = false;
        for name in super::PROVENANCE {
            if let Some(inner) = table.entries.get(name)
                && !matches!(&inner.value, Value::Text(text) if !text.trim().is_empty())
            {
                silent = true;
                self.say(inner, format!("`{name}` says nothing"), format!("write {name} = \"…\""));
            }
        }
        let provenance = provenance(table);
        if range.is_some() && provenance == Provenance::Unstated && node.layer < self.typed && !silent {
            self.warn(node, format!("`{key}` is an assumption, and does not say why"), "add why = \"…\", or a source");
        }
        Figure { value: value.unwrap_or(f64::NAN), range, log, provenance }
    }

    /// The bounds between which a figure is drawn.
    fn range(&mut self, field: &Field, node: &Node, log: bool, key: &str) -> Option<(f64, f64)> {
        let Value::List(items) = &node.value else {
            self.say(node, "a range is two numbers", "write range = [0.1, 0.5]");
            return None;
        };
        let [low, high] = items.as_slice() else {
            self.say(node, format!("a range is two numbers, and this has {}", items.len()), "write range = [0.1, 0.5]");
            return None;
        };
        let (low, high) = (self.within(field, low, key), self.within(field, high, key));
        let (low, high) = (low?, high?);
        if low >= high {
            let hint = if low > high { format!("write [{high}, {low}]") } else { "leave the range out, or widen it".to_owned() };
            self.say(node, format!("the range [{low}, {high}] holds nothing"), hint);
            return None;
        }
        if log && low <= 0.0 {
            self.say(node, "a range that is drawn by its logarithm begins above zero", "raise its beginning, or leave out `log`");
        }
        Some((low, high))
    }

    /// A number within a field's bounds.
    fn within(&mut self, field: &Field, node: &Node, key: &str) -> Option<f64> {
        let number = match &node.value {
            Value::Number(number) if number.is_finite() => *number,
            Value::Number(_) => {
                self.say(node, format!("`{key}` must be a number that ends"), format!("write {}", example(field)));
                return None;
            }
            Value::Text(text) if text.starts_with('?') => {
                let what = text.trim_start_matches('?').trim();
                let what = if what.is_empty() { field.about } else { what };
                let (value, low, high) = (example(field), low(field), high(field));
                let range = if low < high { format!(", range = [{low}, {high}]") } else { String::new() };
                let hint = format!("write {key} = {{ value = {value}{range}, why = \"…\" }}");
                self.say(node, format!("`{key}` is blank: {what}"), hint);
                return None;
            }
            Value::Text(text) => {
                let text = text.clone();
                let hint = number_meant(&text).map_or_else(|| format!("write {}", example(field)), |n| format!("write {n}"));
                self.say(node, format!("`{key}` must be a number, and is the text \"{text}\""), hint);
                return None;
            }
            other => {
                let noun = other.noun();
                self.say(node, format!("`{key}` must be a number, and is {noun}"), format!("write {}", example(field)));
                return None;
            }
        };
        if (field.least..=field.most).contains(&number) {
            return Some(number);
        }
        // What makes no sense is told why; what is only more than anybody means has a bound, since runs have.
        let message = if number > field.most && field.most > 1.0 {
            format!("`{key}` is {}, and at most {} can be run", short(number), short(field.most))
        } else {
            format!("`{key}` is {}: {}", short(number), field.sense)
        };
        self.say(node, message, format!("write {}", allowed(field)));
        None
    }
}

/// A number without a row of zeros.
fn short(number: f64) -> String {
    if number.abs() >= 1e9 { format!("{number:e}") } else { number.to_string() }
}

/// What a table says of where its figures come from.
pub(in super::super) fn provenance(table: &Table) -> Provenance {
    match (table.text("source"), table.text("why")) {
        (Some(source), _) if !source.trim().is_empty() => Provenance::Source(source.to_owned()),
        (_, Some(why)) if !why.trim().is_empty() => Provenance::Assumption(why.to_owned()),
        _ => Provenance::Unstated,
    }
}

/// Figures that are looked up by token where the scenario says nothing.
pub(in super::super) const PRICED: [&str; 3] = ["market.start", "market.depth", "market.speculators.cash"];

/// A number that somebody wrote as a text.
fn number_meant(text: &str) -> Option<f64> {
    let text = text.trim().replace(['_', ' '], "");
    if let Some(percent) = text.strip_suffix('%') {
        return percent.replace(',', ".").parse::<f64>().ok().map(|n| n / 100.0).filter(|n| n.is_finite());
    }
    text.replace(',', ".").parse().ok().filter(|n: &f64| n.is_finite())
}

/// A number that a field may hold.
fn example(field: &Field) -> f64 {
    field.default.unwrap_or(match (field.least, field.most) {
        (_, most) if most <= 0.0 => -1.0,
        (_, most) if most <= 1.0 => 0.5,
        (least, _) if least > 1.0 => least,
        _ => 1.0,
    })
}

fn low(field: &Field) -> f64 {
    (example(field) - example(field).abs() / 2.0).max(field.least)
}

fn high(field: &Field) -> f64 {
    (example(field) + example(field).abs() / 2.0).min(field.most)
}

/// The bounds of a field in words.
pub(in super::super) fn allowed(field: &Field) -> String {
    let least = if (0.0..1e-9).contains(&field.least) && field.least > 0.0 {
        "above 0".to_owned()
    } else {
        format!("from {}", field.least)
    };
    format!("a number {least} to {}", short(field.most))
}
