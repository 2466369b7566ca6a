//! A scenario for tests, and for the bench of the engine, which takes this file in: small round figures, nothing drawn.

use super::*;
use depin_quantity::{Instant, Name, Span};
use std::collections::BTreeMap;

fn f(value: f64) -> Figure {
    Figure::plain(value)
}

fn class(kind: ClassKind, capital: f64, running: f64, outside: f64) -> Class {
    Class {
        kind,
        count: f(20.0),
        most: f(60.0),
        devices: f(1.0),
        spread: f(0.5),
        capacity: f(1.0),
        capital: f(capital),
        running: f(running),
        outside: f(outside),
        delay: f(20.0),
        hurdle: f(18.0),
        pace: f(0.2),
        trend: f(0.0),
        patience: f(60.0),
        sells: f(0.7),
        honesty: f(1.0),
        found: f(0.0),
        region: "everywhere".to_owned(),
        joins_with: Vec::new(),
    }
}

fn demand() -> Demand {
    Demand {
        size: f(900.0),
        growth: f(0.3),
        ceiling: f(5.0),
        elasticity: f(-1.0),
        quality_sensitivity: f(0.5),
        alternative: f(2.0),
        alternative_trend: f(-0.05),
        noise: f(0.2),
        earned_share: f(0.05),
        stable_share: f(0.0),
    }
}

fn market() -> Market {
    Market {
        price: PriceProcess::Endogenous,
        start: f(1.0),
        depth: f(2e6),
        volatility: f(0.6),
        drift: f(0.0),
        reversion: f(0.5),
        fundamental: Fundamental::Quantity,
        discount_rate: f(0.2),
        premium_half_life: f(8.0),
        velocity: f(5.0),
        report_delay: f(0.0),
        path: Vec::new(),
        speculators: Speculators { cash: f(1e7), pull: f(30.0), trend: f(0.2) },
    }
}

fn boom() -> Boom {
    let off = || Switch { on: false, times: f(1.0), after_months: f(12.0) };
    Boom { demand: off(), outside: off(), hardware: off(), hardware_delay: f(0.0), cloud: off(), ahead: off(), bust: off() }
}

/// One segment, three classes, one group of stakers; a service that charges for what was served.
pub fn plain() -> Scenario {
    Scenario {
        about: About { name: "plain".to_owned(), title: "Plain".to_owned(), about: "For tests.".to_owned() },
        horizon: Horizon {
            start: Instant::new(1_767_225_600_000),
            years: 2.0,
            step: Span::from_days(1),
            record: Span::from_days(7),
            opening: Opening::Aged,
            treatment: Treatment::Tokens,
            entry: Entry::Myopic,
        },
        unit: UnitRule {
            name: "GPU-hour".to_owned(),
            plural: "GPU-hours".to_owned(),
            per_day: f(24.0),
            paid_by: PaidBy::Charge(Name::literal("frame")),
            term: Span::from_days(28),
            false_claim: String::new(),
        },
        metrics: BTreeMap::new(),
        price: PriceRule { mechanism: Mechanism::Asks, start: f(1.0), markup: f(0.1), markup_most: f(1.0), adjust: f(0.3) },
        demand: BTreeMap::from([("customers".to_owned(), demand())]),
        supply: BTreeMap::from([
            ("idle".to_owned(), class(ClassKind::Idle, 0.0, 3.0, 0.0)),
            ("repurposed".to_owned(), class(ClassKind::Repurposed, 0.0, 3.0, 4.0)),
            ("bought".to_owned(), class(ClassKind::Bought, 3_000.0, 3.0, 0.0)),
        ]),
        stakers: BTreeMap::from([("stakers".to_owned(), Stakers { share: f(0.3), required_yield: f(0.08), speed: f(0.5) })]),
        holders: Holders { unlock_sells: f(0.3) },
        treasury: Treasury { spend: f(0.1), programme: Programme::None, discount: f(0.0) },
        market: market(),
        boom: boom(),
        links: Links { price_entry: true, exit_quality: true, quality_demand: true, demand_burn: true },
        events: Vec::new(),
        stop: Stop::default(),
    }
}
