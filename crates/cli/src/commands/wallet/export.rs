//! `depin wallet export`: a secret key for another place.

use super::key_file;
use crate::{
    args::ExportArgs,
    error::{CliError, Result},
    output::{Output, is_shown},
};
use depin_client::{KeyFile, KeyFileError};
use depin_devnet::home::{Home, address_of, unusable};
use std::{
    io::{BufRead as _, IsTerminal as _, Write as _},
    path::Path,
};

pub(super) fn run(args: &ExportArgs, home: &Home, out: &Output) -> Result<()> {
    let path = key_file(home, args.name, args.file.as_deref())?.ok_or_else(|| home.absent())?;
    match &args.out {
        Some(file) => write(&open(home, &path)?, file, out),
        None => print(args, home, &path, out),
    }
}

fn open(home: &Home, path: &Path) -> Result<KeyFile> {
    home.keyring().load(path).map_err(unusable)
}

fn write(key: &KeyFile, file: &Path, out: &Output) -> Result<()> {
    key.create(file).map_err(|error| match error {
        KeyFileError::Exists { .. } => CliError::refused("key-exists", error),
        _ => unusable(error),
    })?;
    let made = serde_json::json!({ "address": key.key.address(), "file": file });
    out.result(&made, |_| {
        format!(
            "wrote the secret key of {} to {}, for its owner alone and without a passphrase",
            key.key.address(),
            file.display()
        )
    })
}

fn print(args: &ExportArgs, home: &Home, path: &Path, out: &Output) -> Result<()> {
    if !is_shown() {
        return Err(CliError::refused("secret", "a secret key is printed on a terminal only, and this is none")
            .hint("--out FILE writes it to a file for its owner alone"));
    }
    out.note(format_args!(
        "This prints the secret key of {}, as it would stand in a key file without a passphrase ({}).\nWhoever reads it, on this screen \
         or in what it scrolled off to, can spend everything that the account has.",
        address_of(path)?,
        path.display()
    ));
    if !args.yes && !agreed()? {
        return Err(CliError::refused("secret", "nothing was printed"));
    }
    let key = open(home, path)?;
    crate::output::write_out(key.plain_text().as_bytes())
}

/// Whether somebody types that it is to be printed.
fn agreed() -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::refused("secret", "nobody can be asked whether to print it").hint("--yes prints it without asking"));
    }
    let _ = write!(std::io::stderr(), "Print it? [y/N] ");
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| CliError::broken("io", format_args!("cannot read the answer: {error}")))?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}
