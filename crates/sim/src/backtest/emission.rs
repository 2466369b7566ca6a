//! How far the document's rules are from what was issued: no forecast, and no fit.

use super::{Column, Kind, ReadError, Series};
use depin_economy::{Schedule, Spec};
use depin_quantity::{Instant, Name};
use std::collections::BTreeMap;
use time::{Date, Duration};

/// Whole tokens issued in the weeks of a year that begin in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Year {
    /// How many weeks.
    pub weeks: u32,
    /// As the series says.
    pub by_series: f64,
    /// As the network's file says.
    pub by_rules: f64,
}

impl Year {
    /// What the rules give, as a multiple of what was issued.
    pub fn ratio(self) -> f64 {
        self.by_rules / self.by_series
    }
}

/// A column of what was issued in a week, in whole tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issued<'a> {
    /// The column.
    pub column: &'a str,
    /// Of which token.
    pub token: Name,
}

/// Compares a column with the schedule of a network that started when the original did.
///
/// # Errors
/// As [`Series::read`].
pub fn compare(table: &str, issued: Issued<'_>, spec: &Spec, launch: Instant) -> Result<BTreeMap<i32, Year>, ReadError> {
    let series = Series::read(table, Column { name: issued.column, kind: Kind::Flow })?;
    let schedule = Schedule::new(spec, launch);
    let one = 10f64.powi(spec.token(issued.token).map_or(0, |token| i32::from(token.decimals)));
    let given = |date: Date| schedule.whole(issued.token, start_of(date)).get();
    let mut years = BTreeMap::<i32, Year>::new();
    for week in &series.weeks {
        let year = years.entry(week.from.year()).or_default();
        year.weeks += 1;
        year.by_series += week.value;
        year.by_rules += given(week.from + Duration::weeks(1)).saturating_sub(given(week.from)) as f64 / one;
    }
    Ok(years)
}

fn start_of(date: Date) -> Instant {
    let seconds = date.midnight().assume_utc().unix_timestamp();
    Instant::new(u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000))
}
