//! Prices, swaps and the base fee.

use crate::runs;
use depin_economy::{FeeRule, median, next_base_fee, swap_gives};
use depin_quantity::{Decimal18, Kind, Name, Outputs, RuleCard, RuleError, Units, field};

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&MEDIAN, &SWAP, &BASE_FEE];

const MOST: u128 = 1 << 100;

pub static MEDIAN: RuleCard = RuleCard {
    id: "GEN-PAY-8",
    networks: &[],
    basis: runs!(depin_economy::median),
    title: "Median of price reports",
    description: "A price is the median of the fresh reports; without enough of them there is none, and what needs it waits.",
    formula: "the middle one; of an even number low + floor((high - low) / 2)",
    rounding: "down at the 18th place",
    inputs: &[field("prices", Kind::List(&Kind::Decimal(18)), "USD", "fresh reports").least(1)],
    outputs: &[field("price", Kind::Decimal(18), "USD", "the median")],
    source: "own rule",
    examples: &[(r#"{"prices": ["3", "1", "2"]}"#, r#"{"price": "2"}"#), (r#"{"prices": ["3", "1.5"]}"#, r#"{"price": "2.25"}"#)],
    run: |i| {
        let prices = i.integers("prices")?.into_iter().map(Decimal18::new).collect();
        let price = median(prices).ok_or_else(|| RuleError::refused("there is no report"))?;
        Ok(Outputs::new().decimal("price", price.get(), 18))
    },
};

pub static SWAP: RuleCard = RuleCard {
    id: "GEN-PAY-9",
    networks: &[],
    basis: runs!(depin_economy::swap_gives),
    title: "Swap at an AMM pool",
    description: "An AMM pool holds two tokens and swaps them so that the product of its holdings never falls; its fee stays in it.",
    formula: "net = given - ceil(given * fee); out = floor(theirs * net / (ours + net))",
    rounding: "the fee up, what comes out down",
    inputs: &[
        field("given", Kind::Integer, "base units", "of the token given").most(MOST),
        field("ours", Kind::Integer, "base units", "that the AMM pool holds of it").most(MOST),
        field("theirs", Kind::Integer, "base units", "that it holds of the other").most(MOST),
        field("fee", Kind::Share, "", "of the AMM pool").or("\"0.3%\""),
    ],
    outputs: &[field("out", Kind::Integer, "base units", "of the other token")],
    source: "constant product, Uniswap v2 core",
    examples: &[(r#"{"given": 1000, "ours": 100000, "theirs": 50000}"#, r#"{"out": "493"}"#)],
    run: |i| {
        let out = swap_gives(i.units("given")?, i.units("ours")?, i.units("theirs")?, i.share("fee")?)?;
        Ok(Outputs::new().units("out", out))
    },
};

pub static BASE_FEE: RuleCard = RuleCard {
    id: "GEN-PAY-10",
    networks: &[],
    basis: runs!(depin_economy::next_base_fee),
    title: "Base fee after a block",
    description: "The price of a unit of work rises after a block that did more than its target and falls after one that did less, by at \
            most one part in `change`.",
    formula: "delta = clamp(work - target, -target, target); next = max(minimum, base + base * delta / target / change)",
    rounding: "two divisions in that order, each towards zero",
    inputs: &[
        field("base", Kind::Integer, "base units", "of the block").most(MOST),
        field("work", Kind::Integer, "units", "that the block did").most(u64::MAX as u128),
        field("target", Kind::Integer, "units", "at which it stays").least(1).most(u64::MAX as u128),
        field("change", Kind::Integer, "", "most it moves is one part in so many").least(1).most(1 << 32).or("8"),
        field("minimum", Kind::Integer, "base units", "it never falls below").most(MOST).or("100"),
    ],
    outputs: &[field("next", Kind::Integer, "base units", "of the next block")],
    source: "lotus chain/store/basefee.go before FIP-0115; the shape of EIP-1559",
    examples: &[
        (r#"{"base": 1000, "work": 10000000000, "target": 5000000000}"#, r#"{"next": "1125"}"#),
        (r#"{"base": 105, "work": 0, "target": 5000000000}"#, r#"{"next": "100"}"#),
    ],
    run: |i| {
        let rule = FeeRule {
            token: Name::literal("token"),
            minimum: i.units("minimum")?,
            initial: Units::ZERO,
            target_work: i.small("target")?,
            change: i.small("change")?,
            row: None,
            on_pledge: false,
        };
        Ok(Outputs::new().units("next", next_base_fee(&rule, i.units("base")?, i.small("work")?, rule.target_work)?))
    },
};
