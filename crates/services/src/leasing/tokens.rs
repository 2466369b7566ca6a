//! Tokens that a tenant gave out for its leases, taken back all at once.
//!
//! A token is signed by the tenant and read by providers, and is not on the ledger. What is there is a number that each token carries: who
//! raises it makes all tokens before worthless.

use super::{
    event::LeasingEvent,
    rows::{Found, IndexKey},
    service::Leasing,
};
use crate::context::Context;
use depin_quantity::Address;

impl Context<'_, Leasing> {
    /// Raises the generation of a tenant's tokens.
    pub(super) fn revoke_tokens(&mut self, tenant: Address) {
        let key = IndexKey::Tokens(tenant);
        let before = match self.find(key) {
            Some(Found::Generation(generation)) => generation,
            _ => 0,
        };
        // 2^64 transactions of one sender are more than its nonce counts.
        let generation = before.saturating_add(1);
        self.list(key, Found::Generation(generation));
        self.emit(LeasingEvent::TokensRevoked { tenant, generation });
    }
}
