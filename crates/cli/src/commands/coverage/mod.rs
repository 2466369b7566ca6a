//! `depin coverage …`: hotspots, customers, packets and beacons.

mod act;
mod clear;
mod devices;
mod disputes;
mod look;
mod map;
mod mobile;
mod named;
mod packets;
mod release;
mod rewards;
mod speed;

use crate::{
    args::{CoverageCommand, CreditsCommand, DeviceCommand, OuiCommand, RouteCommand, SkfCommand},
    error::Result,
    output::Output,
    remote::Remote,
    settings::Settings,
};
pub use devices::network_server;
use named::Named;

/// Runs one of them.
pub async fn run(command: &CoverageCommand, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let at = Named::new(&remote, out).await?;
    match command {
        CoverageCommand::Hotspots(args) => look::hotspots(args, &at).await,
        CoverageCommand::Beacons => look::beacons(&at).await,
        CoverageCommand::Witnesses(args) => look::witnesses(args, &at).await,
        CoverageCommand::Rewards(args) => rewards::run(args, &at).await,
        CoverageCommand::Packets(args) => packets::run(args, &at).await,
        CoverageCommand::Oui(OuiCommand::New(args)) => act::open_oui(args, &at).await,
        CoverageCommand::Oui(OuiCommand::List) => look::ouis(&at).await,
        CoverageCommand::Oui(OuiCommand::Close(args)) => release::close_oui(args, &at).await,
        CoverageCommand::Denylist(command) => disputes::denylist(command, &at).await,
        CoverageCommand::Claim(command) => disputes::claim(command, &at).await,
        CoverageCommand::Route(RouteCommand::Add(args)) => act::add_route(args, &at).await,
        CoverageCommand::Route(RouteCommand::Release(args)) => release::release(args, &at).await,
        CoverageCommand::Route(RouteCommand::List(args)) => look::routes(args, &at).await,
        CoverageCommand::Route(RouteCommand::Remove(args)) => act::remove_route(args, &at).await,
        CoverageCommand::Skf(SkfCommand::Add(args)) => act::add_filter(args, &at).await,
        CoverageCommand::Skf(SkfCommand::Remove(args)) => act::remove_filter(args, &at).await,
        CoverageCommand::Skf(SkfCommand::List(args)) => look::filters(args, &at).await,
        CoverageCommand::Device(DeviceCommand::Add(args)) => devices::add(args, &at).await,
        CoverageCommand::Device(DeviceCommand::List(args)) => devices::list(args, &at).await,
        CoverageCommand::Device(DeviceCommand::Remove(args)) => devices::remove(args, &at).await,
        CoverageCommand::Credits(CreditsCommand::Mint(args)) => act::mint(args, &at).await,
        CoverageCommand::Credits(CreditsCommand::Balance) => look::credits(&at).await,
        CoverageCommand::AccessPoints(args) => mobile::access_points(args, &at).await,
        CoverageCommand::Sessions(args) => mobile::sessions(args, &at).await,
        CoverageCommand::Carrier(command) => mobile::carrier(command, &at).await,
        CoverageCommand::SpeedServer(args) => speed::run(args, &at).await,
        CoverageCommand::Map(args) => map::run(args, &at).await,
    }
}
