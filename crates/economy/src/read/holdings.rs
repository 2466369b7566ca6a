//! Reads of stake, locks, funds and what leaves.

use crate::{
    Component, LockRow, Reads, Refusal, Subject, Topic,
    book::bridge::BridgeRow,
    collateral::{
        pledge::{pledge_amount, pledge_basis},
        rows::PledgeRow,
        slash::HeldRow,
    },
    market::treasury::{self, outflow, outflow_most, redemption_now},
    reward::wide::Wide,
    session::work::declared,
    staking::{
        self, DelegationRow, LeavingOfRow, LeavingRow, StakePoolRow, StakingRow, ValidatorRow, delegation_accrued, stake_of,
    },
    vote_lock::{self, LockOfRow, full_weight, lock_weight},
};
use depin_quantity::{Address, Instant, Measured, Name, Share, Span, UnitId, Units};
use ruint::aliases::U256;
use serde::Serialize;

/// A validator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValidatorNow {
    /// Its operator.
    pub operator: Address,
    /// What is delegated to it.
    pub stake: Units,
    /// Shares of all its delegators.
    pub shares: Units,
    /// Its part of what they earn.
    pub commission: Share,
    /// Whether it earns.
    pub bonded: bool,
    /// Until when it is jailed, if it is.
    pub jailed_until: Option<Instant>,
    /// Whether it signed twice and is out for good.
    pub tombstoned: bool,
    /// Blocks missed lately.
    pub missed: u64,
    /// Commission not claimed, by token.
    pub commission_owed: Vec<(Name, Units)>,
}

/// A delegation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DelegationNow {
    /// To whom.
    pub validator: Address,
    /// What it is worth now, before slashes of validators that it came from.
    pub stake: Units,
    /// Shares.
    pub shares: Units,
    /// Accrued and not paid, by token.
    pub accrued: Vec<(Name, Units)>,
    /// How much of it still answers for other validators' faults, and until when.
    pub moved: Vec<(Address, Units, Instant)>,
}

/// How much of a token is bonded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BondedNow {
    /// Stake of bonded validators.
    pub bonded: Units,
    /// All that exists of the token.
    pub supply: Units,
    /// Bonded validators.
    pub validators: u64,
}

/// A vote-escrow lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LockNow {
    /// The lock.
    pub row: LockRow,
    /// What it weighs now.
    pub weight: Units,
    /// When it ends; `None` while it does not run down.
    pub ends: Option<Instant>,
    /// Whether it can be emptied.
    pub over: bool,
}

/// A fund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TreasuryNow {
    /// Its name.
    pub name: Name,
    /// Its name for people.
    pub title: String,
    /// What it holds, by token.
    pub holds: Vec<(Name, Units)>,
    /// Whether redemption is stopped.
    pub frozen: bool,
    /// By token: what went out lately, and the most that may have.
    pub outflows: Vec<(Name, Units, Units)>,
}

/// What a redemption would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RedemptionQuote {
    /// What would be paid.
    pub paid: Units,
    /// Of this token.
    pub token: Name,
    /// The most that the breaker lets out now; `None` without one.
    pub most: Option<Units>,
    /// Whether redemption is stopped.
    pub frozen: bool,
}

