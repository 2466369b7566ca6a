//! Closing periods: what a clock's periods give to pools, minted, overflowed, put off or forfeited.
//!
//! In: ledger time. Out: closed periods, each exactly once and in order, and the emission of their pools. Periods in which nothing
//! changed are closed together, since sums are cumulative; a close is split where a parameter version ends, where weights accrued in a period
//! end with it, and where scores move. Work is bounded: what is left is closed by the next call.
//!
//! Absent on purpose: how a pool's reward reaches its members (`pool`, `batch`, `staking`, `lock`).

use crate::{
    Account, Event, Reason, Refusal, Schedule, Spec,
    market::price::price_now,
    params::{CapKind, Emission, Method, Part, PoolRule, Target, Worth},
    reward::rows::{EmissionRow, GaugeRow, PoolRow},
    session::work::Work,
    supply::{
        inflation::{Bonded, Minter},
        rows::MintRow,
        schedule::{Wholes, first_period_from, part_of},
    },
    time::clock::clock_row,
};
use depin_quantity::{Decimal18, Instant, Measured, Name, Units, mul_div_u256};
use depin_state::ReadState;
use ruint::aliases::U256;
use std::collections::BTreeMap;

/// Steps of one unit of closing work: stretches of equal periods, or single periods of an inflation or a score.
pub const STEPS_PER_UNIT: u64 = 1_000;

/// Most units that an operation other than a block's close spends on closing what it depends on.
const CATCH_UP_UNITS: u32 = 8;

/// What a call of [`Work::close_some`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// No period had ended.
    Nothing,
    /// All that had ended is closed.
    Done,
    /// More is left.
    More,
}

/// A stretch of a clock's periods, all in one parameter version.
struct Stretch<'s> {
    spec: &'s Spec,
    clock: Name,
    first: u64,
    end: u64,
    from: Instant,
    until: Instant,
}

/// The gauge that says how much is bonded where no staking does.
const BONDED: Name = Name::literal("bonded");

/// A pool that never received anything.
pub const NO_EMISSION: EmissionRow = EmissionRow {
    scheduled: Units::ZERO,
    received: Units::ZERO,
    minted: Units::ZERO,
    forfeited: Units::ZERO,
    overflowed: Units::ZERO,
    deferred: Units::ZERO,
};

