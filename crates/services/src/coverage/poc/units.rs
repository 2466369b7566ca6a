//! What a beacon and its witnesses are worth by their number.
//!
//! Source: HIP-15; helium/oracles `iot_verifier/src/reward_share.rs`.

use depin_quantity::{Int, QuantityError};

/// Four places.
const FOUR: u64 = 10_000;

/// Reward units of the beaconer and of each of its witnesses, in parts of 10^4, a half to the even neighbour.
///
/// `target` witnesses are wanted; each further one adds `decay` (a fraction, at most one) of what the one before added.
///
/// # Errors
/// [`QuantityError::TooLarge`] when the powers of `decay` do not fit.
pub fn reward_units(witnesses: u32, target: u32, decay: (u64, u64)) -> Result<(Int, Int), QuantityError> {
    if witnesses == 0 || target == 0 {
        return Ok((Int::ZERO, Int::ZERO));
    }
    let (places, number) = (Int::from(FOUR), Int::from(u64::from(witnesses)));
    if witnesses <= target {
        let beaconer = places.times(number)?.div_half_even(Int::from(u64::from(target)))?;
        return Ok((beaconer, places));
    }
    let (mut top, mut bottom) = (Int::from(1_u64), Int::from(1_u64));
    for _ in target..witnesses {
        (top, bottom) = (top.times(Int::from(decay.0))?, bottom.times(Int::from(decay.1))?);
    }
    // With x = top / bottom: beaconer 2 - x, witness (target - (1 - x)) / n = (target - 1 + x) / n; neither above 2.
    let two = Int::from(2 * FOUR);
    let beaconer = bottom.shl(1)?.minus(top)?.times(places)?.div_half_even(bottom)?;
    let sum = bottom.times(Int::from(u64::from(target - 1)))?.plus(top)?.times(places)?;
    let witness = sum.div_half_even(bottom.times(number)?)?;
    Ok((beaconer.min(two), witness.min(two)))
}
