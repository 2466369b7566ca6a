//! `depin sim`.

use clap::{Args, Subcommand};

pub(super) const AFTER: &str = "\
Examples:
  depin sim keys akash
  depin sim keys my/network.toml --scenario mine.toml demand";

const KEYS_AFTER: &str = "\
One grammar of keys everywhere: network.… as in the network's file, a row of a list by its payee, and scenario.… as in the scenario. A
figure with a range is drawn from it by every run.

Examples:
  depin sim keys akash
  depin sim keys akash pays                  only keys with `pays` in them
  depin sim keys io.net --scenario ai-boom scenario.boom
  depin sim keys my/network.toml --json";

#[derive(Clone, Debug, Subcommand)]
pub enum SimCommand {
    /// List what can be set: keys, units, values, ranges.
    #[command(after_help = KEYS_AFTER)]
    Keys(KeysArgs),
}

#[derive(Clone, Debug, Args)]
pub struct KeysArgs {
    /// The network, by name or path.
    #[arg(value_name = "NETWORK")]
    pub network: String,
    /// Only keys that have this in them.
    #[arg(value_name = "PART")]
    pub part: Option<String>,
    /// The scenario, by name or path.
    #[arg(long, value_name = "NAME|FILE", default_value = "baseline")]
    pub scenario: String,
}