impl<'w> Work<'w> {
    /// The network's schedules.
    pub const fn schedules(&self) -> Schedule<'w> {
        Schedule::new(self.versions, self.genesis)
    }

    /// Closes every period of `clock` that has ended, for an operation that depends on it.
    ///
    /// # Errors
    /// [`Refusal::Closing`] when there is more to close than an operation may do: blocks close it first.
    pub fn close_clock(&mut self, clock: Name) -> Result<(), Refusal> {
        if self.current.period(clock).is_some() {
            return Ok(());
        }
        for _ in 0..CATCH_UP_UNITS {
            if self.close_some(clock, STEPS_PER_UNIT)? != Progress::More {
                self.current.add(clock, self.period(clock));
                return Ok(());
            }
        }
        Err(Refusal::Closing { clock })
    }

    /// Closes the clocks that look at gauges: of scores, and of inflations without a staking.
    pub fn close_gauged(&mut self) -> Result<(), Refusal> {
        let spec = self.spec;
        let scored = spec.scores().values().filter_map(|score| Some(spec.pool(*score.pools.first()?)?.clock));
        let inflated = spec.supplies().values().filter_map(|supply| match &supply.emission {
            Some(Emission::Inflation(rule)) if spec.staking(rule.staking).is_none() => Some(rule.clock),
            _ => None,
        });
        let clocks: std::collections::BTreeSet<Name> = scored.chain(inflated).collect();
        clocks.into_iter().try_for_each(|clock| self.close_clock(clock))
    }

    /// Closes periods of `clock` that have ended, with about `steps` steps.
    pub fn close_some(&mut self, clock: Name, steps: u64) -> Result<Progress, Refusal> {
        let mut row = clock_row(self.state.as_read(), clock);
        let end = self.period(clock);
        if end <= row.next {
            return Ok(Progress::Nothing);
        }
        let (first, mut left) = (row.next, steps);
        while row.next < end && left > 0 {
            let (stretch, taken) = self.stretch(clock, row.next, end, left);
            let until = stretch.end;
            self.close_stretch(&stretch)?;
            row.closed += until - row.next;
            row.next = until;
            left = left.saturating_sub(taken);
        }
        self.state.put(&clock, &row);
        self.emit(Event::PeriodsClosed { clock, first, end: row.next });
        Ok(if row.next < end { Progress::More } else { Progress::Done })
    }

    /// The longest stretch from period `first` on that can be closed at once, and how many steps that takes.
    fn stretch(&self, clock: Name, first: u64, end: u64, left: u64) -> (Stretch<'w>, u64) {
        let schedule = self.schedules();
        let row = clock_row(self.state.as_read(), clock);
        let rule = self.spec.clock_of(clock);
        let from = rule.start(row.origin, first);
        let spec = schedule.spec_at(from);
        let border = schedule.versions().map(|(start, ..)| start).find(|start| *start > from);
        let mut end = border.map_or(end, |border| end.min(first_period_from(rule, row.origin, border)));
        let mut taken = 1;
        if self.closes_singly(spec, clock) {
            end = end.min(first + 1);
        } else if has_inflation(spec, clock) {
            let moves =
                spec.pools().values().filter(|rule| rule.clock == clock).filter_map(|rule| rule.part.changes_after(first));
            end = moves.fold(end.min(first.saturating_add(left)), u64::min);
            taken = end - first;
        }
        let until = rule.start(row.origin, end);
        (Stretch { spec, clock, first, end, from, until }, taken)
    }

    /// Whether the period that comes next differs from those after it: weights were accrued in it, tokens were burnt in it that are
    /// minted again, or scores move every period.
    fn closes_singly(&self, spec: &Spec, clock: Name) -> bool {
        let pools = spec.pools().iter().filter(|(_, rule)| rule.clock == clock);
        // A ceiling holds for each period, so current weight under one is closed period by period too.
        let accrued = pools.clone().any(|(name, rule)| {
            let counts = |row: PoolRow| {
                !row.accrued.is_zero() || ((rule.worth.is_some() || rule.ceiling.is_some()) && !row.weight.is_zero())
            };
            self.state.get::<PoolRow>(name).is_some_and(counts)
                && rule.worth.is_none_or(|worth| self.worth_price(worth).is_some())
        });
        let scored = pools.clone().any(|(_, rule)| {
            matches!(rule.part, Part::Scored(_)) || matches!(rule.method, Method::Winners | Method::Locked { .. })
        });
        let net_emission = spec.supplies().values().filter(|s| s.net_emission.is_some_and(|net| net.clock == clock));
        let burnt = net_emission.clone().any(|s| {
            let seen = self.state.get::<MintRow>(&s.token).map_or(Units::ZERO, |row| row.burned);
            crate::book::supply(self.state.as_read(), s.token).burned > seen
        });
        accrued || scored || burnt
    }

    fn close_stretch(&mut self, stretch: &Stretch<'_>) -> Result<(), Refusal> {
        let spec = stretch.spec;
        // A pool that payments feed has nothing to receive here, but batches to close.
        let own = |rule: &PoolRule| rule.clock == stretch.clock && (rule.part != Part::Funded || rule.method.by_metric());
        let pools: Vec<(Name, PoolRule)> = spec.pools().iter().filter(|(_, rule)| own(rule)).map(|(n, r)| (*n, *r)).collect();
        self.take_scores(spec, stretch.clock, stretch.first)?;
        let mut amounts: BTreeMap<Name, Units> = BTreeMap::new();
        let mut wholes = Wholes::default();
        let tokens: std::collections::BTreeSet<Name> = pools.iter().map(|(_, rule)| rule.token).collect();
        for token in tokens {
            let stated = self.stateful(stretch, token)?;
            for (pool, rule) in pools.iter().filter(|(_, rule)| rule.token == token) {
                let scheduled = self.schedules().part_with(*pool, stretch.begins(), stretch.until, &mut wholes);
                let stated = stated.map_or(Units::ZERO, |(before, after)| {
                    let part = |whole| part_of(spec, token, *pool, stretch.first, whole);
                    part(after).minus_or_zero(part(before))
                });
                let whole = scheduled.plus(stated)?;
                match rule.part {
                    Part::Scored(_) if amounts.contains_key(pool) => {}
                    Part::Scored(group) => amounts.extend(self.split_by_score(spec, group, whole)?),
                    _ => {
                        amounts.insert(*pool, whole);
                    }
                }
            }
        }
        let mut overflowed = BTreeMap::new();
        for pool in in_overflow_order(&pools) {
            let amount = amounts.get(&pool).copied().unwrap_or_default();
            self.close_pool(stretch, pool, amount, &mut overflowed)?;
        }
        self.roll_locks(stretch.clock, stretch.end);
        Ok(())
    }

    /// What an emission without a schedule, and burnt tokens that are minted again, have given before and after this stretch.
    fn stateful(&mut self, stretch: &Stretch<'_>, token: Name) -> Result<Option<(Units, Units)>, Refusal> {
        let Some(supply) = stretch.spec.supply(token) else { return Ok(None) };
        let inflation = match &supply.emission {
            Some(Emission::Inflation(rule)) if rule.clock == stretch.clock => Some(*rule),
            _ => None,
        };
        let net = supply.net_emission.filter(|net| net.clock == stretch.clock);
        if inflation.is_none() && net.is_none() {
            return Ok(None);
        }
        let mut row = mint_row(self.state.as_read(), token);
        let before = row.whole;
        if let Some(rule) = inflation {
            let mut minter = minter(stretch.spec, self.state.as_read(), token, &row, rule.initial);
            let bonded = Bonded::Amount(bonded_for(self.spec, self.state.as_read(), rule.staking));
            let minted = rule.run(&mut minter, bonded, stretch.end - stretch.first);
            row.inflation = Some(minter.inflation);
            row.whole = row.whole.plus(minted)?;
        }
        if let Some(net) = net {
            let burned = crate::book::supply(self.state.as_read(), token).burned;
            row.whole = row.whole.plus(minted_again(burned, row.burned, net.most))?;
            row.burned = burned;
        }
        let after = row.whole;
        self.state.put(&token, &row);
        Ok(Some((before, after)))
    }

    /// Gives a pool its part of a stretch and what others overflowed into it; what it can't use it overflows, puts off, or forfeits.
    fn close_pool(
        &mut self,
        stretch: &Stretch<'_>,
        pool: Name,
        amount: Units,
        overflowed: &mut BTreeMap<Name, Units>,
    ) -> Result<(), Refusal> {
        let rule = *stretch.spec.pool(pool).expect("the stretch's parameter version has the pool");
        let mut row = self.state.get::<EmissionRow>(&pool).unwrap_or(NO_EMISSION);
        let inflow = overflowed.remove(&pool).unwrap_or_default();
        row.scheduled = row.scheduled.plus(amount)?;
        row.received = row.received.plus(inflow)?;
        let all = amount.plus(inflow)?.plus(std::mem::take(&mut row.deferred))?;
        if all.is_zero() && !self.has_open_weight(pool) {
            return Ok(());
        }
        let usable = match self.usable(&rule, pool, stretch.first)? {
            Usable::Nothing => Units::ZERO,
            Usable::AtMost(most) => all.min(most),
            Usable::Unknown => {
                row.deferred = all;
                self.state.put(&pool, &row);
                self.emit(Event::EmissionDeferred { pool, first: stretch.first, end: stretch.end, amount: all });
                return Ok(());
            }
        };
        let minted = usable.min(self.room(stretch.spec, rule.token));
        let unused = all.minus(minted)?;
        row.minted = row.minted.plus(minted)?;
        let (first, end) = (stretch.first, stretch.end);
        match rule.overflow {
            Some(to) => {
                row.overflowed = row.overflowed.plus(unused)?;
                if !unused.is_zero() {
                    let sum = overflowed.entry(to).or_default();
                    *sum = sum.plus(unused)?;
                    self.emit(Event::EmissionOverflowed { pool, to, first, end, amount: unused });
                }
            }
            None => {
                row.forfeited = row.forfeited.plus(unused)?;
                if !unused.is_zero() {
                    self.forfeit(stretch, rule.token, unused)?;
                    self.emit(Event::EmissionForfeited { pool, first, end, amount: unused });
                }
            }
        }
        self.state.put(&pool, &row);
        self.hand_out(stretch, pool, &rule, minted)
    }

    /// Forfeited parts of an inflation count as existing for it, so that it mints the same however time is sliced.
    fn forfeit(&mut self, stretch: &Stretch<'_>, token: Name, amount: Units) -> Result<(), Refusal> {
        if matches!(stretch.spec.supply(token).and_then(|s| s.emission.as_ref()), Some(Emission::Inflation(_))) {
            let mut row = mint_row(self.state.as_read(), token);
            row.unminted = row.unminted.plus(amount)?;
            self.state.put(&token, &row);
        }
        Ok(())
    }

    /// What a cap that is enforced leaves to mint: the last mint is cut to it.
    fn room(&self, spec: &Spec, token: Name) -> Units {
        let row = crate::book::supply(self.state.as_read(), token);
        let cap = [spec, self.spec].into_iter().filter_map(|spec| spec.supply(token)).map(|s| s.cap);
        cap.map(|cap| match cap.kind {
            CapKind::Clamp => cap.amount.minus_or_zero(row.minted),
            CapKind::NetEmission => cap.amount.minus_or_zero(row.minted.minus_or_zero(row.burned)),
            CapKind::Model => Units::new(u128::MAX),
        })
        .min()
        .unwrap_or_default()
    }

    /// Whether a pool has something to do without receiving anything: weights of a period that ends, or money for those that stand.
    fn has_open_weight(&self, pool: Name) -> bool {
        let row = self.pool_row(pool);
        !row.accrued.is_zero() || (!row.remainder.is_zero() && !row.weight.is_zero())
    }

    /// How much a pool can use: all when it has weight, nothing without, and at most what the weight is worth when it has a ceiling.
    fn usable(&self, rule: &PoolRule, pool: Name, period: u64) -> Result<Usable, Refusal> {
        let all = Usable::AtMost(Units::new(u128::MAX));
        let weight = match rule.method {
            Method::Direct(Target::Role(role)) if self.role(role).is_none() => return Ok(Usable::Nothing),
            Method::Direct(_) => return Ok(all),
            Method::Staked(staking) => self.staked_weight(staking),
            Method::Locked { lock, scope } => self.locked_weight(lock, scope, self.lock_period_of(rule, lock, period)),
            Method::Expected | Method::Batch | Method::Lazy | Method::Winners => {
                let row = self.pool_row(pool);
                row.weight.plus(row.accrued)?
            }
        };
        if weight.is_zero() {
            return Ok(Usable::Nothing);
        }
        if let Some(ceiling) = rule.ceiling {
            return Ok(Usable::AtMost(ceiling.of(weight).unwrap_or(Units::new(u128::MAX))));
        }
        let Some(worth) = rule.worth else { return Ok(all) };
        let Some(price) = self.worth_price(worth) else { return Ok(Usable::Unknown) };
        worth_of(weight, worth.usd_per_unit, price, self.spec.token_of(rule.token).decimals).map(Usable::AtMost)
    }

    fn worth_price(&self, worth: Worth) -> Option<Decimal18> {
        let rule = self.spec.price(worth.price)?;
        price_now(self.state.as_read(), worth.price, rule, self.now).ok().map(|now| now.price).filter(|price| !price.is_zero())
    }

    /// The period of a lock's clock whose weights count for a pool's period.
    fn lock_period_of(&self, rule: &PoolRule, lock: Name, period: u64) -> u64 {
        let Some(clock) = self.spec.lock(lock).map(|lock| lock.clock).filter(|clock| *clock != rule.clock) else { return period };
        let at = self.period_start(rule.clock, period + 1);
        self.period_at(clock, at).max(clock_row(self.state.as_read(), clock).next)
    }

    /// Mints what a pool can use and shares it among its members.
    fn hand_out(&mut self, stretch: &Stretch<'_>, pool: Name, rule: &PoolRule, amount: Units) -> Result<(), Refusal> {
        let (first, end, token) = (stretch.first, stretch.end, rule.token);
        let mint = |work: &mut Self, to| work.post(token, Account::Supply, to, amount, Reason::Emission);
        let weight = match rule.method {
            Method::Direct(target) => {
                match target {
                    Target::Treasury(name) => mint(self, Account::Treasury(name))?,
                    Target::Role(role) => {
                        if let Some(account) = self.role(role) {
                            mint(self, Account::Wallet(account))?;
                        }
                    }
                    Target::Pool(to) => {
                        mint(self, Account::Pool(to))?;
                        self.fund_pool(to, amount)?;
                    }
                }
                Measured::ZERO
            }
            Method::Staked(staking) => {
                mint(self, Account::Pool(pool))?;
                self.share_staked(pool, staking, amount);
                self.staked_weight(staking)
            }
            Method::Locked { lock, scope } => {
                let period = self.lock_period_of(rule, lock, first);
                mint(self, Account::Pool(pool))?;
                self.share_locked(pool, lock, scope, period, amount);
                self.locked_weight(lock, scope, period)
            }
            Method::Expected | Method::Batch | Method::Lazy | Method::Winners => {
                mint(self, Account::Pool(pool))?;
                self.share_out(pool, rule, amount)?
            }
        };
        if !amount.is_zero() {
            self.emit(Event::EmissionMinted { pool, first, end, amount, weight });
        }
        Ok(())
    }

    fn role(&self, role: Name) -> Option<depin_quantity::Address> {
        self.state.get::<crate::session::rows::RoleRow>(&role).map(|row| row.account)
    }
}

