//! Token prices that come from outside: geometric Brownian motion, a mean-reverting one, and the replay of a path.

use crate::{
    chance::{Chance, Purpose},
    scenario::{Market, PriceProcess},
};
use depin_quantity::Instant;

const YEAR: f64 = 365.0;

/// A price that no trade moves.
#[derive(Clone, Debug)]
pub struct Process {
    kind: PriceProcess,
    start: f64,
    price: f64,
}

impl Process {
    /// The price of a market from its start on; none where trades move it.
    pub fn new(market: &Market) -> Option<Self> {
        let start = market.start.value;
        (market.price != PriceProcess::Endogenous).then_some(Self { kind: market.price, start, price: start })
    }

    /// The price one day later.
    ///
    /// `ln p` moves by `(drift - volatility^2 / 2) / 365 + volatility / sqrt(365) z`, where a mean-reverting one also goes
    /// `reversion / 365` of the way back to where it began.
    pub fn step(&mut self, market: &Market, chance: &Chance, day: u32, date: Instant) -> f64 {
        let (volatility, z) = (market.volatility.value, chance.normal(Purpose::Price, 0, day.into()));
        let shock = volatility / YEAR.sqrt() * z;
        self.price = match self.kind {
            PriceProcess::Replay => {
                let past = market.path.iter().take_while(|(at, _)| *at <= date);
                past.last().map_or(self.start, |(_, price)| *price)
            }
            PriceProcess::MeanReverting => {
                let gap = libm::log(self.start / self.price);
                self.price * libm::exp((market.reversion.value / YEAR).min(1.0) * gap + shock)
            }
            PriceProcess::Gbm | PriceProcess::Endogenous => {
                self.price * libm::exp((market.drift.value - volatility * volatility / 2.0) / YEAR + shock)
            }
        };
        self.price
    }

    /// The price jumps by this part, and so does what it returns to.
    pub fn shock(&mut self, part: f64) {
        self.price *= (1.0 + part).max(1e-6);
        self.start *= (1.0 + part).max(1e-6);
    }
}
