//! Commands about a founder's own metered service.

use super::{AmountArg, Bytes, PlaceArgs, SpanArg, TextPath, TlsArgs, Who};
use clap::{ArgGroup, Args, Subcommand};
use depin_client::api::BatchStage;
use depin_quantity::{ContentHash, Name};
use std::{net::SocketAddr, path::PathBuf, str::FromStr};

pub(super) const AFTER: &str = "\
An order is named by its id or the beginning of it, a batch by its id or by its order and number:
3fa2b1/0. Whose key signs follows from what is done, and --from (or --as) names another.

Examples:
  depin metered operators
  depin metered quote provider-1 --units 1000
  depin metered order provider-1 --cap \"10 FIL\" --for 7d
  depin metered report 3fa2b1 --units 64 --id run-17 --evidence run-17.log
  depin metered dispute 3fa2b1/0 --accepted 60 --evidence missing.txt
  depin metered decide 3fa2b1/0 --counted 2";

#[derive(Clone, Debug, Subcommand)]
pub enum MeteredCommand {
    /// List operators: what they ask, what they delivered.
    #[command(after_help = "Examples:\n  depin metered operators\n  depin metered operators --json")]
    Operators,
    /// Say what units of an operator would cost now.
    #[command(after_help = "Examples:\n  depin metered quote provider-1 --units 1000\n  \
                            depin metered quote provider-1 --units 1000 --currency USDC --json")]
    Quote(MeteredQuoteArgs),
    /// Open an order: the most that it may cost is put up at once.
    #[command(after_help = "Examples:\n  depin metered order provider-1 --cap \"10 FIL\" --for 7d\n  \
                            depin metered order provider-1 --cap \"10 FIL\" --price \"0.002 USD\" --for 7d --as customer")]
    Order(OrderArgs),
    /// Put up more for an order.
    #[command(after_help = "Examples:\n  depin metered raise 3fa2b1 --by \"5 FIL\"")]
    Raise(RaiseArgs),
    /// End orders; what no batch holds comes back.
    #[command(after_help = "Examples:\n  depin metered close 3fa2b1\n  depin metered close 3fa2b1 --as provider-1\n  \
                            depin metered close --all --as provider-1")]
    Close(CloseArgs),
    /// Say which orders are too small for an operator: the least caps that it takes, one per currency; none takes any.
    #[command(after_help = "Examples:\n  depin metered least-caps \"1 FIL\" --as provider-1\n  \
                            depin metered least-caps --as provider-1")]
    LeastCaps(LeastCapsArgs),
    /// List orders.
    #[command(after_help = "Examples:\n  depin metered orders\n  depin metered orders --operator provider-1 --state open --json")]
    Orders(OrdersArgs),
    /// Show one order.
    #[command(after_help = "Examples:\n  depin metered show 3fa2b1\n  depin metered show 3fa2b1 --json")]
    Show(ShowOrderArgs),
    /// Report units that were delivered, in one batch. The same id with the same content changes nothing.
    #[command(after_help = "Examples:\n  depin metered report 3fa2b1 --units 64 --id run-17 --evidence run-17.log\n  \
                            depin metered report 3fa2b1 --units 64 --id run-17 --hash 9f86…0a08 --pointer https://tiles.example/run-17")]
    Report(ReportArgs),
    /// List an order's batches.
    #[command(after_help = "Examples:\n  depin metered batches 3fa2b1\n  depin metered batches 3fa2b1 --state disputed\n  \
                            depin metered batches 3fa2b1 --newest --limit 10 --json")]
    Batches(BatchesArgs),
    /// List disputes that are not decided.
    #[command(after_help = "Examples:\n  depin metered disputes\n  depin metered disputes --json")]
    Disputes,
    /// Dispute a batch: the accepted units are paid, the others wait. A deposit is put up.
    #[command(after_help = "Examples:\n  depin metered dispute 3fa2b1/0 --accepted 60 --evidence missing.txt")]
    Dispute(DisputeArgs),
    /// Stand by a disputed batch, as its operator. A deposit is put up.
    #[command(after_help = "Examples:\n  depin metered answer 3fa2b1/0 --evidence proof.log")]
    Answer(AnswerArgs),
    /// Give a dispute up, as its operator: none of the contested units count.
    #[command(after_help = "Examples:\n  depin metered concede 3fa2b1/0")]
    Concede(OneBatchArgs),
    /// Decide an answered dispute, as the arbiter.
    #[command(after_help = "Examples:\n  depin metered decide 3fa2b1/0 --counted 2\n  depin metered decide 3fa2b1/0 --counted 0")]
    Decide(DecideArgs),
}

