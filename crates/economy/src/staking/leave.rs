//! What leaves and is bound for a time: undelegated stake, moved stake, released pledges. And what slashes that happen meanwhile
//! take of it.

use super::{DelegationRow, Leaving, LeavingOfRow, LeavingRow, SlashRow, ValidatorRow, delegate::above_zero};
use crate::{
    Account, Event, Reason, Refusal,
    params::{SlashTo, StakingRule},
    session::work::Work,
    time::due::Job,
};
use depin_quantity::{Address, Instant, Name, Rounding, Share, Span, UnitId, Units};

impl Work<'_> {
    /// The id of something that leaves now.
    pub fn leaving_id(&self, kind: &[u8], parts: &[&[u8]]) -> UnitId {
        let now = self.now.get().to_be_bytes();
        let mut all: Vec<&[u8]> = vec![kind, &now];
        all.extend(parts);
        UnitId::derive("depin-leaving", &all)
    }

    /// Notes that something leaves; what leaves under the same id at the same time is added to it. Gives until when.
    #[allow(clippy::too_many_arguments)]
    pub fn leave(
        &mut self,
        id: UnitId,
        owner: Address,
        what: Leaving,
        token: Name,
        amount: Units,
        after: Span,
        slashes: u32,
    ) -> Result<Instant, Refusal> {
        above_zero(amount)?;
        let until = self.now.later(after);
        let before = self.state.get::<LeavingRow>(&id).map_or(Units::ZERO, |row| row.amount);
        let row = LeavingRow { owner, what, token, amount: before.plus(amount)?, since: self.now, until, slashes };
        self.state.put(&id, &row);
        self.state.put(&(owner, id), &LeavingOfRow {});
        self.schedule(until, Job::Leaving, id);
        Ok(until)
    }

    /// Something has left: what slashes take goes where they send it, the rest is its owner's.
    pub fn has_left(&mut self, id: UnitId) -> Result<(), Refusal> {
        let row = self.state.get::<LeavingRow>(&id).expect("what leaves stays until its job is done");
        self.state.delete::<LeavingRow>(&id);
        self.state.delete::<LeavingOfRow>(&(row.owner, id));
        match row.what {
            Leaving::Stake { staking, validator } => self.stake_has_left(id, &row, staking, validator),
            Leaving::Moved { staking, to } => self.moved_stays(staking, to, row.owner),
            Leaving::Pledge { kind, .. } => {
                self.post(row.token, Account::Unbonding(kind), Account::Wallet(row.owner), row.amount, Reason::PledgeReleased)?;
                self.emit(Event::HasLeft { id, owner: row.owner, token: row.token, paid: row.amount, slashed: Units::ZERO });
                self.repay_if_owed(row.owner, row.token)
            }
        }
    }

    fn stake_has_left(&mut self, id: UnitId, row: &LeavingRow, name: Name, validator: Address) -> Result<(), Refusal> {
        let slashed = self.slashed_since(name, validator, row.amount, row.since, row.until, row.slashes)?;
        let paid = row.amount.minus(slashed)?;
        let to = self.staking_rule(name).map(|rule| rule.slash_to).unwrap_or_default();
        self.slash_to(row.token, Account::Unbonding(name), slashed, &to, None, Reason::StakeSlashed)?;
        self.post(row.token, Account::Unbonding(name), Account::Wallet(row.owner), paid, Reason::Unbonded)?;
        let key = (name, validator, row.owner);
        if let Some(mut delegation) = self.state.get::<DelegationRow>(&key) {
            delegation.unbondings = delegation.unbondings.saturating_sub(1);
            self.put_delegation(name, validator, row.owner, &delegation);
        }
        self.emit(Event::HasLeft { id, owner: row.owner, token: row.token, paid, slashed });
        self.repay_if_owed(row.owner, row.token)
    }

    fn moved_stays(&mut self, name: Name, to: Address, delegator: Address) -> Result<(), Refusal> {
        let Ok(rule) = self.staking_rule(name) else { return Ok(()) };
        let (row, delegation) = self.open_delegation(name, &rule, to, delegator)?;
        self.state.put(&(name, to), &row);
        self.put_delegation(name, to, delegator, &delegation);
        Ok(())
    }

    /// What slashes of a validator take of stake that left it: of each slash from number `first` on whose fault was not before `since`,
    /// and which came until `until`, `floor(amount * share)`; together at most all.
    ///
    /// - Source: cosmos-sdk `x/staking/keeper/slash.go`, slash unbonding delegation: by the initial balance.
    fn slashed_since(
        &self,
        name: Name,
        validator: Address,
        amount: Units,
        since: Instant,
        until: Instant,
        first: u32,
    ) -> Result<Units, Refusal> {
        let slashes = self.state.get::<ValidatorRow>(&(name, validator)).map_or(0, |row| row.slashes);
        let mut taken = Units::ZERO;
        for number in first..slashes {
            let Some(slash) = self.state.get::<SlashRow>(&(name, validator, number)) else { continue };
            if slash.fault_at <= since && slash.at <= until {
                taken = taken.plus(slash.share.of(amount, Rounding::Down)?)?.min(amount);
            }
        }
        Ok(taken)
    }

    /// Takes from a delegation what the validators that its stake came from were slashed for, and forgets moves that are over.
    pub(super) fn answer_for_moved(
        &mut self,
        name: Name,
        rule: &StakingRule,
        validator: Address,
        delegator: Address,
        row: &mut ValidatorRow,
        delegation: &mut DelegationRow,
    ) -> Result<(), Refusal> {
        let mut owed = Units::ZERO;
        let mut moved = std::mem::take(&mut delegation.moved);
        for part in &mut moved {
            owed = owed.plus(self.slashed_since(name, part.from, part.amount, part.since, part.until, part.slashes)?)?;
            part.slashes = self.state.get::<ValidatorRow>(&(name, part.from)).map_or(part.slashes, |row| row.slashes);
        }
        moved.retain(|part| part.until > self.now);
        delegation.moved = moved;
        let has = super::stake_of(delegation.shares, row.stake, row.shares.max(Units::new(1)))?;
        let cut = owed.min(has);
        if !cut.is_zero() {
            self.pay_delegation(row, delegator, delegation, &mut Vec::new())?;
            let out = self.take_stake(name, rule, validator, row, delegation, Some(cut))?;
            self.slash_to(rule.token, Account::Stake(name), out, &rule.slash_to, None, Reason::StakeSlashed)?;
            self.emit(Event::StakeSlashed { staking: name, validator, amount: out, delegator: Some(delegator) });
        }
        self.put_delegation(name, validator, delegator, delegation);
        Ok(())
    }

    /// Sends slashed tokens where the rule says: each part but the first rounded down, the first takes the rest, and what a missing
    /// reporter would get. No destinations: burnt.
    pub fn slash_to(
        &mut self,
        token: Name,
        from: Account,
        amount: Units,
        to: &[(SlashTo, Share)],
        reporter: Option<Address>,
        reason: Reason,
    ) -> Result<(), Refusal> {
        let mut left = amount;
        for (place, share) in to.iter().skip(1) {
            let part = share.of(amount, Rounding::Down)?;
            if *place == SlashTo::Reporter && reporter.is_none() {
                continue;
            }
            left = left.minus(part)?;
            self.send_slashed(token, from, part, *place, reporter, reason)?;
        }
        let first = to.first().map_or(SlashTo::Burn, |(place, _)| *place);
        self.send_slashed(token, from, left, first, reporter, reason)
    }

    fn send_slashed(
        &mut self,
        token: Name,
        from: Account,
        amount: Units,
        to: SlashTo,
        reporter: Option<Address>,
        reason: Reason,
    ) -> Result<(), Refusal> {
        let account = match (to, reporter) {
            (SlashTo::Treasury(name), _) => Account::Treasury(name),
            (SlashTo::Pool(name), _) => Account::Pool(name),
            (SlashTo::Reporter, Some(reporter)) => Account::Wallet(reporter),
            (SlashTo::Burn | SlashTo::Reporter, _) => Account::Supply,
        };
        self.post(token, from, account, amount, reason)?;
        match to {
            SlashTo::Pool(name) if !amount.is_zero() => self.fund_pool(name, amount),
            _ => Ok(()),
        }
    }

    /// Repays debt in `token`, which may be one without supply rules.
    pub fn repay_if_owed(&mut self, party: Address, token: Name) -> Result<(), Refusal> {
        if !crate::book::wallet(self.state.as_read(), party, token).owed.is_zero() {
            self.repay(party, token)?;
        }
        Ok(())
    }
}