impl Reads<'_> {
    /// How much of a staking's token is bonded; the ratio is an inflation's business, which knows its rounding.
    pub fn bonded(&self, name: Name) -> Option<BondedNow> {
        let rule = self.spec.staking(name)?;
        let StakingRow { bonded, validators, .. } = staking::staking(self.state, name);
        let sums = crate::book::supply(self.state, rule.token);
        Some(BondedNow { bonded, supply: sums.minted.minus_or_zero(sums.burned), validators })
    }

    /// A validator.
    pub fn validator(&self, name: Name, operator: Address) -> Option<ValidatorNow> {
        Some(self.validator_now(operator, self.state.get(&(name, operator))?))
    }

    /// Validators of a staking by address, at most `most` after `after`.
    pub fn validators(&self, name: Name, after: Option<Address>, most: usize) -> Vec<ValidatorNow> {
        let mut all = Vec::new();
        let mut next = match after {
            Some(after) => self.state.next_after::<ValidatorRow>(&(name, after)),
            None => self.state.first_from::<ValidatorRow>(&(name, Address::new([0; 32]))),
        };
        while let Some(((staking, operator), row)) = next.filter(|((staking, _), _)| *staking == name) {
            if all.len() == most {
                break;
            }
            all.push(self.validator_now(operator, row));
            next = self.state.next_after::<ValidatorRow>(&(staking, operator));
        }
        all
    }

    /// What a validator is owed of each pool since it was settled, and its delegators' income per share, as of now.
    fn income_now(&self, row: &ValidatorRow) -> Vec<(Name, Name, Wide, Wide)> {
        let weight = if row.bonded { row.stake } else { Units::ZERO };
        row.income
            .iter()
            .map(|income| {
                let pool = self.state.get::<StakePoolRow>(&income.pool).map_or(income.settled, |pool| pool.per_stake);
                let part = U256::from(weight.get()) * (pool.0 - income.settled.0);
                let commission = part * U256::from(row.commission.get()) / U256::from(Share::WHOLE.get());
                let shares = U256::from(row.shares.get().max(1));
                let per_share = income.per_share.0 + (part - commission + income.open.0) / shares;
                (income.pool, income.token, Wide(income.commission.0 + commission), Wide(per_share))
            })
            .collect()
    }

    fn validator_now(&self, operator: Address, row: ValidatorRow) -> ValidatorNow {
        let mut owed = Vec::new();
        for (_, token, commission, _) in self.income_now(&row) {
            add(&mut owed, token, Units::new(u128::try_from(commission.split().0).unwrap_or(u128::MAX)));
        }
        ValidatorNow {
            operator,
            stake: row.stake,
            shares: row.shares,
            commission: row.commission,
            bonded: row.bonded,
            jailed_until: row.jailed_until,
            tombstoned: row.tombstoned,
            missed: row.missed,
            commission_owed: owed,
        }
    }

    /// A delegation, with what it accrued up to the last closed period.
    pub fn delegation(&self, name: Name, validator: Address, delegator: Address) -> Option<DelegationNow> {
        let row = self.state.get::<DelegationRow>(&(name, validator, delegator))?;
        let of = self.state.get::<ValidatorRow>(&(name, validator))?;
        let mut accrued = Vec::new();
        for (pool, token, _, per_share) in self.income_now(&of) {
            let place = row.income.iter().find(|settled| settled.pool == pool);
            let (from, fraction) = place.map_or((Wide(U256::ZERO), 0), |place| (place.per_share, place.fraction));
            add(&mut accrued, token, delegation_accrued(row.shares, per_share, from, fraction).0);
        }
        let moved = row.moved.iter().map(|moved| (moved.from, moved.amount, moved.until)).collect();
        let stake = if of.shares.is_zero() { Units::ZERO } else { stake_of(row.shares, of.stake, of.shares).ok()? };
        Some(DelegationNow { validator, stake, shares: row.shares, accrued, moved })
    }

    /// What of a party leaves, by id, at most [`crate::CLAIM_UNITS_MAX`].
    pub fn leaving(&self, party: Address) -> Vec<(UnitId, LeavingRow)> {
        let ids = self.state.rows_with::<LeavingOfRow>(&party).take(crate::CLAIM_UNITS_MAX);
        ids.filter_map(|((_, id), _)| Some((id, self.state.get(&id)?))).collect()
    }

    /// A lock.
    pub fn lock(&self, id: UnitId) -> Option<LockNow> {
        let row = self.state.get::<LockRow>(&id)?;
        let rule = self.spec.lock(row.lock)?;
        let now = vote_lock::seconds(self.now);
        let weight = row.weight(rule, now).ok()?;
        let ends = row.ends.map(|ends| Instant::new(ends.saturating_mul(1_000)));
        let over = row.ends.is_some_and(|ends| ends <= now) && !row.amount.is_zero();
        Some(LockNow { row, weight, ends, over })
    }

    /// A party's locks by id, at most [`crate::CLAIM_UNITS_MAX`].
    pub fn locks(&self, party: Address) -> Vec<(UnitId, LockNow)> {
        let ids = self.state.rows_with::<LockOfRow>(&party).take(crate::CLAIM_UNITS_MAX);
        ids.filter_map(|((_, id), _)| Some((id, self.lock(id)?))).collect()
    }

    /// Weight at the start of the present period of all locks of a kind that are delegated to `scope` (`None`: to nothing), rounded
    /// down.
    pub fn lock_weight(&self, lock: Name, scope: Option<Name>) -> Option<Measured> {
        let rule = self.spec.lock(lock)?;
        let sum =
            vote_lock::lock_sum(self.state, lock, (rule.clock, self.spec.clock(rule.clock)?), scope, self.period(rule.clock)?)?;
        Some(Measured::new(u128::try_from(sum / U256::from(rule.longest.get() / 1_000)).ok()?))
    }

    /// What `amount` would weigh, locked now for `length`, without any bonus.
    ///
    /// # Errors
    /// Unknown kind; amounts past 128 bits.
    pub fn quote_lock(&self, lock: Name, amount: Units, length: Span) -> Result<Units, Refusal> {
        let rule = declared(self.spec.lock(lock), Topic::LockKind, lock)?;
        let full = full_weight(amount, rule.most_times)?;
        Ok(lock_weight(full, length.get() / 1_000, rule.longest.get() / 1_000, 1)?)
    }

    /// A fund.
    pub fn treasury(&self, name: Name) -> Option<TreasuryNow> {
        let rule = self.spec.treasury(name)?;
        let tokens = self.spec.tokens().keys().map(|token| (*token, self.balance(crate::Account::Treasury(name), *token)));
        let holds: Vec<(Name, Units)> = tokens.filter(|(_, held)| !held.is_zero()).collect();
        let mut outflows = Vec::new();
        if let Some(breaker) = &rule.breaker {
            for (token, held) in &holds {
                if let Some(most) = outflow_most(breaker, *token, *held).ok()? {
                    outflows.push((*token, outflow(self.state, name, *token, breaker, self.now).ok()?, most));
                }
            }
        }
        let frozen = treasury::frozen(self.state, name, rule, self.now);
        Some(TreasuryNow { name, title: rule.title.clone(), holds, frozen, outflows })
    }

    /// What burning `burned` would pay now.
    ///
    /// # Errors
    /// Unknown fund, or one that redeems nothing; more than the supply.
    pub fn quote_redemption(&self, treasury: Name, burned: Units) -> Result<RedemptionQuote, Refusal> {
        let rule = declared(self.spec.treasury(treasury), Topic::Treasury, treasury)?;
        let paid = redemption_now(self.state, treasury, &rule, burned)?;
        let token = rule.redeem.ok_or(Refusal::Unbound { what: Topic::Treasury, name: treasury })?.pays;
        let held = self.balance(crate::Account::Treasury(treasury), token);
        let most = match &rule.breaker {
            Some(breaker) => outflow_most(breaker, token, held)?
                .map(|most| Ok::<_, Refusal>(most.minus_or_zero(outflow(self.state, treasury, token, breaker, self.now)?)))
                .transpose()?,
            None => None,
        };
        Ok(RedemptionQuote { paid, token, most, frozen: treasury::frozen(self.state, treasury, &rule, self.now) })
    }

    /// What a fault took and an appeal can give back.
    pub fn held(&self, slash: UnitId) -> Option<HeldRow> {
        self.state.get(&slash)
    }

    /// What came over a token's bridge, and what left over it.
    pub fn bridged(&self, token: Name) -> Option<(Units, Units)> {
        self.state.get::<BridgeRow>(&token).map(|row| (row.deposited, row.withdrawn))
    }

    /// Whether a unit's pledge is all that its basis asks for: what makes it eligible.
    ///
    /// # Errors
    /// No pledge, or one that is too small, with what it lacks.
    pub fn pledged_enough(&self, subject: Subject, kind: Name, basis: Component) -> Result<(), Refusal> {
        let rule = declared(self.spec.pledge(kind), Topic::PledgeKind, kind)?;
        let needed = pledge_amount(&rule, pledge_basis(self.spec, kind, basis)?)?;
        let row = self.state.get::<PledgeRow>(&(subject.owner(), subject.unit(), kind));
        let has = row.ok_or(Refusal::Unknown { what: Topic::Pledge })?.amount;
        if has < needed { Err(Refusal::Underfunded { token: rule.token, needed, has }) } else { Ok(()) }
    }
}

fn add(all: &mut Vec<(Name, Units)>, token: Name, amount: Units) {
    if amount.is_zero() {
        return;
    }
    match all.iter_mut().find(|(of, _)| *of == token) {
        Some((_, sum)) => *sum = Units::new(sum.get().saturating_add(amount.get())),
        None => all.push((token, amount)),
    }
}
