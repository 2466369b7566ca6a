//! Render's rules: emission, settlement, scores.

mod emission;
mod first_year;
mod score;
mod settlement;

use depin_quantity::RuleCard;

/// The cards of this folder, by module.
pub const CARDS: &[&[&RuleCard]] = &[emission::CARDS, first_year::CARDS, score::CARDS, settlement::CARDS];
