//! A device of a network of clusters: registered with what its machine was measured to have, proved every hour, hired together with others.
//!
//! ```text
//! ledger ── device, hour, hire ──> view ──> plan (pure) ──> answer, attend, be ready
//!                                   ├──> solver: the hour's work on threads ──> store ──> checker: its time, signed ──> store
//!                                   └──> host: the node of the hire, in depin-cluster ──> store
//! hirers ── HTTP ──> door ──> dashboard and Jobs API of the head;  members ── TLS ──> tunnels
//! ```
//!
//! - [`ClusterDevice`] runs it, as an [operator](crate::operator).
//! - [`ClustersChecker`] is the daemon of the account that has the checker's role.
//! - [`plan`] decides what is said to the ledger; it has nothing but the view.
//! - [`profile`] is what a device claims, of what its machine was measured to have.
//!
//! The ledger has one URL of a device. Its tunnels are at the same host, at the port after that ([`tunnel_of`]), so that every member comes to the
//! same plan. An answer is on the disk before the checker is asked, and what the checker signed before the ledger is told: a daemon that was killed
//! goes on from there. Absent on purpose: what an answer is worth, and who is paid.

mod address;
mod answer;
mod checker;
mod config;
mod duty;
mod entry;
mod host;
mod http;
mod measure;
mod plan;
mod seats;
mod start;
mod status;
mod store;
mod task;
mod view;

pub use depin_cluster::{Program, RayPython};
pub use depin_machine::Machine;

pub use address::{TunnelAddressError, tunnel_of};
pub use checker::{CheckerError, CheckerHandle, ClustersChecker};
pub use config::{CheckerConfig, ClusterConfig};
pub use host::NodeNow;
pub use measure::{Wish, profile, shortfall};
pub use plan::plan;
pub use start::{ClusterDevice, ClusterHandle, DeviceError};
pub use status::{ClusterFigures, ClusterStatus, FailedHour};
pub use store::{HourKept, NodeKept, NodeStage, Stamped, StoreError, kept_profile};
pub use task::ClusterTask;
pub use view::View;
