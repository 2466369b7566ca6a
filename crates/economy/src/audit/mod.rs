//! What must hold between any two blocks, checked from the rows alone.
//!
//! In: parameters and a state. Out: every violation, not the first. Shares no code with what moves tokens: sums are taken anew in
//! 256 bits, and rules are restated. Reads everything, so it is for people, tests and the end of a scenario, never for a block.

mod commitments;
mod pools;
mod report;
mod tokens;

pub use report::{AuditReport, TokenAudit, Violation};

use crate::{Account, Spec};
use depin_quantity::{Name, Units};
use depin_state::ReadState;
use ruint::aliases::U256;
use std::collections::BTreeMap;

/// Audits a whole economy. Nothing to find before genesis.
pub fn audit(spec: &Spec, state: &dyn ReadState) -> AuditReport {
    let mut auditor = Auditor { spec, state, accounts: BTreeMap::new(), report: AuditReport::default() };
    auditor.read_accounts();
    auditor.check_tokens();
    auditor.check_classes();
    auditor.check_allocations();
    auditor.check_clocks();
    auditor.check_pools();
    auditor.check_measures();
    auditor.check_vesting();
    auditor.check_pledges();
    auditor.check_streams();
    auditor.check_due();
    auditor.check_allowances();
    auditor.check_venues();
    auditor.report
}

struct Auditor<'a> {
    spec: &'a Spec,
    state: &'a dyn ReadState,
    /// Balances of all accounts but wallets.
    accounts: BTreeMap<(Account, Name), U256>,
    report: AuditReport,
}

impl Auditor<'_> {
    fn holds(&self, account: Account, token: Name) -> U256 {
        self.accounts.get(&(account, token)).copied().unwrap_or(U256::ZERO)
    }

    fn expect(&mut self, what: impl Into<String>, expected: U256, found: U256) {
        if expected != found {
            self.violated(Violation::Differs { what: what.into(), expected: expected.to_string(), found: found.to_string() });
        }
    }

    fn violated(&mut self, violation: Violation) {
        self.report.violations.push(violation);
    }

    /// Accounts of one kind must be exactly those that rows say something about.
    fn expect_accounts(&mut self, what: &str, says: &BTreeMap<(Account, Name), U256>, is_kind: impl Fn(&Account) -> bool) {
        let mut keys: Vec<_> = self.accounts.keys().filter(|(account, _)| is_kind(account)).copied().collect();
        keys.extend(says.keys());
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let expected = says.get(&key).copied().unwrap_or(U256::ZERO);
            self.expect(format!("{} ({what})", key.0), expected, self.holds(key.0, key.1));
        }
    }
}

fn wide(units: Units) -> U256 {
    U256::from(units.get())
}
