//! `depin lease`.

use super::{
    AmountArg, GateArgs, LeaseCpArgs, LeaseExecArgs, LeaseHostArgs, LeaseImageCommand, LeaseLogsArgs, LeaseProbeArgs,
    LeaseRevokeArgs, LeaseSendArgs, LeaseShellArgs, LeaseTokenArgs, SpanArg, Who,
    lease_use::{
        CP_AFTER, EXEC_AFTER, HOST_AFTER, IMAGE_AFTER, LOGS_AFTER, PROBE_AFTER, REVOKE_AFTER, SEND_AFTER, SHELL_AFTER,
        TOKEN_AFTER,
    },
};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

pub(super) const AFTER: &str = "\
A deployment file says which containers are to run, what they need and what they may cost (Akash's SDL 2.0 and 2.1).
Orders, bids, leases and money are on the ledger; manifests, logs and shells go to the gateway of the provider that has the lease.
A deployment is named by its number, as `depin lease list` shows it.

Examples:
  depin lease check deploy.yaml
  depin lease up deploy.yaml --deposit \"5 AKT\" --accept cheapest
  depin lease status 1234
  depin lease logs 1234 web -f
  depin lease shell 1234 web
  depin lease close 1234";

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

const UP_AFTER: &str = "\
Orders what the file asks for, puts the deposit into escrow, waits for bids, takes one for each group, sends the manifest to those providers, and \
waits until all services run. A lease is paid block by block out of the deposit until it is closed or the deposit is used up; what is left \
comes back. When it is interrupted, what is on the ledger by then stays: it says what that is, how to go on, and how to take it back.

Examples:
  depin lease up deploy.yaml --deposit \"5 AKT\" --accept cheapest
  depin lease up deploy.yaml --provider north
  depin lease up examples/lease/deploy.yaml --image box.oci --image redis.oci
  depin lease up deploy.yaml --accept none --json";

#[derive(Clone, Debug, Subcommand)]
pub enum LeaseCommand {
    /// Check a deployment file: verdict, what it orders, its manifest's hash, and what it costs at most.
    #[command(after_help = CHECK_AFTER)]
    Check(LeaseCheckArgs),
    /// Order a deployment, show the bids on it, and take one for each group.
    #[command(after_help = UP_AFTER)]
    Up(LeaseUpArgs),
    /// Take a bid on a group that is on order.
    #[command(after_help = "Examples:\n  depin lease accept 1234 north\n  depin lease accept 1234 north --group 2")]
    Accept(LeaseAcceptArgs),
    /// List deployments.
    #[command(after_help = "Examples:\n  depin lease list\n  depin lease list --all --json\n  depin lease list --owner customer")]
    List(LeaseListArgs),
    /// Show one deployment: money, groups, orders.
    #[command(after_help = "Examples:\n  depin lease show 1234\n  depin lease show 1234 --json")]
    Show(DeploymentArgs),
    /// List the bids on a deployment's orders.
    #[command(after_help = "Examples:\n  depin lease bids 1234\n  depin lease bids 1234 --json")]
    Bids(DeploymentArgs),
    /// List a deployment's leases, those that ended too: what each costs and earned, why it ended, and how its services are.
    #[command(
        after_help = "Examples:\n  depin lease status 1234\n  depin lease status 1234 --json\n  depin lease status 1234 --token friend.token"
    )]
    Status(LeaseStatusArgs),
    /// Show what happened to a deployment, the money's part too; with -f, what happens to its containers.
    #[command(
        after_help = "Examples:\n  depin lease events 1234\n  depin lease events 1234 -f\n  depin lease events 1234 --json"
    )]
    Events(LeaseEventsArgs),
    /// Print what services write.
    #[command(after_help = LOGS_AFTER)]
    Logs(LeaseLogsArgs),
    /// Open a terminal in a container.
    #[command(after_help = SHELL_AFTER)]
    Shell(LeaseShellArgs),
    /// Run a command in a container.
    #[command(after_help = EXEC_AFTER)]
    Exec(LeaseExecArgs),
    /// Copy files into a container or out of it.
    #[command(after_help = CP_AFTER)]
    Cp(LeaseCpArgs),
    /// Images that a lease runs.
    #[command(subcommand, after_help = IMAGE_AFTER)]
    Image(LeaseImageCommand),
    /// Send the manifest to the providers again.
    #[command(after_help = SEND_AFTER)]
    Send(LeaseSendArgs),
    /// Make a token for somebody else.
    #[command(after_help = TOKEN_AFTER)]
    Token(LeaseTokenArgs),
    /// Make the file that proves to a provider that a host name is yours.
    #[command(after_help = HOST_AFTER)]
    Host(LeaseHostArgs),
    /// Make all tokens worthless that you made so far.
    #[command(after_help = REVOKE_AFTER)]
    Revoke(LeaseRevokeArgs),
    /// Probe a lease as its users reach it, and have its provider sign how available it was.
    #[command(after_help = PROBE_AFTER)]
    Probe(LeaseProbeArgs),
    /// Put more money into a deployment's escrow.
    #[command(
        after_help = "Examples:\n  depin lease topup 1234 \"5 AKT\"\n  depin lease topup 1234 \"5 AKT\" --owner customer --from friend"
    )]
    Topup(LeaseTopupArgs),
    /// Run another manifest on a deployment's leases: the ledger and their providers are told. Its groups stay what they are.
    #[command(after_help = "Examples:\n  depin lease update 1234 new.yaml")]
    Update(LeaseUpdateArgs),
    /// End a deployment: its leases are paid up to now, and what is left comes back.
    #[command(after_help = "Examples:\n  depin lease close 1234\n  depin lease close 1234 --group 2")]
    Close(LeaseCloseArgs),
    /// List providers: what they say of themselves, what runs on them.
    #[command(after_help = "Examples:\n  depin lease providers\n  depin lease providers --json")]
    Providers,
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

