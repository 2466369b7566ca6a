//! Blocks: what they run in, and what they yield.

use crate::{Attested, Beacon, ChanceError, Receipt, Stamp, StampError, VoteError};
use depin_state::WriteSet;
use std::sync::Arc;

/// Most work units of one block's due jobs; what is left waits for the next block. Enough that a body of a mebibyte full of
/// proposals puts less on the lists than a block takes off them, so that no flood keeps windows from opening and closing.
pub(crate) const JOB_WORK: u32 = 240_000;

/// A block that others build on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// Digest of its header.
    pub digest: [u8; 32],
    /// Its height; zero is genesis, whose state is empty.
    pub height: u64,
    /// Its stamp.
    pub stamp: Stamp,
}

/// What a block runs in.
#[derive(Clone, Debug)]
pub struct BlockEnv {
    /// The block it builds on.
    pub parent: Parent,
    /// Its own stamp.
    pub stamp: Stamp,
    /// Public key of the proposer.
    pub proposer: [u8; 32],
    /// View of consensus that it was proposed in.
    pub view: u64,
    /// Votes about its ancestors.
    pub votes: Arc<[Attested]>,
    /// The round of the committee's beacon that it carries.
    pub beacon: Option<Beacon>,
}

impl BlockEnv {
    /// Height of the block.
    pub const fn height(&self) -> u64 {
        self.parent.height + 1
    }
}

/// What running a block yielded.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Changed rows.
    pub writes: Arc<WriteSet>,
    /// What it did, in order.
    pub receipts: Vec<Receipt>,
    /// Work units of its transactions.
    pub work: u64,
}

/// Why a block was not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The state after the parent is not held.
    #[error("the state after block {height} is not held")]
    UnknownParent {
        /// Height of the parent.
        height: u64,
    },
    /// The stamp breaks the time rule.
    #[error("stamp: {0}")]
    Stamp(#[from] StampError),
    /// A transaction that no block may hold.
    #[error("transaction {index}: {reason}")]
    Transaction {
        /// Position in the block.
        index: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Votes that cannot be counted.
    #[error("votes: {0}")]
    Votes(#[from] VoteError),
    /// A round of a beacon that cannot be taken in.
    #[error("randomness: {0}")]
    Chance(#[from] ChanceError),
    /// A signature that does not check out.
    #[error("a signature is wrong")]
    Signature,
    /// More work than a block may hold.
    #[error("the transactions need more than {max} work units, which is all that a block may hold")]
    TooMuchWork {
        /// Most that is allowed.
        max: u64,
    },
    /// More rows than a block may add.
    #[error("the transactions add more than {max} bytes of rows, which is all that a block may add")]
    TooManyRows {
        /// Most that is allowed.
        max: u64,
    },
}
