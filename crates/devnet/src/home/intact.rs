//! Whether a home that has a chain still has what belongs to it. Nothing is made anew here: a new key would be another account, a new
//! validator key would make no block, and settings that are guessed would be registered.

use super::{FORMAT, Home, KIND, Marker, create::validator_seed, files, keys};
use crate::{Error, Result, services};
use depin_ledger::GenesisDoc;
use depin_quantity::{Address, Name};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
};

/// How far beyond the operators that are there others are looked for.
const NUMBERS_AHEAD: u32 = 4;

/// Checks the home's files against what its chain started from; gives what is to be told about them.
///
/// # Errors
/// Refused when a key is not its account's or the chain's, or when settings of an operator are missing.
pub(super) fn check(home: &Home, genesis: &GenesisDoc) -> Result<Vec<String>> {
    check_validator(home, genesis)?;
    check_phrase(home, genesis)?;
    let accounts: BTreeMap<Name, Address> = genesis.accounts.iter().map(|account| (account.name, account.address)).collect();
    for (name, address) in &accounts {
        check_key(home, *name, *address)?;
        check_settings(home, *name)?;
    }
    Ok(mend_marker(home)?.into_iter().chain(mend_rules(home, genesis)?).collect())
}

fn check_validator(home: &Home, genesis: &GenesisDoc) -> Result<()> {
    let seed = validator_seed(home)?;
    if genesis.validators.contains(&depin_engine::public_key(&seed)) {
        return Ok(());
    }
    let path = home.validator();
    Err(Error::refused("foreign-key", format_args!("{} is not the key that makes this chain's blocks", path.display()))
        .hint("put the home's own validator.key back; without it this chain has ended, and `depin up --fresh` begins a new one"))
}

/// A phrase that others' accounts follow from: what is said of restoring keys would be wrong, and accounts that are made from it would be
/// strangers to the rest. One that is missing is told by whatever needs it, and a locked one that nobody opens is left alone.
fn check_phrase(home: &Home, genesis: &GenesisDoc) -> Result<()> {
    let path = home.phrase();
    let own = genesis.accounts.iter().find(|account| account.name == super::CUSTOMER).map(|account| account.address);
    let Some(own) = own.filter(|_| path.exists()) else { return Ok(()) };
    let phrase = match keys::phrase(home) {
        Err(error) if error.code == "locked" && !home.keyring().asks() => return Ok(()),
        phrase => phrase?,
    };
    let found = keys::address(&phrase, super::CUSTOMER)?;
    if found == own {
        return Ok(());
    }
    Err(Error::refused(
        "foreign-phrase",
        format_args!(
            "{} is not the phrase of this home's keys: `{}` follows from it as {found}, and the account of this chain is {own}",
            path.display(),
            super::CUSTOMER
        ),
    )
    .hint(format_args!(
        "put this home's own words into that file; where they are lost, move it away (mv {0} {0}.other): the keys that are here go on \
         without it, but new ones cannot be derived",
        path.display()
    )))
}

/// A key that is missing is told by whatever needs it.
fn check_key(home: &Home, name: Name, address: Address) -> Result<()> {
    for path in [home.key(name), home.provider(name).join("key")].iter().filter(|path| path.is_file()) {
        let found = keys::address_of(path)?;
        if found != address {
            return Err(Error::refused(
                "foreign-key",
                format_args!("{} is the key of {found}, and the account `{name}` of this chain is {address}", path.display()),
            )
            .hint(format_args!("move it away, and {}", keys::how_to_restore(path))));
        }
    }
    Ok(())
}

/// An operator without its settings would not run, and nobody would be told.
fn check_settings(home: &Home, name: Name) -> Result<()> {
    let folder = home.provider(name);
    let path = folder.join("settings.json");
    if !folder.is_dir() || path.is_file() {
        return Ok(());
    }
    let message = format!("{} is missing: it says what {name} offers, and whether it left the network", path.display());
    let others = home.provider_names()?;
    let example = others.first().map_or_else(
        || "; `depin up` with --providers makes that of a new operator, to be copied".to_owned(),
        |other| format!(", such as {}", home.provider(*other).join("settings.json").display()),
    );
    Err(Error::refused("no-settings", message).hint(format_args!(
        "restore it from a copy, or copy that of another operator and look through it{example}; while {name} does not run, its \
         disputes are lost and its deals fail"
    )))
}

