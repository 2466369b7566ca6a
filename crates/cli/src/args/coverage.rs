//! Commands about wireless coverage: hotspots, customers, packets, beacons.

use super::coverage_disputes::{ClaimCommand, DenylistCommand};
use super::mobile::{AccessPointsArgs, CarrierCommand, SessionsArgs, SpeedServerArgs};
use super::{AmountArg, Bytes, PlaceArgs, TextPath, TlsArgs, Who};
use clap::{ArgGroup, Args, Subcommand};
use depin_quantity::Name;
use depin_services::coverage::{EuiPair, Range, Region};
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

pub(super) const AFTER: &str = "\
A route is named by its id or the beginning of it, a hotspot by its address or its owner's name.
Customers sign with the key `customer` of the home where --from names no other.

Examples:
  depin coverage hotspots
  depin coverage oui new --credits 1000000
  depin coverage route add --oui 1 --server lns.example:8080 --devaddr 48000000-4800000F
  depin coverage packets --follow
  depin coverage map --svg map.svg";

#[derive(Clone, Debug, Subcommand)]
pub enum CoverageCommand {
    /// List hotspots: where they are, what they carried and proved.
    #[command(after_help = "Examples:\n  depin coverage hotspots\n  depin coverage hotspots --owner provider-1 --json")]
    Hotspots(HotspotsArgs),
    /// List what became of hotspots' last beacons.
    #[command(after_help = "Examples:\n  depin coverage beacons\n  depin coverage beacons --json")]
    Beacons,
    /// List the witnesses of hotspots' last beacons, and why one does not count.
    #[command(after_help = "Examples:\n  depin coverage witnesses\n  depin coverage witnesses provider-1 --json")]
    Witnesses(WitnessesArgs),
    /// List what hotspots and access points earned, and what is due to them.
    #[command(
        after_help = "Examples:\n  depin coverage rewards\n  depin coverage rewards provider-1 --by-period\n  depin coverage rewards --json"
    )]
    Rewards(RewardsArgs),
    /// List batches of packets: what they cost, and why packets were refused.
    #[command(
        after_help = "Examples:\n  depin coverage packets\n  depin coverage packets --follow\n  depin coverage packets --oui 1 --json"
    )]
    Packets(PacketsArgs),
    /// Customers' organisations.
    #[command(subcommand, after_help = "Examples:\n  depin coverage oui new --credits 1000000\n  depin coverage oui list")]
    Oui(OuiCommand),
    /// Routes: which devices' packets go to which network server.
    #[command(
        subcommand,
        after_help = "Examples:\n  depin coverage route add --oui 1 --server lns.example:8080 --devaddr 48000000-4800000F\n  \
                                        depin coverage route list --oui 1"
    )]
    Route(RouteCommand),
    /// Session-key filters: packets of one address told apart by their keys.
    #[command(
        subcommand,
        after_help = "Examples:\n  depin coverage skf add 3fa2b1 --devaddr 48000001 --key 2B7E151628AED2A6ABF7158809CF4F3C"
    )]
    Skf(SkfCommand),
    /// Devices of the network server that runs here.
    #[command(
        subcommand,
        after_help = "Examples:\n  depin coverage device list\n  depin coverage device add --dev-eui 0004A30B001A2B3C \\\n      \
                                        --join-eui 70B3D57ED0000000 --app-key 2B7E151628AED2A6ABF7158809CF4F3C --name door"
    )]
    Device(DeviceCommand),
    /// The denylist: who is on it and why, appeals, and what its keeper says to them.
    #[command(subcommand, after_help = super::coverage_disputes::DENYLIST_EXAMPLES)]
    Denylist(DenylistCommand),
    /// Claims: packets that hotspots say they delivered, and that their customer has not acknowledged.
    #[command(subcommand, after_help = super::coverage_disputes::CLAIM_EXAMPLES)]
    Claim(ClaimCommand),
    /// Credits of OUIs.
    #[command(
        subcommand,
        after_help = "Examples:\n  depin coverage credits mint 500000 --oui 1\n  depin coverage credits balance"
    )]
    Credits(CreditsCommand),
    /// List mobile access points: what they cover, how they are measured, points, data.
    #[command(after_help = "Examples:\n  depin coverage access-points\n  depin coverage access-points --owner mobile --json")]
    AccessPoints(AccessPointsArgs),
    /// List sessions of mobile access points: what they carried, what of it is paid.
    #[command(after_help = "Examples:\n  depin coverage sessions\n  depin coverage sessions --carrier 1 --json")]
    Sessions(SessionsArgs),
    /// Carriers: who pays for sessions, and for how much of them.
    #[command(subcommand, after_help = super::mobile::CARRIER_EXAMPLES)]
    Carrier(CarrierCommand),
    /// Measure the speed of access points in this process, until Ctrl-C.
    #[command(after_help = super::mobile::SPEED_AFTER)]
    SpeedServer(SpeedServerArgs),
    /// Draw hotspots, the paths of beacons to witnesses, and how crowded each hex is.
    #[command(
        after_help = "Examples:\n  depin coverage map --svg map.svg\n  depin coverage map --geojson map.geojson\n  depin coverage map"
    )]
    Map(MapArgs),
}

