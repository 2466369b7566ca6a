//! Duty cycle: time on air within any hour.

use super::{Plan, SubBand};
use crate::{Hertz, Micros};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Over which time it is added up (EN 300 220-1, 5.4.1).
const HOUR: Micros = Micros::seconds(3_600);

/// Why a transmitter is silent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DutyError {
    /// Outside of the band.
    #[error("nothing may be sent at {0} in this region")]
    OutOfBand(Hertz),
    /// Longer than what one transmission may take.
    #[error("{airtime} on air; one transmission takes at most {most} there")]
    TooLong {
        /// How long it is.
        airtime: Micros,
        /// How long it may be.
        most: Micros,
    },
    /// The hour's share is used up.
    #[error("the duty cycle at {frequency} is used up until {free_at}")]
    UsedUp {
        /// Where.
        frequency: Hertz,
        /// When it would fit.
        free_at: Micros,
    },
}

/// Transmissions of one transmitter within the last hour, by sub-band. The sum over any hour stays within the share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty(BTreeMap<usize, VecDeque<(Micros, Micros)>>);

impl Duty {
    /// Whether a transmission of `airtime` that begins at `at` fits; nothing is noted.
    ///
    /// # Errors
    /// [`DutyError`].
    pub fn check(&self, plan: &Plan, frequency: Hertz, at: Micros, airtime: Micros) -> Result<(), DutyError> {
        let (index, band) = plan.sub_band(frequency).ok_or(DutyError::OutOfBand(frequency))?;
        let Some(share) = band.duty else { return Ok(()) };
        let most = HOUR.get() / 10_000 * u64::from(share);
        if airtime.get() > most {
            return Err(DutyError::TooLong { airtime, most: Micros::new(most) });
        }
        let mut left = most - airtime.get();
        // From the newest backwards: the first that does not fit any more must have left the hour first.
        for (start, spent) in self.0.get(&index).into_iter().flatten().rev() {
            let end = start.plus(*spent);
            if end.plus(HOUR) <= at {
                break;
            }
            match left.checked_sub(spent.get()) {
                Some(rest) => left = rest,
                None => return Err(DutyError::UsedUp { frequency, free_at: end.plus(HOUR) }),
            }
        }
        Ok(())
    }

    /// Notes a transmission, and forgets those that left the hour.
    pub fn spend(&mut self, plan: &Plan, frequency: Hertz, at: Micros, airtime: Micros) {
        let Some((index, SubBand { duty: Some(_), .. })) = plan.sub_band(frequency) else { return };
        let band = self.0.entry(index).or_default();
        // Windows lie ahead by different times, so the newest is not always the last to come.
        let place = band.partition_point(|(start, _)| *start <= at);
        band.insert(place, (at, airtime));
        while band.front().is_some_and(|(start, spent)| start.plus(*spent).plus(HOUR) <= at) {
            band.pop_front();
        }
    }

    /// Takes back a transmission that was noted and not made.
    pub fn give_back(&mut self, plan: &Plan, frequency: Hertz, at: Micros, airtime: Micros) {
        let band = plan.sub_band(frequency).and_then(|(index, _)| self.0.get_mut(&index));
        if let Some(band) = band
            && let Some(place) = band.iter().position(|one| *one == (at, airtime))
        {
            band.remove(place);
        }
    }

    /// Whether nothing is noted.
    pub fn is_empty(&self) -> bool {
        self.0.values().all(VecDeque::is_empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::Region;

    const UP: Hertz = Hertz::new(868_100_000);
    const RX2: Hertz = Hertz::new(869_525_000);

    #[test]
    fn the_sum_within_any_hour_stays_within_the_share() {
        let plan = Region::Eu868.plan();
        let (mut duty, second) = (Duty::default(), Micros::SECOND);
        // A hundredth of an hour is 36 s.
        for number in 0..36 {
            let at = Micros::seconds(1_000 + 10 * number);
            duty.check(plan, UP, at, second).unwrap();
            duty.spend(plan, UP, at, second);
        }
        let later = Micros::seconds(1_400);
        let error = duty.check(plan, UP, later, second).unwrap_err();
        assert_eq!(error, DutyError::UsedUp { frequency: UP, free_at: Micros::seconds(1_001 + 3_600) });
        assert!(duty.check(plan, UP, Micros::new(4_601_000_000 - 1), second).is_err());
        duty.check(plan, UP, Micros::seconds(4_601), second).unwrap();
        // Two seconds wait for two to leave.
        let two = duty.check(plan, UP, Micros::seconds(4_601), Micros::seconds(2)).unwrap_err();
        assert_eq!(two, DutyError::UsedUp { frequency: UP, free_at: Micros::seconds(1_011 + 3_600) });
        // Other sub-bands have shares of their own.
        duty.check(plan, Hertz::new(867_100_000), later, second).unwrap();
        duty.check(plan, RX2, later, Micros::seconds(360)).unwrap();
        assert!(matches!(duty.check(plan, RX2, later, Micros::seconds(361)), Err(DutyError::TooLong { .. })));
        assert_eq!(duty.check(plan, Hertz::new(868_650_000), later, second), Err(DutyError::OutOfBand(Hertz::new(868_650_000))));
    }

    #[test]
    fn what_left_the_hour_is_forgotten_and_no_share_is_no_limit() {
        let (mut duty, plan) = (Duty::default(), Region::Eu868.plan());
        for hour in 0..10 {
            duty.spend(plan, UP, Micros::seconds(3_700 * hour), Micros::SECOND);
        }
        assert_eq!(duty.0[&2].len(), 1);
        let us = Region::Us915.plan();
        let mut none = Duty::default();
        none.spend(us, Hertz::new(923_300_000), Micros::ZERO, Micros::seconds(10_000));
        assert!(none.is_empty());
        none.check(us, Hertz::new(923_300_000), Micros::ZERO, Micros::seconds(10_000)).unwrap();
    }
}
