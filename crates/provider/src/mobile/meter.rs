//! How much a session carried, out of records that come twice, late, or with counters that wrapped.
//!
//! Pure: a record and what is known give what is known next. A session's numbers never fall. Where a record states gigawords its counters are
//! whole; otherwise they are 32 bits, and one that is lower than the one before in a record of a later second has wrapped once. An access
//! point that carries 4 GiB between two records without stating gigawords is paid 4 GiB less.

use depin_radius::{Accounting, Status};

/// What is known of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metered {
    /// Bytes from the subscriber.
    pub up: u64,
    /// Bytes to the subscriber.
    pub down: u64,
    /// Seconds since it began, of the newest record.
    pub seconds: u32,
    /// Whether its start was told.
    pub begun: bool,
    /// Whether it is over.
    pub stopped: bool,
}

/// What a record was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It said something new.
    New,
    /// The same was said before: of this access point, session and status.
    Duplicate,
    /// Something newer was said before.
    Stale,
}

/// A counter as it goes on from `known`.
fn unwrapped(known: u64, said: u64, wide: bool, later: bool) -> u64 {
    const WRAP: u64 = 1 << 32;
    if wide || said >= WRAP {
        return known.max(said);
    }
    let here = known / WRAP * WRAP + said;
    match here < known {
        false => here,
        true if later => here.saturating_add(WRAP),
        true => known,
    }
}

impl Metered {
    /// Takes a record of this session; `wide` is whether it states gigawords.
    pub fn take(&mut self, record: &Accounting, wide: bool) -> Taken {
        if self.stopped || (record.status == Status::Start && self.begun) {
            return Taken::Duplicate;
        }
        let later = record.seconds > self.seconds;
        if record.status == Status::Start {
            self.begun = true;
            return Taken::New;
        }
        if record.seconds < self.seconds && record.status == Status::Interim {
            return Taken::Stale;
        }
        let before = *self;
        self.up = unwrapped(self.up, record.up, wide, later);
        self.down = unwrapped(self.down, record.down, wide, later);
        self.seconds = self.seconds.max(record.seconds);
        self.stopped = record.status == Status::Stop;
        if *self == before { Taken::Duplicate } else { Taken::New }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(status: Status, up: u64, down: u64, seconds: u32) -> Accounting {
        Accounting { status, session: b"s".to_vec(), up, down, seconds, ..Accounting::default() }
    }

    #[test]
    fn a_session_goes_from_start_by_interims_to_its_stop() {
        let mut known = Metered::default();
        assert_eq!(known.take(&record(Status::Start, 0, 0, 0), false), Taken::New);
        assert_eq!(known.take(&record(Status::Start, 0, 0, 0), false), Taken::Duplicate);
        assert_eq!(known.take(&record(Status::Interim, 10, 100, 60), false), Taken::New);
        assert_eq!(known.take(&record(Status::Interim, 10, 100, 60), false), Taken::Duplicate);
        assert_eq!(known.take(&record(Status::Interim, 5, 50, 30), false), Taken::Stale);
        assert_eq!(known.take(&record(Status::Stop, 11, 110, 70), false), Taken::New);
        assert_eq!(known.take(&record(Status::Stop, 11, 110, 70), false), Taken::Duplicate);
        assert_eq!(known.take(&record(Status::Interim, 99, 999, 99), false), Taken::Duplicate);
        assert_eq!(known, Metered { up: 11, down: 110, seconds: 70, begun: true, stopped: true });
    }

    #[test]
    fn a_start_that_comes_late_takes_nothing_back() {
        let mut known = Metered::default();
        known.take(&record(Status::Interim, 10, 100, 60), false);
        assert_eq!(known.take(&record(Status::Start, 0, 0, 0), false), Taken::New);
        assert_eq!((known.up, known.down), (10, 100));
    }

    #[test]
    fn counters_of_32_bits_wrap_and_those_with_gigawords_are_whole() {
        let near = u64::from(u32::MAX) - 9;
        let mut known = Metered::default();
        known.take(&record(Status::Interim, near, 7, 60), false);
        assert_eq!(known.take(&record(Status::Interim, 90, 8, 120), false), Taken::New);
        assert_eq!((known.up, known.down), (near + 100, 8));
        // The same second: a repetition that is older, no wrap.
        assert_eq!(known.take(&record(Status::Interim, 50, 8, 120), false), Taken::Duplicate);
        known.take(&record(Status::Interim, 80, 8, 180), false);
        assert_eq!(known.up, (2 << 32) + 80);
        let mut wide = Metered::default();
        wide.take(&record(Status::Interim, near, 7, 60), false);
        wide.take(&record(Status::Stop, (1 << 32) + 90, 8, 120), true);
        assert_eq!(wide.up, near + 100);
    }

    proptest! {
        /// Whatever is told in whatever order, numbers never fall, and nothing changes behind a stop.
        #[test]
        fn numbers_never_fall(told in prop::collection::vec((0u8..3, any::<u32>(), any::<u32>(), 0u32..100, any::<bool>()), 1..40)) {
            let mut known = Metered::default();
            for (status, up, down, seconds, wide) in told {
                let before = known;
                let status = [Status::Start, Status::Interim, Status::Stop][usize::from(status)];
                known.take(&record(status, up.into(), down.into(), seconds), wide);
                prop_assert!(known.up >= before.up && known.down >= before.down);
                prop_assert!(!before.stopped || known == before);
            }
        }
    }
}
