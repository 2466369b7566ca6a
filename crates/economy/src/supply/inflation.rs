//! Bonded-ratio inflation: a yearly rate that moves a little every period, minted every period on what exists.
//!
//! In: the present rate, what exists, what is bonded. Out: the next rate, and what a run of periods mints. There is no formula for
//! the sum of many periods, so they are stepped; a rate that rests on a bound is stepped with one addition each.

use crate::params::Inflation;
use depin_quantity::{Decimal18, Rounding, Signed18, Units, mul_div_u256, ratio_18};
use ruint::aliases::U256;

/// What is bonded, while a run of periods is stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bonded {
    /// So many base units, whatever exists.
    Amount(Units),
    /// This part of what exists.
    Ratio(Decimal18),
}

/// Where an inflation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minter {
    /// Present yearly rate.
    pub inflation: Decimal18,
    /// What exists, in base units, with what the inflation has given and nobody got.
    pub supply: Units,
    /// What the cap leaves; `None` is no cap.
    pub room: Option<Units>,
}

impl Bonded {
    fn ratio(self, supply: Units) -> Signed18 {
        match self {
            Self::Amount(amount) => ratio_18(amount.get(), supply.get()),
            Self::Ratio(ratio) => Signed18::new(i128::try_from(ratio.get()).unwrap_or(i128::MAX)),
        }
    }
}

impl Inflation {
    /// The next period's yearly rate at a bonded ratio.
    ///
    /// `change = (1 - ratio / goal) * change_per_year / periods_per_year`; `next = clamp(present + change, least, most)`.
    ///
    /// - Units: rates and ratio in parts of 10^18.
    /// - Rounding: every product and quotient half to even at the 18th place.
    /// - Source: cosmos-sdk `x/mint/types/minter.go`, next inflation rate: the upper bound first, then the lower one.
    pub fn step(&self, present: Decimal18, ratio: Signed18) -> Decimal18 {
        let signed = |rate: Decimal18| Signed18::new(i128::try_from(rate.get()).unwrap_or(i128::MAX));
        let per_year = Signed18::ONE.minus(ratio.over(signed(self.goal))).times(signed(self.change));
        let periods = i128::from(self.periods_per_year).saturating_mul(Signed18::ONE.get());
        let next = signed(present).plus(per_year.over(Signed18::new(periods)));
        let next = next.get().min(signed(self.most).get()).max(signed(self.least).get());
        Decimal18::new(u128::try_from(next).unwrap_or(0))
    }

    /// What one period mints at a yearly rate.
    ///
    /// `floor(floor(rate * supply / periods_per_year))`: the yearly provision divided at the 18th place, then cut to base units.
    ///
    /// - Source: cosmos-sdk `x/mint/types/minter.go`, annual provisions and block provision.
    pub fn mints(&self, rate: Decimal18, supply: Units) -> Units {
        let year = U256::from(self.periods_per_year) * U256::from(Decimal18::ONE.get());
        mul_div_u256(supply.get(), U256::from(rate.get()), year, Rounding::Down).map_or(Units::new(u128::MAX), Units::new)
    }

    /// Steps `periods` periods; gives what they mint. The last mint before the cap is cut to what the cap leaves, and from then on
    /// the rate rests.
    pub fn run(&self, minter: &mut Minter, bonded: Bonded, periods: u64) -> Units {
        let before = minter.supply;
        let mut left = periods;
        while left > 0 && minter.room.is_none_or(|room| !room.is_zero()) {
            let next = self.step(minter.inflation, bonded.ratio(minter.supply));
            let rests = next == minter.inflation && self.rest_until(next, bonded, minter.supply).is_some();
            minter.inflation = next;
            left -= match self.rest_until(next, bonded, minter.supply) {
                Some(until) if rests => self.run_resting(minter, left, until),
                _ => {
                    let minted = self.mints(next, minter.supply);
                    minter.give(minted);
                    1
                }
            };
        }
        minter.supply.minus_or_zero(before)
    }

    /// Up to which supply a rate surely rests on its bound: a growing supply lowers the bonded ratio, so the upper bound holds once
    /// the ratio is at most the goal, and the lower one until then.
    fn rest_until(&self, rate: Decimal18, bonded: Bonded, supply: Units) -> Option<Units> {
        let ever = Units::new(u128::MAX);
        let ratio = u128::try_from(bonded.ratio(supply).get()).unwrap_or(0);
        if self.least == self.most {
            return Some(ever);
        }
        match bonded {
            Bonded::Ratio(_) if rate == self.most && ratio <= self.goal.get() => Some(ever),
            Bonded::Ratio(_) if rate == self.least && ratio >= self.goal.get() => Some(ever),
            Bonded::Amount(_) if rate == self.most && ratio <= self.goal.get() => Some(ever),
            Bonded::Amount(amount) if rate == self.least && ratio > self.goal.get() => {
                let at_goal = amount.mul_div(Decimal18::ONE.get(), self.goal.get(), Rounding::Down).ok()?;
                // A little before it, so that no rounding of the ratio matters.
                let until = at_goal.minus_or_zero(Units::new(at_goal.get() / 1_000_000 + 1));
                (until > supply).then_some(until)
            }
            _ => None,
        }
    }

