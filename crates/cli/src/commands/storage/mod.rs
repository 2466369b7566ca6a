//! `depin storage`.

pub mod deals;
pub mod faults;
pub mod objects;
pub mod settle;

use crate::{
    error::{CliError, Result},
    settings::Settings,
};
use depin_devnet::services::storage::gateway::S3Access;

/// The home's gateway, which knows the files.
fn gateway_of(settings: &Settings) -> Result<S3Access> {
    if settings.names_node() {
        return Err(CliError::refused("no-gateway", "files are known to the gateway that stored them, not to a node")
            .hint("leave --node and DEPIN_NODE away and name the gateway's home with --home, or use an S3 client"));
    }
    match settings.home.endpoints()? {
        Some(endpoints) => S3Access::find(&endpoints.endpoints).ok_or_else(|| {
            let service = endpoints.service;
            CliError::refused("no-gateway", format_args!("this network runs `{service}` and stores no files"))
                .hint("`depin up --home OTHER` starts a network of storage")
        }),
        None if settings.home.marker()?.is_some() => Err(settings.not_running()),
        None => Err(settings.home.absent()),
    }
}
