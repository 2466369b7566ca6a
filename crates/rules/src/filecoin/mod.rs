//! Filecoin's rules: minting, pledges, fees, deals, proofs.

mod cid;
mod collateral;
mod deal;
mod deal_life;
mod debt;
mod minting;
mod possession;
mod q128;
mod smoothing;
mod storage;
mod supply;
mod vesting;

use depin_quantity::RuleCard;

/// The cards of this folder, by module.
pub const CARDS: &[&[&RuleCard]] = &[
    cid::CARDS,
    collateral::CARDS,
    deal::CARDS,
    deal_life::CARDS,
    debt::CARDS,
    minting::CARDS,
    possession::CARDS,
    q128::CARDS,
    smoothing::CARDS,
    storage::CARDS,
    supply::CARDS,
    vesting::CARDS,
];
