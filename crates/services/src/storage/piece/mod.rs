//! Pieces: what a storage deal promises, and how its possession is proven.
//!
//! In: the *payload*, the bytes as uploaded. Out: the *piece commitment* (commP) and the [`PieceSize`], a [`TreeCache`]
//! to keep beside the payload, and [`LeafProof`]s, which a ledger checks against commitment and size alone.
//!
//! ```text
//! payload ── zero-pad to 127·2^k ── Fr32: 127 → 128 bytes ── leaves of 32 bytes ── binary tree ── root = commP
//!   fr32.rs                                                  hasher.rs, layers.rs: parent = SHA-256(left ‖ right), top two bits cleared
//! ```
//!
//! - Clients call [`Hasher`] to name a piece before uploading it; providers call it while the upload streams in, keep the
//!   [`TreeCache`], and answer challenges with [`prove_leaf`]; the ledger draws [`challenge`]s and calls [`LeafProof::verify`].
//! - Everything is pure: no file, no clock, no threads. All work is bounded by sizes that the caller knows beforehand.
//! - The rules are Filecoin's (unsealed piece commitments and the possession proofs over them), byte for byte; the challenge
//!   hash is our own (see [`challenge`]). Absent on purpose: sealing, aggregation of pieces into sectors, version-2 piece
//!   CIDs (parsing one is refused with a hint).
//!
//! The commitment fixes the padded piece, not the payload's length: payloads that differ only in trailing zero bytes, within
//! one piece size, share a commitment. Whoever needs the exact length keeps it beside the commitment.

mod cache;
mod challenge;
mod commitment;
mod fr32;
mod hasher;
mod layers;
mod node;
mod proof;
mod prove;
mod size;
#[cfg(test)]
mod tests;

pub use cache::{CacheError, TreeCache};
pub use challenge::challenge;
pub use commitment::{Commitment, CommitmentError};
pub use hasher::Hasher;
pub use node::Node;
pub use proof::{LeafProof, ProofError};
pub use prove::{ProveError, Subtree, prove_leaf};
pub use size::{PieceSize, PieceSizeError};
