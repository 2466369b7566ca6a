//! Pools by expectation: each period's reward is shared by weight, as the lottery would on average.
//!
//! In: minted rewards, and weights that change. Out: pending rewards of members, paid when their proving period begins, on claim,
//! or when they leave. An accumulator (F1) makes a period cost the same for any number of members.
//!
//! Exact in fixed point of 2^-96 base units: `balance * 2^96 = sum of (weight * (per_weight - settled) + fraction + pending *
//! 2^96) + carried`, always. Dust has an owner: what does not divide evenly among weights is carried into the next period's
//! reward; a member's part of a base unit stays the member's, and goes to the carried part when the member leaves.
//!
//! Absent on purpose: winners by lottery draw. Deviation: a block's reward at a change of power counts by the weights at the period's close.

use crate::{
    Account, Event, Reason, Refusal, Subject,
    book::balance,
    params::{Method, PoolRule},
    reward::{
        metric::{Pool, PoolAccount, Run},
        rows::{LazyRow, MemberRow, PoolRow, RegisterRow},
        wide::Wide,
    },
    session::work::Work,
};
use depin_quantity::{Address, Measured, Name, Rounding, UnitId, Units};
use ruint::aliases::U256;

/// Most units of one party that one claim settles.
pub const CLAIM_UNITS_MAX: usize = 256;

/// What a claim did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// Paid at once, in base units of each pool's token, all pools together.
    pub liquid: Units,
    /// Locked to vest.
    pub locked: Units,
    /// The unit to go on after when there are more than [`CLAIM_UNITS_MAX`].
    pub more_after: Option<UnitId>,
}

/// What `member` accrued since it was last settled, with the fraction that it had: whole base units and the new fraction.
///
/// `weight * (per_weight - settled) + fraction`, in 2^-96 base units, split. Nothing is rounded away: settling often or once
/// gives the same sum.
pub fn accrued(pool: &PoolRow, member: &MemberRow) -> (Units, u128) {
    let growth = pool.per_weight.0 - member.settled.0;
    if growth.is_zero() {
        // Settled in this period already: a fraction is less than a base unit.
        return (Units::ZERO, member.fraction);
    }
    let sum = Wide(U256::from(member.weight.get()) * growth + U256::from(member.fraction));
    let (whole, fraction) = sum.split();
    (Units::new(u128::try_from(whole).expect("a member earns no more than the pool minted, which fits 128 bits")), fraction)
}

/// A pool without members.
pub const EMPTY: PoolRow = PoolRow {
    weight: Measured::ZERO,
    per_weight: Wide(U256::ZERO),
    carry_over: Wide(U256::ZERO),
    accrued: Measured::ZERO,
    batch: 0,
    remainder: Units::ZERO,
};

/// Number of the proving period in which `period` lies, for a subject whose proving periods start at `phase` modulo `length`.
/// Starts at 1, so that nothing was ever paid in 0.
pub const fn window_of(period: u64, phase: u64, length: u64) -> u64 {
    let shift = phase % length;
    if period < shift { 1 } else { (period - shift) / length + 2 }
}

/// What current weight gets of an amount: `floor(amount * current / (current + accrued))`; all of it when nothing was accrued.
pub fn current_part(amount: Units, current: Measured, accrued: Measured) -> Result<Units, Refusal> {
    if accrued.is_zero() {
        return Ok(amount);
    }
    Ok(amount.mul_div(current.get(), current.plus(accrued)?.get(), Rounding::Down)?)
}

impl<'w> Work<'w> {
    pub fn pool_row(&self, pool: Name) -> PoolRow {
        self.state.get(&pool).unwrap_or(EMPTY)
    }

    /// Shares `amount` among the pool's weight, which is not zero.
    ///
    /// `per_weight += floor((amount * 2^96 + carry_over) / weight)`; the remainder is carried.
    pub fn accumulate(&mut self, pool: Name, amount: Units) {
        let mut row = self.pool_row(pool);
        let sum = Wide::of_units(amount.get()).0 + row.carry_over.0;
        let (each, rest) = sum.div_rem(U256::from(row.weight.get()));
        row.per_weight = Wide(row.per_weight.0 + each);
        row.carry_over = Wide(rest);
        self.state.put(&pool, &row);
    }

