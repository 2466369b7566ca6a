//! What locks earn.

use super::{At, BITS, Left, LockHistoryRow, LockPoolRow, LockRow, Owed, Segment, seconds};
use crate::{
    Account, Event, Reason, Refusal,
    params::{LockRule, Method},
    reward::wide::Wide,
    session::work::Work,
};
use depin_quantity::{Measured, Name, UnitId, Units};
use depin_state::ReadState;
use ruint::aliases::U256;

const NOTHING: LockPoolRow =
    LockPoolRow { income: Wide(U256::ZERO), dated: Wide(U256::ZERO), carry_over: Wide(U256::ZERO), next: 0 };

/// What a segment accrued between two stands of a pool: `slope * left * income`, or `slope * (end * income - dated)`, growths of each.
///
/// - Units: 2^-120 base units.
/// - Rounding: none.
fn segment_accrued(segment: &Segment, from: &At, to: &At) -> U256 {
    let income = to.income.0.wrapping_sub(from.income.0);
    let each = match segment.left {
        Left::Always(left) => income.wrapping_mul(U256::from(left)),
        Left::Until(end) => income.wrapping_mul(U256::from(end)).wrapping_sub(to.dated.0.wrapping_sub(from.dated.0)),
    };
    each.wrapping_mul(U256::from(segment.slope))
}

/// Whether locks delegated to `scope` earn from a pool for `pool_scope`.
fn earns(rule: &LockRule, pool_scope: Option<Name>, scope: Option<Name>) -> bool {
    match pool_scope {
        Some(_) => scope == pool_scope,
        None => scope.is_some() || !rule.delegated_only,
    }
}

/// A pool's accumulators after `period`; `None` for now.
fn stand(state: &dyn ReadState, lock: Name, pool: Name, period: Option<u64>) -> At {
    let then = period.and_then(|period| state.get::<LockHistoryRow>(&(lock, period)));
    let then = then.and_then(|row| row.at.iter().find(|at| at.pool == pool).copied());
    then.unwrap_or_else(|| {
        let row = state.get::<LockPoolRow>(&pool).unwrap_or(NOTHING);
        At { pool, income: row.income, dated: row.dated }
    })
}

