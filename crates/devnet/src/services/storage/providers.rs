//! The providers inside `depin up`: each with its own folder, key, port and account.

use super::{
    control::ProviderPart,
    daemon::{self, Daemon},
    ports::{self, Chooser},
};
use crate::{
    error::{CliError, Result},
    home::{self, Home, ProviderSettings},
};
use depin_client::{Client, Sender, SigningKey};
use depin_ledger::{GenesisDoc, Message};
use depin_quantity::{Name, Units};
use depin_services::storage::StorageParams;
use std::{collections::BTreeMap, net::SocketAddr};

/// All providers of the process, running or stopped.
pub struct Providers {
    home: Home,
    client: Client,
    genesis: GenesisDoc,
    params: StorageParams,
    parts: BTreeMap<Name, Part>,
}

struct Part {
    key: SigningKey,
    listen: SocketAddr,
    /// None while stopped by order.
    running: Option<Daemon>,
}

impl Providers {
    pub fn new(home: Home, client: Client, genesis: GenesisDoc, params: StorageParams) -> Self {
        Self { home, client, genesis, params, parts: BTreeMap::new() }
    }

    /// Starts a provider for the first time in this process; `index` counts them from zero.
    pub async fn start_first(&mut self, name: Name, index: u16, ports: &mut Chooser) -> Result<()> {
        let folder = self.home.provider(name);
        let mut settings = ProviderSettings::read_or_new(&folder, &self.params)?;
        let key = home::load_key(&folder.join("key"))?;
        let listen = ports.provider(index, settings.port)?;
        if settings.port != listen.port() {
            settings.port = listen.port();
            settings.write(&folder)?;
        }
        self.fund(&key).await?;
        self.parts.insert(name, Part { key, listen, running: None });
        self.start(name).await
    }

    /// An account that genesis did not fund gets from the faucet what each of the first ones got.
    async fn fund(&self, key: &SigningKey) -> Result<()> {
        if self.genesis.accounts.iter().any(|account| account.address == key.address()) {
            return Ok(());
        }
        let account = self.client.account(key.address()).await?;
        if account.nonce > 0 || account.balances.iter().any(|amount| !amount.units.is_zero()) {
            return Ok(());
        }
        let faucet = Sender::new(self.client.clone(), home::load_key(&self.home.key(home::FAUCET))?);
        for grant in self.genesis.accounts.iter().filter(|account| account.address == faucet.address()) {
            let token = grant.token.unwrap_or(account.pledged.token);
            let amount = Units::new(grant.amount.get() / home::FAUCET_PROVIDERS);
            faucet.submit(Message::Transfer { to: key.address(), token, amount }).await?;
        }
        Ok(())
    }

    fn part(&mut self, name: Name) -> Result<&mut Part> {
        let known: Vec<&str> = self.parts.keys().map(Name::as_str).collect();
        let hint = format!("this `depin up` has: {}", known.join(", "));
        self.parts
            .get_mut(&name)
            .ok_or_else(|| CliError::refused("no-such-provider", format_args!("no provider `{name}` runs here")).hint(hint))
    }

    /// Starts a provider that does not run; one that runs is left alone.
    pub async fn start(&mut self, name: Name) -> Result<()> {
        let (client, home, chain_id, params) =
            (self.client.clone(), self.home.clone(), self.genesis.chain_id, self.params.clone());
        let part = self.part(name)?;
        if part.running.is_none() {
            let folder = home.provider(name);
            let settings = ProviderSettings::read_or_new(&folder, &params)?;
            let setup = daemon::Setup {
                name,
                folder: folder.join("data"),
                listen: part.listen,
                url: ports::url(part.listen),
                capacity_bytes: settings.capacity_bytes,
                price: settings.price,
                verified_price: settings.verified_price,
                chain_id,
                params,
            };
            part.running = Some(Daemon::start(setup, client, part.key.clone()).await?);
        }
        Ok(())
    }

    /// Waits until all are registered and have gone through their deals; gives those that take too long, and why.
    pub async fn ready(&self) -> Vec<(Name, String)> {
        let waiting = self.parts.iter().filter_map(|(name, part)| {
            let daemon = part.running.as_ref()?;
            Some(async move { daemon.ready().await.map(|why| (*name, why)) })
        });
        futures::future::join_all(waiting).await.into_iter().flatten().collect()
    }

    /// Stops a provider until it is started again.
    pub async fn stop(&mut self, name: Name) -> Result<()> {
        if let Some(daemon) = self.part(name)?.running.take() {
            daemon.stop().await;
        }
        Ok(())
    }

    /// Stops a provider that left the network, for good. Its data stays on the disk.
    pub async fn remove(&mut self, name: Name) -> Result<()> {
        self.stop(name).await?;
        let folder = self.home.provider(name);
        let settings = ProviderSettings::read_or_new(&folder, &self.params)?;
        ProviderSettings { removed: true, ..settings }.write(&folder)?;
        self.parts.remove(&name);
        Ok(())
    }

    pub fn parts(&self) -> Vec<ProviderPart> {
        let part = |(name, part): (&Name, &Part)| ProviderPart {
            name: *name,
            address: part.key.address(),
            url: ports::url(part.listen),
            running: part.running.is_some(),
        };
        let mut parts: Vec<ProviderPart> = self.parts.iter().map(part).collect();
        parts.sort_by_key(|part| (part.name.as_str().len(), part.name));
        parts
    }

    /// Resolves with the reason when a provider cannot go on.
    pub async fn failed(&self) -> String {
        let running = self.parts.iter().filter_map(|(name, part)| Some((name, part.running.as_ref()?)));
        let failures: Vec<_> =
            running.map(|(name, daemon)| Box::pin(async move { format!("{name} failed: {}", daemon.failed().await) })).collect();
        if failures.is_empty() {
            return std::future::pending().await;
        }
        futures::future::select_all(failures).await.0
    }

    /// Stops all of them, at once.
    pub async fn stop_all(self) {
        let stopping = self.parts.into_values().filter_map(|part| part.running).map(Daemon::stop);
        futures::future::join_all(stopping).await;
    }
}
