//! What the networks count: storage deals and possession proofs, custom units, wireless coverage, leases, rendered frames, hired clusters, and the
//! descriptor of all services.
//!
//! A service keeps the contract of [`Service`] and runs in a [`Context`]; [`Live`] is the list of those that run. [`Network`] is a service on an
//! economy: the step that a chain and a simulation share.

pub mod clusters;
mod context;
pub mod coverage;
pub mod descriptor;
mod due;
mod economy_rules;
mod event;
mod failure;
mod kept;
pub mod leasing;
mod lists;
mod live;
pub mod metered;
mod network;
pub mod rendering;
mod service;
pub mod storage;
mod tail;

pub use context::{Context, Host, OwnRows};
pub use due::{Deadlines, Draws};
pub use economy_rules::PriceForm;
pub use event::Event;
pub use failure::Failure;
pub use live::{Live, ReadError, ServiceEvent, ServiceMessage};
pub use network::{Message, Network, Passed};
pub use service::{
    Description, ErrorCode, EventInfo, Figure, InnerSignature, MessageInfo, SERVICE_TABLES, Service, Tables, Window,
};
