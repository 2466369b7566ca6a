//! Rule cards of emissions and pools: the rules that every network's schedules, shares and batches run by.

use crate::runs;
use depin_economy::{
    Allocation, AllocationVesting, Clock, Emission, MovingShare, Origin, Refusal, TableRow, VestingPart, VestingRow,
    allocation_vested, batch_part, current_part, minted_again, part_in_turn, worth_of,
};
use depin_quantity::{Instant, Kind, Measured, Name, Outputs, QuantityError, RuleCard, RuleError, Share, Span, Units, field};

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&SHARES, &BATCH, &MOVING, &WORTH, &CURRENT, &ROW, &WITHIN, &AGAIN, &STEPS, &MONTHS];

const MOST: u128 = 1 << 100;
const CLOCK: Name = Name::literal("clock");

fn too_large(_: Refusal) -> RuleError {
    RuleError::Quantity(QuantityError::TooLarge)
}

pub static SHARES: RuleCard = RuleCard {
    id: "GEN-PO-1",
    networks: &[],
    basis: runs!(depin_economy::part_in_turn),
    title: "Parts of an emission",
    description: "Pools take their parts in turn, in the order of their names: each its share of what those before it left. The last \
            takes what rounding leaves, so the parts come to the whole; and no part shrinks when the whole grows, so cumulative \
            amounts can be shared.",
    formula: "part(i) = floor(left * share(i) / shares left), where what is left shrinks by each part and share",
    rounding: "down for all but the last",
    inputs: &[
        field("amount", Kind::Integer, "base units", "what is shared").most(MOST),
        field("shares", Kind::List(&Kind::Share), "", "in name order; they sum to 100 %").least(1).most(64),
    ],
    outputs: &[field("parts", Kind::List(&Kind::Integer), "base units", "in the same order")],
    source: "own rule; shares: HIP-20 (29, 30, 35 and 6 % in the first year)",
    examples: &[
        (r#"{"amount": 100, "shares": ["33.3%", "33.3%", "33.4%"]}"#, r#"{"parts": ["33", "33", "34"]}"#),
        (
            r#"{"amount": 1000000007, "shares": ["29%", "30%", "35%", "6%"]}"#,
            r#"{"parts": ["290000002", "300000002", "350000002", "60000001"]}"#,
        ),
    ],
    run: |i| {
        let shares = i.shares("shares")?;
        let whole = u64::from(Share::WHOLE.get());
        if shares.iter().map(|share| u64::from(share.get())).sum::<u64>() != whole {
            return Err(RuleError::refused("the shares must sum to exactly 100%"));
        }
        let (mut left, mut of) = (i.units("amount")?, whole);
        let mut parts = Vec::with_capacity(shares.len());
        for share in shares {
            let part = part_in_turn(left, share.get().into(), of);
            left = left.minus_or_zero(part);
            of -= u64::from(share.get());
            parts.push(part.get());
        }
        Ok(Outputs::new().integers("parts", parts))
    },
};

pub static BATCH: RuleCard = RuleCard {
    id: "GEN-PO-2",
    networks: &[],
    basis: runs!(depin_economy::batch_part),
    title: "A member's part of a period",
    description: "When a period is over, what the pool got for it is shared by what each accrued in it. What rounding leaves joins the \
            pool's next period.",
    formula: "part = floor(amount * weight / all weight)",
    rounding: "down",
    inputs: &[
        field("amount", Kind::Integer, "base units", "what the pool got").most(MOST),
        field("weight", Kind::Integer, "", "what the member accrued").most(MOST),
        field("all", Kind::Integer, "", "what all members accrued").least(1).most(MOST),
    ],
    outputs: &[field("part", Kind::Integer, "base units", "what the member gets")],
    source: "RNP-001: 2 % of the burn in a node's name earns it 2 % of the mint; foundation reports: totals fall short by the dust",
    examples: &[
        (r#"{"amount": "3000000000", "weight": 7, "all": 23}"#, r#"{"part": "913043478"}"#),
        (r#"{"amount": 10, "weight": 1, "all": 3}"#, r#"{"part": "3"}"#),
    ],
    run: |i| {
        let (weight, all) = (i.integer("weight")?, i.integer("all")?);
        if weight > all {
            return Err(RuleError::refused("a member's weight is at most all weight"));
        }
        Ok(Outputs::new().units("part", batch_part(i.units("amount")?, Measured::new(weight), Measured::new(all))))
    },
};

pub static MOVING: RuleCard = RuleCard {
    id: "GEN-PO-3",
    networks: &[],
    basis: runs!(depin_economy::MovingShare::at),
    title: "A share that moves by steps",
    description: "A pool's share moves from a first to a last value, by the same step after the same number of periods each time.",
    formula: "share = first moved by step * floor(period / every) towards until, and not past it",
    rounding: "none",
    inputs: &[
        field("first", Kind::Share, "", "in period 0"),
        field("until", Kind::Share, "", "at last"),
        field("step", Kind::Share, "", "by so much at a time"),
        field("every", Kind::Integer, "periods", "after so many").least(1).most(1_000_000_000),
        field("period", Kind::Integer, "periods", "counted from 0").most(1_000_000_000_000),
    ],
    outputs: &[field("share", Kind::Share, "", "in that period")],
    source: "HIP-20: founders 35 % in the first year, 1 point less each year to 15 %; coverage 1.5 less, data 2.5 more",
    examples: &[
        (r#"{"first": "35%", "until": "15%", "step": "1%", "every": 365, "period": 1825}"#, r#"{"share": "30%"}"#),
        (r#"{"first": "30%", "until": "77.5%", "step": "2.5%", "every": 365, "period": 100000}"#, r#"{"share": "77.5%"}"#),
    ],
    run: |i| {
        let (first, until, step) = (i.share("first")?, i.share("until")?, i.share("step")?);
        let moving = MovingShare { first, until, step, every: i.small("every")? };
        Ok(Outputs::new().share("share", moving.at(i.small("period")?)))
    },
};

pub static WORTH: RuleCard = RuleCard {
    id: "GEN-PO-4",
    networks: &[],
    basis: runs!(depin_economy::worth_of),
    title: "A reward no higher than its weight is worth",
    description: "A pool with a ceiling pays at most what its weight is worth in dollars, at the median price. The rest goes to the pool \
            that it overflows into, or is never minted. Without a fresh price amount and weight wait for the next period.",
    formula: "paid = min(amount, floor(weight * usd * 10^decimals / price)); unused = amount - paid",
    rounding: "down, once",
    inputs: &[
        field("amount", Kind::Integer, "base units", "what the period gives the pool").most(MOST),
        field("weight", Kind::Integer, "", "all weight of the period").most(MOST),
        field("usd", Kind::Decimal(18), "dollars", "for one unit of weight").most(1 << 80),
        field("price", Kind::Decimal(18), "dollars per token", "the median").least(1).most(1 << 100),
        field("decimals", Kind::Integer, "places", "of the token").most(18),
    ],
    outputs: &[
        field("paid", Kind::Integer, "base units", "minted and shared"),
        field("unused", Kind::Integer, "base units", "what overflows"),
    ],
    source: "HIP-20: data transfer is paid its worth, the unused part goes to proof of coverage; oracles mobile_verifier",
    examples: &[(
        r#"{"amount": "10000000000", "weight": 1500, "usd": "0.0001", "price": "2.5", "decimals": 8}"#,
        r#"{"paid": "6000000", "unused": "9994000000"}"#,
    )],
    run: |i| {
        let (amount, weight) = (i.units("amount")?, Measured::new(i.integer("weight")?));
        let decimals = u8::try_from(i.small("decimals")?).map_err(|_| RuleError::Quantity(QuantityError::TooLarge))?;
        let worth = worth_of(weight, i.decimal("usd")?, i.decimal("price")?, decimals).map_err(too_large)?;
        let paid = amount.min(worth);
        Ok(Outputs::new().units("paid", paid).units("unused", amount.minus_or_zero(paid)))
    },
};

pub static CURRENT: RuleCard = RuleCard {
    id: "GEN-PO-5",
    networks: &[],
    basis: runs!(depin_economy::current_part),
    title: "Current and accrued weight in one pool",
    description: "A service may report what stands until it changes, or what was accrued in a period. One pool takes both: what stands \
            shares its part through an accumulator, what was accrued through the period's batch.",
    formula: "current part = floor(amount * current / (current + accrued)); accrued part = the rest",
    rounding: "down for what stands",
    inputs: &[
        field("amount", Kind::Integer, "base units", "what the period gives").most(MOST),
        field("current", Kind::Integer, "", "weight that stands").most(MOST),
        field("accrued", Kind::Integer, "", "weight accrued in the period").most(MOST),
    ],
    outputs: &[
        field("current-part", Kind::Integer, "base units", "for what stands"),
        field("accrued-part", Kind::Integer, "base units", "for what was accrued"),
    ],
    source: "own rule",
    examples: &[(r#"{"amount": 1000, "current": 3, "accrued": 4}"#, r#"{"current-part": "428", "accrued-part": "572"}"#)],
    run: |i| {
        let (amount, current, accrued) = (i.units("amount")?, i.integer("current")?, i.integer("accrued")?);
        if current == 0 && accrued == 0 {
            return Err(RuleError::refused("a pool without weight shares nothing"));
        }
        let stands = current_part(amount, Measured::new(current), Measured::new(accrued)).map_err(too_large)?;
        Ok(Outputs::new().units("current-part", stands).units("accrued-part", amount.minus_or_zero(stands)))
    },
};

pub static ROW: RuleCard = RuleCard {
    id: "GEN-EM-1",
    networks: &["helium", "render"],
    basis: runs!(depin_economy::Emission::scheduled),
    title: "A period of an emission table",
    description: "Each row of a table spreads its amount evenly over its periods. Sums are rounded, never single periods, so the periods \
            of a row come to its amount.",
    formula: "sum(j) = floor(amount * j / periods); period j gives sum(j + 1) - sum(j)",
    rounding: "down, on the sum",
    inputs: &[
        field("amount", Kind::Integer, "base units", "of the whole row").most(MOST),
        field("periods", Kind::Integer, "periods", "of the row").least(1).most(1_000_000_000),
        field("period", Kind::Integer, "periods", "of the row, from 0").most(1_000_000_000_000),
    ],
    outputs: &[
        field("sum", Kind::Integer, "base units", "when that many periods are over"),
        field("reward", Kind::Integer, "base units", "of that period"),
    ],
    source: "RNP-003: 9,126,804 in 12 months of 760,567; HIP-20: yearly targets in equal months",
    examples: &[
        (
            r#"{"amount": "912680400000000", "periods": 12, "period": 7}"#,
            r#"{"sum": "532396900000000", "reward": "76056700000000"}"#,
        ),
        (r#"{"amount": 10, "periods": 4, "period": 1}"#, r#"{"sum": "2", "reward": "3"}"#),
        (r#"{"amount": 10, "periods": 4, "period": 9}"#, r#"{"sum": "10", "reward": "0"}"#),
    ],
    run: |i| {
        let row = TableRow { start: 0, periods: i.small("periods")?, amount: i.units("amount")?, before: Units::ZERO };
        let emission = Emission::Table { clock: CLOCK, rows: vec![row] };
        let period = i.small("period")?;
        let sum = emission.scheduled(period);
        Ok(Outputs::new().units("sum", sum).units("reward", emission.scheduled(period + 1).minus_or_zero(sum)))
    },
};

pub static WITHIN: RuleCard = RuleCard {
    id: "GEN-EM-2",
    networks: &["render", "io.net"],
    basis: runs!(depin_economy::Emission::given_at),
    title: "A part of a period, by time",
    description: "A pool that pays by another clock than its emission's gets its part of a period as time passes: so a month's amount is \
            paid by the week, or by the hour.",
    formula: "given = floor(amount * passed / length)",
    rounding: "down, on the sum",
    inputs: &[
        field("amount", Kind::Integer, "base units", "of the whole period").most(MOST),
        field("passed", Kind::Integer, "milliseconds", "of the period").most(u64::MAX as u128),
        field("length", Kind::Integer, "milliseconds", "of the period").least(1).most(u64::MAX as u128),
    ],
    outputs: &[field("given", Kind::Integer, "base units", "until then")],
    source: "io.net documentation, monthly token emission schedule: rewards of an hour are a month's amount by its hours",
    examples: &[
        (r#"{"amount": "49213200000000", "passed": 604800000, "length": 2419200000}"#, r#"{"given": "12303300000000"}"#),
        (r#"{"amount": "49213200000000", "passed": 432000000, "length": 2678400000}"#, r#"{"given": "7937612903225"}"#),
    ],
    run: |i| {
        let (passed, length) = (i.small("passed")?, i.small("length")?);
        let row = TableRow { start: 0, periods: 1, amount: i.units("amount")?, before: Units::ZERO };
        let emission = Emission::Table { clock: CLOCK, rows: vec![row] };
        let clock = Clock { every: Span::from_millis(length), months: None, origin: Origin::Genesis };
        let given = emission.given_at(&clock, Instant::new(0), Instant::new(passed.min(length)));
        Ok(Outputs::new().units("given", given))
    },
};

pub static AGAIN: RuleCard = RuleCard {
    id: "GEN-EM-3",
    networks: &["helium", "render"],
    basis: runs!(depin_economy::minted_again),
    title: "Burnt tokens minted again",
    description: "Under a cap of kind net-emission, what was burnt in a period joins the emission of that period, up to a limit. What was burnt \
            above the limit stays burnt.",
    formula: "again = min(burnt since the last period, most)",
    rounding: "none",
    inputs: &[
        field("burnt", Kind::Integer, "base units", "ever burnt, now").most(MOST),
        field("before", Kind::Integer, "base units", "ever burnt, when the last period ended").most(MOST),
        field("most", Kind::Integer, "base units", "per period").most(MOST),
    ],
    outputs: &[field("again", Kind::Integer, "base units", "minted again")],
    source: "HIP-20, net emissions: at most 34.24 HNT per 30 minutes, which is 1,643.83561643 HNT a day; RNP-001",
    examples: &[
        (r#"{"burnt": "500000000000", "before": "300000000000", "most": "164383561643"}"#, r#"{"again": "164383561643"}"#),
        (r#"{"burnt": 500, "before": 300, "most": "164383561643"}"#, r#"{"again": "200"}"#),
    ],
    run: |i| {
        let (burnt, before) = (i.units("burnt")?, i.units("before")?);
        if before > burnt {
            return Err(RuleError::refused("what was ever burnt does not shrink"));
        }
        Ok(Outputs::new().units("again", minted_again(burnt, before, i.units("most")?)))
    },
};

pub static STEPS: RuleCard = RuleCard {
    id: "GEN-SU-1",
    networks: &[],
    basis: runs!(depin_economy::allocation_vested),
    title: "Vesting in steps after a wait",
    description: "A row of an allocation unlocks nothing until its wait is over, then evenly over its length, in whole steps.",
    formula: "vested = floor(amount * e / over) with e = elapsed - after, cut down to whole steps; all of it from over on",
    rounding: "down",
    inputs: &[
        field("amount", Kind::Integer, "base units", "of the row").most(MOST),
        field("after", Kind::Integer, "periods", "of waiting").most(1_000_000_000),
        field("over", Kind::Integer, "periods", "the length; 0 is at once").most(1_000_000_000),
        field("every", Kind::Integer, "periods", "a step").least(1).most(1_000_000_000),
        field("elapsed", Kind::Integer, "periods", "since the start").most(1_000_000_000_000),
    ],
    outputs: &[field("vested", Kind::Integer, "base units", "unlocked by then")],
    source: "io.net docs, coin restrictions: equal monthly parts from the end of month 13; specs-actors multisig: amount locked",
    examples: &[
        (r#"{"amount": 700000001, "after": 12, "over": 24, "every": 3, "elapsed": 20}"#, r#"{"vested": "175000000"}"#),
        (r#"{"amount": 700000001, "after": 12, "over": 24, "every": 1, "elapsed": 36}"#, r#"{"vested": "700000001"}"#),
        (r#"{"amount": 500, "after": 365, "over": 0, "every": 1, "elapsed": 364}"#, r#"{"vested": "0"}"#),
    ],
    run: |i| {
        let row =
            VestingRow { part: VestingPart::Rest, after: i.small("after")?, over: i.small("over")?, every: i.small("every")? };
        let vesting = AllocationVesting::Rows(vec![row]);
        let allocation = Allocation { to: CLOCK, share: Share::WHOLE, amount: i.units("amount")?, vesting };
        let vested = allocation_vested(&allocation, Units::ZERO, i.small("elapsed")?).map_err(too_large)?;
        Ok(Outputs::new().units("vested", vested))
    },
};

pub static MONTHS: RuleCard = RuleCard {
    id: "GEN-EM-4",
    networks: &["render", "io.net"],
    basis: runs!(depin_economy::Clock::start),
    title: "Start of a calendar period",
    description: "Periods of a calendar clock begin on the day and at the time of its origin, in UTC; where a month has no such day, on its \
            last one. Each is counted from the origin, so a short month shortens no later one.",
    formula: "start(n) = origin + n * months, the day no later than the month's last",
    rounding: "the day down to the month's last",
    inputs: &[
        field("origin", Kind::Integer, "milliseconds since 1970", "start of period 0").most(4_000_000_000_000),
        field("months", Kind::Integer, "months", "of a period").least(1).most(1_200),
        field("period", Kind::Integer, "periods", "from 0").most(1_000),
    ],
    outputs: &[
        field("start", Kind::Integer, "milliseconds since 1970", "of the period"),
        field("date", Kind::Text, "", "the same as a date"),
    ],
    source: "RNP-022: a year of burn-and-mint runs from 20 December to 19 December; end of a month: own rule",
    examples: &[
        (
            r#"{"origin": "1703030400000", "months": 12, "period": 2}"#,
            r#"{"start": "1766188800000", "date": "2025-12-20T00:00:00Z"}"#,
        ),
        (
            r#"{"origin": "1706659200000", "months": 1, "period": 1}"#,
            r#"{"start": "1709164800000", "date": "2024-02-29T00:00:00Z"}"#,
        ),
    ],
    run: |i| {
        let (origin, months) = (Instant::new(i.small("origin")?), i.small("months")?);
        let clock = Clock { every: Span::from_secs(0), months: Some(months), origin: Origin::At(origin) };
        let start = clock.start(origin, i.small("period")?);
        Ok(Outputs::new().integer("start", start.get()).text("date", start.to_rfc3339()))
    },
};
