//! Who signed, who missed, who signed twice.
//!
//! In: reports of the chain as a service. Out: jail, and slashes of a validator with all who delegate to it.

use super::{MissedRow, SlashRow, ValidatorRow, staking};
use crate::{
    Accepted, Account, Answer, CommitteeRecord, Event, Limit, Notice, Reason, Refusal, Topic,
    params::{Liveness, StakingRule},
    session::work::Work,
};
use depin_quantity::{Address, Instant, Name, Rounding, Share, Units};

/// Bits in one piece of a ring.
const PIECE: u64 = 1_024;

/// Least number of blocks of the window that a validator signs: `window * share`, halves to the even neighbour.
///
/// - Source: cosmos-sdk `x/slashing/keeper/params.go`, min signed per window (banker's rounding).
pub fn signed_least(rule: &Liveness) -> u64 {
    let whole = u128::from(Share::WHOLE.get());
    let product = u128::from(rule.window) * u128::from(rule.signed_least.get());
    let (floor, rest) = (product / whole, product % whole);
    let up = rest * 2 > whole || (rest * 2 == whole && floor % 2 == 1);
    u64::try_from(floor + u128::from(up)).expect("a share of a window is no more than the window")
}

impl Work<'_> {
    pub fn committee(&mut self, record: &CommitteeRecord) -> Answer {
        match record {
            CommitteeRecord::Signed { staking, at, signed, missed } => self.block_signed(*staking, *at, signed, missed),
            CommitteeRecord::SignedTwice { staking, validator, at } => self.signed_twice(*staking, *validator, *at),
        }
    }

    /// Counts one block. Validators that are not bonded, or that the staking does not know, are passed over.
    fn block_signed(&mut self, name: Name, at: Instant, signed: &[Address], missed: &[Address]) -> Answer {
        let rule = self.staking_rule(name)?;
        let most = usize::try_from(rule.validators_most).unwrap_or(usize::MAX);
        if signed.len() + missed.len() > most {
            return Err(Refusal::OutOfRange {
                what: Topic::Record,
                reason: Limit::AtMost(Units::new(rule.validators_most.into())),
            });
        }
        let mut sums = staking(self.state.as_read(), name);
        sums.blocks += 1;
        self.state.put(&name, &sums);
        let Some(liveness) = rule.liveness else { return Ok(Accepted::NOTHING) };
        let mut taken = Units::ZERO;
        for (validator, missing) in signed.iter().map(|v| (v, false)).chain(missed.iter().map(|v| (v, true))) {
            taken = taken.plus(self.count_signature(name, &rule, &liveness, *validator, (at, missing))?)?;
        }
        Ok(Accepted::moved(rule.token, taken))
    }

    /// One bit of the ring: the count of missed ones follows it. Too many missed: jailed and slashed, and the ring begins anew.
    ///
    /// Jailed when `blocks > since + window` and `missed > window - signed_least`. A report that comes late may be of a block from
    /// before the validator was bonded, or was bonded again: it counts for nothing, and the window begins after it.
    ///
    /// - Source: cosmos-sdk `x/slashing/keeper/infractions.go`, handle validator signature.
    fn count_signature(
        &mut self,
        name: Name,
        rule: &StakingRule,
        liveness: &Liveness,
        validator: Address,
        (at, missing): (Instant, bool),
    ) -> Result<Units, Refusal> {
        let Some(mut row) = self.state.get::<ValidatorRow>(&(name, validator)).filter(|row| row.bonded) else {
            return Ok(Units::ZERO);
        };
        let blocks = staking(self.state.as_read(), name).blocks;
        if at <= row.since {
            row.since_block = blocks;
            self.state.put(&(name, validator), &row);
            return Ok(Units::ZERO);
        }
        let place = row.seen % liveness.window;
        row.seen += 1;
        if self.swap_missed(name, validator, place, missing) != missing {
            row.missed = if missing { row.missed + 1 } else { row.missed.saturating_sub(1) };
        }
        self.state.put(&(name, validator), &row);
        let missed_most = liveness.window - signed_least(liveness);
        if blocks <= row.since_block.saturating_add(liveness.window) || row.missed <= missed_most {
            return Ok(Units::ZERO);
        }
        self.forget_missed(name, validator, liveness.window);
        let until = self.now.later(liveness.jail);
        self.slash_validator(name, rule, validator, rule.downtime, self.now, until, false)
    }

    /// Sets a bit of the ring and gives what it was.
    fn swap_missed(&mut self, name: Name, validator: Address, place: u64, missing: bool) -> bool {
        let key = (name, validator, u32::try_from(place / PIECE).expect("a window has at most a million blocks"));
        let (byte, bit) = ((place % PIECE / 8) as usize, 1u8 << (place % 8));
        let row = self.state.get::<MissedRow>(&key);
        let before = row.as_ref().is_some_and(|row| row.bits[byte] & bit != 0);
        if before != missing {
            let mut row = row.unwrap_or_else(|| MissedRow { bits: vec![0; (PIECE / 8) as usize] });
            row.bits[byte] ^= bit;
            if row.bits.iter().all(|b| *b == 0) {
                self.state.delete::<MissedRow>(&key);
            } else {
                self.state.put(&key, &row);
            }
        }
        before
    }

    fn forget_missed(&mut self, name: Name, validator: Address, window: u64) {
        for piece in 0..window.div_ceil(PIECE) {
            self.state.delete::<MissedRow>(&(name, validator, u32::try_from(piece).expect("few pieces")));
        }
    }

    fn signed_twice(&mut self, name: Name, validator: Address, at: Instant) -> Answer {
        let rule = self.staking_rule(name)?;
        let row = self.validator(name, validator)?;
        if row.tombstoned {
            return Err(Refusal::Duplicate { what: Topic::Slash });
        }
        if at > self.now || self.now.since(at) > rule.unbonding {
            return Err(Refusal::OutOfRange { what: Topic::Record, reason: Limit::Passed });
        }
        let taken = self.slash_validator(name, &rule, validator, rule.double_sign, at, Instant::new(u64::MAX), true)?;
        Ok(Accepted::moved(rule.token, taken))
    }

    /// Takes `floor(stake * share)` of a validator and jails it. Stake that left it since the fault pays when it is set free.
    #[allow(clippy::too_many_arguments)]
    fn slash_validator(
        &mut self,
        name: Name,
        rule: &StakingRule,
        validator: Address,
        share: Share,
        fault_at: Instant,
        jailed_until: Instant,
        tombstone: bool,
    ) -> Result<Units, Refusal> {
        self.close_pools(name)?;
        let mut row = self.validator(name, validator)?;
        self.settle_validator(name, &mut row);
        let old = row.clone();
        let taken = share.of(row.stake, Rounding::Down)?;
        row.stake = row.stake.minus(taken)?;
        self.state.put(&(name, validator, row.slashes), &SlashRow { share, fault_at, at: self.now });
        row.slashes += 1;
        row.jailed_until = Some(jailed_until);
        row.tombstoned |= tombstone;
        (row.seen, row.missed) = (0, 0);
        self.put_validator(name, rule, validator, Some(&old), &mut row)?;
        self.slash_to(rule.token, Account::Stake(name), taken, &rule.slash_to, None, Reason::StakeSlashed)?;
        self.emit(Event::StakeSlashed { staking: name, validator, amount: taken, delegator: None });
        self.notify(Notice::Jailed { party: validator, until: jailed_until });
        Ok(taken)
    }

    /// A jailed validator comes back.
    pub fn unjail(&mut self, name: Name, validator: Address) -> Result<(), Refusal> {
        let rule = self.staking_rule(name)?;
        self.close_pools(name)?;
        let mut row = self.validator(name, validator)?;
        self.settle_validator(name, &mut row);
        let free = row.jailed_until.is_some_and(|until| until <= self.now) && !row.tombstoned;
        if !free {
            return Err(Refusal::OutOfRange { what: Topic::Validator, reason: Limit::NotYet });
        }
        let old = row.clone();
        row.jailed_until = None;
        self.put_validator(name, &rule, validator, Some(&old), &mut row)
    }
}
