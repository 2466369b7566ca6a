//! What services measure, as exact pure formulas, each with its card: pieces and power, coverage, scores and prices by device.
//!
//! In: plain numbers. Out: plain numbers. A service calls these where its rule is the same; a reader or a checker runs them through
//! the cards. Absent on purpose: state, messages, tokens.

mod bid;
mod device;
mod radio;
mod render;
mod storage;

use depin_quantity::RuleCard;

/// The rule cards of what services measure.
pub fn rule_cards() -> impl Iterator<Item = &'static RuleCard> {
    [storage::CARDS, radio::CARDS, render::CARDS, device::CARDS, bid::CARDS].into_iter().flat_map(|cards| cards.iter().copied())
}
