//! `depin up`: a whole network in one process.
//!
//! In: the home folder. Out: a network that runs until Ctrl-C, and `endpoints.json`, which is there exactly while it does. What runs,
//! and in which order, `depin_devnet` knows; here are arguments, signals and what is printed. A part that cannot go on stops the
//! others, and the process ends with code 2.

mod hush;
mod summary;

use crate::{
    args::UpArgs,
    error::{CliError, Result},
    exposure,
    output::{Output, Progress},
    settings::{self, PROVIDERS_DEFAULT, SPEED_DEFAULT, Settings},
};
use depin_client::Trust;
use depin_devnet::{
    Network, Notice, Options, check_ports, check_speed,
    home::{self, Choice, Home, Lock, Making, NETWORK_DEFAULT, Opened},
    operators::is_removed,
    services,
};
use depin_serve::Tls;
use std::{path::PathBuf, time::Duration};
use tokio::signal::unix::{SignalKind, signal};

/// Milliseconds of the wall clock after which a network waits no more for randomness from outside.
const LATE: u64 = 600_000;

pub async fn run(args: &UpArgs, settings: &Settings, out: &Output) -> Result<()> {
    if settings.flags_node() {
        return Err(CliError::refused("usage", "`depin up` starts a node of its own; --node names another one")
            .hint("leave --node away, or use `depin provider storage` and `depin gateway s3` to join that network"));
    }
    let home = absolute(&settings.home)?;
    // Whatever can be refused is, before anything is made or deleted; a home that is there is locked meanwhile.
    let held = if home.exists()? { Some(Lock::take(&home)?) } else { None };
    let asked = asked(args, &home)?;
    let speed = speed(args, &home, out)?;
    check_speed(speed, &home, asked.as_ref(), args.fresh)?;
    check_ports(args.listen, args.port_base, operators(args, &home, asked.as_ref())?)?;
    let (tls, trust) = (exposure::tls(&args.tls)?, settings.trust()?);
    exposure::warn(exposure::Port::Network, args.listen, tls.is_some(), out);
    home::claim_folder(&home)?;
    let _lock = held.map_or_else(|| Lock::take(&home), Ok)?;
    clear(args, &home, out)?;
    home::make_room(&home)?;
    hush::hush(home.path());
    let mut interrupt = Interrupt::listen()?;
    let mut progress = Progress::start(out);
    progress.step(format!("opening {}", home.path().display()));
    let making = Making {
        providers: args.providers.unwrap_or_else(|| usual(asked.as_ref())),
        capacity_bytes: args.capacity.0,
        randomness: args.randomness.then(|| LATE.saturating_mul(speed.into())),
    };
    let opened = home::create_or_open(&home, asked.as_ref(), making)?;
    own_overlay(args, &opened, &home)?;
    for remark in &opened.remarks {
        out.note(remark);
    }
    let (options, mut show) = (options(args, settings, speed, tls, trust), |notice| show(notice, &mut progress, out));
    let starting = Network::start(&home, &opened, &options, &mut show);
    let mut network = tokio::select! {
        started = starting => started?,
        () = interrupt.next() => return Err(CliError::refused("interrupted", "stopped while starting")
            .hint("everything that was written is kept; start again with `depin up`")),
    };
    let endpoints = network.endpoints();
    home.keep_speed(speed)?;
    home.write_endpoints(&endpoints)?;
    progress.done();
    out.result(&summary::json(&endpoints), |out| summary::text(&endpoints, &opened, out))?;
    let failure = tokio::select! {
        reason = network.failed() => Some(reason),
        () = interrupt.next() => None,
    };
    stop(network, failure, &home, &mut interrupt, out).await
}

/// The network asked for: none where the home goes on with its own, which this version must know.
fn asked(args: &UpArgs, home: &Home) -> Result<Option<Choice>> {
    if !args.fresh {
        home.marker()?;
    }
    let choice = match &args.network {
        Some(named) => Some(Choice::find(named)?),
        None if args.fresh => Choice::again(home)?,
        None => None,
    };
    let new = args.fresh || !home.exists()?;
    let choice = if choice.is_none() && new { Some(Choice::find(NETWORK_DEFAULT)?) } else { choice };
    choice.map(|choice| if args.without_overlay { choice.without_overlay() } else { choice.with_overlay() }).transpose()
}

