//! Commands about a provider of leases.

use super::{PlaceArgs, SpanArg, TextPath, Who};
use clap::{ArgGroup, Args, ValueEnum};
use depin_provider::leasing::{Capacity, RuntimeChoice};
use depin_quantity::Name;
use std::{net::SocketAddr, path::PathBuf, str::FromStr};

pub(super) const PROVIDER_AFTER: &str = "\
The provider registers itself, bids on orders that it can run, and runs what its tenants send it, in containers within their \
limits. What runs goes on when it is stopped or killed, and is taken over at the next start. Its key is made on the first start \
and kept in its folder; the account needs tokens for fees, its pledge and a deposit for each bid.

An image that no registry is asked for is an OCI archive in DIR/images: localhost/web:1 is localhost_web:1.oci.

A price script is that of Akash's providers: a line of JSON on its input, one number on its output, AKASH_OWNER and AKASH_DENOM in \
its environment. Prices are per block, in the denomination of the order.

Examples:
  depin provider lease --capacity cpu=2,memory=4Gi,storage=20Gi --price cpu=0.0037,memory=0.0018,storage=0.00005
  depin provider lease --name north --capacity cpu=8,memory=32Gi,storage=500Gi --price-script ./price.sh \\
      --attributes region=eu,tier=community --listen 0.0.0.0:8443 --url https://north.example:8443 \\
      --ingress 0.0.0.0:80 --domain north.example --node https://node.example:4610 \\
      --tls-cert /etc/ssl/north.pem --tls-key /etc/ssl/north.key";

/// What runs containers.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RuntimeArg {
    /// Podman or Docker, else bubblewrap.
    Auto,
    /// Podman or Docker.
    Oci,
    /// bubblewrap.
    Bwrap,
}

impl From<RuntimeArg> for RuntimeChoice {
    fn from(arg: RuntimeArg) -> Self {
        match arg {
            RuntimeArg::Auto => Self::Auto,
            RuntimeArg::Oci => Self::Oci,
            RuntimeArg::Bwrap => Self::Bwrap,
        }
    }
}

#[derive(Clone, Debug, Args)]
#[command(group(ArgGroup::new("what-it-asks").required(true).args(["price", "price_script", "price_range"])))]
pub struct ProviderLeaseArgs {
    /// What is sold: CPUs, memory, disk, as cpu=2,memory=4Gi,storage=20Gi.
    #[arg(long, value_name = "CAPACITY")]
    pub capacity: Capacity,
    /// What is asked per block for a thousandth of a CPU, a MiB of memory and of disk, a port, as cpu=0.0037,memory=0.0018.
    #[arg(long, value_name = "PRICES")]
    pub price: Option<String>,
    /// A script that says what is asked for an order.
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub price_script: Option<PathBuf>,
    /// Draw prices from a wide range that hangs on memory: for tests.
    #[arg(long)]
    pub price_range: bool,
    /// What it says of itself, besides its kinds of storage.
    #[arg(long, value_name = "KEY=VALUE,…", default_value = "")]
    pub attributes: String,
    /// Notice that is promised with each bid on an order that asks for some: such a lease ends only after it was given and is over
    /// (`depin provider reclaim`). Where the network's file has [service.leasing.reclaim].
    #[arg(long, value_name = "TIME")]
    pub reclaim_window: Option<SpanArg>,
    /// What runs containers.
    #[arg(long, value_enum, default_value = "auto")]
    pub runtime: RuntimeArg,
    /// Address of /health, /status and /metrics, in plain HTTP. --listen is the gateway's, which tenants reach over TLS: by the certificate
    /// that is named, else by one that the provider's own key signs.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    pub status: SocketAddr,
    /// Address for HTTP of tenants' services.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    pub ingress: SocketAddr,
    /// Domain below which services get their host names [default: they have those alone that they claim].
    #[arg(long, value_name = "DOMAIN")]
    pub domain: Option<String>,
    /// Give host names of the public DNS to their first users; else only to whoever proves by a file under the name that it is theirs
    /// (`depin lease host`).
    #[arg(long)]
    pub unproven_host_names: bool,
    /// Folder of images' archives [default: DIR/images].
    #[arg(long, value_name = "DIR", value_parser = TextPath)]
    pub images: Option<PathBuf>,
    /// A registry that has copies of others' images.
    #[arg(long, value_name = "URL")]
    pub mirror: Option<String>,
    /// Pull images from registries by their own names.
    #[arg(long)]
    pub registries: bool,
    /// How often earnings are collected, ledger time; each time costs a fee.
    #[arg(long, value_name = "TIME", default_value = "1d")]
    pub collect_every: SpanArg,
    /// Begin a new store where the provider's own was lost; tenants send their manifests again.
    #[arg(long)]
    pub new_store: bool,
    /// Name for people.
    #[arg(long, value_name = "NAME", default_value = "provider")]
    pub name: Name,
    #[command(flatten)]
    pub place: PlaceArgs,
}

pub(super) const RECLAIM_AFTER: &str = "\
A provider that promised notice takes its machine back in two steps: the first call gives notice, and tells its tenant on the ledger when the lease ends; \
the next one, once that time is over, ends it. The lease is paid until then. One without notice is ended at once with --end.

Examples:
  depin provider reclaim provider-1 1234/1/1
  depin provider reclaim provider-1 1234/1/1 --reason unstable
  depin provider reclaim provider-1 1234/1/1 --tenant customer --end";

/// Why a provider takes its machine back.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ReclaimReason {
    /// It takes the machine away.
    Decommission,
    /// It cannot keep the lease running.
    Unstable,
    /// It says none.
    Unspecified,
}

#[derive(Clone, Debug, Args)]
pub struct ReclaimArgs {
    /// Name of a provider of this home, or its key file.
    pub name: String,
    /// The lease: number of the deployment, group and order, as `depin provider leases` lists it.
    #[arg(value_name = "N/GROUP/ORDER")]
    pub lease: LeaseNumber,
    /// Whose it is, where several tenants have one of this number.
    #[arg(long, value_name = "ACCOUNT")]
    pub tenant: Option<Who>,
    /// Why.
    #[arg(long, value_enum, default_value = "decommission")]
    pub reason: ReclaimReason,
    /// End a lease at once for which no notice was promised.
    #[arg(long)]
    pub end: bool,
}

/// A lease as its provider lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseNumber {
    pub dseq: u64,
    pub gseq: u32,
    pub oseq: u32,
}

impl FromStr for LeaseNumber {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let mut parts = text.split('/');
            let (dseq, gseq, oseq) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            parts.next().is_none().then_some(Self { dseq, gseq, oseq })
        };
        read().ok_or_else(|| "a lease is named by deployment, group and order, as 1234/1/1".to_owned())
    }
}

/// Which providers of leases of this machine.
#[derive(Clone, Debug, Args)]
pub struct OwnLeasesArgs {
    /// One provider of this home, or of a folder of that name here [default: all of the home].
    pub name: Option<Name>,
    /// Its folder.
    #[arg(long, value_name = "DIR", conflicts_with = "name", value_parser = TextPath)]
    pub dir: Option<PathBuf>,
}
