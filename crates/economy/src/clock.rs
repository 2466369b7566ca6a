//! Clocks: periods of fixed length, each closed exactly once and in order.
//!
//! In: ledger time. Out: closed periods, for which the pools of the clock receive their emission. All periods that ended since
//! the last close are closed together: no weight changed between them, so their sum is what closing them one by one would give.

use crate::{Event, Refusal, rows::ClockRow, work::Work};
use depin_quantity::{Instant, Name, Span};
use depin_state::ReadState;

/// Which period of a clock `at` lies in; before the clock's origin, period 0.
pub fn period_of(row: &ClockRow, every: Span, at: Instant) -> u64 {
    at.since(row.origin).get() / every.get()
}

/// When a period begins; the end of time for one that no clock reaches.
pub fn start_of(row: &ClockRow, every: Span, period: u64) -> Instant {
    Instant::new(row.origin.get().saturating_add(period.saturating_mul(every.get())))
}

/// The row of a clock. Genesis writes one for every clock.
pub fn clock_row(state: &dyn ReadState, clock: Name) -> ClockRow {
    state.get(&clock).expect("genesis starts every clock, and nothing runs before genesis")
}

impl Work<'_> {
    /// The period of `clock` in which `at` lies.
    pub fn period_at(&self, clock: Name, at: Instant) -> u64 {
        period_of(&clock_row(self.state.as_read(), clock), self.spec.clock_of(clock).every, at)
    }

    /// The present period of `clock`.
    pub fn period(&self, clock: Name) -> u64 {
        self.period_at(clock, self.now)
    }

    /// When a period of `clock` begins.
    pub fn period_start(&self, clock: Name, period: u64) -> Instant {
        start_of(&clock_row(self.state.as_read(), clock), self.spec.clock_of(clock).every, period)
    }

    /// Closes every period of `clock` that has ended; says whether there was one.
    pub fn close_clock(&mut self, clock: Name) -> Result<bool, Refusal> {
        let mut row = clock_row(self.state.as_read(), clock);
        let end = period_of(&row, self.spec.clock_of(clock).every, self.now);
        if end <= row.next {
            return Ok(false);
        }
        let first = row.next;
        let spec = self.spec;
        for (pool, rule) in spec.pools().iter().filter(|(_, rule)| rule.clock == clock) {
            self.emit(*pool, rule.token, first, end)?;
        }
        row.next = end;
        row.closed += end - first;
        self.state.put(&clock, &row);
        self.say(Event::PeriodsClosed { clock, first, end });
        Ok(true)
    }
}
