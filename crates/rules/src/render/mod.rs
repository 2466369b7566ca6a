//! Render's rules: emission, settlement, scores.

mod emission;
mod score;
mod settlement;

use depin_quantity::RuleCard;

/// The cards of this folder, by module.
pub const CARDS: &[&[&RuleCard]] = &[emission::CARDS, score::CARDS, settlement::CARDS];
