//! Everything checked against everything.

use crate::{AccountRow, ChainRow, run::Rules};
use depin_state::ReadState;
use serde::Serialize;

/// What an audit found.
#[derive(Clone, Debug, Serialize)]
pub struct Audit {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// Height of the block whose rows were audited.
    pub height: u64,
    /// What is wrong, one sentence each.
    pub violations: Vec<String>,
    /// What the economy's own audit found, with its totals per token.
    pub economy: depin_economy::AuditReport,
    /// Rows looked at.
    pub rows: usize,
}

/// Audits finalized rows, of which there are so many: money, deals and sectors.
pub(crate) fn audit(rules: &Rules, state: &dyn ReadState, rows: usize) -> Audit {
    let chain = state.get::<ChainRow>(&());
    let economy = depin_economy::audit(rules.economy().spec(), state);
    let mut violations: Vec<String> = economy.violations.iter().map(ToString::to_string).collect();
    violations.extend(rules.network.service().audit(state));
    if state.rows::<AccountRow>().any(|(_, account)| account.nonce == 0) {
        violations.push("an account row has nonce zero, which nothing writes".to_owned());
    }
    Audit { ok: violations.is_empty(), height: chain.map_or(0, |row| row.height), violations, economy, rows }
}
