//! Commands about stored files and their deals.

use super::{Bytes, Copies, ObjectPath, SpanArg, TextPath, Who};
use clap::{Args, Subcommand};
use std::path::PathBuf;

pub(super) const AFTER: &str = "\
list, put and get talk to the S3 gateway of the home; the others to the node.

Examples:
  depin storage put report.pdf docs/report.pdf
  depin storage list
  depin storage get docs/report.pdf copy.pdf
  depin storage quote --size 1TiB --for 365d
  depin storage deals --state active";

#[derive(Clone, Debug, Subcommand)]
pub enum StorageCommand {
    /// Say what storing costs, in tokens and in dollars.
    #[command(
        after_help = "Examples:\n  depin storage quote --size 1TiB --for 365d\n  depin storage quote --size 50GB --for 180d --copies 4-of-6"
    )]
    Quote(QuoteArgs),
    /// List stored files: size, state, paid until when, and how long the funds last.
    #[command(visible_alias = "ls", after_help = "Examples:\n  depin storage list\n  depin storage list docs/2026/ --json")]
    List(ListArgs),
    /// Store a file.
    #[command(after_help = "Examples:\n  depin storage put report.pdf docs/report.pdf\n  depin storage put report.pdf docs/\n  \
                            tar c src | depin storage put - backup/src.tar")]
    Put(PutArgs),
    /// Read a file back.
    #[command(after_help = "Examples:\n  depin storage get docs/report.pdf\n  depin storage get docs/report.pdf copy.pdf\n  \
                            depin storage get backup/src.tar - | tar t")]
    Get(GetArgs),
    /// List deals: one piece with one provider for one term.
    #[command(after_help = "Examples:\n  depin storage deals\n  depin storage deals --provider provider-2 --state active\n  \
                            depin storage deals --limit 1000 --json")]
    Deals(DealsArgs),
    /// Show the providers' data sets, each of one client: proofs answered and missed, next deadline.
    #[command(after_help = "Examples:\n  depin storage proofs\n  depin storage proofs --provider provider-1 --json")]
    Proofs(ProofsArgs),
    /// Let running deals be paid what is due now, instead of at their next proof; anybody may.
    #[command(after_help = "Examples:\n  depin storage settle\n  depin storage settle --provider provider-1 --json")]
    Settle(SettleArgs),
    /// List providers: capacity, deals, price.
    #[command(after_help = "Examples:\n  depin storage providers\n  depin storage providers --json")]
    Providers,
    /// List what is faulty: sectors on the ledger, and shards that the gateway could not read.
    #[command(after_help = "Examples:\n  depin storage faults\n  depin storage faults --provider provider-3")]
    Faults(FaultsArgs),
}

#[derive(Clone, Debug, Args)]
pub struct SettleArgs {
    /// Only deals with this provider.
    #[arg(long, value_name = "ACCOUNT")]
    pub provider: Option<Who>,
    /// Which key sends it and pays the fee: a name from `depin wallet show`, or a key file.
    #[arg(long, value_name = "KEY", default_value = "customer")]
    pub from: String,
}

#[derive(Clone, Debug, Args)]
pub struct QuoteArgs {
    /// How much data.
    #[arg(long, value_name = "SIZE")]
    pub size: Bytes,
    /// For how long, in ledger time.
    #[arg(long = "for", value_name = "TIME")]
    pub term: SpanArg,
    /// Redundancy: shards that are enough, and shards stored.
    #[arg(long, value_name = "K-of-N", default_value = "2-of-3")]
    pub copies: Copies,
}

#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// Bucket, or bucket and prefix; everything when absent.
    #[arg(value_name = "BUCKET/PREFIX")]
    pub path: Option<ObjectPath>,
    /// Most files to print.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub limit: u32,
}

#[derive(Clone, Debug, Args)]
pub struct PutArgs {
    /// The file; `-` for standard input.
    pub file: PathBuf,
    /// Where to: bucket and key; the file's own name is added behind a final slash. The bucket is made when it is missing.
    #[arg(value_name = "BUCKET/KEY")]
    pub to: ObjectPath,
}

#[derive(Clone, Debug, Args)]
pub struct GetArgs {
    /// Bucket and key.
    #[arg(value_name = "BUCKET/KEY")]
    pub from: ObjectPath,
    /// Where to; the key's last part when absent, `-` for standard output. An existing file is kept unless --force is given.
    #[arg(value_parser = TextPath)]
    pub file: Option<PathBuf>,
    /// Replace an existing file.
    #[arg(long)]
    pub force: bool,
}

#[derive(Clone, Debug, Args)]
pub struct DealsArgs {
    /// Only deals that this account pays for.
    #[arg(long, value_name = "ACCOUNT")]
    pub client: Option<Who>,
    /// Only deals of this provider.
    #[arg(long, value_name = "ACCOUNT")]
    pub provider: Option<Who>,
    /// Only deals in this state.
    #[arg(long, value_name = "STATE", value_parser = ["proposed", "accepted", "active", "faulty", "refused", "expired", "ended"])]
    pub state: Option<String>,
    /// Most deals to print.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
}

#[derive(Clone, Debug, Args)]
pub struct ProofsArgs {
    /// Only data sets of this provider.
    #[arg(long, value_name = "ACCOUNT")]
    pub provider: Option<Who>,
}

#[derive(Clone, Debug, Args)]
pub struct FaultsArgs {
    /// Only faults of this provider.
    #[arg(long, value_name = "ACCOUNT")]
    pub provider: Option<Who>,
}
