//! What the networks measure: storage deals and possession proofs, units of one's own, and the vocabulary of all services.
//!
//! A service keeps the contract of [`Service`] and runs in a [`Context`]; [`Live`] is the list of those that run.

mod context;
mod due;
mod event;
mod failure;
mod live;
pub mod metered;
mod service;
pub mod storage;
pub mod vocabulary;

pub use context::{Context, Host, OwnRows};
pub use due::Deadlines;
pub use event::Event;
pub use failure::Failure;
pub use live::{Live, ReadError, ServiceEvent, ServiceMessage, Turn};
pub use service::{Description, ErrorCode, EventInfo, Figure, MessageInfo, SERVICE_TABLES, Service, Tables};
