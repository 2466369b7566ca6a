//! Counters and gauges for Prometheus.
//!
//! Gauges of the store are read when the page is asked for, not kept in step all the time.

use super::error::ApiError;
use crate::storage::store::Store;
use axum::http::StatusCode;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::{counter::Counter, family::Family, gauge::Gauge};
use prometheus_client::registry::Registry;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Labels of the request counter: all from short, fixed lists.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

/// The daemon's metrics. Other parts of the daemon register theirs in the same [`Metrics::registry`].
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<RequestLabels, Counter>,
    capacity: Gauge,
    used: Gauge,
    reserved: Gauge,
    pieces: Gauge,
    damaged: Gauge,
    pub(super) uploaded: Counter,
    pub(super) downloaded: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Registers everything under the prefix `depin_provider`.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("depin_provider");
        let requests = Family::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let capacity = gauge("capacity_bytes", "Bytes of pieces that may be stored");
        let used = gauge("used_bytes", "Bytes of pieces stored");
        let reserved = gauge("reserved_bytes", "Bytes that uploads in flight will need");
        let pieces = gauge("pieces", "Pieces stored");
        let damaged = gauge("damaged_pieces", "Pieces with known damage");
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let uploaded = counter("uploaded_bytes", "Payload bytes received in uploads, whether they succeeded or not");
        let downloaded = counter("downloaded_bytes", "Payload bytes handed out");
        Self { registry: Mutex::new(registry), requests, capacity, used, reserved, pieces, damaged, uploaded, downloaded }
    }

    /// The registry, to add more metrics to.
    pub fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count_request(&self, method: &str, route: &str, status: StatusCode) {
        let labels = RequestLabels { method: method.to_owned(), route: route.to_owned(), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
    }

    /// The page in OpenMetrics text.
    pub(super) fn page(&self, store: &Store) -> Result<String, ApiError> {
        let usage = store.usage();
        let set = |gauge: &Gauge, value: u64| _ = gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        set(&self.capacity, usage.capacity);
        set(&self.used, usage.used);
        set(&self.reserved, usage.reserved);
        set(&self.pieces, store.pieces()?);
        set(&self.damaged, store.damaged()?.len() as u64);
        let mut page = String::new();
        encode(&mut page, &self.registry()).map_err(|error| ApiError::internal(&error))?;
        Ok(page)
    }
}
