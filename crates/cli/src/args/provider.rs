//! Commands about your own providers and gateways.

use super::cluster_provider::{self, ProviderCheckerArgs, ProviderClusterArgs};
use super::coverage::{self, GatewayLorawanArgs, ProviderCoverageArgs};
use super::lease_provider::{self, OwnLeasesArgs, ProviderLeaseArgs, ReclaimArgs};
use super::metered::{self, GatewayMeteredArgs, ProviderMeteredArgs};
use super::mobile::{self, ProviderMobileArgs};
use super::render::{self, GatewayRenderArgs};
use super::render_provider::{self, ProviderRenderArgs};
use super::{AmountArg, Bytes, Copies, PriceArg, RepairArg, SpanArg, TextPath, TlsArgs, UsdArg, Who};
use clap::{Args, Subcommand};
use depin_quantity::Name;
use std::{net::SocketAddr, path::PathBuf};

pub(super) const AFTER: &str = "\
Examples:
  depin provider storage --capacity 10GiB --price \"0.0000000005 FIL\" --node http://192.0.2.7:4610 --name garage
  depin provider list
  depin provider ask provider-1 --price \"0.05 USD/TiB/month\"
  depin provider withdraw provider-1
  depin provider stop provider-2";

pub(super) const GATEWAY_AFTER: &str = "\
Examples:
  depin gateway s3 --node http://192.0.2.7:4610 --dir ./gateway --key-file ./customer.key --listen 127.0.0.1:9000";

#[derive(Clone, Debug, Subcommand)]
pub enum ProviderCommand {
    /// Run a storage provider in this process, for a node here or elsewhere, until Ctrl-C.
    #[command(after_help = "\
The provider registers itself, takes deals that meet its price, proves its data and serves it. Its key is made on the first start \
and kept in its folder; the account needs tokens for fees and collateral.

Examples:
  depin provider storage --capacity 10GiB --price \"0.0000000005 FIL\" --node http://127.0.0.1:4610
  depin provider storage --name garage --dir /data/garage --capacity 2TiB --price \"0.0000000004 FIL\" \\
      --listen 0.0.0.0:4700 --url https://store.example:4700 --node https://node.example:4610 \\
      --tls-cert /etc/ssl/store.pem --tls-key /etc/ssl/store.key")]
    Storage(ProviderStorageArgs),
    /// Run an operator of a metered service in this process, for a node here or elsewhere, until Ctrl-C.
    #[command(after_help = metered::PROVIDER_AFTER)]
    Metered(ProviderMeteredArgs),
    /// Run a hotspot behind a packet forwarder in this process, for a node here or elsewhere, until Ctrl-C.
    #[command(after_help = coverage::PROVIDER_AFTER)]
    Coverage(ProviderCoverageArgs),
    /// Run a mobile access point in this process, for a node here or elsewhere, until Ctrl-C.
    #[command(after_help = mobile::PROVIDER_AFTER)]
    Mobile(ProviderMobileArgs),
    /// Run a provider of leases in this process, for a node here or elsewhere, until Ctrl-C.
    #[command(after_help = lease_provider::PROVIDER_AFTER)]
    Lease(ProviderLeaseArgs),
    /// Run a node that renders in this process, for a node here or elsewhere, until Ctrl-C.
    #[command(after_help = render_provider::PROVIDER_AFTER)]
    Render(ProviderRenderArgs),
    /// Run a device of a network of clusters in this process, for a node here or elsewhere, until Ctrl-C.
    #[command(after_help = cluster_provider::PROVIDER_AFTER)]
    Cluster(ProviderClusterArgs),
    /// Run the checker of a network of clusters in this process, for a node here or elsewhere, until Ctrl-C.
    #[command(after_help = cluster_provider::CHECKER_AFTER)]
    Checker(ProviderCheckerArgs),
    /// Show what providers of leases of this home sell, hold and have free, and what they decided about open orders.
    #[command(after_help = "Examples:\n  depin provider inventory\n  depin provider inventory provider-1 --json")]
    Inventory(OwnLeasesArgs),
    /// Show the leases of providers of this home: how each runs and why, what ended and why.
    #[command(after_help = "Examples:\n  depin provider leases\n  depin provider leases --dir ./north --json")]
    Leases(OwnLeasesArgs),
    /// Show what each lease of providers of this home pays, and what it earned.
    #[command(after_help = "Examples:\n  depin provider earnings\n  depin provider earnings provider-1 --json")]
    Earnings(OwnLeasesArgs),
    /// Give notice of a lease, and end it once that is over.
    #[command(after_help = lease_provider::RECLAIM_AFTER)]
    Reclaim(ReclaimArgs),
    /// List the providers of this home, and all others that are registered.
    #[command(after_help = "Examples:\n  depin provider list\n  depin provider list --json")]
    List,
    /// Show what a provider, an operator or a hotspot's owner holds, earned and spent, its next deadlines, and what being away would cost.
    #[command(after_help = "Examples:\n  depin provider show provider-1\n  depin provider show provider-1 --watch\n  \
                            depin provider show provider-1 --power-price 0.30 --watts 20 --hardware 400\n  \
                            depin provider show provider-1 --days 30 --csv > earned.csv")]
    Show(ShowProviderArgs),
    /// Say whether providers need somebody: exit code 0 when all is well, 1 when something is to be done, 2 when nobody can tell.
    #[command(after_help = "\
Looked at: whether it runs (of the home's own), sectors that are faulty, deadlines that are near and not answered, debt, a balance that \
pays for few messages.

Examples:
  depin provider health
  depin provider health provider-1 --json
  depin provider health --watch --alert-webhook https://alerts.example/depin")]
    Health(HealthArgs),
    /// Stop a provider of the running `depin up`. Its data and its deals stay; it misses proofs until it is started again.
    #[command(after_help = "Examples:\n  depin provider stop provider-2")]
    Stop(NameArgs),
    /// Start a provider again that was stopped.
    #[command(after_help = "Examples:\n  depin provider start provider-2")]
    Start(NameArgs),
    /// Take a provider of this home out of the network for good. Refused while it has deals.
    #[command(after_help = "Examples:\n  depin provider ask provider-2 --closed      take no new deals\n  \
                            depin provider remove provider-2            once its deals are over")]
    Remove(NameArgs),
    /// Set what a provider asks for new deals.
    #[command(
        after_help = "Examples:\n  depin provider ask provider-1 --price \"0.05 USD/TiB/month\"\n  depin provider ask provider-1 --price \"0.000000001 FIL\"\n  \
                        depin provider ask provider-1 --closed"
    )]
    Ask(AskArgs),
    /// Settle what a provider earned, and take out what has vested.
    #[command(
        after_help = "Examples:\n  depin provider withdraw provider-1\n  depin provider withdraw provider-1 --amount \"2 FIL\""
    )]
    Withdraw(WithdrawArgs),
}

