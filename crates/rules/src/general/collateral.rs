//! Pledges by size, and what is expected of what failed.

use crate::runs;
use depin_economy::{PledgeRule, PledgeSize, expected_reward, pledge_amount};
use depin_quantity::{Kind, Measured, Name, Outputs, RuleCard, RuleError, field};

const MOST: u128 = 1 << 100;

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&BY_SIZE, &PRESENT];

pub static BY_SIZE: RuleCard = RuleCard {
    id: "GEN-PL-1",
    networks: &[],
    basis: runs!(depin_economy::pledge_amount),
    title: "Pledge by size",
    description: "Every gigabyte that is committed has the same pledge; no byte is pledged for less than its price.",
    formula: "max(least, ceil(per_gib * bytes / 2^30))",
    rounding: "up",
    inputs: &[
        field("per_gib", Kind::Integer, "base units", "for a GiB").most(MOST),
        field("bytes", Kind::Integer, "bytes", "what is committed").most(MOST),
        field("least", Kind::Integer, "base units", "for any unit").most(MOST).or("0"),
    ],
    outputs: &[field("pledge", Kind::Integer, "base units", "what is locked")],
    source: "document: collateral per pledged gigabyte; the price is a parameter of the network's file",
    examples: &[
        (r#"{"per_gib": "31250000000000000", "bytes": 34359738368}"#, r#"{"pledge": "1000000000000000000"}"#),
        (r#"{"per_gib": 3, "bytes": 1}"#, r#"{"pledge": "1"}"#),
    ],
    run: |i| {
        let size = PledgeSize::PerGib(i.units("per_gib")?);
        let rule = PledgeRule { token: Name::literal("token"), size, least: i.units("least")?, cool_down: None };
        let amount = pledge_amount(&rule, Measured::new(i.integer("bytes")?));
        Ok(Outputs::new().units("pledge", amount.map_err(|error| RuleError::refused(error.to_string()))?))
    },
};

pub static PRESENT: RuleCard = RuleCard {
    id: "GEN-SL-1",
    networks: &[],
    basis: runs!(depin_economy::expected_reward),
    title: "Expected reward at the present rate",
    description: "The reward that some weight could have earned in so many periods, at the present reward and the present weight of all. \
            A simpler metric for fees than the smoothed one.",
    formula: "floor(reward * periods * affected / max(weight, affected)); nothing of nothing",
    rounding: "down",
    inputs: &[
        field("reward", Kind::Integer, "base units", "of one period"),
        field("periods", Kind::Integer, "periods", "how many").most(u64::MAX as u128),
        field("affected", Kind::Integer, "weight", "what failed"),
        field("weight", Kind::Integer, "weight", "of all"),
    ],
    outputs: &[field("reward", Kind::Integer, "base units", "the expected reward")],
    source: "after builtin-actors actors/miner/src/monies.rs; deviation: present values instead of smoothed ones",
    examples: &[(r#"{"reward": 1000, "periods": 3, "affected": 7, "weight": 100}"#, r#"{"reward": "210"}"#)],
    run: |i| {
        let (affected, weight) = (i.integer("affected")?, i.integer("weight")?);
        let measured = depin_quantity::Measured::new;
        let reward = expected_reward(i.units("reward")?, i.small("periods")?, measured(affected), measured(weight))?;
        Ok(Outputs::new().units("reward", reward))
    },
};
