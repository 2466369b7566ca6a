//! What all runs say together: `summary.json`.

use super::{FORMAT, FileSum, Result, number, store::TableReader};
use crate::experiment::{self, Plan, RUNS_PER_DRAW, Sample, Sign};
use serde::{Deserialize, Serialize};
use std::{cell::RefCell, collections::BTreeMap};

/// What all runs say together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// As the identity's.
    pub format: u32,
    /// SHA-256 of the experiment's own file, in hex.
    pub experiment: String,
    /// How many runs there are.
    pub runs: Counts,
    /// By the id of the key figure.
    pub kpis: BTreeMap<String, Figure>,
    /// What was asked for less each treatment that it is compared with, run by run: by treatment and column. A flow is summed over the
    /// run, a stock is that of the last row.
    pub differences: BTreeMap<String, BTreeMap<String, Figure>>,
    /// What the ledger's audit found in all runs.
    pub audit: Audit,
    /// Runs that could not be finished; the first of them.
    pub failures: Vec<Failure>,
    /// How many runs ended early for which reason.
    pub stopped: BTreeMap<String, u32>,
    /// The tables, by their names.
    pub files: BTreeMap<String, FileSum>,
}

/// How many runs there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Asked for.
    pub asked: u32,
    /// Made, in whatever way they ended.
    pub done: u32,
    /// That reached the horizon.
    pub finished: u32,
    /// That ended early, as the scenario says.
    pub stopped: u32,
    /// That failed.
    pub failed: u32,
    /// Draws of the assumptions.
    pub draws: u32,
}

/// One figure over all runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Runs in which it is defined.
    pub runs: usize,
    /// The 5th percentile.
    pub p5: Estimate,
    /// The median.
    pub p50: Estimate,
    /// The 95th percentile.
    pub p95: Estimate,
    /// The mean.
    pub mean: Estimate,
    /// Part of the runs in which it is above zero.
    pub above_zero: f64,
    /// Part of the runs in which it is below zero.
    pub below_zero: f64,
    /// `positive`, `negative`, `zero` or `undecided`: the sign that both ends of the band from P5 to P95 have, each moved towards zero
    /// by two standard errors.
    pub sign: Sign,
    /// Part of its variance that the assumptions make; chance makes the rest. None where the assumptions were fixed.
    pub variance_by_assumptions: Option<Estimate>,
    /// The three assumptions that move it most.
    pub moved_by: Vec<Mover>,
}

/// A number and its standard error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// The number.
    #[serde(with = "number")]
    pub value: f64,
    /// Its standard error; none where the runs are too few to say.
    pub error: Option<f64>,
}

/// An assumption that moves a figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mover {
    /// Its key.
    pub key: String,
    /// Rank correlation of the figure with it, -1 to 1.
    pub rank_correlation: f64,
    /// Its standard error.
    pub error: Option<f64>,
    /// Whether it stands out of what luck makes of as many assumptions that do nothing: in one of twenty figures.
    pub clear: bool,
}

/// What the audits found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Runs whose books were audited.
    pub runs: u32,
    /// Rows of the ledger that were checked in all of them.
    pub checked: u64,
    /// Runs in which something does not hold.
    pub violated: u32,
    /// What does not hold; the first of it.
    pub violations: Vec<Failure>,
    /// The largest sum of all cash that any run is left with, in millionths of a dollar; zero where cash is conserved.
    pub cash_left_micro_usd: String,
}

/// Something that went wrong in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The run.
    pub run: u32,
    /// What.
    pub message: String,
}

/// Draws that rank correlations look at, at most: enough for any that could be told.
const CORRELATED: usize = 5_000;
/// Assumptions that are named as moving a figure.
const MOVERS: usize = 3;
/// Share of figures that depend on no assumption, and yet have one that stands out.
const LUCK: f64 = 0.05;

/// Figures over all runs, out of the table of outcomes.
pub(super) struct Figures<'a> {
    table: &'a TableReader,
    plan: Plan,
    draws: Vec<u32>,
    /// Key and value in each of the first draws.
    assumptions: Vec<(String, Vec<f64>)>,
    /// How far a correlation reaches by luck, by how many draws are defined.
    luck: RefCell<BTreeMap<usize, f64>>,
}

impl<'a> Figures<'a> {
    pub(super) fn new(table: &'a TableReader, plan: Plan, assumptions: &[String]) -> Result<Self> {
        let draws: Vec<u32> = table.all("draw")?.into_iter().map(|draw| draw as u32).collect();
        let mut all = Vec::new();
        for key in assumptions.iter().filter(|_| !plan.fixed) {
            all.push((key.clone(), by_draw(&draws, &table.all(key)?)));
        }
        Ok(Self { table, plan, draws, assumptions: all, luck: RefCell::default() })
    }

    /// The figure in a column.
    pub(super) fn of(&self, column: &str) -> Result<Figure> {
        let values = self.table.all(column)?;
        Ok(figure(self.plan, &self.draws, &values, || self.movers(&values)))
    }

