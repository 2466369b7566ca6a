//! Checking signatures, as a trait: the ledger says what must be signed, others know the curve.

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

/// The one rule by which signatures are checked (ed25519, ZIP-215), alone or in batches with the same result.
pub trait Signatures: Send + Sync {
    /// Whether every signature is good.
    fn verify_all(&self, items: &[SignedItem<'_>]) -> bool;
}
