//! The `Range` header: one byte range (RFC 9110, section 14).
//!
//! Read here and not by `http-range-header` 0.4, whose answers differ where it matters: it refuses a suffix that is longer than the
//! payload (the RFC takes the whole payload), a position beyond 64 bits (the RFC cuts it to the payload) and leading zeros, knows
//! the unit in small letters only, and finds a first byte in an empty payload. What would be left to it is splitting at a hyphen.

use std::ops::Range;

/// What a request wants of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Everything: no `Range`, or one that the RFC lets a server ignore (another unit, several ranges, bad syntax).
    Whole,
    /// These bytes; never empty, never beyond the payload.
    Part(Range<u64>),
    /// A well-formed range that has nothing in common with the payload.
    Unsatisfiable,
}

/// Reads a `Range` header's value for a payload of `length` bytes.
pub(super) fn parse(value: Option<&str>, length: u64) -> Wanted {
    let Some(spec) = value.and_then(bytes_spec) else { return Wanted::Whole };
    let Some((first, last)) = spec.split_once('-') else { return Wanted::Whole };
    match (position(first), position(last)) {
        (Position::Absent, Position::At(suffix)) => {
            if suffix == 0 || length == 0 {
                Wanted::Unsatisfiable
            } else {
                Wanted::Part(length - suffix.min(length)..length)
            }
        }
        (Position::At(first), Position::Absent) => part(first, u64::MAX, length),
        (Position::At(first), Position::At(last)) if first <= last => part(first, last, length),
        _ => Wanted::Whole,
    }
}

/// The one range of a `bytes=` value; the unit's case does not matter.
fn bytes_spec(value: &str) -> Option<&str> {
    let (unit, spec) = value.split_once('=')?;
    let spec = spec.trim_matches([' ', '\t']);
    (unit.eq_ignore_ascii_case("bytes") && !spec.contains(',')).then_some(spec)
}

enum Position {
    Absent,
    At(u64),
    Malformed,
}

/// Digits only: `u64::from_str` would take a plus sign. A number too large for 64 bits lies beyond every payload.
fn position(text: &str) -> Position {
    if text.is_empty() {
        Position::Absent
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        Position::At(text.parse().unwrap_or(u64::MAX))
    } else {
        Position::Malformed
    }
}

fn part(first: u64, last: u64, length: u64) -> Wanted {
    if first >= length { Wanted::Unsatisfiable } else { Wanted::Part(first..last.saturating_add(1).min(length)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_the_payload() {
        let cases = [
            ("bytes=0-0", 0..1),
            ("bytes=0-9", 0..10),
            ("bytes=9-9", 9..10),
            ("bytes=3-", 3..10),
            ("bytes=3-100", 3..10),
            ("bytes=3-18446744073709551615", 3..10),
            ("bytes=3-99999999999999999999999", 3..10),
            ("bytes=-1", 9..10),
            ("bytes=-10", 0..10),
            ("bytes=-99999999999999999999999", 0..10),
            ("Bytes= 2-4 ", 2..5),
        ];
        for (value, range) in cases {
            assert_eq!(parse(Some(value), 10), Wanted::Part(range), "{value}");
        }
    }

    #[test]
    fn a_range_outside_of_the_payload_is_unsatisfiable() {
        for value in ["bytes=10-", "bytes=10-10", "bytes=11-20", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(parse(Some(value), 10), Wanted::Unsatisfiable, "{value}");
        }
        for value in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
            assert_eq!(parse(Some(value), 0), Wanted::Unsatisfiable, "{value} of an empty payload");
        }
    }

    #[test]
    fn what_is_no_single_byte_range_is_ignored() {
        let odd = ["", "bytes", "bytes=", "bytes=-", "bytes=5-3", "bytes=a-b", "bytes=+1-2", "bytes=1-2-3", "bytes=0-1,3-4"];
        for value in odd.into_iter().chain(["items=0-1", "bytes=1", "bytes=0 - 1"]) {
            assert_eq!(parse(Some(value), 10), Wanted::Whole, "{value:?}");
        }
        assert_eq!(parse(None, 10), Wanted::Whole);
    }
}
