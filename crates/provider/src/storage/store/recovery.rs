//! Clearing up when a store is opened.

use super::index::Index;
use super::layout::{Layout, Part, remove_file};
use super::rebuild::rebuild;
use super::{StoreError, chunks_of};
use std::fs;

/// Pieces looked at per index query.
const PAGE: u32 = 1_000;

/// What opening a store found and cleared up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Why the index was made anew out of the pieces, and what came of that, in a sentence; none when it was whole.
    pub rebuilt: Option<String>,
    /// Files of uploads that were in flight; removed.
    pub temporary_files: u64,
    /// Files under final names that the index does not know: an upload ended between rename and commit, or a removal between
    /// commit and unlink; removed.
    pub orphan_files: u64,
    /// Pieces whose payload is missing or has the wrong length; newly marked damaged.
    pub damaged_pieces: u64,
    /// Files that are not the store's; left alone.
    pub strange_files: u64,
}

/// Opens the index; one that was lost is made anew out of the pieces, and a sentence says so.
pub(super) fn open_index(layout: &Layout, now_ms: u64) -> Result<(Index, Option<String>), StoreError> {
    let (lost, what) = match Index::open(layout) {
        Err(StoreError::IndexLost { index, what, .. }) => (index, what),
        opened => return opened.map(|index| (index, None)),
    };
    tracing::warn!(path = %lost.display(), what, "the index of the store is made anew out of its pieces");
    let (pieces, damaged) = rebuild(layout, now_ms)?;
    let said = format!(
        "{} {what}; it was made anew out of the {pieces} pieces that are there, of which {damaged} are damaged, and what was left of it is \
         kept beside it. What no deal covers is kept for a week",
        lost.display()
    );
    Ok((Index::open(layout)?, Some(said)))
}

pub(super) fn recover(
    layout: &Layout,
    index: &mut Index,
    temporary_files: u64,
    rebuilt: Option<String>,
) -> Result<Recovery, StoreError> {
    let mut found = Recovery { rebuilt, temporary_files, ..Recovery::default() };
    layout.visit_pieces(|path, named| {
        let Some((cid, _)) = named else {
            found.strange_files += 1;
            return Ok(());
        };
        if index.entry(&cid)?.is_none() {
            remove_file(path)?;
            found.orphan_files += 1;
        }
        Ok(())
    })?;
    found.damaged_pieces = mark_missing(layout, index)?;
    if found != Recovery::default() {
        tracing::info!(
            temporary = found.temporary_files,
            orphans = found.orphan_files,
            damaged = found.damaged_pieces,
            strange = found.strange_files,
            "cleared up the piece store"
        );
    }
    Ok(found)
}

/// Marks every chunk of pieces whose payload is missing or has the wrong length.
fn mark_missing(layout: &Layout, index: &mut Index) -> Result<u64, StoreError> {
    let (mut after, mut pieces) = (None, 0);
    loop {
        let page = index.list(after.as_ref(), PAGE)?;
        let Some(last) = page.last() else { return Ok(pieces) };
        after = Some(last.cid);
        for piece in &page {
            let length = fs::metadata(layout.path(&piece.cid, Part::Payload)).map(|file| file.len()).ok();
            // A longer file ends in zeros that a crash kept from the index; its beginning is what the index describes.
            if length.is_some_and(|length| length >= piece.payload_bytes) {
                continue;
            }
            let marked = index.change("mark a missing piece", |changes| {
                let mut marked = false;
                for chunk in 0..chunks_of(piece.payload_bytes) {
                    marked |= changes.add_damage(&piece.cid, chunk)?;
                }
                Ok(marked)
            })?;
            pieces += u64::from(marked);
        }
    }
}
