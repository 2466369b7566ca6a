//! Passphrases of key files: given, taken away, changed.
//!
//! Every file is replaced whole or not at all; a run that was cut short is finished by the same command.

use super::key_file;
use crate::{
    args::{PassphraseArgs, WhichArgs},
    error::{CliError, Result},
    output::Output,
    passphrase,
    settings::Settings,
};
use depin_client::{KeyFileError, Keyring, Passphrase, SealError, SecretKind};
use depin_devnet::{
    home::{Home, key_names, unusable},
    services::storage::gateway,
};
use serde::Serialize;
use std::path::PathBuf;

/// A file that can be locked.
struct Target {
    path: PathBuf,
    /// What it holds; a key when none of the others.
    text: Option<SecretKind>,
}

#[derive(Serialize)]
struct Done {
    /// Files that were changed.
    files: Vec<PathBuf>,
    /// Files that were so already.
    unchanged: Vec<PathBuf>,
}

impl Target {
    fn relock(&self, ring: &Keyring, to: Option<&Passphrase>) -> std::result::Result<(), KeyFileError> {
        match self.text {
            Some(kind) => ring.relock_text(&self.path, kind, to),
            None => ring.relock(&self.path, to),
        }
    }

    fn open(&self, ring: &Keyring) -> std::result::Result<(), KeyFileError> {
        match self.text {
            Some(kind) => ring.read_text(&self.path, kind).map(drop),
            None => ring.load(&self.path).map(drop),
        }
    }

    fn is_locked(&self) -> Result<bool> {
        match self.open(&Keyring::default()) {
            Ok(()) => Ok(false),
            Err(KeyFileError::Locked { .. }) => Ok(true),
            Err(error) => Err(unusable(error)),
        }
    }
}

/// The files meant: one, or all of the home.
fn targets(args: &WhichArgs, home: &Home) -> Result<Vec<Target>> {
    let key = |path| Target { path, text: None };
    if let Some(path) = key_file(home, args.name, args.file.as_deref())? {
        // The master key of a gateway that runs by itself lies in its folder.
        let text = path.file_name().is_some_and(|name| name == gateway::MASTER_KEY).then_some(SecretKind::MasterKey);
        return Ok(vec![Target { path, text }]);
    }
    let wallet = key_names(home)?.into_iter().map(|name| home.key(name));
    let operators = home.provider_names()?.into_iter().map(|name| home.provider(name).join("key"));
    let master = gateway::folder(home).join(gateway::MASTER_KEY);
    let texts =
        [(home.phrase(), SecretKind::Phrase), (home.validator(), SecretKind::ValidatorKey), (master, SecretKind::MasterKey)];
    let texts = texts.map(|(path, kind)| Target { path, text: Some(kind) });
    let all: Vec<Target> = wallet.chain(operators).map(key).chain(texts).filter(|target| target.path.is_file()).collect();
    if all.is_empty() {
        return Err(CliError::refused("no-key", format_args!("{} has no keys", home.path().display()))
            .hint("name a key file with --file, or another home with --home"));
    }
    Ok(all)
}

/// Those that are locked, and those that are not.
fn apart(targets: Vec<Target>) -> Result<(Vec<Target>, Vec<Target>)> {
    let (mut locked, mut plain) = (Vec::new(), Vec::new());
    for target in targets {
        if target.is_locked()? { locked.push(target) } else { plain.push(target) }
    }
    Ok((locked, plain))
}

fn paths(targets: Vec<Target>) -> Vec<PathBuf> {
    targets.into_iter().map(|target| target.path).collect()
}

pub(super) fn lock(args: &WhichArgs, settings: &Settings, out: &Output) -> Result<()> {
    let (locked, plain) = apart(targets(args, &settings.home)?)?;
    if plain.is_empty() {
        return Err(
            CliError::refused("locked", "everything is locked already").hint("`depin wallet passphrase` changes the passphrase")
        );
    }
    let new = passphrase::new(settings.passphrase_file())?;
    // One home, one passphrase: otherwise its next start would ask for two.
    if let Some(other) = locked.iter().find(|target| target.open(&Keyring::of(new.clone())).is_err()) {
        let text = format_args!("{} is locked with another passphrase; nothing was changed", other.path.display());
        return Err(
            CliError::refused("locked", text).hint("use the same, or change that one first with `depin wallet passphrase`")
        );
    }
    for target in &plain {
        target.relock(&Keyring::default(), Some(&new)).map_err(unusable)?;
    }
    let done = Done { files: paths(plain), unchanged: paths(locked) };
    out.result(&done, |_| {
        format!(
            "{}\n\nWithout the passphrase nobody opens them, you neither. Daemons read it from --passphrase-file or DEPIN_PASSPHRASE_FILE. \
             What was there\nbefore may be left on the disk and in backups: keys that others may have read are best replaced.",
            told("locked", &done.files)
        )
    })
}

pub(super) fn unlock(args: &WhichArgs, home: &Home, out: &Output) -> Result<()> {
    let (locked, plain) = apart(targets(args, home)?)?;
    for target in &locked {
        target.relock(home.keyring(), None).map_err(unusable)?;
    }
    let done = Done { files: paths(locked), unchanged: paths(plain) };
    out.result(&done, |_| told("unlocked", &done.files))
}

pub(super) fn change(args: &PassphraseArgs, home: &Home, out: &Output) -> Result<()> {
    let (locked, plain) = apart(targets(&args.which, home)?)?;
    let Some(first) = locked.first() else {
        return Err(CliError::refused("not-locked", "nothing here is locked").hint("`depin wallet lock` gives a passphrase"));
    };
    // Whoever does not know the old one is not asked for a new one.
    first.open(home.keyring()).map_err(unusable)?;
    let new = passphrase::new(args.new_passphrase_file.as_deref())?;
    let (renewed, mut done) = (Keyring::of(new.clone()), Done { files: Vec::new(), unchanged: paths(plain) });
    for target in locked {
        match target.relock(home.keyring(), Some(&new)) {
            Ok(()) => done.files.push(target.path),
            // Changed by a run before, which was cut short.
            Err(KeyFileError::Seal { source: SealError::Wrong, .. }) if target.open(&renewed).is_ok() => {
                done.unchanged.push(target.path);
            }
            Err(error) => return Err(unusable(error)),
        }
    }
    out.result(&done, |_| told("changed the passphrase of", &done.files))
}

fn told(what: &str, files: &[PathBuf]) -> String {
    let files: Vec<String> = files.iter().map(|path| format!("\n  {}", path.display())).collect();
    if files.is_empty() { "nothing to do".to_owned() } else { format!("{what}{}", files.concat()) }
}
