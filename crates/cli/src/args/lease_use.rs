//! `depin lease image | logs | shell | exec | cp | send | token | revoke`: what is done at providers' gateways.

use super::{SpanArg, Tenant, Who};
use clap::{Args, Subcommand};
use depin_client::lease::Scope;
use std::path::PathBuf;

pub(super) const LOGS_AFTER: &str = "\
Prints the last lines of each replica, or all of them; with -f it goes on until the replicas end.

Examples:
  depin lease logs 1234
  depin lease logs 1234 web -f --tail 20
  depin lease logs 1234 --json | jq -r .message";

pub(super) const SHELL_AFTER: &str = "\
Opens a terminal in a container. Without a command it is `sh`. It ends with the exit code of what ran.

Examples:
  depin lease shell 1234 web
  depin lease shell 1234 web -- bash -l
  depin lease shell 1234 web --replica 1 -- sh";

pub(super) const EXEC_AFTER: &str = "\
Runs one command without a terminal, and ends with its exit code. With -i it reads standard input.

Examples:
  depin lease exec 1234 db -- pg_dump -U app app > dump.sql
  depin lease exec 1234 db -i -- psql -U app app < dump.sql";

pub(super) const CP_AFTER: &str = "\
Copies files and folders into a container or out of it, by `tar` in the container. One side is SERVICE:PATH. Links and devices are left out, \
and nothing is written outside of the place that is named.

Examples:
  depin lease cp 1234 ./site web:/usr/share/nginx
  depin lease cp 1234 db:/var/lib/app/backup.tar .
  depin lease cp 1234 ./conf web:/etc --replica 1";

pub(super) const SEND_AFTER: &str = "\
Sends the manifest of the file to the providers that have the deployment's leases. `depin lease up` and `update` do so by themselves; this \
does it again where a provider was away. The file must be the one that was ordered.

Examples:
  depin lease send 1234 deploy.yaml";

pub(super) const TOKEN_AFTER: &str = "\
Makes a token by which somebody else may do some things with a lease for a while, at its provider alone. Whoever has it needs no key: it is \
shown with --token FILE, or as `Authorization: Bearer`. `depin lease revoke` makes all tokens that you ever made worthless.

Examples:
  depin lease token 1234 --scope logs,status > friend.token
  depin lease logs 1234 --token friend.token
  depin lease token 1234 --scope shell --service web --for 1h
  depin lease token 1234 --scope logs --file deploy.yaml
  depin lease token 1234 --scope logs --json";

pub(super) const PROBE_AFTER: &str = "\
Where the network pays leases by their availability ([service.leasing.availability] in its file), a period is paid by the share of probes that \
were answered, when tenant and provider both signed that share. This command makes the probes: it asks every host name and TCP port of the lease \
as its users do, counts whether all of them answered, signs the count when a period is over, and has the provider sign the same. It runs until the \
lease is over. A period that nobody reported in time is paid as the network's file says.

Examples:
  depin lease probe 1234
  depin lease probe 1234 --every 30s --json
  depin lease probe 1234 --periods 1";

pub(super) const HOST_AFTER: &str = "\
A provider gives a host name of the public DNS to whoever proves that it is theirs: it looks for this file at \
http://NAME/.well-known/depin-host-name when a manifest that claims the name comes. Put it there where the name leads now, send the manifest, then \
let the name lead to the provider. Whoever shows the file takes the name also from another tenant. Names such as web.localhost are nobody's in \
the DNS: they are their first user's.

Examples:
  depin lease host 1234 shop.acme.dev > depin-host-name
  depin lease host 1234 shop.acme.dev --group 2";

pub(super) const REVOKE_AFTER: &str = "\
Raises a number on the ledger that every token carries. Providers look within seconds; streams that are open are ended within a minute.

Examples:
  depin lease revoke
  depin lease revoke --from customer --json";

pub(super) const IMAGE_AFTER: &str = "\
Hands an image to the provider of each of a deployment's leases, as an OCI archive of one image. It is that lease's alone, stands in for an image \
of its name that the provider has, and goes with the lease. A service that runs an older one of that name is started anew. An archive has 2 GiB at \
most and 8 GiB unpacked, a lease 16 images of 4 GiB. `depin lease up --image FILE` does it on the way.

Examples:
  podman save --format oci-archive -o web.oci localhost/web:2
  depin lease image push 1234 web.oci
  depin lease image push 1234 web.oci --name localhost/web:1 --group 2";

