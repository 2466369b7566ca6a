//! Counting bytes against the operator's limits, exactly: what is stored, what uploads in flight have brought, what is on hold.

use super::StoreError;
use super::upload::stored_bytes;
use depin_quantity::Address;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

/// Bytes used and reserved, against the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The operator's limit in bytes.
    pub capacity: u64,
    /// Bytes of stored pieces: payload and tree cache.
    pub used: u64,
    /// Bytes that uploads in flight have brought, in steps of 1 MiB.
    pub reserved: u64,
    /// Bytes of stored pieces that no deal covers, kept for clients until their holds end.
    pub held: u64,
}

impl Usage {
    /// Bytes that a new upload could take. Zero, not negative, after the operator lowered the limit below what is used.
    pub const fn free(&self) -> u64 {
        self.capacity.saturating_sub(self.used).saturating_sub(self.reserved)
    }
}

/// What may be on hold, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct HoldLimits {
    /// Of one client, uploads in flight included at the length that they announced.
    pub client: u64,
    /// In all, uploads in flight included as far as they came.
    pub all: u64,
}

impl HoldLimits {
    /// The usual ones: a quarter of the capacity for one client and half of it in all, but not less than the largest piece takes.
    pub fn of(capacity_bytes: u64, payload_bytes_max: u64) -> Self {
        let largest = stored_bytes(payload_bytes_max).unwrap_or(payload_bytes_max);
        Self { client: largest.max(capacity_bytes / 4), all: largest.max(capacity_bytes / 2) }
    }

    /// No bounds.
    pub const NONE: Self = Self { client: u64::MAX, all: u64::MAX };
}

#[derive(Debug)]
pub(super) struct Capacity {
    books: Mutex<Books>,
    /// Kept in step by the index.
    held: Arc<AtomicU64>,
    limits: HoldLimits,
}

#[derive(Debug)]
struct Books {
    capacity: u64,
    used: u64,
    reserved: u64,
    /// Of that, what counts as on hold.
    on_trust: u64,
    /// What uploads in flight announced, by client.
    announced: HashMap<Address, u64>,
}

impl Capacity {
    pub(super) fn new(capacity: u64, used: u64, held: Arc<AtomicU64>, limits: HoldLimits) -> Arc<Self> {
        let books = Books { capacity, used, reserved: 0, on_trust: 0, announced: HashMap::new() };
        Arc::new(Self { books: Mutex::new(books), held, limits })
    }

    pub(super) fn usage(&self) -> Usage {
        self.usage_of(&self.lock())
    }

    fn usage_of(&self, books: &Books) -> Usage {
        let Books { capacity, used, reserved, .. } = *books;
        Usage { capacity, used, reserved, held: self.held.load(Ordering::SeqCst) }
    }

    /// Lets `bytes` more come in, or refuses; `on_trust` says that no deal covers them.
    fn admit(&self, books: &Books, bytes: u64, on_trust: bool) -> Result<(), StoreError> {
        let usage = self.usage_of(books);
        if bytes > usage.free() {
            return Err(StoreError::CapacityFull { wanted: bytes, free: usage.free(), capacity: usage.capacity });
        }
        let held = usage.held + books.on_trust;
        if on_trust && bytes > self.limits.all.saturating_sub(held) {
            return Err(StoreError::HoldsFull { wanted: bytes, held, limit: self.limits.all });
        }
        Ok(())
    }

    /// Begins to count an upload of `bytes`: refused at once where they do not fit now, taken as they come.
    pub(super) fn begin(self: &Arc<Self>, bytes: u64, on_trust: bool) -> Result<Reservation, StoreError> {
        self.admit(&self.lock(), bytes, on_trust)?;
        Ok(Reservation { bytes: 0, on_trust, capacity: Arc::clone(self) })
    }

    /// Takes note of an upload of `bytes` by a client that has `held` on hold. Gives all that the client has then.
    pub(super) fn announce(&self, client: Address, bytes: u64, held: u64) -> Result<u64, StoreError> {
        let mut books = self.lock();
        let known = held.saturating_add(books.announced.get(&client).copied().unwrap_or(0));
        let total = known.saturating_add(bytes);
        if total > self.limits.client {
            return Err(StoreError::HoldLimit { client, held: known, wanted: bytes, limit: self.limits.client });
        }
        *books.announced.entry(client).or_default() += bytes;
        Ok(total)
    }

    /// Forgets what was announced.
    pub(super) fn forget(&self, client: Address, bytes: u64) {
        let mut books = self.lock();
        if let Some(announced) = books.announced.get_mut(&client) {
            *announced = announced.saturating_sub(bytes);
            if *announced == 0 {
                books.announced.remove(&client);
            }
        }
    }

    /// Gives the bytes of a removed piece back.
    pub(super) fn release(&self, bytes: u64) {
        let mut books = self.lock();
        books.used = books.used.checked_sub(bytes).expect("only what was counted as used is released");
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        // Every critical section is a few additions that cannot panic half-way.
        self.books.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Bytes set aside for one upload; dropped, they are free again.
#[derive(Debug)]
pub(super) struct Reservation {
    bytes: u64,
    on_trust: bool,
    capacity: Arc<Capacity>,
}

impl Reservation {
    /// Bytes that are missing to `bytes`.
    pub(super) const fn missing(&self, bytes: u64) -> u64 {
        bytes.saturating_sub(self.bytes)
    }

    /// Takes what is missing to `bytes`.
    pub(super) fn grow_to(&mut self, bytes: u64) -> Result<(), StoreError> {
        let missing = self.missing(bytes);
        let mut books = self.capacity.lock();
        self.capacity.admit(&books, missing, self.on_trust)?;
        books.reserved += missing;
        books.on_trust += if self.on_trust { missing } else { 0 };
        self.bytes += missing;
        Ok(())
    }

    /// Turns the reservation into use: the bytes are stored now.
    pub(super) fn commit(mut self) {
        let used = self.bytes;
        self.end(used);
    }

    /// Gives all back, of which `used` stay in use.
    fn end(&mut self, used: u64) {
        let bytes = std::mem::take(&mut self.bytes);
        let mut books = self.capacity.lock();
        books.reserved -= bytes;
        books.on_trust -= if self.on_trust { bytes } else { 0 };
        books.used += used;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.end(0);
    }
}
