//! Values put into a network's file.

use super::{
    File, PREFIX,
    leaves::{self, Leaf},
    shares,
};
use crate::scenario::{
    Diagnostic, Diagnostics,
    document::{Layer, Value, typed_value},
};
use depin_quantity::nearest_name;
use std::{collections::BTreeMap, fmt, ops::Range};

/// One value for one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// `network.utility.stream.lease.pays.payee.share`; the last `share` may be left out.
    pub key: String,
    /// As it would stand in the file, without quotes: `60%`.
    pub value: String,
    /// The key whose share makes room, where it is not to be all of them in proportion.
    pub against: Option<String>,
}

impl Assignment {
    /// A value for a key; room is made in proportion.
    pub fn new(key: &str, value: &str) -> Self {
        Self { key: key.to_owned(), value: value.to_owned(), against: None }
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)?;
        match &self.against {
            Some(against) => write!(f, " against {against}"),
            None => Ok(()),
        }
    }
}

/// What is written in place of what, by the number of the leaf.
#[derive(Default)]
pub(super) struct Edits {
    pub(super) new: BTreeMap<usize, String>,
    /// What changes say that did not say it.
    pub(super) added: Vec<Added>,
}

/// A value that a change says anew.
pub(super) struct Added {
    /// The number of the change, from 1.
    pub(super) change: usize,
    /// The leaf that it says anew.
    pub(super) leaf: usize,
    pub(super) text: String,
}

impl Edits {
    pub(super) fn of(file: &File, set: &[Assignment]) -> Result<Self, Diagnostics> {
        let mut edits = Self::default();
        let mut wrong = Vec::new();
        for one in set {
            match find(file, &one.key) {
                Ok(found) => {
                    for leaf in found {
                        match literal(&file.leaves[leaf].text, &one.value) {
                            Ok(text) => drop(edits.new.insert(leaf, text)),
                            Err(hint) => wrong.push(typed(one, format!("`{}` cannot stand there", one.value), &hint)),
                        }
                    }
                }
                Err((message, hint)) => wrong.push(typed(one, message, &hint)),
            }
        }
        if wrong.is_empty() {
            wrong = shares::balance(file, set, &mut edits).err().into_iter().collect();
        }
        if !wrong.is_empty() {
            return Err(Diagnostics::new(wrong));
        }
        Ok(edits)
    }

    /// The text with all of them, from behind, so that places stay what they were; or why it cannot be written.
    pub(super) fn done(&self, file: &File, text: &str) -> Result<String, String> {
        let mut changed = text.to_owned();
        let mut places: Vec<(Range<usize>, String)> =
            self.new.iter().map(|(leaf, new)| (file.leaves[*leaf].span.clone(), new.clone())).collect();
        places.extend(self.added.iter().map(|added| said_in(file, added, text)));
        places.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
        for (span, new) in places {
            changed.replace_range(span, &new);
        }
        match self.added.iter().find(|added| !says(&changed, file, added)) {
            None => Ok(changed),
            Some(added) => {
                let (path, change) = (&file.leaves[added.leaf].path, &file.changes[added.change - 1]);
                Err(format!(
                    "the change of {} would have to say `{path} = {}`, and is written in a way that it cannot",
                    change.when, added.text
                ))
            }
        }
    }
}

/// Where a change says a value that it did not say, and what is written there: in the table that it has, or in one of its own behind it.
fn said_in(file: &File, added: &Added, text: &str) -> (Range<usize>, String) {
    let way = &file.leaves[added.leaf].way;
    let (key, table) = way.split_last().map_or(("", way.as_slice()), |(key, table)| (key.as_str(), table));
    let keys: Vec<&str> = table.iter().map(String::as_str).collect();
    let there = leaves::change_set(&file.tree, added.change).and_then(|set| set.get(&keys));
    if let Some((node, Value::Table(inner))) = there.map(|node| (node, &node.value))
        && let Some(first) = inner.entries.values().map(|entry| entry.key.start).min()
    {
        let inline = text.get(node.span.clone()).is_some_and(|written| written.starts_with('{'));
        let end = if inline { ", " } else { "\n" };
        return (first..first, format!("{key} = {}{end}", added.text));
    }
    let end = file.changes.get(added.change).map_or(text.len(), |next| next.at);
    let heading: Vec<String> = table.iter().map(|key| leaves::quoted(key)).collect();
    (end..end, format!("\n[change.set.{}]\n{key} = {}\n\n", heading.join("."), added.text))
}

