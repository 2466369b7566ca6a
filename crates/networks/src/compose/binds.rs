//! `[bind]`: what each of the service's measures is for in the new network.

use super::{
    Mix,
    write::{Page, quoted},
};
use toml_edit::{InlineTable, Value};

/// What the measures are bound to, as it becomes known.
#[derive(Default)]
pub(super) struct Bound {
    entries: Vec<(String, String, Value)>,
}

impl Bound {
    /// Binds a measure, unless it is bound to something of this kind already.
    pub fn add(&mut self, measure: &str, key: &str, value: Value) {
        if !self.entries.iter().any(|(m, k, _)| m == measure && k == key) {
            self.entries.push((measure.to_owned(), key.to_owned(), value));
        }
    }

    /// What a measure is bound to under `key`.
    pub fn get(&self, measure: &str, key: &str) -> Option<&str> {
        self.entries.iter().find(|(m, k, _)| m == measure && k == key).and_then(|(_, _, value)| value.as_str())
    }
}

/// Writes all measures, those that nothing depends on too.
pub(super) fn write(mix: &mut Mix<'_>, page: &mut Page) {
    page.gap();
    page.raw("[bind]\n");
    for measure in mix.service.measures {
        let mut entry = InlineTable::new();
        for (_, key, value) in mix.bound.entries.iter().filter(|(m, _, _)| *m == measure.name.as_str()) {
            entry.insert(key, value.clone());
        }
        page.comment(measure.words);
        page.raw(&format!("{} = {}\n", quoted(measure.name.as_str()), entry.to_string().trim()));
    }
}
