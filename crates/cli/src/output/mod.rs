//! What a command prints.
//!
//! Standard output is the result and nothing else: a table, or with `--json` one JSON document. Progress, warnings and prompts go
//! to standard error. Colours only where a terminal reads, and not with `NO_COLOR`.

mod clean;
mod excerpt;
mod progress;
mod secret;
mod table;
mod text;

pub use clean::{lines, plain};
pub use depin_quantity::{dollars, short_number, shorten};
pub use excerpt::{Excerpt, Weight};
pub use progress::{Progress, without_progress};
pub use secret::{is_shown, secret, shown};
pub use table::Table;
pub use text::{ago, bytes, count, day, in_time, minute, short_id, units, wrap};

use crate::error::{CliError, Result};
use serde::Serialize;
use std::{
    borrow::Cow,
    io::{self, IsTerminal as _, Write as _},
};
use zeroize::Zeroizing;

/// Where and how results are printed.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    pub json: bool,
    pub colour: bool,
    pub colour_err: bool,
    /// Columns of the terminal; a hundred when there is none.
    pub width: u16,
}

/// Width of tables that no terminal reads.
const WIDTH_DEFAULT: u16 = 100;

impl Output {
    /// Looks at both streams and the environment once.
    pub fn detect(json: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let width =
            if io::stdout().is_terminal() { comfy_table::Table::new().width().unwrap_or(WIDTH_DEFAULT) } else { WIDTH_DEFAULT };
        let colour = !plain && !json && io::stdout().is_terminal();
        Self { json, colour, colour_err: !plain && io::stderr().is_terminal(), width: width.max(40) }
    }

    /// Prints one JSON document, indented; or what `text` makes.
    pub fn result<T: Serialize>(&self, value: &T, text: impl FnOnce(&Self) -> String) -> Result<()> {
        // Wiped, since it may hold a secret.
        let mut out = Zeroizing::new(if self.json { json_text(value) } else { text(self) });
        if !self.json
            && let Cow::Owned(clean) = self.clean(&out)
        {
            out = Zeroizing::new(clean);
        }
        if !out.ends_with('\n') {
            out.push('\n');
        }
        write_out(out.as_bytes())
    }

    /// Prints one line of a stream: a JSON document on one line, or what `text` makes.
    pub fn line<T: Serialize>(&self, value: &T, text: impl FnOnce(&Self) -> String) -> Result<()> {
        let mut out =
            if self.json { serde_json::to_string(value).unwrap_or_default() } else { self.clean(&text(self)).into_owned() };
        out.push('\n');
        write_out(out.as_bytes())
    }

    /// A heading or another emphasised word.
    pub fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Something of less weight.
    pub fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }

    /// Something good.
    pub fn good(&self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Something bad.
    pub fn bad(&self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// Whatever got into a text, a terminal is told nothing but styles, and only where they are wanted.
    fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        lines(text, self.colour)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Writes a warning to standard error.
    pub fn warn(&self, text: impl std::fmt::Display) {
        let (yellow, off) = if self.colour_err { ("\x1b[1;33m", "\x1b[0m") } else { ("", "") };
        let text = text.to_string();
        tell(format_args!("{yellow}warning:{off} {}", lines(&text, false)));
    }

    /// Writes a remark to standard error.
    pub fn note(&self, text: impl std::fmt::Display) {
        tell(lines(&text.to_string(), self.colour_err));
    }
}

fn json_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).expect("results are maps, lists, strings and numbers")
}

/// Writes a line to standard error. Whoever reads it may have gone away: then nobody is told, and what is done goes on.
pub fn tell(line: impl std::fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Writes to standard output. A reader that went away ends the program quietly, as `head` expects.
pub fn write_out(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        done => done.map_err(|error| CliError::broken("io", format_args!("cannot write to standard output: {error}"))),
    }
}
