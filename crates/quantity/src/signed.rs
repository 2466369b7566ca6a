//! Signed decimals of 18 places as Cosmos chains compute them: products and quotients round half to even.

use ruint::aliases::U256;
use std::cmp::Ordering;

/// A signed number in parts of 10^18.
///
/// Source: cosmos-sdk `types/decimal.go`: `Mul` and `Quo` round half to even at the 18th place, `QuoInt` truncates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed18(i128);

const SCALE: u128 = 1_000_000_000_000_000_000;

impl Signed18 {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(SCALE as i128);

    /// Wraps parts of 10^18.
    pub const fn new(parts: i128) -> Self {
        Self(parts)
    }

    /// Parts of 10^18.
    pub const fn get(self) -> i128 {
        self.0
    }

    /// The sum; saturates past 128 bits, which no rate comes near.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference; saturates.
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// `self * other`, half to even at the 18th place.
    pub fn times(self, other: Self) -> Self {
        let product = U256::from(self.0.unsigned_abs()) * U256::from(other.0.unsigned_abs());
        signed(half_even(product, U256::from(SCALE)), self.0 < 0, other.0 < 0)
    }

    /// `self / other`, half to even at the 18th place of a quotient that was cut at the 36th; nothing for a divisor of nothing.
    pub fn over(self, other: Self) -> Self {
        if other.0 == 0 {
            return Self::ZERO;
        }
        let scaled = U256::from(self.0.unsigned_abs()) * U256::from(SCALE) * U256::from(SCALE);
        let cut = scaled / U256::from(other.0.unsigned_abs());
        signed(half_even(cut, U256::from(SCALE)), self.0 < 0, other.0 < 0)
    }
}

/// `part / whole` in parts of 10^18, rounded down; nothing of a whole of nothing.
pub fn ratio_18(part: u128, whole: u128) -> Signed18 {
    if whole == 0 {
        return Signed18::ZERO;
    }
    let parts = U256::from(part) * U256::from(SCALE) / U256::from(whole);
    Signed18(i128::try_from(parts).unwrap_or(i128::MAX))
}

fn half_even(value: U256, scale: U256) -> U256 {
    let (quotient, rest) = value.div_rem(scale);
    match (rest << 1usize).cmp(&scale) {
        Ordering::Less => quotient,
        Ordering::Equal if !quotient.bit(0) => quotient,
        _ => quotient + U256::from(1),
    }
}

fn signed(value: U256, a: bool, b: bool) -> Signed18 {
    let size = i128::try_from(value).unwrap_or(i128::MAX);
    Signed18(if a == b { size } else { -size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        let half = Signed18::new(500_000_000_000_000_000);
        for (parts, expected) in [(1, 0), (3, 2), (5, 2), (7, 4), (-1, 0), (-3, -2), (-5, -2)] {
            assert_eq!(Signed18::new(parts).times(half).get(), expected, "{parts} / 2");
        }
        assert_eq!(Signed18::ONE.over(Signed18::new(3 * SCALE as i128)).get(), 333_333_333_333_333_333);
        assert_eq!(Signed18::new(2 * SCALE as i128).over(Signed18::new(-3 * SCALE as i128)).get(), -666_666_666_666_666_667);
        assert_eq!(Signed18::ONE.over(Signed18::ZERO), Signed18::ZERO);
    }

    #[test]
    fn ratios_are_cut() {
        assert_eq!(ratio_18(2, 3).get(), 666_666_666_666_666_666);
        assert_eq!(ratio_18(1, 0), Signed18::ZERO);
    }
}
