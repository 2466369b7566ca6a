//! Every value of a network's file by its key.

use super::{File, PREFIX};
use crate::scenario::{
    Provenance,
    document::{Node, Table, Value},
    read::figure::provenance,
};
use std::ops::Range;

/// A value, and where it stands. The same key may stand in several parameter versions of a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leaf {
    /// The key without `network.`.
    pub(super) path: String,
    /// 0 for the file's first parameter version, n for its n-th `[[change]]`.
    pub(super) version: usize,
    pub(super) span: Range<usize>,
    /// As it is written.
    pub(super) text: String,
    /// What shares are shared with.
    pub(super) group: Option<Group>,
    /// Keys of the tables and lists around it, as they would be written in a heading, and how many of them are tables: a list is
    /// changed as a whole.
    pub(super) way: Vec<String>,
    pub(super) tables: usize,
}

/// Who shares a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// Rows of one list.
    Rows(String),
    /// Pools of one token's emission.
    Pools(String),
}

/// One key of a network's file, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkKey {
    /// The key, with `network.`.
    pub path: String,
    /// What stands there, of the latest parameter version that says it.
    pub value: String,
    /// How many parameter versions say it.
    pub places: usize,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// Words about figures, which are none.
const SAID: [&str; 3] = ["source", "why", "parameter"];

pub(super) fn leaves(tree: &Table, text: &str) -> Vec<Leaf> {
    let mut walk = Walk { text, version: 0, leaves: Vec::new() };
    for (key, node) in &tree.entries {
        match &node.value {
            Value::List(changes) if key == "change" => {
                for (at, change) in changes.iter().enumerate() {
                    let Value::Table(change) = &change.value else { continue };
                    walk.version = at + 1;
                    if let Some(set) = change.table(&["set"]) {
                        set.entries.iter().for_each(|(key, node)| walk.node(key, node, &mut Trail::default(), set));
                    }
                }
                walk.version = 0;
            }
            _ => walk.node(key, node, &mut Trail::default(), tree),
        }
    }
    walk.leaves
}

struct Walk<'t> {
    text: &'t str,
    version: usize,
    leaves: Vec<Leaf>,
}

/// The way to a value.
#[derive(Clone, Default)]
struct Trail {
    way: Vec<String>,
    tables: usize,
    in_list: bool,
    group: Option<Group>,
}

impl Walk<'_> {
    fn node(&mut self, key: &str, node: &Node, trail: &mut Trail, around: &Table) {
        if SAID.contains(&key) {
            return;
        }
        let mut trail = trail.clone();
        trail.way.push(key.to_owned());
        if !trail.in_list {
            trail.tables += 1;
        }
        match &node.value {
            Value::Table(table) => {
                // A share that moves with time is a table, and still shares with the others.
                if key == "share" && self.text.get(node.span.clone()).is_some_and(|text| text.starts_with('{')) {
                    self.leaf(node, &trail, around);
                }
                table.entries.iter().for_each(|(key, node)| self.node(key, node, &mut trail, table));
            }
            Value::List(rows) if rows.iter().any(|row| matches!(row.value, Value::Table(_))) => self.rows(rows, &trail),
            _ => self.leaf(node, &trail, around),
        }
    }

    fn leaf(&mut self, node: &Node, trail: &Trail, around: &Table) {
        let is_share = trail.way.last().is_some_and(|key| key == "share");
        let group = trail.group.clone().or_else(|| pool_group(&trail.way, around)).filter(|_| is_share);
        self.leaves.push(Leaf {
            path: trail.way.join("."),
            version: self.version,
            span: node.span.clone(),
            text: self.text.get(node.span.clone()).unwrap_or_default().to_owned(),
            group,
            way: trail.way.clone(),
            tables: trail.tables,
        });
    }

    fn rows(&mut self, rows: &[Node], trail: &Trail) {
        let name = |row: &Node| match &row.value {
            Value::Table(table) => ["to", "id"].into_iter().find_map(|key| table.text(key)).map(str::to_owned),
            _ => None,
        };
        let names: Vec<Option<String>> = rows.iter().map(name).collect();
        for (at, row) in rows.iter().enumerate() {
            let Value::Table(table) = &row.value else { continue };
            let unique = |name: &&String| names.iter().filter(|other| other.as_ref() == Some(*name)).count() == 1;
            let name = names[at].as_ref().filter(unique).map_or_else(|| format!("[{at}]"), Clone::clone);
            let mut trail = trail.clone();
            trail.in_list = true;
            trail.group = Some(Group::Rows(trail.way.join(".")));
            trail.way.push(name);
            table.entries.iter().for_each(|(key, node)| self.node(key, node, &mut trail, table));
        }
    }
}

/// Pools share what is emitted of a token.
fn pool_group(way: &[String], around: &Table) -> Option<Group> {
    match way {
        [incentive, pool, _, _] if incentive == "incentive" && pool == "pool" => {
            around.text("emission").map(|token| Group::Pools(token.to_owned()))
        }
        _ => None,
    }
}

pub(super) fn keys(file: &File) -> Vec<NetworkKey> {
    let mut keys: Vec<NetworkKey> = Vec::new();
    // A share that moves with time is told by its parts.
    for leaf in file.leaves.iter().filter(|leaf| leaf.group.is_none() || !leaf.text.starts_with('{')) {
        let path = format!("{PREFIX}{}", leaf.path);
        match keys.iter_mut().find(|key| key.path == path) {
            Some(key) => {
                key.value.clone_from(&leaf.text);
                key.places += 1;
                key.provenance = said_of(file, leaf);
            }
            None => keys.push(NetworkKey { path, value: leaf.text.clone(), places: 1, provenance: said_of(file, leaf) }),
        }
    }
    keys
}

/// What the tables around a value say of where it comes from, the innermost first.
fn said_of(file: &File, leaf: &Leaf) -> Provenance {
    let root = match leaf.version {
        0 => Some(&file.tree),
        n => change_set(&file.tree, n),
    };
    let mut said = Vec::new();
    let (mut table, mut list) = (root, None::<&[Node]>);
    for key in &leaf.way {
        let node = match (table, list) {
            (Some(table), _) => table.entries.get(key),
            (None, Some(rows)) => rows.iter().find(|row| row_named(row, key)).or_else(|| index(key).and_then(|at| rows.get(at))),
            (None, None) => None,
        };
        (table, list) = match node.map(|node| &node.value) {
            Some(Value::Table(inner)) => {
                said.push(provenance(inner));
                (Some(inner), None)
            }
            Some(Value::List(rows)) => (None, Some(rows.as_slice())),
            _ => (None, None),
        };
    }
    said.into_iter().rev().find(|said| *said != Provenance::Unstated).unwrap_or(Provenance::Unstated)
}

pub(super) fn change_set(tree: &Table, version: usize) -> Option<&Table> {
    match &tree.entries.get("change")?.value {
        Value::List(changes) => match &changes.get(version.checked_sub(1)?)?.value {
            Value::Table(change) => change.table(&["set"]),
            _ => None,
        },
        _ => None,
    }
}

fn row_named(row: &Node, name: &str) -> bool {
    match &row.value {
        Value::Table(table) => ["to", "id"].into_iter().find_map(|key| table.text(key)) == Some(name),
        _ => false,
    }
}

fn index(key: &str) -> Option<usize> {
    key.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// A key as it stands in a heading.
pub(super) fn quoted(key: &str) -> String {
    let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if plain { key.to_owned() } else { format!("\"{key}\"") }
}
