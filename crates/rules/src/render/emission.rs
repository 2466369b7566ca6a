//! Emission by year, month and week.

use depin_quantity::{Basis, Int, Kind, Outputs, QuantityError, Rounding, RuleCard, field, mul_div};

type Result<T> = std::result::Result<T, QuantityError>;

/// What year `n` (from 1) of a table gives: its row, or past the table the last row damped once a year, in parts of 1,000.
///
/// Cut so that the sum never passes `cap`. Gives the year's amount and the sum with it.
pub fn damped(table: &[u128], keep: u128, cap: u128, n: u64) -> Result<(u128, u128)> {
    let (mut sum, mut amount) = (0_u128, 0_u128);
    let mut uncut = Int::ZERO;
    for year in 1..=n {
        uncut = match table.get(usize::try_from(year - 1).unwrap_or(usize::MAX)) {
            Some(row) => Int::from(*row),
            None => uncut.times(Int::from(keep))?.div_floor(Int::from(1_000_u64))?,
        };
        amount = uncut.to_u128()?.min(cap.saturating_sub(sum));
        sum = sum.checked_add(amount).ok_or(QuantityError::TooLarge)?;
    }
    Ok((amount, sum))
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&DAMPED, &MONTH];

pub static DAMPED: RuleCard = RuleCard {
    id: "RNDR-EM-1",
    networks: &["render"],
    basis: Basis::Model,
    title: "Yearly emission by table, then damped",
    description: "Year 1 began on 20 December 2023. Published are years 1 to 3; years 4 and 5 are in no text read, and 4.7 million in each \
            lead to the cap in year 60, as published. Past the table a year gives 94.5 % of the year before; the sum never passes 107,374,182 RENDER, a fifth of 536,870,912.",
    formula: "year n: table[n], or floor(year n - 1 * keep / 1000); cut so that the sum stays at or below the cap",
    rounding: "down, every damped year",
    inputs: &[
        field("year", Kind::Integer, "years", "from 1").least(1).most(1_000),
        field("table", Kind::List(&Kind::Integer), "base units of 10^-8", "the first years")
            .or("[912680400000000, 590558000000000, 590558000000000, 470000000000000, 470000000000000]"),
        field("keep", Kind::Integer, "parts of 1,000", "of the year before").most(1_000).or("945"),
        field("cap", Kind::Integer, "base units", "of the whole pool").or("10737418200000000"),
    ],
    outputs: &[
        field("amount", Kind::Integer, "base units", "of this year"),
        field("sum", Kind::Integer, "base units", "of all years with this one"),
    ],
    source: "RNP-001 (pool, damping), RNP-003 and RNP-006 (year 1), RNP-018 and RNP-022 (years 2 and 3): years 1 to 3 sum to \
             20,937,964; RNP-023: the cap is reached in year 60; years 4 and 5 as networks/render/network.toml has them",
    examples: &[
        (r#"{"year": 1}"#, r#"{"amount": "912680400000000", "sum": "912680400000000"}"#),
        (r#"{"year": 3}"#, r#"{"amount": "590558000000000", "sum": "2093796400000000"}"#),
        (r#"{"year": 4}"#, r#"{"amount": "470000000000000", "sum": "2563796400000000"}"#),
        (r#"{"year": 6}"#, r#"{"amount": "444150000000000", "sum": "3477946400000000"}"#),
        (r#"{"year": 60}"#, r#"{"amount": "8781147357799", "sum": "10737418200000000"}"#),
        (r#"{"year": 61}"#, r#"{"amount": "0", "sum": "10737418200000000"}"#),
    ],
    run: |i| {
        let (amount, sum) = damped(&i.integers("table")?, i.integer("keep")?, i.integer("cap")?, i.small("year")?)?;
        Ok(Outputs::new().integer("amount", amount).integer("sum", sum))
    },
};

pub static MONTH: RuleCard = RuleCard {
    id: "RNDR-EM-2",
    networks: &["render"],
    basis: Basis::Model,
    title: "Monthly mint of a year, and a week of it",
    description: "A year is minted in twelve parts, each at the beginning of its month, rounded to whole tokens; an epoch of seven days \
            gets its days' part of a monthly budget, or a 52nd of the year.",
    formula: "month = half up(year / 12 / 10^8) * 10^8; week = floor(budget * 12 * 7 / 365); week52 = floor(budget * 12 / 52)",
    rounding: "the month to the nearest whole token, a half up; the weeks down",
    inputs: &[
        field("year", Kind::Integer, "base units of 10^-8", "emission of the year").most(1 << 100),
        field("budget", Kind::Integer, "base units", "a monthly budget").most(1 << 100).or("19014200000000"),
    ],
    outputs: &[
        field("month", Kind::Integer, "base units", "minted each month"),
        field("week", Kind::Integer, "base units", "of the budget, by days"),
        field("week52", Kind::Integer, "base units", "of the budget, by 52 weeks"),
    ],
    source: "RNP-003: 760,567 a month in year 1; RNP-018: 492,132; epochs 1-24 paid 43,758.71 = 190,142 * 12 / 365 * 7; availability \
             2,884.615 = 12,500 * 12 / 52",
    examples: &[
        (r#"{"year": 912680400000000}"#, r#"{"month": "76056700000000", "week": "4375870684931", "week52": "4387892307692"}"#),
        (
            r#"{"year": 590558000000000, "budget": 1250000000000}"#,
            r#"{"month": "49213200000000", "week": "287671232876", "week52": "288461538461"}"#,
        ),
    ],
    run: |i| {
        let budget = i.integer("budget")?;
        let month = (i.integer("year")? + 600_000_000) / 1_200_000_000 * 100_000_000;
        let week = mul_div(budget, 12 * 7, 365, Rounding::Down)?;
        let week52 = mul_div(budget, 12, 52, Rounding::Down)?;
        Ok(Outputs::new().integer("month", month).integer("week", week).integer("week52", week52))
    },
};
