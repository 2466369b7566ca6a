//! Any input gives a rule's outputs or an error; the first byte picks the rule.
#![no_main]
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str)| {
    let (pick, text) = input;
    let cards: Vec<_> = depin_rules::rule_cards().collect();
    let card = cards[usize::from(pick) % cards.len()];
    let _ = card.evaluate_text(text);
});
