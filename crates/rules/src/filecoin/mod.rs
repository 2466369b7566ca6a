//! Filecoin's rules: minting, pledges, fees, deals, proofs.

mod collateral;
mod deal;
mod minting;
mod q128;
mod smoothing;
mod storage;
mod supply;
mod vesting;

use depin_quantity::RuleCard;

/// The cards of this folder, by module.
pub const CARDS: &[&[&RuleCard]] = &[
    collateral::CARDS,
    deal::CARDS,
    minting::CARDS,
    q128::CARDS,
    smoothing::CARDS,
    storage::CARDS,
    supply::CARDS,
    vesting::CARDS,
];
