//! Vote-escrow locks: what they hold, what they weigh together, what they accrued.

use super::{Auditor, Violation, wide};
use crate::{
    Account, Method,
    time::rows::ClockRow,
    vote_lock::{Left, LockEndingRow, LockHistoryRow, LockOfRow, LockPoolRow, LockRow, LockSumRow, NOWHERE, Segment},
};
use depin_quantity::{Address, Name, UnitId};
use ruint::aliases::U256;
use std::collections::{BTreeMap, BTreeSet};

type Line = (U256, U256, U256);

fn add(sum: &mut Line, segment: &Segment) {
    let slope = U256::from(segment.slope);
    match segment.left {
        Left::Always(left) => sum.0 += slope * U256::from(left),
        Left::Until(end) => (sum.1, sum.2) = (sum.1 + slope * U256::from(end), sum.2 + slope),
    }
}

impl Auditor<'_> {
    pub(super) fn check_locks(&mut self) {
        let locks: BTreeMap<UnitId, LockRow> = self.state.rows::<LockRow>().collect();
        let mut says: BTreeMap<(Account, Name), U256> = BTreeMap::new();
        let mut of: BTreeSet<(Address, UnitId)> = self.state.rows::<LockOfRow>().map(|(key, _)| key).collect();
        for (id, row) in &locks {
            match self.spec.lock(row.lock) {
                Some(rule) => *says.entry((Account::Locked(row.lock), rule.token)).or_default() += wide(row.amount),
                None => self.violated(Violation::Dangling {
                    what: format!("lock {id} of kind {}, which the network does not have", row.lock),
                }),
            }
            if !of.remove(&(row.owner, *id)) {
                self.violated(Violation::Dangling { what: format!("lock {id} is not in its owner's list") });
            }
        }
        for (owner, id) in of {
            self.violated(Violation::Dangling { what: format!("lock {id} of {owner} does not exist") });
        }
        says.retain(|_, sum| !sum.is_zero());
        self.expect_accounts("its locks", &says, |a| matches!(a, Account::Locked(_)));
        self.check_lock_sums(&locks);
        self.check_lock_history(&locks);
        self.check_locked_pools(&locks);
    }

    /// Each line is the sum of the segments that it counts, what ends is noted, and the sum at the period's start is theirs.
    fn check_lock_sums(&mut self, locks: &BTreeMap<UnitId, LockRow>) {
        let mut notes: BTreeMap<(Name, Name, u64), Line> =
            self.state.rows::<LockEndingRow>().map(|(key, row)| (key, (row.level.0, row.ends.0, row.fall.0))).collect();
        let sums: BTreeMap<(Name, Name), LockSumRow> = self.state.rows::<LockSumRow>().collect();
        for ((lock, scope), row) in &sums {
            let start = self.second_of(*lock, row.period);
            let (mut line, mut at_start, mut ends) = (Line::default(), U256::ZERO, BTreeMap::<u64, Line>::new());
            let all = locks.values().filter(|l| l.lock == *lock).flat_map(|l| &l.segments);
            for segment in all.filter(|s| s.scope.unwrap_or(NOWHERE) == *scope) {
                let lasts = segment.until.is_none_or(|until| until >= row.period);
                if lasts && segment.from <= row.period {
                    at_start += weighs(segment, start);
                }
                if lasts && !segment.stopped {
                    add(&mut line, segment);
                    if let Some(until) = segment.until {
                        add(ends.entry(until).or_default(), segment);
                    }
                }
            }
            let what = format!("locks {lock} for {scope}");
            self.expect(format!("{what}: level"), line.0, row.level.0);
            self.expect(format!("{what}: ends"), line.1, row.ends.0);
            self.expect(format!("{what}: fall"), line.2, row.fall.0);
            self.expect(format!("{what}: at the start of period {}", row.period), at_start, row.at_start.0);
            for (period, line) in ends {
                let noted = notes.remove(&(*lock, *scope, period)).unwrap_or_default();
                if noted != line {
                    self.violated(Violation::Dangling { what: format!("{what}: what ends with period {period} is not noted") });
                }
            }
        }
        for row in locks.values() {
            for scope in row.segments.iter().map(|segment| segment.scope.unwrap_or(NOWHERE)) {
                if !sums.contains_key(&(row.lock, scope)) {
                    self.violated(Violation::Dangling { what: format!("locks {} for {scope} have no sum", row.lock) });
                }
            }
        }
        for (lock, scope, period) in notes.into_keys() {
            self.violated(Violation::Dangling { what: format!("locks {lock} for {scope}: nothing ends with period {period}") });
        }
    }

    /// Every remembered period has its users, and no other.
    fn check_lock_history(&mut self, locks: &BTreeMap<UnitId, LockRow>) {
        let mut users: BTreeMap<(Name, u64), u32> = BTreeMap::new();
        for (row, segment) in locks.values().flat_map(|row| row.segments.iter().map(move |segment| (row, segment))) {
            if segment.settled.is_none() {
                *users.entry((row.lock, segment.from.saturating_sub(1))).or_default() += 1;
            }
            if let Some(until) = segment.until {
                *users.entry((row.lock, until)).or_default() += 1;
            }
        }
        for ((lock, period), row) in self.state.rows::<LockHistoryRow>() {
            let count = users.remove(&(lock, period)).unwrap_or(0);
            self.expect(format!("locks {lock}: who looks at period {period}"), U256::from(count), U256::from(row.users));
        }
        for (lock, period) in users.into_keys() {
            self.violated(Violation::Dangling { what: format!("locks {lock}: period {period} is not remembered") });
        }
    }

    /// `balance * 2^120 = carry_over + what locks are owed + what their segments accrued since they were settled`.
    fn check_locked_pools(&mut self, locks: &BTreeMap<UnitId, LockRow>) {
        let pools: Vec<(Name, Name, Name, Option<Name>)> = self
            .spec
            .pools()
            .iter()
            .filter_map(|(name, rule)| match rule.method {
                Method::Locked { lock, scope } => Some((*name, rule.token, lock, scope)),
                _ => None,
            })
            .collect();
        for (pool, token, lock, scope) in pools {
            let now = self.state.get::<LockPoolRow>(&pool);
            let (now, carry_over) =
                now.map_or(((U256::ZERO, U256::ZERO), U256::ZERO), |r| ((r.income.0, r.dated.0), r.carry_over.0));
            let Some(rule) = self.spec.lock(lock) else { continue };
            let open = self.state.get::<ClockRow>(&rule.clock).map_or(0, |row| row.next);
            let mut owned = carry_over;
            for row in locks.values().filter(|row| row.lock == lock) {
                owned += row.owed.iter().filter(|owed| owed.pool == pool).fold(U256::ZERO, |sum, owed| sum + owed.amount.0);
                for segment in row.segments.iter().filter(|segment| segment.from <= open) {
                    let counts = scope.map_or(segment.scope.is_some() || !rule.delegated_only, |_| segment.scope == scope);
                    if !counts {
                        continue;
                    }
                    let to = segment.until.filter(|until| *until < open).map_or(now, |until| self.stood(lock, pool, until, now));
                    let from = match &segment.settled {
                        Some(all) => {
                            all.iter().find(|at| at.pool == pool).map_or((U256::ZERO, U256::ZERO), |at| (at.income.0, at.dated.0))
                        }
                        None => self.stood(lock, pool, segment.from.saturating_sub(1), now),
                    };
                    let (income, dated) = (to.0.wrapping_sub(from.0), to.1.wrapping_sub(from.1));
                    let slope = U256::from(segment.slope);
                    owned += match segment.left {
                        Left::Always(left) => income.wrapping_mul(slope).wrapping_mul(U256::from(left)),
                        Left::Until(end) => {
                            income.wrapping_mul(slope).wrapping_mul(U256::from(end)).wrapping_sub(dated.wrapping_mul(slope))
                        }
                    };
                }
            }
            let held: U256 = self.holds(Account::Pool(pool), token) << 120;
            self.expect(format!("pool {pool}: balance in 2^-120 base units"), owned, held);
        }
    }

    /// A pool's accumulators after a period; one that received nothing since stands as now.
    fn stood(&self, lock: Name, pool: Name, period: u64, now: (U256, U256)) -> (U256, U256) {
        let row = self.state.get::<LockHistoryRow>(&(lock, period));
        let at = row.and_then(|row| row.at.into_iter().find(|at| at.pool == pool));
        at.map_or(now, |at| (at.income.0, at.dated.0))
    }

    /// Start of a period of a lock's clock, in seconds.
    fn second_of(&self, lock: Name, period: u64) -> u64 {
        let Some(clock) = self.spec.lock(lock).and_then(|rule| self.spec.clock(rule.clock).map(|c| (rule.clock, c))) else {
            return 0;
        };
        self.state.get::<ClockRow>(&clock.0).map_or(0, |row| clock.1.start(row.origin, period).get() / 1_000)
    }
}

fn weighs(segment: &Segment, at: u64) -> U256 {
    let left = match segment.left {
        Left::Always(left) => left,
        Left::Until(end) => end.saturating_sub(at),
    };
    U256::from(segment.slope) * U256::from(left)
}
