//! Typed reading of one table, which notes every problem and goes on.
//!
//! In: a table of the tree, and its grammar. Out: values, or problems with their places. A table with a misspelt key is read as it was
//! meant, so that the slip is told once and nothing follows from it; so are misspelt names and words.

mod figures;
mod finish;
mod tables;

pub(super) use figures::instant_of;
pub(super) use tables::{Declared, read_service};

use super::{
    document::{Entry, Section, Value},
    grammar::{Field, Kind, PROVENANCE, Table, meant},
    network::Token,
    problem::{Problem, Stage},
};
use depin_quantity::{Name, Units, group_digits};
use std::{cell::RefCell, collections::BTreeMap, ops::Range};

/// What all readers of one file share.
pub(super) struct Context {
    /// Declared tokens; of one that could not be read only the name. `None` when the list of them could not be read.
    pub(super) tokens: RefCell<Option<BTreeMap<Name, Option<Token>>>>,
    pub(super) problems: RefCell<Vec<Problem>>,
    /// Caps that could be read, of supplies of which something else could not too.
    pub(super) caps: RefCell<BTreeMap<Name, Units>>,
    /// Names that are checked when the whole file is read.
    pub(super) wanted: RefCell<Vec<Wanted>>,
    /// What is no mistake and should be known.
    pub(super) warnings: RefCell<Vec<Problem>>,
    /// Whether the file says at its top where all its figures come from.
    sourced: bool,
}

/// A name that stands before what it refers to is read.
pub(super) struct Wanted {
    pub(super) span: Range<usize>,
    pub(super) name: Name,
    pub(super) what: Wants,
}

/// What a wanted name must be.
pub(super) enum Wants {
    /// A pool that pays this token.
    Pool(Name),
    /// A treasury.
    Treasury,
}

impl Context {
    /// For a file whose top says where all figures come from (`sourced`), or does not.
    pub(super) fn new(tokens: Option<BTreeMap<Name, Option<Token>>>, sourced: bool) -> Self {
        Self {
            tokens: RefCell::new(tokens),
            problems: RefCell::new(Vec::new()),
            caps: RefCell::new(BTreeMap::new()),
            wanted: RefCell::new(Vec::new()),
            warnings: RefCell::new(Vec::new()),
            sourced,
        }
    }

    pub(super) fn report(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }
}

