//! Months and years of the Gregorian calendar in UTC, as whole-number arithmetic.

use crate::Instant;

const DAY: u64 = 86_400_000;

/// The date `days` days after 1970-01-01: year, month from 1, and day of the month from 1.
///
/// - Units: whole days of UTC; the Gregorian calendar.
/// - Failure: panics within 719,468 days of 2^64, which is later than any [`Instant`].
/// - Source: H. Hinnant, chrono-compatible low-level date algorithms, `civil_from_days`, for days that are not negative.
pub const fn civil_date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + (month <= 2) as u64, month, day)
}

/// Days from 1970-01-01 to a date, which is not before it.
const fn days_of(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

const fn days_in(year: u64, month: u64) -> u64 {
    let (year_after, month_after) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days_of(year_after, month_after, 1) - days_of(year, month, 1)
}

/// Months that the calendar reaches here: to the year 100,000.
const MONTHS_MOST: u64 = 1_200_000;

/// The instant `months` calendar months after `origin`, at the origin's day and time of day.
///
/// Each one is counted from the origin itself, so a short month does not shorten those after it: a month from 31 January is 28 or
/// 29 February, two are 31 March.
///
/// - Units: months of the Gregorian calendar, UTC. A year is 12 of them.
/// - Rounding: a day that the month does not have becomes its last one.
/// - Failure: saturates at the end of time.
pub const fn months_after(origin: Instant, months: u64) -> Instant {
    if months > MONTHS_MOST || origin.get() / DAY > 36_000_000 {
        return Instant::new(u64::MAX);
    }
    let (year, month, day) = civil_date(origin.get() / DAY);
    let index = year * 12 + (month - 1) + months;
    let (year, month) = (index / 12, index % 12 + 1);
    let last = days_in(year, month);
    let day = if day > last { last } else { day };
    Instant::new(days_of(year, month, day) * DAY + origin.get() % DAY)
}

/// How many whole calendar months passed from `origin` to `at`; none when `at` is earlier.
pub fn months_between(origin: Instant, at: Instant) -> u64 {
    if at <= origin {
        return 0;
    }
    let (from_year, from_month, _) = civil_date(origin.get() / DAY);
    let (year, month, _) = civil_date((at.get() / DAY).min(36_000_000));
    let apart = (year * 12 + month) - (from_year * 12 + from_month);
    if months_after(origin, apart) > at { apart - 1 } else { apart }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Instant {
        let time = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap();
        Instant::new(u64::try_from(time.unix_timestamp()).unwrap() * 1_000)
    }

    #[test]
    fn months_keep_the_day_and_the_time_and_end_with_the_month() {
        let origin = at("2024-01-31T13:30:00Z");
        for (months, expected) in [
            (0, "2024-01-31T13:30:00Z"),
            (1, "2024-02-29T13:30:00Z"),
            (2, "2024-03-31T13:30:00Z"),
            (3, "2024-04-30T13:30:00Z"),
            (13, "2025-02-28T13:30:00Z"),
            (12 * 76, "2100-01-31T13:30:00Z"),
            (12 * 76 + 1, "2100-02-28T13:30:00Z"),
        ] {
            assert_eq!(months_after(origin, months), at(expected), "{months}");
        }
        assert_eq!(months_after(at("2023-12-20T00:00:00Z"), 12), at("2024-12-20T00:00:00Z"));
    }

    #[test]
    fn a_month_is_over_at_its_last_moment_and_not_before() {
        let origin = at("2024-01-31T13:30:00Z");
        assert_eq!(months_between(origin, at("2024-02-29T13:29:59Z")), 0);
        assert_eq!(months_between(origin, at("2024-02-29T13:30:00Z")), 1);
        assert_eq!(months_between(origin, at("2020-01-01T00:00:00Z")), 0);
    }

    #[test]
    fn the_end_of_time_is_reached_without_a_panic() {
        assert_eq!(months_after(Instant::new(0), u64::MAX), Instant::new(u64::MAX));
        assert!(months_between(Instant::new(0), Instant::new(u64::MAX)) > 1_000_000);
        assert_eq!(months_between(Instant::new(u64::MAX), Instant::new(u64::MAX)), 0);
    }

    proptest! {
        #[test]
        fn dates_agree_with_an_independent_calendar(days in 0u64..2_000_000) {
            let (year, month, day) = civil_date(days);
            let date = time::Date::from_julian_day(2_440_588 + i32::try_from(days).unwrap()).unwrap();
            prop_assert_eq!((year as i32, u8::from(date.month()) as u64, u64::from(date.day())), (date.year(), month, day));
            prop_assert_eq!(days_of(year, month, day), days);
        }

        #[test]
        fn every_instant_lies_in_its_month(origin in 0u64..3_000_000_000_000, later in 0u64..10_000_000_000_000) {
            let (origin, at) = (Instant::new(origin), Instant::new(origin + later));
            let n = months_between(origin, at);
            prop_assert!(months_after(origin, n) <= at && at < months_after(origin, n + 1));
        }
    }
}
