//! Commands about keys.

use super::TextPath;
use clap::{Args, Subcommand, builder::PossibleValuesParser, builder::TypedValueParser as _};
use depin_client::Words;
use depin_quantity::Name;
use std::path::PathBuf;

pub(super) const AFTER: &str = "\
Keys lie in HOME/wallet, one file each, readable by their owner only. They follow from a phrase of 12 or 24 words (BIP-39, SLIP-0010, \
path m/44'/461'/ACCOUNT'/0'). A passphrase locks them (Argon2id, XChaCha20-Poly1305): it is asked for at a terminal, and daemons read \
it from the file that --passphrase-file or DEPIN_PASSPHRASE_FILE names.

Examples:
  depin wallet show
  depin wallet new savings --passphrase
  depin wallet import savings < phrase.txt
  depin wallet lock                            a passphrase for all keys of this home";

#[derive(Clone, Debug, Subcommand)]
pub enum WalletCommand {
    /// Make a new phrase and its first key. The phrase is shown once: write it down.
    #[command(after_help = "\
The phrase is shown on a terminal only; elsewhere it is written beside the key, to FILE.phrase, for its owner alone.

Examples:
  depin wallet new savings
  depin wallet new savings --words 12 --passphrase
  depin wallet new savings --phrase-out /media/stick/savings.phrase")]
    New(NewArgs),
    /// Make a key from a phrase that is read from standard input or a file.
    #[command(after_help = "Examples:\n  depin wallet import savings < phrase.txt\n  \
                            depin wallet import second --account 1 --passphrase --phrase-file phrase.txt")]
    Import(ImportArgs),
    /// List keys and their addresses. Needs no passphrase.
    #[command(after_help = "Examples:\n  depin wallet show\n  depin wallet show customer\n  depin wallet show --phrase")]
    Show(ShowArgs),
    /// Print a secret key, or write it to a file, without its passphrase.
    #[command(after_help = "\
It is printed on a terminal only, after it was said what it is; --out writes a key file for its owner alone.

Examples:
  depin wallet export savings
  depin wallet export savings --out /media/stick/savings.key
  depin wallet export --file ./garage/key")]
    Export(ExportArgs),
    /// Lock keys with a passphrase: one, or all of this home with its phrase, the validator's and the gateway's key.
    #[command(after_help = "\
Without a name all of the home's are locked. The keys stay the same; a process that runs goes on, and its next start asks.

Examples:
  depin wallet lock
  depin wallet lock savings
  depin wallet lock --file ./garage/key --passphrase-file /run/secrets/garage")]
    Lock(WhichArgs),
    /// Take the passphrase away again.
    #[command(after_help = "Examples:\n  depin wallet unlock\n  depin wallet unlock savings")]
    Unlock(WhichArgs),
    /// Change the passphrase of locked keys.
    #[command(after_help = "Examples:\n  depin wallet passphrase\n  depin wallet passphrase savings\n  \
                            depin wallet passphrase --passphrase-file old.txt --new-passphrase-file new.txt")]
    Passphrase(PassphraseArgs),
}

#[derive(Clone, Debug, Args)]
pub struct NewArgs {
    /// Name of the key.
    #[arg(default_value = "main")]
    pub name: Name,
    /// Write the key to this file instead of HOME/wallet/NAME.key.
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub file: Option<PathBuf>,
    /// How many words the phrase has.
    #[arg(long, value_name = "N", default_value = "24", value_parser = words())]
    pub words: Words,
    /// Write the words to this file, for its owner alone, and show them nowhere.
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub phrase_out: Option<PathBuf>,
    /// Lock the key file with a passphrase.
    #[arg(long)]
    pub passphrase: bool,
}

fn words() -> impl clap::builder::TypedValueParser<Value = Words> {
    PossibleValuesParser::new(["12", "24"]).map(|count| if count == "12" { Words::Twelve } else { Words::TwentyFour })
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
    /// Read the words from this file, locked or not, instead of standard input.
    #[arg(long, value_name = "FILE")]
    pub phrase_file: Option<PathBuf>,
    /// Lock the key file with a passphrase.
    #[arg(long)]
    pub passphrase: bool,
}

#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// Only this key.
    pub name: Option<Name>,
    /// Print the phrase of the home's development accounts, on a terminal only. Whoever reads it owns them.
    #[arg(long, conflicts_with = "name")]
    pub phrase: bool,
    /// Write the phrase to this file, for its owner alone, instead.
    #[arg(long, value_name = "FILE", requires = "phrase", value_parser = TextPath)]
    pub out: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// Name of the key.
    #[arg(required_unless_present = "file")]
    pub name: Option<Name>,
    /// The key in this file.
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    pub file: Option<PathBuf>,
    /// Write it to this new file, for its owner alone, instead of printing it.
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub out: Option<PathBuf>,
    /// Do not ask before printing.
    #[arg(long)]
    pub yes: bool,
}

#[derive(Clone, Debug, Args)]
pub struct WhichArgs {
    /// Only this key.
    pub name: Option<Name>,
    /// Only the key in this file.
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    pub file: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub struct PassphraseArgs {
    #[command(flatten)]
    pub which: WhichArgs,
    /// File that holds the new passphrase; it is asked for where none is named.
    #[arg(long, value_name = "FILE")]
    pub new_passphrase_file: Option<PathBuf>,
}
