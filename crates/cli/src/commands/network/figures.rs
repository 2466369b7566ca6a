//! `depin network show --figures`: every figure of a network's file, or of the network that the node runs.

use super::show::text_of;
use crate::{
    error::{CliError, Result},
    output::{Output, Table, wrap},
    remote::Remote,
    settings::Settings,
};
use depin_client::api::NetworkRow;
use depin_economy::Spec;
use serde::Serialize;
use toml::{Table as Document, Value};

/// Remarks stand in so far from the left.
const REMARK: usize = 4;

/// A network as a table and as a document.
#[derive(Serialize)]
struct Shown {
    network: String,
    title: String,
    variant: String,
    rows: Vec<NetworkRow>,
    parameters: serde_json::Value,
}

pub async fn run(name: Option<&str>, overlay: bool, settings: &Settings, out: &Output) -> Result<()> {
    let shown = match name {
        Some(name) => from_file(&text_of(name, overlay, out)?)?,
        None => {
            let info = Remote::new(settings)?.client.network().await?;
            Shown {
                title: info.network.to_string(),
                network: info.network.to_string(),
                variant: info.variant,
                rows: info.rows,
                parameters: info.parameters,
            }
        }
    };
    out.result(&shown, |out| shown.text(out))
}

impl Shown {
    fn text(&self, out: &Output) -> String {
        let mut text = format!("{} ({}), by variant `{}`\n", self.title, self.network, self.variant);
        let mut section = None;
        let mut table = Table::new(&["", ""]);
        let mut sources: Vec<&str> = Vec::new();
        let flush = |table: &mut Table, sources: &mut Vec<&str>, text: &mut String| {
            *text += &std::mem::replace(table, Table::new(&["", ""])).render(out);
            for line in sources.drain(..).flat_map(|source| wrap(source, out.width, REMARK)) {
                *text += &format!("{}\n", out.dim(&format!("{}{line}", " ".repeat(REMARK))));
            }
        };
        for row in &self.rows {
            if section != Some(&row.section) {
                flush(&mut table, &mut sources, &mut text);
                text += &format!("\n{}\n", out.bold(&row.section));
                section = Some(&row.section);
            }
            table.row([format!("  {}", row.name), row.value.clone()]);
            if !row.source.is_empty() && !sources.contains(&row.source.as_str()) {
                sources.push(&row.source);
            }
        }
        flush(&mut table, &mut sources, &mut text);
        text
    }
}

fn from_file(text: &str) -> Result<Shown> {
    let spec = Spec::parse(text).map_err(|error| CliError::broken("network-file", error))?;
    let document: Document = toml::from_str(text).map_err(|error| CliError::broken("network-file", error))?;
    let mut rows = Vec::new();
    let mut sections: Vec<_> = document.iter().collect();
    sections.sort_by_key(|(name, _)| ORDER.iter().position(|known| known == name));
    for (name, value) in sections.into_iter().filter(|(name, _)| !matches!(name.as_str(), "change" | "overlay")) {
        walk(name, value, &mut rows);
    }
    for over in document.get("overlay").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table) {
        let name = over.get("name").and_then(Value::as_str).unwrap_or_default();
        set_by(over, &format!("overlay {name}"), &mut rows);
    }
    for change in document.get("change").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table) {
        changed(change, &mut rows);
    }
    let info = spec.network();
    let parameters = serde_json::to_value(&document).map_err(|error| CliError::broken("network-file", error))?;
    Ok(Shown { network: info.name.to_string(), title: info.title.clone(), variant: info.variant.to_string(), rows, parameters })
}

/// Sections in the order in which a network is explained; others come first.
const ORDER: [&str; 12] =
    ["network", "token", "clock", "supply", "incentive", "treasury", "utility", "price", "amm-pool", "bind", "service", "change"];

/// One section per table that has figures of its own, one row per figure; a figure that is a table itself is told on one line.
fn walk(path: &str, value: &Value, rows: &mut Vec<NetworkRow>) {
    match value {
        Value::Table(table) => {
            let source = source_of(table);
            for (key, value) in table.iter().filter(|(key, value)| !is_remark(key) && !is_section(value)) {
                let (value, own) = (figure(value), inner_source(value));
                rows.push(NetworkRow {
                    section: path.to_owned(),
                    name: key.clone(),
                    value,
                    source: own.unwrap_or_else(|| source.clone()),
                });
            }
            for (key, value) in table.iter().filter(|(_, value)| is_section(value)) {
                walk(&format!("{path}.{key}"), value, rows);
            }
        }
        Value::Array(items) => list(path, "", items, rows),
        _ => rows.push(NetworkRow {
            section: "network".to_owned(),
            name: path.to_owned(),
            value: figure(value),
            source: String::new(),
        }),
    }
}

