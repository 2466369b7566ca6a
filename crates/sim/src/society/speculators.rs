//! Speculators: what they think the token is worth, and what they do about it.
//!
//! They never look at the present price to say what it is worth. What it is worth is what it brings (burns and fees, or value paid
//! through it) for each token in circulation, at the multiple that people paid for that when the run began; what the multiple has
//! above plain discounting runs off, by half in each `premium-half-life`.

use crate::{
    chance::{Chance, Purpose},
    scenario::{Fundamental, Scenario},
};

const YEAR: f64 = 365.0;
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
    /// What they think the token is worth; none while they do not know.
    pub fundamental: Option<f64>,
}

impl Speculators {
    /// On the first day.
    pub fn new(price: f64) -> Self {
        Self { value: 0.0, days: 0.0, premium: None, faith: 1.0, start: price, trail: libm::log(price), fundamental: None }
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
    }

    /// What they would buy today, in dollars; negative is to be sold.
    ///
    /// Half the market's depth moves the price by all its logarithm: `depth / 2 * (pull / 365 * (ln(worth / price) + trend * (ln price -
    /// its mean of 30 days)) + volatility / sqrt(365) * z)`.
    pub fn order(&self, scenario: &Scenario, chance: &Chance, day: u32, price: f64, depth: f64) -> f64 {
        let market = &scenario.market;
        let trend = market.speculators.trend.value * (libm::log(price) - self.trail);
        let gap = self.fundamental.map_or(0.0, |worth| libm::log(worth / price).clamp(-3.0, 3.0)) + trend;
        let noise = market.volatility.value / YEAR.sqrt() * chance.normal(Purpose::Opinion, 0, day.into());
        let pull = (market.speculators.pull.value / YEAR).min(1.0);
        depth / 2.0 * (pull * gap + noise)
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