/// Whose key signs.
#[derive(Clone, Debug, Args)]
pub struct CustomerKey {
    /// Which key signs: a name from `depin wallet show`, or a key file.
    #[arg(long, visible_alias = "as", value_name = "KEY", default_value = "customer")]
    pub from: String,
}

#[derive(Clone, Debug, Args)]
pub struct HotspotsArgs {
    /// Only of this owner.
    #[arg(long, value_name = "ACCOUNT")]
    pub owner: Option<Who>,
}

#[derive(Clone, Debug, Args)]
pub struct WitnessesArgs {
    /// Only of the beacons of this hotspot, or of this owner's.
    pub hotspot: Option<Who>,
}

#[derive(Clone, Debug, Args)]
pub struct RewardsArgs {
    /// Only of this hotspot or access point, or of this owner's.
    pub who: Option<Who>,
    /// Print each payout, the last first, as far back as the node keeps events.
    #[arg(long)]
    pub by_period: bool,
    /// Most payouts to print.
    #[arg(long, value_name = "N", default_value_t = 50, requires = "by_period", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
}

#[derive(Clone, Debug, Args)]
pub struct PacketsArgs {
    /// Only of this OUI.
    #[arg(long, value_name = "N")]
    pub oui: Option<u32>,
    /// Go on printing what comes, until Ctrl-C: each packet with what it cost or why it is not paid, in the clear where the network
    /// server here, or the one that --server names, decrypted it since its start.
    #[arg(long)]
    pub follow: bool,
    /// Print what became of packets before, as far back as the node keeps events.
    #[arg(long, conflicts_with = "follow")]
    pub history: bool,
    /// Most batches to print.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    #[command(flatten)]
    pub server: ServerArgs,
}

#[derive(Clone, Debug, Subcommand)]
pub enum OuiCommand {
    /// Open an OUI with credits; what the account lacks is minted.
    #[command(after_help = "Examples:\n  depin coverage oui new --credits 1000000\n  \
                            depin coverage oui new --credits 1000000 --key 8a3f…c2 --from ./customer.key")]
    New(NewOuiArgs),
    /// List OUIs: credits, routes, what they paid, claims that they left.
    #[command(after_help = "Examples:\n  depin coverage oui list\n  depin coverage oui list --json")]
    List,
    /// Close an OUI: give back all addresses, joins and session keys of its routes, remove them, and take its credits out.
    #[command(after_help = "Examples:\n  depin coverage oui close 1")]
    Close(CloseOuiArgs),
}

#[derive(Clone, Debug, Args)]
pub struct CloseOuiArgs {
    /// The OUI.
    #[arg(value_name = "N")]
    pub oui: u32,
    #[command(flatten)]
    pub signer: CustomerKey,
}

#[derive(Clone, Debug, Args)]
pub struct NewOuiArgs {
    /// Credits to put into it.
    #[arg(long, value_name = "AMOUNT")]
    pub credits: AmountArg,
    /// A key that acknowledges packets for it, 64 hexadecimal digits: the network server's [default: that of the network server here].
    #[arg(long, value_name = "HEX")]
    pub key: Vec<String>,
    /// What it pays for a unit of a packet, where the network leaves that to customers.
    #[arg(long, value_name = "AMOUNT")]
    pub price: Option<AmountArg>,
    #[command(flatten)]
    pub signer: CustomerKey,
}

