//! The parts of a running network, and their order.

use super::{
    bridge,
    control::{self, Asked, Order, ProviderPart},
    feeder,
    ports::{self, Chooser},
    providers::Providers,
    summary,
};
use crate::{
    args::UpArgs,
    error::{CliError, Kind, Result},
    home::{self, Endpoints, Home, Opened, Ports, ProviderEndpoint, ProviderSettings, S3Endpoint, atomic},
    output::{Output, Progress},
    settings::SPEED_DEFAULT,
};
use depin_client::{Client, Sender, SigningKey};
use depin_economy::Spec;
use depin_gateway_s3::{
    Config as GatewayConfig, Gateway, GatewayError, Handle as GatewayHandle, HttpShards, LedgerMarket, Market, Signer,
    SystemClock,
};
use depin_ledger::GenesisDoc;
use depin_node::{HomeError, Node, NodeConfig, NodeHandle, StartError};
use depin_quantity::{Address, Name};
use depin_services::storage::StorageParams;
use serde::{Deserialize, Serialize};
use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinHandle, time};

/// Region that the gateway says it is in; S3 clients take this one without being told.
const REGION: &str = "us-east-1";
/// Longest time that one part may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// How often the gateway's port is tried, and how many refusals in a row mean that it is gone.
const LOOK: Duration = Duration::from_secs(5);
const REFUSALS: u32 = 3;

/// Everything that runs.
pub struct Network {
    node: NodeHandle,
    feeder: JoinHandle<()>,
    providers: Providers,
    gateway: GatewayHandle,
    _control: control::Server,
    orders: mpsc::Receiver<Asked>,
    endpoints: Endpoints,
}

impl Network {
    /// Starts all parts, one after another.
    pub async fn start(home: &Home, opened: &Opened, args: &UpArgs, progress: &mut Progress, out: &Output) -> Result<Self> {
        let genesis = &opened.genesis;
        let spec = Spec::parse(&genesis.network_toml).map_err(|error| CliError::broken("network-file", error))?;
        let speed = args.speed.unwrap_or(SPEED_DEFAULT);
        let mut ports = Chooser::new(args.listen, args.port_base, home.ports()?);

        progress.step("starting the node");
        let node_address = ports.api()?;
        let node = start_node(home, genesis, args, node_address).await?;
        let client = Client::new(&ports::url(node_address))?;
        let feeding = feeder::run(sender(home, home::PRICE_FEEDER, &client)?, spec.clone(), genesis.time, speed);
        let feeder = tokio::spawn(feeding);
        bridge::stand_in(home, &client, genesis, &spec, out).await?;

        // The rules in force at the start are those of the storage service for good.
        let spec = spec.at(genesis.time, genesis.time).clone();
        let params = StorageParams::read(&spec, genesis.time).map_err(|error| CliError::broken("network-file", error))?;
        let mut providers = Providers::new(home.clone(), client.clone(), genesis.clone(), params.clone());
        let names = wanted_providers(home, args, &params, out)?;
        progress.step(format!("starting {} storage providers", names.len()));
        for (index, name) in (0..).zip(&names) {
            providers.start_first(*name, index, &mut ports).await?;
        }
        for (name, why) in providers.ready().await {
            out.warn(format_args!("{name} is not ready: {why}"));
        }

        progress.step("starting the S3 gateway");
        let account = s3_account(&home.gateway())?;
        let config = GatewayConfig {
            listen: ports.s3()?,
            region: REGION.to_owned(),
            ..GatewayConfig::new(home.gateway(), account.access_key.clone(), account.secret_key.clone())
        };
        let key = home::load_key(&home.key(home::CUSTOMER))?;
        let gateway = start_gateway(config, &client, key, &spec, genesis).await?;

        let s3 = S3Endpoint {
            endpoint: ports::url(gateway.address()),
            access_key: account.access_key,
            secret_key: account.secret_key,
            region: REGION.to_owned(),
        };
        home.write_ports(&Ports { base: ports.base(), api: node_address.port(), s3: gateway.address().port() })?;
        atomic::write(&home.path().join("s3.env"), summary::shell_settings(&s3).as_bytes(), atomic::Readers::Owner)?;
        let (control, orders) = control::serve(home).await?;
        let endpoints = Endpoints {
            api: client.url().to_owned(),
            s3,
            providers: Vec::new(),
            chain_id: genesis.chain_id,
            network: genesis.network,
            speed,
            home: home.path().to_owned(),
            pid: std::process::id(),
        };
        Ok(Self { node, feeder, providers, gateway, _control: control, orders, endpoints })
    }

