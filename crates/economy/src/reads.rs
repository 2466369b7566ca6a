//! What can be read of an economy: balances, supply, rewards, streams, prices. Nothing here writes.

use crate::{
    Account, AccountClass, AllocationVesting, Component, PriceNow, Refusal, Spec, Subject, Topic, allowance, book,
    clock::{period_of, start_of},
    collateral::{pledge_amount, pledge_basis},
    emission::{period_reward, pool_scheduled},
    fee,
    genesis::allocation_vested,
    payment::{bond_minimum, due_periods},
    pool,
    price::price_now,
    rows::*,
    work::declared,
};
use depin_quantity::{Address, Instant, Measured, Name, UnitId, Units};
use depin_state::ReadState;
use serde::Serialize;

/// Reads of one state at one time.
#[derive(Clone, Copy)]
pub struct Reads<'a> {
    spec: &'a Spec,
    state: &'a (dyn ReadState + 'a),
    now: Instant,
}

/// Where a token's supply is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SupplyNow {
    /// Most that may ever be minted.
    pub cap: Units,
    /// Ever minted.
    pub minted: Units,
    /// Ever burnt.
    pub burned: Units,
    /// `minted - burned`: what exists.
    pub total: Units,
    /// Of genesis allocations, not vested.
    pub allocations_locked: Units,
    /// Collateral.
    pub pledged: Units,
    /// Rewards that have not unlocked or were not released.
    pub vesting: Units,
    /// In escrows.
    pub escrowed: Units,
    /// Bonds of streams.
    pub bonded: Units,
    /// Rewards in pools, earned and not paid.
    pub pools: Units,
    /// Given by schedule to nobody: never minted.
    pub forfeited: Units,
    /// `total - allocations_locked - pledged - vesting`.
    ///
    /// Source: lotus `chain/stmgr/supply.go`: vested + mined - burnt - locked, where locked is pledge and locked rewards.
    pub circulating: Units,
}

/// A stream with what is due of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StreamNow {
    /// The stream.
    pub row: StreamRow,
    /// Due now and not paid.
    pub due: Units,
    /// When its term ends; for an inactive one, when it would end if it began now.
    pub ends: Instant,
}

/// A party's locked rewards of one token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VestingNow {
    /// Unlocked and not released.
    pub vested: Units,
    /// Still locked.
    pub locked: Units,
    /// When each part unlocks, ascending, with those that have.
    pub entries: Vec<(Instant, Units)>,
}

/// What a party earned in a pool and was not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MemberNow {
    /// Whose.
    pub subject: Subject,
    /// Its weight.
    pub weight: Measured,
    /// Whole base units earned up to the last closed period, not paid.
    pub pending: Units,
}

/// A genesis allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AllocationNow {
    /// Minted into it.
    pub amount: Units,
    /// Given out at the start.
    pub granted: Units,
    /// Vested so far.
    pub vested: Units,
    /// Taken of it.
    pub released: Units,
    /// Who may take it.
    pub owner: Option<Address>,
}