/// Device addresses: `48000000-4800000F`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DevAddrs(pub Range);

impl FromStr for DevAddrs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = |text: &str| (text.len() == 8).then(|| u32::from_str_radix(text, 16).ok()).flatten();
        let wrong = || "write two addresses of 8 hexadecimal digits, such as 48000000-4800000F".to_owned();
        let (start, end) = text.split_once('-').and_then(|(start, end)| address(start).zip(address(end))).ok_or_else(wrong)?;
        if start <= end { Ok(Self(Range { start, end })) } else { Err("the first address stands behind the last".to_owned()) }
    }
}

/// A device by its join: `JoinEUI:DevEUI`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EuiArg(pub EuiPair);

impl FromStr for EuiArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let eui = |text: &str| (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok()).flatten();
        let pair = text.split_once(':').and_then(|(app, dev)| eui(app).zip(eui(dev)));
        let wrong = || "write JoinEUI:DevEUI, 16 hexadecimal digits each".to_owned();
        pair.map(|(app_eui, dev_eui)| Self(EuiPair { app_eui, dev_eui })).ok_or_else(wrong)
    }
}

#[derive(Clone, Debug, Subcommand)]
pub enum RouteCommand {
    /// Add a route, or more addresses and joins to one.
    #[command(
        after_help = "Examples:\n  depin coverage route add --oui 1 --server lns.example:8080 --devaddr 48000000-4800000F\n  \
                            depin coverage route add --route 3fa2b1 --eui 70B3D57ED0000000:0004A30B001A2B3C"
    )]
    Add(AddRouteArgs),
    /// Give addresses, joins and session keys of a route back, some or all.
    #[command(after_help = "Examples:\n  depin coverage route release 3fa2b1 --devaddr 48000000-4800000F\n  \
                            depin coverage route release 3fa2b1 --all")]
    Release(ReleaseArgs),
    /// List the routes of an OUI.
    #[command(after_help = "Examples:\n  depin coverage route list --oui 1\n  depin coverage route list --json")]
    List(ListRoutesArgs),
    /// Take a route away that nothing is listed under any more.
    #[command(after_help = "Examples:\n  depin coverage route remove 3fa2b1")]
    Remove(RemoveRouteArgs),
}

#[derive(Clone, Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["oui", "route"])))]
pub struct AddRouteArgs {
    /// The OUI of a new route.
    #[arg(long, value_name = "N", requires = "server")]
    pub oui: Option<u32>,
    /// A route that is there.
    #[arg(long, value_name = "ID")]
    pub route: Option<String>,
    /// Where the network server is reached, of a new route.
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "route")]
    pub server: Option<String>,
    /// NetID of a new route, hexadecimal digits.
    #[arg(long, value_name = "HEX", default_value = "00003C", conflicts_with = "route")]
    pub net_id: String,
    /// Most hotspots that are paid for one packet of a new route.
    #[arg(long, value_name = "N", default_value_t = 3, conflicts_with = "route", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub max_copies: u32,
    /// Device addresses that it takes.
    #[arg(long, value_name = "FIRST-LAST")]
    pub devaddr: Vec<DevAddrs>,
    /// Joins that it takes.
    #[arg(long, value_name = "JOINEUI:DEVEUI")]
    pub eui: Vec<EuiArg>,
    #[command(flatten)]
    pub signer: CustomerKey,
}

#[derive(Clone, Debug, Args)]
pub struct ListRoutesArgs {
    /// Only of this OUI.
    #[arg(long, value_name = "N")]
    pub oui: Option<u32>,
}

#[derive(Clone, Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).multiple(true).args(["devaddr", "eui", "all"])))]
pub struct ReleaseArgs {
    /// The route.
    pub route: String,
    /// Device addresses, as they were added.
    #[arg(long, value_name = "FIRST-LAST", conflicts_with = "all")]
    pub devaddr: Vec<DevAddrs>,
    /// Joins.
    #[arg(long, value_name = "JOINEUI:DEVEUI", conflicts_with = "all")]
    pub eui: Vec<EuiArg>,
    /// Everything that is listed under it, session keys too.
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub signer: CustomerKey,
}

#[derive(Clone, Debug, Args)]
pub struct RemoveRouteArgs {
    /// The route.
    pub route: String,
    #[command(flatten)]
    pub signer: CustomerKey,
}

