//! Every rule card of this crate, in one list.
//!
//! A module with rules names its cards in a constant `CARDS`, beside the functions that they run, and is named here.

use crate::formula;
use depin_quantity::RuleCard;

const MODULES: &[&[&RuleCard]] = &[crate::payment::CARDS, crate::pool_cards::CARDS, crate::staking::CARDS];

/// The rule cards of what economies do: emission, supply, pools, payments, staking, locks, treasuries, slashing, pledges.
pub fn rule_cards() -> impl Iterator<Item = &'static RuleCard> {
    formula::CARDS.iter().chain(MODULES).flat_map(|cards| cards.iter().copied())
}
