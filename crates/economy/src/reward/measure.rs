//! Measures: what subjects stand at, and what follows from it.
//!
//! In: `Enrol` and `Standing` records. Out: rows per subject and measure with their sums, and weights in the pools that measures
//! are bound to.

use crate::{
    Accepted, Answer, Binding, COMPONENTS_MAX, Component, Enrol, Event, Gauge, Limit, Refusal, Standing, Subject, Topic,
    reward::{
        allowance::boost_ceiling,
        rows::{EnrolRow, GaugeRow, MeasureRow, StandingRow},
    },
    session::work::{Work, found},
};
use depin_quantity::{Measured, Name, Units};

impl<'w> Work<'w> {
    pub fn enrol(&mut self, record: &Enrol) -> Answer {
        let subject = record.subject;
        let key = (subject.owner(), subject.unit());
        if self.state.has::<EnrolRow>(&key) {
            return Err(Refusal::Duplicate { what: Topic::Subject });
        }
        self.state.put(&key, &EnrolRow { phase: record.phase, since: self.now });
        self.say(Event::Enrolled { subject, phase: record.phase });
        Ok(Accepted::NOTHING)
    }

    /// Order of refusals: subject, measures, repeats, backing.
    pub fn standing(&mut self, record: &Standing) -> Answer {
        let (subject, components) = (record.subject, &*record.components);
        let enrolled = self.state.get::<EnrolRow>(&(subject.owner(), subject.unit()));
        let enrolled = enrolled.ok_or(Refusal::Unknown { what: Topic::Subject })?;
        let bindings = self.declared(components)?;
        for component in components {
            self.change_measure(subject, *component)?;
        }
        for (component, binding) in components.iter().zip(bindings.iter().flatten()) {
            self.boost_is_backed(subject, *component, binding, components)?;
        }
        // In the order of names, each once: two measures may weigh in one pool.
        let mut done = None;
        let after = |done| bindings.iter().flatten().filter_map(|binding| binding.pool).filter(|pool| Some(*pool) > done).min();
        while let Some(pool) = after(done) {
            let weight = self.standing_weight(pool, subject, components)?;
            self.set_weight(pool, subject, weight, enrolled.phase)?;
            done = Some(pool);
        }
        Ok(Accepted::NOTHING)
    }

    /// What the measures of a record's components are for. Order of refusals: measures and repeats one by one.
    pub fn declared(&self, components: &[Component]) -> Result<[Option<&'w Binding>; COMPONENTS_MAX], Refusal> {
        let mut bindings = [None; COMPONENTS_MAX];
        for (at, component) in components.iter().enumerate() {
            bindings[at] = Some(found(self.spec.binding(component.measure), Topic::Measure, component.measure)?);
            if components[..at].iter().any(|before| before.measure == component.measure) {
                return Err(Refusal::OutOfRange { what: Topic::Measure, why: Limit::Twice });
            }
        }
        Ok(bindings)
    }

    /// What a subject's measures weigh in a pool together, after a record: the sum of `floor(quantity * times)` over the measures
    /// bound to it.
    fn standing_weight(&self, pool: Name, subject: Subject, record: &[Component]) -> Result<Measured, Refusal> {
        let mut bound = self.spec.bindings().iter().filter(|(_, binding)| binding.pool == Some(pool));
        bound.try_fold(Measured::ZERO, |sum, (measure, binding)| {
            Ok(sum.plus(binding.weight(self.quantity_after(subject, *measure, record))?)?)
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
        self.say(Event::GaugeChanged { scope, name, value });
        Ok(Accepted::NOTHING)
    }

    fn quantity(&self, subject: Subject, measure: Name) -> Measured {
        self.state.get::<StandingRow>(&(subject.owner(), subject.unit(), measure)).map_or(Measured::ZERO, |row| row.quantity)
    }

    /// A measure of a subject after a record that stands in the rows already.
    fn quantity_after(&self, subject: Subject, measure: Name, record: &[Component]) -> Measured {
        let own = record.iter().find(|component| component.measure == measure);
        own.map_or_else(|| self.quantity(subject, measure), |component| component.quantity)
    }

    fn change_measure(&mut self, subject: Subject, component: Component) -> Result<(), Refusal> {
        let Component { measure, quantity } = component;
        let key = (subject.owner(), subject.unit(), measure);
        let mut old = Measured::ZERO;
        if quantity.is_zero() {
            old = self.quantity(subject, measure);
            if !old.is_zero() {
                self.state.delete::<StandingRow>(&key);
            }
        } else {
            let change = |row: Option<StandingRow>| {
                old = row.map_or(Measured::ZERO, |row| row.quantity);
                if old == quantity { Err(()) } else { Ok(StandingRow { quantity }) }
            };
            // What stays as it is needs no write.
            let _ = self.state.change(&key, change);
        }
        if old == quantity {
            return Ok(());
        }
        self.state.change(&measure, |row: Option<MeasureRow>| {
            let sum = row.map_or(Measured::ZERO, |row| row.quantity);
            Ok::<_, Refusal>(MeasureRow { quantity: sum.minus(old)?.plus(quantity)? })
        })?;
        self.say(Event::MeasureChanged { subject, component });
        Ok(())
    }

    /// A boosted measure is at most what its plain one and consumed allowances back. Checked against the owner's backing, so a
    /// party reports all its boosted units together.
    fn boost_is_backed(
        &self,
        subject: Subject,
        component: Component,
        binding: &Binding,
        record: &[Component],
    ) -> Result<(), Refusal> {
        let Some(boost) = binding.boost else { return Ok(()) };
        let Component { measure, quantity } = component;
        let plain = self.quantity_after(subject, boost.of, record);
        let backed = boost_ceiling(&boost, plain, self.backing(boost.allowance, subject.owner()))?;
        if quantity > backed {
            return Err(Refusal::Unbacked { measure, quantity: Units::new(quantity.get()), backed: Units::new(backed.get()) });
        }
        Ok(())
    }
}
