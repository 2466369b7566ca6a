//! Allocations that unlock in equal steps.

use crate::runs;
use depin_economy::{VestingPart, VestingRow, row_vested};
use depin_quantity::{Kind, Outputs, RuleCard, RuleError, field};

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&STEPPED];

pub static STEPPED: RuleCard = RuleCard {
    id: "IO-SU-1",
    networks: &["io.net"],
    basis: runs!(depin_economy::row_vested),
    title: "Equal monthly parts after a cliff",
    description: "Investors wait 12 months and then get 24 equal parts from the end of month 13 to that of month 36; employees 36 parts to \
            the end of month 48.",
    formula: "floor(amount * min(steps, floor((elapsed - cliff) / every)) / steps)",
    rounding: "down, on the sum",
    inputs: &[
        field("amount", Kind::Integer, "base units", "of the allocation"),
        field("cliff", Kind::Integer, "periods", "before the first step begins").most(1 << 40).or("12"),
        field("every", Kind::Integer, "periods", "length of a step").least(1).most(1 << 40).or("1"),
        field("steps", Kind::Integer, "", "how many").least(1).most(1 << 20).or("24"),
        field("elapsed", Kind::Integer, "periods", "that are over").most(1 << 40),
    ],
    outputs: &[field("vested", Kind::Integer, "base units", "free by then")],
    source: "io.net docs, coin restrictions: 36 months, 24 equal parts from the end of month 13; employees 48 months, 36 parts",
    examples: &[
        (r#"{"amount": 2400, "elapsed": 12}"#, r#"{"vested": "0"}"#),
        (r#"{"amount": 2400, "elapsed": 13}"#, r#"{"vested": "100"}"#),
        (r#"{"amount": 2400, "elapsed": 36}"#, r#"{"vested": "2400"}"#),
    ],
    run: |i| {
        let (cliff, every, steps) = (i.small("cliff")?, i.small("every")?, i.small("steps")?);
        let row = VestingRow { part: VestingPart::Rest, after: cliff, over: every * steps, every };
        let vested = row_vested(&row, i.units("amount")?, i.small("elapsed")?);
        Ok(Outputs::new().units("vested", vested.map_err(|error| RuleError::refused(error.to_string()))?))
    },
};
