//! Stylised facts: what was seen on real networks, and whether a run is like it.
//!
//! In: `scenarios/facts.toml`, and the rows and key figures of runs. Out: their figure for each fact, and a [`Verdict`]; a [`Case`] says
//! which model judges which facts. Absent on purpose: running, and which facts are told; misses are told like the others.

mod case;
mod read;

pub use case::{Case, Judged};

use crate::{
    results::Row,
    scenario::{Diagnostics, Scenario},
};
use depin_quantity::{Instant, Span};
use std::collections::BTreeMap;

/// The facts that come along.
pub const FACTS: &str = include_str!("../../../scenarios/facts.toml");

/// One fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// Its short name.
    pub id: String,
    /// The network that it was seen on.
    pub network: String,
    /// The scenario that it is judged by.
    pub scenario: String,
    /// What it says.
    pub title: String,
    /// What exactly was seen.
    pub seen: String,
    /// When it was seen, or until when.
    pub date: Instant,
    /// What was seen as a number, by its measure.
    pub observed: f64,
    /// How it is measured in a run.
    pub measure: Measure,
    /// Which figures of a run have its sign and its order of magnitude.
    pub expect: (f64, f64),
    /// Whether it set a default. Then that a run is like it is no merit.
    pub set: Set,
    /// The same with the reason.
    pub used: String,
    /// Where it stands.
    pub source: String,
}

/// How a fact is measured in a run. Months count from the run's start.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// The sum of one column over that of another.
    Ratio {
        /// Column above.
        over: String,
        /// Column below.
        under: String,
        /// From and to.
        months: (f64, f64),
    },
    /// That ratio in the second half of the months over the one in the first.
    Later {
        /// Column above.
        over: String,
        /// Column below.
        under: String,
        /// From and to.
        months: (f64, f64),
    },
    /// Last over first, less one.
    Change {
        /// The column.
        column: String,
        /// From and to.
        months: (f64, f64),
    },
    /// The mean.
    Level {
        /// The column.
        column: String,
        /// From and to.
        months: (f64, f64),
    },
    /// The largest over the first.
    Peak {
        /// The column.
        column: String,
        /// From and to.
        months: (f64, f64),
    },
    /// A key figure of the whole run.
    Kpi(String),
    /// The mean part of devices that are what they claim, by the scenario.
    Honesty,
}

impl Measure {
    /// The last month of a run that it looks at; none for one of the whole run.
    pub const fn until(&self) -> Option<f64> {
        match self {
            Self::Ratio { months, .. }
            | Self::Later { months, .. }
            | Self::Change { months, .. }
            | Self::Level { months, .. }
            | Self::Peak { months, .. } => Some(months.1),
            Self::Honesty => Some(0.0),
            Self::Kpi(_) => None,
        }
    }

    /// What one of it is: `share`, `times`, or the unit of the column or of the key figure.
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Ratio { .. } | Self::Later { .. } | Self::Peak { .. } => "times",
            Self::Change { .. } | Self::Honesty => "share",
            Self::Level { column, .. } => crate::results::column(column).map_or("", |at| crate::results::COLUMNS[at].unit),
            Self::Kpi(id) => crate::kpi::kpi(id).map_or("", |kpi| kpi.unit),
        }
    }
}

/// Whether a fact set a default of the scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// None was set by it.
    No,
    /// A part of what it says was.
    InPart,
    /// It was.
    Yes,
}

impl Set {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::No, Self::InPart, Self::Yes];

    /// In a word or two, as `used` begins.
    pub const fn word(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::InPart => "in part",
            Self::Yes => "yes",
        }
    }
}

/// Whether a run is like a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Sign and order of magnitude.
    Reproduced,
    /// Only the direction.
    SignOnly,
    /// Neither.
    Missed,
    /// The run has no such figure.
    Undefined,
}

impl Verdict {
    /// In a word or two.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::SignOnly => "sign only",
            Self::Missed => "missed",
            Self::Undefined => "not defined",
        }
    }
}

