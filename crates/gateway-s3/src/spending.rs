//! What goes into escrow in a day, and the owner's cap on it.
//!
//! In: what deals cost as they are agreed on, ledger time. Out: whether a cost still fits into its day, and what the day has taken. A
//! placement is counted when its shard is stored, before there is a deal, so that data which was acknowledged never waits for the cap;
//! a renewal when it is asked for. Escrow that comes back does not make room again. The object map keeps the sum, so a restart is no
//! fresh day.

use crate::map::{Map, MapError, tables};
use depin_client::api::Currency;
use depin_quantity::{Instant, Units};
use std::sync::{Mutex, PoisonError};

const DAY_MS: u64 = 86_400_000;

/// The present day's sum.
pub(crate) struct Spending {
    day: Mutex<Day>,
    currency: Currency,
}

#[derive(Clone, Copy, Default)]
struct Day {
    /// Of ledger time, since 1970.
    number: u64,
    spent: u128,
    /// Whether something did not fit.
    full: bool,
}

/// A cost that was counted: it is written down with what it pays for, or given back.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct Taken {
    pub(crate) day: u64,
    pub(crate) units: u128,
}

/// A cost does not fit into its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the spending cap of {} a day is reached: {} are spent on this day of the ledger, and {} more are asked for; it goes on with the next \
     day, or with a higher cap",
    currency.text(*cap), currency.text(*spent), currency.text(*cost)
)]
pub(crate) struct CapReached {
    pub(crate) cap: Units,
    pub(crate) spent: Units,
    pub(crate) cost: Units,
    pub(crate) currency: Currency,
}

impl Spending {
    /// Goes on with the newest day of the map; costs are in `currency`.
    pub(crate) fn load(map: &Map, currency: Currency) -> Result<Self, MapError> {
        let (number, spent) = map.read_now(tables::newest_spending)?;
        Ok(Self { day: Mutex::new(Day { number, spent, full: false }), currency })
    }

    /// Counts a cost at `now`; the newest day known when that is unknown.
    pub(crate) fn take(&self, now: Option<Instant>, cost: Units, cap: Option<Units>) -> Result<Taken, CapReached> {
        let mut day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        day.turn(now);
        let (cost, spent) = (cost.get(), day.spent);
        let sum = spent.checked_add(cost);
        match (sum, cap.map(Units::get)) {
            (Some(sum), cap) if cap.is_none_or(|cap| sum <= cap) => {
                day.spent = sum;
                Ok(Taken { day: day.number, units: cost })
            }
            (_, cap) => {
                day.full = true;
                let [cap, spent, cost] = [cap.unwrap_or(u128::MAX), spent, cost].map(Units::new);
                Err(CapReached { cap, spent, cost, currency: self.currency })
            }
        }
    }

    /// Whether a cost would fit.
    pub(crate) fn check(&self, now: Option<Instant>, cost: Units, cap: Option<Units>) -> Result<(), CapReached> {
        self.take(now, cost, cap).map(|taken| self.give_back(taken))
    }

    /// Counts a cost no longer: nothing was bought. The day it was counted in may be over.
    pub(crate) fn give_back(&self, taken: Taken) {
        let mut day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        if day.number == taken.day {
            day.spent = day.spent.saturating_sub(taken.units);
        }
    }

    /// What the day has taken, and whether something did not fit into it.
    pub(crate) fn today(&self, now: Option<Instant>) -> (u128, bool) {
        let mut day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        day.turn(now);
        (day.spent, day.full)
    }
}

impl Day {
    fn turn(&mut self, now: Option<Instant>) {
        let number = now.map_or(self.number, |now| now.get() / DAY_MS);
        if number > self.number {
            *self = Self { number, ..Self::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::Name;

    #[test]
    fn a_day_takes_what_the_cap_allows_and_the_next_one_begins_anew() {
        let currency = Currency { token: Name::literal("FIL"), decimals: 1 };
        let spending = Spending { day: Mutex::default(), currency };
        let (cap, at) = (Some(Units::new(100)), |days: u64| Some(Instant::new(days * DAY_MS + 5)));
        let first = spending.take(at(3), Units::new(60), cap).unwrap();
        let reached = spending.take(at(3), Units::new(41), cap).unwrap_err();
        let said = reached.to_string();
        assert!(said.starts_with("the spending cap of 10 FIL a day is reached: 6 FIL are spent"), "{said}");
        assert_eq!(spending.today(at(3)), (60, true));
        spending.give_back(first);
        let whole = spending.take(None, Units::new(100), cap).unwrap();
        assert_eq!(whole.day, 3, "the newest day known");
        assert_eq!(spending.today(at(4)), (0, false));
        spending.give_back(whole);
        assert!(spending.take(at(4), Units::new(100), cap).is_ok() && spending.check(at(4), Units::new(1), cap).is_err());
        assert_eq!(spending.today(at(3)), (100, true), "ledger time does not go back");
        assert!(spending.take(at(4), Units::new(u128::MAX), None).is_err(), "a sum past 128 bits is too much without a cap too");
    }
}
