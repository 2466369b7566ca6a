//! What validators and delegators earn: two levels of accumulators, so that a period costs the same for any number of them.
//!
//! Exact in 2^-96 base units, always: `balance * 2^96 = carry_over + sum over validators of (bonded stake * (per_stake - settled) + open +
//! commission + sum over delegations of (shares * (per_share - settled) + fraction))`.

use super::{DelegationRow, Income, Settled, StakePoolRow, ValidatorRow, staking};
use crate::{Account, Event, Reason, Refusal, Topic, book, params::Method, reward::wide::Wide, session::work::Work};
use depin_quantity::{Address, Name, Share, Units};
use ruint::aliases::U256;

/// What a delegation accrued since it was last settled: whole base units and the new fraction.
///
/// `shares * (per_share - settled) + fraction`, in 2^-96 base units, split.
///
/// - Rounding: none; the part of a base unit stays the delegator's until it leaves.
/// - Source: F1 fee distribution; cosmos-sdk `x/distribution/keeper/delegation.go`, calculate delegation rewards. Deviation: upstream
///   truncates the growth and the stake at 18 places for each interval between slashes.
pub fn delegation_accrued(shares: Units, per_share: Wide, settled: Wide, fraction: u128) -> (Units, u128) {
    let sum = Wide(U256::from(shares.get()) * (per_share.0 - settled.0) + U256::from(fraction));
    let (whole, fraction) = sum.split();
    (Units::new(u128::try_from(whole).expect("a delegation earns no more than its pool received")), fraction)
}

const NOTHING: StakePoolRow = StakePoolRow { per_stake: Wide(U256::ZERO), carry_over: Wide(U256::ZERO) };

