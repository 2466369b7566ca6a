//! Wireless coverage: hotspots that stand somewhere, and carry the packets of devices to whoever owns them.
//!
//! In: [`CoverageMessage`]s of hotspots' owners, of customers with an OUI, of whoever reports, and of the denylist's keeper, in signed
//! transactions, with signatures of hotspots' and customers' own keys inside; and the passing of ledger time. Out: records on the
//! economy's meter, [`CoverageEvent`]s, rows. Called inside a [`Context`](crate::Context). Absent on purpose: radio frames, which
//! daemons read; what is in a packet; distances and times that nobody signed.
//!
//! A hotspot is a key, bound to its owner's account when it is onboarded; it asserts a location, a cell of H3's resolution 12. A customer
//! opens an OUI with credits in an escrow, keys that acknowledge packets for it, and routes: by device EUI, by address range, by session
//! key. A batch of packets is signed by the hotspot and acknowledged by the customer; only then it is paid, in units of 24 bytes. What
//! was not acknowledged can be claimed: the claim is public, and costs the customer its name, no money.
//!
//! The rules are those of `networks/helium/RULES.md`. What a network's file leaves out (a minimum of credits, a denylist) is off.

mod active;
mod audit;
mod beacons;
mod bytes;
mod denials;
mod due;
mod error;
mod event;
pub mod gate;
mod hotspots;
mod message;
pub mod mobile;
pub(crate) mod names;
mod ouis;
mod packets;
mod params;
mod payments;
pub mod poc;
mod read;
mod records;
mod routes;
mod rows;
mod rules;
mod service;
mod verdicts;

pub use crate::economy_rules::PriceForm;
pub use active::{ACTIVE_FOR, Active, ActiveRules, ActiveSum, Standing};
pub use audit::audit;
pub use beacons::{REPORTS_MOST, SEALS_MOST, seal};
pub use bytes::{PacketHash, Payload, PublicKey, Randomness, Salt, SessionKey, SignatureBytes};
pub use due::Job;
pub use error::CoverageError;
pub use event::{CoverageEvent, PacketReason, Refused, Witnessed};
pub use hotspots::{GAIN_LEAST, GAIN_MOST, cell_at};
pub use message::{
    ADDRESSES_LEAST, Acknowledgement, CoverageMessage, Denied, Disclosed, Disclosure, ENTRIES_MAX, EuiPair, FILTERS_MAX,
    KEYS_MAX, Location, NewHotspot, PACKETS_MAX, Packet, PacketBatch, Range, Region, RouteTerms, Sealed, SessionFilter, TEXT_MAX,
};
pub use packets::{batch_id, packet_units};
pub use params::{AddressParams, BeaconParams, CoverageParams, GateParams, LATE_AFTER, PacketParams, Reciprocity, WitnessParams};
pub use payments::unit_cost;
pub use read::{
    batch, batches, beaconing, denial, denials, eui_pairs, filters, hexes, hotspot, hotspots, hotspots_of_owner, last_beacon,
    last_beacons, oui, ouis, packets_refused, ranges, route, routes, totals,
};
pub use rows::{
    Appeal, Batch, BatchState, BeaconTimes, Beaconing, Counted, CoverageTotals, Denial, Hotspot, LastBeacon, Oui, Route,
};
pub use rules::CoverageRules;
pub use service::Coverage;
