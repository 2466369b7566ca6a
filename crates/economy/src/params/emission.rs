//! `[supply.<token>.emission.<kind>]`: how a token's schedule mints.

use super::{
    clock::{Clocks, clock_named, periods},
    reader::Reader,
};
use depin_quantity::{Decimal18, Decimal30, Name, Rounding, Share, Units};

/// How a token's mined part is minted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Emission {
    /// What is left halves every `half_life` periods.
    HalfLife {
        /// The allocation it mints.
        from: Name,
        /// All that it will ever mint.
        total: Units,
        /// In periods of the clock.
        half_life: u64,
        /// The clock.
        clock: Name,
    },
    /// Rows of periods, each with an amount that it spreads evenly.
    Table {
        /// The clock.
        clock: Name,
        /// The rows, those of the tail included, without gaps.
        rows: Vec<TableRow>,
    },
    /// A rate on a fixed base that falls by the same part every period.
    Decline {
        /// The clock.
        clock: Name,
        /// What the rate is of.
        base: Units,
        /// Of the base, in the first period.
        rate: Decimal30,
        /// Part by which the rate falls every period.
        less: Decimal30,
        /// Number of periods.
        periods: u64,
    },
    /// One amount, spread evenly.
    Flat {
        /// The clock.
        clock: Name,
        /// All of it.
        amount: Units,
        /// Number of periods.
        periods: u64,
    },
    /// A yearly rate on what exists, which moves with the bonded ratio, minted every period.
    Inflation(Inflation),
}

/// One row of an emission table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableRow {
    /// First period.
    pub start: u64,
    /// Number of periods.
    pub periods: u64,
    /// What they give together.
    pub amount: Units,
    /// What the rows before it give.
    pub before: Units,
}

/// Bonded-ratio inflation. Rates are per year, in parts of 10^18.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inflation {
    /// The clock whose every period mints.
    pub clock: Name,
    /// Periods that the rule counts as a year.
    pub periods_per_year: u64,
    /// Rate at the start.
    pub initial: Decimal18,
    /// Lowest rate.
    pub least: Decimal18,
    /// Highest rate.
    pub most: Decimal18,
    /// How far the rate moves in a year in which nothing is bonded.
    pub change: Decimal18,
    /// Bonded ratio at which the rate stays.
    pub goal: Decimal18,
    /// The staking that says how much is bonded; without such a table, the gauge of that name does.
    pub staking: Name,
}

/// Most rows of a table with its tail: a row is found by halving, so this bounds memory, not time.
const ROWS_MOST: usize = 10_000;

impl Emission {
    /// The clock whose periods it pays.
    pub const fn clock(&self) -> Name {
        match self {
            Self::HalfLife { clock, .. } | Self::Table { clock, .. } | Self::Decline { clock, .. } | Self::Flat { clock, .. } => {
                *clock
            }
            Self::Inflation(rule) => rule.clock,
        }
    }

    /// Whether what a period gives depends on what happened before: such an emission has no schedule to look up.
    pub const fn is_stateful(&self) -> bool {
        matches!(self, Self::Inflation(_))
    }
}

/// An emission that was read, and the allocation that it mints, if it names one.
pub(super) struct Read {
    pub(super) from: Option<Name>,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// Its total is its allocation's, which is known later.
    HalfLife {
        half_life: u64,
        clock: Name,
    },
    Whole(Emission),
}

const KINDS: [&str; 5] = ["half-life", "table", "decline", "flat", "inflation"];

/// Reads the one kind that `[supply.*.emission]` holds; `r` stands in that table.
pub(super) fn read(r: &mut Reader<'_>, token: Name, clocks: &Clocks) -> Option<Read> {
    let found: Vec<&str> = KINDS.into_iter().filter(|kind| r.has(kind)).collect();
    let kind = match found.as_slice() {
        [kind] => *kind,
        [] => {
            // Asks for every kind, so that a misspelt one is found beside its neighbour.
            KINDS.into_iter().for_each(|kind| r.ask(kind));
            r.problem("", "an emission has one kind", &format!("choose one of {}", KINDS.join(", ")));
            return None;
        }
        [_, second, ..] => {
            KINDS.into_iter().for_each(|kind| r.ask(kind));
            r.problem(
                second,
                "an emission has one kind, and this is a second one",
                "remove one of them; a [[change]] that sets another kind replaces the first",
            );
            return None;
        }
    };
    r.table(kind, |r| {
        let from = if r.has("from") { Some(r.name("from")?) } else { None };
        let kind = match kind {
            "half-life" => half_life(r, from, clocks)?,
            "table" => Kind::Whole(table(r, token, clocks)?),
            "decline" => Kind::Whole(decline(r, token, clocks)?),
            "flat" => Kind::Whole(flat(r, token, clocks)?),
            _ => Kind::Whole(Emission::Inflation(inflation(r, clocks)?)),
        };
        Some(Read { from, kind })
    })
}

