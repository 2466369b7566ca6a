//! Running final blocks again, from nothing.
//!
//! In: a genesis document and the blocks that followed, as an engine's archive holds them. Out: the tip after each, if every block
//! gave the roots in its header. For audits: state root and receipts are a function of the blocks alone.

use crate::{machine::LedgerMachine, pool::Pool, pool::PoolLimits, signatures::CheckedSignatures};
use depin_engine::{Block, Replay, ReplayError, Tip};
use depin_ledger::{GenesisDoc, GenesisError, Ledger};
use std::{path::Path, sync::Arc};

/// Why blocks could not be run again.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The genesis document cannot start a chain.
    #[error("the genesis document is wrong: {0}")]
    Genesis(#[from] GenesisError),
    /// A block does not give what its header says, or does not follow the one before.
    #[error("the blocks cannot be run again: {0}")]
    Replay(#[from] ReplayError),
}

/// Runs `blocks`, in height order from the first on, on an empty store in `folder`, through the same machine as a live node.
/// Blocks the thread; call it off the async threads.
///
/// # Errors
/// [`AuditError`]
pub fn replay(doc: GenesisDoc, folder: &Path, blocks: Vec<Arc<Block>>) -> Result<Vec<Tip>, AuditError> {
    let committee = doc.validators.clone();
    let ledger = Arc::new(Ledger::new(doc, Arc::new(CheckedSignatures::default()))?);
    let machine = LedgerMachine::alone(ledger, Arc::new(Pool::new(PoolLimits::default())));
    Ok(Replay::audit(folder, Arc::new(machine), &committee, blocks)?)
}
