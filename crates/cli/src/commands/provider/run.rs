//! An operator of any service in a process of its own: its folder and key, its first tokens, its start and its end.
//!
//! In: a [`Venture`], which is what one service's operators have of their own, as typed. Out: a daemon that runs until Ctrl-C.

use super::{folder, problems};
use crate::{
    args::PlaceArgs,
    error::{CliError, Result},
    exposure,
    output::{Output, Progress},
    remote::Remote,
    settings::Settings,
    up::Interrupt,
};
use depin_client::api::{Account, PriceEntry};
use depin_devnet::{
    listen_address,
    operators::{self, Daemon, Post},
    url_of,
};
use depin_economy::Spec;
use depin_provider::operator::OperatorConfig;
use depin_quantity::{Address, Name};
use serde::Serialize;
use std::{fs::File, path::PathBuf, time::Duration};
use tokio::time;

/// How often the account is looked at while it waits for its first tokens.
const LOOK: Duration = Duration::from_secs(2);

/// What operators of one service have of their own.
pub trait Venture {
    /// What is offered, checked against the network's rules.
    type Terms;
    /// The same, as it is printed.
    type Offer: Serialize;
    /// What runs.
    type Daemon: Daemon;

    /// Whether its port speaks TLS also where no certificate was named.
    const ALWAYS_TLS: bool = false;
    /// What messages call it: `provider`.
    const WHAT: &'static str;
    /// What its account needs tokens for.
    const NEEDS: &'static str;
    /// What is lost while it does not run.
    const KEPT: &'static str;

    fn name(&self) -> Name;
    fn place(&self) -> &PlaceArgs;

    /// Checks what was typed; `prices` are what tokens are worth in dollars now.
    fn terms(&self, spec: &Spec, prices: &[PriceEntry]) -> Result<Self::Terms>;
    /// What is printed of it.
    fn offer(&self, terms: &Self::Terms) -> Self::Offer;
    /// The offer in words: `offers 1 TiB at …`.
    fn words(offer: &Self::Offer) -> String;
    /// Starts it.
    async fn start(&self, terms: Self::Terms, post: Post) -> Result<Self::Daemon>;
}

#[derive(Serialize)]
struct Running<O> {
    name: Name,
    address: Address,
    url: String,
    node: String,
    dir: PathBuf,
    /// Held while it runs.
    #[serde(skip)]
    _lock: File,
    #[serde(flatten)]
    offer: O,
}

pub async fn run<V: Venture>(venture: &V, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let mut interrupt = Interrupt::listen()?;
    let starting = start(venture, &remote, out);
    let (daemon, running) = tokio::select! {
        started = starting => started?,
        () = interrupt.next() => return Err(CliError::refused("interrupted", "stopped while starting")),
    };
    out.result(&running, |out| text::<V>(&running, out))?;
    let failure = tokio::select! {
        reason = daemon.failed() => Some(reason),
        () = interrupt.next() => None,
        () = problems::tell(|| daemon.problems(), out) => None,
    };
    out.note("stopping");
    daemon.stop().await;
    match failure {
        None => Ok(()),
        Some(reason) => Err(CliError::broken("failed", format_args!("the {} failed: {reason}", V::WHAT))
            .hint("what it has is kept; start it again")),
    }
}

async fn start<V: Venture>(venture: &V, remote: &Remote, out: &Output) -> Result<(V::Daemon, Running<V::Offer>)> {
    let (name, place) = (venture.name(), venture.place());
    // The port must be known before the ledger is told the URL; one that is taken is told before anything is made.
    let listen = listen_address(&format!("the {} `{name}`", V::WHAT), place.listen)?;
    let tls = exposure::tls(&place.tls)?;
    let is_private = tls.is_some() || V::ALWAYS_TLS;
    exposure::warn(exposure::Port::Provider, listen.ip(), is_private, out);
    let url = place.url.clone().unwrap_or_else(|| url_of(listen, is_private));
    exposure::warn_of_name(tls.as_ref(), &url, out);
    let mut progress = Progress::start(out);
    progress.step(format!("looking for the node at {}", remote.client.url()));
    let dir = place.dir.clone().unwrap_or_else(|| name.as_str().into());
    let (status, spec) = (remote.status(folder::is_used(&dir), out).await?, remote.spec().await?);
    let terms = venture.terms(&spec, &remote.client.prices().await?.prices)?;
    let offer = venture.offer(&terms);
    let (lock, key) = folder::take(&dir, place.key_file.as_deref(), remote.settings.home.keyring())?;
    let address = key.address();
    if is_empty(&remote.client.account(address).await?) {
        progress.step("waiting for tokens");
        out.note(format_args!(
            "this {} needs tokens for {}; on a development network:\n  depin transfer --from faucet --to {address} --amount \"1000 {}\"",
            V::WHAT,
            V::NEEDS,
            spec.fee().token
        ));
        wait_for_tokens(remote, address).await?;
    }
    progress.step("registering, and looking through what it has");
    let (client, chain_id) = (remote.client.clone(), Some(status.chain_id));
    let operator = OperatorConfig { listen, url: Some(url.clone()), tls, chain_id, ..OperatorConfig::new(name) };
    let post = Post { operator, folder: dir.clone(), client, key, disk_floor: None, new_store: false };
    let daemon = venture.start(terms, post).await?;
    daemon.remarks().into_iter().for_each(|remark| out.warn(remark));
    if let Some(why) = operators::ready(&daemon).await {
        out.warn(format_args!("the {} is not ready: {why}; it goes on trying", V::WHAT));
    }
    progress.done();
    if let Some(why) = operators::warning(&daemon) {
        out.warn(why);
    }
    let node = remote.client.url().to_owned();
    Ok((daemon, Running { name, address, url, node, dir, _lock: lock, offer }))
}

fn is_empty(account: &Account) -> bool {
    account.balances.iter().all(|amount| amount.units.is_zero())
}

async fn wait_for_tokens(remote: &Remote, address: Address) -> Result<()> {
    while is_empty(&remote.client.account(address).await?) {
        time::sleep(LOOK).await;
    }
    Ok(())
}

fn text<V: Venture>(running: &Running<V::Offer>, out: &Output) -> String {
    let Running { name, address, url, node, dir, offer, _lock: _ } = running;
    format!(
        "{} {name} {}\n  address  {address}\n  URL      {url}\n  node     {node}\n  folder   {}\n\nCtrl-C stops it; {}.",
        out.bold(V::WHAT),
        V::words(offer),
        dir.display(),
        V::KEPT
    )
}
