//! What a hotspot adds to its status and metrics.

use super::{counters::value, view::View};
use crate::operator::{Figures, Status, counter, gauge};
use depin_client::api::CoverageBeacon;
use depin_lorawan::{Eui, gwmp::GatewayStatus};
use depin_quantity::Address;
use prometheus_client::encoding::DescriptorEncoder;
use serde::Serialize;
use std::{collections::BTreeMap, fmt};

/// A hotspot at one moment.
pub type HotspotStatus = Status<HotspotFigures>;

/// What a hotspot adds to its status.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HotspotFigures {
    /// The hotspot's own address; [`Status::address`] is its owner's.
    pub hotspot: Option<Address>,
    /// The packet forwarder's EUI, once it showed itself.
    pub forwarder: Option<Eui>,
    /// Whether it can be sent to.
    pub forwarder_connected: bool,
    /// What it said of itself last.
    pub forwarder_status: Option<GatewayStatus>,
    /// Datagrams that came.
    pub datagrams: u64,
    /// Datagrams of others, or that say nothing.
    pub datagrams_foreign: u64,
    /// How often others sent so much that the system was told to drop it unread for some seconds; those datagrams are not counted.
    pub floods: u64,
    /// Packets heard whose checksum fits.
    pub packets_heard: u64,
    /// Packets that the forwarder sent twice.
    pub packets_repeated: u64,
    /// Packets that customers acknowledged.
    pub packets_acknowledged: u64,
    /// Packets that wait for a customer that does not answer.
    pub packets_waiting: u64,
    /// Packets that waited for too long.
    pub packets_expired: u64,
    /// Packets that went nowhere, by reason.
    pub packets_refused: BTreeMap<String, u64>,
    /// Batches that wait for the ledger.
    pub batches_waiting: u64,
    /// Batches that the ledger took since it was started.
    pub batches_reported: u64,
    /// Packets that it was ever paid for.
    pub packets_paid: u64,
    /// Units of those.
    pub packet_units: u64,
    /// Packets to emit that the forwarder took.
    pub downlinks: u64,
    /// Packets to emit that it did not take.
    pub downlinks_missed: u64,
    /// Beacons sent since it was started.
    pub beacons_sent: u64,
    /// Beacons of it that were ever valid and witnessed.
    pub beacons_valid: u64,
    /// Beacons of others that it reported since it was started.
    pub beacons_heard: u64,
    /// Beacons of others that it was ever selected as a witness of.
    pub witnessed: u64,
    /// What became of its last beacon.
    pub last_beacon: Option<CoverageBeacon>,
}

impl HotspotFigures {
    pub(super) fn show(&mut self, view: &View) {
        if let Some(entry) = &view.entry {
            (self.packets_paid, self.packet_units) = (entry.packets, entry.units.parse().unwrap_or(u64::MAX));
            (self.beacons_valid, self.witnessed) = (entry.beacons, entry.witnessed);
            self.hotspot = Some(entry.address);
        }
        self.last_beacon.clone_from(&view.beacon);
        self.batches_waiting = view.batches.len() as u64;
        let Some(running) = &view.running else { return };
        let counters = &running.counters;
        let forwarder = running.front.forwarder();
        (self.forwarder, self.forwarder_connected) = (forwarder.eui, forwarder.connected);
        self.forwarder_status = forwarder.status;
        (self.datagrams, self.datagrams_foreign) = (value(&counters.datagrams), value(&counters.foreign));
        self.floods = value(&counters.floods);
        (self.packets_heard, self.packets_repeated) = (value(&counters.heard), value(&counters.repeated));
        (self.packets_acknowledged, self.packets_expired) = (value(&counters.acknowledged), value(&counters.expired));
        self.packets_waiting = running.carrier.waiting();
        self.packets_refused = counters.refused();
        (self.downlinks, self.downlinks_missed) = (value(&counters.emitted), value(&counters.missed));
        (self.beacons_sent, self.beacons_heard) = (value(&counters.beacons), value(&counters.witnessed));
    }
}

impl Figures for HotspotFigures {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        gauge(encoder, "forwarder_connected", "Whether the packet forwarder can be sent to", self.forwarder_connected.into())?;
        gauge(encoder, "packets_waiting", "Packets that wait for a customer that does not answer", self.packets_waiting)?;
        gauge(encoder, "batches_waiting", "Batches of packets that wait for the ledger", self.batches_waiting)?;
        for (name, help, value) in [
            ("datagrams", "Datagrams that came", self.datagrams),
            ("datagrams_foreign", "Datagrams of others, or that say nothing", self.datagrams_foreign),
            ("floods", "Times that datagrams of others were dropped unread for some seconds", self.floods),
            ("packets_heard", "Packets heard whose checksum fits", self.packets_heard),
            ("packets_acknowledged", "Packets that customers acknowledged", self.packets_acknowledged),
            ("packets_expired", "Packets that waited too long for a customer", self.packets_expired),
            ("packets_refused", "Packets that went nowhere", self.packets_refused.values().sum()),
            ("batches_reported", "Batches that the ledger took", self.batches_reported),
            ("downlinks", "Packets to emit that the forwarder took", self.downlinks),
            ("downlinks_missed", "Packets to emit that the forwarder did not take", self.downlinks_missed),
            ("beacons_sent", "Beacons sent", self.beacons_sent),
            ("beacons_heard", "Beacons of others that were reported", self.beacons_heard),
        ] {
            counter(encoder, name, help, value)?;
        }
        gauge(encoder, "packets_paid", "Packets that the hotspot was ever paid for", self.packets_paid)
    }
}
