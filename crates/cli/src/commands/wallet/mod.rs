//! `depin wallet`. Works without any node.
//!
//! Secrets are printed on terminals only, and written to files that only their owner can read.

mod export;
mod lock;
mod make;
mod show;

use crate::{
    args::WalletCommand,
    error::{CliError, Result},
    output::Output,
    remote::key_path,
    settings::Settings,
};
use depin_devnet::home::Home;
use depin_quantity::Name;
use std::path::{Path, PathBuf};

pub fn run(command: &WalletCommand, settings: &Settings, out: &Output) -> Result<()> {
    let home = &settings.home;
    match command {
        WalletCommand::New(args) => make::new(args, settings, out),
        WalletCommand::Import(args) => make::import(args, settings, out),
        WalletCommand::Show(args) => show::run(args, home, out),
        WalletCommand::Export(args) => export::run(args, home, out),
        WalletCommand::Lock(args) => lock::lock(args, settings, out),
        WalletCommand::Unlock(args) => lock::unlock(args, home, out),
        WalletCommand::Passphrase(args) => lock::change(args, home, out),
    }
}

/// The key file of that name, or the one that was named itself.
fn key_file(home: &Home, name: Option<Name>, file: Option<&Path>) -> Result<Option<PathBuf>> {
    match (name, file) {
        (_, Some(file)) => Ok(Some(file.to_owned())),
        (Some(name), None) => key_path(home, name).map(Some).ok_or_else(|| unknown(home, name)),
        (None, None) => Ok(None),
    }
}

fn unknown(home: &Home, name: Name) -> CliError {
    CliError::refused("no-key", format_args!("{} has no key `{name}`", home.path().display()))
        .hint("`depin wallet show` lists the keys, `depin wallet new NAME` makes one")
}