    /// Where everything is.
    pub async fn endpoints(&self) -> Endpoints {
        let endpoint = |part: ProviderPart| ProviderEndpoint { name: part.name, address: part.address, url: part.url };
        Endpoints { providers: self.providers.parts().into_iter().map(endpoint).collect(), ..self.endpoints.clone() }
    }

    /// Obeys orders until a part cannot go on; gives the reason.
    pub async fn failed(&mut self) -> String {
        loop {
            let asked = tokio::select! {
                reason = self.node.failed() => return format!("the node failed: {reason}"),
                reason = self.providers.failed() => return reason,
                () = gateway_gone(self.gateway.address()) => return "the S3 gateway does not listen any more".to_owned(),
                Some(asked) = self.orders.recv() => asked,
            };
            let done = self.obey(asked.order).await;
            // Whoever asked may have gone away; the order is carried out all the same.
            let _ = asked.answer.send(done);
        }
    }

    async fn obey(&mut self, order: Order) -> Result<Vec<ProviderPart>> {
        match order {
            Order::List => {}
            Order::Stop(name) => self.providers.stop(name).await?,
            Order::Start(name) => self.providers.start(name).await?,
            Order::Remove(name) => self.providers.remove(name).await?,
        }
        Ok(self.providers.parts())
    }

    /// Stops everything in good order.
    pub async fn stop(self) {
        let Self { node, feeder, providers, gateway, _control, orders, .. } = self;
        drop((orders, _control));
        in_time("the gateway", gateway.stop()).await;
        in_time("the providers", providers.stop_all()).await;
        feeder.abort();
        in_time("the node", async {
            let end = node.stop().await;
            tracing::info!(?end, "the node ended");
        })
        .await;
    }
}

/// Resolves when nothing listens on the gateway's address: it has no way of its own to say that its server ended.
async fn gateway_gone(mut address: SocketAddr) {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    let mut refused = 0;
    while refused < REFUSALS {
        time::sleep(LOOK).await;
        // Only a refused connection says that nobody is there; a busy machine may be slow in every other way.
        let connected = tokio::net::TcpStream::connect(address).await;
        let gone = matches!(connected, Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused);
        refused = if gone { refused + 1 } else { 0 };
    }
}

async fn in_time(what: &str, stopping: impl Future<Output = ()>) {
    if time::timeout(STOP_TIMEOUT, stopping).await.is_err() {
        tracing::warn!("{what} did not stop within {STOP_TIMEOUT:?} and is cut off; the next start recovers");
    }
}

fn sender(home: &Home, name: Name, client: &Client) -> Result<Sender> {
    Ok(Sender::new(client.clone(), home::load_key(&home.key(name))?))
}

async fn start_node(home: &Home, genesis: &GenesisDoc, args: &UpArgs, listen: SocketAddr) -> Result<NodeHandle> {
    let seed = home::validator_seed(home)?;
    let config = NodeConfig {
        listen,
        speed: args.speed.unwrap_or(SPEED_DEFAULT),
        rebuild_index: args.rebuild_index,
        ..NodeConfig::single(home.node(), genesis.clone(), seed)
    };
    Node::start(config).await.map_err(|error| {
        let kind = match &error {
            StartError::Speed { .. } | StartError::ChainSpeed { .. } => {
                return speed_error(args.speed.unwrap_or(SPEED_DEFAULT), genesis.speed_max);
            }
            StartError::Home(HomeError::Busy(_) | HomeError::Foreign { .. } | HomeError::OtherGenesis(_)) => Kind::Refused,
            _ => Kind::Broken,
        };
        CliError { kind, code: "node".to_owned(), message: format!("the node does not start: {error}"), hint: String::new() }
    })
}

/// A speed that outruns proof windows, or what this chain allows.
pub fn speed_error(given: u32, max: u32) -> CliError {
    CliError::refused("speed", format_args!("a speed of {given} is not possible; it must be from 1 to {max}"))
        .hint(format_args!("proof windows would close before a proof can come; the highest is --speed {max}"))
}

