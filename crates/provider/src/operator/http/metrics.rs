//! The metrics page: a registry for everything that the daemon counts, and the counter of requests.

use super::error::ApiError;
use axum::http::StatusCode;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::{counter::Counter, family::Family};
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
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// A page whose names all begin with `depin_provider`.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("depin_provider");
        let requests = Family::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        Self { registry: Mutex::new(registry), requests }
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
    pub(super) fn page(&self) -> Result<String, ApiError> {
        let mut page = String::new();
        encode(&mut page, &self.registry()).map_err(|error| ApiError::internal(&error))?;
        Ok(page)
    }
}
