//! The metering gateway: the door through which a founder's own software uses the service `metered`.
//!
//! ```text
//!                                 ┌─ reports ──> sending (64 a message, halved on refusal) ──> reporter's key ─┐
//! founder's software ── HTTP ──> store                                                                        ├──> ledger
//!        bearer key               └─ actions ──> outbox (signed, kept, then sent) ──> customer's key ─────────┘
//!                                    ^──────────── following: what became of reported batches <───────────────
//! ```
//!
//! In: orders to open, raise and close, reports of delivered units, disputes, each under an id of the caller's choice. Out: the same
//! on the ledger, once each, and what became of it. An answer of 202 means that it is on the disk; nothing that was taken is lost or
//! done twice, whatever is killed when:
//!
//! - A *report* carries its id to the ledger, which takes it once. So it is simply sent again until the ledger has decided.
//! - An *action* of the customer's has no such id there. Its transaction is signed for one nonce and written to the disk before it is
//!   sent. After a crash the same bytes are sent again. Another signature is made only when the nonce is used up and none of those kept
//!   took effect. See [`Gateway::start`] and the module `outbox`.
//!
//! Absent on purpose: TLS (a proxy may add it), evidence (only its hash and a pointer go through here), and rules: what an order
//! costs and who wins a dispute, the ledger says.

mod config;
mod following;
mod gateway;
mod http;
mod metrics;
mod node;
mod outbox;
mod sending;
mod store;
mod trouble;
mod wire;

pub use config::Config;
pub use gateway::{Gateway, GatewayError, Handle};
pub use wire::{ActionView, NewDispute, NewOrder, NewReport, RaiseOrder, ReportState, ReportView};

/// The README's example is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
