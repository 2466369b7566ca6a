//! `depin provider metered`: an operator of a founder's own service in a process of its own.

use super::own::{concrete, is_empty, wait_for_tokens};
use crate::{
    args::{PolicyArg, ProviderMeteredArgs},
    error::{CliError, Result},
    output::{Output, Progress, shorten},
    remote::{Remote, amount, key_of},
    settings::Settings,
    up::Interrupt,
};
use depin_devnet::{services::metered::daemon::Daemon, url_of};
use depin_economy::{Money, Spec};
use depin_provider::metered::{DisputePolicy, MeteredConfig};
use depin_quantity::{Address, Decimal18, Name};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Serialize)]
struct Running {
    name: Name,
    address: Address,
    url: String,
    node: String,
    dir: PathBuf,
    asks: Vec<String>,
    disputes: DisputePolicy,
}

pub async fn run(args: &ProviderMeteredArgs, settings: &Settings, out: &Output) -> Result<()> {
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
            Err(CliError::broken("failed", format_args!("the operator failed: {reason}")).hint("nothing is lost; start it again"))
        }
    }
}

async fn start(args: &ProviderMeteredArgs, remote: &Remote, out: &Output) -> Result<(Daemon, Running)> {
    let mut progress = Progress::start(out);
    progress.step(format!("looking for the node at {}", remote.client.url()));
    let (status, spec) = (remote.client.status().await?, remote.spec().await?);
    let (asks, disputes) = (asks(args, &spec)?, policy(args, &spec)?);
    let dir = args.dir.clone().unwrap_or_else(|| args.name.as_str().into());
    std::fs::create_dir_all(&dir).map_err(|error| CliError::file("create", &dir, &error))?;
    let key = key_of(args.key_file.as_deref(), &dir.join("key"))?;
    let address = key.address();
    if is_empty(&remote.client.account(address).await?) {
        progress.step("waiting for tokens");
        out.note(format_args!(
            "this operator needs tokens for fees, pledge and deposits; on a development network:\n  depin transfer --from faucet --to {address} --amount \"1000 {}\"",
            spec.fee().token
        ));
        wait_for_tokens(remote, address).await?;
    }
    progress.step("registering");
    let listen = concrete(args.listen).await?;
    let url = args.url.clone().unwrap_or_else(|| url_of(listen));
    let shown = asks.iter().map(|ask| shorten(&format!("{} {}", ask.amount.to_decimal(), ask.currency))).collect();
    let config = MeteredConfig {
        disputes,
        listen,
        url: Some(url.clone()),
        chain_id: Some(status.chain_id),
        ..MeteredConfig::new(args.name, asks)
    };
    let daemon = Daemon::start(config, remote.client.clone(), key).await?;
    if let Some(why) = daemon.ready().await {
        out.warn(format_args!("the operator is not ready: {why}; it goes on trying"));
    }
    progress.done();
    let node = remote.client.url().to_owned();
    Ok((daemon, Running { name: args.name, address, url, node, dir, asks: shown, disputes }))
}

fn asks(args: &ProviderMeteredArgs, spec: &Spec) -> Result<Vec<Money>> {
    let one = |typed: &crate::args::AmountArg| {
        let amount = Decimal18::parse(&typed.number).map_err(|error| CliError::refused("amount", error))?;
        Ok(Money { currency: typed.token.unwrap_or(spec.fee().token), amount })
    };
    args.ask.iter().map(one).collect()
}

fn policy(args: &ProviderMeteredArgs, spec: &Spec) -> Result<DisputePolicy> {
    Ok(match (args.disputes, &args.deposit_most) {
        (PolicyArg::Ask, _) => DisputePolicy::Ask,
        (PolicyArg::Concede, _) => DisputePolicy::Concede,
        (PolicyArg::StandBy, Some(most)) => DisputePolicy::StandBy { deposit_most: amount(spec, most)?.1 },
        (PolicyArg::StandBy, None) => {
            return Err(CliError::refused(
                "deposit",
                "standing by reports costs deposits; say up to how much with --deposit-most",
            ));
        }
    })
}

impl Running {
    fn text(&self, out: &Output) -> String {
        let asks = if self.asks.is_empty() { "the network's price".to_owned() } else { self.asks.join(", ") };
        format!(
            "{} {} delivers for {asks} a unit\n  address  {}\n  URL      {}\n  node     {}\n  folder   {}\n\nCtrl-C stops it; disputes that are not answered in time are lost, so start it again soon.",
            out.bold("operator"),
            self.name,
            self.address,
            self.url,
            self.node,
            self.dir.display()
        )
    }
}
