//! `[[overlay]]` and `[[change]]`: what is put over a network file from its beginning on, and dated changes. Each parameter version is
//! the file with its overlays and its changes merged in, checked by itself.
//!
//! In: the whole file as a tree. Out: one tree per parameter version, in which every value still knows its place in the text, so that a problem
//! in a change points at the change. Absent on purpose: what happens at the border (the clocks' business).

use super::{
    document::{Entry, Section, Value},
    grammar::{ALTERNATIVES, GRAMMAR},
    reader::Reader,
};
use depin_quantity::{Instant, Name, Span, nearest_name};
use std::ops::Range;

/// When a parameter version begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionStart {
    /// At a date.
    At(Instant),
    /// So long after the network's start.
    After(Span),
}

impl VersionStart {
    /// When it begins in a network that starts at `genesis`.
    pub const fn of(&self, genesis: Instant) -> Instant {
        match self {
            Self::At(at) => *at,
            Self::After(span) => genesis.later(*span),
        }
    }
}

/// One `[[change]]`, with the file as it is from then on.
pub(super) struct Changed {
    pub(super) start: Option<VersionStart>,
    pub(super) root: Section,
    pub(super) span: Range<usize>,
    /// Where its date stands.
    date: Option<Range<usize>>,
}

/// A file, taken apart.
pub(super) struct Split {
    /// The first parameter version's tree, overlays included.
    pub(super) first: Section,
    /// What was put over the file, in order.
    pub(super) overlays: Vec<Name>,
    /// The parameter versions that follow.
    pub(super) changes: Vec<Changed>,
}

/// Puts the overlays over the file and takes the changes out of it.
pub(super) fn split(r: &mut Reader<'_>, mut root: Section) -> Split {
    let overlays = overlays(r, &mut root);
    let (first, changes) = changes(r, root);
    Split { first, overlays, changes }
}

/// Puts each overlay over the file and what was put over it before; gives their names.
fn overlays(r: &mut Reader<'_>, root: &mut Section) -> Vec<Name> {
    let Some(entry) = root.entries.remove("overlay") else { return Vec::new() };
    let Value::List(items) = &entry.value else {
        r.problem_at(entry.key_span, "overlays are a list of tables", "write [[overlay]]");
        return Vec::new();
    };
    let grammar = GRAMMAR.field("overlay").and_then(|field| field.kind.table());
    let names = items.iter().filter_map(|item| {
        r.read_entry(item, grammar, |r| {
            let name = r.name("name");
            if let Some(set) = r.unread("set") {
                merge(root, set);
            }
            name
        })
    });
    names.collect()
}

/// Takes the changes out of the file; gives the first parameter version's tree and those that follow.
fn changes(r: &mut Reader<'_>, mut root: Section) -> (Section, Vec<Changed>) {
    let Some(entry) = root.entries.remove("change") else { return (root, Vec::new()) };
    let Value::List(items) = &entry.value else {
        r.problem_at(entry.key_span, "changes are a list of tables", "write [[change]]");
        return (root, Vec::new());
    };
    let mut versions: Vec<Changed> = Vec::new();
    for item in items {
        let before = versions.last().map_or(&root, |version| &version.root);
        let mut changed = before.clone();
        let start = r.read_entry(item, GRAMMAR.field("change").and_then(|field| field.kind.table()), |r| change(r, &mut changed));
        let date = match &item.value {
            Value::Table(table) => table.entries.get("at").map(|at| at.span.clone()),
            _ => None,
        };
        versions.push(Changed { start, root: changed, span: item.span.clone(), date });
    }
    out_of_order(r, &root, &versions);
    before_launch(r, &root, &versions);
    (root, versions)
}

fn change(r: &mut Reader<'_>, root: &mut Section) -> Option<VersionStart> {
    let start = if r.has("after") { r.span("after").map(VersionStart::After) } else { r.date_time("at").map(VersionStart::At) };
    if r.has("remove") {
        for (path, span) in r.texts("remove").unwrap_or_default() {
            let mut near = Vec::new();
            if !remove(root, &path, &mut near) {
                let meant = nearest_name(&path, near.iter().map(String::as_str)).map(str::to_owned);
                let hint = match &meant {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "write a dotted path of the file, like \"incentive.pool.work\"".to_owned(),
                };
                // Read as it was meant, so that nothing follows from the slip.
                if let Some(meant) = &meant {
                    remove(root, meant, &mut Vec::new());
                }
                r.problem_at(span, &format!("there is no `{path}` to remove"), &hint);
            }
        }
    }
    if r.has("set") {
        // A change without a date says something all the same.
        if let Some(set) = r.unread("set") {
            merge(root, set);
        }
    } else if !r.has("remove") {
        r.problem_in(&[], "this change changes nothing", "add [change.set.…] or remove = [\"…\"]");
    }
    start
}