#[derive(Clone, Debug, Subcommand)]
pub enum SkfCommand {
    /// Add a session key. Everybody can read it on the ledger, and make frames with it that you pay for; it opens no payload.
    #[command(
        after_help = "Examples:\n  depin coverage skf add 3fa2b1 --devaddr 48000001 --key 2B7E151628AED2A6ABF7158809CF4F3C"
    )]
    Add(AddSkfArgs),
    /// Take a session key off the list.
    #[command(
        after_help = "Examples:\n  depin coverage skf remove 3fa2b1 --devaddr 48000001 --key 2B7E151628AED2A6ABF7158809CF4F3C"
    )]
    Remove(RemoveSkfArgs),
    /// List the session keys of a route.
    #[command(after_help = "Examples:\n  depin coverage skf list 3fa2b1\n  depin coverage skf list 3fa2b1 --json")]
    List(ListSkfArgs),
}

#[derive(Clone, Debug, Args)]
pub struct AddSkfArgs {
    /// The route.
    pub route: String,
    /// The device's address, 8 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    pub devaddr: String,
    /// Its network session key (NwkSKey), 32 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    pub key: String,
    /// Most hotspots that are paid for one of its packets; 0 for the route's own number.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub max_copies: u32,
    #[command(flatten)]
    pub signer: CustomerKey,
}

#[derive(Clone, Debug, Args)]
pub struct RemoveSkfArgs {
    /// The route.
    pub route: String,
    /// The device's address, 8 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    pub devaddr: String,
    /// Its network session key (NwkSKey), 32 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    pub key: String,
    #[command(flatten)]
    pub signer: CustomerKey,
}

#[derive(Clone, Debug, Args)]
pub struct ListSkfArgs {
    /// The route.
    pub route: String,
}

/// Which network server, and its key.
#[derive(Clone, Debug, Args)]
pub struct ServerArgs {
    /// URL of the network server [default: the one of the home].
    #[arg(long, value_name = "URL", requires = "server_key_file")]
    pub server: Option<String>,
    /// File of its access key.
    #[arg(long, value_name = "FILE")]
    pub server_key_file: Option<PathBuf>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum DeviceCommand {
    /// Add a device that joins over the air (OTAA, LoRaWAN 1.0.x).
    #[command(
        after_help = "Examples:\n  depin coverage device add --dev-eui 0004A30B001A2B3C --join-eui 70B3D57ED0000000 \\\n      \
                            --app-key 2B7E151628AED2A6ABF7158809CF4F3C --name door"
    )]
    Add(AddDeviceArgs),
    /// List devices: addresses, counters, downlinks that wait.
    #[command(after_help = "Examples:\n  depin coverage device list\n  depin coverage device list --json")]
    List(ServerArgs),
    /// Remove a device. Its DevNonces stay used.
    #[command(after_help = "Examples:\n  depin coverage device remove 0004A30B001A2B3C")]
    Remove(RemoveDeviceArgs),
}

#[derive(Clone, Debug, Args)]
pub struct AddDeviceArgs {
    /// Its DevEUI, 16 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    pub dev_eui: String,
    /// Its JoinEUI (AppEUI), 16 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    pub join_eui: String,
    /// Its AppKey, 32 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    pub app_key: String,
    /// Its name in events.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub name: String,
    #[command(flatten)]
    pub server: ServerArgs,
}

#[derive(Clone, Debug, Args)]
pub struct RemoveDeviceArgs {
    /// Its DevEUI.
    pub dev_eui: String,
    #[command(flatten)]
    pub server: ServerArgs,
}

#[derive(Clone, Debug, Subcommand)]
pub enum CreditsCommand {
    /// Put credits into an OUI; what the account lacks is minted.
    #[command(after_help = "Examples:\n  depin coverage credits mint 500000 --oui 1")]
    Mint(MintCreditsArgs),
    /// Show the credits of OUIs.
    #[command(after_help = "Examples:\n  depin coverage credits balance\n  depin coverage credits balance --json")]
    Balance,
}

#[derive(Clone, Debug, Args)]
pub struct MintCreditsArgs {
    /// How many.
    pub credits: AmountArg,
    /// The OUI.
    #[arg(long, value_name = "N")]
    pub oui: u32,
    #[command(flatten)]
    pub signer: CustomerKey,
}

