//! One token's projection: its emission streams, its allocations, and the totals they lead to.

use super::{
    ProjectionError, ProjectionQuery, TokenRow,
    locks::Locks,
    series::{Burns, Ratios},
    stream::EmissionStream,
};
use crate::{Allocation, AllocationVesting, Cap, CapKind, Clock, Schedule, Supply, allocation_vested};
use depin_quantity::{Decimal18, Instant, Name, Rounding, Units};

/// See the module.
#[derive(Debug)]
pub(super) struct TokenProjection<'a> {
    supply: &'a Supply,
    vest_clock: (&'a Clock, Instant),
    /// Period of the vesting clock in which the network starts.
    vest_start: u64,
    streams: Vec<EmissionStream<'a>>,
    minting: Minting,
    /// Totals when the present step began: of each name, and burnt.
    then: (Vec<Units>, Units),
    at: Instant,
}

/// What emission streams share and change.
#[derive(Debug)]
pub(super) struct Minting {
    token: Name,
    launch: Instant,
    pub(super) exact: bool,
    /// Ever minted, allocations with it.
    pub(super) minted: Units,
    /// What an inflation and burnt tokens that are minted again gave.
    pub(super) whole: Units,
    /// Present rate of an inflation.
    pub(super) inflation: Option<Decimal18>,
    /// Of what was burnt, how much was looked at for minting it again.
    pub(super) net_emission: Units,
    bonded: Option<Ratios>,
    /// One for each question that moves forward at its own pace: totals, days, periods.
    burns: [Burns; 3],
    /// Burnt until now.
    burned: Units,
    /// Names under which amounts are told, what each was ever given, and what of it is locked.
    totals: Vec<Total>,
}

#[derive(Debug)]
struct Total {
    name: Name,
    given: Units,
    locks: Option<Locks>,
}

impl Minting {
    pub(super) fn burns(&self) -> bool {
        !self.burns[0].is_empty()
    }

    /// The bonded ratio at an instant, when one was given, and until when it holds.
    pub(super) fn ratio(&self, at: Instant) -> (Option<Decimal18>, Option<Instant>) {
        self.bonded.as_ref().map_or((None, None), |ratios| {
            let (ratio, until) = ratios.at(at);
            (Some(ratio), until)
        })
    }

    /// The start of the next day since the launch after `at`.
    pub(super) const fn next_day(&self, at: Instant, day: u64) -> Instant {
        let passed = at.since(self.launch).get() / day;
        Instant::new(self.launch.get().saturating_add((passed + 1).saturating_mul(day)))
    }

    /// Burnt before the day in which `at` lies.
    pub(super) fn burned_by_day(&mut self, at: Instant, day: u64) -> Result<Units, ProjectionError> {
        let start = Instant::new(self.launch.get() + at.since(self.launch).get() / day * day);
        self.burns[1].until(start)
    }

    pub(super) fn burned_until(&mut self, at: Instant) -> Result<Units, ProjectionError> {
        self.burns[2].until(at)
    }

    pub(super) fn locks(&self, place: usize) -> Option<&Locks> {
        self.totals.get(place)?.locks.as_ref()
    }

    /// Mints for a pool what the cap leaves of an amount; `period` is the first one after those that gave it.
    pub(super) fn credit(&mut self, place: usize, amount: Units, cap: Cap, period: u64) -> Result<(), ProjectionError> {
        let room = match cap.kind {
            CapKind::Clamp => cap.amount.minus_or_zero(self.minted),
            CapKind::NetEmission => cap.amount.minus_or_zero(self.minted.minus_or_zero(self.net_emission)),
            CapKind::Model => Units::new(u128::MAX),
        };
        let amount = amount.min(room);
        self.minted = self.minted.plus(amount)?;
        let total = &mut self.totals[place];
        total.given = total.given.plus(amount)?;
        if let Some(locks) = &mut total.locks {
            locks.earn(amount, period)?;
        }
        Ok(())
    }

    /// The place of a name; a new one at the end.
    fn place(totals: &mut Vec<Total>, name: Name) -> usize {
        totals.iter().position(|total| total.name == name).unwrap_or_else(|| {
            totals.push(Total { name, given: Units::ZERO, locks: None });
            totals.len() - 1
        })
    }
}

