//! Who forecast better, over all weeks that nobody had seen.

use super::{DemandProcess, FitError, Series, fit, naive::Naive};
use std::collections::BTreeMap;
use time::Date;

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

/// A backtest's outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Backtest {
    /// The last week that was learnt from.
    pub train_until: Date,
    /// What was learnt.
    pub learnt: DemandProcess,
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
    let mut scores = BTreeMap::new();
    scores.insert(OURS, score(series, learnt, |at, horizon| process.forecast(series, at, horizon)));
    for naive in Naive::ALL {
        scores.insert(naive.name(), score(series, learnt, |at, horizon| naive.forecast(series, at, horizon)));
    }
    Ok(Backtest { train_until: weeks[learnt - 1].from, learnt: process, scores })
}

/// Scores the forecasts from week `first - 1` on.
fn score(series: &Series, first: usize, forecast: impl Fn(usize, usize) -> Option<Quantiles>) -> [ModelScore; HORIZONS.len()] {
    HORIZONS.map(|horizon| {
        let mut score = ModelScore::default();
        for at in first - 1..series.weeks.len() {
            let (Some(outcome), Some(said)) = (series.target(at, horizon), forecast(at, horizon)) else { continue };
            score.forecasts += 1;
            score.pinball += pinball(&said, outcome);
            score.in_50 += f64::from(u8::from(said[1] <= outcome && outcome <= said[3]));
            score.in_90 += f64::from(u8::from(said[0] <= outcome && outcome <= said[4]));
        }
        let each = 1.0 / (score.forecasts.max(1) as f64);
        ModelScore { pinball: score.pinball * each, in_50: score.in_50 * each, in_90: score.in_90 * each, ..score }
    })
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
    fn quantiles_lie_between_neighbours() {
        assert_eq!(Sample::new([1.0, 2.0, 4.0]).at(0.5), 2.0);
        assert_eq!(Sample::new([1.0, 2.0, 4.0]).at(0.75), 3.0);
        assert_eq!(Sample::new([1.0]).at(0.95), 1.0);
    }
}
