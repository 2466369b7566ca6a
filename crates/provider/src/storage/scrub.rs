//! Scrubbing: reading everything that is stored, slowly, to find damage before a challenge does.
//!
//! In: the [`Store`] and a pace. Out: marks in the store (which wake [`Store::watch_damage`]) and a [`ScrubReport`] per pass.
//! [`Scrubber::step`] reads one chunk and is called by [`run`], which keeps the pace, or by a test as fast as it likes.

use crate::storage::store::{PieceReader, Store, StoreError};
use depin_services::storage::piece::Commitment;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How fast and how often to scrub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScrubSettings {
    /// Payload bytes to read per second of wall time; at least 1. 8 MiB/s passes over 20 TB in a month.
    pub bytes_per_second: u64,
    /// Rest between two passes.
    pub rest: Duration,
}

impl Default for ScrubSettings {
    fn default() -> Self {
        Self { bytes_per_second: 8 << 20, rest: Duration::from_secs(600) }
    }
}

/// What one pass over all pieces found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScrubReport {
    /// Pieces read.
    pub pieces: u64,
    /// Payload bytes read.
    pub bytes: u64,
    /// Pieces with damage, in the order of their commitments' bytes.
    pub damaged: Vec<Commitment>,
    /// Chunks that had been marked damaged and are sound again.
    pub recovered_chunks: u64,
    /// Tree caches that had to be rebuilt.
    pub rebuilt_trees: u64,
}

/// What one step did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScrubStep {
    /// Read this many payload bytes.
    Read(u64),
    /// Came to the end of a pass.
    PassDone(ScrubReport),
}

/// Walks over the pieces, one chunk at a time.
#[derive(Debug)]
pub struct Scrubber {
    store: Arc<Store>,
    after: Option<Commitment>,
    current: Option<(PieceReader, u32, bool)>,
    report: ScrubReport,
}

impl Scrubber {
    /// Starts at the first piece.
    pub fn new(store: Arc<Store>) -> Self {
        Self { store, after: None, current: None, report: ScrubReport::default() }
    }

    /// Reads and checks the next chunk. Blocks on the disk.
    ///
    /// Pieces that come or go meanwhile are read, or skipped, as the walk meets them.
    ///
    /// - Errors: the index or the machine failed; damage is no error here. The next step goes on behind what failed.
    pub fn step(&mut self) -> Result<ScrubStep, StoreError> {
        let Some((piece, chunk, damaged)) = self.current.take() else { return self.next_piece() };
        if chunk == piece.chunks() {
            return self.end_piece(&piece, damaged);
        }
        let range = piece.chunk_range(chunk);
        let sound = match piece.read_chunk(chunk) {
            Ok(_) => true,
            Err(StoreError::Damaged { .. }) => false,
            Err(error) => return Err(error),
        };
        if sound && piece.damaged().contains(&chunk) && self.store.mark_sound(piece.cid(), chunk)? {
            self.report.recovered_chunks += 1;
        }
        let bytes = range.end - range.start;
        self.report.bytes += bytes;
        self.current = Some((piece, chunk + 1, damaged || !sound));
        Ok(ScrubStep::Read(bytes))
    }

    fn next_piece(&mut self) -> Result<ScrubStep, StoreError> {
        let Some(next) = self.store.list(self.after.as_ref(), 1)?.pop() else {
            self.after = None;
            return Ok(ScrubStep::PassDone(std::mem::take(&mut self.report)));
        };
        self.after = Some(next.cid);
        match self.store.open_piece(&next.cid) {
            Ok(piece) => {
                self.report.pieces += 1;
                self.current = Some((piece, 0, false));
            }
            Err(StoreError::Damaged { .. }) => {
                self.report.pieces += 1;
                self.report.damaged.push(next.cid);
            }
            Err(StoreError::Unknown { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(ScrubStep::Read(0))
    }

    fn end_piece(&mut self, piece: &PieceReader, damaged: bool) -> Result<ScrubStep, StoreError> {
        if damaged {
            self.report.damaged.push(*piece.cid());
            return Ok(ScrubStep::Read(0));
        }
        match self.store.check_tree(piece) {
            Ok(true) => {}
            Ok(false) => self.report.rebuilt_trees += 1,
            Err(StoreError::Damaged { .. }) => self.report.damaged.push(*piece.cid()),
            Err(StoreError::Unknown { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(ScrubStep::Read(0))
    }
}

/// Scrubs for ever at the pace of `settings`; tells each pass's report to `done`. Dropping the future stops it.
pub async fn run(store: Arc<Store>, settings: ScrubSettings, mut done: impl FnMut(ScrubReport)) {
    let mut scrubber = Scrubber::new(store);
    loop {
        let begun = Instant::now();
        let step = tokio::task::spawn_blocking(move || (scrubber.step(), scrubber)).await;
        let Ok((step, same)) = step else { return };
        scrubber = same;
        let pause = match step {
            Ok(ScrubStep::Read(bytes)) => pause(bytes, settings.bytes_per_second, begun.elapsed()),
            Ok(ScrubStep::PassDone(report)) => {
                tracing::debug!(pieces = report.pieces, bytes = report.bytes, damaged = report.damaged.len(), "scrubbed");
                done(report);
                settings.rest
            }
            Err(error) => {
                tracing::warn!(%error, "scrubbing was held up");
                Duration::from_secs(10)
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// How long to wait after reading `bytes` took `elapsed`, so that the pace is kept on average.
fn pause(bytes: u64, bytes_per_second: u64, elapsed: Duration) -> Duration {
    let millis = u128::from(bytes) * 1000 / u128::from(bytes_per_second.max(1));
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)).saturating_sub(elapsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_makes_up_for_what_reading_did_not_take() {
        let second = Duration::from_secs(1);
        assert_eq!(pause(1 << 20, 1 << 20, Duration::ZERO), second);
        assert_eq!(pause(1 << 20, 1 << 20, Duration::from_millis(300)), Duration::from_millis(700));
        assert_eq!(pause(1 << 20, 1 << 20, 2 * second), Duration::ZERO);
        assert_eq!(pause(1 << 20, 4 << 20, Duration::ZERO), second / 4);
        assert_eq!(pause(0, 1, Duration::ZERO), Duration::ZERO);
        // A pace of nothing is read as one byte per second, not as a division by zero.
        assert_eq!(pause(2, 0, Duration::ZERO), 2 * second);
    }
}
