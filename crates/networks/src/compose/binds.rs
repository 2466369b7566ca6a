//! `[bind]`: what each of the service's metrics is for in the new network.

use super::{
    Mix,
    write::{Page, quoted},
};
use toml_edit::{InlineTable, Value};

/// What the metrics are bound to, as it becomes known.
#[derive(Default)]
pub(super) struct Bound {
    entries: Vec<(String, String, Value)>,
}

impl Bound {
    /// Binds a metric, unless it is bound to something of this kind already.
    pub fn add(&mut self, metric: &str, key: &str, value: Value) {
        if !self.entries.iter().any(|(m, k, _)| m == metric && k == key) {
            self.entries.push((metric.to_owned(), key.to_owned(), value));
        }
    }

    /// What a metric is bound to under `key`.
    pub fn get(&self, metric: &str, key: &str) -> Option<&str> {
        self.entries.iter().find(|(m, k, _)| m == metric && k == key).and_then(|(_, _, value)| value.as_str())
    }
}

/// Writes all metrics, those that nothing depends on too.
pub(super) fn write(mix: &mut Mix<'_>, page: &mut Page) {
    page.gap();
    page.raw("[bind]\n");
    for metric in mix.service.metrics {
        let mut entry = InlineTable::new();
        for (_, key, value) in mix.bound.entries.iter().filter(|(m, _, _)| *m == metric.name.as_str()) {
            entry.insert(key, value.clone());
        }
        page.comment(metric.description);
        page.raw(&format!("{} = {}\n", quoted(metric.name.as_str()), entry.to_string().trim()));
    }
}
