//! A small burn-and-mint economy by which simulators are compared: a thousand providers that enter when rewards are above their hurdle
//! for long enough, and leave when they are below their costs; customers whose payments are burnt; a price moved by the flow.
//!
//! No power, exponent or logarithm occurs in it, so every implementation that keeps the order of operations gives the same bits.
//! `bench/peers` holds the same model for NumPy, Numba and radCAD.

use super::{Fleet, Job, Lanes, Rule, Simd};
use crate::chance::{GAMMA, mix};

/// Service price at a utilisation of one half, in dollars per unit.
const PRICE_AT_HALF: f64 = 4.0;
/// How much of a net flow, as a share of supply, the price moves.
const IMPACT: f64 = 5.0;
/// Part of what is minted that is sold the same day.
const SOLD: f64 = 0.6;
/// Yearly revenue times this is what the token is held to be worth.
const MULTIPLE: f64 = 20.0;
/// Daily pull to that worth.
const PULL: f64 = 0.005;
/// Most that is minted again of what was burnt in a day.
const NET_EMISSION_MOST: f64 = 5000.0;
/// Emission of a day as a part of the day before.
const EMISSION_DECAY: f64 = 0.999_05;
/// Growth of demand a day, far below its ceiling.
const GROWTH: f64 = 0.004;
/// Ceiling of demand.
const DEMAND_MOST: f64 = 6000.0;
/// Most of supply that burns in a day.
const BURN_MOST: f64 = 0.01;
/// Standard deviations of a day's shocks to demand and to price.
const DEMAND_SHOCK: f64 = 0.02;
const PRICE_SHOCK: f64 = 0.03;
/// Most that flow moves the price in a day, and the least price.
const FLOW_MOST: f64 = 0.2;
const PRICE_LEAST: f64 = 1e-6;
/// Entry hurdle over cost.
const MARGIN: f64 = 0.05;

/// Where a run's shocks come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shocks {
    /// There are none.
    None,
    /// Uniform ones of unit variance, a function of the run's number and the day.
    OfRun(u64),
}

impl Shocks {
    /// Those of a day, to demand and to price.
    #[inline(always)]
    fn of_day(self, day: u64) -> (f64, f64) {
        match self {
            Self::None => (0.0, 0.0),
            Self::OfRun(run) => {
                let seed = mix(run.wrapping_add(1));
                (shock(seed, day.wrapping_mul(2).wrapping_add(1)), shock(seed, day.wrapping_mul(2).wrapping_add(2)))
            }
        }
    }
}

/// A uniform number of mean 0 and variance 1, out of 53 bits.
#[inline(always)]
fn shock(seed: u64, number: u64) -> f64 {
    let bits = mix(seed.wrapping_add(number.wrapping_mul(GAMMA))) >> 11;
    let uniform = bits as f64 * (1.0 / 9_007_199_254_740_992.0);
    (2.0 * uniform - 1.0) * 1.732_050_807_568_877_2
}

/// What is recorded of a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    /// Tokens there are.
    pub supply: f64,
    /// Dollars for one.
    pub price: f64,
    /// Units that customers want at the reference price.
    pub demand: f64,
    /// Providers that take part.
    pub providers: f64,
    /// Units that they can serve.
    pub capacity: f64,
    /// Part of it that was used.
    pub utilisation: f64,
    /// Tokens burnt so far.
    pub burned: f64,
    /// Tokens minted so far.
    pub minted: f64,
}

/// What a run left.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Every day, in order.
    pub days: Vec<Day>,
    /// What all providers earned together after their costs, in dollars.
    pub balance: f64,
}

/// A run of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BurnAndMint {
    /// How many providers.
    pub providers: u32,
    /// How many days.
    pub days: u32,
    /// The shocks.
    pub shocks: Shocks,
}

/// One day of the providers: rewards per unit of capacity, in dollars.
struct Rewards(f64);

