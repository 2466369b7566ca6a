//! Pledges and allowances.

use super::{Auditor, Violation, wide};
use crate::{
    Account,
    collateral::rows::PledgeRow,
    reward::rows::{AllowanceRow, AllowanceUseRow, BackingRow},
};
use depin_quantity::{Address, Name};
use ruint::aliases::U256;
use std::collections::BTreeMap;

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
