//! Texts in lines, for files that are written and for what a terminal shows.

use std::borrow::Cow;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// Breaks a text into lines, between words only: a word longer than a line has one to itself and stays whole, so that it can be
/// copied. Blanks and line ends of the text count as one blank each.
///
/// - Units: `width` in columns, the most that a line has.
/// - Failure: none. A text without words is one empty line.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let options = Options::new(width)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(&text, options).into_iter().map(Cow::into_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_filled_up_to_the_width_and_not_past_it() {
        assert_eq!(wrap("one two three", 13), ["one two three"]);
        assert_eq!(wrap("one two three", 12), ["one two", "three"]);
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one two three", 6), ["one", "two", "three"]);
        assert_eq!(wrap("μ → ∞ …", 5), ["μ → ∞", "…"]);
    }

    #[test]
    fn words_stay_whole() {
        assert_eq!(wrap("2-of-3 shards", 5), ["2-of-3", "shards"]);
        assert_eq!(wrap("see https://example.org/a/b/c there", 8), ["see", "https://example.org/a/b/c", "there"]);
    }

    #[test]
    fn blanks_and_line_ends_are_one_blank() {
        assert_eq!(wrap("  one\n\ttwo   three\n", 80), ["one two three"]);
        assert_eq!(wrap(" \n", 80), [""]);
    }
}
