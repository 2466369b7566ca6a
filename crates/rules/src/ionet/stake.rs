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
    description: "A device stakes 200 IO for each processor, times its kind's multiplier when that is above one. A kind below one does not \
            make the stake smaller, however many processors there are. The stake must be there as long as the device is to be hired.",
    formula: "ceil(each * max(1, multiplier) * processors)",
    rounding: "up",
    inputs: &[
        field("multiplier", Kind::Decimal(2), "", "of the device's kind").most(100_000),
        field("processors", Kind::Integer, "", "of the device").least(1).most(1 << 32).or("1"),
        field("each", Kind::Integer, "base units", "for one unit").most(1 << 80).or("20000000000"),
    ],
    outputs: &[field("stake", Kind::Integer, "base units", "of the device")],
    source: "io.net documentation, staking: 200 x max(1, multiplier) x processors; examples: by hand (8 decimals): 8 processors of 1.25 \
             stake 2,000 IO, 8 of 0.5 stake 1,600",
    examples: &[
        (r#"{"multiplier": "1.25", "processors": 8}"#, r#"{"stake": "200000000000"}"#),
        (r#"{"multiplier": "0.5", "processors": 8}"#, r#"{"stake": "160000000000"}"#),
        (r#"{"multiplier": 10}"#, r#"{"stake": "200000000000"}"#),
    ],
    run: |i| {
        let size = PledgeSize::PerUnit { each: i.units("each")?, steps: 100, least_units: 1 };
        let rule = PledgeRule { token: Name::literal("IO"), size, least: Units::ZERO, cool_down: None };
        let device = i.integer("multiplier")?.max(100) * i.integer("processors")?;
        let stake = pledge_amount(&rule, Measured::new(device)).map_err(|error| RuleError::refused(error.to_string()))?;
        Ok(Outputs::new().units("stake", stake))
    },
};

pub static PLEDGE_SHARE: RuleCard = RuleCard {
    id: "IO-SL-1",
    networks: &["io.net"],
    basis: runs!(depin_economy::pledge_share),
    title: "What a fault takes of a stake",
    description: "Spoofing, compromised data or poor service cost a part of the stake, of what cools down of it, and perhaps of unpaid \
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
