//! Conditional requests, read and judged as RFC 9110 says.

use super::seconds;
use crate::map::{ObjectRow, Tags, WriteCondition};
use hyper::{HeaderMap, header};
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{Timestamp, TimestampFormat},
    s3_error,
};

/// The conditions of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Preconditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
    if_modified_since: Option<i64>,
    if_unmodified_since: Option<i64>,
    if_range: Option<String>,
}

/// The conditions on a copy's source.
#[derive(Clone, Debug, Default)]
pub(super) struct OfSource(pub(super) Preconditions);

/// A list of ETags, or a star for any. A weak one counts as the strong one of the same text, as with S3.
fn tags(text: &str) -> Tags {
    if text.trim() == "*" {
        return Tags::Any;
    }
    let (mut tags, mut rest) = (Vec::new(), text);
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Tags::Of(tags);
        }
        let quoted = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"');
        let (tag, behind) = match quoted {
            Some(inside) => inside.split_once('"').unwrap_or((inside, "")),
            None => rest.split_at(rest.find(',').unwrap_or(rest.len())),
        };
        tags.push(tag.trim().to_owned());
        rest = behind;
    }
}

impl Preconditions {
    /// Takes the conditions out of a request's headers. A date that cannot be read is no condition.
    pub(super) fn take(prefix: &str, headers: &mut HeaderMap) -> Self {
        let mut text = |name: &str| {
            let mut values = headers.get_all(format!("{prefix}{name}")).iter().filter_map(|value| value.to_str().ok());
            let joined = values.next().map(|first| values.fold(first.to_owned(), |all, more| format!("{all}, {more}")));
            headers.remove(format!("{prefix}{name}"));
            joined.filter(|text| !text.trim().is_empty())
        };
        let date = |text: Option<String>| {
            text.and_then(|text| Timestamp::parse(TimestampFormat::HttpDate, text.trim()).ok()).map(|date| seconds(&date))
        };
        Self {
            if_match: text("if-match").map(|text| tags(&text)),
            if_none_match: text("if-none-match").map(|text| tags(&text)),
            if_modified_since: date(text("if-modified-since")),
            if_unmodified_since: date(text("if-unmodified-since")),
            if_range: text("if-range"),
        }
    }

    /// In RFC 9110's order: an ETag condition beats the date condition beside it.
    fn failure(&self, object: &ObjectRow) -> Option<S3ErrorCode> {
        let modified = i64::try_from(object.modified_ms / 1000).unwrap_or(i64::MAX);
        let holds = match (&self.if_match, self.if_unmodified_since) {
            (Some(tags), _) => tags.hold(&object.etag),
            (None, Some(since)) => modified <= since,
            (None, None) => true,
        };
        if !holds {
            return Some(S3ErrorCode::PreconditionFailed);
        }
        let news = match (&self.if_none_match, self.if_modified_since) {
            (Some(tags), _) => !tags.hold(&object.etag),
            (None, Some(since)) => modified > since,
            (None, None) => true,
        };
        (!news).then_some(S3ErrorCode::NotModified)
    }

    /// Checks a GET or HEAD: 412, or 304 with the ETag.
    pub(super) fn check(&self, object: &ObjectRow) -> S3Result<()> {
        match self.failure(object) {
            None => Ok(()),
            Some(S3ErrorCode::NotModified) => {
                let mut error = S3Error::new(S3ErrorCode::NotModified);
                let mut headers = HeaderMap::new();
                if let Ok(etag) = header::HeaderValue::from_str(&format!("\"{}\"", object.etag)) {
                    headers.insert(header::ETAG, etag);
                }
                error.set_headers(headers);
                Err(error)
            }
            Some(code) => Err(S3Error::with_message(code, "At least one of the pre-conditions you specified did not hold")),
        }
    }

