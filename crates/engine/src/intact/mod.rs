//! Whether the engine's files are still what was written there.
//!
//! The store beneath checks what it reads, and cuts off what it cannot: right after a power cut, which leaves the end of a file
//! unwritten, and wrong after anything else. For rows, receipts and blocks a cut shows: they are held against what blocks commit to,
//! and the engine ends. The journal of votes is held against nothing, so [`votes`] looks at it before consensus does. [`find`] says
//! which files are damaged when the engine ended, since the store's own words seldom do.
//!
//! Absent on purpose: repairs.

mod blob;
mod find;
mod votes;

pub use find::{DamagedFile, damaged_files};
pub use votes::VotesFault;
pub(crate) use votes::{Begin, PARTITION as VOTES, VoteJournal, Voted};
