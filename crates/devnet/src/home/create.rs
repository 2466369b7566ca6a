//! Making a home, finishing one that was cut short, and deleting one.

use super::{
    CUSTOMER, Choice, FAUCET, FORMAT, Home, KIND, Marker, NETWORK_DEFAULT, NOTARY, PRICE_FEEDER, RANDOMNESS, files,
    funding::{self, Wish},
    intact,
    keys::{self, is_own, key_name},
    provider_name,
};
use crate::{Error, Result, services};
use depin_client::{KeyFileError, Phrase, SecretKind, SigningKey};
use depin_economy::Spec;
use depin_ledger::{GenesisDoc, Reporter};
use depin_quantity::{Address, Instant, Name};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
};
use zeroize::Zeroizing;

/// Highest speed of a development chain: a proof window of 30 minutes of ledger time lasts 9 seconds of the wall clock then, which a
/// busy machine needs to see the challenge, read the disk, prove, and have the answer in a block.
pub const SPEED_MAX: u32 = 200;

/// Entries of a home that belong to its network, besides those of its service; `wallet`, `lock` and `home.json` are treated apart.
const ENTRIES: [&str; 8] =
    ["genesis.json", "network.toml", "node", "validator.key", "providers", "ports.json", "endpoints.json", "control.json"];

/// Whole tokens of an operator at the start.
const PROVIDER_TOKENS: u128 = 100_000;
/// For how many operators' starts the faucet has enough.
pub const FAUCET_PROVIDERS: u128 = 200;

/// What a start found.
pub struct Opened {
    /// What the chain starts from.
    pub genesis: GenesisDoc,
    /// Whether the home was made, or finished, just now.
    pub new: bool,
    /// In what the network differs from the one that was named.
    pub remarks: Vec<String>,
}

/// Says no to a folder that holds other things than a home; makes it when missing.
///
/// # Errors
/// Refused for a foreign folder.
pub fn claim_folder(home: &Home) -> Result<()> {
    let path = home.path();
    depin_files::private_folder(path).map_err(|error| Error::file("create", path, &error))?;
    if home.marker_of_any_format()?.is_some() {
        // One of an earlier version was open to everybody.
        let owner_only = fs::Permissions::from_mode(0o700);
        return fs::set_permissions(path, owner_only).map_err(|error| Error::file("close to others", path, &error));
    }
    match foreign_entry(path).map_err(|error| Error::file("read", path, &error))? {
        None => Ok(()),
        Some(entry) => Err(Error::refused(
            "foreign-folder",
            format_args!("{} is not a home of depin: it holds `{entry}` and no home.json", path.display()),
        )
        .hint("name an empty or a new folder with --home; nothing was changed here")),
    }
}

/// An entry that a folder without `home.json` must not have. A wallet alone may be there: keys can be made before a network is.
fn foreign_entry(path: &Path) -> io::Result<Option<String>> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // A draft of home.json is left when a process was killed while it wrote it.
        if !matches!(name.as_str(), "lock" | "wallet" | "home.json.new") && !is_draft_of(&entry.path(), ".home.json.") {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn is_draft_of(path: &Path, prefix: &str) -> bool {
    depin_files::is_draft(path) && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix))
}

/// What a new home is made with.
#[derive(Clone, Copy, Debug)]
pub struct Making {
    /// How many providers.
    pub providers: u32,
    /// What each offers, bytes.
    pub capacity_bytes: u64,
    /// Milliseconds of ledger time that the network waits for randomness from outside; without any it names nobody to bring it.
    pub randomness: Option<u64>,
}

