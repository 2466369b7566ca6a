//! Helium's rules: emission, net emission, scores, coverage, data, locks, credits.

mod coverage;
mod data;
mod emission;
mod net_emission;
mod score;
mod vote_lock;

use depin_quantity::RuleCard;

/// The cards of this folder, by module.
pub const CARDS: &[&[&RuleCard]] =
    &[coverage::CARDS, data::CARDS, emission::CARDS, net_emission::CARDS, score::CARDS, vote_lock::CARDS];
