//! What is said of a file: errors and warnings, each with its place.

use serde::Serialize;
use std::{fmt, ops::Range};

/// Most findings that are kept of one file: enough to mend it, too few to flood anybody.
pub const FINDINGS_MAX: usize = 100;

/// Whether a finding keeps a file from being deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file is accepted, but does something that its author hardly meant.
    Warning,
}

/// One thing to say of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whether the file is refused for it.
    pub severity: Severity,
    /// Line in the text, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Bytes of the text that it is about.
    #[serde(skip)]
    pub span: Range<usize>,
    /// The field, as `services.web.expose[0].port`; empty for the whole file.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What is allowed, or what to do.
    pub hint: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}; {}", self.message, self.hint)
    }
}

/// Why a file is refused: at least one error, and the warnings that were found on the way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.lines())]
pub struct Refused {
    findings: Vec<Finding>,
}

impl Refused {
    /// All of them, errors first, each kind in the order of the text.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Those that the file is refused for.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }

    fn lines(&self) -> String {
        self.errors().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }
}

/// Where something stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct At {
    pub line: usize,
    pub column: usize,
    pub span: Range<usize>,
    pub path: String,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Said<T> {
    pub value: T,
    pub at: At,
}

/// Findings while they are made.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    errors: usize,
}

impl Findings {
    pub fn error(&mut self, at: &At, message: impl Into<String>, hint: impl Into<String>) {
        self.errors += 1;
        self.push(Severity::Error, at, message.into(), hint.into());
    }

    pub fn warn(&mut self, at: &At, message: impl Into<String>, hint: impl Into<String>) {
        self.push(Severity::Warning, at, message.into(), hint.into());
    }

    /// How many errors were said.
    pub const fn count(&self) -> usize {
        self.errors
    }

    /// Errors are never crowded out by warnings: what is over the most is dropped at the end.
    fn push(&mut self, severity: Severity, at: &At, message: String, hint: String) {
        if self.list.iter().filter(|old| old.severity == severity).count() >= FINDINGS_MAX {
            return;
        }
        let finding =
            Finding { severity, line: at.line, column: at.column, span: at.span.clone(), path: at.path.clone(), message, hint };
        // A profile that two services share is looked at for each of them.
        if !self.list.contains(&finding) {
            self.list.push(finding);
        }
    }

    fn sorted(mut self) -> Vec<Finding> {
        self.list.sort_by_key(|finding| (finding.severity, finding.span.start, finding.span.end));
        self.list.truncate(FINDINGS_MAX);
        self.list
    }

    /// The warnings of a file that is accepted.
    pub fn warnings(self) -> Vec<Finding> {
        self.sorted()
    }

    pub fn refused(self) -> Refused {
        Refused { findings: self.sorted() }
    }
}

/// Text of a file within a message: one line, and not too long.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let line: String = text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() { format!("`{line}…`") } else { format!("`{line}`") }
}
