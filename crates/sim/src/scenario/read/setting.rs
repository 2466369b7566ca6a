//! Settings: words, flags, dates, lengths of time, plain numbers.

use super::Reader;
use crate::scenario::{
    PaidBy,
    document::{Node, Value},
    settings::Setting,
};
use depin_quantity::{Instant, Name, Span, nearest_name, parse_span};

/// Longest step between decisions, and between rows.
const LONGEST: Span = Span::from_days(366);

impl Reader<'_> {
    /// The node of a setting; where there is none its default, or that it is missing.
    fn setting(&mut self, path: &[&str]) -> (&'static Setting, Option<Node>) {
        let setting = Setting::of(&path.join(".")).expect("a test holds the list of settings against what is read");
        let node = self.tree.get(path).cloned();
        if node.is_none() && setting.default.is_none() {
            self.missing(path, format!("add {} = …: {}", path[path.len() - 1], setting.about));
        }
        (setting, node)
    }

    fn wrong(&mut self, node: &Node, key: &str, wanted: &str, example: &str) {
        if let Value::Text(text) = &node.value
            && let Some(blank) = text.strip_prefix('?')
        {
            return self.say(node, format!("`{key}` is blank:{blank}"), format!("write {key} = {example}"));
        }
        let noun = node.value.noun();
        self.say(node, format!("`{key}` must be {wanted}, and is {noun}"), format!("write {key} = {example}"));
    }

    pub(super) fn text(&mut self, path: &[&str]) -> String {
        let (setting, node) = self.setting(path);
        let key = path[path.len() - 1];
        match node {
            None => setting.default.unwrap_or_default().to_owned(),
            Some(Node { value: Value::Text(text), .. }) if !text.starts_with('?') => text,
            Some(node) => {
                self.wrong(&node, key, "a text", "\"…\"");
                String::new()
            }
        }
    }

    /// One of a few words, as the value at the same place.
    pub(super) fn choice<T: Copy>(&mut self, path: &[&str], words: &[&str], values: &[T]) -> T {
        let (setting, node) = self.setting(path);
        let key = path[path.len() - 1];
        let word = match &node {
            None => setting.default.unwrap_or(words[0]).to_owned(),
            Some(Node { value: Value::Text(text), .. }) => text.clone(),
            Some(node) => {
                self.wrong(node, key, &format!("one of {}", words.join(", ")), &format!("\"{}\"", words[0]));
                return values[0];
            }
        };
        if let Some(at) = words.iter().position(|known| *known == word) {
            return values[at];
        }
        if let Some(node) = &node {
            if let Some(blank) = word.strip_prefix('?') {
                self.say(node, format!("`{key}` is blank:{blank}"), format!("choose one of {}", words.join(", ")));
            } else {
                let near = nearest_name(&word, words.iter().copied());
                let hint =
                    near.map_or_else(|| format!("choose one of {}", words.join(", ")), |near| format!("did you mean `{near}`?"));
                self.say(node, format!("`{word}` is none of {}", words.join(", ")), hint);
            }
        }
        values[0]
    }

    pub(super) fn flag(&mut self, path: &[&str]) -> bool {
        let (setting, node) = self.setting(path);
        match node {
            None => setting.default == Some("true"),
            Some(Node { value: Value::Flag(flag), .. }) => flag,
            Some(node) => {
                self.wrong(&node, path[path.len() - 1], "true or false", "true");
                false
            }
        }
    }

    pub(super) fn date(&mut self, path: &[&str]) -> Instant {
        let (_, node) = self.setting(path);
        let key = path[path.len() - 1];
        match node {
            Some(Node { value: Value::Date(Some(at)), .. }) => return at,
            Some(node @ Node { value: Value::Date(None), .. }) => {
                let message = format!("`{key}` must be a date from 1970 on and before 2200");
                self.say(&node, message, format!("write {key} = 2025-01-01"));
            }
            Some(node) => {
                let meant = node.value.as_text().and_then(|text| text.parse::<toml::value::Datetime>().ok());
                let example = meant.map_or_else(|| "2025-01-01".to_owned(), |date| date.to_string());
                self.wrong(&node, key, "a date", &format!("{example}, without quotes"));
            }
            None => {}
        }
        Instant::new(0)
    }

    pub(super) fn span(&mut self, path: &[&str]) -> Span {
        let (setting, node) = self.setting(path);
        let key = path[path.len() - 1];
        let fallback = parse_span(setting.default.unwrap_or("1d")).unwrap_or(Span::from_days(1));
        let Some(node) = node else { return fallback };
        let Value::Text(text) = &node.value else {
            self.wrong(&node, key, "a length of time", "\"7d\"");
            return fallback;
        };
        match parse_span(text) {
            Ok(span) if span.get() > 0 && (span <= LONGEST || key == "term") => span,
            Ok(_) => {
                self.say(&node, format!("`{key}` must be above nothing and at most a year"), format!("write {key} = \"7d\""));
                fallback
            }
            Err(_) if text.starts_with('?') => {
                self.wrong(&node, key, "a length of time", "\"30d\"");
                fallback
            }
            Err(error) => {
                let message = format!("`{text}` is not {}", error.wanted);
                self.say(&node, message, format!("write {key} = \"7d\", or in s, m, h, d, w"));
                fallback
            }
        }
    }

    /// A plain number, where one is given.
    pub(super) fn number(&mut self, path: &[&str], least: f64, most: f64) -> Option<f64> {
        let (_, node) = self.setting(path);
        let (key, node) = (path[path.len() - 1], node?);
        match node.value {
            Value::Number(number) if (least..=most).contains(&number) => return Some(number),
            Value::Number(number) => {
                let nearest = if number < least { least } else { most };
                let message = format!("`{key}` is {number}, and may be from {least} to {most}");
                self.say(&node, message, format!("write {key} = {nearest}"));
            }
            _ => self.wrong(&node, key, "a number", "1"),
        }
        None
    }

    /// Names of classes, or of fees.
    pub(super) fn listed(&mut self, path: &[&str], what: &str) -> Vec<String> {
        let (_, node) = self.setting(path);
        let Some(node) = node else { return Vec::new() };
        let example = format!("[\"some-{what}\"]");
        let Value::List(items) = &node.value else {
            self.wrong(&node, path[path.len() - 1], "a list of names", &example);
            return Vec::new();
        };
        let mut names = Vec::new();
        for item in items {
            match &item.value {
                Value::Text(text) => names.push(text.clone()),
                _ => self.wrong(item, path[path.len() - 1], "a list of names", &example),
            }
        }
        names
    }

    /// `"stream:lease"`.
    pub(super) fn paid_by(&mut self) -> PaidBy {
        let path = ["unit", "paid-by"];
        let (_, node) = self.setting(&path);
        let fallback = PaidBy::Charge(Name::literal("unknown"));
        let Some(node) = node else { return fallback };
        let Value::Text(text) = &node.value else {
            self.wrong(&node, "paid-by", "a text", "\"stream:lease\"");
            return fallback;
        };
        let (way, kind) = text.split_once(':').unwrap_or((text, ""));
        match (way, kind.parse::<Name>()) {
            ("stream", Ok(kind)) => PaidBy::Stream(kind),
            ("charge", Ok(kind)) => PaidBy::Charge(kind),
            ("credit", Ok(kind)) => PaidBy::Credit(kind),
            _ if text.starts_with('?') => {
                self.wrong(&node, "paid-by", "a text", "\"stream:…\", \"charge:…\" or \"credit:…\"");
                fallback
            }
            _ => {
                let text = text.clone();
                let message = format!("`{text}` is none of stream:…, charge:…, credit:…, with a kind of the service behind");
                self.say(&node, message, "write paid-by = \"stream:lease\"");
                fallback
            }
        }
    }

    /// Dates and prices to replay.
    pub(super) fn path(&mut self) -> Vec<(Instant, f64)> {
        let (_, node) = self.setting(&["market", "path"]);
        let Some(node) = node else { return Vec::new() };
        let Value::List(items) = &node.value else {
            self.wrong(&node, "path", "a list", "[[2025-01-01, 3.2], [2025-02-01, 2.9]]");
            return Vec::new();
        };
        let mut path: Vec<(Instant, f64)> = Vec::new();
        for item in items {
            let pair = match &item.value {
                Value::List(pair) => match pair.as_slice() {
                    [Node { value: Value::Date(Some(at)), .. }, Node { value: Value::Number(price), .. }] => Some((*at, *price)),
                    _ => None,
                },
                _ => None,
            };
            match pair {
                None => self.say(item, "this is not a date and a price", "write [2025-01-01, 3.2]"),
                Some((_, price)) if !(price.is_finite() && price > 0.0) => {
                    self.say(item, format!("a price of {price} is none"), "write a number above 0");
                }
                Some((at, _)) if path.last().is_some_and(|(last, _)| *last >= at) => {
                    self.say(item, "dates must go forwards", "sort them, each date once");
                }
                Some(pair) => path.push(pair),
            }
        }
        path
    }
}
