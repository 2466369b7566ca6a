//! Every operation of S3, and what this gateway does with it.
//!
//! One table decides: a request is matched to a row by method, level, query and header; the row says whether the operation is served,
//! answered as S3 answers where a setting was never made, or refused by name. Only headers and query parameters that a row lists are
//! taken by writes; everything else with a meaning is refused. `docs/s3.md` is written from this table.

mod table;

pub(crate) use table::OPERATIONS;

/// What an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Service,
    Bucket,
    Object,
}

/// What is read as an answer where a setting was never made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unset {
    /// This document, with status 200. `{owner}` stands for the account.
    Xml(&'static str),
    /// No setting: status 404 with this code.
    None(&'static str, &'static str),
    /// A question that makes no sense here: status 400 with this code.
    Invalid(&'static str, &'static str),
}

/// What the gateway does with an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Support {
    /// Done.
    Served,
    /// Answered as S3 answers for a bucket without that setting.
    Unset(Unset),
    /// Refused with `NotImplemented` and the reason.
    Refused(&'static str),
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    pub(crate) level: Level,
    /// Query parameters that tell it from others, `name` or `name=value`.
    pub(crate) query: &'static [&'static str],
    /// A header that tells it from others.
    pub(crate) header: Option<&'static str>,
    /// Query parameters that it takes beside them.
    pub(crate) optional: &'static [&'static str],
    /// `x-amz-` headers that it takes beside those that every request may have; a star at the end stands for any rest.
    pub(crate) headers: &'static [&'static str],
    pub(crate) support: Support,
}

impl Operation {
    fn matches(&self, method: &str, level: Level, query: &[(String, String)], has_header: &dyn Fn(&str) -> bool) -> bool {
        let in_query = |wanted: &&str| match wanted.split_once('=') {
            Some((name, value)) => query.iter().any(|(key, given)| key == name && given == value),
            None => query.iter().any(|(key, _)| key == wanted),
        };
        self.method == method && self.level == level && self.query.iter().all(in_query) && self.header.is_none_or(has_header)
    }

    /// Whether a query parameter belongs to the operation.
    pub(crate) fn takes_query(&self, name: &str) -> bool {
        let own = |wanted: &&&str| wanted.split_once('=').map_or(**wanted, |(name, _)| name) == name;
        name == "x-id" || self.query.iter().any(|wanted| own(&wanted)) || self.optional.contains(&name)
    }

    /// Whether an `x-amz-` header belongs to the operation.
    pub(crate) fn takes_header(&self, name: &str) -> bool {
        let own = |wanted: &&str| match wanted.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => *wanted == name,
        };
        self.header == Some(name) || self.headers.iter().any(own)
    }

    /// Whether the body is a document whose checksums are checked here.
    pub(crate) fn has_document(&self) -> bool {
        matches!(
            self.name,
            "DeleteObjects" | "PutObjectTagging" | "PutBucketTagging" | "CreateBucket" | "PutBucketAcl" | "PutObjectAcl"
        )
    }

    /// Whether the body is an object's or a part's content.
    pub(crate) fn has_content(&self) -> bool {
        matches!(self.name, "PutObject" | "UploadPart")
    }

    /// How a request for it looks.
    pub(crate) fn request(&self) -> String {
        let path = match self.level {
            Level::Service => "/",
            Level::Bucket => "/bucket",
            Level::Object => "/bucket/key",
        };
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query.join("&")) };
        let header = self.header.map(|header| format!(" with {header}")).unwrap_or_default();
        format!("{} {path}{query}{header}", self.method)
    }
}

/// The row that a request belongs to.
pub(crate) fn find(
    method: &str,
    level: Level,
    query: &[(String, String)],
    has_header: &dyn Fn(&str) -> bool,
) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.matches(method, level, query, has_header))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_reached_by_its_own_request() {
        for operation in OPERATIONS {
            let query: Vec<(String, String)> = operation
                .query
                .iter()
                .map(|text| text.split_once('=').map_or((text.to_string(), String::new()), |(a, b)| (a.into(), b.into())))
                .collect();
            let found = find(operation.method, operation.level, &query, &|name| operation.header == Some(name)).unwrap();
            assert_eq!(found.name, operation.name, "an earlier row hides it");
        }
    }

    #[test]
    fn names_are_given_once() {
        let mut names: Vec<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
