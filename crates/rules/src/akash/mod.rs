//! Akash's rules: inflation, stake, leases, bids, credits.

mod bid;
mod inflation;
mod lease;
mod liveness;
mod stake;
mod supply;

use depin_quantity::RuleCard;

/// The cards of this folder, by module.
pub const CARDS: &[&[&RuleCard]] = &[bid::CARDS, inflation::CARDS, lease::CARDS, liveness::CARDS, stake::CARDS, supply::CARDS];
