//! What did not work out, and how often.

use super::dirty::DirtySet;
use depin_quantity::UnitId;
use std::collections::{BTreeMap, BTreeSet};

/// Failures with a subject until it rests till everything is read anew.
const FAILURES_MAX: u32 = 3;

/// What a task, or a part of it, is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A unit of the service: a deal, an order, a lease.
    Unit(UnitId),
    /// Many units that are answered for as one, by number, such as a data set.
    Group(u32),
    /// The operator's entry.
    Registration,
}

/// A part of a task that did not work out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure<T> {
    /// What it was about.
    pub subject: Subject,
    /// The task, as it was tried.
    pub task: T,
    /// What was said.
    pub why: String,
}

/// Failures since everything was last read.
#[derive(Debug, Default)]
pub(super) struct Failures(BTreeMap<Subject, u32>);

impl Failures {
    pub(super) fn count(&mut self, subject: Subject) {
        let count = self.0.entry(subject).or_default();
        *count = count.saturating_add(1);
    }

    /// Lets a subject rest until everything is read anew.
    pub(super) fn rest(&mut self, subject: Subject) {
        self.0.insert(subject, FAILURES_MAX);
    }

    /// What is left alone for now.
    pub(super) fn resting(&self) -> BTreeSet<Subject> {
        self.0.iter().filter(|(_, count)| **count >= FAILURES_MAX).map(|(subject, _)| *subject).collect()
    }

    pub(super) fn may_try(&self, subject: Subject) -> bool {
        self.0.get(&subject).is_none_or(|count| *count < FAILURES_MAX)
    }

    /// Something changed: what it concerns may be tried again. A group may hold any unit.
    pub(super) fn forgive(&mut self, changed: &DirtySet) {
        self.0.retain(|subject, _| match subject {
            Subject::Unit(id) => !changed.units.contains(id) && !changed.own.contains(id),
            Subject::Group(_) => false,
            Subject::Registration => true,
        });
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> UnitId {
        UnitId::new([n; 32])
    }

    #[test]
    fn a_subject_rests_after_three_failures_and_is_tried_again_when_it_changes() {
        let (mut failures, subject) = (Failures::default(), Subject::Unit(id(1)));
        for _ in 0..3 {
            assert!(failures.may_try(subject));
            failures.count(subject);
        }
        assert!(!failures.may_try(subject) && failures.may_try(Subject::Unit(id(2))));
        assert_eq!(failures.resting(), [subject].into());
        failures.forgive(&DirtySet::units([id(2)]));
        assert!(!failures.may_try(subject), "another unit changed");
        failures.forgive(&DirtySet::units([id(1)]));
        assert!(failures.may_try(subject));
    }

    #[test]
    fn any_change_lets_groups_be_tried_again_and_none_the_registration() {
        let mut failures = Failures::default();
        failures.rest(Subject::Group(4));
        failures.rest(Subject::Registration);
        failures.forgive(&DirtySet { own: [id(1)].into(), ..DirtySet::default() });
        assert_eq!(failures.resting(), [Subject::Registration].into());
        failures.clear();
        assert!(failures.may_try(Subject::Registration));
    }
}
