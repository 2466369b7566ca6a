//! The node that a command talks to, and the accounts that people name.

use crate::{
    args::{AmountArg, Who},
    error::{CliError, Result},
    output::Output,
    settings::Settings,
};
use depin_client::{Client, ClientConfig, ClientError, Keyring, Sender, SigningKey, api::Status};
use depin_devnet::home::{self, Home};
use depin_economy::Spec;
use depin_quantity::{Address, Instant, Name, Span, Units};
use depin_services::storage::StorageParams;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// A node and the home that stands beside it.
#[derive(Clone, Debug)]
pub struct Remote {
    pub client: Client,
    pub settings: Settings,
}

/// How often a node that is away is asked again.
const AWAY_PAUSE: std::time::Duration = std::time::Duration::from_secs(1);
/// Longest list of providers that is shown.
pub const PROVIDERS_SHOWN: usize = 10_000;
/// Longest list of accounts that is searched for a name, pages of the node.
const PAGES_MAX: usize = 64;

impl Remote {
    /// Finds the node; nothing is sent yet.
    pub fn new(settings: &Settings) -> Result<Self> {
        let config =
            ClientConfig { trust: settings.trust()?, base_fee_most: settings.base_fee_most(), ..ClientConfig::default() };
        let client = Client::with_config(&settings.node_url()?, config)?;
        Ok(Self { client, settings: settings.clone() })
    }

