//! How a command says that it cannot do what was asked.

pub use depin_devnet::{Error as CliError, Kind, Result};

use crate::output::{lines, tell};
use serde::Serialize;

/// The process's exit code.
pub const fn exit_code(error: &CliError) -> u8 {
    match error.kind {
        Kind::Refused => 1,
        Kind::Broken => 2,
    }
}

/// Writes an error to standard error: as text, or as the JSON that the API uses for errors.
pub fn print(error: &CliError, json: bool, colour: bool) {
    let hint = error.advice();
    if json {
        #[derive(Serialize)]
        struct Body<'a> {
            error: Detail<'a>,
        }
        #[derive(Serialize)]
        struct Detail<'a> {
            code: &'a str,
            message: &'a str,
            hint: &'a str,
        }
        let body = Body { error: Detail { code: &error.code, message: &error.message, hint: &hint } };
        tell(serde_json::to_string(&body).expect("three strings are JSON"));
        return;
    }
    let (red, cyan, off) = if colour { ("\x1b[1;31m", "\x1b[1;36m", "\x1b[0m") } else { ("", "", "") };
    tell(format_args!("{red}error:{off} {}", lines(&error.message, false)));
    if !hint.is_empty() {
        tell(format_args!("{cyan} hint:{off} {}", lines(&hint, false)));
    }
}

/// What clap could not parse: its first paragraph is what was wrong, the others say what to do.
pub fn usage(error: &clap::Error) -> CliError {
    let text = error.to_string();
    let (message, hint) = text.trim().split_once("\n\n").unwrap_or((text.trim(), ""));
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let message = line(message.trim_start_matches("error: "));
    CliError::refused("usage", message).hint(line(hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[test]
    fn a_usage_error_has_its_cause_and_what_to_do_apart() {
        let wrong = crate::args::Cli::try_parse_from(["depin", "events", "--limit", "many", "--json"]).unwrap_err();
        let error = usage(&wrong);
        assert_eq!(error.code, "usage");
        assert!(error.message.contains("many") && !error.message.starts_with("error"), "{error:?}");
        assert!(error.hint.contains("--help"), "{error:?}");
    }
}
