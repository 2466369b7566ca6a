//! Emission that falls by the same factor every period, and emission in dollars.
//!
//! Source: io.net documentation: token emission schedules of April 2024 and 2025, incentive dynamic engine of June 2026.

use depin_quantity::{Basis, Decimal30, Kind, Outputs, Rounding, RuleCard, RuleError, field, geometric_sum, mul_div};

/// Places of rates and factors.
const PLACES: u8 = 30;
/// One, in parts of 10^30.
const ONE30: u128 = 1_000_000_000_000_000_000_000_000_000_000;

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&HOURLY, &MONTHLY, &HOUR_OF_MONTH, &DOLLARS, &SURPLUS, &POOLS];

pub static HOURLY: RuleCard = RuleCard {
    id: "IO-EM-1",
    networks: &["io.net"],
    basis: Basis::Model,
    title: "Hourly emission that declines",
    description: "From 25 June 2024 every hour emits a part of a fixed base of 500 million IO; the part falls by the same factor each hour, \
            so that 175,319 hours give 300 million.",
    formula: "hour t: base * rate * (1 - d)^(t - 1); sum of n hours: base * rate * (1 - (1 - d)^n) / d, cut once",
    rounding: "down, once, on the sum; an hour is the difference of two sums",
    inputs: &[
        field("hour", Kind::Integer, "hours", "from 1").least(1).most(1 << 20),
        field("base", Kind::Integer, "base units of 10^-8", "that the rate is of").most(1 << 100).or("50000000000000000"),
        field("rate", Kind::Decimal(PLACES), "per hour", "of the first hour").most(ONE30).or("\"0.000009132420091324200\""),
        field("less", Kind::Decimal(PLACES), "per hour", "d, by which the rate falls")
            .most(ONE30)
            .or("\"0.000013886952395979300\""),
        field("hours", Kind::Integer, "hours", "after which nothing is emitted").most(1 << 20).or("175319"),
    ],
    outputs: &[
        field("amount", Kind::Integer, "base units", "of this hour"),
        field("sum", Kind::Integer, "base units", "of all hours with this one"),
    ],
    source: "io.net token emission schedule of April 2024: hours 1 to 3 4,566.21, 4,566.15, 4,566.08 IO; first 8,760 hours \
             37,662,980.66, first 87,600 hours 231,397,635.13 (derived)",
    examples: &[
        (r#"{"hour": 1}"#, r#"{"amount": "456621004566", "sum": "456621004566"}"#),
        (r#"{"hour": 8760}"#, r#"{"amount": "404324217441", "sum": "3766298066331321"}"#),
        (r#"{"hour": 175320}"#, r#"{"amount": "0", "sum": "30000000000044090"}"#),
    ],
    run: |i| {
        let (base, rate, less) = (i.units("base")?, Decimal30::new(i.integer("rate")?), Decimal30::new(i.integer("less")?));
        let (hour, last) = (i.small("hour")?, i.small("hours")?);
        let sum = geometric_sum(base, rate, less, hour.min(last))?;
        let before = geometric_sum(base, rate, less, (hour - 1).min(last))?;
        Ok(Outputs::new().units("amount", sum.minus(before)?).units("sum", sum))
    },
};

pub static MONTHLY: RuleCard = RuleCard {
    id: "IO-EM-2",
    networks: &["io.net"],
    basis: Basis::Model,
    title: "Monthly emission that declines",
    description: "The schedule published in 2025: 240 months from July 2024, starting at 8 % a year of the fixed base of 500 million IO. The \
            factor is the one that fits the published table and sums to 300 million.",
    formula: "month k: base * 0.08 / 12 * q^(k - 1), q = 0.9898489529623495; sum as of hourly emission, cut once",
    rounding: "the monthly rate down at the 30th place, then down, once, on the sum",
    inputs: &[
        field("month", Kind::Integer, "months", "from 1, July 2024").least(1).most(1 << 20),
        field("base", Kind::Integer, "base units of 10^-8", "that the rate is of").most(1 << 100).or("50000000000000000"),
        field("rate", Kind::Decimal(PLACES), "per year", "of the first month").most(ONE30).or("\"0.08\""),
        field("factor", Kind::Decimal(PLACES), "", "q, from month to month").most(ONE30).or("\"0.9898489529623495\""),
        field("months", Kind::Integer, "months", "after which nothing is emitted").most(1 << 20).or("240"),
    ],
    outputs: &[
        field("amount", Kind::Integer, "base units", "of this month"),
        field("sum", Kind::Integer, "base units", "of all months with this one"),
    ],
    source: "io.net docs, monthly token emission schedule: 3,333,333 / 3,299,497 / 3,266,003 IO; the page's formula on the running \
             supply does not fit its own table",
    examples: &[
        (r#"{"month": 1}"#, r#"{"amount": "333333333333333", "sum": "333333333333333"}"#),
        (r#"{"month": 2}"#, r#"{"amount": "329949650987450", "sum": "663282984320783"}"#),
        (r#"{"month": 240}"#, r#"{"amount": "29097290164951", "sum": "29999999999999962"}"#),
    ],
    run: |i| {
        let (base, rate, less) = (i.units("base")?, i.integer("rate")? / 12, ONE30 - i.integer("factor")?);
        let (rate, less) = (Decimal30::new(rate), Decimal30::new(less));
        let (month, last) = (i.small("month")?, i.small("months")?);
        let now = geometric_sum(base, rate, less, month.min(last))?;
        let before = geometric_sum(base, rate, less, (month - 1).min(last))?;
        Ok(Outputs::new().units("amount", now.minus(before)?).units("sum", now))
    },
};

pub static HOUR_OF_MONTH: RuleCard = RuleCard {
    id: "IO-EM-3",
    networks: &["io.net"],
    basis: Basis::Model,
    title: "An hour of a month's emission",
    description: "Rewards are paid by the hour whatever the schedule; a month is cut into its hours evenly, and nothing is lost.",
    formula: "hour j of h: floor(month * j / h) - floor(month * (j - 1) / h)",
    rounding: "down, on the sum",
    inputs: &[
        field("month", Kind::Integer, "base units", "of the whole month"),
        field("hour", Kind::Integer, "hours", "of the month, from 1").least(1).most(744),
        field("hours", Kind::Integer, "hours", "of the month").least(1).most(744).or("744"),
    ],
    outputs: &[field("amount", Kind::Integer, "base units", "of the hour")],
    source: "io.net docs, block rewards; how a month is cut is not published: own rule",
    examples: &[
        (r#"{"month": 1000, "hour": 1}"#, r#"{"amount": "1"}"#),
        (r#"{"month": 1000, "hour": 744}"#, r#"{"amount": "2"}"#),
    ],
    run: |i| {
        let (month, hour, hours) = (i.integer("month")?, i.integer("hour")?, i.integer("hours")?);
        if hour > hours {
            return Err(RuleError::refused(format!("hour {hour} is past the month's {hours}")));
        }
        let sum = |j| mul_div(month, j, hours, Rounding::Down);
        Ok(Outputs::new().integer("amount", sum(hour)? - sum(hour - 1)?))
    },
};

pub static DOLLARS: RuleCard = RuleCard {
    id: "IO-EM-4",
    networks: &["io.net"],
    basis: Basis::Model,
    title: "Emission that follows dollars owed",
    description: "Since June 2026 suppliers are owed dollars; as much IO is released as they are worth, first out of the tokens not yet \
            emitted, then out of customers' fees.",
    formula: "due = ceil(owed / price); reward = min(due, reward vault); fee = min(due - reward, fee vault); short = the rest",
    rounding: "up, so that a supplier is not short by a unit",
    inputs: &[
        field("owed", Kind::Decimal(8), "USD", "targets of all active suppliers in the epoch").most(1 << 90),
        field("price", Kind::Decimal(8), "USD", "of one IO").least(1).most(1 << 64),
        field("reward_vault", Kind::Integer, "base units of 10^-8", "not yet emitted"),
        field("fee_vault", Kind::Integer, "base units of 10^-8", "from customers"),
    ],
    outputs: &[
        field("reward", Kind::Integer, "base units", "out of the reward vault"),
        field("fee", Kind::Integer, "base units", "out of the fee vault"),
        field("short", Kind::Integer, "base units", "that neither can pay"),
    ],
    source: "io.net incentive dynamic engine, launch post and research note of June 2026; epoch, targets and price source are \
             parameters",
    examples: &[
        (
            r#"{"owed": "1000", "price": "0.25", "reward_vault": 300000000000, "fee_vault": 50000000000}"#,
            r#"{"reward": "300000000000", "fee": "50000000000", "short": "50000000000"}"#,
        ),
        (
            r#"{"owed": "1", "price": "3", "reward_vault": 300000000000, "fee_vault": 0}"#,
            r#"{"reward": "33333334", "fee": "0", "short": "0"}"#,
        ),
    ],
    run: |i| {
        let due = mul_div(i.integer("owed")?, 100_000_000, i.integer("price")?, Rounding::Up)?;
        let reward = due.min(i.integer("reward_vault")?);
        let fee = (due - reward).min(i.integer("fee_vault")?);
        Ok(Outputs::new().integer("reward", reward).integer("fee", fee).integer("short", due - reward - fee))
    },
};

pub static SURPLUS: RuleCard = RuleCard {
    id: "IO-TR-1",
    networks: &["io.net"],
    basis: Basis::Model,
    title: "Surplus that is burnt",
    description: "At least half of what is left after suppliers are paid buys IO and burns it.",
    formula: "burn = ceil(max(0, earnings - paid) * share)",
    rounding: "up",
    inputs: &[
        field("earnings", Kind::Integer, "base units", "of the epoch"),
        field("paid", Kind::Integer, "base units", "to suppliers"),
        field("share", Kind::Share, "", "at least 50 %").or("\"50%\""),
    ],
    outputs: &[
        field("burn", Kind::Integer, "base units", "bought and burnt"),
        field("kept", Kind::Integer, "base units", "the rest of the surplus"),
    ],
    source: "io.net incentive dynamic engine: at least 50 % of the surplus",
    examples: &[
        (r#"{"earnings": 1001, "paid": 900}"#, r#"{"burn": "51", "kept": "50"}"#),
        (r#"{"earnings": 800, "paid": 900}"#, r#"{"burn": "0", "kept": "0"}"#),
    ],
    run: |i| {
        let surplus = i.units("earnings")?.minus_or_zero(i.units("paid")?);
        let burn = i.share("share")?.of(surplus, Rounding::Up)?;
        Ok(Outputs::new().units("burn", burn).units("kept", surplus.minus(burn)?))
    },
};

pub static POOLS: RuleCard = RuleCard {
    id: "IO-PO-1",
    networks: &["io.net"],
    basis: Basis::Model,
    title: "Pools of an hour",
    description: "Until June 2025 95 % of an hour went to GPUs and 5 % to CPUs; since then 95 % to devices of enterprise kinds and 5 % to \
            those of the community.",
    formula: "first = floor(emission * share); second = emission - first",
    rounding: "down for the first; the second takes the rest",
    inputs: &[
        field("emission", Kind::Integer, "base units", "of the hour"),
        field("share", Kind::Share, "", "of the first pool").or("\"95%\""),
    ],
    outputs: &[
        field("first", Kind::Integer, "base units", "GPUs, or enterprise devices"),
        field("second", Kind::Integer, "base units", "CPUs, or community devices"),
    ],
    source: "io.net docs, block rewards and proposed device multipliers (from 2025-06-04 15:00 UTC)",
    examples: &[(r#"{"emission": 456621004566}"#, r#"{"first": "433789954337", "second": "22831050229"}"#)],
    run: |i| {
        let emission = i.units("emission")?;
        let first = i.share("share")?.of(emission, Rounding::Down)?;
        Ok(Outputs::new().units("first", first).units("second", emission.minus(first)?))
    },
};
