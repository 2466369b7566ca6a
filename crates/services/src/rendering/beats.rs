//! Nodes say that they are there, and idle ones accrue what the network's file pays for that.

use super::{
    availability::{Standing, idle_score},
    error::RenderingError,
    message::check_count,
    rows::{Id, Node, Person, RenderingTotals},
    service::Rendering,
};
use crate::context::Context;
use depin_quantity::{Address, Instant, UnitId};

/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;

impl Node {
    /// What counts of it.
    fn standing(&self, now: Instant) -> Standing {
        Standing {
            score: self.terms.score.into(),
            memory_gb: u64::from(self.terms.memory_mb) / 1_024,
            age_days: now.since(self.since).get() / DAY_MS,
        }
    }

    /// One ticket less to hand in; with the last one it is idle.
    pub(super) fn freed(&mut self, now: Instant) {
        self.open = self.open.saturating_sub(1);
        if self.open == 0 {
            self.free_since = now;
        }
    }
}

impl RenderingTotals {
    /// The means of all nodes that take part.
    fn mean(&self, now: Instant) -> Standing {
        let nodes = u64::from(self.nodes.max(1));
        let since = u64::try_from(self.since_sum / u128::from(nodes)).unwrap_or(u64::MAX);
        Standing {
            score: self.score / nodes,
            memory_gb: self.memory_mb / 1_024 / nodes,
            age_days: now.get().saturating_sub(since) / DAY_MS,
        }
    }
}

impl Context<'_, Rendering> {
    /// Order of refusals: entries, whether the network pays for it; then of each: node, takes part.
    pub(super) fn beat(&mut self, sender: Address, nodes: &[UnitId]) -> Result<(), RenderingError> {
        check_count(nodes.len())?;
        let Some(period) = self.params().rules.idle_period else { return Err(RenderingError::Unpaid) };
        nodes.iter().try_for_each(|node| self.beat_one(sender, *node, period.get().max(1)))
    }

    /// Since its last word, if that is not too long ago, it was idle for as long as it had no ticket. What comes to less than a thousandth waits for
    /// the next time.
    fn beat_one(&mut self, sender: Address, id: UnitId, period: u64) -> Result<(), RenderingError> {
        let mut node = self.own_node(sender, id)?;
        if !node.active {
            return Err(RenderingError::UnknownNode(id));
        }
        let (now, params) = (self.now(), self.params());
        let before = node.beat.replace(now).filter(|before| now.since(*before) <= params.beat);
        if let Some(before) = before.filter(|_| node.open == 0 && node.terms.accepts && !node.below_pledge) {
            let idle = now.since(before.max(node.free_since)).get();
            let totals = self.load::<RenderingTotals>(Id::Totals()).unwrap_or_default();
            let many = self.load::<Person>(Id::Person(sender)).map_or(1, |person| person.nodes);
            let (own, mean) = (node.standing(now), totals.mean(now));
            let score = idle_score(own, mean, many.into(), params.nodes_free, params.decay)?;
            let sum = u128::from(score) * u128::from(idle) + u128::from(node.idle_rest);
            node.idle_rest = (sum % u128::from(period)) as u64;
            self.accrue_idle(sender, id, sum / u128::from(period))?;
        }
        self.save(Id::Node(id), node);
        Ok(())
    }
}
