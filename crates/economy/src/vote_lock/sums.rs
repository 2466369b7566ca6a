//! The weight of all locks, by what they are delegated to.

use super::{Left, LockEndingRow, LockHistoryRow, LockRow, LockSumRow, NOWHERE, Segment, seconds};
use crate::{
    Refusal,
    params::{Clock, LockRule},
    reward::wide::Wide,
    session::work::Work,
    time::clock::{clock_row, start_of},
};
use depin_quantity::{Instant, Measured, Name};
use depin_state::ReadState;
use ruint::aliases::U256;

const NOTHING: LockSumRow =
    LockSumRow { period: 0, at_start: Wide(U256::ZERO), level: Wide(U256::ZERO), ends: Wide(U256::ZERO), fall: Wide(U256::ZERO) };

/// A segment's parts of the line `level + ends - fall * t`.
fn line(segment: &Segment) -> (U256, U256, U256) {
    let slope = U256::from(segment.slope);
    match segment.left {
        Left::Always(left) => (slope * U256::from(left), U256::ZERO, U256::ZERO),
        Left::Until(end) => (U256::ZERO, slope * U256::from(end), slope),
    }
}

/// Sum of the locks that are delegated to `scope` (`None`: to nothing) at the start of `period`, as a numerator: base units of weight
/// times the longest lock in seconds. `None` for a period before the last change.
pub fn lock_sum(
    state: &dyn ReadState,
    lock: Name,
    (clock, rule): (Name, &Clock),
    scope: Option<Name>,
    period: u64,
) -> Option<U256> {
    let key = (lock, scope.unwrap_or(NOWHERE));
    let Some(mut row) = state.get::<LockSumRow>(&key) else { return Some(U256::ZERO) };
    if row.period > period {
        return None;
    }
    if row.period == period {
        return Some(row.at_start.0);
    }
    take_endings(state, key, &mut row, period);
    let start = start_of(&clock_row(state, clock), rule, period);
    Some(value_at(&row, seconds(start)))
}

fn value_at(row: &LockSumRow, at: u64) -> U256 {
    row.level.0 + row.ends.0 - row.fall.0 * U256::from(at)
}

/// Takes out of a sum what stopped counting before `period`; gives the periods whose notes are used up.
fn take_endings(state: &dyn ReadState, key: (Name, Name), row: &mut LockSumRow, period: u64) -> Vec<u64> {
    let mut used = Vec::new();
    let mut next = state.first_from::<LockEndingRow>(&(key.0, key.1, row.period));
    while let Some(((lock, scope, ending), note)) = next {
        if (lock, scope) != key || ending >= period {
            break;
        }
        row.level = Wide(row.level.0 - note.level.0);
        row.ends = Wide(row.ends.0 - note.ends.0);
        row.fall = Wide(row.fall.0 - note.fall.0);
        used.push(ending);
        next = state.next_after::<LockEndingRow>(&(lock, scope, ending));
    }
    used
}

