//! Who forecast better, over all weeks that nobody had seen.

use super::{DemandProcess, FitError, Series, fit, naive::Naive};
use std::collections::BTreeMap;
use time::{Date, Duration};

/// How many weeks ahead.
pub const HORIZONS: [usize; 3] = [4, 13, 26];

/// The quantiles that every forecast gives: the median, the 50 % band and the 90 % band.
pub const LEVELS: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// What a forecast says: the logarithm at each of [`LEVELS`].
pub type Quantiles = [f64; LEVELS.len()];

/// How a model did at one horizon.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct ModelScore {
    /// Weeks from which it forecast.
    pub forecasts: usize,
    /// Mean pinball loss over the levels, in logarithms: `max(q (y - f), (q - 1)(y - f))`. Smaller is better. Gneiting and Raftery,
    /// "Strictly proper scoring rules, prediction, and estimation" (2007), section 6.
    pub pinball: f64,
    /// Part of the outcomes inside the 50 % band.
    pub in_50: f64,
    /// Part of the outcomes inside the 90 % band.
    pub in_90: f64,
}

/// What one model said from one week, and what came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Which model.
    pub model: &'static str,
    /// The first day that it was not given.
    pub from: Date,
    /// How many weeks ahead.
    pub horizon: usize,
    /// What it said.
    pub said: Quantiles,
    /// What came, as a logarithm.
    pub outcome: f64,
}

impl Forecast {
    /// The first day behind what was forecast.
    pub fn until(&self) -> Date {
        self.from + Duration::weeks(i64::try_from(self.horizon).unwrap_or(i64::MAX))
    }

    /// What it said and what came, in the series' own unit.
    pub fn values(&self) -> (Quantiles, f64) {
        (self.said.map(libm::exp), libm::exp(self.outcome))
    }

    /// Whether what was forecast lies on both sides of a day, or behind it though nothing was known of it.
    pub fn reaches(&self, day: Date) -> bool {
        self.from <= day && day < self.until()
    }
}

/// A backtest's outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Backtest {
    /// The last week that was learnt from.
    pub train_until: Date,
    /// What was learnt.
    pub learnt: DemandProcess,
    /// Every forecast that is scored, by horizon, week and model. A week counts only if all models forecast from it.
    pub forecasts: Vec<Forecast>,
    /// By model, in the order of [`HORIZONS`]. A horizon that the series is too short for has no forecasts.
    pub scores: BTreeMap<&'static str, [ModelScore; HORIZONS.len()]>,
}

/// Name of the simulator's demand process among the models.
pub const OURS: &str = "demand process";

/// Why there is no backtest.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BacktestError {
    /// Training ends where there is nothing to learn from, or nothing left to forecast.
    #[error(
        "training until {asked} leaves {before} weeks to learn from and {after} to forecast; choose a date from {first} to {last}"
    )]
    Split {
        /// What was asked.
        asked: Date,
        /// Weeks before.
        before: usize,
        /// Weeks after.
        after: usize,
        /// Earliest date.
        first: Date,
        /// Latest date.
        last: Date,
    },
    /// The parameters could not be learnt.
    #[error(transparent)]
    Fit(#[from] FitError),
}

/// Fewest weeks to learn from, and to forecast.
const LEARNT_LEAST: usize = 26;
const FORECAST_LEAST: usize = 4;

impl Backtest {
    /// The model that lost least at a horizon; `None` where nothing was forecast.
    pub fn best(&self, horizon: usize) -> Option<&'static str> {
        let there = self.scores.iter().filter(|(_, scores)| scores[horizon].forecasts > 0);
        there.min_by(|(_, one), (_, other)| one[horizon].pinball.total_cmp(&other[horizon].pinball)).map(|(name, _)| *name)
    }

    /// How many weeks' forecasts of each horizon reach over a day.
    pub fn over(&self, day: Date) -> [usize; HORIZONS.len()] {
        let own = || self.forecasts.iter().filter(|one| one.model == OURS && one.reaches(day));
        HORIZONS.map(|horizon| own().filter(|one| one.horizon == horizon).count())
    }

    /// Whether the demand process lost less than every plain forecast at a horizon; `None` where nothing was forecast.
    pub fn better(&self, horizon: usize) -> Option<bool> {
        let own = self.scores.get(OURS)?[horizon];
        let rest = self.scores.iter().filter(|(name, _)| **name != OURS);
        (own.forecasts > 0).then(|| rest.map(|(_, scores)| scores[horizon].pinball).all(|other| own.pinball < other))
    }
}

