//! Unlocking of block rewards.

use crate::runs;
use depin_economy::{RewardVesting, quantize_up, vesting_schedule};
use depin_quantity::{Kind, Outputs, Rounding, RuleCard, field};

const MOST: u128 = 1 << 100;
const SMALL: u128 = 1 << 40;

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&VESTING, &QUANTIZE];

pub static VESTING: RuleCard = RuleCard {
    id: "FIL-LO-1",
    networks: &["filecoin"],
    basis: runs!(depin_economy::vesting_schedule),
    title: "Unlocking of a block reward",
    description: "A quarter of a reward is free at once. The rest unlocks over 180 days in steps of a day, at most twice a day: steps are \
            moved up to half days by the provider's proving period.",
    formula: "locked = amount - floor(amount * immediate); for k = 1, 2, …: v = quantize_up(now + k * step, quantum, phase); target = \
              floor(locked * (v - now) / over), at most locked; entry at v = target - target before",
    rounding: "targets down; the last entry takes what is left",
    inputs: &[
        field("amount", Kind::Integer, "attoFIL", "block reward and tips").most(MOST),
        field("now", Kind::Integer, "epoch", "of the reward").most(SMALL),
        field("phase", Kind::Integer, "epochs", "start of the provider's proving period").most(SMALL).or("0"),
        field("immediate", Kind::Share, "", "free at once").or("\"25%\""),
        field("over", Kind::Integer, "epochs", "whole length").least(1).most(1 << 24).or("518400"),
        field("step", Kind::Integer, "epochs", "of a step").least(1_000).most(1 << 24).or("2880"),
        field("quantum", Kind::Integer, "epochs", "entries are at multiples of it").least(1).most(1 << 24).or("1440"),
    ],
    outputs: &[
        field("free", Kind::Integer, "attoFIL", "at once"),
        field("epochs", Kind::List(&Kind::Integer), "epoch", "after which each entry is free"),
        field("amounts", Kind::List(&Kind::Integer), "attoFIL", "of each entry"),
    ],
    source: "builtin-actors actors/miner/src/{vesting_state,quantize}.rs; example: independent integer computation",
    examples: &[(
        r#"{"amount": "1000", "now": 100, "over": 8640}"#,
        r#"{"free": "250", "epochs": ["4320", "7200", "10080"], "amounts": ["366", "250", "134"]}"#,
    )],
    run: |i| {
        let (amount, now) = (i.units("amount")?, i.small("now")?);
        let immediate = i.share("immediate")?;
        let rule = RewardVesting { immediate, over: i.small("over")?, step: i.small("step")?, quantum: i.small("quantum")? };
        let free = immediate.of(amount, Rounding::Down)?;
        let entries = vesting_schedule(amount.minus(free)?, now, i.small("phase")?, &rule);
        let outputs = Outputs::new().units("free", free).integers("epochs", entries.iter().map(|(at, _)| *at));
        Ok(outputs.integers("amounts", entries.iter().map(|(_, amount)| amount.get())))
    },
};

pub static QUANTIZE: RuleCard = RuleCard {
    id: "FIL-LO-2",
    networks: &["filecoin"],
    basis: runs!(depin_economy::quantize_up),
    title: "Moving an epoch up to a grid",
    description: "Unlocking and expiry happen on a grid that is offset by the provider's proving period.",
    formula: "x = e - (offset mod unit); multiples of unit, and negative x: unit * trunc(x / unit) + offset mod unit; else one unit \
              more",
    rounding: "up to the grid",
    inputs: &[
        field("epoch", Kind::Integer, "epoch", "e").most(1 << 60),
        field("unit", Kind::Integer, "epochs", "of the grid").least(1).most(1 << 60),
        field("offset", Kind::Integer, "epochs", "of the grid").most(1 << 60),
    ],
    outputs: &[field("epoch", Kind::Integer, "epoch", "on the grid")],
    source: "builtin-actors actors/miner/src/quantize.rs",
    examples: &[
        (r#"{"epoch": 101, "unit": 10, "offset": 3}"#, r#"{"epoch": "103"}"#),
        (r#"{"epoch": 103, "unit": 10, "offset": 13}"#, r#"{"epoch": "103"}"#),
    ],
    run: |i| Ok(Outputs::new().integer("epoch", quantize_up(i.small("epoch")?, i.small("unit")?, i.small("offset")?))),
};