    /// What the node says of itself. A daemon that was here before (`known`) waits for a node that is away, and says so once.
    pub async fn status(&self, known: bool, out: &Output) -> Result<Status> {
        let mut told = false;
        loop {
            match self.client.status().await {
                Ok(status) => return Ok(status),
                // Whoever is not trusted now will hardly be trusted in a minute.
                Err(error) if known && error.is_passing() && !matches!(error, ClientError::Tls { .. }) => {
                    if !std::mem::replace(&mut told, true) {
                        out.warn(format_args!(
                            "no node answers at {}; this waits for it, and starts when it does",
                            self.client.url()
                        ));
                    }
                    tokio::time::sleep(AWAY_PAUSE).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The address of somebody named on the command line.
    pub async fn address(&self, who: &Who) -> Result<Address> {
        let name = match who {
            Who::Address(address) => return Ok(*address),
            Who::Name(name) => *name,
        };
        if let Some(path) = key_path(&self.settings.home, name) {
            return home::address_of(&path);
        }
        let names = self.names().await?;
        let mut found = names.iter().filter(|(_, known)| known.as_str() == name.as_str()).map(|(address, _)| *address);
        let (first, second) = (found.next(), found.next());
        if let (Some(first), Some(second)) = (first, second) {
            // Money may follow: none of them is more meant than the other.
            return Err(CliError::refused("ambiguous", format_args!("`{name}` is the name of {first} and of {second}"))
                .hint("write the address of the one that you mean"));
        }
        first.ok_or_else(|| {
            CliError::refused("unknown-account", format_args!("no account is called `{name}`"))
                .hint("`depin account list` shows those that have names; an address (depin1…) works always")
        })
    }

    /// The same for somebody who may be left out.
    pub async fn address_of(&self, who: Option<&Who>) -> Result<Option<Address>> {
        match who {
            Some(who) => self.address(who).await.map(Some),
            None => Ok(None),
        }
    }

    /// Names of accounts by their addresses, as far as the network knows them.
    pub async fn names(&self) -> Result<BTreeMap<Address, String>> {
        let mut names = BTreeMap::new();
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let page = self.client.accounts(after.as_deref(), Some(500)).await?;
            names.extend(page.items.into_iter().filter_map(|account| Some((account.address, account.name?))));
            match page.next {
                Some(next) if after.as_ref() != Some(&next) => after = Some(next),
                _ => break,
            }
        }
        Ok(names)
    }

    /// A sender of the transactions of a key: a name of the home, or a file.
    pub fn sender(&self, key: &str) -> Result<Sender> {
        Ok(Sender::new(self.client.clone(), self.key(key)?))
    }

    /// A key: a name of the home, or a file.
    pub fn key(&self, key: &str) -> Result<SigningKey> {
        let (path, home) = (Path::new(key), &self.settings.home);
        if key.contains(['/', '.']) && path.exists() {
            return home.load_key(path);
        }
        let named = key.parse::<Name>().ok().and_then(|name| key_path(home, name));
        home.load_key(&named.unwrap_or_else(|| home.wallet().join(format!("{key}.key"))))
    }

    /// The rules of the network that the node runs.
    pub async fn spec(&self) -> Result<Spec> {
        let status = self.client.status().await?;
        let own = self.settings.home.genesis().exists().then(|| self.settings.home.read_genesis()).transpose()?;
        let text = match own.filter(|genesis| genesis.chain_id == status.chain_id) {
            Some(genesis) => genesis.network_toml,
            None => self.client.network().await?.file,
        };
        Spec::parse(&text).map_err(|error| CliError::broken("network-file", error))
    }
}

/// What the storage service of a network reads in its rules. Only lengths of time, tokens and limits are meant to be used: when epoch 0
/// was, only the chain's own genesis says.
pub fn storage_params(spec: &Spec) -> Result<StorageParams> {
    let passed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let now = Instant::new(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX));
    // By the rules that a chain which begins now begins with.
    StorageParams::read(spec.at(now, now), Instant::new(0)).map_err(|error| CliError::broken("network-file", error))
}

/// Where the key of that name lies in a home: in the wallet, or with a provider.
pub fn key_path(home: &Home, name: Name) -> Option<PathBuf> {
    [home.key(name), home.provider(name).join("key")].into_iter().find(|path| path.is_file())
}

/// The name of an account, or the ends of its address.
pub fn name_in(names: &BTreeMap<Address, String>, address: Address) -> String {
    names.get(&address).cloned().unwrap_or_else(|| address.short())
}

/// What starts a network of coverage.
pub const STARTS_HOTSPOTS: &str = "`depin up --network helium` starts a network of hotspots";
/// What has a network of clusters.
pub const RUNS_CLUSTERS: &str = "name a node of a network of clusters with --node";
/// What starts a network of rendering.
pub const STARTS_RENDERERS: &str = "`depin up --network render` starts a network of renderers";

/// Refuses a network that runs another service than a command is about; `hint` says what to do.
pub fn needs_service(network: Name, runs: Name, wanted: &str, hint: &str) -> Result<()> {
    if runs.as_str() == wanted {
        return Ok(());
    }
    let why = format!("{network} runs the service `{runs}`, not `{wanted}`");
    Err(CliError::refused("other-service", why).hint(hint))
}

/// An amount as typed, with the precision of its token.
pub fn amount(spec: &Spec, typed: &AmountArg) -> Result<(Name, Units)> {
    let token = match typed.token {
        Some(token) => token,
        None => spec.fee().token,
    };
    let known: Vec<&str> = spec.tokens().keys().map(Name::as_str).collect();
    let rule = spec.token(token).ok_or_else(|| {
        CliError::refused("unknown-token", format_args!("this network has no token `{token}`"))
            .hint(format_args!("it has: {}", known.join(", ")))
    })?;
    let units = Units::parse_decimal(&typed.number, rule.decimals).map_err(|_| {
        CliError::refused("amount", format_args!("\"{typed}\" is no amount of {token}"))
            .hint(format_args!("{token} has {} decimal places; write for example \"1.5 {token}\"", rule.decimals))
    })?;
    Ok((token, units))
}

/// The same for a price of storage, which must be of the token that deals are paid in.
pub fn price(spec: &Spec, typed: &AmountArg) -> Result<Units> {
    let params = storage_params(spec)?;
    let typed = AmountArg { token: typed.token.or(Some(params.token)), ..typed.clone() };
    let (token, units) = amount(spec, &typed)?;
    if token != params.token {
        return Err(CliError::refused("token", format_args!("prices are in {}, not in {token}", params.token)));
    }
    if units.is_zero() {
        let least = Units::new(1).to_decimal(params.decimals);
        return Err(CliError::refused("price", "a price of nothing is refused by the ledger")
            .hint(format_args!("the least is {least} {token} per GiB and epoch of {}", params.epoch)));
    }
    Ok(units)
}

/// Whole epochs in a length of time: periods of the clock that deals are paid by.
pub fn epochs(spec: &Spec, span: Span) -> Result<u64> {
    let epoch = storage_params(spec)?.epoch;
    let every = epoch.get().max(1);
    if !span.get().is_multiple_of(every) || span.get() == 0 {
        return Err(CliError::refused("term", format_args!("{span} is no whole number of epochs of {epoch}")));
    }
    Ok(span.get() / every)
}

/// The key in the file that was given, else in `own`; made when it is not there, unless what stands beside it says that it was (`used`):
/// a new key would be another account.
pub fn key_of(given: Option<&Path>, own: &Path, used: bool, keyring: &Keyring) -> Result<SigningKey> {
    let path = given.unwrap_or(own);
    if !path.exists() && (used || given.is_some()) {
        let why = if given.is_some() { "" } else { ", although this folder was used before; a new key would be another account" };
        return Err(CliError::refused("no-key", format_args!("there is no key file {}{why}", path.display()))
            .hint("restore it from a copy, or name the account's key file; `depin wallet new NAME --file FILE` makes one"));
    }
    keyring.load_or_create(path).map(|file| file.key).map_err(home::unusable)
}

/// What is told where a gateway's folder is new and its account is not: whoever lost the folder should know before it is begun anew.
pub fn begins_anew(what: &str, account: Address, folder: &Path, lost: &str) -> String {
    format!(
        "{} is new and {account} has {what} on this network: where a gateway ran for it before, {lost}; stop this one then, and name its \
         folder or put a copy of it back",
        folder.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_in_a_new_folder_and_never_in_one_that_was_used() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("key");
        let key = |given, used| key_of(given, &own, used, &Keyring::default());
        let first = key(None, false).unwrap();
        assert_eq!(key(None, true).unwrap().address(), first.address());
        std::fs::remove_file(&own).unwrap();
        assert_eq!(key(None, true).err().unwrap().code, "no-key");
        assert_eq!(key(Some(&folder.path().join("mistyped.key")), false).err().unwrap().code, "no-key");
        assert!(!own.exists());
    }
}
