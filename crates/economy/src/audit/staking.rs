//! Delegated stake, what leaves, what a fault took, bridged tokens.

use super::{Auditor, Violation, wide};
use crate::{
    Account, Method,
    book::bridge::{BridgeRow, DepositRow},
    collateral::slash::HeldRow,
    staking::{DelegationRow, Leaving, LeavingOfRow, LeavingRow, RankRow, StakePoolRow, StakingRow, ValidatorRow},
    time::rows::DueRow,
};
use depin_quantity::{Address, Name, UnitId};
use ruint::aliases::U256;
use std::collections::{BTreeMap, BTreeSet};

const LEAVING: u8 = 30;
const APPEAL: u8 = 31;

type Validators = BTreeMap<(Name, Address), ValidatorRow>;

impl Auditor<'_> {
    pub(super) fn check_staking(&mut self) {
        let validators: Validators = self.state.rows::<ValidatorRow>().collect();
        self.check_stake(&validators);
        self.check_bonded(&validators);
        self.check_delegations(&validators);
        self.check_staked_pools(&validators);
        self.check_leaving();
        self.check_slashed();
        self.check_bridges();
    }

    /// A staking's account holds the stake of all its validators.
    fn check_stake(&mut self, validators: &Validators) {
        let mut says: BTreeMap<(Account, Name), U256> = BTreeMap::new();
        for ((name, _), row) in validators {
            match self.spec.staking(*name) {
                Some(rule) => *says.entry((Account::Stake(*name), rule.token)).or_default() += wide(row.stake),
                None => self.violated(Violation::Dangling {
                    what: format!("a validator of staking {name}, which the network does not have"),
                }),
            }
        }
        says.retain(|_, sum| !sum.is_zero());
        self.expect_accounts("its validators' stake", &says, |a| matches!(a, Account::Stake(_)));
    }

    /// The bonded are the strongest of those that are free to sign; their stake is the staking's sum.
    fn check_bonded(&mut self, validators: &Validators) {
        let mut ranks: BTreeSet<(Name, bool, u128, Address)> = BTreeSet::new();
        for ((name, group, order, bytes), _) in self.state.rows::<RankRow>() {
            let bonded = group == 0;
            let (stake, address) = if bonded { (order, bytes.map(|b| !b)) } else { (!order, bytes) };
            ranks.insert((name, bonded, stake, Address::new(address)));
        }
        let mut sums: BTreeMap<Name, (U256, u64)> = BTreeMap::new();
        let mut edge: BTreeMap<Name, (Option<u128>, Option<u128>)> = BTreeMap::new();
        for ((name, validator), row) in validators {
            let free = row.jailed_until.is_none() && !row.tombstoned && !row.stake.is_zero();
            if ranks.remove(&(*name, row.bonded, row.stake.get(), *validator)) != free || (row.bonded && !free) {
                self.violated(Violation::Dangling {
                    what: format!("validator {validator} of {name} is not ranked as it stands"),
                });
            }
            if !free {
                continue;
            }
            let (weakest, strongest) = edge.entry(*name).or_default();
            if row.bonded {
                let (sum, count) = sums.entry(*name).or_default();
                (*sum, *count) = (*sum + wide(row.stake), *count + 1);
                *weakest = Some(weakest.unwrap_or(u128::MAX).min(row.stake.get()));
            } else {
                *strongest = Some(strongest.unwrap_or(0).max(row.stake.get()));
            }
        }
        for (name, _, _, validator) in ranks {
            self.violated(Violation::Dangling { what: format!("{validator} is ranked in {name} and does not stand so") });
        }
        let stakings: Vec<(Name, StakingRow)> = self.state.rows::<StakingRow>().collect();
        for (name, row) in stakings {
            let (sum, count) = sums.remove(&name).unwrap_or_default();
            self.expect(format!("staking {name}: bonded"), sum, wide(row.bonded));
            self.expect(format!("staking {name}: bonded validators"), U256::from(count), U256::from(row.validators));
            let most = self.spec.staking(name).map_or(u64::MAX, |rule| rule.validators_most);
            let (weakest, strongest) = edge.get(&name).copied().unwrap_or_default();
            if count > most || (strongest.is_some() && count < most) || strongest > weakest.or(strongest) {
                self.violated(Violation::Dangling { what: format!("staking {name}: the bonded are not the strongest") });
            }
        }
        for name in sums.into_keys() {
            self.violated(Violation::Dangling { what: format!("staking {name} has bonded validators and no sums") });
        }
    }

    /// Shares of delegations sum to their validator's, and unbondings in progress are counted.
    fn check_delegations(&mut self, validators: &Validators) {
        let mut shares: BTreeMap<(Name, Address), U256> = BTreeMap::new();
        let mut unbondings: BTreeMap<(Name, Address, Address), u64> = BTreeMap::new();
        for (_, row) in self.state.rows::<LeavingRow>() {
            if let Leaving::Stake { staking, validator } = row.what {
                *unbondings.entry((staking, validator, row.owner)).or_default() += 1;
            }
        }
        for ((name, validator, delegator), row) in self.state.rows::<DelegationRow>() {
            *shares.entry((name, validator)).or_default() += wide(row.shares);
            let count = unbondings.remove(&(name, validator, delegator)).unwrap_or(0);
            self.expect(format!("unbondings of {delegator} from {validator}"), U256::from(count), U256::from(row.unbondings));
        }
        for ((_, validator, delegator), _) in unbondings {
            self.violated(Violation::Dangling { what: format!("{delegator} unbonds from {validator} without a delegation") });
        }
        for ((name, validator), row) in validators {
            let sum = shares.remove(&(*name, *validator)).unwrap_or_default();
            self.expect(format!("shares of {validator} in {name}"), sum, wide(row.shares));
        }
        for ((name, validator), _) in shares {
            self.violated(Violation::Dangling { what: format!("delegations to {validator} of {name}, who is no validator") });
        }
    }

    /// `balance * 2^96 = carry_over + sum over validators of (bonded stake * growth + open + commission + delegations' parts)`.
    fn check_staked_pools(&mut self, validators: &Validators) {
        let pools: Vec<(Name, Name, Name)> = self
            .spec
            .pools()
            .iter()
            .filter_map(|(name, rule)| match rule.method {
                Method::Staked(staking) => Some((*name, rule.token, staking)),
                _ => None,
            })
            .collect();
        let one: U256 = U256::from(1) << 96;
        for (pool, token, staking) in pools {
            let row = self.state.get::<StakePoolRow>(&pool);
            let (per_stake, mut owned) = row.map_or((U256::ZERO, U256::ZERO), |row| (row.per_stake.0, row.carry_over.0));
            for ((_, validator), row) in validators.iter().filter(|((name, _), _)| *name == staking) {
                let income = row.income.iter().find(|income| income.pool == pool);
                let settled = income.map_or(U256::ZERO, |income| income.settled.0);
                if row.bonded {
                    owned += wide(row.stake) * (per_stake - settled);
                }
                let Some(income) = income else { continue };
                owned += income.open.0 + income.commission.0;
                let delegations: Vec<DelegationRow> =
                    self.state.rows_with::<DelegationRow>(&(staking, *validator)).map(|(_, row)| row).collect();
                for delegation in delegations {
                    let place = delegation.income.iter().find(|settled| settled.pool == pool);
                    let (from, fraction) = place.map_or((U256::ZERO, 0), |place| (place.per_share.0, place.fraction));
                    if from > income.per_share.0 {
                        self.violated(Violation::Dangling {
                            what: format!("pool {pool}: a delegation to {validator} is settled past it"),
                        });
                        continue;
                    }
                    owned += wide(delegation.shares) * (income.per_share.0 - from) + U256::from(fraction);
                }
            }
            self.expect(format!("pool {pool}: balance in 2^-96 base units"), owned, self.holds(Account::Pool(pool), token) * one);
        }
    }

    /// Unbonding accounts hold what leaves; each of it is on the list of what is due and in its owner's list.
    fn check_leaving(&mut self) {
        let mut listed = self.listed(LEAVING);
        let mut of: BTreeSet<(Address, UnitId)> = self.state.rows::<LeavingOfRow>().map(|(key, _)| key).collect();
        let mut says: BTreeMap<(Account, Name), U256> = BTreeMap::new();
        for (id, row) in self.state.rows::<LeavingRow>() {
            if !listed.remove(&(row.until.get(), id)) || !of.remove(&(row.owner, id)) {
                self.violated(Violation::Dangling { what: format!("what leaves as {id} is due for nobody") });
            }
            let name = match row.what {
                Leaving::Stake { staking, .. } => staking,
                Leaving::Pledge { kind, .. } => kind,
                Leaving::Moved { .. } => continue,
            };
            *says.entry((Account::Unbonding(name), row.token)).or_default() += wide(row.amount);
        }
        says.retain(|_, sum| !sum.is_zero());
        for (at, id) in listed {
            self.violated(Violation::Dangling { what: format!("{id} is due at {at} and does not leave") });
        }
        for (owner, id) in of {
            self.violated(Violation::Dangling { what: format!("{id} of {owner} does not leave") });
        }
        self.expect_accounts("what leaves", &says, |a| matches!(a, Account::Unbonding(_)));
    }

    fn check_slashed(&mut self) {
        let mut listed = self.listed(APPEAL);
        let mut says: BTreeMap<(Account, Name), U256> = BTreeMap::new();
        for (id, row) in self.state.rows::<HeldRow>() {
            if !listed.remove(&(row.until.get(), id)) {
                self.violated(Violation::Dangling { what: format!("slash {id} is not on the list of what is due") });
            }
            says.insert((Account::Slashed(id), row.token), wide(row.pledged) + wide(row.accrued));
        }
        says.retain(|_, sum| !sum.is_zero());
        for (at, id) in listed {
            self.violated(Violation::Dangling { what: format!("appeal of {id} at {at} is due for no slash") });
        }
        self.expect_accounts("what a fault took", &says, |a| matches!(a, Account::Slashed(_)));
    }

    fn listed(&self, tag: u8) -> BTreeSet<(u64, UnitId)> {
        self.state.rows::<DueRow>().filter(|((_, t, _), _)| *t == tag).map(|((at, _, id), _)| (at.get(), id)).collect()
    }

    /// What was minted over a bridge is the sum of its deposits.
    fn check_bridges(&mut self) {
        let mut sums: BTreeMap<Name, U256> = BTreeMap::new();
        for ((token, _), row) in self.state.rows::<DepositRow>() {
            *sums.entry(token).or_default() += wide(row.amount);
        }
        for (token, row) in self.state.rows::<BridgeRow>() {
            self.expect(format!("{token}: deposits"), sums.remove(&token).unwrap_or_default(), wide(row.deposited));
        }
        for (token, _) in sums {
            self.violated(Violation::Dangling { what: format!("deposits of {token}, which has no bridge") });
        }
    }

    /// Minted over a bridge.
    pub(super) fn bridged(&self, token: Name) -> U256 {
        self.state.get::<BridgeRow>(&token).map_or(U256::ZERO, |row| wide(row.deposited))
    }
}
