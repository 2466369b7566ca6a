//! `depin gateway s3`: a gateway in a process of its own.

use crate::{
    args::GatewayS3Args,
    error::{CliError, Result},
    home::S3Endpoint,
    output::{Output, Progress},
    remote::{Remote, price},
    settings::Settings,
    up::{Interrupt, market_of, s3_account, start_gateway_on, url_of},
};
use depin_client::{KeyFile, Sender};
use depin_gateway_s3::{Config, DealPolicy, Handle, Redundancy};
use depin_quantity::{Address, Instant};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Serialize)]
struct Running {
    s3: S3Endpoint,
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
    let mut progress = Progress::start(out);
    progress.step(format!("looking for the node at {}", remote.client.url()));
    let (status, spec) = (remote.client.status().await?, remote.spec().await?);
    let max_price = args.max_price.as_ref().map(|typed| price(&spec, typed)).transpose()?;
    std::fs::create_dir_all(&args.dir).map_err(|error| CliError::file("create", &args.dir, &error))?;
    let key_file = args.key_file.clone().unwrap_or_else(|| args.dir.join("key"));
    let key = KeyFile::load_or_create(&key_file).map_err(|error| CliError::refused("key-file", error))?.key;
    let account = s3_account(&args.dir)?;
    progress.step("opening the object map");
    let config = Config {
        listen: args.listen,
        redundancy: Redundancy { k: args.copies.k, n: args.copies.n },
        deals: DealPolicy { term: args.term.0, max_price, ..DealPolicy::default() },
        ..Config::new(&args.dir, account.access_key.clone(), account.secret_key.clone())
    };
    let region = config.region.clone();
    // Only lengths of time are read with these parameters, not when epoch 0 was.
    let market = market_of(Sender::new(remote.client.clone(), key.clone()), &spec, Instant::new(0))?;
    let address = key.address();
    let gateway = start_gateway_on(config, key, market, status.chain_id).await?;
    progress.done();
    let s3 = S3Endpoint {
        endpoint: url_of(gateway.address()),
        access_key: account.access_key,
        secret_key: account.secret_key,
        region,
    };
    Ok((gateway, Running { s3, address, node: remote.client.url().to_owned(), dir: args.dir.clone() }))
}

impl Running {
    fn text(&self, out: &Output) -> String {
        let Self { s3, address, node, dir } = self;
        format!(
            "{} for the node at {node}\n  endpoint    {}\n  access key  {}\n  secret key  {}\n  region      {}\n  paid by     {address}\n  folder      {} (keep a copy: its keys and map are needed to read anything)\n\nCtrl-C stops it.",
            out.bold("S3 gateway"),
            s3.endpoint,
            s3.access_key,
            s3.secret_key,
            s3.region,
            dir.display()
        )
    }
}
