//! Counters of bytes, and the store's figures, read when the metrics page is asked for instead of kept in step all the time.

use crate::operator::{Metrics, gauge};
use crate::storage::store::Store;
use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, metrics::counter::Counter};
use std::fmt;
use std::sync::Arc;

/// Bytes that went in and out.
#[derive(Clone, Debug)]
pub struct Transfers {
    pub(super) uploaded: Counter,
    pub(super) downloaded: Counter,
}

impl Transfers {
    /// Puts the counters and the store's figures on the metrics page.
    pub fn register(metrics: &Metrics, store: &Arc<Store>) -> Self {
        let mut registry = metrics.registry();
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let uploaded = counter("uploaded_bytes", "Payload bytes received in uploads, whether they succeeded or not");
        let downloaded = counter("downloaded_bytes", "Payload bytes handed out");
        registry.register_collector(Box::new(StoreMetrics(Arc::clone(store))));
        Self { uploaded, downloaded }
    }
}

/// Writes the store's figures as metrics.
#[derive(Debug)]
struct StoreMetrics(Arc<Store>);

impl Collector for StoreMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let counted = self.0.pieces().and_then(|pieces| Ok((pieces, self.0.damaged()?.len() as u64)));
        let (pieces, damaged) = counted.map_err(|error| {
            tracing::error!(%error, "the store's figures cannot be read");
            fmt::Error
        })?;
        let usage = self.0.usage();
        let gauges = [
            ("capacity_bytes", "Bytes of pieces that may be stored", usage.capacity),
            ("used_bytes", "Bytes of pieces stored", usage.used),
            ("reserved_bytes", "Bytes that uploads in flight have brought", usage.reserved),
            ("held_bytes", "Bytes stored that no deal covers yet", usage.held),
            ("pieces", "Pieces stored", pieces),
            ("damaged_pieces", "Pieces with known damage", damaged),
        ];
        let disk = self.0.room().map(|level| {
            [
                ("disk_free_bytes", "Free bytes on the store's disk", level.room.free),
                ("disk_floor_bytes", "Bytes below which no upload is taken", level.floor),
                ("disk_refuses", "1 while uploads are refused for want of room", u64::from(level.refuses())),
            ]
        });
        let gauges = gauges.into_iter().chain(disk.into_iter().flatten());
        gauges.into_iter().try_for_each(|(name, help, value)| gauge(&mut encoder, name, help, value))
    }
}
