//! `depin wallet`. Works without any node.

use crate::{
    args::{ImportArgs, NewArgs, ShowArgs, WalletCommand},
    error::{CliError, Result},
    output::{Output, Table},
    settings::Settings,
};
use depin_client::{KeyFile, KeyFileError, Phrase, SigningKey};
use depin_devnet::home::{Home, account_path_text, key_names, load_key};
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
    /// The words; only of a new phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    phrase: Option<String>,
}

#[derive(Serialize)]
struct Keys {
    keys: Vec<ShownKey>,
}

#[derive(Serialize)]
struct ShownKey {
    name: Name,
    address: Address,
    file: PathBuf,
}

pub fn run(command: &WalletCommand, settings: &Settings, out: &Output) -> Result<()> {
    match command {
        WalletCommand::New(args) => new(args, &settings.home, out),
        WalletCommand::Import(args) => import(args, &settings.home, out),
        WalletCommand::Show(args) => show(args, &settings.home, out),
    }
}

fn new(args: &NewArgs, home: &Home, out: &Output) -> Result<()> {
    let phrase = Phrase::generate().map_err(|error| CliError::broken("randomness", error))?;
    let file = place(args.file.as_deref(), args.name, home)?;
    let key = phrase.signing_key(0).map_err(|error| CliError::refused("phrase", error))?;
    store(key.clone(), 0, &file)?;
    let words = phrase.words().to_string();
    let made = NewKey { name: args.name, address: key.address(), path: account_path_text(0), file, phrase: Some(words) };
    out.result(&made, |out| {
        let words = made.phrase.as_deref().unwrap_or_default();
        let words: Vec<&str> = words.split(' ').collect();
        let lines: Vec<String> = words.chunks(6).map(|line| format!("  {}", line.join(" "))).collect();
        format!(
            "key `{}`\n  address  {}\n  file     {}\n\n{}\n{}\n\nWrite these 24 words down. They are shown only now, and whoever has them has the key.",
            made.name,
            made.address,
            made.file.display(),
            out.bold("phrase"),
            lines.join("\n")
        )
    })
}

fn import(args: &ImportArgs, home: &Home, out: &Output) -> Result<()> {
    let file = place(args.file.as_deref(), args.name, home)?;
    if std::io::stdin().is_terminal() {
        out.note("type the 24 words, then Enter and Ctrl-D:");
    }
    let mut text = Zeroizing::new(String::with_capacity(PHRASE_MAX as usize));
    let read = std::io::stdin().lock().take(PHRASE_MAX).read_to_string(&mut text);
    read.map_err(|error| CliError::broken("io", format_args!("cannot read the phrase from standard input: {error}")))?;
    let phrase = Phrase::parse(&text).map_err(|error| CliError::refused("phrase", error))?;
    let key = phrase.signing_key(args.account).map_err(|error| CliError::refused("phrase", error))?;
    store(key.clone(), args.account, &file)?;
    let made = NewKey { name: args.name, address: key.address(), path: account_path_text(args.account), file, phrase: None };
    out.result(&made, |_| format!("key `{}`\n  address  {}\n  file     {}", made.name, made.address, made.file.display()))
}

/// Where a new key goes. The wallet folder is made when it is missing.
fn place(file: Option<&Path>, name: Name, home: &Home) -> Result<PathBuf> {
    if let Some(file) = file {
        return Ok(file.to_owned());
    }
    let wallet = home.wallet();
    fs::create_dir_all(&wallet).map_err(|error| CliError::file("create", &wallet, &error))?;
    Ok(home.key(name))
}

fn store(key: SigningKey, account: u32, file: &Path) -> Result<()> {
    KeyFile { key, path: Some(account_path_text(account)) }.create(file).map_err(|error| match error {
        KeyFileError::Exists { .. } => CliError::refused("key-exists", error),
        _ => CliError::broken("key-file", error),
    })
}

fn show(args: &ShowArgs, home: &Home, out: &Output) -> Result<()> {
    if args.phrase {
        return show_phrase(home, out);
    }
    let providers = home.provider_names()?.into_iter().map(|name| (name, home.provider(name).join("key")));
    let files: Vec<(Name, PathBuf)> = key_names(home)?.into_iter().map(|name| (name, home.key(name))).chain(providers).collect();
    let wanted = files.into_iter().filter(|(name, path)| args.name.is_none_or(|wanted| wanted == *name) && path.is_file());
    let keys = wanted
        .map(|(name, file)| Ok(ShownKey { name, address: load_key(&file)?.address(), file }))
        .collect::<Result<Vec<_>>>()?;
    if let (Some(name), true) = (args.name, keys.is_empty()) {
        return Err(CliError::refused("no-key", format_args!("{} has no key `{name}`", home.path().display()))
            .hint("`depin wallet show` lists the keys, `depin wallet new NAME` makes one"));
    }
    let keys = Keys { keys };
    out.result(&keys, |out| {
        let mut table = Table::new(&["NAME", "ADDRESS"]);
        for key in &keys.keys {
            table.row([key.name.to_string(), key.address.to_string()]);
        }
        table.render_or(out, "no keys yet; `depin wallet new` makes one, `depin up` makes those of its network")
    })
}

fn show_phrase(home: &Home, out: &Output) -> Result<()> {
    let path = home.phrase();
    if !path.is_file() {
        return Err(home.absent());
    }
    let text = fs::read_to_string(&path).map_err(|error| CliError::file("read", &path, &error))?;
    out.result(&serde_json::json!({ "phrase": text.trim() }), |_| text.trim().to_owned())
}