    /// The rule of a pool, also of one that a change took out of the file: its members are still paid.
    pub fn pool_rule(&self, pool: Name) -> Option<PoolRule> {
        let mut rule = self.spec.pool(pool);
        if rule.is_none() {
            let schedules = self.schedules();
            let begun = schedules.versions().take_while(|(start, ..)| *start <= self.now);
            rule = begun.filter_map(|(_, _, spec)| spec.pool(pool)).last();
        }
        rule.copied()
    }

    /// Shares a period's `amount`, which the caller has posted into the pool's account, and what waited for it, by weight: what
    /// stands gets `floor(amount * current / (current + accrued))` through the accumulator, the rest is the accrued weight's batch.
    /// Gives the whole weight.
    pub fn share_out(&mut self, pool: Name, rule: &PoolRule, amount: Units) -> Result<Measured, Refusal> {
        let mut row = self.pool_row(pool);
        let (current, accrued) = (row.weight, row.accrued);
        let weight = current.plus(accrued)?;
        if weight.is_zero() {
            return Ok(weight);
        }
        let whole = amount.plus(std::mem::take(&mut row.remainder))?;
        let stands = current_part(whole, current, accrued)?;
        let number = row.batch;
        if !accrued.is_zero() {
            row.accrued = Measured::ZERO;
            row.batch += 1;
        }
        self.state.put(&pool, &row);
        if !accrued.is_zero() {
            self.close_batch(pool, rule, number, whole.minus(stands)?, accrued);
        }
        if rule.method == Method::Winners && !current.is_zero() {
            self.draw(pool, stands, current);
        } else if !stands.is_zero() {
            self.accumulate(pool, stands);
        }
        Ok(weight)
    }

    /// Shares `amount`, which the caller has posted into the pool's account, among the pool's members. Without members it waits
    /// for the first one; where weight is accrued by the period, for the period's end. For whatever feeds a pool besides its
    /// emission: parts of payments, fees, slashed stakes.
    pub fn fund_pool(&mut self, pool: Name, amount: Units) -> Result<(), Refusal> {
        match self.spec.pool(pool).map(|rule| rule.method) {
            Some(Method::Staked(staking)) => {
                self.share_staked(pool, staking, amount);
                return Ok(());
            }
            Some(Method::Locked { .. }) => {
                self.fund_locked(pool, amount);
                return Ok(());
            }
            Some(Method::Batch | Method::Lazy) => {
                let mut row = self.pool_row(pool);
                row.remainder = row.remainder.plus(amount)?;
                self.state.put(&pool, &row);
                return Ok(());
            }
            _ => {}
        }
        let row = self.pool_row(pool);
        if row.weight.is_zero() {
            let carry_over = Wide(row.carry_over.0 + Wide::of_units(amount.get()).0);
            self.state.put(&pool, &PoolRow { carry_over, ..row });
        } else {
            self.accumulate(pool, amount);
        }
        Ok(())
    }

    /// Gives a subject a new weight in one of a run's pools: settles what the old one accrued, joins, or leaves.
    /// `phase` is the subject's, as it registered.
    pub fn set_weight(
        &mut self,
        run: &mut Run<'_>,
        at: usize,
        subject: Subject,
        weight: Measured,
        phase: u64,
    ) -> Result<(), Refusal> {
        let Some(Pool { name, rule, .. }) = run.shared.pools[at] else { return Ok(()) };
        if self.current.period(rule.clock).is_none() {
            // A period that closes may look at any sum, and feeds pools.
            self.write_run(run);
            self.close_clock(rule.clock)?;
        }
        if rule.method == Method::Winners {
            self.keep_for_draws(name, (subject.owner(), subject.unit()));
        }
        let key = (name, subject.owner(), subject.unit());
        let Some(Pool { row, .. }) = &mut run.shared.pools[at] else { return Ok(()) };
        let pool = row.get_or_insert_with(|| self.pool_row(name));
        let window = window_of(self.period(rule.clock), phase, rule.pay_every);
        let mut due = None;
        self.state.change(&key, |row: Option<MemberRow>| {
            let mut member = row.unwrap_or(MemberRow {
                weight: Measured::ZERO,
                settled: pool.per_weight,
                fraction: 0,
                pending: Units::ZERO,
                paid_in: window,
            });
            settle(pool, &mut member)?;
            let others = pool.weight.minus(member.weight).expect("a pool's weight is the sum of its members'");
            pool.weight = others.plus(weight)?;
            member.weight = weight;
            if weight.is_zero() {
                pool.carry_over = Wide(pool.carry_over.0 + U256::from(member.fraction));
                member.fraction = 0;
            }
            if weight.is_zero() || window > member.paid_in {
                due = Some(std::mem::take(&mut member.pending));
                member.paid_in = window;
            }
            Ok::<_, Refusal>(member)
        })?;
        if weight.is_zero() {
            // A member without weight is forgotten.
            self.state.delete::<MemberRow>(&key);
        }
        self.pay_in_run(run, at, subject, due.unwrap_or_default())
    }

