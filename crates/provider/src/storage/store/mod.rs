//! The piece store: payloads on a disk, checked whenever they are read, provable leaf by leaf.
//!
//! In: payloads, streamed through an [`Upload`]; pins and unpins by deal id. Out: verified bytes through a [`PieceReader`],
//! [`LeafProof`](depin_services::storage::piece::LeafProof)s, the list of pieces with their states, and a signal when damage
//! is found. Called by the HTTP side, the scrubber and the ledger-following side, from blocking threads: nothing here is
//! async, and several threads may call at once.
//!
//! What holds after a crash at any moment:
//! - Whatever [`Upload::finish`] returned `Ok` for is there and whole: payload and tree cache were written to temporary
//!   files, synced, renamed, their folder synced, and the index committed and synced, in this order.
//! - Whatever it did not return for is absent: [`Store::open`] removes temporary files and files that no index row names.
//! - An index that is missing, empty, changed or another program's is made anew out of the pieces: nothing is removed on its word.
//! - A sync of the index that failed is final: nothing is written any more ([`Store::failed`]).
//! - A row whose payload is missing or has the wrong length is marked damaged at open, and stays listed: deals may depend on it.
//!
//! How bytes are checked: each 1 MiB chunk has a BLAKE3 checksum in the index, checked on every read and by scrubbing. Who sends bytes
//! away reads through a chunk once, which checks it, and then again block by block ([`CheckedChunk`]), with 64 KiB in memory. A
//! proof reads 32 KiB only; it is checked against the commitment itself, which is the stronger check. Checksums find
//! accidents, not an operator who wants to cheat: that is what possession proofs are for.
//!
//! A disk with less free than the floor refuses uploads, and nothing else; so does a full one: whatever the store must be able to note down even then (pins, removals,
//! damage) may use up a reserve of 4 MiB, which is filled again when there is room.
//!
//! How long a piece stays: while a client's *hold* (an upload) has not expired or been withdrawn, or a deal *pins* it.
//! [`Store::sweep`] removes the rest. Two clients may hold the same piece; it is stored once. What is on hold without a deal is
//! bounded, for each client and in all ([`HoldLimits`]). Space is taken as bytes come, never because somebody says that they will.
//! Absent on purpose: the ledger
//! (which deals exist is told from outside), prices, replication.

mod blocks;
mod capacity;
mod error;
mod holding;
mod index;
mod layout;
mod proving;
mod reading;
mod rebuild;
mod record;
mod recovery;
mod retention;
mod upload;

pub use blocks::{BLOCK_BYTES, CheckedChunk};
pub use capacity::{HoldLimits, Usage};
pub use error::StoreError;
pub use reading::PieceReader;
pub use record::{Hold, PieceState, PieceStatus, Stored};
pub use recovery::Recovery;
pub use upload::{Announced, Upload};

use crate::clock::Clock;
use capacity::Capacity;
use depin_files::{Floor, Level};
use depin_quantity::UnitId;
use depin_services::storage::piece::Commitment;
use index::{Changes, Index};
use layout::Layout;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;

/// Bytes of payload under one checksum; the last chunk of a payload may be shorter.
pub const CHUNK_BYTES: u64 = 1 << 20;

/// How a store is set up.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// The data folder, on a local disk; created when missing.
    pub folder: PathBuf,
    /// Bytes of pieces (payload and tree cache) to hold at most. The index is not counted: about 1 KiB per piece.
    pub capacity_bytes: u64,
    /// Longest payload accepted, in bytes; at most [`PieceSize::MAX`](depin_services::storage::piece::PieceSize::MAX)'s.
    pub payload_bytes_max: u64,
    /// How long an upload is kept without a deal, in ms of wall time.
    pub hold_ms: u64,
    /// Bytes that may be kept without a deal.
    pub holds: HoldLimits,
    /// Free space on the folder's disk below which no upload is taken.
    pub floor: Floor,
}

impl StoreSettings {
    /// One hour for a deal to be accepted.
    pub const HOLD_MS: u64 = 60 * 60 * 1000;

    /// The usual settings: half of the capacity may be on hold, a quarter for one client, and the usual floor.
    pub fn new(folder: impl Into<PathBuf>, capacity_bytes: u64, payload_bytes_max: u64) -> Self {
        let folder = folder.into();
        Self {
            capacity_bytes,
            payload_bytes_max,
            hold_ms: Self::HOLD_MS,
            holds: HoldLimits::of(capacity_bytes, payload_bytes_max),
            floor: Floor::new(&folder, None),
            folder,
        }
    }
}

/// Removes what uploads in flight left behind in a store that nobody has open, without opening its index: what fills a disk is gone
/// before anything else is written there. Says how many files that were; none where there is no store.
///
/// - Errors: [`StoreError::InUse`], and what the disk says.
pub fn clear_temporary(folder: &Path) -> Result<u64, StoreError> {
    if folder.join("tmp").is_dir() { Layout::open(folder)?.clear_temp() } else { Ok(0) }
}

