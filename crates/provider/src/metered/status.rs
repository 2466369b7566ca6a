//! What an operator adds to its status and metrics.

use super::{
    plan::{at_stake, waiting},
    task::MeteredTask,
    view::View,
};
use crate::operator::{Figures, Status, counter, gauge};
use depin_client::api::{Amount, MeteredOrder, OrderStage, Price};
use depin_quantity::{Name, UnitId, Units};
use prometheus_client::encoding::DescriptorEncoder;
use serde::Serialize;
use std::{collections::BTreeMap, fmt};

/// An operator at one moment.
pub type MeteredStatus = Status<MeteredFigures>;

/// What an operator of a founder's own service adds to its status.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MeteredFigures {
    /// What it asks for one unit, as the ledger has it.
    pub asks: Vec<Price>,
    /// Orders that take units.
    pub orders_open: u64,
    /// Orders that take no more and have undecided batches.
    pub orders_ending: u64,
    /// Units that it was ever paid for.
    pub units_delivered: u64,
    /// Units that were reported for it and did not count.
    pub units_rejected: u64,
    /// What orders that are not over paid, in base units by currency.
    pub earned: BTreeMap<Name, Units>,
    /// What their undecided batches hold, in base units by currency.
    pub awaited: BTreeMap<Name, Units>,
    /// Disputes that are not decided.
    pub disputes_open: u64,
    /// Disputes that were lost between its last run and this one.
    pub disputes_lost_away: u64,
    /// Batches whose dispute waits for a person: `depin metered answer`, or `concede`.
    pub disputes_waiting: Vec<UnitId>,
    /// What its answers to disputes that are not decided have put up, in base units of the token that deposits are in.
    pub deposits_at_stake: Units,
    /// Disputes answered since it was started.
    pub answered: u64,
    /// Disputes given up since it was started.
    pub conceded: u64,
}

impl MeteredFigures {
    pub(super) const fn count(&mut self, task: &MeteredTask) {
        match task {
            MeteredTask::Answer { .. } => self.answered += 1,
            MeteredTask::Concede(_) => self.conceded += 1,
        }
    }

    pub(super) fn show(&mut self, view: &View) {
        let units = |digits: Option<&String>| digits.and_then(|digits| digits.parse().ok()).unwrap_or(u64::MAX);
        if let Some(entry) = &view.entry {
            self.asks.clone_from(&entry.asks);
            (self.units_delivered, self.units_rejected) = (units(Some(&entry.delivered)), units(Some(&entry.rejected)));
        }
        let at = |stage| view.orders.values().filter(|order| order.state == stage).count() as u64;
        (self.orders_open, self.orders_ending) = (at(OrderStage::Open), at(OrderStage::Ending));
        self.earned = sums(view, |order| &order.spent);
        self.awaited = sums(view, |order| &order.held);
        self.disputes_open = view.disputes.len() as u64;
        self.disputes_lost_away = view.lost_away;
        self.disputes_waiting = waiting(view);
        self.deposits_at_stake = at_stake(view);
    }
}

fn sums(view: &View, of: impl Fn(&MeteredOrder) -> &Amount) -> BTreeMap<Name, Units> {
    let mut sums: BTreeMap<Name, Units> = BTreeMap::new();
    for amount in view.orders.values().map(of) {
        let sum = sums.entry(amount.token).or_default();
        // No token has more than 128 bits of base units in all, so no sum of parts of it does.
        *sum = sum.plus(amount.units).unwrap_or(*sum);
    }
    sums
}

impl Figures for MeteredFigures {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let gauges = [
            ("orders_open", "Orders that take units", self.orders_open),
            ("orders_ending", "Orders that take no more and have undecided batches", self.orders_ending),
            ("disputes_open", "Disputes that are not decided", self.disputes_open),
            ("disputes_waiting", "Disputes that wait for a person", self.disputes_waiting.len() as u64),
            ("units_delivered", "Units that it was ever paid for", self.units_delivered),
            ("units_rejected", "Units that did not count", self.units_rejected),
        ];
        gauges.into_iter().try_for_each(|(name, help, value)| gauge(encoder, name, help, value))?;
        counter(encoder, "disputes_answered", "Disputes answered", self.answered)?;
        counter(encoder, "disputes_conceded", "Disputes given up", self.conceded)
    }
}
