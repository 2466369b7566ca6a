//! Clocks: periods of fixed length or of the calendar, counted from each clock's origin.
//!
//! In: ledger time. Out: which period it lies in, and when periods begin. Absent on purpose: what closing a period does (`close`).

use crate::{
    Clock,
    session::{rows::GenesisRow, work::Work},
    supply::schedule::first_period_from,
    time::rows::ClockRow,
};
use depin_quantity::{Instant, Name};
use depin_state::ReadState;

/// Which period of a clock `at` lies in; before the clock's origin, period 0.
pub fn period_of(row: &ClockRow, clock: &Clock, at: Instant) -> u64 {
    clock.period(row.origin, at)
}

/// When a period begins; the end of time for one that no clock reaches.
pub fn start_of(row: &ClockRow, clock: &Clock, period: u64) -> Instant {
    clock.start(row.origin, period)
}

/// The row of a clock. Genesis writes one for every clock.
pub fn clock_row(state: &dyn ReadState, clock: Name) -> ClockRow {
    state.get(&clock).expect("genesis starts every clock, and nothing runs before genesis")
}

/// When the network started; `now` for one that did not.
pub fn genesis_of(state: &dyn ReadState, now: Instant) -> Instant {
    state.get::<GenesisRow>(&()).map_or(now, |row| row.at)
}

impl Work<'_> {
    /// Starts the clocks that an era which has begun brought: with the first period that starts in it.
    pub fn start_new_clocks(&mut self) {
        if !self.state.has::<GenesisRow>(&()) {
            return;
        }
        let spec = self.spec;
        for (name, clock) in spec.clocks() {
            if self.state.has::<ClockRow>(name) {
                continue;
            }
            let since =
                self.schedules().eras().find(|(_, _, spec)| spec.clock(*name).is_some()).map_or(self.genesis, |(at, ..)| at);
            let origin = clock.begins(self.genesis);
            let first = first_period_from(clock, origin, since.max(self.genesis));
            self.state.put(name, &ClockRow { origin, first, next: first, closed: 0 });
        }
    }

    /// The period of `clock` in which `at` lies.
    pub fn period_at(&self, clock: Name, at: Instant) -> u64 {
        period_of(&clock_row(self.state.as_read(), clock), self.spec.clock_of(clock), at)
    }

    /// The present period of `clock`.
    pub fn period(&self, clock: Name) -> u64 {
        self.period_at(clock, self.now)
    }

    /// When a period of `clock` begins.
    pub fn period_start(&self, clock: Name, period: u64) -> Instant {
        start_of(&clock_row(self.state.as_read(), clock), self.spec.clock_of(clock), period)
    }
}
