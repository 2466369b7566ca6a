//! What can be read of an economy: balances, supply, rewards, streams, prices. Nothing here writes.

pub mod due;
pub mod holdings;

use crate::book::rows::{ClassRow, SupplyRow, WalletRow};
use crate::collateral::rows::PledgeRow;
use crate::payment::rows::{EscrowRow, PaymentRow, StreamRow};
use crate::reward::rows::{
    AllowanceRow, AllowanceUseRow, BatchRow, CurrentRow, EmissionRow, GaugeRow, LazyRow, MemberRow, MetricRow, PoolRow,
    RegisterRow, ScoreRow, VestingRow,
};
use crate::session::rows::RoleRow;
use crate::supply::rows::{AllocationRow, MintRow};
use crate::time::{
    chance::{Fixed, seed_for},
    rows::{ClockRow, DueRow},
};
use crate::{
    Account, AccountClass, AllocationVesting, Bonded, CapKind, Component, Draw, Emission, Minter, Part, PoolRule, PriceNow,
    Refusal, Schedule, Score, Spec, Subject, Topic, UNALLOCATED,
    book::{self, base_fee},
    collateral::pledge::{pledge_amount, pledge_basis},
    market::price::price_now,
    part_of,
    payment::{bond_minimum, due_periods},
    reward::{allowance, pool},
    session::{genesis::allocation_vested, work::declared},
    time::{
        clock::{genesis_of, period_of, start_of},
        close::{bonded_for, mint_row, minter},
    },
};
use depin_quantity::{Address, Instant, Measured, Name, Rounding, Seed, Share, UnitId, Units};
use depin_state::ReadState;
use serde::Serialize;

/// Reads of one state at one time.
#[derive(Clone, Copy)]
pub struct Reads<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) versions: &'a Spec,
    pub(crate) genesis: Instant,
    pub(crate) state: &'a (dyn ReadState + 'a),
    pub(crate) now: Instant,
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
    /// What the cap does.
    pub cap_kind: CapKind,
    /// What the cap leaves to mint; `None` for a cap that is shown only.
    pub room: Option<Units>,
    /// Of genesis allocations, not vested.
    pub allocations_locked: Units,
    /// Of them, what belongs to nobody and is never taken.
    pub unallocated: Units,
    /// In funds of the network.
    pub treasuries: Units,
    /// Collateral.
    pub pledged: Units,
    /// Rewards that have not unlocked or were not released.
    pub vesting: Units,
    /// In escrows.
    pub escrowed: Units,
    /// Bonds of streams.
    pub bonded: Units,
    /// Rewards in pools, accrued and not paid.
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
    /// Accrued, and not due before somebody has said how much of it was earned.
    pub waits: Units,
    /// When its term ends; for an inactive one, when it would end if it began now. Of an open-ended one, when its term or the
    /// money ends, whichever is first; the end of time when neither is known.
    pub ends: Instant,
    /// What an open-ended one has besides.
    pub running: Option<PaymentRow>,
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

