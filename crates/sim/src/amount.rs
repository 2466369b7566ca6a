//! The one place where floats become amounts, and amounts floats.
//!
//! In: dollars and tokens as people think of them. Out: base units and millionths of a dollar, rounded down, never below zero and never
//! past what fits. What the ledger and the book of cash hold is never computed in floats: an amount is converted once, and then moved
//! as it is.

use depin_economy::Money;
use depin_quantity::{Decimal18, Measured, Name, Units};

/// Millionths of a dollar. Signed: a group may have spent more than it ever had, out of what it earns elsewhere.
pub type MicroUsd = i128;

/// Dollars in millionths, rounded down; negative and undefined sums are nothing.
pub fn micro(usd: f64) -> MicroUsd {
    MicroUsd::try_from(whole(usd * 1e6)).unwrap_or(MicroUsd::MAX)
}

/// Millionths of a dollar in dollars.
pub fn dollars(micro: MicroUsd) -> f64 {
    micro as f64 / 1e6
}

/// A number rounded down to a whole one; negative and undefined ones are zero, and none passes 2^100.
pub fn whole(x: f64) -> u128 {
    const MOST: f64 = 1_267_650_600_228_229_401_496_703_205_376.0;
    /// 2^64: what is below fits one register, which costs an instruction instead of a call.
    const SHORT: f64 = 18_446_744_073_709_551_616.0;
    if x < SHORT {
        (x.max(0.0) as u64).into()
    } else if x > 0.0 {
        x.min(MOST) as u128
    } else {
        0
    }
}

/// The float nearest to a whole number.
fn float(whole: u128) -> f64 {
    u64::try_from(whole).map_or_else(|_| whole as f64, |short| short as f64)
}

/// How many base units one whole token has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    decimals: u8,
}

impl Scale {
    /// Of a token with so many decimals, at most 18.
    pub const fn new(decimals: u8) -> Self {
        Self { decimals: if decimals > 18 { 18 } else { decimals } }
    }

    /// Base units of one whole token.
    pub fn whole(self) -> f64 {
        // Floats have these powers exactly.
        const POWERS: [f64; 19] =
            [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18];
        POWERS[usize::from(self.decimals)]
    }

    /// Tokens in base units, rounded down.
    pub fn units(self, tokens: f64) -> Units {
        Units::new(whole(tokens * self.whole()))
    }

    /// Base units in tokens.
    pub fn tokens(self, units: u128) -> f64 {
        float(units) / self.whole()
    }

    /// Base units in 10^-18 of the token, as records state money. Exact; what does not fit is the most that does.
    pub fn money(self, currency: Name, units: Units) -> Money {
        let factor = 10u128.pow(18 - u32::from(self.decimals));
        Money { currency, amount: Decimal18::new(units.get().saturating_mul(factor)) }
    }
}

/// Dollars as records state them, in 10^-18, rounded down to millionths first.
pub fn usd_money(usd: f64) -> Decimal18 {
    Decimal18::new(whole(usd * 1e6).saturating_mul(1_000_000_000_000))
}

/// A price as reporters state it: dollars in 10^-18, at least the smallest one.
pub fn price(usd: f64) -> Decimal18 {
    Decimal18::new(whole(usd * 1e18).max(1))
}

/// How much of a metric, rounded down.
pub fn measured(quantity: f64) -> Measured {
    Measured::new(whole(quantity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rounded_down_and_never_negative() {
        assert_eq!((micro(1.234_567_8), micro(-3.0), micro(f64::NAN)), (1_234_567, 0, 0));
        assert_eq!((Scale::new(8).units(1.5).get(), Scale::new(0).units(0.9).get()), (150_000_000, 0));
        assert_eq!(whole(f64::INFINITY), 1 << 100);
        assert_eq!((whole(1.8e19), whole(18_446_744_073_709_551_616.0)), (18_000_000_000_000_000_000, 1 << 64));
    }

    /// Short ones take another way, which must end at the same float.
    #[test]
    fn whole_numbers_are_rounded_to_the_nearest_float_whatever_their_length() {
        for length in 0..128 {
            for number in [(1u128 << length) - 1, 1 << length, (1 << length) + (1 << length >> 53), u128::MAX >> length] {
                assert_eq!(float(number).to_bits(), (number as f64).to_bits(), "{number}");
            }
        }
        for decimals in 0..=18u8 {
            assert_eq!(Scale::new(decimals).whole().to_bits(), (10u128.pow(decimals.into()) as f64).to_bits());
        }
    }

    #[test]
    fn money_is_stated_in_the_smallest_parts_whatever_the_tokens_decimals() {
        let money = Scale::new(6).money(Name::literal("AKT"), Units::new(5));
        assert_eq!(money.amount.get(), 5_000_000_000_000);
        assert_eq!(Scale::new(18).money(Name::literal("FIL"), Units::new(5)).amount.get(), 5);
    }
}
