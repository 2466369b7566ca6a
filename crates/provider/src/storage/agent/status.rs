//! What a running provider says of itself.

use depin_client::api::{self, Amount, DealStage};
use depin_quantity::{Address, Name};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// A provider at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct ProviderStatus {
    /// Its address on the ledger.
    pub address: Address,
    /// Its name.
    pub name: Name,
    /// Base URL under which others reach it.
    pub url: String,
    /// Whether the ledger has its entry, with this name, URL and capacity.
    pub registered: bool,
    /// What it asks, as the ledger has it.
    pub ask: Option<api::Ask>,
    /// Ledger time of the last look, RFC 3339.
    pub time: Option<String>,
    /// Spendable balance.
    pub balance: Option<Amount>,
    /// Collateral locked.
    pub pledged: Option<Amount>,
    /// Deals that are not over, by where they stand.
    pub deals: BTreeMap<String, u64>,
    /// What it did since it was started.
    pub done: Done,
    /// What stands in its way now, by what it concerns; empty when all is well.
    pub problems: BTreeMap<String, String>,
}

/// Counters since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Done {
    /// Deals taken.
    pub accepted: u64,
    /// Deals declined.
    pub refused: u64,
    /// Sectors proven one by one: first proofs and recoveries.
    pub sectors_proven: u64,
    /// Windows of data sets answered.
    pub sets_proven: u64,
    /// Faults declared.
    pub faults: u64,
    /// Ends agreed to.
    pub ends: u64,
    /// Longer terms agreed to.
    pub extensions: u64,
    /// Times that rewards were claimed.
    pub claims: u64,
}

/// Shared by the agent, which writes, and everybody who looks.
#[derive(Clone, Debug)]
pub(super) struct Board {
    status: Arc<Mutex<ProviderStatus>>,
    /// True once the provider is registered and has gone through all its deals.
    ready: Arc<watch::Sender<bool>>,
}

impl Board {
    pub(super) fn new(address: Address, name: Name, url: String) -> Self {
        let status = ProviderStatus {
            address,
            name,
            url,
            registered: false,
            ask: None,
            time: None,
            balance: None,
            pledged: None,
            deals: BTreeMap::new(),
            done: Done::default(),
            problems: BTreeMap::new(),
        };
        Self { status: Arc::new(Mutex::new(status)), ready: Arc::new(watch::Sender::new(false)) }
    }

    pub(super) fn get(&self) -> ProviderStatus {
        self.lock().clone()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut ProviderStatus)) {
        change(&mut self.lock());
    }

    /// Notes a problem; logs it when it is new.
    pub(super) fn problem(&self, concerns: &str, what: String) {
        let before = self.lock().problems.insert(concerns.to_owned(), what.clone());
        if before.as_ref() != Some(&what) {
            tracing::warn!(concerns, "{what}");
        }
    }

    /// Notes that a problem is over.
    pub(super) fn solved(&self, concerns: &str) {
        if self.lock().problems.remove(concerns).is_some() {
            tracing::info!(concerns, "solved");
        }
    }

    pub(super) fn set_ready(&self) {
        self.ready.send_replace(true);
    }

    pub(super) fn ready(&self) -> watch::Receiver<bool> {
        self.ready.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, ProviderStatus> {
        // Plain values: whole at every point where a holder could panic.
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many deals stand where.
pub(super) fn count(stages: impl IntoIterator<Item = DealStage>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for stage in stages {
        *counts.entry(stage.as_str().to_owned()).or_default() += 1;
    }
    counts
}
