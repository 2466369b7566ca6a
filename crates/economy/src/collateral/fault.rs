//! Faults: what a failure costs, and debt when it cannot be paid.
//!
//! In: faults by kind, with what failed. Out: fees, burnt; debt as a record of the party's wallet. Absent on purpose: taking power
//! away (the service reports the lower metric itself) and judging proofs.

use crate::{
    Accepted, Account, Answer, Event, Fault, Notice, Reads, Reason, Refusal, Topic, book,
    collateral::{pledge::GIB, rows::PledgeRow},
    params::FaultFee,
    reward::rows::PoolRow,
    session::work::{Work, declared},
};
use depin_quantity::{Address, Measured, Name, QuantityError, Rounding, Share, Units};

/// The reward that `affected` weight could have expected in so many periods, at the present reward and weight.
///
/// `floor(reward * periods * affected / max(weight, affected))`.
///
/// - Units: `reward` in base units per period; weights in the pool's metric.
/// - Rounding: down.
/// - Source: builtin-actors `actors/miner/src/monies.rs`, expected reward for power. Deviation: the present reward and weight
///   instead of smoothed estimates of their course; the share is at most the whole.
pub fn expected_reward(reward: Units, periods: u64, affected: Measured, weight: Measured) -> Result<Units, QuantityError> {
    if affected.is_zero() {
        return Ok(Units::ZERO);
    }
    reward.times(periods.into())?.mul_div(affected.get(), weight.max(affected).get(), Rounding::Down)
}

/// The terms of a termination fee; see [`FaultFee::Termination`].
#[derive(Clone, Copy, Debug)]
pub struct TerminationTerms {
    /// Of the pledge, at full age.
    pub share: Share,
    /// Full age in periods.
    pub full_after: u64,
    /// At least this share of the pledge.
    pub least_share: Share,
    /// At least this per cent of the other fee.
    pub least_percent: u64,
}

/// The fee for ending a unit before its time.
///
/// `simple = floor(pledge * share)`; `aged = floor(age * simple / full_after)`; `base = min(simple, aged)`;
/// `fee = max(base, floor(pledge * least_share), floor(fault_fee * least_percent / 100))`.
///
/// - Units: base units; age in periods.
/// - Source: FIP-0098 (8.5 %, 140 days, 2 %, 105 % of the continued-fault fee).
pub fn termination_fee(pledge: Units, age: u64, fault_fee: Units, terms: &TerminationTerms) -> Result<Units, QuantityError> {
    let simple = terms.share.of(pledge, Rounding::Down)?;
    let aged = simple.mul_div(age.into(), terms.full_after.into(), Rounding::Down)?;
    let least = terms.least_share.of(pledge, Rounding::Down)?;
    let floor = fault_fee.mul_div(terms.least_percent.into(), 100, Rounding::Down)?;
    Ok(simple.min(aged).max(least).max(floor))
}

/// A fee, and at most this share of what the unit has pledged: `min(fee, floor(pledged * share))`.
///
/// - Units: base units.
/// - Rounding: down.
/// - Source: own rule. On a large network a fee by expected reward is a small part of a pledge; on one of a few machines the whole
///   emission is the expected reward of next to nothing, and the fee a multiple of all that its owner has.
pub fn fee_within(fee: Units, pledged: Units, share: Share) -> Result<Units, QuantityError> {
    Ok(fee.min(share.of(pledged, Rounding::Down)?))
}

impl Reads<'_> {
    /// What a fault costs as things stand, and no more than its rule's bound. A unit without a pledge has nothing that a bounded fee could
    /// take. A share of a pledge is of what is pledged, without what is cooling down and what was accrued.
    ///
    /// # Errors
    /// An unknown kind, metric or pledge; past 128 bits.
    pub fn fault_fee(&self, fault: &Fault) -> Result<Units, Refusal> {
        let rule = declared(self.spec.fault(fault.kind), Topic::FaultKind, fault.kind)?;
        let fee = self.unbounded_fee(fault, rule.fee);
        let Some((pledge, share)) = rule.at_most else { return fee };
        let key = (fault.subject.owner(), fault.subject.unit(), pledge);
        let pledged = self.state.get::<PledgeRow>(&key).map_or(Units::ZERO, |row| row.amount);
        match fee {
            Err(Refusal::TooLarge) => Ok(fee_within(Units::new(u128::MAX), pledged, share)?),
            fee => Ok(fee_within(fee?, pledged, share)?),
        }
    }

    fn unbounded_fee(&self, fault: &Fault, fee: FaultFee) -> Result<Units, Refusal> {
        let affected = fault.affected.quantity;
        Ok(match fee {
            FaultFee::Nothing => Units::ZERO,
            FaultFee::PerGib(per_gib) => per_gib.mul_div(affected.get(), GIB, Rounding::Down)?,
            FaultFee::PledgeShare { pledge, share, .. } => share.of(self.pledged_for(fault, pledge)?.amount, Rounding::Down)?,
            FaultFee::Reward { pool, periods } => {
                let metric = fault.affected.metric;
                let bound = self.spec.binding(metric).filter(|b| b.pool == Some(pool));
                declared(bound, Topic::Metric, metric)?;
                let reward = self.period_reward(pool).unwrap_or_default();
                let weight = self.state.get::<PoolRow>(&pool).map_or(Measured::ZERO, |p| p.weight);
                let ceiling = self.spec.pool(pool).and_then(|rule| rule.ceiling);
                let most = ceiling.map(|ceiling| ceiling.of(weight.max(affected))).transpose()?;
                let reward = most.map_or(reward, |most| reward.min(most));
                expected_reward(reward, periods, affected, weight)?
            }
            FaultFee::Termination { pledge, share, clock, full_after, least_share, least_percent, least_of } => {
                let row = self.pledged_for(fault, pledge)?;
                let now = self.period(clock).unwrap_or_default();
                let age = now.saturating_sub(self.period_at(clock, row.since).unwrap_or_default());
                let fault_fee = self.fault_fee(&Fault { kind: least_of, ..*fault })?;
                let terms = TerminationTerms { share, full_after, least_share, least_percent };
                termination_fee(row.amount, age, fault_fee, &terms)?
            }
        })
    }

    fn pledged_for(&self, fault: &Fault, pledge: Name) -> Result<PledgeRow, Refusal> {
        let key = (fault.subject.owner(), fault.subject.unit(), pledge);
        self.state.get::<PledgeRow>(&key).ok_or(Refusal::Unknown { what: Topic::Pledge })
    }
}