/// Opens the home whose lock the caller holds; makes it, or finishes making it, where needed. A home goes on with its own network:
/// another one that is `asked` for is refused.
///
/// # Errors
/// Refused for a foreign folder or another network; broken when files are missing or cannot be written.
pub fn create_or_open(home: &Home, asked: Option<&Choice>, making: Making) -> Result<Opened> {
    let (marker, choice) = match home.marker()? {
        Some(marker) => {
            if let Some(choice) = asked {
                same_network(home, &marker, choice)?;
            }
            if marker.complete {
                let genesis = home.read_genesis()?;
                same_chain(home, &marker, &genesis)?;
                same_chance(home, &genesis, making)?;
                let changed = intact::check(home, &genesis)?;
                let remarks = changed.into_iter().chain(funding::remark(&genesis)).collect();
                return Ok(Opened { genesis, new: false, remarks });
            }
            // Its making was cut short: what it began with counts.
            let choice = match fs::read_to_string(home.network_file()) {
                Ok(text) => Choice::of_text(&text, &home.network_file().display().to_string())?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => match asked {
                    Some(choice) => choice.clone(),
                    None => Choice::find(marker.network.as_str())?,
                },
                Err(error) => return Err(Error::file("read", &home.network_file(), &error)),
            };
            (marker, choice)
        }
        None => {
            let choice = asked.map_or_else(|| Choice::find(NETWORK_DEFAULT), |choice| Ok(choice.clone()))?;
            let info = choice.spec.network();
            let marker = Marker {
                format: FORMAT,
                kind: KIND.to_owned(),
                chain_id: chain_id(info.name)?,
                network: info.name,
                variant: info.variant,
                complete: false,
                speed: None,
                begun: BTreeSet::new(),
            };
            (marker, choice)
        }
    };
    home.write_marker(&marker)?;
    files::write(&home.network_file(), choice.text.as_bytes(), files::Readers::Everybody)?;
    let genesis = finish(home, &marker, &choice, making)?;
    home.write_marker(&Marker { complete: true, ..marker })?;
    let remarks = choice.remarks.into_iter().chain(funding::remark(&genesis)).collect();
    Ok(Opened { genesis, new: true, remarks })
}

/// A name for a new chain of a network; a long name of the network is cut.
fn chain_id(network: Name) -> Result<Name> {
    const SHORT: usize = 18;
    let short: String = network.as_str().chars().take(SHORT).collect();
    let id = format!("{}-dev-{:08x}", short.trim_end_matches(['-', '.']), rand::random::<u32>());
    id.parse().map_err(|error| Error::broken("bug", error))
}

/// Refuses to take a home for one of another network, or of another version of its file.
fn same_network(home: &Home, marker: &Marker, asked: &Choice) -> Result<()> {
    let info = asked.spec.network();
    let path = home.path().display();
    let hint =
        format!("leave --network away to go on with it, name another --home, or add --fresh to throw it away: --home {path}");
    if (info.name, info.variant) != (marker.network, marker.variant) {
        return Err(Error::refused(
            "other-network",
            format_args!(
                "{path} is a home of `{}` (variant `{}`, chain {}), not of `{}` (variant `{}`)",
                marker.network, marker.variant, marker.chain_id, info.name, info.variant
            ),
        )
        .hint(hint));
    }
    let known = match home.genesis().exists() {
        true => home.read_genesis()?.network_toml,
        false => fs::read_to_string(home.network_file()).unwrap_or_default(),
    };
    if !known.is_empty() && !asked.is_of(&known) {
        return Err(Error::refused(
            "other-network",
            format_args!(
                "the rules of `{}` have changed since chain {} began; a running chain keeps the rules that it began with",
                info.name, marker.chain_id
            ),
        )
        .hint(hint));
    }
    Ok(())
}

fn same_chain(home: &Home, marker: &Marker, genesis: &GenesisDoc) -> Result<()> {
    if genesis.chain_id == marker.chain_id && genesis.network == marker.network && genesis.variant == marker.variant {
        return Ok(());
    }
    Err(Error::refused(
        "other-chain",
        format_args!(
            "in {} home.json is of chain `{}` ({}, variant {}), genesis.json of `{}` ({}, variant {})",
            home.path().display(),
            marker.chain_id,
            marker.network,
            marker.variant,
            genesis.chain_id,
            genesis.network,
            genesis.variant
        ),
    )
    .hint("put the home's own genesis.json or home.json back, or begin anew with --fresh"))
}

