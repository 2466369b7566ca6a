//! JSON as Go writes it: no whitespace, `<`, `>`, `&` and the two line separators of Unicode escaped. A hash is made of these bytes.

use serde::Serialize;
use serde_json::{Serializer, Value, ser::Formatter};
use std::{collections::BTreeMap, io};

struct Go;

impl Formatter for Go {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            writer.write_all(&rest.as_bytes()[..at])?;
            let special = rest[at..].chars().next().expect("one was found there");
            write!(writer, "\\u{:04x}", u32::from(special))?;
            rest = &rest[at + special.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// JSON in the order of the fields.
pub fn compact<T: Serialize>(value: &T) -> String {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Go)).expect("memory takes every manifest");
    String::from_utf8(bytes).expect("JSON is text")
}

/// JSON with the keys of every level in the order of their bytes.
pub fn sorted<T: Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).expect("keys of manifests are texts");
    compact(&Sorted(&value))
}

/// A value that writes its keys sorted, whatever order its maps keep.
struct Sorted<'v>(&'v Value);

impl Serialize for Sorted<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => serializer.collect_seq(items.iter().map(Sorted)),
            Value::Object(fields) => {
                let ordered: BTreeMap<&str, Sorted<'_>> =
                    fields.iter().map(|(key, value)| (key.as_str(), Sorted(value))).collect();
                serializer.collect_map(ordered)
            }
            other => other.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn strings_are_escaped_as_go_does() {
        let value = "<a href=\"x\">&\u{2028}\u{2029}é\u{7f}\u{1}\u{8}\u{c}\n\t\\";
        let expected = "\"\\u003ca href=\\\"x\\\"\\u003e\\u0026\\u2028\\u2029é\u{7f}\\u0001\\b\\f\\n\\t\\\\\"";
        assert_eq!(compact(&value), expected);
    }

    #[test]
    fn keys_are_sorted_at_every_level() {
        let value = json!({"b": [{"z": 1, "a": null}], "a": {"y": "<", "B": true}});
        assert_eq!(sorted(&value), r#"{"a":{"B":true,"y":"\u003c"},"b":[{"a":null,"z":1}]}"#);
    }
}
