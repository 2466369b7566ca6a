//! Percentiles over all runs at each time, out of a table of any length.
//!
//! In: `runs.parquet`, and quantities made of its columns. Out: for each quantity, subset and stretch of time the band of the runs that
//! are then still there. Rows are thinned to stretches that a picture can show. Memory is bounded: where runs are too many, the table
//! is read several times, some stretches each time.

use super::{Result, store::TableReader};
use crate::experiment::Sample;
use depin_quantity::Instant;
use std::collections::BTreeMap;

/// Most stretches of time: as many as a screen tells apart.
const STRETCHES: u32 = 156;
/// Values that are held at once.
const HELD: usize = 4 << 20;
const DAY: f64 = 86_400_000.0;

/// How the rows of a stretch become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// The last one, for what is there at a time.
    Last,
    /// Their sum divided by their days, for what flows.
    PerDay,
    /// Their mean, for quotients.
    Mean,
}

/// What is shown: one value a row, out of some columns.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    /// Names of the columns.
    pub columns: &'static [&'static str],
    /// The value of their values.
    pub value: fn(&[f64]) -> f64,
    /// How rows become a stretch.
    pub fold: Fold,
}

/// The runs at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Runs that have a value then.
    pub runs: usize,
    /// The 5th, 25th, 50th, 75th and 95th percentile.
    pub percentiles: [f64; 5],
    /// Their mean.
    pub mean: f64,
}

/// Bands of one subset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SubsetBands {
    /// Ends of the stretches.
    pub dates: Vec<Instant>,
    /// For each quantity a band for each stretch; none where no run has a value.
    pub bands: Vec<Vec<Option<Band>>>,
}

/// The percentiles of a [`Band`].
pub const PERCENTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Bands of quantities, by subset. `record_ms` is the time of a run's first row.
pub fn bands(table: &TableReader, quantities: &[Quantity], record_ms: u64) -> Result<BTreeMap<u32, SubsetBands>> {
    let extent = Extent::of(table)?;
    let mut subsets: BTreeMap<u32, SubsetBands> = BTreeMap::new();
    let values = extent.runs * extent.subsets.len() * quantities.len();
    let at_once = u32::try_from(HELD / values.max(1)).unwrap_or(u32::MAX).max(1);
    let mut from = 0;
    while from < extent.stretches() {
        let until = from.saturating_add(at_once).min(extent.stretches());
        let mut pass = Pass { from, until, rows: extent.rows_each(), record_ms, quantities, found: BTreeMap::new() };
        pass.read(table)?;
        for (subset, stretches) in pass.found {
            let bands = subsets.entry(subset).or_default();
            bands.bands.resize_with(quantities.len(), Vec::new);
            for stretch in stretches {
                bands.dates.push(Instant::new(stretch.date));
                bands.bands.iter_mut().zip(stretch.values).for_each(|(bands, values)| bands.push(Band::of(values)));
            }
        }
        from = until;
    }
    Ok(subsets)
}

impl Band {
    fn of(values: Vec<f64>) -> Option<Self> {
        let sample = Sample::new(values);
        (!sample.is_empty()).then(|| Self {
            runs: sample.len(),
            percentiles: PERCENTILES.map(|p| sample.at(p)),
            mean: sample.mean(),
        })
    }
}

/// How large a table is.
struct Extent {
    runs: usize,
    subsets: Vec<u32>,
    timesteps: u32,
}

impl Extent {
    fn of(table: &TableReader) -> Result<Self> {
        let (mut runs, mut last, mut timesteps, mut subsets) = (0, f64::NAN, 0.0f64, Vec::new());
        for group in 0..table.groups() {
            for run in table.numbers(group, "run")? {
                if run.to_bits() != last.to_bits() {
                    (runs, last) = (runs + 1, run);
                }
            }
            timesteps = table.numbers(group, "timestep")?.into_iter().fold(timesteps, f64::max);
            for subset in table.numbers(group, "subset")? {
                if !subsets.contains(&(subset as u32)) {
                    subsets.push(subset as u32);
                }
            }
        }
        Ok(Self { runs, subsets, timesteps: timesteps as u32 })
    }