/// Writes the file of rules again where it is missing; gives what to tell of one that is not the chain's any more.
fn mend_rules(home: &Home, genesis: &GenesisDoc) -> Result<Option<String>> {
    let path = home.network_file();
    match fs::read(&path) {
        Ok(text) if text == genesis.network_toml.as_bytes() => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            files::write(&path, genesis.network_toml.as_bytes(), files::Readers::Everybody)?;
            Ok(Some(format!("{} was missing, and is written anew from genesis.json", path.display())))
        }
        _ => Ok(Some(format!(
            "{} was changed: the chain keeps the rules that it began with, which are in genesis.json; delete it to have them written there \
             again; a chain with other rules is begun by --network {} and --fresh or another --home",
            path.display(),
            path.display()
        ))),
    }
}

/// Operators of this home that are `registered` on its chain and have no folder here: those that genesis funded, and those that follow
/// from the phrase.
///
/// # Errors
/// When the home cannot be read.
pub fn operators_without_folder(home: &Home, genesis: &GenesisDoc, registered: &BTreeSet<Address>) -> Result<Vec<Name>> {
    let known = home.provider_names()?;
    let mut others = registered.clone();
    for name in &known {
        // One whose key is missing is told by its own start, unless it left.
        if let Ok(address) = keys::address_of(&home.provider(*name).join("key")) {
            others.remove(&address);
        }
    }
    let mut missing: BTreeSet<Name> = BTreeSet::new();
    for account in genesis.accounts.iter().filter(|account| account.name.as_str().starts_with("provider-")) {
        if !known.contains(&account.name) && others.remove(&account.address) {
            missing.insert(account.name);
        }
    }
    if !others.is_empty() && home.phrase().is_file() {
        let phrase = keys::phrase(home)?;
        // Each number takes a while to derive, and one that joined has a number near those that are there.
        let numbers = 1..=u32::try_from(known.len() + missing.len()).unwrap_or(u32::MAX).saturating_add(NUMBERS_AHEAD);
        for name in numbers.map(keys::provider_name).filter(|name| !known.contains(name)) {
            if !missing.contains(&name) && others.remove(&keys::address(&phrase, name)?) {
                missing.insert(name);
            }
        }
    }
    let mut missing: Vec<Name> = missing.into_iter().collect();
    missing.sort_by_key(|name| (name.as_str().len(), *name));
    Ok(missing)
}

/// What `home.json` says about a home that has a chain, as far as that follows from the chain's beginning; none for a folder that is no
/// such home.
pub(super) fn marker_of_chain(home: &Home) -> Option<Marker> {
    if !home.wallet().is_dir() || !home.validator().is_file() || !home.node().is_dir() {
        return None;
    }
    let GenesisDoc { chain_id, network, variant, .. } = files::read_json(&home.genesis()).ok()??;
    let kind = KIND.to_owned();
    // Of what is there, all may be in use: what would be made anew is refused rather.
    let begun =
        services::files().filter(|entry| home.path().join(entry).is_dir()).chain([super::NODE]).map(str::to_owned).collect();
    Some(Marker { format: FORMAT, kind, chain_id, network, variant, complete: true, speed: None, begun })
}

/// Writes `home.json` again where it is damaged or missing; gives what to tell about it.
fn mend_marker(home: &Home) -> Result<Option<String>> {
    if home.is_marked() {
        return Ok(None);
    }
    let Some(marker) = marker_of_chain(home) else { return Ok(None) };
    home.write_marker(&marker)?;
    Ok(Some(format!(
        "{} was damaged or missing, and is written anew from genesis.json; the speed that the home last ran at is forgotten",
        home.marker_path().display()
    )))
}

