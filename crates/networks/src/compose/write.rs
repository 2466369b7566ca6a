//! Writing tables as text, with their comments, in the order in which they are given.

use crate::wrap;
use toml_edit::{Item, Table, TableLike, Value};

/// A file in the making.
#[derive(Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    /// A line that parts the file.
    pub fn rule(&mut self, title: &str) {
        let line = format!("# ---- {title} ");
        let dashes = "-".repeat(130usize.saturating_sub(line.chars().count()));
        self.gap();
        self.text += &format!("{line}{dashes}\n");
    }

    /// A comment, wrapped.
    pub fn comment(&mut self, text: &str) {
        for line in wrap(text, 128) {
            self.text += &format!("# {line}\n");
        }
    }

    /// An empty line, unless nothing or an empty line stands before.
    pub fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Text as it is.
    pub fn raw(&mut self, text: &str) {
        self.text += text;
    }

    /// A table under its header, and the tables in it behind it.
    pub fn table(&mut self, path: &str, table: &dyn TableLike) {
        let plain: Vec<(&str, &Item)> = table.iter().filter(|(_, item)| !stands_alone(item)).collect();
        let alone: Vec<(&str, &Item)> = table.iter().filter(|(_, item)| stands_alone(item)).collect();
        if !plain.is_empty() || alone.is_empty() {
            self.gap();
            self.text += &format!("[{path}]\n");
            for (key, item) in plain {
                self.entry(&quoted(key), item);
            }
        }
        for (key, item) in alone {
            if let Some(inner) = item.as_table_like() {
                self.table(&format!("{path}.{}", quoted(key)), inner);
            }
        }
    }

    /// One key with its value; a dotted table line by line.
    fn entry(&mut self, key: &str, item: &Item) {
        match item {
            Item::Value(value) => self.text += &format!("{key} = {}\n", plain(value)),
            Item::Table(table) => {
                for (inner, item) in table {
                    self.entry(&format!("{key}.{}", quoted(inner)), item);
                }
            }
            Item::None | Item::ArrayOfTables(_) => {}
        }
    }

    /// Another page behind this one.
    pub fn append(&mut self, other: Self) {
        self.gap();
        self.text += &other.text;
    }

    /// The text, with one line end at its end.
    pub fn finish(self) -> String {
        format!("{}\n", self.text.trim_end())
    }
}

/// Whether an item is written under a header of its own.
fn stands_alone(item: &Item) -> bool {
    matches!(item, Item::Table(table) if !table.is_dotted())
}

/// A value as it was written, without the blanks around it.
fn plain(value: &Value) -> String {
    value.to_string().trim().to_owned()
}

/// A key, in quotes when it needs them.
pub(super) fn quoted(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if bare { key.to_owned() } else { format!("\"{key}\"") }
}

/// A text as TOML.
pub(super) fn string(text: &str) -> Value {
    Value::from(text)
}

/// Replaces where a table's figures come from by the reason for what they are now.
pub(super) fn mark(table: &mut dyn TableLike, why: &str) {
    let old = table.get("source").or_else(|| table.get("why")).and_then(Item::as_str).map(str::to_owned);
    table.remove("source");
    table.remove("parameter");
    table.remove("why");
    // What was marked before says where it came from within its brackets.
    let first = |old: String| match old
        .strip_prefix("as on ")
        .and_then(|old| Some(old.split_once(" (")?.1.strip_suffix(')')?.to_owned()))
    {
        Some(inner) => inner,
        None => old,
    };
    let why = match old.map(first) {
        Some(old) => format!("{why} ({old})"),
        None => why.to_owned(),
    };
    set(table, "parameter", Value::from(true));
    set(table, "why", string(&why));
}

/// Sets a value.
pub(super) fn set(table: &mut dyn TableLike, key: &str, value: Value) {
    table.insert(key, Item::Value(value));
}

/// A table of texts.
pub(super) fn table<const N: usize>(entries: [(&str, Value); N]) -> Table {
    let mut table = Table::new();
    for (key, value) in entries {
        set(&mut table, key, value);
    }
    table
}
