//! What a price per block comes to.

use crate::group::Price;
use depin_quantity::{Decimal18, QuantityError, Rounding};
use std::num::NonZeroU64;

/// A month as providers of that network count it: 30.437 days, in milliseconds.
const MONTH_MS: u64 = 2_629_756_800;

/// Blocks in a month at upstream's 6.117 s each: what its providers' own price lists divide by.
pub const BLOCKS_PER_MONTH: u64 = 429_909;

/// Denominations whose coin is a million of them: Akash's own, and USDC as its main and its test network have it.
const MILLIONTHS: [(&str, &str); 4] = [
    ("uact", "ACT"),
    ("uakt", "AKT"),
    ("ibc/170C677610AC31DF0904FFE09CD3B5C657492170E7E52372E48756B71E56F2F1", "USDC"),
    ("ibc/12C6A0C374171B595A0A9E18B83FA09D295FB1F2D8C6DAA3AC28683471752D84", "USDC"),
];

/// Blocks of this length in a month of 30.437 days, rounded down.
pub fn blocks_per_month(block_ms: NonZeroU64) -> u64 {
    MONTH_MS / block_ms
}

impl Price {
    /// What so many blocks cost, exactly.
    ///
    /// - Failure: past 128 bits of 10^-18.
    pub fn for_blocks(&self, blocks: u64) -> Result<Self, QuantityError> {
        Ok(Self { denom: self.denom.clone(), amount: self.amount.times(blocks.into())? })
    }

    /// The amount in the coin that people know it by, with its name: a million `uact` are an `ACT`. Rounded up at the 18th place, so
    /// that it is a ceiling too. None for other denominations.
    pub fn in_coins(&self) -> Option<(Decimal18, &'static str)> {
        let (_, coin) = MILLIONTHS.iter().find(|(denom, _)| *denom == self.denom)?;
        Some((self.amount.mul_div(1, 1_000_000, Rounding::Up).ok()?, coin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_have_the_published_number_of_blocks() {
        let blocks = |ms| blocks_per_month(NonZeroU64::new(ms).unwrap());
        assert_eq!((blocks(6_117), blocks(6_000), blocks(1_000)), (BLOCKS_PER_MONTH, 438_292, 2_629_756));
    }

    #[test]
    fn a_month_costs_every_block_of_it() {
        let price = Price { denom: "uact".to_owned(), amount: Decimal18::parse("0.5").unwrap() };
        let month = price.for_blocks(BLOCKS_PER_MONTH).unwrap();
        assert_eq!(month.amount.to_decimal(), "214954.5");
        assert_eq!(month.in_coins().map(|(amount, coin)| (amount.to_decimal(), coin)), Some(("0.2149545".to_owned(), "ACT")));
        let other = Price { denom: "udoge".to_owned(), ..price };
        assert_eq!(other.in_coins(), None);
        assert!(Price { amount: Decimal18::new(u128::MAX), ..other }.for_blocks(2).is_err());
    }
}