/// What of burnt tokens joins a period's emission: what was burnt since the last period, at most `most`.
///
/// - Units: base units; `burnt` and `before` are all that was ever burnt, now and when the last period ended.
/// - Source: HIP-20, net emissions; helium-program-library until 2025-03: `min(previous supply - supply, cap)`.
pub fn minted_again(burnt: Units, before: Units, most: Units) -> Units {
    burnt.minus_or_zero(before).min(most)
}

/// A token's state of minting.
pub fn mint_row(state: &dyn ReadState, token: Name) -> MintRow {
    let nothing = MintRow { inflation: None, whole: Units::ZERO, burned: Units::ZERO, unminted: Units::ZERO };
    state.get(&token).unwrap_or(nothing)
}

/// Where an inflation stands: what exists, with what it gave and nobody got, and what the cap leaves of that.
pub fn minter(spec: &Spec, state: &dyn ReadState, token: Name, row: &MintRow, initial: Decimal18) -> Minter {
    let supply = crate::book::supply(state, token);
    let given = supply.minted.get().saturating_add(row.unminted.get());
    let room = spec.supply(token).filter(|s| s.cap.kind != CapKind::Model).map(|s| s.cap.amount.minus_or_zero(Units::new(given)));
    let exists = Units::new(given.saturating_sub(supply.burned.get()));
    Minter { inflation: row.inflation.unwrap_or(initial), supply: exists, room }
}

