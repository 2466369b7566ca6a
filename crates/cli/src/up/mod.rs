//! `depin up`: a whole network in one process.
//!
//! In: the home folder. Out: a node, storage providers, an S3 gateway and a price feeder that run until Ctrl-C, and
//! `endpoints.json`, which is there exactly while they do. Starting order: node, feeder, providers, gateway; stopping order: the
//! reverse, so that nothing loses what it stands on. A part that cannot go on stops the others, and the process ends with code 2.

mod bridge;
pub mod control;
pub mod daemon;
mod feeder;
mod network;
mod ports;
mod providers;
mod summary;

pub use network::{market_of, s3_account, speed_error, start_gateway_on};
pub use ports::url as url_of;

use crate::{
    args::UpArgs,
    error::{CliError, Result},
    home::{self, Choice, Home, Lock, Making},
    output::{Output, Progress},
    settings::{PROVIDERS_DEFAULT, Settings},
};
use network::Network;
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};

pub async fn run(args: &UpArgs, settings: &Settings, out: &Output) -> Result<()> {
    if settings.flags_node() {
        return Err(CliError::refused("usage", "`depin up` starts a node of its own; --node names another one")
            .hint("leave --node away, or use `depin provider storage` and `depin gateway s3` to join that network"));
    }
    let home = absolute(&settings.home)?;
    home::claim_folder(&home)?;
    let _lock = Lock::take(&home)?;
    check_speed(args, &home)?;
    // Found before anything is deleted for it.
    let mut asked = args.network.as_deref().map(Choice::find).transpose()?;
    if asked.is_none() && args.fresh {
        asked = Choice::again(&home)?;
    }
    // Left behind when the process before was killed.
    home.remove_endpoints()?;
    home.remove_control()?;
    if args.fresh && home.exists()? {
        let kept = home::delete(&home)?;
        out.note(format_args!("deleted the network of {}", home.path().display()));
        if !kept.is_empty() {
            let names: Vec<String> = kept.iter().map(ToString::to_string).collect();
            out.note(format_args!("kept your own keys: {}", names.join(", ")));
        }
    }
    let mut interrupt = Interrupt::listen()?;
    let mut progress = Progress::start(out);
    progress.step(format!("opening {}", home.path().display()));
    let making = Making { providers: args.providers.unwrap_or(PROVIDERS_DEFAULT), capacity_bytes: args.capacity.0 };
    let opened = home::create_or_open(&home, asked.as_ref(), making)?;
    for remark in &opened.remarks {
        out.note(remark);
    }
    let starting = Network::start(&home, &opened, args, &mut progress, out);
    let mut network = tokio::select! {
        started = starting => started?,
        () = interrupt.next() => return Err(CliError::refused("interrupted", "stopped while starting")
            .hint("everything that was written is kept; start again with `depin up`")),
    };
    let endpoints = network.endpoints().await;
    home.write_endpoints(&endpoints)?;
    progress.done();
    out.result(&endpoints, |out| summary::text(&endpoints, &opened, out))?;

    let failure = tokio::select! {
        reason = network.failed() => Some(reason),
        () = interrupt.next() => None,
    };
    home.remove_endpoints()?;
    match &failure {
        Some(reason) => out.warn(format_args!("{reason}; stopping everything")),
        None => out.note("stopping; Ctrl-C again stops at once"),
    }
    tokio::select! {
        () = network.stop() => {}
        () = interrupt.next() => return Err(CliError::broken("cut-off", "stopped at once").hint("the next start recovers what was in flight")),
    }
    home.remove_control()?;
    match failure {
        Some(reason) => {
            Err(CliError::broken("failed", reason).hint("the data is kept; `depin up` starts again, DEPIN_LOG=info shows more"))
        }
        None => {
            out.note(format_args!("stopped; `depin up` goes on with the data in {}", home.path().display()));
            Ok(())
        }
    }
}

/// Refuses a speed before anything is made, deleted or started.
fn check_speed(args: &UpArgs, home: &Home) -> Result<()> {
    let Some(speed) = args.speed else { return Ok(()) };
    let begun = !args.fresh && home.genesis().exists();
    let max = if begun { home.read_genesis()?.speed_max } else { home::SPEED_MAX };
    if (1..=max).contains(&speed) { Ok(()) } else { Err(speed_error(speed, max)) }
}

/// Paths in files and in what is printed should mean the same everywhere.
fn absolute(home: &Home) -> Result<Home> {
    let path: PathBuf = std::path::absolute(home.path()).map_err(|error| CliError::file("find", home.path(), &error))?;
    Ok(Home::new(path))
}

/// Ctrl-C and its relatives.
pub struct Interrupt {
    signals: [tokio::signal::unix::Signal; 3],
}

impl Interrupt {
    pub fn listen() -> Result<Self> {
        let one =
            |kind| signal(kind).map_err(|error| CliError::broken("signals", format_args!("cannot listen for signals: {error}")));
        Ok(Self { signals: [one(SignalKind::interrupt())?, one(SignalKind::terminate())?, one(SignalKind::hangup())?] })
    }

    pub async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
