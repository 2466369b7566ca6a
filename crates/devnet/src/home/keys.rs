//! The development accounts of a home: all from one phrase.

use super::Home;
use crate::{Error, Result};
use depin_client::{KeyFile, KeyFileError, Keyring, Phrase, SecretKind, SigningKey, StoredKey, Words, account_path};
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

/// Owns the mobile access point of a network of hotspots.
pub const MOBILE: Name = Name::literal("mobile");

/// Gives out the frames of a network of renderers.
pub const DISPATCHER: Name = Name::literal("dispatcher");

/// Says how long answers of devices took, on a network of clusters.
pub const CHECKER: Name = Name::literal("checker");

/// Brings randomness from outside to a network that was begun with it.
pub const RANDOMNESS: Name = Name::literal("randomness");

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
        RANDOMNESS => Some(6),
        MOBILE => Some(7),
        DISPATCHER => Some(8),
        CHECKER => Some(9),
        _ => name.as_str().strip_prefix("provider-")?.parse::<u32>().ok()?.checked_sub(1)?.checked_add(FIRST_PROVIDER),
    }
}

/// Whether the key under this name is of somebody's own although the name is one of a development account that only some services have:
/// it does not follow from the home's phrase. What cannot be told is somebody's own.
pub fn is_own(home: &Home, name: Name) -> bool {
    let Some(account) = account_of(name) else { return true };
    if ![REPORTER, ARBITER, RANDOMNESS, MOBILE, DISPATCHER, CHECKER].contains(&name) || !home.phrase().is_file() {
        return false;
    }
    let derived = phrase(home).and_then(|phrase| key_of(&phrase, account)).map(|key| key.address());
    let (Ok(derived), Ok(found)) = (derived, address_of(&home.key(name))) else { return true };
    found != derived
}

/// Reads the home's phrase.
///
/// # Errors
/// Refused when it is missing, open to others, or locked with a passphrase that nobody knows; broken when it is damaged.
pub fn phrase(home: &Home) -> Result<Phrase> {
    let path = home.phrase();
    let without = "move it away: what has its keys runs without it";
    match home.keyring().read_text(&path, SecretKind::Phrase) {
        Ok(text) => Phrase::parse(&text).map_err(|error| {
            Error::broken("damaged", format_args!("{} holds no phrase: {error}", path.display()))
                .hint(format_args!("restore it from a copy or from what was written down, or {without}"))
        }),
        Err(KeyFileError::Content { why, .. }) => {
            Err(Error::broken("damaged", format_args!("{} holds no phrase: {why}", path.display()))
                .hint(format_args!("restore it from a copy or from what was written down, or {without}")))
        }
        Err(error) if error.is_absent() => Err(Error::refused(
            "no-phrase",
            format_args!("{} is missing, and the keys of new accounts of this home follow from it", path.display()),
        )
        .hint(format_args!(
            "put the words that were written down back into that file and run `chmod 600 {0}`; an operator with a key of its own needs \
             no phrase: `depin provider --help`",
            path.display()
        ))),
        Err(error) => Err(unusable(error)),
    }
}

/// Reads the phrase of a home that is being made, or makes one.
///
/// # Errors
/// As [`phrase`]; broken when it cannot be written.
pub(super) fn phrase_or_new(home: &Home) -> Result<Phrase> {
    if home.phrase().exists() {
        return phrase(home);
    }
    let phrase = Phrase::generate(Words::default()).map_err(|error| Error::broken("randomness", error))?;
    let mut words = phrase.words();
    words.push('\n');
    home.keyring().create_text(&home.phrase(), SecretKind::Phrase, &words).map_err(unusable)?;
    Ok(phrase)
}

fn key_of(phrase: &Phrase, account: u32) -> Result<SigningKey> {
    phrase.signing_key(account).map_err(|error| Error::broken("wallet", error))
}

/// The error of a file of a wallet.
pub fn unusable(error: KeyFileError) -> Error {
    match error {
        KeyFileError::Io { .. } | KeyFileError::NoRandomness(_) => Error::broken("wallet", error),
        KeyFileError::Locked { .. } | KeyFileError::Seal { .. } => Error::refused("locked", error),
        KeyFileError::Content { ref path, .. } if path.is_file() => {
            let hint = damaged_hint(path);
            Error::refused("key-file", error).hint(hint)
        }
        _ => Error::refused("key-file", error),
    }
}

