//! `depin gateway s3`: a gateway in a process of its own.

use crate::{
    args::GatewayS3Args,
    error::{CliError, Result},
    exposure,
    output::{Output, Progress, secret, shown},
    pricing::Pricing,
    remote::{Remote, begins_anew, key_of, price},
    settings::Settings,
    up::Interrupt,
};
use depin_client::{Reach, Sender, api::DealQuery};
use depin_devnet::{
    home::Endpoint,
    listen_address,
    services::storage::gateway::{self, S3Access, S3Keys},
    url_of,
};
use depin_economy::Spec;
use depin_files::Floor;
use depin_gateway_s3::{Config, DealPolicy, Handle, LedgerMarket, Redundancy, RenewalPolicy};
use depin_quantity::{Address, Instant, Rounding};
use depin_services::storage::StorageParams;
use serde::Serialize;
use std::{path::PathBuf, sync::Arc};

#[derive(Serialize)]
struct Running {
    /// As in `endpoints.json`; its secret key is in the file that it names, unless a terminal reads.
    endpoints: [Endpoint; 1],
    #[serde(skip)]
    s3: S3Access,
    /// Account that pays.
    address: Address,
    node: String,
    dir: PathBuf,
}

pub async fn run(args: &GatewayS3Args, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let mut interrupt = Interrupt::listen()?;
    let starting = start(args, &remote, out);
    let (gateway, running) = tokio::select! {
        started = starting => started?,
        () = interrupt.next() => return Err(CliError::refused("interrupted", "stopped while starting")),
    };
    out.result(&running, |out| running.text(out))?;
    interrupt.next().await;
    out.note("stopping; what clients are sending now is finished first");
    gateway.stop().await;
    Ok(())
}

async fn start(args: &GatewayS3Args, remote: &Remote, out: &Output) -> Result<(Handle, Running)> {
    // A port that is taken is told before anything is made.
    let listen = listen_address("the S3 gateway", args.listen)?;
    let (tls, trust) = (exposure::tls(&args.tls)?, remote.settings.trust()?);
    exposure::warn(exposure::Port::S3, listen.ip(), tls.is_some(), out);
    let secured = tls.is_some();
    let mut progress = Progress::start(out);
    progress.step(format!("looking for the node at {}", remote.client.url()));
    let used = args.dir.join("master.key").exists();
    let (status, spec) = (remote.status(used, out).await?, remote.spec().await?);
    let pricing = Pricing::of(&remote.client, spec.clone(), &[args.max_price.as_ref()]).await?;
    let max_price = args.max_price.as_ref().map(|typed| pricing.units(typed, Rounding::Down)).transpose()?;
    let spend_per_day = args.spend_per_day.as_ref().map(|typed| price(&spec, typed)).transpose()?;
    std::fs::create_dir_all(&args.dir).map_err(|error| CliError::file("create", &args.dir, &error))?;
    let key = key_of(args.key_file.as_deref(), &args.dir.join("key"), used, remote.settings.home.keyring())?;
    if !used && !args.new_store {
        let query = DealQuery { client: Some(key.address()), limit: Some(1), ..DealQuery::default() };
        if !remote.client.storage().deals(&query).await?.items.is_empty() {
            out.warn(begins_anew(
                "deals",
                key.address(),
                &args.dir,
                "what it stored cannot be read without its map and master key",
            ));
        }
    }
    let keys = S3Keys::read_or_make(&args.dir)?;
    progress.step("opening the object map");
    let config = Config {
        listen,
        redundancy: Redundancy { k: args.copies.k, n: args.copies.n },
        floor: Floor::new(&args.dir, args.disk_floor.map(|floor| floor.0)),
        renewal: RenewalPolicy { repair_after: args.repair_after.0, ..RenewalPolicy::default() },
        deals: DealPolicy { term: args.term.0, max_price, spend_per_day, ..DealPolicy::default() },
        tls,
        new_store: args.new_store,
        keyring: remote.settings.home.keyring().clone(),
        ..Config::new(&args.dir, keys.access_key.clone(), keys.secret_key.clone())
    };
    let region = config.region.clone();
    let sender = Sender::new(remote.client.clone(), key.clone());
    let market = Arc::new(LedgerMarket::new(sender, &spec, market_params(&spec)?));
    let address = key.address();
    let reach = if args.local_network { Reach::local() } else { Reach::public() };
    let gateway = gateway::start(config, key, market, status.chain_id, reach, &trust).await?;
    progress.done();
    let s3 = keys.access(url_of(gateway.address(), secured), &region);
    Ok((
        gateway,
        Running {
            endpoints: [shown(&s3.to_endpoint(), "secret_key", &args.dir.join("account.json"))],
            s3,
            address,
            node: remote.client.url().to_owned(),
            dir: args.dir.clone(),
        },
    ))
}

/// Only lengths of time are read with these parameters, not when epoch 0 was.
fn market_params(spec: &Spec) -> Result<StorageParams> {
    StorageParams::read(spec, Instant::new(0)).map_err(|error| CliError::broken("network-file", error))
}

impl Running {
    fn text(&self, out: &Output) -> String {
        let Self { s3, address, node, dir, .. } = self;
        format!(
            "{} for the node at {node}\n  endpoint    {}\n  access key  {}\n  secret key  {}\n  region      {}\n  paid by     {address}\n  folder      {} (keep a copy: its keys and map are needed to read anything)\n\nCtrl-C stops it.",
            out.bold("S3 gateway"),
            s3.endpoint,
            s3.access_key,
            secret(&s3.secret_key, &dir.join("account.json")),
            s3.region,
            dir.display()
        )
    }
}
