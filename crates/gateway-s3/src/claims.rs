//! Payloads at providers that something is under way with.
//!
//! A shard may come back to a provider where it was given up before: whoever stores it there and whoever deletes it there must not be under way
//! at once, or what was just stored is deleted. In memory only: after a restart nothing is under way.

use depin_quantity::Address;
use depin_services::storage::piece::Commitment;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

/// Who is under way with what.
#[derive(Clone, Default)]
pub(crate) struct Claims(Arc<Mutex<HashSet<(Address, Commitment)>>>);

/// Keeps others away from a payload at a provider while it lives.
pub(crate) struct Claim {
    claims: Claims,
    of: (Address, Commitment),
}

impl Claims {
    /// Claims a payload at a provider; nothing when somebody is under way with it.
    pub(crate) fn take(&self, provider: Address, cid: Commitment) -> Option<Claim> {
        let of = (provider, cid);
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(of);
        free.then(|| Claim { claims: self.clone(), of })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.of);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_is_under_way_with_a_payload_at_a_provider() {
        let (claims, provider) = (Claims::default(), Address::new([1; 32]));
        let cid = "baga6ea4seaqdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy".parse().unwrap();
        let claim = claims.take(provider, cid);
        assert!(claim.is_some() && claims.take(provider, cid).is_none());
        assert!(claims.take(Address::new([2; 32]), cid).is_some(), "another provider's");
        drop(claim);
        assert!(claims.take(provider, cid).is_some());
    }
}
