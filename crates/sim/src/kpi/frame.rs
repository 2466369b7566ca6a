//! What key figures are computed from: columns of a run by name, and of the runs that are paired with it.

use crate::{
    Opening, Paired,
    results::{Row, column},
    scenario::Treatment,
};

const YEAR: f64 = 365.0 * 86_400_000.0;

/// The rows of a run, and of those beside it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    rows: &'a [Row],
    paired: &'a [Paired],
    opening: Option<Opening>,
}

impl<'a> Frame<'a> {
    /// The frame of a run.
    pub const fn new(rows: &'a [Row], paired: &'a [Paired]) -> Self {
        Self { rows, paired, opening: None }
    }

    /// The same, when it is known where the run began: otherwise one row's length before the first one.
    #[must_use]
    pub const fn since(self, opening: Opening) -> Self {
        Self { opening: Some(opening), ..self }
    }

    /// The rows.
    pub const fn rows(&self) -> &'a [Row] {
        self.rows
    }

    /// The same people under another treatment.
    pub fn under(&self, treatment: Treatment) -> Option<Self> {
        self.paired.iter().find(|pair| pair.treatment == treatment).map(|pair| Self {
            rows: &pair.rows,
            paired: &[],
            opening: self.opening,
        })
    }

    /// This run and the same people under another treatment, each as long as the shorter of both: a run that was stopped is held
    /// against what was until then.
    pub fn beside(&self, treatment: Treatment) -> Option<(Self, Self)> {
        let other = self.under(treatment)?;
        let rows = self.rows.len().min(other.rows.len());
        Some((self.part(0..rows), other.part(0..rows)))
    }

    /// Some of the rows. They begin where the row before them ends.
    pub fn part(&self, rows: std::ops::Range<usize>) -> Self {
        let before = rows.start.checked_sub(1).and_then(|before| self.rows.get(before));
        let opening = match (self.opening, before) {
            (Some(_), Some(row)) => Some(Opening { date: row.date, price: row.get("price") }),
            (opening, _) => opening,
        };
        Self { rows: self.rows.get(rows).unwrap_or(&[]), paired: &[], opening }
    }

    /// A column; undefined values stand as they are.
    pub fn column(&self, name: &str) -> impl Iterator<Item = f64> + 'a {
        let at = column(name).unwrap_or_else(|| panic!("there is no column `{name}`"));
        self.rows.iter().map(move |row| row.values[at])
    }

    /// The sum of a flow over all rows; undefined values count as nothing.
    pub fn sum(&self, name: &str) -> f64 {
        self.column(name).filter(|value| value.is_finite()).sum()
    }

    /// The mean of a column over the rows where it is defined.
    pub fn mean(&self, name: &str) -> f64 {
        let defined = self.column(name).filter(|value| value.is_finite());
        let (sum, count) = defined.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        ratio(sum, count)
    }

    /// The last value.
    pub fn last(&self, name: &str) -> f64 {
        self.column(name).last().unwrap_or(f64::NAN)
    }

    /// The first value.
    pub fn first(&self, name: &str) -> f64 {
        self.column(name).next().unwrap_or(f64::NAN)
    }

    /// The token's price at the beginning.
    pub fn opening_price(&self) -> f64 {
        self.opening.map_or_else(|| self.first("price"), |opening| opening.price)
    }

    /// Years that the rows cover: from the opening to the last. Where that is not known, from one row before the first; then how long one
    /// row by itself took is not known. The last row of a run may be shorter than the others.
    pub fn years(&self) -> f64 {
        if let (Some(opening), Some(last)) = (self.opening, self.rows.last()) {
            return last.date.get().saturating_sub(opening.date.get()) as f64 / YEAR;
        }
        let [first, .., last] = self.rows else { return f64::NAN };
        let between = last.date.get().saturating_sub(first.date.get()) as f64;
        let steps = (self.rows.len() - 1) as f64;
        (between + between / steps) / YEAR
    }

    /// The rows of the first year, and of the last: halves where there are fewer than two years.
    pub fn ends(&self) -> (Self, Self) {
        let years = self.years();
        let rows = self.rows.len();
        let one = if years > 2.0 { (rows as f64 / years) as usize } else { rows / 2 };
        (self.part(0..one), self.part(rows - one..rows))
    }

    /// Months until a row, from the run's start.
    pub fn months(&self, row: usize) -> f64 {
        let Some(first) = self.rows.first() else { return f64::NAN };
        if let (Some(opening), Some(row)) = (self.opening, self.rows.get(row)) {
            return row.date.get().saturating_sub(opening.date.get()) as f64 / YEAR * 12.0;
        }
        let step = self.years() / self.rows.len() as f64;
        let past = self.rows.get(row).map_or(0, |row| row.date.get().saturating_sub(first.date.get())) as f64 / YEAR;
        (past + step) * 12.0
    }
}

