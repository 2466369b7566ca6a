//! A node: transaction pool, HTTP API, event index, metrics, lifecycle.
//!
//! In: a [`NodeConfig`]. Out: a [`NodeHandle`] to a node that runs until it is stopped or fails. A transaction comes in over the API,
//! is checked and waits in the [`Pool`]; the engine asks the machine for a block, the machine asks the pool and lets the ledger choose
//! and run; what is final and durable flows through the receipts log into the [`Index`], which answers questions about the past, while
//! the ledger's finalized rows answer those about the present. Absent on purpose: every rule of money, storage and order.

mod api;
mod beat;
mod clock;
mod disk;
mod history;
mod home;
mod index;
mod machine;
mod metrics;
mod node;
mod pool;
mod replay;
mod signatures;
mod waiters;

pub use clock::ClockConfig;
pub use disk::NoSpace;
pub use history::KEEP_HISTORY;
pub use home::{HomeError, began_from, stored_genesis};
pub use index::{BlockRecord, EventPage, EventRecord, Filter, First, Index, IndexError, Marks, ReceiptRecord, Subscription};
pub use machine::LedgerMachine;
pub use node::{HEARTBEAT, HEARTBEAT_IDLE, Node, NodeConfig, NodeHandle, StartError, highest_speed};
pub use pool::{FinalBlock, Inserted, Pending, Pool, PoolError, PoolLimits, PoolSize};
pub use replay::{AuditError, replay};
pub use signatures::CheckedSignatures;

/// Compiles the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
