//! Commands about the chain and its accounts.

use super::{AmountArg, Bytes, Who};
use clap::{Args, Subcommand};
use depin_quantity::UnitId;

pub(super) const EVENTS_AFTER: &str = "\
Without --from, the newest events are shown. With --json, --follow prints one JSON document per line and event.

Examples:
  depin events --limit 50
  depin events --follow
  depin events --kind deal-activated --follow
  depin events --account customer --from 0 --json";

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
  depin network show filecoin
  depin network show filecoin --json";

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
    /// Only events about this deal.
    #[arg(long, value_name = "ID")]
    pub deal: Option<UnitId>,
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
    /// Show a network's parameters: one that comes with this program, or the one that the node runs.
    #[command(
        after_help = "Examples:\n  depin network show filecoin\n  depin network show            what the running node uses"
    )]
    Show {
        /// Its name; the node's network when absent.
        name: Option<String>,
    },
}
