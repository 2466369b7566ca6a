//! Metrics: what subjects stand at, and what follows from it.
//!
//! In: `Register` and `Current` records. Out: rows per subject and metric with their sums, and weights in the pools that metrics
//! are bound to. Many `Current` records of the same metrics are taken as one run: what they share is read once and written once.

use crate::{
    Accepted, Account, Answer, Binding, COMPONENTS_MAX, Component, Components, Current, Event, Gauge, Limit, PoolRule, Record,
    Refusal, Register, Subject, Topic,
    reward::{
        allowance::boost_ceiling,
        rows::{CurrentRow, GaugeRow, MetricRow, PoolRow, RegisterRow},
    },
    session::work::{Work, found},
};
use depin_quantity::{Measured, Name, Units};

/// A pool that metrics of a run weigh in.
#[derive(Clone)]
pub struct Pool<'r> {
    pub name: Name,
    pub rule: &'r PoolRule,
    /// Its row once a record needed it.
    pub row: Option<PoolRow>,
    /// Its account once a record was paid out of it.
    pub account: Option<PoolAccount>,
}

/// What a pool's account holds, and what left it since its row was written.
#[derive(Clone, Copy)]
pub struct PoolAccount {
    pub held: Units,
    pub paid: Units,
}

/// Rows that every record of a run changes.
#[derive(Default)]
pub struct Shared<'r> {
    /// The sum over all subjects of each metric that a record changed.
    sums: [Option<Measured>; COMPONENTS_MAX],
    /// In the order of names, the empty ones last.
    pub pools: [Option<Pool<'r>>; COMPONENTS_MAX],
}

impl Shared<'_> {
    /// Becomes as another of the same run.
    fn copy(&mut self, other: &Self) {
        self.sums = other.sums;
        for (own, other) in self.pools.iter_mut().zip(&other.pools).take_while(|(_, other)| other.is_some()) {
            own.clone_from(other);
        }
    }
}

