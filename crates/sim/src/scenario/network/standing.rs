//! What of a file is in force after some of its changes.

use super::{
    File, PREFIX,
    assign::find,
    leaves::{Group, Leaf},
};
use crate::scenario::{
    Diagnostic, Diagnostics,
    document::{Layer, Node, Table, Value},
};
use depin_economy::Spec;
use depin_quantity::Instant;
use std::collections::BTreeMap;

/// One `[[change]]` of a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Dated {
    /// When it begins, as it is written.
    pub(super) when: String,
    /// Where its heading stands.
    pub(super) at: usize,
    /// Paths of what it takes away.
    removes: Vec<String>,
}

pub(super) fn changes(tree: &Table, text: &str) -> Vec<Dated> {
    let Some(Value::List(changes)) = tree.entries.get("change").map(|node| &node.value) else { return Vec::new() };
    let one = |change: &Node| {
        let Value::Table(table) = &change.value else {
            return Dated { when: String::new(), at: change.span.start, removes: Vec::new() };
        };
        let written = |key: &str| Some(text.get(table.entries.get(key)?.span.clone())?.trim_matches('"').to_owned());
        let removes = match table.entries.get("remove").map(|node| &node.value) {
            Some(Value::List(paths)) => paths.iter().filter_map(|path| path.value.as_text().map(str::to_owned)).collect(),
            _ => Vec::new(),
        };
        let when = written("at").or_else(|| written("after").map(|span| format!("{span} after the start"))).unwrap_or_default();
        Dated { when: when.trim_end_matches("T00:00:00Z").to_owned(), at: change.span.start, removes }
    };
    changes.iter().map(one).collect()
}

/// A change says a pool's share without the emission that it is a part of.
pub(super) fn complete_groups(leaves: &mut [Leaf]) {
    let said: Vec<(String, usize, Group)> =
        leaves.iter().filter_map(|leaf| Some((leaf.path.clone(), leaf.version, leaf.group.clone()?))).collect();
    for leaf in leaves.iter_mut().filter(|leaf| leaf.group.is_none()) {
        let before = said.iter().filter(|(path, version, _)| *path == leaf.path && *version < leaf.version);
        leaf.group = before.max_by_key(|(_, version, _)| *version).map(|(.., group)| group.clone());
    }
}

impl File {
    /// The leaves that are in force after so many changes: of each value, and of each list as a whole, what is said last, but for what
    /// was taken away, and for what something else stands in place of.
    pub(super) fn standing(&self, changes: usize) -> Vec<usize> {
        let whole = |leaf: &Leaf| leaf.way[..leaf.tables].join(".");
        let mut last: BTreeMap<String, usize> = BTreeMap::new();
        for leaf in self.leaves.iter().filter(|leaf| leaf.version <= changes) {
            let mut say = |path: String| {
                let version = last.entry(path).or_default();
                *version = leaf.version.max(*version);
            };
            say(whole(leaf));
            // A pool has a share or is scored; a share that was a table of its own is one no more.
            if let Some(pool) = leaf.path.strip_suffix(".scored") {
                say(format!("{pool}.share"));
            } else if let Some(pool) = leaf.path.strip_suffix(".share") {
                say(format!("{pool}.scored"));
                if leaf.group.is_some() && !leaf.text.starts_with('{') {
                    ["first", "until", "step", "every"].into_iter().for_each(|part| say(format!("{}.{part}", leaf.path)));
                }
            }
        }
        let removed = |leaf: &Leaf| {
            let later = self.changes.iter().take(changes).skip(leaf.version);
            later
                .flat_map(|change| &change.removes)
                .any(|path| leaf.path.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
        };
        let stands = |leaf: &Leaf| leaf.version <= changes && last.get(&whole(leaf)) == Some(&leaf.version) && !removed(leaf);
        (0..self.leaves.len()).filter(|at| stands(&self.leaves[*at])).collect()
    }

    /// With only what is in force after so many of its changes.
    pub(super) fn in_force(mut self, changes: usize) -> Self {
        let standing = self.standing(changes);
        let mut at = 0;
        self.leaves.retain(|_| {
            at += 1;
            standing.binary_search(&(at - 1)).is_ok()
        });
        self.in_force = true;
        self
    }
}

/// Refuses keys of the network that say nothing of a run from `start` on: what they name was said anew, or taken away, by a change until
/// then.
///
/// # Errors
/// Every such key, with the change, and with what is in force.
pub fn still_in_force(text: &str, file: &str, keys: &[&str], start: Instant) -> Result<(), Diagnostics> {
    let Ok(spec) = Spec::parse(text) else { return Ok(()) };
    let genesis = spec.network().launch.unwrap_or(start);
    let before = spec.later().iter().filter(|(at, _)| at.of(genesis) <= start).count();
    let read = File::read(&Layer::new(file, text))?;
    let standing = read.standing(before);
    let gone = |key: &&&str| find(&read, key).is_ok_and(|found| !found.iter().any(|leaf| standing.binary_search(leaf).is_ok()));
    let wrong: Vec<Diagnostic> = keys.iter().filter(gone).map(|key| gone_by(&read, &standing, before, key)).collect();
    if wrong.is_empty() { Ok(()) } else { Err(Diagnostics::new(wrong)) }
}

fn gone_by(file: &File, standing: &[usize], before: usize, key: &str) -> Diagnostic {
    let found = find(file, key).unwrap_or_default();
    let first_without = (1..=before).rev().find(|changes| {
        let standing = file.standing(changes - 1);
        found.iter().any(|leaf| standing.binary_search(leaf).is_ok())
    });
    let when = first_without.and_then(|number| file.changes.get(number - 1)).map(|change| change.when.as_str());
    let message = format!("`{key}` is in force until {} only, and so changes nothing in this run", when.unwrap_or_default());
    // Others of its list or of its emission, as they are then.
    let groups: Vec<&Group> = found.iter().filter_map(|leaf| file.leaves[*leaf].group.as_ref()).collect();
    let now =
        standing.iter().map(|at| &file.leaves[*at]).filter(|leaf| leaf.group.as_ref().is_some_and(|own| groups.contains(&own)));
    let names: Vec<String> = now.map(|leaf| format!("`{PREFIX}{}`", leaf.path)).collect();
    let hint = match names.is_empty() {
        true => "`depin sim keys NETWORK` lists all keys; `depin network show NETWORK` tells what is in force".to_owned(),
        false => format!("since then there is {}", names.join(", ")),
    };
    Diagnostic::error("--set", key, 0..key.len(), message, hint)
}
