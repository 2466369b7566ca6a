//! Helium's rules: emission, net emission, scores, coverage, locks, credits.

mod coverage;
mod emission;
mod net_emission;
mod score;
mod vote_lock;

use depin_quantity::RuleCard;

/// The cards of this folder, by module.
pub const CARDS: &[&[&RuleCard]] = &[coverage::CARDS, emission::CARDS, net_emission::CARDS, score::CARDS, vote_lock::CARDS];
