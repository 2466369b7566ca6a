//! How often somebody may do something: bounds what one device, or whoever has its key, can cost.

use crate::Micros;

/// Bounds how often something is done: as many as a minute allows at once, and evenly after that.
///
/// What was not used is kept for a minute, not for longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// When everything that was taken would have been taken evenly.
    even: Micros,
}

const MINUTE: Micros = Micros::seconds(60);

impl Pace {
    /// One by which nothing was taken yet.
    pub const NEW: Self = Self { even: Micros::new(0) };

    /// What one takes, of the minute.
    const fn each(per_minute: u32) -> Micros {
        Micros::new(MINUTE.get() / if per_minute == 0 { 1 } else { per_minute as u64 })
    }

    /// Whether one more is within the bound now.
    pub fn allows(&self, now: Micros, per_minute: u32) -> bool {
        per_minute > 0 && self.even.max(now).plus(Self::each(per_minute)) <= now.plus(MINUTE)
    }

    /// Takes one, where that is within the bound; whether it was.
    pub fn take(&mut self, now: Micros, per_minute: u32) -> bool {
        let allowed = self.allows(now, per_minute);
        if allowed {
            self.even = self.even.max(now).plus(Self::each(per_minute));
        }
        allowed
    }

    /// Whether nothing is known any more that a new one would not say too.
    pub fn is_idle(&self, now: Micros) -> bool {
        self.even <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_goes_at_once_and_the_rest_evenly() {
        let (start, mut pace) = (Micros::seconds(1_000), Pace::default());
        let taken = |pace: &mut Pace, now| (0..1_000).filter(|_| pace.take(now, 60)).count();
        assert_eq!((taken(&mut pace, start), pace.is_idle(start)), (60, false));
        assert_eq!(taken(&mut pace, start.plus(Micros::seconds(10))), 10);
        assert_eq!(taken(&mut pace, start.plus(Micros::seconds(1_000))), 60, "no more than a minute is kept");
        assert!(pace.is_idle(start.plus(Micros::seconds(2_000))));
        assert!(!Pace::default().take(start, 0), "none at all");
    }
}
