//! io.net's rules: emission, stake, devices, payments.

mod device;
mod emission;
mod payment;
mod stake;
mod supply;

use depin_quantity::RuleCard;

/// The cards of this folder, by module.
pub const CARDS: &[&[&RuleCard]] = &[device::CARDS, emission::CARDS, payment::CARDS, stake::CARDS, supply::CARDS];
