//! The tables of an experiment, out of its runs' records, in the order of runs: `runs`, `outcomes`, `agents`.
//!
//! In: a checkpoint, whole or not. Out: files that depend on the records alone. One record is in memory at a time.

use super::{
    FileSum, Result, ResultsError,
    checkpoint::Checkpoint,
    identity::{Identity, TREATMENTS, subset_number, treatment_name},
    store::{Cell, Field, Head, TableReader, TableWriter},
    summary::{Counts, Failure, Figures, Summary},
    table::{COLUMNS, Kind, Row, column},
};
use crate::{
    experiment::{Assumptions, Plan, RunRecord, State},
    scenario::Treatment,
    simulation::DAYS_A_YEAR,
};
use std::{collections::BTreeMap, path::Path};

/// Failures and violations that a summary tells; the tables have all.
const TOLD: usize = 20;
const DAY_MS: u64 = 86_400_000;
/// Columns in which treatments are compared run by run.
const COMPARED: [&str; 8] =
    ["useful_usage", "paid_usage", "usage", "revenue_third_usd", "capacity", "providers", "capital_in_usd", "profit_usd"];

/// Writes the tables of all runs that are done, and what they say together.
pub(super) fn assemble(
    folder: &Path,
    identity: &Identity,
    assumptions: &Assumptions,
    checkpoint: &mut Checkpoint,
) -> Result<Summary> {
    let mut tables = Tables::new(folder, identity, assumptions, checkpoint)?;
    let mut summary = Summary::new(identity.plan, identity.sha256());
    let runs: Vec<u32> = checkpoint.done().collect();
    let mut cash_left = 0;
    for run in &runs {
        let record = checkpoint.read(*run)?;
        tables.add(&record)?;
        summary.count(&record);
        cash_left = if record.audit.cash_left.unsigned_abs() > i128::unsigned_abs(cash_left) {
            record.audit.cash_left
        } else {
            cash_left
        };
    }
    summary.audit.cash_left_micro_usd = cash_left.to_string();
    summary.runs.draws = draws(identity.plan, &runs);
    let (kpis, compared) = (tables.kpis.clone(), tables.compared.clone());
    summary.files = tables.finish()?;
    let table = TableReader::open(&folder.join("outcomes.parquet"))?;
    let keys: Vec<String> = assumptions.iter().map(|one| one.key.clone()).collect();
    let figures = Figures::new(&table, identity.plan, &keys)?;
    for id in kpis {
        summary.kpis.insert(id.clone(), figures.of(&id)?);
    }
    for treatment in compared {
        let of = |name: &str| Ok((name.to_owned(), figures.of(&difference_column(treatment, name))?));
        let list = COMPARED.iter().map(|name| of(name)).collect::<Result<_>>()?;
        summary.differences.insert(treatment_name(treatment).to_owned(), list);
    }
    Ok(summary)
}

fn draws(plan: Plan, runs: &[u32]) -> u32 {
    let mut draws: Vec<u32> = runs.iter().map(|run| plan.draw_of(*run)).collect();
    draws.dedup();
    u32::try_from(draws.len()).unwrap_or(u32::MAX)
}

/// The column of the outcomes that holds what was asked for less a treatment.
fn difference_column(treatment: Treatment, name: &str) -> String {
    format!("less.{}.{name}", treatment_name(treatment))
}

impl Summary {
    fn count(&mut self, record: &RunRecord) {
        let Counts { done, finished, stopped, failed, .. } = &mut self.runs;
        *done += 1;
        match &record.state {
            State::Finished => *finished += 1,
            State::Stopped { reason, .. } => {
                *stopped += 1;
                *self.stopped.entry(reason.clone()).or_default() += 1;
            }
            State::Failed { message } => {
                *failed += 1;
                if self.failures.len() < TOLD {
                    self.failures.push(Failure { run: record.run, message: message.clone() });
                }
                return;
            }
        }
        self.audit.runs += 1;
        self.audit.checked += record.audit.checked;
        self.audit.violated += u32::from(!record.audit.violations.is_empty());
        let told = record.audit.violations.iter().map(|message| Failure { run: record.run, message: message.clone() });
        self.audit.violations.extend(told.take(TOLD.saturating_sub(self.audit.violations.len())));
    }
}

/// The tables while they are written.
struct Tables<'a> {
    identity: &'a Identity,
    assumptions: &'a Assumptions,
    kpis: Vec<String>,
    compared: Vec<Treatment>,
    runs: TableWriter,
    outcomes: TableWriter,
    agents: Option<TableWriter>,
}

const KEYS: [(&str, Field); 6] = [
    ("simulation", Field::Whole),
    ("subset", Field::Whole),
    ("run", Field::Whole),
    ("timestep", Field::Whole),
    ("seed", Field::Whole),
    ("date", Field::Time),
];

