//! What must hold between any two blocks, checked from the rows alone.
//!
//! In: parameters and a state. Out: every violation, not the first. Shares no code with what moves tokens: sums are taken anew in
//! 256 bits, and rules are restated. Reads everything, so it is for people, tests and the end of a scenario, never for a block.

mod batches;
mod commitments;
mod locks;
mod payments;
mod pools;
mod report;
mod staking;
mod tokens;

pub use report::{AuditReport, TokenAudit, Violation};

use crate::{Account, Spec, session::rows::GenesisRow, time::rows::ClockRow};
use depin_quantity::{Instant, Name, Units};
use depin_state::ReadState;
use ruint::aliases::U256;
use std::collections::BTreeMap;

/// Audits a whole economy. Nothing to find before genesis.
pub fn audit(spec: &Spec, state: &dyn ReadState) -> AuditReport {
    let merged = everything(spec, state);
    let mut auditor = Auditor { spec: &merged, versions: spec, state, accounts: BTreeMap::new(), report: AuditReport::default() };
    auditor.read_accounts();
    auditor.check_tokens();
    auditor.check_classes();
    auditor.check_allocations();
    auditor.check_clocks();
    auditor.check_pools();
    auditor.check_batches();
    auditor.check_draws();
    auditor.check_minting();
    auditor.check_metrics();
    auditor.check_vesting();
    auditor.check_pledges();
    auditor.check_streams();
    auditor.check_due();
    auditor.check_credits();
    auditor.check_splits();
    auditor.check_allowances();
    auditor.check_amm_pools();
    auditor.check_staking();
    auditor.check_locks();
    auditor.report
}

/// The parameters of the parameter version in force, with what only other parameter versions name: rows outlive the parameter version that made them. The present is known to
/// the last closed period.
fn everything(spec: &Spec, state: &dyn ReadState) -> Spec {
    let Some(genesis) = state.get::<GenesisRow>(&()).map(|row| row.at) else { return spec.clone() };
    let closed = |spec: &Spec| -> Instant {
        let starts = spec.clocks().iter().filter_map(|(name, clock)| {
            let row = state.get::<ClockRow>(name)?;
            Some(clock.start(row.origin, row.next)).filter(|_| row.next > row.first)
        });
        starts.max().unwrap_or(genesis).max(genesis)
    };
    let at = spec.later().iter().map(|(_, version)| closed(version)).fold(closed(spec), Instant::max);
    spec.merged(genesis, at)
}

struct Auditor<'a> {
    spec: &'a Spec,
    /// The first parameter version, which knows the others.
    versions: &'a Spec,
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
