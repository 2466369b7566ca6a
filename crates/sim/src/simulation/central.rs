//! One company instead of rewards: it gets the dollars of the rewards that providers of the paired run sold, as they came in, and spends
//! them on hardware. Customers are the same people; they pay it the service's price.
//!
//! It begins with the fleet of the first day. Hardware of the class `bought` is ordered when the money is there, delivered after the
//! class's delay, and runs at the class's cost for four years; a device that no longer pays its running cost stands still.

use super::{DAYS_A_YEAR, Simulation, days_of, quality, record};
use crate::{
    amount::micro,
    cash::{Cash, GROUPS, Group},
    market::{ClassView, ServiceView},
    results::Row,
    scenario::{ClassKind, Scenario},
    society::{Heights, Sight},
};
use depin_quantity::Span;
use std::collections::VecDeque;

/// Days for which hardware lasts.
const LASTS: u32 = 4 * 365;

/// What one device of the company costs and serves.
#[derive(Clone, Copy, Debug)]
struct Device {
    units: f64,
    running: f64,
    capital: f64,
    delay: f64,
}

/// The company's hardware: by the days on which lots come and go.
#[derive(Debug)]
struct Company {
    device: Device,
    devices: f64,
    ordered: VecDeque<(u32, f64)>,
    aging: VecDeque<(u32, f64)>,
    /// The fleet of the first day: units a day, and dollars a day to run it.
    first: (f64, f64),
    purse: f64,
}

/// Runs the company beside the same customers; gives its rows. `simulation` is a society without tokens on its first day, `sold` the dollars
/// of the paired run by day.
pub fn central(mut simulation: Simulation<'_>, sold: &[f64]) -> (Vec<Row>, Cash) {
    let mut company = Company::new(&simulation);
    let (days, every) = (simulation.days(), days_of(simulation.scenario.horizon.record));
    while simulation.day < days {
        simulation.day += 1;
        simulation.date = simulation.date.later(Span::from_days(1));
        simulation.happen();
        simulation.heights = Heights::on(&simulation.scenario.boom, simulation.day);
        let paid = sold.get(simulation.day as usize - 1).copied().unwrap_or(0.0);
        company.step(&mut simulation, paid);
        if simulation.day.is_multiple_of(every) || simulation.day == days {
            company.record(&mut simulation);
        }
    }
    (simulation.rows, simulation.cash)
}

fn device(scenario: &Scenario) -> Option<Device> {
    let class = scenario.supply.values().find(|class| class.kind == ClassKind::Bought)?;
    Some(Device {
        units: class.capacity.value * scenario.unit.per_day.value,
        running: class.running.value,
        capital: class.capital.value,
        delay: class.delay.value,
    })
}

impl Company {
    fn new(simulation: &Simulation<'_>) -> Self {
        let nothing = Device { units: 0.0, running: 0.0, capital: 0.0, delay: 0.0 };
        let rules: Vec<_> = simulation.scenario.supply.values().collect();
        let running = |i: usize| {
            let provider = &simulation.providers.all[i];
            provider.fleet() * rules[provider.class].running.value * provider.cost
        };
        Self {
            device: device(&simulation.scenario).unwrap_or(nothing),
            devices: 0.0,
            ordered: VecDeque::new(),
            aging: VecDeque::new(),
            first: (simulation.capacity_first, simulation.providers.active().map(running).sum()),
            purse: 0.0,
        }
    }

    fn capacity(&self) -> f64 {
        self.first.0 + self.devices * self.device.units
    }

    fn running(&self) -> f64 {
        self.first.1 + self.devices * self.device.running
    }

