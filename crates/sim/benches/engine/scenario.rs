//! The fleet that is measured: a thousand providers that stay, in round figures.

use depin_quantity::{Instant, Span};
use depin_sim::scenario::{
    About, Boom, Class, ClassKind, Demand, Entry, Figure, Fundamental, Holders, Horizon, Links, Market, Mechanism, MetricRule,
    Opening, PaidBy, Per, PriceProcess, PriceRule, Programme, Scenario, Speculators, Stakers, Stop, Switch, Treasury, Treatment,
    UnitRule,
};
use std::collections::BTreeMap;

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

/// So many providers for so many years.
pub fn scenario(providers: f64, years: f64, service: &Service) -> Scenario {
    let metrics = service
        .metrics
        .iter()
        .map(|(name, per, times)| (name.parse().expect("a name"), MetricRule { per: *per, times: f(*times), of: Vec::new() }));
    Scenario {
        about: About::default(),
        horizon: Horizon {
            start: Instant::new(1_735_689_600_000),
            years,
            step: Span::from_days(1),
            record: Span::from_days(7),
            opening: Opening::Aged,
            treatment: Treatment::Tokens,
            entry: Entry::Myopic,
        },
        unit: UnitRule {
            name: "unit".to_owned(),
            plural: "units".to_owned(),
            per_day: f(24.0),
            paid_by: service.paid_by,
            term: service.term,
            false_claim: String::new(),
        },
        metrics: metrics.collect(),
        price: PriceRule { mechanism: service.mechanism, start: f(1.0), markup: f(0.1), markup_most: f(1.0), adjust: f(0.3) },
        demand: BTreeMap::from([("one".to_owned(), segment(providers * 12.0)), ("two".to_owned(), segment(providers * 3.0))]),
        supply: BTreeMap::from([("idle".to_owned(), class(providers, ClassKind::Idle))]),
        stakers: BTreeMap::from([("stakers".to_owned(), Stakers { share: f(0.3), required_yield: f(0.08), speed: f(0.5) })]),
        holders: Holders { unlock_sells: f(0.3) },
        treasury: Treasury { spend: f(0.1), programme: Programme::None, discount: f(0.0) },
        market: market(service.fundamental),
        boom: boom(),
        links: Links { price_entry: true, exit_quality: true, quality_demand: true, demand_burn: true },
        events: Vec::new(),
        stop: Stop::default(),
    }
}

fn class(providers: f64, kind: ClassKind) -> Class {
    Class {
        kind,
        count: f(providers),
        most: f(providers),
        devices: f(1.0),
        spread: f(0.5),
        capacity: f(1.0),
        capital: f(0.0),
        running: f(3.0),
        outside: f(0.0),
        delay: f(20.0),
        hurdle: f(18.0),
        pace: f(0.2),
        trend: f(0.0),
        patience: f(1e6),
        sells: f(0.7),
        honesty: f(1.0),
        found: f(0.0),
        region: "everywhere".to_owned(),
        joins_with: Vec::new(),
    }
}

fn segment(size: f64) -> Demand {
    Demand {
        size: f(size),
        growth: f(0.1),
        ceiling: f(3.0),
        elasticity: f(-1.0),
        quality_sensitivity: f(0.5),
        alternative: f(2.0),
        alternative_trend: f(-0.05),
        noise: f(0.2),
        earned_share: f(0.0),
    }
}

fn market(fundamental: Fundamental) -> Market {
    Market {
        price: PriceProcess::Endogenous,
        start: f(3.0),
        depth: f(2e7),
        volatility: f(0.6),
        drift: f(0.0),
        reversion: f(0.5),
        fundamental,
        discount_rate: f(0.2),
        premium_half_life: f(8.0),
        velocity: f(5.0),
        report_delay: f(0.0),
        path: Vec::new(),
        speculators: Speculators { cash: f(1e8), pull: f(30.0), trend: f(0.2) },
    }
}

fn boom() -> Boom {
    let off = || Switch { on: false, times: f(1.0), after_months: f(12.0) };
    Boom { demand: off(), outside: off(), hardware: off(), hardware_delay: f(0.0), cloud: off(), ahead: off(), bust: off() }
}
