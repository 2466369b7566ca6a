//! A published series, by weeks.

use time::{Date, Duration, format_description::well_known::Iso8601};

/// Whether values of several weeks are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// So much in the week: dollars burned.
    Flow,
    /// So much at the week's end: active deals.
    Stock,
}

/// Which column of a file is meant, and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column<'a> {
    /// Its name in the first line.
    pub name: &'a str,
    /// What it counts.
    pub kind: Kind,
}

/// A week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// Its first day.
    pub from: Date,
    /// The value, above zero.
    pub value: f64,
}

/// Weeks without a gap, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What it counts.
    pub kind: Kind,
    /// The weeks.
    pub weeks: Vec<Observation>,
    /// Days that were missing; the other days of their weeks stand for them.
    pub missing: usize,
}

/// Why a file is not taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// Not a table.
    #[error("line {line}: {what}; write one line of names, then one line per week or day")]
    Table {
        /// Where.
        line: u64,
        /// What the reader says.
        what: String,
    },
    /// No column of that name.
    #[error("there is no column `{name}`; the columns are: {}", there.join(", "))]
    NoColumn {
        /// The name.
        name: String,
        /// The others.
        there: Vec<String>,
    },
    /// No column says when.
    #[error("no column says when; name one `week`, `date` or `start`, with dates as 2024-06-30")]
    NoDates,
    /// Not a date.
    #[error("line {line}: `{text}` is no date; write it as 2024-06-30")]
    Date {
        /// Where.
        line: u64,
        /// What is there.
        text: String,
    },
    /// Not a number that can be forecast.
    #[error("line {line}: `{text}` is no amount; write a number of at least 0, and leave no day out")]
    Number {
        /// Where.
        line: u64,
        /// What is there.
        text: String,
    },
    /// Dates that go back.
    #[error("line {line}: {found} stands behind {before}; put the lines in the order of their dates, each once")]
    Order {
        /// Where.
        line: u64,
        /// The date found.
        found: Date,
        /// The one before.
        before: Date,
    },
    /// Dates that do not follow each other.
    #[error("line {line}: {found} follows {before}, where {expected} is due; fill the gap or cut the series there")]
    Gap {
        /// Where.
        line: u64,
        /// The date found.
        found: Date,
        /// The one before.
        before: Date,
        /// The one expected.
        expected: Date,
    },
    /// Neither weeks nor days.
    #[error("line {line}: the dates are {days} days apart; weeks and days can be forecast")]
    Step {
        /// Where.
        line: u64,
        /// How far apart the first two are.
        days: i64,
    },
    /// A week in which nothing was counted has no logarithm.
    #[error("nothing was counted in the week from {from}; forecasts are of logarithms, so cut the series after it")]
    Nothing {
        /// Its first day.
        from: Date,
    },
    /// Too few.
    #[error("there are {found} weeks; at least {least} are needed")]
    Short {
        /// How many there are.
        found: usize,
        /// How many are needed.
        least: usize,
    },
}

/// Fewest weeks of a series.
const LEAST: usize = 40;

/// Most days in a row that may be missing where there is a value for every other day.
const MISSING_MOST: i64 = 2;

/// A day or week of a file: its line, when it begins, and what was counted, or that nothing was said.
type Entry = (u64, Date, Option<f64>);

impl Series {
    /// Reads a column of a comma-separated table. Days are put together to weeks from the first day on; days of an unfinished week
    /// are left out, and for one or two missing days in a row the others of their week stand.
    ///
    /// # Errors
    /// [`ReadError`], the first one found.
    pub fn read(table: &str, column: Column<'_>) -> Result<Self, ReadError> {
        let rows = rows(table, column.name)?;
        let [(_, first, _), (line, next, _), ..] = rows[..] else {
            return Err(ReadError::Short { found: rows.len(), least: LEAST });
        };
        let step = (next - first).whole_days();
        if step > 0 && step != 1 && step != 7 {
            return Err(ReadError::Step { line, days: step });
        }
        let entries = without_gaps(&rows, step)?;
        let each = if step == 1 { 7 } else { 1 };
        let weeks: Vec<Observation> = entries.chunks_exact(each).map(|days| week(days, column.kind)).collect();
        if let Some(nothing) = weeks.iter().find(|week| week.value <= 0.0) {
            return Err(ReadError::Nothing { from: nothing.from });
        }
        if weeks.len() < LEAST {
            return Err(ReadError::Short { found: weeks.len(), least: LEAST });
        }
        Ok(Self { kind: column.kind, weeks, missing: entries.len() - rows.len() })
    }

