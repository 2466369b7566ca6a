//! `depin up`.

use super::{Bytes, EngineArg, KeepArg, TlsArgs};
use clap::Args;
use std::net::IpAddr;

pub(super) const AFTER: &str = "\
Starts a node (committee of one, durable), a development price feeder, and what the network's service has, in one process, with \
funded development accounts: storage has providers and an S3 gateway, a metered service operators and a metering gateway, coverage \
hotspots, a LoRaWAN network server and a simulated radio, rendering nodes and a dispatcher, leasing providers with this machine's Podman, Docker or bubblewrap, \
clusters a checker and this machine as a device. Prints where everything is when it is ready, and writes the same to HOME/endpoints.json. Ctrl-C stops it; running it again goes on with the same data, at the same speed.

Examples:
  depin up
  depin up --home /tmp/net --providers 6
  depin up --home /tmp/render --network render      nodes that render scenes, a dispatcher
  depin up --home /tmp/ai --network render --engine python    nodes that run tasks
  depin up --home /tmp/radio --network helium       hotspots, packets of simulated devices, beacons
  depin up --home /tmp/radio --network helium-development --speed 60    the same, epochs of an hour in a minute
  depin up --home /tmp/cloud --network akash        providers of leases, containers on this machine
  depin up --home /tmp/devices --network io.net     the checker of clusters, this machine as a device
  depin up --home /tmp/atlas --network ./atlas      your own network, made by `depin new`
  depin up --speed 100            a day passes in a quarter of an hour
  depin up --fresh                throw this network away, begin another
  depin up --listen 0.0.0.0 --tls-cert chain.pem --tls-key key.pem";

#[derive(Clone, Debug, Args)]
pub struct UpArgs {
    /// Network to run: the name of one that comes along (`depin networks`), or the path of a network.toml or its folder. A home goes
    /// on with its own [default: the home's, else filecoin].
    #[arg(long, value_name = "NAME|PATH")]
    pub network: Option<String>,
    /// Run the network by the figures of its file alone, without the overlay `development`, which bounds rewards and what a failure costs
    /// by what is pledged. A chain keeps what it began with.
    #[arg(long)]
    pub without_overlay: bool,
    /// How many providers, operators or hotspots to run [default: 4, hotspots and providers of leases 3, or as many as the home has].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=64))]
    pub providers: Option<u32>,
    /// What the nodes of a rendering network render with, or run tasks with [default: what they had, else what is here, Blender first].
    #[arg(long, value_enum)]
    pub engine: Option<EngineArg>,
    /// Milliseconds of ledger time per millisecond: at most a quarter of the network's shortest window in seconds, and 200
    /// [default: the home's last, else 1].
    #[arg(long, value_name = "N")]
    pub speed: Option<u32>,
    /// Begin the network with an account that brings randomness from outside (`depin randomness`), by which lots and challenges are
    /// drawn instead of by the one validator's blocks. When it brings none for ten minutes, the validator draws alone again.
    #[arg(long)]
    pub randomness: bool,
    /// Delete the home's network first and begin a new one; never deletes a folder that is not a home.
    #[arg(long)]
    pub fresh: bool,
    /// Address on which API, gateway and operators listen.
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub listen: IpAddr,
    /// First of the ports: the API's, the gateway's one higher, operators from ten higher on; 0 takes free ones. Ports that are
    /// taken are refused [default: those of the last start, else 4610 where free].
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(0..=65000))]
    pub port_base: Option<u16>,
    /// Fill the event index from its beginning again.
    #[arg(long)]
    pub rebuild_index: bool,
    /// Begin a new vote journal above the last final block where this chain's only validator has a damaged one; what is left of it is
    /// kept beside it.
    #[arg(long, conflicts_with = "fresh")]
    pub forget_votes: bool,
    /// Begin a new store of the gateway (S3, or metering), or of a provider that has deals, where its own was lost; what is left of it is
    /// kept beside it.
    #[arg(long, conflicts_with = "fresh")]
    pub new_store: bool,
    /// Go on although the last block is stamped later than the clock reads: the clock was wrong then and is right now. Ledger time
    /// goes on at half its speed until the clock has caught up.
    #[arg(long, conflicts_with = "fresh")]
    pub accept_clock: bool,
    /// By how much the clock may jump while the node runs and still be followed; beyond, time goes on by the boot clock.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub clock_jump: u32,
    /// How many days final blocks, receipts and events are kept, or `all`. What the ledger is needs none of them; what was given up does
    /// not come back.
    #[arg(long, value_name = "DAYS|all", default_value = "30")]
    pub keep_history: KeepArg,
    /// Capacity of each new storage provider: what it promises at most. How much it can keep, its disk decides.
    #[arg(long, value_name = "SIZE", default_value = "1TiB")]
    pub capacity: Bytes,
    /// Free space to keep on the disk: below it gateway and providers take no more bytes, below half of it the node no more
    /// transactions; reads and blocks go on [default: 512MiB, a fifth of a small disk].
    #[arg(long, value_name = "SIZE")]
    pub disk_floor: Option<Bytes>,
    #[command(flatten)]
    pub tls: TlsArgs,
}
