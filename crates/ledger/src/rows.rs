//! What the ledger itself remembers.

use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Instant};
use depin_state::Row;
use serde::{Deserialize, Serialize};

/// Version of the layout of all rows. A build that finds another refuses to run on it.
pub const FORMAT: u32 = 9;

/// An account that has sent something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct AccountRow {
    /// Transactions included so far; the next one carries this nonce.
    pub nonce: u64,
}

impl AccountRow {
    /// Bytes of an account's row: table, address, nonce.
    pub(crate) const BYTES: u64 = 1 + 32 + 8;
}

impl Row for AccountRow {
    const TABLE: u8 = 0x80;
    type Key = Address;
}

/// The chain as the last block left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ChainRow {
    /// Layout of the rows.
    pub format: u32,
    /// Height of the block.
    pub height: u64,
    /// Its ledger time.
    pub time: Instant,
    /// Its wall clock reading, milliseconds since 1970.
    pub wall: u64,
    /// Digest of the header of its parent.
    pub parent: [u8; 32],
}

impl Row for ChainRow {
    const TABLE: u8 = 0x81;
    type Key = ();
}
