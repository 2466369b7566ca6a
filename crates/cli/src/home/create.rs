//! Making a home, finishing one that was cut short, and deleting one.

use super::{
    CUSTOMER, FAUCET, FORMAT, Home, KIND, Marker, NOTARY, PRICE_FEEDER, ProviderSettings, atomic,
    keys::{self, is_development, key_name},
    provider_name,
};
use crate::error::{CliError, Result};
use depin_client::{Phrase, SigningKey};
use depin_economy::Spec;
use depin_ledger::{GenesisAccount, GenesisDoc};
use depin_quantity::{Instant, Name, Units};
use std::{collections::BTreeSet, fs, io, path::Path};

/// The networks that come with this program: name and file.
pub const NETWORKS: [(&str, &str); 1] = [("filecoin", include_str!("../../../../networks/filecoin/network.toml"))];

/// Highest speed of a development chain: a proof window of 30 minutes of ledger time lasts 9 seconds of the wall clock then, which a
/// busy machine needs to see the challenge, read the disk, prove, and have the answer in a block.
pub const SPEED_MAX: u32 = 200;

/// Entries of a home that belong to its network; `wallet`, `lock` and `home.json` are treated apart.
const ENTRIES: [&str; 9] =
    ["genesis.json", "node", "validator.key", "providers", "gateway", "ports.json", "endpoints.json", "control.json", "s3.env"];

/// The allocation that development accounts are funded from: what a foundation gives away to get a network going.
const FUNDED_FROM: Name = Name::literal("foundation");

/// One whole token of 18 places.
const TOKEN: u128 = 1_000_000_000_000_000_000;

/// The file of a network that comes with this program.
///
/// # Errors
/// For another name; the error lists those that are there.
pub fn network_file(name: &str) -> Result<&'static str> {
    NETWORKS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text).ok_or_else(|| {
        let known: Vec<&str> = NETWORKS.iter().map(|(name, _)| *name).collect();
        CliError::refused("unknown-network", format_args!("no network is called `{name}`"))
            .hint(format_args!("there is: {}", known.join(", ")))
    })
}

/// What a start found.
pub struct Opened {
    pub genesis: GenesisDoc,
    /// Whether the home was made, or finished, just now.
    pub new: bool,
}

/// Says no to a folder that holds other things than a home; makes it when missing.
///
/// # Errors
/// Refused for a foreign folder.
pub fn claim_folder(home: &Home) -> Result<()> {
    let path = home.path();
    fs::create_dir_all(path).map_err(|error| CliError::file("create", path, &error))?;
    if home.marker_of_any_format()?.is_some() {
        return Ok(());
    }
    match foreign_entry(path).map_err(|error| CliError::file("read", path, &error))? {
        None => Ok(()),
        Some(entry) => Err(CliError::refused(
            "foreign-folder",
            format_args!("{} is not a home of depin: it holds `{entry}` and no home.json", path.display()),
        )
        .hint("name an empty or a new folder with --home; nothing was changed here")),
    }
}

