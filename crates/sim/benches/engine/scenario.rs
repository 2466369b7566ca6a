//! The fleet that is measured: a thousand providers that stay, in round figures.

use depin_quantity::{Instant, Name, Span};
// What the scenario of the tests is written with, too.
use depin_sim::scenario::{
    About, Boom, Class, ClassKind, Demand, Entry, Figure, Fundamental, Holders, Horizon, Links, Market, Mechanism, MetricRule,
    Opening, PaidBy, Per, PriceProcess, PriceRule, Programme, Scenario, Speculators, Stakers, Stop, Switch, Treasury, Treatment,
    UnitRule,
};
use std::collections::BTreeMap;

#[path = "../../src/scenario/plain.rs"]
mod plain;

fn f(value: f64) -> Figure {
    Figure::plain(value)
}

/// What of it differs by network.
pub struct Service {
    pub paid_by: PaidBy,
    pub mechanism: Mechanism,
    pub fundamental: Fundamental,
    pub term: Span,
    pub metrics: &'static [(&'static str, Per, f64)],
}

/// So many providers for so many years, and so many units a day that customers want: the people of the tests, all of one class that never
/// leaves.
pub fn scenario(providers: f64, years: f64, demand: f64, service: &Service) -> Scenario {
    let plain = plain::plain();
    let metric = |(name, per, times): &(&str, Per, f64)| -> (Name, MetricRule) {
        (name.parse().expect("a name"), MetricRule { per: *per, times: f(*times), of: Vec::new() })
    };
    let segment = |size: f64| Demand {
        size: f(size),
        growth: f(0.1),
        ceiling: f(3.0),
        earned_share: f(0.0),
        ..plain.demand["customers"].clone()
    };
    let class = Class { count: f(providers), most: f(providers), patience: f(1e6), ..plain.supply["idle"].clone() };
    let speculators = Speculators { cash: f(1e8), ..plain.market.speculators.clone() };
    Scenario {
        horizon: Horizon { start: Instant::new(1_735_689_600_000), years, ..plain.horizon },
        unit: UnitRule { paid_by: service.paid_by, term: service.term, ..plain.unit },
        metrics: service.metrics.iter().map(metric).collect(),
        price: PriceRule { mechanism: service.mechanism, ..plain.price },
        demand: BTreeMap::from([("one".to_owned(), segment(demand * 0.8)), ("two".to_owned(), segment(demand * 0.2))]),
        supply: BTreeMap::from([("idle".to_owned(), class)]),
        market: Market { start: f(3.0), depth: f(2e7), fundamental: service.fundamental, speculators, ..plain.market },
        ..plain
    }
}
