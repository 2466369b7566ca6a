//! Speculators: what they think the token is worth, and what they do about it.
//!
//! They never look at the present price to say what it is worth. What it is worth is what it brings (burns and fees, or value paid
//! through it) for each token in circulation, at the multiple that people paid for that when the run began; what the multiple has
//! above plain discounting runs off, by half in each `premium-half-life`. What they think begins at the start price, follows that slowly
//! (`pull`), and wanders (`volatility`).

use crate::{
    chance::{Chance, Purpose},
    scenario::{Fundamental, Scenario},
};

const YEAR: f64 = 365.0;
/// Days in which they put what they have where they want it.
const REBALANCE: f64 = 5.0;
/// Days over which value is averaged, and in which the multiple of the start is found.
const WINDOW: f64 = 90.0;

/// What speculators keep in mind.
#[derive(Clone, Debug)]
pub struct Speculators {
    /// Dollars of value a day, trailing.
    value: f64,
    days: f64,
    /// What people paid at the start for what plain discounting is worth one.
    premium: Option<f64>,
    /// Lost faith: what shocks left of the premium.
    faith: f64,
    start: f64,
    /// Logarithm of the price, trailing over 30 days.
    trail: f64,
    /// What the token is worth by what it brings; none while nobody knows.
    pub fundamental: Option<f64>,
    /// Logarithm of what they think it is worth.
    opinion: f64,
}

impl Speculators {
    /// On the first day.
    pub fn new(price: f64) -> Self {
        Self {
            value: 0.0,
            days: 0.0,
            premium: None,
            faith: 1.0,
            start: price,
            trail: libm::log(price),
            fundamental: None,
            opinion: libm::log(price),
        }
    }

    /// Looks at a day: what the token brought in dollars, tokens in circulation.
    pub fn look(&mut self, scenario: &Scenario, value: f64, circulating: f64, price: f64, ahead: f64) {
        self.days += 1.0;
        self.value += (value - self.value) / self.days.min(WINDOW);
        self.trail += (libm::log(price) - self.trail) / 30.0;
        let market = &scenario.market;
        let plain = match market.fundamental {
            Fundamental::None => None,
            Fundamental::Burns => Some(self.value * YEAR / market.discount_rate.value.max(0.01) / circulating.max(1.0)),
            Fundamental::Quantity => Some(self.value * YEAR / market.velocity.value.max(0.01) / circulating.max(1.0)),
        };
        let Some(plain) = plain.filter(|plain| *plain > 0.0) else {
            self.fundamental = None;
            return;
        };
        if self.days < WINDOW {
            self.fundamental = Some(self.start * self.faith * ahead);
            return;
        }
        let premium = *self.premium.get_or_insert(self.start / plain);
        let years = (self.days - WINDOW) / YEAR;
        let left = libm::pow(0.5, years / market.premium_half_life.value.max(0.1));
        self.fundamental = Some(plain * (1.0 + (premium - 1.0) * left) * self.faith * ahead);
    }

    /// What people believe falls with the price.
    pub fn shock(&mut self, part: f64) {
        self.faith *= (1.0 + part).max(1e-6);
        self.opinion += libm::log((1.0 + part).max(1e-6));
    }

    /// One day on: opinions go a part of the way to the fundamental, and wander.
    pub fn think(&mut self, scenario: &Scenario, chance: &Chance, day: u32) {
        let market = &scenario.market;
        let pull = (market.speculators.pull.value / YEAR).min(1.0);
        let gap = self.fundamental.map_or(0.0, |worth| libm::log(worth) - self.opinion);
        let deviation = market.volatility.value / YEAR.sqrt();
        // The mean of what they think does not move by wandering.
        let noise = deviation * chance.normal(Purpose::Opinion, 0, day.into()) - deviation * deviation / 2.0;
        self.opinion += pull * gap + noise;
    }

