//! Every figure of a scenario by its key.

use super::{Boom, Class, Demand, Figure, Market, PriceRule, Scenario, Stakers, Switch};

type Visit<'v> = &'v mut dyn FnMut(&str, &mut Figure);

impl Scenario {
    /// Calls `visit` with the key and the figure of every figure, in one order that never depends on values.
    pub fn visit(&mut self, visit: Visit<'_>) {
        visit("scenario.unit.per-day", &mut self.unit.per_day);
        for (name, metric) in &mut self.metrics {
            visit(&format!("scenario.metric.{name}.times"), &mut metric.times);
        }
        self.price.visit(visit);
        for (name, segment) in &mut self.demand {
            segment.visit(name, visit);
        }
        for (name, class) in &mut self.supply {
            class.visit(name, visit);
        }
        for (name, stakers) in &mut self.stakers {
            stakers.visit(name, visit);
        }
        visit("scenario.holders.unlock-sells", &mut self.holders.unlock_sells);
        visit("scenario.treasury.spend", &mut self.treasury.spend);
        visit("scenario.treasury.discount", &mut self.treasury.discount);
        self.market.visit(visit);
        self.boom.visit(visit);
    }
}

impl PriceRule {
    fn visit(&mut self, visit: Visit<'_>) {
        visit("scenario.price.start", &mut self.start);
        visit("scenario.price.markup", &mut self.markup);
        visit("scenario.price.markup-most", &mut self.markup_most);
        visit("scenario.price.adjust", &mut self.adjust);
    }
}

impl Demand {
    fn visit(&mut self, name: &str, visit: Visit<'_>) {
        let figures = [
            ("size", &mut self.size),
            ("growth", &mut self.growth),
            ("ceiling", &mut self.ceiling),
            ("elasticity", &mut self.elasticity),
            ("quality-sensitivity", &mut self.quality_sensitivity),
            ("alternative", &mut self.alternative),
            ("alternative-trend", &mut self.alternative_trend),
            ("noise", &mut self.noise),
            ("earned-share", &mut self.earned_share),
            ("stable-share", &mut self.stable_share),
        ];
        named("demand", name, figures, visit);
    }
}

impl Class {
    fn visit(&mut self, name: &str, visit: Visit<'_>) {
        let figures = [
            ("count", &mut self.count),
            ("most", &mut self.most),
            ("devices", &mut self.devices),
            ("spread", &mut self.spread),
            ("capacity", &mut self.capacity),
            ("capital", &mut self.capital),
            ("running", &mut self.running),
            ("outside", &mut self.outside),
            ("delay", &mut self.delay),
            ("hurdle", &mut self.hurdle),
            ("pace", &mut self.pace),
            ("trend", &mut self.trend),
            ("patience", &mut self.patience),
            ("sells", &mut self.sells),
            ("honesty", &mut self.honesty),
            ("found", &mut self.found),
        ];
        named("supply", name, figures, visit);
    }
}

impl Stakers {
    fn visit(&mut self, name: &str, visit: Visit<'_>) {
        let figures = [("share", &mut self.share), ("required-yield", &mut self.required_yield), ("speed", &mut self.speed)];
        named("stakers", name, figures, visit);
    }
}

impl Market {
    fn visit(&mut self, visit: Visit<'_>) {
        for (key, figure) in [
            ("start", &mut self.start),
            ("depth", &mut self.depth),
            ("volatility", &mut self.volatility),
            ("drift", &mut self.drift),
            ("reversion", &mut self.reversion),
            ("discount-rate", &mut self.discount_rate),
            ("premium-half-life", &mut self.premium_half_life),
            ("velocity", &mut self.velocity),
            ("report-delay", &mut self.report_delay),
            ("speculators.cash", &mut self.speculators.cash),
            ("speculators.pull", &mut self.speculators.pull),
            ("speculators.trend", &mut self.speculators.trend),
        ] {
            visit(&format!("scenario.market.{key}"), figure);
        }
    }
}

impl Boom {
    fn visit(&mut self, visit: Visit<'_>) {
        let switches = [
            ("demand", &mut self.demand),
            ("outside", &mut self.outside),
            ("hardware", &mut self.hardware),
            ("cloud", &mut self.cloud),
            ("ahead", &mut self.ahead),
            ("bust", &mut self.bust),
        ];
        for (key, Switch { times, after_months, .. }) in switches {
            visit(&format!("scenario.boom.{key}.times"), times);
            visit(&format!("scenario.boom.{key}.after-months"), after_months);
        }
        visit("scenario.boom.hardware.delay-days", &mut self.hardware_delay);
    }
}

fn named<const N: usize>(section: &str, name: &str, figures: [(&str, &mut Figure); N], visit: Visit<'_>) {
    for (key, figure) in figures {
        visit(&format!("scenario.{section}.{name}.{key}"), figure);
    }
}
