//! Tokens that tenants give out, taken back.

use crate::world::{FRIEND, Net, TENANT};
use depin_services::leasing::{self, LeasingEvent, LeasingMessage};

#[test]
fn a_tenant_raises_the_generation_of_its_own_tokens_and_of_nobody_elses() {
    let mut net = Net::new();
    assert_eq!(leasing::token_generation(net.rows(), TENANT), 0, "whoever never revoked has the first");
    for generation in 1..=3 {
        net.send(TENANT, &LeasingMessage::RevokeTokens).unwrap();
        assert_eq!(leasing::token_generation(net.rows(), TENANT), generation);
        assert_eq!(net.events.last(), Some(&LeasingEvent::TokensRevoked { tenant: TENANT, generation }));
    }
    assert_eq!(leasing::token_generation(net.rows(), FRIEND), 0);
}
