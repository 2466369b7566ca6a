//! The operators of a home: each with its own folder, key, port and account.

use super::{daemon::Daemon, settings::OperatorSettings};
use crate::{
    Error, Part, Result, Site,
    home::{self, Home},
    operators::{self, Operator, Operators},
    ports,
};
use async_trait::async_trait;
use depin_client::{Client, SigningKey};
use depin_provider::metered::MeteredConfig;
use depin_quantity::Name;
use depin_services::metered::MeteredParams;
use futures::future;
use std::{collections::BTreeMap, net::SocketAddr};

/// The first operator's distance from the first port.
const PORT: u16 = 10;

/// All operators of the process, running or stopped.
pub(super) struct Crew {
    home: Home,
    client: Client,
    chain_id: Name,
    all: BTreeMap<Name, Member>,
}

struct Member {
    key: SigningKey,
    listen: SocketAddr,
    settings: OperatorSettings,
    /// None while stopped by order.
    running: Option<Daemon>,
}

impl Crew {
    /// Starts the operators of these names, each on its port; an account that genesis did not fund is funded first.
    pub(super) async fn start(site: &mut Site<'_>, params: &MeteredParams, names: &[Name]) -> Result<Self> {
        let (home, client) = (site.home.clone(), site.client.clone());
        let mut crew = Self { home, client, chain_id: site.genesis.chain_id, all: BTreeMap::new() };
        for (index, name) in (0u16..).zip(names) {
            let folder = site.home.provider(*name);
            let known = OperatorSettings::read(&folder)?;
            let mut settings = known.unwrap_or_else(|| OperatorSettings::new(params, site.rules()));
            let key = home::load_key(&folder.join("key"))?;
            let listen = site.ports.choose(settings.port, PORT.saturating_add(index))?;
            if settings.port != listen.port() {
                settings.port = listen.port();
                settings.write(&folder)?;
            }
            operators::fund(site.home, &site.client, site.genesis, &key).await?;
            crew.all.insert(*name, Member { key, listen, settings, running: None });
            Operators::start(&mut crew, *name).await?;
        }
        Ok(crew)
    }

    fn get(&mut self, name: Name) -> Result<&mut Member> {
        if !self.all.contains_key(&name) {
            return Err(operators::unknown(name, self.all.keys().copied()));
        }
        self.all.get_mut(&name).ok_or_else(|| Error::broken("bug", "an operator went away"))
    }

    fn running(&self) -> impl Iterator<Item = (Name, &Daemon)> {
        self.all.iter().filter_map(|(name, member)| Some((*name, member.running.as_ref()?)))
    }
}

#[async_trait]
impl Operators for Crew {
    fn list(&self) -> Vec<Operator> {
        let one = |(name, member): (&Name, &Member)| Operator {
            name: *name,
            address: member.key.address(),
            url: ports::url(member.listen),
            running: member.running.is_some(),
        };
        let mut list: Vec<Operator> = self.all.iter().map(one).collect();
        list.sort_by_key(|operator| (operator.name.as_str().len(), operator.name));
        list
    }

    async fn start(&mut self, name: Name) -> Result<()> {
        let (client, chain_id) = (self.client.clone(), self.chain_id);
        let folder = self.home.provider(name);
        let member = self.get(name)?;
        if member.running.is_none() {
            let path = folder.join("settings.json");
            let wrong = |error| Error::refused("settings", format_args!("{}: {error}", path.display()));
            let config = MeteredConfig {
                accepts: member.settings.accepts,
                disputes: member.settings.disputes,
                listen: member.listen,
                url: Some(ports::url(member.listen)),
                chain_id: Some(chain_id),
                ..MeteredConfig::new(name, member.settings.money().map_err(wrong)?)
            };
            member.running = Some(Daemon::start(config, client, member.key.clone()).await?);
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
impl Part for Crew {
    fn name(&self) -> &'static str {
        "the operators"
    }

    /// Waits until all are registered.
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
        let stopping = self.all.into_values().filter_map(|member| member.running).map(Daemon::stop);
        future::join_all(stopping).await;
    }
}
