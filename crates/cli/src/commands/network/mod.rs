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
        NetworkCommand::Show { name: Some(name), figures: false, overlay, only } => show::run(name, *overlay, only, out),
        NetworkCommand::Show { name: None, only, .. } if !only.is_empty() => {
            Err(CliError::refused("only", "the running network is shown figure by figure, not by these rows")
                .hint(format_args!("name it: depin network show NAME|PATH --only {}", only.join(","))))
        }
        NetworkCommand::Show { name, overlay, .. } => figures::run(name.as_deref(), *overlay, settings, out).await,
        NetworkCommand::Compare { names, sources, only } => compare::run(names, *sources, only, out),
    }
}

/// Describes a network file, or some of its rows.
fn card(text: &str, only: &[String]) -> Result<Card> {
    let card = Card::new(text).map_err(|error| CliError::refused("not-toml", error).hint("`depin check` shows where"))?;
    if only.is_empty() {
        return Ok(card);
    }
    card.only(only).map_err(|error| {
        let known = error.known.clone();
        CliError::refused("only", error).hint(format_args!("the rows are {known}"))
    })
}

/// Where a line's figures come from, as dim lines behind a margin.
fn remark(line: &Line, margin: usize, out: &Output) -> String {
    let source = if line.parameter { format!("own choice: {}", line.source) } else { line.source.clone() };
    let blank = " ".repeat(margin);
    wrap(&source, out.width, margin).iter().map(|part| format!("{}\n", out.dim(&format!("{blank}{part}")))).collect()
}