/// An entry that a folder without `home.json` must not have. A wallet alone may be there: keys can be made before a network is.
fn foreign_entry(path: &Path) -> io::Result<Option<String>> {
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !matches!(name.as_str(), "lock" | "wallet" | "home.json.new") {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Opens the home whose lock the caller holds; makes it, or finishes making it, where needed.
///
/// # Errors
/// Refused for a foreign folder; broken when files are missing or cannot be written.
pub fn create_or_open(home: &Home, network: &str, providers: u32, template: &ProviderSettings) -> Result<Opened> {
    let marker = match home.marker()? {
        Some(marker) if marker.complete => {
            let genesis = home.read_genesis()?;
            if genesis.chain_id != marker.chain_id || genesis.network != marker.network {
                return Err(CliError::refused(
                    "other-chain",
                    format_args!(
                        "{} is a home of chain `{}`, its genesis.json is of `{}`",
                        home.path().display(),
                        marker.chain_id,
                        genesis.chain_id
                    ),
                )
                .hint("put the home's own genesis.json back, or begin anew with --fresh"));
            }
            return Ok(Opened { genesis, new: false });
        }
        Some(marker) => marker,
        None => {
            let spec = parse(network_file(network)?)?;
            let chain_id = format!("{network}-dev-{:08x}", rand::random::<u32>());
            let chain_id = chain_id.parse().map_err(|error| CliError::broken("bug", error))?;
            let info = spec.network();
            Marker { format: FORMAT, kind: KIND.to_owned(), chain_id, network: info.name, variant: info.variant, complete: false }
        }
    };
    home.write_marker(&marker)?;
    let genesis = finish(home, &marker, providers, template)?;
    home.write_marker(&Marker { complete: true, ..marker })?;
    Ok(Opened { genesis, new: true })
}

fn parse(text: &str) -> Result<Spec> {
    Spec::parse(text).map_err(|error| CliError::broken("network-file", error))
}

/// Makes everything that is missing; what is there is kept.
fn finish(home: &Home, marker: &Marker, providers: u32, template: &ProviderSettings) -> Result<GenesisDoc> {
    let wallet = home.wallet();
    fs::create_dir_all(&wallet).map_err(|error| CliError::file("create", &wallet, &error))?;
    let phrase = keys::phrase(home)?;
    let key = |name: Name| keys::derived(&phrase, name, &home.key(name));
    let customer = key(CUSTOMER)?;
    let (notary, feeder, faucet) = (key(NOTARY)?, key(PRICE_FEEDER)?, key(FAUCET)?);
    let mut accounts = vec![
        funded(CUSTOMER, &customer, 1_000_000)?,
        funded(NOTARY, &notary, 1_000)?,
        funded(PRICE_FEEDER, &feeder, 1_000)?,
        funded(FAUCET, &faucet, 20_000_000)?,
    ];
    for number in 1..=providers {
        let name = provider_name(number);
        let key = add_provider(home, &phrase, name, template.clone())?;
        accounts.push(funded(name, &key, 100_000)?);
    }
    let validator = validator_seed(home)?;
    if let Some(genesis) = atomic::read_json::<GenesisDoc>(&home.genesis())? {
        return Ok(genesis);
    }
    let text = network_file(marker.network.as_str())?;
    let spec = parse(text)?;
    // Every role that the network's file names: who grants allowances, and who reports prices.
    let notary_roles: BTreeSet<Name> = spec.allowances().values().map(|rule| rule.granted_by).collect();
    let holder = |role: &Name| if notary_roles.contains(role) { notary.address() } else { feeder.address() };
    let roles = spec.roles().iter().map(|role| (*role, holder(role))).collect();
    let genesis = GenesisDoc {
        chain_id: marker.chain_id,
        network: marker.network,
        variant: marker.variant,
        network_toml: text.to_owned(),
        time: now(),
        speed_max: SPEED_MAX,
        accounts,
        roles,
        validators: vec![depin_engine::public_key(&validator)],
    };
    genesis.check().map_err(|error| CliError::broken("genesis", error))?;
    atomic::write_json(&home.genesis(), &genesis, atomic::Readers::Everybody)?;
    Ok(genesis)
}

/// Makes the folder, the key and the settings of a development provider; keeps those that are there.
pub fn add_provider(home: &Home, phrase: &Phrase, name: Name, settings: ProviderSettings) -> Result<SigningKey> {
    let folder = home.provider(name);
    fs::create_dir_all(&folder).map_err(|error| CliError::file("create", &folder, &error))?;
    let key = keys::derived(phrase, name, &folder.join("key"))?;
    if ProviderSettings::read(&folder)?.is_none() {
        settings.write(&folder)?;
    }
    Ok(key)
}

fn funded(name: Name, key: &SigningKey, tokens: u128) -> Result<GenesisAccount> {
    let amount = Units::new(TOKEN).times(tokens).map_err(|error| CliError::broken("genesis", error))?;
    Ok(GenesisAccount { address: key.address(), name, from: FUNDED_FROM, amount })
}

fn now() -> Instant {
    let passed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Instant::new(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX))
}

/// The seed of the node's own key. Not from the phrase: a copy of the phrase must never be able to vote a second time.
pub fn validator_seed(home: &Home) -> Result<[u8; 32]> {
    let path = home.validator();
    match fs::read_to_string(&path) {
        Ok(text) => {
            let mut seed = [0; 32];
            hex::decode_to_slice(text.trim(), &mut seed).map_err(|_| {
                CliError::broken("damaged", format_args!("{} is not a key of 64 hexadecimal digits", path.display()))
                    .hint("restore it from a copy, or begin anew with `depin up --fresh`")
            })?;
            Ok(seed)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let seed: [u8; 32] = rand::random();
            atomic::write(&path, format!("{}\n", hex::encode(seed)).as_bytes(), atomic::Readers::Owner)?;
            Ok(seed)
        }
        Err(error) => Err(CliError::file("read", &path, &error)),
    }
}

/// Deletes the network of the home whose lock the caller holds. Keys that do not follow from the home's phrase stay: they may hold
/// tokens elsewhere. Gives the names of those.
///
/// # Errors
/// Refused when the folder does not say that it is a home.
pub fn delete(home: &Home) -> Result<Vec<Name>> {
    let Some(marker) = home.marker_of_any_format()? else { return Err(home.absent()) };
    // Unfinished from now on: a deletion that is cut short leaves a home that the next `--fresh` deletes on.
    home.write_marker(&Marker { complete: false, ..marker })?;
    for entry in ENTRIES {
        let path = home.path().join(entry);
        let removed = match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_dir() => fs::remove_dir_all(&path),
            Ok(_) => fs::remove_file(&path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        removed.map_err(|error| CliError::file("delete", &path, &error))?;
    }
    let kept = delete_development_keys(home).map_err(|error| CliError::file("delete keys in", &home.wallet(), &error))?;
    atomic::remove(&home.path().join("home.json"))?;
    Ok(kept)
}

fn delete_development_keys(home: &Home) -> io::Result<Vec<Name>> {
    let wallet = home.wallet();
    if !wallet.is_dir() {
        return Ok(Vec::new());
    }
    let mut kept = Vec::new();
    for entry in fs::read_dir(&wallet)? {
        let path = entry?.path();
        match key_name(&path) {
            Some(name) if is_development(name) => fs::remove_file(&path)?,
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
    use crate::error::Kind;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().join("net"));
        (folder, home)
    }

    fn open(home: &Home) -> Result<Opened> {
        claim_folder(home)?;
        create_or_open(home, "filecoin", 4, &ProviderSettings::default())
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
        home.write_marker(&Marker { format: 99, ..marker }).unwrap();
        assert_eq!(open(&home).err().unwrap().code, "home-format");
    }

    #[test]
    fn the_networks_that_come_along_are_valid() {
        for (name, text) in NETWORKS {
            assert_eq!(Spec::parse(text).unwrap().network().name.as_str(), name);
        }
        assert!(network_file("bitcoin").unwrap_err().hint.contains("filecoin"));
    }
}
