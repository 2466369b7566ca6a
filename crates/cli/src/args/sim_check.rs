//! `depin sim check`.

use clap::Args;
use std::num::NonZeroUsize;

pub(super) const AFTER: &str = "\
Runs the networks that come along under the scenarios that come along, every assumption at its default, and holds the runs against what \
was seen on the real networks (docs/stylised-facts.md). A fact is reproduced when the median of the runs lies in the range that has its \
sign and its order of magnitude; \"sign only\" when only its direction is right; else it is missed, and is listed below. A fact that set a \
default comes out again without merit, and the last column says so.

Exit codes: 0 when every fact could be judged, however many are missed; 1 for wrong usage, and with --strict when any fact is not \
reproduced; 2 when runs failed or were stopped, so that a fact could not be judged. Ctrl-C judges the networks that are done.

Examples:
  depin sim check
  depin sim check helium render --runs 50
  depin sim check akash --strict
  depin sim check --json | jq -r '.facts[] | select(.verdict == \"missed\").id'";

#[derive(Clone, Debug, Args)]
pub struct SimCheckArgs {
    /// Networks that come along [default: all that facts are told of].
    #[arg(value_name = "NETWORK")]
    pub networks: Vec<String>,
    /// How many runs of each model.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: u32,
    /// All chance comes from it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Threads that make runs [default: one for each core].
    #[arg(long, value_name = "N")]
    pub workers: Option<NonZeroUsize>,
    /// Exit with 1 when any fact is not reproduced.
    #[arg(long)]
    pub strict: bool,
}