/// Learns from the weeks up to `train_until` (two thirds of the series when `None`), then forecasts from every later week, each time
/// with the weeks up to it and the parameters that were learnt before.
///
/// # Errors
/// [`BacktestError`].
pub fn backtest(series: &Series, train_until: Option<Date>) -> Result<Backtest, BacktestError> {
    let weeks = &series.weeks;
    let learnt = match train_until {
        Some(date) => weeks.partition_point(|week| week.from <= date),
        None => weeks.len() * 2 / 3,
    };
    let after = weeks.len() - learnt;
    if learnt < LEARNT_LEAST || after < FORECAST_LEAST {
        let (first, last) = (weeks[LEARNT_LEAST - 1].from, weeks[weeks.len() - FORECAST_LEAST - 1].from);
        let asked = train_until.unwrap_or(last);
        return Err(BacktestError::Split { asked, before: learnt, after, first, last });
    }
    let training = Series { weeks: weeks[..learnt].to_vec(), ..series.clone() };
    let process = fit(&training)?;
    let forecasts = forecasts(series, learnt, process);
    let scores = MODELS.map(|model| (model, HORIZONS.map(|horizon| score(&forecasts, model, horizon))));
    Ok(Backtest { train_until: weeks[learnt - 1].from, learnt: process, forecasts, scores: scores.into() })
}

/// All models, ours first.
pub const MODELS: [&str; 4] = [OURS, Naive::ALL[0].name(), Naive::ALL[1].name(), Naive::ALL[2].name()];

/// What all models say from week `first - 1` on. A week from which one of them says nothing is left out, so that all are scored on the
/// same.
fn forecasts(series: &Series, first: usize, process: DemandProcess) -> Vec<Forecast> {
    let mut all = Vec::new();
    for horizon in HORIZONS {
        for at in first - 1..series.weeks.len() {
            let Some(outcome) = series.target(at, horizon) else { continue };
            let own = process.forecast(series, at, horizon).map(|said| (OURS, said));
            let plain = Naive::ALL.into_iter().map(|naive| Some((naive.name(), naive.forecast(series, at, horizon)?)));
            let Some(said) = std::iter::once(own).chain(plain).collect::<Option<Vec<_>>>() else { continue };
            let from = series.weeks[at].from + Duration::weeks(1);
            all.extend(said.into_iter().map(|(model, said)| Forecast { model, from, horizon, said, outcome }));
        }
    }
    all
}

/// Scores a model's forecasts of one horizon.
fn score(all: &[Forecast], model: &str, horizon: usize) -> ModelScore {
    let mut score = ModelScore::default();
    for Forecast { said, outcome, .. } in all.iter().filter(|one| one.model == model && one.horizon == horizon) {
        score.forecasts += 1;
        score.pinball += pinball(said, *outcome);
        score.in_50 += f64::from(u8::from(said[1] <= *outcome && *outcome <= said[3]));
        score.in_90 += f64::from(u8::from(said[0] <= *outcome && *outcome <= said[4]));
    }
    let each = 1.0 / (score.forecasts.max(1) as f64);
    ModelScore { pinball: score.pinball * each, in_50: score.in_50 * each, in_90: score.in_90 * each, ..score }
}

/// Mean pinball loss of a forecast over all levels.
pub(super) fn pinball(said: &Quantiles, outcome: f64) -> f64 {
    let loss = |(level, said): (&f64, &f64)| {
        let off = outcome - said;
        if off >= 0.0 { level * off } else { (level - 1.0) * off }
    };
    LEVELS.iter().zip(said).map(loss).sum::<f64>() / LEVELS.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Sample;

    #[test]
    fn pinball_is_the_mean_over_levels() {
        // Two above the forecast: 2 (0.05 + 0.25 + 0.5 + 0.75 + 0.95) / 5.
        assert!((pinball(&[0.0; 5], 2.0) - 1.0).abs() < 1e-12);
        assert!((pinball(&[0.0; 5], -2.0) - 1.0).abs() < 1e-12);
        // A band that holds the outcome costs only its width.
        assert!((pinball(&[-1.0, -0.5, 0.0, 0.5, 1.0], 0.0) - (0.05 + 0.125 + 0.125 + 0.05) / 5.0).abs() < 1e-12);
    }

    #[test]
    fn a_forecast_reaches_over_the_days_that_it_is_of() {
        let day = |day| Date::from_calendar_date(2025, time::Month::January, day).unwrap();
        let one = Forecast { model: OURS, from: day(6), horizon: 2, said: [0.0; 5], outcome: 0.0 };
        assert_eq!(one.until(), day(20));
        assert_eq!([5, 6, 19, 20].map(|at| one.reaches(day(at))), [false, true, true, false]);
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        assert_eq!(Sample::new([1.0, 2.0, 4.0]).at(0.5), 2.0);
        assert_eq!(Sample::new([1.0, 2.0, 4.0]).at(0.75), 3.0);
        assert_eq!(Sample::new([1.0]).at(0.95), 1.0);
    }
}
