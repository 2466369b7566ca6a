//! Proving leaves of stored pieces.

use super::layout::Part;
use super::reading::PieceReader;
use super::{CHUNK_BYTES, Store, StoreError, chunks_of};
use depin_services::storage::piece::{CacheError, Commitment, Hasher, LeafProof, ProveError, Subtree, TreeCache, prove_leaf};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

impl Store {
    /// Proves leaf `leaf` of a stored piece. Reads 32 KiB of payload and a few nodes of the tree cache; the proof has been
    /// checked against the commitment.
    ///
    /// A piece with known damage is not proven, whichever leaf is asked for: its provider declares the fault instead of
    /// hoping for another draw. A damaged or missing tree cache is rebuilt from the payload.
    ///
    /// - Errors: [`StoreError::Unknown`], [`StoreError::NoSuchLeaf`], [`StoreError::Damaged`].
    pub fn prove(self: &Arc<Self>, cid: &Commitment, leaf: u64) -> Result<LeafProof, StoreError> {
        let piece = self.open_piece(cid)?;
        let last = piece.piece_size().leaves() - 1;
        if leaf > last {
            return Err(StoreError::NoSuchLeaf { cid: *cid, leaf, last });
        }
        if !piece.damaged().is_empty() {
            return Err(StoreError::Damaged { cid: *cid, chunks: piece.damaged().to_vec() });
        }
        if let Some(proof) = try_prove(&piece, leaf) {
            return Ok(proof);
        }
        // Payload or cache: if the payload is sound, a new cache mends it. Rebuilding reads and checks every chunk.
        self.rebuild_tree(&piece)?;
        match try_prove(&piece, leaf) {
            Some(proof) => Ok(proof),
            None => Err(self.all_damaged(&piece)?),
        }
    }

    /// Checks the stored tree cache of a piece and rebuilds it when it is missing or wrong. True when it was sound.
    ///
    /// - Errors: [`StoreError::Damaged`] when the payload is damaged too.
    pub(crate) fn check_tree(self: &Arc<Self>, piece: &PieceReader) -> Result<bool, StoreError> {
        let path = self.layout.path(piece.cid(), Part::Tree);
        let sound = match fs::read(&path) {
            Ok(bytes) => TreeCache::from_bytes(piece.piece_size(), &bytes).and_then(|cache| cache.check(piece.cid())),
            Err(_) => {
                Err(CacheError::Length { got: 0, expected: TreeCache::bytes_for(piece.piece_size()), size: piece.piece_size() })
            }
        };
        if let Err(error) = sound {
            tracing::warn!(cid = %piece.cid(), %error, "rebuilding a tree cache");
            self.rebuild_tree(piece)?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Hashes the payload anew and replaces the tree cache.
    fn rebuild_tree(self: &Arc<Self>, piece: &PieceReader) -> Result<(), StoreError> {
        let mut hasher = Hasher::new();
        for chunk in 0..piece.chunks() {
            hasher.update(&piece.read_chunk(chunk)?);
        }
        let (found, cache) = hasher.finish_with_cache()?;
        if found != *piece.cid() {
            return Err(self.all_damaged(piece)?);
        }
        let mut tree = self.layout.create_temp(Part::Tree)?;
        tree.write(cache.as_bytes())?;
        tree.sync()?;
        let index = self.index();
        if index.entry(piece.cid())?.is_none() {
            return Err(StoreError::Unknown { cid: *piece.cid() });
        }
        self.layout.persist(piece.cid(), [(Part::Tree, tree)])
    }

    /// The checksums agree with the bytes, but the bytes are not the piece: payload and index were changed together.
    fn all_damaged(&self, piece: &PieceReader) -> Result<StoreError, StoreError> {
        let chunks: Vec<u32> = (0..chunks_of(piece.payload_bytes())).collect();
        self.mark_damaged(piece.cid(), chunks.iter().copied())?;
        Ok(StoreError::Damaged { cid: *piece.cid(), chunks })
    }
}

/// One attempt; `None` when payload or cache are not what they should be.
fn try_prove(piece: &PieceReader, leaf: u64) -> Option<LeafProof> {
    let size = piece.piece_size();
    let subtree = Subtree::of_leaf(size, leaf)?;
    let payload = piece.read_unchecked(subtree.payload)?;
    let tree = File::open(piece.store().layout.path(piece.cid(), Part::Tree)).ok()?;
    let proof = prove_leaf(piece.cid(), size, leaf, &payload, |height, place| {
        let offset = TreeCache::node_offset(size, height, place).ok_or(io::ErrorKind::InvalidInput)?;
        let mut node = [0; 32];
        tree.read_exact_at(&mut node, offset)?;
        Ok::<_, io::Error>(node)
    });
    match proof {
        Ok(proof) => Some(proof),
        Err(error) => {
            if let ProveError::PayloadDiffers { .. } = error {
                // Names the chunk when it is the payload; the rebuild that follows would stop at the first bad one.
                let chunk = Subtree::of_leaf(size, leaf).map(|subtree| subtree.payload.start / CHUNK_BYTES);
                tracing::warn!(cid = %piece.cid(), leaf, ?chunk, "payload and tree cache of a stored piece disagree");
            }
            None
        }
    }
}