/// What to do about a damaged file of a wallet: nothing is written over it. Empty where no command makes it again.
fn damaged_hint(path: &Path) -> String {
    let away = format!("move it away (mv {0} {0}.damaged)", path.display());
    if let Some(command) = made_again(path) {
        return format!("{away}, then restore it from a copy or make it again: {command}");
    }
    match path.file_name().and_then(|name| name.to_str()).unwrap_or_default() {
        // Of a gateway or a validator: no phrase gives it back.
        "master.key" | "validator.key" => format!("{away}, then restore it from a copy"),
        name if name == "key" || name.ends_with(".key") => {
            format!("{away}, then restore it from a copy or from its phrase: depin wallet import NAME --file {}", path.display())
        }
        _ => String::new(),
    }
}

/// The key file of a development account: there already, or derived and written.
///
/// # Errors
/// Refused when something else stands there; broken when files cannot be read or written.
pub fn derived(home: &Home, phrase: &Phrase, name: Name, path: &Path) -> Result<SigningKey> {
    let account = account_of(name).ok_or_else(|| Error::broken("bug", format_args!("`{name}` is no development account")))?;
    let key = key_of(phrase, account)?;
    if path.exists() {
        let found = load(path, home.keyring())?;
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
    home.keyring().create(&file, path).map_err(unusable)?;
    Ok(file.key)
}

/// The address of a development account.
pub(super) fn address(phrase: &Phrase, name: Name) -> Result<Address> {
    let account = account_of(name).ok_or_else(|| Error::broken("bug", format_args!("`{name}` is no development account")))?;
    key_of(phrase, account).map(|key| key.address())
}

/// The path of an account as text.
pub fn account_path_text(account: u32) -> String {
    account_path(account).iter().fold("m".to_owned(), |text, step| format!("{text}/{step}'"))
}

/// Reads a key file.
pub(super) fn load(path: &Path, keyring: &Keyring) -> Result<SigningKey> {
    keyring.load(path).map(|file| file.key).map_err(|error| not_loaded(path, error))
}

/// The address of a key file, which needs no passphrase.
///
/// # Errors
/// Refused when it is missing, damaged or open to others.
pub fn address_of(path: &Path) -> Result<Address> {
    StoredKey::load(path).map(|key| key.address()).map_err(|error| not_loaded(path, error))
}

fn not_loaded(path: &Path, error: KeyFileError) -> Error {
    if path.exists() {
        return unusable(error);
    }
    Error::refused("no-key", format_args!("there is no key file {}", path.display())).hint(how_to_restore(path))
}

/// How the key that belongs at `path` comes back. That of a development account follows from the home's phrase; a new one would be
/// another account, without the tokens of the first.
pub(super) fn how_to_restore(path: &Path) -> String {
    match made_again(path) {
        Some(command) => format!("restore it from a copy or make it again: {command}"),
        None => "restore it from a copy; see the keys that are there with `depin wallet show`, make one of a new account with \
                 `depin wallet new NAME`"
            .to_owned(),
    }
}

/// The command that makes the key of a development account at `path` again, from the home's phrase; where that is gone too, it asks for
/// the words, which somebody may have on paper.
fn made_again(path: &Path) -> Option<String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let of_provider = path.file_name().is_some_and(|name| name == "key");
    let (name, home) = match of_provider {
        true => (folder.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok()), folder.ancestors().nth(2)),
        false => (key_name(path), folder.parent()),
    };
    let (name, home): (Name, Home) = (name?, Home::new(home?));
    let account = account_of(name)?;
    // A folder of somebody's own, where a key only happens to have such a name.
    if !home.genesis().is_file() && !home.phrase().is_file() {
        return None;
    }
    let number = if account == 0 { String::new() } else { format!(" --account {account}") };
    let (whose, file) = match of_provider {
        true => (String::new(), format!(" --file {}", path.display())),
        false => (format!(" --home {}", home.path().display()), String::new()),
    };
    let words = match home.phrase() {
        phrase if phrase.is_file() => format!(" --phrase-file {}", phrase.display()),
        _ => " (it asks for the words of the home's phrase; a new key would be another account, without tokens)".to_owned(),
    };
    Some(format!("depin{whose} wallet import {name}{number}{file}{words}"))
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
    fn a_damaged_key_is_told_with_the_command_that_makes_it_again() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().join("home"));
        std::fs::create_dir_all(home.wallet()).unwrap();
        let phrase = phrase_or_new(&home).unwrap();
        let name = Name::literal("customer");
        derived(&home, &phrase, name, &home.key(name)).unwrap();
        let text = std::fs::read_to_string(home.key(name)).unwrap();
        std::fs::write(home.key(name), &text[..text.len() / 2]).unwrap();
        let said = address_of(&home.key(name)).unwrap_err();
        let words = home.phrase().display().to_string();
        for part in ["move it away (mv ", "depin --home ", "wallet import customer", &format!("--phrase-file {words}")] {
            assert!(said.hint.contains(part), "{part}: {said:?}");
        }
        // Without the phrase somebody may have it on paper.
        std::fs::write(home.genesis(), "{}").unwrap();
        std::fs::remove_file(home.phrase()).unwrap();
        let said = address_of(&home.key(name)).unwrap_err();
        assert!(said.hint.contains("wallet import customer") && said.hint.contains("asks for the words"), "{said:?}");
        std::fs::remove_file(home.key(name)).unwrap();
        assert!(address_of(&home.key(name)).unwrap_err().hint.contains("asks for the words"));
        // A key of nobody's network, and one that no phrase gives back.
        for (file, part) in [("mine.key", "depin wallet import NAME --file"), ("master.key", "restore it from a copy")] {
            let path = folder.path().join(file);
            std::fs::write(&path, "{\"format\": 1").unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            let said = address_of(&path).unwrap_err();
            assert!(said.hint.ends_with(part) || said.hint.contains(part), "{file}: {said:?}");
        }
    }

    #[test]
    fn every_development_account_has_a_number_of_its_own() {
        let mut names = vec![CUSTOMER, NOTARY, PRICE_FEEDER, FAUCET, REPORTER, ARBITER, RANDOMNESS, MOBILE, DISPATCHER, CHECKER];
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
        derived(&home, &phrase_or_new(&home).unwrap(), REPORTER, &home.key(REPORTER)).unwrap();
        KeyFile { key: SigningKey::from_seed(&[9; 32]), path: None }.create(&home.key(ARBITER)).unwrap();
        assert!(!is_own(&home, REPORTER) && is_own(&home, ARBITER) && is_own(&home, "savings".parse().unwrap()));
    }

    #[test]
    fn a_home_keeps_its_phrase_and_finds_its_keys_again() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        fs::create_dir(home.wallet()).unwrap();
        let first = derived(&home, &phrase_or_new(&home).unwrap(), CUSTOMER, &home.key(CUSTOMER)).unwrap();
        let second = derived(&home, &phrase(&home).unwrap(), CUSTOMER, &home.key(CUSTOMER)).unwrap();
        assert_eq!(first.address(), second.address());
        assert_eq!(key_names(&home).unwrap(), [CUSTOMER]);
        fs::remove_file(home.phrase()).unwrap();
        let missing = phrase(&home).unwrap_err();
        assert!(missing.code == "no-phrase" && missing.hint.contains("chmod 600") && !home.phrase().exists(), "{missing:?}");
        let error = derived(&home, &phrase_or_new(&home).unwrap(), CUSTOMER, &home.key(CUSTOMER)).unwrap_err();
        assert_eq!(error.code, "foreign-key", "another phrase does not silently take over");
    }

    #[test]
    fn a_locked_phrase_gives_locked_keys_and_keeps_keys_that_it_cannot_judge() {
        let folder = tempfile::tempdir().unwrap();
        let plain = Home::new(folder.path());
        let passphrase = depin_client::Passphrase::new("correct horse").unwrap();
        let home = plain.clone().with_keyring(Keyring::of(passphrase));
        fs::create_dir(home.wallet()).unwrap();
        let made = derived(&home, &phrase_or_new(&home).unwrap(), REPORTER, &home.key(REPORTER)).unwrap();
        assert!(fs::read_to_string(home.phrase()).unwrap().contains("argon2id"));
        assert_eq!(plain.load_key(&home.key(REPORTER)).unwrap_err().code, "locked");
        assert_eq!(address_of(&home.key(REPORTER)).unwrap(), made.address());
        assert!(is_own(&plain, REPORTER), "nobody knows, so it is not deleted");
        assert!(!is_own(&home, REPORTER));
    }
}
