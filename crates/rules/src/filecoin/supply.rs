//! Genesis allocations over time, and what circulates.
//!
//! In: an allocation's row and the time since its start. Out: what of it is free. The cards of linear rows and of half-life emission
//! run what genesis and emission run.

use crate::runs;
use depin_economy::{Emission, VestingPart, VestingRow, row_vested};
use depin_quantity::{Basis, Int, Kind, Name, Outputs, RuleCard, RuleError, Units, field};

/// A row of the module's kind.
const fn row(after: u64, over: u64, every: u64) -> VestingRow {
    VestingRow { part: VestingPart::Rest, after, over, every }
}

fn vested(row: &VestingRow, amount: Units, elapsed: u64) -> Result<Units, RuleError> {
    row_vested(row, amount, elapsed).map_err(|error| RuleError::refused(error.to_string()))
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&HALF_LIFE, &LOCKED, &CIRCULATING];

pub static HALF_LIFE: RuleCard = RuleCard {
    id: "FIL-EM-1",
    networks: &["filecoin"],
    basis: runs!(depin_economy::Emission::scheduled),
    title: "Half-life emission",
    description: "A total is minted along a curve whose rest halves in equal times. Each period gives the difference of the sum, so \
            nothing is lost to rounding, however time is cut.",
    formula: "minted(n) = floor(total * (1 - 2^(-n / half_life))); period n gives minted(n + 1) - minted(n)",
    rounding: "down, once, on the sum; the decay is exact to 2^-120",
    inputs: &[
        field("total", Kind::Integer, "base units", "what is minted in the end"),
        field("half_life", Kind::Integer, "periods", "in which the rest halves").least(1).most(u64::MAX as u128),
        field("periods", Kind::Integer, "periods", "that are over").most(u64::MAX as u128 - 1),
    ],
    outputs: &[
        field("minted", Kind::Integer, "base units", "when so many periods are over"),
        field("next", Kind::Integer, "base units", "what the next period gives"),
    ],
    source: "document: six-year half-life; Filecoin specification, block reward minting: 1.1 billion FIL at 6 years 550 million, at \
             12 years 825 million; year 1 120.01 million",
    examples: &[
        (
            r#"{"total": "1100000000000000000000000000", "half_life": 6307200, "periods": 6307200}"#,
            r#"{"minted": "550000000000000000000000000", "next": "60443767180326632222"}"#,
        ),
        (
            r#"{"total": "1100000000000000000000000000", "half_life": 6, "periods": 1}"#,
            r#"{"minted": "120011410045626764785751173", "next": "106918011371863524100810725"}"#,
        ),
    ],
    run: |i| {
        let (total, half_life, periods) = (i.units("total")?, i.small("half_life")?, i.small("periods")?);
        let emission = Emission::HalfLife { from: Name::literal("mining"), total, half_life, clock: Name::literal("epoch") };
        let (now, next) = (emission.scheduled(periods), emission.scheduled(periods + 1));
        Ok(Outputs::new().units("minted", now).units("next", next.minus_or_zero(now)))
    },
};

pub static LOCKED: RuleCard = RuleCard {
    id: "FIL-SU-1",
    networks: &["filecoin"],
    basis: runs!(depin_economy::row_vested),
    title: "Linear vesting row",
    description: "A genesis allocation unlocks in a straight line, epoch by epoch; the locked part is rounded up.",
    formula: "locked = 0 when elapsed >= over, else ceil(amount * (over - elapsed) / over); vested = amount - locked",
    rounding: "the locked part up",
    inputs: &[
        field("amount", Kind::Integer, "attoFIL", "of the row"),
        field("over", Kind::Integer, "epochs", "its length; 0 unlocks at once").most(u64::MAX as u128),
        field("elapsed", Kind::Integer, "epochs", "since height 148,888").most(u64::MAX as u128),
    ],
    outputs: &[field("locked", Kind::Integer, "attoFIL", "still locked"), field("vested", Kind::Integer, "attoFIL", "free")],
    source: "specs-actors actors/builtin/multisig/multisig_state.go, amount locked; rows: lotus chain/stmgr/supply.go; example: the \
             foundation's 100 million FIL over 2,190 days, half way",
    examples: &[
        (
            r#"{"amount": "100000000000000000000000000", "over": 6307200, "elapsed": 3153600}"#,
            r#"{"locked": "50000000000000000000000000", "vested": "50000000000000000000000000"}"#,
        ),
        (r#"{"amount": 10, "over": 3, "elapsed": 1}"#, r#"{"locked": "7", "vested": "3"}"#),
    ],
    run: |i| {
        let amount = i.units("amount")?;
        let vested = vested(&row(0, i.small("over")?, 1), amount, i.small("elapsed")?)?;
        Ok(Outputs::new().units("locked", amount.minus(vested)?).units("vested", vested))
    },
};

pub static CIRCULATING: RuleCard = RuleCard {
    id: "FIL-SU-2",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Circulating supply",
    description: "What pledges are computed from: vested, mined and disbursed from the reserve, less burnt and locked, never below zero.",
    formula: "max(0, vested + mined + (300e6 FIL - reserve balance) - burnt - locked)",
    rounding: "none",
    inputs: &[
        field("vested", Kind::Integer, "attoFIL", "of genesis allocations"),
        field("mined", Kind::Integer, "attoFIL", "block rewards paid"),
        field("reserve", Kind::Integer, "attoFIL", "balance of the reserve").most(300_000_000_000_000_000_000_000_000),
        field("burnt", Kind::Integer, "attoFIL", "balance of the burnt-funds account"),
        field("locked", Kind::Integer, "attoFIL", "pledges and locked rewards (before network version 23 also deal collateral)"),
    ],
    outputs: &[field("circulating", Kind::Integer, "attoFIL", "circulating supply")],
    source: "lotus chain/stmgr/supply.go; example: independent integer computation",
    examples: &[(
        r#"{"vested": "500000000000000000000000000", "mined": "300000000000000000000000000",
            "reserve": "282933381038226588109936954", "burnt": "40000000000000000000000000", "locked": "120000000000000000000000000"}"#,
        r#"{"circulating": "657066618961773411890063046"}"#,
    )],
    run: |i| {
        let reserve = Int::from(300_000_000_000_000_000_000_000_000_u128).minus(i.signed("reserve")?)?;
        let given = i.signed("vested")?.plus(i.signed("mined")?)?.plus(reserve)?;
        let supply = given.minus(i.signed("burnt")?)?.minus(i.signed("locked")?)?.max(Int::ZERO);
        Ok(Outputs::new().integer("circulating", supply))
    },
};
