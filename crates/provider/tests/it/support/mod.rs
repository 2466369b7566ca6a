//! What the tests share: payloads, a clock turned by hand, a store in a temporary folder, and a check of the whole folder.

pub mod server;

use depin_files::Floor;
use depin_provider::{
    Clock,
    storage::{HoldLimits, Store, StoreError, StoreSettings, Stored},
};
use depin_quantity::{Address, UnitId};
use depin_services::storage::piece::{Commitment, Hasher, PieceSize, TreeCache};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub const MIB: u64 = 1 << 20;
/// When the tests' clock starts.
pub const START_MS: u64 = 1_800_000_000_000;
pub const CLIENT: Address = Address::new([1; 32]);
pub const OTHER_CLIENT: Address = Address::new([2; 32]);

/// Bytes that look random but are the same in every run.
pub fn payload(length: u64, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut bytes = Vec::with_capacity(length as usize + 8);
    while bytes.len() < length as usize {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&(state >> 32).to_le_bytes()[..4]);
    }
    bytes.truncate(length as usize);
    bytes
}

pub fn commit(payload: &[u8]) -> Commitment {
    let mut hasher = Hasher::new();
    hasher.update(payload);
    hasher.finish().unwrap().0
}

/// What a payload counts against the capacity.
pub fn stored_bytes(payload_bytes: u64) -> u64 {
    payload_bytes + TreeCache::bytes_for(PieceSize::for_payload(payload_bytes).unwrap())
}

pub fn deal(number: u8) -> UnitId {
    UnitId::new([number; 32])
}

#[derive(Debug)]
pub struct HandClock(AtomicU64);

impl HandClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(START_MS)))
    }

    pub fn advance(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Nothing is bounded but the capacity and a payload's length.
pub fn settings(folder: &Path, capacity_bytes: u64) -> StoreSettings {
    StoreSettings {
        holds: HoldLimits::NONE,
        floor: Floor::new(folder, Some(0)),
        ..StoreSettings::new(folder, capacity_bytes, 64 * MIB)
    }
}

/// A store in a folder of its own.
pub struct Bench {
    pub folder: tempfile::TempDir,
    pub clock: Arc<HandClock>,
    pub store: Arc<Store>,
}

impl Bench {
    pub fn new(capacity_bytes: u64) -> Self {
        Self::with(capacity_bytes, HoldLimits::NONE)
    }

    pub fn with(capacity_bytes: u64, holds: HoldLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = HandClock::new();
        let settings = StoreSettings { holds, ..settings(folder.path(), capacity_bytes) };
        let store = Store::open(settings, clock.clone()).unwrap();
        Self { folder, clock, store }
    }

    /// Closes the store and opens it again, as a restart would; `between` runs while it is closed.
    pub fn reopen(self, capacity_bytes: u64, between: impl FnOnce(&Path)) -> Self {
        let Self { folder, clock, store } = self;
        assert_eq!(Arc::strong_count(&store), 1, "somebody still uses the store");
        drop(store);
        between(folder.path());
        let store = Store::open(settings(folder.path(), capacity_bytes), clock.clone()).unwrap();
        Self { folder, clock, store }
    }

    pub fn put(&self, payload: &[u8], client: Address) -> Result<Stored, StoreError> {
        put(&self.store, payload, client, self.clock.now_ms())
    }

    pub fn payload_file(&self, cid: &Commitment) -> PathBuf {
        piece_file(self.folder.path(), cid, "payload")
    }

    pub fn tree_file(&self, cid: &Commitment) -> PathBuf {
        piece_file(self.folder.path(), cid, "tree")
    }

    pub fn check(&self) {
        check_folder(&self.store, self.folder.path());
    }
}

/// Uploads in parts of an odd size.
pub fn put(store: &Arc<Store>, payload: &[u8], client: Address, signed_at_ms: u64) -> Result<Stored, StoreError> {
    let mut upload = store.begin(commit(payload), payload.len() as u64, client, signed_at_ms)?;
    for part in payload.chunks(100_003) {
        upload.write(part)?;
    }
    upload.finish()
}

/// Reads a whole payload, each chunk checked by the store.
pub fn read(store: &Arc<Store>, cid: &Commitment) -> Result<Vec<u8>, StoreError> {
    let piece = store.open_piece(cid)?;
    let mut payload = Vec::new();
    for chunk in 0..piece.chunks() {
        payload.extend(piece.read_chunk(chunk)?);
    }
    Ok(payload)
}

pub fn piece_file(folder: &Path, cid: &Commitment, extension: &str) -> PathBuf {
    let first = hex(&cid.as_bytes()[..1]);
    folder.join("pieces").join(first).join(format!("{cid}.{extension}"))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn flip_bit(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 1;
    fs::write(file, bytes).unwrap();
}

/// Compares the folder with what the store says, sharing no code with it: every piece has exactly its two files, nothing
/// else lies about, and the count of used bytes is the sum of the files.
pub fn check_folder(store: &Arc<Store>, folder: &Path) {
    let pieces = store.list(None, u32::MAX).unwrap();
    let mut expected = BTreeMap::new();
    for piece in &pieces {
        assert_eq!(piece.stored_bytes, stored_bytes(piece.payload_bytes), "{}", piece.cid);
        expected.insert(piece_file(folder, &piece.cid, "payload"), piece.payload_bytes);
        expected.insert(piece_file(folder, &piece.cid, "tree"), piece.stored_bytes - piece.payload_bytes);
    }
    let mut found = BTreeMap::new();
    for first in fs::read_dir(folder.join("pieces")).unwrap() {
        for file in fs::read_dir(first.unwrap().path()).unwrap() {
            let file = file.unwrap();
            found.insert(file.path(), file.metadata().unwrap().len());
        }
    }
    assert_eq!(found, expected);
    assert_eq!(fs::read_dir(folder.join("tmp")).unwrap().count(), 0, "temporary files lie about");
    assert_eq!(store.usage().used, found.values().sum::<u64>());
    assert_eq!(store.usage().reserved, 0);
    let held = pieces.iter().filter(|piece| piece.deals.is_empty() && !piece.holds.is_empty());
    assert_eq!(store.usage().held, held.map(|piece| piece.stored_bytes).sum::<u64>());
    assert_eq!(store.pieces().unwrap(), pieces.len() as u64);
}