/// What a run leaves that facts are judged by.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'r> {
    /// Its rows.
    pub rows: &'r [Row],
    /// Its key figures by id.
    pub kpis: &'r BTreeMap<String, f64>,
    /// What it ran under.
    pub scenario: &'r Scenario,
}

impl Fact {
    /// The facts of a file.
    ///
    /// # Errors
    /// Every problem, with its place.
    pub fn parse(text: &str, file: &str) -> Result<Vec<Self>, Diagnostics> {
        read::facts(text, file)
    }

    /// The facts that come along.
    ///
    /// # Panics
    /// When the embedded file is wrong, which a test holds it against.
    pub fn builtin() -> Vec<Self> {
        Self::parse(FACTS, "scenarios/facts.toml").expect("a test reads the embedded file")
    }

    /// The run's figure; not a number where the run has none.
    pub fn figure(&self, run: Evidence<'_>) -> f64 {
        let Evidence { rows, kpis, scenario } = run;
        let within = |months: (f64, f64)| {
            let (from, to) = (after(scenario, months.0), after(scenario, months.1));
            rows.iter().filter(move |row| row.date > from && row.date <= to)
        };
        let sum = |column: &str, months| within(months).map(|row| row.get(column)).filter(|value| !value.is_nan()).sum::<f64>();
        let ratio = |over: &str, under: &str, months| quotient(sum(over, months), sum(under, months));
        let levels = |column: &str, months| -> Vec<f64> {
            within(months).map(|row| row.get(column)).filter(|value| !value.is_nan()).collect()
        };
        match &self.measure {
            Measure::Ratio { over, under, months } => ratio(over, under, *months),
            Measure::Later { over, under, months: (from, to) } => {
                let middle = f64::midpoint(*from, *to);
                quotient(ratio(over, under, (middle, *to)), ratio(over, under, (*from, middle)))
            }
            Measure::Change { column, months } => {
                let levels = levels(column, *months);
                match (levels.first(), levels.last()) {
                    (Some(first), Some(last)) => quotient(*last, *first) - 1.0,
                    _ => f64::NAN,
                }
            }
            Measure::Level { column, months } => {
                let levels = levels(column, *months);
                quotient(levels.iter().sum(), levels.len() as f64)
            }
            Measure::Peak { column, months } => {
                let levels = levels(column, *months);
                let first = levels.first().copied().unwrap_or(f64::NAN);
                quotient(levels.iter().copied().fold(f64::NAN, f64::max), first)
            }
            Measure::Kpi(id) => kpis.get(id).copied().unwrap_or(f64::NAN),
            Measure::Honesty => honesty(scenario),
        }
    }

    /// Whether a figure is like the fact.
    pub fn verdict(&self, figure: f64) -> Verdict {
        if figure.is_nan() {
            return Verdict::Undefined;
        }
        if (self.expect.0..=self.expect.1).contains(&figure) {
            return Verdict::Reproduced;
        }
        // A change has a direction from nothing, a ratio from one; a level has none.
        let from = match self.measure {
            Measure::Change { .. } => Some(0.0),
            Measure::Ratio { .. } | Measure::Later { .. } | Measure::Peak { .. } => Some(1.0),
            Measure::Level { .. } | Measure::Kpi(_) | Measure::Honesty => None,
        };
        match from {
            Some(from) if (figure > from) == (self.observed > from) => Verdict::SignOnly,
            _ => Verdict::Missed,
        }
    }
}

fn quotient(over: f64, under: f64) -> f64 {
    if under == 0.0 { f64::NAN } else { over / under }
}

/// So many months after the run's start.
fn after(scenario: &Scenario, months: f64) -> Instant {
    let days = (months.max(0.0) * 365.0 / 12.0) as u64;
    scenario.horizon.start.later(Span::from_days(days))
}

/// By devices.
fn honesty(scenario: &Scenario) -> f64 {
    let (mut all, mut honest) = (0.0, 0.0);
    for class in scenario.supply.values() {
        let devices = class.count.value * class.devices.value;
        all += devices;
        honest += devices * class.honesty.value;
    }
    quotient(honest, all)
}

#[cfg(test)]
mod tests;
