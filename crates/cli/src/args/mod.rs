//! The surface: every command, flag, help text and example.
//!
//! In: what was typed. Out: plain values, checked one by one (an amount is an amount, an address an address). What the values mean
//! together, and what stands in for those that were not typed, is settled elsewhere (`settings`, the commands). Help pages and
//! completions are made from these definitions.

mod cluster;
mod cluster_provider;
mod coverage;
mod coverage_disputes;
mod devnet;
mod lease;
mod lease_provider;
mod lease_use;
mod metered;
mod mobile;
mod network;
mod new;
#[cfg(test)]
mod pages;
mod provider;
mod render;
mod render_provider;
mod rule;
mod scenario;
mod sim;
mod sim_backtest;
mod sim_check;
mod sim_run;
mod storage;
mod supply;
mod tls;
mod token;
mod up;
mod value;
mod wallet;

pub use cluster::{
    ClusterCommand, ClusterDeviceArgs, ClusterDeviceCommand, ClusterDevicesArgs, ClusterEndArgs, ClusterExtendArgs,
    ClusterHireArgs, ClusterHireName, ClusterHistoryArgs, ClusterJobArgs, ClusterJobCommand, ClusterKindArg, ClusterListArgs,
    ClusterLogsArgs, ClusterNominationsArgs, ClusterReachArgs, ClusterReplaceArgs, ClusterSubmitArgs,
};
pub use cluster_provider::{ProviderCheckerArgs, ProviderClusterArgs};
pub use coverage::{
    AddDeviceArgs, AddRouteArgs, AddSkfArgs, CloseOuiArgs, CoverageCommand, CreditsCommand, DeviceCommand, GainArg,
    GatewayLorawanArgs, HotspotsArgs, ListRoutesArgs, ListSkfArgs, MapArgs, MintCreditsArgs, NewOuiArgs, OuiCommand, PacketsArgs,
    PlaceArg, ProviderCoverageArgs, RegionArg, ReleaseArgs, RemoveDeviceArgs, RemoveRouteArgs, RemoveSkfArgs, RewardsArgs,
    RouteCommand, ServerArgs, SkfCommand, WitnessesArgs,
};
pub use coverage_disputes::{AppealArgs, ClaimCommand, CloseClaimArgs, DenyArgs, DenylistCommand, JudgeArgs, ListClaimsArgs};
pub use devnet::{DevnetCommand, LossArg, RadioArgs};
pub use lease::{
    Accept, DeploymentArgs, LeaseAcceptArgs, LeaseCheckArgs, LeaseCloseArgs, LeaseCommand, LeaseEventsArgs, LeaseListArgs,
    LeaseStatusArgs, LeaseTopupArgs, LeaseUpArgs, LeaseUpdateArgs, Tenant,
};
pub use lease_provider::{LeaseNumber, OwnLeasesArgs, ProviderLeaseArgs, ReclaimArgs, ReclaimReason};
pub use lease_use::{
    GateArgs, LeaseCpArgs, LeaseExecArgs, LeaseHostArgs, LeaseImageCommand, LeaseImagePushArgs, LeaseLogsArgs, LeaseProbeArgs,
    LeaseRevokeArgs, LeaseSendArgs, LeaseShellArgs, LeaseTokenArgs,
};
pub use metered::{
    AnswerArgs, BatchesArgs, CloseArgs, DecideArgs, DisputeArgs, EvidenceArgs, GatewayMeteredArgs, LeastCapsArgs, MeteredCommand,
    MeteredQuoteArgs, OneBatchArgs, OrderArgs, OrdersArgs, PolicyArg, ProviderMeteredArgs, RaiseArgs, ReportArgs,
};
pub use mobile::{
    AccessPointsArgs, AuthoriseArgs, CarrierCommand, CarrierCreditsArgs, NewCarrierArgs, ProviderMobileArgs, SessionsArgs,
    SpeedServerArgs,
};
pub use network::{AccountCommand, AuditArgs, EventsArgs, GrantArgs, NetworkCommand, RandomnessArgs, TransferArgs, VotesArgs};
pub use new::NewNetworkArgs;
pub use provider::{
    AskArgs, GatewayCommand, GatewayS3Args, HealthArgs, PlaceArgs, ProviderCommand, ProviderStorageArgs, ShowProviderArgs,
    WithdrawArgs,
};
pub use render::{
    ApproveArgs, CancelArgs, DeskArgs, DisputeFrameArgs, EstimateArgs, FetchArgs, FrameArgs, GatewayRenderArgs, JobArgs,
    NodesArgs, PickArg, RejectArgs, RenderCommand, SceneArgs, SheetArgs, SubmitArgs, Switch, TopupArgs,
};
pub use render_provider::{EngineArg, ProviderRenderArgs};
pub use rule::{EvalArgs, RuleCommand};
pub use scenario::{NewScenarioArgs, ScenarioCommand};
pub use sim::{KeysArgs, SimCommand};
pub use sim_backtest::{KindArg, SimBacktestArgs};
pub use sim_check::SimCheckArgs;
pub use sim_run::{RecordArg, SetArg, SimCompareArgs, SimReportArgs, SimResumeArgs, SimRunArgs};
pub use storage::{DealsArgs, FaultsArgs, GetArgs, ListArgs, ProofsArgs, PutArgs, QuoteArgs, SettleArgs, StorageCommand};
pub use supply::{DateArg, EveryArg, FormatArg, SupplyArgs};
pub use tls::TlsArgs;
pub use token::{ClaimArgs, FundArgs, LockArgs, MintArgs, RedeemArgs, SwapArgs, TokenArgs, TokenCommand, ValidateArgs};
pub use up::UpArgs;
pub use value::{AmountArg, Bytes, Copies, KeepArg, ObjectPath, Period, PriceArg, RepairArg, SpanArg, TextPath, UsdArg, Who};
pub use wallet::{ExportArgs, ImportArgs, NewArgs, PassphraseArgs, ShowArgs, WalletCommand, WhichArgs};

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

