//! What an idle node is worth: the logarithms of its score, memory and age beside the mean, less for whoever has many.
//!
//! In: a node's figures and the means of all. Out: a score in thousandths. Pure, in whole numbers.
//!
//! Source: RNP-015; card RNDR-SV-2, which shares no code with this.

use depin_quantity::{Decimal18, Int, LOG_BITS, QuantityError, exp_neg, ln};

/// One, in parts of 10^12.
const ONE12: u128 = 1_000_000_000_000;

/// What counts of a node, or on the mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// OctaneBench points.
    pub score: u64,
    /// Memory in GB.
    pub memory_gb: u64,
    /// Days since it registered.
    pub age_days: u64,
}

/// `ln(x) / ln(mean)` in parts of 10^12, rounded down; nothing for `x` at or below one, and a mean below two counts as two.
fn ratio(x: u64, mean: u64) -> Result<Int, QuantityError> {
    if x <= 1 {
        return Ok(Int::ZERO);
    }
    let one = Int::from(1_u64);
    let (top, bottom) = (ln(Int::from(x), one)?, ln(Int::from(mean.max(2)), one)?);
    // One part more decides nothing but a quotient that is exact, as at the mean itself.
    top.plus(Int::from(1_u64 << 20))?.times(Int::from(ONE12))?.div_floor(bottom)
}

/// What one of an owner's `nodes` counts, in parts of 10^12: all of it up to `free`, then `exp(-decay * (nodes - free))`.
fn crowding(nodes: u64, free: u64, decay: Decimal18) -> Result<Int, QuantityError> {
    let more = nodes.saturating_sub(free);
    if more == 0 {
        return Ok(Int::from(ONE12));
    }
    let x = Int::from(decay.get()).times(Int::from(more))?.shl(LOG_BITS)?.div_floor(Int::from(Decimal18::ONE.get()))?;
    Ok(exp_neg(x)?.times(Int::from(ONE12))?.shr(LOG_BITS))
}

/// The score of a node that is idle all the time.
///
/// `(3 ln(score) / ln(mean score) + 3 ln(memory) / ln(mean memory) + ln(age) / ln(mean age)) * penalty(nodes)`; a node at all means scores 7.
///
/// - Units: thousandths.
/// - Rounding: down, in parts of 10^12, then once to thousandths.
/// - Errors: none is reachable: the logarithms of 64-bit numbers are below 45.
/// - Source: RNP-015; card RNDR-SV-2.
pub fn idle_score(own: Standing, mean: Standing, nodes: u64, free: u64, decay: Decimal18) -> Result<u64, QuantityError> {
    let three = Int::from(3_u64);
    let sum = ratio(own.score, mean.score)?.times(three)?.plus(ratio(own.memory_gb, mean.memory_gb)?.times(three)?)?;
    let sum = sum.plus(ratio(own.age_days, mean.age_days)?)?;
    let score = sum.times(crowding(nodes, free, decay)?)?.div_floor(Int::from(ONE12))?;
    u64::try_from(score.to_u128()? / 1_000_000_000).map_err(|_| QuantityError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of card RNDR-SV-2, whose idle part is taken off.
    #[test]
    fn scores_are_those_of_the_rule_card() {
        let decay = Decimal18::parse("0.65").unwrap();
        let mean = Standing { score: 500, memory_gb: 24, age_days: 300 };
        assert_eq!(idle_score(mean, mean, 1, 3, decay), Ok(7_000), "at all means");
        let small = Standing { score: 900, memory_gb: 8, age_days: 1 };
        // 0.571955168815 for 40 % of the time.
        assert_eq!(idle_score(small, mean, 5, 3, decay), Ok(1_429));
        let nothing = Standing { score: 1, memory_gb: 0, age_days: 0 };
        assert_eq!(idle_score(nothing, nothing, 1, 3, decay), Ok(0));
        assert_eq!(idle_score(mean, mean, 1_000_000, 3, decay), Ok(0), "a crowd on one wallet counts nothing");
    }
}
