//! `depin networks` and `depin network …`: the rules of networks, with their sources.

mod compare;
mod figures;
mod list;
mod show;

pub use list::list;

use crate::{
    args::NetworkCommand,
    error::{CliError, Result},
    output::{Output, wrap},
    settings::Settings,
};
use depin_networks::{Card, Line};

pub async fn run(command: &NetworkCommand, settings: &Settings, out: &Output) -> Result<()> {
    match command {
        NetworkCommand::Show { name: Some(name), figures: false } => show::run(name, out),
        NetworkCommand::Show { name, .. } => figures::run(name.as_deref(), settings, out).await,
        NetworkCommand::Compare { names, sources } => compare::run(names, *sources, out),
    }
}

/// Describes a network file.
fn card(text: &str) -> Result<Card> {
    Card::new(text).map_err(|error| CliError::refused("not-toml", error).hint("`depin check` shows where"))
}

/// Where a line's figures come from, as dim lines behind a margin.
fn remark(line: &Line, margin: usize, out: &Output) -> String {
    let source = if line.parameter { format!("own choice: {}", line.source) } else { line.source.clone() };
    let blank = " ".repeat(margin);
    wrap(&source, out.width, margin).iter().map(|part| format!("{}\n", out.dim(&format!("{blank}{part}")))).collect()
}
