//! The operators of a home that run, for any service: each with its own folder, key, port and account.
//!
//! In: a [`Trade`], which is what one service's operators have of their own. Out: a part of the network whose operators can be stopped
//! and started one by one.

use super::{Daemon, Operator, Operators, Settings, daemon, fund, set_removed, unknown};
use crate::{Error, Part, Result, Site, error::LOST, home::Home, part::left_out, ports};
use async_trait::async_trait;
use depin_client::{Client, SigningKey};
use depin_provider::operator::OperatorConfig;
use depin_quantity::Name;
use depin_serve::Tls;
use futures::future;
use serde::{Serialize, de::DeserializeOwned};
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

/// What the operators of one service have of their own.
#[async_trait]
pub trait Trade: Send + Sync + 'static {
    /// What each keeps in its `settings.json`, beside what all do.
    type Settings: Serialize + DeserializeOwned + Send;
    /// What runs for each.
    type Daemon: Daemon;
    /// Whether each speaks TLS also where the network has no certificate.
    const ALWAYS_TLS: bool = false;
    /// Ports of each, one after the other; the first is chosen.
    const PORTS: u16 = 1;
    /// What messages call all of them: `the providers`.
    const NAME: &'static str;

    /// Settings of one that has none.
    fn usual(&self) -> Self::Settings;

    /// Starts one.
    ///
    /// # Errors
    /// Refused when trying again will not help; broken when it cannot start.
    async fn start(&self, post: Post, settings: Self::Settings) -> Result<Self::Daemon>;
}

/// Where one operator works, and as who.
pub struct Post {
    /// Its name in the home, its address and its chain.
    pub operator: OperatorConfig,
    /// Its folder.
    pub folder: PathBuf,
    /// A client of the node.
    pub client: Client,
    /// Its key.
    pub key: SigningKey,
    /// Free space that is kept on its disk, bytes; the usual when absent.
    pub disk_floor: Option<u64>,
    /// Whether it begins with nothing where what it keeps was lost.
    pub new_store: bool,
}

/// All operators of the process, running or stopped.
pub(crate) struct Crew<T: Trade> {
    trade: T,
    home: Home,
    client: Client,
    chain_id: Name,
    disk_floor: Option<u64>,
    new_store: bool,
    tls: Option<Tls>,
    all: BTreeMap<Name, Member<T::Daemon>>,
}

struct Member<D> {
    key: SigningKey,
    listen: SocketAddr,
    /// None while stopped by order.
    running: Option<D>,
}

impl<T: Trade> Crew<T> {
    /// Starts the operators of these names, each on its port; an account that genesis did not fund is funded first.
    pub(crate) async fn start(site: &mut Site<'_>, trade: T, names: &[Name]) -> Result<Self> {
        let (home, client) = (site.home.clone(), site.client.clone());
        let (chain_id, disk_floor) = (site.genesis.chain_id, site.options.disk_floor);
        let tls = site.options.tls.clone();
        let new_store = site.options.new_store;
        let mut crew = Self { trade, home, client, chain_id, disk_floor, new_store, tls, all: BTreeMap::new() };
        for (offset, name) in (ports::OPERATORS..).step_by(usize::from(T::PORTS)).zip(names) {
            let folder = site.home.provider(*name);
            let mut settings = crew.settings(*name)?;
            let key = site.home.load_key(&folder.join("key"))?;
            let listen = site.ports.choose_row(name.as_str(), settings.port, offset, T::PORTS)?;
            if settings.port != listen.port() {
                settings.port = listen.port();
                settings.write(&folder)?;
            }
            fund(site.home, &site.client, site.genesis, &key).await?;
            crew.all.insert(*name, Member { key, listen, running: None });
            match Operators::start(&mut crew, *name).await {
                Err(error) if error.code == LOST => site.warn(left_out(&error)),
                started => started?,
            }
        }
        for (name, running) in crew.running() {
            running.remarks().into_iter().for_each(|remark| site.warn(format!("{name}: {remark}")));
        }
        Ok(crew)
    }

    fn settings(&self, name: Name) -> Result<Settings<T::Settings>> {
        Ok(Settings::read(&self.home.provider(name))?.unwrap_or_else(|| Settings::new(self.trade.usual())))
    }

    fn get(&mut self, name: Name) -> Result<&mut Member<T::Daemon>> {
        if !self.all.contains_key(&name) {
            return Err(unknown(name, self.all.keys().copied()));
        }
        self.all.get_mut(&name).ok_or_else(|| Error::broken("bug", "an operator went away"))
    }

    fn running(&self) -> impl Iterator<Item = (Name, &T::Daemon)> {
        self.all.iter().filter_map(|(name, member)| Some((*name, member.running.as_ref()?)))
    }
}

#[async_trait]
impl<T: Trade> Operators for Crew<T> {
    fn list(&self) -> Vec<Operator> {
        let one = |(name, member): (&Name, &Member<T::Daemon>)| Operator {
            name: *name,
            address: member.key.address(),
            url: ports::url(member.listen, self.tls.is_some() || T::ALWAYS_TLS),
            running: member.running.is_some(),
        };
        let mut list: Vec<Operator> = self.all.iter().map(one).collect();
        list.sort_by_key(|operator| (operator.name.as_str().len(), operator.name));
        list
    }

    async fn start(&mut self, name: Name) -> Result<()> {
        let (client, chain_id, folder) = (self.client.clone(), self.chain_id, self.home.provider(name));
        let (disk_floor, new_store, tls) = (self.disk_floor, self.new_store, self.tls.clone());
        let member = self.get(name)?;
        if member.running.is_some() {
            return Ok(());
        }
        let (key, listen) = (member.key.clone(), member.listen);
        let (url, chain_id) = (Some(ports::url(listen, tls.is_some() || T::ALWAYS_TLS)), Some(chain_id));
        let operator = OperatorConfig { listen, url, tls, chain_id, ..OperatorConfig::new(name) };
        let post = Post { operator, folder, client, key, disk_floor, new_store };
        let settings = self.settings(name)?.own;
        let daemon = self.trade.start(post, settings).await?;
        self.get(name)?.running = Some(daemon);
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
        set_removed(&self.home.provider(name))?;
        self.all.remove(&name);
        Ok(())
    }
}

#[async_trait]
impl<T: Trade> Part for Crew<T> {
    fn name(&self) -> &'static str {
        T::NAME
    }

    /// Waits until all are registered and have gone through everything once.
    async fn ready(&self) -> Vec<String> {
        let waiting = self.running().map(|(name, running)| async move {
            match daemon::ready(running).await {
                Some(why) => Some(format!("{name} is not ready: {why}")),
                None => daemon::warning(running).map(|why| format!("{name}: {why}")),
            }
        });
        future::join_all(waiting).await.into_iter().flatten().collect()
    }

    async fn failed(&self) -> Error {
        let failures: Vec<_> = self
            .running()
            .map(|(name, running)| {
                Box::pin(async move { Error::failed(format_args!("{name} failed: {}", running.failed().await)) })
            })
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
