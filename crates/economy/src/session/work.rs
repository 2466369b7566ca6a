//! What every rule works with: parameters, rows, time, and where to say what happened.

use crate::{Answer, Chance, Event, Notice, Record, Refusal, Sink, Spec, Topic, time::clock::CurrentClocks};
use depin_quantity::{Instant, Name};
use depin_state::{Mark, State};

/// One operation in progress. Rules are methods of this in the module that they belong to.
pub struct Work<'w> {
    /// The parameters in force now.
    pub spec: &'w Spec,
    /// The first parameter version, which knows the others.
    pub versions: &'w Spec,
    /// When the network started.
    pub genesis: Instant,
    pub state: &'w mut (dyn State + 'w),
    pub now: Instant,
    /// The newest round of randomness: what a lottery draw fixes now, a later round judges.
    pub chance: Chance,
    pub events: &'w mut (dyn Sink<Event> + 'w),
    pub notices: &'w mut Vec<Notice>,
    /// Clocks that are known to be closed up to now.
    pub current: &'w mut CurrentClocks,
}

/// Where an operation began: what it did can be undone up to there.
#[derive(Clone, Copy)]
pub struct Begun {
    state: Mark,
    events: usize,
    notices: usize,
}

impl Work<'_> {
    /// The present point, for [`Work::undo`].
    pub fn begun(&self) -> Begun {
        Begun { state: self.state.mark(), events: self.events.mark(), notices: self.notices.len() }
    }

    /// Takes back all that was written and told since.
    pub fn undo(&mut self, begun: Begun) {
        self.state.rollback(begun.state);
        self.current.forget();
        self.events.rollback(begun.events);
        self.notices.truncate(begun.notices);
    }

    /// Runs something as of an earlier time, by the rules in force then.
    pub fn as_of<T>(&mut self, at: Instant, run: impl FnOnce(&mut Self) -> T) -> T {
        let then = self.schedules().spec_at(at);
        let (now, spec) = (std::mem::replace(&mut self.now, at), std::mem::replace(&mut self.spec, then));
        self.current.forget();
        let result = run(self);
        self.current.forget();
        (self.now, self.spec) = (now, spec);
        result
    }

    /// Takes one record; the caller undoes what a refused one began.
    pub fn record(&mut self, record: &Record) -> Answer {
        match record {
            Record::Register(record) => self.register(record),
            Record::Current(record) => self.current(record),
            Record::Accrued(record) => self.accrued(record),
            Record::Gauge(record) => self.set_gauge(record),
            Record::Escrow(record) => self.escrow(record),
            Record::Stream(record) => self.stream(record),
            Record::Pledge(record) => self.pledge(record),
            Record::Fault(record) => self.fault(record),
            Record::Committee(record) => self.committee(record),
            Record::Allowance(record) => self.allowance_record(record),
            Record::Charge(record) => self.charge_record(record),
            Record::Fee(record) => self.fee_record(record),
        }
    }

    /// Takes records that have much in common, one behind the other, as [`Work::record`] again and again, and gives how many: what they
    /// have in common is looked up once, and rows that all of them change are written once. Tells which of them were refused: those are
    /// undone. None are taken when the first is of a kind that gains nothing by it.
    pub fn in_a_row(&mut self, records: &[Record], refused: &mut dyn FnMut(usize, Refusal)) -> usize {
        match records.first() {
            Some(Record::Accrued(_)) => self.accrued_in_a_row(records, refused),
            Some(Record::Current(first)) => self.current_in_a_row(first, records, refused),
            Some(Record::Charge(first)) => self.charges_in_a_row(first, records, refused),
            _ => 0,
        }
    }

    pub fn emit(&mut self, event: Event) {
        self.events.emit(event);
    }

    /// Tells of a single member or party, if anybody wants to know.
    pub fn emit_each(&mut self, event: impl FnOnce() -> Event) {
        if self.events.wants_each() {
            self.events.emit(event());
        }
    }

    pub fn notify(&mut self, notice: Notice) {
        self.notices.push(notice);
    }
}

/// An entry of the network file that a caller named, or a refusal; not copied.
pub fn found<T>(found: Option<&T>, what: Topic, name: Name) -> Result<&T, Refusal> {
    found.ok_or(Refusal::Unbound { what, name })
}

/// An entry of the network file that a caller named, or a refusal.
pub fn declared<T: Clone>(found: Option<&T>, what: Topic, name: Name) -> Result<T, Refusal> {
    found.cloned().ok_or(Refusal::Unbound { what, name })
}
