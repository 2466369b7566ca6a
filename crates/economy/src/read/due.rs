//! What units of a party accrued and were not paid: exactly for periods that are over, and as things stand for the open one.
//!
//! In: the state. Out: one entry a unit and pool, in the order of both. Absent on purpose: what was paid, which events tell; pools of
//! stakes and locks, whose weights are no units'.

use super::Reads;
use crate::{
    Method, PoolRule, Subject,
    reward::{
        batch::{batch_part, lazy_pending, subject},
        pool,
        rows::{AccruedRow, LazyRow, MemberRow},
    },
    time::close::worth_of,
};
use depin_quantity::{Address, Instant, Measured, Name, UnitId, Units};
use std::collections::{BTreeMap, BTreeSet};

/// Units of a party that are looked at in one pool and batch.
const UNITS_MAX: usize = 4_096;
/// Pools that one overflows into another by, at most: a file has fewer.
const OVERFLOWS_MAX: u32 = 8;

/// What a unit of a party has coming from a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RewardDue {
    /// The pool.
    pub pool: Name,
    /// In which token it pays.
    pub token: Name,
    /// Who accrued it.
    pub subject: Subject,
    /// Of periods that are over, not paid, in base units; rounded down as it will be paid.
    pub owed: Units,
    /// Its weight in the open period.
    pub weight: Measured,
    /// All weight in it.
    pub of: Measured,
    /// What it gets for the open period in base units if nothing changes until its end, rounded down: no weight, no price, no score; what is
    /// burnt and minted again or paid in by other pools comes on top, a cap on the supply may cut it. To within a base unit where weight both
    /// stands and accrues. None where a price that this depends on is not there.
    pub expected: Option<Units>,
    /// When the open period ends.
    pub ends: Option<Instant>,
}

/// A unit's part so far: what is owed, and its weight in the open period.
type Parts = BTreeMap<UnitId, (Units, Measured)>;