/// Whether a chain has an overlay was decided when it began.
fn own_overlay(args: &UpArgs, opened: &Opened, home: &Home) -> Result<()> {
    if !args.without_overlay || depin_networks::without_development_overlay(&opened.genesis.network_toml).is_none() {
        return Ok(());
    }
    let path = home.path().display();
    Err(CliError::refused("overlay", format_args!("the chain of {path} began with the overlay `development`, and keeps it"))
        .hint("leave --without-overlay away to go on with it, name another --home, or add --fresh to begin another chain"))
}

/// The speed asked for, else the one that the home last ran at.
fn speed(args: &UpArgs, home: &Home, out: &Output) -> Result<u32> {
    let kept = if args.fresh { None } else { home.speed()? };
    let speed = args.speed.or(kept).unwrap_or(SPEED_DEFAULT);
    if let Some(kept) = kept.filter(|kept| *kept != speed) {
        out.note(format_args!("this home ran at speed {kept}; from now on it runs at speed {speed}"));
    }
    Ok(speed)
}

/// How many operators a new network has: as many as its service asks for.
fn usual(asked: Option<&Choice>) -> u32 {
    let service = asked.and_then(|choice| services::live(choice.spec.network().service.as_str()));
    service.map_or(PROVIDERS_DEFAULT, services::Service::operators)
}

/// How many operators will run.
fn operators(args: &UpArgs, home: &Home, asked: Option<&Choice>) -> Result<u32> {
    if let Some(asked) = args.providers {
        return Ok(asked);
    }
    if args.fresh || !home.genesis().exists() {
        return Ok(usual(asked));
    }
    let mut known = 0;
    for name in home.provider_names()? {
        known += u32::from(!is_removed(&home.provider(name))?);
    }
    Ok(known)
}

/// Takes away what the process before left behind, and with `--fresh` all of the home's network.
fn clear(args: &UpArgs, home: &Home, out: &Output) -> Result<()> {
    // Left behind when the process before was killed.
    home.remove_endpoints()?;
    home.remove_control()?;
    if args.fresh && home.exists()? {
        let kept = home::delete(home)?;
        out.note(format_args!("deleted the network of {}", home.path().display()));
        if !kept.is_empty() {
            let names: Vec<String> = kept.iter().map(ToString::to_string).collect();
            out.note(format_args!("kept your own keys: {}", names.join(", ")));
        }
    }
    Ok(())
}

fn options(args: &UpArgs, settings: &Settings, speed: u32, tls: Option<Tls>, trust: Trust) -> Options {
    Options {
        speed,
        listen: args.listen,
        port_base: args.port_base,
        operators: args.providers,
        engine: args.engine.map(Into::into),
        capacity_bytes: args.capacity.0,
        rebuild_index: args.rebuild_index,
        forget_votes: args.forget_votes,
        new_store: args.new_store,
        disk_floor: args.disk_floor.map(|floor| floor.0),
        keep_history: args.keep_history.0,
        accept_clock: args.accept_clock,
        clock_jump: Duration::from_secs(args.clock_jump.into()),
        tls,
        trust,
        base_fee_most: settings.base_fee_most(),
    }
}

fn show(notice: Notice, progress: &mut Progress, out: &Output) {
    match notice {
        Notice::Step(text) => progress.step(text),
        Notice::Warning(text) => out.warn(text),
    }
}

/// Stops everything in good order, after a failure or a signal.
async fn stop(network: Network, failure: Option<CliError>, home: &Home, interrupt: &mut Interrupt, out: &Output) -> Result<()> {
    home.remove_endpoints()?;
    match &failure {
        // Told once, at the end.
        Some(why) if why.code == "no-space" => out.note("stopping"),
        Some(why) => out.warn(format_args!("{why}; stopping everything")),
        None => out.note("stopping; Ctrl-C again stops at once"),
    }
    tokio::select! {
        () = network.stop() => {}
        () = interrupt.next() => return Err(CliError::broken("cut-off", "stopped at once").hint("the next start recovers what was in flight")),
    }
    home.remove_control()?;
    match failure {
        Some(why) => Err(why),
        None => {
            out.note(format_args!("stopped; `depin up` goes on with the data in {}", home.path().display()));
            Ok(())
        }
    }
}

/// Paths in files and in what is printed should mean the same everywhere.
fn absolute(home: &Home) -> Result<Home> {
    let path: PathBuf = std::path::absolute(home.path()).map_err(|error| CliError::file("find", home.path(), &error))?;
    Ok(Home::new(settings::text(path)?).with_keyring(home.keyring().clone()))
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