/// Which bid is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Accept {
    /// The cheapest one.
    Cheapest,
    /// The one that you choose at the terminal.
    Ask,
    /// None now.
    None,
}

/// Whose deployment it is, and whose key signs.
#[derive(Clone, Debug, Args)]
pub struct Tenant {
    /// Which key signs: a name from `depin wallet show`, or a key file.
    #[arg(long, visible_alias = "as", value_name = "KEY", default_value = "customer")]
    pub from: String,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseUpArgs {
    /// The deployment file; `-` reads standard input.
    #[arg(value_name = "FILE|-")]
    pub file: String,
    /// The first money for it [default: what a day costs at most].
    #[arg(long, value_name = "AMOUNT")]
    pub deposit: Option<AmountArg>,
    /// Which bid is taken for each group.
    #[arg(long, value_enum, default_value = "cheapest", conflicts_with = "provider")]
    pub accept: Accept,
    /// Take the bid of this provider for each group.
    #[arg(long, value_name = "ACCOUNT")]
    pub provider: Option<Who>,
    /// Hand this image to the providers that run it: an OCI archive with a name that the file has. May be said several times.
    #[arg(long, value_name = "FILE")]
    pub image: Vec<PathBuf>,
    /// How long bids are waited for, by the wall clock.
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub wait: SpanArg,
    /// The deployment's number [default: the height of the chain].
    #[arg(long, value_name = "N")]
    pub dseq: Option<u64>,
    /// How long services are waited for, by the wall clock.
    #[arg(long, value_name = "TIME", default_value = "5m")]
    pub ready: SpanArg,
    /// Do not wait until services run.
    #[arg(long, conflicts_with = "ready")]
    pub no_wait: bool,
    /// Let providers have addresses of private networks and of this machine. Always so beside a network that runs here.
    #[arg(long)]
    pub local_network: bool,
    #[command(flatten)]
    pub tenant: Tenant,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseAcceptArgs {
    /// The deployment.
    #[arg(value_name = "N")]
    pub dseq: u64,
    /// Whose bid is taken.
    pub provider: Who,
    /// Which group.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub group: u32,
    #[command(flatten)]
    pub tenant: Tenant,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseListArgs {
    /// Whose [default: everybody's].
    #[arg(long, value_name = "ACCOUNT")]
    pub owner: Option<Who>,
    /// Closed ones too.
    #[arg(long)]
    pub all: bool,
    /// Most that are shown.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub limit: u32,
}

#[derive(Clone, Debug, Args)]
pub struct DeploymentArgs {
    /// The deployment.
    #[arg(value_name = "N")]
    pub dseq: u64,
    /// Whose it is.
    #[arg(long, value_name = "ACCOUNT", default_value = "customer")]
    pub owner: Who,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseTopupArgs {
    /// The deployment.
    #[arg(value_name = "N")]
    pub dseq: u64,
    /// Whose it is [default: whoever signs].
    #[arg(long, value_name = "ACCOUNT")]
    pub owner: Option<Who>,
    /// How much.
    pub amount: AmountArg,
    #[command(flatten)]
    pub tenant: Tenant,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseUpdateArgs {
    /// The deployment.
    #[arg(value_name = "N")]
    pub dseq: u64,
    /// The new deployment file; `-` reads standard input.
    #[arg(value_name = "FILE|-")]
    pub file: String,
    /// How long services are waited for, by the wall clock.
    #[arg(long, value_name = "TIME", default_value = "5m")]
    pub ready: SpanArg,
    /// Do not wait until services run.
    #[arg(long, conflicts_with = "ready")]
    pub no_wait: bool,
    /// Let providers have addresses of private networks and of this machine. Always so beside a network that runs here.
    #[arg(long)]
    pub local_network: bool,
    #[command(flatten)]
    pub tenant: Tenant,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseStatusArgs {
    /// The deployment.
    #[arg(value_name = "N")]
    pub dseq: u64,
    /// Whose it is [default: the key's].
    #[arg(long, value_name = "ACCOUNT")]
    pub owner: Option<Who>,
    #[command(flatten)]
    pub gate: GateArgs,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseEventsArgs {
    /// The deployment.
    #[arg(value_name = "N")]
    pub dseq: u64,
    /// Whose it is [default: the key's].
    #[arg(long, value_name = "ACCOUNT")]
    pub owner: Option<Who>,
    /// Show how containers are, and go on with what happens to them.
    #[arg(short, long)]
    pub follow: bool,
    #[command(flatten)]
    pub gate: GateArgs,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseCloseArgs {
    /// The deployment.
    #[arg(value_name = "N")]
    pub dseq: u64,
    /// End this group of it alone.
    #[arg(long, value_name = "N")]
    pub group: Option<u32>,
    #[command(flatten)]
    pub tenant: Tenant,
}
