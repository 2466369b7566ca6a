//! Commands about the chain and its accounts.

use super::{AmountArg, Bytes, Who};
use clap::{Args, Subcommand};
use std::path::PathBuf;

pub(super) const EVENTS_AFTER: &str = "\
Without --from, the newest events are shown. With --json, --follow prints one JSON document per line and event.

Examples:
  depin events --limit 50
  depin events --follow
  depin events --kind deal-activated --follow
  depin events --account customer --from 0 --json";

pub(super) const EVIDENCE_AFTER: &str = "\
The file holds both encoded votes in hexadecimal, one on each line, or JSON with `first` and `second`.
Every node checks both signatures, and the validator loses what the network's file says. A node never
accuses by what it saw itself; whoever sends the evidence pays the transaction's fee.

Examples:
  depin evidence votes.txt
  depin evidence votes.json --from notary --json";

pub(super) const RANDOMNESS_AFTER: &str = "\
A chain of one validator that was begun with `depin up --randomness` draws lots and challenges by what this
brings, and not by its blocks. Every round goes up, none comes twice, one is taken per block; what a round
judges was fixed before it came. Anybody can compare `depin status --json | jq .chance.report` with the source.
A public source is drand (league of entropy): its rounds are a value every few seconds that nobody foresees.

Examples:
  depin randomness rounds.txt
  while sleep 30; do curl -s https://api.drand.sh/public/latest; echo; done | depin randomness";

pub(super) const ACCOUNT_AFTER: &str = "\
Examples:
  depin account list
  depin account show customer
  depin account show provider-1 --json";

pub(super) const TRANSFER_AFTER: &str = "\
Waits until the transfer is final. --to takes an address or the name of an account.

Examples:
  depin transfer --to provider-1 --amount \"1.5 FIL\"
  depin transfer --from notary --to depin1… --amount 10FIL";

pub(super) const NETWORK_AFTER: &str = "\
Examples:
  depin network show render
  depin network show ./mynet --json
  depin network compare
  depin network compare filecoin ./mynet";

pub(super) const NETWORKS_AFTER: &str = "\
Examples:
  depin networks
  depin networks --json | jq '.[].network'";

pub(super) const CHECK_AFTER: &str = "\
Prints each finding with its line, an excerpt, and what to do about it. Exits with 1 when there is an error; warnings alone are no error,
and a note is a gap for which the file itself gives the reason.

Examples:
  depin check mynet/network.toml
  depin check mynet
  depin check akash                one that comes along: its known gaps are notes
  depin check mynet --json | jq '.findings[].message'
  depin check --schema > depin.schema.json      then write #:schema ./depin.schema.json above the file, for editors";

#[derive(Clone, Debug, Args)]
pub struct AuditArgs {
    /// Show the digest of all rows too, to compare states or an export with; the node reads every row for it.
    #[arg(long)]
    pub content: bool,
}

