//! Ledger time and spans of it.

use crate::{ParseError, amount::parse_decimal};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use std::fmt;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Ledger time, milliseconds since 1970-01-01T00:00Z. Milliseconds because some upstream blocks last 6.117 s.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Instant(u64);

/// A length of ledger time in milliseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(u64);

impl Instant {
    /// Wraps milliseconds since 1970.
    pub const fn new(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The instant `span` later; saturates at the end of time.
    pub const fn later(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// What passed since `earlier`; nothing when it is in the future.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// RFC 3339 text to the second, UTC.
    pub fn to_rfc3339(self) -> String {
        i64::try_from(self.0 / 1000)
            .ok()
            .and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok())
            .and_then(|t| t.format(&Rfc3339).ok())
            .unwrap_or_else(|| format!("{} ms", self.0))
    }
}

impl Span {
    /// Wraps milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Wraps seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Wraps days of 86,400 s.
    pub const fn from_days(days: u64) -> Self {
        Self(days.saturating_mul(86_400_000))
    }

    /// Milliseconds.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Two largest units, like `179d 23h` or `30s`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
        let Some(first) = UNITS.iter().position(|(unit, _)| self.0 >= *unit) else {
            return f.pad(&format!("{}ms", self.0));
        };
        let (unit, name) = UNITS[first];
        let mut text = format!("{}{name}", self.0 / unit);
        if let Some((next, name)) = UNITS.get(first + 1) {
            let rest = self.0 % unit / next;
            if rest > 0 {
                text += &format!(" {rest}{name}");
            }
        }
        f.pad(&text)
    }
}

/// Reads `"30s"`, `"90m"`, `"12h"`, `"180d"`, `"6w"` or `"6y"` (a year is 365 days, as the reward rules count).
///
/// # Errors
/// [`ParseError`] for another unit or a fraction of a millisecond.
pub fn parse_span(text: &str) -> Result<Span, ParseError> {
    let error = || ParseError::new(text, "a length of time", "\"30s\", \"12h\", \"180d\" or \"6y\" (365 days each)");
    let split = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(error)?;
    let (number, unit) = (text[..split].trim(), text[split..].trim());
    let millis: u128 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 7 * 86_400_000,
        "y" => 365 * 86_400_000,
        _ => return Err(error()),
    };
    let scaled = parse_decimal(number, 6).and_then(|n| n.checked_mul(millis)).ok_or_else(error)?;
    if scaled % 1_000_000 != 0 {
        return Err(error());
    }
    u64::try_from(scaled / 1_000_000).map(Span).map_err(|_| error())
}