/// Parameters: capacity, cost, days of losses until exit, days above the hurdle until entry. States: taking part (1 or 0), days
/// in a row, balance. Sums: capacity and number of those that take part.
impl Rule<4, 3, 2> for Rewards {
    #[inline(always)]
    fn step<S: Simd>(
        &self,
        [capacity, cost, exit, enter]: [Lanes<S>; 4],
        [part, days, balance]: [Lanes<S>; 3],
    ) -> ([Lanes<S>; 3], [Lanes<S>; 2]) {
        let reward = capacity.all(self.0);
        let margin = reward - cost;
        let active = part.at_least(capacity.all(1.0));
        let more = days + 1.0;
        let days = active.select(margin.less(capacity.all(0.0)).keep(more), (cost * (1.0 + MARGIN)).less(reward).keep(more));
        let turns = days.at_least(active.select(exit, enter));
        let change = part - turns.keep(capacity.all(1.0));
        // One becomes nought, nought becomes minus one: its square is whether the provider takes part now.
        let part = change * change;
        ([part, turns.clear(days), balance + active.keep(capacity * margin)], [part * capacity, part])
    }
}

impl Job for BurnAndMint {
    type Output = Outcome;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Outcome {
        let mut fleet = self.fleet();
        let mut market = Market::opening(&fleet);
        let mut days = Vec::with_capacity(self.days as usize);
        for day in 0..self.days {
            let rewards = market.pass(self.shocks.of_day(day.into()));
            [market.capacity, market.providers] = fleet.update(simd, &rewards);
            days.push(market.day());
        }
        Outcome { days, balance: fleet.state(2).iter().sum() }
    }
}

impl BurnAndMint {
    fn fleet(self) -> Fleet<4, 3> {
        let column = |value: &dyn Fn(u32) -> f64| (0..self.providers).map(value).collect::<Vec<f64>>();
        let cost = |i: u32| 2.0 + 6.0 * (f64::from(617 * (i % 1000) % 1000) + 0.5) / 1000.0;
        let parameters = [
            column(&|i| f64::from(1 + 7 * (i % 10) % 10)),
            column(&cost),
            column(&|i| f64::from(20 + 13 * (i % 41) % 41)),
            column(&|i| f64::from(10 + 29 * (i % 51) % 51)),
        ];
        let states = [column(&|i| f64::from(u8::from(i % 5 == 0))), column(&|_| 0.0), column(&|_| 0.0)];
        Fleet::new(parameters, states).expect("every column has as many numbers as there are providers")
    }
}

/// What the providers share.
struct Market {
    supply: f64,
    price: f64,
    demand: f64,
    emission: f64,
    utilisation: f64,
    minted: f64,
    burned: f64,
    capacity: f64,
    providers: f64,
}

impl Market {
    fn opening(fleet: &Fleet<4, 3>) -> Self {
        let (part, capacity) = (fleet.state(0), fleet.parameter(0));
        Self {
            supply: 1e8,
            price: 1.0,
            demand: 300.0,
            emission: 20_000.0,
            utilisation: 0.5,
            minted: 0.0,
            burned: 0.0,
            capacity: part.iter().zip(capacity).map(|(part, capacity)| part * capacity).sum(),
            providers: part.iter().sum(),
        }
    }

    /// One day up to the rewards that providers see.
    #[inline(always)]
    fn pass(&mut self, (demand_shock, price_shock): (f64, f64)) -> Rewards {
        let service_price = PRICE_AT_HALF * (0.5 + self.utilisation);
        let capacity = self.capacity.max(1.0);
        let served = (self.demand * (PRICE_AT_HALF / service_price)).min(self.capacity);
        self.utilisation = served / capacity;
        let revenue = served * service_price;
        let burn = (revenue / self.price).min(BURN_MOST * self.supply);
        let mint = self.emission + burn.min(NET_EMISSION_MOST);
        self.supply = (self.supply + mint) - burn;
        self.minted += mint;
        self.burned += burn;
        let flow = ((IMPACT * (burn - SOLD * mint)) / self.supply).clamp(-FLOW_MOST, FLOW_MOST);
        let worth = ((MULTIPLE * revenue) * 365.0) / self.supply;
        let moved = self.price * (1.0 + flow) + PULL * (worth - self.price);
        self.price = (moved * (1.0 + PRICE_SHOCK * price_shock)).max(PRICE_LEAST);
        self.emission *= EMISSION_DECAY;
        let grown = self.demand * (1.0 + GROWTH * (1.0 - self.demand / DEMAND_MOST));
        self.demand = (grown * (1.0 + DEMAND_SHOCK * demand_shock)).max(1.0);
        Rewards((mint * self.price) / capacity)
    }

    const fn day(&self) -> Day {
        Day {
            supply: self.supply,
            price: self.price,
            demand: self.demand,
            providers: self.providers,
            capacity: self.capacity,
            utilisation: self.utilisation,
            burned: self.burned,
            minted: self.minted,
        }
    }
}