#[derive(Clone, Debug, Args)]
pub struct Signer {
    /// Which key signs: a name from `depin wallet show`, or a key file [default: whose it is to do].
    #[arg(long, visible_alias = "as", value_name = "KEY")]
    pub from: Option<String>,
}

#[derive(Clone, Debug, Args)]
#[command(group(ArgGroup::new("what-shows-it").required(true).args(["evidence", "hash"])))]
pub struct EvidenceArgs {
    /// A file whose SHA-256 is the evidence; the file stays with you.
    #[arg(long, value_name = "FILE")]
    pub evidence: Option<PathBuf>,
    /// The SHA-256 itself, 64 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    pub hash: Option<ContentHash>,
    /// Where the evidence can be fetched.
    #[arg(long, value_name = "URL")]
    pub pointer: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub struct MeteredQuoteArgs {
    /// Who is to deliver.
    pub operator: Who,
    /// How many units.
    #[arg(long, value_name = "N")]
    pub units: u64,
    /// The token to pay in [default: the usual one].
    #[arg(long, value_name = "TOKEN")]
    pub currency: Option<Name>,
}

#[derive(Clone, Debug, Args)]
pub struct OrderArgs {
    /// Who is to deliver.
    pub operator: Who,
    /// The most that all of it may cost.
    #[arg(long, value_name = "AMOUNT")]
    pub cap: AmountArg,
    /// The most that one unit may cost [default: what the operator asks now].
    #[arg(long, value_name = "AMOUNT")]
    pub price: Option<AmountArg>,
    /// How long units can be reported, in ledger time.
    #[arg(long = "for", value_name = "TIME")]
    pub open_for: SpanArg,
    /// Who reports instead of the operator, where the network has no reporter.
    #[arg(long, value_name = "ACCOUNT")]
    pub reporter: Option<Who>,
    #[command(flatten)]
    pub signer: Signer,
}

#[derive(Clone, Debug, Args)]
pub struct RaiseArgs {
    /// The order.
    pub order: String,
    /// How much more.
    #[arg(long, value_name = "AMOUNT")]
    pub by: AmountArg,
    #[command(flatten)]
    pub signer: Signer,
}

#[derive(Clone, Debug, Args)]
pub struct CloseArgs {
    /// The orders; several are ended by one message for each 64.
    #[arg(required_unless_present = "all", value_name = "ORDER")]
    pub orders: Vec<String>,
    /// Every open order of whoever signs, as its operator or its customer.
    #[arg(long, conflicts_with = "orders", requires = "from")]
    pub all: bool,
    #[command(flatten)]
    pub signer: Signer,
}

#[derive(Clone, Debug, Args)]
pub struct LeastCapsArgs {
    /// The least caps.
    #[arg(value_name = "AMOUNT")]
    pub caps: Vec<AmountArg>,
    /// Which operator's key signs: a name from `depin wallet show`, or a key file.
    #[arg(long, visible_alias = "as", value_name = "KEY")]
    pub from: String,
}

#[derive(Clone, Debug, Args)]
pub struct ShowOrderArgs {
    /// The order.
    pub order: String,
}

#[derive(Clone, Debug, Args)]
pub struct OrdersArgs {
    /// Only of this customer.
    #[arg(long, value_name = "ACCOUNT")]
    pub customer: Option<Who>,
    /// Only of this operator.
    #[arg(long, value_name = "ACCOUNT")]
    pub operator: Option<Who>,
    /// Only those that stand there.
    #[arg(long, value_name = "STATE", value_parser = ["open", "ending", "closed"])]
    pub state: Option<String>,
    /// Most orders to print.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
}

#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// The order.
    pub order: String,
    /// How many units.
    #[arg(long, value_name = "N")]
    pub units: u64,
    /// Your own id of this batch, such as the number of an invoice.
    #[arg(long, value_name = "TEXT")]
    pub id: String,
    #[command(flatten)]
    pub evidence: EvidenceArgs,
    #[command(flatten)]
    pub signer: Signer,
}

#[derive(Clone, Debug, Args)]
pub struct BatchesArgs {
    /// The order.
    pub order: String,
    /// Only those that stand there.
    #[arg(long, value_name = "STATE")]
    pub state: Option<StageArg>,
    /// The number of the first one to look at.
    #[arg(long, value_name = "NUMBER", conflicts_with = "newest")]
    pub from: Option<u32>,
    /// The last ones, newest first.
    #[arg(long)]
    pub newest: bool,
    /// Most batches to print, at most 1000.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
}

/// How far a batch is.
#[derive(Clone, Copy, Debug)]
pub struct StageArg(pub BatchStage);

