//! Commands about mobile coverage: access points, carriers, sessions.

use super::{
    AmountArg, PlaceArgs, TextPath, Who,
    coverage::{CustomerKey, GainArg, PlaceArg, RegionArg, UdpArg},
};
use clap::{Args, Subcommand};
use depin_quantity::Name;
use std::{net::SocketAddr, path::PathBuf};

pub(super) const CARRIER_EXAMPLES: &str = "\
Examples:
  depin coverage carrier new --credits 1000000 --bytes 50000000000
  depin coverage carrier authorise 1 --bytes 100000000000
  depin coverage carrier authorise 1 --access-point ADDRESS --bytes 0
  depin coverage carrier take 1 5000
  depin coverage carrier list";

#[derive(Clone, Debug, Args)]
pub struct AccessPointsArgs {
    /// Only of this owner.
    #[arg(long, value_name = "ACCOUNT")]
    pub owner: Option<Who>,
}

#[derive(Clone, Debug, Args)]
pub struct SessionsArgs {
    /// Only of this carrier.
    #[arg(long, value_name = "N")]
    pub carrier: Option<u32>,
    /// Most sessions to print, those reported last first.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
}

#[derive(Clone, Debug, Subcommand)]
pub enum CarrierCommand {
    /// Become a carrier, with credits; what the account lacks is minted.
    #[command(after_help = "Examples:\n  depin coverage carrier new --credits 1000000 --bytes 50000000000")]
    New(NewCarrierArgs),
    /// List carriers: credits, what they pay for, what they paid.
    #[command(after_help = "Examples:\n  depin coverage carrier list\n  depin coverage carrier list --json")]
    List,
    /// Put more credits in; what the account lacks is minted.
    #[command(after_help = "Examples:\n  depin coverage carrier add 1 500000")]
    Add(CarrierCreditsArgs),
    /// Take credits back into the wallet.
    #[command(after_help = "Examples:\n  depin coverage carrier take 1 5000")]
    Take(CarrierCreditsArgs),
    /// Say how many bytes are paid for at most: at each access point, or at one.
    #[command(after_help = "Examples:\n  depin coverage carrier authorise 1 --bytes 100000000000\n  \
                        depin coverage carrier authorise 1 --access-point ADDRESS --bytes 0")]
    Authorise(AuthoriseArgs),
}

#[derive(Clone, Debug, Args)]
pub struct NewCarrierArgs {
    /// Credits to put into it.
    #[arg(long, value_name = "AMOUNT")]
    pub credits: AmountArg,
    /// Bytes that are paid for at most at each access point.
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    pub bytes: u64,
    /// What it pays for a unit, where the network leaves that to carriers.
    #[arg(long, value_name = "AMOUNT")]
    pub price: Option<AmountArg>,
    #[command(flatten)]
    pub signer: CustomerKey,
}

#[derive(Clone, Debug, Args)]
pub struct CarrierCreditsArgs {
    /// The carrier.
    pub carrier: u32,
    /// How many credits.
    pub credits: AmountArg,
    #[command(flatten)]
    pub signer: CustomerKey,
}

#[derive(Clone, Debug, Args)]
pub struct AuthoriseArgs {
    /// The carrier.
    pub carrier: u32,
    /// At which access point [default: each that none is named for].
    #[arg(long, value_name = "ADDRESS")]
    pub access_point: Option<Who>,
    /// Bytes at most, counted from the first.
    #[arg(long, value_name = "BYTES")]
    pub bytes: u64,
    #[command(flatten)]
    pub signer: CustomerKey,
}

pub(super) const PROVIDER_AFTER: &str = "\
Radios send RADIUS accounting (RFC 2866) to --radius, each with the secret that --coverage names for
its address; sessions are paid on the ledger up to what their carriers authorised. Authentication is
not served: who may use the access point is another server's. FILE says what it covers:

  { \"kind\": \"outdoor-wifi\",
    \"hexes\": [{ \"latitude\": 52.52, \"longitude\": 13.405, \"signal\": \"high\", \"power\": -700 }],
    \"access_points\": [{ \"from\": \"192.0.2.7\", \"secret\": \"a long secret\" }],
    \"carriers\": { \"carrier.example\": 1, \"*\": 2 } }

Examples:
  depin provider mobile --radius 1813 --coverage coverage.json --location 52.52,13.405
  depin provider mobile --name cafe --dir /data/cafe --radius 0.0.0.0:1813 --coverage cafe.json \\
      --location 52.52,13.405 --speed-server speed.example:4660 --node http://192.0.2.7:4610";

#[derive(Clone, Debug, Args)]
pub struct ProviderMobileArgs {
    /// UDP port for RADIUS accounting; an address before it where radios are on other machines.
    #[arg(long, value_name = "[ADDR:]PORT", default_value = "1813")]
    pub radius: UdpArg,
    /// What it covers, who may report, and whose subscribers pay.
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub coverage: PathBuf,
    /// Test server that measures its speed; without one it earns no points.
    #[arg(long, value_name = "HOST:PORT")]
    pub speed_server: Option<String>,
    /// Where the access point stands.
    #[arg(long, value_name = "LAT,LON", allow_hyphen_values = true)]
    pub location: PlaceArg,
    /// Antenna gain in dBi.
    #[arg(long, value_name = "DBI", default_value = "3")]
    pub gain: GainArg,
    /// Metres above the ground.
    #[arg(long, value_name = "M", default_value_t = 5, allow_hyphen_values = true)]
    pub elevation: i32,
    /// Which rules of the air it keeps.
    #[arg(long, value_enum, default_value = "eu868")]
    pub region: RegionArg,
    /// Begin a new store, and join a new access point, where the folder's own key was lost: it pays for it.
    #[arg(long)]
    pub new_store: bool,
    /// Name for people.
    #[arg(long, value_name = "NAME", default_value = "access-point")]
    pub name: Name,
    #[command(flatten)]
    pub place: PlaceArgs,
}

pub(super) const SPEED_AFTER: &str = "\
Access points connect over TCP; both sides time the same bytes, and each signs what it measured. The
ledger takes what the key in the network's role measures.

Examples:
  depin coverage speed-server --listen 0.0.0.0:4660 --from ./speed-test.key";

#[derive(Clone, Debug, Args)]
pub struct SpeedServerArgs {
    /// Address that it listens on.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:4660")]
    pub listen: SocketAddr,
    /// Seconds for each direction.
    #[arg(long, value_name = "S", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=30))]
    pub seconds: u64,
    /// Which key signs: a name from `depin wallet show`, or a key file.
    #[arg(long = "from", visible_alias = "as", value_name = "KEY", default_value = "reporter")]
    pub signer: String,
}
