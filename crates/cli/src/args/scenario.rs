//! `depin scenario`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

pub(super) const AFTER: &str = "\
A scenario is a text: who provides and who buys, what they assume and expect, how prices form, what happens when. It is put over the \
people of a service, which come along for coverage, storage, rendering, leasing and clusters.

Examples:
  depin scenario list
  depin scenario show ai-boom --for leasing
  depin scenario new --from ai-boom > mine.toml
  depin scenario check mine.toml --network akash";

const LIST_AFTER: &str = "\
Examples:
  depin scenario list
  depin scenario list --json | jq -r '.scenarios[].name'";

const SHOW_AFTER: &str = "\
Without --for the text itself is printed; with it every figure as it is for that service, with its range and its source.

Examples:
  depin scenario show ai-boom
  depin scenario show baseline --for storage
  depin scenario show no-tokens --for clusters --json";

const CHECK_AFTER: &str = "\
Without --network and without a service in the text, it is read for the service that it fits best.

Examples:
  depin scenario check mine.toml
  depin scenario check mine.toml --network my/network.toml
  depin scenario check mine.toml --json | jq '.findings[]'";

const NEW_AFTER: &str = "\
--from copies a scenario that comes along. --for writes one for a network: with the people of its service, or, where the service is your \
own, with blanks that `depin scenario check` points at.

Examples:
  depin scenario new --from ai-boom > mine.toml
  depin scenario new --for akash --out mine.toml
  depin scenario new --for my/network.toml > tiles.toml";

#[derive(Clone, Debug, Subcommand)]
pub enum ScenarioCommand {
    /// List the scenarios that come along, a line each.
    #[command(after_help = LIST_AFTER)]
    List,
    /// Show a scenario: its text, or what it says of a service.
    #[command(after_help = SHOW_AFTER)]
    Show {
        /// Its name, or the path of a scenario of your own.
        #[arg(value_name = "NAME|FILE")]
        name: String,
        /// The service that it is shown for.
        #[arg(long = "for", value_name = "SERVICE")]
        service: Option<String>,
    },
    /// Check a scenario of your own: errors and warnings, each with its place and what to do.
    #[command(after_help = CHECK_AFTER)]
    Check {
        /// Its path.
        #[arg(value_name = "FILE")]
        file: String,
        /// The network that it is for, by name or path.
        #[arg(long, value_name = "NETWORK")]
        network: Option<String>,
    },
    /// Print a new scenario to edit.
    #[command(after_help = NEW_AFTER)]
    New(NewScenarioArgs),
}

#[derive(Clone, Debug, Args)]
pub struct NewScenarioArgs {
    /// The scenario that it is a copy of.
    #[arg(long, value_name = "NAME", required_unless_present = "network")]
    pub from: Option<String>,
    /// The network that it is for, by name or path.
    #[arg(long = "for", value_name = "NETWORK", conflicts_with = "from")]
    pub network: Option<String>,
    /// Write it into this file, which must not be there yet.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
