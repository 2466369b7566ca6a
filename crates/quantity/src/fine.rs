//! Small fractions with many places, and their powers in fixed point: the same bits on every machine.

use crate::{Fixed127, ParseError, QuantityError, Rounding, Units, amount::parse_decimal};
use ruint::{Uint, aliases::U256};

/// A number with 30 places, for rates that are published with more than 18.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal30(u128);

impl Decimal30 {
    /// One.
    pub const ONE: Self = Self(1_000_000_000_000_000_000_000_000_000_000);

    /// Wraps parts of 10^30.
    pub const fn new(parts: u128) -> Self {
        Self(parts)
    }

    /// Parts of 10^30.
    pub const fn get(self) -> u128 {
        self.0
    }

    /// Reads decimal text with at most 30 places.
    ///
    /// # Errors
    /// [`ParseError`] for anything but digits with a point, or past 340 millions.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse_decimal(text, 30)
            .map(Self)
            .ok_or_else(|| ParseError::new(text, "a decimal number with at most 30 places", "\"0.0000138869523959793\""))
    }
}

fn multiply(a: u128, b: u128) -> u128 {
    let product: U256 = U256::from(a) * U256::from(b);
    (product >> 127usize).wrapping_to()
}

/// `(1 - less)^n`, rounded down, exact to `(n + 2) * 2^-126`.
///
/// By squaring over parts of 2^127, every product truncated: an integer operation on every machine, and never above the true
/// value.
///
/// # Errors
/// [`QuantityError::TooLarge`] when `less` is above one.
pub fn power_of_rest(less: Decimal30, n: u64) -> Result<Fixed127, QuantityError> {
    let rest = Decimal30::ONE.0.checked_sub(less.0).ok_or(QuantityError::TooLarge)?;
    let one = Fixed127::ONE.get();
    if rest == Decimal30::ONE.0 || n == 0 {
        return Ok(Fixed127::ONE);
    }
    let parts: U256 = (U256::from(rest) << 127usize) / U256::from(Decimal30::ONE.0);
    let (mut base, mut result, mut left) = (parts.wrapping_to::<u128>(), one, n);
    while left > 0 {
        if left & 1 == 1 {
            result = multiply(result, base);
        }
        base = multiply(base, base);
        left >>= 1;
    }
    Ok(Fixed127::from_parts(result))
}

/// The sum of the first `n` terms of `base * rate * (1 - less)^(t - 1)`, t from 1.
///
/// `S(n) = base * rate * (1 - (1 - less)^n) / less`, rounded down once; `base * rate * n` when `less` is zero.
///
/// - Units: base units; `rate` and `less` per period.
/// - Exactness: the power errs by less than `(n + 2) * 2^-126`, so the sum is the true floor unless its fraction comes within
///   `base * rate / less * (n + 2) * 2^-126` of the next whole unit.
/// - Source: io.net documentation, token emission schedule, hourly: rate and reduction of the rate per hour.
///
/// # Errors
/// [`QuantityError::TooLarge`] when `less` is above one or the sum past 128 bits.
pub fn geometric_sum(base: Units, rate: Decimal30, less: Decimal30, n: u64) -> Result<Units, QuantityError> {
    type U512 = Uint<512, 8>;
    let scale = U512::from(Decimal30::ONE.0);
    let first = U512::from(base.get()) * U512::from(rate.0);
    let sum = if less.0 == 0 {
        first * U512::from(n) / scale
    } else {
        let given = power_of_rest(less, n)?.complement();
        // Both are parts of 10^30, which cancel; the fraction is parts of 2^127.
        (first * U512::from(given.get()) / U512::from(less.0)) >> 127usize
    };
    u128::try_from(sum).map(Units::new).map_err(|_| QuantityError::TooLarge)
}

/// The floor of the square root of `x / per`, with 12 places.
///
/// - Units: parts of 10^12.
/// - Rounding: down, exactly.
///
/// # Errors
/// [`QuantityError::DivisionByZero`] when `per` is zero.
pub fn square_root_12(x: u128, per: u128) -> Result<u128, QuantityError> {
    // floor(sqrt(x / per) * 10^12) = floor(sqrt(floor(x * 10^24 / per))).
    root(x, per, U256::from(10u128.pow(24))).map(|r| r.wrapping_to())
}

