//! The page of the grammar: every example on it is read, every term has one, and the schema for editors agrees with the check.

use boon::{Compiler, Schemas};
use depin_economy::{
    Spec,
    grammar::{ALTERNATIVES, GRAMMAR, Kind, PROVENANCE, Table},
};
use depin_networks::schema;
use depin_services::descriptor::{Severity, service};
use std::collections::{BTreeMap, BTreeSet};
use toml_edit::{DocumentMut, Item, TableLike, Value};

#[path = "drive/files.rs"]
mod files;

const PAGE: &str = include_str!("../../../docs/network-file.md");

/// The whole file of the page, and the examples that are put over it.
fn page() -> (String, Vec<String>) {
    let mut blocks: Vec<String> =
        PAGE.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect();
    let whole = blocks.pop().expect("the page ends with a whole file");
    (whole, blocks)
}

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

/// An example put over the whole file.
fn over(whole: &str, example: &str) -> String {
    let mut document: DocumentMut = whole.parse().unwrap();
    let example: DocumentMut = example.parse().unwrap_or_else(|error| panic!("{error}\n{example}"));
    merge(document.as_table_mut(), example.as_table());
    document.to_string()
}

/// All files of the page.
fn all() -> Vec<String> {
    let (whole, examples) = page();
    examples.iter().map(|example| over(&whole, example)).chain([whole.clone()]).collect()
}

#[test]
fn every_example_is_a_file_without_an_error() {
    let (whole, examples) = page();
    assert!(examples.len() >= 20, "{}", examples.len());
    for example in examples {
        let text = over(&whole, &example);
        if let Err(errors) = Spec::parse(&text) {
            panic!("{errors}\n{example}\nmakes\n{text}");
        }
    }
    let spec = Spec::parse(&whole).unwrap_or_else(|errors| panic!("{errors}"));
    let service = service(spec.network().service.as_str()).unwrap();
    assert!(service.read_parameters(&spec).is_ok());
    let wrong: Vec<String> =
        service.findings(&spec).iter().filter(|f| f.severity == Severity::Error).map(ToString::to_string).collect();
    assert!(wrong.is_empty() && spec.warnings().is_empty(), "{wrong:?} {:?}", spec.warnings());
}

/// The tables of some files, by what the grammar says of them: several keys may hold tables of one sort.
type Found<'f> = BTreeMap<usize, (&'static Table, Vec<&'f dyn TableLike>)>;

fn collect<'f>(table: &'static Table, found: &'f dyn TableLike, into: &mut Found<'f>) {
    into.entry(std::ptr::from_ref(table).addr()).or_insert_with(|| (table, Vec::new())).1.push(found);
    for field in table.fields {
        let (Some(inner), Some(item)) = (field.kind.table(), found.get(field.key)) else { continue };
        match (item, &field.kind) {
            (Item::ArrayOfTables(all), _) => all.iter().for_each(|table| collect(inner, table, into)),
            (Item::Value(Value::Array(all)), _) => {
                all.iter().filter_map(Value::as_inline_table).for_each(|table| collect(inner, table, into));
            }
            (item, Kind::Named(_)) => {
                let named = item.as_table_like().into_iter().flat_map(|table| table.iter());
                named.filter_map(|(_, item)| item.as_table_like()).for_each(|table| collect(inner, table, into));
            }
            (item, _) => item.as_table_like().into_iter().for_each(|table| collect(inner, table, into)),
        }
    }
}

#[test]
fn every_key_and_every_word_of_the_grammar_has_an_example() {
    let documents: Vec<DocumentMut> = all().iter().map(|text| text.parse().unwrap()).collect();
    let mut found = Found::new();
    for document in &documents {
        collect(&GRAMMAR, document.as_table(), &mut found);
    }
    let mut lacking = BTreeSet::new();
    for (table, tables) in found.values() {
        for field in table.fields {
            let items: Vec<&Item> = tables.iter().filter_map(|table| table.get(field.key)).collect();
            if items.is_empty() {
                lacking.insert(format!("{}: {}", table.description, field.key));
            }
            if let Kind::Choice(words) = field.kind {
                let said: Vec<&str> = items.iter().filter_map(|item| item.as_str()).collect();
                let unsaid = words.iter().filter(|word| !said.contains(word));
                lacking.extend(unsaid.map(|word| format!("{}: {} = {word}", table.description, field.key)));
            }
        }
    }
    assert!(found.len() > 40 && lacking.is_empty(), "{} tables; no example of {lacking:#?}", found.len());
    for field in &PROVENANCE {
        assert!(PAGE.contains(&format!("\n{} = ", field.key)), "{}", field.key);
    }
}