impl<'a> Reads<'a> {
    pub(crate) const fn new(spec: &'a Spec, state: &'a (dyn ReadState + 'a), now: Instant) -> Self {
        Self { spec, state, now }
    }

    /// A party's wallet: what it holds and what it owes.
    pub fn wallet(&self, party: Address, token: Name) -> WalletRow {
        book::wallet(self.state, party, token)
    }

    /// What any account holds.
    pub fn balance(&self, account: Account, token: Name) -> Units {
        book::balance(self.state, account, token)
    }

    /// Sum of all accounts of a class.
    pub fn class(&self, class: AccountClass, token: Name) -> Units {
        self.state.get::<ClassRow>(&(token, class.tag())).map_or(Units::ZERO, |row| row.held)
    }

    /// Where a token's supply is; `None` for a token that the network does not have.
    pub fn supply(&self, token: Name) -> Option<SupplyNow> {
        let rule = self.spec.supply(token)?;
        let SupplyRow { minted, burned } = book::supply(self.state, token);
        let total = minted.minus_or_zero(burned);
        let (pledged, vesting) = (self.class(AccountClass::Pledge, token), self.class(AccountClass::Vesting, token));
        let mut allocations_locked = Units::ZERO;
        for part in &rule.allocations {
            if let Some(now) = self.allocation(token, part.to) {
                let locked = now.amount.minus_or_zero(now.granted).minus_or_zero(now.vested);
                allocations_locked = allocations_locked.plus(locked).ok()?;
            }
        }
        let pools = self.spec.pools().iter().filter(|(_, p)| p.token == token);
        let forfeited = pools.map(|(name, _)| self.emission(*name).map_or(Units::ZERO, |e| e.forfeited));
        let forfeited = forfeited.into_iter().try_fold(Units::ZERO, Units::plus).ok()?;
        Some(SupplyNow {
            cap: rule.cap.amount,
            minted,
            burned,
            total,
            allocations_locked,
            pledged,
            vesting,
            escrowed: self.class(AccountClass::Escrow, token),
            bonded: self.class(AccountClass::Bond, token),
            pools: self.class(AccountClass::Pool, token),
            forfeited,
            circulating: total.minus_or_zero(allocations_locked).minus_or_zero(pledged).minus_or_zero(vesting),
        })
    }

    /// A genesis allocation; `None` for one that an emission mints.
    pub fn allocation(&self, token: Name, name: Name) -> Option<AllocationNow> {
        let row = self.state.get::<AllocationRow>(&(token, name))?;
        let supply = self.spec.supply(token)?;
        let rule = supply.allocations.iter().find(|a| a.to == name && a.vesting != AllocationVesting::Emitted)?;
        let elapsed = self.period(supply.vest_clock)?.saturating_sub(self.clock(supply.vest_clock)?.first);
        let vested = allocation_vested(rule, row.granted, elapsed).ok()?;
        Some(AllocationNow { amount: row.amount, granted: row.granted, vested, released: row.released, owner: row.owner })
    }

    /// A clock; `None` before genesis or for one that the network does not have.
    pub fn clock(&self, clock: Name) -> Option<ClockRow> {
        self.state.get(&clock)
    }

    /// The present period of a clock.
    pub fn period(&self, clock: Name) -> Option<u64> {
        self.period_at(clock, self.now)
    }

    /// The period of a clock in which `at` lies.
    pub fn period_at(&self, clock: Name, at: Instant) -> Option<u64> {
        Some(period_of(&self.clock(clock)?, self.spec.clock(clock)?.every, at))
    }

    /// When a period of a clock begins.
    pub fn period_start(&self, clock: Name, period: u64) -> Option<Instant> {
        Some(start_of(&self.clock(clock)?, self.spec.clock(clock)?.every, period))
    }

    /// A pool's part of its emission so far.
    pub fn emission(&self, pool: Name) -> Option<EmissionRow> {
        self.state.get(&pool)
    }

    /// What the present period gives a pool.
    pub fn period_reward(&self, pool: Name) -> Option<Units> {
        let rule = self.spec.pool(pool)?;
        Some(period_reward(self.spec, pool, rule, self.period(rule.clock)?))
    }

    /// What a pool's schedule has given when `n` periods are over.
    pub fn pool_scheduled(&self, pool: Name, n: u64) -> Option<Units> {
        Some(pool_scheduled(self.spec, pool, self.spec.pool(pool)?, n))
    }

    /// A pool's accumulator.
    pub fn pool(&self, pool: Name) -> PoolRow {
        self.state.get(&pool).unwrap_or(pool::EMPTY)
    }

    /// A party's members in a pool, by unit, up to [`crate::CLAIM_UNITS_MAX`].
    pub fn members(&self, pool: Name, owner: Address) -> Vec<MemberNow> {
        let row = self.pool(pool);
        let rows = self.state.rows_with::<MemberRow>(&(pool, owner)).take(crate::CLAIM_UNITS_MAX);
        rows.map(|((_, owner, unit), member)| {
            let subject = if unit == UnitId::default() { Subject::Party(owner) } else { Subject::Unit { owner, unit } };
            let (earned, _) = pool::earned(&row, &member);
            MemberNow { subject, weight: member.weight, pending: Units::new(member.pending.get().saturating_add(earned.get())) }
        })
        .collect()
    }

    /// A measure of a subject.
    pub fn standing(&self, subject: Subject, measure: Name) -> Measured {
        self.state.get::<StandingRow>(&(subject.owner(), subject.unit(), measure)).map_or(Measured::ZERO, |row| row.quantity)
    }

    /// A measure's sum over all subjects.
    pub fn measure(&self, measure: Name) -> Measured {
        self.state.get::<MeasureRow>(&measure).map_or(Measured::ZERO, |row| row.quantity)
    }

    /// Whether a subject is enrolled, and its facts.
    pub fn enrolled(&self, subject: Subject) -> Option<EnrolRow> {
        self.state.get(&(subject.owner(), subject.unit()))
    }

    /// A unit's pledge.
    pub fn pledge(&self, subject: Subject, kind: Name) -> Option<PledgeRow> {
        self.state.get(&(subject.owner(), subject.unit(), kind))
    }

    /// A party's locked rewards.
    pub fn vesting(&self, party: Address, token: Name) -> VestingNow {
        let entries = self.state.get::<VestingRow>(&(party, token)).map_or_else(Vec::new, |row| row.entries);
        let clock = self.spec.supply(token).and_then(|s| s.emission.as_ref()).map(|e| e.clock());
        let present = clock.and_then(|c| self.period(c)).unwrap_or(0);
        let start = |period: u64| clock.and_then(|c| self.period_start(c, period.saturating_add(1))).unwrap_or_default();
        let sum = |vested: bool| {
            let parts = entries.iter().filter(|(period, _)| (*period < present) == vested);
            Units::new(parts.fold(0u128, |sum, (_, amount)| sum.saturating_add(amount.get())))
        };
        VestingNow { vested: sum(true), locked: sum(false), entries: entries.iter().map(|(p, a)| (start(*p), *a)).collect() }
    }

    /// An escrow.
    pub fn escrow(&self, id: UnitId) -> Option<EscrowRow> {
        self.state.get(&id)
    }

    /// What of an escrow no stream has reserved.
    pub fn escrow_free(&self, id: UnitId) -> Option<Units> {
        let row = self.escrow(id)?;
        let token = self.spec.stream(row.kind)?.token;
        Some(self.balance(Account::Escrow(id), token).minus_or_zero(row.reserved))
    }

    /// A stream, with what is due of it.
    pub fn stream(&self, id: UnitId) -> Option<StreamNow> {
        let row = self.state.get::<StreamRow>(&id)?;
        let rule = self.spec.stream(row.kind)?;
        let present = self.period(rule.clock)?;
        let due = row.rate.times(due_periods(&row, present).into()).ok()?;
        let ends = self.period_start(rule.clock, row.start.unwrap_or(present).saturating_add(row.periods))?;
        Some(StreamNow { row, due, ends })
    }

    /// A party's allowance of a kind.
    pub fn allowance(&self, kind: Name, party: Address) -> AllowanceRow {
        allowance::allowance(self.state, kind, party)
    }

    /// An allowance in use by a unit.
    pub fn allowance_use(&self, kind: Name, unit: UnitId) -> Option<AllowanceUseRow> {
        self.state.get(&(kind, unit))
    }

    /// Who fills a role.
    pub fn role(&self, role: Name) -> Option<Address> {
        self.state.get::<RoleRow>(&role).map(|row| row.account)
    }

    /// The price of a pair.
    ///
    /// # Errors
    /// Unknown pair; too few fresh reports.
    pub fn price(&self, pair: Name) -> Result<PriceNow, Refusal> {
        price_now(self.state, pair, &declared(self.spec.price(pair), Topic::Pair, pair)?, self.now)
    }

    /// Base units per work unit in this block.
    pub fn base_fee(&self) -> Units {
        fee::base_fee(self.spec, self.state)
    }

    /// What a pledge for `basis` would lock.
    ///
    /// # Errors
    /// Unknown kind or measure; a basis of nothing.
    pub fn quote_pledge(&self, kind: Name, basis: Component) -> Result<Units, Refusal> {
        let rule = declared(self.spec.pledge(kind), Topic::PledgeKind, kind)?;
        pledge_amount(&rule, pledge_basis(self.spec, kind, basis)?)
    }

    /// The least bond for `basis`.
    ///
    /// # Errors
    /// Unknown kind or measure.
    pub fn quote_bond(&self, kind: Name, basis: Component) -> Result<Units, Refusal> {
        let rule = declared(self.spec.stream(kind), Topic::StreamKind, kind)?;
        declared(self.spec.binding(basis.measure).filter(|b| b.bond == Some(kind)), Topic::Measure, basis.measure)?;
        bond_minimum(&rule, basis.quantity)
    }

    /// Whether a party may lock this pledge now.
    ///
    /// # Errors
    /// The refusal that locking would give.
    pub fn eligible(&self, party: Address, kind: Name, basis: Component) -> Result<(), Refusal> {
        let needed = self.quote_pledge(kind, basis)?;
        let token = declared(self.spec.pledge(kind), Topic::PledgeKind, kind)?.token;
        let wallet = self.wallet(party, token);
        if !wallet.owed.is_zero() {
            return Err(Refusal::InDebt { owed: wallet.owed });
        }
        if wallet.held < needed {
            return Err(Refusal::Underfunded { token, needed, has: wallet.held });
        }
        Ok(())
    }

    /// Whether work is due at this time that [`crate::Session::close`] has not done.
    pub fn has_due(&self) -> bool {
        let first = self.state.first_from::<DueRow>(&(Instant::new(0), 0, UnitId::default()));
        first.is_some_and(|((at, _, _), _)| at <= self.now)
    }
}
