//! Commands of those who hire clusters, and of whoever looks at devices and their hours.

use super::{AmountArg, Bytes, Who, metered::Signer};
use clap::{Args, Subcommand, ValueEnum};
use depin_quantity::Name;
use depin_services::clusters::ClusterKind;

pub(super) const AFTER: &str = "\
A device, a hire and a job are named by their ids or the beginning of them. The hirer's key signs (--from, default: customer).
Nothing that an owner says of a device is proved but its processors and memory, hour by hour; the rest is shown as reported.

Examples:
  depin cluster devices
  depin cluster hire --devices 3 --hours 2 --kind ray --pay IO --max \"10 IO\"
  depin cluster job submit 3fa2b1 -- python3 -c \"import ray; ray.init(); print(ray.nodes())\"
  depin cluster job logs 3fa2b1 raysubmit_a1 -f
  depin cluster extend 3fa2b1 --hours 1
  depin cluster end 3fa2b1";

#[derive(Clone, Debug, Subcommand)]
pub enum ClusterCommand {
    /// List devices: what they proved, what they are hired for, what they ask.
    #[command(after_help = "Examples:\n  depin cluster devices\n  depin cluster devices --owner alice --json")]
    Devices(ClusterDevicesArgs),
    /// Look at one device.
    #[command(subcommand, after_help = "Examples:\n  depin cluster device show 3fa2b1")]
    Device(ClusterDeviceCommand),
    /// List hours, which io.net calls blocks: how many devices were nominated, passed and failed.
    #[command(after_help = "Examples:\n  depin cluster blocks\n  depin cluster blocks --json")]
    Blocks,
    /// List the devices that are checked in an hour.
    #[command(after_help = "Examples:\n  depin cluster nominations\n  depin cluster nominations --block 1042")]
    Nominations(ClusterNominationsArgs),
    /// List the hours that devices passed, with what each scored.
    #[command(after_help = "Examples:\n  depin cluster rewards\n  depin cluster rewards --owner alice --json")]
    Rewards(ClusterHistoryArgs),
    /// List accusations, and hours that devices failed.
    #[command(after_help = "Examples:\n  depin cluster slashes\n  depin cluster slashes --owner alice")]
    Slashes(ClusterHistoryArgs),
    /// Hire devices together: quote, escrow, and the time until the cluster works.
    #[command(after_help = "\
Whoever runs a device sees what runs on it: devices are strangers'.

Examples:
  depin cluster hire --devices 3 --hours 2 --kind ray --pay IO --max \"10 IO\"
  depin cluster hire --devices 2 --hours 1 --kind process --pay USDC -- /usr/bin/python3 -m http.server 20010
  depin cluster hire --devices 3 --hours 2 --quote --json")]
    Hire(ClusterHireArgs),
    /// List hires.
    #[command(after_help = "Examples:\n  depin cluster list\n  depin cluster list --hirer customer --json")]
    List(ClusterListArgs),
    /// Show one hire with its devices.
    #[command(after_help = "Examples:\n  depin cluster show 3fa2b1")]
    Show(ClusterHireName),
    /// Submit, list, read and stop jobs of a Ray cluster.
    #[command(subcommand, after_help = "Examples:\n  depin cluster job list 3fa2b1")]
    Job(ClusterJobCommand),
    /// Print the address of the dashboard and the Jobs API, and a token for them, which is good for an hour at most.
    #[command(after_help = "\
Whoever has the token runs code on the cluster.

Examples:
  depin cluster dashboard 3fa2b1
  depin cluster dashboard 3fa2b1 --json")]
    Dashboard(ClusterReachArgs),
    /// Keep the devices of a hire longer, at the rates of its beginning.
    #[command(after_help = "Examples:\n  depin cluster extend 3fa2b1 --hours 1")]
    Extend(ClusterExtendArgs),
    /// Take another device for one that was lost. A running cluster begins anew with it.
    #[command(after_help = "Examples:\n  depin cluster replace 3fa2b1 --slot 1 --device 77ab")]
    Replace(ClusterReplaceArgs),
    /// End a hire: hours that began are paid, the rest comes back.
    #[command(after_help = "Examples:\n  depin cluster end 3fa2b1")]
    End(ClusterEndArgs),
}

#[derive(Clone, Debug, Subcommand)]
pub enum ClusterDeviceCommand {
    /// Show one device: its claim, its hours, why it failed some.
    #[command(after_help = "Examples:\n  depin cluster device show 3fa2b1\n  depin cluster device show 3fa2b1 --json")]
    Show(ClusterDeviceArgs),
}

#[derive(Clone, Debug, Subcommand)]
pub enum ClusterJobCommand {
    /// Run a command on a cluster, as a job of Ray.
    #[command(after_help = "\
The command runs on the cluster's head, where no file of yours is: `ray job submit --working-dir DIR` with the address and the token
of `depin cluster dashboard` takes files along.

Examples:
  depin cluster job submit 3fa2b1 -- python3 -c \"import ray; ray.init(); print(ray.nodes())\"")]
    Submit(ClusterSubmitArgs),
    /// List the jobs of a cluster.
    #[command(after_help = "Examples:\n  depin cluster job list 3fa2b1\n  depin cluster job list 3fa2b1 --json")]
    List(ClusterReachArgs),
    /// Print what a job printed.
    #[command(
        after_help = "Examples:\n  depin cluster job logs 3fa2b1 raysubmit_a1\n  depin cluster job logs 3fa2b1 raysubmit_a1 -f"
    )]
    Logs(ClusterLogsArgs),
    /// Stop a job.
    #[command(after_help = "Examples:\n  depin cluster job stop 3fa2b1 raysubmit_a1")]
    Stop(ClusterJobArgs),
}