/// What is bonded for an inflation: stake, or the gauge of that name.
pub fn bonded_for(spec: &Spec, state: &dyn ReadState, staking: Name) -> Units {
    match spec.staking(staking) {
        Some(_) => crate::staking::staking(state, staking).bonded,
        None => state.get::<GaugeRow>(&(staking, BONDED)).map_or(Units::ZERO, |row| Units::new(row.value.get())),
    }
}

enum Usable {
    Nothing,
    AtMost(Units),
    /// No price says how much.
    Unknown,
}

impl Stretch<'_> {
    /// Where its amounts begin: before everything for a clock's first period, which also holds what came before its origin.
    const fn begins(&self) -> Instant {
        if self.first == 0 { Instant::new(0) } else { self.from }
    }
}

/// What a period's weight is worth, in base units of the token: `floor(weight * usd_per_unit * 10^decimals / price)`.
///
/// - Units: dollars and price in parts of 10^18; the price is of one whole token.
/// - Source: HIP-20 (data transfer is paid its worth, the unused part overflows); oracles `mobile_verifier`, data transfer rewards.
///
/// # Errors
/// None is reachable with a price above zero: what passes 128 bits is all that there is.
pub fn worth_of(weight: Measured, usd_per_unit: Decimal18, price: Decimal18, decimals: u8) -> Result<Units, Refusal> {
    let scale = U256::from(usd_per_unit.get()) * U256::from(10u128.pow(u32::from(decimals.min(18))));
    let worth = mul_div_u256(weight.get(), scale, U256::from(price.get()), depin_quantity::Rounding::Down);
    Ok(Units::new(worth.unwrap_or(u128::MAX)))
}

/// Pools that overflow into others, or pay them, before those, each group in name order.
fn in_overflow_order(pools: &[(Name, PoolRule)]) -> Vec<Name> {
    let below = |name: &Name| -> usize {
        let (mut at, mut length) = (pools.iter().find(|(n, _)| n == name), 0);
        let next = |rule: &PoolRule| match rule.method {
            Method::Direct(Target::Pool(to)) => Some(to),
            _ => rule.overflow,
        };
        while let Some(to) = at.and_then(|(_, rule)| next(rule)) {
            at = pools.iter().find(|(n, _)| *n == to);
            length += 1;
            if length > pools.len() {
                break;
            }
        }
        length
    };
    let mut order: Vec<(usize, Name)> = pools.iter().map(|(name, _)| (usize::MAX - below(name), *name)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, name)| name).collect()
}

fn has_inflation(spec: &Spec, clock: Name) -> bool {
    spec.supplies().values().any(|s| matches!(&s.emission, Some(Emission::Inflation(rule)) if rule.clock == clock))
}
