//! Policies of form uploads: what a form may say.
//!
//! Written from S3's description of POST policies. Every condition must hold, and every field must be covered by one, but for those that
//! carry the signature, the file, and `x-ignore-…`.

use super::errors;
use hyper::StatusCode;
use s3s::{
    S3Result,
    dto::{Timestamp, TimestampFormat},
    s3_error,
};
use serde_json::Value;

/// A policy.
pub(super) struct Policy {
    expires: time::OffsetDateTime,
    conditions: Vec<Condition>,
}

enum Condition {
    Is(String, String),
    StartsWith(String, String),
    Length(u64, u64),
}

fn invalid(what: &str) -> s3s::S3Error {
    errors::named("InvalidPolicyDocument", StatusCode::BAD_REQUEST, format!("Invalid Policy: {what}"))
}

fn violated(what: &str) -> s3s::S3Error {
    s3_error!(AccessDenied, "Invalid according to Policy: {what}")
}

/// A moment like `2026-11-29T13:01:37.000Z`.
fn moment(text: &str) -> Option<time::OffsetDateTime> {
    let plain = text.len() >= 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z');
    plain.then(|| Timestamp::parse(TimestampFormat::DateTime, text).ok()).flatten().map(time::OffsetDateTime::from)
}

impl Policy {
    /// Reads a policy in base64.
    pub(super) fn read(text: &str) -> S3Result<Self> {
        let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let bytes = base64_simd::STANDARD.decode_to_vec(&text).map_err(|_| invalid("it is no base64"))?;
        let document: Value = serde_json::from_slice(&bytes).map_err(|error| invalid(&error.to_string()))?;
        let expires = document.get("expiration").and_then(Value::as_str).ok_or_else(|| invalid("expiration is missing"))?;
        let expires = moment(expires).ok_or_else(|| invalid("expiration is no ISO 8601 date in UTC"))?;
        let conditions = document.get("conditions").and_then(Value::as_array).ok_or_else(|| invalid("conditions is missing"))?;
        let mut all = Vec::with_capacity(conditions.len());
        for condition in conditions {
            read_condition(condition, &mut all)?;
        }
        Ok(Self { expires, conditions: all })
    }

    /// Least and most bytes of the file.
    pub(super) fn length(&self) -> (u64, u64) {
        self.conditions.iter().fold((0, u64::MAX), |(least, most), condition| match condition {
            Condition::Length(from, to) => (least.max(*from), most.min(*to)),
            Condition::Is(..) | Condition::StartsWith(..) => (least, most),
        })
    }

    /// Checks a form's fields, names in lower case.
    pub(super) fn check(&self, now: time::OffsetDateTime, fields: &[(String, String)], bucket: &str) -> S3Result<()> {
        if now >= self.expires {
            return Err(violated("Policy expired."));
        }
        let value = |name: &str| match name {
            "bucket" => Some(bucket),
            _ => fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str()),
        };
        for condition in &self.conditions {
            let (holds, text) = match condition {
                Condition::Is(name, wanted) => (value(name) == Some(wanted), format!("[\"eq\", \"${name}\", \"{wanted}\"]")),
                Condition::StartsWith(name, start) => {
                    let holds = value(name).is_some_and(|value| value.starts_with(start.as_str()));
                    (holds, format!("[\"starts-with\", \"${name}\", \"{start}\"]"))
                }
                Condition::Length(..) => continue,
            };
            if !holds {
                return Err(violated(&format!("Policy Condition failed: {text}")));
            }
        }
        let covered = |name: &str| {
            let free = matches!(name, "policy" | "x-amz-signature" | "awsaccesskeyid" | "signature" | "file" | "bucket")
                || name.starts_with("x-ignore-");
            free || self.conditions.iter().any(|condition| match condition {
                Condition::Is(field, _) | Condition::StartsWith(field, _) => field == name,
                Condition::Length(..) => false,
            })
        };
        match fields.iter().find(|(name, _)| !covered(name)) {
            None => Ok(()),
            Some((name, _)) => Err(violated(&format!("Extra input fields: {name}"))),
        }
    }
}