/// How a provider's gateway is reached, and as whom.
#[derive(Clone, Debug, Args)]
pub struct GateArgs {
    /// Only the lease of this group [default: the only one].
    #[arg(long, value_name = "N")]
    pub group: Option<u32>,
    /// A file with a token to show, in place of one that the key makes.
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub token: Option<PathBuf>,
    /// Let providers have addresses of private networks and of this machine. Always so beside a network that runs here.
    #[arg(long)]
    pub local_network: bool,
    #[command(flatten)]
    pub tenant: Tenant,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseProbeArgs {
    /// The deployment.
    #[arg(value_name = "N")]
    pub dseq: u64,
    /// Time between two probes, by the wall clock.
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub every: SpanArg,
    /// End when so many periods were signed by both [default: when the lease is over].
    #[arg(long, value_name = "N")]
    pub periods: Option<u32>,
    #[command(flatten)]
    pub gate: GateArgs,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseLogsArgs {
    /// The deployment.
    #[arg(value_name = "N")]
    pub dseq: u64,
    /// Of which services [default: all].
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,
    /// Go on with what comes.
    #[arg(short, long)]
    pub follow: bool,
    /// Only so many of the last lines of each replica.
    #[arg(long, value_name = "N")]
    pub tail: Option<u32>,
    #[command(flatten)]
    pub gate: GateArgs,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseShellArgs {
    /// The deployment.
    #[arg(value_name = "N")]
    pub dseq: u64,
    /// In a container of which service.
    #[arg(value_name = "SERVICE")]
    pub service: String,
    /// The command, after `--` [default: sh].
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
    /// In which replica, from 0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub replica: u32,
    #[command(flatten)]
    pub gate: GateArgs,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseExecArgs {
    /// The deployment.
    #[arg(value_name = "N")]
    pub dseq: u64,
    /// In a container of which service.
    #[arg(value_name = "SERVICE")]
    pub service: String,
    /// The command, after `--`.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Give it standard input.
    #[arg(short, long)]
    pub interactive: bool,
    /// In which replica, from 0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub replica: u32,
    #[command(flatten)]
    pub gate: GateArgs,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseCpArgs {
    /// The deployment.
    #[arg(value_name = "N")]
    pub dseq: u64,
    /// What: a path, or SERVICE:PATH.
    #[arg(value_name = "FROM")]
    pub source: String,
    /// Into which folder: a path, or SERVICE:PATH.
    #[arg(value_name = "TO")]
    pub target: String,
    /// In which replica, from 0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub replica: u32,
    #[command(flatten)]
    pub gate: GateArgs,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseSendArgs {
    /// The deployment.
    #[arg(value_name = "N")]
    pub dseq: u64,
    /// The deployment file; `-` reads standard input.
    #[arg(value_name = "FILE|-")]
    pub file: String,
    #[command(flatten)]
    pub gate: GateArgs,
}

#[derive(Clone, Debug, Subcommand)]
pub enum LeaseImageCommand {
    /// Hand an image to the providers of a deployment's leases.
    #[command(after_help = IMAGE_AFTER)]
    Push(LeaseImagePushArgs),
}

#[derive(Clone, Debug, Args)]
pub struct LeaseImagePushArgs {
    /// The deployment.
    #[arg(value_name = "N")]
    pub dseq: u64,
    /// The OCI archive.
    #[arg(value_name = "FILE")]
    pub archive: PathBuf,
    /// The image's name in the deployment file [default: the one in the archive].
    #[arg(long, value_name = "IMAGE")]
    pub name: Option<String>,
    #[command(flatten)]
    pub gate: GateArgs,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseTokenArgs {
    /// The deployment.
    #[arg(value_name = "N")]
    pub dseq: u64,
    /// What it allows: send-manifest, get-manifest, logs, shell, events, status.
    #[arg(long, value_name = "SCOPE,…", value_delimiter = ',', required = true)]
    pub scope: Vec<Scope>,
    /// For which services alone [default: all that its provider has].
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub service: Vec<String>,
    /// For all services of the deployment file that was ordered; its provider is not asked then.
    #[arg(long, value_name = "FILE", conflicts_with = "service")]
    pub file: Option<String>,
    /// How long it is good, by the wall clock; an hour at most.
    #[arg(long = "for", value_name = "TIME", default_value = "15m")]
    pub lifetime: SpanArg,
    /// Whose lease of which group [default: the only one].
    #[arg(long, value_name = "N")]
    pub group: Option<u32>,
    /// At which provider [default: that of the lease].
    #[arg(long, value_name = "ACCOUNT")]
    pub provider: Option<Who>,
    #[command(flatten)]
    pub tenant: Tenant,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseHostArgs {
    /// The deployment.
    #[arg(value_name = "N")]
    pub dseq: u64,
    /// The host name, as the deployment file claims it (`accept`).
    #[arg(value_name = "NAME")]
    pub host: String,
    /// Whose lease of which group [default: the only one].
    #[arg(long, value_name = "N")]
    pub group: Option<u32>,
    #[command(flatten)]
    pub tenant: Tenant,
}

#[derive(Clone, Debug, Args)]
pub struct LeaseRevokeArgs {
    #[command(flatten)]
    pub tenant: Tenant,
}