#[derive(Clone, Debug, Args)]
pub struct ProviderStorageArgs {
    /// Bytes offered in all.
    #[arg(long, value_name = "SIZE")]
    pub capacity: Bytes,
    /// Price, such as "0.05 USD/TiB/month"; an amount alone is one per GiB and epoch (30 s of ledger time). Dollars are turned into tokens
    /// once, at the price of now.
    #[arg(long, value_name = "PRICE")]
    pub price: PriceArg,
    /// The same for verified deals [default: --price].
    #[arg(long, value_name = "PRICE")]
    pub verified_price: Option<PriceArg>,
    /// Most data sets of clients that pay less than their proofs cost; who pays as much is always taken [default: 1000].
    #[arg(long, value_name = "N")]
    pub small_clients: Option<u32>,
    /// Name for people.
    #[arg(long, value_name = "NAME", default_value = "provider")]
    pub name: Name,
    /// Free space to keep on the disk; below it no upload is taken [default: 512MiB, a fifth of a small disk].
    #[arg(long, value_name = "SIZE")]
    pub disk_floor: Option<Bytes>,
    /// Begin with no pieces although the account has deals; they fail.
    #[arg(long)]
    pub new_store: bool,
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Where an operator of any service works, and as who.
#[derive(Clone, Debug, Args)]
pub struct PlaceArgs {
    /// Folder of its key and its data [default: ./NAME].
    #[arg(long, value_name = "DIR", value_parser = TextPath)]
    pub dir: Option<PathBuf>,
    /// Address on which it listens.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// URL under which others reach it [default: http://LISTEN, https://LISTEN with TLS].
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Its key file [default: DIR/key].
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub key_file: Option<PathBuf>,
    #[command(flatten)]
    pub tls: TlsArgs,
}

#[derive(Clone, Debug, Args)]
pub struct ShowProviderArgs {
    /// Its name, or its address.
    pub name: Who,
    /// Show it again every two seconds, until Ctrl-C.
    #[arg(long)]
    pub watch: bool,
    /// Print the days alone, as comma-separated values with whole digits.
    #[arg(long, conflicts_with_all = ["watch", "json"])]
    pub csv: bool,
    /// How many days of ledger time are looked back, today included.
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=90))]
    pub days: u32,
    /// What a kilowatt-hour costs, in dollars: shows what is left of a day's earnings.
    #[arg(long, value_name = "USD")]
    pub power_price: Option<UsdArg>,
    /// Power that the machine draws for it, in watts.
    #[arg(long, value_name = "WATTS", default_value_t = 15, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub watts: u32,
    /// What the hardware cost, in dollars: spread over its life.
    #[arg(long, value_name = "USD")]
    pub hardware: Option<UsdArg>,
    /// How long the hardware lasts.
    #[arg(long, value_name = "YEARS", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub hardware_years: u32,
}