fn read_condition(condition: &Value, all: &mut Vec<Condition>) -> S3Result<()> {
    if let Some(fields) = condition.as_object() {
        for (name, value) in fields {
            let value = value.as_str().ok_or_else(|| invalid(&format!("the condition on {name} is no text")))?;
            all.push(Condition::Is(name.to_ascii_lowercase(), value.to_owned()));
        }
        return Ok(());
    }
    let [kind, a, b] = condition.as_array().map(Vec::as_slice).unwrap_or_default() else {
        return Err(invalid("a condition is an object with one field, or a list of three"));
    };
    let kind = kind.as_str().unwrap_or_default().to_ascii_lowercase();
    if kind == "content-length-range" {
        let number = |value: &Value| value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        let (Some(from), Some(to)) = (number(a), number(b)) else {
            return Err(invalid("content-length-range has two whole numbers"));
        };
        all.push(Condition::Length(from, to));
        return Ok(());
    }
    let name = a.as_str().and_then(|name| name.strip_prefix('$')).ok_or_else(|| invalid("a field is named like $key"))?;
    let (name, value) = (name.to_ascii_lowercase(), b.as_str().ok_or_else(|| invalid("a condition's value is a text"))?);
    all.push(match kind.as_str() {
        "eq" => Condition::Is(name, value.to_owned()),
        "starts-with" => Condition::StartsWith(name, value.to_owned()),
        _ => return Err(invalid(&format!("there is no condition {kind}; there are eq, starts-with and content-length-range"))),
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(document: &str) -> S3Result<Policy> {
        Policy::read(&base64_simd::STANDARD.encode_to_string(document))
    }

    fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_condition_must_hold_and_every_field_must_be_covered() {
        let now = time::OffsetDateTime::UNIX_EPOCH;
        let text = r#"{"expiration": "2030-01-01T00:00:00Z", "conditions": [{"Bucket": "b"}, ["StArTs-WiTh", "$key", "up/"],
            ["content-length-range", 1, "9"]]}"#;
        let read = policy(text).unwrap();
        assert_eq!(read.length(), (1, 9));
        assert!(read.check(now, &fields(&[("key", "up/a"), ("x-ignore-me", "1"), ("policy", "…")]), "b").is_ok());
        assert!(read.check(now, &fields(&[("key", "down/a")]), "b").is_err());
        assert!(read.check(now, &fields(&[("key", "up/a")]), "other").is_err());
        assert!(read.check(now, &fields(&[("key", "up/a"), ("acl", "private")]), "b").is_err());
        assert!(read.check(now, &fields(&[]), "b").is_err());
        assert!(read.check(now + time::Duration::days(40_000), &fields(&[("key", "up/a")]), "b").is_err());
    }

    #[test]
    fn documents_of_another_form_are_no_policies() {
        for text in [
            "",
            "[]",
            r#"{"EXPIRATION": "2030-01-01T00:00:00Z", "conditions": []}"#,
            r#"{"expiration": "2030-01-01 00:00:00+00:00", "conditions": []}"#,
            r#"{"expiration": "2030-01-01T00:00:00Z"}"#,
            r#"{"expiration": "2030-01-01T00:00:00Z", "conditions": [["content-length-range", 1]]}"#,
            r#"{"expiration": "2030-01-01T00:00:00Z", "conditions": [["content-length-range", -1, 0]]}"#,
            r#"{"expiration": "2030-01-01T00:00:00Z", "conditions": [["eq", "key", "k"]]}"#,
            r#"{"expiration": "2030-01-01T00:00:00Z", "conditions": [["like", "$key", "k"]]}"#,
        ] {
            assert!(policy(text).is_err(), "{text}");
        }
    }
}
