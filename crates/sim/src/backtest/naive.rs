//! Plain forecasts that a model has to beat.
//!
//! Each has a centre; its bands are the empirical quantiles of the errors that the same centre made before, over all weeks from which
//! that horizon was over by then. So none of them sees what it is scored on.

use super::{LEVELS, Quantiles, Series};
use crate::experiment::Sample;

/// A plain forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naive {
    /// It stays as it is.
    LastValue,
    /// A straight line through the logarithms of the past year goes on.
    Trend,
    /// The median of the past half year.
    Median,
}

/// Weeks that a trend is drawn through, and that a median is taken of.
const TREND_WEEKS: usize = 52;
const MEDIAN_WEEKS: usize = 26;
/// Fewest weeks behind a forecast, and fewest errors behind its bands.
const WEEKS_LEAST: usize = 8;
const ERRORS_LEAST: usize = 5;

impl Naive {
    pub(super) const ALL: [Self; 3] = [Self::LastValue, Self::Trend, Self::Median];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::LastValue => "last value",
            Self::Trend => "trend",
            Self::Median => "median",
        }
    }

    /// What it says at week `at` about `horizon` weeks ahead; `None` before there are errors to take bands from.
    pub(super) fn forecast(self, series: &Series, at: usize, horizon: usize) -> Option<Quantiles> {
        let logs = series.logs();
        let errors = (WEEKS_LEAST..=at.checked_sub(horizon)?)
            .filter_map(|from| Some(series.target(from, horizon)? - self.centre(&logs[..=from], horizon)));
        let errors = Sample::new(errors);
        if errors.len() < ERRORS_LEAST {
            return None;
        }
        let centre = self.centre(&logs[..=at], horizon);
        Some(LEVELS.map(|level| centre + errors.at(level)))
    }

    fn centre(self, past: &[f64], horizon: usize) -> f64 {
        let last = |weeks: usize| &past[past.len().saturating_sub(weeks)..];
        match self {
            Self::LastValue => past[past.len() - 1],
            Self::Median => Sample::new(last(MEDIAN_WEEKS).iter().copied()).at(0.5),
            Self::Trend => line(last(TREND_WEEKS), horizon),
        }
    }
}

/// Value of the least-squares line `ahead` weeks behind the last number.
fn line(past: &[f64], ahead: usize) -> f64 {
    let n = past.len() as f64;
    let (middle, mean) = ((n - 1.0) / 2.0, past.iter().sum::<f64>() / n);
    let (mut rise, mut run) = (0.0, 0.0);
    for (week, value) in past.iter().enumerate() {
        let off = week as f64 - middle;
        rise += off * (value - mean);
        run += off * off;
    }
    mean + rise / run.max(f64::MIN_POSITIVE) * (middle + ahead as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_on() {
        let past: Vec<f64> = (0..10).map(|week| 3.0 + 0.5 * f64::from(week)).collect();
        assert!((line(&past, 4) - (3.0 + 0.5 * 13.0)).abs() < 1e-12);
        assert!((Naive::Trend.centre(&past, 4) - 9.5).abs() < 1e-12);
        assert_eq!(Naive::LastValue.centre(&past, 4), 7.5);
        assert_eq!(Naive::Median.centre(&past, 4), 5.25);
    }
}
