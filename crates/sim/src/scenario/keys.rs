//! The keys of a scenario: listed, found, set, drawn.

use super::{
    Figure, Provenance, Scenario,
    document::{Node, Table, Value},
    fields::Field,
    read::{bare, segments},
    settings::{SETTINGS, Setting},
};
use depin_quantity::nearest_name;
use std::collections::BTreeMap;

/// One key with what it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The key as the command line and a [`Point`](crate::Point) take it.
    pub path: String,
    /// What one of it is; empty for a setting.
    pub unit: String,
    /// Its value in words.
    pub value: String,
    /// Between which bounds it is drawn.
    pub range: Option<(f64, f64)>,
    /// Whether it is drawn by its logarithm.
    pub log: bool,
    /// Where it comes from.
    pub provenance: Provenance,
    /// What it means.
    pub about: String,
}

/// A key that no figure has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no figure of the scenario is called `{key}`{}", near.as_ref().map_or_else(String::new, |near| format!("; did you mean `{near}`?")))]
pub struct UnknownKey {
    /// What was asked for.
    pub key: String,
    /// The key that is like it.
    pub near: Option<String>,
}

impl Scenario {
    /// Every figure by its key.
    pub fn figures(&self) -> BTreeMap<String, Figure> {
        let mut all = BTreeMap::new();
        self.clone().visit(&mut |key, figure| drop(all.insert(key.to_owned(), figure.clone())));
        all
    }

    /// Every figure with what it means, in the order in which they are read.
    pub fn keys(&self) -> Vec<Key> {
        let (unit, plural) = (self.unit.name.clone(), self.unit.plural.clone());
        let mut keys = Vec::new();
        self.clone().visit(&mut |key, figure| {
            let field = super::read::field_of(key);
            let words = |text: &str| text.replace("{unit} a day", &format!("{plural} a day")).replace("{unit}", &unit);
            keys.push(Key {
                path: key.to_owned(),
                unit: words(field.unit),
                value: figure.value.to_string(),
                range: figure.range,
                log: figure.log,
                provenance: figure.provenance.clone(),
                about: words(field.about),
            });
        });
        keys
    }

    /// Sets figures by their keys: they are fixed then.
    ///
    /// # Errors
    /// [`UnknownKey`] for the first key that no figure has; nothing is changed then.
    pub fn set_figures<'k>(&mut self, values: impl IntoIterator<Item = (&'k str, f64)>) -> Result<(), UnknownKey> {
        let values: BTreeMap<&str, f64> = values.into_iter().collect();
        let figures = self.figures();
        if let Some(key) = values.keys().find(|key| !figures.contains_key(**key)) {
            let near = nearest_name(key, figures.keys().map(String::as_str)).map(str::to_owned);
            return Err(UnknownKey { key: (*key).to_owned(), near });
        }
        self.visit(&mut |key, figure| {
            if let Some(value) = values.get(key) {
                (figure.value, figure.range) = (*value, None);
            }
        });
        Ok(())
    }

    /// One value for every figure that has a range: at `part` of it, which is asked for by the key and lies from 0 to 1.
    pub fn draw(&self, mut part: impl FnMut(&str) -> f64) -> BTreeMap<String, f64> {
        let ranged = self.figures().into_iter().filter(|(_, figure)| figure.range.is_some());
        ranged.map(|(key, figure)| (key.clone(), figure.at(part(&key)))).collect()
    }
}

/// Every key that a tree could have, from its names: figures and settings.
pub(super) fn all_keys(tree: &Table) -> Vec<String> {
    let names = |section: &str| -> Vec<String> {
        let table = tree.table(&[section]).map(|table| &table.entries);
        let tables = table.into_iter().flatten().filter(|(_, node)| matches!(node.value, Value::Table(_)));
        tables.map(|(name, _)| name.clone()).collect()
    };
    let patterns = super::fields::FIELDS.iter().map(|field| field.path).chain(SETTINGS.iter().map(|setting| setting.path));
    let expand = |pattern: &str| match pattern.split_once('*') {
        None => vec![shown(pattern)],
        Some((before, after)) => {
            let section = before.trim_end_matches('.');
            names(section).into_iter().map(|name| shown(&format!("{before}{name}{after}"))).collect()
        }
    };
    patterns.flat_map(expand).collect()
}

/// A path as a key: what stands in `[scenario]` has no second `scenario.`.
fn shown(path: &str) -> String {
    if path.starts_with("scenario.") { path.to_owned() } else { format!("scenario.{path}") }
}

/// The key that was meant by one that is none.
pub(super) fn near_key(key: &str, tree: &Table) -> Option<String> {
    let all = all_keys(tree);
    nearest_name(key, all.iter().map(String::as_str)).map(str::to_owned)
}

/// The way through the tree to what a key names: a figure or a setting, below `[scenario]` where no section has it.
pub(super) fn way<'k>(key: &'k str, tree: &Table) -> Option<Vec<&'k str>> {
    let path = bare(key);
    let pattern = Field::of(path).map(|field| field.path).or_else(|| Setting::of(path).map(|setting| setting.path));
    let Some(pattern) = pattern else {
        // `scenario.years` is what the file has as `years` in [scenario].
        return Setting::of(key).filter(|setting| setting.path == key).map(|_| key.split('.').collect());
    };
    let keys = segments(pattern, path);
    let named = pattern.contains('*') && !pattern.starts_with("boom");
    (!named || tree.table(&keys[..2]).is_some()).then_some(keys)
}

/// A tree that holds one value at a way.
pub(super) fn grown(way: &[&str], node: Node) -> Table {
    let mut node = node;
    for key in way.iter().skip(1).rev() {
        let place = Node { value: Value::Table(Table::default()), ..node.clone() };
        let mut table = Table::default();
        table.entries.insert((*key).to_owned(), node);
        node = Node { value: Value::Table(table), ..place };
    }
    let mut root = Table::default();
    if let Some(first) = way.first() {
        root.entries.insert((*first).to_owned(), node);
    }
    root
}
