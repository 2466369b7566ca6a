//! Metrics: what subjects stand at, and what follows from it.
//!
//! In: `Register` and `Current` records. Out: rows per subject and metric with their sums, and weights in the pools that metrics
//! are bound to.

use crate::{
    Accepted, Answer, Binding, COMPONENTS_MAX, Component, Current, Event, Gauge, Limit, Refusal, Register, Subject, Topic,
    reward::{
        allowance::boost_ceiling,
        rows::{CurrentRow, GaugeRow, MetricRow, RegisterRow},
    },
    session::work::{Work, found},
};
use depin_quantity::{Measured, Name, Units};

impl<'w> Work<'w> {
    pub fn register(&mut self, record: &Register) -> Answer {
        let subject = record.subject;
        let key = (subject.owner(), subject.unit());
        if self.state.has::<RegisterRow>(&key) {
            return Err(Refusal::Duplicate { what: Topic::Subject });
        }
        self.state.put(&key, &RegisterRow { phase: record.phase, since: self.now });
        self.emit(Event::Registered { subject, phase: record.phase });
        Ok(Accepted::NOTHING)
    }

    /// Order of refusals: subject, metrics, repeats, backing.
    pub fn current(&mut self, record: &Current) -> Answer {
        let (subject, components) = (record.subject, &*record.components);
        let registered = self.state.get::<RegisterRow>(&(subject.owner(), subject.unit()));
        let registered = registered.ok_or(Refusal::Unknown { what: Topic::Subject })?;
        let bindings = self.declared(components)?;
        for component in components {
            self.change_metric(subject, *component)?;
        }
        for (component, binding) in components.iter().zip(bindings.iter().flatten()) {
            self.boost_is_backed(subject, *component, binding, components)?;
        }
        // In the order of names, each once: two metrics may weigh in one pool.
        let mut done = None;
        let after = |done| bindings.iter().flatten().filter_map(|binding| binding.pool).filter(|pool| Some(*pool) > done).min();
        while let Some(pool) = after(done) {
            let weight = self.current_weight(pool, subject, components)?;
            self.set_weight(pool, subject, weight, registered.phase)?;
            done = Some(pool);
        }
        Ok(Accepted::NOTHING)
    }

    /// What the metrics of a record's components are for. Order of refusals: metrics and repeats one by one.
    pub fn declared(&self, components: &[Component]) -> Result<[Option<&'w Binding>; COMPONENTS_MAX], Refusal> {
        let mut bindings = [None; COMPONENTS_MAX];
        for (at, component) in components.iter().enumerate() {
            bindings[at] = Some(found(self.spec.binding(component.metric), Topic::Metric, component.metric)?);
            if components[..at].iter().any(|before| before.metric == component.metric) {
                return Err(Refusal::OutOfRange { what: Topic::Metric, reason: Limit::Twice });
            }
        }
        Ok(bindings)
    }

    /// What a subject's metrics weigh in a pool together, after a record: the sum of `floor(quantity * times)` over the metrics
    /// bound to it.
    fn current_weight(&self, pool: Name, subject: Subject, record: &[Component]) -> Result<Measured, Refusal> {
        let mut bound = self.spec.bindings().iter().filter(|(_, binding)| binding.pool == Some(pool));
        bound.try_fold(Measured::ZERO, |sum, (metric, binding)| {
            Ok(sum.plus(binding.weight(self.quantity_after(subject, *metric, record))?)?)
        })
    }

    /// Sets a named value of a scope, from the present period on.
    pub fn set_gauge(&mut self, record: &Gauge) -> Answer {
        let Gauge { scope, name, value } = *record;
        self.close_gauged()?;
        if value.is_zero() {
            self.state.delete::<GaugeRow>(&(scope, name));
        } else {
            self.state.put(&(scope, name), &GaugeRow { value, at: self.now });
        }
        self.emit(Event::GaugeChanged { scope, name, value });
        Ok(Accepted::NOTHING)
    }

    fn quantity(&self, subject: Subject, metric: Name) -> Measured {
        self.state.get::<CurrentRow>(&(subject.owner(), subject.unit(), metric)).map_or(Measured::ZERO, |row| row.quantity)
    }

    /// A metric of a subject after a record that stands in the rows already.
    fn quantity_after(&self, subject: Subject, metric: Name, record: &[Component]) -> Measured {
        let own = record.iter().find(|component| component.metric == metric);
        own.map_or_else(|| self.quantity(subject, metric), |component| component.quantity)
    }

    fn change_metric(&mut self, subject: Subject, component: Component) -> Result<(), Refusal> {
        let Component { metric, quantity } = component;
        let key = (subject.owner(), subject.unit(), metric);
        let mut old = Measured::ZERO;
        if quantity.is_zero() {
            old = self.quantity(subject, metric);
            if !old.is_zero() {
                self.state.delete::<CurrentRow>(&key);
            }
        } else {
            let change = |row: Option<CurrentRow>| {
                old = row.map_or(Measured::ZERO, |row| row.quantity);
                if old == quantity { Err(()) } else { Ok(CurrentRow { quantity }) }
            };
            // What stays as it is needs no write.
            let _ = self.state.change(&key, change);
        }
        if old == quantity {
            return Ok(());
        }
        self.state.change(&metric, |row: Option<MetricRow>| {
            let sum = row.map_or(Measured::ZERO, |row| row.quantity);
            Ok::<_, Refusal>(MetricRow { quantity: sum.minus(old)?.plus(quantity)? })
        })?;
        self.emit(Event::MetricChanged { subject, component });
        Ok(())
    }

    /// A boosted metric is at most what its plain one and consumed allowances back. Checked against the owner's backing, so a
    /// party reports all its boosted units together.
    fn boost_is_backed(
        &self,
        subject: Subject,
        component: Component,
        binding: &Binding,
        record: &[Component],
    ) -> Result<(), Refusal> {
        let Some(boost) = binding.boost else { return Ok(()) };
        let Component { metric, quantity } = component;
        let plain = self.quantity_after(subject, boost.of, record);
        let backed = boost_ceiling(&boost, plain, self.backing(boost.allowance, subject.owner()))?;
        if quantity > backed {
            return Err(Refusal::Unbacked { metric, quantity: Units::new(quantity.get()), backed: Units::new(backed.get()) });
        }
        Ok(())
    }
}
