//! Proof of coverage, as far as it is arithmetic: beacons byte for byte, distances and path loss, reward units, the scale of hexes.
//!
//! In: randomness, places, counts. Out: what a beacon is, what a witness's report is worth. Called by daemons, which send and hear beacons,
//! and by rule cards. Everything that decides money is whole numbers, or computed by `libm`, which gives the same bits on every machine.
//! Absent on purpose: reports, and when they are taken; those are rows.

mod beacon;
mod density;
mod region;
mod signal;
mod units;
mod verify;

pub use beacon::{Beacon, Entropy};
pub use density::{Counts, Hex, HexRule, Population, RULES, hex_limit, scale_of};
pub use region::Plan;
pub use signal::{Heard, cells_between, metres_between, rssi_most_ddbm};
pub use units::reward_units;
pub use verify::{BeaconReport, InvalidReason, Reporter, Sent, WitnessReport, check_beacon, check_witness, is_late, select};
