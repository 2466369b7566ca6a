//! Rule cards of delegated stake and pledges.

use super::{delegation_earned, set, signed_least};
use crate::{
    PledgeRule, PledgeSize,
    collateral::{pledge::pledge_amount, slash::pledge_share},
    params::Liveness,
    reward::wide::Wide,
};
use depin_quantity::{Kind, Measured, Name, Outputs, RuleCard, RuleError, Span, Units, field};
use ruint::aliases::U256;

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&SHARES, &WORTH, &EARNED, &SIGNED, &DEVICE_PLEDGE, &PLEDGE_SHARE];

pub static SHARES: RuleCard = RuleCard {
    id: "GEN-ST-1",
    networks: &["akash"],
    title: "Shares that a delegation buys",
    words: "A validator's stake is held in shares. The first delegation gets as many as it brings; a later one pays what a share is \
            worth then, which is less than one once the validator was slashed.",
    formula: "shares = amount when there are none; else floor(amount * all shares / stake)",
    rounding: "down, in favour of those who are there",
    inputs: &[
        field("amount", Kind::Integer, "base units", "delegated"),
        field("stake", Kind::Integer, "base units", "of the validator before"),
        field("all", Kind::Integer, "shares", "of all its delegators before"),
    ],
    outputs: &[field("shares", Kind::Integer, "shares", "of the new delegation")],
    source: "cosmos-sdk x/staking/types/validator.go, shares from tokens (18 decimal places there, whole shares here); example: by hand",
    examples: &[
        (r#"{"amount": 100, "stake": 0, "all": 0}"#, r#"{"shares": "100"}"#),
        (r#"{"amount": 95, "stake": 9500, "all": 10000}"#, r#"{"shares": "100"}"#),
        (r#"{"amount": 1, "stake": 9500, "all": 10000}"#, r#"{"shares": "1"}"#),
    ],
    run: |i| {
        let shares = set::shares_for(i.units("amount")?, i.units("stake")?, i.units("all")?)?;
        Ok(Outputs::new().units("shares", shares))
    },
};

pub static WORTH: RuleCard = RuleCard {
    id: "GEN-ST-2",
    networks: &["akash"],
    title: "What shares of a validator are worth",
    words: "A share is worth the same part of the stake. What rounding leaves stays with the others; the last delegation takes all.",
    formula: "floor(shares * stake / all); the whole stake when shares = all",
    rounding: "down",
    inputs: &[
        field("shares", Kind::Integer, "shares", "of the delegation, at most all"),
        field("stake", Kind::Integer, "base units", "of the validator"),
        field("all", Kind::Integer, "shares", "of all its delegators").least(1),
    ],
    outputs: &[field("stake", Kind::Integer, "base units", "of the delegation")],
    source: "cosmos-sdk x/staking/types/validator.go, tokens from shares, remove delegator shares; example: by hand",
    examples: &[
        (r#"{"shares": 333, "stake": 950, "all": 1000}"#, r#"{"stake": "316"}"#),
        (r#"{"shares": 1000, "stake": 950, "all": 1000}"#, r#"{"stake": "950"}"#),
    ],
    run: |i| {
        let (shares, all) = (i.units("shares")?, i.units("all")?);
        if shares > all {
            return Err(RuleError::refused(format!("{} shares are more than all, {}", shares.get(), all.get())));
        }
        Ok(Outputs::new().units("stake", set::stake_of(shares, i.units("stake")?, all)?))
    },
};

pub static EARNED: RuleCard = RuleCard {
    id: "GEN-ST-3",
    networks: &["akash"],
    title: "What a delegation earned between two touches",
    words: "Income is counted per share of the validator, in parts of 2^96 of a base unit, and nothing is cut: the part of a base unit \
            that is left waits for the next time. Slashes between the two touches need no account, since they change no shares.",
    formula: "sum = shares * growth + fraction; paid = floor(sum / 2^96); fraction' = sum mod 2^96",
    rounding: "none; upstream cuts at 18 places in each interval between slashes",
    inputs: &[
        field("shares", Kind::Integer, "shares", "of the delegation").most(1 << 100),
        field("growth", Kind::Integer, "2^-96 base units", "of income per share since it was settled").most(1 << 120),
        field("fraction", Kind::Integer, "2^-96 base units", "left from before").most((1 << 96) - 1).or("0"),
    ],
    outputs: &[
        field("paid", Kind::Integer, "base units", "to the delegator"),
        field("fraction", Kind::Integer, "2^-96 base units", "left for the next time"),
    ],
    source: "F1 fee distribution; cosmos-sdk x/distribution/keeper/delegation.go; example: by hand (a growth of 1/4)",
    examples: &[(
        r#"{"shares": 10, "growth": "19807040628566084398385987584"}"#,
        r#"{"paid": "2", "fraction": "39614081257132168796771975168"}"#,
    )],
    run: |i| {
        let growth = Wide(U256::from(i.integer("growth")?));
        let (paid, fraction) = delegation_earned(i.units("shares")?, growth, Wide(U256::ZERO), i.integer("fraction")?);
        Ok(Outputs::new().units("paid", paid).integer("fraction", fraction))
    },
};

pub static SIGNED: RuleCard = RuleCard {
    id: "AKT-SL-1",
    networks: &["akash"],
    title: "Blocks that a validator must sign",
    words: "Of the last 10,000 blocks a validator signs at least 5 %. Who has been watched for a whole window and missed more than the \
            rest is jailed for ten minutes and loses 0.01 % of its stake.",
    formula: "least = round(window * share); jailed when blocks > since + window and missed > window - least",
    rounding: "a half to the even neighbour",
    inputs: &[
        field("window", Kind::Integer, "blocks", "that are looked at").least(1).most(1_000_000).or("10000"),
        field("share", Kind::Share, "", "least part of them to sign").or("\"5%\""),
        field("since", Kind::Integer, "blocks", "number of the block in which it was bonded").most(1 << 40).or("0"),
        field("blocks", Kind::Integer, "blocks", "number of the last block").most(1 << 40),
        field("missed", Kind::Integer, "blocks", "of those in the window").most(1 << 40),
    ],
    outputs: &[field("least", Kind::Integer, "blocks", "to sign"), field("jailed", Kind::Flag, "", "whether it is")],
    source: "cosmos-sdk x/slashing/keeper/{params,infractions}.go; akash-network/net mainnet/genesis.json; example: by hand",
    examples: &[
        (r#"{"blocks": 10001, "missed": 9500}"#, r#"{"least": "500", "jailed": false}"#),
        (r#"{"blocks": 10001, "missed": 9501}"#, r#"{"least": "500", "jailed": true}"#),
        (r#"{"blocks": 10000, "missed": 10000}"#, r#"{"least": "500", "jailed": false}"#),
    ],
    run: |i| {
        let (window, signed_share) = (i.small("window")?, i.share("share")?);
        let least = signed_least(&Liveness { window, signed_least: signed_share, jail: Span::from_secs(0) });
        let jailed = i.small("blocks")? > i.small("since")? + window && i.small("missed")? > window - least;
        Ok(Outputs::new().integer("least", least).flag("jailed", jailed))
    },
};

pub static DEVICE_PLEDGE: RuleCard = RuleCard {
    id: "IO-PL-1",
    networks: &["io.net"],
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
