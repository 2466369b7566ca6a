//! Text of others on a terminal.
//!
//! A provider's error, a reason on the ledger and a key in a bucket are what somebody else wrote. Characters that move the cursor, colour or name
//! the window, ring, or turn the direction of writing are shown as escapes, so that nothing is taken for this program's own words.

use std::borrow::Cow;

/// One line of others' text: no control character is left in it, line feeds among them.
pub fn plain(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// Text of several lines, which may hold others': line feeds and tabs stay, and with `styled` the styles that this program writes.
pub fn lines(text: &str, styled: bool) -> Cow<'_, str> {
    let is_break = |rest: &str| rest.starts_with(['\n', '\t']);
    if styled { escaped(text, |rest| is_break(rest) || begins_style(rest)) } else { escaped(text, is_break) }
}

/// Whether a text begins with colours and weights, which is all that this program says to a terminal: `ESC [ 1;31 m`.
fn begins_style(text: &str) -> bool {
    let numbers = |text: &str| text.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m');
    text.strip_prefix("\x1b[").is_some_and(numbers)
}

/// C0, DEL and C1; separators of lines that are no line feeds; marks, embeddings, overrides and isolates of direction.
fn acts(c: char) -> bool {
    c.is_control() || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(text: &str, keep: impl Fn(&str) -> bool) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        if acts(c) && !keep(&text[at..]) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown_and_not_done() {
        let told = plain("\x1b]0;owned\x07\x1b[2Jall good\x1b[0m\r\nprovider-1\u{9b}31m\u{7f}\u{202e}\u{2066}\u{2028}");
        assert_eq!(
            told,
            "\\u{1b}]0;owned\\u{7}\\u{1b}[2Jall good\\u{1b}[0m\\r\\nprovider-1\\u{9b}31m\\u{7f}\\u{202e}\\u{2066}\\u{2028}"
        );
        assert!(matches!(plain("日本 – é 👍 שלום"), Cow::Borrowed(_)), "letters of any script stay");
    }

    #[test]
    fn own_lines_and_styles_stay_where_they_are_wanted() {
        let text = "\x1b[1;31merror\x1b[0m\n\tmore\x1b[2J\x1b]8;;x\x07";
        assert_eq!(lines(text, true), "\x1b[1;31merror\x1b[0m\n\tmore\\u{1b}[2J\\u{1b}]8;;x\\u{7}");
        assert_eq!(lines(text, false), "\\u{1b}[1;31merror\\u{1b}[0m\n\tmore\\u{1b}[2J\\u{1b}]8;;x\\u{7}");
    }
}