    /// Runs of one draw share their assumptions, so a draw counts once, by the mean of its runs.
    fn movers(&self, values: &[f64]) -> Vec<Mover> {
        let values = by_draw(&self.draws, values);
        let defined: Vec<usize> = (0..values.len()).filter(|draw| !values[*draw].is_nan()).collect();
        let ranks =
            |all: &[f64]| experiment::ranks(&defined.iter().filter_map(|draw| all.get(*draw)).copied().collect::<Vec<_>>());
        let own = ranks(&values);
        let drawn: Vec<Vec<f64>> = self.assumptions.iter().map(|(_, drawn)| ranks(drawn)).collect();
        let luck = *self.luck.borrow_mut().entry(defined.len()).or_insert_with(|| experiment::luck(&drawn, LUCK));
        let mut movers: Vec<Mover> = (self.assumptions.iter().zip(&drawn))
            .filter_map(|((key, _), ranks)| {
                let correlation = experiment::correlation(&own, ranks)?;
                let error = experiment::correlation_error(correlation, defined.len() as f64);
                Some(Mover { key: key.clone(), rank_correlation: correlation, error, clear: correlation.abs() > luck })
            })
            .collect();
        // Ties fall by key, so that the order never depends on the machine.
        movers.sort_by(|a, b| b.rank_correlation.abs().total_cmp(&a.rank_correlation.abs()).then_with(|| a.key.cmp(&b.key)));
        movers.truncate(MOVERS);
        movers
    }
}

/// The mean of each draw's runs, in the order in which the draws come; what is undefined in one of them is left out.
fn by_draw(draws: &[u32], values: &[f64]) -> Vec<f64> {
    let mut sums: Vec<(u32, f64, f64)> = Vec::new();
    for (draw, value) in draws.iter().zip(values) {
        if sums.last().is_none_or(|last| last.0 != *draw) {
            if sums.len() == CORRELATED {
                break;
            }
            sums.push((*draw, 0.0, 0.0));
        }
        if let Some(last) = sums.last_mut().filter(|_| !value.is_nan()) {
            (last.1, last.2) = (last.1 + value, last.2 + 1.0);
        }
    }
    sums.into_iter().map(|(_, sum, count)| sum / count).collect()
}

/// A figure out of one value for each run.
fn figure(plan: Plan, draws: &[u32], values: &[f64], movers: impl FnOnce() -> Vec<Mover>) -> Figure {
    let sample = Sample::new(values.iter().copied());
    let split = if plan.fixed { None } else { experiment::split(draws.iter().copied().zip(values.iter().copied())) };
    // Where the split is not known, runs of one draw are taken to be wholly alike.
    let alike = split.map_or(if plan.fixed { 0.0 } else { 1.0 }, |split| split.assumptions);
    let effective = experiment::effective(sample.len(), RUNS_PER_DRAW, alike);
    let [p5, p50, p95] = [0.05, 0.5, 0.95].map(|p| sample.percentile(p, effective));
    let (above_zero, below_zero) = sample.signs();
    let estimate = |one: experiment::Percentile| Estimate { value: one.value, error: one.error };
    Figure {
        runs: sample.len(),
        p5: estimate(p5),
        p50: estimate(p50),
        p95: estimate(p95),
        mean: Estimate { value: sample.mean(), error: sample.mean_error(effective) },
        above_zero,
        below_zero,
        sign: Sign::of(p5, p95, sample.at(0.0), sample.at(1.0)),
        variance_by_assumptions: split.map(|split| Estimate { value: split.assumptions, error: split.error }),
        moved_by: movers(),
    }
}

/// A figure of one experiment less the same of another, run by run: of those runs that both have, as the first one's plan numbers them.
///
/// # Errors
/// Those of reading the tables.
pub fn difference(one: &TableReader, other: &TableReader, plan: Plan, column: &str) -> Result<Figure> {
    let pairs = |table: &TableReader| Ok(table.all("run")?.into_iter().map(|run| run as u32).zip(table.all(column)?).collect());
    let (one, other): (BTreeMap<u32, f64>, BTreeMap<u32, f64>) = (pairs(one)?, pairs(other)?);
    let runs = one.iter().filter_map(|(run, value)| Some((plan.draw_of(*run), value - other.get(run)?)));
    let (draws, values): (Vec<u32>, Vec<f64>) = runs.unzip();
    Ok(figure(plan, &draws, &values, Vec::new))
}

impl Figure {
    /// This figure less one that shares no chance with it: between the medians, and between each end of one band and the other end of the
    /// other, whose errors add up as independent ones do.
    pub fn apart(&self, other: &Self) -> Option<Self> {
        let less = |one: Estimate, other: Estimate| Estimate {
            value: one.value - other.value,
            error: one.error.zip(other.error).map(|(one, other)| (one * one + other * other).sqrt()),
        };
        let (p5, p50, p95) = (less(self.p5, other.p95), less(self.p50, other.p50), less(self.p95, other.p5));
        let percentile = |one: Estimate| experiment::Percentile { value: one.value, error: one.error };
        (!p50.value.is_nan()).then(|| Self {
            runs: self.runs.min(other.runs),
            p5,
            p50,
            p95,
            mean: less(self.mean, other.mean),
            above_zero: f64::from(u8::from(p50.value > 0.0)),
            below_zero: f64::from(u8::from(p50.value < 0.0)),
            sign: Sign::of(percentile(p5), percentile(p95), p5.value, p95.value),
            variance_by_assumptions: None,
            moved_by: Vec::new(),
        })
    }
}

impl Summary {
    /// Nothing yet.
    pub(super) fn new(plan: Plan, experiment: String) -> Self {
        Self {
            format: FORMAT,
            experiment,
            runs: Counts { asked: plan.runs, ..Counts::default() },
            kpis: BTreeMap::new(),
            differences: BTreeMap::new(),
            audit: Audit { cash_left_micro_usd: "0".to_owned(), ..Audit::default() },
            failures: Vec::new(),
            stopped: BTreeMap::new(),
            files: BTreeMap::new(),
        }
    }

    /// Whether every run was made.
    pub const fn whole(&self) -> bool {
        self.runs.done == self.runs.asked
    }
}
