//! The second look: how figures fit together.
//!
//! In: a scenario that could be read, and the tree with its places. Out: what makes no sense together. With the service's descriptor
//! also what the service does not know.

use super::{
    ClassKind, PaidBy, Per, PriceProcess, Scenario, Treatment,
    document::Node,
    read::{Reader, end_of},
};
use depin_quantity::{Instant, Name, Span, nearest_name};
use depin_services::descriptor::Service;

impl Reader<'_> {
    /// Everything that does not depend on a service.
    pub(super) fn look(&mut self, scenario: &Scenario) {
        self.look_people(scenario);
        self.look_horizon(scenario);
        self.look_market(scenario);
        self.look_boom(scenario);
        self.look_sizes(scenario);
    }

    fn at(&self, path: &[&str]) -> Option<Node> {
        self.tree.get(path).cloned()
    }

    /// An error at a path, or at what is around it.
    fn wrong_at(&mut self, path: &[&str], message: String, hint: &str) {
        let node = (1..=path.len()).rev().find_map(|n| self.at(&path[..n]));
        match node {
            Some(node) => self.say_of(&node, message, hint),
            None => self.missing(path, format!("{message}; {hint}")),
        }
    }

    fn look_people(&mut self, scenario: &Scenario) {
        if scenario.demand.is_empty() {
            self.missing(&["demand"], "add [demand.customers] with size, growth, ceiling, elasticity, alternative");
        }
        if scenario.supply.is_empty() {
            self.missing(
                &["supply"],
                "add [supply.some-class] with kind, count, most, capacity, capital, running, hurdle, patience",
            );
        }
        if scenario.metrics.is_empty() {
            self.missing(&["metric"], "add [metric.some-metric] with per and times, or nobody is paid for anything");
        }
        for (name, class) in &scenario.supply {
            let (count, most) = (class.count.value, class.most.value);
            if most < count {
                let message = format!("there are {count} `{name}` at the start, more than the {most} that there can ever be");
                self.wrong_at(&["supply", name, "most"], message, "raise `most`");
            }
        }
        for (metric, rule) in &scenario.metrics {
            for class in rule.of.iter().filter(|class| !scenario.supply.contains_key(*class)) {
                let near = nearest_name(class, scenario.supply.keys().map(String::as_str));
                let hint = near.map_or_else(|| "name a class of [supply.…]".to_owned(), |near| format!("did you mean `{near}`?"));
                self.wrong_at(&["metric", metric.as_str(), "of"], format!("no class is called `{class}`"), &hint);
            }
        }
        let staked: f64 = scenario.stakers.values().map(|group| group.share.value).sum();
        if staked > 1.0 {
            let message = format!("stakers hold {staked} of what circulates, more than all of it");
            self.wrong_at(&["stakers"], message, "lower their shares until they come to at most 1");
        }
    }

    fn look_horizon(&mut self, scenario: &Scenario) {
        let horizon = &scenario.horizon;
        let (step, record) = (horizon.step.get(), horizon.record.get());
        if horizon.step != Span::from_days(1) {
            let message = format!("people decide once a day, and no other step is simulated: not {}", horizon.step);
            self.wrong_at(&["scenario", "step"], message, "write step = \"1d\"");
        } else if record == 0 || record % step != 0 {
            let message = "a row is written at the end of a step: `record` must be a multiple of `step`".to_owned();
            self.wrong_at(&["scenario", "record"], message, "write step = \"1d\", record = \"7d\"");
        }
        if horizon.treatment == Treatment::CentralCapex && !scenario.supply.values().any(|class| class.kind == ClassKind::Bought)
        {
            let message = "a company that buys hardware needs a class of kind \"bought\", whose prices it pays".to_owned();
            self.wrong_at(&["scenario", "treatment"], message, "add such a class, or choose another treatment");
        }
        let price = &scenario.price;
        if price.markup_most.value < price.markup.value {
            let message = "the last free unit is asked for less than the first".to_owned();
            self.wrong_at(&["price", "markup-most"], message, "raise `markup-most`, or lower `markup`");
        }
    }

    fn look_market(&mut self, scenario: &Scenario) {
        let market = &scenario.market;
        let start = scenario.horizon.start;
        match (market.price, market.path.first()) {
            (PriceProcess::Replay, None) => {
                let message = "a price that is replayed needs a path".to_owned();
                self.wrong_at(&["market", "price"], message, "add path = [[2025-01-01, 3.2], …], or choose another price");
            }
            (PriceProcess::Replay, Some((first, _))) if *first > start => {
                let message = format!("the path begins on {}, after the run begins", &first.to_rfc3339()[..10]);
                self.wrong_at(&["market", "path"], message, "begin the path at the scenario's start or before");
            }
            _ => {}
        }
        const GAP_DAYS: u64 = 92;
        let mut dates: Vec<Instant> = market.path.iter().map(|(at, _)| *at).collect();
        if market.price == PriceProcess::Replay && dates.first().is_some_and(|first| *first <= start) {
            // The last price holds on until the end of the run.
            dates.push(end_of(&scenario.horizon));
        }
        let gap = dates.windows(2).find(|pair| pair[1] > pair[0].later(Span::from_days(GAP_DAYS)));
        if let (Some(pair), Some(node)) = (gap, self.at(&["market", "path"])) {
            let (from, to) = (pair[0].to_rfc3339(), pair[1].to_rfc3339());
            let message = format!("no price from {} to {}: the last one holds on so long", &from[..10], &to[..10]);
            self.warn(&node, message, "add prices in between, or shorten the run");
        }
    }

    fn look_boom(&mut self, scenario: &Scenario) {
        let boom = &scenario.boom;
        let switches = [
            ("demand", &boom.demand),
            ("outside", &boom.outside),
            ("hardware", &boom.hardware),
            ("cloud", &boom.cloud),
            ("ahead", &boom.ahead),
        ];
        let late = |of: &super::Switch| of.on && of.after_months.value > boom.bust.after_months.value;
        for (name, _) in switches.iter().filter(|(_, of)| boom.bust.on && late(of)) {
            if let Some(node) = self.at(&["boom", name, "after-months"]) {
                let message = format!("`{name}` reaches its height after the bust");
                self.warn(&node, message, "let the bust come later, or the height earlier");
            }
        }
        let bust = self.at(&["boom", "bust"]).filter(|_| boom.bust.on && !switches.iter().any(|(_, of)| of.on));
        if let Some(node) = bust {
            self.warn(&node, "a bust of a boom that is turned off", "turn some of the boom on");
        }
    }

    /// Whether the opening fleet can serve what is asked for at the start.
    fn look_sizes(&mut self, scenario: &Scenario) {
        let (could, asked) = (scenario.opening_capacity(), scenario.opening_demand());
        if could.is_finite() && asked > could && could > 0.0 {
            let message = format!(
                "customers ask for {asked:.0} {unit} a day at the start, and all providers together can serve {could:.0}",
                unit = scenario.unit.plural
            );
            if let Some(node) = self.at(&["demand"]) {
                self.warn(&node, message, "raise count, devices, capacity or per-day, or lower the sizes");
            }
        }
    }

    /// What the descriptor of the service has to say.
    pub(super) fn look_service(&mut self, scenario: &Scenario, service: &Service) {
        for metric in scenario.metrics.keys().filter(|metric| service.metric(**metric).is_none()) {
            let known: Vec<&str> = service.metrics.iter().map(|metric| metric.name.as_str()).collect();
            let near = nearest_name(metric.as_str(), known.iter().copied());
            let hint = near.map_or_else(|| format!("it has {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
            let message = format!("`{metric}` is no metric of service `{}`", service.name);
            self.wrong_at(&["metric", metric.as_str()], message, &hint);
        }
        let streams: Vec<Name> = service.streams.iter().map(|kind| kind.name).collect();
        let charges: Vec<Name> = service.charges.iter().map(|kind| kind.name).collect();
        let (way, kind, known) = match scenario.unit.paid_by {
            PaidBy::Stream(kind) => ("stream", kind, streams),
            PaidBy::Charge(kind) => ("charge", kind, charges),
            PaidBy::Credit(kind) => ("credit", kind, charges),
        };
        if !known.contains(&kind) && self.at(&["unit", "paid-by"]).is_some() {
            let near = nearest_name(kind.as_str(), known.iter().map(Name::as_str));
            let words: Vec<String> = known.iter().map(|name| format!("{way}:{name}")).collect();
            let hint = match near {
                Some(near) => format!("did you mean `{way}:{near}`?"),
                None if words.is_empty() => format!("service `{}` has no {way}s; write another way", service.name),
                None => format!("it has {}", words.join(", ")),
            };
            let message = format!("service `{}` has no {way} `{kind}`", service.name);
            self.wrong_at(&["unit", "paid-by"], message, &hint);
        }
        for (name, class) in &scenario.supply {
            for fee in class.joins_with.iter().filter(|fee| !service.fees.iter().any(|kind| kind.name.as_str() == *fee)) {
                let known: Vec<&str> = service.fees.iter().map(|kind| kind.name.as_str()).collect();
                let near = nearest_name(fee, known.iter().copied());
                let hint = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "it has no fees: leave it out".to_owned(),
                    None => format!("it has {}", known.join(", ")),
                };
                let message = format!("service `{}` has no fee `{fee}`", service.name);
                self.wrong_at(&["supply", name, "joins-with"], message, &hint);
            }
        }
        let fault = scenario.unit.false_claim.as_str();
        if !fault.is_empty() && !service.faults.iter().any(|kind| kind.name.as_str() == fault) {
            let known: Vec<&str> = service.faults.iter().map(|kind| kind.name.as_str()).collect();
            let near = nearest_name(fault, known.iter().copied());
            let hint = near.map_or_else(|| format!("it has {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
            self.wrong_at(&["unit", "false-claim"], format!("service `{}` has no fault `{fault}`", service.name), &hint);
        }
        let idle = scenario.metrics.values().all(|rule| rule.per == Per::Presence);
        if let Some(node) = self.at(&["metric"]).filter(|_| idle && !scenario.metrics.is_empty()) {
            self.warn(&node, "every metric is counted on presence: work is never told of", "add one per usage or capacity");
        }
    }
}

impl Scenario {
    /// Units a day that all providers of the start could serve.
    pub fn opening_capacity(&self) -> f64 {
        let fleet: f64 = self.supply.values().map(|class| class.count.value * class.devices.value * class.capacity.value).sum();
        fleet * self.unit.per_day.value
    }

    /// Units a day that customers ask for at the start.
    pub fn opening_demand(&self) -> f64 {
        self.demand.values().map(|segment| segment.size.value).sum()
    }
}