/// Which provider, and whether to look on.
#[derive(Clone, Debug, Args)]
pub struct HealthArgs {
    /// Names or addresses; the home's own when none is given.
    #[arg(value_name = "NAME")]
    pub names: Vec<Who>,
    /// Look again every so often, until Ctrl-C, and tell what changed.
    #[arg(long)]
    pub watch: bool,
    /// Seconds of the wall clock between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub every: u32,
    /// A deadline that is nearer than this, ledger time, and not answered is told.
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub deadline_within: SpanArg,
    /// Post what begins and what is over to this URL as JSON, with --watch.
    #[arg(long, value_name = "URL", requires = "watch")]
    pub alert_webhook: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub struct NameArgs {
    /// Name of a provider of this home.
    pub name: Name,
}

#[derive(Clone, Debug, Args)]
pub struct AskArgs {
    /// Name of a provider of this home, or its key file.
    pub name: String,
    /// Price, such as "0.05 USD/TiB/month"; an amount alone is one per GiB and epoch (30 s of ledger time). Dollars are turned into tokens
    /// once, at the price of now.
    #[arg(long, value_name = "PRICE")]
    pub price: Option<PriceArg>,
    /// The same for verified deals.
    #[arg(long, value_name = "PRICE")]
    pub verified_price: Option<PriceArg>,
    /// Smallest padded piece taken.
    #[arg(long, value_name = "SIZE")]
    pub piece_min: Option<Bytes>,
    /// Largest padded piece taken.
    #[arg(long, value_name = "SIZE")]
    pub piece_max: Option<Bytes>,
    /// Shortest term taken.
    #[arg(long, value_name = "TIME")]
    pub term_min: Option<SpanArg>,
    /// Longest term taken.
    #[arg(long, value_name = "TIME")]
    pub term_max: Option<SpanArg>,
    /// Take new deals.
    #[arg(long, conflicts_with = "closed")]
    pub open: bool,
    /// Take no new deals.
    #[arg(long)]
    pub closed: bool,
}

#[derive(Clone, Debug, Args)]
pub struct WithdrawArgs {
    /// Name of a provider of this home, or its key file.
    pub name: String,
    /// How much; everything that has vested when absent.
    #[arg(long, value_name = "AMOUNT")]
    pub amount: Option<AmountArg>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum GatewayCommand {
    /// Run an S3 gateway in this process, for a node here or elsewhere, until Ctrl-C.
    #[command(after_help = "\
Data is encrypted here, cut into shards and stored with providers under deals that the account of --key-file pays. The folder \
holds the master key and the map of all objects: without it nothing can be read again, so keep a copy of it.

Examples:
  depin gateway s3 --node http://127.0.0.1:4610 --key-file ./customer.key
  depin gateway s3 --node http://192.0.2.7:4610 --dir /data/gateway --listen 0.0.0.0:9000 --copies 4-of-6")]
    S3(GatewayS3Args),
    /// Run a metering gateway in this process, for a node here or elsewhere, until Ctrl-C.
    #[command(after_help = metered::GATEWAY_AFTER)]
    Metered(GatewayMeteredArgs),
    /// Run a customer's LoRaWAN network server in this process, for a node here or elsewhere, until Ctrl-C.
    #[command(after_help = coverage::GATEWAY_AFTER)]
    Lorawan(GatewayLorawanArgs),
    /// Run an artist's dispatcher in this process, for a node here or elsewhere, until Ctrl-C.
    #[command(after_help = render::GATEWAY_AFTER)]
    Render(GatewayRenderArgs),
}

#[derive(Clone, Debug, Args)]
pub struct GatewayS3Args {
    /// Begin a new object map where DIR's own was lost; what is left of it is kept beside it.
    #[arg(long)]
    pub new_store: bool,
    /// Folder of the object map and the keys.
    #[arg(long, value_name = "DIR", default_value = "./gateway", value_parser = TextPath)]
    pub dir: PathBuf,
    /// Address of the S3 endpoint.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Key file of the account that pays [default: DIR/key, made on the first start].
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub key_file: Option<PathBuf>,
    /// Connect to providers at private and loopback addresses too: for a network on this machine or in a network of one's own.
    #[arg(long)]
    pub local_network: bool,
    /// Redundancy: shards that are enough, and shards stored.
    #[arg(long, value_name = "K-of-N", default_value = "2-of-3")]
    pub copies: Copies,
    /// Length of a deal; deals are renewed before they end.
    #[arg(long, value_name = "TIME", default_value = "180d")]
    pub term: SpanArg,
    /// Highest price taken, such as "0.2 USD/TiB/month", also for renewals; an amount alone is one per GiB and epoch [default: 4 times the
    /// median of the live asks].
    #[arg(long, value_name = "PRICE")]
    pub max_price: Option<PriceArg>,
    /// Most that goes into escrow in one day of ledger time; then uploads are refused, and renewals wait [default: no cap].
    #[arg(long, value_name = "AMOUNT")]
    pub spend_per_day: Option<AmountArg>,
    /// Shards of a provider that has not answered for so long, ledger time, are placed elsewhere, a few at a time: the new deals are paid
    /// beside the old ones, which run until they end or fail. `never` waits for the deals' failure.
    #[arg(long, value_name = "TIME|never", default_value = "6h")]
    pub repair_after: RepairArg,
    /// Free space to keep on the disk; below it nothing is written [default: 512MiB, a fifth of a small disk].
    #[arg(long, value_name = "SIZE")]
    pub disk_floor: Option<Bytes>,
    #[command(flatten)]
    pub tls: TlsArgs,
}
