//! Leases as their tenants deal with them at the provider's gateway: manifest, status, logs, events, shells.
//!
//! In: a provider's URL and account, a key or a token. Out: typed answers, and streams over WebSockets. Providers use the same types on the
//! other side. Absent on purpose: what the ledger knows; see [`Client::leasing`](crate::Client::leasing).
//!
//! The gateway is known by its account's key ([`OwnCertificate`]) or by an authority; who asks is known by a token ([`Claims`]).

mod availability;
mod certificate;
mod frame;
mod gateway;
mod host;
mod socket;
mod status;
mod token;

pub use availability::{PROBE_TIME_MAX, Prober, Target, is_signed, sign_report, targets};
pub(crate) use certificate::is_of;
pub use certificate::{CertificateError, OwnCertificate, account_of};
pub use frame::{FRAME_BYTES_MAX, Frame, FrameError, ShellResult};
pub use gateway::{Gateway, GatewayError, LeaseRef, LogQuery, Pass, ShellQuery};
pub use host::{HOST_PROOF_BYTES_MAX, HOST_PROOF_PATH, HostProof};
pub use socket::{Lines, Shell, ShellInput, ShellOutput};
pub use status::{
    EventObject, ImageTaken, InstanceReport, IpStatus, LeaseEvent, LeaseStatus, LogLine, PortStatus, ServiceStatus,
};
pub use token::{
    Access, Claims, DeploymentPermission, LEEWAY_SECS, LIFETIME, LIFETIME_MAX, Leases, Permission, Scope, Services,
    TOKEN_BYTES_MAX, TokenError, mint, read,
};