impl Work<'_> {
    /// Weight at the start of a period of all locks delegated to `scope`, or of all locks for `None`; for scores. Rounded down.
    pub fn lock_weight(&self, lock: Name, scope: Option<Name>, period: u64) -> Measured {
        let Ok(rule) = self.lock_rule(lock) else { return Measured::ZERO };
        let sum = match scope {
            Some(_) => self.scope_sum(lock, &rule, scope, period),
            None => self.whole_sum(lock, &rule, false, period),
        };
        let weight = sum.unwrap_or_default() / U256::from(rule.longest.get() / 1_000);
        Measured::new(u128::try_from(weight).unwrap_or(u128::MAX))
    }

    /// Sum over the locks that are delegated to one name.
    pub(super) fn scope_sum(&self, lock: Name, rule: &LockRule, scope: Option<Name>, period: u64) -> Option<U256> {
        lock_sum(self.state.as_read(), lock, (rule.clock, self.spec.clock(rule.clock)?), scope, period)
    }

    /// Sum over everything that locks are delegated to, and over those that are not unless `delegated` asks for the others alone.
    pub(super) fn whole_sum(&self, lock: Name, rule: &LockRule, delegated: bool, period: u64) -> Option<U256> {
        let mut sum = U256::ZERO;
        // By rows, not by the file's names: locks may be delegated to what a change took out of it.
        for ((_, scope), _) in self.state.as_read().rows_with::<LockSumRow>(&lock) {
            if scope != NOWHERE || !delegated {
                sum += self.scope_sum(lock, rule, Some(scope), period)?;
            }
        }
        Some(sum)
    }

    /// Brings the sums of all locks that count by `clock` to `period`: what stopped counting is taken out.
    pub fn roll_locks(&mut self, clock: Name, period: u64) {
        // A few rows: one for each thing that locks of a kind are delegated to. Also of kinds that a change took out of the file.
        let sums: Vec<_> = self.state.as_read().rows::<LockSumRow>().filter(|(_, row)| row.period < period).collect();
        for (key, row) in sums {
            if let Ok(rule) = self.lock_rule(key.0)
                && rule.clock == clock
            {
                self.roll(key, &rule, row, period);
            }
        }
    }

    fn roll(&mut self, key: (Name, Name), rule: &LockRule, mut row: LockSumRow, period: u64) -> LockSumRow {
        if row.period < period {
            for ending in take_endings(self.state.as_read(), key, &mut row, period) {
                self.state.delete::<LockEndingRow>(&(key.0, key.1, ending));
            }
            row.period = period;
            row.at_start = Wide(value_at(&row, seconds(self.period_start(rule.clock, period))));
            self.state.put(&key, &row);
        }
        row
    }

    /// The last period at whose start something that stops at `end` (seconds) still counts.
    fn last_period(&self, rule: &LockRule, end: u64) -> u64 {
        self.period_at(rule.clock, Instant::new(end.saturating_mul(1_000).saturating_sub(1)))
    }

    /// Lets a lock weigh as its row says, from the period after `now` on.
    pub(super) fn begin_counting(&mut self, rule: &LockRule, row: &mut LockRow, now: u64) -> Result<(), Refusal> {
        let from = now + 1;
        let bonus = row.extra.checked_mul(u128::from(row.bonus.max(1) - 1)).ok_or(Refusal::TooLarge)?;
        let left = row.ends.map_or(Left::Always(row.length), Left::Until);
        let parts = [(row.extra, row.ends), (bonus, Some(row.bonus_until))];
        for (slope, end) in parts {
            let until = end.map(|end| self.last_period(rule, end));
            if slope == 0 || until.is_some_and(|until| until < from) {
                continue;
            }
            let segment = Segment { slope, left, scope: row.scope, from, until, stopped: false, settled: None };
            self.count(row.lock, rule, &segment, now);
            self.look_at(row.lock, now, 1);
            if let Some(until) = until {
                self.look_at(row.lock, until, 1);
            }
            row.segments.push(segment);
        }
        Ok(())
    }

    /// Stops a lock's weight with the present period. It still counts in it if it did at its start.
    pub(super) fn stop_counting(&mut self, rule: &LockRule, row: &mut LockRow, now: u64) {
        for mut segment in std::mem::take(&mut row.segments) {
            let goes_on = segment.until.is_none_or(|until| until > now);
            if goes_on {
                self.discount(row.lock, rule, &segment, now);
                if let Some(until) = segment.until {
                    self.look_at(row.lock, until, -1);
                }
            }
            if segment.from > now {
                // It never counted; what began with the next period ends with it too.
                self.look_at(row.lock, segment.from - 1, -1);
                continue;
            }
            if goes_on {
                (segment.until, segment.stopped) = (Some(now), true);
                self.look_at(row.lock, now, 1);
            }
            row.segments.push(segment);
        }
    }

    fn count(&mut self, lock: Name, rule: &LockRule, segment: &Segment, now: u64) {
        let key = (lock, segment.scope.unwrap_or(NOWHERE));
        let row = self.state.get::<LockSumRow>(&key).unwrap_or(LockSumRow { period: now, ..NOTHING });
        let mut row = self.roll(key, rule, row, now);
        let (level, ends, fall) = line(segment);
        row.level = Wide(row.level.0 + level);
        row.ends = Wide(row.ends.0 + ends);
        row.fall = Wide(row.fall.0 + fall);
        self.state.put(&key, &row);
        if let Some(until) = segment.until {
            let key = (key.0, key.1, until);
            let none = LockEndingRow { level: Wide(U256::ZERO), ends: Wide(U256::ZERO), fall: Wide(U256::ZERO) };
            let mut note = self.state.get::<LockEndingRow>(&key).unwrap_or(none);
            note.level = Wide(note.level.0 + level);
            note.ends = Wide(note.ends.0 + ends);
            note.fall = Wide(note.fall.0 + fall);
            self.state.put(&key, &note);
        }
    }

    fn discount(&mut self, lock: Name, rule: &LockRule, segment: &Segment, now: u64) {
        let key = (lock, segment.scope.unwrap_or(NOWHERE));
        let row = self.state.get::<LockSumRow>(&key).expect("a segment counts in its sum");
        let mut row = self.roll(key, rule, row, now);
        let (level, ends, fall) = line(segment);
        row.level = Wide(row.level.0 - level);
        row.ends = Wide(row.ends.0 - ends);
        row.fall = Wide(row.fall.0 - fall);
        self.state.put(&key, &row);
        if let Some(until) = segment.until {
            let key = (key.0, key.1, until);
            let mut note = self.state.get::<LockEndingRow>(&key).expect("a segment's end is noted until it is over");
            note.level = Wide(note.level.0 - level);
            note.ends = Wide(note.ends.0 - ends);
            note.fall = Wide(note.fall.0 - fall);
            if note.level.0.is_zero() && note.ends.0.is_zero() && note.fall.0.is_zero() {
                self.state.delete::<LockEndingRow>(&key);
            } else {
                self.state.put(&key, &note);
            }
        }
    }

    /// One more segment (or one less) looks at the accumulators after `period`.
    pub(super) fn look_at(&mut self, lock: Name, period: u64, change: i32) {
        let key = (lock, period);
        let mut row = self.state.get::<LockHistoryRow>(&key).unwrap_or(LockHistoryRow { users: 0, at: Vec::new() });
        row.users = row.users.checked_add_signed(change).expect("who stops looking has looked");
        if row.users == 0 {
            self.state.delete::<LockHistoryRow>(&key);
        } else {
            self.state.put(&key, &row);
        }
    }
}
