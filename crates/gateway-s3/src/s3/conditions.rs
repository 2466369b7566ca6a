//! Conditional requests.

use super::seconds;
use crate::map::{ObjectRow, WriteCondition};
use hyper::{HeaderMap, header};
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{ETagCondition, Timestamp},
    s3_error,
};

/// The four conditions of a read.
pub(super) struct ReadConditions {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
    pub(super) if_modified_since: Option<Timestamp>,
    pub(super) if_unmodified_since: Option<Timestamp>,
}

impl ReadConditions {
    /// In RFC 9110's order: an ETag condition beats the date condition beside it.
    fn failure(&self, object: &ObjectRow) -> Option<S3ErrorCode> {
        let modified = i64::try_from(object.modified_ms / 1000).unwrap_or(i64::MAX);
        let holds = match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) => matches(condition, &object.etag),
            (None, Some(since)) => modified <= seconds(since),
            (None, None) => true,
        };
        if !holds {
            return Some(S3ErrorCode::PreconditionFailed);
        }
        let news = match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) => !matches(condition, &object.etag),
            (None, Some(since)) => modified > seconds(since),
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
}

fn matches(condition: &ETagCondition, etag: &str) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(wanted) => wanted.value() == etag,
    }
}

/// The condition of a write, for the map to check in the same transaction.
pub(super) fn write(if_match: Option<ETagCondition>, if_none_match: Option<ETagCondition>) -> WriteCondition {
    let text = |condition: ETagCondition| condition.into_etag().map(s3s::dto::ETag::into_value).unwrap_or_default();
    WriteCondition { if_match: if_match.map(text), if_none_match: if_none_match.map(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{map::ObjectMeta, s3::timestamp};

    fn object() -> ObjectRow {
        ObjectRow { key: "k".into(), blob: 1, size: 0, etag: "abc".into(), modified_ms: 10_500, meta: ObjectMeta::default() }
    }

    fn check(
        if_match: &str,
        if_none_match: &str,
        modified_since: Option<u64>,
        unmodified_since: Option<u64>,
    ) -> Option<S3ErrorCode> {
        let etag = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        ReadConditions {
            if_match: etag(if_match),
            if_none_match: etag(if_none_match),
            if_modified_since: modified_since.map(timestamp),
            if_unmodified_since: unmodified_since.map(timestamp),
        }
        .failure(&object())
    }

    #[test]
    fn etag_conditions_beat_the_dates_beside_them() {
        assert_eq!(check("\"abc\"", "", None, Some(0)), None);
        assert_eq!(check("\"other\"", "", None, None), Some(S3ErrorCode::PreconditionFailed));
        assert_eq!(check("*", "", None, None), None);
        assert_eq!(check("", "\"abc\"", Some(0), None), Some(S3ErrorCode::NotModified));
        assert_eq!(check("", "\"other\"", Some(99_000), None), None);
        assert_eq!(check("", "*", None, None), Some(S3ErrorCode::NotModified));
    }

    #[test]
    fn dates_compare_by_whole_seconds() {
        assert_eq!(check("", "", Some(10_000), None), Some(S3ErrorCode::NotModified));
        assert_eq!(check("", "", Some(9_000), None), None);
        assert_eq!(check("", "", None, Some(10_000)), None);
        assert_eq!(check("", "", None, Some(9_000)), Some(S3ErrorCode::PreconditionFailed));
    }
}
