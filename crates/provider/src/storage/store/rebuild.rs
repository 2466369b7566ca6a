//! Making the index anew out of the pieces, where it was lost.
//!
//! In: the files of the pieces, named by their commitments. Out: an index in which each is whole, or damaged where its bytes are those of
//! another piece. Which deals pin a piece the ledger says, and the daemon compares soon after its start. Who uploaded it nobody knows
//! any more: [`NOBODY`] holds it for a week, so that a ledger which cannot be reached for a while costs no piece of a deal.
//!
//! The new index is made among the temporary files, and moved into place when it is whole; what is left of the lost one stays beside it
//! under another name. Whatever ends the process before that, the next start begins again.

use super::index::{Index, NewEntry};
use super::layout::{Layout, Part};
use super::record::Hold;
use super::upload::stored_bytes;
use super::{CHUNK_BYTES, StoreError, chunks_of};
use depin_quantity::Address;
use depin_services::storage::piece::{Commitment, Hasher, PieceSize};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// In the place of clients that are not known: no key is this account's, so nobody can withdraw what it holds.
const NOBODY: Address = Address::new([0; 32]);
/// How long it holds a piece, in ms.
const NOBODY_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
/// Pieces that are written to the index at once.
const BATCH: usize = 100;

/// What is known of a piece from its file alone.
struct Found {
    cid: Commitment,
    payload_bytes: u64,
    piece_size: PieceSize,
    stored_bytes: u64,
    checksums: Vec<[u8; 32]>,
    is_whole: bool,
}

/// Makes the index anew. Says how many pieces it has, and how many of them are damaged.
pub(super) fn rebuild(layout: &Layout, now_ms: u64) -> Result<(u64, u64), StoreError> {
    layout.clear_temp()?;
    let path = layout.new_index();
    let mut index = Index::open_file(layout, &path, false)?;
    let hold = Hold { client: NOBODY, signed_at_ms: now_ms, expires_at_ms: now_ms.saturating_add(NOBODY_MS) };
    let (mut pieces, mut damaged, mut batch) = (0, 0, Vec::with_capacity(BATCH));
    layout.visit_pieces(|path, named| {
        let Some((cid, Part::Payload)) = named else { return Ok(()) };
        // One that is too large for a piece is none.
        let Some(found) = look(path, cid)? else { return Ok(()) };
        pieces += 1;
        damaged += u64::from(!found.is_whole);
        batch.push(found);
        if batch.len() < BATCH {
            return Ok(());
        }
        tracing::info!(pieces, damaged, "making the index of the store anew");
        record(&mut index, std::mem::take(&mut batch), &hold)
    })?;
    record(&mut index, batch, &hold)?;
    drop(index);
    layout.put_new_index()?;
    Ok((pieces, damaged))
}

fn record(index: &mut Index, batch: Vec<Found>, hold: &Hold) -> Result<(), StoreError> {
    index.change("record the pieces that are there", |changes| {
        for found in &batch {
            changes.put_piece(&NewEntry {
                cid: &found.cid,
                payload_bytes: found.payload_bytes,
                piece_size: found.piece_size,
                stored_bytes: found.stored_bytes,
                stored_at_ms: hold.signed_at_ms,
                checksums: &found.checksums,
            })?;
            changes.put_hold(&found.cid, hold)?;
            for chunk in (0..chunks_of(found.payload_bytes)).filter(|_| !found.is_whole) {
                changes.add_damage(&found.cid, chunk)?;
            }
        }
        Ok(())
    })
}

/// Reads a piece through. One that cannot be read to its end counts as damaged.
fn look(path: &Path, cid: Commitment) -> Result<Option<Found>, StoreError> {
    let failed = |error| StoreError::io("look at a piece", path, error);
    let length = fs::metadata(path).map_err(failed)?.len();
    let Ok(size) = PieceSize::for_payload(length) else { return Ok(None) };
    let (mut hasher, mut checksums) = (Hasher::new(), Vec::new());
    let mut file = File::open(path);
    let mut chunk = Vec::new();
    for _ in 0..chunks_of(length) {
        chunk.clear();
        let read = file.as_mut().is_ok_and(|file| file.take(CHUNK_BYTES).read_to_end(&mut chunk).is_ok());
        hasher.update(if read { &chunk } else { &[] });
        checksums.push(*blake3::hash(&chunk).as_bytes());
    }
    let is_whole = hasher.payload_bytes() == length && hasher.finish().is_ok_and(|(found, _)| found == cid);
    Ok(Some(Found { cid, payload_bytes: length, piece_size: size, stored_bytes: stored_bytes(length)?, checksums, is_whole }))
}