impl FromStr for StageArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(match text {
            "pending" => BatchStage::Pending,
            "disputed" => BatchStage::Disputed,
            "settled" => BatchStage::Settled,
            _ => return Err("a batch is pending, disputed or settled".to_owned()),
        }))
    }
}

#[derive(Clone, Debug, Args)]
pub struct DisputeArgs {
    /// The batch.
    pub batch: String,
    /// How many of its units were delivered.
    #[arg(long, value_name = "N")]
    pub accepted: u64,
    #[command(flatten)]
    pub evidence: EvidenceArgs,
    #[command(flatten)]
    pub signer: Signer,
}

#[derive(Clone, Debug, Args)]
pub struct AnswerArgs {
    /// The batch.
    pub batch: String,
    #[command(flatten)]
    pub evidence: EvidenceArgs,
    #[command(flatten)]
    pub signer: Signer,
}

#[derive(Clone, Debug, Args)]
pub struct OneBatchArgs {
    /// The batch.
    pub batch: String,
    #[command(flatten)]
    pub signer: Signer,
}

#[derive(Clone, Debug, Args)]
pub struct DecideArgs {
    /// The batch.
    pub batch: String,
    /// How many of the contested units count.
    #[arg(long, value_name = "N")]
    pub counted: u64,
    #[command(flatten)]
    pub signer: Signer,
}

pub(super) const PROVIDER_AFTER: &str = "\
The operator registers itself with its price, keeps its pledge topped up, answers disputes by its
policy and claims rewards. Delivering is your own software's affair. Its key is made on the first
start and kept in its folder; the account needs tokens for fees, pledge and deposits.

Examples:
  depin provider metered --name tiler --ask \"0.001 USD\" --node http://192.0.2.7:4610
  depin provider metered --name tiler --ask \"0.01 AKT\" --ask \"0.02 USDC\" --disputes stand-by \\
      --deposit-most \"50 AKT\" --listen 0.0.0.0:4700 --url http://203.0.113.5:4700 --node http://192.0.2.7:4610";

/// What an operator does about disputes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum PolicyArg {
    /// Stand by reports, with deposits up to --deposit-most in all.
    StandBy,
    /// Give all disputes up.
    Concede,
    /// Leave them to you: `depin metered answer` or `concede`.
    Ask,
}

#[derive(Clone, Debug, Args)]
pub struct ProviderMeteredArgs {
    /// Name for people.
    #[arg(long, value_name = "NAME", default_value = "operator")]
    pub name: Name,
    /// Price of one unit, once per currency; none where the network sets the price.
    #[arg(long, value_name = "AMOUNT")]
    pub ask: Vec<AmountArg>,
    /// What is done about disputes.
    #[arg(long, value_enum, default_value = "ask")]
    pub disputes: PolicyArg,
    /// Most that is put up to stand by reports, in all open disputes together; those above it are left to you.
    #[arg(long, value_name = "AMOUNT", required_if_eq("disputes", "stand-by"))]
    pub deposit_most: Option<AmountArg>,
    #[command(flatten)]
    pub place: PlaceArgs,
}

pub(super) const GATEWAY_AFTER: &str = "\
Your own software opens orders and reports units through it, with the key that is printed. Orders are
paid by the account of --key-file, reports signed by that of --reporter-key-file, which must be the
network's reporter where the network has one.

Examples:
  depin gateway metered --node http://127.0.0.1:4610 --key-file ./customer.key --reporter-key-file ./meter.key
  depin gateway metered --node http://192.0.2.7:4610 --dir /data/metering --listen 127.0.0.1:4800";

#[derive(Clone, Debug, Args)]
pub struct GatewayMeteredArgs {
    /// Folder of the store and the keys.
    #[arg(long, value_name = "DIR", default_value = "./metering", value_parser = TextPath)]
    pub dir: PathBuf,
    /// Address that it listens on.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// How long reports are kept once they are settled or refused; as long, their ids stay the same report.
    #[arg(long, value_name = "TIME", default_value = "90d")]
    pub keep: SpanArg,
    /// Free space to keep on the disk; below it nothing is taken [default: 512MiB, a fifth of a small disk].
    #[arg(long, value_name = "SIZE")]
    pub disk_floor: Option<Bytes>,
    /// Key file of the customer's account, which pays [default: DIR/customer.key, made on the first start].
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub key_file: Option<PathBuf>,
    /// Key file of the account that reports [default: DIR/reporter.key, made on the first start].
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub reporter_key_file: Option<PathBuf>,
    /// Begin a new store where DIR's own was lost; what is left of it is kept beside it.
    #[arg(long)]
    pub new_store: bool,
    #[command(flatten)]
    pub tls: TlsArgs,
}
