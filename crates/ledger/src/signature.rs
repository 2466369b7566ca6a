//! Checking signatures, as a trait: the ledger says what must be signed, others know the curve and the votes of consensus.

use crate::DoubleVote;
use depin_services::InnerSignature;

/// A message that `key` is said to have signed.
#[derive(Clone, Copy, Debug)]
pub struct SignedItem<'a> {
    /// ed25519 public key.
    pub key: &'a [u8; 32],
    /// The signed bytes.
    pub message: &'a [u8],
    /// The signature.
    pub signature: &'a [u8; 64],
}

impl<'a> SignedItem<'a> {
    /// A signature inside a message, as [`Transaction::inner_signatures`](crate::Transaction::inner_signatures) gives it.
    pub fn of(inner: &'a InnerSignature) -> Self {
        Self { key: &inner.key, message: &inner.message, signature: &inner.signature }
    }
}

/// The one rule by which signatures are checked (ed25519, ZIP-215), alone or in batches with the same result.
pub trait Signatures: Send + Sync {
    /// Whether every signature is good.
    fn verify_all(&self, items: &[SignedItem<'_>]) -> bool;

    /// Whose two encoded votes these are, cast for two blocks of one view of chain `chain_id` by one of its `validators`. Without a
    /// vote encoding at hand, as in a simulation, no votes are known.
    ///
    /// # Errors
    /// Why they show nothing, in words that every replica uses.
    fn double_vote(&self, chain_id: &str, validators: &[[u8; 32]], first: &[u8], second: &[u8]) -> Result<DoubleVote, String> {
        let _ = (chain_id, validators, first, second);
        Err("votes are not known here: this chain has no consensus".to_owned())
    }
}
