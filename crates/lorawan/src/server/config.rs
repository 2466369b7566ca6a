//! What a network server is told once.

use crate::{DevAddr, Micros, NetId, region::Region};
use serde::{Deserialize, Serialize};

/// Why settings are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A range that ends before it begins.
    #[error("the range of addresses {first} to {last} holds none; name the lower one first")]
    Range {
        /// Its first.
        first: DevAddr,
        /// Its last.
        last: DevAddr,
    },
    /// A delay that cannot be said.
    #[error("a first window after {0} s; joins can say 1 to 15")]
    Delay(u8),
    /// No time for an answer.
    #[error("copies are waited for over {dedup}, which leaves no time before the first window after {delay} s")]
    Dedup {
        /// Time for copies.
        dedup: Micros,
        /// Seconds until the first window.
        delay: u8,
    },
}

/// Addresses that a network gives to its devices, both ends included. Devices may share one: their keys tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressRange {
    first: DevAddr,
    last: DevAddr,
}

impl AddressRange {
    /// From the first to the last.
    ///
    /// # Errors
    /// [`ConfigError::Range`] when the last is before the first.
    pub fn new(first: DevAddr, last: DevAddr) -> Result<Self, ConfigError> {
        if first <= last { Ok(Self { first, last }) } else { Err(ConfigError::Range { first, last }) }
    }

    /// The first address.
    pub const fn first(self) -> DevAddr {
        self.first
    }

    /// The last address.
    pub const fn last(self) -> DevAddr {
        self.last
    }

    /// The address of a device's place; places beyond the range begin again.
    pub const fn of_slot(self, slot: u32) -> DevAddr {
        let many = self.last.get() as u64 - self.first.get() as u64 + 1;
        DevAddr::new(self.first.get() + (slot as u64 % many) as u32)
    }
}

/// Settings of a network server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerConfig {
    /// Whose tables count.
    pub region: Region,
    /// The network's number, which devices hear when they join.
    pub net_id: NetId,
    /// Addresses that it gives out.
    pub addresses: AddressRange,
    /// How long copies of an uplink are waited for.
    pub dedup: Micros,
    /// Seconds between an uplink and the first window, 1 to 15.
    pub rx1_delay: u8,
    /// Most frames of one session that take effect in a minute: what whoever knows its key can have paid for.
    #[serde(default = "frames_per_minute")]
    pub frames_per_minute: u32,
    /// The application's name in events.
    pub application: String,
}

/// One a second on average: of the shortest frames at the fastest usual data rate (41 ms), a duty cycle of 1 % allows a device 15 a minute in a sub-band.
const fn frames_per_minute() -> u32 {
    60
}

impl ServerConfig {
    /// The usual settings: copies within 200 ms, first window after 1 s, 60 frames of a session a minute.
    pub fn new(region: Region, net_id: NetId, addresses: AddressRange) -> Self {
        let (dedup, rx1_delay, frames_per_minute) = (Micros::millis(200), 1, frames_per_minute());
        Self { region, net_id, addresses, dedup, rx1_delay, frames_per_minute, application: "lorawan".to_owned() }
    }

    /// Whether the settings fit together.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn check(&self) -> Result<(), ConfigError> {
        if !(1..=15).contains(&self.rx1_delay) {
            return Err(ConfigError::Delay(self.rx1_delay));
        }
        if self.dedup >= Micros::seconds(u64::from(self.rx1_delay)) {
            return Err(ConfigError::Dedup { dedup: self.dedup, delay: self.rx1_delay });
        }
        Ok(())
    }
}
