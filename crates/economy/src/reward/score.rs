//! Scores: how a group of pools shares what the other pools of its token leave.
//!
//! In: votes (locks delegated to a scope, or a gauge), what was paid for a scope and what takes part in it (gauges). Out: a score or
//! a smoothed share per pool, taken once per period, and the group's amount split by it. What rounding leaves joins the group's next
//! period.

use crate::{
    Refusal, Spec,
    params::{Score, ScoreRule},
    reward::rows::{GaugeRow, ScoreRow},
    session::work::Work,
    time::clock::clock_row,
};
use depin_quantity::{Measured, Name, QuantityError, Rounding, Units, fourth_root_12, mul_div_u256, square_root_12};
use ruint::aliases::U256;

/// One, with the 12 places of scores.
const ONE: u128 = 1_000_000_000_000;

/// The whole of a smoothed share.
pub const SHARE_WHOLE: u32 = u32::MAX;

/// The gauge of votes where no lock says them.
const VOTES: Name = Name::literal("votes");

/// A sub-network's score: `V * D * A`.
///
/// `V = max(1, votes / votes_per)`, `D = max(1, sqrt(used / used_per))`, `A = max(1, fourth root of active / active_per)`; a figure
/// that is not given counts as one.
///
/// - Units: parts of 10^12.
/// - Rounding: every factor and product down. Deviation: upstream takes the roots as exp(ln x / 2) in fixed point; these are exact.
/// - Source: helium-program-library `programs/helium-sub-daos`, calculate utility score, before HIP-141; HIP-51, HIP-88.
///
/// # Errors
/// [`QuantityError`] for a divisor of zero, or a product past 128 bits.
pub fn utility_score(
    votes: (u128, u128),
    used: Option<(u128, u128)>,
    active: Option<(u128, u128)>,
) -> Result<u128, QuantityError> {
    let v = depin_quantity::mul_div(votes.0, ONE, votes.1, Rounding::Down)?.max(ONE);
    let d = used.map_or(Ok(ONE), |(x, per)| square_root_12(x, per))?.max(ONE);
    let a = active.map_or(Ok(ONE), |(x, per)| fourth_root_12(x, per))?.max(ONE);
    let product = depin_quantity::mul_div(v, d, ONE, Rounding::Down)?;
    depin_quantity::mul_div(product, a, ONE, Rounding::Down)
}

/// A share that moves by a thirtieth towards the share of votes: `floor((29 * before * sum + votes * (2^32 - 1)) / (30 * sum))`.
///
/// - Units: parts of 2^32 - 1.
/// - Rounding: down, once. Without any votes it stays.
/// - Source: HIP-141; helium-program-library `programs/helium-sub-daos`, calculate utility score.
pub fn smoothed_share(before: u32, votes: u128, sum: u128) -> u32 {
    if sum == 0 {
        return before;
    }
    let (sum, whole) = (U256::from(sum), U256::from(SHARE_WHOLE));
    let moved = (U256::from(29u8) * U256::from(before) * sum + U256::from(votes) * whole) / (U256::from(30u8) * sum);
    u32::try_from(moved).unwrap_or(SHARE_WHOLE)
}

