//! What is told of a table when it was read: keys that nobody asked for, keys that it lacks, figures without a source.

use super::{
    super::{
        document::{Entry, Value},
        grammar::{meant, meant_hint},
        problem::{Problem, Stage},
    },
    Reader,
};
use depin_quantity::nearest_name;
use std::collections::BTreeSet;

impl Reader<'_> {
    /// Notes what is left to be noted. A table whose reading gave up (`whole` is false) did not ask for all its keys.
    pub(in super::super) fn finish(mut self, whole: bool) {
        self.provenance();
        let mut claimed = self.misspelt();
        claimed.extend(if self.grammar.is_some() { self.no_use(whole) } else { self.unknown(whole) });
        let table = if self.section.path.is_empty() { "the file".to_owned() } else { format!("`{}`", self.section.path) };
        for (key, example) in self.missing.iter().filter(|(key, _)| !claimed.contains(key)) {
            let message = format!("{table} lacks `{key}`");
            let hint = match self.grammar.and_then(|grammar| grammar.field(key)) {
                Some(field) => format!("write {key} = {example}: {}", field.description),
                None => format!("write {key} = {example}"),
            };
            self.context.report(Problem::new(self.section.span.clone(), message).hint(hint).stage(Stage::Text));
        }
    }

    fn unknown_key(&self, key: &str, entry: &Entry, hint: String) {
        let problem = Problem::new(entry.key_span.clone(), format!("unknown key `{key}`")).hint(hint);
        self.context.report(problem.stage(Stage::Text));
    }

    /// Keys that stand under an earlier or a misspelt name; each is told, whether anybody asked for it or not.
    fn misspelt(&self) -> BTreeSet<String> {
        for (meant, written) in &self.slips {
            if let Some(entry) = self.section.entries.get(*written) {
                self.unknown_key(written, entry, meant_hint(written, meant));
            }
        }
        self.slips.keys().map(|meant| (*meant).to_owned()).collect()
    }

    /// Keys that the grammar lacks, and those that only have no use beside the others.
    fn no_use(&self, whole: bool) -> BTreeSet<String> {
        let Some(grammar) = self.grammar else { return BTreeSet::new() };
        for (key, entry) in &self.section.entries {
            if self.asked.iter().any(|asked| asked == key) || self.slips.values().any(|written| written == key) {
                continue;
            }
            match grammar.field(key) {
                Some(field) if whole => {
                    let message = format!("`{key}` has no use here");
                    let hint = format!("remove it; it means: {}", field.description);
                    self.context.report(Problem::new(entry.key_span.clone(), message).hint(hint));
                }
                Some(_) => {}
                None => {
                    let known: Vec<&str> = grammar.fields.iter().map(|field| field.key).collect();
                    let hint = meant(key, known.iter().copied())
                        .map_or_else(|| format!("known here: {}", known.join(", ")), |near| meant_hint(key, near));
                    self.unknown_key(key, entry, hint);
                }
            }
        }
        BTreeSet::new()
    }

    /// Keys that nobody asked for, with the nearest key that was; of a table that was not read whole only those that look like a
    /// missing one. Gives the missing keys that are there under another name.
    fn unknown(&self, whole: bool) -> BTreeSet<String> {
        let mut known = self.known.borrow().clone();
        known.extend(self.asked.iter().cloned());
        known.sort_unstable();
        known.dedup();
        let mut claimed = BTreeSet::new();
        for (key, entry) in &self.section.entries {
            if self.asked.iter().any(|asked| asked == key) {
                continue;
            }
            let free = known.iter().map(String::as_str).filter(|known| !self.section.has(known));
            if let Some(near) = nearest_name(key, free) {
                claimed.insert(near.to_owned());
                self.unknown_key(key, entry, format!("did you mean `{near}`?"));
            } else if whole {
                self.unknown_key(key, entry, format!("known here: {}", known.join(", ")));
            }
        }
        claimed
    }

    fn provenance(&mut self) {
        let source = self.optional("source").map(|e| self.stated(e));
        let parameter = self.optional("parameter");
        let reason = self.optional("why").map(|e| self.stated(e));
        if let Some(entry) = parameter
            && !matches!(entry.value, Value::Flag(true))
        {
            self.wrong(entry, "`true`, or no such key", "parameter = true");
        }
        let path = &self.section.path;
        let (message, hint) = match (source, parameter.is_some(), reason) {
            (Some(_), true, _) => ("a figure has a source or is a parameter, not both", "remove one of `source` and `parameter`"),
            (None, true, None) => ("a parameter says why it has this value", "add why = \"…\""),
            (None, false, None) if self.figures && !self.context.sourced => (
                "figures without a source",
                "add source = \"…\", or parameter = true and why = \"…\"; above the first table it stands for the whole file",
            ),
            (_, false, Some(_)) => ("`why` goes with parameter = true", "add parameter = true"),
            _ => return,
        };
        let message = if path.is_empty() { message.to_owned() } else { format!("`{path}`: {message}") };
        self.context.report(Problem::new(self.section.span.clone(), message).hint(hint));
    }

    fn stated(&self, entry: &Entry) {
        if !matches!(&entry.value, Value::Text(text) if !text.trim().is_empty()) {
            self.wrong(entry, "a text that is not empty", "\"…\"");
        }
    }

    /// Leaves the source of this table's figures to the table around it, unless it states one itself; whether it left any.
    pub(super) fn leave_source(&mut self) -> bool {
        let own = ["source", "parameter", "why"].iter().any(|key| self.get(key).is_some());
        !own && std::mem::take(&mut self.figures)
    }
}