/// A file as an editor's schema sees it: dates are texts.
fn json(text: &str) -> serde_json::Value {
    fn item(item: &Item) -> serde_json::Value {
        match item {
            Item::Value(value) => self::value(value),
            Item::Table(table) => object(table),
            Item::ArrayOfTables(all) => all.iter().map(|table| object(table)).collect(),
            Item::None => serde_json::Value::Null,
        }
    }
    fn object(table: &dyn TableLike) -> serde_json::Value {
        table.iter().map(|(key, inner)| (key.to_owned(), item(inner))).collect::<serde_json::Map<_, _>>().into()
    }
    let document: DocumentMut = text.parse().unwrap();
    object(document.as_table())
}

fn value(value: &Value) -> serde_json::Value {
    match value {
        Value::String(text) => text.value().as_str().into(),
        Value::Integer(number) => (*number.value()).into(),
        Value::Float(number) => (*number.value()).into(),
        Value::Boolean(flag) => (*flag.value()).into(),
        Value::Datetime(date) => date.value().to_string().into(),
        Value::Array(all) => all.iter().map(self::value).collect(),
        Value::InlineTable(table) => {
            table.iter().map(|(key, inner)| (key.to_owned(), self::value(inner))).collect::<serde_json::Map<_, _>>().into()
        }
    }
}

/// What the schema has against a file; nothing when it fits.
fn judged(schemas: &(Schemas, boon::SchemaIndex), text: &str) -> Option<String> {
    schemas.0.validate(&json(text), schemas.1).err().map(|error| error.to_string())
}

fn compiled() -> (Schemas, boon::SchemaIndex) {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("network.json", schema()).unwrap();
    let index = compiler.compile("network.json", &mut schemas).unwrap();
    (schemas, index)
}

#[test]
fn the_schema_takes_every_file_that_passes() {
    let schemas = compiled();
    for (name, text) in files::FIVE {
        assert_eq!(judged(&schemas, text), None, "{name}");
    }
    for text in all() {
        assert_eq!(judged(&schemas, &text), None, "{text}");
    }
    for (n, service) in depin_services::descriptor::SERVICES.iter().enumerate() {
        let made = files::mixed(service.name.as_str(), n % 5, (n + 1) % 5, (n + 2) % 5);
        assert_eq!(judged(&schemas, &made.toml), None, "{}", service.name);
    }
}

#[test]
fn the_schema_refuses_misspelt_keys_and_wrong_forms() {
    let schemas = compiled();
    for (_, text) in files::FIVE {
        for (from, to) in [
            ("[utility.fee]", "[utility.fees]"),
            ("method = ", "methd = "),
            ("quorum = 1", "quorum = 0"),
            ("quorum = 1", "quorum = \"1\""),
            ("reporters = [\"price-feeder\"]", "reporters = \"price-feeder\""),
            ("kind = \"clamp\"", "kind = \"clamped\""),
            ("share = \"100%\"", "share = \"101%\""),
            ("every = ", "evry = "),
            ("title = ", "titel = "),
            ("[bind]", "[bound]"),
            ("[incentive.fault.", "[incentive.falt."),
            ("stale-after = \"1", "stale-after = \"one"),
        ] {
            if !text.contains(from) {
                continue;
            }
            let wrong = text.replacen(from, to, 1);
            assert!(judged(&schemas, &wrong).is_some(), "{from} -> {to} passes the schema");
            assert!(Spec::parse(&wrong).is_err(), "{from} -> {to} passes the check");
        }
    }
    let (whole, _) = page();
    assert!(judged(&schemas, &whole.replacen("units-most", "units-mist", 1)).is_some());
    assert!(judged(&schemas, &whole.replacen("[network]", "[nettwork]", 1)).is_some());
    let change = "\n[[change]]\nafter = \"1d\"\n[change.set.utility.fee]\nchnge = { parts = 9 }\n";
    assert!(judged(&schemas, &format!("{whole}{change}")).is_some());
    assert_eq!(judged(&schemas, &format!("{whole}{}", change.replace("chnge", "change"))), None);
}

