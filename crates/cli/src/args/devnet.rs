//! Commands for development: what stands in for hardware.

use super::coverage::{AreaArg, PlaceArg};
use clap::{Args, Subcommand};
use std::{net::SocketAddr, path::PathBuf, str::FromStr};

pub(super) const AFTER: &str = "\
Examples:
  depin devnet radio --hotspot 52.52,13.405@127.0.0.1:1680 --devices 20
  depin devnet radio --hotspots 50 --devices 500 --area berlin --first-port 1700";

#[derive(Clone, Debug, Subcommand)]
pub enum DevnetCommand {
    /// Run a simulated radio in this process: packet forwarders of hotspots, and devices between them, until Ctrl-C.
    #[command(after_help = "\
Nothing here touches an antenna: path loss, shadowing, collisions and noise decide who hears whom, and what is heard
comes out as a packet forwarder says it, GWMP over UDP. Devices need keys that a network server knows: they are listed
with the network server of the home, or with the one that is named.

Examples:
  depin devnet radio --hotspot 52.52,13.405@127.0.0.1:1680 --hotspot 52.53,13.41@127.0.0.1:1681 --devices 20
  depin devnet radio --hotspots 50 --devices 500 --area berlin --first-port 1700 --loss okumura --seed 3")]
    Radio(RadioArgs),
}

/// A hotspot whose forwarder is simulated: `LAT,LON@HOST:PORT`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForwarderArg {
    pub place: PlaceArg,
    pub udp: SocketAddr,
}

impl FromStr for ForwarderArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write LAT,LON@ADDRESS:PORT, such as 52.52,13.405@127.0.0.1:1680".to_owned();
        let (place, udp) = text.split_once('@').ok_or_else(wrong)?;
        Ok(Self { place: place.parse()?, udp: udp.parse().map_err(|_| wrong())? })
    }
}

/// How signals weaken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LossArg {
    /// Okumura and Hata: a city.
    Okumura,
    /// Nothing stands between.
    FreeSpace,
}

#[derive(Clone, Debug, Args)]
pub struct RadioArgs {
    /// A hotspot: where it stands, and where its daemon listens for the forwarder.
    #[arg(long, value_name = "LAT,LON@ADDR:PORT", allow_hyphen_values = true, conflicts_with_all = ["hotspots", "area"])]
    pub hotspot: Vec<ForwarderArg>,
    /// So many hotspots around the middle of --area, whose daemons listen on this machine from --first-port on.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000), required_unless_present = "hotspot")]
    pub hotspots: Option<u32>,
    /// Where they stand around: a place, or `berlin`.
    #[arg(long, value_name = "LAT,LON|NAME", default_value = "berlin", allow_hyphen_values = true)]
    pub area: AreaArg,
    /// UDP port of the first one's daemon.
    #[arg(long, value_name = "PORT", default_value_t = 1_680)]
    pub first_port: u16,
    /// How many devices send.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub devices: u32,
    /// Seconds between two uplinks of a device.
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub every: u32,
    /// How signals weaken with distance.
    #[arg(long, value_enum, default_value = "okumura")]
    pub loss: LossArg,
    /// What decides shadows and keys; the same seed is the same devices.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// File in which the devices remember which DevNonces they used.
    #[arg(long, value_name = "FILE", default_value = "./radio.json")]
    pub memory: PathBuf,
    #[command(flatten)]
    pub server: super::coverage::ServerArgs,
}
