//! Pledges, streams, what is due, allowances.

use super::{Auditor, Violation, wide};
use crate::{
    Account,
    rows::{AllowanceRow, AllowanceUseRow, BackingRow, ClockRow, DueRow, EscrowRow, PledgeRow, StreamRow},
};
use depin_quantity::{Address, Name, UnitId};
use ruint::aliases::U256;
use std::collections::{BTreeMap, BTreeSet};

const UNACTIVATED: u8 = 1;
const LOW: u8 = 2;
const OVER: u8 = 3;

impl Auditor<'_> {
    /// A pledge account holds the sum of the pledges of its owner's units.
    pub(super) fn check_pledges(&mut self) {
        let mut says: BTreeMap<(Account, Name), U256> = BTreeMap::new();
        for ((owner, _, kind), row) in self.state.rows::<PledgeRow>() {
            match self.spec.pledge(kind) {
                Some(rule) => *says.entry((Account::Pledge(owner), rule.token)).or_default() += wide(row.amount),
                None => self
                    .violated(Violation::Dangling { what: format!("a pledge of kind {kind}, which the network does not have") }),
            }
        }
        self.expect_accounts("its pledges", &says, |a| matches!(a, Account::Pledge(_)));
    }

    /// An escrow has reserved exactly what its streams may still pay, and holds at least that; a bond account holds its stream's bond.
    pub(super) fn check_streams(&mut self) {
        let mut reserved: BTreeMap<UnitId, (U256, u32)> = BTreeMap::new();
        let mut bonds: BTreeMap<(Account, Name), U256> = BTreeMap::new();
        for (id, row) in self.state.rows::<StreamRow>() {
            if row.paid > row.periods {
                let (most, found) = (row.periods.to_string(), row.paid.to_string());
                self.violated(Violation::Exceeds { what: format!("stream {id}: periods paid"), most, found });
                continue;
            }
            let (sum, count) = reserved.entry(row.escrow).or_default();
            *sum += wide(row.rate) * U256::from(row.periods - row.paid);
            *count += 1;
            match self.spec.stream(row.kind) {
                Some(rule) if !row.bond.is_zero() => {
                    bonds.insert((Account::Bond(id), rule.token), wide(row.bond));
                }
                Some(_) => {}
                None => self.violated(Violation::Dangling {
                    what: format!("stream {id} of kind {}, which the network does not have", row.kind),
                }),
            }
        }
        self.expect_accounts("its stream's bond", &bonds, |a| matches!(a, Account::Bond(_)));
        self.check_escrows(&reserved);
    }

    fn check_escrows(&mut self, reserved: &BTreeMap<UnitId, (U256, u32)>) {
        let mut known = BTreeSet::new();
        for (id, row) in self.state.rows::<EscrowRow>() {
            known.insert(id);
            let (sum, count) = reserved.get(&id).copied().unwrap_or_default();
            self.expect(format!("escrow {id}: reserved"), sum, wide(row.reserved));
            self.expect(format!("escrow {id}: streams"), U256::from(count), U256::from(row.streams));
            let Some(token) = self.spec.stream(row.kind).map(|rule| rule.token) else { continue };
            let holds = self.holds(Account::Escrow(id), token);
            if wide(row.reserved) > holds {
                self.violated(Violation::Exceeds {
                    what: format!("escrow {id}: reserved"),
                    most: holds.to_string(),
                    found: row.reserved.to_string(),
                });
            }
        }
        let accounts = self.accounts.keys().filter_map(|(account, _)| match account {
            Account::Escrow(id) => Some(*id),
            _ => None,
        });
        let orphans: Vec<UnitId> = accounts.chain(reserved.keys().copied()).filter(|id| !known.contains(id)).collect();
        for id in orphans {
            self.violated(Violation::Dangling { what: format!("money or a stream of escrow {id}, which does not exist") });
        }
    }

    /// Every stream has its end or its deadline on the list, and the list has nothing else.
    pub(super) fn check_due(&mut self) {
        let mut listed: BTreeSet<(u64, u8, UnitId)> =
            self.state.rows::<DueRow>().map(|((at, tag, id), _)| (at.get(), tag, id)).collect();
        for (id, row) in self.state.rows::<StreamRow>() {
            let Some(rule) = self.spec.stream(row.kind) else { continue };
            let (Some(clock), Some(every)) =
                (self.state.get::<ClockRow>(&rule.clock), self.spec.clock(rule.clock).map(|c| c.every.get()))
            else {
                continue;
            };
            let due = match row.start {
                None => (row.activate_by.get().saturating_add(1), UNACTIVATED, id),
                Some(start) => {
                    let ends = clock.origin.get().saturating_add(start.saturating_add(row.periods).saturating_mul(every));
                    listed.remove(&(ends.saturating_sub(rule.warn_before.get()), LOW, id));
                    (ends, OVER, id)
                }
            };
            if !listed.remove(&due) {
                self.violated(Violation::Dangling { what: format!("stream {id} is not on the list of what is due") });
            }
        }
        for (at, tag, id) in listed {
            self.violated(Violation::Dangling { what: format!("job {tag} of {id} at {at} is due for no stream") });
        }
    }

    /// Backing is the sum of uses; a party's uses and what is left come to no more than was granted.
    pub(super) fn check_allowances(&mut self) {
        let mut backing: BTreeMap<(Name, Address), U256> = BTreeMap::new();
        let mut used: BTreeMap<(Name, Address), U256> = BTreeMap::new();
        for ((kind, _), row) in self.state.rows::<AllowanceUseRow>() {
            *backing.entry((kind, row.beneficiary)).or_default() += U256::from(row.amount.get());
            *used.entry((kind, row.party)).or_default() += U256::from(row.amount.get());
        }
        for (key, row) in self.state.rows::<BackingRow>() {
            let sum = backing.remove(&key).unwrap_or_default();
            self.expect(format!("{} backing of {}", key.0, key.1), sum, U256::from(row.amount.get()));
        }
        for (key, sum) in backing {
            self.expect(format!("{} backing of {}", key.0, key.1), sum, U256::ZERO);
        }
        for (key, row) in self.state.rows::<AllowanceRow>() {
            let sum = used.remove(&key).unwrap_or_default() + U256::from(row.left.get());
            if sum > U256::from(row.granted.get()) {
                let most = row.granted.to_string();
                self.violated(Violation::Exceeds {
                    what: format!("{} of {}, left and in use", key.0, key.1),
                    most,
                    found: sum.to_string(),
                });
            }
        }
        for (key, sum) in used {
            self.violated(Violation::Dangling { what: format!("{} uses {sum} of {}, which nobody granted", key.1, key.0) });
        }
    }
}
