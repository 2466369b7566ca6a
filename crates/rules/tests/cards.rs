//! Every rule card: its examples, its declarations, and what hostile inputs do to it.

use depin_quantity::check_cards;
use depin_rules::rule_cards;

#[test]
fn every_card_gives_its_examples_and_stands_hostile_inputs() {
    let evaluations = check_cards(rule_cards()).unwrap_or_else(|complaints| panic!("{complaints}"));
    assert!(evaluations > rule_cards().count() * 100, "only {evaluations} evaluations");
}
