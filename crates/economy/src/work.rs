//! What every rule works with: parameters, rows, time, and where to say what happened.

use crate::{Event, Notice, Refusal, Spec, Topic};
use depin_quantity::{Instant, Name};
use depin_state::State;

/// One operation in progress. Rules are methods of this in the module that they belong to.
pub struct Work<'w> {
    pub spec: &'w Spec,
    pub state: &'w mut (dyn State + 'w),
    pub now: Instant,
    pub events: &'w mut Vec<Event>,
    pub notices: &'w mut Vec<Notice>,
}

impl Work<'_> {
    pub fn say(&mut self, event: Event) {
        self.events.push(event);
    }

    pub fn tell(&mut self, notice: Notice) {
        self.notices.push(notice);
    }
}

/// An entry of the network file that a caller named, or a refusal.
pub fn declared<T: Clone>(found: Option<&T>, what: Topic, name: Name) -> Result<T, Refusal> {
    found.cloned().ok_or(Refusal::Unbound { what, name })
}
