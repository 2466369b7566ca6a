//! Logarithm and decay in fixed point to 2^-180: the same bits on every machine.
//!
//! In: ratios of whole numbers. Out: [`Int`]s in units of 2^-192.

use crate::{Int, QuantityError};

/// Fractional bits of [`ln`] and [`exp_neg`].
pub const LOG_BITS: usize = 192;
const BITS: usize = LOG_BITS;

type Result = std::result::Result<Int, QuantityError>;

/// `2 * atanh(p / q)` in units of 2^-192, for `0 <= p / q <= 1/3`: the odd series, every term cut.
fn twice_atanh(p: Int, q: Int) -> Result {
    let z = p.shl(BITS)?.div_floor(q)?;
    let square = z.times(z)?.shr(BITS);
    let (mut power, mut sum) = (z, Int::ZERO);
    for k in 0_u64..64 {
        sum = sum.plus(power.div_floor(Int::from(2 * k + 1))?)?;
        power = power.times(square)?.shr(BITS);
    }
    sum.shl(1)
}

/// ln 2 in units of 2^-192.
fn ln2() -> Result {
    twice_atanh(Int::from(1_u64), Int::from(3_u64))
}

/// The natural logarithm of `num / den`, both above zero, in units of 2^-192; within 2^-180 of the true value.
///
/// The quotient is scaled by a power of two to at least one and below two, where `ln m = 2 atanh((m - 1) / (m + 1))`.
///
/// # Errors
/// [`QuantityError::DivisionByZero`] when either is not above zero; [`QuantityError::TooLarge`] for numbers past 700 bits.
pub fn ln(num: Int, den: Int) -> Result {
    if num <= Int::ZERO || den <= Int::ZERO {
        return Err(QuantityError::DivisionByZero);
    }
    let mut exponent = num.bits() as i128 - den.bits() as i128;
    let scale = |value: Int, by: i128| value.shl(by.unsigned_abs() as usize);
    let (mut top, mut bottom) = if exponent >= 0 { (num, scale(den, exponent)?) } else { (scale(num, exponent)?, den) };
    if top < bottom {
        exponent -= 1;
        top = top.shl(1)?;
    }
    // Enough of both for the quotient; their difference is what counts, so it is taken before anything is cut.
    let spare = top.bits().saturating_sub(512);
    let (p, q) = (top.minus(bottom)?, top.plus(bottom)?);
    bottom = q.shr(spare);
    top = p.shr(spare);
    ln2()?.times(Int::from(exponent))?.plus(twice_atanh(top, bottom)?)
}

/// `e^-x` for `x >= 0` in units of 2^-192; within 2^-180 of the true value. Zero once it is below 2^-192.
///
/// # Errors
/// [`QuantityError::Negative`] of a negative `x`.
pub fn exp_neg(x: Int) -> Result {
    if x.is_negative() {
        return Err(QuantityError::Negative { from: 0, take: 0 });
    }
    let ln2 = ln2()?;
    let halvings = x.div_floor(ln2)?;
    let Ok(halvings) = usize::try_from(halvings.to_u128().unwrap_or(u128::MAX)) else { return Ok(Int::ZERO) };
    if halvings > BITS {
        return Ok(Int::ZERO);
    }
    let rest = x.minus(ln2.times(Int::from(halvings as u128))?)?;
    // e^rest by Taylor with eight guard bits, then its inverse.
    let unit = Int::power_of_two(BITS)?;
    let (mut term, mut sum) = (unit, unit);
    for k in 1_u64..60 {
        term = term.times(rest)?.shr(BITS).div_floor(Int::from(k))?;
        sum = sum.plus(term)?;
    }
    Ok(unit.shl(BITS)?.div_floor(sum)?.shr(halvings))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Units of 2^-192 as whole units of 10^-40, cut.
    fn places40(value: Int) -> String {
        let ten: Int = format!("1{}", "0".repeat(40)).parse().unwrap();
        value.times(ten).unwrap().shr(BITS).to_string()
    }

    #[test]
    fn logarithms_agree_with_known_digits() {
        let ln = |n: u64, d: u64| places40(ln(Int::from(n), Int::from(d)).unwrap());
        assert_eq!(ln(2, 1), "6931471805599453094172321214581765680755");
        assert_eq!(ln(10, 1), "23025850929940456840179914546843642076011");
        assert_eq!(ln(1, 1), "0");
        assert_eq!(ln(1, 2), "-6931471805599453094172321214581765680756");
    }

    #[test]
    fn decay_agrees_with_known_digits_and_ends_in_nothing() {
        let exp = |x: Int| places40(exp_neg(x).unwrap());
        assert_eq!(exp(Int::power_of_two(BITS).unwrap()), "3678794411714423215955237701614608674458");
        assert_eq!(exp(Int::ZERO), "10000000000000000000000000000000000000000");
        assert_eq!(exp_neg(Int::power_of_two(900).unwrap()), Ok(Int::ZERO));
        assert!(exp_neg(Int::from(-1_i128)).is_err());
    }
}
