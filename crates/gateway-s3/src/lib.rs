//! The customer's S3 front over storage providers.
//!
//! In: S3 requests. Out: encrypted, erasure-coded pieces at storage providers, under deals that are proposed, renewed and ended by
//! themselves. The network is reached only through two traits: [`Shards`] moves payloads, [`Market`] makes deals; [`LedgerMarket`] is the
//! market of a node.
//!
//! ```text
//!           PUT                                             GET
//!  s3 ──▶ ingest ──▶ writer ══ shards ══▶ providers ══ shards ══▶ fetch ──▶ reader ──▶ s3
//!         hash,      segments,                                  check, go    open
//!         encrypt    erasure code,                              round liars  frames
//!                    commP
//!             └───────┴──▶ map (SQLite: objects, segments, shards) ◀──┴──────────┘
//!                               ▲
//!                            renewal service ══ market ══▶ ledger     propose, watch, extend, move, end, warn
//! ```
//!
//! What holds: an upload is answered only when all n shards of all its segments are durable at n different providers and the object map
//! is durable here. A read needs any k of them, checks every byte twice (chunk checksums name the liar, authenticated frames guard the
//! content) and is never silently wrong. The master key never leaves the home. The format of encrypted contents is described in
//! `crypt`, that of segments in `writer`, the life of a shard in `map::segments`.
//!
//! Absent on purpose: the ledger's rules, transactions, proofs, and any judgement of providers beyond what this gateway saw itself.

mod admin;
mod claims;
mod clock;
mod config;
mod core;
mod crypt;
mod directory;
mod durability;
mod erasure;
mod fetch;
mod gateway;
mod health;
mod ingest;
mod keys;
mod map;
mod market;
mod piece;
mod placement;
mod price;
mod proven;
mod reader;
mod renewal;
mod s3;
mod shards;
mod spending;
mod upload;
mod views;
mod writer;

pub use clock::{Clock, SystemClock};
pub use config::{Config, ConfigError, DealPolicy, PRICE_TIMES_MEDIAN, REPAIR_AFTER, Redundancy, RenewalPolicy};
pub use durability::Durability;
pub use gateway::{Gateway, GatewayError, Handle};
pub use keys::KeyError;
pub use market::{Deal, DealState, Extension, Funds, LedgerMarket, Market, MarketError, Offer, Proposal, Provider};
pub use renewal::RenewalReport;
pub use shards::{HttpShards, Progress, ShardError, Shards, Signer, request_message};
pub use views::{FaultView, ObjectQuery, ObjectView, SegmentView, ShardView, Status, Waiting};

pub use s3::conformance;

/// Readers of outside bytes, for the fuzz targets only.
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::s3::door::{only_signed, parse_range, signed};
}

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
