//! An emission stream: the pools of one token that are paid by one clock in one parameter version.
//!
//! Its periods are given in order, either one by one or as many at once as the rule is the same for; both give the same, because
//! what they give are differences of one cumulative sum.

use super::{ProjectionError, token::Minting};
use crate::{
    Clock, Emission, Part, Schedule, Spec, Supply,
    params::CapKind,
    supply::{
        inflation::{Bonded, Minter},
        schedule::{first_period_from, part_of},
    },
};
use depin_quantity::{Instant, Name, Units};

/// Inflation sees what was burnt by whole days since the launch.
const DAY: u64 = 86_400_000;

/// See the module.
#[derive(Debug)]
pub(super) struct EmissionStream<'a> {
    schedule: Schedule<'a>,
    spec: &'a Spec,
    supply: &'a Supply,
    clock: &'a Clock,
    origin: Instant,
    /// Pool, and the place of the name under which its amounts are told.
    pub(super) pools: Vec<(Name, usize)>,
    source: Source<'a>,
    /// First period that was not given, and first that is another parameter version's.
    next: u64,
    end: u64,
}

/// What gives the emission stream's amounts.
#[derive(Debug)]
enum Source<'a> {
    /// The emission's own clock is the emission stream's: the sum at a period is one look-up.
    Own {
        emission: &'a Emission,
        /// Sum of the parameter versions before, and what this parameter version's schedule had given when the parameter version began.
        before: Units,
        at_start: Units,
        /// The sum at `next`.
        whole: Units,
    },
    /// Another clock: by time.
    ByTime,
    /// Stepped, by the emission's clock.
    Stepped,
}

impl<'a> EmissionStream<'a> {
    /// The emission streams of a token, parameter version by parameter version; `place` gives the place of a name under which amounts are told.
    pub(super) fn all(schedule: Schedule<'a>, token: Name, mut place: impl FnMut(Name) -> usize) -> Vec<Self> {
        let mut streams: Vec<Self> = Vec::new();
        let mut before = Units::ZERO;
        for (start, end, spec) in schedule.versions() {
            let Some(supply) = spec.supply(token) else { continue };
            let Some(emission) = &supply.emission else { continue };
            let begins = |clock: &Clock| clock.begins(schedule.genesis());
            let own = spec.clock_of(emission.clock());
            let from = |clock: &Clock| match start <= schedule.genesis() {
                true => clock.period(begins(clock), schedule.genesis()),
                false => first_period_from(clock, begins(clock), start),
            };
            let border = |clock: &Clock| match end.get() {
                u64::MAX => u64::MAX,
                _ => first_period_from(clock, begins(clock), end),
            };
            // The schedule counts a parameter version from its own start, also where the network starts later.
            let version_start = if start.get() == 0 { 0 } else { first_period_from(own, begins(own), start) };
            let at_start = emission.scheduled(version_start);
            let first = streams.len();
            for (name, rule) in spec.pools().iter().filter(|(_, rule)| rule.token == token && rule.part != Part::Funded) {
                let clock = spec.clock_of(rule.clock);
                let told = match rule.part {
                    Part::Scored(group) => group,
                    _ => *name,
                };
                let place = place(told);
                match streams[first..].iter_mut().find(|stream| std::ptr::eq(stream.clock, clock)) {
                    // A scored pool's part is its whole group's.
                    Some(stream) if stream.pools.iter().all(|(_, other)| *other != place) => stream.pools.push((*name, place)),
                    Some(_) => {}
                    None => {
                        let next = from(clock);
                        let source = if emission.is_stateful() {
                            Source::Stepped
                        } else if rule.clock == emission.clock() {
                            Source::Own { emission, before, at_start, whole: Units::ZERO }
                        } else {
                            Source::ByTime
                        };
                        let pools = vec![(*name, place)];
                        let mut stream = Self {
                            schedule,
                            spec,
                            supply,
                            clock,
                            origin: begins(clock),
                            pools,
                            source,
                            next,
                            end: border(clock),
                        };
                        stream.begin();
                        streams.push(stream);
                    }
                }
            }
            if end.get() < u64::MAX && !emission.is_stateful() {
                let at_end = emission.scheduled(border(own).max(version_start));
                before = before.plus(at_end.minus_or_zero(at_start)).unwrap_or(before);
            }
        }
        streams
    }

    fn begin(&mut self) {
        let at = self.whole_at(self.next);
        if let Source::Own { whole, .. } = &mut self.source {
            *whole = at;
        }
    }

