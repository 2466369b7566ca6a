//! Findings of a text: each with an excerpt of it, a mark under what it is about, and what to do.

use super::{Output, wrap};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::ops::Range;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    Error,
    Warning,
    /// A gap that the text itself gives the reason for.
    Note,
}

/// One thing to say of a text.
pub struct Excerpt<'t> {
    pub weight: Weight,
    pub file: &'t str,
    pub text: &'t str,
    pub span: Range<usize>,
    pub message: &'t str,
    pub hint: Option<&'t str>,
}

impl Excerpt<'_> {
    /// As the compiler draws it.
    pub fn render(&self, out: &Output) -> String {
        let renderer = if out.colour { Renderer::styled() } else { Renderer::plain() }.term_width(out.width.into());
        let level = match self.weight {
            Weight::Error => Level::ERROR,
            Weight::Warning => Level::WARNING,
            Weight::Note => Level::NOTE,
        };
        // The library breaks no lines; it indents those that follow.
        let title = wrap(self.message, out.width, "warning: ".len()).join("\n");
        let hint = self.hint.map(|hint| wrap(hint, out.width, "   = help: ".len() + self.digits()).join("\n"));
        let mark = AnnotationKind::Primary.span(self.mark());
        let snippet = Snippet::source(self.text).path(self.file).annotation(mark);
        let mut group: Group<'_> = level.primary_title(title.as_str()).element(snippet);
        if let Some(hint) = &hint {
            group = group.element(Level::HELP.message(hint.as_str()));
        }
        renderer.render(&[group]).to_string()
    }

    /// Digits of the largest line number.
    fn digits(&self) -> usize {
        self.text.lines().count().to_string().len()
    }

    /// What is underlined: the first line of what the finding is about, and of a long one only its beginning.
    fn mark(&self) -> Range<usize> {
        const LONGEST: usize = 48;
        let start = self.span.start.min(self.text.len());
        let part = self.text.get(start..self.span.end.clamp(start, self.text.len())).unwrap_or_default();
        let line = part.lines().next().unwrap_or_default();
        if line.chars().count() <= LONGEST {
            return start..start + line.len();
        }
        let most = line.char_indices().nth(LONGEST).map_or(line.len(), |(at, _)| at);
        start..start + line[..most].rfind(", ").unwrap_or(most)
    }
}