    /// Pays a reward out of one of a run's pools, as [`Work::pay_reward`] does; the pool's account stays in hand.
    fn pay_in_run(&mut self, run: &mut Run<'_>, at: usize, subject: Subject, amount: Units) -> Result<(), Refusal> {
        let Some(Pool { name: pool, rule, account, .. }) = &mut run.shared.pools[at] else { return Ok(()) };
        let (pool, rule, owner) = (*pool, *rule, subject.owner());
        if amount.is_zero() {
            return Ok(());
        }
        if rule.vesting.is_some() {
            // What vests may repay a debt, and with it feed what else there is.
            self.write_run(run);
            self.pay_reward(pool, rule, subject, amount)?;
            return Ok(());
        }
        let (token, from) = (rule.token, Account::Pool(pool));
        let account = account.get_or_insert_with(|| {
            let held = balance(self.state.as_read(), from, token);
            PoolAccount { held, paid: Units::ZERO }
        });
        let short = Refusal::Underfunded { token, needed: amount, has: account.held };
        account.held = account.held.minus(amount).map_err(|_| short)?;
        account.paid = account.paid.plus(amount)?;
        let owed = self.credit_wallet(token, owner, amount)?;
        self.emit_each(|| Event::Posting { token, from, to: Account::Wallet(owner), amount, reason: Reason::Reward });
        self.emit_each(|| Event::RewardPaid { pool, subject, liquid: amount, locked: Units::ZERO });
        if !owed.is_zero() {
            self.write_run(run);
            self.repay(owner, token)?;
        }
        Ok(())
    }

    fn window(&self, rule: &PoolRule, subject: Subject) -> u64 {
        let phase = self.state.get::<RegisterRow>(&(subject.owner(), subject.unit())).map_or(0, |e| e.phase);
        window_of(self.period(rule.clock), phase, rule.pay_every)
    }

    /// Pays a member what is settled and pending, now, and forgets a member without weight.
    ///
    /// `locked = floor((1 - immediate) * amount)`, the rest is liquid. Then debt is repaid.
    ///
    /// - Units: base units of the pool's token.
    /// - Source: builtin-actors `actors/miner/src/{lib,monies}.rs`, apply rewards: floor(3/4) is locked.
    fn pay(&mut self, name: Name, subject: Subject, window: u64) -> Result<(Units, Units), Refusal> {
        let rule = self.pool_rule(name).expect("only pools of the network have members");
        let key = (name, subject.owner(), subject.unit());
        let Some(mut member) = self.state.get::<MemberRow>(&key) else { return Ok((Units::ZERO, Units::ZERO)) };
        let amount = std::mem::take(&mut member.pending);
        member.paid_in = window;
        if member.weight.is_zero() {
            self.state.delete::<MemberRow>(&key);
        } else {
            self.state.put(&key, &member);
        }
        self.pay_reward(name, &rule, subject, amount)
    }

