//! Who is bonded: the validators with the most stake.

use super::{RankRow, StakingRow, ValidatorRow, staking};
use crate::{Event, Refusal, params::StakingRule, session::work::Work};
use depin_quantity::{Address, Name, QuantityError, Rounding, Units};

const BONDED: u8 = 0;
const WAITING: u8 = 1;

/// What `shares` of a validator are worth: `floor(shares * stake / all)`, the whole stake for all of them.
///
/// - Units: base units.
/// - Rounding: down; what is left over stays with the other delegators, and goes with the last one.
/// - Source: cosmos-sdk `x/staking/types/validator.go`, tokens from shares, remove delegator shares.
pub fn stake_of(shares: Units, stake: Units, all: Units) -> Result<Units, QuantityError> {
    if shares == all { Ok(stake) } else { stake.mul_div(shares.get(), all.get(), Rounding::Down) }
}

/// Shares that `amount` buys: as many when there are none yet, else `floor(amount * all / stake)`.
///
/// - Source: cosmos-sdk `x/staking/types/validator.go`, shares from tokens.
/// - Errors: division by zero for a validator whose whole stake was slashed: its shares have no price.
pub fn shares_for(amount: Units, stake: Units, all: Units) -> Result<Units, QuantityError> {
    if all.is_zero() { Ok(amount) } else { amount.mul_div(all.get(), stake.get(), Rounding::Down) }
}

type RankKey = (Name, u8, u128, [u8; 32]);

/// More stake ranks higher; of equals, the lower address.
fn rank(name: Name, bonded: bool, stake: Units, validator: Address) -> RankKey {
    let address = validator.get();
    if bonded { (name, BONDED, stake.get(), address.map(|b| !b)) } else { (name, WAITING, !stake.get(), address) }
}

const fn ranked(row: &ValidatorRow) -> bool {
    row.jailed_until.is_none() && !row.tombstoned && !row.stake.is_zero()
}

impl Work<'_> {
    /// Writes a validator that is settled with a new stake, or newly jailed or freed, and bonds whom that makes strong enough.
    /// `old` is what was stored.
    pub(super) fn put_validator(
        &mut self,
        name: Name,
        rule: &StakingRule,
        validator: Address,
        old: Option<&ValidatorRow>,
        row: &mut ValidatorRow,
    ) -> Result<(), Refusal> {
        let mut sums = staking(self.state.as_read(), name);
        if let Some(old) = old.filter(|old| ranked(old)) {
            self.state.delete::<RankRow>(&rank(name, old.bonded, old.stake, validator));
            if old.bonded {
                sums.bonded = sums.bonded.minus(old.stake)?;
                sums.validators -= 1;
            }
        }
        row.bonded = row.bonded && ranked(row);
        if ranked(row) {
            self.state.put(&rank(name, row.bonded, row.stake, validator), &RankRow {});
            if row.bonded {
                sums.bonded = sums.bonded.plus(row.stake)?;
                sums.validators += 1;
            }
        }
        self.state.put(&name, &sums);
        self.state.put(&(name, validator), row);
        self.bond_the_strongest(name, rule)?;
        *row = self.validator(name, validator)?;
        let (stake, commission, bonded) = (row.stake, row.commission, row.bonded);
        let jailed_until = row.jailed_until;
        self.emit(Event::ValidatorChanged { staking: name, validator, stake, commission, bonded, jailed_until });
        Ok(())
    }

    /// At most one comes in and one goes out for each change of stake; a freed place takes one more.
    fn bond_the_strongest(&mut self, name: Name, rule: &StakingRule) -> Result<(), Refusal> {
        loop {
            let first = |group: u8| {
                let found = self.state.first_from::<RankRow>(&(name, group, 0, [0; 32]));
                found.map(|(key, _)| key).filter(|key| key.0 == name && key.1 == group)
            };
            let Some(strongest) = first(WAITING) else { return Ok(()) };
            let candidate = Address::new(strongest.3);
            let sums = staking(self.state.as_read(), name);
            if sums.validators >= rule.validators_most {
                let weakest = first(BONDED).expect("a full set has a weakest");
                if (weakest.2, weakest.3) >= (!strongest.2, strongest.3.map(|b| !b)) {
                    return Ok(());
                }
                self.change_bonded(name, Address::new(weakest.3.map(|b| !b)), false, sums)?;
            }
            let sums = staking(self.state.as_read(), name);
            self.change_bonded(name, candidate, true, sums)?;
        }
    }

    fn change_bonded(&mut self, name: Name, validator: Address, bonded: bool, mut sums: StakingRow) -> Result<(), Refusal> {
        let mut row = self.validator(name, validator)?;
        self.settle_validator(name, &mut row);
        self.state.delete::<RankRow>(&rank(name, row.bonded, row.stake, validator));
        row.bonded = bonded;
        self.state.put(&rank(name, bonded, row.stake, validator), &RankRow {});
        if bonded {
            (sums.bonded, sums.validators) = (sums.bonded.plus(row.stake)?, sums.validators + 1);
            (row.since, row.since_block) = (self.now, sums.blocks);
        } else {
            (sums.bonded, sums.validators) = (sums.bonded.minus(row.stake)?, sums.validators - 1);
        }
        self.state.put(&name, &sums);
        self.state.put(&(name, validator), &row);
        self.emit(Event::ValidatorChanged {
            staking: name,
            validator,
            stake: row.stake,
            commission: row.commission,
            bonded,
            jailed_until: row.jailed_until,
        });
        Ok(())
    }
}
