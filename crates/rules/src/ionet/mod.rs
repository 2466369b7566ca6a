//! io.net's rules: emission, stake, devices, payments.

mod cool_down;
mod device;
mod emission;
mod gates;
mod payment;
mod stake;
mod supply;

use depin_quantity::RuleCard;

/// The cards of this folder, by module.
pub const CARDS: &[&[&RuleCard]] =
    &[cool_down::CARDS, device::CARDS, emission::CARDS, gates::CARDS, payment::CARDS, stake::CARDS, supply::CARDS];