/// What a party accrued in a pool and was not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MemberNow {
    /// Whose.
    pub subject: Subject,
    /// Its weight.
    pub weight: Measured,
    /// Whole base units accrued up to the last closed period, not paid.
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
    pub(crate) fn new(versions: &'a Spec, state: &'a (dyn ReadState + 'a), now: Instant) -> Self {
        let genesis = genesis_of(state, now);
        Self { spec: versions.at(genesis, now), versions, genesis, state, now }
    }

    /// The parameters in force now.
    pub const fn spec(&self) -> &'a Spec {
        self.spec
    }

    /// The network's schedules.
    pub const fn schedule(&self) -> Schedule<'a> {
        Schedule::new(self.versions, self.genesis)
    }

    /// A party's wallet: what it holds and what it owes.
    pub fn wallet(&self, party: Address, token: Name) -> WalletRow {
        book::wallet(self.state, party, token)
    }

    /// What many parties hold of some tokens, each named once, by token and in their order. Parties in ascending order cost one walk through their wallets, and
    /// those of whoever comes between them.
    pub fn all_held(&self, tokens: &[Name], parties: &[Address]) -> Vec<Vec<Units>> {
        if parties.is_sorted_by(|a, b| a < b) {
            return book::held_in_order(self.state, tokens, parties);
        }
        let of = |token: &Name| parties.iter().map(|party| self.wallet(*party, *token).held).collect();
        tokens.iter().map(of).collect()
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
        let versions = self.schedule().versions().flat_map(|(_, _, spec)| spec.pools());
        let pools: std::collections::BTreeMap<Name, ()> =
            versions.filter(|(_, p)| p.token == token).map(|(name, _)| (*name, ())).collect();
        let forfeited = pools.keys().map(|name| self.emission(*name).map_or(Units::ZERO, |e| e.forfeited));
        let forfeited = forfeited.into_iter().try_fold(Units::ZERO, Units::plus).ok()?;
        Some(SupplyNow {
            cap: rule.cap.amount,
            cap_kind: rule.cap.kind,
            room: match rule.cap.kind {
                CapKind::Clamp => Some(rule.cap.amount.minus_or_zero(minted)),
                CapKind::NetEmission => Some(rule.cap.amount.minus_or_zero(total)),
                CapKind::Model => None,
            },
            unallocated: self.balance(Account::Allocation(UNALLOCATED), token),
            treasuries: self.class(AccountClass::Treasury, token),
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

    /// What was ever minted and burnt of a token, also of one without supply rules, such as a credit; `None` for a token that the
    /// network does not have.
    pub fn issued(&self, token: Name) -> Option<SupplyRow> {
        self.spec.token(token).map(|_| book::supply(self.state, token))
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
        Some(period_of(&self.clock(clock)?, self.spec.clock(clock)?, at))
    }

    /// When a period of a clock begins.
    pub fn period_start(&self, clock: Name, period: u64) -> Option<Instant> {
        Some(start_of(&self.clock(clock)?, self.spec.clock(clock)?, period))
    }

    /// A pool's part of its emission so far.
    pub fn emission(&self, pool: Name) -> Option<EmissionRow> {
        self.state.get(&pool)
    }

    /// What the present period gives a pool.
    pub fn period_reward(&self, pool: Name) -> Option<Units> {
        let rule = self.spec.pool(pool)?;
        self.reward_of(pool, rule, self.period(rule.clock)?)
    }

    /// What a period of its clock gives a pool by the present state: by schedule; by the present rate of an inflation; by the last
    /// scores of its group. Burnt tokens that are minted again come on top and are known when the period ends.
    fn reward_of(&self, pool: Name, rule: &PoolRule, period: u64) -> Option<Units> {
        let whole = match self.spec.supply(rule.token).and_then(|s| s.emission.as_ref()) {
            Some(Emission::Inflation(inflation)) => {
                let minted = self.inflation_next(rule.token)?;
                let row = self.mint_row(rule.token);
                let part = |whole| part_of(self.spec, rule.token, pool, self.period(inflation.clock).unwrap_or(0), whole);
                part(row.whole.plus(minted).ok()?).minus_or_zero(part(row.whole))
            }
            _ => self.schedule().reward(pool, period),
        };
        let Part::Scored(group) = rule.part else { return Some(whole) };
        let (share, of) = self.score_share(group, pool)?;
        whole.mul_div(share, of.max(1), Rounding::Down).ok()
    }

    /// What the next period of an inflation mints.
    pub fn inflation_next(&self, token: Name) -> Option<Units> {
        let supply = self.spec.supply(token)?;
        let Some(Emission::Inflation(rule)) = &supply.emission else { return None };
        let mut minter = self.minter(token)?;
        Some(rule.run(&mut minter, Bonded::Amount(self.bonded_for(rule.staking)), 1))
    }

    /// Where a token's inflation stands.
    pub fn minter(&self, token: Name) -> Option<Minter> {
        let Some(Emission::Inflation(rule)) = &self.spec.supply(token)?.emission else { return None };
        Some(minter(self.spec, self.state, token, &self.mint_row(token), rule.initial))
    }

    /// How far a token's minting is, where its emission has no schedule or burnt tokens are minted again.
    pub fn mint_row(&self, token: Name) -> MintRow {
        mint_row(self.state, token)
    }

    /// A named value of a scope.
    pub fn gauge(&self, scope: Name, name: Name) -> Measured {
        self.state.get::<GaugeRow>(&(scope, name)).map_or(Measured::ZERO, |row| row.value)
    }

    /// What is bonded for an inflation.
    pub fn bonded_for(&self, staking: Name) -> Units {
        bonded_for(self.spec, self.state, staking)
    }

    /// A pool's score and smoothed share of its group at the last close.
    pub fn score(&self, group: Name, pool: Name) -> Option<ScoreRow> {
        self.state.get(&(group, pool))
    }

    /// A scored pool's share of its group at the last close, as a fraction; equal ones before the first.
    fn score_share(&self, group: Name, pool: Name) -> Option<(u128, u128)> {
        let rule = self.spec.score(group)?;
        let rows: Option<Vec<ScoreRow>> = rule.pools.iter().map(|pool| self.score(group, *pool)).collect();
        let Some(rows) = rows else { return Some((1, rule.pools.len() as u128)) };
        let own = self.score(group, pool)?;
        Some(match rule.score {
            Score::Locked => (own.share.into(), crate::SHARE_WHOLE.into()),
            Score::Utility => (own.score, rows.iter().fold(0u128, |sum, row| sum.saturating_add(row.score))),
        })
    }

    /// A pool's share of its token's emission in the present period, in parts of 10^9: fixed or moving; of a scored pool its part of
    /// what the others leave; nothing for a pool that payments feed.
    pub fn pool_share(&self, pool: Name) -> Option<Share> {
        let rule = self.spec.pool(pool)?;
        let clock = self.spec.supply(rule.token)?.emission.as_ref()?.clock();
        let period = self.period(clock)?;
        let Part::Scored(group) = rule.part else { return Some(rule.part.share_at(period)) };
        let stated = self.spec.pools().values().filter(|p| p.token == rule.token).map(|p| p.part.share_at(period).get());
        let left = Share::WHOLE.get().saturating_sub(stated.fold(0, u32::saturating_add));
        let (share, of) = self.score_share(group, pool)?;
        let parts = Units::new(left.into()).mul_div(share, of.max(1), Rounding::Down).ok()?;
        Share::new(u32::try_from(parts.get()).ok()?)
    }

    /// What a party could claim of a pool now: what its standing weight earned and was not paid, and what lazy periods that are over gave it.
    pub fn claimable(&self, pool: Name, owner: Address) -> Units {
        let standing = self.members(pool, owner).into_iter().map(|member| member.pending.get());
        Units::new(standing.fold(self.lazy(pool, owner).get(), u128::saturating_add))
    }

    /// What a party could claim of a lazy pool.
    pub fn lazy(&self, pool: Name, owner: Address) -> Units {
        let open = self.pool(pool).batch;
        let rows = self.state.rows_with::<LazyRow>(&(pool, owner)).take(crate::CLAIM_UNITS_MAX);
        let pending = rows.map(|(_, row)| crate::reward::batch::lazy_pending(self.state, pool, &row, open).get());
        Units::new(pending.fold(0u128, u128::saturating_add))
    }

    /// Batches that are closed and not paid.
    pub fn batches(&self) -> Vec<(Name, u64, BatchRow)> {
        self.state
            .rows_with::<BatchRow>(&crate::reward::batch::TO_PAY)
            .map(|((_, pool, number), row)| (pool, number, row))
            .collect()
    }

    /// What a pool's schedule has given when `n` periods are over.
    pub fn pool_scheduled(&self, pool: Name, n: u64) -> Option<Units> {
        self.spec.pool(pool)?;
        Some(self.schedule().scheduled(pool, n))
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
            let (accrued, _) = pool::accrued(&row, &member);
            MemberNow { subject, weight: member.weight, pending: Units::new(member.pending.get().saturating_add(accrued.get())) }
        })
        .collect()
    }

    /// A metric of a subject.
    pub fn current(&self, subject: Subject, metric: Name) -> Measured {
        self.state.get::<CurrentRow>(&(subject.owner(), subject.unit(), metric)).map_or(Measured::ZERO, |row| row.quantity)
    }

    /// A metric's sum over all subjects.
    pub fn metric(&self, metric: Name) -> Measured {
        self.state.get::<MetricRow>(&metric).map_or(Measured::ZERO, |row| row.quantity)
    }

    /// Whether a subject is registered, and its facts.
    pub fn registered(&self, subject: Subject) -> Option<RegisterRow> {
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
        if let Some(free) = self.open_escrow_free(id) {
            return Some(free);
        }
        Some(self.balance(Account::Escrow(id), row.token).minus_or_zero(row.reserved))
    }

    /// A stream, with what is due of it.
    pub fn stream(&self, id: UnitId) -> Option<StreamNow> {
        let row = self.state.get::<StreamRow>(&id)?;
        let rule = self.spec.stream(row.kind)?;
        if rule.method != crate::StreamMethod::Reserved {
            return self.running_stream(id, row);
        }
        let present = self.period(rule.clock)?;
        let due = row.rate.times(due_periods(&row, present).into()).ok()?;
        let ends = self.period_start(rule.clock, row.start.unwrap_or(present).saturating_add(row.periods))?;
        Some(StreamNow { row, due, waits: Units::ZERO, ends, running: None })
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
        base_fee::base_fee(self.spec, self.state)
    }

    /// Base units per unit of work that a byte of rows is worth, in this block.
    pub fn row_base_fee(&self) -> Units {
        base_fee::row_base_fee(self.spec, self.state)
    }

    /// Base units per byte of rows that a transaction adds in this block; zero where rows cost nothing.
    ///
    /// # Errors
    /// Past 128 bits.
    pub fn row_fee(&self) -> Result<Units, Refusal> {
        Ok(base_fee::row_fee(self.spec, self.state)?)
    }

    /// What a pledge for `basis` would lock.
    ///
    /// # Errors
    /// Unknown kind or metric; a basis of nothing.
    pub fn quote_pledge(&self, kind: Name, basis: Component) -> Result<Units, Refusal> {
        let rule = declared(self.spec.pledge(kind), Topic::PledgeKind, kind)?;
        pledge_amount(&rule, pledge_basis(self.spec, kind, basis)?)
    }

    /// The least bond for `basis`.
    ///
    /// # Errors
    /// Unknown kind or metric.
    pub fn quote_bond(&self, kind: Name, basis: Component) -> Result<Units, Refusal> {
        let rule = declared(self.spec.stream(kind), Topic::StreamKind, kind)?;
        if rule.bond.is_some_and(|bond| bond.counted()) {
            declared(self.spec.binding(basis.metric).filter(|b| b.bond == Some(kind)), Topic::Metric, basis.metric)?;
        }
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

    /// Whether a lottery draw waits for its seed.
    pub fn awaits_seed(&self) -> bool {
        let mut rows = self.state.rows_with::<BatchRow>(&crate::reward::batch::TO_PAY);
        rows.any(|(_, row)| matches!(row.draw, Some(Draw::Waits(_))))
    }

    /// The seed that judges what was fixed then; `None` until its round has come.
    pub fn seed_for(&self, fixed: Fixed) -> Option<Seed> {
        seed_for(self.state, fixed)
    }

    /// Whether work is due at this time that [`crate::Session::close`] has not done.
    pub fn has_due(&self) -> bool {
        if crate::reward::batch::has_batch(self.state) {
            return true;
        }
        self.first_due().is_some_and(|at| at <= self.now)
    }

    /// When [`crate::Session::close`] has something to do next: a job that is due then, or now what an earlier call left. The ends of
    /// periods do not count: they are closed with whatever comes next, as of their own time.
    pub fn next_due(&self) -> Option<Instant> {
        let behind = |clock: &Name| self.clock(*clock).is_some_and(|row| self.period(*clock) > Some(row.next));
        if crate::reward::batch::has_batch(self.state) || self.spec.clocks().keys().any(behind) {
            return Some(self.now);
        }
        self.first_due()
    }

    fn first_due(&self) -> Option<Instant> {
        let first = self.state.first_from::<DueRow>(&(Instant::new(0), 0, UnitId::default()));
        first.map(|((at, ..), _)| at)
    }
}