    const fn rows_each(&self) -> u32 {
        let rows = self.timesteps.div_ceil(STRETCHES);
        if rows == 0 { 1 } else { rows }
    }

    const fn stretches(&self) -> u32 {
        self.timesteps.div_ceil(self.rows_each())
    }
}

/// One reading of the table, for some of the stretches.
struct Pass<'a> {
    from: u32,
    until: u32,
    rows: u32,
    record_ms: u64,
    quantities: &'a [Quantity],
    found: BTreeMap<u32, Vec<Stretch>>,
}

/// What all runs are in one stretch.
#[derive(Clone, Default)]
struct Stretch {
    date: u64,
    /// By quantity, a value a run.
    values: Vec<Vec<f64>>,
}

/// What one run is in one stretch, so far.
struct Open {
    /// Run, subset, stretch.
    key: (u32, u32, u32),
    rows: f64,
    /// Time that its rows cover.
    ms: f64,
    date: f64,
    /// By quantity: sum, and last value.
    sums: Vec<(f64, f64)>,
}

impl Pass<'_> {
    fn read(&mut self, table: &TableReader) -> Result<()> {
        let mut names: Vec<&str> = self.quantities.iter().flat_map(|quantity| quantity.columns).copied().collect();
        names.sort_unstable();
        names.dedup();
        let places: Vec<Vec<usize>> = (self.quantities.iter())
            .map(|quantity| quantity.columns.iter().filter_map(|name| names.binary_search(name).ok()).collect())
            .collect();
        let mut open: Option<Open> = None;
        let mut before = None;
        let mut inputs = Vec::new();
        for group in 0..table.groups() {
            let keys = [table.numbers(group, "run")?, table.numbers(group, "subset")?, table.numbers(group, "timestep")?];
            let dates = table.numbers(group, "date")?;
            let columns = names.iter().map(|name| table.numbers(group, name)).collect::<Result<Vec<_>>>()?;
            for (row, date) in dates.into_iter().enumerate() {
                let [run, subset, timestep] = [0, 1, 2].map(|key| keys[key][row] as u32);
                let key = (run, subset, timestep.saturating_sub(1) / self.rows);
                // The last row of a run may cover less time than the others.
                let since = before.replace(((run, subset), date)).filter(|(of, _)| *of == (run, subset));
                let ms = since.map_or(self.record_ms as f64, |(_, last)| date - last);
                if open.as_ref().is_some_and(|open| open.key != key) {
                    self.close(open.take());
                }
                if !(self.from..self.until).contains(&key.2) {
                    continue;
                }
                let sums = vec![(0.0, f64::NAN); self.quantities.len()];
                let open = open.get_or_insert(Open { key, rows: 0.0, ms: 0.0, date, sums });
                (open.rows, open.ms, open.date) = (open.rows + 1.0, open.ms + ms, date);
                for ((quantity, places), sum) in self.quantities.iter().zip(&places).zip(&mut open.sums) {
                    inputs.clear();
                    inputs.extend(places.iter().map(|place| columns[*place][row]));
                    let value = (quantity.value)(&inputs);
                    *sum = (sum.0 + value, value);
                }
            }
        }
        self.close(open);
        Ok(())
    }

    fn close(&mut self, open: Option<Open>) {
        let Some(open) = open else { return };
        let stretches = self.found.entry(open.key.1).or_default();
        let index = (open.key.2 - self.from) as usize;
        if stretches.len() <= index {
            stretches.resize(index + 1, Stretch { date: 0, values: vec![Vec::new(); self.quantities.len()] });
        }
        let stretch = &mut stretches[index];
        stretch.date = stretch.date.max(open.date as u64);
        let days = open.ms / DAY;
        for ((quantity, (sum, last)), values) in self.quantities.iter().zip(open.sums).zip(&mut stretch.values) {
            values.push(match quantity.fold {
                Fold::Last => last,
                Fold::PerDay => sum / days,
                Fold::Mean => sum / open.rows,
            });
        }
    }
}