impl Work<'_> {
    /// Order of refusals: kind, metric, pledge.
    pub fn fault(&mut self, fault: &Fault) -> Answer {
        let rule = declared(self.spec.fault(fault.kind), Topic::FaultKind, fault.kind)?;
        declared(self.spec.binding(fault.affected.metric), Topic::Metric, fault.affected.metric)?;
        if let FaultFee::PledgeShare { pledge, share, accrued } = rule.fee {
            return self.slash_pledge(fault, &rule, pledge, share, accrued);
        }
        // A fee past 128 bits is more than there can ever be; faults happen in jobs, which nobody could run again with less.
        let fee = match Reads::new(self.versions, self.state.as_read(), self.now).fault_fee(fault) {
            Err(Refusal::TooLarge) => Units::new(u128::MAX),
            fee => fee?,
        };
        self.emit(Event::FaultRaised { subject: fault.subject, kind: fault.kind, affected: fault.affected, fee });
        // The pledge of a unit that ends is the first money its fee is paid from.
        if let FaultFee::Termination { pledge, .. } = rule.fee {
            let pledge_rule = declared(self.spec.pledge(pledge), Topic::PledgeKind, pledge)?;
            self.release_pledge(fault.subject, pledge, &pledge_rule)?;
        }
        self.charge(fault.subject.owner(), rule.token, fee)?;
        Ok(Accepted::moved(rule.token, fee))
    }

    /// Adds a fee to what a party owes and takes what it has. A debt ends growing at what 128 bits hold.
    pub fn charge(&mut self, party: Address, token: Name, fee: Units) -> Result<(), Refusal> {
        if fee.is_zero() {
            return Ok(());
        }
        let mut row = book::wallet(self.state.as_read(), party, token);
        row.owed = row.owed.plus(fee).unwrap_or(Units::new(u128::MAX));
        self.put_wallet(party, token, &row);
        self.take_owed(party, token, row.owed, Reason::FaultFee)?;
        let owed = book::wallet(self.state.as_read(), party, token).owed;
        if !owed.is_zero() {
            self.emit(Event::DebtChanged { party, owed });
            self.notify(Notice::InDebt { party, owed });
        }
        Ok(())
    }

    /// Repays what a party owes as far as it can; gives what was repaid.
    pub fn repay(&mut self, party: Address, token: Name) -> Result<Units, Refusal> {
        let before = book::wallet(self.state.as_read(), party, token).owed;
        if before.is_zero() {
            return Ok(Units::ZERO);
        }
        self.take_owed(party, token, before, Reason::DebtRepaid)?;
        let owed = book::wallet(self.state.as_read(), party, token).owed;
        if owed != before {
            self.emit(Event::DebtChanged { party, owed });
        }
        if owed.is_zero() {
            self.notify(Notice::DebtCleared { party });
        }
        Ok(before.minus(owed)?)
    }

    /// Takes `owed` from a party: what has vested goes to its wallet; then locked rewards up to the debt, earliest first; then
    /// `min(wallet, debt)` is burnt. What is left stays owed.
    ///
    /// - Source: builtin-actors `actors/miner/src/state.rs`, repay partial debt in priority order.
    fn take_owed(&mut self, party: Address, token: Name, owed: Units, reason: Reason) -> Result<(), Refusal> {
        self.release_vested(party, token, None)?;
        self.take_unvested(party, token, owed)?;
        let mut row = book::wallet(self.state.as_read(), party, token);
        let paid = row.held.min(owed);
        row.owed = owed.minus(paid)?;
        self.put_wallet(party, token, &row);
        self.post(token, Account::Wallet(party), Account::Supply, paid, reason)
    }
}