#[derive(Clone, Debug, Args)]
pub struct EventsArgs {
    /// Keep printing events as they happen, until Ctrl-C.
    #[arg(long, short)]
    pub follow: bool,
    /// First position wanted.
    #[arg(long, value_name = "POSITION")]
    pub from: Option<u64>,
    /// Most events to print.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
    /// Only events of this kind, such as deal-accepted.
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Only events about this account.
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<Who>,
    /// Only events about this deal or order: its id, or the beginning of it.
    #[arg(long, visible_alias = "deal", value_name = "ID")]
    pub subject: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub struct VotesArgs {
    /// The file with the two votes.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Which key signs and pays the fee: a name from `depin wallet show`, or a key file.
    #[arg(long, value_name = "KEY", default_value = "customer")]
    pub from: String,
}

#[derive(Clone, Debug, Args)]
pub struct RandomnessArgs {
    /// A file of rounds, one a line: the round and its 32 bytes as 64 hexadecimal digits, or a beacon's JSON with `round` and
    /// `randomness`; `-` reads them as they come through a pipe.
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
    /// Which key signs and pays the fees: a name from `depin wallet show`, or a key file.
    #[arg(long, value_name = "KEY", default_value = "randomness")]
    pub from: String,
}

#[derive(Clone, Debug, Subcommand)]
pub enum AccountCommand {
    /// List accounts and their balances.
    #[command(after_help = "Examples:\n  depin account list\n  depin account list --json")]
    List {
        /// Most accounts to print.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Grant an account DataCap: verified deals, which count ten times as much for providers.
    #[command(after_help = "Examples:\n  depin account grant --to customer --size 1TiB")]
    Grant(GrantArgs),
    /// Show one account: balance, pledge, vesting rewards, claims, debt.
    #[command(after_help = "Examples:\n  depin account show customer\n  depin account show depin1… --json")]
    Show {
        /// Address or name.
        #[arg(value_name = "ACCOUNT")]
        who: Who,
    },
}

#[derive(Clone, Debug, Args)]
pub struct GrantArgs {
    /// Who gets it: an address, or the name of an account.
    #[arg(long, value_name = "ACCOUNT")]
    pub to: Who,
    /// How many bytes of verified deals.
    #[arg(long, value_name = "SIZE")]
    pub size: Bytes,
    /// Key of a notary: a name from `depin wallet show`, or a key file.
    #[arg(long, value_name = "KEY", default_value = "notary")]
    pub from: String,
}

#[derive(Clone, Debug, Args)]
pub struct TransferArgs {
    /// Who gets it: an address, or the name of an account.
    #[arg(long, value_name = "ACCOUNT")]
    pub to: Who,
    /// How much, such as "1.5 FIL".
    #[arg(long, value_name = "AMOUNT")]
    pub amount: AmountArg,
    /// Which key pays: a name from `depin wallet show`, or a key file.
    #[arg(long, value_name = "KEY", default_value = "customer")]
    pub from: String,
}

#[derive(Clone, Debug, Subcommand)]
pub enum NetworkCommand {
    /// Show a network in the shape of a comparison table (supply and distribution, incentive, utility and value flow), with sources.
    #[command(after_help = "Without a name, every figure of the network that the node runs is shown.\n\nExamples:\n  \
                            depin network show render\n  depin network show render --figures     every figure of its file\n  \
                            depin network show ./mynet              a custom folder\n  \
                            depin network show filecoin --overlay   as `depin up` starts it\n  \
                            depin network show                      what the running node uses")]
    Show {
        /// Its name, or the path of a network.toml or its folder; the node's network when absent.
        #[arg(value_name = "NAME|PATH")]
        name: Option<String>,
        /// Show every figure of the file, section by section.
        #[arg(long)]
        figures: bool,
        /// Show it with the overlay that `depin up` puts over it; the node's network has its own.
        #[arg(long, requires = "name")]
        overlay: bool,
        /// Show these rows of a named network alone, such as emission,collateral.
        #[arg(long, value_name = "ROWS", value_delimiter = ',', conflicts_with = "figures")]
        only: Vec<String>,
    },
    /// Compare networks side by side, in the same rows.
    #[command(
        after_help = "In a narrow terminal the networks stand below each other in each row. To page: depin network compare | less.\n\n\
                            Examples:\n  depin network compare\n  depin network compare --only emission,collateral\n  depin network compare render io.net\n  \
                            depin network compare filecoin ./mynet --json"
    )]
    Compare {
        /// Names, or paths of network files or folders; the five that come along when absent.
        #[arg(value_name = "NAME|PATH")]
        names: Vec<String>,
        /// Print below each figure where it comes from; the networks stand below each other then.
        #[arg(long)]
        sources: bool,
        /// Compare these rows alone, such as emission,collateral.
        #[arg(long, value_name = "ROWS", value_delimiter = ',')]
        only: Vec<String>,
    },
}