    /// Natural logarithm of what is forecast at week `at` for `weeks` ahead: of the mean of a flow over them, of a stock after them.
    /// `None` where the series has ended.
    pub fn target(&self, at: usize, weeks: usize) -> Option<f64> {
        let ahead = self.weeks.get(at + 1..at + 1 + weeks)?;
        Some(libm::log(match self.kind {
            Kind::Flow => ahead.iter().map(|week| week.value).sum::<f64>() / weeks as f64,
            Kind::Stock => ahead.last()?.value,
        }))
    }

    /// Its first day, and the last one of its last week.
    pub fn span(&self) -> (Date, Date) {
        let last = self.weeks[self.weeks.len() - 1].from;
        (self.weeks[0].from, last.saturating_add(Duration::days(6)))
    }

    /// Logarithms of all weeks.
    pub fn logs(&self) -> Vec<f64> {
        self.weeks.iter().map(|week| libm::log(week.value)).collect()
    }
}

/// The rows, with the days that are missing.
fn without_gaps(rows: &[(u64, Date, f64)], step: i64) -> Result<Vec<Entry>, ReadError> {
    let mut entries: Vec<Entry> = Vec::with_capacity(rows.len());
    for (line, found, value) in rows.iter().copied() {
        if let Some((_, before, _)) = entries.last().copied() {
            if found <= before {
                return Err(ReadError::Order { line, found, before });
            }
            let missing = (found - before).whole_days() - step;
            if missing != 0 && (step != 1 || !(1..=MISSING_MOST).contains(&missing)) {
                return Err(ReadError::Gap { line, found, before, expected: before + Duration::days(step) });
            }
            entries.extend((1..=missing).map(|day| (line, before + Duration::days(day), None)));
        }
        entries.push((line, found, Some(value)));
    }
    Ok(entries)
}

fn week(days: &[Entry], kind: Kind) -> Observation {
    let there: Vec<f64> = days.iter().filter_map(|(_, _, value)| *value).collect();
    let value = match kind {
        Kind::Flow => there.iter().sum::<f64>() / there.len() as f64 * days.len() as f64,
        Kind::Stock => there.last().copied().unwrap_or(0.0),
    };
    Observation { from: days[0].1, value }
}

/// Line, date and value of every row.
fn rows(table: &str, column: &str) -> Result<Vec<(u64, Date, f64)>, ReadError> {
    let text = table.strip_prefix('\u{feff}').unwrap_or(table);
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).trim(csv::Trim::All).from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().map_err(|error| table_error(&error))?.iter().map(str::to_owned).collect();
    let place = |name: &str| names.iter().position(|other| other == name);
    let when = ["week", "date", "start"].into_iter().find_map(place).ok_or(ReadError::NoDates)?;
    let value = place(column).ok_or_else(|| ReadError::NoColumn { name: column.to_owned(), there: names.clone() })?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| table_error(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let (date, number) = (&record[when], &record[value]);
        let on = Date::parse(date, &Iso8601::DATE).map_err(|_| ReadError::Date { line, text: date.to_owned() })?;
        let amount = number.parse().ok().filter(|amount: &f64| amount.is_finite() && *amount >= 0.0);
        rows.push((line, on, amount.ok_or_else(|| ReadError::Number { line, text: number.to_owned() })?));
    }
    Ok(rows)
}

