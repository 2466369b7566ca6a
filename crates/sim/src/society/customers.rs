//! Customers: how much of the service each segment wants.

use crate::{
    chance::{Chance, Purpose},
    scenario::Scenario,
};

const YEAR: f64 = 365.0;

/// Factors that price and quality put on demand stay within these bounds.
const FACTORS: (f64, f64) = (0.02, 50.0);

/// One segment.
#[derive(Clone, Debug)]
struct Segment {
    /// Times its size at the start, by growth and noise.
    grown: f64,
    noise: f64,
    /// Dollars for one unit elsewhere, without the boom.
    alternative: f64,
    alternative_first: f64,
}

/// All segments.
#[derive(Clone, Debug)]
pub struct Customers {
    segments: Vec<Segment>,
    price_first: f64,
    quality_first: f64,
    /// Units a day that each segment wants now.
    pub wanted: Vec<f64>,
    /// Units a day that each would want without any grant.
    pub unsubsidised: Vec<f64>,
    /// Units a day that are booked for each.
    pub booked: Vec<f64>,
}

/// What customers see on a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    /// Dollars for one unit.
    pub price: f64,
    /// The part of a bill that a grant pays.
    pub discount: f64,
    /// How well what is ordered is served, 0 to 1.
    pub quality: f64,
    /// What the boom multiplies demand and the alternative's price with.
    pub boom: (f64, f64),
}

impl Customers {
    /// The segments of a scenario on the first day.
    pub fn new(scenario: &Scenario, quality: f64) -> Self {
        let segments: Vec<Segment> = scenario
            .demand
            .values()
            .map(|demand| Segment {
                grown: 1.0,
                noise: 0.0,
                alternative: demand.alternative.value,
                alternative_first: demand.alternative.value,
            })
            .collect();
        let wanted: Vec<f64> = scenario.demand.values().map(|demand| demand.size.value).collect();
        let booked = vec![0.0; wanted.len()];
        Self {
            segments,
            price_first: scenario.price.start.value,
            quality_first: quality.max(1e-9),
            unsubsidised: wanted.clone(),
            wanted,
            booked,
        }
    }

    /// One day later. `size * growth * (price / alternative over that of the first day)^elasticity * (quality over that of the first
    /// day)^sensitivity * noise`; growth is logistic to the ceiling, at the stated rate at first.
    pub fn step(&mut self, scenario: &Scenario, chance: &Chance, day: u32, sight: &Sight) {
        for (at, (segment, demand)) in self.segments.iter_mut().zip(scenario.demand.values()).enumerate() {
            let (growth, ceiling) = (demand.growth.value, demand.ceiling.value.max(1.0));
            let room = if growth > 0.0 && ceiling > 1.0 {
                ((1.0 - segment.grown / ceiling) / (1.0 - 1.0 / ceiling)).max(0.0)
            } else if growth > 0.0 {
                0.0
            } else {
                1.0
            };
            segment.grown *= libm::exp(libm::log(1.0 + growth.max(-0.99)) / YEAR * room);
            let deviation = demand.noise.value / YEAR.sqrt();
            segment.noise += deviation * chance.normal(Purpose::Demand, at as u64, day.into()) - deviation * deviation / 2.0;
            segment.alternative *= libm::exp(libm::log(1.0 + demand.alternative_trend.value.max(-0.99)) / YEAR);
            let alternative = segment.alternative * sight.boom.1;
            let base = self.price_first / segment.alternative_first;
            let bounded = |factor: f64| factor.clamp(FACTORS.0, FACTORS.1);
            let by_price = |price: f64| bounded(libm::pow((price / alternative / base).max(1e-9), demand.elasticity.value));
            let by_quality = bounded(libm::pow((sight.quality / self.quality_first).max(1e-9), demand.quality_sensitivity.value));
            let rest = demand.size.value * segment.grown * libm::exp(segment.noise) * sight.boom.0 * by_quality;
            self.unsubsidised[at] = rest * by_price(sight.price);
            self.wanted[at] = rest * by_price(sight.price * (1.0 - sight.discount));
        }
    }

    /// Quality on the first day.
    pub const fn quality_first(&self) -> f64 {
        self.quality_first
    }

    /// Units a day that all segments want.
    pub fn demand(&self) -> f64 {
        self.wanted.iter().sum()
    }

    /// The part of what is wanted that would be without any grant.
    pub fn genuine(&self) -> f64 {
        let wanted = self.demand();
        if wanted > 0.0 { (self.unsubsidised.iter().sum::<f64>() / wanted).min(1.0) } else { 1.0 }
    }

    /// Dollars for one unit elsewhere, mean by demand, with the boom's factor; and on the first day.
    pub fn alternative(&self, cloud: f64) -> (f64, f64) {
        let all = self.demand();
        let mean = |of: &dyn Fn(&Segment) -> f64| {
            let sum: f64 = self.segments.iter().zip(&self.wanted).map(|(segment, wanted)| of(segment) * wanted).sum();
            if all > 0.0 { sum / all } else { self.segments.first().map_or(0.0, of) }
        };
        (mean(&|segment| segment.alternative) * cloud, mean(&|segment| segment.alternative_first))
    }

    /// The segment that lacks most of what it wants: who books next.
    pub fn next_payer(&self) -> Option<usize> {
        let lacks = |at: &usize| self.wanted[*at] - self.booked[*at];
        (0..self.wanted.len()).max_by(|a, b| lacks(a).total_cmp(&lacks(b)).then(b.cmp(a)))
    }
}
