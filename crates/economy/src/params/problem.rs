//! Problems of a network file, with their places.

use std::{fmt, ops::Range};

/// What a problem may follow from: those of an earlier stage may be the cause of those of a later one, and are told before them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Something cannot be read: a key, a word, a figure.
    Text,
    /// A figure makes no sense, a name leads nowhere.
    #[default]
    Figure,
    /// The network as a whole does not work.
    Whole,
}

/// One thing wrong with a network file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, with what is allowed.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// Bytes of the text that it is about.
    pub span: Range<usize>,
    /// Line of its start, from 1.
    pub line: usize,
    /// Column of its start in characters, from 1.
    pub column: usize,
    /// Whether the file itself gives a reason for it; a warning of that sort is only a note.
    pub known: bool,
    pub(super) stage: Stage,
}

impl Problem {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, span, line: 0, column: 0, known: false, stage: Stage::default() }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) const fn stage(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }

    pub(crate) fn locate(&mut self, text: &str) {
        let before = text.get(..self.span.start).unwrap_or(text);
        self.line = before.matches('\n').count() + 1;
        self.column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " (hint: {hint})"),
            None => Ok(()),
        }
    }
}

/// Every problem of a network file; never empty. Causes come before what may follow from them, and else the text's order holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecErrors(Vec<Problem>);

impl SpecErrors {
    pub(crate) fn new(mut problems: Vec<Problem>, text: &str) -> Self {
        for problem in &mut problems {
            problem.locate(text);
        }
        problems.sort_by_key(|p| (p.stage, p.span.start, p.span.end));
        Self(problems)
    }

    /// The problems.
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            fmt::Display::fmt(problem, f)?;
        }
        Ok(())
    }
}

impl std::error::Error for SpecErrors {}