    /// Steps up to `most` periods at a rate that rests, while the supply stays below `until`; gives how many, at least one.
    ///
    /// Keeps quotient and remainder of `rate * supply / year`, so that a period is an addition.
    fn run_resting(&self, minter: &mut Minter, most: u64, until: Units) -> u64 {
        let rate = minter.inflation.get();
        let year = u128::from(self.periods_per_year) * Decimal18::ONE.get();
        let Some(product) = rate.checked_mul(minter.supply.get()) else {
            let minted = self.mints(minter.inflation, minter.supply);
            minter.give(minted);
            return 1;
        };
        let (mut quotient, mut rest) = (product / year, product % year);
        let mut done = 0;
        while done < most && (done == 0 || minter.supply < until) {
            let given = minter.give(Units::new(quotient));
            done += 1;
            if minter.room.is_some_and(Units::is_zero) {
                break;
            }
            let Some(more) = rate.checked_mul(given.get()).and_then(|more| rest.checked_add(more)) else { break };
            rest = more;
            if rest >= year {
                quotient += rest / year;
                rest %= year;
            }
        }
        done
    }
}

impl Minter {
    /// Adds a mint, cut to what the cap leaves; gives what it came to.
    fn give(&mut self, minted: Units) -> Units {
        let given = self.room.map_or(minted, |room| minted.min(room));
        self.supply = Units::new(self.supply.get().saturating_add(given.get()));
        self.room = self.room.map(|room| room.minus_or_zero(given));
        given
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::Name;
    use proptest::prelude::*;

    fn rule() -> Inflation {
        let percent = |n: u128| Decimal18::new(n * 10_000_000_000_000_000);
        Inflation {
            clock: Name::literal("block"),
            periods_per_year: 5_256_000,
            initial: percent(25),
            least: percent(15),
            most: percent(25),
            change: percent(500),
            goal: percent(67),
            staking: Name::literal("validators"),
        }
    }

    fn one_by_one(rule: &Inflation, minter: &mut Minter, bonded: Bonded, periods: u64) -> Units {
        let before = minter.supply;
        for _ in 0..periods {
            if minter.room.is_some_and(Units::is_zero) {
                break;
            }
            minter.inflation = rule.step(minter.inflation, bonded.ratio(minter.supply));
            let minted = rule.mints(minter.inflation, minter.supply);
            minter.give(minted);
        }
        minter.supply.minus_or_zero(before)
    }

    /// By hand, with the chain's figures: at half bonded the rate rises to its bound; 25 % of 100 million AKT in 5,256,000 blocks.
    #[test]
    fn a_block_mints_its_part_of_a_year() {
        let rule = rule();
        assert_eq!(rule.mints(rule.most, Units::new(100_000_000_000_000)), Units::new(4_756_468));
        // (1 - 0.8 / 0.67) * 5 / 5,256,000 = -1.84579386174e-7: half to even at every step.
        let next = rule.step(rule.most, Signed18::new(800_000_000_000_000_000));
        assert_eq!(next.get(), 250_000_000_000_000_000 - 184_579_386_174);
        assert_eq!(rule.step(rule.most, Signed18::ZERO), rule.most);
        assert_eq!(rule.step(rule.least, Signed18::ONE), rule.least);
    }

    #[test]
    fn minting_stops_exactly_at_the_cap() {
        let rule = rule();
        let mut minter =
            Minter { inflation: rule.initial, supply: Units::new(100_000_000_000_000), room: Some(Units::new(10_000_001)) };
        assert_eq!(rule.run(&mut minter, Bonded::Ratio(Decimal18::new(0)), 1_000), Units::new(10_000_001));
        assert_eq!(minter.supply.get(), 100_000_010_000_001);
        assert_eq!(rule.run(&mut minter, Bonded::Ratio(Decimal18::new(0)), 1_000), Units::ZERO);
    }

    proptest! {
        /// The short way through resting rates gives what every single step gives, however time is sliced.
        #[test]
        fn any_slicing_gives_what_single_steps_give(
            percent in 0u128..101, amount in any::<bool>(), slices in proptest::collection::vec(1u64..900, 1..6), room in 0u128..30_000_000_000,
        ) {
            let mut rule = rule();
            rule.periods_per_year = 10_000;
            let supply = Units::new(100_000_000_000);
            let bonded = if amount {
                Bonded::Amount(Units::new(supply.get() * percent / 100))
            } else {
                Bonded::Ratio(Decimal18::new(percent * 10_000_000_000_000_000))
            };
            let start = Minter { inflation: rule.initial, supply, room: Some(Units::new(room)) };
            let (mut sliced, mut single) = (start, start);
            let all: u64 = slices.iter().sum();
            let sum: u128 = slices.iter().map(|n| rule.run(&mut sliced, bonded, *n).get()).sum();
            let by_steps = one_by_one(&rule, &mut single, bonded, all);
            prop_assert_eq!(sum, by_steps.get());
            prop_assert_eq!(sliced, single);
        }
    }
}
