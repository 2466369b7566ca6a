//! What a frame costs: score times time, over what a credit buys.
//!
//! In: a node's score, the time that it worked, the tier, what a credit is worth. Out: work and price, rounded down once each. Pure.

use depin_quantity::{QuantityError, Rounding, Span, mul_div};

/// Milliseconds of an hour.
const HOUR_MS: u128 = 3_600_000;

/// Work of a node: `floor(score * millis / 3600)`.
///
/// - Units: `score` in OctaneBench points, `worked` in milliseconds, the result in thousandths of an OctaneBench-hour.
/// - Rounding: down.
/// - Errors: [`QuantityError::TooLarge`] past 64 bits.
/// - Source: card RNDR-SV-1; Render knowledge base, pricing.
pub fn work_of(score: u32, worked: Span) -> Result<u64, QuantityError> {
    narrow(mul_div(score.into(), worked.get().into(), HOUR_MS / 1_000, Rounding::Down)?)
}

/// Price of work: `floor(work * credit / (1000 * per_credit))`.
///
/// - Units: `work` in thousandths of an OctaneBench-hour, `credit` in millionths of what frames are priced in (a dollar, where the file
///   counts in dollars), `per_credit` in OctaneBench-hours; the result as `credit`.
/// - Rounding: down, so that nothing is paid that was not worked for. What rounding leaves stays the artist's.
/// - Errors: [`QuantityError::TooLarge`] past 64 bits.
/// - Source: card RNDR-SV-1, which rounds a whole job up once, where this prices frame by frame.
pub fn price_of(work: u64, credit: u64, per_credit: u64) -> Result<u64, QuantityError> {
    narrow(mul_div(work.into(), credit.into(), u128::from(per_credit.max(1)) * 1_000, Rounding::Down)?)
}

fn narrow(value: u128) -> Result<u64, QuantityError> {
    u64::try_from(value).map_err(|_| QuantityError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 350 points for 100 s in tier 3, with a credit of 0.25: 9.722 OBh, a 200th of it in credits.
    #[test]
    fn a_frame_costs_score_times_hours_over_what_a_credit_buys() {
        let cases = [
            (350, 100_000, 200, 9_722, 12_152),
            (1_000, 9_000_000, 25, 2_500_000, 25_000_000),
            (500, 60_000, 100, 8_333, 20_832),
            (1, 3_599, 25, 0, 0),
            (1, 3_600, 25, 1, 10),
        ];
        for (score, ms, per, work, price) in cases {
            let found = work_of(score, Span::from_millis(ms)).unwrap();
            assert_eq!((found, price_of(found, 250_000, per).unwrap()), (work, price), "{score} points, {ms} ms, {per} a credit");
        }
        assert!(price_of(u64::MAX, u64::MAX, 1).is_err() && work_of(u32::MAX, Span::from_millis(u64::MAX)).is_err());
    }

    proptest! {
        /// Frames that are cut in two are never dearer than one, and by less than two steps cheaper.
        #[test]
        fn parts_of_a_frame_never_cost_more_than_the_whole(a in 0u64..1 << 40, b in 0u64..1 << 40, credit in 1u64..1 << 20, per in 1u64..1 << 20) {
            let whole = price_of(a + b, credit, per).unwrap();
            let parts = price_of(a, credit, per).unwrap() + price_of(b, credit, per).unwrap();
            prop_assert!(parts <= whole && whole <= parts + 1);
        }
    }
}
