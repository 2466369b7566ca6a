//! New keys: from a new phrase, or from one that somebody has.

use crate::{
    args::{ImportArgs, NewArgs},
    error::{CliError, Result},
    output::{Output, is_shown},
    passphrase,
    settings::Settings,
};
use depin_client::{KeyFile, KeyFileError, Keyring, Phrase, SecretKind, SigningKey};
use depin_devnet::home::{Home, account_path_text, unusable};
use depin_files::Readers;
use depin_quantity::{Address, Name};
use serde::Serialize;
use std::{
    fs,
    io::{IsTerminal as _, Read as _},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Longest phrase that is read, bytes.
const PHRASE_MAX: u64 = 4096;

#[derive(Serialize)]
struct NewKey {
    name: Name,
    address: Address,
    path: String,
    file: PathBuf,
    /// The words; only of a new phrase, and only for a terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    phrase: Option<String>,
    /// Where they were written instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    phrase_file: Option<PathBuf>,
}

pub(super) fn new(args: &NewArgs, settings: &Settings, out: &Output) -> Result<()> {
    let phrase = Phrase::generate(args.words).map_err(|error| CliError::broken("randomness", error))?;
    let file = place(args.file.as_deref(), args.name, &settings.home)?;
    if fs::symlink_metadata(&file).is_ok() {
        return Err(CliError::refused("key-exists", KeyFileError::Exists { path: file }));
    }
    let ring = ring(args.passphrase, settings)?;
    let key = phrase.signing_key(0).map_err(|error| CliError::refused("phrase", error))?;
    let written = write_phrase(args, &phrase, &file)?;
    if let Err(error) = store(key.clone(), 0, &file, &ring) {
        // Words without their key are of no use to anybody.
        if let Some(path) = &written {
            let _ = fs::remove_file(path);
        }
        return Err(error);
    }
    let shown = written.is_none().then(|| phrase.words().to_string());
    let (address, path) = (key.address(), account_path_text(0));
    let made = NewKey { name: args.name, address, path, file, phrase: shown, phrase_file: written };
    out.result(&made, |out| {
        let key = format!("key `{}`\n  address  {}\n  file     {}", made.name, made.address, made.file.display());
        let Some(words) = &made.phrase else {
            let path = made.phrase_file.as_deref().unwrap_or(Path::new("")).display();
            return format!(
                "{key}\n  phrase   {path}\n\nThe file holds the {} words from which the key follows, and only you can read it. Write them down, and \
                 delete it:\nwhoever has them has the key.",
                args.words.count()
            );
        };
        let words: Vec<&str> = words.split(' ').collect();
        let lines: Vec<String> = words.chunks(6).map(|line| format!("  {}", line.join(" "))).collect();
        format!(
            "{key}\n\n{}\n{}\n\nWrite these {} words down. They are shown only now, and whoever has them has the key.",
            out.bold("phrase"),
            lines.join("\n"),
            words.len()
        )
    })
}

pub(super) fn import(args: &ImportArgs, settings: &Settings, out: &Output) -> Result<()> {
    let file = place(args.file.as_deref(), args.name, &settings.home)?;
    let text = match &args.phrase_file {
        Some(path) => settings.home.keyring().read_text(path, SecretKind::Phrase).map_err(unusable)?,
        None => typed(out)?,
    };
    let phrase = Phrase::parse(&text).map_err(|error| CliError::refused("phrase", error))?;
    let key = phrase.signing_key(args.account).map_err(|error| CliError::refused("phrase", error))?;
    store(key.clone(), args.account, &file, &ring(args.passphrase, settings)?)?;
    let (address, path) = (key.address(), account_path_text(args.account));
    let made = NewKey { name: args.name, address, path, file, phrase: None, phrase_file: None };
    out.result(&made, |_| format!("key `{}`\n  address  {}\n  file     {}", made.name, made.address, made.file.display()))
}

/// The words on standard input.
fn typed(out: &Output) -> Result<Zeroizing<String>> {
    if std::io::stdin().is_terminal() {
        out.note("type the 12 or 24 words, then Enter and Ctrl-D:");
    }
    let mut text = Zeroizing::new(String::with_capacity(PHRASE_MAX as usize));
    let read = std::io::stdin().lock().take(PHRASE_MAX).read_to_string(&mut text);
    read.map_err(|error| CliError::broken("io", format_args!("cannot read the phrase from standard input: {error}")))?;
    Ok(text)
}

/// Writes the words where they were asked for, or where no terminal shows them.
fn write_phrase(args: &NewArgs, phrase: &Phrase, key: &Path) -> Result<Option<PathBuf>> {
    let path = match &args.phrase_out {
        Some(path) => path.clone(),
        None if is_shown() => return Ok(None),
        None if args.passphrase => {
            return Err(CliError::refused("secret", "the phrase is shown on a terminal only, and this is none")
                .hint("name a file for it with --phrase-out FILE: the passphrase locks the key, not that file"));
        }
        None => key.with_added_extension("phrase"),
    };
    let mut words = phrase.words();
    words.push('\n');
    depin_files::create(&path, words.as_bytes(), Readers::Owner).map_err(|error| CliError::file("write", &path, &error))?;
    Ok(Some(path))
}

/// Where a new key goes. The wallet folder is made when it is missing.
fn place(file: Option<&Path>, name: Name, home: &Home) -> Result<PathBuf> {
    if let Some(file) = file {
        return Ok(file.to_owned());
    }
    let wallet = home.wallet();
    depin_files::private_folder(&wallet).map_err(|error| CliError::file("create", &wallet, &error))?;
    Ok(home.key(name))
}

/// What the new key is locked with, where that was asked for.
fn ring(locked: bool, settings: &Settings) -> Result<Keyring> {
    Ok(if locked { Keyring::of(passphrase::new(settings.passphrase_file())?) } else { Keyring::default() })
}

fn store(key: SigningKey, account: u32, file: &Path, ring: &Keyring) -> Result<()> {
    let stored = ring.create(&KeyFile { key, path: Some(account_path_text(account)) }, file);
    stored.map_err(|error| match error {
        KeyFileError::Exists { .. } => CliError::refused("key-exists", error),
        _ => CliError::broken("key-file", error),
    })
}
