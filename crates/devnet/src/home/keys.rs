//! The development accounts of a home: all from one phrase.

use super::{Home, files};
use crate::{Error, Result};
use depin_client::{KeyFile, Phrase, SigningKey, account_path};
use depin_quantity::{Address, Name};
use std::{fs, path::Path};

/// Pays for storage; the gateway's account.
pub const CUSTOMER: Name = Name::literal("customer");
/// Grants DataCap.
pub const NOTARY: Name = Name::literal("notary");
/// Reports a made-up price, under a name that says so.
pub const PRICE_FEEDER: Name = Name::literal("development-feeder");
/// Holds tokens to give away: to providers that join later, to anybody who tries something.
pub const FAUCET: Name = Name::literal("faucet");

/// Reports the units of a network whose service is metered.
pub const REPORTER: Name = Name::literal("reporter");
/// Decides its disputes.
pub const ARBITER: Name = Name::literal("arbiter");

/// Account number of the first provider in the phrase.
const FIRST_PROVIDER: u32 = 100;

/// Name of provider number `number`, counted from one.
pub fn provider_name(number: u32) -> Name {
    format!("provider-{number}").parse().expect("a short word and a number are a name")
}

/// Account number of a development account.
fn account_of(name: Name) -> Option<u32> {
    match name {
        CUSTOMER => Some(0),
        NOTARY => Some(1),
        PRICE_FEEDER => Some(2),
        FAUCET => Some(3),
        REPORTER => Some(4),
        ARBITER => Some(5),
        _ => name.as_str().strip_prefix("provider-")?.parse::<u32>().ok()?.checked_sub(1)?.checked_add(FIRST_PROVIDER),
    }
}

/// Whether the key under this name is of somebody's own although the name is one of a development account that only some services have:
/// it does not follow from the home's phrase, as far as both can be read.
pub fn is_own(home: &Home, name: Name) -> bool {
    let Some(account) = account_of(name) else { return true };
    if ![REPORTER, ARBITER].contains(&name) || !home.phrase().is_file() {
        return false;
    }
    let Ok(derived) = phrase(home).and_then(|phrase| phrase.signing_key(account).map_err(|error| Error::broken("wallet", error)))
    else {
        return false;
    };
    load(&home.key(name)).is_ok_and(|key| key.address() != derived.address())
}

/// Reads the home's phrase, or makes one.
///
/// # Errors
/// Refused when something else stands there; broken when files cannot be read or written.
pub fn phrase(home: &Home) -> Result<Phrase> {
    let path = home.phrase();
    match fs::read_to_string(&path) {
        Ok(text) => {
            let text = zeroize::Zeroizing::new(text);
            Phrase::parse(&text).map_err(|error| {
                Error::broken("damaged", format_args!("{} holds no phrase: {error}", path.display()))
                    .hint("restore it from a copy, or begin anew with `depin up --fresh`")
            })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let phrase = Phrase::generate().map_err(|error| Error::broken("randomness", error))?;
            let mut words = phrase.words();
            words.push('\n');
            files::write(&path, words.as_bytes(), files::Readers::Owner)?;
            Ok(phrase)
        }
        Err(error) => Err(Error::file("read", &path, &error)),
    }
}

/// The key file of a development account: there already, or derived and written.
///
/// # Errors
/// Refused when something else stands there; broken when files cannot be read or written.
pub fn derived(phrase: &Phrase, name: Name, path: &Path) -> Result<SigningKey> {
    let account = account_of(name).ok_or_else(|| Error::broken("bug", format_args!("`{name}` is no development account")))?;
    let key = phrase.signing_key(account).map_err(|error| Error::broken("wallet", error))?;
    if path.exists() {
        let found = load(path)?;
        if found.address() != key.address() {
            return Err(Error::refused(
                "foreign-key",
                format_args!("{} holds the key of {}, not the one of this home's phrase", path.display(), found.address()),
            )
            .hint("move it away under another name; the network's own key is written in its place"));
        }
        return Ok(found);
    }
    let file = KeyFile { key, path: Some(account_path_text(account)) };
    file.create(path).map_err(|error| Error::broken("wallet", error))?;
    Ok(file.key)
}

/// The address of a development account.
pub(super) fn address(phrase: &Phrase, name: Name) -> Result<Address> {
    let account = account_of(name).ok_or_else(|| Error::broken("bug", format_args!("`{name}` is no development account")))?;
    phrase.signing_key(account).map(|key| key.address()).map_err(|error| Error::broken("wallet", error))
}

