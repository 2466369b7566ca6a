//! Providers that kept what they took.
//!
//! In: what becomes of this gateway's own deals. Out: who has had one proven and running. Anybody can register and ask for nothing; a
//! deal that is proven to this account costs its provider the storage. After a start it is what the object map says.

use crate::map::{Map, MapError, tables};
use depin_quantity::Address;
use std::{
    collections::HashSet,
    sync::{PoisonError, RwLock},
};

/// The providers with a proven deal of this gateway.
pub(crate) struct Proven(RwLock<HashSet<Address>>);

impl Proven {
    /// Those with an active deal in the map.
    pub(crate) fn load(map: &Map) -> Result<Self, MapError> {
        Ok(Self(RwLock::new(map.read_now(tables::proven_providers)?)))
    }

    /// One of its deals is proven.
    pub(crate) fn add(&self, provider: Address) {
        if !self.has(provider) {
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(provider);
        }
    }

    /// One of its deals ended early or was never proven: it is as good as new until another one is looked at.
    pub(crate) fn remove(&self, provider: Address) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&provider);
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Address> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    pub(crate) fn has(&self, provider: Address) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(&provider)
    }
}
