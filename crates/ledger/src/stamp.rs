//! Ledger time is an input: it follows the wall clock at a speed, and a chain that stood still has not aged.

use depin_quantity::{Instant, Span};
use serde::{Deserialize, Serialize};

/// The clock readings of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Proposer's wall clock, milliseconds since 1970; strictly rising.
    pub wall: u64,
    /// Ledger time.
    pub time: Instant,
    /// Milliseconds of ledger time per millisecond of wall time.
    pub speed: u32,
}

/// Why a stamp does not follow its parent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// The wall clock stood still or went back.
    #[error("the wall clock reads {given} ms, the parent's read {parent} ms; it must be later")]
    NotLater {
        /// Reading given.
        given: u64,
        /// Reading of the parent.
        parent: u64,
    },
    /// A speed that the chain does not allow.
    #[error("a speed of {given} is not allowed; 1 to {max} is")]
    Speed {
        /// Speed given.
        given: u32,
        /// Highest allowed.
        max: u32,
    },
    /// A ledger time that is not what the rule gives.
    #[error("ledger time is {given:?}, the rule gives {expected:?}")]
    Time {
        /// Time given.
        given: Instant,
        /// Time expected.
        expected: Instant,
    },
}

impl Stamp {
    /// The stamp that follows `self` when the wall clock reads `wall`: time goes on by `speed` times the wall time that passed,
    /// at most `cap`. A clock that stands still or went back counts as one millisecond.
    pub fn next(&self, wall: u64, speed: u32, cap: Span) -> Self {
        let wall = wall.max(self.wall.saturating_add(1));
        let passed = (wall - self.wall).saturating_mul(speed.into()).min(cap.get());
        Self { wall, time: self.time.later(Span::from_millis(passed)), speed }
    }

    /// Checks that `next` is what the rule gives.
    ///
    /// # Errors
    /// [`StampError`], the first that applies in its order.
    pub fn check(&self, next: &Self, speed_max: u32, cap: Span) -> Result<(), StampError> {
        if next.wall <= self.wall {
            return Err(StampError::NotLater { given: next.wall, parent: self.wall });
        }
        if next.speed == 0 || next.speed > speed_max {
            return Err(StampError::Speed { given: next.speed, max: speed_max });
        }
        let expected = self.next(next.wall, next.speed, cap).time;
        if next.time != expected {
            return Err(StampError::Time { given: next.time, expected });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP: Span = Span::from_secs(450);
    const START: Stamp = Stamp { wall: 1_000, time: Instant::new(5_000), speed: 1 };

    #[test]
    fn time_follows_the_wall_clock_at_its_speed() {
        assert_eq!(START.next(2_000, 1, CAP).time, Instant::new(6_000));
        assert_eq!(START.next(2_000, 100, CAP).time, Instant::new(105_000));
    }

    #[test]
    fn a_chain_that_stood_still_ages_by_one_cap() {
        let year = 365 * 86_400_000;
        assert_eq!(START.next(year, 1, CAP).time, Instant::new(5_000 + CAP.get()));
    }

    #[test]
    fn a_clock_that_went_back_still_moves_time_on() {
        let next = START.next(7, 1, CAP);
        assert_eq!((next.wall, next.time), (1_001, Instant::new(5_001)));
        assert_eq!(START.check(&next, 1, CAP), Ok(()));
    }

    #[test]
    fn stamps_off_the_rule_are_refused() {
        let good = START.next(2_000, 2, CAP);
        assert_eq!(START.check(&good, 2, CAP), Ok(()));
        assert!(matches!(START.check(&good, 1, CAP), Err(StampError::Speed { given: 2, max: 1 })));
        assert!(matches!(START.check(&START, 1, CAP), Err(StampError::NotLater { .. })));
        let early = Stamp { time: Instant::new(6_999), ..good };
        assert!(matches!(START.check(&early, 2, CAP), Err(StampError::Time { .. })));
    }
}