impl<'a> Tables<'a> {
    fn new(folder: &Path, identity: &'a Identity, assumptions: &'a Assumptions, checkpoint: &mut Checkpoint) -> Result<Self> {
        let kpis: Vec<String> = checkpoint.kpis().iter().cloned().collect();
        let compared: Vec<Treatment> = TREATMENTS.into_iter().filter(|one| checkpoint.compared().contains(one)).collect();
        let keys = || KEYS.iter().map(|(name, field)| Head::new(*name, *field));
        let numbers = COLUMNS.iter().map(|column| Head::new(column.name, Field::Number));
        let runs = keys().chain([Head::new("days", Field::Whole)]).chain(numbers).collect::<Vec<_>>();
        let outcome = [
            ("simulation", Field::Whole),
            ("run", Field::Whole),
            ("draw", Field::Whole),
            ("seed", Field::Whole),
            ("state", Field::Text),
            ("reason", Field::Text),
            ("timesteps", Field::Whole),
            ("audit_checked", Field::Whole),
            ("audit_violations", Field::Whole),
            ("cash_left_usd", Field::Number),
        ];
        let differences = compared.iter().flat_map(|one| COMPARED.map(|name| difference_column(*one, name)));
        let figures = kpis.iter().cloned().chain(differences).chain(assumptions.iter().map(|one| one.key.clone()));
        let outcomes: Vec<Head> = (outcome.iter())
            .map(|(name, field)| Head::new(*name, *field))
            .chain(figures.map(|name| Head::new(name, Field::Number)))
            .collect();
        let agents = [
            ("agent", Field::Whole),
            ("class", Field::Text),
            ("capacity", Field::Number),
            ("booked", Field::Number),
            ("income_usd", Field::Number),
            ("rewards_usd", Field::Number),
            ("cash_usd", Field::Number),
            ("tokens", Field::Number),
        ];
        let agents: Vec<Head> = keys().chain(agents.map(|(name, field)| Head::new(name, field))).collect();
        Ok(Self {
            runs: TableWriter::new(folder, "runs", &runs)?,
            outcomes: TableWriter::new(folder, "outcomes", &outcomes)?,
            agents: identity.agents_every.map(|_| TableWriter::new(folder, "agents", &agents)).transpose()?,
            identity,
            assumptions,
            kpis,
            compared,
        })
    }

    fn add(&mut self, record: &RunRecord) -> Result<()> {
        self.rows(record.run, 0, &record.rows)?;
        for one in &record.paired {
            self.rows(record.run, subset_number(one.treatment), &one.rows)?;
        }
        self.outcome(record)?;
        // Single providers are those of the run with tokens, out of which the company has its money.
        let with_tokens = record.paired.iter().find(|one| one.treatment == Treatment::Tokens);
        let (subset, rows) = with_tokens.map_or((0, &record.rows), |one| (subset_number(one.treatment), &one.rows));
        let dates: BTreeMap<u32, _> = rows.iter().map(|row| (row.timestep, row.date)).collect();
        let keys = self.keys(record.run, subset);
        let Some(table) = &mut self.agents else { return Ok(()) };
        for one in &record.agents {
            let date = dates.get(&one.timestep).copied().unwrap_or_default();
            let own = [
                Cell::Whole(one.agent.into()),
                Cell::Text(&one.class),
                Cell::Number(one.capacity),
                Cell::Number(one.booked),
                Cell::Number(one.income_usd),
                Cell::Number(one.rewards_usd),
                Cell::Number(one.cash_usd),
                Cell::Number(one.tokens),
            ];
            table.row(&[&keys(one.timestep, date)[..], &own].concat())?;
        }
        Ok(())
    }

    fn keys(&self, run: u32, subset: u32) -> impl Fn(u32, depin_quantity::Instant) -> [Cell<'static>; 6] + use<> {
        let Plan { simulation, seed, .. } = self.identity.plan;
        move |timestep, date| {
            let whole = |value: u32| Cell::Whole(value.into());
            [whole(simulation), whole(subset), whole(run), whole(timestep), Cell::Whole(seed), Cell::Time(date)]
        }
    }

    /// Days of a run's first row: as many as between two rows, or the whole run's.
    fn first_days(&self) -> u64 {
        let scenario = &self.identity.scenario;
        (scenario.record_ms / DAY_MS).min((scenario.years * DAYS_A_YEAR).round().max(1.0) as u64)
    }

