//! `depin networks` and `depin network …`: the rules of networks, with their sources.

mod compare;
mod figures;
mod list;
mod show;

pub use list::list;

use crate::{args::NetworkCommand, error::Result, output::Output, settings::Settings};

pub async fn run(command: &NetworkCommand, settings: &Settings, out: &Output) -> Result<()> {
    match command {
        NetworkCommand::Show { name: Some(name), figures: false } => show::run(name, out),
        NetworkCommand::Show { name, .. } => figures::run(name.as_deref(), settings, out).await,
        NetworkCommand::Compare { names, sources } => compare::run(names, *sources, out),
    }
}