impl Work<'_> {
    /// Shares `amount`, which the caller has posted into the pool's account, among the bonded validators of the pool's staking. Without
    /// any it waits for the first one.
    ///
    /// `per_stake += floor((amount * 2^96 + carry_over) / bonded)`; the remainder is carried.
    ///
    /// - Source: cosmos-sdk `x/distribution/keeper/allocation.go`: each validator's part is its share of the bonded power.
    pub fn share_staked(&mut self, pool: Name, name: Name, amount: Units) {
        let mut row = self.state.get::<StakePoolRow>(&pool).unwrap_or(NOTHING);
        let sum = Wide::of_units(amount.get()).0 + row.carry_over.0;
        let bonded = staking(self.state.as_read(), name).bonded;
        if bonded.is_zero() {
            row.carry_over = Wide(sum);
        } else {
            let (each, rest) = sum.div_rem(U256::from(bonded.get()));
            row.per_stake = Wide(row.per_stake.0 + each);
            row.carry_over = Wide(rest);
        }
        self.state.put(&pool, &row);
    }

    /// Closes the clocks that a staking's pools are emitted by, so that what ended is shared by the stake of then.
    pub(super) fn close_pools(&mut self, name: Name) -> Result<(), Refusal> {
        let spec = self.spec;
        for (_, rule) in spec.pools().iter().filter(|(_, rule)| rule.method == Method::Staked(name)) {
            self.close_clock(rule.clock)?;
        }
        Ok(())
    }

    /// Takes a validator's part of its pools: commission for itself, the rest per share for its delegators.
    ///
    /// `part = stake * growth`; `commission = floor(part * rate)`; `per_share += floor((rest + open) / shares)`, what is left stays open.
    ///
    /// - Units: 2^-96 base units.
    /// - Source: cosmos-sdk `x/distribution/keeper/allocation.go`, allocate tokens to validator.
    pub(super) fn settle_validator(&mut self, name: Name, row: &mut ValidatorRow) {
        for pool in self.pools_so_far() {
            let rule = self.pool_rule(pool).filter(|rule| rule.method == Method::Staked(name));
            if let Some(rule) = rule
                && !row.income.iter().any(|income| income.pool == pool)
            {
                row.income.push(Income {
                    pool,
                    token: rule.token,
                    settled: Wide(U256::ZERO),
                    per_share: Wide(U256::ZERO),
                    open: Wide(U256::ZERO),
                    commission: Wide(U256::ZERO),
                });
            }
        }
        let weight = if row.bonded { row.stake } else { Units::ZERO };
        for income in &mut row.income {
            let mut pool = self.state.get::<StakePoolRow>(&income.pool).unwrap_or(NOTHING);
            let part = U256::from(weight.get()) * (pool.per_stake.0 - income.settled.0);
            income.settled = pool.per_stake;
            let commission = part_of(part, row.commission);
            income.commission = Wide(income.commission.0 + commission);
            let open = part - commission + income.open.0;
            if row.shares.is_zero() {
                income.open = Wide(U256::ZERO);
                if !open.is_zero() {
                    pool.carry_over = Wide(pool.carry_over.0 + open);
                    self.state.put(&income.pool, &pool);
                }
            } else {
                let (each, rest) = open.div_rem(U256::from(row.shares.get()));
                income.per_share = Wide(income.per_share.0 + each);
                income.open = Wide(rest);
            }
        }
    }

    /// Pays a delegation what it accrued, of a validator that is settled.
    pub(super) fn pay_delegation(
        &mut self,
        row: &mut ValidatorRow,
        delegator: Address,
        delegation: &mut DelegationRow,
        paid: &mut Vec<(Name, Units)>,
    ) -> Result<(), Refusal> {
        for income in &mut row.income {
            let at = delegation.income.iter().position(|s| s.pool == income.pool).unwrap_or_else(|| {
                // Not there: the pool is younger than the delegation, and both began at zero; or the delegation has no shares yet.
                let per_share = if delegation.shares.is_zero() { income.per_share } else { Wide(U256::ZERO) };
                delegation.income.push(Settled { pool: income.pool, per_share, fraction: 0 });
                delegation.income.len() - 1
            });
            let settled = &mut delegation.income[at];
            let (whole, fraction) = delegation_accrued(delegation.shares, income.per_share, settled.per_share, settled.fraction);
            (settled.per_share, settled.fraction) = (income.per_share, fraction);
            self.pay_staker(income.pool, income.token, delegator, whole, Reason::StakeReward)?;
            if !whole.is_zero() {
                paid.push((income.token, whole));
            }
        }
        Ok(())
    }

    /// A delegation that ends leaves its parts of base units to the other delegators.
    pub(super) fn leave_fractions(row: &mut ValidatorRow, delegation: &mut DelegationRow) {
        for settled in std::mem::take(&mut delegation.income) {
            if let Some(income) = row.income.iter_mut().find(|i| i.pool == settled.pool) {
                income.open = Wide(income.open.0 + U256::from(settled.fraction));
            }
        }
    }

    pub(super) fn pay_staker(
        &mut self,
        pool: Name,
        token: Name,
        to: Address,
        amount: Units,
        reason: Reason,
    ) -> Result<(), Refusal> {
        if amount.is_zero() {
            return Ok(());
        }
        self.post(token, Account::Pool(pool), Account::Wallet(to), amount, reason)?;
        self.emit(Event::StakeRewardPaid { pool, to, amount, commission: reason == Reason::Commission });
        if !book::wallet(self.state.as_read(), to, token).owed.is_zero() {
            self.repay(to, token)?;
        }
        Ok(())
    }

    /// Pays a delegator what it accrued with one validator, by pool.
    pub fn claim_stake(&mut self, name: Name, delegator: Address, validator: Address) -> Result<Vec<(Name, Units)>, Refusal> {
        let rule = self.staking_rule(name)?;
        let (mut row, mut delegation) = self.open_delegation(name, &rule, validator, delegator)?;
        if delegation.shares.is_zero() {
            return Err(Refusal::Unknown { what: Topic::Delegation });
        }
        let mut paid = Vec::new();
        self.pay_delegation(&mut row, delegator, &mut delegation, &mut paid)?;
        self.state.put(&(name, validator), &row);
        self.put_delegation(name, validator, delegator, &delegation);
        Ok(paid)
    }

    /// Pays a validator its commission, by pool.
    pub fn claim_commission(&mut self, name: Name, validator: Address) -> Result<Vec<(Name, Units)>, Refusal> {
        self.staking_rule(name)?;
        self.close_pools(name)?;
        let mut row = self.validator(name, validator)?;
        self.settle_validator(name, &mut row);
        let mut paid = Vec::new();
        for income in &mut row.income {
            let (whole, fraction) = income.commission.split();
            income.commission = Wide(U256::from(fraction));
            let whole = Units::new(u128::try_from(whole).expect("a commission is no more than its pool received"));
            self.pay_staker(income.pool, income.token, validator, whole, Reason::Commission)?;
            if !whole.is_zero() {
                paid.push((income.token, whole));
            }
        }
        self.state.put(&(name, validator), &row);
        Ok(paid)
    }
}

/// `floor(part * share)`. The part fits 224 bits and a share 30.
fn part_of(part: U256, share: Share) -> U256 {
    part * U256::from(share.get()) / U256::from(Share::WHOLE.get())
}
