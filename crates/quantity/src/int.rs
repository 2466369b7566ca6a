//! Signed whole numbers of up to 1,024 bits, for formulas whose steps pass 128 bits.

use crate::{ParseError, QuantityError};
use ruint::Uint;
use std::{cmp::Ordering, fmt, str::FromStr};

type Magnitude = Uint<1024, 16>;

/// A signed whole number; its magnitude stays below 2^1024, and every operation that would leave that range is an error.
///
/// Shifts and divisions say which way they round, because upstream's fixed-point rules hang on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Int {
    negative: bool,
    magnitude: Magnitude,
}

impl Int {
    /// Nothing.
    pub const ZERO: Self = Self { negative: false, magnitude: Magnitude::ZERO };

    fn new(negative: bool, magnitude: Magnitude) -> Self {
        Self { negative: negative && !magnitude.is_zero(), magnitude }
    }

    /// Two to the power of `bits`.
    ///
    /// # Errors
    /// [`QuantityError::TooLarge`] from 1,024 on.
    pub fn power_of_two(bits: usize) -> Result<Self, QuantityError> {
        Self::from(1_u64).shl(bits)
    }

    /// Whether it is below zero.
    pub const fn is_negative(self) -> bool {
        self.negative
    }

    /// Whether it is zero.
    pub fn is_zero(self) -> bool {
        self.magnitude.is_zero()
    }

    /// Bits of its magnitude; none for zero.
    pub fn bits(self) -> usize {
        self.magnitude.bit_len()
    }

    /// The same magnitude with the other sign.
    pub fn negated(self) -> Self {
        Self::new(!self.negative, self.magnitude)
    }

    /// Its magnitude.
    pub fn absolute(self) -> Self {
        Self::new(false, self.magnitude)
    }

    /// Adds.
    ///
    /// # Errors
    /// [`QuantityError::TooLarge`] past 1,024 bits.
    pub fn plus(self, other: Self) -> Result<Self, QuantityError> {
        if self.negative == other.negative {
            let sum = self.magnitude.checked_add(other.magnitude).ok_or(QuantityError::TooLarge)?;
            return Ok(Self::new(self.negative, sum));
        }
        Ok(if self.magnitude >= other.magnitude {
            Self::new(self.negative, self.magnitude - other.magnitude)
        } else {
            Self::new(other.negative, other.magnitude - self.magnitude)
        })
    }

    /// Subtracts.
    ///
    /// # Errors
    /// [`QuantityError::TooLarge`] past 1,024 bits.
    pub fn minus(self, other: Self) -> Result<Self, QuantityError> {
        self.plus(other.negated())
    }

    /// Multiplies.
    ///
    /// # Errors
    /// [`QuantityError::TooLarge`] past 1,024 bits.
    pub fn times(self, other: Self) -> Result<Self, QuantityError> {
        let product = self.magnitude.checked_mul(other.magnitude).ok_or(QuantityError::TooLarge)?;
        Ok(Self::new(self.negative != other.negative, product))
    }

    /// Divides, rounding towards minus infinity.
    ///
    /// # Errors
    /// [`QuantityError::DivisionByZero`].
    pub fn div_floor(self, den: Self) -> Result<Self, QuantityError> {
        if den.is_zero() {
            return Err(QuantityError::DivisionByZero);
        }
        let (quotient, rest) = self.magnitude.div_rem(den.magnitude);
        let negative = self.negative != den.negative;
        // One unit past the quotient cannot overflow: a remainder means that the divisor is at least two.
        let quotient = if negative && !rest.is_zero() { quotient + Magnitude::ONE } else { quotient };
        Ok(Self::new(negative, quotient))
    }

    /// Divides, rounding towards zero.
    ///
    /// # Errors
    /// [`QuantityError::DivisionByZero`].
    pub fn div_trunc(self, den: Self) -> Result<Self, QuantityError> {
        if den.is_zero() {
            return Err(QuantityError::DivisionByZero);
        }
        Ok(Self::new(self.negative != den.negative, self.magnitude / den.magnitude))
    }

