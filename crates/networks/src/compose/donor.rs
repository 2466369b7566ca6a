//! A network's file as a source of parts: the era that fits, and what is where in it.

use depin_economy::grammar::ALTERNATIVES;
use depin_services::vocabulary::{self, Aspect, Service};
use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

/// A network that parts are taken from.
pub(super) struct Donor {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Its service.
    pub service: &'static Service,
    /// Its tables, in the era that parts are taken from.
    pub root: Table,
    /// Its tables as the last of its dated changes leaves them.
    pub last: Table,
    /// Whether it has dated changes.
    pub eras: usize,
    /// Which of its eras parts are taken from.
    pub era: usize,
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
        let service = vocabulary::service(&served).ok_or_else(|| format!("its service `{served}` is not known here"))?;
        let token = string("utility.fee.token")?;
        let eras = eras(base);
        let era = (0..eras.len()).rev().find(|i| suits(&eras[*i], &token)).unwrap_or(0);
        let last = eras.last().expect("there is a first era").clone();
        Ok(Self { name, title, service, token, eras: eras.len(), era, last, root: eras[era].clone() })
    }

    /// The table at a dotted path, in the era that parts are taken from.
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

    /// The measures that feed a pool, by `[bind]`.
    pub fn feeders(&self, pool: &str) -> Vec<String> {
        let feeds = |measure: &String| self.text(&format!("bind.{measure}.pool")).as_deref() == Some(pool);
        self.names("bind").into_iter().filter(feeds).collect()
    }

    /// What the measures that feed a pool say about who earns.
    pub fn aspect(&self, pool: &str) -> Option<Aspect> {
        let feeders = self.feeders(pool);
        let aspect = |name: &String| Some(self.service.measure(name.parse().ok()?)?.aspect);
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

/// Whether measures feed no pools but those that pay the main token, and something is emitted: a service without parts of its own
/// can stand under such an era.
fn suits(root: &Table, token: &str) -> bool {
    let feeds = |measure: String| text_at(root, &format!("bind.{measure}.pool"));
    let fed: Vec<String> = names(root, "bind").into_iter().filter_map(feeds).collect();
    let pays = |pool: &String| text_at(root, &format!("incentive.pool.{pool}.emission")).is_none_or(|paid| paid == token);
    at(root, &format!("supply.{token}.emission")).is_some() && fed.iter().all(pays)
}

/// The file as each of its dated changes leaves it, the first era first.
fn eras(mut base: Table) -> Vec<Table> {
    let changes = base.remove("change").and_then(|item| item.into_array_of_tables().ok());
    let mut eras = vec![base];
    for change in changes.iter().flat_map(toml_edit::ArrayOfTables::iter) {
        let mut next = eras.last().expect("there is a first era").clone();
        for path in change.get("remove").and_then(Item::as_array).iter().flat_map(|list| list.iter()) {
            if let Some(path) = path.as_str() {
                remove(&mut next, path);
            }
        }
        if let Some(set) = change.get("set").and_then(Item::as_table_like) {
            merge(&mut next, set);
        }
        eras.push(next);
    }
    eras
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
    let words: Vec<(&str, Item)> =
        ["source", "parameter", "why"].iter().filter_map(|key| Some((*key, root.remove(key)?))).collect();
    if words.is_empty() {
        return;
    }
    for (key, item) in root.iter_mut() {
        match item {
            Item::ArrayOfTables(all) if key == "token" => all.iter_mut().for_each(|table| say(table, &words)),
            Item::Table(table) if !matches!(key.get(), "network" | "service") => hand_to(table, &words),
            _ => {}
        }
    }
}

/// Every table with values of its own, and those in it that need a word of their own.
fn hand_to(table: &mut dyn TableLike, words: &[(&str, Item)]) {
    let mut figures = false;
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(inner) => hand_to(inner, words),
            Item::Value(Value::InlineTable(inner)) => {
                figures = true;
                say(inner, words);
            }
            Item::Value(Value::Array(list)) if list.iter().any(Value::is_inline_table) => {
                figures = true;
                list.iter_mut().filter_map(Value::as_inline_table_mut).for_each(|inner| say(inner, words));
            }
            Item::Value(_) => figures = true,
            _ => {}
        }
    }
    if figures {
        say(table, words);
    }
}

fn say(table: &mut dyn TableLike, words: &[(&str, Item)]) {
    if !table.is_empty() && !["source", "parameter", "why"].iter().any(|key| table.contains_key(key)) {
        for (key, item) in words {
            table.insert(key, item.clone());
        }
    }
}
