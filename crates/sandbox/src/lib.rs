#![doc = include_str!("../README.md")]

mod archive;
mod bwrap;
mod confined;
mod deleted;
mod error;
mod firewall;
mod guard;
mod ingress;
mod lifecycle;
mod measure;
mod names;
mod oci;
mod ports;
mod probe;
mod room;
mod runtime;
mod slots;
mod supervisor;
mod system_calls;
mod unpack;
mod volumes;
mod workload;

pub use bwrap::{BwrapConfig, BwrapRuntime};
pub use confined::Confined;
pub use error::{RuntimeError, WorkloadError};
pub use guard::Guard;
pub use ingress::{Ingress, IngressError, Route};
pub use lifecycle::{BACKOFF_FIRST, BACKOFF_MAX, Ending, Lifecycle, STEADY, State, Status, Todo};
pub use names::{InstanceId, NAME_BYTES_MAX, Name};
pub use oci::{OciConfig, OciRuntime};
pub use room::{InstanceStatus, RoomStatus};
pub use runtime::{
    Description, Exec, ExecControl, ExecOptions, Found, Inventory, LogOptions, Look, Output, OutputStream, Published, Runtime,
    Usage, Written,
};
pub use slots::{SLOTS, UID_FIRST, UIDS_PER_SLOT};
pub use supervisor::{Reconciled, Settings, Supervisor};
pub use unpack::check_archive;
pub use workload::{
    Health, INSTANCES_MAX, Image, Limits, MEMORY_BYTES_MIN, Mount, Network, Port, Probe, Proto, Reach, Restart, SERVICES_MAX,
    Service, Source, Variable, WORDS_BYTES_MAX, Workload,
};
