//! What a fault takes out of a pledge, where it goes, and how it is given back.
//!
//! In: faults whose fee is a share of the unit's pledge; a judge's word. Out: tokens to the rule's destinations, at once, or after
//! they were held for the time of appeals. Absent on purpose: what proves a fault, and what a judge looks at.

use crate::{
    Accepted, Account, Answer, Event, Fault, Limit, Notice, Reason, Refusal, Subject, Topic,
    collateral::{pledge::pledge_amount, rows::PledgeRow},
    params::{FaultRule, SlashTo},
    reward::{
        pool,
        rows::{MemberRow, PoolRow},
    },
    rows::row,
    session::{
        rows::RoleRow,
        work::{Work, declared},
    },
    staking::LeavingRow,
    time::due::Job,
};
use depin_quantity::{Address, Instant, Name, Rounding, Share, UnitId, Units};

row! {
    /// What a fault took and an appeal can give back.
    0x90 UnitId => HeldRow {
        /// Whose it was.
        owner: Address,
        /// Of which unit; all zeros for the party as a whole.
        unit: UnitId,
        /// The kind of fault.
        kind: Name,
        /// The kind of pledge.
        pledge: Name,
        /// The token.
        token: Name,
        /// What came out of the pledge.
        pledged: Units,
        /// What came out of unpaid rewards.
        accrued: Units,
        /// Who reported the fault.
        reporter: Option<Address>,
        /// Until when it is held.
        until: Instant,
    }
}

/// What a fault takes: `floor(pledge * share)`.
///
/// - Units: base units.
/// - Rounding: down.
/// - Source: io.net documentation, slashing: a portion of the stake; no percentage is published.
pub fn pledge_share(pledge: Units, share: Share) -> Result<Units, depin_quantity::QuantityError> {
    share.of(pledge, Rounding::Down)
}

