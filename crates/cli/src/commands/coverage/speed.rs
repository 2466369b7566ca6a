//! `depin coverage speed-server`: measures access points until Ctrl-C.

use super::named::Named;
use crate::{
    args::SpeedServerArgs,
    error::{CliError, Result},
    up::Interrupt,
};
use depin_provider::mobile::{SpeedServer, SpeedServerConfig};
use depin_quantity::Address;
use serde::Serialize;
use std::{net::SocketAddr, time::Duration};

#[derive(Serialize)]
struct Running {
    listen: SocketAddr,
    key: Address,
    /// Whether the network takes what this key measures.
    is_taken: bool,
    seconds: u64,
}

pub(super) async fn run(args: &SpeedServerArgs, at: &Named<'_>) -> Result<()> {
    let mut interrupt = Interrupt::listen()?;
    let network = at.coverage().mobile().await?.ok_or_else(|| {
        CliError::refused("mobile-off", "this network has no mobile coverage; its file would say [service.coverage.mobile]")
    })?;
    let key = at.remote.sender(&args.signer)?.key().clone();
    let is_taken = network.speed_server.is_none_or(|role| role == key.address());
    if !is_taken {
        at.out.warn(format_args!("{} is not who measures speed on this network: its tests are refused", key.address()));
    }
    let chain = at.remote.client.status().await?.chain_id;
    let (listen, length, own) = (args.listen, Duration::from_secs(args.seconds), key.address());
    let config = SpeedServerConfig { listen, length };
    let server = SpeedServer::start(config, at.remote.client.clone(), chain, key).await;
    let server = server.map_err(|error| CliError::broken("listen", format_args!("cannot listen on {listen}: {error}")))?;
    let running = Running { listen: server.address(), key: own, is_taken, seconds: args.seconds };
    at.out.result(&running, |_| {
        format!(
            "measures access points on {} at up to 250 Mbit/s, and signs as {}\n\nCtrl-C stops it.",
            running.listen, running.key
        )
    })?;
    interrupt.next().await;
    server.stop().await;
    Ok(())
}
