//! Helium's rules: emission, net emission, scores, coverage, data, locks, credits.

mod coverage;
mod data;
mod emission;
mod hex_scale;
mod net_emission;
mod packets;
mod score;
mod vote_lock;
mod witness;

use depin_quantity::RuleCard;

/// The cards of this folder, by module.
pub const CARDS: &[&[&RuleCard]] = &[
    coverage::CARDS,
    data::CARDS,
    emission::CARDS,
    hex_scale::CARDS,
    net_emission::CARDS,
    packets::CARDS,
    score::CARDS,
    vote_lock::CARDS,
    witness::CARDS,
];
