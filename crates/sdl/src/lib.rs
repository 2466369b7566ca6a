#![doc = include_str!("../README.md")]

pub mod bidding;
mod build;
mod check;
mod cost;
mod cross;
mod decimal;
mod deployment;
mod document;
mod finding;
mod group;
pub mod hosts;
mod http;
mod json;
mod limits;
mod manifest;
mod names;
mod order;
mod read;
mod resources;
mod units;
mod yaml;

pub use cost::{BLOCKS_PER_MONTH, blocks_per_month};
pub use cross::ManifestError;
pub use deployment::{Deployment, read, read_bytes};
pub use finding::{FINDINGS_MAX, Finding, Refused, Severity};
pub use group::{Group, Price, Requirements, ResourceUnit, SignedBy};
pub use manifest::{
    Credentials, Expose, HttpOptions, Manifest, ManifestGroup, ManifestHash, Mount, Params, Permissions, Proto, Service, Tee,
};
pub use order::{OrderError, check_groups};
pub use resources::{Attribute, Cpu, Endpoint, EndpointKind, Gpu, Memory, Quantity, Resources, Volume};
pub use yaml::{BYTES_MAX, DEPTH_MAX, ENTRIES_MAX};