/// The error of a home whose genesis document is gone.
pub(super) fn no_genesis(home: &Home) -> Error {
    let path = home.genesis();
    Error::broken("damaged", format_args!("{} is missing: it is what this home's chain starts from", path.display()))
        .hint(how_to_restore_genesis(home))
}

/// The same for one that is not what was written.
pub(super) fn damaged_genesis(home: &Home, error: Error) -> Error {
    if error.code == "damaged" { error.hint(how_to_restore_genesis(home)) } else { error }
}

/// Gives a genesis document on, unless the chain that is here began from another: then it is this one that changed.
pub(super) fn of_this_chain(home: &Home, genesis: GenesisDoc) -> Result<GenesisDoc> {
    if depin_node::began_from(&home.node(), &genesis) != Some(false) {
        return Ok(genesis);
    }
    let message = format!("{} is damaged: it is not what this home's chain began from", home.genesis().display());
    Err(Error::broken("damaged", message).hint(how_to_restore_genesis(home)))
}

fn how_to_restore_genesis(home: &Home) -> String {
    let (path, copy) = (home.genesis(), home.node().join("genesis.json"));
    match files::read_json::<GenesisDoc>(&copy) {
        Ok(Some(found)) if depin_node::began_from(&home.node(), &found) != Some(false) => {
            format!("the node has a copy: cp {} {}", copy.display(), path.display())
        }
        _ => "restore it from a copy; without one, `depin up --fresh` begins another network in this home".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::{CUSTOMER, Making, claim_folder, create_or_open, provider_name};
    use depin_client::{KeyFile, Passphrase, SecretKind, SigningKey};
    use std::os::unix::fs::PermissionsExt as _;

    fn open(home: &Home) -> Result<Vec<String>> {
        claim_folder(home)?;
        create_or_open(home, None, Making { providers: 2, capacity_bytes: 1 << 30, randomness: None })
            .map(|opened| opened.remarks)
    }

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().join("net"));
        open(&home).unwrap();
        (folder, home)
    }

    #[test]
    fn a_validators_key_that_is_missing_or_anothers_is_told_and_never_made_anew() {
        let (_folder, home) = home();
        let own = fs::read_to_string(home.validator()).unwrap();
        fs::remove_file(home.validator()).unwrap();
        let error = open(&home).unwrap_err();
        assert!(error.message.contains("validator.key") && error.message.contains("missing"), "{error}");
        assert!(!home.validator().exists(), "no other key takes its place");
        fs::write(home.validator(), "07".repeat(32)).unwrap();
        let error = open(&home).unwrap_err();
        assert!(error.message.contains("chmod 600"), "others could read it: {error}");
        fs::set_permissions(home.validator(), fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(open(&home).unwrap_err().code, "foreign-key");
        fs::write(home.validator(), own).unwrap();
        assert!(open(&home).unwrap().is_empty());
    }

    #[test]
    fn a_phrase_of_other_keys_is_noticed_and_the_way_out_works() {
        let (_folder, home) = home();
        let other = "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong";
        let own = fs::read_to_string(home.phrase()).unwrap();
        fs::write(home.phrase(), other).unwrap();
        let error = open(&home).unwrap_err();
        assert_eq!(error.code, "foreign-phrase");
        assert!(
            error.message.contains("wallet/phrase") && error.hint.contains("mv ") && !error.to_string().contains("zoo"),
            "{error:?}"
        );
        fs::write(home.phrase(), &own[..own.len() / 2]).unwrap();
        let error = open(&home).unwrap_err();
        assert!(error.code == "damaged" && error.hint.contains("move it away"), "{error:?}");
        fs::remove_file(home.phrase()).unwrap();
        assert!(open(&home).unwrap().is_empty(), "keys go on without it");
        assert!(!home.phrase().exists(), "no other phrase takes its place");
    }

    #[test]
    fn a_locked_home_opens_with_its_passphrase() {
        let (_folder, plain) = home();
        let passphrase = Passphrase::new("correct horse").unwrap();
        let lock = |path: &std::path::Path, kind| plain.keyring().relock_text(path, kind, Some(&passphrase)).unwrap();
        lock(&plain.phrase(), SecretKind::Phrase);
        assert!(open(&plain).unwrap().is_empty(), "the keys that a start needs are not locked");
        lock(&plain.validator(), SecretKind::ValidatorKey);
        assert_eq!(open(&plain).unwrap_err().code, "locked");
        let locked = plain.clone().with_keyring(depin_client::Keyring::of(passphrase.clone()));
        plain.keyring().relock(&plain.key(CUSTOMER), Some(&passphrase)).unwrap();
        assert!(open(&locked).unwrap().is_empty());
    }

    #[test]
    fn a_key_that_is_not_its_accounts_is_refused_with_the_command_that_makes_the_right_one() {
        let (_folder, home) = home();
        let (customer, provider) = (home.key(CUSTOMER), home.provider(provider_name(2)).join("key"));
        for (path, command) in [
            (customer, "wallet import customer --phrase-file "),
            (provider.clone(), "wallet import provider-2 --account 101 --file "),
        ] {
            let own = fs::read(&path).unwrap();
            fs::remove_file(&path).unwrap();
            let missing = home.load_key(&path).unwrap_err();
            assert!(missing.hint.contains(command) && missing.hint.contains("wallet/phrase"), "{missing:?}");
            KeyFile { key: SigningKey::from_seed(&[9; 32]), path: None }.create(&path).unwrap();
            let error = open(&home).unwrap_err();
            assert_eq!(error.code, "foreign-key");
            assert!(error.hint.contains(command) && error.hint.contains("wallet/phrase"), "{error:?}");
            fs::write(&path, own).unwrap();
        }
        assert!(provider.exists() && open(&home).unwrap().is_empty());
    }

    #[test]
    fn an_operator_without_settings_is_told_by_its_file_and_not_left_out() {
        let (_folder, home) = home();
        let path = home.provider(provider_name(1)).join("settings.json");
        fs::remove_file(&path).unwrap();
        let error = open(&home).unwrap_err();
        assert!(error.code == "no-settings" && error.message.contains(&path.display().to_string()), "{error:?}");
        assert!(error.hint.contains("provider-2/settings.json"), "{error:?}");
    }

    #[test]
    fn operators_that_are_registered_and_have_no_folder_are_named() {
        let (_folder, home) = home();
        let genesis = home.read_genesis().unwrap();
        let phrase = keys::phrase(&home).unwrap();
        let mut registered: BTreeSet<Address> =
            [1, 2, 4].map(|number| keys::address(&phrase, provider_name(number)).unwrap()).into();
        registered.insert(Address::new([7; 32]));
        fs::remove_dir_all(home.provider(provider_name(1))).unwrap();
        let missing = operators_without_folder(&home, &genesis, &registered).unwrap();
        assert_eq!(missing, [provider_name(1), provider_name(4)], "one of genesis, one that joined; a stranger is none of ours");
        registered.remove(&keys::address(&phrase, provider_name(1)).unwrap());
        assert_eq!(operators_without_folder(&home, &genesis, &registered).unwrap(), [provider_name(4)], "it left the network");
    }

    #[test]
    fn rules_that_were_edited_are_no_rules_of_a_running_chain_and_that_is_said() {
        let (_folder, home) = home();
        let text = fs::read_to_string(home.network_file()).unwrap();
        fs::write(home.network_file(), format!("{text}# mine\n")).unwrap();
        let remarks = open(&home).unwrap();
        assert!(remarks.len() == 1 && remarks[0].contains("network.toml was changed"), "{remarks:?}");
    }

    #[test]
    fn a_genesis_document_that_is_gone_is_told_with_where_a_copy_is() {
        let (_folder, home) = home();
        fs::create_dir_all(home.node()).unwrap();
        fs::rename(home.genesis(), home.node().join("genesis.json")).unwrap();
        let error = open(&home).unwrap_err();
        assert!(error.message.contains("genesis.json is missing") && error.hint.contains("cp "), "{error:?}");
    }
}
