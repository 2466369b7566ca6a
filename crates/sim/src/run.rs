//! What a run takes and gives.

use crate::{
    kpi::{KpiId, Region},
    report::shown,
    results::{AgentRow, Row},
    scenario::Treatment,
};
use depin_quantity::Instant;
use std::collections::BTreeMap;

/// One value per assumption, by its key (`scenario.demand.cloud.elasticity`). A key that is not there keeps its default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    /// Key and value.
    pub values: BTreeMap<String, f64>,
}

/// Which run it is: all chance comes from these two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey {
    /// The experiment's seed.
    pub seed: u64,
    /// The run's number.
    pub run: u32,
}

/// A run that shares its people and its chance with the one that was asked for, under another treatment.
#[derive(Clone, Debug, PartialEq)]
pub struct Paired {
    /// The treatment.
    pub treatment: Treatment,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// Where a run begins.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Opening {
    /// When.
    pub date: Instant,
    /// Dollars for a whole token then.
    pub price: f64,
}

/// What the ledger's audit found at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditSummary {
    /// Accounts, streams and other rows that were checked.
    pub checked: u64,
    /// What does not hold, in words; none in a run that counts.
    pub violations: Vec<String>,
    /// Sum of all cash in millionths of a dollar; zero.
    pub cash_left: i128,
}

/// Why a run ended before its horizon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Number of its last row.
    pub timestep: u32,
    /// The condition, in words.
    pub reason: String,
}

/// What the fleet of the first day holds so that it may take part, and where that came from. Tokens are whole ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FirstDay {
    /// Providers that are to take part.
    pub providers: usize,
    /// Of them, those who can hold what they must.
    pub taking_part: usize,
    /// The part of the fleet's capacity that these have.
    pub capacity: f64,
    /// Tokens that all of them would have to hold.
    pub needed: f64,
    /// Of what is held, tokens that providers earned before the first day.
    pub earned: f64,
    /// Tokens that were bought of holders.
    pub bought: f64,
    /// Dollars that were paid for these.
    pub paid_usd: f64,
    /// The token.
    pub token: String,
}

impl FirstDay {
    /// What is to be told of it: nothing where everybody takes part.
    pub fn told(&self) -> Option<String> {
        (self.taking_part < self.providers).then(|| {
            let tokens = |amount: f64| shown(amount, "tokens");
            format!(
                "{} of {} providers of the first day, with {} of the capacity, can hold what they must stake; the others stay away until \
                 they can buy it. All of them would need {} {token}; {} were earned before and {} bought of holders for {} USD",
                self.taking_part,
                self.providers,
                shown(self.capacity, "share"),
                tokens(self.needed),
                tokens(self.earned),
                tokens(self.bought),
                shown(self.paid_usd, "USD"),
                token = self.token,
            )
        })
    }
}

/// What a run took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Days that single providers took part.
    pub provider_days: u64,
    /// Records that were sent to the meter.
    pub records: u64,
    /// Records and actions that the rules refused.
    pub refused: u64,
    /// Bills that could not be paid.
    pub unpaid: u64,
}

/// What a run leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct RunResult {
    /// One row per record step.
    pub rows: Vec<Row>,
    /// Runs under other treatments that key figures compare it with.
    pub paired: Vec<Paired>,
    /// Single providers, where they were asked for.
    pub agents: Vec<AgentRow>,
    /// What came of each region that the scenario names, in the order of names.
    pub regions: Vec<Region>,
    /// Key figures over the whole run; not a number where one is not defined.
    pub kpis: BTreeMap<KpiId, f64>,
    /// What each assumption was, by its key.
    pub drawn: BTreeMap<String, f64>,
    /// What the audit found.
    pub audit: AuditSummary,
    /// What it took.
    pub effort: Effort,
    /// Why it ended early, if it did.
    pub stopped: Option<Stopped>,
}

/// A run that could not be finished. It keeps what it had.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("run {} of seed {} failed after {} rows: {message}", key.run, key.seed, rows.len())]
pub struct RunFailure {
    /// Which run.
    pub key: RunKey,
    /// Rows until then.
    pub rows: Vec<Row>,
    /// What went wrong.
    pub message: String,
}

/// Looks on while a run goes. All calls come from the run's own thread.
pub trait Watch {
    /// `done` of `all` steps are done. Gives whether the run is to go on.
    fn step(&self, done: u32, all: u32) -> bool;
}

/// Nobody looks on.
impl Watch for () {
    fn step(&self, _: u32, _: u32) -> bool {
        true
    }
}
