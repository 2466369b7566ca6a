//! A network file as a tree, parameter version by parameter version.

use depin_economy::grammar::ALTERNATIVES;
use depin_quantity::group_digits;
use toml::{Table, Value};

/// The file as it stands from a date on.
pub(super) struct Version {
    /// `None` for the first.
    pub(super) from: Option<String>,
    pub(super) root: Table,
}

/// The overlays of a file, in order.
pub(super) fn overlaid(overlays: Option<&Value>) -> impl Iterator<Item = &Table> {
    overlays.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table)
}

/// The parameter versions of a file: as it begins, and after each `[[change]]`.
pub(super) fn versions(root: &Table) -> Vec<Version> {
    let mut now = root.clone();
    let overlays = now.remove("overlay");
    for set in overlaid(overlays.as_ref()).filter_map(|overlay| overlay.get("set")?.as_table()) {
        merge(&mut now, set);
    }
    let changes = now.remove("change");
    let mut versions = vec![Version { from: None, root: now.clone() }];
    for change in changes.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_table) {
        for path in change.get("remove").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            remove(&mut now, path);
        }
        if let Some(set) = change.get("set").and_then(Value::as_table) {
            merge(&mut now, set);
        }
        let from = match (change.get("at"), change.get("after")) {
            (Some(Value::Datetime(at)), _) => day(&at.to_string()),
            (_, Some(Value::String(after))) => format!("{after} after the start"),
            _ => "an unknown date".to_owned(),
        };
        versions.push(Version { from: Some(from), root: now.clone() });
    }
    versions
}

/// A date without its time when that is midnight.
pub(super) fn day(date: &str) -> String {
    date.strip_suffix("T00:00:00Z").unwrap_or(date).to_owned()
}

/// Puts `set` over `into`: tables key by key, everything else whole.
fn merge(into: &mut Table, set: &Table) {
    for keys in ALTERNATIVES {
        for key in keys.iter().filter(|key| set.contains_key(**key)) {
            for other in keys.iter().filter(|other| *other != key && !set.contains_key(**other)) {
                into.remove(*other);
            }
        }
    }
    for (key, value) in set {
        match (into.get_mut(key), value) {
            (Some(Value::Table(old)), Value::Table(new)) => merge(old, new),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

/// A name may hold points itself, so the longest key that fits comes first.
fn remove(table: &mut Table, path: &str) {
    if table.remove(path).is_some() {
        return;
    }
    let inner = table.iter_mut().find_map(|(key, value)| {
        let rest = path.strip_prefix(key.as_str())?.strip_prefix('.')?;
        Some((value.as_table_mut()?, rest))
    });
    if let Some((inner, rest)) = inner {
        remove(inner, rest);
    }
}

/// One parameter version, with short ways to its tables.
pub(super) struct File<'a>(&'a Table);

impl<'a> File<'a> {
    pub(super) const fn new(root: &'a Table) -> Self {
        Self(root)
    }

    /// The table at a path.
    pub(super) fn table(&self, path: &[&str]) -> Option<&'a Table> {
        table(self.0, path)
    }

    /// The tables below a path, by name in the order of the file's names.
    pub(super) fn all(&self, path: &[&str]) -> Vec<(&'a str, &'a Table)> {
        let below = self.table(path).into_iter().flatten();
        below.filter_map(|(name, value)| Some((name.as_str(), value.as_table()?))).collect()
    }

    /// The tables of a list.
    pub(super) fn list(&self, key: &str) -> Vec<&'a Table> {
        tables(self.0, key)
    }

    pub(super) fn text(&self, path: &[&str]) -> Option<&'a str> {
        text(self.0, path)
    }

    /// The metrics that are bound to this, such as `("pool", "work")`, as text.
    pub(super) fn metrics(&self, what: &str, name: &str) -> String {
        self.bound(what, name).join(", ")
    }

    /// The same, each by its name.
    pub(super) fn bound(&self, what: &str, name: &str) -> Vec<&'a str> {
        let bound = self.all(&["bind"]).into_iter().filter(|(_, b)| string(b, what) == Some(name));
        bound.map(|(metric, _)| metric).collect()
    }
}

/// The tables of a list in a table.
pub(super) fn tables<'a>(of: &'a Table, key: &str) -> Vec<&'a Table> {
    of.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table).collect()
}

pub(super) fn table<'a>(root: &'a Table, path: &[&str]) -> Option<&'a Table> {
    path.iter().try_fold(root, |table, key| table.get(*key)?.as_table())
}

pub(super) fn text<'a>(root: &'a Table, path: &[&str]) -> Option<&'a str> {
    let (last, above) = path.split_last()?;
    table(root, above)?.get(*last)?.as_str()
}

/// A text in a table.
pub(super) fn string<'a>(of: &'a Table, key: &str) -> Option<&'a str> {
    of.get(key)?.as_str()
}

/// Whether a table says itself where its figures come from.
pub(super) fn remarked(of: &Table) -> bool {
    of.contains_key("source") || of.contains_key("why")
}

/// A value as people read it: digits in groups, dates without midnight, lists with commas.
pub(super) fn shown(of: &Table, key: &str) -> Option<String> {
    match of.get(key)? {
        Value::String(text) => Some(super::words::amount(text)),
        Value::Integer(number) => Some(group_digits(&number.to_string(), ',')),
        Value::Datetime(date) => Some(day(&date.to_string())),
        Value::Array(items) => Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Float(_) | Value::Table(_) => None,
    }
}
