//! `depin sim`.

use super::{
    sim_backtest::{self, SimBacktestArgs},
    sim_check::{self, SimCheckArgs},
    sim_run::{COMPARE_AFTER, REPORT_AFTER, RESUME_AFTER, RUN_AFTER, SimCompareArgs, SimReportArgs, SimResumeArgs, SimRunArgs},
};
use clap::{Args, Subcommand};

pub(super) const AFTER: &str = "\
Examples:
  depin sim keys akash
  depin sim run helium
  depin sim run io.net --scenario ai-boom --years 5 --runs 500 --out boom
  depin sim resume boom
  depin sim compare sim-helium-baseline sim-helium-ai-boom
  depin sim check helium
  depin sim backtest helium --train-until 2024-06-30";

const KEYS_AFTER: &str = "\
One grammar of keys everywhere: network.… as in the network's file, a row of a list by its payee, and scenario.… as in the scenario. A \
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
    /// Run a network with people and markets many times, into a folder of results.
    #[command(after_help = RUN_AFTER)]
    Run(Box<SimRunArgs>),
    /// Go on with a folder of results that is not whole.
    #[command(after_help = RESUME_AFTER)]
    Resume(SimResumeArgs),
    /// Write the report of a folder of results anew.
    #[command(after_help = REPORT_AFTER)]
    Report(SimReportArgs),
    /// Show folders of results side by side.
    #[command(after_help = COMPARE_AFTER)]
    Compare(SimCompareArgs),
    /// Hold the defaults against what was seen on the real networks.
    #[command(after_help = sim_check::AFTER)]
    Check(SimCheckArgs),
    /// Score forecasts of demand on a published series' dates that they have not seen.
    #[command(after_help = sim_backtest::AFTER)]
    Backtest(SimBacktestArgs),
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
