//! Events of a scenario that change the network's file, as its own dated changes.

use super::{
    File,
    assign::{Assignment, Edits},
    leaves, sound,
};
use crate::scenario::{
    Change, Diagnostics, EventAt, Scenario,
    document::{Layer, Node, Value},
};
use depin_economy::{Spec, VersionStart};
use depin_quantity::{Instant, Span};
use std::{collections::BTreeMap, fmt::Write};

/// An event that the network's file cannot take.
pub(in super::super) struct Unfit {
    /// Its number in the scenario.
    pub(in super::super) event: usize,
    /// The key that it is about, where it is about one.
    pub(in super::super) key: Option<String>,
    /// What is wrong.
    pub(in super::super) message: String,
    /// What to do.
    pub(in super::super) hint: String,
}

/// What happens in the file at one date: events of the same day are one change.
struct Day {
    at: Instant,
    events: Vec<usize>,
    set: Vec<Assignment>,
}

pub(in super::super) fn with_events(text: &str, scenario: &Scenario) -> Result<String, Unfit> {
    let mut changed = text.to_owned();
    for day in days(scenario) {
        let unfit = |key: Option<&str>, message: String, hint: String| {
            let sets = |event: &&usize| {
                let changes = &scenario.events[**event].changes;
                key.is_none_or(|key| changes.iter().any(|change| matches!(change, Change::Network(own, _) if own == key)))
            };
            let event = day.events.iter().rev().find(sets).or(day.events.last()).copied().unwrap_or_default();
            Unfit { event, key: key.map(str::to_owned), message, hint }
        };
        let of_file = |found: &Diagnostics| {
            let first = found.errors().next();
            let (message, hint) = first.map_or_else(Default::default, |one| (one.message.clone(), one.hint.clone()));
            let key = day.set.iter().find(|_| day.set.len() == 1).map(|one| one.key.as_str());
            let hint = hint.unwrap_or_else(|| "depin check NETWORK tells more of a network's file".to_owned());
            unfit(key, format!("the network could not be that: {message}"), hint)
        };
        changed = with_day(&changed, scenario, &day, &unfit)?;
        sound(&changed, "the network's file").map_err(|found| of_file(&found))?;
    }
    Ok(changed)
}

/// The dates on which events change the file, in order.
fn days(scenario: &Scenario) -> Vec<Day> {
    let mut days: BTreeMap<Instant, Day> = BTreeMap::new();
    for (number, event) in scenario.events.iter().enumerate() {
        let at = match event.at {
            EventAt::Date(date) => date,
            EventAt::After(span) => scenario.horizon.start.later(span),
        };
        for change in &event.changes {
            let Change::Network(key, value) = change else { continue };
            let day = days.entry(at).or_insert_with(|| Day { at, events: Vec::new(), set: Vec::new() });
            if day.events.last() != Some(&number) {
                day.events.push(number);
            }
            // Of two values for one key the later one counts.
            day.set.retain(|one| one.key != *key);
            day.set.push(Assignment::new(key, value));
        }
    }
    days.into_values().collect()
}

/// The file with one change more, at its place among those that are there.
fn with_day(
    text: &str,
    scenario: &Scenario,
    day: &Day,
    unfit: &dyn Fn(Option<&str>, String, String) -> Unfit,
) -> Result<String, Unfit> {
    let unreadable = |why: String| unfit(None, why, "depin check NETWORK tells more of a network's file".to_owned());
    let spec = Spec::parse(text).map_err(|errors| unreadable(errors.to_string()))?;
    let genesis = spec.network().launch.unwrap_or(scenario.horizon.start);
    let starts: Vec<Instant> = spec.later().iter().map(|(start, _)| start.of(genesis)).collect();
    if starts.contains(&day.at) {
        let message = "the network's file has a change of its own at that very time".to_owned();
        return Err(unfit(None, message, "let the event happen a day earlier or later".to_owned()));
    }
    let before = starts.iter().filter(|at| **at < day.at).count();
    let layer = Layer::new("the network's file", text);
    let read = File::read(&layer).map_err(|found| unreadable(found.to_string()))?.in_force(before);
    let edits = Edits::of(&read, &day.set).map_err(|found| {
        let key = day.set.iter().find(|one| Edits::of(&read, std::slice::from_ref(*one)).is_err()).map(|one| one.key.as_str());
        let (message, hint) = found.errors().next().map_or_else(Default::default, |one| (one.message.clone(), one.hint.clone()));
        unfit(key, message, hint.unwrap_or_default())
    })?;
    // All changes of a file say when by dates, or all by time since its beginning where it tells no date of that.
    let by_time = spec.network().launch.is_none() && matches!(spec.later().first(), Some((VersionStart::After(_), _)));
    let since = Span::from_millis(day.at.get().saturating_sub(genesis.get()));
    let when = if by_time { format!("after = \"{since}\"") } else { format!("at = {}", day.at.to_rfc3339()) };
    let mut change = format!("\n[[change]]\n{when}\nsource = \"an event of scenario {}\"\n", name(scenario));
    for (table, values) in tables(&read, &edits, text) {
        let _ = write!(change, "\n[change.set.{table}]\n");
        for (key, value) in values {
            let _ = writeln!(change, "{key} = {value}");
        }
    }
    let next = match read.tree.get(&["change"]).map(|node| &node.value) {
        Some(Value::List(changes)) => changes.get(before).map(|node: &Node| node.span.start),
        _ => None,
    };
    let place = next.unwrap_or(text.len());
    let mut changed = text.to_owned();
    changed.insert_str(place.min(text.len()), &format!("{change}\n"));
    Ok(changed)
}

fn name(scenario: &Scenario) -> String {
    scenario.about.name.chars().filter(|c| !c.is_control() && *c != '"' && *c != '\\').collect()
}

/// The tables of a change: what is new in each, by its heading. A list is written anew as a whole.
fn tables(file: &File, edits: &Edits, text: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut tables: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for leaf in edits.new.keys().map(|leaf| &file.leaves[*leaf]) {
        let Some((key, heading)) = leaf.way[..leaf.tables].split_last() else { continue };
        let heading: Vec<String> = heading.iter().map(|key| leaves::quoted(key)).collect();
        // What stands under the last table: the value itself, or the list that it is in.
        let inside = leaf.way.len() > leaf.tables;
        let span = if inside { list_span(file, leaf) } else { leaf.span.clone() };
        let value = within(edits, file, span, text);
        tables.entry(heading.join(".")).or_default().insert(leaves::quoted(key), value);
    }
    tables
}

/// The whole list around a value.
fn list_span(file: &File, leaf: &leaves::Leaf) -> std::ops::Range<usize> {
    let keys: Vec<&str> = leaf.way[..leaf.tables].iter().map(String::as_str).collect();
    let root = if leaf.version == 0 { Some(&file.tree) } else { leaves::change_set(&file.tree, leaf.version) };
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
