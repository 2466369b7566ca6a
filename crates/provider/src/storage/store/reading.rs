//! Reading payloads, never unchecked.

use super::index::Entry;
use super::layout::Part;
use super::{CHUNK_BYTES, Store, StoreError, chunks_of};
use depin_services::storage::piece::{Commitment, PieceSize};
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::sync::Arc;

/// A stored piece, open for reading. It stays readable while it is held, even when the piece is removed meanwhile.
#[derive(Debug)]
pub struct PieceReader {
    store: Arc<Store>,
    cid: Commitment,
    entry: Entry,
    file: File,
}

impl Store {
    /// Opens a piece for reading. Damaged pieces open too; their sound chunks can be read.
    ///
    /// - Errors: [`StoreError::Unknown`]; [`StoreError::Damaged`] when the payload's file is missing.
    pub fn open_piece(self: &Arc<Self>, cid: &Commitment) -> Result<PieceReader, StoreError> {
        // Files come and go under the index lock, so row and file belong together.
        let index = self.index();
        let entry = index.entry(cid)?.ok_or(StoreError::Unknown { cid: *cid })?;
        let path = self.layout.path(cid, Part::Payload);
        let opened = File::open(&path);
        drop(index);
        match opened {
            Ok(file) => Ok(PieceReader { store: Arc::clone(self), cid: *cid, entry, file }),
            Err(error) if error.kind() == io::ErrorKind::NotFound || is_broken_disk(&error) => {
                let chunks: Vec<u32> = (0..chunks_of(entry.payload_bytes)).collect();
                self.mark_damaged(cid, chunks.iter().copied())?;
                Err(StoreError::Damaged { cid: *cid, chunks })
            }
            Err(error) => Err(StoreError::io("open a payload", &path, error)),
        }
    }

    /// Takes note of damage. Chunks known before are no news; a piece that is gone cannot be damaged.
    pub(super) fn mark_damaged(&self, cid: &Commitment, chunks: impl IntoIterator<Item = u32> + Clone) -> Result<(), StoreError> {
        let news = self.keep_books("mark damage", |changes| {
            chunks.clone().into_iter().try_fold(false, |news, chunk| Ok(changes.add_damage(cid, chunk)? || news))
        })?;
        if news {
            tracing::warn!(%cid, "found damage in a stored piece");
            self.damage_changed();
        }
        Ok(())
    }

    /// Takes note that a damaged chunk is sound again, say because the operator brought the file back.
    pub(crate) fn mark_sound(&self, cid: &Commitment, chunk: u32) -> Result<bool, StoreError> {
        let news = self.keep_books("clear damage", |changes| changes.remove_damage(cid, chunk))?;
        if news {
            self.damage_changed();
        }
        Ok(news)
    }
}

/// Whether an error says that the medium lost data, rather than that the process ran out of something.
fn is_broken_disk(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

/// Why bytes of a payload could not be had.
pub(super) enum Failed {
    /// They are not there, or not what they were.
    Damaged,
    /// The system did not give them.
    Io(io::Error),
}

impl PieceReader {
    /// The piece.
    pub fn cid(&self) -> &Commitment {
        &self.cid
    }

    /// Length of the payload in bytes.
    pub fn payload_bytes(&self) -> u64 {
        self.entry.payload_bytes
    }

    /// Padded size.
    pub fn piece_size(&self) -> PieceSize {
        self.entry.piece_size
    }

    /// How many chunks the payload has.
    pub fn chunks(&self) -> u32 {
        chunks_of(self.entry.payload_bytes)
    }

    /// Chunks that were known to be damaged when the piece was opened.
    pub fn damaged(&self) -> &[u32] {
        &self.entry.damaged
    }

    /// Bytes of the payload that a chunk covers.
    pub fn chunk_range(&self, chunk: u32) -> Range<u64> {
        let start = (u64::from(chunk) * CHUNK_BYTES).min(self.entry.payload_bytes);
        start..(start + CHUNK_BYTES).min(self.entry.payload_bytes)
    }

    /// Reads a chunk and checks it. Found damaged, it is marked so.
    ///
    /// - Errors: [`StoreError::Damaged`] when the chunk fails its checksum, ends early, or the disk cannot read it.
    pub fn read_chunk(&self, chunk: u32) -> Result<Vec<u8>, StoreError> {
        let range = self.chunk_range(chunk);
        let mut bytes = vec![0; (range.end - range.start) as usize];
        match self.read_exactly(&mut bytes, range.start) {
            Ok(()) if self.is_checksum(chunk, blake3::hash(&bytes).as_bytes()) => Ok(bytes),
            Ok(()) => Err(self.failed(chunk, Failed::Damaged)),
            Err(failed) => Err(self.failed(chunk, failed)),
        }
    }

    pub(super) fn is_checksum(&self, chunk: u32, found: &[u8; 32]) -> bool {
        self.entry.checksums.get(chunk as usize) == Some(found)
    }

    /// Fills `bytes` from the payload, unchecked.
    pub(super) fn read_exactly(&self, bytes: &mut [u8], at: u64) -> Result<(), Failed> {
        self.file.read_exact_at(bytes, at).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Failed::Damaged,
            _ if is_broken_disk(&error) => Failed::Damaged,
            _ => Failed::Io(error),
        })
    }

    /// What to say of a chunk that could not be read; damage is noted down.
    pub(super) fn failed(&self, chunk: u32, failed: Failed) -> StoreError {
        if let Failed::Io(error) = failed {
            let path = self.store.layout.path(&self.cid, Part::Payload);
            return StoreError::io("read a payload", &path, error);
        }
        if self.is_current()
            && let Err(error) = self.store.mark_damaged(&self.cid, [chunk])
        {
            return error;
        }
        StoreError::Damaged { cid: self.cid, chunks: vec![chunk] }
    }

    /// Whether the open file is still the piece's: a repair may have replaced it, and must not be blamed for the old one.
    fn is_current(&self) -> bool {
        let there = fs::metadata(self.store.layout.path(&self.cid, Part::Payload));
        let (Ok(there), Ok(open)) = (there, self.file.metadata()) else { return false };
        (there.dev(), there.ino()) == (open.dev(), open.ino())
    }

    /// Reads payload bytes without checking them; for callers that check against the commitment itself. `None` when they
    /// cannot be read.
    pub(super) fn read_unchecked(&self, range: Range<u64>) -> Option<Vec<u8>> {
        let end = range.end.min(self.entry.payload_bytes);
        let start = range.start.min(end);
        let mut bytes = vec![0; (end - start) as usize];
        self.file.read_exact_at(&mut bytes, start).ok()?;
        Some(bytes)
    }

    pub(super) fn store(&self) -> &Arc<Store> {
        &self.store
    }
}
