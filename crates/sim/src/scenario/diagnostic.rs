//! What is wrong with a text, where, and what to do.

use std::{fmt, ops::Range};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing can run by it.
    Error,
    /// It runs, and its reader should know.
    Warning,
}

/// One thing to say of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The text that it is about: a path, or what was typed.
    pub file: String,
    /// Line of its start, from 1.
    pub line: usize,
    /// Column of its start in characters, from 1.
    pub column: usize,
    /// Bytes of the text that it is about.
    pub span: Range<usize>,
    /// What is wrong, with what is allowed.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error at a place of a text.
    pub fn error(file: &str, text: &str, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let start = span.start.min(text.len());
        let before = text.get(..start).unwrap_or(text);
        Self {
            severity: Severity::Error,
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1,
            span,
            message: message.into(),
            hint: Some(hint.into()).filter(|hint| !hint.is_empty()),
        }
    }

    /// The same as a warning.
    #[must_use]
    pub fn warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}, column {}: {}", self.file, self.line, self.column, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " (hint: {hint})"),
            None => Ok(()),
        }
    }
}

/// Everything that there is to say of the texts of a scenario or a network, errors first, and else in the order of the texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Sorted: errors first; what is found where something else was found already keeps its order.
    pub fn new(mut all: Vec<Diagnostic>) -> Self {
        all.sort_by_key(|one| one.severity);
        all.dedup();
        Self(all)
    }

    /// All of them.
    pub fn all(&self) -> &[Diagnostic] {
        &self.0
    }

    /// Only the errors.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter().filter(|one| one.severity == Severity::Error)
    }

    /// Whether nothing can run by the text.
    pub fn failed(&self) -> bool {
        self.errors().next().is_some()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        Self(vec![one])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, one) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            fmt::Display::fmt(one, f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
