//! A hotspot: behind any packet forwarder, for customers of the ledger, proven by beacons.
//!
//! In: GWMP datagrams of one packet forwarder, the ledger's routes and randomness, a key of the hotspot's own, the owner's account. Out: packets at
//! customers' network servers, downlinks back through the forwarder, batches of packets on the ledger with two signatures, beacons and
//! sealed reports of others'.
//!
//! ```text
//! forwarder ── UDP ──> Front ──> Carrier ── HTTP ──> customers        acknowledged ──> Store ──> Batcher ──> duty ──> ledger
//!                        ^         └── beacons ──> Prover ── sealed, disclosed ──────────────────────────────────────────^
//!                        └── downlinks ── Carrier, beacons ── Prover
//! ```
//!
//! What a customer acknowledged is on the disk before anything is done with it; batches are the same bytes however often they are sent, and the
//! ledger takes each once. So a hotspot that is killed loses nothing that was acknowledged, and is paid for nothing twice. Absent on
//! purpose: what is in a packet, and rules of the ledger.

mod batches;
mod beacons;
mod config;
mod counters;
mod deliver;
mod drawn;
mod duty;
mod entry;
mod fees;
mod flood;
mod forwarder;
mod outbox;
mod routing;
mod start;
mod status;
mod store;
mod table;
mod task;
mod view;

pub use config::CoverageConfig;
pub(crate) use entry::is_same_location;
pub use fees::hotspot_fees;
pub(crate) use fees::provide as provide_fees;
pub use routing::{NoRoute, RouteEntry, RoutingTable};
pub use start::{HotspotDaemon, HotspotError, HotspotHandle};
pub use status::{HotspotFigures, HotspotStatus};
pub use store::{STORE_FILE, StoreError};