    /// Pays a reward out of a pool: the part that vests is locked, the rest is liquid. Then debt is repaid.
    pub fn pay_reward(
        &mut self,
        name: Name,
        rule: &PoolRule,
        subject: Subject,
        amount: Units,
    ) -> Result<(Units, Units), Refusal> {
        if amount.is_zero() {
            return Ok((Units::ZERO, Units::ZERO));
        }
        let locked = match &rule.vesting {
            Some(vesting) => {
                let immediate = u128::from(vesting.immediate.get());
                let whole = u128::from(depin_quantity::Share::WHOLE.get());
                amount.mul_div(whole - immediate, whole, Rounding::Down)?
            }
            None => Units::ZERO,
        };
        let liquid = amount.minus(locked)?;
        let owner = subject.owner();
        self.post(rule.token, Account::Pool(name), Account::Wallet(owner), liquid, Reason::Reward)?;
        if let Some(vesting) = &rule.vesting {
            self.lock_reward(rule, vesting, subject, name, locked)?;
        }
        self.emit(Event::RewardPaid { pool: name, subject, liquid, locked });
        self.repay(owner, rule.token)?;
        Ok((liquid, locked))
    }

    /// Pools of the parameter versions that have begun.
    pub fn pools_so_far(&self) -> std::collections::BTreeSet<Name> {
        self.schedules()
            .versions()
            .take_while(|(start, ..)| *start <= self.now)
            .flat_map(|(_, _, spec)| spec.pools().keys().copied())
            .collect()
    }

    /// Pays up to [`CLAIM_UNITS_MAX`] lazy members of a party.
    fn claim_lazies(&mut self, pool: Name, owner: Address, claimed: &mut Claimed) -> Result<(), Refusal> {
        let rows = self.state.as_read().rows_with::<LazyRow>(&(pool, owner)).take(CLAIM_UNITS_MAX);
        let keys: Vec<(Name, Address, UnitId)> = rows.map(|(key, _)| key).collect();
        for key in keys {
            let (liquid, locked) = self.claim_lazy(&key)?;
            claimed.liquid = claimed.liquid.plus(liquid)?;
            claimed.locked = claimed.locked.plus(locked)?;
        }
        Ok(())
    }

    /// Settles and pays everything that a party's units accrued, going on after the unit `after`.
    pub fn claim(&mut self, owner: Address, after: Option<UnitId>) -> Result<Claimed, Refusal> {
        let mut claimed = Claimed::default();
        let pools: std::collections::BTreeSet<Name> = self.pools_so_far();
        for name in &pools {
            let rule = &self.pool_rule(*name).expect("a pool of the network");
            self.close_clock(rule.clock)?;
            if rule.method == Method::Lazy {
                self.claim_lazies(*name, owner, &mut claimed)?;
            }
            let mut at = after.unwrap_or_default();
            for count in 0.. {
                let next = match (count, after) {
                    (0, None) => self.state.first_from::<MemberRow>(&(*name, owner, at)),
                    _ => self.state.next_after::<MemberRow>(&(*name, owner, at)),
                };
                let Some(((pool, who, unit), mut member)) = next.filter(|((pool, who, _), _)| pool == name && *who == owner)
                else {
                    break;
                };
                if count == CLAIM_UNITS_MAX {
                    // The earliest place that any pool stopped at: a unit that is claimed twice gives nothing the second time.
                    claimed.more_after = Some(claimed.more_after.map_or(at, |other| other.min(at)));
                    break;
                }
                at = unit;
                settle(&self.pool_row(pool), &mut member)?;
                self.state.put(&(pool, who, unit), &member);
                let subject = if unit == UnitId::default() { Subject::Party(owner) } else { Subject::Unit { owner, unit } };
                let window = self.window(rule, subject);
                let (liquid, locked) = self.pay(pool, subject, window)?;
                claimed.liquid = claimed.liquid.plus(liquid)?;
                claimed.locked = claimed.locked.plus(locked)?;
            }
        }
        Ok(claimed)
    }
}

/// Moves what a member accrued into its pending reward.
fn settle(pool: &PoolRow, member: &mut MemberRow) -> Result<(), Refusal> {
    let (whole, fraction) = accrued(pool, member);
    member.pending = member.pending.plus(whole)?;
    member.fraction = fraction;
    member.settled = pool.per_weight;
    Ok(())
}
