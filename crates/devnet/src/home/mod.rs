//! The home folder of a network on this machine.
//!
//! ```text
//! HOME/home.json            says that this is a home, of which chain, and whether it was ever finished
//! HOME/lock                 held while `depin up` runs
//! HOME/network.toml         the network's rules, as this chain has them
//! HOME/genesis.json         what the chain starts from
//! HOME/wallet/phrase        24 words from which the development accounts follow (0600)
//! HOME/wallet/NAME.key      key files (0600)
//! HOME/node/                the node's store
//! HOME/validator.key        the key that makes blocks (0600)
//! HOME/providers/NAME/      a provider: settings.json, key, data/
//! HOME/gateway/             the gateway's object map and keys, with account.json for the S3 keys
//! HOME/ports.json           ports of the last start
//! HOME/s3.env               the gateway's S3 settings for shells (0600)
//! HOME/endpoints.json       where everything is, while `depin up` runs
//! HOME/control.json         where a running `depin up` takes orders, and the token for it (0600)
//! ```
//!
//! Everything is written whole or not at all. `home.json` is written first, unfinished, and once more at the end: so a home whose
//! making was cut short is known as one, and the next start finishes it with what is there. A folder without it is nobody's home:
//! nothing is put into it unless it is empty, and `--fresh` never deletes it.

pub mod atomic;
mod choice;
mod create;
mod endpoints;
mod funding;
mod keys;
mod lock;
mod provider;

pub use choice::Choice;
pub use create::{
    FAUCET_PROVIDERS, Making, Opened, SPEED_MAX, add_provider, claim_folder, create_or_open, delete, validator_seed,
};
pub use endpoints::{Control, Endpoints, Ports, ProviderEndpoint, S3Endpoint};
pub use keys::{CUSTOMER, FAUCET, NOTARY, PRICE_FEEDER, account_path_text, key_names, load as load_key, phrase, provider_name};
pub use lock::Lock;
pub use provider::ProviderSettings;

use crate::error::{CliError, Result};
use depin_ledger::GenesisDoc;
use depin_quantity::Name;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Version of the folder's layout.
const FORMAT: u32 = 1;

/// A home folder, whether or not it exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
}

/// `home.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    pub format: u32,
    pub kind: String,
    pub chain_id: Name,
    pub network: Name,
    pub variant: Name,
    /// Whether everything that a start needs is there.
    pub complete: bool,
}

const KIND: &str = "depin-home";

impl Home {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn lock(&self) -> PathBuf {
        self.path.join("lock")
    }

    pub fn genesis(&self) -> PathBuf {
        self.path.join("genesis.json")
    }

    pub fn network_file(&self) -> PathBuf {
        self.path.join("network.toml")
    }

    pub fn wallet(&self) -> PathBuf {
        self.path.join("wallet")
    }

    pub fn phrase(&self) -> PathBuf {
        self.wallet().join("phrase")
    }

    pub fn key(&self, name: Name) -> PathBuf {
        self.wallet().join(format!("{name}.key"))
    }

    pub fn node(&self) -> PathBuf {
        self.path.join("node")
    }

    pub fn validator(&self) -> PathBuf {
        self.path.join("validator.key")
    }

    pub fn providers(&self) -> PathBuf {
        self.path.join("providers")
    }

    pub fn provider(&self, name: Name) -> PathBuf {
        self.providers().join(name.as_str())
    }

    pub fn gateway(&self) -> PathBuf {
        self.path.join("gateway")
    }

    fn marker_path(&self) -> PathBuf {
        self.path.join("home.json")
    }

    /// Whether the folder says that it is a home, finished or not, of whatever layout.
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
            return Err(CliError::refused(
                "home-format",
                format_args!("{} has layout {}, this program knows layout {FORMAT}", self.path.display(), marker.format),
            )
            .hint("use the version of depin that made it, another --home, or --fresh to begin anew"));
        }
        Ok(Some(marker))
    }

    /// The same, whatever the layout: enough to know that the folder is a home.
    pub(crate) fn marker_of_any_format(&self) -> Result<Option<Marker>> {
        Ok(atomic::read_json::<Marker>(&self.marker_path())?.filter(|marker| marker.kind == KIND))
    }

    pub(crate) fn write_marker(&self, marker: &Marker) -> Result<()> {
        atomic::write_json(&self.marker_path(), marker, atomic::Readers::Everybody)
    }

    /// The genesis document.
    ///
    /// # Errors
    /// When it is missing or cannot be read.
    pub fn read_genesis(&self) -> Result<GenesisDoc> {
        atomic::read_json(&self.genesis())?.ok_or_else(|| self.absent())
    }

    /// The error of a command that needs a home where there is none.
    pub fn absent(&self) -> CliError {
        CliError::refused("no-home", format_args!("{} is not a home folder", self.path.display()))
            .hint("start a network with `depin up`, name its folder with --home, or name any node with --node URL")
    }

    /// Where everything is, while `depin up` runs here.
    pub fn endpoints(&self) -> Result<Option<Endpoints>> {
        atomic::read_json(&self.path.join("endpoints.json"))
    }

    pub fn write_endpoints(&self, endpoints: &Endpoints) -> Result<()> {
        atomic::write_json(&self.path.join("endpoints.json"), endpoints, atomic::Readers::Owner)
    }

    pub fn remove_endpoints(&self) -> Result<()> {
        atomic::remove(&self.path.join("endpoints.json"))
    }

    pub fn ports(&self) -> Result<Option<Ports>> {
        atomic::read_json(&self.path.join("ports.json"))
    }

    pub fn write_ports(&self, ports: &Ports) -> Result<()> {
        atomic::write_json(&self.path.join("ports.json"), ports, atomic::Readers::Everybody)
    }

    pub fn control(&self) -> Result<Option<Control>> {
        atomic::read_json(&self.path.join("control.json"))
    }

    pub fn write_control(&self, control: &Control) -> Result<()> {
        atomic::write_json(&self.path.join("control.json"), control, atomic::Readers::Owner)
    }

    pub fn remove_control(&self) -> Result<()> {
        atomic::remove(&self.path.join("control.json"))
    }

    /// Names of the providers that the home has, in order of their numbers.
    pub fn provider_names(&self) -> Result<Vec<Name>> {
        let entries = match fs::read_dir(self.providers()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(CliError::file("read", &self.providers(), &error)),
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
