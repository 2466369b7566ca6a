//! What a port counts.

use crate::peer::Cause;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PortLabel {
    port: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct WhatLabel {
    port: &'static str,
    what: &'static str,
}

/// Counters of one port. Clones share them.
#[derive(Clone, Debug)]
pub struct Meters {
    port: &'static str,
    open: Family<PortLabel, Gauge>,
    evicted: Family<PortLabel, Counter>,
    refused: Family<WhatLabel, Counter>,
    timed_out: Family<WhatLabel, Counter>,
    too_slow: Family<WhatLabel, Counter>,
}

impl Meters {
    /// All at zero, under the port's name.
    pub fn new(port: &'static str) -> Self {
        let meters = Self {
            port,
            open: Family::default(),
            evicted: Family::default(),
            refused: Family::default(),
            timed_out: Family::default(),
            too_slow: Family::default(),
        };
        // On the page from the beginning.
        drop(meters.open.get_or_create(&PortLabel { port }));
        drop(meters.evicted.get_or_create(&PortLabel { port }));
        for what in ["address", "answers", "connections", "handshake", "requests"] {
            drop(meters.refused.get_or_create(&meters.label(what)));
        }
        for what in ["head", "idle", "body", "answer"] {
            drop(meters.timed_out.get_or_create(&meters.label(what)));
        }
        for what in ["body", "reader", "events"] {
            drop(meters.too_slow.get_or_create(&meters.label(what)));
        }
        meters
    }

    /// Puts them on a page.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("http_connections", "Connections open", self.open.clone());
        registry.register("http_evicted", "Connections ended because others wanted their place", self.evicted.clone());
        registry.register(
            "http_refused",
            "Refused for what was full, or for a TLS handshake that failed or was one too many",
            self.refused.clone(),
        );
        registry.register("http_timed_out", "Ended for what took too long", self.timed_out.clone());
        registry.register("http_too_slow", "Ended for being slower than the least rate", self.too_slow.clone());
    }

    const fn label(&self, what: &'static str) -> WhatLabel {
        WhatLabel { port: self.port, what }
    }

    fn open(&self) -> Gauge {
        self.open.get_or_create(&PortLabel { port: self.port }).clone()
    }

    /// Connections open.
    pub fn connections(&self) -> usize {
        usize::try_from(self.open().get()).unwrap_or_default()
    }

    pub(crate) fn opened(&self) -> Opened {
        let gauge = self.open();
        gauge.inc();
        Opened(gauge)
    }

    pub(crate) fn evicted(&self, count: usize) {
        if count > 0 {
            self.evicted.get_or_create(&PortLabel { port: self.port }).inc_by(count as u64);
        }
    }

    pub(crate) fn refused(&self, what: &'static str) {
        self.refused.get_or_create(&self.label(what)).inc();
    }

    pub(crate) fn timed_out(&self, what: &'static str) {
        self.timed_out.get_or_create(&self.label(what)).inc();
    }

    pub(crate) fn too_slow(&self, what: &'static str) {
        self.too_slow.get_or_create(&self.label(what)).inc();
    }

    pub(crate) fn ended(&self, cause: Cause) {
        match cause {
            Cause::Evicted => self.evicted(1),
            Cause::Head => self.timed_out("head"),
            Cause::Idle => self.timed_out("idle"),
            Cause::SlowReader => self.too_slow("reader"),
            Cause::Lagging => self.too_slow("events"),
        }
    }
}

/// An open connection.
pub(crate) struct Opened(Gauge);

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.dec();
    }
}
