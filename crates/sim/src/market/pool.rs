//! The token's market: a market maker with declared depth, and one price a day for everybody who trades on it.
//!
//! In: what is to be sold in base units and bought for dollars in a day. Out: one price, and what each side gets. The maker's reserves
//! are tokens on the ledger and cash in the book; `tokens * dollars` does not fall.
//!
//! Everybody trades at one price, so nobody gains by being first: with reserves `x` and `y`, `s` sold and `b` to be spent,
//! `p = (y + b) / (x + s)` is the only price at which the net of both sides leaves the maker on its curve `x * y = constant`:
//! it takes `s - b/p` tokens and pays `s p - b`, and `(x + s - b/p) (y + b - s p) = x y`.

use depin_quantity::Rounding;
use depin_quantity::mul_div;

/// What a market maker has: base units of the token, and millionths of a dollar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserves {
    /// Base units.
    pub tokens: u128,
    /// Millionths of a dollar.
    pub cash: u128,
}

/// A price as a fraction: millionths of a dollar per base unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Millionths of a dollar …
    pub cash: u128,
    /// … for so many base units. Never zero.
    pub tokens: u128,
}

impl Rate {
    /// What so many base units fetch, rounded down; the maker keeps the rest.
    pub fn proceeds(self, tokens: u128) -> u128 {
        mul_div(tokens, self.cash, self.tokens, Rounding::Down).unwrap_or(u128::MAX)
    }

    /// How many base units so much cash buys, rounded down; nothing where tokens are worth nothing.
    pub fn bought(self, cash: u128) -> u128 {
        if self.cash == 0 { 0 } else { mul_div(cash, self.tokens, self.cash, Rounding::Down).unwrap_or(u128::MAX) }
    }

    /// The cash that buys at least so many base units.
    pub fn cost(self, tokens: u128) -> u128 {
        mul_div(tokens, self.cash, self.tokens, Rounding::Up).unwrap_or(u128::MAX)
    }
}

impl Reserves {
    /// The price at which all of a day's orders trade: `sold` base units, and `spent` millionths of a dollar.
    pub fn clear(&self, sold: u128, spent: u128) -> Rate {
        Rate { cash: self.cash.saturating_add(spent), tokens: self.tokens.saturating_add(sold).max(1) }
    }

    /// The same with orders for `bought` base units, whatever they cost; they must be less than what is there.
    pub fn clear_with(&self, sold: u128, spent: u128, bought: u128) -> Rate {
        let rate = self.clear(sold, spent);
        Rate { tokens: rate.tokens.saturating_sub(bought).max(1), ..rate }
    }

    /// The price of the next small trade.
    pub fn rate(&self) -> Rate {
        self.clear(0, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    impl Reserves {
        fn buys(&mut self, tokens: u128, cash: u128) {
            self.tokens += tokens;
            self.cash -= cash;
        }

        fn sells(&mut self, tokens: u128, cash: u128) {
            self.tokens -= tokens;
            self.cash += cash;
        }
    }

    #[test]
    fn a_sale_moves_the_price_along_the_curve() {
        // 1,000 tokens and 1,000 dollars; 250 are sold: 0.8 dollars each, and 1,250 tokens with 800 dollars remain.
        let mut reserves = Reserves { tokens: 1_000, cash: 1_000 };
        let rate = reserves.clear(250, 0);
        assert_eq!(rate.proceeds(250), 200);
        reserves.buys(250, 200);
        assert_eq!(reserves, Reserves { tokens: 1_250, cash: 800 });
    }

    #[test]
    fn orders_that_meet_leave_the_price_where_it_is() {
        let reserves = Reserves { tokens: 4_000, cash: 1_000 };
        let rate = reserves.clear(400, 100);
        assert_eq!((rate.proceeds(400), rate.bought(100)), (100, 400));
    }

    proptest! {
        /// However a day's orders are sorted, the maker's product never falls and it never gives more than it has.
        #[test]
        fn the_maker_stays_on_its_curve(
            tokens in 1u128..1 << 80, cash in 1u128..1 << 60,
            sales in prop::collection::vec(0u128..1 << 70, 0..8), buys in prop::collection::vec(0u128..1 << 50, 0..8),
        ) {
            let mut reserves = Reserves { tokens, cash };
            let (sold, spent): (u128, u128) = (sales.iter().sum(), buys.iter().sum());
            let rate = reserves.clear(sold, spent);
            let paid: u128 = sales.iter().map(|sale| rate.proceeds(*sale)).sum();
            let given: u128 = buys.iter().map(|buy| rate.bought(*buy)).sum();
            prop_assert!(paid <= cash + spent && given <= tokens + sold);
            reserves.sells(0, spent);
            reserves.buys(sold, paid);
            reserves.sells(given, 0);
            let product = |x: u128, y: u128| ruint::aliases::U256::from(x) * ruint::aliases::U256::from(y);
            prop_assert!(product(reserves.tokens, reserves.cash) >= product(tokens, cash));
        }
    }
}
