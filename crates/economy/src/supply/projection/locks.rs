//! Rewards that vest: what of a pool's payments is still locked.

use crate::{Clock, PoolRule, RewardVesting, vesting_schedule};
use depin_quantity::{Instant, QuantityError, Rounding, Share, Units};
use std::collections::BTreeMap;

/// One pool's locked rewards, as one party's that earns them all and whose proving periods have phase zero.
#[derive(Clone, Debug)]
pub(super) struct Locks {
    rule: RewardVesting,
    clock: Clock,
    origin: Instant,
    pay_every: u64,
    /// Accrued and not paid yet: free to claim, so not locked.
    pending: Units,
    /// Entries by the period in which they unlock.
    table: BTreeMap<u64, Units>,
    locked: Units,
}

impl Locks {
    pub(super) fn of(rule: &PoolRule, clock: &Clock, origin: Instant) -> Option<Self> {
        let vesting = rule.vesting?;
        Some(Self {
            rule: vesting,
            clock: *clock,
            origin,
            pay_every: rule.pay_every.max(1),
            pending: Units::ZERO,
            table: BTreeMap::new(),
            locked: Units::ZERO,
        })
    }

    /// The next period in which a payment is made.
    pub(super) const fn next_payment(&self, period: u64) -> u64 {
        (period / self.pay_every + 1) * self.pay_every
    }

    /// Adds what periods before `period` gave; pays when a proving period begins in it.
    pub(super) fn earn(&mut self, amount: Units, period: u64) -> Result<(), QuantityError> {
        self.pending = self.pending.plus(amount)?;
        if !period.is_multiple_of(self.pay_every) {
            return Ok(());
        }
        let paid = std::mem::take(&mut self.pending);
        let whole = Share::WHOLE.get();
        let locked = paid.mul_div((whole - self.rule.immediate.get()).into(), whole.into(), Rounding::Down)?;
        for (at, entry) in vesting_schedule(locked, period, 0, &self.rule) {
            let sum = self.table.entry(at).or_default();
            *sum = sum.plus(entry)?;
        }
        self.locked = self.locked.plus(locked)?;
        self.release(period);
        Ok(())
    }

    /// An entry has unlocked when its period is over.
    fn release(&mut self, present: u64) {
        while let Some(entry) = self.table.first_entry().filter(|entry| *entry.key() < present) {
            self.locked = self.locked.minus_or_zero(entry.remove());
        }
    }

    /// Releases what has unlocked at an instant.
    pub(super) fn release_at(&mut self, at: Instant) {
        self.release(self.clock.period(self.origin, at));
    }

    /// What is locked.
    pub(super) const fn locked(&self) -> Units {
        self.locked
    }
}