/// `Current` records of the same metrics, one behind the other; one alone is such a run too. What all of them change is kept in hand, and
/// written when the run is over, or before anything else might read it.
pub struct Run<'r> {
    /// One record alone: it changes sums where they stand, which is one look-up.
    alone: bool,
    /// Whose metrics all records have.
    components: &'r Components,
    bindings: [Option<&'r Binding>; COMPONENTS_MAX],
    /// Other metrics that weigh in the same pools, by the pool's place.
    others: Vec<(usize, Name, &'r Binding)>,
    pub shared: Shared<'r>,
}

impl<'r> Run<'r> {
    /// A run of which nothing is known but whose metrics it is about.
    fn of(components: &'r Components, alone: bool) -> Self {
        Self { alone, components, bindings: [None; COMPONENTS_MAX], others: Vec::new(), shared: Shared::default() }
    }
}

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
        let phase = self.phase(record.subject)?;
        let mut run = Run::of(&record.components, true);
        self.look_up(&mut run)?;
        self.current_in(&mut run, record, phase)?;
        self.write_run(&mut run);
        Ok(Accepted::NOTHING)
    }

    /// Takes `Current` records of the same metrics as the first, up to one that is not; see [`Work::in_a_row`].
    pub fn current_in_a_row(&mut self, first: &Current, records: &[Record], refused: &mut dyn FnMut(usize, Refusal)) -> usize {
        let mut run = Run::of(&first.components, false);
        if self.look_up(&mut run).is_err() {
            return 0;
        }
        let (mut before, mut count) = (Shared::default(), 0);
        for record in records {
            let Record::Current(record) = record else { break };
            if !record.components.same_metrics(&first.components) {
                break;
            }
            before.copy(&run.shared);
            let begun = self.begun();
            let taken = self.phase(record.subject).and_then(|phase| self.current_in(&mut run, record, phase));
            if let Err(refusal) = taken {
                self.undo(begun);
                run.shared.copy(&before);
                refused(count, refusal);
            }
            count += 1;
        }
        self.write_run(&mut run);
        count
    }

    /// A record of a run.
    fn current_in(&mut self, run: &mut Run<'_>, record: &Current, phase: u64) -> Result<(), Refusal> {
        let (subject, components) = (record.subject, &*record.components);
        for (at, component) in components.iter().enumerate() {
            let sum = if run.alone { None } else { Some(&mut run.shared.sums[at]) };
            self.change_metric(subject, *component, sum)?;
        }
        for (component, binding) in components.iter().zip(run.bindings.iter().flatten()) {
            self.boost_is_backed(subject, *component, binding, components)?;
        }
        for at in 0..COMPONENTS_MAX {
            let Some(pool) = &run.shared.pools[at] else { break };
            let weight = self.current_weight(run, (at, pool.name), subject, components)?;
            self.set_weight(run, at, subject, weight, phase)?;
        }
        Ok(())
    }

    /// The offset of a registered subject's proving periods.
    fn phase(&self, subject: Subject) -> Result<u64, Refusal> {
        let registered = self.state.get::<RegisterRow>(&(subject.owner(), subject.unit()));
        registered.map(|row| row.phase).ok_or(Refusal::Unknown { what: Topic::Subject })
    }

    /// Looks up what the metrics of a run are for. Order of refusals: metrics and repeats one by one.
    fn look_up<'r>(&self, run: &mut Run<'r>) -> Result<(), Refusal>
    where
        'w: 'r,
    {
        let spec = self.spec;
        run.bindings = self.declared(run.components)?;
        // In the order of names, each once: two metrics may weigh in one pool.
        let mut done = None;
        for (at, place) in run.shared.pools.iter_mut().enumerate() {
            let pools = run.bindings.iter().flatten().filter_map(|binding| binding.pool);
            let Some(name) = pools.filter(|pool| Some(*pool) > done).min() else { break };
            for (metric, binding) in spec.bindings().iter().filter(|(_, binding)| binding.pool == Some(name)) {
                if run.components.iter().all(|component| component.metric != *metric) {
                    run.others.push((at, *metric, binding));
                }
            }
            let rule = spec.pool(name).expect("the parser resolved every binding");
            *place = Some(Pool { name, rule, row: None, account: None });
            done = Some(name);
        }
        Ok(())
    }

    /// Writes the rows that the records of a run share, and forgets them: whoever comes next may read or write them.
    pub fn write_run(&mut self, run: &mut Run<'_>) {
        for (component, sum) in run.components.iter().zip(&mut run.shared.sums) {
            if let Some(quantity) = sum.take() {
                self.state.put(&component.metric, &MetricRow { quantity });
            }
        }
        for pool in run.shared.pools.iter_mut().map_while(Option::as_mut) {
            if let Some(row) = pool.row.take() {
                self.state.put(&pool.name, &row);
            }
            if let Some(PoolAccount { held, paid }) = pool.account.take() {
                self.write_paid(Account::Pool(pool.name), pool.rule.token, held, paid);
            }
        }
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
    fn current_weight(
        &self,
        run: &Run<'_>,
        (at, pool): (usize, Name),
        subject: Subject,
        record: &[Component],
    ) -> Result<Measured, Refusal> {
        let mut sum = Measured::ZERO;
        for (component, binding) in record.iter().zip(run.bindings.iter().flatten()) {
            if binding.pool == Some(pool) {
                sum = sum.plus(binding.weight(component.quantity)?)?;
            }
        }
        for (_, metric, binding) in run.others.iter().filter(|(other, ..)| *other == at) {
            sum = sum.plus(binding.weight(self.quantity(subject, *metric))?)?;
        }
        Ok(sum)
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

    /// Sets a metric of a subject; `all` is the sum over all subjects, where a run has it in hand.
    fn change_metric(
        &mut self,
        subject: Subject,
        component: Component,
        all: Option<&mut Option<Measured>>,
    ) -> Result<(), Refusal> {
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
        let changed = |row: Option<MetricRow>| {
            let sum = row.map_or(Measured::ZERO, |row| row.quantity);
            Ok::<_, Refusal>(MetricRow { quantity: sum.minus(old)?.plus(quantity)? })
        };
        match all {
            None => self.state.change(&metric, changed)?,
            Some(all) => {
                let row = all.map(|quantity| MetricRow { quantity }).or_else(|| self.state.get(&metric));
                *all = Some(changed(row)?.quantity);
            }
        }
        self.emit_each(|| Event::MetricChanged { subject, component });
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
