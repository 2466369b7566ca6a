//! What a path is told from outside: the bonded ratio by date, and what is burnt by date.
//!
//! Amounts of usage are spread evenly over their time: what was burnt up to an instant is one rounded fraction of each row, so any
//! slicing of time burns the same.

use super::ProjectionError;
use depin_quantity::{Decimal18, Instant, Name, Rounding, Units, mul_div};

/// A ratio that holds from its date until the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ratios(Vec<(Instant, Decimal18)>);

impl Ratios {
    /// One ratio for all time.
    pub fn constant(ratio: Decimal18) -> Self {
        Self(vec![(Instant::new(0), ratio)])
    }

    /// Ratios by date; the first also holds before its date.
    ///
    /// # Errors
    /// Without a row, with dates out of order, or with a ratio above one.
    pub fn by_date(rows: Vec<(Instant, Decimal18)>) -> Result<Self, ProjectionError> {
        if rows.is_empty() {
            return Err(ProjectionError::NoRows);
        }
        if let Some(pair) = rows.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
            return Err(ProjectionError::OutOfOrder { at: pair[1].0 });
        }
        match rows.iter().find(|(_, ratio)| *ratio > Decimal18::ONE) {
            Some((at, ratio)) => Err(ProjectionError::RatioTooLarge { at: *at, ratio: *ratio }),
            None => Ok(Self(rows)),
        }
    }

    /// The ratio at an instant, and until when it holds; `None` is for ever.
    pub fn at(&self, at: Instant) -> (Decimal18, Option<Instant>) {
        let after = self.0.partition_point(|(from, _)| *from <= at);
        (self.0[after.saturating_sub(1)].1, self.0.get(after.max(1)).map(|(from, _)| *from))
    }
}

/// What is burnt over one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageBurn {
    /// Of this token.
    pub token: Name,
    /// From then …
    pub from: Instant,
    /// … until before then.
    pub until: Instant,
    /// How much, in base units.
    pub burned: Units,
}

impl UsageBurn {
    /// Base units that a payment in dollars burns at a price in dollars per token, rounded down.
    ///
    /// # Errors
    /// A price of zero; a result past 128 bits.
    pub fn units_of_usd(usd: Decimal18, price: Decimal18, decimals: u8) -> Result<Units, ProjectionError> {
        let scale = 10u128.checked_pow(decimals.into()).ok_or(ProjectionError::TooLarge)?;
        mul_div(usd.get(), scale, price.get(), Rounding::Down).map(Units::new).map_err(ProjectionError::from)
    }
}

/// One token's usage, in order of time; moves forward only.
#[derive(Clone, Debug)]
pub(super) struct Burns {
    rows: Vec<UsageBurn>,
    next: usize,
    /// Sum of the rows that are over.
    over: Units,
}

impl Burns {
    pub(super) fn of(token: Name, usage: &[UsageBurn]) -> Result<Self, ProjectionError> {
        let rows: Vec<UsageBurn> = usage.iter().filter(|row| row.token == token).copied().collect();
        if let Some(row) = rows.iter().find(|row| row.from >= row.until) {
            return Err(ProjectionError::OutOfOrder { at: row.from });
        }
        if let Some(pair) = rows.windows(2).find(|pair| pair[0].until > pair[1].from) {
            return Err(ProjectionError::OutOfOrder { at: pair[1].from });
        }
        rows.iter().try_fold(Units::ZERO, |sum, row| sum.plus(row.burned))?;
        Ok(Self { rows, next: 0, over: Units::ZERO })
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All that is burnt before `at`, which never lies before an earlier call's.
    pub(super) fn until(&mut self, at: Instant) -> Result<Units, ProjectionError> {
        while let Some(row) = self.rows.get(self.next).filter(|row| row.until <= at) {
            self.over = self.over.plus(row.burned)?;
            self.next += 1;
        }
        match self.rows.get(self.next).filter(|row| row.from < at) {
            Some(row) => {
                let (passed, whole) = (at.since(row.from).get(), row.until.since(row.from).get());
                Ok(self.over.plus(row.burned.mul_div(passed.into(), whole.into(), Rounding::Down)?)?)
            }
            None => Ok(self.over),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HNT: Name = Name::literal("HNT");

    fn row(from: u64, until: u64, burned: u128) -> UsageBurn {
        UsageBurn { token: HNT, from: Instant::new(from), until: Instant::new(until), burned: Units::new(burned) }
    }

    #[test]
    fn what_is_burnt_is_spread_evenly_and_to_the_last_unit() {
        let mut burns = Burns::of(HNT, &[row(10, 20, 7), row(20, 30, 100), row(50, 60, 1)]).unwrap();
        let all: Vec<u128> = [0, 10, 13, 19, 20, 25, 30, 40, 55, 60, 99]
            .into_iter()
            .map(|at| burns.until(Instant::new(at)).unwrap().get())
            .collect();
        assert_eq!(all, [0, 0, 2, 6, 7, 57, 107, 107, 107, 108, 108]);
    }

    #[test]
    fn usage_that_overlaps_or_runs_backwards_is_refused() {
        for rows in [vec![row(10, 20, 1), row(19, 30, 1)], vec![row(20, 20, 1)], vec![row(30, 40, 1), row(10, 20, 1)]] {
            assert!(matches!(Burns::of(HNT, &rows), Err(ProjectionError::OutOfOrder { .. })), "{rows:?}");
        }
    }

    #[test]
    fn a_ratio_holds_until_the_next() {
        let ratio = |n: u128| Decimal18::new(n);
        let ratios = Ratios::by_date(vec![(Instant::new(10), ratio(1)), (Instant::new(20), ratio(2))]).unwrap();
        assert_eq!(ratios.at(Instant::new(0)), (ratio(1), Some(Instant::new(20))));
        assert_eq!(ratios.at(Instant::new(19)), (ratio(1), Some(Instant::new(20))));
        assert_eq!(ratios.at(Instant::new(20)), (ratio(2), None));
        assert_eq!(Ratios::constant(ratio(3)).at(Instant::new(5)), (ratio(3), None));
        assert_eq!(Ratios::by_date(Vec::new()), Err(ProjectionError::NoRows));
        let above = Decimal18::new(Decimal18::ONE.get() + 1);
        assert!(matches!(Ratios::by_date(vec![(Instant::new(0), above)]), Err(ProjectionError::RatioTooLarge { .. })));
        let backwards = vec![(Instant::new(9), ratio(1)), (Instant::new(9), ratio(2))];
        assert!(matches!(Ratios::by_date(backwards), Err(ProjectionError::OutOfOrder { .. })));
    }

    #[test]
    fn dollars_become_tokens_at_their_price() {
        let usd = Decimal18::parse("100").unwrap();
        assert_eq!(UsageBurn::units_of_usd(usd, Decimal18::parse("3").unwrap(), 8), Ok(Units::new(3_333_333_333)));
        assert!(UsageBurn::units_of_usd(usd, Decimal18::new(0), 8).is_err());
    }
}
