//! Emission: what each period mints, as functions of the period's number.
//!
//! In: a schedule and a number of periods. Out: the cumulative amount, rounded once, so that periods telescope exactly. Absent on
//! purpose: time and parameter versions (`schedule`), who gets it (`close`), inflation, which has no schedule.

use crate::{Schedule, Spec, params::Emission};
use depin_quantity::{Instant, Name, Rounding, Units, geometric_sum, half_decay};

impl Emission {
    /// What the schedule has given when `n` periods are over. Period `n` gives `M(n + 1) - M(n)`.
    ///
    /// - `half-life`: `M(n) = floor(total * (1 - 2^(-n / half_life)))`. Source: document, six-year half-life; Filecoin
    ///   specification, block reward minting, simple minting with `lambda = ln 2 / (6 * 365 days)`. The decay is exact to 2^-120.
    /// - `table`: what the rows before give, and of the row in progress `floor(amount * j / periods)` after `j` of its periods.
    ///   Source: HIP-20 (targets by year), RNP-001 and RNP-003 (years in equal months).
    /// - `decline`: [`geometric_sum`]. Source: io.net documentation, token emission schedule.
    /// - `flat`: `floor(amount * min(n, periods) / periods)`.
    /// - `inflation` has no schedule: nothing. [`crate::Inflation::run`] steps it.
    ///
    /// - Units: base units of the token; `n` in periods of the emission's clock, counted from its origin.
    /// - Rounding: down, once, on the sum.
    pub fn scheduled(&self, n: u64) -> Units {
        let fits = "a part of an amount fits where the amount does";
        match self {
            Self::HalfLife { total, half_life, .. } => {
                let left = half_decay(n, *half_life).expect("the parser refuses a half-life of no periods");
                left.complement().of(*total, Rounding::Down).expect(fits)
            }
            Self::Table { rows, .. } => {
                let row = rows.partition_point(|row| row.start <= n).checked_sub(1).and_then(|i| rows.get(i));
                row.map_or(Units::ZERO, |row| {
                    let passed = (n - row.start).min(row.periods);
                    let given = row.amount.mul_div(passed.into(), row.periods.into(), Rounding::Down).expect(fits);
                    row.before.plus(given).expect("the parser summed the rows")
                })
            }
            Self::Decline { base, rate, less, periods, .. } => {
                geometric_sum(*base, *rate, *less, n.min(*periods)).unwrap_or(Units::new(u128::MAX))
            }
            Self::Flat { amount, periods, .. } => {
                amount.mul_div(n.min(*periods).into(), (*periods).into(), Rounding::Down).expect(fits)
            }
            Self::Inflation(_) => Units::ZERO,
        }
    }
}

/// What a pool's part of its emission has come to when `n` periods of its clock are over, in a network whose clocks begin together
/// and which has no changes; see [`Schedule`] for one that started at a date.
pub fn pool_scheduled(spec: &Spec, pool: Name, n: u64) -> Units {
    Schedule::new(spec, Instant::new(0)).scheduled(pool, n)
}

/// What one period gives a pool; as [`pool_scheduled`].
pub fn period_reward(spec: &Spec, pool: Name, period: u64) -> Units {
    Schedule::new(spec, Instant::new(0)).reward(pool, period)
}