/// Who brings randomness is a matter of a chain's beginning.
fn same_chance(home: &Home, genesis: &GenesisDoc, making: Making) -> Result<()> {
    if making.randomness.is_none() || genesis.randomness.is_some() {
        return Ok(());
    }
    let path = home.path().display();
    Err(Error::refused(
        "no-reporter",
        format_args!("the chain of {path} began without anybody who brings randomness from outside"),
    )
    .hint("leave --randomness away to go on with it, or add --fresh to begin another"))
}

/// Makes everything that is missing; what is there is kept.
fn finish(home: &Home, marker: &Marker, choice: &Choice, making: Making) -> Result<GenesisDoc> {
    let wallet = home.wallet();
    depin_files::private_folder(&wallet).map_err(|error| Error::file("create", &wallet, &error))?;
    let phrase = keys::phrase_or_new(home)?;
    let key = |name: Name| keys::derived(home, &phrase, name, &home.key(name));
    let (customer, notary, feeder, faucet) = (key(CUSTOMER)?, key(NOTARY)?, key(PRICE_FEEDER)?, key(FAUCET)?);
    let wish = |name: Name, key: &SigningKey, tokens: u128| Wish { name, address: key.address(), tokens };
    let mut wishes = vec![
        wish(CUSTOMER, &customer, 1_000_000),
        wish(NOTARY, &notary, 1_000),
        wish(PRICE_FEEDER, &feeder, 1_000),
        wish(FAUCET, &faucet, PROVIDER_TOKENS * FAUCET_PROVIDERS),
    ];
    let time = now();
    let rules = choice.spec.at(time, time);
    let name = rules.network().service;
    let service = services::live(name.as_str())
        .ok_or_else(|| Error::refused("service", format_args!("the service `{name}` does not run live in this version")))?;
    let mut filled = BTreeMap::new();
    for name in service.accounts() {
        wishes.push(wish(*name, &key(*name)?, 1_000));
    }
    for (role, name) in service.roles(rules)? {
        filled.insert(role, key(name)?.address());
    }
    let mut randomness = None;
    if let Some(late_ms) = making.randomness {
        let reporter = key(RANDOMNESS)?;
        wishes.push(wish(RANDOMNESS, &reporter, 1_000));
        randomness = Some(Reporter { account: reporter.address(), late_ms });
    }
    for number in 1..=making.providers {
        let name = provider_name(number);
        let key = add_provider(home, &phrase, name)?;
        service.prepare(&home.provider(name), rules, time, making.capacity_bytes)?;
        wishes.push(wish(name, &key, PROVIDER_TOKENS));
    }
    let begun = home.genesis().exists();
    let validator = if begun || home.validator().exists() { validator_seed(home)? } else { new_validator_seed(home)? };
    if let Some(genesis) = files::read_json::<GenesisDoc>(&home.genesis())? {
        return Ok(genesis);
    }
    let mut genesis = GenesisDoc {
        chain_id: marker.chain_id,
        network: marker.network,
        variant: marker.variant,
        network_toml: choice.text.clone(),
        time,
        speed_max: SPEED_MAX,
        accounts: Vec::new(),
        roles: filled_over(roles(&choice.spec, notary.address(), feeder.address(), faucet.address()), filled),
        validators: vec![depin_engine::public_key(&validator)],
        beacon: None,
        randomness,
    };
    genesis.accounts = funding::fund(&genesis, &choice.spec, &wishes)?;
    genesis.rehearse().map_err(|error| Error::broken("genesis", error))?;
    files::write_json(&home.genesis(), &genesis, files::Readers::Everybody)?;
    Ok(genesis)
}