/// A quotient; not a number where there is nothing to divide by.
pub fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { f64::NAN } else { part / whole }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::results::COLUMNS;
    use depin_quantity::Instant;

    /// Weekly rows: each column by name with its values, everything else zero.
    pub fn rows(weeks: usize, columns: &[(&str, &dyn Fn(usize) -> f64)]) -> Vec<Row> {
        let row = |week: usize| {
            let mut values = vec![0.0; COLUMNS.len()];
            for (name, value) in columns {
                values[column(name).unwrap_or_else(|| panic!("no column {name}"))] = value(week);
            }
            let date = Instant::new((week as u64 + 1) * 7 * 86_400_000);
            Row { timestep: u32::try_from(week).unwrap() + 1, date, values }
        };
        (0..weeks).map(row).collect()
    }

    #[test]
    fn rows_cover_the_time_from_before_the_first_one() {
        let rows = rows(52, &[]);
        let frame = Frame::new(&rows, &[]);
        assert!((frame.years() - 364.0 / 365.0).abs() < 1e-9);
        assert!((frame.months(51) - 12.0 * 364.0 / 365.0).abs() < 1e-9);
        assert_eq!(frame.ends().0.rows().len(), 26);
        assert!(frame.part(0..1).years().is_nan(), "nothing is counted by the year in one row, or it would be without bounds");
    }

    #[test]
    fn a_short_last_row_makes_no_year_longer() {
        // A row each 300 days, and one of the 65 that are left: 365 days, and not 130.
        let mut rows = rows(2, &[("price", &|week| 3.0 + week as f64)]);
        rows[0].date = Instant::new(300 * 86_400_000);
        rows[1].date = Instant::new(365 * 86_400_000);
        let frame = Frame::new(&rows, &[]).since(Opening { date: Instant::new(0), price: 5.0 });
        assert_eq!((frame.years(), frame.opening_price()), (1.0, 5.0));
        assert!((frame.months(0) - 12.0 * 300.0 / 365.0).abs() < 1e-12);
        let last = frame.part(1..2);
        assert!((last.years() - 65.0 / 365.0).abs() < 1e-12);
        assert_eq!(last.opening_price(), 3.0);
    }

    #[test]
    fn runs_side_by_side_are_as_long_as_the_shorter_one() {
        let (own, other) = (rows(20, &[("usage", &|_| 2.0)]), rows(53, &[("usage", &|_| 1.0)]));
        let paired = [Paired { treatment: Treatment::NoTokens, rows: other }];
        let (with, without) = Frame::new(&own, &paired).beside(Treatment::NoTokens).unwrap();
        assert_eq!((with.sum("usage"), without.sum("usage")), (40.0, 20.0));
    }

    #[test]
    fn undefined_values_are_left_out_of_sums_and_means() {
        let rows = rows(3, &[("price", &|week| if week == 1 { f64::NAN } else { 2.0 })]);
        let frame = Frame::new(&rows, &[]);
        assert_eq!((frame.sum("price"), frame.mean("price"), frame.first("price")), (4.0, 2.0, 2.0));
    }
}
