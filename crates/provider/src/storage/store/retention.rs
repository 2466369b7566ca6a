//! How long pieces stay: pins by deals, withdrawals by clients, and the sweep of what nobody wants.

use super::index::Changes;
use super::{Store, StoreError};
use depin_quantity::{Address, UnitId};
use depin_services::storage::piece::Commitment;

/// Pieces removed under one hold of the index lock.
const SWEEP_BATCH: u32 = 100;

impl Store {
    /// Takes note that an accepted deal covers the piece. False when it was noted before.
    ///
    /// - Errors: [`StoreError::Unknown`]; a damaged piece can be pinned, since its deal exists all the same.
    pub fn pin(&self, cid: &Commitment, deal: &UnitId) -> Result<bool, StoreError> {
        self.keep_books("pin a piece", |changes| {
            if changes.entry(cid)?.is_none() {
                return Err(StoreError::Unknown { cid: *cid });
            }
            changes.pin(cid, deal)
        })
    }

    /// Takes note that a deal no longer covers the piece; the next sweep removes it unless something else keeps it. False
    /// when the deal did not pin the piece, or it is not stored.
    ///
    /// - Errors: what the index says.
    pub fn unpin(&self, cid: &Commitment, deal: &UnitId) -> Result<bool, StoreError> {
        self.keep_books("unpin a piece", |changes| changes.unpin(cid, deal))
    }

    /// Takes a client's upload back, as its request signed at `signed_at_ms` asks. The bytes go at once unless another
    /// client holds them too; true when they went.
    ///
    /// A request signed before the upload that it would undo is refused: so an old withdrawal that somebody replays cannot
    /// touch a newer upload.
    ///
    /// - Errors, first match: [`StoreError::Unknown`], [`StoreError::NotHolder`], [`StoreError::Covered`],
    ///   [`StoreError::Stale`].
    pub fn withdraw(&self, cid: &Commitment, client: &Address, signed_at_ms: u64) -> Result<bool, StoreError> {
        let mut index = self.index();
        let freed = self.keep_books_in(&mut index, "withdraw an upload", |changes| {
            let entry = changes.entry(cid)?.ok_or(StoreError::Unknown { cid: *cid })?;
            let holds = changes.holds(cid)?;
            let held = holds.iter().find(|hold| hold.client == *client);
            let held = held.ok_or(StoreError::NotHolder { cid: *cid, client: *client })?;
            refuse_covered(changes, cid)?;
            if signed_at_ms <= held.signed_at_ms {
                return Err(StoreError::Stale { cid: *cid, signed_at_ms, held_since_ms: held.signed_at_ms });
            }
            changes.remove_hold(cid, client)?;
            if holds.len() > 1 {
                return Ok(None);
            }
            changes.remove_piece(cid)?;
            Ok(Some((*cid, entry.stored_bytes)))
        })?;
        self.unlink(freed);
        Ok(freed.is_some())
    }

    /// Removes a piece whoever holds it, as the operator asks.
    ///
    /// - Errors: [`StoreError::Unknown`], [`StoreError::Covered`].
    pub fn remove(&self, cid: &Commitment) -> Result<(), StoreError> {
        let mut index = self.index();
        let freed = self.keep_books_in(&mut index, "remove a piece", |changes| {
            let entry = changes.entry(cid)?.ok_or(StoreError::Unknown { cid: *cid })?;
            refuse_covered(changes, cid)?;
            changes.remove_piece(cid)?;
            Ok((*cid, entry.stored_bytes))
        })?;
        self.unlink([freed]);
        Ok(())
    }

    /// Drops the holds that have ended by the clock, and removes every piece that no hold and no deal keeps. Says which.
    /// Call it every minute or so.
    ///
    /// - Errors: what the index says; what was removed before the error stays removed.
    pub fn sweep(&self) -> Result<Vec<Commitment>, StoreError> {
        let now_ms = self.clock.now_ms();
        let mut swept = Vec::new();
        loop {
            let mut index = self.index();
            let batch = self.keep_books_in(&mut index, "sweep", |changes| {
                changes.remove_expired_holds(now_ms)?;
                let batch = changes.unclaimed(SWEEP_BATCH)?;
                for (cid, _) in &batch {
                    changes.remove_piece(cid)?;
                }
                Ok(batch)
            })?;
            if batch.is_empty() {
                return Ok(swept);
            }
            swept.extend(batch.iter().map(|(cid, _)| *cid));
            self.unlink(batch);
        }
    }

    /// Removes the files of pieces whose rows are gone, and gives their bytes back. Call it with the index still locked, so
    /// that no new upload of the same piece loses its files.
    ///
    /// A file that cannot be removed keeps its bytes counted until the next start removes it.
    fn unlink(&self, freed: impl IntoIterator<Item = (Commitment, u64)>) {
        for (cid, bytes) in freed {
            match self.layout.remove(&cid) {
                Ok(()) => self.capacity.release(bytes),
                Err(error) => tracing::warn!(%cid, %error, "a removed piece's files stay until the next start"),
            }
        }
        self.layout.fill_reserve();
    }
}

fn refuse_covered(changes: &Changes<'_>, cid: &Commitment) -> Result<(), StoreError> {
    let deals = changes.deals(cid)?;
    if deals.is_empty() { Ok(()) } else { Err(StoreError::Covered { cid: *cid, deals }) }
}