#[derive(Clone, Debug, Args)]
pub struct MapArgs {
    /// Write a picture.
    #[arg(long, value_name = "FILE", conflicts_with = "geojson")]
    pub svg: Option<PathBuf>,
    /// Write GeoJSON for maps.
    #[arg(long, value_name = "FILE")]
    pub geojson: Option<PathBuf>,
}

/// A place: `52.52,13.405`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlaceArg {
    pub latitude: f64,
    pub longitude: f64,
}

impl FromStr for PlaceArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write degrees north and east, such as 52.52,13.405".to_owned();
        let (latitude, longitude) = text.split_once(',').ok_or_else(wrong)?;
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let (latitude, longitude) = number(latitude).zip(number(longitude)).ok_or_else(wrong)?;
        if (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude) {
            Ok(Self { latitude, longitude })
        } else {
            Err("latitudes are -90 to 90, longitudes -180 to 180".to_owned())
        }
    }
}

/// Antenna gain: tenths of dBi at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GainArg(pub i16);

impl FromStr for GainArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let gain: f64 = text.parse().map_err(|_| "write a gain in dBi, such as 3 or 5.8".to_owned())?;
        let tenths = gain * 10.0;
        // Exact tenths only: what is asserted is what was typed.
        if (10.0..=150.0).contains(&tenths) && (tenths - tenths.round()).abs() < 1e-6 {
            Ok(Self(tenths.round() as i16))
        } else {
            Err("antennas have 1 to 15 dBi, in steps of a tenth".to_owned())
        }
    }
}

/// A channel plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum RegionArg {
    /// Europe, 863 to 870 MHz.
    Eu868,
    /// North America, 902 to 928 MHz.
    Us915,
}

impl From<RegionArg> for Region {
    fn from(region: RegionArg) -> Self {
        match region {
            RegionArg::Eu868 => Self::Eu868,
            RegionArg::Us915 => Self::Us915,
        }
    }
}

pub(super) const PROVIDER_AFTER: &str = "\
Any packet forwarder that speaks Semtech's protocol (GWMP) sends to --udp: see docs/coverage.md for its
settings. The hotspot joins with a key of its own, kept in its folder, and says where it is; both cost a
fee, which is told, and credits for it are minted from the account's tokens. It carries packets of the
ledger's customers, reports them when they are acknowledged, sends beacons and reports those of others.

Examples:
  depin provider coverage --udp 1680 --location 52.52,13.405 --gain 3 --node http://192.0.2.7:4610
  depin provider coverage --name roof --dir /data/roof --udp 0.0.0.0:1680 --eui AA555A0000000101 \\
      --location 52.52,13.405 --elevation 30 --gain 5.8 --node http://192.0.2.7:4610";

/// A UDP port, with or without the address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpArg(pub SocketAddr);

impl FromStr for UdpArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(port) = text.parse::<u16>() {
            return Ok(Self(SocketAddr::from(([127, 0, 0, 1], port))));
        }
        text.parse().map(Self).map_err(|_| "write a port, or an address with one: 1680, 0.0.0.0:1680".to_owned())
    }
}

#[derive(Clone, Debug, Args)]
pub struct ProviderCoverageArgs {
    /// UDP port for the packet forwarder; an address before it where the forwarder is on another machine.
    #[arg(long, value_name = "[ADDR:]PORT", default_value = "1680")]
    pub udp: UdpArg,
    /// Where the hotspot stands.
    #[arg(long, value_name = "LAT,LON", allow_hyphen_values = true)]
    pub location: PlaceArg,
    /// Antenna gain in dBi.
    #[arg(long, value_name = "DBI", default_value = "3")]
    pub gain: GainArg,
    /// Metres above the ground.
    #[arg(long, value_name = "M", default_value_t = 5, allow_hyphen_values = true)]
    pub elevation: i32,
    /// Channel plan.
    #[arg(long, value_enum, default_value = "eu868")]
    pub region: RegionArg,
    /// EUI of the only packet forwarder that is served, 16 hexadecimal digits [default: the first that shows itself].
    #[arg(long, value_name = "HEX")]
    pub eui: Option<String>,
    /// IP address from which the packet forwarder sends; all others are dropped [default: the first that shows itself, until it is silent for 45 s].
    #[arg(long, value_name = "IP")]
    pub forwarder: Option<IpAddr>,
    /// Carry packets only, and take no part in proof of coverage.
    #[arg(long)]
    pub data_only: bool,
    /// Connect to network servers at private and loopback addresses too: for a network on this machine or in a network of one's own.
    #[arg(long)]
    pub local_network: bool,
    /// Begin a new store where the folder's own was lost, and a new hotspot where its key was: it joins, and pays for it.
    #[arg(long)]
    pub new_store: bool,
    /// Name for people.
    #[arg(long, value_name = "NAME", default_value = "hotspot")]
    pub name: Name,
    #[command(flatten)]
    pub place: PlaceArgs,
}

