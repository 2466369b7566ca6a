//! What may be sent where: EU868 and US915 as tables.
//!
//! In: a region, a frequency, a data rate. Out: channels, windows, largest payloads, limits of power and time. Everything is data of
//! [`Plan`]; the only arithmetic is [`airtime`], which is exact, and [`Duty`], which adds times up.
//!
//! Sources: LoRaWAN Regional Parameters RP002-1.0.3 (channels, data rates, payloads, windows, EIRP); ETSI EN 300 220-2 V3.2.1, annex B
//! (sub-bands of EU868, duty cycles, radiated power); FCC 47 CFR 15.247 (US915: dwell time of 400 ms on narrow channels, 30 dBm
//! conducted into 6 dBi); Semtech AN1200.13 and the data sheet of the SX1276 (time on air).
//!
//! Absent on purpose: adaptive data rate and the commands that change a device's channels: a device keeps what its join gave it.

mod airtime;
mod duty;
mod eu868;
mod plan;
mod us915;

pub use airtime::{Airtime, airtime};
pub use duty::{Duty, DutyError};
pub use plan::{CfList, Channel, DataRate, Plan, Region, RegionError, SubBand, Window};
