//! The stake of a device, and what a fault takes of it.

use crate::runs;
use depin_economy::{PledgeRule, PledgeSize, pledge_amount, pledge_share};
use depin_quantity::{Kind, Measured, Name, Outputs, RuleCard, RuleError, Units, field};

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&DEVICE_PLEDGE, &PLEDGE_SHARE];

pub static DEVICE_PLEDGE: RuleCard = RuleCard {
    id: "IO-PL-1",
    networks: &["io.net"],
    basis: runs!(depin_economy::pledge_amount),
    title: "Least stake of a device",
    words: "A device stakes 200 IO for each processor, times its kind's multiplier when that is above one. It must be there as long as \
            the device is to be hired.",
    formula: "ceil(each * max(steps of the device, least units * steps) / steps)",
    rounding: "up",
    inputs: &[
        field("each", Kind::Integer, "base units", "for one unit").most(1 << 100).or("20000000000"),
        field("device", Kind::Integer, "steps", "multiplier times processors").most(1 << 60),
        field("steps", Kind::Integer, "", "that make one unit").least(1).most(1_000_000).or("100"),
        field("least_units", Kind::Integer, "", "a smaller device counts as so many").most(1_000_000).or("1"),
    ],
    outputs: &[field("stake", Kind::Integer, "base units", "of the device")],
    source: "io.net documentation, staking: 200 x max(1, multiplier) x processors; example: by hand (8 decimals)",
    examples: &[
        (r#"{"device": 800}"#, r#"{"stake": "160000000000"}"#),
        (r#"{"device": 50}"#, r#"{"stake": "20000000000"}"#),
        (r#"{"device": 125}"#, r#"{"stake": "25000000000"}"#),
    ],
    run: |i| {
        let size = PledgeSize::PerUnit { each: i.units("each")?, steps: i.small("steps")?, least_units: i.small("least_units")? };
        let rule = PledgeRule { token: Name::literal("IO"), size, least: Units::ZERO, cool_down: None };
        let stake = pledge_amount(&rule, Measured::new(i.integer("device")?)).map_err(|e| RuleError::refused(e.to_string()))?;
        Ok(Outputs::new().units("stake", stake))
    },
};

pub static PLEDGE_SHARE: RuleCard = RuleCard {
    id: "IO-SL-1",
    networks: &["io.net"],
    basis: runs!(depin_economy::pledge_share),
    title: "What a fault takes of a stake",
    words: "Spoofing, compromised data or poor service cost a part of the stake, of what cools down of it, and perhaps of unpaid \
            rewards. It is held for a month, in which a judge can give it back, and burnt then.",
    formula: "floor(stake * share)",
    rounding: "down",
    inputs: &[
        field("stake", Kind::Integer, "base units", "of the device"),
        field("share", Kind::Share, "", "that the kind of fault costs; nobody publishes one"),
    ],
    outputs: &[field("taken", Kind::Integer, "base units", "of it")],
    source: "io.net documentation, slashing; example: by hand",
    examples: &[(r#"{"stake": "20000000005", "share": "10%"}"#, r#"{"taken": "2000000000"}"#)],
    run: |i| Ok(Outputs::new().units("taken", pledge_share(i.units("stake")?, i.share("share")?)?)),
};
