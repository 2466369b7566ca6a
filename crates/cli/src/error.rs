//! How a command says that it cannot do what was asked.

pub use depin_devnet::{Error as CliError, Kind, Result};

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
        let body = Body { error: Detail { code: &error.code, message: &error.message, hint: &error.hint } };
        eprintln!("{}", serde_json::to_string(&body).expect("three strings are JSON"));
        return;
    }
    let (red, cyan, off) = if colour { ("\x1b[1;31m", "\x1b[1;36m", "\x1b[0m") } else { ("", "", "") };
    eprintln!("{red}error:{off} {}", error.message);
    if !error.hint.is_empty() {
        eprintln!("{cyan} hint:{off} {}", error.hint);
    }
}