/// Removes what stands at a path; notes the paths beside the place at which it is not there.
fn remove(section: &mut Section, path: &str, beside: &mut Vec<String>) -> bool {
    // A name may hold points itself, so the longest key that fits comes first.
    if section.entries.remove(path).is_some() {
        return true;
    }
    let own = section.path.clone();
    let inner = section.entries.iter_mut().find_map(|(key, entry)| {
        let rest = path.strip_prefix(key.as_str())?.strip_prefix('.')?;
        match &mut entry.value {
            Value::Table(inner) => Some((inner, rest)),
            _ => None,
        }
    });
    match inner {
        Some((inner, rest)) => remove(inner, rest, beside),
        None => {
            let full = |key: &String| if own.is_empty() { key.clone() } else { format!("{own}.{key}") };
            beside.extend(section.entries.keys().map(full));
            false
        }
    }
}

/// Puts `change` over `base`: tables key by key, everything else whole.
fn merge(base: &mut Section, change: Section) {
    for keys in ALTERNATIVES {
        for key in keys.iter().filter(|key| change.has(key)) {
            keys.iter().filter(|other| *other != key && !change.has(other)).for_each(|other| {
                base.entries.remove(*other);
            });
        }
    }
    for (key, mut entry) in change.entries {
        let path = if base.path.is_empty() { key.clone() } else { format!("{}.{key}", base.path) };
        if let (Some(Entry { value: Value::Table(inner), .. }), Value::Table(_)) = (base.entries.get_mut(&key), &entry.value) {
            let Value::Table(over) = entry.value else { continue };
            merge(inner, over);
            continue;
        }
        rename(&mut entry.value, path);
        base.entries.insert(key, entry);
    }
}

/// Gives what moved into the file the path that it has there.
fn rename(value: &mut Value, path: String) {
    match value {
        Value::Table(section) => {
            for (key, entry) in &mut section.entries {
                rename(&mut entry.value, format!("{path}.{key}"));
            }
            section.path = path;
        }
        Value::List(items) => {
            for (i, item) in items.iter_mut().enumerate() {
                rename(&mut item.value, format!("{path}[{i}]"));
            }
        }
        _ => {}
    }
}

/// Later changes stand later, and all dates are of one kind, or the file says when the network was launched.
fn out_of_order(r: &mut Reader<'_>, root: &Section, versions: &[Changed]) {
    let launch = launch(root);
    let comparable = |start: VersionStart| match (start, launch) {
        (VersionStart::After(span), Some(launch)) => VersionStart::At(launch.later(span)),
        _ => start,
    };
    for pair in versions.windows(2) {
        let (Some(a), Some(b)) = (pair[0].start.map(comparable), pair[1].start.map(comparable)) else { continue };
        let ordered = match (a, b) {
            (VersionStart::At(a), VersionStart::At(b)) => a < b,
            (VersionStart::After(a), VersionStart::After(b)) => a < b,
            _ => false,
        };
        if !ordered {
            r.problem_at(
                pair[1].span.clone(),
                "changes out of order: each must begin after the one before it",
                "sort them by date, and write all with `at` or all with `after`",
            );
        }
    }
}

/// A change at or before the launch leaves the file's own tables without a day on which they hold.
fn before_launch(r: &Reader<'_>, root: &Section, versions: &[Changed]) {
    let Some(launch) = launch(root) else { return };
    for version in versions {
        if let (Some(VersionStart::At(at)), Some(date)) = (version.start, &version.date)
            && at <= launch
        {
            let message =
                format!("this change comes before the launch of {}: what it changes was never in force", launch.to_rfc3339());
            r.problem_at(date.clone(), &message, "write a later date, or change the tables themselves");
        }
    }
}

fn launch(root: &Section) -> Option<Instant> {
    let table = |section: &Section, key: &str| match section.entries.get(key).map(|e| &e.value) {
        Some(Value::Table(inner)) => Some(inner.clone()),
        _ => None,
    };
    match table(&table(root, "network")?, "launch")?.entries.get("at").map(|e| &e.value) {
        Some(Value::Date(date)) => super::reader::instant_of(date),
        _ => None,
    }
}
