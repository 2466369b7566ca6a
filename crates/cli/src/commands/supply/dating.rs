//! How the moments of a projection are told: by date, or, where nobody knows when the network starts, by the time since its start.
//!
//! A projection counts months and years, so one without a launch is computed as if the start were at the beginning of a calendar; that
//! calendar is never shown.

use depin_economy::Every;
use depin_quantity::Instant;

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dating {
    /// The launch is known.
    Calendar,
    /// It is not: moments are told by the time since the start.
    SinceStart,
}

impl Dating {
    /// A moment for people: the day, with the time where it is not midnight; or years, months and days since the start.
    pub fn text(self, at: Instant) -> String {
        match self {
            Self::Calendar => {
                let text = at.to_rfc3339();
                text.strip_suffix("T00:00:00Z").map_or_else(|| text.clone(), str::to_owned)
            }
            Self::SinceStart => since_start(at),
        }
    }

    /// A moment for programs: RFC 3339, or the time since the start as ISO 8601 writes lengths of time, in days: `P31D`, `P0DT6H30M`.
    pub fn machine(self, at: Instant) -> String {
        if self == Self::Calendar {
            return at.to_rfc3339();
        }
        let (days, rest) = (at.get() / DAY, at.get() % DAY / 1_000);
        let parts = [(rest / 3_600, 'H'), (rest / 60 % 60, 'M'), (rest % 60, 'S')];
        let time: String = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
        if time.is_empty() { format!("P{days}D") } else { format!("P{days}DT{time}") }
    }

    /// How a step is named in a table.
    pub fn step(self, every: Every, from: Instant) -> String {
        if self == Self::SinceStart {
            let (year, month, day, _) = parts(from);
            return match (every, day) {
                (Every::Year, 0) if month == 0 => format!("year {year}"),
                (Every::Month, 0) => format!("year {year} month {month}"),
                (Every::Day | Every::Week, _) => format!("day {}", from.get() / DAY),
                _ => since_start(from),
            };
        }
        let text = from.to_rfc3339();
        match (every, text.strip_suffix("T00:00:00Z")) {
            (Every::Year, Some(day)) if day.ends_with("-01-01") => day[..day.len() - 6].to_owned(),
            (Every::Month, Some(day)) if day.ends_with("-01") => day[..day.len() - 3].to_owned(),
            (_, Some(day)) => day.to_owned(),
            (_, None) => text.replace('T', " ").trim_end_matches('Z').to_owned(),
        }
    }
}

/// Whole years, then months, then days, then what is left of the day in milliseconds.
fn parts(at: Instant) -> (i32, u8, u8, u64) {
    let seconds = i64::try_from(at.get() / 1_000).unwrap_or(i64::MAX);
    let date = time::OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    (date.year() - 1_970, u8::from(date.month()) - 1, date.day() - 1, at.get() % DAY)
}

fn since_start(at: Instant) -> String {
    let (year, month, day, rest) = parts(at);
    let mut text = format!("year {year}");
    if month > 0 || day > 0 || rest > 0 {
        text += &format!(" month {month}");
    }
    if day > 0 || rest > 0 {
        text += &format!(" day {day}");
    }
    if rest > 0 {
        let seconds = rest / 1_000;
        text += &format!(" {:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_that_nobody_knows_is_year_nought() {
        let told = |at: u64| (Dating::SinceStart.text(Instant::new(at)), Dating::SinceStart.machine(Instant::new(at)));
        assert_eq!(told(0), ("year 0".to_owned(), "P0D".to_owned()));
        assert_eq!(told(31 * DAY), ("year 0 month 1".to_owned(), "P31D".to_owned()));
        assert_eq!(told(365 * DAY + 23_400_000), ("year 1 month 0 day 0 06:30:00".to_owned(), "P365DT6H30M".to_owned()));
        let step = |every, at: u64| Dating::SinceStart.step(every, Instant::new(at * DAY));
        assert_eq!((step(Every::Year, 365), step(Every::Month, 59)), ("year 1".to_owned(), "year 0 month 2".to_owned()));
        assert_eq!((step(Every::Week, 14), step(Every::Epoch, 1)), ("day 14".to_owned(), "year 0 month 0 day 1".to_owned()));
    }

    #[test]
    fn a_known_launch_gives_dates() {
        let at = Instant::new(DAY * 20_000);
        assert_eq!((Dating::Calendar.text(at), Dating::Calendar.machine(at)), ("2024-10-04".to_owned(), at.to_rfc3339()));
        assert_eq!(Dating::Calendar.step(Every::Day, at), "2024-10-04");
    }
}