#[derive(Clone, Debug, Args)]
pub struct ClusterDevicesArgs {
    /// Only those of this owner.
    #[arg(long, value_name = "WHO")]
    pub owner: Option<Who>,
    /// Only those that can be hired now.
    #[arg(long)]
    pub free: bool,
}

#[derive(Clone, Debug, Args)]
pub struct ClusterDeviceArgs {
    /// The device.
    pub device: String,
}

#[derive(Clone, Debug, Args)]
pub struct ClusterNominationsArgs {
    /// The hour's number [default: the one that runs].
    #[arg(long, value_name = "N")]
    pub block: Option<u64>,
}

#[derive(Clone, Debug, Args)]
pub struct ClusterHistoryArgs {
    /// Only of this owner's devices.
    #[arg(long, value_name = "WHO")]
    pub owner: Option<Who>,
}

/// What a cluster runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClusterKindArg {
    /// Ray.
    Ray,
    /// The same program on every device.
    Process,
}

impl From<ClusterKindArg> for ClusterKind {
    fn from(kind: ClusterKindArg) -> Self {
        match kind {
            ClusterKindArg::Ray => Self::Ray,
            ClusterKindArg::Process => Self::Processes,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub struct ClusterHireArgs {
    /// How many devices.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=32))]
    pub devices: u32,
    /// For how many hours of ledger time.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub hours: u32,
    /// What the cluster runs.
    #[arg(long, value_enum, default_value = "ray")]
    pub kind: ClusterKindArg,
    /// What is paid in.
    #[arg(long, value_name = "TOKEN", default_value = "IO")]
    pub pay: Name,
    /// The most that the whole hire may cost [default: what the cheapest devices cost].
    #[arg(long, value_name = "AMOUNT")]
    pub max: Option<AmountArg>,
    /// Passed hours among all that a device must have, thousandths.
    #[arg(long, value_name = "N", default_value = "0", value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub min_reliability: u32,
    /// Points that a device must have scored in all its hours.
    #[arg(long, value_name = "N", default_value = "0")]
    pub min_score: u128,
    /// Processors that each device must have.
    #[arg(long, value_name = "N", default_value = "1")]
    pub processors: u32,
    /// Memory that each device must have.
    #[arg(long, value_name = "SIZE", default_value = "1MiB")]
    pub memory: Bytes,
    /// Disk that each device must report.
    #[arg(long, value_name = "SIZE")]
    pub disk: Option<Bytes>,
    /// Say what it would cost, and hire nothing.
    #[arg(long)]
    pub quote: bool,
    /// Return once the hire is on the ledger.
    #[arg(long)]
    pub detach: bool,
    /// Connect to devices at private and loopback addresses too.
    #[arg(long)]
    pub local_network: bool,
    #[command(flatten)]
    pub signer: Signer,
    /// The program that every device runs, of those of its `/usr`; only with --kind process.
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub struct ClusterListArgs {
    /// Only those of this hirer.
    #[arg(long, value_name = "WHO")]
    pub hirer: Option<Who>,
}

#[derive(Clone, Debug, Args)]
pub struct ClusterHireName {
    /// The hire.
    pub hire: String,
}

#[derive(Clone, Debug, Args)]
pub struct ClusterReachArgs {
    /// The hire.
    pub hire: String,
    /// Connect to devices at private and loopback addresses too.
    #[arg(long)]
    pub local_network: bool,
    #[command(flatten)]
    pub signer: Signer,
}

#[derive(Clone, Debug, Args)]
pub struct ClusterSubmitArgs {
    #[command(flatten)]
    pub reach: ClusterReachArgs,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub struct ClusterJobArgs {
    #[command(flatten)]
    pub reach: ClusterReachArgs,
    /// The job, as `depin cluster job list` has it.
    pub job: String,
}

#[derive(Clone, Debug, Args)]
pub struct ClusterLogsArgs {
    #[command(flatten)]
    pub of: ClusterJobArgs,
    /// Go on until the job is over.
    #[arg(long, short)]
    pub follow: bool,
}

#[derive(Clone, Debug, Args)]
pub struct ClusterExtendArgs {
    /// The hire.
    pub hire: String,
    /// How many hours more.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub hours: u32,
    #[command(flatten)]
    pub signer: Signer,
}

#[derive(Clone, Debug, Args)]
pub struct ClusterReplaceArgs {
    /// The hire.
    pub hire: String,
    /// The lost device's number in the hire.
    #[arg(long, value_name = "N")]
    pub slot: u32,
    /// The other device.
    #[arg(long, value_name = "DEVICE")]
    pub device: String,
    #[command(flatten)]
    pub signer: Signer,
}

#[derive(Clone, Debug, Args)]
pub struct ClusterEndArgs {
    /// The hire.
    pub hire: String,
    #[command(flatten)]
    pub signer: Signer,
}
