//! The home folder of a network on this machine.
//!
//! ```text
//! HOME/home.json            says that this is a home, of which chain, and whether it was ever finished
//! HOME/lock                 held while `depin up` runs
//! HOME/network.toml         the network's rules, as this chain has them
//! HOME/genesis.json         what the chain starts from
//! HOME/wallet/phrase        24 words from which the development accounts follow (0600)
//! HOME/wallet/NAME.key      key files (0600); these, the phrase, operators' keys and validator.key may be locked with a passphrase
//! HOME/node/                the node's store
//! HOME/validator.key        the key that makes blocks (0600)
//! HOME/providers/NAME/      a provider: settings.json, key, data/
//! HOME/ports.json           ports of the last start
//! HOME/endpoints.json       where everything is, while `depin up` runs
//! HOME/control.json         where a running `depin up` takes orders, and the token for it (0600)
//!
//! HOME/gateway/             storage: the gateway's object map and keys, with account.json for the S3 keys
//! HOME/s3.env               storage: the gateway's S3 settings for shells (0600)
//! HOME/s3cmd.conf           storage: the same for s3cmd (0600)
//! HOME/metering/            metered: the gateway's store, with access.key for the founder's software (0600)
//! HOME/rendering/           rendering: the dispatcher's store, sealed scenes and frames, with access.key for the artist's tools (0600)
//! ```
//!
//! Everything is written whole or not at all. `home.json` is written first, unfinished, and once more at the end: so a home whose
//! making was cut short is known as one, and the next start finishes it with what is there. A folder without it is nobody's home:
//! nothing is put into it unless it is empty, and `--fresh` never deletes it.

mod choice;
mod create;
mod endpoints;
pub mod files;
mod funding;
mod intact;
mod keys;
mod lock;
mod room;

pub use choice::{Choice, NETWORK_DEFAULT};
pub(crate) use create::now;
pub use create::{
    FAUCET_PROVIDERS, Making, Opened, SPEED_MAX, add_provider, claim_folder, create_or_open, delete, validator_seed,
};
pub use endpoints::{Control, Endpoint, Endpoints, Ports, ProviderEndpoint};
pub use intact::operators_without_folder;
pub use keys::{
    ARBITER, CHECKER, CUSTOMER, DISPATCHER, FAUCET, MOBILE, NOTARY, PRICE_FEEDER, RANDOMNESS, REPORTER, account_path_text,
    address_of, key_names, phrase, provider_name, unusable,
};
pub use lock::Lock;
pub use room::make_room;
pub(crate) use room::{NO_SPACE, no_space};

use crate::{Error, Result};
use depin_client::{Keyring, SigningKey};
use depin_ledger::GenesisDoc;
use depin_quantity::Name;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Version of the folder's layout.
const FORMAT: u32 = depin_ledger::FORMAT;

/// A home folder, whether or not it exists, and who knows the passphrases of its files.
#[derive(Clone, Debug)]
pub struct Home {
    path: PathBuf,
    keyring: Keyring,
}

/// `home.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Version of the folder's layout.
    pub format: u32,
    /// Says that the file is of a home.
    pub kind: String,
    /// The chain.
    pub chain_id: Name,
    /// The network whose rules it follows.
    pub network: Name,
    /// Which reading of them.
    pub variant: Name,
    /// Whether everything that a start needs is there.
    pub complete: bool,
    /// Milliseconds of ledger time per millisecond, as it last ran; none before the first start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<u32>,
    /// Folders of the home that hold what cannot be made again, since a start made them: one that is missing later is gone.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub begun: BTreeSet<String>,
}

const KIND: &str = "depin-home";
/// Folder of the node's store.
pub(crate) const NODE: &str = "node";