    fn rows(&mut self, run: u32, subset: u32, rows: &[Row]) -> Result<()> {
        let keys = self.keys(run, subset);
        let mut cells = Vec::with_capacity(KEYS.len() + 1 + COLUMNS.len());
        let mut days = self.first_days();
        let mut before: Option<&Row> = None;
        for row in rows {
            // The last row of a run that does not end with one covers less time than the others.
            if let Some(before) = before.replace(row) {
                days = row.date.since(before.date).get() / DAY_MS;
            }
            cells.clear();
            cells.extend(keys(row.timestep, row.date));
            cells.push(Cell::Whole(days));
            cells.extend(row.values.iter().map(|value| Cell::Number(*value)));
            self.runs.row(&cells)?;
        }
        Ok(())
    }

    fn outcome(&mut self, record: &RunRecord) -> Result<()> {
        let Plan { simulation, seed, .. } = self.identity.plan;
        let point = self.identity.plan.point(self.assumptions, record.draw);
        let violations = record.audit.violations.len() as u64;
        let mut cells = vec![
            Cell::Whole(simulation.into()),
            Cell::Whole(record.run.into()),
            Cell::Whole(record.draw.into()),
            Cell::Whole(seed),
            Cell::Text(record.state.name()),
            Cell::Text(record.state.reason()),
            Cell::Whole(record.rows.len() as u64),
            Cell::Whole(record.audit.checked),
            Cell::Whole(violations),
            Cell::Number(record.audit.cash_left as f64 / 1e6),
        ];
        let value = |id: &String| Cell::Number(record.kpis.get(id).copied().unwrap_or(f64::NAN));
        cells.extend(self.kpis.iter().map(value));
        for treatment in &self.compared {
            let other = record.paired.iter().find(|one| one.treatment == *treatment).map(|one| &one.rows[..]);
            cells.extend(COMPARED.map(|name| Cell::Number(other.map_or(f64::NAN, |other| less(name, &record.rows, other)))));
        }
        cells.extend(self.assumptions.iter().map(|one| Cell::Number(one.in_point(&point))));
        self.outcomes.row(&cells)
    }

    fn finish(self) -> Result<BTreeMap<String, FileSum>> {
        let mut files: BTreeMap<String, FileSum> = BTreeMap::new();
        files.extend(self.runs.finish()?);
        files.extend(self.outcomes.finish()?);
        if let Some(agents) = self.agents {
            files.extend(agents.finish()?);
        }
        Ok(files)
    }
}

/// A column of one run less that of another, over the rows that both have: a flow summed, a stock as it is in the last of them.
fn less(name: &str, one: &[Row], other: &[Row]) -> f64 {
    let Some(at) = column(name) else { return f64::NAN };
    let rows = one.len().min(other.len());
    let whole = |rows: &[Row]| -> f64 {
        let mut values = rows.iter().map(|row| row.values.get(at).copied().unwrap_or(f64::NAN));
        match COLUMNS[at].kind {
            Kind::Flow => values.sum(),
            Kind::Stock | Kind::Ratio => values.next_back().unwrap_or(f64::NAN),
        }
    };
    whole(&one[..rows]) - whole(&other[..rows])
}

/// A record that does not fit the table's columns.
pub(super) fn fits(record: &RunRecord, path: &Path) -> Result<()> {
    let rows = record.rows.iter().chain(record.paired.iter().flat_map(|one| &one.rows));
    match rows.map(|row| row.values.len()).find(|width| *width != COLUMNS.len()) {
        None => Ok(()),
        Some(width) => {
            let why = format!("run {} has rows of {width} values, and the table has {} columns", record.run, COLUMNS.len());
            Err(ResultsError::damaged(path, why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::Instant;

    fn rows(values: &[(f64, f64)]) -> Vec<Row> {
        let row = |(timestep, (usage, capacity)): (u32, &(f64, f64))| {
            let mut values = vec![0.0; COLUMNS.len()];
            (values[column("usage").unwrap()], values[column("capacity").unwrap()]) = (*usage, *capacity);
            Row { timestep, date: Instant::new(0), values }
        };
        (1..).zip(values).map(row).collect()
    }

    #[test]
    fn a_difference_sums_flows_and_takes_the_last_stock_of_the_rows_that_both_have() {
        let (one, other) = (rows(&[(1.0, 5.0), (2.0, 6.0), (4.0, 9.0)]), rows(&[(0.5, 1.0), (0.5, 2.0)]));
        assert_eq!((less("usage", &one, &other), less("capacity", &one, &other)), (2.0, 4.0));
        assert!(less("prize", &one, &other).is_nan() && less("capacity", &one, &[]).is_nan());
    }

    #[test]
    fn every_compared_column_is_one() {
        assert!(COMPARED.iter().all(|name| column(name).is_some()));
    }

    #[test]
    fn draws_are_counted_once() {
        let plan = Plan { simulation: 0, seed: 1, runs: 10, fixed: false };
        assert_eq!((draws(plan, &[0, 1, 2, 5]), draws(Plan { fixed: true, ..plan }, &[0, 1, 2])), (3, 1));
    }
}
