//! Time, which always comes in from outside.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Microseconds: a span, or a time since 1970-01-01 UTC. Sums stay at the largest value instead of wrapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(u64);

impl Micros {
    /// No time.
    pub const ZERO: Self = Self(0);
    /// A second.
    pub const SECOND: Self = Self(1_000_000);

    /// So many microseconds.
    pub const fn new(micros: u64) -> Self {
        Self(micros)
    }

    /// So many milliseconds.
    pub const fn millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// The microseconds.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Later by `span`.
    #[must_use]
    pub const fn plus(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// What passed from `earlier` until now; none when that lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    /// A gateway's counter of 32 bits, as this many microseconds move it.
    pub const fn wrapping(self) -> u32 {
        self.0 as u32
    }

    /// As RFC 3339 writes the time, in UTC with microseconds.
    pub fn rfc3339(self) -> String {
        let nanos = i128::from(self.0) * 1_000;
        let time = time::OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
        let (date, clock) = (time.date(), time.time());
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            date.year(),
            u8::from(date.month()),
            date.day(),
            clock.hour(),
            clock.minute(),
            clock.second(),
            clock.microsecond()
        )
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06} s", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339_and_never_wrap() {
        assert_eq!(Micros::new(1_700_000_000_123_456).rfc3339(), "2023-11-14T22:13:20.123456Z");
        assert_eq!(Micros::new(u64::MAX).plus(Micros::SECOND).get(), u64::MAX);
        assert_eq!(Micros::ZERO.since(Micros::SECOND), Micros::ZERO);
        assert_eq!(Micros::new(u64::MAX).rfc3339(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(Micros::new((1 << 32) + 7).wrapping(), 7);
        assert_eq!(Micros::millis(1_500).to_string(), "1.500000 s");
    }
}
