//! The streaming commP hasher.
//!
//! Payload is gathered into *base blocks* of 32,512 bytes, each the payload of one subtree of [`BASE_HEIGHT`]. A full block
//! is expanded and folded to its root at once; only the roots are kept, 32 bytes for 32 KiB of piece (512 KiB for 512 MiB),
//! and they are the lowest layer of the [`TreeCache`].

use super::cache::{BASE_HEIGHT, TreeCache};
use super::commitment::Commitment;
use super::fr32::expand_into;
use super::layers;
use super::node::Node;
use super::size::{PieceSize, PieceSizeError};

/// Payload of one subtree of [`BASE_HEIGHT`]: 127 bytes for four leaves.
pub(super) const BASE_PAYLOAD: usize = 127 << (BASE_HEIGHT - 2);

/// Computes the commitment of a payload that arrives in parts.
///
/// Memory: two buffers of 32 KiB, and 1/1016 of the payload.
///
/// ```
/// use depin_services::storage::piece::{Hasher, PieceSize};
/// let mut hasher = Hasher::new();
/// hasher.update(&[0; 100]);
/// hasher.update(&[0; 27]);
/// let (commitment, size) = hasher.finish()?;
/// assert_eq!(size, PieceSize::MIN);
/// assert_eq!(commitment.to_string(), "baga6ea4seaqdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy");
/// # Ok::<(), depin_services::storage::piece::PieceSizeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Hasher {
    pending: Vec<u8>,
    leaves: Vec<Node>,
    base: Vec<Node>,
    payload_bytes: u64,
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

impl Hasher {
    /// Starts with an empty payload.
    pub fn new() -> Self {
        Self { pending: Vec::new(), leaves: Vec::new(), base: Vec::new(), payload_bytes: 0 }
    }

    /// How many payload bytes were taken so far.
    pub fn payload_bytes(&self) -> u64 {
        self.payload_bytes
    }

    /// Takes the next payload bytes. Bytes beyond the largest piece are counted but not hashed; `finish` then refuses.
    pub fn update(&mut self, payload: &[u8]) {
        self.payload_bytes = self.payload_bytes.saturating_add(payload.len() as u64);
        if self.payload_bytes > PieceSize::MAX.payload_capacity() {
            return;
        }
        let mut rest = payload;
        if !self.pending.is_empty() {
            let (head, tail) = rest.split_at(rest.len().min(BASE_PAYLOAD - self.pending.len()));
            self.pending.extend_from_slice(head);
            rest = tail;
            if self.pending.len() < BASE_PAYLOAD {
                return;
            }
            let block = std::mem::take(&mut self.pending);
            self.push_block(&block);
            self.pending = block;
            self.pending.clear();
        }
        let (blocks, tail) = rest.as_chunks::<BASE_PAYLOAD>();
        for block in blocks {
            self.push_block(block);
        }
        self.pending.extend_from_slice(tail);
    }

    /// The commitment, and the size of the smallest piece that holds the payload.
    ///
    /// - Errors: [`PieceSizeError::PayloadTooLarge`] when more than [`PieceSize::MAX`] was fed.
    pub fn finish(mut self) -> Result<(Commitment, PieceSize), PieceSizeError> {
        let size = self.close()?;
        let root = layers::root(&mut self.base, size.height().min(BASE_HEIGHT), size.height());
        Ok((Commitment::of_root(root), size))
    }

    /// Like [`Hasher::finish`], with the cache that makes later proofs cheap.
    ///
    /// - Errors: as for `finish`.
    pub fn finish_with_cache(mut self) -> Result<(Commitment, TreeCache), PieceSizeError> {
        let size = self.close()?;
        let cache = TreeCache::build(size, self.base);
        Ok((Commitment::of_root(*cache.root()), cache))
    }

    fn push_block(&mut self, block: &[u8]) {
        let root = self.subtree_root(block, BASE_HEIGHT);
        self.base.push(root);
    }

    fn subtree_root(&mut self, payload: &[u8], height: u32) -> Node {
        self.leaves.clear();
        expand_into(payload, &mut self.leaves);
        layers::root(&mut self.leaves, 0, height)
    }

    /// Folds the last, partial block; a piece smaller than a base block becomes its own root.
    fn close(&mut self) -> Result<PieceSize, PieceSizeError> {
        let size = PieceSize::for_payload(self.payload_bytes)?;
        if !self.pending.is_empty() || self.base.is_empty() {
            let block = std::mem::take(&mut self.pending);
            let root = self.subtree_root(&block, size.height().min(BASE_HEIGHT));
            self.base.push(root);
        }
        Ok(size)
    }
}
