//! Sizes, times and ids as people read them.

use depin_quantity::{Instant, Span};
use std::fmt::Display;

/// A size with a binary prefix and at most one place: `16 MiB`, `1.5 TiB`.
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let step = if size == 0 { 0 } else { (size.ilog2() / 10) as usize };
    let unit = 1u128 << (10 * step);
    let tenths = u128::from(size) * 10 / unit;
    let (whole, tenth) = (tenths / 10, tenths % 10);
    if tenth == 0 || whole >= 100 { format!("{whole} {}", UNITS[step]) } else { format!("{whole}.{tenth} {}", UNITS[step]) }
}

/// So many of something: `1 unit`, `2 units`, `0 units`.
pub fn count(many: u64, one: &str, more: &str) -> String {
    if many == 1 { format!("1 {one}") } else { format!("{many} {more}") }
}

/// `12 units`, as tables and sentences of the service `metered` say it.
pub fn units(many: u64) -> String {
    count(many, "unit", "units")
}

/// Ledger time to the minute: `2026-11-22 15:04`.
pub fn minute(at: Instant) -> String {
    let text = at.to_rfc3339();
    match text.get(..16) {
        Some(start) if text.len() >= 20 => start.replace('T', " "),
        _ => text,
    }
}

/// Day of ledger time: `2026-11-22`; what lies a thousand years ahead is told as such.
pub fn day(now: Instant, at: Instant) -> String {
    if is_far(now, at) { FAR.to_owned() } else { minute(at).get(..10).unwrap_or_default().to_owned() }
}

/// Beyond this, a forecast is only a way to say "for ever".
const FAR_DAYS: u64 = 365 * 1000;
const FAR: &str = ">1000 years";

fn is_far(now: Instant, at: Instant) -> bool {
    at.since(now) >= Span::from_days(FAR_DAYS)
}

/// How far `at` lies ahead of `now`: `in 179d 23h`; `over` when it passed.
pub fn in_time(now: Instant, at: Instant) -> String {
    match at.since(now) {
        _ if is_far(now, at) => format!("in {FAR}"),
        span if span.get() == 0 => "over".to_owned(),
        span => format!("in {span}"),
    }
}

/// How long ago `at` was.
pub fn ago(now: Instant, at: Instant) -> String {
    match now.since(at) {
        span if span < Span::from_secs(1) => "now".to_owned(),
        span => format!("{span} ago"),
    }
}

/// The first characters of an id or digest.
pub fn short_id(id: impl Display) -> String {
    let text = id.to_string();
    match text.char_indices().nth(12) {
        Some((cut, _)) if text.len() > 14 => format!("{}…", &text[..cut]),
        _ => text,
    }
}

/// Breaks a text into lines that fit beside a margin. Two columns stay free, so that a
/// caller may let continued lines stand in.
pub fn wrap(text: &str, width: u16, margin: usize) -> Vec<String> {
    depin_networks::wrap(text, usize::from(width).saturating_sub(margin + 2).max(20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_at_most_one_place() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(16 << 20), "16 MiB");
        assert_eq!(bytes(u64::MAX), "15.9 EiB");
    }

    #[test]
    fn times_are_told_from_now() {
        let now = Instant::new(1_000_000);
        assert_eq!(in_time(now, now.later(Span::from_secs(90))), "in 1m 30s");
        assert_eq!(in_time(now, now), "over");
        assert_eq!(in_time(now, Instant::new(u64::MAX)), "in >1000 years");
        assert_eq!((day(now, now).as_str(), day(now, Instant::new(u64::MAX)).as_str()), ("1970-01-01", ">1000 years"));
        assert_eq!(ago(now.later(Span::from_days(2)), now), "2d ago");
        assert_eq!(minute(Instant::new(0)), "1970-01-01 00:00");
    }

    #[test]
    fn ids_are_cut_only_when_that_saves_something() {
        assert_eq!(short_id("0123456789abcdef"), "0123456789ab…");
        assert_eq!(short_id("provider-1"), "provider-1");
    }
}
