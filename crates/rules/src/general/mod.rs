//! Rules that every network file can use: pools, payments, prices, pledges, stake.

mod collateral;
mod market;
mod payment;
mod pool;
mod staking;

use depin_quantity::RuleCard;

/// The cards of this folder, by module.
pub const CARDS: &[&[&RuleCard]] = &[collateral::CARDS, market::CARDS, payment::CARDS, pool::CARDS, staking::CARDS];
