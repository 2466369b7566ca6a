//! A network's file as a source of parts: the parameter version that fits, and what is where in it.

use depin_economy::grammar::ALTERNATIVES;
use depin_services::descriptor::{self, Aspect, Service};
use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

/// A network that parts are taken from.
pub(super) struct Donor {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Its service.
    pub service: &'static Service,
    /// Its tables, in the parameter version that parts are taken from.
    pub root: Table,
    /// Its tables as the last of its dated changes leaves them.
    pub last: Table,
    /// Whether it has dated changes.
    pub versions: usize,
    /// Which of its parameter versions parts are taken from.
    pub version: usize,
    /// Its main token: transaction fees are in it.
    pub token: String,
}

impl Donor {
    pub fn read(text: &str) -> Result<Self, String> {
        let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
        let mut base = document.as_table().clone();
        hand_down(&mut base);
        let string = |path: &str| {
            text_at(&base, path).ok_or_else(|| format!("it lacks `{path}`; `depin check` says what else is wrong with it"))
        };
        let (name, title) = (string("network.name")?, string("network.title")?);
        let served = string("network.service")?;
        let service = descriptor::service(&served).ok_or_else(|| format!("its service `{served}` is not known here"))?;
        let token = string("utility.fee.token")?;
        let versions = versions(base);
        let version = (0..versions.len()).rev().find(|i| suits(&versions[*i], &token)).unwrap_or(0);
        let last = versions.last().expect("there is a first parameter version").clone();
        Ok(Self { name, title, service, token, versions: versions.len(), version, last, root: versions[version].clone() })
    }

    /// The table at a dotted path, in the parameter version that parts are taken from.
    pub fn table(&self, path: &str) -> Option<Table> {
        at(&self.root, path)?.clone().into_table().ok()
    }

    /// Names of the tables below a dotted path.
    pub fn names(&self, path: &str) -> Vec<String> {
        names(&self.root, path)
    }

    /// A text at a dotted path.
    pub fn text(&self, path: &str) -> Option<String> {
        text_at(&self.root, path)
    }

    /// The metrics that feed a pool, by `[bind]`.
    pub fn feeders(&self, pool: &str) -> Vec<String> {
        let feeds = |metric: &String| self.text(&format!("bind.{metric}.pool")).as_deref() == Some(pool);
        self.names("bind").into_iter().filter(feeds).collect()
    }

    /// What the metrics that feed a pool say about who earns.
    pub fn aspect(&self, pool: &str) -> Option<Aspect> {
        let feeders = self.feeders(pool);
        let aspect = |name: &String| Some(self.service.metric(name.parse().ok()?)?.aspect);
        feeders.iter().find_map(aspect)
    }
}

/// Names of the tables below a dotted path.
pub(super) fn names(root: &Table, path: &str) -> Vec<String> {
    let table = at(root, path).and_then(Item::as_table_like);
    table.map(|table| table.iter().map(|(name, _)| name.to_owned()).collect()).unwrap_or_default()
}

/// The item at a dotted path; names with dots are tried too.
pub(super) fn at<'t>(root: &'t Table, path: &str) -> Option<&'t Item> {
    fn below<'t>(table: &'t dyn TableLike, path: &str) -> Option<&'t Item> {
        if let Some(item) = table.get(path) {
            return Some(item);
        }
        let ends = path.match_indices('.').map(|(i, _)| i);
        ends.filter_map(|end| below(table.get(&path[..end])?.as_table_like()?, &path[end + 1..])).next()
    }
    below(root, path)
}

pub(super) fn text_at(root: &Table, path: &str) -> Option<String> {
    at(root, path)?.as_str().map(str::to_owned)
}

/// Whether metrics feed no pools but those that pay the main token, and something is emitted: a service without parts of its own
/// can stand under such a parameter version.
fn suits(root: &Table, token: &str) -> bool {
    let feeds = |metric: String| text_at(root, &format!("bind.{metric}.pool"));
    let fed: Vec<String> = names(root, "bind").into_iter().filter_map(feeds).collect();
    let pays = |pool: &String| text_at(root, &format!("incentive.pool.{pool}.emission")).is_none_or(|paid| paid == token);
    at(root, &format!("supply.{token}.emission")).is_some() && fed.iter().all(pays)
}

/// The file as each of its dated changes leaves it, the first parameter version first.
fn versions(mut base: Table) -> Vec<Table> {
    let changes = base.remove("change").and_then(|item| item.into_array_of_tables().ok());
    let mut versions = vec![base];
    for change in changes.iter().flat_map(toml_edit::ArrayOfTables::iter) {
        let mut next = versions.last().expect("there is a first parameter version").clone();
        for path in change.get("remove").and_then(Item::as_array).iter().flat_map(|list| list.iter()) {
            if let Some(path) = path.as_str() {
                remove(&mut next, path);
            }
        }
        if let Some(set) = change.get("set").and_then(Item::as_table_like) {
            merge(&mut next, set);
        }
        versions.push(next);
    }
    versions
}

fn remove(table: &mut dyn TableLike, path: &str) {
    if table.remove(path).is_some() {
        return;
    }
    let ends: Vec<usize> = path.match_indices('.').map(|(i, _)| i).collect();
    for end in ends {
        if let Some(inner) = table.get_mut(&path[..end]).and_then(Item::as_table_like_mut) {
            return remove(inner, &path[end + 1..]);
        }
    }
}

/// Tables are merged key by key, anything else is replaced.
fn merge(into: &mut dyn TableLike, from: &dyn TableLike) {
    for keys in ALTERNATIVES {
        for key in keys.iter().filter(|key| from.contains_key(key)) {
            for other in keys.iter().filter(|other| *other != key && !from.contains_key(other)) {
                into.remove(other);
            }
        }
    }
    for (key, item) in from.iter() {
        match (into.get_mut(key).and_then(Item::as_table_like_mut), item.as_table_like()) {
            (Some(old), Some(new)) => merge(old, new),
            _ => {
                into.insert(key, item.clone());
            }
        }
    }
}

/// A file may say once where all its figures come from; parts that are taken out of it take that along.
fn hand_down(root: &mut Table) {
    let entries: Vec<(&str, Item)> =
        ["source", "parameter", "why"].iter().filter_map(|key| Some((*key, root.remove(key)?))).collect();
    if entries.is_empty() {
        return;
    }
    for (key, item) in root.iter_mut() {
        match item {
            Item::ArrayOfTables(all) if key == "token" => all.iter_mut().for_each(|table| write_into(table, &entries)),
            Item::Table(table) if !matches!(key.get(), "network" | "service") => hand_to(table, &entries),
            _ => {}
        }
    }
}

/// Every table with values of its own, and those in it that need a word of their own.
fn hand_to(table: &mut dyn TableLike, entries: &[(&str, Item)]) {
    let mut figures = false;
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(inner) => hand_to(inner, entries),
            Item::Value(Value::InlineTable(inner)) => {
                figures = true;
                write_into(inner, entries);
            }
            Item::Value(Value::Array(list)) if list.iter().any(Value::is_inline_table) => {
                figures = true;
                list.iter_mut().filter_map(Value::as_inline_table_mut).for_each(|inner| write_into(inner, entries));
            }
            Item::Value(_) => figures = true,
            _ => {}
        }
    }
    if figures {
        write_into(table, entries);
    }
}

fn write_into(table: &mut dyn TableLike, entries: &[(&str, Item)]) {
    if !table.is_empty() && !["source", "parameter", "why"].iter().any(|key| table.contains_key(key)) {
        for (key, item) in entries {
            table.insert(key, item.clone());
        }
    }
}