    /// What they would pay today, in dollars, if all other orders are as `book` has them; negative is to be sold.
    ///
    /// What they have is in tokens for a part `1/2 + 1/2 tanh(1.5 gap)`, where `gap = ln(opinion / price) + trend * (ln price - its mean of
    /// 30 days)`: half of it when the price is what they think, all of it when the token is very cheap. They go a fifth of the way to
    /// that in a day, at the price that comes of it: the order is solved for, so that however much they have they never push the price past
    /// what they think.
    pub fn order(&self, scenario: &Scenario, price: f64, book: &Depth, purse: &Purse) -> f64 {
        let trend = scenario.market.speculators.trend.value * (libm::log(price) - self.trail);
        let lacks = |price: f64| {
            let gap = self.opinion - libm::log(price) + trend;
            let part = 0.5 + 0.5 * libm::tanh(1.5 * gap);
            let tokens = purse.tokens * price;
            (part * (purse.cash + tokens) - tokens) / REBALANCE
        };
        let (mut low, mut high) = (-(purse.tokens * price).min(book.cash * 0.9), purse.cash.max(0.0));
        if low >= high {
            return 0.0;
        }
        for _ in 0..50 {
            let middle = 0.5 * (low + high);
            if lacks(book.price(middle)) > middle { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }
}

/// What speculators have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Purse {
    /// Dollars.
    pub cash: f64,
    /// Whole tokens.
    pub tokens: f64,
}

/// The market maker's reserves with everybody else's orders of the day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Depth {
    /// Dollars, with those that are spent.
    pub cash: f64,
    /// Whole tokens, with those that are sold, less those that are bought whatever they cost.
    pub tokens: f64,
}

impl Depth {
    /// The price at which all trade when speculators pay so much more.
    pub fn price(&self, order: f64) -> f64 {
        ((self.cash + order) / self.tokens.max(1e-9)).max(1e-12)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worth_is_the_multiple_of_the_start_times_value_for_each_token_and_never_the_price() {
        let mut scenario = crate::scenario::plain();
        scenario.market.premium_half_life.value = 1e9;
        scenario.market.fundamental = Fundamental::Burns;
        let mut mind = Speculators::new(2.0);
        for _ in 0..100 {
            mind.look(&scenario, 1_000.0, 1e6, 2.0, 1.0);
        }
        assert!((mind.fundamental.unwrap() - 2.0).abs() < 1e-9, "nothing changed");
        for _ in 0..2_000 {
            mind.look(&scenario, 3_000.0, 2e6, 0.01, 1.0);
        }
        assert!(
            (mind.fundamental.unwrap() - 3.0).abs() < 1e-3,
            "three times the value, twice the tokens: {:?}",
            mind.fundamental
        );
    }

    #[test]
    fn they_never_push_the_price_past_what_they_think() {
        let mut scenario = crate::scenario::plain();
        scenario.market.speculators.trend.value = 0.0;
        let mind = Speculators::new(1.0);
        for (cash, tokens) in [(1e3, 1e3), (1e7, 1e7), (1e12, 1.0), (1.0, 1e12)] {
            for price in [0.1, 0.5, 1.0, 2.0, 10.0] {
                let book = Depth { cash: 1e6, tokens: 1e6 / price };
                let after = book.price(mind.order(&scenario, price, &book, &Purse { cash, tokens }));
                let toward = (after - price) * (1.0 - price) >= -1e-9 || cash > 100.0 * tokens || tokens > 100.0 * cash;
                assert!(toward && after > 0.0, "{cash} {tokens}: from {price} to {after}");
            }
        }
        let even = Depth { cash: 1e6, tokens: 1e6 };
        let order = mind.order(&scenario, 1.0, &even, &Purse { cash: 1e7, tokens: 1e7 });
        assert!(order.abs() < 1.0, "nothing to do at what they think: {order}");
    }

    #[test]
    fn the_premium_runs_off_by_half_in_its_half_life() {
        let mut scenario = crate::scenario::plain();
        scenario.market.fundamental = Fundamental::Burns;
        scenario.market.discount_rate.value = 0.1;
        scenario.market.premium_half_life.value = 1.0;
        let mut mind = Speculators::new(7.3);
        // A thousand dollars a day for a million tokens at a tenth a year: 3.65 dollars; the start price has a premium of 1.
        for _ in 0..90 + 365 {
            mind.look(&scenario, 1_000.0, 1e6, 7.3, 1.0);
        }
        assert!((mind.fundamental.unwrap() - 3.65 * 1.5).abs() < 0.01, "{:?}", mind.fundamental);
    }
}
