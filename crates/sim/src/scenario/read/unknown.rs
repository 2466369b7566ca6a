//! Keys that nobody knows, with the one that was meant.

use super::{PROVENANCE, Reader};
use crate::scenario::{
    document::{Node, Table, Value},
    fields::Field,
    settings::{Setting, keys_of},
};
use depin_quantity::nearest_name;

impl Reader<'_> {
    /// Looks at every key of the tree.
    pub(super) fn unknown(&mut self) {
        let tree = self.tree;
        self.unknown_in(tree, &mut Vec::new());
    }

    fn unknown_in<'k>(&mut self, table: &'k Table, path: &mut Vec<&'k str>) {
        let known = keys_of(path);
        for (key, node) in &table.entries {
            if PROVENANCE.contains(&key.as_str()) && !path.is_empty() {
                if !matches!(node.value, Value::Text(_)) {
                    self.say(node, format!("`{key}` must be a text"), format!("write {key} = \"…\""));
                }
                continue;
            }
            if !known.iter().any(|name| *name == key || *name == "*") {
                self.unknown_key(key, node, path, &known);
                continue;
            }
            path.push(key);
            self.below(node, path);
            path.pop();
        }
    }

    fn below<'k>(&mut self, node: &'k Node, path: &mut Vec<&'k str>) {
        let whole = path.join(".");
        if Field::of(&whole).is_some() || Setting::of(&whole).is_some() {
            return;
        }
        match &node.value {
            Value::Table(inner) => self.unknown_in(inner, path),
            // Named tables say so themselves where they are read.
            _ if keys_of(&path[..path.len() - 1]).contains(&"*") => {}
            other => {
                let noun = other.noun();
                let hint = format!("write [{whole}], and its keys below");
                self.say(node, format!("`{whole}` must be a table, and is {noun}"), hint);
            }
        }
    }

    fn unknown_key(&mut self, key: &str, node: &Node, path: &[&str], known: &[&'static str]) {
        let near = nearest_name(key, known.iter().copied());
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", known.join(", ")),
        };
        let message = match path {
            [] => format!("`{key}` is no section of a scenario"),
            path => format!("`{key}` is no key of [{}]", path.join(".")),
        };
        self.say_of(node, message, hint);
    }
}
