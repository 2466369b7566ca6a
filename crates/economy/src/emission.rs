//! Emission: what each period mints.
//!
//! In: a schedule and a closed range of periods. Out: tokens minted into pools, or forfeited. Absent on purpose: who gets them
//! (the pool's business), and rounding losses: periods are differences of one cumulative schedule, so they telescope exactly.

use crate::{
    Account, Event, Refusal, Spec, Why,
    rows::{EmissionRow, PoolRow},
    spec::{Emission, PoolRule},
    work::Work,
};
use depin_quantity::{Measured, Name, Rounding, Units, half_decay};

impl Emission {
    /// What the schedule has given when `n` periods are over.
    ///
    /// `M(n) = floor(total * (1 - 2^(-n / half_life)))`. Period `n` gives `M(n + 1) - M(n)`.
    ///
    /// - Units: base units of the token; `n` in periods of the emission's clock, counted from its origin.
    /// - Rounding: down, once, on the sum. The decay is exact to 2^-120 (`depin_quantity::half_decay`).
    /// - Source: document, six-year half-life; Filecoin specification, block reward minting, simple minting with
    ///   `lambda = ln 2 / (6 * 365 days)`.
    pub fn scheduled(&self, n: u64) -> Units {
        match self {
            Self::HalfLife { total, half_life, .. } => {
                let left = half_decay(n, *half_life).expect("the parser refuses a half-life of no periods");
                left.complement().of(*total, Rounding::Down).expect("a fraction of an amount fits where the amount does")
            }
        }
    }
}

/// What a pool's part of its emission has come to when `n` periods are over: its share of the sum, rounded down; the last pool in
/// name order takes what rounding leaves.
pub fn pool_scheduled(spec: &Spec, pool: Name, rule: &PoolRule, n: u64) -> Units {
    let emission = spec.supply(rule.token).and_then(|s| s.emission.as_ref()).expect("the parser gave every pool an emission");
    let whole = emission.scheduled(n);
    let part = |rule: &PoolRule| rule.share.of(whole, Rounding::Down).expect("a share of an amount fits where the amount does");
    let mut siblings = spec.pools().iter().filter(|(_, other)| other.token == rule.token).rev();
    match siblings.next() {
        Some((last, _)) if *last == pool => siblings.fold(whole, |left, (_, other)| left.minus_or_zero(part(other))),
        _ => part(rule),
    }
}

/// What one period gives a pool.
pub fn period_reward(spec: &Spec, pool: Name, rule: &PoolRule, period: u64) -> Units {
    pool_scheduled(spec, pool, rule, period.saturating_add(1)).minus_or_zero(pool_scheduled(spec, pool, rule, period))
}

impl Work<'_> {
    /// Gives a pool the emission of periods `first` to before `end`.
    ///
    /// Mints it when the pool has weight. When nobody has, the amount is forfeited: it stays unminted for good and later periods
    /// are not larger for it (own rule; source of its kind: builtin-actors `actors/reward`, rewards of null epochs are never paid).
    pub fn emit(&mut self, pool: Name, token: Name, first: u64, end: u64) -> Result<(), Refusal> {
        let spec = self.spec;
        let rule = spec.pool(pool).expect("only pools of the network are closed");
        let nothing = EmissionRow { scheduled: Units::ZERO, minted: Units::ZERO, forfeited: Units::ZERO };
        let mut row = self.state.get::<EmissionRow>(&pool).unwrap_or(nothing);
        let amount = pool_scheduled(spec, pool, rule, end).minus_or_zero(row.scheduled);
        if amount.is_zero() {
            return Ok(());
        }
        row.scheduled = row.scheduled.plus(amount)?;
        let weight = self.state.get::<PoolRow>(&pool).map_or(Measured::ZERO, |p| p.weight);
        if weight.is_zero() {
            row.forfeited = row.forfeited.plus(amount)?;
            self.state.put(&pool, &row);
            self.say(Event::EmissionForfeited { pool, first, end, amount });
            return Ok(());
        }
        row.minted = row.minted.plus(amount)?;
        self.state.put(&pool, &row);
        self.post(token, Account::Supply, Account::Pool(pool), amount, Why::Emission)?;
        self.accumulate(pool, amount);
        self.say(Event::EmissionMinted { pool, first, end, amount, weight });
        Ok(())
    }
}
