//! Making, changing and emptying locks.

use super::{LockOfRow, LockRow, full_weight, seconds};
use crate::{
    Account, Event, Limit, Reason, Refusal, Topic,
    params::LockRule,
    session::{
        rows::GenesisRow,
        work::{Work, declared},
    },
};
use depin_quantity::{Address, Instant, Name, Span, UnitId, Units};

type Paid = Vec<(Name, Units)>;

impl Work<'_> {
    /// Locks tokens for `length`. A constant lock does not run down until it is told to.
    ///
    /// Order of refusals: kind, duplicate, amount, length, what it is delegated to, debt, funds.
    #[allow(clippy::too_many_arguments)]
    pub fn lock_tokens(
        &mut self,
        kind: Name,
        id: UnitId,
        owner: Address,
        amount: Units,
        length: Span,
        constant: bool,
        scope: Option<Name>,
    ) -> Result<(), Refusal> {
        let rule = declared(self.spec.lock(kind), Topic::LockKind, kind)?;
        if self.state.has::<LockRow>(&id) {
            return Err(Refusal::Duplicate { what: Topic::Lock });
        }
        if amount < rule.least {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AtLeast(rule.least) });
        }
        let length = length_of(&rule, length)?;
        delegated_to(&rule, scope)?;
        self.owes_nothing(owner, rule.token)?;
        let now = seconds(self.now);
        let early = rule.bonus.filter(|bonus| {
            let start = self.state.get::<GenesisRow>(&()).map_or(self.now, |row| row.at);
            self.now < start.later(bonus.within)
        });
        let mut row = LockRow {
            lock: kind,
            owner,
            amount,
            extra: full_weight(amount, rule.most_times)?.get(),
            length,
            ends: (!constant).then_some(now + length),
            bonus: early.map_or(1, |bonus| bonus.times),
            bonus_until: if early.is_some() { now + length } else { 0 },
            scope,
            segments: Vec::new(),
            owed: Vec::new(),
        };
        self.post(rule.token, Account::Wallet(owner), Account::Locked(kind), amount, Reason::LockFunded)?;
        self.state.put(&(owner, id), &LockOfRow {});
        let period = self.lock_period(&rule)?;
        self.begin_counting(&rule, &mut row, period)?;
        self.put_lock(id, &row);
        Ok(())
    }

    /// Puts more tokens into a lock without a bonus; they are bound as long as the rest.
    pub fn add_to_lock(&mut self, who: Address, id: UnitId, amount: Units) -> Result<(), Refusal> {
        let (mut row, rule, period) = self.running_lock(who, id)?;
        if amount.is_zero() {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero });
        }
        if row.bonus_until != 0 {
            return Err(Refusal::OutOfRange { what: Topic::Lock, reason: Limit::Begun });
        }
        self.owes_nothing(who, rule.token)?;
        self.post(rule.token, Account::Wallet(who), Account::Locked(row.lock), amount, Reason::LockFunded)?;
        self.stop_counting(&rule, &mut row, period);
        row.amount = row.amount.plus(amount)?;
        row.extra = full_weight(row.amount, rule.most_times)?.get();
        self.begin_counting(&rule, &mut row, period)?;
        self.put_lock(id, &row);
        Ok(())
    }

    /// Sets a lock's length anew from now, never shorter than what is left. `constant` stops it from running down; a constant one
    /// stays so. A bonus keeps the end that it had.
    pub fn extend_lock(&mut self, who: Address, id: UnitId, length: Span, constant: bool) -> Result<(), Refusal> {
        let (mut row, rule, period) = self.running_lock(who, id)?;
        let length = length_of(&rule, length)?;
        let now = seconds(self.now);
        if length < row.left(now) {
            return Err(Refusal::OutOfRange { what: Topic::Term, reason: Limit::AtLeast(Units::new(row.left(now).into())) });
        }
        self.stop_counting(&rule, &mut row, period);
        row.length = length;
        row.ends = (!constant && row.ends.is_some()).then_some(now + length);
        self.begin_counting(&rule, &mut row, period)?;
        self.put_lock(id, &row);
        Ok(())
    }

    /// Lets a constant lock run down from now on: it ends its whole length later.
    ///
    /// - Source: helium-program-library `programs/voter-stake-registry`, reset lockup: constant to cliff starts the cool-down.
    pub fn cool_lock(&mut self, who: Address, id: UnitId) -> Result<(), Refusal> {
        let (mut row, rule, period) = self.running_lock(who, id)?;
        if row.ends.is_some() {
            return Err(Refusal::OutOfRange { what: Topic::Lock, reason: Limit::Begun });
        }
        self.stop_counting(&rule, &mut row, period);
        row.ends = Some(seconds(self.now) + row.length);
        self.begin_counting(&rule, &mut row, period)?;
        self.put_lock(id, &row);
        Ok(())
    }

    /// Delegates a lock, or takes it back with `None`.
    pub fn delegate_lock(&mut self, who: Address, id: UnitId, scope: Option<Name>) -> Result<(), Refusal> {
        let (mut row, rule, period) = self.running_lock(who, id)?;
        delegated_to(&rule, scope)?;
        self.stop_counting(&rule, &mut row, period);
        row.scope = scope;
        self.begin_counting(&rule, &mut row, period)?;
        self.put_lock(id, &row);
        Ok(())
    }

    /// Takes the tokens out of a lock that is over, with what it accrued. What the period in progress still brings is claimed later.
    pub fn unlock(&mut self, who: Address, id: UnitId) -> Result<Paid, Refusal> {
        let (mut row, rule, period) = self.own_lock(who, id)?;
        let over = row.ends.is_some_and(|ends| ends <= seconds(self.now));
        if !over || row.amount.is_zero() {
            return Err(Refusal::OutOfRange { what: Topic::Lock, reason: Limit::NotYet });
        }
        self.settle_lock(&rule, &mut row, period);
        let amount = std::mem::take(&mut row.amount);
        self.post(rule.token, Account::Locked(row.lock), Account::Wallet(who), amount, Reason::LockReturned)?;
        self.repay_if_owed(who, rule.token)?;
        let mut paid = vec![(rule.token, amount)];
        paid.extend(self.pay_lock(id, &mut row)?);
        self.emit(Event::LockEnded { id });
        self.put_or_forget(id, &row);
        Ok(paid)
    }

    /// Pays what a lock accrued up to the last closed period.
    pub fn claim_lock(&mut self, who: Address, id: UnitId) -> Result<Paid, Refusal> {
        let (mut row, rule, period) = self.own_lock(who, id)?;
        self.settle_lock(&rule, &mut row, period);
        let paid = self.pay_lock(id, &mut row)?;
        self.put_or_forget(id, &row);
        Ok(paid)
    }

    fn own_lock(&mut self, who: Address, id: UnitId) -> Result<(LockRow, LockRule, u64), Refusal> {
        let row = self.state.get::<LockRow>(&id).ok_or(Refusal::Unknown { what: Topic::Lock })?;
        if row.owner != who {
            return Err(Refusal::OutOfRange { what: Topic::Lock, reason: Limit::NotOwn });
        }
        let rule = self.lock_rule(row.lock)?;
        let period = self.lock_period(&rule)?;
        Ok((row, rule, period))
    }

    /// A kind of lock that the network has, or had: what was locked then still ends.
    pub(super) fn lock_rule(&self, kind: Name) -> Result<LockRule, Refusal> {
        let versions = self.versions.versions(self.genesis).take_while(|(start, _)| *start <= self.now);
        let last = versions.filter_map(|(_, version)| version.lock(kind)).last();
        let rule = self.spec.lock(kind).or(last.filter(|rule| self.spec.clock(rule.clock).is_some()));
        declared(rule, Topic::LockKind, kind)
    }

    /// A lock that is not over, settled.
    fn running_lock(&mut self, who: Address, id: UnitId) -> Result<(LockRow, LockRule, u64), Refusal> {
        let (mut row, rule, period) = self.own_lock(who, id)?;
        if row.amount.is_zero() || row.ends.is_some_and(|ends| ends <= seconds(self.now)) {
            return Err(Refusal::OutOfRange { what: Topic::Lock, reason: Limit::Passed });
        }
        self.settle_lock(&rule, &mut row, period);
        Ok((row, rule, period))
    }

    /// The open period, when every earlier one is closed.
    fn lock_period(&mut self, rule: &LockRule) -> Result<u64, Refusal> {
        self.close_clock(rule.clock)?;
        Ok(self.period(rule.clock))
    }

    fn put_lock(&mut self, id: UnitId, row: &LockRow) {
        self.state.put(&id, row);
        let ends = row.ends.map(|ends| Instant::new(ends.saturating_mul(1_000)));
        let &LockRow { lock, owner, amount, scope, .. } = row;
        self.emit(Event::LockChanged { lock, id, owner, amount, ends, scope });
    }

    fn put_or_forget(&mut self, id: UnitId, row: &LockRow) {
        if row.amount.is_zero() && row.segments.is_empty() {
            self.leave_parts(row);
            self.state.delete::<LockRow>(&id);
            self.state.delete::<LockOfRow>(&(row.owner, id));
        } else {
            self.state.put(&id, row);
        }
    }
}

/// A length in whole seconds, at least one, at most the longest.
fn length_of(rule: &LockRule, length: Span) -> Result<u64, Refusal> {
    let out = |reason| Refusal::OutOfRange { what: Topic::Term, reason };
    if length.get() == 0 || !length.get().is_multiple_of(1_000) {
        return Err(out(Limit::AtLeast(Units::new(1))));
    }
    if length > rule.longest {
        return Err(out(Limit::AtMost(Units::new((rule.longest.get() / 1_000).into()))));
    }
    Ok(length.get() / 1_000)
}

fn delegated_to(rule: &LockRule, scope: Option<Name>) -> Result<(), Refusal> {
    match scope {
        Some(name) if !rule.scopes.contains(&name) => Err(Refusal::Unbound { what: Topic::Scope, name }),
        _ => Ok(()),
    }
}