impl Work<'_> {
    /// The id under which a unit's released pledge cools down; there is one at a time.
    pub fn cooling_id(subject: Subject, kind: Name) -> UnitId {
        UnitId::derive("depin-cooling", &[&subject.owner().get(), &subject.unit().get(), kind.as_bytes()])
    }

    /// Takes a share of a unit's pledge, or of what cools down of it, and of unpaid rewards.
    ///
    /// Order of refusals: pledge.
    pub fn slash_pledge(
        &mut self,
        fault: &Fault,
        rule: &FaultRule,
        pledge: Name,
        share: Share,
        accrued: Option<(Name, Share)>,
    ) -> Answer {
        let subject = fault.subject;
        let (from, pledged) = self.cut_pledge(subject, pledge, share)?;
        let forfeited = match accrued {
            Some((pool, part)) => self.cut_pending(pool, subject, part)?,
            None => Units::ZERO,
        };
        let held = rule.appeal.as_ref().map(|appeal| (self.free_slash_id(fault), self.now.later(appeal.within)));
        let fee = pledged.plus(forfeited)?;
        self.emit(Event::FaultRaised { subject, kind: fault.kind, affected: fault.affected, fee });
        let (slash, until) = (held.map(|(id, _)| id), held.map(|(_, until)| until));
        self.emit(Event::PledgeSlashed { subject, kind: fault.kind, pledged, accrued: forfeited, slash, until });
        let reporter = fault.reporter;
        let pool_account = accrued.map_or(from, |(pool, _)| Account::Pool(pool));
        match held {
            Some((id, until)) => {
                self.post(rule.token, from, Account::Slashed(id), pledged, Reason::PledgeSlashed)?;
                self.post(rule.token, pool_account, Account::Slashed(id), forfeited, Reason::PledgeSlashed)?;
                let (owner, unit, kind, token) = (subject.owner(), subject.unit(), fault.kind, rule.token);
                let row = HeldRow { owner, unit, kind, pledge, token, pledged, accrued: forfeited, reporter, until };
                self.state.put(&id, &row);
                self.schedule(until, Job::AppealOver, id);
            }
            None => {
                self.slash_to(rule.token, from, pledged, &rule.to, reporter, Reason::PledgeSlashed)?;
                self.slash_to(rule.token, pool_account, forfeited, &rule.to, reporter, Reason::PledgeSlashed)?;
            }
        }
        self.notify_below_stake(subject, pledge)?;
        Ok(Accepted::moved(rule.token, fee))
    }

    fn free_slash_id(&self, fault: &Fault) -> UnitId {
        let now = self.now.get().to_be_bytes();
        let id = |n: u64| {
            let (owner, unit) = (fault.subject.owner().get(), fault.subject.unit().get());
            UnitId::derive("depin-slash", &[&owner, &unit, fault.kind.as_bytes(), &now, &n.to_be_bytes()])
        };
        (0..).map(id).find(|id| !self.state.has::<HeldRow>(id)).expect("few faults of one kind happen at one time")
    }

    /// Lowers a pledge, or what cools down of it; gives the account that the cut is to leave.
    fn cut_pledge(&mut self, subject: Subject, kind: Name, share: Share) -> Result<(Account, Units), Refusal> {
        let key = (subject.owner(), subject.unit(), kind);
        if let Some(mut row) = self.state.get::<PledgeRow>(&key) {
            let cut = pledge_share(row.amount, share)?;
            row.amount = row.amount.minus(cut)?;
            self.state.put(&key, &row);
            return Ok((Account::Pledge(subject.owner()), cut));
        }
        let id = Self::cooling_id(subject, kind);
        let mut row = self.state.get::<LeavingRow>(&id).ok_or(Refusal::Unknown { what: Topic::Pledge })?;
        let cut = pledge_share(row.amount, share)?;
        row.amount = row.amount.minus(cut)?;
        self.state.put(&id, &row);
        Ok((Account::Unbonding(kind), cut))
    }

    /// Takes a share of what a member accrued and was not paid; the tokens are still in the pool's account.
    fn cut_pending(&mut self, name: Name, subject: Subject, share: Share) -> Result<Units, Refusal> {
        let spec = self.spec;
        let Some(rule) = spec.pool(name) else { return Ok(Units::ZERO) };
        self.close_clock(rule.clock)?;
        let key = (name, subject.owner(), subject.unit());
        let Some(mut member) = self.state.get::<MemberRow>(&key) else { return Ok(Units::ZERO) };
        let row = self.state.get::<PoolRow>(&name).unwrap_or(pool::EMPTY);
        let (whole, fraction) = pool::accrued(&row, &member);
        member.pending = member.pending.plus(whole)?;
        (member.fraction, member.settled) = (fraction, row.per_weight);
        let cut = share.of(member.pending, Rounding::Down)?;
        member.pending = member.pending.minus(cut)?;
        self.state.put(&key, &member);
        Ok(cut)
    }

    /// Tells the service when a unit's pledge is less than its basis asks for.
    fn notify_below_stake(&mut self, subject: Subject, kind: Name) -> Result<(), Refusal> {
        let key = (subject.owner(), subject.unit(), kind);
        let Some(row) = self.state.get::<PledgeRow>(&key) else { return Ok(()) };
        let Some(rule) = self.spec.pledge(kind) else { return Ok(()) };
        let least = pledge_amount(rule, row.basis)?;
        if row.amount < least {
            self.notify(Notice::BelowStake { subject, kind, has: row.amount, least });
        }
        Ok(())
    }

    /// Says that a party asks to get back what a fault took.
    pub fn appeal(&mut self, who: Address, slash: UnitId, grounds: UnitId) -> Result<(), Refusal> {
        let row = self.held(slash)?;
        if row.owner != who {
            return Err(Refusal::OutOfRange { what: Topic::Slash, reason: Limit::NotOwn });
        }
        self.emit(Event::SlashAppealed { slash, grounds });
        Ok(())
    }

    /// A judge gives back what a fault took, or lets it go its way at once. Back means into the pledge when the unit still has one,
    /// else into the wallet; unpaid rewards go into the wallet.
    pub fn judge(&mut self, who: Address, slash: UnitId, give_back: bool) -> Result<(Name, Units), Refusal> {
        let row = self.held(slash)?;
        let rule = declared(self.spec.fault(row.kind), Topic::FaultKind, row.kind)?;
        let appeal = rule.appeal.ok_or(Refusal::Unknown { what: Topic::Slash })?;
        if self.state.get::<RoleRow>(&appeal.judge).is_none_or(|role| role.account != who) {
            return Err(Refusal::NotAllowed { role: appeal.judge });
        }
        self.unschedule(row.until, Job::AppealOver, slash);
        if give_back {
            self.give_back(slash, &row)?
        } else {
            self.let_go(slash, &row, &rule.to)?
        }
        Ok((row.token, row.pledged.plus(row.accrued)?))
    }

    /// The time of appeals is over.
    pub fn appeal_over(&mut self, slash: UnitId) -> Result<(), Refusal> {
        let row = self.state.get::<HeldRow>(&slash).expect("a judge takes the job off the list");
        let to = self.spec.fault(row.kind).map(|rule| rule.to.clone()).unwrap_or_default();
        self.let_go(slash, &row, &to)
    }

    fn held(&self, slash: UnitId) -> Result<HeldRow, Refusal> {
        self.state.get(&slash).ok_or(Refusal::Unknown { what: Topic::Slash })
    }

    fn let_go(&mut self, slash: UnitId, row: &HeldRow, to: &[(SlashTo, Share)]) -> Result<(), Refusal> {
        self.state.delete::<HeldRow>(&slash);
        let amount = row.pledged.plus(row.accrued)?;
        self.slash_to(row.token, Account::Slashed(slash), amount, to, row.reporter, Reason::PledgeSlashed)?;
        self.emit(Event::SlashEnded { slash, returned: false, amount });
        Ok(())
    }

    fn give_back(&mut self, slash: UnitId, row: &HeldRow) -> Result<(), Refusal> {
        self.state.delete::<HeldRow>(&slash);
        let key = (row.owner, row.unit, row.pledge);
        let mut liquid = row.accrued;
        match self.state.get::<PledgeRow>(&key) {
            Some(mut pledge) => {
                pledge.amount = pledge.amount.plus(row.pledged)?;
                self.state.put(&key, &pledge);
                let to = Account::Pledge(row.owner);
                self.post(row.token, Account::Slashed(slash), to, row.pledged, Reason::SlashReturned)?;
            }
            None => liquid = liquid.plus(row.pledged)?,
        }
        self.post(row.token, Account::Slashed(slash), Account::Wallet(row.owner), liquid, Reason::SlashReturned)?;
        self.emit(Event::SlashEnded { slash, returned: true, amount: row.pledged.plus(row.accrued)? });
        self.repay_if_owed(row.owner, row.token)
    }
}
