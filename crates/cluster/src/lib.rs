#![doc = include_str!("../README.md")]

mod backend;
mod clusters;
mod error;
mod ground;
mod inside;
mod plan;
mod ports;
mod proxy;
mod secret;
mod space;
mod store;
mod tunnel;

pub use backend::{PythonError, RayPython, Readiness};
pub use clusters::{Clusters, Config, NODES_HERE_MAX, NodeStatus, Recovered};
pub use error::{ClusterError, TunnelError};
pub use plan::{
    DISK_BYTES_MIN, MEMORY_BYTES_MIN, Member, NodeId, NodeLimits, OBJECT_STORE_BYTES_MIN, Plan, Program, RAY_MEMORY_BYTES_MIN,
    RAY_PROCESSES_MIN, WORDS_BYTES_MAX, Work,
};
pub use ports::NODES_MAX;
pub use proxy::limits as proxy_limits;
