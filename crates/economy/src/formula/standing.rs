//! Cards of rules that modules own: they run the modules' functions.

use crate::{
    book::base_fee::next_base_fee,
    collateral::pledge::pledge_amount,
    market::{price::median, venue::swap_gives},
    params::{FeeRule, PledgeRule, PledgeSize, RewardVesting},
    reward::vesting::{quantize_up, schedule},
};
use depin_quantity::{Decimal18, Kind, Measured, Name, Outputs, Rounding, RuleCard, RuleError, Units, field};

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&BY_SIZE, &VESTING, &QUANTIZE, &MEDIAN, &SWAP, &BASE_FEE];

const MOST: u128 = 1 << 100;
const SMALL: u128 = 1 << 40;

pub static BY_SIZE: RuleCard = RuleCard {
    id: "GEN-PL-1",
    networks: &[],
    title: "Pledge by size",
    words: "Every gigabyte that is committed has the same pledge; no byte is pledged for less than its price.",
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

pub static VESTING: RuleCard = RuleCard {
    id: "FIL-LO-1",
    networks: &["filecoin"],
    title: "Unlocking of a block reward",
    words: "A quarter of a reward is free at once. The rest unlocks over 180 days in steps of a day, at most twice a day: steps are \
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
        let entries = schedule(amount.minus(free)?, now, i.small("phase")?, &rule);
        let outputs = Outputs::new().units("free", free).integers("epochs", entries.iter().map(|(at, _)| *at));
        Ok(outputs.integers("amounts", entries.iter().map(|(_, amount)| amount.get())))
    },
};

pub static QUANTIZE: RuleCard = RuleCard {
    id: "FIL-LO-2",
    networks: &["filecoin"],
    title: "Moving an epoch up to a grid",
    words: "Unlocking and expiry happen on a grid that is offset by the provider's proving period.",
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

pub static MEDIAN: RuleCard = RuleCard {
    id: "GEN-PAY-8",
    networks: &[],
    title: "Median of price reports",
    words: "A price is the median of the fresh reports; without enough of them there is none, and what needs it waits.",
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
    title: "Swap at a venue",
    words: "A venue holds two tokens and swaps them so that the product of its holdings never falls; its fee stays in it.",
    formula: "net = given - ceil(given * fee); out = floor(theirs * net / (ours + net))",
    rounding: "the fee up, what comes out down",
    inputs: &[
        field("given", Kind::Integer, "base units", "of the token given").most(MOST),
        field("ours", Kind::Integer, "base units", "that the venue holds of it").most(MOST),
        field("theirs", Kind::Integer, "base units", "that it holds of the other").most(MOST),
        field("fee", Kind::Share, "", "of the venue").or("\"0.3%\""),
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
    title: "Base fee after a block",
    words: "The price of a unit of work rises after a block that did more than its target and falls after one that did less, by at \
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
        };
        Ok(Outputs::new().units("next", next_base_fee(&rule, i.units("base")?, i.small("work")?)?))
    },
};