/// The floor of the fourth root of `x / per`, with 12 places.
///
/// # Errors
/// As [`square_root_12`].
pub fn fourth_root_12(x: u128, per: u128) -> Result<u128, QuantityError> {
    // The floor of the root of a floor is the floor of the root: taken twice, with 48 places below.
    if per == 0 {
        return Err(QuantityError::DivisionByZero);
    }
    type U512 = Uint<512, 8>;
    let scaled: U512 = U512::from(x) * U512::from(10).pow(U512::from(48)) / U512::from(per);
    Ok(scaled.root(4).wrapping_to())
}

fn root(x: u128, per: u128, scale: U256) -> Result<U256, QuantityError> {
    if per == 0 {
        return Err(QuantityError::DivisionByZero);
    }
    Ok((U256::from(x) * scale / U256::from(per)).root(2))
}

/// `amount * num / den` where the product may pass 256 bits.
///
/// # Errors
/// [`QuantityError::DivisionByZero`], and [`QuantityError::TooLarge`] past 128 bits.
pub fn mul_div_u256(amount: u128, num: U256, den: U256, rounding: Rounding) -> Result<u128, QuantityError> {
    type U512 = Uint<512, 8>;
    if den.is_zero() {
        return Err(QuantityError::DivisionByZero);
    }
    let wide = |x: U256| {
        U512::from_limbs({
            let mut limbs = [0; 8];
            limbs[..4].copy_from_slice(x.as_limbs());
            limbs
        })
    };
    let (quotient, rest) = (U512::from(amount) * wide(num)).div_rem(wide(den));
    let up = rounding == Rounding::Up && !rest.is_zero();
    let quotient = u128::try_from(quotient).map_err(|_| QuantityError::TooLarge)?;
    quotient.checked_add(u128::from(up)).ok_or(QuantityError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: &str = "0.000009132420091324200";
    const LESS: &str = "0.000013886952395979300";

    /// Published: hours 1 to 3 give 4,566.21, 4,566.15 and 4,566.08 of 500 million; 175,319 hours give 300 million.
    #[test]
    fn the_published_hours_come_out() {
        let (rate, less) = (Decimal30::parse(RATE).unwrap(), Decimal30::parse(LESS).unwrap());
        let sum = |n| geometric_sum(Units::new(500_000_000 * 100_000_000), rate, less, n).unwrap().get();
        let hundredths = |n| (sum(n) - sum(n - 1) + 500_000) / 1_000_000;
        assert_eq!([1, 2, 3].map(hundredths), [456_621, 456_615, 456_608]);
        // 60-digit arithmetic of an independent program, in base units of 8 places.
        for (n, expected) in [
            (1u64, 456_621_004_566u128),
            (8_760, 3_766_298_066_331_321),
            (87_600, 23_139_763_512_856_905),
            (175_319, 30_000_000_000_044_090),
        ] {
            assert_eq!(sum(n), expected, "after {n} hours");
        }
    }

    #[test]
    fn nothing_less_is_a_line_and_all_of_it_is_one_term() {
        let rate = Decimal30::parse("0.01").unwrap();
        assert_eq!(geometric_sum(Units::new(1_000), rate, Decimal30::new(0), 7), Ok(Units::new(70)));
        assert_eq!(geometric_sum(Units::new(1_000), rate, Decimal30::ONE, 7), Ok(Units::new(10)));
        assert_eq!(power_of_rest(Decimal30::new(Decimal30::ONE.get() + 1), 1), Err(QuantityError::TooLarge));
    }

    proptest! {
        #[test]
        fn roots_are_floors(x in any::<u128>(), per in 1u128..1_000_000) {
            let r = square_root_12(x, per).unwrap();
            let wide = |n: u128| Uint::<512, 8>::from(n);
            let target = wide(x) * wide(10u128.pow(24)) / wide(per);
            prop_assert!(wide(r) * wide(r) <= target && target < wide(r + 1) * wide(r + 1));
            let q = fourth_root_12(x, per).unwrap();
            let fourth = |n: u128| wide(n).pow(wide(4));
            let target = wide(x) * wide(10).pow(wide(48)) / wide(per);
            prop_assert!(fourth(q) <= target && target < fourth(q + 1));
        }

        #[test]
        fn sums_never_fall(n in 0u64..200_000) {
            let (rate, less) = (Decimal30::parse(RATE).unwrap(), Decimal30::parse(LESS).unwrap());
            let sum = |n| geometric_sum(Units::new(50_000_000_000_000_000), rate, less, n).unwrap();
            prop_assert!(sum(n) <= sum(n + 1));
        }
    }
}
