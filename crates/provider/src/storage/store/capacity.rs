//! Counting bytes against the operator's limit, exactly: what is stored, and what uploads in flight will need.

use super::StoreError;
use std::sync::{Arc, Mutex, MutexGuard};

/// Bytes used and reserved, against the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The operator's limit in bytes.
    pub capacity: u64,
    /// Bytes of stored pieces: payload and tree cache.
    pub used: u64,
    /// Bytes that uploads in flight will need.
    pub reserved: u64,
}

impl Usage {
    /// Bytes that a new upload could take. Zero, not negative, after the operator lowered the limit below what is used.
    pub const fn free(&self) -> u64 {
        self.capacity.saturating_sub(self.used).saturating_sub(self.reserved)
    }
}

#[derive(Debug)]
pub(super) struct Capacity(Mutex<Usage>);

impl Capacity {
    pub(super) fn new(capacity: u64, used: u64) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Usage { capacity, used, reserved: 0 })))
    }

    pub(super) fn usage(&self) -> Usage {
        *self.lock()
    }

    /// Sets `bytes` aside, or refuses.
    pub(super) fn reserve(self: &Arc<Self>, bytes: u64) -> Result<Reservation, StoreError> {
        let mut usage = self.lock();
        let free = usage.free();
        if bytes > free {
            return Err(StoreError::CapacityFull { wanted: bytes, free, capacity: usage.capacity });
        }
        usage.reserved += bytes;
        Ok(Reservation { bytes, capacity: Arc::clone(self) })
    }

    /// Gives the bytes of a removed piece back.
    pub(super) fn release(&self, bytes: u64) {
        let mut usage = self.lock();
        usage.used = usage.used.checked_sub(bytes).expect("only what was counted as used is released");
    }

    fn lock(&self) -> MutexGuard<'_, Usage> {
        // Every critical section is a few additions that cannot panic half-way.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Bytes set aside for one upload; dropped, they are free again.
#[derive(Debug)]
pub(super) struct Reservation {
    bytes: u64,
    capacity: Arc<Capacity>,
}

impl Reservation {
    /// Turns the reservation into use: the bytes are stored now.
    pub(super) fn commit(mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let mut usage = self.capacity.lock();
        usage.reserved -= bytes;
        usage.used += bytes;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.capacity.lock().reserved -= self.bytes;
    }
}