const AFTER: &str = "\
Examples:
  depin up                                   start a whole storage network here
  depin status                               look at it (in another terminal)
  depin storage put report.pdf docs/report.pdf
  depin audit --json

Exit codes:
  0  done
  1  refused: wrong usage, or a rule of the network says no
  2  broken: not reachable, or the disk or the network failed

Environment:
  DEPIN_HOME   the home folder, as --home
  DEPIN_NODE   URL of a node, as --node
  DEPIN_PASSPHRASE_FILE  file with the passphrase of locked keys
  DEPIN_TLS_CA           certificates to trust, as --tls-ca
  DEPIN_LOG    what daemons log: `info`, `depin_provider=debug`
  NO_COLOR     no colours

A flag wins over the environment, the environment over what the home folder says, that over the default.";

/// Run and use a token-incentivised infrastructure network.
#[derive(Debug, Parser)]
#[command(name = "depin", version, after_help = AFTER, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command knows.
#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// Print one JSON document instead of tables.
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Home folder of a network on this machine [default: ./.depin].
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options", value_parser = TextPath)]
    pub home: Option<PathBuf>,
    /// URL of any node's API [default: the one of the home folder].
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub node: Option<String>,
    /// File that holds the passphrase of locked keys [default: it is asked for, at a terminal].
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub passphrase_file: Option<PathBuf>,
    /// Certificates in PEM that are trusted besides the system's: authorities, or servers' own.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub tls_ca: Option<PathBuf>,
    /// Highest base fee that is signed, by daemons too, base units for a unit of work [default: a million times the network's least].
    #[arg(long, global = true, value_name = "UNITS", help_heading = "Global options")]
    pub max_base_fee: Option<u128>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a network on this machine: node, price feeder, its service's operators and gateway.
    #[command(after_help = up::AFTER)]
    Up(UpArgs),
    /// Show where the chain, the network and its parts stand.
    #[command(after_help = "Examples:\n  depin status\n  depin status --json\n  depin status --node http://192.0.2.7:4610")]
    Status,
    /// Check that all books balance: minted - burned = everything held. Exits with 1 when they do not.
    #[command(after_help = "Examples:\n  depin audit\n  depin audit --json | jq .ok\n  depin audit --content")]
    Audit(AuditArgs),
    /// Show what happened on the ledger.
    #[command(after_help = network::EVENTS_AFTER)]
    Events(EventsArgs),
    /// Show the ledger that a validator signed twice: two of its votes for two blocks of one view.
    #[command(after_help = network::EVIDENCE_AFTER)]
    Evidence(VotesArgs),
    /// Bring randomness from outside, such as a public beacon's, to a chain that names somebody to bring it.
    #[command(after_help = network::RANDOMNESS_AFTER)]
    Randomness(RandomnessArgs),
    /// Look at accounts.
    #[command(subcommand, after_help = network::ACCOUNT_AFTER)]
    Account(AccountCommand),
    /// Send tokens to an account.
    #[command(after_help = network::TRANSFER_AFTER)]
    Transfer(TransferArgs),
    /// Mint credits, stake, lock, swap, redeem, claim: what people do with tokens besides sending them.
    #[command(after_help = token::AFTER)]
    Token(TokenArgs),
    /// Make, import, show and lock keys.
    #[command(subcommand, after_help = wallet::AFTER)]
    Wallet(WalletCommand),
    /// List the networks that come with this program.
    #[command(after_help = network::NETWORKS_AFTER)]
    Networks,
    /// Make a custom network out of parts of those that come with this program.
    #[command(after_help = new::AFTER)]
    New(NewNetworkArgs),
    /// Check a network's file: errors and warnings, each with its place and what to do.
    #[command(after_help = network::CHECK_AFTER)]
    Check {
        /// The path of a network.toml or its folder, or the name of a network that comes along.
        #[arg(value_name = "PATH|NAME", required_unless_present = "schema")]
        network: Option<String>,
        /// Print a JSON schema of network files for editors instead.
        #[arg(long, conflicts_with = "network")]
        schema: bool,
    },
    /// Show and compare networks' rules and figures, with their sources.
    #[command(subcommand, after_help = network::NETWORK_AFTER)]
    Network(NetworkCommand),
    /// Print how a network's supply grows: minted by pool, burnt, vested, circulating, share of the cap.
    #[command(after_help = supply::AFTER)]
    Supply(SupplyArgs),
    /// Read the networks' rules, and run them on inputs of your own.
    #[command(subcommand, after_help = rule::AFTER)]
    Rule(RuleCommand),
    /// List, show, check and make scenarios: what is assumed about people and markets.
    #[command(subcommand, after_help = scenario::AFTER)]
    Scenario(ScenarioCommand),
    /// Simulate networks: what becomes of rewards, use and prices when people decide by themselves.
    #[command(subcommand, after_help = sim::AFTER)]
    Sim(SimCommand),
    /// Store files and follow their deals.
    #[command(subcommand, after_help = storage::AFTER)]
    Storage(StorageCommand),
    /// Check deployment files, and lease machines for them.
    #[command(subcommand, after_help = lease::AFTER)]
    Lease(LeaseCommand),
    /// Have scenes rendered: estimates, jobs, frames, approval.
    #[command(subcommand, after_help = render::AFTER)]
    Render(RenderCommand),
    /// Hire devices together and run jobs on them; look at devices, their hours and rewards.
    #[command(subcommand, after_help = cluster::AFTER)]
    Cluster(ClusterCommand),
    /// Order, report, dispute and decide metered units of a founder's own service.
    #[command(subcommand, after_help = metered::AFTER)]
    Metered(MeteredCommand),
    /// Hotspots, customers' routes and devices, packets and beacons of a coverage network.
    #[command(subcommand, after_help = coverage::AFTER)]
    Coverage(CoverageCommand),
    /// Run your own provider, and manage those of this home.
    #[command(subcommand, after_help = provider::AFTER)]
    Provider(ProviderCommand),
    /// Run what stands in for hardware: a simulated radio.
    #[command(subcommand, after_help = devnet::AFTER)]
    Devnet(DevnetCommand),
    /// Run your own gateway.
    #[command(subcommand, after_help = provider::GATEWAY_AFTER)]
    Gateway(GatewayCommand),
    /// Print a shell's completion script.
    #[command(after_help = "Examples:\n  depin completions bash > ~/.local/share/bash-completion/completions/depin\n  \
                            depin completions zsh > ~/.zfunc/_depin\n  depin completions fish > ~/.config/fish/completions/depin.fish")]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}
