//! What the store knows of a piece.

use depin_quantity::{Address, UnitId};
use depin_services::storage::piece::{Commitment, PieceSize};
use serde::Serialize;

/// A client's upload, which keeps the piece until it expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// Who uploaded.
    pub client: Address,
    /// When the client signed the upload, wall time in ms since 1970.
    pub signed_at_ms: u64,
    /// When the hold ends, wall time in ms since 1970.
    pub expires_at_ms: u64,
}

/// A stored piece with all that decides its fate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PieceStatus {
    /// The piece's commitment.
    pub cid: Commitment,
    /// Length of the payload as uploaded.
    pub payload_bytes: u64,
    /// Padded size.
    pub piece_size: PieceSize,
    /// What counts against the capacity: payload and tree cache.
    pub stored_bytes: u64,
    /// When it was stored, wall time in ms since 1970.
    pub stored_at_ms: u64,
    /// Uploads that have not been withdrawn or swept, by client.
    pub holds: Vec<Hold>,
    /// Accepted deals that cover the piece, ascending.
    pub deals: Vec<UnitId>,
    /// Chunks known to be damaged, ascending.
    pub damaged: Vec<u32>,
}

/// The state that matters most about a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PieceState {
    /// Some bytes fail their checksum, whether deals cover the piece or not.
    Damaged,
    /// Whole, and covered by at least one accepted deal.
    Kept,
    /// Whole, and waiting for a deal until its uploads expire.
    Uploaded,
}

impl PieceStatus {
    /// Damaged before kept before uploaded.
    pub fn state(&self) -> PieceState {
        if !self.damaged.is_empty() {
            PieceState::Damaged
        } else if !self.deals.is_empty() {
            PieceState::Kept
        } else {
            PieceState::Uploaded
        }
    }
}

/// What came of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The piece.
    pub cid: Commitment,
    /// Length of the payload as it is stored now; longer than uploaded when another client's upload had more trailing zeros.
    pub payload_bytes: u64,
    /// Padded size.
    pub piece_size: PieceSize,
    /// When the client's hold ends, wall time in ms since 1970.
    pub expires_at_ms: u64,
    /// False when the piece was there already, whole and at least as long.
    pub new: bool,
}
