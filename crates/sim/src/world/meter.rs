//! How a provider's day is told to the meter, for any service, by its descriptor and the scenario's `[metric.*]`.
//!
//! What a service accrues anew in each period, and what stands until it changes, is told alike: as what holds from now on, for each
//! period of the pool that it feeds. A pool shares by standing weight in every method, period by period, so each period is
//! settled exactly, and a provider sends a record when something changes instead of every hour.

use crate::{
    amount,
    scenario::{Per, Scenario},
};
use depin_economy::{COMPONENTS_MAX, Component, Components, Spec};
use depin_quantity::{Measured, Name};
use depin_services::descriptor::{Counted, Service};
use std::collections::BTreeMap;

const DAY: f64 = 86_400_000.0;

/// What a provider keeps ready and does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Its class, by its place.
    pub class: usize,
    /// Devices that take part.
    pub devices: f64,
    /// Capacity units that it claims to keep ready.
    pub capacity: f64,
    /// Units that it serves a day.
    pub usage: f64,
    /// Dollars a day that customers pay it.
    pub value: f64,
}

impl Load {
    fn of(&self, per: Per) -> f64 {
        match per {
            Per::Capacity => self.capacity,
            Per::Usage => self.usage,
            Per::Presence => self.devices,
            Per::ValueUsd => self.value,
        }
    }
}

/// One metric as it is told.
#[derive(Clone, Copy, Debug)]
struct Told {
    metric: Name,
    per: Per,
    /// Smallest steps of the metric for one of `per`, in a period of its pool.
    times: f64,
}

/// A kind of collateral and what it is counted on.
#[derive(Clone, Copy, Debug)]
pub struct Pledged {
    /// The kind.
    pub kind: Name,
    /// What it is counted on.
    pub basis: Component,
}

/// What one of something weighs in a pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighing {
    /// The pool.
    pub pool: Name,
    /// Of what.
    pub per: Per,
    /// Weight of one of it.
    pub weight: f64,
}

/// How providers' days are told under one version of the rules.
#[derive(Clone, Debug, Default)]
pub struct MeterPlan {
    classes: Vec<ClassPlan>,
    /// Metrics by name, for what payments and bonds are counted on.
    all: BTreeMap<Name, Told>,
}

/// How the days of one class are told.
#[derive(Clone, Debug, Default)]
struct ClassPlan {
    /// Metrics in groups of at most as many as one record holds, those of one pool together.
    groups: Vec<Vec<Told>>,
    pledges: Vec<(Name, Told)>,
    weighings: Vec<Weighing>,
}

impl MeterPlan {
    /// The plan of a service under a network's rules. A metric that nothing depends on is not told.
    pub fn new(service: &Service, spec: &Spec, scenario: &Scenario) -> Self {
        let mut all = BTreeMap::new();
        for (name, rule) in &scenario.metrics {
            // Collateral, bonds and prices are counted on what holds, or on a day's.
            all.insert(*name, Told { metric: *name, per: rule.per, times: rule.times.value });
        }
        let classes = scenario.supply.keys().map(|class| ClassPlan::new(class, service, spec, scenario)).collect();
        Self { classes, all }
    }

    fn class(&self, class: usize) -> Option<&ClassPlan> {
        self.classes.get(class)
    }

    /// How many records one provider of a class needs.
    pub fn groups(&self, class: usize) -> usize {
        self.class(class).map_or(0, |plan| plan.groups.len())
    }

    /// The most records that one provider of any class needs.
    pub fn groups_most(&self) -> usize {
        self.classes.iter().map(|plan| plan.groups.len()).max().unwrap_or(0)
    }

    /// What weighs where, for one class.
    pub fn weighings(&self, class: usize) -> &[Weighing] {
        self.class(class).map_or(&[], |plan| &plan.weighings)
    }

    /// The components of one of a provider's records.
    pub fn components(&self, group: usize, load: &Load) -> Components {
        let group = self.class(load.class).and_then(|plan| plan.groups.get(group)).map_or(&[][..], Vec::as_slice);
        Components::new(group.iter().map(|told| told.component(load))).expect("groups are made as large as a record holds")
    }

    /// What a provider pledges; a kind whose basis is nothing is not pledged.
    pub fn pledges(&self, load: &Load) -> Vec<Pledged> {
        let pledges = self.class(load.class).map_or(&[][..], |plan| &plan.pledges);
        let all = pledges.iter().map(|(kind, told)| Pledged { kind: *kind, basis: told.component(load) });
        all.filter(|pledge| !pledge.basis.quantity.is_zero()).collect()
    }

    /// A quantity of a metric for so much capacity, use and value; one of it where the scenario has no rule.
    pub fn quantity(&self, metric: Name, load: &Load) -> Measured {
        self.all.get(&metric).map_or(Measured::new(1), |told| told.component(load).quantity)
    }
}

impl Told {
    fn component(&self, load: &Load) -> Component {
        Component { metric: self.metric, quantity: amount::measured(load.of(self.per) * self.times) }
    }
}

impl ClassPlan {
    fn new(class: &str, service: &Service, spec: &Spec, scenario: &Scenario) -> Self {
        let mut plan = Self::default();
        let backing = |name: Name| spec.bindings().values().find(|other| other.boost.is_some_and(|boost| boost.of == name));
        let mut told = Vec::new();
        for (name, rule) in scenario.metrics.iter().filter(|(_, rule)| rule.counts(class)) {
            let (Some(metric), Some(binding)) = (service.metric(*name), spec.binding(*name)) else { continue };
            let one = Told { metric: *name, per: rule.per, times: rule.times.value };
            for kind in service.pledges.iter().filter(|kind| kind.basis == *name && spec.pledge(kind.name).is_some()) {
                plan.pledges.push((kind.name, one));
            }
            // What backs a boosted metric goes with its pool.
            let Some(pool) = binding.pool.or_else(|| backing(*name).and_then(|binding| binding.pool)) else { continue };
            let clock = spec.pool(pool).and_then(|rule| spec.clock(rule.clock));
            // What is accrued is given for a day, and told for a period of its pool.
            let periods = match (metric.counted, clock) {
                (Counted::Accrued, Some(clock)) => clock.every.get() as f64 / DAY,
                _ => 1.0,
            };
            let one = Told { times: one.times * periods, ..one };
            if binding.pool.is_some() {
                let each = binding.weight(Measured::new(1_000_000_000)).map_or(0, Measured::get) as f64 / 1e9;
                plan.weighings.push(Weighing { pool, per: rule.per, weight: one.times * each });
            }
            told.push((pool, one));
        }
        told.sort_by_key(|(pool, one)| (*pool, one.metric));
        for (_, one) in told {
            match plan.groups.last_mut() {
                Some(group) if group.len() < COMPONENTS_MAX => group.push(one),
                _ => plan.groups.push(vec![one]),
            }
        }
        // The ledger has a subject's metrics by name.
        plan.groups.iter_mut().for_each(|group| group.sort_by_key(|one| one.metric));
        plan
    }
}
