//! What a command answers when it cannot do what was asked.

use serde::Serialize;
use std::{fmt, path::Path};

/// Which exit code an error ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Wrong usage, or a rule says no: doing the same again will not help.
    Refused,
    /// Not reachable, disk or network trouble: the same may work later.
    Broken,
}

/// An error for people: what was wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CliError {
    pub kind: Kind,
    /// Short and stable, for programs.
    pub code: String,
    pub message: String,
    /// What to do; empty when there is nothing to say.
    pub hint: String,
}

pub type Result<T> = std::result::Result<T, CliError>;

impl CliError {
    pub fn refused(code: &str, message: impl fmt::Display) -> Self {
        Self { kind: Kind::Refused, code: code.to_owned(), message: message.to_string(), hint: String::new() }
    }

    pub fn broken(code: &str, message: impl fmt::Display) -> Self {
        Self { kind: Kind::Broken, code: code.to_owned(), message: message.to_string(), hint: String::new() }
    }

    /// Adds what to do.
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = hint.to_string();
        self
    }

    /// A file or folder that could not be used.
    pub fn file(what: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::broken("io", format_args!("cannot {what} {}: {error}", path.display()))
    }

    /// The process's exit code.
    pub const fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Refused => 1,
            Kind::Broken => 2,
        }
    }

    /// Writes it to standard error: as text, or as the JSON that the API uses for errors.
    pub fn print(&self, json: bool, colour: bool) {
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
            let body = Body { error: Detail { code: &self.code, message: &self.message, hint: &self.hint } };
            eprintln!("{}", serde_json::to_string(&body).expect("three strings are JSON"));
            return;
        }
        let (red, cyan, off) = if colour { ("\x1b[1;31m", "\x1b[1;36m", "\x1b[0m") } else { ("", "", "") };
        eprintln!("{red}error:{off} {}", self.message);
        if !self.hint.is_empty() {
            eprintln!("{cyan} hint:{off} {}", self.hint);
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CliError {}
