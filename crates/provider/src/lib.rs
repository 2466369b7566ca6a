//! What operators run to provide a service: the daemon, its HTTP interface, what it keeps on the disk.
//!
//! - [`storage`]: pieces on a disk, deals about them, possession proofs.
//!
//! Absent on purpose: rules. A provider computes no reward and decides nothing that the ledger decides.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod clock;
pub mod storage;

pub use clock::{Clock, SystemClock};
