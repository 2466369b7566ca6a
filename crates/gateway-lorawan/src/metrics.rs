//! The metrics page.

use depin_files::Level;
use depin_lorawan::server::Event;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

type Labelled = Family<Vec<(&'static str, String)>, Counter>;

/// What the gateway counts since it was started, and how long its queue is.
pub(crate) struct Metrics {
    registry: Registry,
    queued: Gauge,
    disk_free: Gauge,
    broker: Gauge,
    packets: Counter,
    events: Labelled,
    refused: Labelled,
    delivered: Labelled,
    failed: Labelled,
    given_up: Labelled,
    store_failures: Counter,
}

impl Metrics {
    /// `broker`: whether there is one, so that whether it is connected is a figure.
    pub(crate) fn new(port: &depin_serve::Meters, broker: bool) -> Self {
        let mut registry = Registry::with_prefix("depin_lorawan");
        port.register(&mut registry);
        let (queued, disk_free) = (Gauge::default(), Gauge::default());
        registry.register("deliveries_queued", "Deliveries that wait: events times sinks", queued.clone());
        registry.register("disk_free_bytes", "Free bytes on the gateway's disk", disk_free.clone());
        let gauge = Gauge::default();
        if broker {
            registry.register("broker_connected", "Whether the MQTT broker is connected: 1 or 0", gauge.clone());
        }
        let (packets, store_failures) = (Counter::default(), Counter::default());
        registry.register("packets", "Packets that hotspots handed in", packets.clone());
        registry.register("store_failures", "Transactions that failed and were undone", store_failures.clone());
        let mut family = |name: &str, help: &str| {
            let family = Labelled::default();
            registry.register(name, help, family.clone());
            family
        };
        let events = family("events", "Events by kind");
        let refused = family("refused", "Refusals by reason");
        let delivered = family("delivered", "Events that a sink took");
        let failed = family("delivery_failures", "Tries to deliver that failed");
        let given_up = family("given_up", "Events that a sink never took");
        Self { registry, queued, disk_free, broker: gauge, packets, events, refused, delivered, failed, given_up, store_failures }
    }

    pub(crate) fn set_queued(&self, count: usize) {
        self.queued.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Notes whether the broker is connected.
    pub(crate) fn set_broker(&self, connected: bool) {
        self.broker.set(i64::from(connected));
    }

    /// Deliveries that wait.
    pub(crate) fn queued(&self) -> usize {
        usize::try_from(self.queued.get()).unwrap_or_default()
    }

    pub(crate) fn packets(&self, many: usize) {
        self.packets.inc_by(many as u64);
    }

    /// Notes events, of which so many deliveries wait now.
    pub(crate) fn events(&self, events: &[Event], waiting: usize) {
        self.queued.inc_by(i64::try_from(waiting).unwrap_or_default());
        for event in events {
            self.events.get_or_create(&vec![("kind", event.kind().to_owned())]).inc();
            if let Event::Refused(refused) = event {
                self.refused.get_or_create(&vec![("reason", refused.why.name().to_owned())]).inc();
            }
        }
    }

    pub(crate) fn delivered(&self, sink: &str, many: usize) {
        self.queued.dec_by(i64::try_from(many).unwrap_or_default());
        self.delivered.get_or_create(&vec![("sink", sink.to_owned())]).inc_by(many as u64);
    }

    pub(crate) fn delivery_failed(&self, sink: &str, many: usize) {
        self.failed.get_or_create(&vec![("sink", sink.to_owned())]).inc_by(many as u64);
    }

    pub(crate) fn given_up(&self, sink: &str, many: usize) {
        self.queued.dec_by(i64::try_from(many).unwrap_or_default());
        self.given_up.get_or_create(&vec![("sink", sink.to_owned())]).inc_by(many as u64);
    }

    pub(crate) fn store_failed(&self) {
        self.store_failures.inc();
    }

    /// The page in OpenMetrics text.
    pub(crate) fn page(&self, disk: Option<Level>) -> String {
        if let Some(level) = disk {
            self.disk_free.set(i64::try_from(level.room.free).unwrap_or(i64::MAX));
        }
        let mut page = String::new();
        // Writing into a text does not fail.
        let _ = encode(&mut page, &self.registry);
        page
    }
}