    fn step(&mut self, simulation: &mut Simulation<'_>, paid: f64) {
        let day = simulation.day;
        while self.ordered.front().is_some_and(|(on, _)| *on <= day) {
            let (on, lot) = self.ordered.pop_front().expect("it was looked at");
            self.devices += lot;
            self.aging.push_back((on + LASTS, lot));
        }
        while self.aging.front().is_some_and(|(on, _)| *on <= day) {
            self.devices -= self.aging.pop_front().expect("it was looked at").1;
        }
        simulation.cash.pay(Group::Outside, Group::Treasury, micro(paid));
        self.purse += paid;
        let (price, demand) = self.serve(simulation);
        let usage = demand.min(self.capacity());
        let (revenue, running) = (usage * price, self.running());
        let (flows, cash) = (&mut simulation.flows, &mut simulation.cash);
        cash.pay(Group::Customers, Group::Treasury, micro(revenue));
        cash.pay(Group::Treasury, Group::Outside, micro(running));
        flows.days += 1.0;
        flows.demand += demand;
        flows.usage += usage;
        flows.useful_usage += usage;
        flows.capacity_days += self.capacity();
        flows.revenue_usd += revenue;
        flows.revenue_third_usd += revenue;
        flows.income_providers_usd += revenue;
        flows.running_cost_usd += running;
        flows.profit_usd += revenue - running;
        self.buy(simulation);
    }

    /// The same customers, and the same mechanism of the price.
    fn serve(&self, simulation: &mut Simulation<'_>) -> (f64, f64) {
        let sight = Sight {
            price: simulation.service.price(),
            discount: 0.0,
            quality: simulation.quality,
            boom: (simulation.heights.demand, simulation.heights.cloud),
        };
        simulation.customers.step(&simulation.scenario, &simulation.chance, simulation.day, &sight);
        let demand = simulation.customers.demand();
        let (alternative, alternative_first) = simulation.customers.alternative(simulation.heights.cloud);
        let capacity = self.capacity();
        let cost = if capacity > 0.0 { self.running() / capacity } else { 0.0 };
        let classes = [ClassView { capacity, cost }];
        let view = ServiceView { day: simulation.day, demand, alternative, alternative_first, classes: &classes };
        simulation.service.step(simulation.mechanism, &simulation.scenario.price, &view);
        simulation.quality = quality(capacity, simulation.capacity_first, demand);
        (simulation.service.price(), demand)
    }

    fn buy(&mut self, simulation: &mut Simulation<'_>) {
        let each = self.device.capital * simulation.heights.hardware;
        if each <= 0.0 || self.purse <= 0.0 {
            return;
        }
        let spent = std::mem::take(&mut self.purse);
        simulation.cash.pay(Group::Treasury, Group::Outside, micro(spent));
        simulation.flows.capital_in_usd += spent;
        simulation.flows.profit_usd -= spent;
        let delay = (self.device.delay + simulation.heights.delay).clamp(1.0, 10.0 * DAYS_A_YEAR) as u32;
        // The boom lengthens delays: what was ordered later may not come before.
        let on = (simulation.day + delay).max(self.ordered.back().map_or(0, |(on, _)| *on));
        self.ordered.push_back((on, spent / each));
    }

    fn record(&self, simulation: &mut Simulation<'_>) {
        let stocks = record::Stocks {
            price: f64::NAN,
            service_price: simulation.service.price(),
            alternative: simulation.customers.alternative(simulation.heights.cloud).0,
            providers: 1.0,
            capacity: self.capacity(),
            quality: simulation.quality,
            payback: f64::NAN,
            gini: f64::NAN,
            hhi: 1.0,
            nakamoto: 1.0,
            treasury_usd: crate::amount::dollars(simulation.cash.of(Group::Treasury)),
            cash: GROUPS.map(|group| crate::amount::dollars(simulation.cash.of(group))),
            ..record::Stocks::default()
        };
        let flows = std::mem::take(&mut simulation.flows);
        let timestep = u32::try_from(simulation.rows.len()).unwrap_or(u32::MAX).saturating_add(1);
        simulation.rows.push(Row { timestep, date: simulation.date, values: record::values(&flows, &stocks) });
    }
}
