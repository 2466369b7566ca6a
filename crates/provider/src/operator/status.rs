//! What a running operator says of itself.

use super::metrics::Figures;
use depin_client::api::Amount;
use depin_quantity::{Address, Name};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// An operator at one moment; `F` are the figures of its service.
#[derive(Clone, Debug, Serialize)]
pub struct Status<F> {
    /// Its address on the ledger.
    pub address: Address,
    /// Its name.
    pub name: Name,
    /// Base URL under which others reach it.
    pub url: String,
    /// Whether the ledger has its entry as it should be.
    pub registered: bool,
    /// Ledger time as of which balance and pledge are told, RFC 3339: they are read with everything else, and after what was sent.
    pub time: Option<String>,
    /// Spendable balance.
    pub balance: Option<Amount>,
    /// Collateral locked.
    pub pledged: Option<Amount>,
    /// Times that rewards were claimed since it was started.
    pub claims: u64,
    /// What stands in its way now, by what it concerns; empty when all is well.
    pub problems: BTreeMap<String, String>,
    /// What the service adds.
    #[serde(flatten)]
    pub service: F,
}

/// A status that its operator writes and everybody may read.
#[derive(Clone, Debug)]
pub struct SharedStatus<F> {
    status: Arc<Mutex<Status<F>>>,
    /// True once the operator is registered and has gone through everything.
    ready: Arc<watch::Sender<bool>>,
}

impl<F: Figures> SharedStatus<F> {
    pub(super) fn new(address: Address, name: Name, url: String) -> Self {
        let status = Status {
            address,
            name,
            url,
            registered: false,
            time: None,
            balance: None,
            pledged: None,
            claims: 0,
            problems: BTreeMap::new(),
            service: F::default(),
        };
        Self { status: Arc::new(Mutex::new(status)), ready: Arc::new(watch::Sender::new(false)) }
    }

    /// The status now.
    pub fn get(&self) -> Status<F> {
        self.lock().clone()
    }

    /// The status for strangers: problems by what they concern only, since their words may name paths and addresses of the
    /// operator's machine.
    pub(super) fn public(&self) -> serde_json::Value {
        let mut status = self.get();
        status.problems.values_mut().for_each(String::clear);
        let mut value = serde_json::to_value(&status).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.insert("problems".to_owned(), status.problems.into_keys().collect());
        }
        value
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Status<F>)) {
        change(&mut self.lock());
    }

    /// Notes a problem; logs it when it is new.
    pub fn problem(&self, concerns: &str, what: String) {
        let before = self.lock().problems.insert(concerns.to_owned(), what.clone());
        if before.as_ref() != Some(&what) {
            tracing::warn!(concerns, "{what}");
        }
    }

    /// Notes that a problem is over.
    pub fn solved(&self, concerns: &str) {
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

    fn lock(&self) -> MutexGuard<'_, Status<F>> {
        // Plain values: whole at every point where a holder could panic.
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