/// What the grammar calls required is missed by the reader, wherever it stands.
#[test]
fn the_reader_misses_every_required_key() {
    let mut tried = BTreeSet::new();
    for text in all() {
        let document: DocumentMut = text.parse().unwrap();
        let mut paths = Vec::new();
        required(&GRAMMAR, document.as_table(), &mut Vec::new(), &mut paths);
        for path in paths {
            let words: Vec<&str> = path.iter().map(String::as_str).filter(|key| !key.starts_with('[')).collect();
            if !tried.insert(words.join(".")) {
                continue;
            }
            let mut without = document.clone();
            cut(without.as_item_mut(), &path);
            let without = without.to_string();
            assert!(Spec::parse(&without).is_err(), "the file passes without {path:?}:\n{without}");
        }
    }
    assert!(tried.len() > 100, "{}", tried.len());
}

fn required(table: &Table, found: &dyn TableLike, path: &mut Vec<String>, into: &mut Vec<Vec<String>>) {
    for field in table.fields {
        let Some(item) = found.get(field.key) else { continue };
        path.push(field.key.to_owned());
        if field.required {
            into.push(path.clone());
        }
        match (&field.kind, item) {
            (Kind::Named(inner), item) => {
                for (name, item) in item.as_table_like().into_iter().flat_map(|table| table.iter()) {
                    if let Some(entry) = item.as_table_like() {
                        path.push(name.to_owned());
                        required(inner, entry, path, into);
                        path.pop();
                    }
                }
            }
            (Kind::Table(inner) | Kind::ShareOrTable(inner), item) => {
                if let Some(entry) = item.as_table_like() {
                    required(inner, entry, path, into);
                }
            }
            (Kind::List(inner), Item::Value(Value::Array(all))) => {
                for (index, entry) in all.iter().enumerate() {
                    if let Some(entry) = entry.as_inline_table() {
                        path.push(format!("[{index}]"));
                        required(inner, entry, path, into);
                        path.pop();
                    }
                }
            }
            (Kind::List(inner), Item::ArrayOfTables(all)) => {
                for (index, entry) in all.iter().enumerate() {
                    path.push(format!("[{index}]"));
                    required(inner, entry, path, into);
                    path.pop();
                }
            }
            _ => {}
        }
        path.pop();
    }
}

/// Removes what stands at a path.
fn cut(item: &mut Item, path: &[String]) {
    let (key, rest) = path.split_first().unwrap();
    let index = key.strip_prefix('[').and_then(|key| key.strip_suffix(']')).and_then(|key| key.parse::<usize>().ok());
    match (index, item) {
        (None, item) => {
            let table = item.as_table_like_mut().unwrap();
            if rest.is_empty() {
                table.remove(key);
            } else {
                cut(table.get_mut(key).unwrap(), rest);
            }
        }
        (Some(index), Item::ArrayOfTables(all)) => {
            let table = all.get_mut(index).unwrap();
            if rest.len() == 1 {
                table.remove(&rest[0]);
            } else {
                cut(table.get_mut(&rest[0]).unwrap(), &rest[1..]);
            }
        }
        (Some(index), Item::Value(Value::Array(all))) => cut_value(all.get_mut(index).unwrap(), rest),
        _ => panic!("{path:?}"),
    }
}

fn cut_value(value: &mut Value, path: &[String]) {
    let (key, rest) = path.split_first().unwrap();
    let index = key.strip_prefix('[').and_then(|key| key.strip_suffix(']')).and_then(|key| key.parse::<usize>().ok());
    match (index, value) {
        (None, Value::InlineTable(table)) if rest.is_empty() => {
            table.remove(key);
        }
        (None, Value::InlineTable(table)) => cut_value(table.get_mut(key).unwrap(), rest),
        (Some(index), Value::Array(all)) => cut_value(all.get_mut(index).unwrap(), rest),
        _ => panic!("{path:?}"),
    }
}
