//! What operators run to provide a service: one daemon for all services, and what each of them has of its own.
//!
//! - [`operator`]: the shell around any service's duty: follows the ledger, sends what follows, says how it is.
//! - [`storage`]: pieces on a disk, deals about them, possession proofs.
//! - [`clusters`]: a device that proves every hour what it is, and runs nodes of hired clusters.
//! - [`coverage`]: a hotspot behind any packet forwarder: packets to customers, beacons.
//! - [`mobile`]: a mobile access point: RADIUS accounting in, sessions paid; heartbeats and speed tests.
//! - [`metered`]: a founder's own units: an entry at its price, its pledge, its disputes.
//! - [`rendering`]: frames rendered by a sandboxed engine, handed in, compared, opened when they are approved.
//! - [`leasing`]: orders bid on, tenants' manifests run in containers within their limits, earnings collected.
//!
//! Absent on purpose: rules. An operator computes no reward and decides nothing that the ledger decides.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod clock;
pub mod clusters;
pub mod coverage;
pub mod leasing;
pub mod metered;
pub mod mobile;
pub mod operator;
pub mod rendering;
pub mod storage;

pub use clock::{Clock, SystemClock};
