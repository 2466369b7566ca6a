//! Steps of a report: days and weeks of fixed length, months and years of the calendar (UTC), counted from the first day.

use depin_quantity::{Instant, Span, months_after};

/// Length of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// One period of the emission's clock.
    Epoch,
    /// 24 hours.
    Day,
    /// Seven days.
    Week,
    /// A calendar month: from a day and time to the same of the next month, or that month's last day.
    Month,
    /// Twelve of them.
    Year,
}

impl Every {
    /// The end of step `index` of those that begin at `from`; `None` for epochs, which a clock counts, and past the calendar.
    pub(super) fn end(self, from: Instant, index: u64) -> Option<Instant> {
        let count = index.checked_add(1)?;
        let months = |each: u64| Some(months_after(from, count.checked_mul(each)?));
        let end = match self {
            Self::Epoch => None,
            Self::Day => Some(from.later(Span::from_days(count))),
            Self::Week => Some(from.later(Span::from_days(count.checked_mul(7)?))),
            Self::Month => months(1),
            Self::Year => months(12),
        };
        end.filter(|end| *end < Instant::new(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::OffsetDateTime;

    fn at(text: &str) -> Instant {
        let format = &time::format_description::well_known::Rfc3339;
        Instant::new(u64::try_from(OffsetDateTime::parse(text, format).unwrap().unix_timestamp()).unwrap() * 1_000)
    }

    #[test]
    fn months_keep_their_day_or_take_the_last() {
        let from = at("2024-01-31T12:00:00Z");
        let ends: Vec<String> = (0..4).map(|n| Every::Month.end(from, n).unwrap().to_rfc3339()).collect();
        assert_eq!(ends, ["2024-02-29T12:00:00Z", "2024-03-31T12:00:00Z", "2024-04-30T12:00:00Z", "2024-05-31T12:00:00Z"]);
        assert_eq!(Every::Year.end(at("2024-02-29T00:00:00Z"), 0), Some(at("2025-02-28T00:00:00Z")));
        assert_eq!(Every::Year.end(at("2024-02-29T00:00:00Z"), 3), Some(at("2028-02-29T00:00:00Z")));
    }

    #[test]
    fn days_and_weeks_have_a_fixed_length() {
        assert_eq!(Every::Day.end(at("2024-02-28T00:00:00Z"), 1), Some(at("2024-03-01T00:00:00Z")));
        assert_eq!(Every::Week.end(at("2024-02-28T00:00:00Z"), 0), Some(at("2024-03-06T00:00:00Z")));
    }

    #[test]
    fn the_end_of_the_calendar_is_none_and_no_panic() {
        assert_eq!(Every::Year.end(at("2024-01-01T00:00:00Z"), 200_000), None);
        assert_eq!(Every::Month.end(at("2024-01-01T00:00:00Z"), u64::MAX), None);
    }
}
