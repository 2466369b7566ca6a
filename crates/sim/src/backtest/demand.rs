//! The simulator's demand process, as a forecast.
//!
//! Demand grows towards a ceiling and is shaken every week; what is counted in a week is demand in batches. With `d` the logarithm of
//! demand:
//!
//! ```text
//! d(t+1) = d(t) + g (1 - exp(d(t) - k)) + s e(t),        y(t) = exp(d(t) + b u(t) - b^2/2),        e, u normal
//! ```
//!
//! the growth of [`crate::scenario`]'s segments with its noise. The level at a week is the exponentially smoothed logarithm of what
//! was counted until then; demand lies `b^2/2` above it, since the logarithm of what comes in batches is that much lower in the middle.

use super::{Kind, LEVELS, Quantiles, Series};
use crate::{
    RunKey,
    chance::{Chance, Purpose},
    experiment::Sample,
};

/// Futures that a forecast looks at.
pub const PATHS: u32 = 400;

/// What is learnt of a series.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct DemandProcess {
    /// Growth a week far below the ceiling.
    pub growth: f64,
    /// Logarithm of the ceiling over the largest level that was learnt from.
    pub ceiling: f64,
    /// Standard deviation of a week's shock.
    pub shock: f64,
    /// Standard deviation of how batches spread what is counted in a week.
    pub batches: f64,
    /// How much of a new week the level takes, from 0 to 1.
    pub attention: f64,
    /// Largest level that was learnt from, as a logarithm.
    pub largest: f64,
}

impl DemandProcess {
    /// Level after week `at`.
    pub(super) fn level(&self, logs: &[f64], at: usize) -> f64 {
        logs[1..=at].iter().fold(logs[0], |level, log| level + self.attention * (log - level))
    }

    /// What it says at week `at` about `horizon` weeks ahead.
    pub fn forecast(&self, series: &Series, at: usize, horizon: usize) -> Option<Quantiles> {
        let level = self.level(&series.logs(), at);
        Some(self.from(level, series.kind, horizon, PATHS))
    }

    /// What it says from a level.
    pub(super) fn from(&self, level: f64, kind: Kind, horizon: usize, paths: u32) -> Quantiles {
        let ends = Sample::new((0..paths).map(|path| self.path(level, kind, horizon, path)));
        LEVELS.map(|part| ends.at(part))
    }

    /// One future. Two neighbours have opposite shocks, so that their middle is the middle.
    fn path(&self, level: f64, kind: Kind, horizon: usize, path: u32) -> f64 {
        let chance = Chance::new(RunKey { seed: 0, run: path / 2 });
        let side = if path.is_multiple_of(2) { 1.0 } else { -1.0 };
        let below = self.batches * self.batches / 2.0;
        let (mut demand, mut sum, mut last) = (level + below, 0.0, 0.0);
        for week in 0..horizon as u64 {
            let pull = 1.0 - libm::exp((demand - self.largest - self.ceiling).min(5.0));
            demand += self.growth * pull + self.shock * side * chance.normal(Purpose::Forecast, 0, week);
            let batch = self.batches * side * chance.normal(Purpose::Forecast, 1, week);
            last = demand + batch - below;
            sum += libm::exp(last);
        }
        match kind {
            Kind::Flow => libm::log(sum / horizon as f64),
            Kind::Stock => last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STILL: DemandProcess =
        DemandProcess { growth: 0.0, ceiling: 10.0, shock: 0.0, batches: 0.0, attention: 1.0, largest: 2.0 };

    #[test]
    fn without_growth_and_shocks_it_stays() {
        for said in STILL.from(1.5, Kind::Flow, 13, 10) {
            assert!((said - 1.5).abs() < 1e-12);
        }
    }

    /// What is counted in batches keeps its middle, and the mean of many weeks lies above it.
    #[test]
    fn batches_spread_around_what_was_counted() {
        let batched = DemandProcess { batches: 1.0, ..STILL };
        assert!((batched.from(1.5, Kind::Stock, 13, PATHS)[2] - 1.5).abs() < 1e-9);
        let mean = batched.from(1.5, Kind::Flow, 200, PATHS)[2];
        assert!((mean - 2.0).abs() < 0.1, "half of the square of the spread above it: {mean}");
    }

    #[test]
    fn growth_ends_at_the_ceiling() {
        let grows = DemandProcess { growth: 0.2, ceiling: 1.0, ..STILL };
        let far = grows.from(0.0, Kind::Stock, 200, 2)[2];
        assert!((far - 3.0).abs() < 1e-6, "{far}");
    }

    #[test]
    fn shocks_widen_with_the_horizon_and_batches_do_not() {
        let width = |process: DemandProcess, weeks| {
            let said = process.from(1.0, Kind::Stock, weeks, PATHS);
            said[4] - said[0]
        };
        let shaken = DemandProcess { shock: 0.1, ..STILL };
        let ratio = width(shaken, 16) / width(shaken, 4);
        assert!((1.7..2.3).contains(&ratio), "as the square root of time: {ratio}");
        let batched = DemandProcess { batches: 0.3, ..STILL };
        assert!((width(batched, 16) / width(batched, 4) - 1.0).abs() < 0.3);
    }
}
