//! `depin lease`.

use super::SpanArg;
use clap::{Args, Subcommand};

pub(super) const AFTER: &str = "\
A deployment file says which containers are to run, what they need and what they may cost (Akash's SDL 2.0 and 2.1).

Examples:
  depin lease check deploy.yaml
  depin lease check deploy.yaml --manifest > manifest.json";

const CHECK_AFTER: &str = "\
Prints each finding with its line and what to do, then what would be ordered, the manifest's hash, and what it costs at most. All errors are \
told at once. Exits with 1 when there is one; warnings are what Akash passes over in silence, and no error but with --strict. Needs no network.

A month is 30.437 days. Akash's providers count 429,909 blocks of 6.117 s in it; --block-time counts others.

Examples:
  depin lease check deploy.yaml
  cat deploy.yaml | depin lease check -
  depin lease check deploy.yaml --block-time 6s
  depin lease check deploy.yaml --json | jq -r .manifest_hash
  depin lease check deploy.yaml --manifest | jq '.[].services[].image'";

#[derive(Clone, Debug, Subcommand)]
pub enum LeaseCommand {
    /// Check a deployment file: verdict, what it orders, its manifest's hash, and what it costs at most.
    #[command(after_help = CHECK_AFTER)]
    Check(LeaseCheckArgs),
}

#[derive(Clone, Debug, Args)]
pub struct LeaseCheckArgs {
    /// The deployment file; `-` reads standard input.
    #[arg(value_name = "FILE|-")]
    pub file: String,
    /// Print the manifest that providers get, as JSON, and nothing else.
    #[arg(long, conflicts_with = "json")]
    pub manifest: bool,
    /// Refuse a file with warnings too.
    #[arg(long)]
    pub strict: bool,
    /// Length of a block, for the cost of a month [default: 6.117s].
    #[arg(long, value_name = "SPAN")]
    pub block_time: Option<SpanArg>,
}
