//! `[supply.<token>.emission.<kind>]`: how a token's schedule mints.

use super::{
    clock::{Clocks, clock_named, periods_by},
    reader::Reader,
};
use depin_quantity::{Decimal18, Decimal30, Name, Rounding, Share, Span, Units, group_digits};

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

    /// The key of the file that holds it.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::HalfLife { .. } => "half-life",
            Self::Table { .. } => "table",
            Self::Decline { .. } => "decline",
            Self::Flat { .. } => "flat",
            Self::Inflation(_) => "inflation",
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

impl Kind {
    /// The key of the file that holds it.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::HalfLife { .. } => "half-life",
            Self::Whole(emission) => emission.word(),
        }
    }
}

const KINDS: [&str; 5] = ["half-life", "table", "decline", "flat", "inflation"];

/// Reads the one kind that `[supply.*.emission]` holds; `r` stands in that table.
pub(super) fn read(r: &mut Reader<'_>, token: Name, clocks: &Clocks) -> Option<Read> {
    let found: Vec<&str> = KINDS.into_iter().filter(|kind| r.has(kind)).collect();
    let kind = match found.as_slice() {
        [kind] => *kind,
        [] => {
            r.problem_in(&[], "an emission has one kind", &format!("choose one of {}", KINDS.join(", ")));
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
        let from = if kind == "half-life" || r.has("from") { r.name("from").map(Some) } else { Some(None) };
        let kind = match kind {
            "half-life" => half_life(r, clocks),
            "table" => table(r, token, clocks).map(Kind::Whole),
            "decline" => decline(r, token, clocks).map(Kind::Whole),
            "flat" => flat(r, token, clocks).map(Kind::Whole),
            _ => inflation(r, clocks).map(|rule| Kind::Whole(Emission::Inflation(rule))),
        };
        Some(Read { from: from?, kind: kind? })
    })
}

fn half_life(r: &mut Reader<'_>, clocks: &Clocks) -> Option<Kind> {
    let clock = clock_named(r, "clock", clocks);
    let over = periods_by(r, "over", clock, clocks);
    Some(Kind::HalfLife { half_life: over?, clock: clock? })
}

/// Reads a number of periods, which may last as long as a network lives.
fn count(r: &mut Reader<'_>, key: &str, clock: Option<Name>, clocks: &Clocks) -> Option<u64> {
    let count = r.integer(key, 1..=1_000_000_000)?;
    let Some(clock) = clock else { return Some(count) };
    let years = u128::from(count) * u128::from(clocks.get(clock)?.every.get()) / u128::from(YEAR.get());
    if years > 100 {
        let message = format!("{count} periods of clock `{clock}` are {years} years, and no network lives so long");
        r.problem(key, &message, "write at most 100 years of periods, or name another clock");
        return None;
    }
    Some(count)
}

/// A year of 365 days.
const YEAR: Span = Span::from_days(365);

/// A row's length is `periods` or `for`; the tail repeats the last row, each time smaller by the same part, rounded down.
fn table(r: &mut Reader<'_>, token: Name, clocks: &Clocks) -> Option<Emission> {
    let clock = clock_named(r, "clock", clocks);
    let stated = r.inner_list("rows", |r| {
        let periods = if r.has("for") { periods_by(r, "for", clock, clocks) } else { count(r, "periods", clock, clocks) };
        let amount = r.amount_of("amount", token);
        Some((periods?, amount?))
    });
    let tail = if r.has("then") {
        Some(r.inner("then", |r| {
            let times = r.share("times");
            let rows = if r.has("rows") { Some(r.integer("rows", 1..=ROWS_MOST as u64)?) } else { None };
            Some((times?, rows))
        }))
    } else {
        None
    };
    let tail = match tail {
        Some(read) => Some(read?),
        None => None,
    };
    let (clock, mut stated) = (clock?, stated?);
    if stated.is_empty() {
        r.problem("rows", "an emission table needs at least one row", "write rows = [{ periods = 12, amount = \"…\" }]");
        return None;
    }
    if stated.iter().all(|(_, amount)| amount.is_zero()) {
        r.problem("rows", "all rows are nothing at all, so this emission mints nothing", "write amounts above zero");
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
    let (clock, base) = (clock_named(r, "clock", clocks), r.amount_of_above_zero("base", token));
    let (rate, less) = (r.decimal30("rate"), r.decimal30("less"));
    let periods = count(r, "periods", clock, clocks);
    let (rate, less) = (rate?, less?);
    for (key, value) in [("rate", rate), ("less", less)] {
        if value > Decimal30::ONE {
            r.problem(key, &format!("`{key}` must be at most 1"), "write a part of one, like \"0.0000091\"");
            return None;
        }
    }
    if rate == Decimal30::new(0) {
        r.problem("rate", "`rate` is nothing at all, so this emission mints nothing", "write a rate above zero");
        return None;
    }
    Some(Emission::Decline { clock: clock?, base: base?, rate, less, periods: periods? })
}

fn flat(r: &mut Reader<'_>, token: Name, clocks: &Clocks) -> Option<Emission> {
    let (clock, amount) = (clock_named(r, "clock", clocks), r.amount_of_above_zero("amount", token));
    let periods = count(r, "periods", clock, clocks);
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
    let whole = Decimal18::ONE.get();
    let wrong = |key: &str, message: &str, hint: &str| {
        r.problem_in(&[key], message, hint);
        None
    };
    if rule.most.get() > whole {
        let hint = "write at most 100% a year; Akash began with 58%";
        return wrong("most", &format!("inflation of {} a year more than doubles the supply", in_per_cent(rule.most)), hint);
    }
    if rule.most.is_zero() {
        return wrong("most", "inflation of 0% mints nothing", "write a rate above zero, or remove the emission");
    }
    if rule.least > rule.most || rule.initial > rule.most || rule.initial < rule.least {
        let key = if rule.least > rule.most { "least" } else { "initial" };
        return wrong(key, "inflation must lie between its bounds", "choose least <= initial <= most");
    }
    if rule.change.get() > 100 * whole {
        return wrong("change", "the rate may move by at most 10,000% a year", "write a smaller change, like \"13%\"");
    }
    if rule.goal.is_zero() || rule.goal > Decimal18::ONE {
        let message = "the goal is a part of the supply, above nothing and at most all of it";
        return wrong("goal", message, "write goal = \"67%\"");
    }
    let in_year = YEAR.get() / clocks.get(rule.clock)?.every.get().max(1);
    let (low, high) = (rule.periods_per_year.min(in_year), rule.periods_per_year.max(in_year));
    if high > low.saturating_mul(11) / 10 + 1 {
        let message = format!(
            "a year has {} periods of clock `{}`, not {}: the rates would not be yearly ones",
            group_digits(&in_year.to_string(), ','),
            rule.clock,
            group_digits(&rule.periods_per_year.to_string(), ',')
        );
        let hint = format!("write periods-per-year = {}, or name another clock", group_digits(&in_year.to_string(), '_'));
        return wrong("periods-per-year", &message, &hint);
    }
    Some(rule)
}

/// A rate in per cent.
fn in_per_cent(rate: Decimal18) -> String {
    format!("{}%", group_digits(&Units::new(rate.get()).to_decimal(16), ','))
}