/// Who fills the roles that a network's file names: the notary grants allowances, the feeder reports prices, and the faucet stands
/// for everybody else.
fn roles(spec: &Spec, notary: Address, feeder: Address, faucet: Address) -> BTreeMap<Name, Address> {
    let grants: BTreeSet<Name> = spec.allowances().values().map(|rule| rule.granted_by).collect();
    let reports: BTreeSet<Name> = spec.prices().values().flat_map(|rule| rule.reporters.iter().copied()).collect();
    let holder = |role: &Name| match (grants.contains(role), reports.contains(role)) {
        (true, _) => notary,
        (false, true) => feeder,
        (false, false) => faucet,
    };
    spec.roles().iter().map(|role| (*role, holder(role))).collect()
}

/// Roles of a service are filled by its own accounts, whoever stood for them otherwise.
fn filled_over(mut roles: BTreeMap<Name, Address>, filled: BTreeMap<Name, Address>) -> BTreeMap<Name, Address> {
    roles.extend(filled);
    roles
}

/// Makes the folder and the key of a development operator; keeps those that are there.
///
/// # Errors
/// Refused when another key is there; broken when nothing can be written.
pub fn add_provider(home: &Home, phrase: &Phrase, name: Name) -> Result<SigningKey> {
    let folder = home.provider(name);
    depin_files::private_folder(&folder).map_err(|error| Error::file("create", &folder, &error))?;
    keys::derived(home, phrase, name, &folder.join("key"))
}

/// The wall clock.
pub(crate) fn now() -> Instant {
    let passed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Instant::new(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX))
}

/// The seed of the node's own key.
///
/// # Errors
/// Refused when it is missing: a chain has the one that it began with. Broken when it cannot be read.
pub fn validator_seed(home: &Home) -> Result<[u8; 32]> {
    let path = home.validator();
    let damaged = |why: &str| {
        Error::broken("damaged", format_args!("{} {why}", path.display()))
            .hint("restore it from a copy, or begin anew with `depin up --fresh`")
    };
    match home.keyring().read_text(&path, SecretKind::ValidatorKey) {
        Ok(text) => {
            let mut seed = [0; 32];
            hex::decode_to_slice(text.trim(), &mut seed).map_err(|_| damaged("is not a key of 64 hexadecimal digits"))?;
            Ok(seed)
        }
        Err(KeyFileError::Content { why, .. }) => Err(damaged(&format!("is not a validator's key: {why}"))),
        Err(error) if error.is_absent() => Err(Error::refused(
            "no-key",
            format_args!("{} is missing: it makes this chain's blocks, and no other key can", path.display()),
        )
        .hint("restore it from a copy; without it this chain has ended, and `depin up --fresh` begins a new one")),
        Err(error) => Err(keys::unusable(error)),
    }
}

/// Makes the node's own key. Not from the phrase: a copy of the phrase must never be able to vote a second time.
fn new_validator_seed(home: &Home) -> Result<[u8; 32]> {
    let seed: [u8; 32] = rand::random();
    let text = Zeroizing::new(format!("{}\n", hex::encode(seed)));
    home.keyring().create_text(&home.validator(), SecretKind::ValidatorKey, &text).map_err(keys::unusable)?;
    Ok(seed)
}

