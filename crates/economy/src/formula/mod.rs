//! Rules of the networks as exact pure formulas, each with its card.
//!
//! In: plain numbers. Out: plain numbers. The modules that move tokens call these where their rule is the same; a reader or a
//! checker runs them through the cards. Absent on purpose: state, tokens, and a second copy of a rule that a module owns: its card
//! stands beside the module's function.

mod collateral;
mod deal;
mod decline;
mod fixed;
mod inflation;
mod lease;
mod minting;
mod q128;
mod recycle;
mod schedule;
mod score;
mod settlement;
mod smoothing;
mod stake;
mod standing;
mod supply;
mod votelock;

use depin_quantity::RuleCard;

/// The cards of this folder.
pub const CARDS: &[&[&RuleCard]] = &[
    supply::CARDS,
    q128::CARDS,
    minting::CARDS,
    smoothing::CARDS,
    collateral::CARDS,
    deal::CARDS,
    schedule::CARDS,
    recycle::CARDS,
    score::CARDS,
    votelock::CARDS,
    inflation::CARDS,
    stake::CARDS,
    lease::CARDS,
    decline::CARDS,
    settlement::CARDS,
    standing::CARDS,
];
