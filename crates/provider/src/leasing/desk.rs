//! What the gateway asks of whoever runs leases: the seam between HTTP and containers.

use async_trait::async_trait;
use bytes::Bytes;
pub use depin_client::lease::ImageTaken;
use depin_quantity::Address;
use depin_sandbox::{Exec, ExecOptions, LogOptions, OutputStream, RoomStatus};
use depin_sdl::{Manifest, ManifestGroup, ManifestHash};
use depin_services::leasing::{BidId, DeploymentId, SignedReport};
use std::net::SocketAddr;
use tokio::sync::watch;

/// The leases of one provider, as their tenants deal with them. Who asks has proven to be the tenant before.
#[async_trait]
pub trait Desk: Send + Sync + 'static {
    /// The provider's account.
    fn provider(&self) -> Address;

    /// What is held, promised and free.
    async fn standing(&self) -> Standing;

    /// Takes the manifest of a deployment: held against the hash on the ledger and the groups that were ordered, kept durably, and run
    /// in every active lease of the deployment with this provider. The same one again changes nothing; one of an updated deployment
    /// replaces what runs.
    async fn take(&self, deployment: DeploymentId, manifest: Manifest) -> Result<(), DeskError>;

    /// What was taken for a lease.
    async fn manifest(&self, lease: BidId) -> Result<ManifestGroup, DeskError>;

    /// Where the services of a lease are reached, and how they are now.
    async fn tenancy(&self, lease: BidId) -> Result<Tenancy, DeskError>;

    /// What a service wrote, one stream for each replica. Each is told by its replica's number.
    async fn logs(&self, lease: BidId, service: &str, options: LogOptions) -> Result<Vec<(u32, OutputStream)>, DeskError>;

    /// Takes a part of an image that a lease's services are to run; once it is whole, those that name it do.
    async fn image(&self, lease: BidId, part: ImagePart) -> Result<ImageTaken, DeskError>;

    /// Signs a report of a lease's availability that its tenant signed, and hands it in once its period is the next.
    async fn report(&self, lease: BidId, report: SignedReport) -> Result<SignedReport, DeskError>;

    /// Runs a command in a replica of a service.
    async fn exec(&self, lease: BidId, service: &str, replica: u32, options: ExecOptions) -> Result<Exec, DeskError>;
}

/// A part of an OCI archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagePart {
    /// The image's name, as manifests have it.
    pub image: String,
    /// Where in the archive it begins.
    pub at: u64,
    /// Bytes of the whole archive.
    pub of: u64,
    /// What it is.
    pub bytes: Bytes,
}

/// What a provider has and does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Leases that are active.
    pub leases: u64,
    /// Orders with a bid of its own that waits.
    pub orders: u64,
    /// Deployments with a manifest.
    pub deployments: u64,
    /// What is free, as upstream's inventory says it.
    pub inventory: serde_json::Value,
    /// The domain below which services get their host names, if it serves them.
    pub domain: Option<String>,
    /// How long before its end a lease is told of it, ledger seconds, if it takes capacity back.
    pub reclamation_seconds: Option<u64>,
}

/// A lease that runs.
#[derive(Clone, Debug)]
pub struct Tenancy {
    /// How its services are; changes are seen by waiting.
    pub room: watch::Receiver<RoomStatus>,
    /// Each service's way in.
    pub services: Vec<ServedService>,
    /// How often its manifest was replaced.
    pub generation: u64,
}

/// How a service is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedService {
    /// Its name in the manifest.
    pub name: String,
    /// How many replicas it is to have.
    pub replicas: u32,
    /// Host names that lead to it over HTTP, with the port where it is not 80.
    pub hosts: Vec<String>,
    /// Whether these lead to a replica that takes connections; a service without host names always does.
    pub answers: bool,
    /// Whether the manifest that came last is in force here, and those that answer run what it says.
    pub is_current: bool,
    /// The ports of other services: inside, transport, outside.
    pub ports: Vec<ForwardedPort>,
}

/// A port that leads from the provider's address to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardedPort {
    /// The service's port.
    pub port: u16,
    /// `TCP` or `UDP`.
    pub proto: &'static str,
    /// Where it is reached.
    pub outside: SocketAddr,
}

/// Why something was refused. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// No such lease, or not with this provider.
    #[error("there is no active lease {0} with this provider")]
    NoLease(String),
    /// The deployment has no active lease here.
    #[error("the deployment {0} has no active lease with this provider; take a bid of it first")]
    NoDeployment(String),
    /// A manifest that the ledger does not know.
    #[error(
        "the manifest has the hash {found}, and the deployment on the ledger has {wanted}; send the file that was ordered, or update the deployment"
    )]
    Hash {
        /// What the ledger says.
        wanted: ManifestHash,
        /// What came.
        found: ManifestHash,
    },
    /// A host name of somebody else.
    #[error("the host name {0} is used by another account")]
    HostTaken(String),
    /// A host name of which nothing says that it is the tenant's.
    #[error("nothing proves that the host name {host} is yours: {why}")]
    HostUnproven {
        /// The name.
        host: String,
        /// What was found instead.
        why: String,
    },
    /// No manifest came yet.
    #[error("no manifest was sent for the lease {0} yet")]
    NoManifest(String),
    /// A service that is not in the manifest, or a replica that is not there.
    #[error("{0}")]
    NoService(String),
    /// The manifest asks for what this provider cannot run, or is not what was ordered.
    #[error("{0}")]
    Manifest(String),
    /// An image, or a part of one, that is not taken.
    #[error("{0}")]
    Image(String),
    /// A report that this provider does not sign.
    #[error("{0}")]
    Report(String),
    /// What this provider's runtime never does; trying again changes nothing.
    #[error("{0}")]
    Refused(String),
    /// The runtime, the disk or the node does not answer.
    #[error("{0}; try again")]
    Unavailable(String),
}
