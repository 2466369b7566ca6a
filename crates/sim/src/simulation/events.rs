//! Dated events: figures that change, and jumps of the price. Changes of the network's file are in the file before the run begins.

use super::Simulation;
use crate::{
    amount::{dollars, micro},
    cash::Group,
    scenario::{Change, EventAt},
};
use depin_quantity::Instant;

impl Simulation<'_> {
    /// What happens today. Gives whether anything does.
    pub(super) fn happen(&mut self) -> bool {
        if self.scenario.events.is_empty() {
            return false;
        }
        let start = self.scenario.horizon.start;
        let today = |at: EventAt| {
            let at = match at {
                EventAt::Date(date) => date,
                EventAt::After(span) => start.later(span),
            };
            let before = Instant::new(self.date.get().saturating_sub(86_400_000));
            at > before && at <= self.date
        };
        let changes: Vec<Change> =
            self.scenario.events.iter().filter(|event| today(event.at)).flat_map(|event| event.changes.clone()).collect();
        let any = !changes.is_empty();
        for change in changes {
            match change {
                Change::Price(part) => self.shock(part),
                Change::Figure(key, value) => {
                    self.scenario.visit(&mut |at, figure| {
                        if at == key {
                            figure.value = value;
                        }
                    });
                }
                Change::Network(..) => {}
            }
        }
        any
    }

    /// The price jumps: the market maker's cash leaves, or comes, until it stands there, and with it goes what people believe.
    fn shock(&mut self, part: f64) {
        self.speculators.shock(part);
        if let Some(process) = &mut self.process {
            process.shock(part);
        } else if self.world.is_some() {
            let cash = dollars(self.cash.of(Group::Market));
            let moved = micro(cash * part.abs().min(0.999_999));
            let (from, to) = if part < 0.0 { (Group::Market, Group::Outside) } else { (Group::Outside, Group::Market) };
            self.cash.pay(from, to, moved);
        }
        if let Some(price) = self.prices.last_mut() {
            *price *= (1.0 + part).max(1e-6);
        }
    }
}