impl Work<'_> {
    /// The weight that a pool is shared by in `period`: of the locks delegated to its scope, or of all that earn. At least one when
    /// there is any.
    pub fn locked_weight(&self, lock: Name, scope: Option<Name>, period: u64) -> Measured {
        let Ok(rule) = self.lock_rule(lock) else { return Measured::ZERO };
        let sum = self.earning_sum(lock, &rule, scope, period).unwrap_or_default();
        let weight = u128::try_from(sum / U256::from(rule.longest.get() / 1_000)).unwrap_or(u128::MAX);
        Measured::new(if sum.is_zero() { 0 } else { weight.max(1) })
    }

    fn earning_sum(&self, lock: Name, rule: &LockRule, scope: Option<Name>, period: u64) -> Option<U256> {
        match scope {
            Some(_) => self.scope_sum(lock, rule, scope, period),
            None => self.whole_sum(lock, rule, rule.delegated_only, period),
        }
    }

    /// Shares `amount`, which the caller has posted into the pool's account, by the weights at the start of `period`. Without any it
    /// waits for the next period that has some. Periods of a pool come in order.
    ///
    /// `income += floor((amount * 2^120 + carry_over) / sum)`, `dated += start * that`; the remainder is carried.
    ///
    /// - Source: helium-program-library `programs/helium-sub-daos`, claim rewards: weight at the epoch's start * pool / all weights.
    pub fn share_locked(&mut self, pool: Name, lock: Name, scope: Option<Name>, period: u64, amount: Units) {
        let Ok(rule) = self.lock_rule(lock) else { return self.fund_locked(pool, amount) };
        let mut row = self.state.get::<LockPoolRow>(&pool).unwrap_or(NOTHING);
        self.remember(lock, pool, &row, period);
        row.next = row.next.max(period);
        let sum = (U256::from(amount.get()) << BITS) + row.carry_over.0;
        let weight = self.earning_sum(lock, &rule, scope, period).unwrap_or_default();
        if weight.is_zero() {
            row.carry_over = Wide(sum);
        } else {
            let start = seconds(self.period_start(rule.clock, period));
            let (each, rest) = sum.div_rem(weight);
            row.income = Wide(row.income.0.wrapping_add(each));
            row.dated = Wide(row.dated.0.wrapping_add(each.wrapping_mul(U256::from(start))));
            row.carry_over = Wide(rest);
        }
        self.state.put(&pool, &row);
    }

    /// Lets `amount`, which the caller has posted into the pool's account, wait for the next period that is shared.
    pub fn fund_locked(&mut self, pool: Name, amount: Units) {
        let mut row = self.state.get::<LockPoolRow>(&pool).unwrap_or(NOTHING);
        row.carry_over = Wide(row.carry_over.0 + (U256::from(amount.get()) << BITS));
        self.state.put(&pool, &row);
    }

    /// Notes where a pool stands in every remembered period before `period` that it has received nothing after.
    fn remember(&mut self, lock: Name, pool: Name, row: &LockPoolRow, period: u64) {
        let mut next = self.state.first_from::<LockHistoryRow>(&(lock, row.next));
        while let Some(((found, then), mut history)) = next {
            if found != lock || then >= period {
                break;
            }
            if !history.at.iter().any(|at| at.pool == pool) {
                history.at.push(At { pool, income: row.income, dated: row.dated });
                self.state.put(&(lock, then), &history);
            }
            next = self.state.next_after::<LockHistoryRow>(&(lock, then));
        }
    }

    /// Settles a lock up to the last closed period; `now` is the open one.
    pub(super) fn settle_lock(&mut self, rule: &LockRule, row: &mut LockRow, now: u64) {
        let pools: Vec<(Name, Name, Option<Name>)> = self
            .pools_so_far()
            .into_iter()
            .filter_map(|name| {
                let pool = self.pool_rule(name)?;
                match pool.method {
                    Method::Locked { lock, scope } if lock == row.lock => Some((name, pool.token, scope)),
                    _ => None,
                }
            })
            .collect();
        for mut segment in std::mem::take(&mut row.segments) {
            if segment.from > now {
                row.segments.push(segment);
                continue;
            }
            let over = segment.until.filter(|until| *until < now);
            let mut stands = Vec::with_capacity(pools.len());
            for (pool, token, scope) in &pools {
                let to = stand(self.state.as_read(), row.lock, *pool, over);
                stands.push(to);
                let from = match &segment.settled {
                    // A pool that was not there then stood at zero.
                    Some(settled) => settled.iter().find(|at| at.pool == *pool).copied().unwrap_or(At {
                        pool: *pool,
                        income: Wide(U256::ZERO),
                        dated: Wide(U256::ZERO),
                    }),
                    None => stand(self.state.as_read(), row.lock, *pool, Some(segment.from - 1)),
                };
                if earns(rule, *scope, segment.scope) {
                    owe(&mut row.owed, *pool, *token, segment_accrued(&segment, &from, &to));
                }
            }
            if segment.settled.is_none() {
                self.look_at(row.lock, segment.from - 1, -1);
            }
            segment.settled = Some(stands);
            match over {
                Some(until) => self.look_at(row.lock, until, -1),
                None => row.segments.push(segment),
            }
        }
    }

    /// Pays what a settled lock accrued, in whole base units.
    pub(super) fn pay_lock(&mut self, id: UnitId, row: &mut LockRow) -> Result<Vec<(Name, Units)>, Refusal> {
        let mut paid = Vec::new();
        for owed in &mut row.owed {
            let whole = owed.amount.0 >> BITS;
            owed.amount = Wide(owed.amount.0 - (whole << BITS));
            let amount = Units::new(u128::try_from(whole).expect("a lock earns no more than its pool received"));
            if amount.is_zero() {
                continue;
            }
            self.post(owed.token, Account::Pool(owed.pool), Account::Wallet(row.owner), amount, Reason::LockReward)?;
            self.emit(Event::LockRewardPaid { pool: owed.pool, id, amount });
            self.repay_if_owed(row.owner, owed.token)?;
            paid.push((owed.token, amount));
        }
        Ok(paid)
    }

    /// Parts of base units of a lock that ends go to the locks that stay.
    pub(super) fn leave_parts(&mut self, row: &LockRow) {
        for owed in row.owed.iter().filter(|owed| !owed.amount.0.is_zero()) {
            let mut pool = self.state.get::<LockPoolRow>(&owed.pool).unwrap_or(NOTHING);
            pool.carry_over = Wide(pool.carry_over.0 + owed.amount.0);
            self.state.put(&owed.pool, &pool);
        }
    }
}

fn owe(all: &mut Vec<Owed>, pool: Name, token: Name, more: U256) {
    if more.is_zero() {
        return;
    }
    match all.iter_mut().find(|owed| owed.pool == pool) {
        Some(owed) => owed.amount = Wide(owed.amount.0 + more),
        None => all.push(Owed { pool, token, amount: Wide(more) }),
    }
}
