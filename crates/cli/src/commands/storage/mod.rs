//! `depin storage`.

pub mod deals;
pub mod faults;
pub mod objects;
pub mod settle;

use crate::{
    error::{CliError, Result},
    home::Endpoints,
    settings::Settings,
};

/// Endpoints of the home whose gateway knows the files.
fn gateway_of(settings: &Settings) -> Result<Endpoints> {
    if settings.names_node() {
        return Err(CliError::refused("no-gateway", "files are known to the gateway that stored them, not to a node")
            .hint("leave --node and DEPIN_NODE away and name the gateway's home with --home, or use an S3 client"));
    }
    match settings.home.endpoints()? {
        Some(endpoints) => Ok(endpoints),
        None if settings.home.marker()?.is_some() => Err(settings.not_running()),
        None => Err(settings.home.absent()),
    }
}
