//! The network's parameters, as a document and as lines of a table.

use super::{
    Shared,
    error::{ApiError, ApiResult},
};
use axum::{Json, extract::State};
use depin_client::api::{ErrorBody, NetworkInfo, NetworkRow};
use serde_json::{Map, Value};

/// Keys that say where a figure comes from.
const SOURCES: [&str; 2] = ["source", "why"];
/// A key that only marks a figure as a parameter.
const MARK: &str = "parameter";

/// The network's parameters.
#[utoipa::path(get, path = "/v1/network", tag = "economy", responses((status = 200, body = NetworkInfo), (status = "default", body = ErrorBody)))]
pub(super) async fn network(State(app): State<Shared>) -> ApiResult<Json<NetworkInfo>> {
    let doc = app.ledger.doc();
    let table: toml::Table = toml::from_str(&doc.network_toml).map_err(ApiError::internal)?;
    let parameters = json(toml::Value::Table(table));
    let mut rows = Vec::new();
    if let Value::Object(sections) = &parameters {
        for (section, value) in sections {
            flatten(section, "", value, "", &mut rows);
        }
    }
    Ok(Json(NetworkInfo {
        network: doc.network,
        variant: doc.variant.to_string(),
        rows,
        parameters,
        file: doc.network_toml.clone(),
    }))
}

/// TOML as JSON: dates become text.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(items) => items.into_iter().map(json).collect(),
        toml::Value::Table(table) => Value::Object(table.into_iter().map(|(key, value)| (key, json(value))).collect()),
    }
}

/// Appends a line per figure. A figure's source stands in its own table or in one around it.
fn flatten(section: &str, name: &str, value: &Value, source: &str, rows: &mut Vec<NetworkRow>) {
    let join = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match value {
        Value::Object(fields) => {
            let source = stated(fields).unwrap_or(source);
            for (key, value) in fields.iter().filter(|(key, _)| !SOURCES.contains(&key.as_str()) && *key != MARK) {
                flatten(section, &join(key), value, source, rows);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (index, item) in items.iter().enumerate() {
                let label = item.get("id").or_else(|| item.get("name")).and_then(Value::as_str);
                flatten(section, &join(&label.map_or_else(|| (index + 1).to_string(), str::to_owned)), item, source, rows);
            }
        }
        value => rows.push(NetworkRow {
            section: section.to_owned(),
            name: name.to_owned(),
            value: text(value),
            source: source.to_owned(),
        }),
    }
}

fn stated(fields: &Map<String, Value>) -> Option<&str> {
    SOURCES.iter().find_map(|key| fields.get(*key)?.as_str())
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_becomes_a_line_with_the_nearest_source() {
        let table: toml::Table = toml::from_str(
            "[supply]\nsource = \"paper\"\ncap = { amount = \"2e9\", at = 2020-08-24T22:00:00Z }\nrate = { parts = 3, parameter = true, why = \"guess\" }\n\
             [[token]]\nid = \"FIL\"\ndecimals = 18\n",
        )
        .unwrap();
        let Value::Object(sections) = json(toml::Value::Table(table)) else { panic!("a table is an object") };
        let mut rows = Vec::new();
        for (section, value) in &sections {
            flatten(section, "", value, "", &mut rows);
        }
        let lines: Vec<String> = rows.iter().map(|r| format!("{}|{}|{}|{}", r.section, r.name, r.value, r.source)).collect();
        let expected = [
            "supply|cap.amount|2e9|paper",
            "supply|cap.at|2020-08-24T22:00:00Z|paper",
            "supply|rate.parts|3|guess",
            "token|FIL.decimals|18|",
            "token|FIL.id|FIL|",
        ];
        let mut sorted = lines.clone();
        sorted.sort();
        assert_eq!(sorted, expected);
    }
}