/// Deletes the network of the home whose lock the caller holds. Keys that do not follow from the home's phrase stay: they may hold
/// tokens elsewhere. Gives the names of those.
///
/// # Errors
/// Refused when the folder does not say that it is a home.
pub fn delete(home: &Home) -> Result<Vec<Name>> {
    let Some(marker) = home.marker_of_any_format()? else { return Err(home.absent()) };
    // Unfinished from now on: a deletion that is cut short leaves a home that the next `--fresh` deletes on.
    home.write_marker(&Marker { complete: false, speed: None, begun: BTreeSet::new(), ..marker })?;
    for entry in ENTRIES.into_iter().chain(services::files()) {
        let path = home.path().join(entry);
        let removed = match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_dir() => fs::remove_dir_all(&path),
            Ok(_) => fs::remove_file(&path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        removed.map_err(|error| Error::file("delete", &path, &error))?;
    }
    delete_drafts(home.path()).map_err(|error| Error::file("delete drafts in", home.path(), &error))?;
    let kept = delete_development_keys(home).map_err(|error| Error::file("delete keys in", &home.wallet(), &error))?;
    files::remove(&home.path().join("home.json"))?;
    Ok(kept)
}

/// What a process that was killed while it wrote left behind.
fn delete_drafts(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if depin_files::is_draft(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn delete_development_keys(home: &Home) -> io::Result<Vec<Name>> {
    let wallet = home.wallet();
    if !wallet.is_dir() {
        return Ok(Vec::new());
    }
    delete_drafts(&wallet)?;
    let mut kept = Vec::new();
    for entry in fs::read_dir(&wallet)? {
        let path = entry?.path();
        match key_name(&path) {
            Some(name) if !is_own(home, name) => fs::remove_file(&path)?,
            Some(name) => kept.push(name),
            None => {}
        }
    }
    match fs::remove_file(home.phrase()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    kept.sort();
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;
    use depin_networks::{NETWORKS, network_file};

    const MAKING: Making = Making { providers: 4, capacity_bytes: 1 << 30, randomness: None };

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().join("net"));
        (folder, home)
    }

    fn open(home: &Home) -> Result<Opened> {
        claim_folder(home)?;
        create_or_open(home, None, MAKING)
    }

    #[test]
    fn a_new_home_is_made_once_and_found_again() {
        let (_folder, home) = home();
        let first = open(&home).unwrap();
        let second = open(&home).unwrap();
        assert!(first.new && !second.new);
        assert_eq!(first.genesis, second.genesis);
        assert_eq!(first.genesis.accounts.len(), 8);
        assert_eq!(home.provider_names().unwrap().len(), 4);
        assert_eq!(first.genesis.speed_max, SPEED_MAX);
        assert!(first.remarks.is_empty() && home.network_file().exists());
    }

    #[test]
    fn a_home_begins_with_somebody_who_brings_randomness_or_goes_on_without() {
        let (_folder, home) = home();
        claim_folder(&home).unwrap();
        let asked = Making { randomness: Some(9), ..MAKING };
        let genesis = create_or_open(&home, None, asked).unwrap().genesis;
        let account = keys::address_of(&home.key(RANDOMNESS)).unwrap();
        assert_eq!(genesis.randomness, Some(Reporter { account, late_ms: 9 }));
        assert!(genesis.accounts.iter().any(|funded| funded.address == account && !funded.amount.is_zero()));
        // Whether it is asked for again or not.
        assert_eq!(create_or_open(&home, None, asked).unwrap().genesis, genesis);
        assert_eq!(open(&home).unwrap().genesis, genesis);
        delete(&home).unwrap();
        assert_eq!(open(&home).unwrap().genesis.randomness, None);
        let refused = create_or_open(&home, None, asked).err().expect("the chain has begun");
        assert!(refused.code == "no-reporter" && refused.hint.contains("--fresh"), "{refused:?}");
    }

    #[test]
    fn a_home_remembers_the_speed_that_it_last_ran_at_until_it_is_deleted() {
        let (_folder, home) = home();
        open(&home).unwrap();
        assert_eq!(home.speed().unwrap(), None);
        for speed in [20, 7] {
            home.keep_speed(speed).unwrap();
            assert!(!open(&home).unwrap().new);
            assert_eq!(home.speed().unwrap(), Some(speed));
        }
        delete(&home).unwrap();
        open(&home).unwrap();
        assert_eq!(home.speed().unwrap(), None);
    }

    #[test]
    fn a_home_remembers_what_a_start_made_until_it_is_deleted() {
        let (_folder, home) = home();
        open(&home).unwrap();
        assert!(!home.has_begun("node").unwrap(), "a home that was made and never started");
        home.keep_begun("node").unwrap();
        open(&home).unwrap();
        assert!(home.has_begun("node").unwrap() && !home.has_begun("gateway").unwrap());
        assert!(!home.has_lost("gateway", "meta.db").unwrap(), "one that was never started");
        home.keep_begun("gateway").unwrap();
        assert!(home.has_lost("gateway", "meta.db").unwrap() && !home.has_lost("metering", "metering.db").unwrap());
        assert!(!home.has_lost_told("lorawan", "lorawan.db").unwrap());
        home.keep_begun("lorawan").unwrap();
        assert!(home.has_lost_told("lorawan", "lorawan.db").unwrap());
        // Its word is lost, and follows from what is there.
        fs::create_dir_all(home.node()).unwrap();
        fs::create_dir_all(home.path().join("gateway")).unwrap();
        fs::write(home.path().join("gateway/meta.db"), "the map").unwrap();
        assert!(!home.has_lost("gateway", "meta.db").unwrap());
        fs::remove_file(home.path().join("home.json")).unwrap();
        open(&home).unwrap();
        assert!(home.has_begun("node").unwrap() && home.has_begun("gateway").unwrap() && !home.has_begun("metering").unwrap());
        // As earlier versions wrote it: all of it ran.
        home.write_marker(&Marker { begun: BTreeSet::new(), ..home.marker().unwrap().unwrap() }).unwrap();
        assert!(!home.has_begun("node").unwrap());
        home.keep_speed(3).unwrap();
        assert!(home.has_begun("node").unwrap() && home.has_begun("gateway").unwrap());
        assert!(!home.has_lost_told("lorawan", "lorawan.db").unwrap(), "it may never have run there");
        delete(&home).unwrap();
        open(&home).unwrap();
        assert!(!home.has_begun("node").unwrap());
    }

    #[test]
    fn a_home_goes_on_with_its_own_network_and_refuses_another() {
        let (_folder, home) = home();
        let first = open(&home).unwrap().genesis;
        let same = Choice::find("filecoin").unwrap();
        assert_eq!(create_or_open(&home, Some(&same), MAKING).unwrap().genesis, first);
        let mut refusals = Vec::new();
        for (from, to) in [
            ("name = \"filecoin\"", "name = \"mine\""),
            ("variant = \"document\"", "variant = \"mainnet\""),
            ("challenges = 5", "challenges = 6"),
        ] {
            let other = Choice::of_text(&same.text.replace(from, to), "test").unwrap();
            let error = create_or_open(&home, Some(&other), MAKING).err().unwrap();
            assert_eq!((error.kind, error.code.as_str()), (Kind::Refused, "other-network"));
            assert!(error.hint.contains("--fresh") && error.message.contains(first.chain_id.as_str()), "{error}");
            refusals.push(error.message);
        }
        assert!(
            refusals[0].contains("`mine`") && refusals[1].contains("`mainnet`") && refusals[2].contains("rules"),
            "{refusals:?}"
        );
    }

    #[test]
    fn development_accounts_are_funded_on_every_network_and_fresh_begins_the_same_one() {
        for (network, _) in NETWORKS {
            let (_folder, home) = home();
            claim_folder(&home).unwrap();
            let choice = Choice::find(network).unwrap();
            let opened = create_or_open(&home, Some(&choice), MAKING).unwrap_or_else(|error| panic!("{network}: {error}"));
            let fees = choice.spec.fee().token;
            let funded =
                opened.genesis.accounts.iter().filter(|account| account.token == Some(fees) && !account.amount.is_zero());
            let service = choice.spec.at(opened.genesis.time, opened.genesis.time).network().service;
            let own = services::live(service.as_str()).unwrap().accounts().len();
            assert_eq!(
                funded.count(),
                8 + own,
                "{network}: customer, notary, feeder, faucet, four providers and its service's own"
            );
            let sum: u128 = opened.genesis.accounts.iter().filter(|a| a.token == Some(fees)).map(|a| a.amount.get()).sum();
            assert!(sum <= choice.spec.supply(fees).unwrap().cap.amount.get() / 10, "{network}: too much is given away");
            assert_eq!(Choice::again(&home).unwrap().unwrap().text, choice.text, "{network}");
            assert!(!create_or_open(&home, Some(&choice), MAKING).unwrap().new, "{network}");
        }
    }

    #[test]
    fn a_home_that_was_cut_short_is_finished_with_the_network_that_it_began_with() {
        let (_folder, home) = home();
        claim_folder(&home).unwrap();
        let mine = network_file("filecoin").unwrap().replace("name = \"filecoin\"", "name = \"mine\"");
        create_or_open(&home, Some(&Choice::of_text(&mine, "test").unwrap()), MAKING).unwrap();
        let marker = home.marker().unwrap().unwrap();
        home.write_marker(&Marker { complete: false, ..marker }).unwrap();
        fs::remove_file(home.genesis()).unwrap();
        assert_eq!(open(&home).unwrap().genesis.network_toml, mine);
    }

    #[test]
    fn a_home_whose_making_was_cut_short_is_finished_with_what_is_there() {
        let (_folder, home) = home();
        let first = open(&home).unwrap().genesis;
        // As if the process had died after the keys and before the document.
        let marker = home.marker().unwrap().unwrap();
        home.write_marker(&Marker { complete: false, ..marker }).unwrap();
        fs::remove_file(home.genesis()).unwrap();
        fs::remove_file(home.key(NOTARY)).unwrap();
        let again = open(&home).unwrap();
        assert!(again.new);
        assert_eq!(again.genesis.chain_id, first.chain_id);
        assert_eq!(again.genesis.accounts, first.accounts, "the same phrase gives the same accounts");
        assert_eq!(again.genesis.validators, first.validators);
    }

    #[test]
    fn what_a_killed_process_was_writing_is_in_nobodys_way_and_goes_with_the_network() {
        let (_folder, home) = home();
        fs::create_dir_all(home.path()).unwrap();
        fs::write(home.path().join(".home.json.Ab1.new"), "half").unwrap();
        open(&home).unwrap();
        let secret = home.wallet().join(".phrase.Ab1.new");
        fs::write(&secret, "half of the words").unwrap();
        delete(&home).unwrap();
        assert!(!secret.exists() && !home.path().join(".home.json.Ab1.new").exists());
    }

    #[test]
    fn a_foreign_folder_is_neither_used_nor_deleted() {
        let (folder, _) = home();
        let home = Home::new(folder.path());
        fs::write(folder.path().join("thesis.tex"), "years of work").unwrap();
        let error = open(&home).err().unwrap();
        assert_eq!((error.kind, error.code.as_str()), (Kind::Refused, "foreign-folder"));
        assert!(error.message.contains("thesis.tex"), "{error}");
        assert_eq!(delete(&home).unwrap_err().code, "no-home");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn deleting_takes_the_network_and_leaves_what_is_not_its_own() {
        let (_folder, home) = home();
        let first = open(&home).unwrap().genesis;
        fs::write(home.path().join("notes.txt"), "mine").unwrap();
        let savings = "savings".parse().unwrap();
        keys_of_ones_own(&home, savings);
        assert_eq!(delete(&home).unwrap(), [savings]);
        assert!(home.path().join("notes.txt").exists() && home.key(savings).exists());
        assert!(!home.genesis().exists() && !home.phrase().exists() && !home.providers().exists());
        fs::remove_file(home.path().join("notes.txt")).unwrap();
        let second = open(&home).unwrap().genesis;
        assert_ne!(first.chain_id, second.chain_id, "signatures for the old chain mean nothing on the new one");
    }

    fn keys_of_ones_own(home: &Home, name: Name) {
        let key = depin_client::SigningKey::generate().unwrap();
        depin_client::KeyFile { key, path: None }.create(&home.key(name)).unwrap();
    }

    #[test]
    fn a_home_of_another_layout_is_refused_by_its_number() {
        let (_folder, home) = home();
        open(&home).unwrap();
        let marker = home.marker().unwrap().unwrap();
        for format in [1, FORMAT - 1, 99] {
            home.write_marker(&Marker { format, ..marker.clone() }).unwrap();
            let refused = open(&home).err().unwrap();
            assert_eq!(refused.code, "home-format");
            assert!(refused.message.contains(&home.path().display().to_string()), "{}", refused.message);
        }
    }
}
