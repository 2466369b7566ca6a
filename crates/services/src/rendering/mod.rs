//! Rendering: frames of jobs, given to nodes that nobody chose, checked by nodes that do not know it, approved and paid.
//!
//! Here are the parts that know no rows: what jobs, nodes and tickets are described by, what a frame costs, and the draws. A dispatcher computes
//! them while a job runs, everybody when it has ended, a ledger for what it judges.

mod draw;
pub(crate) mod names;
mod price;
mod terms;

pub use draw::{
    ATTEMPTS_MOST, assigned, checker, commitment, is_checked, key_hash, pick, planted, planted_most, salt_of, sample, secret_hash,
    ticket_hash,
};
pub use price::{price_of, work_of};
pub use terms::{
    Eligible, Engine, Format, FrameKey, Frames, Handed, NewJob, NodeTerms, Opening, Purpose, RejectReason, Salt, Secret, Tier,
};