/// Whether a text's change says what was added to it.
fn says(text: &str, file: &File, added: &Added) -> bool {
    let leaf = &file.leaves[added.leaf];
    File::read(&Layer::new("", text)).is_ok_and(|read| {
        read.leaves.iter().any(|other| other.version == added.change && other.path == leaf.path && other.text == added.text)
    })
}

/// An error about what was typed.
pub(super) fn typed(one: &Assignment, message: impl Into<String>, hint: &str) -> Diagnostic {
    let text = one.to_string();
    Diagnostic::error("--set", &text, 0..one.key.len(), message, hint)
}

/// The leaves that a key names: one for each parameter version that says it.
pub(super) fn find(file: &File, key: &str) -> Result<Vec<usize>, (String, String)> {
    let Some(path) = key.strip_prefix(PREFIX) else {
        return Err((format!("`{key}` does not begin with {PREFIX}"), format!("write {PREFIX}{key}")));
    };
    let named = |wanted: &str| -> Vec<usize> {
        let fits = |(_, leaf): &(usize, &Leaf)| leaf.path == wanted;
        file.leaves.iter().enumerate().filter(fits).map(|(at, _)| at).collect()
    };
    let mut found = named(path);
    if found.is_empty() {
        found = named(&format!("{path}.share"));
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let paths: Vec<&str> = file.leaves.iter().map(|leaf| leaf.path.as_str()).collect();
    let hint = match (near(path, &paths), below(path, &paths)) {
        (_, Some(leaf)) => format!("it holds several; one of them is `{PREFIX}{leaf}`"),
        (Some(near), None) => format!("did you mean `{PREFIX}{near}`?"),
        (None, None) => "depin sim keys NETWORK lists them".to_owned(),
    };
    Err((format!("the network's file has no `{path}`"), hint))
}

/// A key below a table that was named.
fn below<'a>(path: &str, paths: &[&'a str]) -> Option<&'a str> {
    paths.iter().copied().find(|leaf| leaf.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// The key that was meant: one like it in the deepest table that was named rightly, or, where none is, the first one there. Among all
/// keys only where not even the first word is right.
fn near<'a>(path: &str, paths: &[&'a str]) -> Option<&'a str> {
    let tables = path.match_indices('.').map(|(at, _)| &path[..=at]).rev();
    for table in tables {
        let inside: Vec<&str> = paths.iter().copied().filter(|leaf| leaf.starts_with(table)).collect();
        if let Some(first) = inside.first() {
            // A share may be named by its payee alone.
            let rests = inside.iter().flat_map(|leaf| [*leaf, leaf.strip_suffix(".share").unwrap_or(leaf)]);
            let rests = rests.map(|leaf| leaf.trim_start_matches(table));
            let like = nearest_name(&path[table.len()..], rests);
            return like
                .and_then(|like| paths.iter().copied().find(|leaf| leaf.starts_with(&format!("{table}{like}"))))
                .or(Some(first));
        }
    }
    nearest_name(path, paths.iter().copied())
}

/// A value as it is written where another one stood: a text in quotes where there was one.
pub(super) fn literal(old: &str, new: &str) -> Result<String, String> {
    let new = new.trim();
    if old.starts_with(['"', '\'']) {
        let bare = new.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(new);
        let plain = !bare.contains(['"', '\\']) && !bare.chars().any(char::is_control);
        return if plain { Ok(format!("\"{bare}\"")) } else { Err(format!("write a text like {old}")) };
    }
    match typed_value(new, 0) {
        Some(_) => Ok(new.to_owned()),
        None => Err(format!("write a value like {old}")),
    }
}
