//! The size of a piece: a power of two, with the payload that fits in it.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Padded size of a piece in bytes: a power of two from 128 bytes to 64 GiB.
///
/// 127 of each 128 bytes are payload: Fr32 expansion spends two bits of every 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, BorshSerialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct PieceSize(u64);

/// Why a number is no piece size, or a payload fits in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PieceSizeError {
    /// Not a power of two, or out of range.
    #[error("piece size {got} bytes is not allowed; it must be a power of two from 128 to {max}", max = PieceSize::MAX.get())]
    NotAllowed {
        /// The size asked for, in bytes.
        got: u64,
    },
    /// The payload needs a piece larger than the largest.
    #[error("payload of {got} bytes is too large for one piece, which holds at most {max} bytes; split it into several pieces", max = PieceSize::MAX.payload_capacity())]
    PayloadTooLarge {
        /// The payload's length in bytes.
        got: u64,
    },
}

impl PieceSize {
    /// The smallest piece, 128 bytes: four leaves, 127 bytes of payload.
    pub const MIN: Self = Self(128);
    /// The largest piece, 64 GiB: 2^31 leaves.
    pub const MAX: Self = Self(64 << 30);

    /// Checks a size in bytes.
    ///
    /// - Errors: [`PieceSizeError::NotAllowed`].
    pub const fn new(bytes: u64) -> Result<Self, PieceSizeError> {
        if bytes.is_power_of_two() && bytes >= Self::MIN.0 && bytes <= Self::MAX.0 {
            Ok(Self(bytes))
        } else {
            Err(PieceSizeError::NotAllowed { got: bytes })
        }
    }

    /// The smallest piece that holds `payload_bytes`. An empty payload takes the smallest piece, as in FRC-0069.
    ///
    /// - Errors: [`PieceSizeError::PayloadTooLarge`].
    pub const fn for_payload(payload_bytes: u64) -> Result<Self, PieceSizeError> {
        if payload_bytes > Self::MAX.payload_capacity() {
            return Err(PieceSizeError::PayloadTooLarge { got: payload_bytes });
        }
        // Bounded by the check above: at most 2^29 blocks.
        let blocks = payload_bytes.div_ceil(127).next_power_of_two();
        Ok(Self(blocks * 128))
    }

    /// The padded size in bytes.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// How many payload bytes fit: 127/128 of the size.
    pub const fn payload_capacity(self) -> u64 {
        self.0 / 128 * 127
    }

    /// How many 32-byte leaves the piece has.
    pub const fn leaves(self) -> u64 {
        self.0 / 32
    }

    /// Height of the tree over the leaves, 2 to 31: the length of every leaf's path to the root.
    pub const fn height(self) -> u32 {
        self.leaves().ilog2()
    }
}

impl TryFrom<u64> for PieceSize {
    type Error = PieceSizeError;

    fn try_from(bytes: u64) -> Result<Self, PieceSizeError> {
        Self::new(bytes)
    }
}

impl From<PieceSize> for u64 {
    fn from(size: PieceSize) -> Self {
        size.0
    }
}

impl BorshDeserialize for PieceSize {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        let bytes = u64::deserialize_reader(reader)?;
        Self::new(bytes).map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))
    }
}

/// Bytes as a plain number.
impl fmt::Display for PieceSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
