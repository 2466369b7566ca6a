//! Commands about a device of a network of clusters, and about the network's checker.

use super::{AmountArg, Bytes, PlaceArgs, TextPath};
use clap::Args;
use depin_quantity::Name;
use std::{net::SocketAddr, path::PathBuf};

pub(super) const PROVIDER_AFTER: &str = "\
The device measures its machine, registers with its cores and memory, stakes, and does an hour's work on all of them every hour. The
network's checker, which --checker names, says how long an answer took; without its word no hour is passed. What is measured first is
kept: another claim begins the uptime anew. Hirers' nodes run in sandboxes, which takes root and bubblewrap; where they cannot run, the
device is proved and not for hire. Tunnels of nodes are at the port after the URL's. GPUs are not proved, and cannot be registered.

Examples:
  depin provider cluster --price \"0.5 IO\" --checker http://127.0.0.1:4720 --node http://127.0.0.1:4610
  depin provider cluster --name north --price \"0.5 IO\" --price \"0.4 USDC\" --python /opt/ray/bin/python3 \\
      --listen 0.0.0.0:8443 --url https://north.example:8443 --checker https://checker.example --node https://node.example:4610 \\
      --tls-cert /etc/ssl/north.pem --tls-key /etc/ssl/north.key";

pub(super) const CHECKER_AFTER: &str = "\
The checker is the account in the network's role `checker`: it says how long answers took, from when it saw the hour's seed at its own
node, and that hired devices are there. Its key is in its folder, or named by --key-file.

Examples:
  depin provider checker --key-file ./checker.key --listen 127.0.0.1:4720 --node http://127.0.0.1:4610";

#[derive(Clone, Debug, Args)]
pub struct ProviderClusterArgs {
    /// Name of the device among its owner's.
    #[arg(long, value_name = "NAME", default_value = "device")]
    pub name: Name,
    /// Price of an hour; once for each token that is taken [default: not for hire].
    #[arg(long, value_name = "AMOUNT")]
    pub price: Vec<AmountArg>,
    /// URL of the network's checker.
    #[arg(long, value_name = "URL")]
    pub checker: Option<String>,
    /// Cores at most [default: all that are free].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub cores: Option<u32>,
    /// Memory at most [default: what is free, less an eighth].
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<Bytes>,
    /// Disk at most [default: half of what is free].
    #[arg(long, value_name = "SIZE")]
    pub disk: Option<Bytes>,
    /// Download that is reported, Mbit/s.
    #[arg(long, value_name = "MBPS", default_value = "0")]
    pub download: u32,
    /// Upload that is reported, Mbit/s.
    #[arg(long, value_name = "MBPS", default_value = "0")]
    pub upload: u32,
    /// This process runs in a slice of a machine: only networks for development take those.
    #[arg(long)]
    pub slice: bool,
    /// A Python that has Ray; without one no Ray cluster runs here.
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub python: Option<PathBuf>,
    /// Address on which tunnels of nodes listen [default: --listen, at the port after the URL's].
    #[arg(long, value_name = "ADDR:PORT")]
    pub tunnels: Option<SocketAddr>,
    /// Measure again, and claim that: the device's uptime begins anew where it is something else.
    #[arg(long)]
    pub measure: bool,
    /// Take no hires.
    #[arg(long)]
    pub closed: bool,
    #[command(flatten)]
    pub place: PlaceArgs,
}

#[derive(Clone, Debug, Args)]
pub struct ProviderCheckerArgs {
    /// Name for people.
    #[arg(long, value_name = "NAME", default_value = "checker")]
    pub name: Name,
    /// Connect to devices at private and loopback addresses too.
    #[arg(long)]
    pub local_network: bool,
    #[command(flatten)]
    pub place: PlaceArgs,
}
