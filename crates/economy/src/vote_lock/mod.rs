//! Vote-escrow locks: tokens locked for a time weigh by the time that is left, are delegated, and earn.
//!
//! In: actions of holders; income of pools that locks share. Out: weights at the starts of periods, for pools and for scores; tokens
//! between wallets, the kind's account and pools.
//!
//! No scan, no job per lock. The weight of all locks is a line in time, `level + ends - fall * t`, kept as exact integers; what stops
//! counting is noted under its last period, and taken out of the line when that is over. A period's income goes into two accumulators,
//! its part per numerator, and the same times the period's start: a falling lock accrued
//! `slope * (end * growth of the first - growth of the second)`. All in 2^-120 base units and modulo 2^256, where every true result fits.
//! A change counts from the next period on. The accumulators of a period in which a lock begins or stops counting are remembered until
//! the lock is settled.
//!
//! Deviations from the programs whose rules these are: pools are shared by weights that are not rounded to base units (at most one
//! base unit of weight per lock); locks need not be whole days.

mod earn;
mod hold;
mod rows;
mod sums;

pub use rows::{At, Left, LockEndingRow, LockHistoryRow, LockOfRow, LockPoolRow, LockRow, LockSumRow, Owed, Segment};
pub use sums::lock_sum;

use crate::params::LockRule;
use depin_quantity::{Instant, Name, QuantityError, Rounding, Units};

/// The sums' name for locks that are not delegated.
pub const NOWHERE: Name = Name::literal("-");

/// Fractional bits of a lock's income.
pub const BITS: usize = 120;

/// Whole seconds of ledger time since 1970, down.
pub const fn seconds(at: Instant) -> u64 {
    at.get() / 1_000
}

/// The weight of `amount` with the longest time left: `floor(amount * most_times / 10^9)`.
///
/// - Units: base units of the token, as weight.
/// - Rounding: down.
/// - Source: helium-program-library `programs/voter-stake-registry/src/state/voting_mint_config.rs`, apply factor.
pub fn full_weight(amount: Units, most_times: u64) -> Result<Units, QuantityError> {
    amount.mul_div(most_times.into(), 1_000_000_000, Rounding::Down)
}

/// A lock's weight: `floor(full * min(left, longest) / longest) * bonus`.
///
/// - Units: seconds; base units of the token, as weight.
/// - Rounding: down, before the bonus.
/// - Source: helium-program-library `programs/voter-stake-registry/src/state/position.rs`, voting power (facts: baseline 0, 100 times,
///   1,460 days, bonus 3); HIP-76.
pub fn lock_weight(full: Units, left: u64, longest: u64, bonus: u64) -> Result<Units, QuantityError> {
    full.mul_div(left.min(longest).into(), longest.into(), Rounding::Down)?.times(bonus.into())
}

impl LockRow {
    /// Seconds left at `now`, in seconds.
    pub fn left(&self, now: u64) -> u64 {
        self.ends.map_or(self.length, |ends| ends.saturating_sub(now))
    }

    /// Its weight at `now`, in seconds. Nothing once it is over or emptied.
    pub fn weight(&self, rule: &LockRule, now: u64) -> Result<Units, QuantityError> {
        if self.amount.is_zero() {
            return Ok(Units::ZERO);
        }
        let bonus = if now < self.bonus_until { self.bonus } else { 1 };
        lock_weight(Units::new(self.extra), self.left(now), rule.longest.get() / 1_000, bonus)
    }
}
