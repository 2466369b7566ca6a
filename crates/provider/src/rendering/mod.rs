//! A node that renders: registered with its measured score, frames rendered by a sandboxed engine, handed in, said, compared, and opened.
//!
//! ```text
//! dispatcher ── HTTP: scene, order ──> store <──> bench: renderer, pixels, seal      (one frame at a time)
//!                                        │
//! ledger ── tickets, comparisons ──> view ──> plan (pure) ──> deliver, decline, reveal, settle, judge, open keys, beat
//! ```
//!
//! - [`RenderingNode`] runs it, as an [operator](crate::operator).
//! - [`plan`] decides what is said to the ledger; it has nothing but the view.
//!
//! What a frame's key is, and what it committed to, is on the disk before the ledger is told: after a crash the node can open what it handed
//! in. Absent on purpose: who renders what, and what is a check. The node cannot know it.

mod bench;
mod compare;
mod config;
mod duty;
mod entry;
mod files;
mod http;
mod plan;
mod start;
mod status;
mod store;
mod task;
mod view;

pub use config::RenderingConfig;
pub use plan::plan;
pub use start::{RenderingError, RenderingHandle, RenderingNode};
pub use status::{RenderingFigures, RenderingStatus};
pub use store::{Commitment, Given, Kept, Stage, StoreError, Verdict};
pub use task::RenderingTask;
pub use view::{KnownTicket, Said, View};
