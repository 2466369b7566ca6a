//! Commands about keys.

use super::TextPath;
use clap::{Args, Subcommand};
use depin_quantity::Name;
use std::path::PathBuf;

pub(super) const AFTER: &str = "\
Keys lie in HOME/wallet, one file each, readable by their owner only. They follow from a phrase of 24 words (BIP-39, SLIP-0010, \
path m/44'/461'/ACCOUNT'/0').

Examples:
  depin wallet show
  depin wallet new savings
  depin wallet import savings < phrase.txt";

#[derive(Clone, Debug, Subcommand)]
pub enum WalletCommand {
    /// Make a new phrase and its first key. The phrase is shown once: write it down.
    #[command(after_help = "Examples:\n  depin wallet new savings\n  depin wallet new savings --json")]
    New(NewArgs),
    /// Make a key from a phrase that is read from standard input.
    #[command(
        after_help = "Examples:\n  depin wallet import savings < phrase.txt\n  depin wallet import second --account 1 < phrase.txt"
    )]
    Import(ImportArgs),
    /// List keys and their addresses.
    #[command(after_help = "Examples:\n  depin wallet show\n  depin wallet show customer\n  depin wallet show --phrase")]
    Show(ShowArgs),
}

#[derive(Clone, Debug, Args)]
pub struct NewArgs {
    /// Name of the key.
    #[arg(default_value = "main")]
    pub name: Name,
    /// Write the key to this file instead of HOME/wallet/NAME.key.
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub file: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// Name of the key.
    #[arg(default_value = "main")]
    pub name: Name,
    /// Which account of the phrase.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub account: u32,
    /// Write the key to this file instead of HOME/wallet/NAME.key.
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub file: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// Only this key.
    pub name: Option<Name>,
    /// Print the phrase of the home's development accounts. Whoever reads it owns them.
    #[arg(long, conflicts_with = "name")]
    pub phrase: bool,
}
