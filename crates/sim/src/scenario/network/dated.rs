//! Events of a scenario that change the network's file, as its own dated changes.

use super::{
    File,
    assign::{Assignment, Edits},
};
use crate::scenario::{Change, Diagnostics, EventAt, Scenario, document::Layer};
use std::{collections::BTreeMap, fmt::Write};

pub(super) fn with_events(text: &str, file: &str, scenario: &Scenario) -> Result<String, Diagnostics> {
    let mut changed = text.to_owned();
    let mut events: Vec<_> = scenario
        .events
        .iter()
        .map(|event| {
            let at = match event.at {
                EventAt::Date(date) => date,
                EventAt::After(span) => scenario.horizon.start.later(span),
            };
            (at, event)
        })
        .collect();
    events.sort_by_key(|(at, _)| *at);
    for (at, event) in events {
        let set: Vec<Assignment> = event
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::Network(key, value) => Some(Assignment::new(key, value)),
                Change::Price(_) | Change::Figure(..) => None,
            })
            .collect();
        if set.is_empty() {
            continue;
        }
        let layer = Layer::new(file, changed.clone());
        let tables = {
            let read = File::read(&layer)?;
            let edits = Edits::of(&read, &set)?;
            tables(&read, &edits, &layer.text)
        };
        let _ = write!(changed, "\n[[change]]\nat = {}\nsource = \"an event of scenario {}\"\n", at.to_rfc3339(), name(scenario));
        for (table, values) in tables {
            let _ = write!(changed, "\n[change.set.{table}]\n");
            for (key, value) in values {
                let _ = writeln!(changed, "{key} = {value}");
            }
        }
    }
    Ok(changed)
}

fn name(scenario: &Scenario) -> String {
    scenario.about.name.chars().filter(|c| !c.is_control() && *c != '"' && *c != '\\').collect()
}

/// The tables of a change: what is new in each, by its heading. A list is written anew as a whole.
fn tables(file: &File, edits: &Edits, text: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut tables: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    // Of several parameter versions the latest is in force.
    let mut latest: BTreeMap<&str, usize> = BTreeMap::new();
    for leaf in edits.new.keys() {
        latest.insert(file.leaves[*leaf].path.as_str(), *leaf);
    }
    for leaf in latest.into_values().map(|leaf| &file.leaves[leaf]) {
        let Some((key, heading)) = leaf.way[..leaf.tables].split_last() else { continue };
        let heading: Vec<String> = heading.iter().map(|key| quoted(key)).collect();
        // What stands under the last table: the value itself, or the list that it is in.
        let inside = leaf.way.len() > leaf.tables;
        let span = if inside { list_span(file, leaf) } else { leaf.span.clone() };
        let value = within(edits, file, span, text);
        tables.entry(heading.join(".")).or_default().insert(quoted(key), value);
    }
    tables
}

/// The whole list around a value.
fn list_span(file: &File, leaf: &super::leaves::Leaf) -> std::ops::Range<usize> {
    let keys: Vec<&str> = leaf.way[..leaf.tables].iter().map(String::as_str).collect();
    let root = if leaf.version == 0 { Some(&file.tree) } else { super::leaves::change_set(&file.tree, leaf.version) };
    root.and_then(|root| root.get(&keys)).map_or(0..0, |node| node.span.clone())
}

/// A part of the text with the edits that lie in it.
fn within(edits: &Edits, file: &File, span: std::ops::Range<usize>, text: &str) -> String {
    let mut part = text.get(span.clone()).unwrap_or_default().to_owned();
    let inside = edits.new.iter().filter(|(leaf, _)| {
        let at = &file.leaves[**leaf].span;
        at.start >= span.start && at.end <= span.end
    });
    let mut places: Vec<_> = inside.map(|(leaf, new)| (file.leaves[*leaf].span.clone(), new)).collect();
    places.sort_by_key(|(at, _)| std::cmp::Reverse(at.start));
    for (at, new) in places {
        part.replace_range(at.start - span.start..at.end - span.start, new);
    }
    part
}

/// A key as it stands in a heading.
fn quoted(key: &str) -> String {
    let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if plain { key.to_owned() } else { format!("\"{key}\"") }
}
