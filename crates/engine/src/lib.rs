//! The BFT engine and its store, behind one trait.
//!
//! In: a [`Machine`], which knows what transactions mean, and a [`Config`]. Out: a [`Handle`] with final blocks, durable receipts
//! and proofs. The crate orders blocks of opaque transactions among the validators of a committee (of one by default), commits to
//! rows and receipts in the header, and makes both durable. It is the only crate that names the consensus engine and its store.
//!
//! Flow of a block: consensus asks a leader → `pace` waits until one is due → `application` lets the machine choose and run a body,
//! writes the outcome into forks of both databases and seals the roots in the header → other validators run it and compare →
//! consensus finalizes → the forks are applied, the machine folds its own copy, a barrier makes everything durable, the tip is
//! published. Absent on purpose: what a transaction is, a transaction pool, an HTTP interface, a change of the committee.

// The engine's futures nest deeper than the compiler's default allows.
#![recursion_limit = "256"]

mod application;
mod beacon;
mod block;
mod clock;
mod config;
mod databases;
mod double;
mod engine;
mod handle;
mod history;
mod intact;
mod limits;
mod machine;
mod network;
mod pace;
mod parts;
mod progress;
mod proof;
mod receipt;
mod replay;
mod requests;
mod store;
mod transport;
mod votes;
mod wiring;

pub use beacon::{BeaconError, Ceremony, CeremonyError, ceremony_key, check_round, deal_beacon};
pub use block::{Block, BlockError, Header};
pub use clock::{CLOCK_JUMP, Clock, ClockBehind, Opening, Readings, SystemReadings};
pub use config::{Config, ConfigError, Peer, Timeouts, public_key};
pub use double::{DoubleVote, DoubleVoteError, VoteKind, sign_vote};
pub use engine::{Engine, StartError, began_from, store};
pub use handle::{End, Handle, QueryError};
pub use intact::{DamagedFile, VotesFault, damaged_files};
pub use limits::{
    CLOCK_DRIFT_MS, CLOCK_STEP_MS_MAX, CLOCK_WAIT_MS_MAX, FORMAT, MAX_BODY_BYTES, MAX_COMMITTEE, MAX_RECEIPT, MAX_ROW_KEY,
    MAX_ROW_VALUE, MAX_TXS, RECEIPTS_SERVED,
};
pub use machine::{
    Attested, Awaited, BlockView, Digest, Draft, Genesis, Lots, Machine, Parent, Processed, Proposal, Refused, RowChange, Stamp,
};
pub use progress::Tip;
pub use proof::{Proof, ProofError};
pub use receipt::Receipt;
pub use replay::{Replay, ReplayError, Step, Verdict};
