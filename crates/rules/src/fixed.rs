//! Decimals of 18 places with the roundings that upstream chains use.
//!
//! In and out: [`Int`]s in units of the last place. Every step is a whole-number operation, so every machine agrees.

use depin_quantity::{Int, QuantityError};

/// One, in a decimal of 18 places.
pub const ONE18: u128 = 1_000_000_000_000_000_000;

type Result = std::result::Result<Int, QuantityError>;

/// One in units of the 18th place.
pub fn one() -> Int {
    Int::from(ONE18)
}

/// `a * b`, a half to the even neighbour at the 18th place.
///
/// Source: cosmos-sdk `types/decimal.go`, Mul.
pub fn mul(a: Int, b: Int) -> Result {
    a.times(b)?.div_half_even(one())
}

/// `a * b`, cut towards zero at the 18th place.
///
/// Source: cosmos-sdk `types/decimal.go`, MulTruncate.
pub fn mul_cut(a: Int, b: Int) -> Result {
    a.times(b)?.div_trunc(one())
}

/// `a / b`: cut at the 36th place, then a half to the even neighbour at the 18th.
///
/// Source: cosmos-sdk `types/decimal.go`, Quo.
pub fn quo(a: Int, b: Int) -> Result {
    a.times(one())?.times(one())?.div_trunc(b)?.div_half_even(one())
}

/// `a / b`, cut towards zero at the 18th place.
///
/// Source: cosmos-sdk `types/decimal.go`, QuoTruncate.
pub fn quo_cut(a: Int, b: Int) -> Result {
    a.times(one())?.div_trunc(b)
}

/// The whole part of a decimal, cut towards zero.
pub fn whole(a: Int) -> Result {
    a.div_trunc(one())
}

/// A whole number as a decimal.
pub fn of_whole(a: impl Into<Int>) -> Result {
    a.into().times(one())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_round_a_half_to_the_even_neighbour() {
        let half = Int::from(500_000_000_000_000_000_u128);
        let units = |v: u128| Int::from(v);
        assert_eq!(mul(units(1), half).unwrap(), units(0));
        assert_eq!(mul(units(3), half).unwrap(), units(2));
        assert_eq!(mul_cut(units(3), half).unwrap(), units(1));
        assert_eq!(quo(units(1), Int::from(2 * ONE18)).unwrap(), units(0));
        assert_eq!(quo(one(), Int::from(3 * ONE18)).unwrap(), units(333_333_333_333_333_333));
        assert_eq!(quo(one(), Int::ZERO), Err(QuantityError::DivisionByZero));
    }
}
