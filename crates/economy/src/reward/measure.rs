//! Measures: what subjects stand at, and what follows from it.
//!
//! In: `Enrol` and `Standing` records. Out: rows per subject and measure with their sums, and weights in the pools that measures
//! are bound to.

use crate::{
    Accepted, Answer, COMPONENTS_MAX, Component, Enrol, Event, Gauge, Limit, Refusal, Standing, Subject, Topic,
    reward::{
        allowance::boost_ceiling,
        rows::{EnrolRow, GaugeRow, MeasureRow, StandingRow},
    },
    session::work::{Work, found},
};
use depin_quantity::{Measured, Name, Units};
use std::collections::BTreeSet;

impl Work<'_> {
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

    /// Order of refusals: subject, number of components, measures, repeats, backing.
    pub fn standing(&mut self, record: &Standing) -> Answer {
        let subject = record.subject;
        if !self.state.has::<EnrolRow>(&(subject.owner(), subject.unit())) {
            return Err(Refusal::Unknown { what: Topic::Subject });
        }
        self.are_declared(&record.components)?;
        for component in &record.components {
            self.change_measure(subject, *component)?;
        }
        for component in &record.components {
            self.boosts_are_backed(subject, component.measure)?;
        }
        let measures = record.components.iter().map(|component| component.measure);
        let pools: BTreeSet<Name> = measures.filter_map(|measure| self.spec.binding(measure)?.pool).collect();
        for pool in pools {
            let weight = self.standing_weight(pool, subject)?;
            self.set_weight(pool, subject, weight)?;
        }
        Ok(Accepted::NOTHING)
    }

    /// Refuses components that a record may not have. Order of refusals: their number; measures and repeats one by one.
    pub fn are_declared(&self, components: &[Component]) -> Result<(), Refusal> {
        if components.len() > COMPONENTS_MAX {
            return Err(Refusal::OutOfRange { what: Topic::Record, why: Limit::AtMost(Units::new(COMPONENTS_MAX as u128)) });
        }
        let mut seen = BTreeSet::new();
        for component in components {
            found(self.spec.binding(component.measure), Topic::Measure, component.measure)?;
            if !seen.insert(component.measure) {
                return Err(Refusal::OutOfRange { what: Topic::Measure, why: Limit::Twice });
            }
        }
        Ok(())
    }

    /// What a subject's measures weigh in a pool together: the sum of `floor(quantity * times)` over the measures bound to it.
    fn standing_weight(&self, pool: Name, subject: Subject) -> Result<Measured, Refusal> {
        let mut bound = self.spec.bindings().iter().filter(|(_, binding)| binding.pool == Some(pool));
        bound.try_fold(Measured::ZERO, |sum, (measure, binding)| Ok(sum.plus(binding.weight(self.quantity(subject, *measure))?)?))
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

    fn change_measure(&mut self, subject: Subject, component: Component) -> Result<(), Refusal> {
        let Component { measure, quantity } = component;
        let old = self.quantity(subject, measure);
        if old == quantity {
            return Ok(());
        }
        let key = (subject.owner(), subject.unit(), measure);
        if quantity.is_zero() {
            self.state.delete::<StandingRow>(&key);
        } else {
            self.state.put(&key, &StandingRow { quantity });
        }
        let sum = self.state.get::<MeasureRow>(&measure).map_or(Measured::ZERO, |row| row.quantity);
        let sum = sum.minus(old)?.plus(quantity)?;
        self.state.put(&measure, &MeasureRow { quantity: sum });
        self.say(Event::MeasureChanged { subject, component });
        Ok(())
    }

    /// A boosted measure is at most what its plain one and consumed allowances back. Checked against the owner's backing, so a
    /// party reports all its boosted units together.
    fn boosts_are_backed(&self, subject: Subject, measure: Name) -> Result<(), Refusal> {
        let Some(boost) = self.spec.binding(measure).and_then(|b| b.boost) else { return Ok(()) };
        let quantity = self.quantity(subject, measure);
        let backing = self.backing(boost.allowance, subject.owner());
        let backed = boost_ceiling(&boost, self.quantity(subject, boost.of), backing)?;
        if quantity > backed {
            return Err(Refusal::Unbacked { measure, quantity: Units::new(quantity.get()), backed: Units::new(backed.get()) });
        }
        Ok(())
    }
}