/// The piece store. Share it in an `Arc`.
#[derive(Debug)]
pub struct Store {
    settings: StoreSettings,
    clock: Arc<dyn Clock>,
    /// Closed before the folder is let go of.
    index: Mutex<Index>,
    layout: Layout,
    capacity: Arc<Capacity>,
    recovery: Recovery,
    /// Counts changes of what is known to be damaged.
    damage: watch::Sender<u64>,
}

impl Store {
    /// Opens the store in its folder, creating it when missing, and clears up after a crash.
    ///
    /// - Errors: [`StoreError::InUse`], [`StoreError::Format`], and what the disk says; [`StoreError::IndexLost`] when an index that was made
    ///   anew is lost at once.
    pub fn open(settings: StoreSettings, clock: Arc<dyn Clock>) -> Result<Arc<Self>, StoreError> {
        let layout = Layout::open(&settings.folder)?;
        // Before anything else is written: what a crash left behind may be what fills the disk.
        let temporary_files = layout.clear_temp()?;
        let opened = || {
            let (mut index, rebuilt) = recovery::open_index(&layout, clock.now_ms())?;
            let recovery = recovery::recover(&layout, &mut index, temporary_files, rebuilt)?;
            Ok((index, recovery))
        };
        let (index, recovery) = match opened() {
            Err(StoreError::DiskFull { .. }) if layout.spend_reserve() => opened()?,
            opened => opened?,
        };
        layout.fill_reserve();
        let (_, used) = index.totals()?;
        let capacity = Capacity::new(settings.capacity_bytes, used, index.held().all(), settings.holds);
        let index = Mutex::new(index);
        Ok(Arc::new(Self { settings, clock, layout, index, capacity, recovery, damage: watch::Sender::new(0) }))
    }

    /// How the store was set up.
    pub fn settings(&self) -> &StoreSettings {
        &self.settings
    }

    /// What opening found and cleared up.
    pub fn recovery(&self) -> Recovery {
        self.recovery.clone()
    }

    /// Bytes used and reserved.
    pub fn usage(&self) -> Usage {
        self.capacity.usage()
    }

    /// Room on the folder's disk, where the system says.
    pub fn room(&self) -> Option<Level> {
        self.settings.floor.level()
    }

    /// How many pieces are stored.
    ///
    /// - Errors: the index cannot be read.
    pub fn pieces(&self) -> Result<u64, StoreError> {
        self.index().totals().map(|(pieces, _)| pieces)
    }

    /// One piece; `None` when it is not stored.
    ///
    /// - Errors: the index cannot be read.
    pub fn status(&self, cid: &Commitment) -> Result<Option<PieceStatus>, StoreError> {
        self.index().status(cid)
    }

    /// Up to `limit` pieces in the order of their commitments' bytes, those behind `after`.
    ///
    /// - Errors: the index cannot be read.
    pub fn list(&self, after: Option<&Commitment>, limit: u32) -> Result<Vec<PieceStatus>, StoreError> {
        self.index().list(after, limit)
    }

    /// Every piece with known damage.
    ///
    /// - Errors: the index cannot be read.
    pub fn damaged(&self) -> Result<Vec<PieceStatus>, StoreError> {
        self.index().damaged()
    }

    /// Every pin there is, for comparing with the ledger at start.
    ///
    /// - Errors: the index cannot be read.
    pub fn pins(&self) -> Result<Vec<(Commitment, UnitId)>, StoreError> {
        self.index().pins()
    }

    /// Why the store can go on no more, once that is so: a write could not be made durable, which is not tried again, or the index turned
    /// out to be damaged. Whoever owns the store ends then, and starts anew.
    pub fn failed(&self) -> Option<String> {
        self.index().failed()
    }

    /// A receiver that wakes whenever damage was found or repaired; then ask [`Store::damaged`].
    pub fn watch_damage(&self) -> watch::Receiver<u64> {
        self.damage.subscribe()
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(|poisoned| {
            let index = poisoned.into_inner();
            // A panic while the lock was held may have left its transaction behind; the connection is sound.
            index.roll_back();
            index
        })
    }

    /// Runs a change that must succeed on a full disk too: then the reserve is given up for it.
    fn keep_books<T>(
        &self,
        action: &'static str,
        change: impl Fn(&Changes<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.keep_books_in(&mut self.index(), action, change)
    }

    /// The same, with the index already locked.
    fn keep_books_in<T>(
        &self,
        index: &mut Index,
        action: &'static str,
        change: impl Fn(&Changes<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match index.change(action, &change) {
            Err(StoreError::DiskFull { .. }) if self.layout.spend_reserve() => {
                tracing::warn!(action, "the disk is full; the store's reserve is used up");
                index.change(action, &change)
            }
            done => done,
        }
    }

    fn damage_changed(&self) {
        self.damage.send_modify(|changes| *changes += 1);
    }
}

/// How many chunks a payload has. An empty payload has one, empty chunk, so that losing its file can be told too.
fn chunks_of(payload_bytes: u64) -> u32 {
    u32::try_from(payload_bytes.div_ceil(CHUNK_BYTES).max(1)).expect("the largest payload has 65,024 chunks")
}
