//! What the parts of a running gateway share.

use crate::{
    config::Config,
    metrics::Metrics,
    store::{Store, probe},
    wire::Reason,
};
use depin_client::{Client, Sender, SigningKey};
use depin_quantity::Name;
use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{Notify, watch};

/// Shortest pause between two tries whether the store can be written.
const PROBE_PAUSE: Duration = Duration::from_secs(1);
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
    /// When it was last tried whether the store can be written.
    pub probed: tokio::sync::Mutex<Option<Instant>>,
    /// Told when reports were queued.
    pub reports: Notify,
    /// Told when an action was taken.
    pub actions: Notify,
    /// Changes whenever the ledger decided an action.
    pub decided: watch::Sender<u64>,
}

/// What stands in the gateway's way now, by what it concerns.
#[derive(Debug, Default)]
pub(crate) struct Problems(Mutex<BTreeMap<&'static str, Reason>>);

impl Problems {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Reason>> {
        // A map of texts is whole at every point where a holder could panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a problem; logs it when it is new, with what was said in full.
    pub(crate) fn note(&self, concerns: &'static str, reason: Reason, error: &dyn Display) {
        let before = self.lock().insert(concerns, reason.clone());
        if before.as_ref() != Some(&reason) {
            tracing::warn!(concerns, %error, "{}", reason.message);
        }
    }

    /// It is over.
    pub(crate) fn solved(&self, concerns: &'static str) {
        if self.lock().remove(concerns).is_some() {
            tracing::info!(concerns, "solved");
        }
    }

    /// Why what this concerns waits, if anything keeps it.
    pub(crate) fn of(&self, concerns: &str) -> Option<Reason> {
        self.lock().get(concerns).cloned()
    }

    /// All of them.
    pub(crate) fn all(&self) -> BTreeMap<&'static str, Reason> {
        self.lock().clone()
    }
}

impl Core {
    /// Whether the store can be written now: tried at most once in a while, since whoever asks for it needs no key.
    pub(crate) async fn writes(&self) -> bool {
        let mut probed = self.probed.lock().await;
        if probed.is_none_or(|last| last.elapsed() >= PROBE_PAUSE) {
            match self.store.run(probe).await {
                Ok(()) => self.problems.solved("store"),
                Err(error) => self.problems.note("store", Reason::of_store(&error), &error),
            }
            *probed = Some(Instant::now());
        }
        self.problems.of("store").is_none()
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
