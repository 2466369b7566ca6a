//! Half-life decay in fixed point: the same bits on every machine.

use crate::{QuantityError, Rounding, Units};
use ruint::aliases::U256;

/// A fraction between zero and one in parts of 2^127.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fixed127(u128);

impl Fixed127 {
    /// One.
    pub const ONE: Self = Self(1 << 127);

    /// Parts of 2^127.
    pub const fn get(self) -> u128 {
        self.0
    }

    /// `1 - self`.
    pub const fn complement(self) -> Self {
        Self(Self::ONE.0 - self.0)
    }

    /// This fraction of `amount`, rounded as named.
    ///
    /// # Errors
    /// None is reachable: the fraction is at most one.
    pub fn of(self, amount: Units, rounding: Rounding) -> Result<Units, QuantityError> {
        amount.mul_div(self.0, Self::ONE.0, rounding)
    }

    const fn from_parts(parts: u128) -> Self {
        Self(if parts > Self::ONE.0 { Self::ONE.0 } else { parts })
    }
}

/// floor(ln 2 * 2^127).
const LN2: u128 = 0x58b9_0bfb_e8e7_bcd5_e4f1_d9cc_01f9_7b57;

/// floor(2^127 / k!) for k from 0; 1/29! is below 2^-102 and ln(2)^29/29! below 2^-118, so 34 terms leave less than 2^-127.
const INVERSE_FACTORIALS: [u128; 34] = {
    let mut table = [0; 34];
    let mut k = 0;
    let mut value = Fixed127::ONE.0;
    while k < table.len() {
        table[k] = value;
        k += 1;
        value /= k as u128;
    }
    table
};

/// `2^(-n / half_life)`, rounded down, exact to 2^-120.
///
/// Whole half-lives shift; the rest is the Taylor series of `exp(-f ln 2)` in Horner form over parts of 2^127, every product
/// truncated. Every step is an integer operation, so every machine agrees. Non-increasing in `n` to the stated exactness.
///
/// - Units: `n` and `half_life` count the same periods.
/// - Errors: [`QuantityError::DivisionByZero`] when `half_life` is zero.
/// - Source: half-life emission, Filecoin specification, block reward minting: `lambda = ln 2 / (6 years)`.
pub fn half_decay(n: u64, half_life: u64) -> Result<Fixed127, QuantityError> {
    if half_life == 0 {
        return Err(QuantityError::DivisionByZero);
    }
    let (whole, rest) = (n / half_life, n % half_life);
    if whole >= 127 {
        return Ok(Fixed127(0));
    }
    let fraction: U256 = (U256::from(rest) << 127usize) / U256::from(half_life);
    let y = multiply(fraction.wrapping_to::<u128>(), LN2);
    let (last, others) = INVERSE_FACTORIALS.split_last().expect("the table is not empty");
    let value = others.iter().rev().fold(*last, |r, c| c.saturating_sub(multiply(y, r)));
    Ok(Fixed127::from_parts(value >> whole))
}

fn multiply(a: u128, b: u128) -> u128 {
    let product: U256 = U256::from(a) * U256::from(b);
    (product >> 127usize).wrapping_to()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_half_lives_halve_exactly() {
        for k in 0..127 {
            assert_eq!(half_decay(k * 6_307_200, 6_307_200).unwrap().get(), 1 << (127 - k));
        }
        assert_eq!(half_decay(127, 1).unwrap().get(), 0);
    }

    #[test]
    fn no_half_life_is_refused() {
        assert_eq!(half_decay(1, 0), Err(QuantityError::DivisionByZero));
    }

    /// Computed with 60-digit decimals by an independent program: floor(2^(-n/N) * 2^127).
    #[test]
    fn values_agree_with_sixty_digit_decimals() {
        for (n, half_life, expected) in GOLDEN {
            let got = half_decay(n, half_life).unwrap().get();
            assert!(got.abs_diff(expected) < 128, "2^(-{n}/{half_life}): {got} is not within 128 parts of {expected}");
        }
    }

    #[test]
    fn decay_never_rises() {
        let mut last = Fixed127::ONE;
        for n in (0..20_000_000u64).step_by(997) {
            let next = half_decay(n, 6_307_200).unwrap();
            assert!(next <= last, "rose at {n}");
            last = next;
        }
    }

    const GOLDEN: [(u64, u64, u128); 6] = [
        (1, 6307200, 170_141_164_762_334_539_241_064_450_583_560_013_152),
        (1051200, 6307200, 151_578_562_247_812_337_622_726_664_999_619_900_859),
        (3153600, 6307200, 120_307_984_584_002_255_772_516_886_238_812_528_463),
        (6307199, 6307200, 85_070_601_079_302_989_552_813_500_406_196_291_521),
        (12345678, 6307200, 43_810_178_196_078_481_838_698_402_550_157_960_609),
        (1, 3, 135_041_146_804_131_639_932_051_436_478_726_748_092),
    ];
}