    /// Divides, rounding to the nearest, a half to the even neighbour.
    ///
    /// # Errors
    /// [`QuantityError::DivisionByZero`].
    pub fn div_half_even(self, den: Self) -> Result<Self, QuantityError> {
        if den.is_zero() {
            return Err(QuantityError::DivisionByZero);
        }
        let (quotient, rest) = self.magnitude.div_rem(den.magnitude);
        let above = match rest.cmp(&(den.magnitude - rest)) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => quotient.bit(0),
        };
        let quotient = if above { quotient + Magnitude::ONE } else { quotient };
        Ok(Self::new(self.negative != den.negative, quotient))
    }

    /// Multiplies by a power of two.
    ///
    /// # Errors
    /// [`QuantityError::TooLarge`] past 1,024 bits.
    #[allow(clippy::should_implement_trait, reason = "the operator cannot refuse")]
    pub fn shl(self, bits: usize) -> Result<Self, QuantityError> {
        if !self.is_zero() && self.bits().checked_add(bits).is_none_or(|all| all > 1024) {
            return Err(QuantityError::TooLarge);
        }
        Ok(Self::new(self.negative, if self.is_zero() { self.magnitude } else { self.magnitude << bits }))
    }

    /// Divides by a power of two, rounding towards minus infinity: an arithmetic shift.
    #[allow(clippy::should_implement_trait, reason = "the name says less than this does: it rounds down on both sides of zero")]
    pub fn shr(self, bits: usize) -> Self {
        if bits >= 1024 {
            return if self.negative { Self::new(true, Magnitude::ONE) } else { Self::ZERO };
        }
        let shifted = self.magnitude >> bits;
        let lost = self.negative && (shifted << bits) != self.magnitude;
        Self::new(self.negative, if lost { shifted + Magnitude::ONE } else { shifted })
    }

    /// As an unsigned number of 128 bits.
    ///
    /// # Errors
    /// [`QuantityError::TooLarge`] below zero or past 128 bits.
    pub fn to_u128(self) -> Result<u128, QuantityError> {
        if self.negative {
            return Err(QuantityError::TooLarge);
        }
        u128::try_from(self.magnitude).map_err(|_| QuantityError::TooLarge)
    }
}

impl From<u64> for Int {
    fn from(value: u64) -> Self {
        Self::new(false, Magnitude::from(value))
    }
}

impl From<u128> for Int {
    fn from(value: u128) -> Self {
        Self::new(false, Magnitude::from(value))
    }
}

impl From<i128> for Int {
    fn from(value: i128) -> Self {
        Self::new(value < 0, Magnitude::from(value.unsigned_abs()))
    }
}

impl Ord for Int {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.magnitude.cmp(&other.magnitude),
            (true, true) => other.magnitude.cmp(&self.magnitude),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Int {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Int {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        write!(f, "{}", self.magnitude)
    }
}

impl FromStr for Int {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new(text, "a whole number of at most 300 digits", "\"-123\"");
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        if digits.is_empty() || digits.len() > 300 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(error());
        }
        Magnitude::from_str_radix(digits, 10).map(|magnitude| Self::new(negative, magnitude)).map_err(|_| error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(value: i128) -> Int {
        Int::from(value)
    }

    #[test]
    fn divisions_and_shifts_round_as_named_on_both_sides_of_zero() {
        for a in -40_i128..=40 {
            for b in [-7_i128, -2, 1, 2, 3, 8] {
                assert_eq!(int(a).div_trunc(int(b)).unwrap(), int(a / b), "{a} / {b}");
                let floor = a.div_euclid(b) - i128::from(b < 0 && a.rem_euclid(b) != 0);
                assert_eq!(int(a).div_floor(int(b)).unwrap(), int(floor), "floor {a} / {b}");
            }
            assert_eq!(int(a).shr(2), int(a >> 2), "{a} >> 2");
        }
        let half_even = |a: i128, b: i128| int(a).div_half_even(int(b)).unwrap();
        assert_eq!([half_even(5, 2), half_even(7, 2), half_even(-5, 2), half_even(8, 3)], [int(2), int(4), int(-2), int(3)]);
    }

    #[test]
    fn it_refuses_what_leaves_its_range_and_never_wraps() {
        let top = Int::power_of_two(1023).unwrap();
        assert_eq!(top.plus(top), Err(QuantityError::TooLarge));
        assert_eq!(top.times(int(2)), Err(QuantityError::TooLarge));
        assert_eq!(top.shl(1), Err(QuantityError::TooLarge));
        assert_eq!(int(3).shl(usize::MAX), Err(QuantityError::TooLarge));
        assert_eq!(int(3).div_floor(Int::ZERO), Err(QuantityError::DivisionByZero));
        assert_eq!(int(-1).to_u128(), Err(QuantityError::TooLarge));
    }

    #[test]
    fn text_comes_back_as_it_went() {
        for text in ["0", "-1", "340282366920938463463374607431768211456", "-99999999999999999999999999999999999999999999999999"]
        {
            assert_eq!(text.parse::<Int>().unwrap().to_string(), text);
        }
        assert!("1e5".parse::<Int>().is_err() && "".parse::<Int>().is_err() && "--1".parse::<Int>().is_err());
        assert!(format!("1{}", "0".repeat(300)).parse::<Int>().is_err());
    }
}