    pub(super) fn spec(&self) -> &'a Spec {
        self.spec
    }

    pub(super) const fn clock(&self) -> (&'a Clock, Instant) {
        (self.clock, self.origin)
    }

    /// The first of the emission stream's periods that is not over at `at`.
    fn reached(&self, at: Instant) -> u64 {
        if at < self.origin { 0 } else { self.clock.period(self.origin, at).min(self.end) }
    }

    /// The token's cumulative sum when `period` periods are over.
    fn whole_at(&self, period: u64) -> Units {
        let Source::Own { emission, before, at_start, .. } = &self.source else { return Units::ZERO };
        let sum = before.plus(emission.scheduled(period).minus_or_zero(*at_start)).unwrap_or(Units::new(u128::MAX));
        self.supply.emission_most().map_or(sum, |most| sum.min(most))
    }

    /// Gives every period that is over at `at`.
    pub(super) fn run(&mut self, at: Instant, minting: &mut Minting) -> Result<(), ProjectionError> {
        let until = self.reached(at);
        while self.next < until {
            let stop = self.stop(until, minting);
            self.give(stop, minting)?;
            self.next = stop;
        }
        Ok(())
    }

    /// Until which period the rule is the same for all, from the next one on.
    fn stop(&self, until: u64, minting: &Minting) -> u64 {
        let one = self.next + 1;
        let nets = self.supply.net_emission.is_some() && minting.burns();
        // An inflation steps every period in any case.
        if nets || (minting.exact && !matches!(self.source, Source::Stepped)) {
            return one;
        }
        let first_from = |at: Instant| first_period_from(self.clock, self.origin, at).max(one);
        let mut stop = until;
        if let Source::Own { .. } | Source::Stepped = self.source {
            let pools = self.pools.iter().filter_map(|(name, _)| self.spec.pool(*name));
            let moves = pools.filter_map(|rule| rule.part.changes_after(self.next)).min();
            stop = moves.map_or(stop, |period| stop.min(period.max(one)));
        }
        if let Source::Stepped = self.source {
            let start = self.clock.start(self.origin, self.next);
            let (_, changes) = minting.ratio(start);
            stop = changes.map_or(stop, |at| stop.min(first_from(at)));
            if minting.burns() {
                stop = stop.min(first_from(minting.next_day(start, DAY)));
            }
        }
        let payments = self.pools.iter().filter_map(|(_, place)| Some(minting.locks(*place)?.next_payment(self.next)));
        payments.fold(stop, u64::min).max(one)
    }

    /// Gives the periods from `next` to before `stop`.
    fn give(&mut self, stop: u64, minting: &mut Minting) -> Result<(), ProjectionError> {
        let (spec, token, first) = (self.spec, self.supply.token, self.next);
        let between = |pool: Name, period: u64, before: Units, after: Units| {
            part_of(spec, token, pool, period, after).minus_or_zero(part_of(spec, token, pool, period, before))
        };
        let stepped = self.step(stop, minting)?;
        let scheduled = match &self.source {
            Source::Own { whole, .. } => Some((*whole, self.whole_at(stop))),
            _ => None,
        };
        for (pool, place) in &self.pools {
            let mut amount = Units::ZERO;
            if let Some((before, after)) = scheduled {
                amount = between(*pool, first, before, after);
            } else if let Source::ByTime = self.source {
                let from = if first == 0 { Instant::new(0) } else { self.clock.start(self.origin, first) };
                amount = self.schedule.part(*pool, from, self.clock.start(self.origin, stop));
            }
            if let Some((before, after)) = stepped {
                amount = amount.plus(between(*pool, first, before, after))?;
            }
            minting.credit(*place, amount, self.supply.cap, stop)?;
        }
        if let (Source::Own { whole, .. }, Some((_, after))) = (&mut self.source, scheduled) {
            *whole = after;
        }
        Ok(())
    }

    /// What an inflation, and burnt tokens that are minted again, had given before these periods and after them.
    fn step(&self, stop: u64, minting: &mut Minting) -> Result<Option<(Units, Units)>, ProjectionError> {
        let before = minting.whole;
        let inflation = match (&self.source, &self.supply.emission) {
            (Source::Stepped, Some(Emission::Inflation(rule))) => Some(rule),
            _ => None,
        };
        let net = self.supply.net_emission.filter(|_| !matches!(self.source, Source::ByTime));
        if inflation.is_none() && net.is_none() {
            return Ok(None);
        }
        if let Some(rule) = inflation {
            let start = self.clock.start(self.origin, self.next);
            let burned = minting.burned_by_day(start, DAY)?;
            let enforced = self.supply.cap.kind != CapKind::Model;
            let mut minter = Minter {
                inflation: minting.inflation.unwrap_or(rule.initial),
                supply: minting.minted.minus_or_zero(burned),
                room: enforced.then(|| self.supply.cap.amount.minus_or_zero(minting.minted)),
            };
            let ratio = minting.ratio(start).0.unwrap_or(rule.goal);
            let minted = rule.run(&mut minter, Bonded::Ratio(ratio), stop - self.next);
            minting.inflation = Some(minter.inflation);
            minting.whole = minting.whole.plus(minted)?;
        }
        if let Some(net) = net {
            let burned = minting.burned_until(self.clock.start(self.origin, stop))?;
            let again = burned.minus_or_zero(minting.net_emission).min(net.most);
            minting.whole = minting.whole.plus(again)?;
            minting.net_emission = burned;
        }
        Ok(Some((before, minting.whole)))
    }
}
