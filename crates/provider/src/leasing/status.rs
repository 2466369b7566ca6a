//! What a provider of leases adds to its status and metrics.

use super::{capacity::Capacity, task::LeaseTask, view::View};
use crate::operator::{Figures, Status, counter, gauge};
use prometheus_client::encoding::DescriptorEncoder;
use serde::Serialize;
use std::fmt;

/// A provider of leases at one moment.
pub type LeasingStatus = Status<LeasingFigures>;

/// What a provider of leases adds to its status. Everybody may read it, so nothing of it is about one tenant.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LeasingFigures {
    /// Orders that take bids.
    pub orders_open: u64,
    /// Its bids that wait.
    pub bids_open: u64,
    /// Its leases that run.
    pub leases: u64,
    /// Those whose manifest it has.
    pub leases_with_manifest: u64,
    /// Those whose services are all well.
    pub leases_well: u64,
    /// What it sells.
    pub capacity: Capacity,
    /// What of it is set aside for nobody.
    pub free: Capacity,
    /// Bids made since it was started.
    pub bids_made: u64,
    /// Bids withdrawn since it was started.
    pub bids_withdrawn: u64,
    /// Leases that it ended since it was started.
    pub leases_ended: u64,
    /// Messages that collected earnings since it was started.
    pub collections: u64,
    /// Messages with reports of availability since it was started.
    pub reports: u64,
}

impl LeasingFigures {
    pub(super) const fn count(&mut self, task: &LeaseTask) {
        match task {
            LeaseTask::Bid { .. } => self.bids_made += 1,
            LeaseTask::Drop(_) => self.bids_withdrawn += 1,
            LeaseTask::Close { .. } => self.leases_ended += 1,
            LeaseTask::Collect(_) => self.collections += 1,
            LeaseTask::Report { .. } => self.reports += 1,
        }
    }

    pub(super) fn show(&mut self, view: &View) {
        (self.orders_open, self.bids_open) = (view.orders.len() as u64, view.bids.len() as u64);
        (self.leases, self.leases_with_manifest, self.leases_well) = view.running;
        (self.capacity, self.free) = (view.inventory.total(), view.inventory.free());
    }
}

impl Figures for LeasingFigures {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        for (name, help, value) in [
            ("orders_open", "Orders that take bids", self.orders_open),
            ("bids_open", "Bids that wait", self.bids_open),
            ("leases", "Leases that run", self.leases),
            ("leases_with_manifest", "Leases that run and whose manifest is here", self.leases_with_manifest),
            ("leases_well", "Leases whose services are all well", self.leases_well),
            ("capacity_cpu_milli", "Thousandths of a CPU that are sold", self.capacity.cpu_milli),
            ("capacity_memory_bytes", "Memory that is sold", self.capacity.memory),
            ("capacity_storage_bytes", "Disk that is sold", self.capacity.storage),
            ("free_cpu_milli", "Thousandths of a CPU that are set aside for nobody", self.free.cpu_milli),
            ("free_memory_bytes", "Memory that is set aside for nobody", self.free.memory),
            ("free_storage_bytes", "Disk that is set aside for nobody", self.free.storage),
        ] {
            gauge(encoder, name, help, value)?;
        }
        for (name, help, value) in [
            ("bids_made", "Bids made", self.bids_made),
            ("bids_withdrawn", "Bids withdrawn", self.bids_withdrawn),
            ("leases_ended", "Leases that the provider ended", self.leases_ended),
            ("collections", "Messages that collected earnings", self.collections),
            ("reports", "Messages with reports of availability", self.reports),
        ] {
            counter(encoder, name, help, value)?;
        }
        Ok(())
    }
}
