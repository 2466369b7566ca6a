//! A JSON schema of network files, for editors.
//!
//! In: the grammar of the economy's part, and the figures that each service describes. Out: a schema (draft 7, which editors of TOML
//! read) that refuses misspelt keys and values of another form. Called by `depin check --schema`. Absent on purpose: what values make
//! sense together; `depin check` says that.

use depin_economy::grammar::{Field, GRAMMAR, Kind, PROVENANCE, Table};
use depin_services::descriptor::{self, SERVICES, Value as FigureValue};
use serde_json::{Map, Value, json};

/// The schema of a whole file.
pub fn schema() -> Value {
    let mut root = table(GRAMMAR.description, GRAMMAR.fields.iter(), Form::Whole);
    if let Some(root) = root.as_object_mut() {
        root.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
        root.insert("title".to_owned(), json!("A network of depin"));
        root.insert("definitions".to_owned(), definitions());
    }
    root
}

/// Whether a table must be whole, or is put over another one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Whole,
    Over,
}

fn table<'f>(description: &str, fields: impl Iterator<Item = &'f Field> + Clone, form: Form) -> Value {
    let mut properties: Map<String, Value> =
        fields.clone().map(|field| (field.key.to_owned(), described(kind(&field.kind, form), field.description))).collect();
    provenance(&mut properties);
    let required: Vec<&str> = fields.filter(|field| field.required && form == Form::Whole).map(|field| field.key).collect();
    json!({
        "type": "object",
        "description": description,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// Any table may say where its figures come from.
fn provenance(properties: &mut Map<String, Value>) {
    for field in &PROVENANCE {
        let value = if matches!(field.kind, Kind::Flag) { json!({ "const": true }) } else { kind(&field.kind, Form::Whole) };
        properties.insert(field.key.to_owned(), described(value, field.description));
    }
}

/// Words beside a reference are not read in draft 7, so the reference stands in a list of one.
fn described(mut value: Value, description: &str) -> Value {
    if value.get("$ref").is_some() {
        value = json!({ "allOf": [value] });
    }
    if let Some(object) = value.as_object_mut() {
        object.insert("description".to_owned(), json!(description));
    }
    value
}

fn refer(definition: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{definition}") })
}

fn list(of: &Value) -> Value {
    json!({ "type": "array", "items": of })
}

fn kind(kind: &Kind, form: Form) -> Value {
    let inner = |inner: &Table, form| table(inner.description, inner.fields.iter(), form);
    match kind {
        Kind::Text => json!({ "type": "string", "minLength": 1 }),
        Kind::Name => refer("name"),
        Kind::Names => refer("names"),
        Kind::NameOrNames => json!({ "anyOf": [refer("name"), refer("names")] }),
        Kind::Texts => list(&json!({ "type": "string" })),
        Kind::Destination => refer("destination"),
        Kind::Integer(least, most) => integer(*least, *most),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::FlagOrNames => json!({ "anyOf": [{ "const": true }, refer("name"), refer("names")] }),
        Kind::Share => refer("share"),
        Kind::Percent => refer("percent"),
        Kind::Span => refer("span"),
        Kind::Length => refer("length"),
        Kind::Bytes => refer("bytes"),
        Kind::Decimal => refer("decimal"),
        Kind::Amount => refer("amount"),
        Kind::Amounts => json!({ "anyOf": [refer("amount"), list(&refer("amount"))] }),
        Kind::Usd => refer("usd"),
        Kind::AmountOrUsd => json!({ "anyOf": [refer("amount"), refer("usd")] }),
        Kind::Date => refer("date"),
        Kind::DateOrGenesis => json!({ "anyOf": [refer("date"), { "const": "genesis" }] }),
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::Table(table) => inner(table, form),
        Kind::ShareOrTable(table) => json!({ "anyOf": [refer("share"), inner(table, form)] }),
        // An entry of a list is never put over another one.
        Kind::List(table) => list(&inner(table, Form::Whole)),
        Kind::Named(table) => json!({
            "type": "object",
            "propertyNames": refer("name"),
            "additionalProperties": inner(table, form),
        }),
        Kind::Changes => over(),
        Kind::Services => services(form),
    }
}

/// Numbers past 2^53 are not exact in JSON, so larger bounds are left out.
fn integer(least: u64, most: u64) -> Value {
    let mut integer = json!({ "type": "integer", "minimum": least });
    if most <= 1 << 53 {
        integer["maximum"] = json!(most);
    }
    integer
}

/// What may be put over a file: any of it but overlays and changes.
fn over() -> Value {
    table(GRAMMAR.description, GRAMMAR.fields.iter().filter(|field| !matches!(field.key, "change" | "overlay")), Form::Over)
}

fn services(form: Form) -> Value {
    let services = SERVICES.iter().map(|service| (service.name.to_string(), service_figures(service, form)));
    json!({ "type": "object", "properties": services.collect::<Map<_, _>>(), "additionalProperties": false })
}

fn service_figures(service: &descriptor::Service, form: Form) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for table in service.parameters {
        let figures: Map<String, Value> = table
            .figures
            .iter()
            .map(|figure| (figure.key.to_owned(), described(figure_form(&figure.value), figure.description)))
            .collect();
        let keys: Vec<&str> = table.figures.iter().filter(|f| !f.value.is_optional()).map(|figure| figure.key).collect();
        let optional = keys.is_empty();
        if table.key.is_empty() {
            properties.extend(figures);
            required.extend(keys);
            continue;
        }
        let mut inner = figures;
        provenance(&mut inner);
        let keys = if form == Form::Whole { keys } else { Vec::new() };
        let schema = json!({ "type": "object", "properties": inner, "required": keys, "additionalProperties": false });
        properties.insert(table.key.to_owned(), schema);
        if !optional {
            required.push(table.key);
        }
    }
    provenance(&mut properties);
    if form == Form::Over {
        required.clear();
    }
    json!({
        "type": "object",
        "description": service.description,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn figure_form(value: &FigureValue) -> Value {
    match value {
        FigureValue::Span(_) => refer("span"),
        FigureValue::Bytes(_) => refer("bytes"),
        FigureValue::Integer(_, range) => integer(*range.start(), *range.end()),
        FigureValue::Decimal(_) => refer("decimal"),
        FigureValue::Share(_) => refer("share"),
        FigureValue::Name(_) => refer("name"),
        FigureValue::Text(_) => json!({ "type": "string", "minLength": 1 }),
        FigureValue::Choice(words) => json!({ "enum": words }),
        FigureValue::Optional(value) | FigureValue::Extra(value) => figure_form(value),
    }
}

/// The forms of single values. Whether they fit (places of a token, whole periods of a clock) the check says.
fn definitions() -> Value {
    let form = |pattern: &str, example: &str| json!({ "type": "string", "pattern": pattern, "examples": [example] });
    json!({
        "name": form(r"^[A-Za-z0-9._-]{1,31}$", "quality-bytes"),
        "names": { "type": "array", "items": refer("name"), "minItems": 1, "uniqueItems": true },
        "destination": form(r"^(payee|burn|reporter|(treasury|pool|role)\.[A-Za-z0-9._-]{1,31})$", "treasury.community"),
        "share": form(r"^(100(\.0*)?|[0-9]{1,2}(\.[0-9]{0,7})?|\.[0-9]{1,7}) *%$", "34.5%"),
        "percent": form(r"^[0-9_]*\.?[0-9_]* *%$", "25%"),
        "span": form(r"^[0-9_]*\.?[0-9_]* *(ms|s|m|min|h|d|w|y)$", "180d"),
        "length": form(r"^([0-9_]*\.?[0-9_]* *(ms|s|m|min|h|d|w|y)|[0-9]* *(months?|years?))$", "24 month"),
        "bytes": form(r"^[0-9_]*\.?[0-9_]* *(B|[KMGTPE]iB|[kKMGTP]B)?$", "32GiB"),
        "decimal": form(r"^[0-9_]*\.?[0-9_]*$", "0.8"),
        "amount": form(r"^[0-9_]*\.?[0-9_]* +(base +)?[A-Za-z0-9._-]{1,31}$", "1_000 FIL"),
        "usd": form(r"^[0-9_]*\.?[0-9_]* *USD$", "0.0001 USD"),
        "date": form(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?$", "2023-12-20T00:00:00Z"),
    })
}
