//! Clocks, pools, metrics, locked rewards.

use super::{Auditor, Violation, wide};
use crate::{
    Account, Emission, Method,
    reward::rows::{CurrentRow, EmissionRow, MemberRow, MetricRow, PoolRow, VestingRow},
    session::rows::GenesisRow,
    time::rows::ClockRow,
};
use depin_quantity::{Address, Name, UnitId};
use ruint::aliases::U256;
use std::collections::BTreeMap;

impl Auditor<'_> {
    /// Each period was closed once and in order: as many closes as periods since the first.
    pub(super) fn check_clocks(&mut self) {
        if !self.state.has::<GenesisRow>(&()) {
            return;
        }
        let names: Vec<Name> = self.spec.clocks().keys().copied().collect();
        for name in names {
            match self.state.get::<ClockRow>(&name) {
                Some(row) if row.next >= row.first => {
                    self.expect(
                        format!("clock {name}: periods closed"),
                        U256::from(row.next - row.first),
                        U256::from(row.closed),
                    );
                }
                Some(row) => self.violated(Violation::Exceeds {
                    what: format!("clock {name}: first period"),
                    most: row.next.to_string(),
                    found: row.first.to_string(),
                }),
                // A clock of a later parameter version starts when that parameter version begins.
                None if self.versions.clock(name).is_none() => {}
                None => self.violated(Violation::Dangling { what: format!("clock {name} was never started") }),
            }
        }
    }

    pub(super) fn check_pools(&mut self) {
        let names: Vec<Name> = self.spec.pools().keys().copied().collect();
        for name in &names {
            self.check_pool(*name);
            self.check_weights(*name);
            self.check_emission(*name);
        }
        let mut others: Vec<Name> =
            self.state.rows::<MemberRow>().map(|((pool, ..), _)| pool).filter(|pool| !names.contains(pool)).collect();
        others.dedup();
        for pool in others {
            self.violated(Violation::Dangling { what: format!("members of pool {pool}, which the network does not have") });
        }
    }

    /// `balance * 2^96 = sum(weight * (per_weight - settled) + fraction + pending * 2^96) + carry_over + batches * 2^96`, and the weights
    /// add up.
    fn check_pool(&mut self, name: Name) {
        let (token, method) = (self.spec.pools()[&name].token, self.spec.pools()[&name].method);
        if matches!(method, Method::Staked(_) | Method::Locked { .. }) {
            return;
        }
        let row = self.state.get::<PoolRow>(&name);
        let (weight, per_weight, carry_over) =
            row.map_or((0, U256::ZERO, U256::ZERO), |r| (r.weight.get(), r.per_weight.0, r.carry_over.0));
        let one: U256 = U256::from(1) << 96;
        let (mut weights, mut owned) = (U256::ZERO, carry_over + self.owned_by_batches(name) * one);
        // One by one: there may be millions.
        let state = self.state;
        for ((_, owner, _), member) in state.rows_with::<MemberRow>(&name) {
            if member.settled.0 > per_weight {
                self.violated(Violation::Dangling { what: format!("pool {name}: {owner} is settled past the pool") });
                continue;
            }
            let part = U256::from(member.weight.get());
            weights += part;
            owned += part * (per_weight - member.settled.0) + U256::from(member.fraction) + wide(member.pending) * one;
            if U256::from(member.fraction) >= one {
                self.violated(Violation::Exceeds {
                    what: format!("pool {name}: fraction of {owner}"),
                    most: one.to_string(),
                    found: member.fraction.to_string(),
                });
            }
        }
        self.expect(format!("pool {name}: weight"), weights, U256::from(weight));
        self.expect(format!("pool {name}: balance in 2^-96 base units"), owned, self.holds(Account::Pool(name), token) * one);
    }

    /// Weights are exactly what the currents of the metrics that are bound to the pool weigh. A metric that a change bound anew
    /// moves with its next report, so nothing is expected of a pool whose metrics changed.
    fn check_weights(&mut self, name: Name) {
        let bound = |spec: &crate::Spec| -> BTreeMap<Name, u128> {
            spec.bindings().iter().filter(|(_, b)| b.pool == Some(name)).map(|(m, b)| (*m, b.times.get())).collect()
        };
        let metrics = bound(self.versions);
        if metrics.is_empty() || self.versions.later().iter().any(|(_, version)| bound(version) != metrics) {
            return;
        }
        let rows = self.state.rows_with::<MemberRow>(&name);
        let members: BTreeMap<(Address, UnitId), u128> =
            rows.map(|((_, owner, unit), member)| ((owner, unit), member.weight.get())).collect();
        let metric = metrics.keys().map(Name::to_string).collect::<Vec<_>>().join(" and ");
        let mut currents: BTreeMap<(Address, UnitId), u128> = BTreeMap::new();
        for ((owner, unit, m), row) in self.state.rows::<CurrentRow>() {
            let Some(times) = metrics.get(&m) else { continue };
            let weight = U256::from(row.quantity.get()) * U256::from(*times) / U256::from(1_000_000_000_000_000_000u128);
            let sum = currents.entry((owner, unit)).or_default();
            *sum = sum.saturating_add(u128::try_from(weight).unwrap_or(u128::MAX));
        }
        currents.retain(|_, weight| *weight > 0);
        for (key, weight) in &members {
            let stands = currents.get(key).copied().unwrap_or(0);
            self.expect(format!("pool {name}: weight of {} against {metric}", key.0), U256::from(stands), U256::from(*weight));
        }
        for (key, stands) in currents.iter().filter(|(key, _)| !members.contains_key(key)) {
            self.violated(Violation::Dangling {
                what: format!("{} stands at {stands} {metric} and is not in pool {name}", key.0),
            });
        }
    }

    /// What was scheduled was minted or forfeited, and never more than the whole.
    fn check_emission(&mut self, name: Name) {
        let Some(row) = self.state.get::<EmissionRow>(&name) else { return };
        let came = wide(row.scheduled) + wide(row.received);
        let went = wide(row.minted) + wide(row.forfeited) + wide(row.overflowed) + wide(row.deferred);
        self.expect(format!("pool {name}: emission scheduled"), went, came);
        let token = self.spec.pools()[&name].token;
        if let Some(Emission::HalfLife { total, .. }) = self.spec.supply(token).and_then(|s| s.emission.clone())
            && row.scheduled > total
        {
            self.violated(Violation::Exceeds {
                what: format!("pool {name}: emission"),
                most: total.to_string(),
                found: row.scheduled.to_string(),
            });
        }
    }

    /// Sums kept per metric equal the subjects' currents.
    pub(super) fn check_metrics(&mut self) {
        let mut sums: BTreeMap<Name, U256> = BTreeMap::new();
        for ((_, _, metric), row) in self.state.rows::<CurrentRow>() {
            *sums.entry(metric).or_default() += U256::from(row.quantity.get());
        }
        let says: BTreeMap<Name, U256> =
            self.state.rows::<MetricRow>().map(|(m, row)| (m, U256::from(row.quantity.get()))).collect();
        let mut names: Vec<Name> = sums.keys().chain(says.keys()).copied().collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let (sum, says) = (sums.get(&name).copied().unwrap_or_default(), says.get(&name).copied().unwrap_or_default());
            self.expect(format!("sum of {name}"), sum, says);
        }
    }

    /// A vesting account holds the sum of its entries, which ascend and are not empty.
    pub(super) fn check_vesting(&mut self) {
        let mut says = BTreeMap::new();
        for ((owner, token), row) in self.state.rows::<VestingRow>() {
            let ascending = row.entries.windows(2).all(|pair| pair[0].0 < pair[1].0);
            if !ascending || row.entries.is_empty() || row.entries.iter().any(|(_, amount)| amount.is_zero()) {
                self.violated(Violation::Dangling {
                    what: format!("vesting of {owner}: entries must ascend, and none may be empty"),
                });
            }
            let sum = row.entries.iter().fold(U256::ZERO, |sum, (_, amount)| sum + wide(*amount));
            says.insert((Account::Vesting(owner), token), sum);
        }
        self.expect_accounts("its entries", &says, |a| matches!(a, Account::Vesting(_)));
    }
}
