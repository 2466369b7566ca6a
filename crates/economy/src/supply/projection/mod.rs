//! Supply paths: what a network mints, burns, unlocks and lets circulate over time, without participants.
//!
//! In: an [`Economy`], dates, a bonded ratio, and what is burnt by date. Out: one [`ProjectionRow`] per step, computed when it is asked for,
//! so memory stays the same however far a path goes. Called by the command line and by benches.
//!
//! The rules are the economy's own: [`crate::Schedule`] and [`crate::Emission`] for what is given, `part_of` for whose it is,
//! [`crate::Inflation::run`], [`crate::allocation_vested`], [`crate::vesting_schedule`]. What a path adds is assumptions: every pool
//! has somebody who earns in full, so nothing overflows or is forfeited; a scored group stands as one, since nobody votes; rewards are
//! paid when a proving period of phase zero begins; what is burnt is what the caller says, and counts for an inflation from the next
//! day on.
//!
//! Absent on purpose: participants, prices, a second copy of a rule.

mod locks;
mod series;
mod step;
mod stream;
mod token;

pub use series::{Ratios, UsageBurn};
pub use step::Every;

use crate::{Cap, Clock, Economy, Emission, Refusal, Schedule, Spec};
use depin_quantity::{Decimal18, Instant, Name, QuantityError, Units};
use token::TokenProjection;

/// What is asked of a path.
#[derive(Clone, Debug)]
pub struct ProjectionQuery {
    /// When the network starts.
    pub launch: Instant,
    /// Beginning of the first step.
    pub from: Instant,
    /// End of the last step; one that would go further is cut.
    pub until: Instant,
    /// Length of a step.
    pub every: Every,
    /// Which tokens, in this order; all with supply rules when empty.
    pub tokens: Vec<Name>,
    /// Part of the supply that is bonded; an inflation's own goal when `None`.
    pub bonded: Option<Ratios>,
    /// What is burnt, in order of time for each token.
    pub usage: Vec<UsageBurn>,
    /// Compute every period by itself, also where the schedule gives many at once. The result is the same.
    pub exact: bool,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectionRow {
    /// Its beginning.
    pub from: Instant,
    /// Its end; totals are of this moment.
    pub until: Instant,
    /// The tokens.
    pub tokens: Vec<TokenRow>,
}

/// What a step did to one token. Base units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Which.
    pub token: Name,
    /// Minted in the step, by pool; the pools of a score are one entry, named like the score.
    pub minted: Vec<(Name, Units)>,
    /// Their sum.
    pub minted_in_step: Units,
    /// Burnt in the step.
    pub burned: Units,
    /// What each pool was ever given.
    pub emitted: Vec<(Name, Units)>,
    /// What each allocation of the start has unlocked so far.
    pub vested: Vec<(Name, Units)>,
    /// What is not free: the rest of the allocations, and rewards that vest.
    pub locked: Units,
    /// Minted and not burnt.
    pub supply: Units,
    /// The supply without what is locked.
    pub circulating: Units,
    /// The cap.
    pub cap: Cap,
    /// How much of the cap is used: what was ever minted, or what exists where burnt tokens make room.
    pub of_cap: Decimal18,
}

/// Why a path cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProjectionError {
    /// A token without supply rules.
    #[error("{token} has no supply rules in this network")]
    UnknownToken {
        /// The token.
        token: Name,
    },
    /// Steps before the launch, or none at all.
    #[error("a path goes from the launch ({}) or later to a later day", launch.to_rfc3339())]
    NoTime {
        /// The launch.
        launch: Instant,
    },
    /// A series without a row.
    #[error("a series by date needs at least one row")]
    NoRows,
    /// A series whose dates go backwards, or whose rows overlap.
    #[error("the series goes backwards or overlaps at {}; sort it by date", at.to_rfc3339())]
    OutOfOrder {
        /// The row's date.
        at: Instant,
    },
    /// A ratio above one.
    #[error("the ratio {} of {} is above 1", ratio.to_decimal(), at.to_rfc3339())]
    RatioTooLarge {
        /// Its date.
        at: Instant,
        /// The ratio.
        ratio: Decimal18,
    },
    /// More burnt than there is.
    #[error("until {} more {token} are burnt ({burned} base units) than circulate ({free})", at.to_rfc3339())]
    BurnsTooMuch {
        /// The token.
        token: Name,
        /// The end of the step in which it shows.
        at: Instant,
        /// Burnt since the launch.
        burned: Units,
        /// What could be.
        free: Units,
    },
    /// An amount past 128 bits.
    #[error("an amount of the path is too large for 128 bits")]
    TooLarge,
    /// A step past the end of the calendar.
    #[error("the path goes past the end of the calendar")]
    TooLong,
}

impl From<QuantityError> for ProjectionError {
    fn from(_: QuantityError) -> Self {
        Self::TooLarge
    }
}

impl From<Refusal> for ProjectionError {
    fn from(_: Refusal) -> Self {
        Self::TooLarge
    }
}

