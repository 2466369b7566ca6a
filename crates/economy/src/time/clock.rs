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

/// Clocks whose periods up to the session's time are closed, with the period that is open: found once, good for every record of
/// the session. Forgotten when something is undone, which may have been a close.
#[derive(Clone, Debug, Default)]
pub struct CurrentClocks(Vec<(Name, u64)>);

impl CurrentClocks {
    /// The open period of a clock that is known to be closed up to it.
    pub fn period(&self, clock: Name) -> Option<u64> {
        self.0.iter().find(|(name, _)| *name == clock).map(|(_, period)| *period)
    }

    /// Notes a clock that is closed.
    pub fn add(&mut self, clock: Name, period: u64) {
        self.0.push((clock, period));
    }

    /// Forgets all.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

impl Work<'_> {
    /// Starts the clocks that a parameter version which has begun brought: with the first period that starts in it.
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
                self.schedules().versions().find(|(_, _, spec)| spec.clock(*name).is_some()).map_or(self.genesis, |(at, ..)| at);
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
        self.current.period(clock).unwrap_or_else(|| self.period_at(clock, self.now))
    }

    /// When a period of `clock` begins.
    pub fn period_start(&self, clock: Name, period: u64) -> Instant {
        start_of(&clock_row(self.state.as_read(), clock), self.spec.clock_of(clock), period)
    }
}
