//! Validators begin, delegators come, go and change over.

use super::{DelegationRow, Leaving, LeavingRow, Moved, ValidatorRow, shares_for, stake_of};
use crate::{Account, Event, Limit, Reason, Refusal, Topic, params::StakingRule, session::work::Work};
use depin_quantity::{Address, Instant, Name, Rounding, Share, UnitId, Units};

type Paid = Vec<(Name, Units)>;

impl Work<'_> {
    /// Begins a validator with a first stake of its operator.
    ///
    /// Order of refusals: staking, duplicate, commission, amount, debt, funds.
    pub fn create_validator(&mut self, name: Name, operator: Address, commission: Share, stake: Units) -> Result<Paid, Refusal> {
        let rule = self.open_staking(name)?;
        if self.state.has::<ValidatorRow>(&(name, operator)) {
            return Err(Refusal::Duplicate { what: Topic::Validator });
        }
        commission_fits(&rule, commission)?;
        let mut row = ValidatorRow {
            stake: Units::ZERO,
            shares: Units::ZERO,
            commission,
            bonded: false,
            jailed_until: None,
            tombstoned: false,
            slashes: 0,
            since: Instant::default(),
            since_block: 0,
            seen: 0,
            missed: 0,
            income: Vec::new(),
        };
        self.close_pools(name)?;
        self.settle_validator(name, &mut row);
        self.state.put(&(name, operator), &row);
        self.delegate(name, operator, operator, stake)
    }

    /// Changes a validator's commission, for what it earns from now on.
    pub fn set_commission(&mut self, name: Name, operator: Address, commission: Share) -> Result<(), Refusal> {
        let rule = self.staking_rule(name)?;
        commission_fits(&rule, commission)?;
        self.close_pools(name)?;
        let mut row = self.validator(name, operator)?;
        self.settle_validator(name, &mut row);
        let old = row.clone();
        row.commission = commission;
        self.put_validator(name, &rule, operator, Some(&old), &mut row)
    }

    /// Delegates to a validator; pays what the delegation accrued so far.
    ///
    /// Order of refusals: staking, validator, amount, debt, price of a share, funds.
    pub fn delegate(&mut self, name: Name, delegator: Address, validator: Address, amount: Units) -> Result<Paid, Refusal> {
        let rule = self.open_staking(name)?;
        let (mut row, mut delegation) = self.open_delegation(name, &rule, validator, delegator)?;
        above_zero(amount)?;
        self.owes_nothing(delegator, rule.token)?;
        let mut paid = Vec::new();
        self.pay_delegation(&mut row, delegator, &mut delegation, &mut paid)?;
        self.add_stake(name, &rule, validator, &mut row, &mut delegation, amount)?;
        self.put_delegation(name, validator, delegator, &delegation);
        self.post(rule.token, Account::Wallet(delegator), Account::Stake(name), amount, Reason::Staked)?;
        self.emit(Event::Delegated { staking: name, validator, delegator, amount });
        Ok(paid)
    }

    /// Takes stake back from a validator: all of it when `amount` is `None`. It stays bound for the unbonding time; gives its id.
    ///
    /// Shares given up are `ceil(amount * shares / stake)`, so that at least `amount` comes out.
    ///
    /// Order of refusals: staking, validator, delegation, number of unbondings, amount.
    pub fn undelegate(
        &mut self,
        name: Name,
        delegator: Address,
        validator: Address,
        amount: Option<Units>,
    ) -> Result<(UnitId, Units, Paid), Refusal> {
        let rule = self.staking_rule(name)?;
        let (mut row, mut delegation) = self.open_delegation(name, &rule, validator, delegator)?;
        if delegation.shares.is_zero() {
            return Err(Refusal::Unknown { what: Topic::Delegation });
        }
        let id = self.leaving_id(b"stake", &[name.as_bytes(), &validator.get(), &delegator.get(), &row.slashes.to_be_bytes()]);
        let again = self.state.get::<LeavingRow>(&id);
        if again.is_none() && u64::from(delegation.unbondings) >= rule.entries_most {
            return Err(Refusal::OutOfRange {
                what: Topic::Unbonding,
                reason: Limit::AtMost(Units::new(rule.entries_most.into())),
            });
        }
        let mut paid = Vec::new();
        self.pay_delegation(&mut row, delegator, &mut delegation, &mut paid)?;
        let slashes = row.slashes;
        let out = self.take_stake(name, &rule, validator, &mut row, &mut delegation, amount)?;
        let what = Leaving::Stake { staking: name, validator };
        delegation.unbondings += u32::from(again.is_none());
        self.put_delegation(name, validator, delegator, &delegation);
        self.post(rule.token, Account::Stake(name), Account::Unbonding(name), out, Reason::Unstaked)?;
        let until = self.leave(id, delegator, what, rule.token, out, rule.unbonding, slashes)?;
        self.emit(Event::Undelegated { staking: name, validator, delegator, amount: out, unbonding: id, until });
        Ok((id, out, paid))
    }

    /// Moves stake from one validator to another without unbonding it; for the unbonding time it still answers for the first one's
    /// faults, and cannot move on.
    ///
    /// Order of refusals: staking, same validator, validators, delegation, moved on too soon, number of moves, amount.
    ///
    /// - Source: cosmos-sdk `x/staking/keeper/delegation.go`, begin redelegation.
    pub fn redelegate(
        &mut self,
        name: Name,
        delegator: Address,
        from: Address,
        to: Address,
        amount: Option<Units>,
    ) -> Result<(Units, Paid), Refusal> {
        let rule = self.staking_rule(name)?;
        if from == to {
            return Err(Refusal::OutOfRange { what: Topic::Validator, reason: Limit::Twice });
        }
        self.open_delegation(name, &rule, to, delegator)?;
        let (mut row, mut delegation) = self.open_delegation(name, &rule, from, delegator)?;
        if delegation.shares.is_zero() {
            return Err(Refusal::Unknown { what: Topic::Delegation });
        }
        if !delegation.moved.is_empty() {
            return Err(Refusal::OutOfRange { what: Topic::Delegation, reason: Limit::Begun });
        }
        let mut paid = Vec::new();
        self.pay_delegation(&mut row, delegator, &mut delegation, &mut paid)?;
        let slashes = row.slashes;
        let out = self.take_stake(name, &rule, from, &mut row, &mut delegation, amount)?;
        self.put_delegation(name, from, delegator, &delegation);
        let (mut row, mut delegation) = self.open_delegation(name, &rule, to, delegator)?;
        if delegation.moved.len() as u64 >= rule.entries_most {
            return Err(Refusal::OutOfRange {
                what: Topic::Delegation,
                reason: Limit::AtMost(Units::new(rule.entries_most.into())),
            });
        }
        self.pay_delegation(&mut row, delegator, &mut delegation, &mut paid)?;
        self.add_stake(name, &rule, to, &mut row, &mut delegation, out)?;
        let until = self.now.later(rule.unbonding);
        delegation.moved.push(Moved { from, amount: out, since: self.now, until, slashes });
        self.put_delegation(name, to, delegator, &delegation);
        let parts: [&[u8]; 4] = [name.as_bytes(), &from.get(), &to.get(), &delegator.get()];
        let id = self.leaving_id(b"moved", &parts);
        self.leave(id, delegator, Leaving::Moved { staking: name, to }, rule.token, out, rule.unbonding, slashes)?;
        self.emit(Event::Redelegated { staking: name, from, to, delegator, amount: out, until });
        Ok((out, paid))
    }

    /// A validator and a delegation to it, both settled up to now.
    pub(super) fn open_delegation(
        &mut self,
        name: Name,
        rule: &StakingRule,
        validator: Address,
        delegator: Address,
    ) -> Result<(ValidatorRow, DelegationRow), Refusal> {
        self.close_pools(name)?;
        let mut row = self.validator(name, validator)?;
        self.settle_validator(name, &mut row);
        self.state.put(&(name, validator), &row);
        let none = DelegationRow { shares: Units::ZERO, unbondings: 0, income: Vec::new(), moved: Vec::new() };
        let mut delegation = self.state.get::<DelegationRow>(&(name, validator, delegator)).unwrap_or(none);
        if !delegation.moved.is_empty() {
            self.answer_for_moved(name, rule, validator, delegator, &mut row, &mut delegation)?;
        }
        Ok((row, delegation))
    }

    pub(super) fn put_delegation(&mut self, name: Name, validator: Address, delegator: Address, row: &DelegationRow) {
        let key = (name, validator, delegator);
        if row.shares.is_zero() && row.unbondings == 0 && row.moved.is_empty() {
            self.state.delete::<DelegationRow>(&key);
        } else {
            self.state.put(&key, row);
        }
    }

    fn add_stake(
        &mut self,
        name: Name,
        rule: &StakingRule,
        validator: Address,
        row: &mut ValidatorRow,
        delegation: &mut DelegationRow,
        amount: Units,
    ) -> Result<(), Refusal> {
        let dear = Refusal::OutOfRange { what: Topic::Amount, reason: Limit::GivesNothing };
        let shares = shares_for(amount, row.stake, row.shares).map_err(|_| dear.clone())?;
        if shares.is_zero() {
            return Err(dear);
        }
        let old = row.clone();
        row.stake = row.stake.plus(amount)?;
        row.shares = row.shares.plus(shares)?;
        delegation.shares = delegation.shares.plus(shares)?;
        self.put_validator(name, rule, validator, Some(&old), row)
    }

    /// Takes `amount`, or all, out of a delegation that was paid; gives what came out.
    pub(super) fn take_stake(
        &mut self,
        name: Name,
        rule: &StakingRule,
        validator: Address,
        row: &mut ValidatorRow,
        delegation: &mut DelegationRow,
        amount: Option<Units>,
    ) -> Result<Units, Refusal> {
        let shares = match amount {
            None => delegation.shares,
            Some(amount) => {
                above_zero(amount)?;
                let has = stake_of(delegation.shares, row.stake, row.shares)?;
                if amount > has {
                    return Err(Refusal::Underfunded { token: rule.token, needed: amount, has });
                }
                amount.mul_div(row.shares.get(), row.stake.get(), Rounding::Up)?.min(delegation.shares)
            }
        };
        let out = stake_of(shares, row.stake, row.shares)?;
        let old = row.clone();
        row.stake = row.stake.minus(out)?;
        row.shares = row.shares.minus(shares)?;
        delegation.shares = delegation.shares.minus(shares)?;
        if delegation.shares.is_zero() {
            Self::leave_fractions(row, delegation);
        }
        self.put_validator(name, rule, validator, Some(&old), row)?;
        Ok(out)
    }
}

pub(super) fn above_zero(amount: Units) -> Result<(), Refusal> {
    if amount.is_zero() { Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero }) } else { Ok(()) }
}

fn commission_fits(rule: &StakingRule, commission: Share) -> Result<(), Refusal> {
    if commission < rule.commission_least {
        return Err(Refusal::OutOfRange { what: Topic::Commission, reason: Limit::ShareAtLeast(rule.commission_least) });
    }
    Ok(())
}
