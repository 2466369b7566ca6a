//! Half-life decay in fixed point: the same bits on every machine.

use crate::{QuantityError, Rounding, Units};

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
        // The divisor is a power of two, so the quotient is the product's upper bits and the rest its lower ones.
        let (low, high) = amount.get().carrying_mul(self.0, 0);
        let quotient = (high << 1) | (low >> 127);
        let rest = low & (Self::ONE.0 - 1);
        let up = u128::from(rounding == Rounding::Up && rest != 0);
        quotient.checked_add(up).map(Units::new).ok_or(QuantityError::TooLarge)
    }

    pub(crate) const fn from_parts(parts: u128) -> Self {
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
    let y = multiply(fraction(rest, half_life), LN2);
    let (mut terms, mut small) = (INVERSE_FACTORIALS.len(), 0);
    while terms > SMALL_FROM {
        terms -= 1;
        small = narrow(INVERSE_FACTORIALS[terms]).saturating_sub(multiply_small(y, small));
    }
    let value = INVERSE_FACTORIALS[..terms].iter().rev().fold(u128::from(small), |r, c| c.saturating_sub(multiply(y, r)));
    Ok(Fixed127::from_parts(value >> whole))
}

/// From this term on the table's entries are below 2^64, and with them every sum of the Horner form: a product then needs two
/// multiplications of machine words instead of four.
const SMALL_FROM: usize = {
    let mut k = 0;
    while INVERSE_FACTORIALS[k] >> 64 != 0 {
        k += 1;
    }
    k
};

/// `floor(rest * 2^127 / whole)` for `rest < whole`: long division by words, since both fit one.
fn fraction(rest: u64, whole: u64) -> u128 {
    let (rest, whole) = (u128::from(rest), u128::from(whole));
    let high = rest << 63;
    ((high / whole) << 64) | (((high % whole) << 64) / whole)
}

/// The low word of an entry that fits one.
const fn narrow(entry: u128) -> u64 {
    entry as u64
}

/// `floor(a * b / 2^127)`.
fn multiply(a: u128, b: u128) -> u128 {
    let (low, high) = a.carrying_mul(b, 0);
    (high << 1) | (low >> 127)
}

/// `floor(a * b / 2^127)` for `a` below 2^127.
fn multiply_small(a: u128, b: u64) -> u64 {
    let (upper, lower) = (a >> 64, a & u128::from(u64::MAX));
    narrow((upper * u128::from(b) + ((lower * u128::from(b)) >> 64)) >> 63)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruint::aliases::U256;

    /// The same rule by whole 256-bit integers, without a word about machine words.
    fn half_decay_wide(n: u64, half_life: u64) -> u128 {
        let multiply = |a: u128, b: u128| -> u128 {
            let product: U256 = U256::from(a) * U256::from(b);
            (product >> 127usize).wrapping_to()
        };
        let (whole, rest) = (n / half_life, n % half_life);
        if whole >= 127 {
            return 0;
        }
        let fraction: U256 = (U256::from(rest) << 127usize) / U256::from(half_life);
        let y = multiply(fraction.wrapping_to::<u128>(), LN2);
        let (last, others) = INVERSE_FACTORIALS.split_last().unwrap();
        others.iter().rev().fold(*last, |r, c| c.saturating_sub(multiply(y, r))).min(Fixed127::ONE.0) >> whole
    }

    #[test]
    fn words_give_every_bit_that_wide_integers_give() {
        for n in (0..30_000_000u64).step_by(1_009) {
            assert_eq!(half_decay(n, 6_307_200).unwrap().get(), half_decay_wide(n, 6_307_200), "after {n}");
        }
        let odd = [1, 2, 3, 7, 1_000_003, u64::from(u32::MAX), 1 << 63, u64::MAX - 1, u64::MAX];
        for half_life in odd {
            for n in odd.into_iter().flat_map(|n| [n - 1, n, n / 2, n / 3, n / 7 * 5]) {
                assert_eq!(half_decay(n, half_life).unwrap().get(), half_decay_wide(n, half_life), "2^(-{n}/{half_life})");
            }
        }
    }

    #[test]
    fn a_fraction_of_an_amount_is_that_of_a_wide_division() {
        let parts = [0, 1, Fixed127::ONE.0 - 1, Fixed127::ONE.0, Fixed127::ONE.0 / 3, LN2];
        let amounts = [0, 1, 2, 3, 1_400_000_000 * 10u128.pow(18), u128::MAX / 7, u128::MAX - 1, u128::MAX];
        for (parts, amount) in parts.into_iter().flat_map(|p| amounts.map(|a| (p, a))) {
            for rounding in [Rounding::Down, Rounding::Up] {
                let wide = crate::amount::mul_div_wide(amount, U256::from(parts), U256::from(Fixed127::ONE.0), rounding);
                assert_eq!(Fixed127(parts).of(Units::new(amount), rounding), wide.map(Units::new), "{amount} * {parts}");
            }
        }
    }

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
