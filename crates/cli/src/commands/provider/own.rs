//! `depin provider storage`: a provider in a process of its own.

use crate::{
    args::ProviderStorageArgs,
    error::{CliError, Result},
    output::{Output, Progress, bytes, shorten},
    remote::{Remote, key_of, price, storage_params},
    settings::Settings,
    up::Interrupt,
};
use depin_client::api::{Account, Amount};
use depin_devnet::{
    services::storage::daemon::{Daemon, Setup},
    url_of,
};
use depin_quantity::{Address, Name};
use serde::Serialize;
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use tokio::{net::TcpListener, time};

/// How often the account is looked at while it waits for its first tokens.
const LOOK: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Running {
    name: Name,
    address: Address,
    url: String,
    node: String,
    dir: PathBuf,
    capacity_bytes: u64,
    price: Amount,
}

pub async fn run(args: &ProviderStorageArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let mut interrupt = Interrupt::listen()?;
    let starting = start(args, &remote, out);
    let (daemon, running) = tokio::select! {
        started = starting => started?,
        () = interrupt.next() => return Err(CliError::refused("interrupted", "stopped while starting")),
    };
    out.result(&running, |out| running.text(out))?;
    let failure = tokio::select! {
        reason = daemon.failed() => Some(reason),
        () = interrupt.next() => None,
    };
    out.note("stopping");
    daemon.stop().await;
    match failure {
        None => Ok(()),
        Some(reason) => {
            Err(CliError::broken("failed", format_args!("the provider failed: {reason}"))
                .hint("its data is kept; start it again"))
        }
    }
}

async fn start(args: &ProviderStorageArgs, remote: &Remote, out: &Output) -> Result<(Daemon, Running)> {
    let mut progress = Progress::start(out);
    progress.step(format!("looking for the node at {}", remote.client.url()));
    let (status, spec) = (remote.client.status().await?, remote.spec().await?);
    let params = storage_params(&spec)?;
    let asked = price(&spec, &args.price)?;
    let verified_price = args.verified_price.as_ref().map_or(Ok(asked), |typed| price(&spec, typed))?;
    let dir = args.dir.clone().unwrap_or_else(|| args.name.as_str().into());
    std::fs::create_dir_all(&dir).map_err(|error| CliError::file("create", &dir, &error))?;
    let key = key_of(args.key_file.as_deref(), &dir.join("key"))?;
    let account = remote.client.account(key.address()).await?;
    if is_empty(&account) {
        progress.step("waiting for tokens");
        out.note(format_args!(
            "this provider needs tokens for fees and collateral; on a development network:\n  depin transfer --from faucet --to {} --amount \"1000 {}\"",
            key.address(),
            spec.fee().token
        ));
        wait_for_tokens(remote, key.address()).await?;
    }
    progress.step("registering, and looking through the data");
    let listen = concrete(args.listen).await?;
    let url = args.url.clone().unwrap_or_else(|| url_of(listen));
    let setup = Setup {
        name: args.name,
        folder: dir.join("data"),
        listen,
        url: url.clone(),
        capacity_bytes: args.capacity.0,
        price: asked,
        verified_price,
        chain_id: status.chain_id,
        params: params.clone(),
    };
    let daemon = Daemon::start(setup, remote.client.clone(), key.clone()).await?;
    if let Some(why) = daemon.ready().await {
        out.warn(format_args!("the provider is not ready: {why}; it goes on trying"));
    }
    progress.done();
    let running = Running {
        name: args.name,
        address: key.address(),
        url,
        node: remote.client.url().to_owned(),
        dir,
        capacity_bytes: args.capacity.0,
        price: Amount::new(params.token, asked, params.decimals),
    };
    Ok((daemon, running))
}

pub(super) fn is_empty(account: &Account) -> bool {
    account.balances.iter().all(|amount| amount.units.is_zero())
}

pub(super) async fn wait_for_tokens(remote: &Remote, address: Address) -> Result<()> {
    while is_empty(&remote.client.account(address).await?) {
        time::sleep(LOOK).await;
    }
    Ok(())
}

/// The port must be known before the provider tells the ledger its URL.
pub(super) async fn concrete(listen: SocketAddr) -> Result<SocketAddr> {
    let broken = |error: std::io::Error| {
        CliError::broken("listen", format_args!("cannot listen on {listen}: {error}"))
            .hint("choose another address or port with --listen")
    };
    let listener = TcpListener::bind(listen).await.map_err(broken)?;
    listener.local_addr().map_err(broken)
}

impl Running {
    fn text(&self, out: &Output) -> String {
        format!(
            "{} {} offers {} at {} per GiB and epoch\n  address  {}\n  URL      {}\n  node     {}\n  folder   {}\n\nCtrl-C stops it; deals that it took go on, so start it again in time.",
            out.bold("provider"),
            self.name,
            bytes(self.capacity_bytes),
            shorten(&self.price.display),
            self.address,
            self.url,
            self.node,
            self.dir.display()
        )
    }
}
