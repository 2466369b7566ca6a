//! Events on their way to the customer's software: taken from the store, oldest of each device first, until a sink took them.
//!
//! A sink that fails is tried again with pauses that double, for as long as [`Config::keep`](crate::Config::keep) says; an event is delivered at
//! least once, and twice when an answer was lost: its `deduplicationId` is the same.

mod mqtt;
mod webhook;

pub(crate) use mqtt::Broker;
pub(crate) use webhook::Webhook;

use crate::{
    config::Config,
    engine::Command,
    metrics::Metrics,
    store::{Store, StoreResult, Waiting, done, next, put_off, wall_ms},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, mpsc};

/// Names of sinks in the store.
pub(crate) const WEBHOOK: &str = "webhook";
pub(crate) const MQTT: &str = "mqtt";
/// Events that are on their way at once, each of another device.
const AT_ONCE: usize = 64;
/// First pause after a failure.
const PAUSE: Duration = Duration::from_millis(500);
/// The store is looked at this often although nobody said that something waits.
const LOOK: Duration = Duration::from_secs(1);

/// What the deliveries share with the rest.
pub(crate) struct Delivery {
    pub config: Arc<Config>,
    pub store: Store,
    pub metrics: Arc<Metrics>,
    pub notify: Arc<Notify>,
    pub problems: Arc<Problems>,
    pub commands: mpsc::Sender<Command>,
}

/// What stands in the way now, by sink.
#[derive(Debug, Default)]
pub(crate) struct Problems(Mutex<BTreeMap<&'static str, String>>);

impl Problems {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        // A map of texts is whole at every point where a holder could panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, concerns: &'static str, why: String) {
        let before = self.lock().insert(concerns, why.clone());
        if before.as_ref() != Some(&why) {
            tracing::warn!(concerns, "{why}");
        }
    }

    pub(crate) fn solved(&self, concerns: &'static str) {
        if self.lock().remove(concerns).is_some() {
            tracing::info!(concerns, "solved");
        }
    }

    pub(crate) fn all(&self) -> BTreeMap<&'static str, String> {
        self.lock().clone()
    }
}

impl Delivery {
    /// Events that a sink has to take now; waits until there are any.
    async fn due(&self, sink: &'static str) -> Vec<Waiting> {
        let pause_max = i64::try_from(self.config.pause_max.as_millis()).unwrap_or(i64::MAX);
        loop {
            let notified = self.notify.notified();
            match self.store.run(move |db| next(db, sink, wall_ms(), pause_max, AT_ONCE)).await {
                Ok(waiting) if !waiting.is_empty() => return waiting,
                Ok(_) => {}
                Err(error) => self.problems.note("store", error.to_string()),
            }
            let _ = tokio::time::timeout(LOOK, notified).await;
        }
    }

    /// Notes what a sink took, and what it did not take.
    async fn settle(&self, sink: &'static str, taken: Vec<Waiting>, failed: Vec<(Waiting, String)>) {
        match failed.first() {
            Some((_, why)) => self.problems.note(sink, why.clone()),
            None => self.problems.solved(sink),
        }
        let (now, keep) = (wall_ms(), i64::try_from(self.config.keep.as_millis()).unwrap_or(i64::MAX));
        let (over, again): (Vec<_>, Vec<_>) = failed.into_iter().partition(|(event, _)| now.saturating_sub(event.at_ms) > keep);
        let (took, gave, tries) = (taken.len(), over.len(), again.len());
        let pause_max = self.config.pause_max;
        let write = move |db: &rusqlite::Connection| -> StoreResult<()> {
            for event in taken.iter().chain(over.iter().map(|(event, _)| event)) {
                done(db, sink, event)?;
            }
            for (event, _) in &again {
                let pause = PAUSE.saturating_mul(1 << event.tries.min(16)).min(pause_max);
                put_off(db, sink, event, now.saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)))?;
            }
            Ok(())
        };
        match self.store.run(write).await {
            Ok(()) => {
                self.metrics.delivered(sink, took);
                self.metrics.given_up(sink, gave);
                self.metrics.delivery_failed(sink, tries + gave);
            }
            // It is delivered once more then.
            Err(error) => {
                self.problems.note("store", error.to_string());
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}
