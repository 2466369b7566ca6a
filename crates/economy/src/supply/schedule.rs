//! Schedules as functions of time: what a token's emission gives until an instant, and which part of it is a pool's.
//!
//! In: a network's parameters with all its parameter versions, and when it started. Out: amounts without any state, so that supply projections and the
//! live economy ask the same function. Sums are cumulative and rounded once, so any slicing of time gives the same periods.

use crate::{
    Clock, Emission, Spec,
    params::{Part, PoolRule},
};
use depin_quantity::{Instant, Name, Rounding, Share, Units};

/// A network's schedules.
#[derive(Clone, Copy, Debug)]
pub struct Schedule<'a> {
    first: &'a Spec,
    genesis: Instant,
}

/// What emissions have given at some instants: all pools of a token ask for the same few.
#[derive(Debug, Default)]
pub(crate) struct Wholes(Vec<(Name, Instant, Units)>);

impl Wholes {
    fn at(&mut self, schedule: &Schedule<'_>, token: Name, at: Instant) -> Units {
        let known = self.0.iter().find(|(of, when, _)| *when == at && *of == token).map(|(.., whole)| *whole);
        known.unwrap_or_else(|| {
            let whole = schedule.whole(token, at);
            self.0.push((token, at, whole));
            whole
        })
    }
}

/// The first start of a period of `clock` that is not before `at`.
pub fn first_start_from(clock: &Clock, origin: Instant, at: Instant) -> Instant {
    clock.start(origin, first_period_from(clock, origin, at))
}

/// The first period of `clock` that does not start before `at`.
pub fn first_period_from(clock: &Clock, origin: Instant, at: Instant) -> u64 {
    let period = clock.period(origin, at);
    if clock.start(origin, period) >= at { period } else { period + 1 }
}

impl Emission {
    /// What the schedule has given at `at`, of a clock whose period 0 begins at `origin`.
    ///
    /// Inside a period the period's amount is spread evenly: `M(n) + floor((M(n + 1) - M(n)) * passed / length)`. So a pool with
    /// another clock than its emission's gets its part of a month by the week, or by the hour.
    ///
    /// - Source: io.net documentation, monthly token emission schedule (hourly rewards out of a month's amount).
    pub fn given_at(&self, clock: &Clock, origin: Instant, at: Instant) -> Units {
        if at <= origin {
            return Units::ZERO;
        }
        let period = clock.period(origin, at);
        let (start, whole) = (clock.start(origin, period), self.scheduled(period));
        if start == at {
            return whole;
        }
        let length = clock.start(origin, period + 1).since(start).get();
        let more = self.scheduled(period + 1).minus_or_zero(whole);
        let part = more.mul_div(at.since(start).get().into(), length.into(), Rounding::Down).unwrap_or_default();
        whole.plus(part).unwrap_or(whole)
    }
}

impl<'a> Schedule<'a> {
    /// The schedules of a network that starts at `genesis`; `first` is its first parameter version, which knows the later ones.
    pub const fn new(first: &'a Spec, genesis: Instant) -> Self {
        Self { first, genesis }
    }

    /// When the network starts.
    pub const fn genesis(&self) -> Instant {
        self.genesis
    }