impl Work<'_> {
    /// Takes the scores of the groups that pay by `clock` for a period that ends, and empties the gauges of what was paid in it.
    pub fn take_scores(&mut self, spec: &Spec, clock: Name, period: u64) -> Result<(), Refusal> {
        let own =
            |rule: &&ScoreRule| rule.pools.first().and_then(|pool| spec.pool(*pool)).is_some_and(|pool| pool.clock == clock);
        for (group, rule) in spec.scores().iter().filter(|(_, rule)| own(rule)) {
            let scores = self.scores(spec, rule, clock, period)?;
            self.note_scores(*group, rule, &scores);
            if let Some((gauge, _)) = rule.used {
                for scope in &rule.scopes {
                    self.state.delete::<GaugeRow>(&(*scope, gauge));
                }
            }
        }
        Ok(())
    }

    fn scores(&self, spec: &Spec, rule: &ScoreRule, clock: Name, period: u64) -> Result<Vec<u128>, Refusal> {
        let mut scores = Vec::with_capacity(rule.scopes.len());
        for scope in &rule.scopes {
            let votes = match rule.lock {
                Some(lock) => {
                    let own = spec.lock(lock).map_or(clock, |lock| lock.clock);
                    let period = if own == clock { period } else { clock_row(self.state.as_read(), own).next };
                    self.lock_weight(lock, Some(*scope), period)
                }
                None => self.gauge(*scope, VOTES),
            };
            let figure = |of: Option<(Name, u128)>| of.map(|(gauge, per)| (self.gauge(*scope, gauge).get(), per));
            scores.push(match rule.score {
                Score::Utility => utility_score((votes.get(), rule.votes_per), figure(rule.used), figure(rule.active))?,
                Score::Locked => votes.get(),
            });
        }
        Ok(scores)
    }

    fn note_scores(&mut self, group: Name, rule: &ScoreRule, scores: &[u128]) {
        let sum = scores.iter().fold(0u128, |sum, score| sum.saturating_add(*score));
        let known: Vec<Option<ScoreRow>> = rule.pools.iter().map(|pool| self.state.get(&(group, *pool))).collect();
        let first = known.iter().all(Option::is_none);
        let equal = SHARE_WHOLE / u32::try_from(rule.pools.len().max(1)).unwrap_or(1);
        for ((pool, score), row) in rule.pools.iter().zip(scores).zip(known) {
            let before = row.as_ref().map_or(if first { equal } else { 0 }, |row| row.share);
            let share = match rule.score {
                Score::Locked => smoothed_share(before, *score, sum),
                Score::Utility => smoothed_share(0, score.saturating_mul(30), sum),
            };
            let carry_over = row.map_or(Units::ZERO, |row| row.carry_over);
            self.state.put(&(group, *pool), &ScoreRow { score: *score, share, carry_over });
        }
    }

    /// Splits a group's amount, with what its last period left, by score or by smoothed share; the rest is carried.
    ///
    /// `floor(amount * score / sum of scores)`, or `floor(amount * share / (2^32 - 1))`.
    pub fn split_by_score(&mut self, spec: &Spec, group: Name, amount: Units) -> Result<Vec<(Name, Units)>, Refusal> {
        let Some(rule) = spec.score(group) else { return Ok(Vec::new()) };
        let rows: Vec<ScoreRow> = rule.pools.iter().filter_map(|pool| self.state.get(&(group, *pool))).collect();
        let carry_over = rows.last().map_or(Units::ZERO, |row| row.carry_over);
        let whole = amount.plus(carry_over)?;
        let sum = rows.iter().fold(U256::ZERO, |sum, row| sum + U256::from(row.score));
        let mut parts = Vec::with_capacity(rows.len());
        let mut left = whole;
        for (pool, row) in rule.pools.iter().zip(&rows) {
            let part = match rule.score {
                Score::Utility if sum.is_zero() => 0,
                Score::Utility => mul_div_u256(whole.get(), U256::from(row.score), sum, Rounding::Down)?,
                Score::Locked => depin_quantity::mul_div(whole.get(), row.share.into(), SHARE_WHOLE.into(), Rounding::Down)?,
            };
            let part = Units::new(part).min(left);
            left = left.minus(part)?;
            parts.push((*pool, part));
        }
        if let (Some(pool), Some(row)) = (rule.pools.last(), rows.last()) {
            self.state.put(&(group, *pool), &ScoreRow { carry_over: left, ..row.clone() });
        }
        Ok(parts)
    }

    /// A named value of a scope; nothing when nobody set it.
    pub fn gauge(&self, scope: Name, name: Name) -> Measured {
        self.state.get::<GaugeRow>(&(scope, name)).map_or(Measured::ZERO, |row| row.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_score_is_the_product_of_its_roots() {
        // 250 veHNT, 4,000,000 credits (40 dollars), 16 * 10^5 of fees: 250 * sqrt(40) * 2.
        let score = utility_score((25_000_000_000, 100_000_000), Some((4_000_000, 100_000)), Some((1_600_000, 100_000)));
        assert_eq!(score, Ok(3_162_277_660_168_000));
        assert_eq!(utility_score((0, 1), Some((0, 100_000)), None), Ok(ONE));
        assert!(utility_score((1, 0), None, None).is_err());
    }

    #[test]
    fn a_share_moves_by_a_thirtieth() {
        let half = SHARE_WHOLE / 2;
        assert_eq!(smoothed_share(half, 0, 100), u32::try_from(u64::from(half) * 29 / 30).unwrap());
        assert_eq!(smoothed_share(half, 7, 0), half);
        assert_eq!(smoothed_share(SHARE_WHOLE, 5, 5), SHARE_WHOLE);
    }

    proptest! {
        #[test]
        fn shares_never_pass_the_whole(a in any::<u32>(), x in any::<u64>(), y in any::<u64>()) {
            let sum = u128::from(x) + u128::from(y);
            let (p, q) = (smoothed_share(a, x.into(), sum), smoothed_share(SHARE_WHOLE - a, y.into(), sum));
            prop_assert!(u64::from(p) + u64::from(q) <= u64::from(SHARE_WHOLE));
        }
    }
}
