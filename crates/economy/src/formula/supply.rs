//! Genesis allocations over time, and what circulates.
//!
//! In: an allocation's row and the time since its start. Out: what of it is free. The cards of linear rows and of half-life emission
//! run `crate::session::genesis` and `crate::supply::emission`.

use crate::{
    params::{Emission, VestingPart, VestingRow},
    session::genesis::row_vested,
};
use depin_quantity::{Int, Kind, Name, Outputs, QuantityError, Rounding, RuleCard, RuleError, Units, field, mul_div};

type Result<T> = std::result::Result<T, QuantityError>;

/// Vested of tranches that unlock whole, each on its day: each is its part rounded down, the last takes the rest.
pub fn unlocked(amount: u128, shares: &[u128], days: &[u128], elapsed: u128) -> Result<u128> {
    let whole: u128 = shares.iter().try_fold(0_u128, |sum, s| sum.checked_add(*s)).ok_or(QuantityError::TooLarge)?;
    let mut parts = shares.iter().map(|s| mul_div(amount, *s, whole, Rounding::Down)).collect::<Result<Vec<u128>>>()?;
    let given: u128 = parts.iter().sum();
    if let Some(last) = parts.last_mut() {
        *last += amount - given;
    }
    Ok(parts.iter().zip(days).filter(|(_, day)| elapsed >= **day).map(|(part, _)| part).sum())
}

/// A row of the module's kind.
const fn row(after: u64, over: u64, every: u64) -> VestingRow {
    VestingRow { part: VestingPart::Rest, after, over, every }
}

fn vested(row: &VestingRow, amount: Units, elapsed: u64) -> std::result::Result<Units, RuleError> {
    row_vested(row, amount, elapsed).map_err(|error| RuleError::refused(error.to_string()))
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&HALF_LIFE, &LOCKED, &CIRCULATING, &STEPPED, &TRANCHES];

pub static HALF_LIFE: RuleCard = RuleCard {
    id: "FIL-EM-1",
    networks: &["filecoin"],
    title: "Half-life emission",
    words: "A total is minted along a curve whose rest halves in equal times. Each period gives the difference of the sum, so \
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
    title: "Linear vesting row",
    words: "A genesis allocation unlocks in a straight line, epoch by epoch; the locked part is rounded up.",
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
    title: "Circulating supply",
    words: "What pledges are computed from: vested, mined and disbursed from the reserve, less burnt and locked, never below zero.",
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

pub static STEPPED: RuleCard = RuleCard {
    id: "IO-SU-1",
    networks: &["io.net"],
    title: "Equal monthly parts after a cliff",
    words: "Investors wait 12 months and then get 24 equal parts from the end of month 13 to that of month 36; employees 36 parts to \
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
        let row = row(cliff, every * steps, every);
        Ok(Outputs::new().units("vested", vested(&row, i.units("amount")?, i.small("elapsed")?)?))
    },
};

pub static TRANCHES: RuleCard = RuleCard {
    id: "AKT-SU-1",
    networks: &["akash"],
    title: "Genesis vesting in tranches",
    words: "Genesis accounts unlock whole parts on fixed days: 89 of them half after 365 days and a quarter 181 and 184 days later; \
            122 of them a fifth after 30, 212, 546, 730 and 911 days.",
    formula: "sum of floor(amount * part / sum of all parts) of the tranches whose day has come; the last takes what rounding leaves",
    rounding: "down, each tranche",
    inputs: &[
        field("amount", Kind::Integer, "uakt", "of the account"),
        field("parts", Kind::List(&Kind::Integer), "", "weights of the tranches").least(1),
        field("days", Kind::List(&Kind::Integer), "days", "when each unlocks, since genesis").least(1),
        field("elapsed", Kind::Integer, "days", "since genesis"),
    ],
    outputs: &[field("vested", Kind::Integer, "uakt", "free by then")],
    source: "net mainnet/genesis.json at d378d58: 54,701,251.41 AKT in the first class; example: half of it after 365 days",
    examples: &[
        (
            r#"{"amount": "54701251410000", "parts": [50, 25, 25], "days": [365, 546, 730], "elapsed": 365}"#,
            r#"{"vested": "27350625705000"}"#,
        ),
        (
            r#"{"amount": 27355877940000, "parts": [20, 20, 20, 20, 20], "days": [30, 212, 546, 730, 911], "elapsed": 800}"#,
            r#"{"vested": "21884702352000"}"#,
        ),
    ],
    run: |i| {
        let (parts, days) = (i.integers("parts")?, i.integers("days")?);
        if parts.len() != days.len() {
            return Err(RuleError::refused(format!("{} parts need as many days, not {}", parts.len(), days.len())));
        }
        Ok(Outputs::new().integer("vested", unlocked(i.integer("amount")?, &parts, &days, i.integer("elapsed")?)?))
    },
};
