//! The providers of a home: each with its own folder, key, port and account.

use super::{
    ProviderSettings,
    daemon::{self, Daemon},
};
use crate::{
    Error, Part, Result, Site,
    home::{self, Home},
    operators::{self, Operator, Operators},
    ports,
};
use async_trait::async_trait;
use depin_client::{Client, SigningKey};
use depin_quantity::Name;
use depin_services::storage::StorageParams;
use futures::future;
use std::{collections::BTreeMap, net::SocketAddr};

/// The first provider's distance from the first port.
const PORT: u16 = 10;

/// All providers of the process, running or stopped.
pub(super) struct Providers {
    home: Home,
    client: Client,
    chain_id: Name,
    params: StorageParams,
    all: BTreeMap<Name, Provider>,
}

struct Provider {
    key: SigningKey,
    listen: SocketAddr,
    /// None while stopped by order.
    running: Option<Daemon>,
}

impl Providers {
    /// Starts the providers of these names, each on its port; an account that genesis did not fund is funded first.
    pub(super) async fn start(site: &mut Site<'_>, params: &StorageParams, names: &[Name]) -> Result<Self> {
        let (home, client) = (site.home.clone(), site.client.clone());
        let mut providers = Self { home, client, chain_id: site.genesis.chain_id, params: params.clone(), all: BTreeMap::new() };
        for (index, name) in (0u16..).zip(names) {
            let folder = site.home.provider(*name);
            let mut settings = ProviderSettings::read_or_new(&folder, params)?;
            let key = home::load_key(&folder.join("key"))?;
            let listen = site.ports.choose(settings.port, PORT.saturating_add(index))?;
            if settings.port != listen.port() {
                settings.port = listen.port();
                settings.write(&folder)?;
            }
            operators::fund(site.home, &site.client, site.genesis, &key).await?;
            providers.all.insert(*name, Provider { key, listen, running: None });
            Operators::start(&mut providers, *name).await?;
        }
        Ok(providers)
    }

    fn get(&mut self, name: Name) -> Result<&mut Provider> {
        let unknown = || operators::unknown(name, self.all.keys().copied());
        if !self.all.contains_key(&name) {
            return Err(unknown());
        }
        self.all.get_mut(&name).ok_or_else(|| Error::broken("bug", "a provider went away"))
    }

    fn running(&self) -> impl Iterator<Item = (Name, &Daemon)> {
        self.all.iter().filter_map(|(name, provider)| Some((*name, provider.running.as_ref()?)))
    }
}

#[async_trait]
impl Operators for Providers {
    fn list(&self) -> Vec<Operator> {
        let one = |(name, provider): (&Name, &Provider)| Operator {
            name: *name,
            address: provider.key.address(),
            url: ports::url(provider.listen),
            running: provider.running.is_some(),
        };
        let mut list: Vec<Operator> = self.all.iter().map(one).collect();
        list.sort_by_key(|operator| (operator.name.as_str().len(), operator.name));
        list
    }

    async fn start(&mut self, name: Name) -> Result<()> {
        let (client, chain_id, params) = (self.client.clone(), self.chain_id, self.params.clone());
        let folder = self.home.provider(name);
        let provider = self.get(name)?;
        if provider.running.is_none() {
            let settings = ProviderSettings::read_or_new(&folder, &params)?;
            let setup = daemon::Setup {
                name,
                folder: folder.join("data"),
                listen: provider.listen,
                url: ports::url(provider.listen),
                capacity_bytes: settings.capacity_bytes,
                price: settings.price,
                verified_price: settings.verified_price,
                chain_id,
                params,
            };
            provider.running = Some(Daemon::start(setup, client, provider.key.clone()).await?);
        }
        Ok(())
    }

    async fn stop(&mut self, name: Name) -> Result<()> {
        if let Some(daemon) = self.get(name)?.running.take() {
            daemon.stop().await;
        }
        Ok(())
    }

    async fn remove(&mut self, name: Name) -> Result<()> {
        Operators::stop(self, name).await?;
        operators::set_removed(&self.home.provider(name))?;
        self.all.remove(&name);
        Ok(())
    }
}

#[async_trait]
impl Part for Providers {
    fn name(&self) -> &'static str {
        "the providers"
    }

    /// Waits until all are registered and have gone through their deals.
    async fn ready(&self) -> Vec<String> {
        let waiting = self
            .running()
            .map(|(name, daemon)| async move { daemon.ready().await.map(|why| format!("{name} is not ready: {why}")) });
        future::join_all(waiting).await.into_iter().flatten().collect()
    }

    async fn failed(&self) -> String {
        let failures: Vec<_> = self
            .running()
            .map(|(name, daemon)| Box::pin(async move { format!("{name} failed: {}", daemon.failed().await) }))
            .collect();
        if failures.is_empty() {
            return future::pending().await;
        }
        future::select_all(failures).await.0
    }

    fn operators(&mut self) -> Option<&mut dyn Operators> {
        Some(self)
    }

    /// All of them at once.
    async fn stop(self: Box<Self>) {
        let stopping = self.all.into_values().filter_map(|provider| provider.running).map(Daemon::stop);
        future::join_all(stopping).await;
    }
}