impl<'a> TokenProjection<'a> {
    pub(super) fn new(schedule: Schedule<'a>, token: Name, query: &ProjectionQuery) -> Result<Self, ProjectionError> {
        let spec = schedule.spec_at(schedule.genesis());
        let supply = spec.supply(token).ok_or(ProjectionError::UnknownToken { token })?;
        let mut totals = Vec::new();
        let streams = EmissionStream::all(schedule, token, |name| Minting::place(&mut totals, name));
        for stream in &streams {
            let (clock, origin) = stream.clock();
            for (pool, place) in &stream.pools {
                let rule = stream.spec().pool(*pool);
                let locks = &mut totals[*place].locks;
                *locks = locks.take().or_else(|| Locks::of(rule?, clock, origin));
            }
        }
        let burns = || Burns::of(token, &query.usage);
        let minting = Minting {
            token,
            launch: query.launch,
            exact: query.exact,
            minted: supply.at_genesis(),
            whole: Units::ZERO,
            inflation: None,
            net_emission: Units::ZERO,
            bonded: query.bonded.clone(),
            burns: [burns()?, burns()?, burns()?],
            burned: Units::ZERO,
            totals,
        };
        let clock = spec.clock_of(supply.vest_clock);
        let origin = clock.begins(query.launch);
        let mut path = Self {
            supply,
            vest_clock: (clock, origin),
            vest_start: clock.period(origin, query.launch),
            streams,
            minting,
            then: (Vec::new(), Units::ZERO),
            at: query.launch,
        };
        path.begin_step();
        Ok(path)
    }

    pub(super) const fn token(&self) -> Name {
        self.supply.token
    }

    pub(super) fn names(&self) -> impl Iterator<Item = Name> {
        self.minting.totals.iter().map(|total| total.name)
    }

    pub(super) fn allocations(&self) -> impl Iterator<Item = Name> {
        self.at_genesis().map(|part| part.to)
    }

    fn at_genesis(&self) -> impl Iterator<Item = &'a Allocation> {
        self.supply.allocations.iter().filter(|part| part.vesting != AllocationVesting::Emitted)
    }

    /// What is minted and burnt from now on is the next row's.
    pub(super) fn begin_step(&mut self) {
        self.then.0.clear();
        self.then.0.extend(self.minting.totals.iter().map(|total| total.given));
        self.then.1 = self.minting.burned;
    }

    pub(super) fn advance(&mut self, at: Instant) -> Result<(), ProjectionError> {
        self.streams.iter_mut().try_for_each(|stream| stream.run(at, &mut self.minting))?;
        self.at = at;
        self.minting.burned = self.minting.burns[0].until(at)?;
        self.minting.totals.iter_mut().filter_map(|total| total.locks.as_mut()).for_each(|locks| locks.release_at(at));
        if !self.minting.burned.is_zero() {
            let free = self.minting.minted.minus_or_zero(self.locked()?);
            if self.minting.burned > free {
                let (token, burned) = (self.minting.token, self.minting.burned);
                return Err(ProjectionError::BurnsTooMuch { token, at, burned, free });
            }
        }
        Ok(())
    }

    fn vested(&self) -> Result<Vec<(Name, Units)>, ProjectionError> {
        let (clock, origin) = self.vest_clock;
        let elapsed = clock.period(origin, self.at).saturating_sub(self.vest_start);
        self.at_genesis().map(|part| Ok((part.to, allocation_vested(part, Units::ZERO, elapsed)?))).collect()
    }

    fn locked(&self) -> Result<Units, ProjectionError> {
        self.locked_but(&self.vested()?)
    }

    /// What is locked, when so much of the allocations has vested.
    fn locked_but(&self, vested: &[(Name, Units)]) -> Result<Units, ProjectionError> {
        let mut locked = self.supply.at_genesis();
        for (_, amount) in vested {
            locked = locked.minus(*amount)?;
        }
        let rewards = self.minting.totals.iter().filter_map(|total| total.locks.as_ref());
        rewards.map(Locks::locked).try_fold(locked, |sum, amount| Ok(sum.plus(amount)?))
    }

    pub(super) fn row(&self) -> Result<TokenRow, ProjectionError> {
        let minting = &self.minting;
        let emitted: Vec<(Name, Units)> = minting.totals.iter().map(|total| (total.name, total.given)).collect();
        let minted: Vec<(Name, Units)> =
            emitted.iter().zip(&self.then.0).map(|((name, now), then)| (*name, now.minus_or_zero(*then))).collect();
        let minted_in_step = minted.iter().try_fold(Units::ZERO, |sum, (_, amount)| sum.plus(*amount))?;
        let vested = self.vested()?;
        let locked = self.locked_but(&vested)?;
        let supply = minting.minted.minus(minting.burned)?;
        let cap = self.supply.cap;
        let counted = if cap.kind == CapKind::NetEmission { supply } else { minting.minted };
        let one = Decimal18::ONE.get();
        let of_cap = depin_quantity::mul_div(counted.get(), one, cap.amount.get().max(1), Rounding::Down)?;
        Ok(TokenRow {
            token: self.token(),
            minted,
            minted_in_step,
            burned: minting.burned.minus_or_zero(self.then.1),
            emitted,
            vested,
            locked,
            supply,
            circulating: supply.minus_or_zero(locked),
            cap,
            of_cap: Decimal18::new(of_cap),
        })
    }
}
