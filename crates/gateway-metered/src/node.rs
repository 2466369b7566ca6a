//! What the parts of a running gateway share.

use crate::{config::Config, metrics::Metrics, store::Store};
use depin_client::{Client, Sender, SigningKey};
use depin_quantity::Name;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, watch};

/// First and longest pause after something could not be sent.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// The running gateway.
pub(crate) struct Core {
    pub config: Config,
    pub store: Store,
    pub client: Client,
    pub chain_id: Name,
    /// Who opens orders and pays.
    pub customer: SigningKey,
    /// Who reports.
    pub reporter: Sender,
    pub metrics: Metrics,
    pub problems: Problems,
    /// Told when reports were queued.
    pub reports: Notify,
    /// Told when an action was taken.
    pub actions: Notify,
    /// Changes whenever the ledger decided an action.
    pub decided: watch::Sender<u64>,
}

/// What stands in the gateway's way now, by what it concerns.
#[derive(Debug, Default)]
pub(crate) struct Problems(Mutex<BTreeMap<&'static str, String>>);

impl Problems {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        // A map of texts is whole at every point where a holder could panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a problem; logs it when it is new.
    pub(crate) fn note(&self, concerns: &'static str, what: String) {
        let before = self.lock().insert(concerns, what.clone());
        if before.as_ref() != Some(&what) {
            tracing::warn!(concerns, "{what}");
        }
    }

    /// It is over.
    pub(crate) fn solved(&self, concerns: &'static str) {
        if self.lock().remove(concerns).is_some() {
            tracing::info!(concerns, "solved");
        }
    }

    /// What they concern, for strangers.
    pub(crate) fn concerns(&self) -> Vec<&'static str> {
        self.lock().keys().copied().collect()
    }
}

/// A pause that doubles until something works again.
pub(crate) struct Pause(Duration);

impl Pause {
    pub(crate) const fn new() -> Self {
        Self(PAUSES.0)
    }

    pub(crate) const fn reset(&mut self) {
        self.0 = PAUSES.0;
    }

    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(PAUSES.1);
    }
}
