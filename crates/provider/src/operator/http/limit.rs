//! How many requests of one kind are handled at once.

use super::error::ApiError;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A limit on requests of one kind; those beyond it are told to come back.
#[derive(Clone, Debug)]
pub struct Limit {
    what: &'static str,
    free: Arc<Semaphore>,
}

impl Limit {
    /// At most `max` at once of `what`, a plural: `uploads`.
    pub fn new(what: &'static str, max: usize) -> Self {
        Self { what, free: Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS))) }
    }

    /// Takes a place, which is free again when what is returned is dropped.
    ///
    /// # Errors
    /// 503 `busy` when there is none.
    pub fn enter(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.free).try_acquire_owned().map_err(|_| ApiError::busy(self.what))
    }
}
