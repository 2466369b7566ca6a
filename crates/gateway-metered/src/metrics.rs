//! The metrics page.

use depin_files::Level;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

/// What the gateway counts since it was started, and how long its queue is.
pub(crate) struct Metrics {
    registry: Registry,
    queued: Gauge,
    disk_free: Gauge,
    disk_refuses: Gauge,
    taken: Counter,
    reported: Counter,
    refused: Counter,
    settled: Counter,
    done: Counter,
    actions_refused: Counter,
    requests: Counter,
}

impl Metrics {
    pub(crate) fn new(port: &depin_serve::Meters) -> Self {
        let mut registry = Registry::with_prefix("depin_metering");
        port.register(&mut registry);
        let queued = Gauge::default();
        registry.register("reports_queued", "Reports that wait to be sent", queued.clone());
        let (disk_free, disk_refuses) = (Gauge::default(), Gauge::default());
        registry.register("disk_free_bytes", "Free bytes on the gateway's disk", disk_free.clone());
        registry.register("disk_refuses", "1 while nothing is taken for want of room", disk_refuses.clone());
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let taken = counter("reports_taken", "Reports taken");
        let reported = counter("reports_reported", "Reports that the ledger took");
        let refused = counter("reports_refused", "Reports that the ledger refused");
        let settled = counter("reports_settled", "Reports that the ledger settled");
        let done = counter("actions_done", "Orders opened, raised and closed, and disputes opened");
        let actions_refused = counter("actions_refused", "Of those, refused by the ledger");
        let requests = counter("http_requests", "Requests answered");
        Self { queued, disk_free, disk_refuses, taken, reported, refused, settled, done, actions_refused, requests, registry }
    }

    pub(crate) fn set_queued(&self, count: usize) {
        self.queued.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Reports that wait, as last counted.
    pub(crate) fn queued(&self) -> usize {
        usize::try_from(self.queued.get()).unwrap_or_default()
    }

    pub(crate) fn taken(&self, new: usize) {
        self.queued.inc_by(i64::try_from(new).unwrap_or_default());
        self.taken.inc_by(new as u64);
    }

    pub(crate) fn reported(&self, count: usize) {
        self.reported.inc_by(count as u64);
    }

    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    pub(crate) fn settled(&self) {
        self.settled.inc();
    }

    pub(crate) fn action(&self, done: bool) {
        if done {
            self.done.inc()
        } else {
            self.actions_refused.inc()
        };
    }

    pub(crate) fn request(&self) {
        self.requests.inc();
    }

    /// The page in OpenMetrics text.
    pub(crate) fn page(&self, disk: Option<Level>) -> String {
        if let Some(level) = disk {
            self.disk_free.set(i64::try_from(level.room.free).unwrap_or(i64::MAX));
            self.disk_refuses.set(i64::from(level.refuses()));
        }
        let mut page = String::new();
        // Writing into a text does not fail.
        let _ = encode(&mut page, &self.registry);
        page
    }
}