    /// Checks the source of a copy: 412 in every case.
    pub(super) fn check_source(&self, object: &ObjectRow) -> S3Result<()> {
        match self.failure(object) {
            None => Ok(()),
            Some(_) => Err(s3_error!(PreconditionFailed, "A pre-condition on the copy source did not hold")),
        }
    }

    /// Whether a range is still one of the object that the client has the rest of.
    pub(super) fn range_holds(&self, object: &ObjectRow) -> bool {
        let Some(text) = &self.if_range else { return true };
        if text.starts_with('"') || text.starts_with("W/") {
            return tags(text).hold(&object.etag);
        }
        let modified = i64::try_from(object.modified_ms / 1000).unwrap_or(i64::MAX);
        Timestamp::parse(TimestampFormat::HttpDate, text).is_ok_and(|date| seconds(&date) == modified)
    }

    /// The condition of a write, for the map to check in the same transaction.
    pub(super) fn of_write(self) -> WriteCondition {
        WriteCondition { if_match: self.if_match, if_none_match: self.if_none_match, ..WriteCondition::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::ObjectMeta;

    fn object() -> ObjectRow {
        ObjectRow { key: "k".into(), blob: 1, size: 0, etag: "abc".into(), modified_ms: 10_500, meta: ObjectMeta::default() }
    }

    fn check(
        if_match: &str,
        if_none_match: &str,
        modified_since: Option<i64>,
        unmodified_since: Option<i64>,
    ) -> Option<S3ErrorCode> {
        Preconditions {
            if_match: (!if_match.is_empty()).then(|| tags(if_match)),
            if_none_match: (!if_none_match.is_empty()).then(|| tags(if_none_match)),
            if_modified_since: modified_since,
            if_unmodified_since: unmodified_since,
            if_range: None,
        }
        .failure(&object())
    }

    #[test]
    fn etag_conditions_beat_the_dates_beside_them() {
        assert_eq!(check("\"abc\"", "", None, Some(0)), None);
        assert_eq!(check("\"other\"", "", None, None), Some(S3ErrorCode::PreconditionFailed));
        assert_eq!(check("*", "", None, None), None);
        assert_eq!(check("", "\"abc\"", Some(0), None), Some(S3ErrorCode::NotModified));
        assert_eq!(check("", "\"other\"", Some(99), None), None);
        assert_eq!(check("", "*", None, None), Some(S3ErrorCode::NotModified));
    }

    #[test]
    fn dates_compare_by_whole_seconds() {
        assert_eq!(check("", "", Some(10), None), Some(S3ErrorCode::NotModified));
        assert_eq!(check("", "", Some(9), None), None);
        assert_eq!(check("", "", None, Some(10)), None);
        assert_eq!(check("", "", None, Some(9)), Some(S3ErrorCode::PreconditionFailed));
    }

    #[test]
    fn one_tag_of_a_list_is_enough() {
        assert_eq!(tags("\"a,b\", W/\"c\" ,d"), Tags::Of(vec!["a,b".into(), "c".into(), "d".into()]));
        assert_eq!(check("\"other\", \"abc\"", "", None, None), None);
        assert_eq!(check("", "\"other\", W/\"abc\"", None, None), Some(S3ErrorCode::NotModified));
        assert_eq!(check("\"other\", \"more\"", "", None, None), Some(S3ErrorCode::PreconditionFailed));
    }

    #[test]
    fn conditions_are_taken_out_of_the_headers() {
        let mut headers = HeaderMap::new();
        headers.insert("if-none-match", header::HeaderValue::from_static("\"x\""));
        headers.append("if-none-match", header::HeaderValue::from_static("\"y\""));
        headers.insert("if-modified-since", header::HeaderValue::from_static("yesterday"));
        let taken = Preconditions::take("", &mut headers);
        assert_eq!(taken.if_none_match, Some(Tags::Of(vec!["x".into(), "y".into()])));
        assert!(taken.if_modified_since.is_none() && headers.is_empty());
    }
}