pub(super) const GATEWAY_AFTER: &str = "\
Hotspots of the ledger hand in what devices sent; your software gets it decrypted, in ChirpStack's JSON, by
webhook (--http) and by MQTT (--mqtt), and sends downlinks back. Devices join over the air. The account of
--key-file owns the OUI that pays hotspots; the key that acknowledges packets is made in DIR.

Examples:
  depin gateway lorawan --node http://127.0.0.1:4610 --key-file ./customer.key --http http://127.0.0.1:8080/lorawan
  depin gateway lorawan --node http://192.0.2.7:4610 --listen 0.0.0.0:8080 --public lns.example:8080 \\
      --oui 1 --mqtt mqtt://127.0.0.1:1883 --devaddr 48000000-4800000F";

#[derive(Clone, Debug, Args)]
pub struct GatewayLorawanArgs {
    /// Folder of the store and the keys.
    #[arg(long, value_name = "DIR", default_value = "./lorawan", value_parser = TextPath)]
    pub dir: PathBuf,
    /// Address that it listens on: for hotspots and for your software.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Where hotspots reach it, as the route says it [default: --listen].
    #[arg(long, value_name = "HOST:PORT")]
    pub public: Option<String>,
    /// URL that events are posted to.
    #[arg(long, value_name = "URL")]
    pub http: Option<String>,
    /// MQTT broker that events are published to: mqtt://[USER:PASSWORD@]HOST[:PORT].
    #[arg(long, value_name = "URL")]
    pub mqtt: Option<String>,
    /// The OUI [default: the account's own].
    #[arg(long, value_name = "N")]
    pub oui: Option<u32>,
    /// Credits with which an OUI is opened where the account has none.
    #[arg(long, value_name = "AMOUNT")]
    pub credits: Option<AmountArg>,
    /// Add credits whenever fewer than these are left; they are minted from the account's tokens.
    #[arg(long, value_name = "AMOUNT")]
    pub keep: Option<AmountArg>,
    /// Addresses that it gives to devices [default: those that a route to it has, else up to 2,048 that no route has].
    #[arg(long, value_name = "FIRST-LAST")]
    pub devaddr: Option<DevAddrs>,
    /// Channel plan.
    #[arg(long, value_enum, default_value = "eu868")]
    pub region: RegionArg,
    /// Most hotspots that are paid for one packet.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub max_copies: u32,
    /// List the keys of devices' sessions (NwkSKey) on the ledger, where everybody can read them: hotspots then deliver no frame of another key, but
    /// whoever reads them can make frames that you pay for, and shut your devices out.
    #[arg(long)]
    pub list_session_keys: bool,
    /// Key file of the account that owns the OUI [default: DIR/customer.key, made on the first start].
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub key_file: Option<PathBuf>,
    /// Free space to keep on the disk; below it nothing is taken [default: 512MiB, a fifth of a small disk].
    #[arg(long, value_name = "SIZE")]
    pub disk_floor: Option<Bytes>,
    /// Begin a new store where DIR's own was lost; what is left of it is kept beside it.
    #[arg(long)]
    pub new_store: bool,
    #[command(flatten)]
    pub tls: TlsArgs,
}

/// A place, or the name of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AreaArg(pub PlaceArg);

impl FromStr for AreaArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("berlin") {
            return Ok(Self(PlaceArg { latitude: 52.5219, longitude: 13.4132 }));
        }
        text.parse().map(Self).map_err(|error: String| format!("{error}; or `berlin`"))
    }
}