    /// The parameters in force at `at`.
    pub fn spec_at(&self, at: Instant) -> &'a Spec {
        self.first.at(self.genesis, at)
    }

    /// Every parameter version with its start, and the start of the next.
    pub fn versions(&self) -> impl Iterator<Item = (Instant, Instant, &'a Spec)> + use<'a> {
        let (first, genesis) = (self.first, self.genesis);
        let ends = first.later().iter().map(move |(start, _)| start.of(genesis)).chain([Instant::new(u64::MAX)]);
        first.versions(genesis).zip(ends).map(|((start, spec), end)| (start, end, spec))
    }

    /// What a token's emission has given at `at`: the sum over the parameter versions, each for the periods that start in it, and never more than
    /// a cap that is enforced leaves. Nothing of an emission without a schedule.
    pub fn whole(&self, token: Name, at: Instant) -> Units {
        if self.first.later().is_empty() {
            let given = self.of_version(self.first, token, at);
            return bounded(self.first, token, given);
        }
        let mut sum = Units::ZERO;
        for (start, end, spec) in self.versions() {
            let Some((clock, origin)) = self.emission_clock(spec, token) else { continue };
            let from = if start.get() == 0 { origin } else { first_start_from(clock, origin, start) };
            let until = first_start_from(clock, origin, end).min(at);
            if until > from {
                let given = self.of_version(spec, token, until).minus_or_zero(self.of_version(spec, token, from));
                sum = sum.plus(given).unwrap_or(Units::new(u128::MAX));
            }
        }
        bounded(self.spec_at(at), token, sum)
    }

    fn of_version(&self, spec: &Spec, token: Name, at: Instant) -> Units {
        let Some(emission) = spec.supply(token).and_then(|s| s.emission.as_ref()) else { return Units::ZERO };
        let clock = spec.clock_of(emission.clock());
        emission.given_at(clock, clock.begins(self.genesis), at)
    }

    fn emission_clock(&self, spec: &'a Spec, token: Name) -> Option<(&'a Clock, Instant)> {
        let emission = spec.supply(token)?.emission.as_ref()?;
        let clock = spec.clock_of(emission.clock());
        Some((clock, clock.begins(self.genesis)))
    }

    /// What a pool gets from `from` to `until`, both starts of periods of its clock: by its share in each parameter version, and between two moves
    /// of a share. A scored pool gets what its whole group does.
    pub fn part(&self, pool: Name, from: Instant, until: Instant) -> Units {
        self.part_with(pool, from, until, &mut Wholes::default())
    }

    /// As [`Schedule::part`], for many pools one after the other.
    pub(crate) fn part_with(&self, pool: Name, from: Instant, until: Instant, wholes: &mut Wholes) -> Units {
        let mut sum = Units::ZERO;
        for (start, end, spec) in self.versions() {
            let Some(rule) = spec.pool(pool) else { continue };
            let clock = spec.clock_of(rule.clock);
            let origin = clock.begins(self.genesis);
            let first = if start.get() == 0 { from } else { first_start_from(clock, origin, start).max(from) };
            let last = first_start_from(clock, origin, end).min(until);
            if last > first {
                sum = sum.plus(self.part_in_version(spec, (pool, rule), (first, last), wholes)).unwrap_or(sum);
            }
        }
        sum
    }

    fn part_in_version(
        &self,
        spec: &Spec,
        (pool, rule): (Name, &PoolRule),
        (from, until): (Instant, Instant),
        wholes: &mut Wholes,
    ) -> Units {
        let Some(emission) = spec.supply(rule.token).and_then(|s| s.emission.as_ref()) else { return Units::ZERO };
        if emission.is_stateful() || rule.part == Part::Funded {
            return Units::ZERO;
        }
        let clock = spec.clock_of(emission.clock());
        let origin = clock.begins(self.genesis);
        let (mut at, mut given, mut sum) = (from, wholes.at(self, rule.token, from), Units::ZERO);
        while at < until {
            let period = clock.period(origin, at);
            let moves = share_changes_after(spec, rule.token, period).map_or(until, |next| clock.start(origin, next));
            at = moves.min(until);
            let whole = wholes.at(self, rule.token, at);
            let part =
                part_of(spec, rule.token, pool, period, whole).minus_or_zero(part_of(spec, rule.token, pool, period, given));
            sum = sum.plus(part).unwrap_or(sum);
            given = whole;
        }
        sum
    }

    /// What a pool's part has come to when `n` periods of its clock are over.
    pub fn scheduled(&self, pool: Name, n: u64) -> Units {
        let Some((clock, origin)) = self.pool_clock(pool) else { return Units::ZERO };
        self.part(pool, Instant::new(0), clock.start(origin, n))
    }

    /// What one period of its clock gives a pool.
    pub fn reward(&self, pool: Name, period: u64) -> Units {
        let Some((clock, origin)) = self.pool_clock(pool) else { return Units::ZERO };
        let from = if period == 0 { Instant::new(0) } else { clock.start(origin, period) };
        self.part(pool, from, clock.start(origin, period.saturating_add(1)))
    }

    fn pool_clock(&self, pool: Name) -> Option<(&'a Clock, Instant)> {
        let spec = self.versions().map(|(_, _, spec)| spec).find(|spec| spec.pool(pool).is_some())?;
        let clock = spec.clock_of(spec.pool(pool)?.clock);
        Some((clock, clock.begins(self.genesis)))
    }
}

fn bounded(spec: &Spec, token: Name, given: Units) -> Units {
    spec.supply(token).and_then(crate::Supply::emission_most).map_or(given, |most| given.min(most))
}

/// What one takes whose turn it is: `floor(left * share / shares)`, of what those before left of the amount and of the shares.
pub fn part_in_turn(left: Units, share: u64, shares: u64) -> Units {
    if share == shares {
        return left;
    }
    left.mul_div(share.into(), shares.max(1).into(), Rounding::Down).unwrap_or_default()
}

/// A pool's part of `amount` by the shares in a period of the emission's clock.
///
/// In name order each pool takes `floor(left * share / shares left)`, so the last takes what rounding leaves, the parts sum to the
/// whole, and no part ever shrinks when the whole grows. Scored pools come last: each is given what its group gets.
pub fn part_of(spec: &Spec, token: Name, pool: Name, period: u64, amount: Units) -> Units {
    let (mut left, mut shares) = (amount, u64::from(Share::WHOLE.get()));
    for (name, rule) in spec.pools().iter().filter(|(_, rule)| rule.token == token) {
        let share = match rule.part {
            Part::Funded | Part::Scored(_) => continue,
            Part::Fixed(_) | Part::Moving(_) => u64::from(rule.part.share_at(period).get()),
        };
        let part = part_in_turn(left, share, shares);
        if *name == pool {
            return part;
        }
        left = left.minus_or_zero(part);
        shares = shares.saturating_sub(share);
    }
    match spec.pool(pool).map(|rule| rule.part) {
        Some(Part::Scored(_)) => left,
        _ => Units::ZERO,
    }
}

/// The first period after `period` in which some pool of the token has another share.
fn share_changes_after(spec: &Spec, token: Name, period: u64) -> Option<u64> {
    spec.pools().values().filter(|rule| rule.token == token).filter_map(|rule| rule.part.changes_after(period)).min()
}