fn table_error(error: &csv::Error) -> ReadError {
    ReadError::Table { line: error.position().map_or(0, csv::Position::line), what: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BURNED: Column<'static> = Column { name: "usd", kind: Kind::Flow };

    fn weekly(weeks: u32) -> String {
        let first = Date::from_calendar_date(2024, time::Month::January, 1).unwrap();
        let line = |n: u32| format!("{},{}\n", first + Duration::weeks(n.into()), 100 + n);
        "week,usd\n".to_owned() + &(0..weeks).map(line).collect::<String>()
    }

    #[test]
    fn days_make_weeks_and_an_unfinished_one_is_left_out() {
        let first = Date::from_calendar_date(2024, time::Month::January, 1).unwrap();
        let line = |n: i64| format!("\"{}\", {}\r\n", first + Duration::days(n), n % 7 + 1);
        let table = "\u{feff}date,usd\r\n".to_owned() + &(0..7 * 40 + 3).map(line).collect::<String>();
        let flow = Series::read(&table, BURNED).unwrap();
        assert_eq!((flow.weeks.len(), flow.weeks[39].value), (40, 28.0));
        let stock = Series::read(&table, Column { kind: Kind::Stock, ..BURNED }).unwrap();
        assert_eq!(stock.weeks[0].value, 7.0);
    }

    #[test]
    fn others_of_its_week_stand_for_a_missing_day() {
        let first = Date::from_calendar_date(2024, time::Month::January, 1).unwrap();
        let line = |n: i64| format!("{},{}\n", first + Duration::days(n), 2);
        let days = |left_out: std::ops::Range<i64>| {
            "date,usd\n".to_owned() + &(0..7 * 40).filter(|n| !left_out.contains(n)).map(line).collect::<String>()
        };
        let series = Series::read(&days(10..12), BURNED).unwrap();
        assert_eq!((series.missing, series.weeks.len(), series.weeks[1].value), (2, 40, 14.0));
        let refused = Series::read(&days(10..13), BURNED).unwrap_err().to_string();
        assert!(refused.contains("2024-01-14 follows 2024-01-10, where 2024-01-11 is due"), "{refused}");
    }

    #[test]
    fn targets_are_means_of_flows_and_ends_of_stocks() {
        let flow = Series::read(&weekly(40), BURNED).unwrap();
        assert_eq!(flow.target(0, 4), Some(libm::log((101.0 + 102.0 + 103.0 + 104.0) / 4.0)));
        assert_eq!(flow.target(36, 4), None);
        let stock = Series { kind: Kind::Stock, ..flow };
        assert_eq!(stock.target(0, 4), Some(libm::log(104.0)));
    }

    #[test]
    fn what_cannot_be_forecast_is_told_with_its_line() {
        let read = |table: &str| Series::read(table, BURNED).unwrap_err().to_string();
        let good = weekly(50);
        assert!(read(&good.replace("2024-02-05,105", "2024-02-05,NaN")).starts_with("line 7: `NaN` is no amount"));
        assert!(read(&good.replace("2024-02-05,105", "2024-02-05,-3")).starts_with("line 7: `-3` is no amount"));
        assert!(read(&good.replace("2024-02-05,105\n", "")).starts_with("line 7: 2024-02-12 follows 2024-01-29"));
        assert!(read(&good.replace("2024-02-05,", "Feb 5,")).starts_with("line 7: `Feb 5` is no date"));
        assert!(
            read(&good.replace("2024-02-05,105", "2024-02-05,0")).contains("nothing was counted in the week from 2024-02-05")
        );
        assert!(read(&good.replace("usd", "hnt")).contains("the columns are: week, hnt"));
        assert!(read(&good.replace("week,", "month,")).contains("no column says when"));
        assert!(read(&good.replace("2024-02-05,105", "2024-02-05,105,7")).starts_with("line 7:"));
        assert!(read(&weekly(39)).contains("39 weeks; at least 40"));
        assert!(read("week,usd\n2024-01-01,1\n2024-02-01,1\n").starts_with("line 3: the dates are 31 days apart"));
        assert!(read("week,usd\n2024-02-01,1\n2024-01-01,1\n").starts_with("line 3: 2024-01-01 stands behind 2024-02-01"));
        assert!(read(&good.replace("2024-02-05,", "2024-01-29,")).starts_with("line 7: 2024-01-29 stands behind 2024-01-29"));
        assert!(read("").contains("no column says when"));
    }
}
