//! Delegated stake and vote locks of the groups that the scenario names.

use super::{Party, World, address, id_of};
use depin_economy::Action;
use depin_quantity::{Address, Name, Share, Span, UnitId, Units};

/// Where groups of stakers put their tokens.
#[derive(Clone, Debug, Default)]
pub struct Stakes {
    /// A place for each group.
    pub places: Vec<Place>,
}

/// Where one group puts its tokens.
#[derive(Clone, Debug)]
pub struct Place {
    /// The group's account.
    pub who: Address,
    locks: Vec<UnitId>,
}

/// A kind of staking or lock of the main token that the rules in force offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Delegated stake, with the least commission of a validator.
    Staking(Name, Share),
    /// Locks, with the longest time and what they can be delegated to.
    Lock(Name, Span, Vec<Option<Name>>),
}

impl Stakes {
    /// Places for so many groups.
    pub fn of(groups: usize) -> Self {
        let place = |n: usize| Place { who: address(Party::Staker(u32::try_from(n).unwrap_or(u32::MAX))), locks: Vec::new() };
        Self { places: (0..groups).map(place).collect() }
    }
}

impl World {
    /// What the rules in force offer to holders of the main token; nothing where stake earns nothing.
    pub fn offer(&self) -> Option<Offer> {
        let spec = self.spec();
        let staking = spec.stakings().iter().find(|(_, rule)| rule.token == self.main);
        if let Some((name, rule)) = staking {
            return Some(Offer::Staking(*name, rule.commission_least));
        }
        let (name, rule) = spec.locks().iter().find(|(_, rule)| rule.token == self.main)?;
        let scopes = if rule.scopes.is_empty() { vec![None] } else { rule.scopes.iter().copied().map(Some).collect() };
        Some(Offer::Lock(*name, rule.longest, scopes))
    }

    /// Stake of one group, in base units.
    pub fn stake_of(&self, group: usize) -> u128 {
        let Some(place) = self.stakes.places.get(group) else { return 0 };
        match self.offer() {
            Some(Offer::Staking(staking, _)) => {
                self.reads().delegation(staking, place.who, place.who).map_or(0, |delegation| delegation.stake.get())
            }
            Some(Offer::Lock(..)) => {
                place.locks.iter().filter_map(|id| self.reads().lock(*id)).map(|lock| lock.row.amount.get()).sum()
            }
            None => 0,
        }
    }

    /// Stakes more of what a group holds; gives how much.
    pub fn stake(&mut self, group: usize, amount: u128) -> u128 {
        let Some(who) = self.stakes.places.get(group).map(|place| place.who) else { return 0 };
        let amount = amount.min(self.held(who));
        match self.offer() {
            Some(Offer::Staking(staking, least)) if amount > 0 => {
                let stake = Units::new(amount);
                let action = if self.reads().validator(staking, who).is_some() {
                    Action::Delegate { staking, validator: who, amount: stake }
                } else {
                    Action::CreateValidator { staking, commission: least, stake }
                };
                if self.act(who, &action).is_ok() { amount } else { 0 }
            }
            Some(Offer::Lock(lock, longest, scopes)) => self.lock(group, (lock, longest), &scopes, amount),
            _ => 0,
        }
    }

    /// Locks for the longest time, evenly over what locks can be delegated to.
    fn lock(&mut self, group: usize, (lock, longest): (Name, Span), scopes: &[Option<Name>], amount: u128) -> u128 {
        let each = amount / scopes.len().max(1) as u128;
        let who = self.stakes.places[group].who;
        let least = self.spec().lock(lock).map_or(1, |rule| rule.least.get());
        if each < least {
            return 0;
        }
        let mut locked = 0;
        for (at, scope) in scopes.iter().enumerate() {
            let amount = Units::new(each);
            let known = self.stakes.places[group].locks.get(at).copied();
            let action = match known {
                Some(id) => Action::AddToLock { id, amount },
                None => {
                    Action::Lock { lock, id: id_of(who, 3, at as u64), amount, length: longest, constant: true, scope: *scope }
                }
            };
            if self.act(who, &action).is_ok() {
                locked += each;
                if known.is_none() {
                    self.stakes.places[group].locks.push(id_of(who, 3, at as u64));
                }
            }
        }
        locked
    }

    /// Begins to take stake back; locks for a fixed time cannot be. Gives how much leaves.
    pub fn unstake(&mut self, group: usize, amount: u128) -> u128 {
        let Some(who) = self.stakes.places.get(group).map(|place| place.who) else { return 0 };
        let Some(Offer::Staking(staking, _)) = self.offer() else { return 0 };
        let amount = amount.min(self.stake_of(group));
        if amount == 0 {
            return 0;
        }
        let action = Action::Undelegate { staking, validator: who, amount: Some(Units::new(amount)) };
        if self.act(who, &action).is_ok() { amount } else { 0 }
    }

    /// Pays what a group's stake accrued into its wallet.
    pub fn claim_stake(&mut self, group: usize) {
        let Some(Place { who, locks }) = self.stakes.places.get(group).cloned() else { return };
        match self.offer() {
            Some(Offer::Staking(staking, _)) if self.reads().validator(staking, who).is_some() => {
                let _ = self.act(who, &Action::ClaimStake { staking, validator: who });
                let _ = self.act(who, &Action::ClaimCommission { staking });
            }
            Some(Offer::Lock(..)) => {
                for id in locks {
                    let _ = self.act(who, &Action::ClaimLock { id });
                }
            }
            _ => {}
        }
    }
}