/// The path of an account as text.
pub fn account_path_text(account: u32) -> String {
    account_path(account).iter().fold("m".to_owned(), |text, step| format!("{text}/{step}'"))
}

/// Reads a key file.
///
/// # Errors
/// Refused when it is missing, damaged or open to others.
pub fn load(path: &Path) -> Result<SigningKey> {
    KeyFile::load(path).map(|file| file.key).map_err(|error| {
        if path.exists() {
            Error::refused("key-file", error)
        } else {
            Error::refused("no-key", format_args!("there is no key file {}", path.display())).hint(how_to_restore(path))
        }
    })
}

/// How the key that belongs at `path` comes back. That of a development account follows from the home's phrase; a new one would be
/// another account, without the tokens of the first.
pub(super) fn how_to_restore(path: &Path) -> String {
    let folder = path.parent().unwrap_or(Path::new(""));
    let of_provider = path.file_name().is_some_and(|name| name == "key");
    let (name, home) = match of_provider {
        true => (folder.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok()), folder.ancestors().nth(2)),
        false => (key_name(path), folder.parent()),
    };
    let (name, home) = (name.and_then(|name: Name| Some((name, account_of(name)?))), home.map(Home::new));
    let Some(((name, account), home)) = name.zip(home).filter(|(_, home)| home.phrase().is_file()) else {
        return "restore it from a copy; see the keys that are there with `depin wallet show`, make one of a new account with \
                `depin wallet new NAME`"
            .to_owned();
    };
    let number = if account == 0 { String::new() } else { format!(" --account {account}") };
    let (whose, file) = match of_provider {
        true => (String::new(), format!(" --file {}", path.display())),
        false => (format!(" --home {}", home.path().display()), String::new()),
    };
    let phrase = home.phrase();
    format!("restore it from a copy or make it again: depin{whose} wallet import {name}{number}{file} < {}", phrase.display())
}

/// Name of a key by its file: `savings` for `wallet/savings.key`.
pub fn key_name(path: &Path) -> Option<Name> {
    if path.extension()? != "key" {
        return None;
    }
    path.file_stem()?.to_str()?.parse().ok()
}

/// Names of all keys in a home's wallet, in their order.
///
/// # Errors
/// Broken when the folder cannot be read.
pub fn key_names(home: &Home) -> Result<Vec<Name>> {
    let folder = home.wallet();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::file("read", &folder, &error)),
    };
    let mut names: Vec<Name> = entries.filter_map(std::result::Result::ok).filter_map(|entry| key_name(&entry.path())).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_development_account_has_a_number_of_its_own() {
        let mut names = vec![CUSTOMER, NOTARY, PRICE_FEEDER, FAUCET, REPORTER, ARBITER];
        names.extend((1..=64).map(provider_name));
        let numbers: std::collections::BTreeSet<_> = names.iter().map(|name| account_of(*name).unwrap()).collect();
        assert_eq!(numbers.len(), names.len());
        assert!(account_of("savings".parse().unwrap()).or(account_of("provider-0".parse().unwrap())).is_none());
        assert_eq!(account_path_text(7), "m/44'/461'/7'/0'");
    }

    #[test]
    fn a_key_of_ones_own_is_told_from_the_homes_under_the_same_name() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        fs::create_dir(home.wallet()).unwrap();
        derived(&phrase(&home).unwrap(), REPORTER, &home.key(REPORTER)).unwrap();
        KeyFile { key: SigningKey::from_seed(&[9; 32]), path: None }.create(&home.key(ARBITER)).unwrap();
        assert!(!is_own(&home, REPORTER) && is_own(&home, ARBITER) && is_own(&home, "savings".parse().unwrap()));
    }

    #[test]
    fn a_home_keeps_its_phrase_and_finds_its_keys_again() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        fs::create_dir(home.wallet()).unwrap();
        let first = derived(&phrase(&home).unwrap(), CUSTOMER, &home.key(CUSTOMER)).unwrap();
        let second = derived(&phrase(&home).unwrap(), CUSTOMER, &home.key(CUSTOMER)).unwrap();
        assert_eq!(first.address(), second.address());
        assert_eq!(key_names(&home).unwrap(), [CUSTOMER]);
        fs::remove_file(home.phrase()).unwrap();
        let error = derived(&phrase(&home).unwrap(), CUSTOMER, &home.key(CUSTOMER)).unwrap_err();
        assert_eq!(error.code, "foreign-key", "another phrase does not silently take over");
    }
}
