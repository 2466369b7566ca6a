//! Rule cards of delegated stake and pledges.

use crate::runs;
use depin_economy::{Wide, delegation_accrued, shares_for, stake_of};
use depin_quantity::{Kind, Outputs, RuleCard, RuleError, field};
use ruint::aliases::U256;

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&SHARES, &WORTH, &EARNED];

pub static SHARES: RuleCard = RuleCard {
    id: "GEN-ST-1",
    networks: &["akash"],
    basis: runs!(depin_economy::shares_for),
    title: "Shares that a delegation buys",
    description: "A validator's stake is held in shares. The first delegation gets as many as it brings; a later one pays what a share is \
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
        let shares = shares_for(i.units("amount")?, i.units("stake")?, i.units("all")?)?;
        Ok(Outputs::new().units("shares", shares))
    },
};

pub static WORTH: RuleCard = RuleCard {
    id: "GEN-ST-2",
    networks: &["akash"],
    basis: runs!(depin_economy::stake_of),
    title: "What shares of a validator are worth",
    description: "A share is worth the same part of the stake. What rounding leaves stays with the others; the last delegation takes all.",
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
        Ok(Outputs::new().units("stake", stake_of(shares, i.units("stake")?, all)?))
    },
};

pub static EARNED: RuleCard = RuleCard {
    id: "GEN-ST-3",
    networks: &["akash"],
    basis: runs!(depin_economy::delegation_accrued),
    title: "What a delegation earned between two touches",
    description: "Income is counted per share of the validator, in parts of 2^96 of a base unit, and nothing is cut: the part of a base unit \
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
        let (paid, fraction) = delegation_accrued(i.units("shares")?, growth, Wide(U256::ZERO), i.integer("fraction")?);
        Ok(Outputs::new().units("paid", paid).integer("fraction", fraction))
    },
};