/// What a dated change removes and sets: the same sections, each with the date from which it holds.
fn changed(change: &Document, rows: &mut Vec<NetworkRow>) {
    let when = match (change.get("at"), change.get("after").and_then(Value::as_str)) {
        (Some(Value::Datetime(at)), _) => format!("from {}", at.to_string().trim_end_matches("T00:00:00Z")),
        (_, Some(after)) => format!("from {after} after the start"),
        _ => "later".to_owned(),
    };
    let removed = change.get("remove").map(figure).unwrap_or_default();
    let value = if removed.is_empty() { "changes".to_owned() } else { format!("removes {removed}") };
    rows.push(NetworkRow { section: "change".to_owned(), name: when.clone(), value, source: source_of(change) });
    set_by(change, &when, rows);
}

/// What a change or an overlay sets: the same sections, each with what set it.
fn set_by(table: &Document, by: &str, rows: &mut Vec<NetworkRow>) {
    let mut own = Vec::new();
    for (name, value) in table.get("set").and_then(Value::as_table).into_iter().flatten() {
        walk(name, value, &mut own);
    }
    rows.extend(own.into_iter().map(|row| NetworkRow { section: format!("{} ({by})", row.section), ..row }));
}

/// One row per entry of a list, named by what the entry says of itself; lists inside an entry follow it.
fn list(path: &str, above: &str, items: &[Value], rows: &mut Vec<NetworkRow>) {
    for (index, item) in items.iter().enumerate() {
        let Some(table) = item.as_table() else { continue };
        let label = ["id", "to", "name"].into_iter().find_map(|key| Some((key, table.get(key)?.as_str()?)));
        let name = label.map_or_else(|| format!("{above}{}", index + 1), |(_, text)| format!("{above}{text}"));
        let shown =
            |key: &str, value: &Value| !is_remark(key) && !is_section(value) && label.is_none_or(|(named, _)| named != key);
        let figures = table.iter().filter(|(key, value)| shown(key, value));
        let value = figures.map(|(key, value)| format!("{key} {}", figure(value))).collect::<Vec<_>>().join(", ");
        rows.push(NetworkRow { section: path.to_owned(), name: name.clone(), value, source: source_of(table) });
        for (key, value) in table {
            if let (Value::Array(inner), true) = (value, is_section(value)) {
                list(path, &format!("{name} {key} "), inner, rows);
            }
        }
    }
}

/// A table is a section of its own unless it is one figure with its remarks.
fn is_section(value: &Value) -> bool {
    match value {
        Value::Table(table) => {
            table.values().any(|inner| matches!(inner, Value::Table(_))) || table.len() > 3 && !table.contains_key("amount")
        }
        Value::Array(items) => !items.is_empty() && items.iter().all(Value::is_table),
        _ => false,
    }
}

fn is_remark(key: &str) -> bool {
    matches!(key, "source" | "why" | "parameter")
}

fn source_of(table: &Document) -> String {
    let text = |key: &str| table.get(key).and_then(Value::as_str);
    text("source").map(str::to_owned).or_else(|| text("why").map(|why| format!("own choice: {why}"))).unwrap_or_default()
}

fn inner_source(value: &Value) -> Option<String> {
    value.as_table().map(source_of).filter(|source| !source.is_empty())
}

/// A figure on one line.
fn figure(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(figure).collect::<Vec<_>>().join(", "),
        Value::Table(table) => {
            let figures = table.iter().filter(|(key, _)| !is_remark(key));
            figures.map(|(key, value)| format!("{key} {}", figure(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_of_a_network_is_in_its_table() {
        let shown = from_file(depin_networks::network_file("filecoin").unwrap()).unwrap();
        let find = |section: &str, name: &str| {
            shown
                .rows
                .iter()
                .find(|row| row.section == section && row.name == name)
                .unwrap_or_else(|| panic!("{section} {name}: {:#?}", shown.rows))
        };
        assert_eq!(find("service.storage.proving", "challenges").value, "5");
        let pledge = find("incentive.pledge", "sector");
        assert!(pledge.value.contains("0.03125 FIL") && pledge.source.starts_with("own choice"), "{pledge:?}");
        assert_eq!(find("incentive.pool.blocks.vest", "over").value, "180d");
        assert!(shown.rows.iter().all(|row| !is_remark(&row.name)));
        let over = depin_networks::with_development_overlay(depin_networks::network_file("filecoin").unwrap()).unwrap();
        let over = from_file(&over).unwrap();
        let bound =
            |row: &&NetworkRow| row.section == "incentive.fault.continued.at-most (overlay development)" && row.name == "share";
        let row = over.rows.iter().find(bound).unwrap_or_else(|| panic!("{:#?}", over.rows));
        assert!(row.value == "2%" && row.source.starts_with("own choice: development:"), "{row:?}");
        let later = from_file(depin_networks::network_file("render").unwrap()).unwrap();
        let pool = |row: &&NetworkRow| row.section == "incentive.pool.work (from 2023-12-20)" && row.name == "share";
        assert_eq!(later.rows.iter().find(pool).unwrap().value, "25%");
    }
}
