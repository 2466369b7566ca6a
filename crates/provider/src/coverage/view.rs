//! What a hotspot knows of the ledger.

use super::{counters::Counters, deliver::Carrier, forwarder::Front};
use depin_client::api::{CoverageBeacon, CoverageHotspot};
use depin_quantity::{Span, UnitId};
use depin_services::coverage::PacketBatch;
use std::{collections::BTreeMap, sync::Arc};

/// The parts that run beside the duty, for the figures.
#[derive(Clone)]
pub(super) struct Running {
    pub counters: Arc<Counters>,
    pub front: Arc<Front>,
    pub carrier: Arc<Carrier>,
}

/// What is known: the hotspot's entry, what became of its last beacon, batches that are not on the ledger.
#[derive(Clone, Default)]
pub struct View {
    /// The hotspot's entry; none before it joined.
    pub entry: Option<CoverageHotspot>,
    /// Its last beacon that was judged.
    pub beacon: Option<CoverageBeacon>,
    /// Batches to report.
    pub batches: BTreeMap<UnitId, PacketBatch>,
    /// Latest report of a packet after it was received, by the network's file.
    pub late_after: Option<Span>,
    pub(super) running: Option<Running>,
}