fn half_life(r: &mut Reader<'_>, from: Option<Name>, clocks: &Clocks) -> Option<Kind> {
    let from = from.or_else(|| r.name("from"));
    let clock = clock_named(r, "clock", clocks);
    let over = clock.and_then(|clock| periods(r, "over", clock, clocks));
    from.and(Some(Kind::HalfLife { half_life: over?, clock: clock? }))
}

/// A row's length is `periods` or `for`; the tail repeats the last row, each time smaller by the same part, rounded down.
fn table(r: &mut Reader<'_>, token: Name, clocks: &Clocks) -> Option<Emission> {
    let clock = clock_named(r, "clock", clocks);
    let stated = r.inner_list("rows", |r| {
        let periods =
            if r.has("for") { clock.and_then(|c| periods(r, "for", c, clocks)) } else { r.integer("periods", 1..=1_000_000_000) };
        let amount = r.amount_of("amount", token);
        Some((periods?, amount?))
    });
    let tail = if r.has("then") {
        Some(r.inner("then", |r| {
            let times = r.share("times");
            let rows = if r.has("rows") { Some(r.integer("rows", 1..=ROWS_MOST as u64)?) } else { None };
            Some((times?, rows))
        })?)
    } else {
        None
    };
    let (clock, mut stated) = (clock?, stated?);
    if stated.is_empty() {
        r.problem("rows", "an emission table needs at least one row", "write rows = [{ periods = 12, amount = \"…\" }]");
        return None;
    }
    if let Some((times, rows)) = tail {
        lengthen(r, &mut stated, times, rows)?;
    }
    let mut rows = Vec::with_capacity(stated.len());
    let (mut start, mut before) = (0u64, Units::ZERO);
    for (periods, amount) in stated {
        rows.push(TableRow { start, periods, amount, before });
        let sum = (start.checked_add(periods), before.plus(amount).ok());
        let (Some(next), Some(sum)) = sum else {
            r.problem("rows", "the rows come to more than an amount can be", "lower them");
            return None;
        };
        (start, before) = (next, sum);
    }
    Some(Emission::Table { clock, rows })
}

fn lengthen(r: &mut Reader<'_>, rows: &mut Vec<(u64, Units)>, times: Share, most: Option<u64>) -> Option<()> {
    let (periods, mut amount) = *rows.last()?;
    for _ in 0..most.unwrap_or(u64::MAX) {
        amount = times.of(amount, Rounding::Down).ok()?;
        if amount.is_zero() {
            break;
        }
        if rows.len() >= ROWS_MOST {
            r.problem("then", &format!("the tail has more than {ROWS_MOST} rows"), "limit it with rows = 40");
            return None;
        }
        rows.push((periods, amount));
    }
    Some(())
}

fn decline(r: &mut Reader<'_>, token: Name, clocks: &Clocks) -> Option<Emission> {
    let (clock, base) = (clock_named(r, "clock", clocks), r.amount_of("base", token));
    let (rate, less) = (r.decimal30("rate"), r.decimal30("less"));
    let periods = r.integer("periods", 1..=1_000_000_000);
    let (rate, less) = (rate?, less?);
    for (key, value) in [("rate", rate), ("less", less)] {
        if value > Decimal30::ONE {
            r.problem(key, &format!("`{key}` must be at most 1"), "write a part of one, like \"0.0000091\"");
            return None;
        }
    }
    Some(Emission::Decline { clock: clock?, base: base?, rate, less, periods: periods? })
}

fn flat(r: &mut Reader<'_>, token: Name, clocks: &Clocks) -> Option<Emission> {
    let (clock, amount) = (clock_named(r, "clock", clocks), r.amount_of("amount", token));
    let periods = r.integer("periods", 1..=1_000_000_000);
    Some(Emission::Flat { clock: clock?, amount: amount?, periods: periods? })
}

fn inflation(r: &mut Reader<'_>, clocks: &Clocks) -> Option<Inflation> {
    let clock = clock_named(r, "clock", clocks);
    let periods_per_year = r.integer("periods-per-year", 1..=1_000_000_000);
    let (initial, least, most) = (r.percent("initial"), r.percent("least"), r.percent("most"));
    let (change, goal, staking) = (r.percent("change"), r.percent("goal"), r.name("staking"));
    let rule = Inflation {
        clock: clock?,
        periods_per_year: periods_per_year?,
        initial: initial?,
        least: least?,
        most: most?,
        change: change?,
        goal: goal?,
        staking: staking?,
    };
    if rule.least > rule.most || rule.initial > rule.most || rule.initial < rule.least {
        r.problem("initial", "inflation must lie between its bounds", "choose least <= initial <= most");
        return None;
    }
    if rule.goal.is_zero() || rule.goal > Decimal18::ONE {
        r.problem("goal", "the goal is a part of the supply, above nothing and at most all of it", "write goal = \"67%\"");
        return None;
    }
    Some(rule)
}