/// A path in progress; an iterator of its steps.
#[derive(Debug)]
pub struct SupplyProjection<'a> {
    query: ProjectionQuery,
    tokens: Vec<TokenProjection<'a>>,
    /// The clock that epochs are steps of, with its origin.
    epochs: Option<(&'a Clock, Instant)>,
    at: Instant,
    index: u64,
    failed: bool,
}

impl<'a> SupplyProjection<'a> {
    /// A path at the network's launch, before its first step.
    ///
    /// # Errors
    /// [`ProjectionError`] for tokens, dates and series that do not fit the network.
    pub fn new(economy: &'a Economy, mut query: ProjectionQuery) -> Result<Self, ProjectionError> {
        if query.from < query.launch || query.until <= query.from {
            return Err(ProjectionError::NoTime { launch: query.launch });
        }
        let spec = economy.spec();
        let schedule = Schedule::new(spec, query.launch);
        if query.tokens.is_empty() {
            query.tokens = spec.supplies().keys().copied().collect();
        }
        let tokens = query.tokens.iter().map(|token| TokenProjection::new(schedule, *token, &query)).collect::<Result<_, _>>()?;
        let mut path =
            Self { epochs: shortest(&schedule, &query.tokens), tokens, at: query.launch, index: 0, failed: false, query };
        path.advance(path.query.launch)?;
        Ok(path)
    }

    /// The bonded ratio that an inflation of the network aims at; `None` without such an inflation.
    pub fn goal(spec: &Spec) -> Option<Decimal18> {
        std::iter::once(spec)
            .chain(spec.later().iter().map(|(_, version)| version))
            .flat_map(|version| version.supplies().values())
            .find_map(|supply| match &supply.emission {
                Some(Emission::Inflation(rule)) => Some(rule.goal),
                _ => None,
            })
    }

    /// Names under which a token's minting is told, of all parameter versions.
    pub fn pools(&self, token: Name) -> Vec<Name> {
        self.of(token).map(|path| path.names().collect()).unwrap_or_default()
    }

    /// The allocations of a token that are minted at the start.
    pub fn allocations(&self, token: Name) -> Vec<Name> {
        self.of(token).map(|path| path.allocations().collect()).unwrap_or_default()
    }

    fn of(&self, token: Name) -> Option<&TokenProjection<'a>> {
        self.tokens.iter().find(|path| path.token() == token)
    }

    /// Runs on to an instant, without a row; earlier ones change nothing.
    ///
    /// # Errors
    /// When more is burnt than there is.
    pub fn advance(&mut self, at: Instant) -> Result<(), ProjectionError> {
        let at = at.max(self.at);
        self.tokens.iter_mut().try_for_each(|token| token.advance(at))?;
        self.at = at;
        Ok(())
    }

    /// Where the path stands: totals, and what was minted and burnt since the last row.
    ///
    /// # Errors
    /// None is reachable after [`SupplyProjection::advance`] succeeded.
    pub fn now(&self) -> Result<ProjectionRow, ProjectionError> {
        let tokens = self.tokens.iter().map(TokenProjection::row).collect::<Result<_, _>>()?;
        Ok(ProjectionRow { from: self.at, until: self.at, tokens })
    }

    fn step(&mut self) -> Result<Option<ProjectionRow>, ProjectionError> {
        if self.at < self.query.from {
            self.advance(self.query.from)?;
        }
        let from = self.at;
        if from >= self.query.until {
            return Ok(None);
        }
        let end = self.end().ok_or(ProjectionError::TooLong)?.min(self.query.until);
        self.tokens.iter_mut().for_each(TokenProjection::begin_step);
        self.advance(end)?;
        self.index += 1;
        Ok(Some(ProjectionRow { from, ..self.now()? }))
    }

    /// The end of the step that begins now.
    fn end(&self) -> Option<Instant> {
        match (self.query.every, self.epochs) {
            (Every::Epoch, Some((clock, origin))) => {
                let next = if self.at < origin { 0 } else { clock.period(origin, self.at) + 1 };
                Some(clock.start(origin, next))
            }
            (Every::Epoch, None) => Every::Day.end(self.query.from, self.index),
            (every, _) => every.end(self.query.from, self.index),
        }
    }
}

impl Iterator for SupplyProjection<'_> {
    type Item = Result<ProjectionRow, ProjectionError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let step = self.step();
        self.failed = step.is_err();
        step.transpose()
    }
}

/// The shortest clock by which any of the tokens is minted.
fn shortest<'a>(schedule: &Schedule<'a>, tokens: &[Name]) -> Option<(&'a Clock, Instant)> {
    let clocks = schedule.versions().flat_map(|(_, _, spec)| {
        let emissions = tokens.iter().filter_map(|token| spec.supply(*token)?.emission.as_ref());
        emissions.map(|emission| spec.clock_of(emission.clock())).collect::<Vec<_>>()
    });
    let clock = clocks.min_by_key(|clock| clock.every)?;
    Some((clock, clock.begins(schedule.genesis())))
}
