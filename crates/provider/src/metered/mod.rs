//! The operator of a founder's own service: registered at its price, its pledge kept whole, its disputes answered.
//!
//! ```text
//! ledger ── events ──> view ──> plan (pure) ──> answer or concede, by the stated policy
//!                       └─────> status, metrics: orders, what they paid, disputes
//! ```
//!
//! - [`MeteredOperator`] runs it, as an [operator](crate::operator).
//! - [`DisputePolicy`] is what it does when a customer disputes a batch.
//! - [`plan`] decides; it has nothing but the view.
//!
//! Absent on purpose: delivering units (that is the founder's own software), reporting them (the reporter's gateway does), and a
//! folder: everything that it knows is on the ledger.

mod away;
mod config;
mod duty;
mod entry;
mod plan;
mod start;
mod status;
mod task;
mod view;

pub use config::{DisputePolicy, MeteredConfig};
pub use plan::plan;
pub use start::{MeteredHandle, MeteredOperator};
pub use status::{MeteredFigures, MeteredStatus};
pub use task::MeteredTask;
pub use view::{KnownDispute, View};
