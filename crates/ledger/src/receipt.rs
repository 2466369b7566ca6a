//! What a block did, in the order in which it did it.

use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Instant, UnitId, Units};
use depin_services::{Event, Failure};
use serde::{Deserialize, Serialize};

/// Who caused the events of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ReceiptBody {
    /// The passing of time: the block's own jobs, before any transaction.
    Begin,
    /// A transaction.
    Transaction {
        /// Its id.
        id: UnitId,
        /// Who sent it.
        sender: Address,
        /// The sender's nonce.
        nonce: u64,
        /// What it did, by name.
        action: String,
        /// Fee paid, tip included, base units of the fee token.
        fee: Units,
        /// Why it failed, if it did; its effects were undone, the fee was not.
        failure: Option<Failure>,
    },
    /// More events of an earlier receipt of the same block, which had too many for one.
    Continued {
        /// Position of that receipt in the block.
        of: u32,
    },
    /// Fees burned and tips paid, after all transactions.
    End,
}

/// Most events of one receipt, so that every receipt fits the receipts log's limit of 64 KiB.
pub(crate) const EVENTS_MAX: usize = 150;

/// One entry of the receipts log.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Receipt {
    /// Height of the block.
    pub height: u64,
    /// Ledger time of the block.
    pub time: Instant,
    /// Position in the block.
    pub index: u32,
    /// Who caused it.
    pub body: ReceiptBody,
    /// What happened.
    pub events: Vec<Event>,
}

impl Receipt {
    /// The canonical bytes, as the receipts log holds them.
    pub fn encode(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("writing to memory does not fail")
    }

    /// Reads canonical bytes; `None` for bytes that are no receipt.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        borsh::from_slice(bytes).ok()
    }
}
