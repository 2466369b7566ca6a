//! Tables inside a table: one, a list, or one for each of some names.

use super::{
    super::{
        Provenance, Spec,
        document::{Entry, Section, Value},
        grammar::{Kind, Table},
        network::Token,
        problem::{Problem, SpecErrors, Stage},
    },
    Context, Reader, Wanted, Wants,
};
use depin_quantity::Name;
use std::collections::BTreeMap;

/// What a file declares under names. Those that could not be read are known by name, so that what refers to them is no mistake.
#[derive(Clone, Debug)]
pub(in super::super) struct Declared<T>(BTreeMap<Name, Option<T>>);

impl<T> Default for Declared<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Declared<T> {
    /// Whether the file declares it, readable or not.
    pub(in super::super) fn has(&self, name: Name) -> bool {
        self.0.contains_key(&name)
    }

    /// One that could be read.
    pub(in super::super) fn get(&self, name: Name) -> Option<&T> {
        self.0.get(&name)?.as_ref()
    }

    /// All names, with what could be read.
    pub(in super::super) fn all(&self) -> &BTreeMap<Name, Option<T>> {
        &self.0
    }

    /// Those that could be read.
    pub(in super::super) fn iter(&self) -> impl Iterator<Item = (Name, &T)> {
        self.0.iter().filter_map(|(name, value)| Some((*name, value.as_ref()?)))
    }

    /// Whether all could be read.
    pub(in super::super) fn whole(&self) -> bool {
        self.0.values().all(Option::is_some)
    }

    /// Those that could be read, by name.
    pub(in super::super) fn readable(self) -> BTreeMap<Name, T> {
        self.0.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

impl<T> FromIterator<(Name, Option<T>)> for Declared<T> {
    fn from_iter<I: IntoIterator<Item = (Name, Option<T>)>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

impl<'a> Reader<'a> {
    /// A table inside this one, read by `read` and then finished.
    pub fn table<T>(&mut self, key: &str, read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Option<T> {
        self.expect(key, |kind| matches!(kind, Kind::Table(_) | Kind::ShareOrTable(_)));
        let grammar = self.field(key).and_then(|field| field.kind.table());
        let entry = self.required(key, "{ … }")?;
        self.read_entry(entry, grammar, read)
    }

    /// A table inside this one that may leave its figures' source to this one.
    pub(in super::super) fn inner<T>(&mut self, key: &str, read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Option<T> {
        let mut figures = false;
        let value = self.table(key, |r| {
            let value = read(r);
            figures = r.leave_source();
            value
        });
        self.figures |= figures;
        value
    }

    /// A list of tables that may leave their figures' source to this one.
    pub(in super::super) fn inner_list<T>(
        &mut self,
        key: &str,
        mut read: impl FnMut(&mut Reader<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut figures = false;
        let value = self.list(key, |r| {
            let value = read(r);
            figures |= r.leave_source();
            value
        });
        self.figures |= figures;
        value
    }

    /// A list of tables.
    pub fn list<T>(&mut self, key: &str, read: impl FnMut(&mut Reader<'_>) -> Option<T>) -> Option<Vec<T>> {
        self.entries(key, read)?.into_iter().collect()
    }

    /// A list of tables, each of which could be read or not.
    pub(in super::super) fn entries<T>(
        &mut self,
        key: &str,
        mut read: impl FnMut(&mut Reader<'_>) -> Option<T>,
    ) -> Option<Vec<Option<T>>> {
        self.expect(key, |kind| matches!(kind, Kind::List(_)));
        let grammar = self.field(key).and_then(|field| field.kind.table());
        let entry = self.required(key, "[{ … }]")?;
        let Value::List(items) = &entry.value else {
            self.wrong(entry, "a list of tables", "[{ … }]");
            return None;
        };
        Some(items.iter().map(|item| self.read_entry(item, grammar, &mut read)).collect())
    }

    /// A table whose keys are names and whose values are tables; absent means empty.
    pub(in super::super) fn named<T>(
        &mut self,
        key: &str,
        mut read: impl FnMut(Name, &mut Reader<'_>) -> Option<T>,
    ) -> Declared<T> {
        self.expect(key, |kind| matches!(kind, Kind::Named(_)));
        let grammar = self.field(key).and_then(|field| field.kind.table());
        let Some(entry) = self.optional(key) else { return Declared::default() };
        let Value::Table(section) = &entry.value else {
            self.wrong(entry, "a table", "a table of tables");
            return Declared::default();
        };
        let mut all = BTreeMap::new();
        for (name, entry) in &section.entries {
            match name.parse::<Name>() {
                Ok(name) => {
                    all.insert(name, self.read_entry(entry, grammar, |r| read(name, r)));
                }
                Err(error) => {
                    let message = format!("`{}` is not {}", error.text, error.wanted);
                    let problem = Problem::new(entry.key_span.clone(), message).hint("choose another name");
                    self.context.report(problem.stage(Stage::Text));
                }
            }
        }
        Declared(all)
    }

    pub(in super::super) fn read_entry<T>(
        &self,
        entry: &'a Entry,
        grammar: Option<&'static Table>,
        read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
    ) -> Option<T> {
        let Value::Table(section) = &entry.value else {
            self.wrong(entry, "a table", "{ … }");
            return None;
        };
        let mut reader = Reader::new(section, grammar, self.context);
        let value = read(&mut reader);
        reader.finish(value.is_some());
        value
    }

    /// A table that somebody else reads later.
    pub(in super::super) fn unread(&mut self, key: &str) -> Option<Section> {
        let entry = self.required(key, "{ … }")?;
        let Value::Table(section) = &entry.value else {
            self.wrong(entry, "a table", "{ … }");
            return None;
        };
        Some(section.clone())
    }

    /// Asks for a key without reading it: it is known here, and a misspelt one finds it.
    pub(in super::super) fn ask(&mut self, key: &str) {
        self.asked.push(key.to_owned());
    }

    /// Asks for `name`, given under `key`, to be a pool or treasury when the whole file is read.
    pub(in super::super) fn want(&self, key: &str, name: Name, what: Wants) {
        let span = self.get(key).map_or(self.section.span.clone(), |e| e.span.clone());
        self.context.wanted.borrow_mut().push(Wanted { span, name, what });
    }
}

/// Lets a service read its own section of a file.
pub(in super::super) fn read_service<T>(
    spec: &Spec,
    name: &str,
    read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
) -> Result<T, SpecErrors> {
    let tokens: BTreeMap<Name, Option<Token>> = spec.tokens.iter().map(|(name, token)| (*name, Some(token.clone()))).collect();
    let sourced = matches!(spec.provenance.get(""), Some(Provenance::Source(_) | Provenance::Parameter(_)));
    let context = Context::new(Some(tokens), sourced);
    let value = match spec.service.entries.get(name).map(|e| &e.value) {
        Some(Value::Table(section)) => {
            let mut reader = Reader::new(section, None, &context);
            let value = read(&mut reader);
            reader.finish(value.is_some());
            value
        }
        _ => {
            context.report(Problem::new(spec.service.span.clone(), format!("the network has no section [service.{name}]")));
            None
        }
    };
    let mut problems = context.problems.into_inner();
    match value {
        Some(value) if problems.is_empty() => Ok(value),
        None if problems.is_empty() => {
            problems.push(Problem::new(spec.service.span.clone(), format!("[service.{name}] could not be read")));
            Err(SpecErrors::new(problems, &spec.text))
        }
        _ => Err(SpecErrors::new(problems, &spec.text)),
    }
}