/// The providers to run: those of the home that were not removed, and new ones up to the number asked for.
fn wanted_providers(home: &Home, args: &UpArgs, params: &StorageParams, out: &Output) -> Result<Vec<Name>> {
    let known = home.provider_names()?;
    let mut names = Vec::new();
    for name in &known {
        if ProviderSettings::read(&home.provider(*name))?.is_some_and(|settings| !settings.removed) {
            names.push(*name);
        }
    }
    let Some(asked) = args.providers.map(|n| n as usize) else { return Ok(names) };
    if asked < names.len() {
        let left = names.split_off(asked).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        out.warn(format_args!(
            "--providers {asked} leaves out {left}: what they store is not proven meanwhile, and they are charged for it"
        ));
    }
    let phrase = if names.len() < asked { Some(home::phrase(home)?) } else { None };
    let mut number = 1;
    while let Some(phrase) = phrase.as_ref().filter(|_| names.len() < asked) {
        let name = home::provider_name(number);
        number += 1;
        if !known.contains(&name) {
            home::add_provider(home, phrase, name, ProviderSettings::new(params, args.capacity.0))?;
            names.push(name);
        }
    }
    Ok(names)
}

/// Starts a gateway that `key`'s account pays for.
pub async fn start_gateway(
    config: GatewayConfig,
    client: &Client,
    key: SigningKey,
    spec: &Spec,
    genesis: &GenesisDoc,
) -> Result<GatewayHandle> {
    let market = market_of(Sender::new(client.clone(), key.clone()), spec, genesis.time)?;
    start_gateway_on(config, key, market, genesis.chain_id).await
}

/// The same with its market made already.
pub async fn start_gateway_on(
    config: GatewayConfig,
    key: SigningKey,
    market: Arc<dyn Market>,
    chain_id: Name,
) -> Result<GatewayHandle> {
    let clock = Arc::new(SystemClock);
    let shards = HttpShards::new(Arc::new(Account(key)), clock.clone(), chain_id.as_str())
        .map_err(|error| CliError::broken("gateway", error))?;
    Gateway::start(config, Arc::new(shards), market, clock).await.map_err(|error| {
        let kind = if matches!(error, GatewayError::Config(_) | GatewayError::Busy { .. } | GatewayError::Key(_)) {
            Kind::Refused
        } else {
            Kind::Broken
        };
        CliError {
            kind,
            code: "gateway".to_owned(),
            message: format!("the gateway does not start: {error}"),
            hint: String::new(),
        }
    })
}

/// The storage market of a sender's account.
pub fn market_of(sender: Sender, spec: &Spec, genesis: depin_quantity::Instant) -> Result<Arc<dyn Market>> {
    let params = StorageParams::read(spec, genesis).map_err(|error| CliError::broken("network-file", error))?;
    Ok(Arc::new(LedgerMarket::new(sender, spec, params)))
}

/// Signs uploads for an account.
struct Account(SigningKey);

impl Signer for Account {
    fn address(&self) -> String {
        let address: Address = self.0.address();
        address.to_string()
    }

    fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message)
    }
}

/// S3 keys of a gateway, made on its first start.
#[derive(Clone, Serialize, Deserialize)]
pub struct S3Account {
    pub access_key: String,
    pub secret_key: String,
}

/// Reads a gateway's S3 keys, or makes them.
pub fn s3_account(folder: &Path) -> Result<S3Account> {
    let path = folder.join("account.json");
    if let Some(account) = atomic::read_json(&path)? {
        return Ok(account);
    }
    std::fs::create_dir_all(folder).map_err(|error| CliError::file("create", folder, &error))?;
    let account = S3Account {
        access_key: format!("DEPIN{}", symbols(15, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")),
        secret_key: symbols(40, SECRET),
    };
    atomic::write_json(&path, &account, atomic::Readers::Owner)?;
    Ok(account)
}

/// Letters and digits only: a secret with a slash or a plus needs quoting in too many places.
const SECRET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn symbols(count: usize, alphabet: &[u8]) -> String {
    (0..count).map(|_| char::from(alphabet[rand::random_range(0..alphabet.len())])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_keys_are_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let first = s3_account(&folder.path().join("gateway")).unwrap();
        let second = s3_account(&folder.path().join("gateway")).unwrap();
        assert_eq!((first.access_key.len(), first.secret_key.len()), (20, 40));
        assert_eq!(first.secret_key, second.secret_key);
    }
}