/// Reads one table. Getters note problems and give `None`; when the table is read, keys that nobody asked for and figures
/// without a source are noted too.
pub struct Reader<'a> {
    section: &'a Section,
    /// What the table may hold; `None` for what other crates describe.
    grammar: Option<&'static Table>,
    context: &'a Context,
    asked: Vec<String>,
    /// Keys that were looked for: those that may be left out, and are suggested like the others.
    known: RefCell<Vec<String>>,
    /// Keys of the grammar that stand in the table under a misspelt name.
    slips: BTreeMap<&'static str, &'a str>,
    /// Keys that are needed and not there, with an example.
    missing: Vec<(String, String)>,
    figures: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(section: &'a Section, grammar: Option<&'static Table>, context: &'a Context) -> Self {
        Self {
            section,
            grammar,
            context,
            asked: Vec::new(),
            known: RefCell::new(Vec::new()),
            slips: grammar.map_or_else(BTreeMap::new, |table| slips(section, table)),
            missing: Vec::new(),
            figures: false,
        }
    }

    pub(super) const fn context(&self) -> &'a Context {
        self.context
    }

    /// Notes a problem with the value of `key`, or with the whole table when it has no such key.
    pub fn problem(&mut self, key: &str, message: &str, hint: &str) {
        let span = self.place(key);
        self.context.report(Problem::new(span, message).hint(hint));
    }

    fn place(&self, key: &str) -> Range<usize> {
        self.section.place(&[self.slips.get(key).copied().unwrap_or(key)])
    }

    /// Notes a problem with what stands at a path below this table, or with what is there of the path.
    pub(super) fn problem_in(&self, path: &[&str], message: &str, hint: &str) {
        self.context.report(Problem::new(self.section.place(path), message).hint(hint));
    }

    /// Notes a problem at a place.
    pub(super) fn problem_at(&self, span: Range<usize>, message: &str, hint: &str) {
        self.context.report(Problem::new(span, message).hint(hint));
    }

    /// Notes something that is no mistake and that readers of the file should know.
    pub fn warning(&mut self, key: &str, message: &str, hint: &str) {
        let span = self.place(key);
        self.context.warnings.borrow_mut().push(Problem::new(span, message).hint(hint));
    }

    /// Where the entry of a list of tables stands whose `key` holds this text.
    pub(super) fn item(&self, list: &str, key: &str, text: &str) -> Range<usize> {
        let Some(Value::List(items)) = self.get(list).map(|entry| &entry.value) else { return self.section.place(&[list]) };
        let holds = |item: &&Entry| match &item.value {
            Value::Table(table) => {
                matches!(table.entries.get(key).map(|e| &e.value), Some(Value::Text(held)) if held == text)
            }
            _ => false,
        };
        let found = items.iter().find(holds).and_then(|item| match &item.value {
            Value::Table(table) => table.entries.get(key),
            _ => None,
        });
        found.map_or_else(|| self.section.place(&[list]), |entry| entry.span.clone())
    }

    /// An amount for people.
    pub(super) fn shown(&self, token: Name, units: Units) -> String {
        self.amount_text(token, units, ',')
    }

    /// An amount as a file has it.
    pub(super) fn written(&self, token: Name, units: Units) -> String {
        self.amount_text(token, units, '_')
    }

    fn amount_text(&self, token: Name, units: Units, group: char) -> String {
        let tokens = self.context.tokens.borrow();
        let decimals = tokens.as_ref().and_then(|all| all.get(&token)?.as_ref()).map_or(0, |token| token.decimals);
        format!("{} {token}", group_digits(&units.to_decimal(decimals), group))
    }

    /// Whether the table has this key; does not count as asking for it, but makes it known.
    pub fn has(&self, key: &str) -> bool {
        self.known.borrow_mut().push(key.to_owned());
        self.get(key).is_some()
    }

    /// What stands under a key, or under a misspelt form of it.
    fn get(&self, key: &str) -> Option<&'a Entry> {
        let written = self.slips.get(key).copied().unwrap_or(key);
        self.section.entries.get(written)
    }

    /// What the grammar says of a key.
    fn field(&self, key: &str) -> Option<&'static Field> {
        let grammar = self.grammar?;
        let field = grammar.field(key).or_else(|| PROVENANCE.iter().find(|field| field.key == key));
        debug_assert!(field.is_some(), "the grammar of `{}` has no `{key}`", self.section.path);
        field
    }

    /// The grammar must say what the reader asks for; tests read enough files to find out.
    fn expect(&self, key: &str, fits: impl Fn(&Kind) -> bool) {
        let field = self.field(key);
        debug_assert!(field.is_none_or(|field| fits(&field.kind)), "the grammar of `{}` has another `{key}`", self.section.path);
    }

    fn optional(&mut self, key: &str) -> Option<&'a Entry> {
        self.asked.push(key.to_owned());
        self.get(key)
    }

    fn required(&mut self, key: &str, example: &str) -> Option<&'a Entry> {
        let entry = self.optional(key);
        if entry.is_none() && !self.missing.iter().any(|(missing, _)| missing == key) {
            self.missing.push((key.to_owned(), example.to_owned()));
        }
        entry
    }

    fn wrong(&self, entry: &Entry, wanted: &str, example: &str) {
        let message = format!("expected {wanted}, found {}", entry.value.noun());
        self.context
            .report(Problem::new(entry.span.clone(), message).hint(format!("write it like {example}")).stage(Stage::Text));
    }
}

/// A sum of parts of 10^9, in per cent.
pub(super) fn percent(parts: u64) -> String {
    format!("{}%", Units::new(parts.into()).to_decimal(7))
}

/// Keys of `table` that stand in a section under an earlier or a misspelt name.
fn slips<'a>(section: &'a Section, table: &'static Table) -> BTreeMap<&'static str, &'a str> {
    let keys = || table.fields.iter().chain(&PROVENANCE).map(|field| field.key);
    let mut slips = BTreeMap::new();
    for written in section.entries.keys().filter(|written| keys().all(|key| key != written.as_str())) {
        let free = keys().filter(|key| !section.has(key) && !slips.contains_key(key));
        if let Some(meant) = meant(written, free) {
            slips.insert(meant, written.as_str());
        }
    }
    slips
}