impl Home {
    /// A home at this place, whether or not it exists.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), keyring: Keyring::default() }
    }

    /// The same place with somebody who knows passphrases.
    #[must_use]
    pub fn with_keyring(self, keyring: Keyring) -> Self {
        Self { keyring, ..self }
    }

    /// Opens what is locked here, and locks what is made.
    pub const fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Reads a key file, of this home or of elsewhere.
    ///
    /// # Errors
    /// Refused when it is missing, damaged, open to others, or locked with a passphrase that nobody knows.
    pub fn load_key(&self, path: &Path) -> Result<SigningKey> {
        keys::load(path, &self.keyring)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Held while it runs.
    pub fn lock(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// What the chain starts from.
    pub fn genesis(&self) -> PathBuf {
        self.path.join("genesis.json")
    }

    /// The network's rules.
    pub fn network_file(&self) -> PathBuf {
        self.path.join("network.toml")
    }

    /// Folder of the keys.
    pub fn wallet(&self) -> PathBuf {
        self.path.join("wallet")
    }

    /// The words from which development accounts follow.
    pub fn phrase(&self) -> PathBuf {
        self.wallet().join("phrase")
    }

    /// Key file of that name.
    pub fn key(&self, name: Name) -> PathBuf {
        self.wallet().join(format!("{name}.key"))
    }

    /// The node's store.
    pub fn node(&self) -> PathBuf {
        self.path.join(NODE)
    }

    /// The key that makes blocks.
    pub fn validator(&self) -> PathBuf {
        self.path.join("validator.key")
    }

    /// Folders of the operators.
    pub fn providers(&self) -> PathBuf {
        self.path.join("providers")
    }

    /// Folder of an operator.
    pub fn provider(&self, name: Name) -> PathBuf {
        self.providers().join(name.as_str())
    }

    fn marker_path(&self) -> PathBuf {
        self.path.join("home.json")
    }

    /// Whether the folder says that it is a home, finished or not, of whatever layout.
    ///
    /// # Errors
    /// Broken when the home cannot be read.
    pub fn exists(&self) -> Result<bool> {
        Ok(self.marker_of_any_format()?.is_some())
    }

    /// What the folder says about itself; none when it says nothing.
    ///
    /// # Errors
    /// When it cannot be read, or is of another layout.
    pub fn marker(&self) -> Result<Option<Marker>> {
        let Some(marker) = self.marker_of_any_format()? else { return Ok(None) };
        if marker.format != FORMAT {
            return Err(Error::refused(
                "home-format",
                format_args!(
                    "{} has layout {}, this program (depin {}) knows layout {FORMAT}",
                    self.path.display(),
                    marker.format,
                    env!("CARGO_PKG_VERSION")
                ),
            )
            .hint("use the version of depin that made it, another --home, or --fresh to begin anew"));
        }
        Ok(Some(marker))
    }

    /// The same, whatever the layout: enough to know that the folder is a home. A word that is damaged, or missing, follows from what
    /// the chain started from.
    pub(crate) fn marker_of_any_format(&self) -> Result<Option<Marker>> {
        match files::read_json::<Marker>(&self.marker_path()) {
            Ok(Some(marker)) if marker.kind == KIND => Ok(Some(marker)),
            Ok(_) => Ok(intact::marker_of_chain(self)),
            Err(error) => intact::marker_of_chain(self).map(Some).ok_or(error),
        }
    }

    /// Whether the word of `home.json` is there as it was written.
    pub(crate) fn is_marked(&self) -> bool {
        files::read_json::<Marker>(&self.marker_path()).is_ok_and(|marker| marker.is_some())
    }

    pub(crate) fn write_marker(&self, marker: &Marker) -> Result<()> {
        files::write_json(&self.marker_path(), marker, files::Readers::Everybody)
    }

    /// The speed at which it last ran; none when it never did.
    ///
    /// # Errors
    /// Broken when the home cannot be read.
    pub fn speed(&self) -> Result<Option<u32>> {
        Ok(self.marker_of_any_format()?.and_then(|marker| marker.speed))
    }

    /// Remembers the speed, for starts that ask for none.
    ///
    /// # Errors
    /// Broken when the file cannot be read or written.
    pub fn keep_speed(&self, speed: u32) -> Result<()> {
        match self.marker()? {
            Some(marker) if marker.speed != Some(speed) => self.write_marker(&Marker { speed: Some(speed), ..marker }),
            _ => Ok(()),
        }
    }

    /// Whether an earlier start made what `folder` of this home holds. Homes of earlier versions say it by the speed at which all of it
    /// ran.
    ///
    /// # Errors
    /// Broken when the home cannot be read.
    pub fn has_begun(&self, folder: &str) -> Result<bool> {
        let marker = self.marker_of_any_format()?;
        Ok(marker.is_some_and(|marker| marker.speed.is_some() || marker.begun.contains(folder)))
    }

    /// Whether a start made `file` in `folder` of this home, and it is there no more.
    ///
    /// # Errors
    /// Broken when the home cannot be read.
    pub fn has_lost(&self, folder: &str, file: &str) -> Result<bool> {
        Ok(self.has_begun(folder)? && !self.path.join(folder).join(file).exists())
    }

    /// The same of a part that homes of earlier versions ran without a word of it: only what [`Home::keep_begun`] was told counts.
    ///
    /// # Errors
    /// Broken when the home cannot be read.
    pub fn has_lost_told(&self, folder: &str, file: &str) -> Result<bool> {
        let told = self.marker_of_any_format()?.is_some_and(|marker| marker.begun.contains(folder));
        Ok(told && !self.path.join(folder).join(file).exists())
    }

    /// Remembers that `folder` of this home holds what cannot be made again.
    ///
    /// # Errors
    /// Broken when the file cannot be read or written.
    pub fn keep_begun(&self, folder: &str) -> Result<()> {
        let Some(mut marker) = self.marker()? else { return Ok(()) };
        if marker.begun.insert(folder.to_owned()) { self.write_marker(&marker) } else { Ok(()) }
    }

    /// The genesis document.
    ///
    /// # Errors
    /// When it is missing, cannot be read, or is not what the chain in this home began from.
    pub fn read_genesis(&self) -> Result<GenesisDoc> {
        match files::read_json(&self.genesis()).map_err(|error| intact::damaged_genesis(self, error))? {
            Some(genesis) => intact::of_this_chain(self, genesis),
            None if self.marker_of_any_format()?.is_some_and(|marker| marker.complete) => Err(intact::no_genesis(self)),
            None => Err(self.absent()),
        }
    }

    /// The error of a command that needs a home where there is none.
    pub fn absent(&self) -> Error {
        Error::refused("no-home", format_args!("{} is not a home folder", self.path.display()))
            .hint("start a network with `depin up`, name its folder with --home, or name any node with --node URL")
    }

    /// Where everything is, while `depin up` runs here.
    ///
    /// # Errors
    /// Broken when the home cannot be read.
    pub fn endpoints(&self) -> Result<Option<Endpoints>> {
        files::read_json(&self.path.join("endpoints.json"))
    }

    /// Says where everything is.
    ///
    /// # Errors
    /// Broken when the file cannot be read or written.
    pub fn write_endpoints(&self, endpoints: &Endpoints) -> Result<()> {
        files::write_json(&self.path.join("endpoints.json"), endpoints, files::Readers::Owner)
    }

    /// Says that nothing runs.
    ///
    /// # Errors
    /// Broken when the file cannot be read or written.
    pub fn remove_endpoints(&self) -> Result<()> {
        files::remove(&self.path.join("endpoints.json"))
    }

    /// Ports of the last start.
    ///
    /// # Errors
    /// Broken when the file cannot be read or written.
    pub fn ports(&self) -> Result<Option<Ports>> {
        files::read_json(&self.path.join("ports.json"))
    }

    /// Remembers the ports.
    ///
    /// # Errors
    /// Broken when the file cannot be read or written.
    pub fn write_ports(&self, ports: &Ports) -> Result<()> {
        files::write_json(&self.path.join("ports.json"), ports, files::Readers::Everybody)
    }

    /// Where a running network takes orders.
    ///
    /// # Errors
    /// Broken when the file cannot be read or written.
    pub fn control(&self) -> Result<Option<Control>> {
        files::read_json(&self.path.join("control.json"))
    }

    /// Says where orders are taken.
    ///
    /// # Errors
    /// Broken when the file cannot be read or written.
    pub fn write_control(&self, control: &Control) -> Result<()> {
        files::write_json(&self.path.join("control.json"), control, files::Readers::Owner)
    }

    /// Says that no orders are taken.
    ///
    /// # Errors
    /// Broken when the file cannot be read or written.
    pub fn remove_control(&self) -> Result<()> {
        files::remove(&self.path.join("control.json"))
    }

    /// Names of the providers that the home has, in order of their numbers.
    ///
    /// # Errors
    /// Broken when the home cannot be read.
    pub fn provider_names(&self) -> Result<Vec<Name>> {
        let entries = match fs::read_dir(self.providers()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::file("read", &self.providers(), &error)),
        };
        let mut names: Vec<Name> = entries
            .filter_map(std::result::Result::ok)
            .filter(|entry| entry.path().join("settings.json").is_file())
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect();
        names.sort_by_key(|name| (name.as_str().len(), *name));
        Ok(names)
    }
}
