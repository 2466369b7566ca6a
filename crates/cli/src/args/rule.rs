//! `depin rule`.

use clap::{Args, Subcommand};

pub(super) const AFTER: &str = "\
A rule card is one rule of a network: words, formula, units, rounding, source, and a worked example that is a test. The function that
the card shows is the one that runs.

Examples:
  depin rule list --network filecoin
  depin rule show FIL-EM-2
  depin rule eval FIL-EM-2 --input '{\"epoch\": 5000}'";

const LIST_AFTER: &str = "\
Examples:
  depin rule list
  depin rule list --network helium
  depin rule list --json | jq -r '.rules[].id'";

const SHOW_AFTER: &str = "\
Examples:
  depin rule show FIL-PL-2
  depin rule show HNT-EM-7 --json";

const EVAL_AFTER: &str = "\
--input takes one JSON object, @FILE, or - for standard input. Files and standard input have an object on every line; each gives a line
of outputs. A line that is refused gives an error object with its number on standard error instead, and the exit code is 1 at the end.
Numbers of more than 19 digits, decimals and shares are written as text; whole numbers of the outputs are text always.

Examples:
  depin rule eval FIL-EM-2 --input '{\"epoch\": 5000}'
  depin rule eval HNT-PAY-1 --input @packets.jsonl
  seq 0 4 | sed 's/.*/{\"epoch\": &}/' | depin rule eval FIL-EM-2 --input -";

#[derive(Clone, Debug, Subcommand)]
pub enum RuleCommand {
    /// List rules, a line each.
    #[command(after_help = LIST_AFTER)]
    List {
        /// Only rules of this network, and general ones.
        #[arg(long, value_name = "NETWORK")]
        network: Option<String>,
    },
    /// Show a rule's card.
    #[command(after_help = SHOW_AFTER)]
    Show {
        /// Its id, such as FIL-EM-2.
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Run a rule on inputs of your own.
    #[command(after_help = EVAL_AFTER)]
    Eval(EvalArgs),
}

#[derive(Clone, Debug, Args)]
pub struct EvalArgs {
    /// The rule's id, such as FIL-EM-2.
    #[arg(value_name = "ID")]
    pub id: String,
    /// Its inputs: a JSON object, @FILE, or - for standard input.
    #[arg(long, value_name = "JSON|@FILE|-")]
    pub input: String,
}
