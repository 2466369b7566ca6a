//! Locked rewards: when they unlock, and how they are released.
//!
//! In: locked parts of paid rewards. Out: entries by period, merged, at most one per quantum of the whole length; they are
//! released when somebody withdraws, is paid again, or owes a fee. Absent on purpose: jobs that release on time: nothing depends
//! on the moment, since an entry that has unlocked is the party's whenever it takes it.

use crate::{
    Account, Reason, Refusal, Subject, Topic,
    params::{PoolRule, RewardVesting},
    reward::rows::{RegisterRow, VestingRow},
    session::work::Work,
};
use depin_quantity::{Address, Name, Rounding, UnitId, Units};

/// Moves `e` up to the next period that is `offset` modulo `unit`.
///
/// Source: builtin-actors `actors/miner/src/quantize.rs`, with whole numbers: `x = e - offset mod unit`; when `x` is a multiple of
/// `unit`, or negative, `unit * trunc(x / unit) + offset mod unit`, else one unit more.
pub fn quantize_up(e: u64, unit: u64, offset: u64) -> u64 {
    let offset = offset % unit;
    match e.checked_sub(offset) {
        None => offset,
        Some(x) => x.div_ceil(unit) * unit + offset,
    }
}

/// The entries of a reward of `amount` that is locked in period `now`, ascending: period and base units; they sum to `amount`.
///
/// For k = 1, 2, …: `e = now + k * step`, `v = quantize_up(e, quantum, phase)`, `target = floor(amount * (v - now) / over)`,
/// capped at `amount`; the entry at `v` is what `target` grew by; it ends when all is given.
///
/// - Units: periods of the pool's clock; base units of its token.
/// - Rounding: targets down, so early entries are never larger than linear; the last entry takes what is left.
/// - Source: builtin-actors `actors/miner/src/vesting_state.rs`, add locked funds.
pub fn schedule(amount: Units, now: u64, phase: u64, rule: &RewardVesting) -> Vec<(u64, Units)> {
    let mut entries = Vec::new();
    let mut given = Units::ZERO;
    for k in 1.. {
        if given >= amount {
            break;
        }
        let at = quantize_up(now.saturating_add(rule.step.saturating_mul(k)), rule.quantum, phase);
        let elapsed = at.saturating_sub(now);
        let target = if elapsed >= rule.over {
            amount
        } else {
            amount
                .mul_div(elapsed.into(), rule.over.into(), Rounding::Down)
                .expect("a part of an amount fits where the amount does")
        };
        let entry = target.minus_or_zero(given);
        if !entry.is_zero() {
            entries.push((at, entry));
        }
        given = target;
    }
    entries
}

/// Both tables in one, equal periods added.
fn merge(old: Vec<(u64, Units)>, new: Vec<(u64, Units)>) -> Result<Vec<(u64, Units)>, Refusal> {
    let mut all: Vec<(u64, Units)> = Vec::with_capacity(old.len() + new.len());
    let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
    loop {
        let next = match (old.peek(), new.peek()) {
            (Some(a), Some(b)) if b.0 < a.0 => new.next(),
            (Some(_), _) => old.next(),
            (None, _) => new.next(),
        };
        let Some((period, amount)) = next else { return Ok(all) };
        match all.last_mut() {
            Some((last, sum)) if *last == period => *sum = sum.plus(amount)?,
            _ => all.push((period, amount)),
        }
    }
}

impl Work<'_> {
    /// Locks a reward and merges its entries into the owner's table, after releasing what has unlocked.
    pub fn lock_reward(
        &mut self,
        rule: &PoolRule,
        vesting: &RewardVesting,
        subject: Subject,
        pool: Name,
        amount: Units,
    ) -> Result<(), Refusal> {
        let owner = subject.owner();
        self.release_vested(owner, rule.token, None)?;
        if amount.is_zero() {
            return Ok(());
        }
        // The phase of the party, not of the unit: one party has one table, and entries of units with phases of their own would never
        // fall on the same quantum, so that the table grew with the units.
        let phase = self.state.get::<RegisterRow>(&(owner, UnitId::default())).map_or(0, |e| e.phase);
        let entries = schedule(amount, self.period(rule.clock), phase, vesting);
        let key = (owner, rule.token);
        let old = self.state.get::<VestingRow>(&key).map_or_else(Vec::new, |row| row.entries);
        self.state.put(&key, &VestingRow { entries: merge(old, entries)? });
        self.post(rule.token, Account::Pool(pool), Account::Vesting(owner), amount, Reason::RewardLocked)
    }

    /// Moves what has unlocked, at most `most`, into the owner's wallet; returns the amount.
    ///
    /// An entry has unlocked when its period is over: `entry < present period`, strictly (source: builtin-actors
    /// `actors/miner/src/vesting_state.rs`, unlock vested funds).
    pub fn release_vested(&mut self, owner: Address, token: Name, most: Option<Units>) -> Result<Units, Refusal> {
        let present = self.vesting_period(token)?;
        let most = most.unwrap_or(Units::new(u128::MAX));
        self.take_vesting(owner, token, most, Reason::Vested, |period| period < present)
    }

    /// Moves locked rewards, earliest first, into the owner's wallet to pay a fee of `fee`; returns the amount.
    pub fn take_unvested(&mut self, owner: Address, token: Name, fee: Units) -> Result<Units, Refusal> {
        self.take_vesting(owner, token, fee, Reason::VestedForFee, |_| true)
    }

    fn take_vesting(
        &mut self,
        owner: Address,
        token: Name,
        most: Units,
        reason: Reason,
        may: impl Fn(u64) -> bool,
    ) -> Result<Units, Refusal> {
        let key = (owner, token);
        let Some(row) = self.state.get::<VestingRow>(&key) else { return Ok(Units::ZERO) };
        let mut taken = Units::ZERO;
        let mut left = Vec::with_capacity(row.entries.len());
        for (period, amount) in row.entries {
            let part = if may(period) { amount.min(most.minus_or_zero(taken)) } else { Units::ZERO };
            taken = taken.plus(part)?;
            let rest = amount.minus(part)?;
            if !rest.is_zero() {
                left.push((period, rest));
            }
        }
        if taken.is_zero() {
            return Ok(taken);
        }
        if left.is_empty() {
            self.state.delete::<VestingRow>(&key);
        } else {
            self.state.put(&key, &VestingRow { entries: left });
        }
        self.post(token, Account::Vesting(owner), Account::Wallet(owner), taken, reason)?;
        Ok(taken)
    }

    /// The present period of the clock that rewards of `token` vest by.
    fn vesting_period(&self, token: Name) -> Result<u64, Refusal> {
        let supply = self.spec.supply(token).ok_or(Refusal::Unbound { what: Topic::Token, name: token })?;
        Ok(supply.emission.as_ref().map_or(0, |e| self.period(e.clock())))
    }
}