impl Reads<'_> {
    /// What the units of a party have coming, by pool and unit; of each pool up to 4,096 units a batch.
    pub fn rewards_due(&self, owner: Address) -> Vec<RewardDue> {
        let pools: BTreeSet<Name> =
            self.versions.versions(self.genesis).flat_map(|(_, spec)| spec.pools().keys().copied()).collect();
        let mut all = Vec::new();
        for name in pools {
            let Some(rule) = self.rule_of(name) else { continue };
            let parts = self.parts_of(name, &rule, owner);
            if parts.is_empty() {
                continue;
            }
            let row = self.pool(name);
            let of = Measured::new(row.weight.get().saturating_add(row.accrued.get()));
            let amount = self.open_reward(name, &rule, of);
            let ends = self.period(rule.clock).and_then(|period| self.period_start(rule.clock, period.saturating_add(1)));
            all.extend(parts.into_iter().map(|(unit, (owed, weight))| RewardDue {
                pool: name,
                token: rule.token,
                subject: subject(owner, unit),
                owed,
                weight,
                of,
                expected: if weight.is_zero() { Some(Units::ZERO) } else { amount.map(|amount| batch_part(amount, weight, of)) },
                ends,
            }));
        }
        all
    }

    /// The rule of a pool, also of one that a change took out.
    fn rule_of(&self, name: Name) -> Option<PoolRule> {
        let begun = self.versions.versions(self.genesis).take_while(|(start, _)| *start <= self.now);
        self.spec.pool(name).or_else(|| begun.filter_map(|(_, spec)| spec.pool(name)).last()).copied()
    }

    fn parts_of(&self, name: Name, rule: &PoolRule, owner: Address) -> Parts {
        let (mut parts, row) = (Parts::new(), self.pool(name));
        let mut add = |unit: UnitId, owed: Units, weight: Measured| {
            let part = parts.entry(unit).or_insert((Units::ZERO, Measured::ZERO));
            part.0 = Units::new(part.0.get().saturating_add(owed.get()));
            part.1 = Measured::new(part.1.get().saturating_add(weight.get()));
        };
        match rule.method {
            Method::Batch | Method::Expected | Method::Winners => {
                for (of, number, batch) in self.batches() {
                    if of != name || batch.draw.is_some() {
                        continue;
                    }
                    let rows = self.state.rows_with::<AccruedRow>(&(name, number, owner)).take(UNITS_MAX);
                    rows.for_each(|((.., unit), row)| {
                        add(unit, batch_part(batch.amount, row.weight, batch.weight), Measured::ZERO);
                    });
                }
                let rows = self.state.rows_with::<AccruedRow>(&(name, row.batch, owner)).take(UNITS_MAX);
                rows.for_each(|((.., unit), open)| add(unit, Units::ZERO, open.weight));
                let rows = self.state.rows_with::<MemberRow>(&(name, owner)).take(UNITS_MAX);
                rows.for_each(|((.., unit), member)| {
                    let (accrued, _) = pool::accrued(&row, &member);
                    add(unit, Units::new(member.pending.get().saturating_add(accrued.get())), member.weight);
                });
            }
            Method::Lazy => {
                let rows = self.state.rows_with::<LazyRow>(&(name, owner)).take(UNITS_MAX);
                rows.for_each(|((.., unit), lazy)| {
                    let weight = if lazy.batch == row.batch { lazy.weight } else { Measured::ZERO };
                    add(unit, lazy_pending(self.state, name, &lazy, row.batch), weight);
                });
            }
            Method::Direct(_) | Method::Staked(_) | Method::Locked { .. } => {}
        }
        parts
    }

    /// What the open period gives a pool's weight as things stand, with what waits for it; none while a price is not there. Nothing
    /// of a pool that is not in force any more: its last period is over.
    fn open_reward(&self, name: Name, rule: &PoolRule, weight: Measured) -> Option<Units> {
        if self.spec.pool(name).is_none() {
            return Some(Units::ZERO);
        }
        let all = self.offered(name, OVERFLOWS_MAX)?;
        let used = self.used(rule, all, weight)?;
        Some(Units::new(used.get().saturating_add(self.pool(name).remainder.get())))
    }

    /// What the open period offers a pool: its part of the emission, what was put off, and what others overflow into it.
    fn offered(&self, name: Name, depth: u32) -> Option<Units> {
        let deferred = self.emission(name).map_or(Units::ZERO, |row| row.deferred);
        let mut all = self.period_reward(name)?.get().saturating_add(deferred.get());
        let from = self.spec.pools().iter().filter(|(_, rule)| rule.overflow == Some(name) && depth > 0);
        for (other, rule) in from {
            let row = self.pool(*other);
            let weight = Measured::new(row.weight.get().saturating_add(row.accrued.get()));
            let offered = self.offered(*other, depth - 1)?;
            all = all.saturating_add(offered.minus_or_zero(self.used(rule, offered, weight)?).get());
        }
        Some(Units::new(all))
    }

    /// How much of an offer a pool of that weight can use: nothing without weight, and at most what that is worth.
    fn used(&self, rule: &PoolRule, offered: Units, weight: Measured) -> Option<Units> {
        let units = matches!(rule.method, Method::Batch | Method::Lazy | Method::Expected | Method::Winners);
        if let Some(ceiling) = rule.ceiling {
            return Some(ceiling.of(weight).map_or(offered, |most| offered.min(most)));
        }
        match rule.worth {
            _ if units && weight.is_zero() => Some(Units::ZERO),
            Some(worth) => {
                let price = self.price(worth.price).ok().map(|now| now.price).filter(|price| !price.is_zero())?;
                let most = worth_of(weight, worth.usd_per_unit, price, self.spec.token_of(rule.token).decimals).ok()?;
                Some(offered.min(most))
            }
            None => Some(offered),
        }
    }
}
