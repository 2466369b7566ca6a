//! `[clock.*]`: periods of fixed length, or of calendar months and years.

use super::{
    network::reference,
    reader::{Declared, Reader},
};
use depin_quantity::{Instant, Name, Span, months_after, months_between, parse_span};

/// When a clock's period 0 begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// When the network starts.
    Genesis,
    /// At a date, perhaps long before the network starts here.
    At(Instant),
}

/// Periods of fixed length, or of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Length of a period; of a calendar one the mean, so many twelfths of 365 days.
    pub every: Span,
    /// Calendar months of a period, in UTC; `None` for fixed length.
    pub months: Option<u64>,
    /// Start of period 0.
    pub origin: Origin,
}

/// A length of time as a file states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// Milliseconds.
    Fixed(Span),
    /// Calendar months.
    Months(u64),
}

/// Twelve months are so long where a fixed length is asked for.
const YEAR: u64 = 365 * 86_400_000;

impl Clock {
    /// How many periods `span` is; `None` when it does not come out even. On a calendar clock 365 days are twelve months.
    pub const fn periods_in(&self, span: Span) -> Option<u64> {
        match self.months {
            Some(months) if months > 0 && (span.get() * 12).is_multiple_of(YEAR * months) => {
                Some(span.get() * 12 / (YEAR * months))
            }
            Some(_) => None,
            None if self.every.get() > 0 && span.get().is_multiple_of(self.every.get()) => Some(span.get() / self.every.get()),
            None => None,
        }
    }

    fn periods_of(&self, length: Length) -> Option<u64> {
        match (length, self.months) {
            (Length::Fixed(span), _) => self.periods_in(span),
            (Length::Months(n), Some(months)) => n.is_multiple_of(months).then(|| n / months),
            (Length::Months(n), None) => {
                let twelfths = YEAR.checked_mul(n)?;
                let of_twelfths = twelfths.is_multiple_of(12).then_some(twelfths / 12)?;
                self.periods_in(Span::from_millis(of_twelfths))
            }
        }
    }

    /// Which period `at` lies in, of a clock whose period 0 begins at `origin`; period 0 also before it.
    pub fn period(&self, origin: Instant, at: Instant) -> u64 {
        match self.months {
            Some(months) => months_between(origin, at) / months.max(1),
            None => at.since(origin).get() / self.every.get().max(1),
        }
    }

    /// When a period begins, of a clock whose period 0 begins at `origin`; the end of time for one that no clock reaches.
    ///
    /// A calendar period begins on the origin's day and at its time, or on the month's last day when the month is shorter.
    pub const fn start(&self, origin: Instant, period: u64) -> Instant {
        match self.months {
            Some(months) => months_after(origin, months.saturating_mul(period)),
            None => Instant::new(origin.get().saturating_add(period.saturating_mul(self.every.get()))),
        }
    }

    /// When period 0 begins in a network that starts at `genesis`.
    pub const fn begins(&self, genesis: Instant) -> Instant {
        match self.origin {
            Origin::Genesis => genesis,
            Origin::At(at) => at,
        }
    }
}

pub(super) type Clocks = Declared<Clock>;

pub(super) fn read(r: &mut Reader<'_>) -> Clocks {
    r.named("clock", |_, r| clock(r))
}

fn clock(r: &mut Reader<'_>) -> Option<Clock> {
    let length = r.length("every");
    let origin = if r.holds_text("origin") {
        r.choice("origin", &[("genesis", Origin::Genesis)])
    } else {
        r.date_time("origin").map(Origin::At)
    };
    let (every, months) = match length? {
        Length::Fixed(span) => (span, None),
        Length::Months(n) => (Span::from_millis(YEAR * n / 12), Some(n)),
    };
    Some(Clock { every, months, origin: origin? })
}

/// Reads a length of time as a number of periods of a clock, at least one.
pub(super) fn periods(r: &mut Reader<'_>, key: &str, name: Name, clocks: &Clocks) -> Option<u64> {
    let length = r.length(key)?;
    let clock = clocks.get(name)?;
    match clock.periods_of(length) {
        Some(n) if n > 0 => Some(n),
        _ => {
            r.problem(
                key,
                &format!("`{key}` must be a whole number of periods of clock `{name}`, at least one"),
                &format!("one period is {}", described(clock)),
            );
            None
        }
    }
}

/// The same by a clock that may not have been read; then only the length itself is looked at.
pub(super) fn periods_by(r: &mut Reader<'_>, key: &str, clock: Option<Name>, clocks: &Clocks) -> Option<u64> {
    match clock {
        Some(clock) => periods(r, key, clock, clocks),
        None => r.length(key).and(None),
    }
}

/// Reads a length that may be nothing, or absent.
pub(super) fn periods_or_none(r: &mut Reader<'_>, key: &str, name: Name, clocks: &Clocks) -> Option<u64> {
    if !r.has(key) || r.peek_length(key) == Some(Length::Fixed(Span::from_millis(0))) {
        if r.has(key) {
            r.length_or_none(key)?;
        }
        return Some(0);
    }
    periods(r, key, name, clocks)
}

fn described(clock: &Clock) -> String {
    match clock.months {
        Some(1) => "a calendar month".to_owned(),
        Some(12) => "a calendar year".to_owned(),
        Some(n) => format!("{n} calendar months"),
        None => clock.every.to_string(),
    }
}

/// The clock that `key` names.
pub(super) fn clock_named(r: &mut Reader<'_>, key: &str, clocks: &Clocks) -> Option<Name> {
    reference(r, key, "clock", clocks)
}

/// `"month"`, `"year"`, `"24 month"`, `"2 years"`, or a length that [`parse_span`] reads.
pub(super) fn parse_length(text: &str) -> Option<Length> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = (text[..split].trim(), text[split..].trim());
    let each = match unit {
        "month" | "months" => 1,
        "year" | "years" => 12,
        _ => return parse_span(text).ok().map(Length::Fixed),
    };
    let count: u64 = if number.is_empty() { 1 } else { number.parse().ok()? };
    let months = count.checked_mul(each)?;
    (1..=12_000).contains(&months).then_some(Length::Months(months))
}
