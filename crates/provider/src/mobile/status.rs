//! What a mobile access point adds to its status and metrics.

use super::{counters::value, view::View};
use crate::operator::{Figures, Status, counter, gauge};
use depin_quantity::Address;
use prometheus_client::encoding::DescriptorEncoder;
use serde::Serialize;
use std::fmt;

/// A mobile access point at one moment.
pub type MobileStatus = Status<MobileFigures>;

/// What a mobile access point adds to its status.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MobileFigures {
    /// The access point's own address; [`Status::address`] is its owner's.
    pub access_point: Option<Address>,
    /// RADIUS packets that came.
    pub datagrams: u64,
    /// Those of addresses that share no secret.
    pub datagrams_foreign: u64,
    /// Those that are no packet, or say nothing.
    pub datagrams_malformed: u64,
    /// Those whose authenticator is not one with the secret.
    pub datagrams_forged: u64,
    /// Those that ask for authentication or something else, which is not served.
    pub datagrams_not_served: u64,
    /// Records that said something new.
    pub records: u64,
    /// Records that were told before.
    pub records_repeated: u64,
    /// Records behind newer ones.
    pub records_stale: u64,
    /// Records of subscribers whose carrier nobody named.
    pub records_unpaid: u64,
    /// Records that could not be kept, and were not answered.
    pub records_failed: u64,
    /// Times that a radio began anew.
    pub restarts: u64,
    /// Sessions that are open.
    pub sessions_open: u64,
    /// Sessions that are kept.
    pub sessions_kept: u64,
    /// Sessions that wait for the ledger.
    pub sessions_waiting: u64,
    /// Reports of sessions that the ledger took since it was started.
    pub sessions_reported: u64,
    /// Bytes that it was ever paid for.
    pub bytes_paid: u64,
    /// Heartbeats that the ledger took since it was started.
    pub heartbeats: u64,
    /// Speed tests that the ledger took since it was started.
    pub speed_tests: u64,
    /// Hexes that it says it covers.
    pub hexes: u32,
    /// Whether it stands in the rankings of its hexes.
    pub ranked: bool,
    /// Points of the last epoch.
    pub points: u64,
}

impl MobileFigures {
    pub(super) fn show(&mut self, view: &View) {
        if let Some(entry) = &view.entry {
            self.access_point = Some(entry.address);
            self.bytes_paid = entry.bytes.parse().unwrap_or(u64::MAX);
            (self.hexes, self.ranked, self.points) = (entry.hexes, entry.ranked, entry.points);
        }
        (self.sessions_open, self.sessions_kept) = view.sessions;
        self.sessions_waiting = view.due.len() as u64;
        let Some((counters, _)) = &view.running else { return };
        self.datagrams = value(&counters.datagrams);
        (self.datagrams_foreign, self.datagrams_malformed) = (value(&counters.foreign), value(&counters.malformed));
        (self.datagrams_forged, self.datagrams_not_served) = (value(&counters.forged), value(&counters.other));
        (self.records, self.records_repeated) = (value(&counters.records), value(&counters.duplicates));
        (self.records_stale, self.records_unpaid) = (value(&counters.stale), value(&counters.unpaid));
        (self.records_failed, self.restarts) = (value(&counters.failed), value(&counters.restarts));
        (self.heartbeats, self.speed_tests) = (value(&counters.heartbeats), value(&counters.speed_tests));
    }
}

impl Figures for MobileFigures {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        gauge(encoder, "sessions_open", "Sessions that are open", self.sessions_open)?;
        gauge(encoder, "sessions_waiting", "Sessions that wait for the ledger", self.sessions_waiting)?;
        gauge(encoder, "ranked", "Whether the access point stands in the rankings of its hexes", self.ranked.into())?;
        gauge(encoder, "points", "Points of the last epoch", self.points)?;
        for (name, help, value) in [
            ("datagrams", "RADIUS packets that came", self.datagrams),
            ("datagrams_foreign", "RADIUS packets of addresses that share no secret", self.datagrams_foreign),
            ("datagrams_malformed", "RADIUS packets that are none, or say nothing", self.datagrams_malformed),
            ("datagrams_forged", "RADIUS packets with another secret", self.datagrams_forged),
            ("datagrams_not_served", "RADIUS packets that ask for something else than accounting", self.datagrams_not_served),
            ("records", "Accounting records that said something new", self.records),
            ("records_repeated", "Accounting records that were told before", self.records_repeated),
            ("records_failed", "Accounting records that could not be kept", self.records_failed),
            ("sessions_reported", "Reports of sessions that the ledger took", self.sessions_reported),
            ("heartbeats", "Heartbeats that the ledger took", self.heartbeats),
            ("speed_tests", "Speed tests that the ledger took", self.speed_tests),
        ] {
            counter(encoder, name, help, value)?;
        }
        gauge(encoder, "bytes_paid", "Bytes that the access point was ever paid for", self.bytes_paid)
    }
}
