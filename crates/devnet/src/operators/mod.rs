//! Who operates in a home: which of its operators run, and the tokens of those that join later.
//!
//! An operator is a folder below `providers` with a key and `settings.json`. What its settings hold besides `removed` is its
//! service's affair ([`Service::prepare`]).

mod crew;
mod daemon;
mod settings;

pub(crate) use crew::Crew;
pub use crew::{Post, Trade};
pub use daemon::{Daemon, ready, warning};
pub(crate) use daemon::{not_started, started};
pub use settings::Settings;

use crate::{
    Error, Result, Site,
    home::{self, Home, files},
    services::Service,
};
use async_trait::async_trait;
use depin_client::{Client, Sender, SigningKey};
use depin_economy::Action;
use depin_ledger::{GenesisDoc, Message};
use depin_quantity::{Address, Name, Units};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// An operator of the running process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// Its name in the home.
    pub name: Name,
    /// Its account.
    pub address: Address,
    /// Where it is reached.
    pub url: String,
    /// Whether it runs; false while it is stopped by order.
    pub running: bool,
}

/// Operators that can be stopped and started one by one.
#[async_trait]
pub trait Operators: Send {
    /// All of them, running or stopped, in order of their numbers.
    fn list(&self) -> Vec<Operator>;
    /// Starts one that does not run; one that runs is left alone.
    ///
    /// # Errors
    /// Refused for a name that is not here.
    async fn start(&mut self, name: Name) -> Result<()>;
    /// Stops one until it is started again.
    ///
    /// # Errors
    /// Refused for a name that is not here.
    async fn stop(&mut self, name: Name) -> Result<()>;
    /// Stops one that left the network, for good. Its data stays on the disk.
    ///
    /// # Errors
    /// Refused for a name that is not here; broken when that cannot be written down.
    async fn remove(&mut self, name: Name) -> Result<()>;
}

/// The error for a name that is not among `known`.
pub(crate) fn unknown(name: Name, known: impl Iterator<Item = Name>) -> Error {
    let known: Vec<String> = known.map(|name| name.to_string()).collect();
    Error::refused("no-such-provider", format_args!("no provider `{name}` runs here"))
        .hint(format_args!("this `depin up` has: {}", known.join(", ")))
}

/// The operators to run: those of the home that were not removed, and new ones up to the number asked for.
///
/// # Errors
/// When the home cannot be read or written.
pub fn wanted(site: &mut Site<'_>, service: &dyn Service) -> Result<Vec<Name>> {
    let home = site.home;
    let known = home.provider_names()?;
    let mut names = Vec::new();
    for name in &known {
        if !is_removed(&home.provider(*name))? {
            names.push(*name);
        }
    }
    let Some(asked) = site.options.operators.map(|n| n as usize) else { return Ok(names) };
    if asked < names.len() {
        let left = names.split_off(asked).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        site.warn(format!(
            "--providers {asked} leaves out {left}: what they store is not proven meanwhile, and they are charged for it"
        ));
    }
    let phrase = if names.len() < asked { Some(home::phrase(home)?) } else { None };
    let mut number = 1;
    while let Some(phrase) = phrase.as_ref().filter(|_| names.len() < asked) {
        let name = home::provider_name(number);
        number += 1;
        if !known.contains(&name) {
            home::add_provider(home, phrase, name)?;
            service.prepare(&home.provider(name), site.rules(), site.genesis.time, site.options.capacity_bytes)?;
            names.push(name);
        }
    }
    Ok(names)
}

/// Whether the operator of this folder was taken out of the network; then it is not started again.
///
/// # Errors
/// When its settings cannot be read.
pub fn is_removed(folder: &Path) -> Result<bool> {
    let settings: Option<serde_json::Value> = files::read_json(&folder.join("settings.json"))?;
    Ok(settings.is_some_and(|settings| settings["removed"] == true))
}

/// Writes down that the operator of this folder was taken out of the network.
///
/// # Errors
/// When its settings cannot be read or written.
pub fn set_removed(folder: &Path) -> Result<()> {
    let path = folder.join("settings.json");
    let Some(mut settings) = files::read_json::<serde_json::Value>(&path)? else { return Ok(()) };
    settings["removed"] = true.into();
    files::write_json(&path, &settings, files::Readers::Everybody)
}

/// An account that genesis did not fund gets from the faucet what each of the first ones got.
///
/// # Errors
/// When the node cannot be asked, or refuses.
pub async fn fund(home: &Home, client: &Client, genesis: &GenesisDoc, key: &SigningKey) -> Result<()> {
    if genesis.accounts.iter().any(|account| account.address == key.address()) {
        return Ok(());
    }
    let account = client.account(key.address()).await?;
    if account.nonce > 0 || account.balances.iter().any(|amount| !amount.units.is_zero()) {
        return Ok(());
    }
    let faucet = Sender::new(client.clone(), home.load_key(&home.key(home::FAUCET))?);
    for grant in genesis.accounts.iter().filter(|account| account.address == faucet.address()) {
        let token = grant.token.unwrap_or(account.pledged.token);
        let amount = Units::new(grant.amount.get() / home::FAUCET_PROVIDERS);
        faucet.submit(Message::Act(Action::Transfer { to: key.address(), token, amount })).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_is_remembered_beside_whatever_else_the_settings_hold() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_removed(folder.path()).unwrap());
        set_removed(folder.path()).unwrap();
        assert!(!folder.path().join("settings.json").exists(), "nothing is made of nothing");
        std::fs::write(folder.path().join("settings.json"), r#"{"port":7,"price":"5"}"#).unwrap();
        assert!(!is_removed(folder.path()).unwrap());
        set_removed(folder.path()).unwrap();
        assert!(is_removed(folder.path()).unwrap());
        let kept: serde_json::Value = files::read_json(&folder.path().join("settings.json")).unwrap().unwrap();
        assert_eq!((&kept["port"], &kept["price"]), (&7.into(), &"5".into()));
    }
}
